//! What is good, as two sets of items with one hash each, and the one hash over everything that must converge
//! (PROTOCOL 4.1).

use bincode::{Decode, Encode};

use crate::buckets::Item;
use crate::codec;
use crate::governance::Seat;
use crate::hash::{CertificateId, CharterId, EntryId, LogId, ObjectId, OrgId, sha256};

/// Fork place of a log that has none, or that a pin decides.
pub const NO_FORK: u64 = u64::MAX;

/// How far one log is good: 80 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct FrontierItem {
    /// The log.
    pub log: LogId,
    /// Entries that are good.
    pub good_len: u64,
    /// The last of them; zero where a log forks at 0.
    pub head: EntryId,
    /// Where it forks; [`NO_FORK`] if nowhere, or if a pin decides.
    pub fork: u64,
}

impl Item for FrontierItem {
    fn id(&self) -> [u8; 32] {
        self.log.0
    }
    fn bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// A document or motion with the signatures kept on it: 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct DocsItem {
    /// The document or motion.
    pub id: ObjectId,
    /// SHA-256 over the sorted ids of the signatures kept on it.
    pub signatures: [u8; 32],
}

impl Item for DocsItem {
    fn id(&self) -> [u8; 32] {
        self.id.0
    }
    fn bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// One organisation in the state root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateRow {
    /// The organisation.
    pub org: OrgId,
    /// Firm, provisional or removed; others are not in it.
    pub seat: Seat,
    /// Its effective certificate; zero where that is not known or there is none.
    pub certificate: CertificateId,
}

/// One hash over everything that must converge. `rows` and `erased` are ascending.
pub fn state_root(
    adopted: CharterId,
    rows: &[StateRow],
    digest: &[u8; 32],
    erased: impl ExactSizeIterator<Item = EntryId>,
) -> [u8; 32] {
    let mut bytes = adopted.0.to_vec();
    let count = |len: usize| u64::try_from(len).unwrap_or(u64::MAX).to_le_bytes();
    let rows: Vec<(&StateRow, u8)> = rows.iter().filter_map(|row| Some((row, seat_code(row.seat)?))).collect();
    bytes.extend(count(rows.len()));
    for (row, seat) in rows {
        bytes.extend(row.org.0);
        bytes.push(seat);
        bytes.extend(row.certificate.0);
    }
    bytes.extend(digest);
    bytes.extend(count(erased.len()));
    for id in erased {
        bytes.extend(id.0);
    }
    sha256(&[&bytes])
}

const fn seat_code(seat: Seat) -> Option<u8> {
    match seat {
        Seat::Firm => Some(0),
        Seat::Provisional => Some(1),
        Seat::Removed => Some(2),
        Seat::Suspended | Seat::None => None,
    }
}
