//! The one thread that writes: what waits becomes durable together, and is acknowledged only then.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::{fmt, io, thread};

use lyceum_protocol::document::signature::UntrustedSignature;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::fork;
use lyceum_protocol::replica::event::StoreFault;
use lyceum_protocol::replica::{Batch, Change};

use super::flusher::Watch;
use super::head::HeadFile;
use super::open::{Shared, guarded};
use super::pending::{Pending, View};
use super::plan::{Plan, PlanFault, Planner};
use super::rows::{self, LogNumber};
use super::slots::{FreshSlots, Slot};

/// Batches that wait at most. Whoever submits more waits.
const QUEUE: usize = 512;
/// Bytes that become durable together at most, unless one batch has more: larger writes are slower in this engine.
const GROUP_BYTES: usize = 1024 * 1024;

/// Hands batches to the writer thread. Cheap to clone; outlives its store, which then answers with a fault.
#[derive(Debug, Clone)]
pub struct Writer(SyncSender<Job>);

impl Writer {
    /// Queues a batch. `on_done` is called once, in the writer's thread, when the batch is durable or failed; it must
    /// be quick, since all others wait for it. Batches become durable in the order in which they are queued.
    ///
    /// Waits while 512 batches are queued.
    pub fn submit(&self, batch: Batch, on_done: impl FnOnce(Result<(), StoreFault>) + Send + 'static) {
        // A queue without a reader drops the job, and that answers it.
        let _ = self.0.send(Job::Write(batch, Answer(Some(Box::new(on_done)))));
    }
}

enum Job {
    Write(Batch, Answer),
    Stop,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(batch, _) => write!(f, "Write of {} changes", batch.changes.len()),
            Self::Stop => f.write_str("Stop"),
        }
    }
}

type OnDone = Box<dyn FnOnce(Result<(), StoreFault>) + Send>;

/// An answer that is owed. Given when dropped, if not before.
struct Answer(Option<OnDone>);

impl Answer {
    fn give(mut self, result: Result<(), StoreFault>) {
        if let Some(on_done) = self.0.take() {
            on_done(result);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(on_done) = self.0.take() {
            on_done(Err(StoreFault("the store is closed".to_owned())));
        }
    }
}

/// The writer's thread, for the store that owns it.
#[derive(Debug)]
pub(super) struct WriterThread {
    writer: Writer,
    thread: Option<JoinHandle<()>>,
}

/// What the writer begins with.
pub(super) struct Start {
    pub(super) shared: Arc<Shared>,
    /// The database's file, to be synced.
    pub(super) file: File,
    pub(super) flusher: Watch,
    pub(super) fresh: FreshSlots,
    pub(super) head: HeadFile,
    pub(super) next_log: LogNumber,
    pub(super) live_bytes: u64,
    /// Slots that are erased but still listed as to be erased.
    pub(super) erased: Vec<Slot>,
}

impl WriterThread {
    /// Starts the thread.
    pub(super) fn start(start: Start) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let mut work = Work { start };
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || work.run(&jobs))?;
        Ok(Self { writer: Writer(queue), thread: Some(thread) })
    }

    pub(super) const fn writer(&self) -> &Writer {
        &self.writer
    }
}

impl Drop for WriterThread {
    /// Finishes what was queued before.
    fn drop(&mut self) {
        let _ = self.writer.0.send(Job::Stop);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has answered everyone by dropping their jobs.
            let _ = thread.join();
        }
    }
}

struct Work {
    start: Start,
}

impl Work {
    fn run(&mut self, jobs: &Receiver<Job>) {
        loop {
            let job = jobs.recv_timeout(self.start.flusher.every);
            self.look_after_engine(matches!(job, Err(RecvTimeoutError::Timeout)));
            let (batch, answer) = match job {
                Ok(Job::Write(batch, answer)) => (batch, answer),
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => continue,
            };
            let mut bytes = size(&batch);
            let mut group = vec![(batch, answer)];
            let mut stop = false;
            while bytes < GROUP_BYTES && !stop {
                match jobs.try_recv() {
                    Ok(Job::Write(batch, answer)) => {
                        bytes = bytes.saturating_add(size(&batch));
                        group.push((batch, answer));
                    }
                    Ok(Job::Stop) | Err(TryRecvError::Disconnected) => stop = true,
                    Err(TryRecvError::Empty) => break,
                }
            }
            self.write_group(group);
            if stop {
                break;
            }
        }
    }

    /// Stops the store where the engine fails by itself, between two writes of ours.
    fn look_after_engine(&mut self, idle: bool) {
        let shared = &self.start.shared;
        if shared.stopped().is_some() {
            return;
        }
        if self.start.flusher.has_ended() {
            shared.stop("the thread of the database that cleans up has ended");
            return;
        }
        if !idle {
            return;
        }
        // What it moves by itself it also writes by itself. If that failed, the next flush says so: this one.
        let flushed = guarded(|| shared.tree.flush()).and_then(|flushed| flushed.map_err(|fault| fault.to_string()));
        if let Err(why) = flushed {
            shared.stop(&why);
        }
    }

    /// Writes what came together. A batch that contradicts what is held is refused alone; after a failed write
    /// nothing is taken any more, because what is on disk is not known.
    fn write_group(&mut self, group: Vec<(Batch, Answer)>) {
        let shared = Arc::clone(&self.start.shared);
        if let Some(fault) = shared.stopped() {
            group.into_iter().for_each(|(_, answer)| answer.give(Err(fault.clone())));
            return;
        }
        let mut taken = Vec::with_capacity(group.len());
        let done = self.prepare(&shared, group, &mut taken).and_then(|plan| self.write(&shared, plan));
        let result = done.map_err(|why| shared.stop(&why));
        for answer in taken {
            answer.give(result.clone());
        }
    }

    /// Turns the batches into rows. Refused ones are answered, the others stand in `taken`.
    fn prepare(
        &mut self,
        shared: &Shared,
        group: Vec<(Batch, Answer)>,
        taken: &mut Vec<Answer>,
    ) -> Result<Plan, String> {
        let publishes = |batch: &Batch| batch.changes.iter().any(|change| matches!(change, Change::OwnEntry { .. }));
        let full = group.iter().any(|(batch, _)| publishes(batch)).then(|| shared.too_full()).flatten();
        let logs = shared.logs();
        let Start { fresh, next_log, erased, .. } = &mut self.start;
        let mut planner = Planner { logs: &logs, next_log: *next_log, slots: &shared.slots, fresh };
        let mut plan =
            Plan { rows: forget(erased, &shared.tree).map_err(|fault| fault.to_string())?, ..Plan::default() };
        let mut failed = None;
        for (batch, answer) in group {
            if let Some(fault) = full.as_ref().filter(|_| publishes(&batch)) {
                answer.give(Err(fault.clone()));
                continue;
            }
            if failed.is_some() {
                taken.push(answer);
                continue;
            }
            match guarded(|| planner.plan(&batch, &plan, &shared.tree)) {
                Ok(Ok(later)) => {
                    plan.absorb(later);
                    taken.push(answer);
                }
                Ok(Err(PlanFault::Refused(why))) => answer.give(Err(shared.refuse(&why))),
                Ok(Err(fault)) => {
                    failed = Some(fault.to_string());
                    taken.push(answer);
                }
                Err(panic) => {
                    failed = Some(panic);
                    taken.push(answer);
                }
            }
        }
        failed.map_or(Ok(plan), Err)
    }

    fn write(&mut self, shared: &Shared, plan: Plan) -> Result<(), String> {
        let Plan { rows, logs, cut, doomed, own, head, next_log } = plan;
        if rows.is_empty() {
            return Ok(());
        }
        let batch = rows.into_batch(&mut self.start.live_bytes);
        {
            // Readers look at several rows at once: none of them may be changed meanwhile.
            let mut places = shared.logs_mut();
            for (log, least) in cut {
                if let Some(place) = places.get_mut(&log) {
                    place.len = place.len.min(least);
                    place.tail = None;
                }
            }
            guarded(|| shared.tree.apply_batch(batch))?.map_err(|fault| fault.to_string())?;
        }
        // The engine's flush writes without telling the disk to keep it, so its file is synced after it.
        guarded(|| shared.tree.flush())?.map_err(|fault| fault.to_string())?;
        self.start.file.sync_all().map_err(|fault| fault.to_string())?;
        shared.logs_mut().extend(logs);
        self.start.next_log = next_log.unwrap_or(self.start.next_log);
        shared.set_live_bytes(self.start.live_bytes);

        let reader = shared.reader();
        let places = shared.logs();
        for (log, entry) in own {
            let seq = entry.header().seq;
            let place = places.get(&log).copied().ok_or("an own log is not held")?;
            let read = guarded(|| reader.entries(place, seq, seq.saturating_add(1), usize::MAX))?;
            let read = read.map_err(|fault| format!("own entry {seq} of log {log} was not read back: {fault}"))?;
            if read.first().map(|read| read.id()) != Some(entry.id()) {
                return Err(format!("own entry {seq} of log {log} was read back as another one"));
            }
        }
        drop(places);
        if let Some(head) = head {
            self.start.head.write(&head, shared.id).map_err(|fault| format!("head file: {fault}"))?;
        }
        shared.slots.erase(&doomed).map_err(|fault| format!("keys: {fault}"))?;
        self.start.erased = doomed;
        Ok(())
    }
}

/// Rows of slots that are erased by now.
fn forget(erased: &mut Vec<Slot>, tree: &sled::Tree) -> sled::Result<Pending> {
    let mut view = View { batch: Pending::default(), group: &Pending::default(), tree };
    for slot in erased.drain(..) {
        view.remove(rows::doomed(slot))?;
    }
    Ok(view.batch)
}

/// About how many bytes a batch writes.
fn size(batch: &Batch) -> usize {
    let sizes = batch.changes.iter().map(|change| match change {
        Change::Entry { entry, .. } | Change::OwnEntry { entry, .. } => entry.size(),
        Change::Payload { bytes, .. } => bytes.len(),
        Change::Document(DocumentObject::Certificate(object)) => object.bytes().len(),
        Change::Document(DocumentObject::Charter(object)) => object.bytes().len() + object.lists_bytes().len(),
        Change::Document(DocumentObject::Motion(object)) => object.bytes().len(),
        Change::Signature(_) => size_of::<UntrustedSignature>(),
        Change::Fork { .. } => fork::FORK_PROOF_MAX,
        Change::ForgetDocument(_)
        | Change::ForgetSignature { .. }
        | Change::ReplaceFrom { .. }
        | Change::Erase { .. }
        | Change::Checkpoint(_) => 64,
    });
    sizes.sum()
}
