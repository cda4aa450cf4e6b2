//! From an entry's id to its place, in 16 bytes an entry.
//!
//! Derived data: rebuilt from the chains at every start. It holds the first eight bytes of each id; whoever looks one
//! up compares the whole id with the chain, so two ids that share them cost a comparison and no more.

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::{EntryId, LogId};

/// Places of entries by the leading bytes of their ids.
#[derive(Debug, Clone, Default)]
pub struct EntryIndex {
    places: BTreeSet<(u64, u32, u32)>,
    numbers: BTreeMap<LogId, u32>,
    logs: Vec<LogId>,
}

/// The leading eight bytes of an id, as a number that sorts as the id does.
fn leading(id: &EntryId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = id.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl EntryIndex {
    fn number(&mut self, log: LogId) -> u32 {
        if let Some(number) = self.numbers.get(&log) {
            return *number;
        }
        let number = u32::try_from(self.logs.len()).unwrap_or(u32::MAX);
        self.logs.push(log);
        self.numbers.insert(log, number);
        number
    }

    /// Remembers where an entry stands. Logs of more than 2^32 entries are not indexed beyond that.
    pub fn insert(&mut self, id: &EntryId, log: LogId, seq: u64) {
        let Ok(seq) = u32::try_from(seq) else { return };
        let number = self.number(log);
        self.places.insert((leading(id), number, seq));
    }

    /// Forgets an entry.
    pub fn remove(&mut self, id: &EntryId, log: LogId, seq: u64) {
        let (Ok(seq), Some(number)) = (u32::try_from(seq), self.numbers.get(&log)) else { return };
        self.places.remove(&(leading(id), *number, seq));
    }

    /// Places of entries whose id may be this one.
    pub fn candidates(&self, id: &EntryId) -> impl Iterator<Item = (LogId, u64)> {
        let first = leading(id);
        self.range(first, first)
    }

    /// Places of entries whose leading eight bytes lie between these, both included.
    pub fn range(&self, first: u64, last: u64) -> impl Iterator<Item = (LogId, u64)> {
        let places = self.places.range((first, 0, 0)..=(last, u32::MAX, u32::MAX));
        places.filter_map(|(_, number, seq)| {
            let log = usize::try_from(*number).ok().and_then(|number| self.logs.get(number))?;
            Some((*log, u64::from(*seq)))
        })
    }
}
