//! Everything that a node holds and what follows from it: the incremental engine.
//!
//! Objects go in, in any order; the same objects give the same standing, digests and state root on every node. What
//! the rules say lives in [`crate::governance`], [`crate::standing`] and [`crate::keep`]; here their answers are kept
//! up to date: per log when an entry or a proof arrives, for all logs when the documents changed what they say.
//!
//! `documents`, `entries` and `forks` take what arrives; [`record`] is one log, [`erased`] what must go.

mod documents;
mod entries;
pub mod erased;
mod forks;
pub mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds as _};

use crate::buckets::Buckets;
use crate::documents::{DocumentBatch, Documents};
use crate::entry::VerifiedEntry;
use crate::entry_index::EntryIndex;
use crate::frontier::{self, DocsItem, FrontierItem, StateRow};
use crate::governance::{self, Governance};
use crate::hash::{CertificateId, CharterId, EntryId, LogId, NetworkId, OrgId};
use crate::standing::{self, Judged, Standing};

pub use documents::Change;
pub use entries::Appended;
pub use record::{Fact, Record};

/// What a node holds, and what follows from it.
#[derive(Debug, Clone)]
pub struct State {
    network: NetworkId,
    checkpoint: CharterId,
    own: Option<OrgId>,
    own_key: Option<[u8; 32]>,
    documents: Documents,
    governance: Governance,
    docs: Buckets<DocsItem>,
    records: BTreeMap<LogId, Record>,
    /// By node key and incarnation: one log, but for a hostile key.
    by_writer: BTreeMap<([u8; 32], u64), Vec<LogId>>,
    frontier: Buckets<FrontierItem>,
    index: EntryIndex,
    erased: erased::Erased,
    /// Frontier items that changed since somebody asked.
    changed: BTreeSet<LogId>,
}

impl State {
    /// An empty state. `own` is the organisation of this node, whose objects are kept whatever the bounds say.
    pub fn new(network: NetworkId, checkpoint: CharterId, own: Option<OrgId>) -> Self {
        let documents = Documents::default();
        Self {
            network,
            checkpoint,
            own,
            own_key: None,
            governance: governance::evaluate(network, checkpoint, &documents),
            documents,
            docs: Buckets::default(),
            records: BTreeMap::new(),
            by_writer: BTreeMap::new(),
            frontier: Buckets::default(),
            index: EntryIndex::default(),
            erased: erased::Erased::default(),
            changed: BTreeSet::new(),
        }
    }

    /// Names the node's own key: its logs take entries however they stand.
    pub const fn set_own_key(&mut self, key: [u8; 32]) {
        self.own_key = Some(key);
    }

    /// The alliance.
    pub const fn network(&self) -> NetworkId {
        self.network
    }

    /// From where epochs are counted.
    pub const fn checkpoint(&self) -> CharterId {
        self.checkpoint
    }

    /// The organisation of this node.
    pub const fn own(&self) -> Option<OrgId> {
        self.own
    }

    /// The documents held.
    pub const fn documents(&self) -> &Documents {
        &self.documents
    }

    /// What the documents say.
    pub const fn governance(&self) -> &Governance {
        &self.governance
    }

    /// All logs.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// One log.
    pub fn record(&self, log: LogId) -> Option<&Record> {
        self.records.get(&log)
    }

    /// How one log stands.
    pub fn judged(&self, log: LogId) -> Option<&Judged> {
        self.records.get(&log).map(Record::judged)
    }

    /// The items of all logs.
    pub const fn frontier(&self) -> &Buckets<FrontierItem> {
        &self.frontier
    }

    /// The items of all documents.
    pub const fn docs(&self) -> &Buckets<DocsItem> {
        &self.docs
    }

    /// Brings the hashes up to date, so that the roots cost little until the next change.
    pub fn refresh(&mut self) {
        self.frontier.refresh();
        self.docs.refresh();
    }

    /// Root of the frontier.
    pub fn digest(&self) -> [u8; 32] {
        self.frontier.root()
    }

    /// Root of the documents.
    pub fn docs_root(&self) -> [u8; 32] {
        self.docs.root()
    }

    /// One hash over everything that must converge.
    pub fn state_root(&self) -> [u8; 32] {
        let adopted = self.governance.adoption().adopted().unwrap_or(CharterId::ZERO);
        let rows: Vec<StateRow> = self
            .governance
            .organisations()
            .iter()
            .map(|(org, picture)| StateRow {
                org: *org,
                seat: picture.seat,
                certificate: picture.effective().map_or(CertificateId::ZERO, |version| version.id()),
            })
            .collect();
        let digest = self.frontier.root();
        frontier::state_root(adopted, &rows, &digest, self.erased.ids().iter().copied())
    }

    /// Ids whose payloads must go.
    pub const fn erased(&self) -> &BTreeSet<EntryId> {
        self.erased.ids()
    }

    /// Where an entry stands, if it is held.
    pub fn place(&self, id: &EntryId) -> Option<(LogId, u64)> {
        self.index.candidates(id).find(|(log, seq)| self.id_at(*log, *seq) == Some(*id))
    }

    /// Entries whose leading eight bytes, read as a big-endian number, lie between these.
    pub fn places_between(&self, first: u64, last: u64) -> impl Iterator<Item = (EntryId, LogId, u64)> {
        self.index.range(first, last).filter_map(|(log, seq)| Some((self.id_at(log, seq)?, log, seq)))
    }

    /// The id of an entry.
    pub fn id_at(&self, log: LogId, seq: u64) -> Option<EntryId> {
        self.records.get(&log)?.log().id_at(seq)
    }

    /// How an entry stands.
    pub fn standing(&self, log: LogId, seq: u64) -> Option<Standing> {
        self.records.get(&log).map(|record| record.judged().standing(seq))
    }

    /// Frontier items that changed since this was last asked; of a log without an item only its id.
    pub fn take_changed(&mut self) -> BTreeSet<LogId> {
        std::mem::take(&mut self.changed)
    }

    // ---- payloads ----

    /// Good entries whose payload is missing, from one place to another, by log and number.
    pub fn gaps(&self, from: Bound<(LogId, u64)>, to: Bound<(LogId, u64)>) -> impl Iterator<Item = (LogId, u64)> {
        let first = match from {
            Bound::Included((log, _)) | Bound::Excluded((log, _)) => Bound::Included(log),
            Bound::Unbounded => Bound::Unbounded,
        };
        let records = self.records.range((first, Bound::Unbounded));
        let good = records
            .flat_map(|(log, record)| record.gaps().range(..record.judged().good_len).map(move |seq| (*log, *seq)));
        good.skip_while(move |gap| !(from, Bound::Unbounded).contains(gap))
            .take_while(move |gap| (Bound::Unbounded, to).contains(gap))
    }

    /// A missing payload came; whether it was missing.
    pub fn close_gap(&mut self, entry: &VerifiedEntry) -> Option<(LogId, u64)> {
        let (log, seq) = self.place(&entry.id())?;
        self.records.get_mut(&log)?.gap_closed(seq).then_some((log, seq))
    }

    /// Places of erased entries that were not in this list before: their bytes are to be destroyed.
    pub fn take_newly_erased(&mut self) -> Vec<(LogId, u64)> {
        let ids = self.erased.take_new();
        let places: Vec<(LogId, u64)> = ids.iter().filter_map(|id| self.place(id)).collect();
        for (log, seq) in &places {
            if let Some(record) = self.records.get_mut(log) {
                record.gap_closed(*seq);
            }
        }
        places
    }

    // ---- what follows ----

    fn judge(&mut self, log: LogId) {
        let Some(record) = self.records.get(&log) else { return };
        let line = standing::line(record.log().opening(), record.log().fork(), &self.governance, &self.documents);
        let judged = Judged::of(line, record.log());
        self.set_judged(log, judged);
    }

    fn set_judged(&mut self, log: LogId, judged: Judged) {
        let Some(record) = self.records.get_mut(&log) else { return };
        record.set_judged(judged);
        let changed = match judged.item {
            Some(item) => self.frontier.put(item),
            None => self.frontier.take(&log.0),
        };
        if changed {
            self.changed.insert(log);
        }
    }

    fn judge_all(&mut self) {
        let logs: Vec<LogId> = self.records.keys().copied().collect();
        for log in logs {
            self.judge(log);
        }
        self.refresh_erased();
    }

    fn refresh_erased(&mut self) {
        let mut erased = std::mem::take(&mut self.erased);
        erased.refresh(self);
        self.erased = erased;
    }

    /// The organisation that opened a log, if its certificate is held.
    pub fn org_of_log(&self, log: LogId) -> Option<OrgId> {
        self.documents.org_of(self.records.get(&log)?.log().opening().certificate)
    }

    // ---- restart ----

    /// Puts a log back as it was stored. `finish_restore` has to follow.
    pub fn restore_log(&mut self, record: Record) {
        let log = record.log().opening().log;
        for (seq, id) in (0_u64..).zip(record.log().ids()) {
            self.index.insert(id, log, seq);
        }
        self.open(record);
    }

    /// Puts documents back as they were stored, without a second look at the bounds, and judges everything.
    pub fn finish_restore(&mut self, batch: DocumentBatch) -> Change {
        self.documents.insert(batch);
        let mut change = Change::default();
        self.reconsider(&mut change);
        change
    }
}
