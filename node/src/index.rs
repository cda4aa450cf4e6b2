//! The search index: a copy of what stands in the logs, made for finding it. It follows the logs by a cursor that is
//! committed with it, may be deleted at any time, and is never the truth.
//!
//! `query` is what people type, `tokens` what words become, `schema` what is written of a publication; `engine` owns
//! the files, `cursor` says what is to be done next, `follow` does it on a thread of its own; `snapshot`, `faceted`,
//! `search`, `rank` and `snippet` answer.

pub mod cursor;
pub mod engine;
pub mod faceted;
pub mod query;
pub mod rank;
pub mod schema;
pub mod search;
pub mod snapshot;
pub mod snippet;
pub mod tokens;

mod follow;
mod gather;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lyceum_protocol::hash::EntryId;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::views::about::known::Known;
use crate::views::{Hidden, Linked};
use faceted::WithFacet;
use query::QueryFault;
use search::{Found, Wanted};
use snapshot::Snapshot;

pub use follow::{Following, Parts, start};

/// Why the index cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IndexFault {
    /// The library failed.
    #[error(transparent)]
    Library(#[from] tantivy::TantivyError),
    /// The file system failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is not what was written.
    #[error("{0}")]
    Broken(String),
    /// The store or the node failed beneath it.
    #[error("{0}")]
    Beneath(String),
}

/// Why a search is not answered.
#[derive(Debug, thiserror::Error)]
pub enum SearchFault {
    /// The query is wrong.
    #[error(transparent)]
    Query(#[from] QueryFault),
    /// The index failed.
    #[error("the search index cannot be read: {0}")]
    Index(#[from] IndexFault),
    /// The index is not open yet.
    #[error("the search index is being opened")]
    NotReady,
}

/// How far the index is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexStatus {
    /// Publications in it.
    pub publications: u64,
    /// Good entries that it has not looked at yet.
    pub behind_entries: u64,
    /// What keeps it from going on, if something does.
    pub trouble: Option<String>,
}

#[derive(Default)]
struct Shared {
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    status: Mutex<IndexStatus>,
    /// Somebody found the files broken.
    broken: AtomicBool,
    doubted: Notify,
}

/// The index as everyone else sees it; cheap to clone.
#[derive(Clone, Default)]
pub struct SearchIndex(Arc<Shared>);

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SearchIndex({:?})", self.snapshot())
    }
}

impl SearchIndex {
    /// The newest commit; none before the index is open.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_snapshot(&self, snapshot: Option<Arc<Snapshot>>) {
        *self.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// How far it is.
    pub fn status(&self) -> IndexStatus {
        self.0.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_status(&self, change: impl FnOnce(&mut IndexStatus)) {
        change(&mut self.0.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Answers a search; takes milliseconds of a core.
    ///
    /// # Errors
    /// [`SearchFault`].
    pub fn search(&self, wanted: &Wanted) -> Result<Found, SearchFault> {
        let snapshot = self.snapshot().ok_or(SearchFault::NotReady)?;
        let found = search::search(&snapshot, wanted);
        if matches!(found, Err(SearchFault::Index(_))) {
            self.doubt();
        }
        found
    }

    /// Everything that links to an entry; nothing before the index is open.
    ///
    /// # Errors
    /// [`IndexFault`].
    pub fn links_to(&self, id: &EntryId) -> Result<Vec<Linked>, IndexFault> {
        let links = self.snapshot().map_or_else(|| Ok(Vec::new()), |snapshot| snapshot.links_to(id));
        if links.is_err() {
            self.doubt();
        }
        links
    }

    /// The first `limit` publications that have exactly this facet (see [`schema::facet`], [`schema::name_facet`],
    /// [`schema::blake3_facet`]), the newest claims first, then the smaller ids, whatever became of them.
    ///
    /// Only what can be read here and stands well is in the index, and it follows the log by a moment: what
    /// [`SearchIndex::status`] counts as behind may have the facet too.
    ///
    /// # Errors
    /// [`SearchFault::NotReady`] before the index is open: nobody takes that for an empty answer.
    pub fn with_facet(&self, facet: &str, limit: usize) -> Result<WithFacet, SearchFault> {
        let snapshot = self.snapshot().ok_or(SearchFault::NotReady)?;
        snapshot.with_facet(facet, limit).map_err(|fault| {
            self.doubt();
            fault.into()
        })
    }

    /// Everything that may belong on the page of a model; see [`about`](crate::views::about::about).
    ///
    /// # Errors
    /// [`SearchFault`] if the index cannot be read, or not yet.
    pub fn about(&self, model: &str) -> Result<Known, SearchFault> {
        let snapshot = self.snapshot().ok_or(SearchFault::NotReady)?;
        snapshot.about(model).map_err(|fault| {
            self.doubt();
            fault.into()
        })
    }

    /// Of these entries, those that lists leave out.
    pub fn hidden(&self, ids: impl IntoIterator<Item = EntryId>) -> BTreeMap<EntryId, Hidden> {
        let Some(snapshot) = self.snapshot() else { return BTreeMap::new() };
        ids.into_iter().filter_map(|id| Some((id, *snapshot.hidden.get(&id)?))).collect()
    }

    /// Has the index thrown away and built anew: somebody could not read it.
    pub fn doubt(&self) {
        self.0.broken.store(true, Ordering::Relaxed);
        self.0.doubted.notify_one();
    }

    /// Waits until somebody doubts it.
    async fn doubted(&self) {
        self.0.doubted.notified().await;
    }

    fn take_doubt(&self) -> bool {
        self.0.broken.swap(false, Ordering::Relaxed)
    }
}
