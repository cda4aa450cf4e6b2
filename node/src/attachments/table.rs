//! What is here, what is wanted, what is wrong: the plain facts behind the handle, without files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use lyceum_protocol::hash::{EntryId, FileHash, OrgId};

use super::part::Part;

/// Faults that are remembered.
const FAULTS: usize = 16;
/// Entries that are remembered for one file.
const NAMES_OF_ONE: usize = 64;

/// A whole file that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Bytes.
    pub size: u64,
    /// When it came, Unix milliseconds.
    pub placed: u64,
}

/// Why a file is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Somebody asked for it here.
    Demand,
    /// It was here and went bad.
    Repair,
    /// The settings say so.
    Policy,
}

/// A file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// Bytes, as the entry says.
    pub size: u64,
    /// An entry that names it.
    pub entry: EntryId,
    /// Whose entry that is.
    pub org: OrgId,
    /// Why.
    pub reason: Reason,
    /// What it waits for, in words; empty while it goes on.
    pub waiting: String,
}

/// Something that went wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which file.
    pub hash: FileHash,
    /// What, in words.
    pub words: String,
}

/// All that is known of files.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Whole files.
    pub(super) held: BTreeMap<FileHash, Held>,
    /// Files that are wanted and not whole.
    pub(super) wanted: BTreeMap<FileHash, Want>,
    /// Of these, those that are open.
    pub(super) parts: BTreeMap<FileHash, Arc<Part>>,
    /// Files that are not whole, with the bytes that are promised to each.
    pub(super) begun: BTreeMap<FileHash, u64>,
    /// Which entries named what is here.
    pub(super) names: BTreeMap<FileHash, BTreeSet<EntryId>>,
    /// Bytes that are promised to what is being put.
    pub(super) coming: u64,
    /// What went wrong, the newest last; a file that is whole again is in order.
    pub(super) faults: VecDeque<Fault>,
    /// Files that the settings want and that are left alone for a while, since when.
    pub(super) passed: BTreeMap<FileHash, Instant>,
    /// Whether a list that outlives a restart has changed since it was saved.
    pub(super) unsaved: bool,
}

impl Table {
    /// Bytes that are taken or promised: whole files, files that come, files that are being put.
    pub(super) fn bytes(&self) -> u64 {
        let held = self.held.values().map(|held| held.size);
        let begun = self.begun.values().copied();
        held.chain(begun).fold(self.coming, u64::saturating_add)
    }

    /// Bytes of whole files.
    pub(super) fn held_bytes(&self) -> u64 {
        self.held.values().fold(0, |sum, held| sum.saturating_add(held.size))
    }

    /// Remembers that an entry names a file; whether that is new.
    pub(super) fn name(&mut self, hash: FileHash, entry: EntryId) -> bool {
        let names = self.names.entry(hash).or_default();
        let new = names.len() < NAMES_OF_ONE && names.insert(entry);
        self.unsaved |= new;
        new
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, hash: FileHash, words: String) {
        self.faults.retain(|fault| fault.hash != hash);
        if self.faults.len() >= FAULTS {
            self.faults.pop_front();
        }
        self.faults.push_back(Fault { hash, words });
    }

    /// A file is whole.
    pub(super) fn whole(&mut self, hash: FileHash, held: Held) {
        self.unsaved = true;
        self.held.insert(hash, held);
        self.wanted.remove(&hash);
        self.parts.remove(&hash);
        self.begun.remove(&hash);
        self.faults.retain(|fault| fault.hash != hash);
    }

    /// A file is gone, and nobody wants it.
    pub(super) fn gone(&mut self, hash: FileHash) {
        self.unsaved = true;
        self.held.remove(&hash);
        self.wanted.remove(&hash);
        self.parts.remove(&hash);
        self.begun.remove(&hash);
        self.names.remove(&hash);
        self.faults.retain(|fault| fault.hash != hash);
    }
}
