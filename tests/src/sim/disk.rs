//! A simulated store: what was made durable, and what is still on its way there and lost by a crash.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lyceum_protocol::document::signature::VerifiedSignature;
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::entry::{Payload, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, NetworkId, ObjectId, OrgId, SignatureId};
use lyceum_protocol::log::{Log, Opening};
use lyceum_protocol::replica::event::Ticket;
use lyceum_protocol::replica::{Batch, Change, Load};
use lyceum_protocol::state::{Fact, Record, State};

#[derive(Debug, Clone)]
struct StoredLog {
    opening: Opening,
    entries: Vec<VerifiedEntry>,
    proof: Option<VerifiedForkProof>,
}

/// What one node has on its disk.
#[derive(Debug, Clone)]
pub struct Disk {
    network: NetworkId,
    checkpoint: CharterId,
    documents: BTreeMap<ObjectId, DocumentObject>,
    signatures: BTreeMap<(ObjectId, SignatureId), VerifiedSignature>,
    logs: BTreeMap<LogId, StoredLog>,
    own_log: Option<LogId>,
    pending: VecDeque<(Ticket, Batch)>,
}

impl Disk {
    /// A disk that holds these documents and nothing else.
    pub fn new(network: NetworkId, checkpoint: CharterId, batch: DocumentBatch) -> Self {
        let signatures = batch.signatures.into_iter();
        Self {
            network,
            checkpoint,
            documents: batch.objects.into_iter().map(|object| (object.id(), object)).collect(),
            signatures: signatures.map(|signature| ((signature.place().target, signature.id()), signature)).collect(),
            logs: BTreeMap::new(),
            own_log: None,
            pending: VecDeque::new(),
        }
    }

    /// The log of the own key that was written last.
    pub const fn own_log(&self) -> Option<LogId> {
        self.own_log
    }

    /// Takes a batch on its way.
    pub fn write(&mut self, ticket: Ticket, batch: Batch) {
        self.pending.push_back((ticket, batch));
    }

    /// Batches on their way.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// The oldest batch becomes durable.
    pub fn flush(&mut self) -> Option<(Ticket, Result<Vec<VerifiedEntry>, String>)> {
        let (ticket, batch) = self.pending.pop_front()?;
        let mut own = Vec::new();
        for change in batch.changes {
            if let Change::OwnEntry { entry, .. } = &change {
                own.push(entry.clone());
            }
            if let Err(fault) = self.apply(change) {
                return Some((ticket, Err(fault)));
            }
        }
        Some((ticket, Ok(own)))
    }

    /// Power is lost: what was on its way is gone. How many batches that were.
    pub fn crash(&mut self) -> usize {
        let lost = self.pending.len();
        self.pending.clear();
        lost
    }

    /// A copy of what is durable, as a backup has it.
    pub fn backup(&self) -> Self {
        Self { pending: VecDeque::new(), ..self.clone() }
    }

    /// Puts a backup in the place of what is here. The head file lies elsewhere: it tells whether the own log may be
    /// gone on with.
    pub fn restore(&mut self, backup: Self) {
        let head = |disk: &Self| disk.own_log.and_then(|log| Some((log, disk.logs.get(&log)?.entries.len())));
        let is_newest = head(self) == head(&backup);
        let own_log = self.own_log.filter(|_| is_newest);
        *self = Self { own_log, ..backup };
    }

    /// Whether an entry is durable.
    pub fn holds(&self, log: LogId, seq: u64, id: EntryId) -> bool {
        self.entry(log, seq).is_some_and(|entry| entry.id() == id)
    }

    /// What is durable of a payload.
    pub fn payload(&self, log: LogId, seq: u64) -> Option<&Payload> {
        self.entry(log, seq).map(VerifiedEntry::payload)
    }

    fn entry(&self, log: LogId, seq: u64) -> Option<&VerifiedEntry> {
        self.logs.get(&log)?.entries.get(usize::try_from(seq).ok()?)
    }

    fn apply(&mut self, change: Change) -> Result<(), String> {
        match change {
            Change::Document(object) => drop(self.documents.insert(object.id(), object)),
            Change::Signature(signature) => {
                self.signatures.insert((signature.place().target, signature.id()), signature);
            }
            Change::ForgetDocument(id) => drop(self.documents.remove(&id)),
            Change::ForgetSignature { target, id } => {
                self.signatures.remove(&(target, id));
            }
            Change::Entry { log, entry } => return self.append(log, entry),
            Change::OwnEntry { log, entry } => {
                self.own_log = Some(log);
                return self.append(log, entry);
            }
            Change::ReplaceFrom { log, seq } => {
                let stored = self.logs.get_mut(&log).ok_or("a log is cut that is not stored")?;
                stored.entries.truncate(usize::try_from(seq).unwrap_or(usize::MAX));
                // A proof above the cut is about a chain that is held no more.
                stored.proof = stored.proof.take().filter(|proof| proof.seq() <= seq);
            }
            Change::Fork { log, proof } => {
                let opening =
                    || Opening::new(proof.key().to_bytes(), proof.incarnation(), CertificateId(proof.history().0));
                let stored = self.logs.entry(log).or_insert_with(|| StoredLog {
                    opening: opening(),
                    entries: Vec::new(),
                    proof: None,
                });
                stored.proof = Some(proof);
            }
            Change::Payload { log, seq, bytes } => self.set_payload(log, seq, Payload::Present(bytes))?,
            Change::Erase { log, seq } => self.set_payload(log, seq, Payload::Erased)?,
            Change::Checkpoint(charter) => self.checkpoint = charter,
        }
        Ok(())
    }

    fn append(&mut self, log: LogId, entry: VerifiedEntry) -> Result<(), String> {
        let opening = Opening::of(&entry);
        let seq = entry.header().seq;
        if let Some(opening) = opening.filter(|_| !self.logs.contains_key(&log)) {
            self.logs.insert(log, StoredLog { opening, entries: Vec::new(), proof: None });
        }
        let stored = self.logs.get_mut(&log).ok_or_else(|| format!("entry {seq} of a log that is not stored"))?;
        if stored.entries.len() as u64 != seq {
            return Err(format!("entry {seq} is stored after {} entries", stored.entries.len()));
        }
        stored.entries.push(entry);
        Ok(())
    }

    fn set_payload(&mut self, log: LogId, seq: u64, payload: Payload) -> Result<(), String> {
        let at = usize::try_from(seq).unwrap_or(usize::MAX);
        let entry = self.logs.get_mut(&log).and_then(|stored| stored.entries.get_mut(at));
        let entry = entry.ok_or_else(|| format!("the payload of an entry {seq} that is not stored"))?;
        let (mut bytes, id) = (entry.to_untrusted(), entry.id());
        bytes.payload = payload;
        *entry = bytes.recognise(self.network, id).map_err(|fault| fault.to_string())?;
        Ok(())
    }

    /// Reads what is durable.
    pub fn load(&self, load: &Load) -> Vec<VerifiedEntry> {
        match load {
            Load::Entries { log, from, until, max_bytes } => {
                let (mut bytes, mut found) = (0, Vec::new());
                for seq in *from..*until {
                    let Some(entry) = self.entry(*log, seq) else { break };
                    bytes += entry.size();
                    if !found.is_empty() && bytes > *max_bytes as usize {
                        break;
                    }
                    found.push(entry.clone());
                }
                found
            }
            Load::Some { places } => places.iter().filter_map(|(log, seq)| self.entry(*log, *seq)).cloned().collect(),
        }
    }

    /// The state that a start finds.
    pub fn recover(&self, own: OrgId) -> State {
        let mut state = State::new(self.network, self.checkpoint, Some(own));
        for stored in self.logs.values() {
            state.restore_log(record(stored));
        }
        let batch = DocumentBatch {
            objects: self.documents.values().cloned().collect(),
            signatures: self.signatures.values().copied().collect(),
        };
        // What the bounds drop now was about to be dropped when the power went: it will be dropped again.
        let _change = state.finish_restore(batch);
        state
    }
}

fn record(stored: &StoredLog) -> Record {
    let ids = stored.entries.iter().map(VerifiedEntry::id).collect();
    let suite = stored.entries.last().map_or(0, |entry| entry.header().suite);
    let fork = stored.proof.as_ref().map(VerifiedForkProof::seq);
    let fact = |entry: &VerifiedEntry| {
        let header = entry.header();
        Fact { time: header.time, kind: header.kind, marking: header.marking, payload_len: header.payload_len }
    };
    let facts = stored.entries.iter().map(fact).collect();
    let missing = stored.entries.iter().filter(|entry| matches!(entry.payload(), Payload::NotHeld));
    let gaps: BTreeSet<u64> = missing.map(|entry| entry.header().seq).collect();
    let protocol: Vec<VerifiedEntry> =
        stored.entries.iter().filter(|entry| entry.header().kind.is_protocol()).cloned().collect();
    Record::restored(Log::restored(stored.opening, ids, suite, fork), facts, stored.proof.clone(), gaps, &protocol)
}
