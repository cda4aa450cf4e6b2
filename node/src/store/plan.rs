//! What a batch of changes means in rows.

use std::collections::BTreeMap;
use std::io;

use lyceum_protocol::codec;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::{Header, Payload, VerifiedEntry};
use lyceum_protocol::fork::ForkProof;
use lyceum_protocol::hash::{LogId, PayloadHash};
use lyceum_protocol::log::Opening;
use lyceum_protocol::replica::{Batch, Change};

use super::PayloadHeld;
use super::head::Head;
use super::pending::{Pending, View};
use super::rows::{self, BadRow, BlockItem, Body, LogNumber, Record};
use super::slots::{FreshSlots, Slot, Slots};

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
        let mut work = Work { planner: self, group, view, plan: Plan::default() };
        for change in &batch.changes {
            work.change(change)?;
        }
        Ok(Plan { rows: work.view.batch, ..work.plan })
    }
}

/// One batch on its way.
struct Work<'a, 'b> {
    planner: &'a mut Planner<'b>,
    group: &'a Plan,
    view: View<'a>,
    plan: Plan,
}

impl Work<'_, '_> {
    fn change(&mut self, change: &Change) -> Result<(), PlanFault> {
        match change {
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
            Change::Entry { log, entry } => {
                self.append(*log, entry)?;
            }
            Change::OwnEntry { log, entry } => self.append_own(*log, entry)?,
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

    fn open(&mut self, log: LogId, entry: &VerifiedEntry) -> Result<LogPlace, PlanFault> {
        let opening = Opening::of(entry).filter(|opening| opening.log == log);
        let opening = opening.ok_or_else(|| PlanFault::Refused(format!("log {log} does not begin with this entry")))?;
        let number = self.plan.next_log.or(self.group.next_log).unwrap_or(self.planner.next_log);
        let next = number.0.checked_add(1).ok_or_else(|| PlanFault::Refused("too many logs".to_owned()))?;
        self.plan.next_log = Some(LogNumber(next));
        self.view.put(rows::log(number), rows::write_opening(&opening));
        Ok(LogPlace { number, len: 0, tail: None })
    }

    fn append_own(&mut self, log: LogId, entry: &VerifiedEntry) -> Result<(), PlanFault> {
        let len = self.append(log, entry)?;
        if self.view.get(rows::OWN_LOG)?.as_deref() != Some(&log.0) {
            self.view.replace(rows::OWN_LOG.to_vec(), log.0.to_vec())?;
        }
        self.plan.own.push((log, entry.clone()));
        self.plan.head = Some(Head { log, incarnation: entry.header().incarnation, len, id: entry.id() });
        Ok(())
    }

    /// Appends an entry. The length of its log afterwards.
    fn append(&mut self, log: LogId, entry: &VerifiedEntry) -> Result<u64, PlanFault> {
        let seq = entry.header().seq;
        let place = match self.place(log) {
            Some(place) => place,
            None => self.open(log, entry)?,
        };
        if seq != place.len {
            let next = place.len;
            return Err(PlanFault::Refused(format!("entry {seq} of log {log} does not follow: {next} is next")));
        }
        let held = match entry.payload() {
            Payload::Present(_) => PayloadHeld::Present,
            Payload::Erased => PayloadHeld::Erased,
            Payload::NotHeld => PayloadHeld::NotHeld,
        };
        let key = rows::block(place.number, seq);
        let mut block =
            if rows::place_in_block(seq) == 0 { Vec::with_capacity(rows::BLOCK_MAX) } else { self.must_take(&key)? };
        BlockItem::new(entry.id(), entry.header(), held).append_to(&mut block);
        self.view.put(key, block);
        let tail = Some(self.append_record(place, entry)?);
        let len = seq.saturating_add(1);
        self.plan.logs.insert(log, LogPlace { number: place.number, len, tail });
        Ok(len)
    }

    /// Appends an entry to the last row of its log, or begins the next one. The first number of that row.
    fn append_record(&mut self, place: LogPlace, entry: &VerifiedEntry) -> Result<u64, PlanFault> {
        let number = place.number;
        let seq = entry.header().seq;
        let (header, signature) = (entry.header_bytes(), entry.signature().0);
        let payload = match entry.payload() {
            Payload::Present(bytes) => Some(bytes.as_ref()),
            Payload::Erased | Payload::NotHeld => None,
        };
        let inline = payload.filter(|bytes| rows::record_len(header.len(), bytes.len()) <= rows::ROW_MAX);
        let slot = payload.map(|_| self.planner.fresh.take(self.planner.slots)).transpose()?;
        let (body, here) = match (slot, payload, inline) {
            (Some(slot), _, Some(bytes)) => (Body::Here(slot.number, bytes), Some(slot)),
            (Some(slot), Some(bytes), None) => {
                let mut bytes = bytes.to_vec();
                let slot = slot.encrypt(&mut bytes);
                self.put_apart(number, seq, &bytes);
                (Body::Apart(slot), None)
            }
            (None, _, _) | (Some(_), None, None) => (Body::Absent, None),
        };
        let record = Record { header, signature, body };
        let len = rows::record_len(header.len(), inline.map_or(0, <[u8]>::len));
        let (first, mut row) = match self.tail_with_room(place, len)? {
            Some((tail, row)) => (tail, row),
            None => (seq, Vec::with_capacity(rows::ROW_MAX)),
        };
        record.append_to(&mut row);
        // In place, where it was just copied to: a payload is never moved twice.
        if let (Some(slot), Some(bytes)) = (here, inline) {
            let from = row.len().saturating_sub(bytes.len());
            slot.encrypt(row.get_mut(from..).unwrap_or_default());
        }
        self.view.put(rows::entries(number, first), row);
        Ok(first)
    }

    /// Takes the last row of a log if `len` bytes more fit it, with its first number.
    fn tail_with_room(&mut self, place: LogPlace, len: usize) -> Result<Option<(u64, Vec<u8>)>, PlanFault> {
        let Some(tail) = self.tail_of(place)? else { return Ok(None) };
        let key = rows::entries(place.number, tail);
        let row = self.must_take(&key)?;
        if row.len().saturating_add(len) <= rows::ROW_MAX {
            return Ok(Some((tail, row)));
        }
        self.view.put(key, row);
        Ok(None)
    }

    /// First number of the last row of a log; none if it is empty.
    fn tail_of(&self, place: LogPlace) -> Result<Option<u64>, PlanFault> {
        let Some(last) = place.len.checked_sub(1) else { return Ok(None) };
        if place.tail.is_some() {
            return Ok(place.tail);
        }
        let key = self.row_of(place.number, last)?;
        Ok(rows::first_of(place.number, &key))
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
