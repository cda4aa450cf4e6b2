//! Appending a run of entries to one log: its last row and its last block stay in hand until the run is over.

use lyceum_protocol::entry::{Payload, VerifiedEntry};
use lyceum_protocol::hash::LogId;
use lyceum_protocol::log::Opening;

use super::{LogPlace, PlanFault, Work};
use crate::store::PayloadHeld;
use crate::store::head::Head;
use crate::store::rows::{self, BadRow, BlockItem, Body, LogNumber, Record};

/// The end of a log, taken out of the rows.
pub(super) struct Tail {
    log: LogId,
    number: LogNumber,
    /// Entries of the log.
    len: u64,
    /// First number of the last row.
    first: u64,
    row: Vec<u8>,
    block: Vec<u8>,
}

impl Tail {
    /// The last entry of the log.
    const fn last(&self) -> u64 {
        self.len.saturating_sub(1)
    }
}

impl Work<'_, '_> {
    pub(super) fn append_own(&mut self, log: LogId, entry: &VerifiedEntry) -> Result<(), PlanFault> {
        let len = self.append(log, entry)?;
        if self.view.get(rows::OWN_LOG)?.as_deref() != Some(&log.0) {
            self.view.replace(rows::OWN_LOG.to_vec(), log.0.to_vec())?;
        }
        self.plan.own.push((log, entry.clone()));
        self.plan.head = Some(Head { log, incarnation: entry.header().incarnation, len, id: entry.id() });
        Ok(())
    }

    /// Appends an entry. The length of its log afterwards.
    pub(super) fn append(&mut self, log: LogId, entry: &VerifiedEntry) -> Result<u64, PlanFault> {
        let mut tail = match self.tail.take() {
            Some(tail) if tail.log == log => tail,
            other => {
                self.tail = other;
                self.close_tail();
                self.open_tail(log, entry)?
            }
        };
        let seq = entry.header().seq;
        if seq != tail.len {
            let next = tail.len;
            return Err(PlanFault::Refused(format!("entry {seq} of log {log} does not follow: {next} is next")));
        }
        if rows::place_in_block(seq) == 0 && !tail.block.is_empty() {
            let full = std::mem::replace(&mut tail.block, Vec::with_capacity(rows::BLOCK_MAX));
            self.view.put(rows::block(tail.number, tail.last()), full);
        }
        let held = match entry.payload() {
            Payload::Present(_) => PayloadHeld::Present,
            Payload::Erased => PayloadHeld::Erased,
            Payload::NotHeld => PayloadHeld::NotHeld,
        };
        BlockItem::new(entry.id(), entry.header(), held).append_to(&mut tail.block);
        self.append_record(&mut tail, entry)?;
        tail.len = seq.saturating_add(1);
        let len = tail.len;
        self.tail = Some(tail);
        Ok(len)
    }

    /// Appends an entry to the last row of its log, or begins the next one.
    fn append_record(&mut self, tail: &mut Tail, entry: &VerifiedEntry) -> Result<(), PlanFault> {
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
                self.put_apart(tail.number, seq, &bytes);
                (Body::Apart(slot), None)
            }
            (None, _, _) | (Some(_), None, None) => (Body::Absent, None),
        };
        let len = rows::record_len(header.len(), inline.map_or(0, <[u8]>::len));
        if !tail.row.is_empty() && tail.row.len().saturating_add(len) > rows::ROW_MAX {
            let full = std::mem::replace(&mut tail.row, Vec::with_capacity(rows::ROW_MAX));
            self.view.put(rows::entries(tail.number, tail.first), full);
        }
        if tail.row.is_empty() {
            tail.first = seq;
        }
        Record { header, signature, body }.append_to(&mut tail.row);
        // In place, where it was just copied to: a payload is never moved twice.
        if let (Some(slot), Some(bytes)) = (here, inline) {
            let from = tail.row.len().saturating_sub(bytes.len());
            slot.encrypt(tail.row.get_mut(from..).unwrap_or_default());
        }
        Ok(())
    }

    /// Takes the end of a log; opens the log if this entry is its first.
    fn open_tail(&mut self, log: LogId, entry: &VerifiedEntry) -> Result<Tail, PlanFault> {
        let place = match self.place(log) {
            Some(place) => place,
            None => self.open(log, entry)?,
        };
        let LogPlace { number, len, .. } = place;
        let mut tail = Tail { log, number, len, first: 0, row: Vec::new(), block: Vec::new() };
        let Some(first) = self.first_of_last_row(place)? else {
            tail.row.reserve(rows::ROW_MAX);
            tail.block.reserve(rows::BLOCK_MAX);
            return Ok(tail);
        };
        tail.first = first;
        tail.row = self.must_take(&rows::entries(number, first))?;
        tail.block = self.must_take(&rows::block(number, tail.last()))?;
        Ok(tail)
    }

    /// Puts back the end of the log that entries were appended to.
    pub(super) fn close_tail(&mut self) {
        let Some(tail) = self.tail.take() else { return };
        let last = tail.last();
        let Tail { log, number, len, first, row, block } = tail;
        self.view.put(rows::entries(number, first), row);
        self.view.put(rows::block(number, last), block);
        self.plan.logs.insert(log, LogPlace { number, len, tail: Some(first) });
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

    /// First number of the last row of a log; none if it is empty.
    fn first_of_last_row(&self, place: LogPlace) -> Result<Option<u64>, PlanFault> {
        let Some(last) = place.len.checked_sub(1) else { return Ok(None) };
        if place.tail.is_some() {
            return Ok(place.tail);
        }
        let key = self.row_of(place.number, last)?;
        Ok(Some(rows::first_of(place.number, &key).ok_or(BadRow("a row of entries has a wrong key"))?))
    }
}
