//! Which entries name a file, and what follows from that: who may have it, what counts for whose quota, and whether it
//! is still to be kept. The search index says which entries; the state says how they stand at this moment.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lyceum_protocol::entry::{Payload, VerifiedEntry};
use lyceum_protocol::hash::{EntryId, FileHash, LogId, OrgId};
use lyceum_protocol::publication::Publication;
use lyceum_protocol::standing::Standing;
use lyceum_protocol::state::State;

use super::named::files_of;
use crate::driver::Handle;
use crate::index::schema::blake3_facet;
use crate::index::{SearchFault, SearchIndex};
use crate::store::{LogStore as _, Store};

/// How long it counts that a file may be had: an erasure is heeded after that.
const COUNTS_FOR: Duration = Duration::from_secs(1);
/// Files of which that is remembered.
const REMEMBERED: usize = 1_024;
/// How long own publications are remembered that the index may not have yet.
const RECENT_FOR: Duration = Duration::from_secs(120);
/// Own publications that are remembered as such.
const RECENT: usize = 4_096;
/// Files that are looked up in the index at once.
const PAGE: usize = 1_000;
/// Own publications whose files are remembered.
const OWN: usize = 20_000;

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum AccessFault {
    /// The index does not answer.
    #[error(transparent)]
    Index(#[from] SearchFault),
    /// The node stops.
    #[error("the node is stopping")]
    Stopped,
    /// The store does not answer.
    #[error("the store cannot be read: {0}")]
    Store(String),
}

impl From<crate::driver::DriverStopped> for AccessFault {
    fn from(_: crate::driver::DriverStopped) -> Self {
        Self::Stopped
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// An entry names it that is neither erased nor void, or may still come back.
    Named,
    /// Every entry that named it is erased or void.
    Gone,
    /// No entry is known that ever named it.
    NeverNamed,
}

type Sizes = Vec<(FileHash, u64)>;

#[derive(Default)]
struct Remembered {
    /// The entry by which a file may be had, if there is one, and since when that is known.
    served: BTreeMap<FileHash, (Instant, Option<EntryId>)>,
    /// What was published here just now.
    recent: VecDeque<(Instant, EntryId, Sizes)>,
    /// Files of own publications.
    own: BTreeMap<EntryId, Arc<Sizes>>,
}

/// Knows which entries name a file; cheap to clone.
#[derive(Clone)]
pub struct Access {
    handle: Handle,
    store: Arc<Store>,
    index: SearchIndex,
    remembered: Arc<Mutex<Remembered>>,
}

/// Whether an entry gives a file to its readers: it stands well and is not erased.
fn gives(state: &State, id: &EntryId) -> bool {
    let standing = state.place(id).and_then(|(log, seq)| state.standing(log, seq));
    standing == Some(Standing::Good) && !state.erased().contains(id)
}

/// Whether an entry still keeps a file: of one that is not held nobody knows that it is gone.
fn keeps(state: &State, id: &EntryId) -> bool {
    let void = state.place(id).and_then(|(log, seq)| state.standing(log, seq)) == Some(Standing::Void);
    !void && !state.erased().contains(id)
}

fn sizes_of(entry: &VerifiedEntry) -> Sizes {
    if !matches!(entry.payload(), Payload::Present(_)) || entry.header().is_sealed() {
        return Vec::new();
    }
    let publication = entry.payload().content().and_then(|content| Publication::read(content).ok());
    let files = publication.as_ref().map(files_of).unwrap_or_default();
    files.into_iter().filter_map(|file| Some((file.blake3?, file.size))).collect()
}

impl Access {
    /// By what the index and the state say.
    pub fn new(handle: Handle, store: Arc<Store>, index: SearchIndex) -> Self {
        Self { handle, store, index, remembered: Arc::default() }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        // Each row is whole or missing.
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The search index.
    pub const fn index(&self) -> &SearchIndex {
        &self.index
    }

    /// Hears what was published here, before the index does; gives the files that it names.
    pub fn published(&self, entries: &[VerifiedEntry]) -> Vec<(FileHash, EntryId)> {
        let (mut remembered, mut names) = (self.remembered(), Vec::new());
        for entry in entries {
            let sizes = sizes_of(entry);
            if sizes.is_empty() {
                continue;
            }
            if remembered.recent.len() >= RECENT {
                remembered.recent.pop_front();
            }
            for (hash, _) in &sizes {
                remembered.served.remove(hash);
                names.push((*hash, entry.id()));
            }
            remembered.recent.push_back((Instant::now(), entry.id(), sizes));
        }
        names
    }

    /// Entries that name a file, as far as the index and this node's own hand know.
    async fn naming(&self, hash: FileHash) -> Result<BTreeSet<EntryId>, AccessFault> {
        let recent = self
            .remembered()
            .recent
            .iter()
            .filter(|(_, _, files)| files.iter().any(|(of, _)| *of == hash))
            .map(|(_, id, _)| *id)
            .collect::<BTreeSet<_>>();
        let index = self.index.clone();
        let found = tokio::task::spawn_blocking(move || index.with_facet(&blake3_facet(&hash.0), 16));
        match found.await.map_err(|fault| AccessFault::Store(fault.to_string()))? {
            Ok(found) => Ok(recent.into_iter().chain(found.found.into_iter().map(|one| one.id)).collect()),
            Err(_) if !recent.is_empty() => Ok(recent),
            Err(fault) => Err(fault.into()),
        }
    }

    /// An entry by which members may have a file: it stands well and is not erased. What cannot be said is none.
    pub async fn giver(&self, hash: FileHash) -> Option<EntryId> {
        if let Some((at, giver)) = self.remembered().served.get(&hash)
            && at.elapsed() < COUNTS_FOR
        {
            return *giver;
        }
        let ids = self.naming(hash).await.ok()?;
        let look =
            move |replica: &lyceum_protocol::replica::Replica| ids.into_iter().find(|id| gives(replica.state(), id));
        let giver = self.handle.read(look).await.ok()?;
        let mut remembered = self.remembered();
        if remembered.served.len() >= REMEMBERED {
            remembered.served.retain(|_, (at, _)| at.elapsed() < COUNTS_FOR);
        }
        if remembered.served.len() < REMEMBERED {
            remembered.served.insert(hash, (Instant::now(), giver));
        }
        giver
    }

    /// What becomes of files by the entries that are known to have named them.
    pub(crate) async fn fates(
        &self,
        files: Vec<(FileHash, BTreeSet<EntryId>)>,
    ) -> Result<Vec<(FileHash, Fate)>, AccessFault> {
        let mut known = Vec::with_capacity(files.len());
        for (hash, mut ids) in files {
            ids.extend(self.naming(hash).await?);
            known.push((hash, ids));
        }
        let look = move |replica: &lyceum_protocol::replica::Replica| {
            let state = replica.state();
            let fate = |ids: &BTreeSet<EntryId>| match ids.iter().any(|id| keeps(state, id)) {
                true => Fate::Named,
                false if ids.is_empty() => Fate::NeverNamed,
                false => Fate::Gone,
            };
            known.iter().map(|(hash, ids)| (*hash, fate(ids))).collect()
        };
        Ok(self.handle.read(look).await?)
    }

    /// Sizes of the files that entries name, by place; nothing for what is not held.
    pub(crate) async fn sizes(&self, places: Vec<(LogId, u64)>) -> Result<Vec<Sizes>, AccessFault> {
        let store = self.store.clone();
        let read = move || {
            let one = |(log, seq): (LogId, u64)| Ok(store.entry(log, seq)?.as_ref().map(sizes_of).unwrap_or_default());
            places.into_iter().map(one).collect::<Result<Vec<_>, lyceum_protocol::replica::StoreFault>>()
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(|fault| AccessFault::Store(fault.to_string()))?;
        read.map_err(|fault| AccessFault::Store(fault.0))
    }

    /// All files that the good entries of an organisation name, each once, with the largest size that one of them says.
    ///
    /// # Errors
    /// [`AccessFault`].
    pub async fn files_of(&self, org: OrgId) -> Result<BTreeMap<FileHash, u64>, AccessFault> {
        let mut all: BTreeMap<FileHash, u64> = BTreeMap::new();
        let mut add = |sizes: &Sizes| {
            for (hash, size) in sizes {
                let known = all.entry(*hash).or_default();
                *known = (*known).max(*size);
            }
        };
        let mut after = None;
        loop {
            let page = self.page(after, Some(org)).await?;
            after = page.last().map(|(hash, _)| *hash);
            let mut unread: BTreeMap<EntryId, (LogId, u64)> = BTreeMap::new();
            for one in page.iter().flat_map(|(_, naming)| naming) {
                match self.remembered().own.get(&one.id).cloned() {
                    Some(sizes) => add(&sizes),
                    None => drop(unread.insert(one.id, (one.log, one.seq))),
                }
            }
            for (id, sizes) in unread.keys().zip(self.sizes(unread.values().copied().collect()).await?) {
                add(&sizes);
                let mut remembered = self.remembered();
                if remembered.own.len() < OWN {
                    remembered.own.insert(*id, Arc::new(sizes));
                }
            }
            if page.len() < PAGE {
                break;
            }
        }
        let mut remembered = self.remembered();
        while remembered.recent.front().is_some_and(|(at, ..)| at.elapsed() > RECENT_FOR) {
            remembered.recent.pop_front();
        }
        remembered.recent.iter().for_each(|(_, _, sizes)| add(sizes));
        drop(remembered);
        Ok(all)
    }

    /// One page of the files that the index knows, from the first after `after` on.
    pub(crate) async fn page(
        &self,
        after: Option<FileHash>,
        org: Option<OrgId>,
    ) -> Result<Vec<(FileHash, Vec<crate::index::faceted::Faceted>)>, AccessFault> {
        let snapshot = self.index.snapshot().ok_or(SearchFault::NotReady)?;
        let look = move || snapshot.files(after.as_ref().map(|hash| &hash.0), PAGE, org);
        let page = tokio::task::spawn_blocking(look).await.map_err(|fault| AccessFault::Store(fault.to_string()))?;
        let page = page.map_err(|fault| {
            self.index.doubt();
            SearchFault::Index(fault)
        })?;
        Ok(page.into_iter().map(|(hash, naming)| (FileHash(hash), naming)).collect())
    }

    /// What the charter grants each organisation, in bytes; none without a limit.
    ///
    /// # Errors
    /// [`AccessFault`].
    pub async fn granted(&self) -> Result<Option<u64>, AccessFault> {
        let look = |replica: &lyceum_protocol::replica::Replica| {
            let state = replica.state();
            let adopted = state.governance().adoption().adopted().and_then(|id| state.documents().charter(id));
            adopted.map(|charter| charter.params.attachment_bytes).filter(|bytes| *bytes > 0)
        };
        Ok(self.handle.read(look).await?)
    }

    /// The organisation of an entry.
    pub(crate) async fn org_of(&self, id: EntryId) -> Option<OrgId> {
        let look = move |replica: &lyceum_protocol::replica::Replica| {
            let (log, _) = replica.state().place(&id)?;
            replica.state().org_of_log(log)
        };
        self.handle.read(look).await.ok().flatten()
    }

    /// The state and what runs it.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }
}
