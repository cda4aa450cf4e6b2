//! What a node keeps on disk, and when it counts as kept.
//!
//! The rest of the node knows [`LogStore`] and nothing of the engine behind it. Everything a node must not lose goes
//! through one writer thread: batches that wait together become durable together, and are acknowledged only then.
//!
//! A store is one folder: `lock`, `store` (format and identity), `head` (the own log as it was last acknowledged),
//! `keys` (one slot for each payload) and `tree/` (everything else, payloads as ciphertext only).

mod durable;
mod flusher;
mod folder;
mod head;
mod identity;
mod open;
mod pending;
mod plan;
mod read;
mod recover;
mod rows;
mod slots;
mod writer;

use lyceum_protocol::document::signature::VerifiedSignature;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CharterId, EntryId, LogId};
use lyceum_protocol::log::Opening;
use lyceum_protocol::replica::Batch;
use lyceum_protocol::replica::event::StoreFault;

pub use head::{Head, HeadCheck};
pub use identity::{OpenedAs, StoreId};
pub use open::{OpenFault, Opened, Store, StoreOptions};
pub use writer::Writer;

/// What a node keeps, and how it is read and changed.
pub trait LogStore: Send + Sync + 'static {
    /// Everything that is kept in memory. Reads no entry; meant for the start, before the first commit.
    ///
    /// # Errors
    /// [`StoreFault`] if something on disk cannot be read or is not what was stored.
    fn recover(&self) -> Result<Recovered, StoreFault>;

    /// Makes a batch durable, whole or not at all. Callers in several threads share one flush.
    ///
    /// # Errors
    /// [`StoreFault`] if the batch contradicts what is held, or the disk refused. After a failed write every further
    /// commit fails too: what is on disk is known again only after a new start.
    fn commit(&self, batch: Batch) -> Result<(), StoreFault>;

    /// Consecutive durable entries from number `from`, at least one if it is held, at most `max_bytes`, without
    /// number `until`. None at all where the log or its entry `from` is not held.
    ///
    /// # Errors
    /// [`StoreFault`] if something on disk cannot be read or is not what was stored.
    fn entries(&self, log: LogId, from: u64, until: u64, max_bytes: usize) -> Result<Vec<VerifiedEntry>, StoreFault>;

    /// One durable entry by its number.
    ///
    /// # Errors
    /// [`StoreFault`] if something on disk cannot be read or is not what was stored.
    fn entry(&self, log: LogId, seq: u64) -> Result<Option<VerifiedEntry>, StoreFault>;

    /// Sizes and health, cheap enough to ask every few seconds.
    fn status(&self) -> StoreStatus;
}

/// Everything of a store that is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Documents and motions, by id.
    pub documents: Vec<DocumentObject>,
    /// Signatures, by target and id. Checked again while they were read.
    pub signatures: Vec<VerifiedSignature>,
    /// The lowest fork proof known of a log, by log. Checked again while they were read.
    pub proofs: Vec<(LogId, VerifiedForkProof)>,
    /// From where epochs count, if that was ever stored.
    pub checkpoint: Option<CharterId>,
    /// The logs, in the order in which they were opened here.
    pub logs: Vec<RecoveredLog>,
}

/// One log, without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredLog {
    /// What its first entry says.
    pub opening: Opening,
    /// Its chain, in order from number 0.
    pub entries: Vec<HeldEntry>,
    /// Suite of the last entry; 0 if there is none.
    pub suite: u8,
}

/// What is known of an entry without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldEntry {
    /// Its id.
    pub id: EntryId,
    /// The author's claim, Unix milliseconds.
    pub time: u64,
    /// What its content is.
    pub kind: Kind,
    /// Who may read it.
    pub marking: u8,
    /// Length of its payload, held or not, in bytes.
    pub payload_len: u32,
    /// What is held of the payload.
    pub payload: PayloadHeld,
}

/// What is held of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayloadHeld {
    /// All of it.
    Present,
    /// Nothing, and nothing is wanted: it was erased.
    Erased,
    /// Nothing yet.
    NotHeld,
}

/// Sizes and health of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// Bytes of its files.
    pub disk_bytes: u64,
    /// Bytes of the rows that count, keys included: what a perfectly compact store would take.
    pub live_bytes: u64,
    /// Bytes that are free for this user on its disk; none if the system does not tell.
    pub free_bytes: Option<u64>,
    /// Own entries are refused while fewer bytes than this are free.
    pub reserve_bytes: u64,
    /// Its identity.
    pub store: StoreId,
    /// Why it takes no more commits, if so.
    pub stopped: Option<StoreFault>,
    /// The last batch that contradicted what is held, if there was one: a fault of this program.
    pub refused: Option<StoreFault>,
}
