//! Rows that are about to be written, over those that are.

use std::collections::BTreeMap;
use std::ops::Bound;

use sled::{Batch, Tree};

use super::rows;

/// Rows of one batch or of one group of batches. Lies over another one or over the database.
#[derive(Debug, Default)]
pub(super) struct Pending {
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    grown: i64,
}

/// What is read while a batch is prepared: its own rows first, then those of its group, then the database.
pub(super) struct View<'a> {
    pub(super) batch: Pending,
    pub(super) group: &'a Pending,
    pub(super) tree: &'a Tree,
}

fn weight(key: &[u8], value: &[u8]) -> i64 {
    i64::try_from(key.len().saturating_add(value.len())).unwrap_or(i64::MAX)
}

impl View<'_> {
    /// The value of a row.
    pub(super) fn get(&self, key: &[u8]) -> sled::Result<Option<Vec<u8>>> {
        if let Some(row) = self.batch.rows.get(key).or_else(|| self.group.rows.get(key)) {
            return Ok(row.clone());
        }
        Ok(self.tree.get(key)?.map(|value| value.to_vec()))
    }

    /// Takes the value of a row that will be put back changed.
    pub(super) fn take(&mut self, key: &[u8]) -> sled::Result<Option<Vec<u8>>> {
        let value = match self.batch.rows.get_mut(key) {
            Some(row) => row.take(),
            None => self.get(key)?,
        };
        if let Some(value) = &value {
            self.batch.grown = self.batch.grown.saturating_sub(weight(key, value));
        }
        Ok(value)
    }

    /// Writes a row that does not exist, or was taken.
    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.batch.grown = self.batch.grown.saturating_add(weight(&key, &value));
        self.batch.rows.insert(key, Some(value));
    }

    /// Writes a row that may exist.
    pub(super) fn replace(&mut self, key: Vec<u8>, value: Vec<u8>) -> sled::Result<()> {
        self.take(&key)?;
        self.put(key, value);
        Ok(())
    }

    /// Removes a row if it exists.
    pub(super) fn remove(&mut self, key: Vec<u8>) -> sled::Result<()> {
        if self.take(&key)?.is_some() {
            self.batch.rows.insert(key, None);
        }
        Ok(())
    }

    /// Lets a row go that was taken.
    pub(super) fn removed(&mut self, key: Vec<u8>) {
        self.batch.rows.insert(key, None);
    }

    /// Keys with a prefix, from `from` on, ascending.
    pub(super) fn keys_from(&self, prefix: &[u8], from: &[u8]) -> sled::Result<Vec<Vec<u8>>> {
        let mut keys = BTreeMap::new();
        for row in self.tree.range(from..) {
            let (key, _) = row?;
            if !key.starts_with(prefix) {
                break;
            }
            keys.insert(key.to_vec(), true);
        }
        for over in [self.group, &self.batch] {
            let range = over.rows.range(from.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
            keys.extend(range.map(|(key, value)| (key.clone(), value.is_some())));
        }
        Ok(keys.into_iter().filter_map(|(key, exists)| exists.then_some(key)).collect())
    }

    /// The last key with a prefix that is not above `bound`.
    pub(super) fn last_not_above(&self, prefix: &[u8], bound: &[u8]) -> sled::Result<Option<Vec<u8>>> {
        let mut range = (Bound::Unbounded, Bound::Included(bound.to_vec()));
        loop {
            let held = self.tree.range(range.clone()).next_back().transpose()?.map(|(key, _)| key.to_vec());
            let over = [self.group, &self.batch].map(|over| over.rows.range(range.clone()).next_back());
            let over = over.into_iter().flatten().map(|(key, _)| key.clone());
            let Some(last) = over.chain(held).max().filter(|key| key.starts_with(prefix)) else { return Ok(None) };
            let row = self.batch.rows.get(&last).or_else(|| self.group.rows.get(&last));
            if row.is_none_or(Option::is_some) {
                return Ok(Some(last));
            }
            // It is removed here and hides a row of the database: look below it.
            range.1 = Bound::Excluded(last);
        }
    }
}

impl Pending {
    /// Adds the rows of a later one.
    pub(super) fn absorb(&mut self, later: Self) {
        self.rows.extend(later.rows);
        self.grown = self.grown.saturating_add(later.grown);
    }

    /// Whether nothing is written.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as one atomic batch, with the new total of live bytes.
    pub(super) fn into_batch(self, live_bytes: &mut u64) -> Batch {
        *live_bytes = live_bytes.saturating_add_signed(self.grown);
        let mut batch = Batch::default();
        for (key, value) in self.rows {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch.insert(rows::LIVE_BYTES, &live_bytes.to_le_bytes());
        batch
    }
}
