//! Reading entries back: the row, the payload and its key, recognised by the id that is known of each.

use std::io;
use std::sync::Arc;

use lyceum_protocol::entry::{EntryFault, Payload, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::hash::NetworkId;
use lyceum_protocol::key::SignatureBytes;
use lyceum_protocol::limits;

use super::PayloadHeld;
use super::plan::LogPlace;
use super::rows::{self, BadRow, BlockItem, Body, LogNumber, Record};
use super::slots::{ReadKeys, Slot, Slots};

/// Why an entry could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadFault {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sled::Error),
    /// The file of keys failed.
    #[error("keys: {0}")]
    Keys(#[from] io::Error),
    /// A row is not what was written.
    #[error(transparent)]
    Row(#[from] BadRow),
    /// The key of a payload that should be held is gone.
    #[error("the key of the payload of entry {0} is gone")]
    NoKey(u64),
    /// The entry is not the one that was stored.
    #[error("entry {0}: {1}")]
    Entry(u64, EntryFault),
}

/// What is needed to read entries.
pub(super) struct EntryReader<'a> {
    pub(super) tree: &'a sled::Tree,
    pub(super) slots: &'a Slots,
    pub(super) network: NetworkId,
}

impl EntryReader<'_> {
    /// Consecutive entries of a log, as [`super::LogStore::entries`] says.
    pub(super) fn entries(
        &self,
        place: LogPlace,
        from: u64,
        until: u64,
        max_bytes: usize,
    ) -> Result<Vec<VerifiedEntry>, ReadFault> {
        let until = until.min(place.len);
        let mut entries = Vec::new();
        if from >= until {
            return Ok(entries);
        }
        let prefix = rows::entries_of(place.number);
        let start = self.tree.range(..=rows::entries(place.number, from)).next_back().transpose()?;
        let start = start.filter(|(key, _)| key.starts_with(&prefix)).ok_or(BadRow("a row is missing"))?;
        let mut blocks = Blocks { tree: self.tree, number: place.number, first: None, items: Vec::new() };
        let mut keys = ReadKeys::new(self.slots, until.saturating_sub(from));
        let mut room = max_bytes;
        let mut next = from;
        for row in self.tree.range(start.0..) {
            let (key, row) = row?;
            let Some(first) = rows::first_of(place.number, &key) else { break };
            for (seq, record) in (first..).zip(rows::read_row(&row)?) {
                if seq < next {
                    continue;
                }
                if seq > next {
                    return Err(BadRow("an entry is missing between two rows").into());
                }
                // The next one is read even if it may not fit, once a page: its size is known only then.
                let entry = self.entry(place.number, seq, &record, &blocks.item(seq)?, &mut keys)?;
                let size = entry.size();
                if size > room && !entries.is_empty() {
                    return Ok(entries);
                }
                room = room.saturating_sub(size);
                entries.push(entry);
                next = seq.saturating_add(1);
                if next == until {
                    return Ok(entries);
                }
            }
        }
        Err(BadRow("the last entries of a log are missing").into())
    }

    fn entry(
        &self,
        number: LogNumber,
        seq: u64,
        record: &Record<'_>,
        item: &BlockItem,
        keys: &mut ReadKeys<'_>,
    ) -> Result<VerifiedEntry, ReadFault> {
        let payload = match (record.body, item.held.payload) {
            (Body::Absent, PayloadHeld::Erased) => Payload::Erased,
            (Body::Absent, PayloadHeld::NotHeld) => Payload::NotHeld,
            (Body::Here(slot, bytes), PayloadHeld::Present) => decrypt(keys, seq, slot, bytes.into())?,
            (Body::Apart(slot), PayloadHeld::Present) => decrypt(keys, seq, slot, self.pieces(number, seq)?.into())?,
            (Body::Absent | Body::Here(..) | Body::Apart(_), _) => {
                return Err(BadRow("row and block differ about a payload").into());
            }
        };
        let signature = SignatureBytes(record.signature);
        let entry = UntrustedEntry { header: record.header.to_vec(), signature, payload };
        entry.recognise(self.network, item.held.id).map_err(|fault| ReadFault::Entry(seq, fault))
    }

    fn pieces(&self, number: LogNumber, seq: u64) -> Result<Vec<u8>, ReadFault> {
        let mut bytes = Vec::new();
        for piece in self.tree.scan_prefix(rows::payload(number, seq)) {
            bytes.extend_from_slice(&piece?.1);
            if bytes.len() > limits::PAYLOAD_MAX as usize {
                return Err(BadRow("a payload is too long").into());
            }
        }
        Ok(bytes)
    }
}

fn decrypt(keys: &mut ReadKeys<'_>, seq: u64, slot: Slot, mut bytes: Arc<[u8]>) -> Result<Payload, ReadFault> {
    // Nobody else holds them yet, so nothing is copied.
    if keys.decrypt(slot, Arc::make_mut(&mut bytes))? {
        Ok(Payload::Present(bytes))
    } else {
        Err(ReadFault::NoKey(seq))
    }
}

/// The block of the entry that is being read.
struct Blocks<'a> {
    tree: &'a sled::Tree,
    number: LogNumber,
    first: Option<u64>,
    items: Vec<BlockItem>,
}

impl Blocks<'_> {
    fn item(&mut self, seq: u64) -> Result<BlockItem, ReadFault> {
        let place = rows::place_in_block(seq);
        let first = seq.saturating_sub(place);
        if self.first != Some(first) {
            let block = self.tree.get(rows::block(self.number, seq))?.ok_or(BadRow("a block is missing"))?;
            self.items = rows::read_block(&block)?;
            self.first = Some(first);
        }
        let item = usize::try_from(place).ok().and_then(|place| self.items.get(place));
        Ok(*item.ok_or(BadRow("a block is too short"))?)
    }
}
