//! What a batch of changes means in rows.

mod append;

use std::collections::BTreeMap;
use std::io;

use lyceum_protocol::codec;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::{Header, VerifiedEntry};
use lyceum_protocol::fork::ForkProof;
use lyceum_protocol::hash::{LogId, PayloadHash};
use lyceum_protocol::replica::{Batch, Change};

use super::PayloadHeld;
use super::head::Head;
use super::pending::{Pending, View};
use super::rows::{self, BadRow, BlockItem, Body, LogNumber};
use super::slots::{FreshSlots, Slot, Slots};
use append::Tail;

/// What the writer knows of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogPlace {
    pub(super) number: LogNumber,
    /// Entries of it.
    pub(super) len: u64,
    /// First number of its last row, if that is known.
    pub(super) tail: Option<u64>,
}

/// Why a batch gives no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanFault {
    /// It contradicts what is held: nothing of it was done, others go on.
    #[error("{0}")]
    Refused(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sled::Error),
    /// The file of keys failed.
    #[error("keys: {0}")]
    Keys(#[from] io::Error),
    /// A row is not what was written.
    #[error(transparent)]
    Row(#[from] BadRow),
}

/// What a batch, or a group of them, changes. Later ones are absorbed by earlier ones, or dropped whole.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) rows: Pending,
    /// Logs with new entries or fewer, as they are afterwards.
    pub(super) logs: BTreeMap<LogId, LogPlace>,
    /// Logs that lose entries, with the least number that stays through all changes.
    pub(super) cut: BTreeMap<LogId, u64>,
    /// Slots to be erased once the rows are durable.
    pub(super) doomed: Vec<Slot>,
    /// Own entries, to be read back.
    pub(super) own: Vec<(LogId, VerifiedEntry)>,
    /// The own log afterwards.
    pub(super) head: Option<Head>,
    /// The number that the next new log gets, if that changed.
    pub(super) next_log: Option<LogNumber>,
}

impl Plan {
    /// Adds what a later one changes.
    pub(super) fn absorb(&mut self, later: Self) {
        self.rows.absorb(later.rows);
        self.logs.extend(later.logs);
        for (log, seq) in later.cut {
            self.cut.entry(log).and_modify(|least| *least = seq.min(*least)).or_insert(seq);
        }
        self.doomed.extend(later.doomed);
        self.own.extend(later.own);
        self.head = later.head.or(self.head);
        self.next_log = later.next_log.or(self.next_log);
    }
}

/// What plans are made with: the logs as they are durable, and the keys.
pub(super) struct Planner<'a> {
    pub(super) logs: &'a BTreeMap<LogId, LogPlace>,
    pub(super) next_log: LogNumber,
    pub(super) slots: &'a Slots,
    pub(super) fresh: &'a mut FreshSlots,
}

impl Planner<'_> {
    /// Turns a batch into rows over those of its group.
    pub(super) fn plan(&mut self, batch: &Batch, group: &Plan, tree: &sled::Tree) -> Result<Plan, PlanFault> {
        let view = View { batch: Pending::default(), group: &group.rows, tree };
        let mut work = Work { planner: self, group, view, plan: Plan::default(), tail: None };
        for change in &batch.changes {
            work.change(change)?;
        }
        work.close_tail();
        Ok(Plan { rows: work.view.batch, ..work.plan })
    }
}

/// One batch on its way.
struct Work<'a, 'b> {
    planner: &'a mut Planner<'b>,
    group: &'a Plan,
    view: View<'a>,
    plan: Plan,
    /// The end of the log that the last change appended to.
    tail: Option<Tail>,
}

impl Work<'_, '_> {
    fn change(&mut self, change: &Change) -> Result<(), PlanFault> {
        match change {
            Change::Entry { log, entry } => {
                self.append(*log, entry)?;
                return Ok(());
            }
            Change::OwnEntry { log, entry } => return self.append_own(*log, entry),
            _ => self.close_tail(),
        }
        match change {
            Change::Entry { .. } | Change::OwnEntry { .. } => {}
            Change::Document(object) => self.document(object)?,
            Change::ForgetDocument(id) => {
                let pieces = rows::document(*id);
                self.remove_all(&pieces)?;
            }
            Change::Signature(signature) => {
                let key = rows::signature(signature.place().target, signature.id());
                self.view.replace(key, codec::encode(&signature.to_untrusted()))?;
            }
            Change::ForgetSignature { target, id } => self.view.remove(rows::signature(*target, *id))?,
            Change::ReplaceFrom { log, seq } => self.cut(*log, *seq)?,
            Change::Fork { log, proof } => self.view.replace(rows::proof(*log), codec::encode(proof.proof()))?,
            Change::Payload { log, seq, bytes } => self.fill(*log, *seq, bytes)?,
            Change::Erase { log, seq } => self.erase(*log, *seq)?,
            Change::Checkpoint(id) => self.view.replace(rows::CHECKPOINT.to_vec(), id.0.to_vec())?,
        }
        Ok(())
    }

    fn remove_all(&mut self, prefix: &[u8]) -> Result<(), PlanFault> {
        for key in self.view.keys_from(prefix, prefix)? {
            self.view.remove(key)?;
        }
        Ok(())
    }

    fn document(&mut self, object: &DocumentObject) -> Result<(), PlanFault> {
        let pieces = rows::document(object.id());
        if self.view.get(&rows::document_piece(object.id(), 0))?.is_some() {
            self.remove_all(&pieces)?;
        }
        let value = super::recover::write_document(object);
        for (piece, bytes) in (0..).zip(value.chunks(rows::PIECE_MAX)) {
            self.view.put(rows::document_piece(object.id(), piece), bytes.to_vec());
        }
        Ok(())
    }

    fn place(&self, log: LogId) -> Option<LogPlace> {
        let placed = self.plan.logs.get(&log).or_else(|| self.group.logs.get(&log));
        placed.or_else(|| self.planner.logs.get(&log)).copied()
    }

    fn held(&self, log: LogId, seq: u64) -> Result<LogPlace, PlanFault> {
        match self.place(log) {
            Some(place) if seq < place.len => Ok(place),
            _ => Err(PlanFault::Refused(format!("entry {seq} of log {log} is not held"))),
        }
    }

    fn put_apart(&mut self, number: LogNumber, seq: u64, bytes: &[u8]) {
        for (piece, bytes) in (0..).zip(bytes.chunks(rows::PIECE_MAX)) {
            self.view.put(rows::payload_piece(number, seq, piece), bytes.to_vec());
        }
    }

    /// Key of the row that holds an entry.
    fn row_of(&self, number: LogNumber, seq: u64) -> Result<Vec<u8>, PlanFault> {
        let key = self.view.last_not_above(&rows::entries_of(number), &rows::entries(number, seq))?;
        Ok(key.ok_or(BadRow("a row is missing"))?)
    }

    fn must_take(&mut self, key: &[u8]) -> Result<Vec<u8>, PlanFault> {
        Ok(self.view.take(key)?.ok_or(BadRow("a row is missing"))?)
    }

    /// Dooms the key of a payload: its bytes are unreadable once the rows are durable and the slot is overwritten.
    fn doom(&mut self, slot: Slot) {
        self.view.put(rows::doomed(slot), Vec::new());
        self.plan.doomed.push(slot);
    }

    /// Removes the entries of a log from a number on, with their payloads, and a fork proof of the branch that goes.
    fn cut(&mut self, log: LogId, seq: u64) -> Result<(), PlanFault> {
        self.cut_proof(log, seq)?;
        let Some(place) = self.place(log).filter(|place| seq < place.len) else {
            // Nothing is held from there on.
            return Ok(());
        };
        let number = place.number;
        let first = self.row_of(number, seq)?;
        for key in self.view.keys_from(&rows::entries_of(number), &first)? {
            let row = self.must_take(&key)?;
            let start = rows::first_of(number, &key).ok_or(BadRow("a row of entries has a wrong key"))?;
            let mut kept = Vec::new();
            for (at, record) in (start..).zip(rows::read_row(&row)?) {
                if at < seq {
                    record.append_to(&mut kept);
                    continue;
                }
                if let Body::Apart(_) = record.body {
                    self.remove_all(&rows::payload(number, at))?;
                }
                if let Some(slot) = record.slot() {
                    self.doom(slot);
                }
            }
            self.put_or_remove(key, kept);
        }
        let first = rows::block(number, seq);
        for key in self.view.keys_from(&rows::blocks(number), &first)? {
            let mut block = self.must_take(&key)?;
            block.truncate(if key == first { rows::block_len_below(rows::place_in_block(seq)) } else { 0 });
            self.put_or_remove(key, block);
        }
        self.plan.logs.insert(log, LogPlace { number, len: seq, tail: None });
        self.plan.cut.entry(log).and_modify(|least| *least = seq.min(*least)).or_insert(seq);
        Ok(())
    }

    /// A fork above the cut was one of the branch that goes: kept, it would come back with the next start.
    fn cut_proof(&mut self, log: LogId, seq: u64) -> Result<(), PlanFault> {
        let Some(row) = self.view.get(&rows::proof(log))? else { return Ok(()) };
        let bad = BadRow("a fork proof cannot be read");
        let proof = ForkProof::read(&row).map_err(|_| bad)?;
        if Header::read(&proof.header_a).map_err(|_| bad)?.seq > seq {
            self.view.remove(rows::proof(log))?;
        }
        Ok(())
    }

    /// Puts back a row that was taken, or lets it go if nothing is left of it.
    fn put_or_remove(&mut self, key: Vec<u8>, value: Vec<u8>) {
        if value.is_empty() {
            self.view.removed(key);
        } else {
            self.view.put(key, value);
        }
    }

    fn fill(&mut self, log: LogId, seq: u64, bytes: &[u8]) -> Result<(), PlanFault> {
        let place = self.held(log, seq)?;
        let item = self.item(place.number, seq)?;
        if u32::try_from(bytes.len()) != Ok(item.held.payload_len) {
            return Err(PlanFault::Refused(format!("the payload of entry {seq} of log {log} has another length")));
        }
        if item.held.payload == PayloadHeld::Present {
            return Ok(());
        }
        if self.payload_hash(place.number, seq)? != PayloadHash::of(bytes) {
            return Err(PlanFault::Refused(format!("the payload of entry {seq} of log {log} is another one")));
        }
        let mut bytes = bytes.to_vec();
        let slot = self.planner.fresh.take(self.planner.slots)?;
        let slot = slot.encrypt(&mut bytes);
        // In rows of its own, because the row of its entry may have no room left.
        self.put_apart(place.number, seq, &bytes);
        self.set_body(place.number, seq, Some(slot), PayloadHeld::Present)
    }

    fn payload_hash(&self, number: LogNumber, seq: u64) -> Result<PayloadHash, PlanFault> {
        let key = self.row_of(number, seq)?;
        let start = rows::first_of(number, &key).ok_or(BadRow("a row of entries has a wrong key"))?;
        let row = self.view.get(&key)?.ok_or(BadRow("a row is missing"))?;
        let record = rows::read_row(&row)?.into_iter().zip(start..).find(|(_, at)| *at == seq);
        let (record, _) = record.ok_or(BadRow("an entry is missing in its row"))?;
        let header = Header::read(record.header).map_err(|_| BadRow("a header cannot be read"))?;
        Ok(header.payload_hash)
    }

    fn erase(&mut self, log: LogId, seq: u64) -> Result<(), PlanFault> {
        let place = self.held(log, seq)?;
        let item = self.item(place.number, seq)?;
        if item.held.kind.is_protocol() {
            return Err(PlanFault::Refused(format!("entry {seq} of log {log} is of a kind that is never erased")));
        }
        if item.held.payload == PayloadHeld::Erased {
            return Ok(());
        }
        self.set_body(place.number, seq, None, PayloadHeld::Erased)
    }

    fn item(&self, number: LogNumber, seq: u64) -> Result<BlockItem, PlanFault> {
        let block = self.view.get(&rows::block(number, seq))?.ok_or(BadRow("a block is missing"))?;
        Ok(rows::item_of(&block, seq)?)
    }

    /// Says in row and block what is held of a payload from now on; what was held before goes.
    fn set_body(
        &mut self,
        number: LogNumber,
        seq: u64,
        apart: Option<Slot>,
        payload: PayloadHeld,
    ) -> Result<(), PlanFault> {
        let key = self.row_of(number, seq)?;
        let start = rows::first_of(number, &key).ok_or(BadRow("a row of entries has a wrong key"))?;
        let row = self.must_take(&key)?;
        let mut changed = Vec::new();
        for (at, mut record) in (start..).zip(rows::read_row(&row)?) {
            if at == seq {
                if let Some(slot) = record.slot() {
                    self.doom(slot);
                }
                if let Body::Apart(_) = record.body {
                    self.remove_all(&rows::payload(number, at))?;
                }
                record.body = apart.map_or(Body::Absent, Body::Apart);
            }
            record.append_to(&mut changed);
        }
        self.view.put(key, changed);
        let key = rows::block(number, seq);
        let mut block = self.must_take(&key)?;
        let mut item = rows::item_of(&block, seq)?;
        item.held.payload = payload;
        rows::set_item(&mut block, seq, &item);
        self.view.put(key, block);
        Ok(())
    }
}
