//! Everything that a node holds and what follows from it: the incremental engine.
//!
//! Objects go in, in any order; the same objects give the same standing, digests and state root on every node. What
//! the rules say lives in [`crate::governance`], [`crate::standing`] and [`crate::keep`]; here their answers are kept
//! up to date: per log when an entry or a proof arrives, for all logs when the documents changed what they say.

pub mod erased;
pub mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds as _};

use crate::buckets::Buckets;
use crate::document::signature::VerifiedSignature;
use crate::documents::{DocumentBatch, DocumentObject, Documents, Dropped};
use crate::entry::VerifiedEntry;
use crate::entry_index::EntryIndex;
use crate::fork::VerifiedForkProof;
use crate::frontier::{self, DocsItem, FrontierItem, StateRow};
use crate::governance::{self, Governance};
use crate::hash::{CertificateId, CharterId, EntryId, LogId, NetworkId, ObjectId, OrgId, SignatureId, sha256};
use crate::keep;
use crate::log::{Fit, Log, Opening, PinHeld};
use crate::standing::{self, Judged, Line, Standing};

pub use record::{Fact, Record};

/// What became of an entry that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is held from now on.
    Yes,
    /// From this number on the chain was replaced by the one that a pin names, beginning with this entry.
    Replaced(u64),
    /// It was held before.
    Held,
    /// Entries before it are missing.
    Gap,
    /// Another entry stands at its place, with the same history.
    Twin,
    /// It belongs to another chain of its log.
    OtherChain,
    /// Its log takes no entry there as it stands now: void, unsettled, beyond a fork or a pin.
    Unwanted,
    /// Its suite is lower than its predecessor's.
    LowerSuite,
}

/// What adding documents changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Objects that are held from now on.
    pub objects: Vec<DocumentObject>,
    /// Signatures that are held from now on.
    pub signatures: Vec<VerifiedSignature>,
    /// What is held no more.
    pub dropped: Dropped,
    /// Whether seats, certificates or standings may have changed.
    pub governance: bool,
    /// The checkpoint moved up to here.
    pub checkpoint: Option<CharterId>,
}

impl Change {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.signatures.is_empty() && self.dropped.is_empty() && !self.governance
    }
}

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

    // ---- documents ----

    /// Adds documents that arrived together: all of them first, the bounds on the whole afterwards.
    pub fn add_documents(&mut self, batch: DocumentBatch) -> Change {
        let mut change = Change::default();
        for object in batch.objects {
            if !self.documents.contains(object.id()) {
                self.documents.insert_object(object.clone());
                change.objects.push(object);
            }
        }
        for signature in batch.signatures {
            if !self.documents.is_signed(signature.place()) {
                self.documents.insert_signature(signature);
                change.signatures.push(signature);
            }
        }
        if change.objects.is_empty() && change.signatures.is_empty() {
            return change;
        }
        self.reconsider(&mut change);
        // What was dropped at once never was held: neither news nor a loss.
        let came: BTreeSet<ObjectId> = change.objects.iter().map(DocumentObject::id).collect();
        let signed: BTreeSet<SignatureId> = change.signatures.iter().map(VerifiedSignature::id).collect();
        change.dropped.objects.retain(|id| !came.contains(id));
        change.dropped.signatures.retain(|(_, id)| !signed.contains(id));
        let held = &self.documents;
        change.objects.retain(|object| held.contains(object.id()));
        change.signatures.retain(|signature| held.is_signed(signature.place()));
        change
    }

    /// Takes another checkpoint: by hand, or from an invitation.
    pub fn trust(&mut self, checkpoint: CharterId) -> Change {
        let mut change = Change { checkpoint: Some(checkpoint), ..Change::default() };
        self.checkpoint = checkpoint;
        self.reconsider(&mut change);
        change
    }

    fn reconsider(&mut self, change: &mut Change) {
        let mut governance = governance::evaluate(self.network, self.checkpoint, &self.documents);
        if let Some(checkpoint) = self.checkpoint_above(&governance) {
            self.checkpoint = checkpoint;
            change.checkpoint = Some(checkpoint);
        }
        let opened_under: BTreeSet<CertificateId> =
            self.records.values().map(|record| record.log().opening().certificate).collect();
        let kept = keep::kept(&self.documents, &governance, self.own, &opened_under);
        change.dropped = self.documents.retain(
            |id| kept.objects.contains(id),
            |signature| kept.signatures.contains(&(signature.place().target, signature.id())),
        );
        if !change.dropped.is_empty() {
            governance = governance::evaluate(self.network, self.checkpoint, &self.documents);
        }
        self.refresh_docs(&kept);
        change.governance = governance != self.governance;
        self.governance = governance;
        // A log may also have waited for a certificate or a signature of which no verdict speaks.
        self.judge_all();
    }

    /// The checkpoint moves up when a successor of a charter is adopted.
    fn checkpoint_above(&self, governance: &Governance) -> Option<CharterId> {
        let chain = governance.adoption().chain();
        let now = chain.iter().position(|id| *id == self.checkpoint)?;
        let below_newest = chain.len().checked_sub(2)?;
        (below_newest > now).then(|| chain.get(below_newest).copied()).flatten()
    }

    fn refresh_docs(&mut self, kept: &keep::Kept) {
        let offered = &kept.offered;
        let gone: Vec<ObjectId> = self.docs.iter().map(|item| item.id).filter(|id| !offered.contains(id)).collect();
        for id in gone {
            self.docs.take(&id.0);
        }
        for id in offered {
            let on_it = self.documents.signatures_on(*id).map(VerifiedSignature::id);
            let mut ids: Vec<[u8; 32]> =
                on_it.filter(|signature| kept.offered_signatures.contains(&(*id, *signature))).map(|id| id.0).collect();
            ids.sort_unstable();
            self.docs.put(DocsItem { id: *id, signatures: sha256(&[&ids.concat()]) });
        }
    }

    // ---- logs ----

    /// Offers the next entry of a log.
    pub fn append(&mut self, entry: &VerifiedEntry) -> Appended {
        let Some(log) = self.log_of(entry) else { return Appended::OtherChain };
        let seq = entry.header().seq;
        let fit = match self.records.get(&log) {
            Some(record) => record.log().fit(entry),
            None if seq == 0 => Fit::Next,
            None => Fit::Gap,
        };
        match fit {
            Fit::Held => return Appended::Held,
            Fit::Gap => return Appended::Gap,
            Fit::Twin => return Appended::Twin,
            Fit::OtherChain => return Appended::OtherChain,
            Fit::LowerSuite => return Appended::LowerSuite,
            Fit::Next => {}
        }
        if !self.wants(log, entry) {
            return Appended::Unwanted;
        }
        self.push(log, entry);
        Appended::Yes
    }

    /// Offers an entry of the chain that a pin names: where it parts from the chain held, it takes its place.
    pub fn append_pinned(&mut self, entry: &VerifiedEntry) -> Appended {
        let Some(log) = self.log_of(entry) else { return Appended::OtherChain };
        let seq = entry.header().seq;
        let Some(record) = self.records.get_mut(&log) else { return self.append(entry) };
        let Some(pin) = record.judged().line.pin().copied() else { return self.append(entry) };
        if seq >= pin.len || record.log().pin_held(&pin) == PinHeld::Whole {
            return self.append(entry);
        }
        match record.log().fit(entry) {
            Fit::Twin => {
                for (seq, id) in record.cut(seq) {
                    self.index.remove(&id, log, seq);
                }
                self.push(log, entry);
                Appended::Replaced(seq)
            }
            Fit::Next => {
                self.push(log, entry);
                Appended::Yes
            }
            Fit::Held | Fit::Gap | Fit::OtherChain | Fit::LowerSuite => self.append(entry),
        }
    }

    /// Whether `append_pinned` would put an entry into the place of another one.
    pub fn replaces(&self, entry: &VerifiedEntry) -> bool {
        let record = self.log_of(entry).and_then(|log| self.records.get(&log));
        let pinned = record.and_then(|record| Some((record, record.judged().line.pin()?)));
        pinned.is_some_and(|(record, pin)| {
            entry.header().seq < pin.len
                && record.log().pin_held(pin) != PinHeld::Whole
                && record.log().fit(entry) == Fit::Twin
        })
    }

    /// Whether a proof that a log forks at `seq` would be news, and taken.
    pub fn takes_proof_at(&self, log: LogId, seq: u64) -> bool {
        self.records.get(&log).is_some_and(|record| {
            let fork = record.log().fork();
            fork.is_none_or(|fork| seq < fork) && self.may_fork(record.log().opening(), fork)
        })
    }

    /// The log that an entry belongs to: by its certificate at 0, else by its history.
    pub fn log_of(&self, entry: &VerifiedEntry) -> Option<LogId> {
        if let Some(opening) = Opening::of(entry) {
            return Some(opening.log);
        }
        let header = entry.header();
        let mut logs = self.logs_of(&header.key, header.incarnation).peekable();
        let first = logs.peek()?.log().opening().log;
        // A hostile key opens several logs with one incarnation: there the history tells them apart.
        let with_history = logs.find(|record| record.log().history_at(header.seq) == Some(header.history));
        Some(with_history.map_or(first, |record| record.log().opening().log))
    }

    /// The logs of a key and incarnation: one, but for a hostile key.
    pub fn logs_of(&self, key: &[u8; 32], incarnation: u64) -> impl Iterator<Item = &Record> {
        let logs = self.by_writer.get(&(*key, incarnation)).into_iter().flatten();
        logs.filter_map(|log| self.records.get(log))
    }

    /// All logs of a key.
    pub fn logs_of_key(&self, key: &[u8; 32]) -> impl Iterator<Item = &Record> {
        let logs = self.by_writer.range((*key, 0)..=(*key, u64::MAX)).flat_map(|(_, logs)| logs);
        logs.filter_map(|log| self.records.get(log))
    }

    /// Makes room for a log.
    fn open(&mut self, record: Record) {
        let opening = *record.log().opening();
        self.by_writer.entry((opening.key, opening.incarnation)).or_default().push(opening.log);
        self.records.insert(opening.log, record);
    }

    /// Whether a log takes its next entry as it stands now.
    fn wants(&self, log: LogId, entry: &VerifiedEntry) -> bool {
        let header = entry.header();
        if self.own_key == Some(header.key) {
            return true;
        }
        // Documents changed since the log was judged? Then it was judged again: its line is up to date.
        let record = self.records.get(&log);
        let fork = record.and_then(|record| record.log().fork());
        let line = match (record, Opening::of(entry)) {
            (Some(record), _) => record.judged().line,
            (None, Some(opening)) => standing::line(&opening, None, &self.governance, &self.documents),
            (None, None) => return false,
        };
        match line {
            Line::Good => true,
            Line::Forked(seq) => header.seq < seq,
            // Beyond a known fork only the pinned chain itself is taken, by `append_pinned`.
            Line::Closed(pin, _) | Line::RemovedPinned(pin, _) => {
                header.seq < pin.len && fork.is_none_or(|seq| header.seq < seq)
            }
            Line::Waiting(_)
            | Line::RemovedVoid
            | Line::Suspended
            | Line::NoSeat
            | Line::LosingBranch
            | Line::Contested
            | Line::Unpinned => false,
        }
    }

    fn push(&mut self, log: LogId, entry: &VerifiedEntry) {
        let header = entry.header();
        if let Some(opening) = Opening::of(entry).filter(|opening| !self.records.contains_key(&opening.log)) {
            self.open(Record::new(Log::new(opening)));
            self.judge(log);
        }
        let Some(record) = self.records.get_mut(&log) else { return };
        if record.push(entry) != Fit::Next {
            return;
        }
        let good_before = record.judged().good_len;
        let judged = Judged::of(record.judged().line, record.log());
        self.index.insert(&entry.id(), log, header.seq);
        self.set_judged(log, judged);
        // The last entry of a pinned chain makes all those before it good as well.
        let with_others = judged.good_len > good_before.saturating_add(1);
        if with_others || self.erased.concerns(entry) {
            self.refresh_erased();
        }
    }

    /// Learns that a log forks. Taken only where its history is that of the entries held; whether it is news.
    pub fn add_proof(&mut self, proof: VerifiedForkProof) -> bool {
        let Some(opening) = self.opening_of(&proof) else { return false };
        let known = self.records.get(&opening.log);
        if known.and_then(|record| record.log().fork()).is_some_and(|fork| fork <= proof.seq()) {
            return false;
        }
        if !self.may_fork(&opening, known.and_then(|record| record.log().fork())) {
            return false;
        }
        if known.is_none() {
            self.open(Record::new(Log::new(opening)));
        }
        if let Some(record) = self.records.get_mut(&opening.log) {
            record.set_proof(proof);
        }
        self.judge(opening.log);
        self.refresh_erased();
        true
    }

    /// The log that a proof is about: at 0 the one that it opens, else the one held whose history it has.
    fn opening_of(&self, proof: &VerifiedForkProof) -> Option<Opening> {
        let key = proof.key().to_bytes();
        if proof.seq() == 0 {
            return Some(Opening::new(key, proof.incarnation(), CertificateId(proof.history().0)));
        }
        let mut logs = self.logs_of(&key, proof.incarnation());
        let log = logs.find(|record| record.log().history_at(proof.seq()) == Some(proof.history()))?;
        Some(*log.log().opening())
    }

    /// Of a log that is not void, and of a key that the effective certificate of a seated organisation lists.
    fn may_fork(&self, opening: &Opening, fork: Option<u64>) -> bool {
        match standing::line(opening, fork, &self.governance, &self.documents) {
            Line::Good | Line::Forked(_) => true,
            Line::Closed(..) => self.listed_now(opening),
            Line::Waiting(_)
            | Line::RemovedPinned(..)
            | Line::RemovedVoid
            | Line::Suspended
            | Line::NoSeat
            | Line::LosingBranch
            | Line::Contested
            | Line::Unpinned => false,
        }
    }

    fn listed_now(&self, opening: &Opening) -> bool {
        let org = self.documents.org_of(opening.certificate).and_then(|org| self.governance.organisation(org));
        org.filter(|org| org.seat.is_seated())
            .and_then(|org| org.effective())
            .is_some_and(|version| version.listed(&opening.key).is_some())
    }

    /// Logs of which a fork is known.
    pub fn forked_logs(&self) -> BTreeSet<LogId> {
        self.records.iter().filter(|(_, record)| record.log().fork().is_some()).map(|(log, _)| *log).collect()
    }

    /// The log that a proof is about, if it is held.
    pub fn log_of_proof(&self, proof: &VerifiedForkProof) -> Option<LogId> {
        self.opening_of(proof).map(|opening| opening.log).filter(|log| self.records.contains_key(log))
    }

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
