//! The rows of the database: their keys, and what a value holds.
//!
//! Consecutive entries of one log share a row, what must be known of each without reading it lies in blocks, and no
//! row is keyed by a random id: that decides how fast this engine writes. No value is longer than 4 KiB, so that no
//! page of 16 grows beyond what the engine keeps in its one synced file.

use lyceum_protocol::entry::{Header, Kind};
use lyceum_protocol::hash::{CertificateId, EntryId, LogId, ObjectId, SignatureId};
use lyceum_protocol::limits;
use lyceum_protocol::log::Opening;

use super::slots::Slot;
use super::{HeldEntry, PayloadHeld};

/// Longest value of a row that holds entries.
pub(super) const ROW_MAX: usize = 3_900;
/// Longest piece of what is cut into several rows.
pub(super) const PIECE_MAX: usize = 4_096;
/// Entries of one block.
pub(super) const BLOCK_ENTRIES: u64 = 64;
/// Bytes of one entry in a block.
const HELD_LEN: usize = 51;
/// Bytes of a full block.
pub(super) const BLOCK_MAX: usize = 64 * HELD_LEN;

/// Short number of a log in the keys of its rows, in the order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogNumber(pub(super) u32);

/// A row that is not what was written: how it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadRow(pub(super) &'static str);

/// The alliance whose entries these are.
pub(super) const NETWORK: &[u8] = b"mnetwork";
/// From where epochs count.
pub(super) const CHECKPOINT: &[u8] = b"mcheckpoint";
/// The log in which this node wrote last.
pub(super) const OWN_LOG: &[u8] = b"mown";
/// Bytes of all rows that count.
pub(super) const LIVE_BYTES: &[u8] = b"mlive";

/// Rows of documents and motions, all pieces.
pub(super) const DOCUMENTS: &[u8] = b"d";
/// Rows of signatures.
pub(super) const SIGNATURES: &[u8] = b"s";
/// Rows of fork proofs.
pub(super) const PROOFS: &[u8] = b"f";
/// Rows of logs.
pub(super) const LOGS: &[u8] = b"l";
/// Rows of slots that have to be erased.
pub(super) const DOOMED: &[u8] = b"x";

/// All pieces of a document.
pub(super) fn document(id: ObjectId) -> Vec<u8> {
    [DOCUMENTS, &id.0].concat()
}

/// One piece of a document.
pub(super) fn document_piece(id: ObjectId, piece: u16) -> Vec<u8> {
    [DOCUMENTS, &id.0, &piece.to_be_bytes()].concat()
}

/// A signature.
pub(super) fn signature(target: ObjectId, id: SignatureId) -> Vec<u8> {
    [SIGNATURES, &target.0, &id.0].concat()
}

/// The fork proof of a log.
pub(super) fn proof(log: LogId) -> Vec<u8> {
    [PROOFS, &log.0].concat()
}

/// The opening of a log.
pub(super) fn log(number: LogNumber) -> Vec<u8> {
    [LOGS, &number.0.to_be_bytes()].concat()
}

/// The entries of a log from a number on.
pub(super) fn entries(number: LogNumber, first: u64) -> Vec<u8> {
    [b"e".as_slice(), &number.0.to_be_bytes(), &first.to_be_bytes()].concat()
}

/// All rows of entries of a log.
pub(super) fn entries_of(number: LogNumber) -> Vec<u8> {
    [b"e".as_slice(), &number.0.to_be_bytes()].concat()
}

/// What must be known of the entries of a log, from the first number of the block that holds `seq`.
pub(super) fn block(number: LogNumber, seq: u64) -> Vec<u8> {
    let first = seq.saturating_sub(place_in_block(seq));
    [b"i".as_slice(), &number.0.to_be_bytes(), &first.to_be_bytes()].concat()
}

/// All blocks of a log.
pub(super) fn blocks(number: LogNumber) -> Vec<u8> {
    [b"i".as_slice(), &number.0.to_be_bytes()].concat()
}

/// All pieces of a payload that lies apart from its entry.
pub(super) fn payload(number: LogNumber, seq: u64) -> Vec<u8> {
    [b"p".as_slice(), &number.0.to_be_bytes(), &seq.to_be_bytes()].concat()
}

/// One piece of a payload that lies apart from its entry.
pub(super) fn payload_piece(number: LogNumber, seq: u64, piece: u16) -> Vec<u8> {
    [b"p".as_slice(), &number.0.to_be_bytes(), &seq.to_be_bytes(), &piece.to_be_bytes()].concat()
}

/// A slot that has to be erased.
pub(super) fn doomed(slot: Slot) -> Vec<u8> {
    [DOOMED, &slot.0.to_be_bytes()].concat()
}

/// The slot that a key of [`DOOMED`] names.
pub(super) fn doomed_slot(key: &[u8]) -> Result<Slot, BadRow> {
    let mut read = Reader(key.strip_prefix(DOOMED).unwrap_or_default());
    Ok(Slot(u64::from_be_bytes(read.array()?)))
}

/// The number of the first entry in a row, out of its key; none if it belongs to another log or is no such row.
pub(super) fn first_of(number: LogNumber, key: &[u8]) -> Option<u64> {
    let first = key.strip_prefix(b"e")?.strip_prefix(&number.0.to_be_bytes())?;
    Some(u64::from_be_bytes(first.try_into().ok()?))
}

/// The number of a log, out of its key.
pub(super) fn log_number(key: &[u8]) -> Result<LogNumber, BadRow> {
    let mut read = Reader(key.strip_prefix(LOGS).unwrap_or_default());
    Ok(LogNumber(u32::from_be_bytes(read.array()?)))
}

/// Place of an entry in its block.
pub(super) const fn place_in_block(seq: u64) -> u64 {
    seq % BLOCK_ENTRIES
}

/// The value of an opening.
pub(super) fn write_opening(opening: &Opening) -> Vec<u8> {
    [&opening.key, opening.incarnation.to_le_bytes().as_slice(), &opening.certificate.0].concat()
}

/// Reads the value of an opening.
pub(super) fn read_opening(value: &[u8]) -> Result<Opening, BadRow> {
    let mut read = Reader(value);
    let key = read.array()?;
    let incarnation = u64::from_le_bytes(read.array()?);
    let certificate = CertificateId(read.array()?);
    read.end()?;
    Ok(Opening::new(key, incarnation, certificate))
}

/// What a block holds of one entry, with its suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockItem {
    pub(super) held: HeldEntry,
    pub(super) suite: u8,
}

impl BlockItem {
    /// What is known of an entry, by its header.
    pub(super) fn new(id: EntryId, header: &Header, payload: PayloadHeld) -> Self {
        let Header { time, kind, marking, payload_len, suite, .. } = *header;
        Self { held: HeldEntry { id, time, kind, marking, payload_len, payload }, suite }
    }

    /// Adds it at the end of a block.
    pub(super) fn append_to(&self, block: &mut Vec<u8>) {
        block.extend(self.held.id.0);
        block.extend(self.held.time.to_le_bytes());
        block.extend(self.held.kind.0.to_le_bytes());
        block.push(self.held.marking);
        block.extend(self.held.payload_len.to_le_bytes());
        block.push(self.suite);
        block.push(match self.held.payload {
            PayloadHeld::Present => 0,
            PayloadHeld::Erased => 1,
            PayloadHeld::NotHeld => 2,
        });
    }

    fn read(bytes: &[u8]) -> Result<Self, BadRow> {
        let mut read = Reader(bytes);
        let id = EntryId(read.array()?);
        let time = u64::from_le_bytes(read.array()?);
        let kind = Kind(u32::from_le_bytes(read.array()?));
        let [marking] = read.array()?;
        let payload_len = u32::from_le_bytes(read.array()?);
        let [suite, payload] = read.array()?;
        let payload = match payload {
            0 => PayloadHeld::Present,
            1 => PayloadHeld::Erased,
            2 => PayloadHeld::NotHeld,
            _ => return Err(BadRow("a block says of a payload what there is not")),
        };
        Ok(Self { held: HeldEntry { id, time, kind, marking, payload_len, payload }, suite })
    }
}

/// Reads a block.
pub(super) fn read_block(block: &[u8]) -> Result<Vec<BlockItem>, BadRow> {
    let (items, rest) = block.as_chunks::<HELD_LEN>();
    if !rest.is_empty() || !(1..=BLOCK_ENTRIES).contains(&(items.len() as u64)) {
        return Err(BadRow("a block has no such length"));
    }
    items.iter().map(|item| BlockItem::read(item)).collect()
}

/// What a block says of one entry.
pub(super) fn item_of(block: &[u8], seq: u64) -> Result<BlockItem, BadRow> {
    let bytes = block.get(block_len_below(place_in_block(seq))..).and_then(|rest| rest.get(..HELD_LEN));
    BlockItem::read(bytes.ok_or(BadRow("a block is too short"))?)
}

/// Changes what a block says of one entry, which it has.
pub(super) fn set_item(block: &mut Vec<u8>, seq: u64, item: &BlockItem) {
    let tail = block.split_off(block_len_below(place_in_block(seq)).min(block.len()));
    item.append_to(block);
    block.extend(tail.get(HELD_LEN..).unwrap_or_default());
}

/// Length of a block with the items below `place` only.
pub(super) fn block_len_below(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(HELD_LEN)
}

/// Where the payload of an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// Nowhere: its block says why.
    Absent,
    /// Behind its header, encrypted.
    Here(Slot, &'a [u8]),
    /// In rows of its own, encrypted.
    Apart(Slot),
}

/// An entry in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) header: &'a [u8],
    pub(super) signature: [u8; limits::SIGNATURE_LEN],
    pub(super) body: Body<'a>,
}

/// Bytes of an entry in its row, with a payload of this length behind it.
pub(super) const fn record_len(header: usize, payload: usize) -> usize {
    2_usize.saturating_add(header).saturating_add(limits::SIGNATURE_LEN + 1 + 8 + 4).saturating_add(payload)
}

impl<'a> Record<'a> {
    /// Adds it at the end of a row.
    pub(super) fn append_to(&self, row: &mut Vec<u8>) {
        // A header has at most 653 bytes and a payload of 4 KiB or more lies apart: neither number is ever cut.
        row.extend(u16::try_from(self.header.len()).unwrap_or(u16::MAX).to_le_bytes());
        row.extend(self.header);
        row.extend(self.signature);
        match self.body {
            Body::Absent => row.push(0),
            Body::Here(slot, bytes) => {
                row.push(1);
                row.extend(slot.0.to_le_bytes());
                row.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
                row.extend(bytes);
            }
            Body::Apart(slot) => {
                row.push(2);
                row.extend(slot.0.to_le_bytes());
            }
        }
    }

    fn read(from: &mut Reader<'a>) -> Result<Self, BadRow> {
        let len = u16::from_le_bytes(from.array()?);
        let header = from.take(usize::from(len))?;
        let signature = from.array()?;
        let body = match from.array()? {
            [0] => Body::Absent,
            [1] => {
                let slot = Slot(u64::from_le_bytes(from.array()?));
                let len = u32::from_le_bytes(from.array()?);
                Body::Here(slot, from.take(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            [2] => Body::Apart(Slot(u64::from_le_bytes(from.array()?))),
            _ => return Err(BadRow("an entry says of its payload what there is not")),
        };
        Ok(Self { header, signature, body })
    }

    /// The slot of its payload.
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self.body {
            Body::Absent => None,
            Body::Here(slot, _) | Body::Apart(slot) => Some(slot),
        }
    }
}

/// Reads all entries of a row.
pub(super) fn read_row(row: &[u8]) -> Result<Vec<Record<'_>>, BadRow> {
    let mut reader = Reader(row);
    let mut records = Vec::new();
    while !reader.0.is_empty() {
        records.push(Record::read(&mut reader)?);
    }
    Ok(records)
}

/// Bytes that are taken from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], BadRow> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(BadRow("a row is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadRow> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(BadRow("a row is too short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn end(&self) -> Result<(), BadRow> {
        if self.0.is_empty() { Ok(()) } else { Err(BadRow("a row is too long")) }
    }
}
