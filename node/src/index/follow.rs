//! Keeps the index up: a thread of its own that owns the writer, looks at the state whenever there was a notice, and
//! commits at most once a second.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lyceum_protocol::entry::{Payload, VerifiedEntry};
use lyceum_protocol::hash::{EntryId, NetworkId};
use lyceum_protocol::replica::Notice;
use tokio::runtime::Handle as Runtime;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::cursor::{self, Cursor, Step, ToRead};
use super::engine::{Engine, Opened};
use super::schema::Indexed;
use super::{IndexFault, SearchIndex};
use crate::driver::Handle;
use crate::store::{LogStore as _, Store};

/// Entries of one step: the driver waits while it is worked out, which is about as long as for a page of a peer.
const STEP_ENTRIES: u64 = 1_000;
/// Between two commits, and after a notice, so that what comes together is committed together.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
const GATHER_FOR: Duration = Duration::from_millis(100);
/// Between two commits while much is to be done.
const COMMIT_BUSY: Duration = Duration::from_secs(5);
/// How often it looks without a notice: one may be lost.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long it waits after a fault.
const AFTER_FAULT: Duration = Duration::from_secs(10);
/// How often files are cleaned after something was removed: once more for whoever was searching.
const CLEANINGS: u8 = 2;
/// Bytes of entries that are read at once.
const READ_BYTES: usize = 1024 * 1024;
/// Publications without a text that are remembered as such.
const PASSED_MAX: usize = 10_000;

/// What the thread works with.
pub struct Parts {
    /// The folder of the index.
    pub folder: PathBuf,
    /// The alliance.
    pub network: NetworkId,
    /// The state, and notices.
    pub handle: Handle,
    /// The entries.
    pub store: Arc<Store>,
}

/// The thread, until it is told to stop.
#[derive(Debug)]
pub struct Following {
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Following {
    /// Tells it to stop and waits until its files are closed. What was not committed is done again at the next start.
    pub async fn finish(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing more to close.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts the thread. To be called within a runtime.
///
/// # Errors
/// Whatever the system says that gives no thread.
pub fn start(parts: Parts) -> std::io::Result<(SearchIndex, Following)> {
    let (shared, stop) = (SearchIndex::default(), CancellationToken::new());
    let follower = Follower {
        parts,
        shared: shared.clone(),
        stop: stop.clone(),
        runtime: Runtime::current(),
        passed: BTreeSet::new(),
        early: false,
    };
    let thread = std::thread::Builder::new().name("search index".to_owned()).spawn(move || follower.run())?;
    Ok((shared, Following { stop, thread: Some(thread) }))
}

struct Follower {
    parts: Parts,
    shared: SearchIndex,
    stop: CancellationToken,
    runtime: Runtime,
    passed: BTreeSet<EntryId>,
    /// Whether something was not in the store yet.
    early: bool,
}

/// Why it went no further.
enum Halt {
    /// The node stops.
    Stopped,
    /// The files have to be made anew.
    Broken(String),
    /// Something else.
    Fault(IndexFault),
}

impl From<IndexFault> for Halt {
    fn from(fault: IndexFault) -> Self {
        Self::Fault(fault)
    }
}

impl Follower {
    fn run(mut self) {
        loop {
            // The library panics over files that are not what it wrote.
            let followed = catch_unwind(AssertUnwindSafe(|| self.follow()));
            match followed.unwrap_or_else(|_| Err(Halt::Broken("it could not be worked with".to_owned()))) {
                Ok(()) | Err(Halt::Stopped) => return,
                Err(Halt::Broken(reason)) => {
                    tracing::warn!(reason, "the search index is thrown away and built anew");
                    self.shared.set_snapshot(None);
                    if let Err(fault) = Engine::wipe(&self.parts.folder) {
                        tracing::error!(%fault, "the search index cannot be removed");
                    }
                    if !self.wait(COMMIT_EVERY) {
                        return;
                    }
                }
                Err(Halt::Fault(fault)) => {
                    tracing::error!(%fault, "the search index does not go on");
                    self.shared.set_status(|status| status.trouble = Some(fault.to_string()));
                    if !self.wait(AFTER_FAULT) {
                        return;
                    }
                }
            }
        }
    }

    /// Opens the index and follows until something comes between.
    fn follow(&mut self) -> Result<(), Halt> {
        let mut notices = self.parts.handle.notices();
        let (mut engine, mut cursor, opened) = Engine::open(&self.parts.folder, self.parts.network)?;
        match &opened {
            Opened::Kept => {}
            Opened::New => tracing::info!("the search index is built"),
            Opened::Thrown(reason) => tracing::warn!(reason, "the search index is thrown away and built anew"),
        }
        engine.collect()?;
        self.show(&engine)?;
        let (mut committed, mut dirty, mut cleaning) = (Instant::now(), false, CLEANINGS);
        // Publications that were written and cannot be found before the next commit.
        let mut pending = 0_u64;
        loop {
            if self.stop.is_cancelled() {
                return Ok(());
            }
            if self.shared.take_doubt() {
                return Err(Halt::Broken("it could not be read".to_owned()));
            }
            let (before, passed) = (cursor.clone(), self.passed.clone());
            let look = move |replica: &lyceum_protocol::replica::Replica| {
                cursor::next(replica.state(), &before, &passed, STEP_ENTRIES)
            };
            let step = self.runtime.block_on(self.parts.handle.read(look)).map_err(|_| Halt::Stopped)?;
            let left = step.behind;
            pending = pending.saturating_add(u64::try_from(step.read.len()).unwrap_or(0));
            self.shared.set_status(|status| status.behind_entries = left.saturating_add(pending));
            let idle = step.is_nothing(&cursor);
            if !idle {
                if !step.remove.is_empty() {
                    cleaning = CLEANINGS;
                }
                self.apply(&mut engine, step, &mut cursor)?;
                dirty = true;
                if std::mem::take(&mut self.early) && !self.wait(GATHER_FOR) {
                    return Ok(());
                }
            }
            if dirty && (idle || committed.elapsed() >= COMMIT_BUSY) {
                engine.commit(&cursor)?;
                (committed, dirty, pending) = (Instant::now(), false, 0);
                self.show(&engine)?;
                self.shared.set_status(|status| status.behind_entries = left);
            }
            if idle {
                if cleaning > 0 {
                    // What leaves the index leaves its files as well. A file stays while somebody searches in it.
                    let clean = engine.purge()?;
                    self.show(&engine)?;
                    engine.collect()?;
                    cleaning = if clean { cleaning.saturating_sub(1) } else { CLEANINGS };
                }
                let wait = if cleaning > 0 { COMMIT_EVERY } else { LOOK_EVERY };
                if !self.notice(&mut notices, wait, committed) {
                    return Ok(());
                }
            }
        }
    }

    /// Does a step, and moves the cursor on.
    fn apply(&mut self, engine: &mut Engine, step: Step, cursor: &mut Cursor) -> Result<(), Halt> {
        for (log, seqs) in step.remove {
            engine.remove(log, seqs);
        }
        *cursor = step.cursor;
        let mut ahead = step.read.as_slice();
        while let Some(first) = ahead.first() {
            let last = ahead.iter().take_while(|one| one.log == first.log).count();
            let (of_log, rest) = ahead.split_at(last.max(1));
            self.read(engine, of_log, cursor)?;
            ahead = rest;
        }
        Ok(())
    }

    /// Reads publications of one log, in order, and writes them into the index.
    fn read(&mut self, engine: &mut Engine, wanted: &[ToRead], cursor: &mut Cursor) -> Result<(), Halt> {
        let mut wanted = wanted.iter().peekable();
        while let Some(first) = wanted.peek() {
            let (log, from) = (first.log, first.seq);
            // As far as there are no large holes.
            let entries = self.parts.store.entries(log, from, from.saturating_add(64), READ_BYTES);
            let entries: Vec<VerifiedEntry> = entries.map_err(|fault| IndexFault::Beneath(fault.0))?;
            let until = from.saturating_add(u64::try_from(entries.len()).unwrap_or(0)).max(from.saturating_add(1));
            while let Some(one) = wanted.next_if(|one| one.seq >= from && one.seq < until) {
                let place = one.seq.saturating_sub(from);
                let entry = usize::try_from(place).ok().and_then(|place| entries.get(place));
                self.take(engine, one, entry, cursor)?;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        engine: &mut Engine,
        one: &ToRead,
        entry: Option<&VerifiedEntry>,
        cursor: &mut Cursor,
    ) -> Result<(), Halt> {
        // What is not there, or not any more, is left for when it comes: the state then says so.
        let entry = entry.filter(|entry| entry.id() == one.id);
        match entry.map(VerifiedEntry::payload) {
            Some(Payload::Present(_)) => {
                if let Some(indexed) = entry.and_then(|entry| Indexed::of(one.log, one.org, entry)) {
                    engine.add(&indexed)?;
                }
            }
            absent => {
                if let Some(at) = cursor.logs.get_mut(&one.log) {
                    at.skipped.insert(one.seq);
                }
                // The state is ahead of the store by what is being written.
                self.early |= absent.is_none();
                if absent.is_some() {
                    if self.passed.len() >= PASSED_MAX {
                        self.passed.clear();
                    }
                    self.passed.insert(one.id);
                }
            }
        }
        Ok(())
    }

    /// Shows everyone the last commit.
    fn show(&self, engine: &Engine) -> Result<(), IndexFault> {
        let before = self.shared.snapshot();
        let snapshot = engine.snapshot(before.as_deref())?;
        self.shared.set_status(|status| {
            status.publications = snapshot.live;
            status.trouble = None;
        });
        self.shared.set_snapshot(Some(Arc::new(snapshot)));
        Ok(())
    }

    /// Waits for a notice, and then for those that come with it. False when the node stops.
    fn notice(&mut self, notices: &mut Receiver<Notice>, at_most: Duration, committed: Instant) -> bool {
        let (stop, passed, shared) = (self.stop.clone(), &mut self.passed, &self.shared);
        self.runtime.block_on(async move {
            let open = tokio::select! {
                () = stop.cancelled() => false,
                () = shared.doubted() => true,
                () = tokio::time::sleep(at_most) => {
                    // What was not there without a reason may be there now.
                    passed.clear();
                    true
                }
                notice = notices.recv() => !matches!(notice, Err(RecvError::Closed)),
            };
            let gather = COMMIT_EVERY.saturating_sub(committed.elapsed()).max(GATHER_FOR);
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(gather) => {}
            }
            *notices = notices.resubscribe();
            open
        })
    }

    /// Waits; false when the node stops.
    fn wait(&self, time: Duration) -> bool {
        let stop = self.stop.clone();
        self.runtime.block_on(async move {
            tokio::select! {
                () = stop.cancelled() => false,
                () = tokio::time::sleep(time) => true,
            }
        })
    }
}
