//! Attached files: what entries name by their BLAKE3 hash and nodes pull from each other.
//!
//! [`Attachments`] is the handle of the room: files are put, wanted, read piece by piece and removed through it. `folder`
//! knows where they lie, `put` and `upload` take a file of this node, `part` and `wanting` one that comes, `serve` reads
//! pieces of what is here, `table` holds the plain facts, `lists` what outlives a restart, `room` what there is place for.
//! `access` says which entries name a file; `service` runs what answers, fetches and keeps house. Nothing that is read
//! from the disk is believed before it was checked against the hash.

pub mod access;
pub mod folder;
pub mod named;
pub mod part;
pub mod put;
pub mod room;
pub mod scan;
pub mod service;

mod answer;
mod fetching;
mod keeper;
mod lists;
mod serve;
mod table;
#[cfg(test)]
mod tests;
mod upload;
mod wanting;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lyceum_protocol::hash::{EntryId, FileHash};
use tokio::sync::watch;

use crate::config::AttachmentSettings;
use folder::Folder;
use room::RoomFault;
use serve::OpenFiles;
use table::Table;

pub use table::{Fault, Held, Reason, Want};
pub use upload::Upload;
pub use wanting::WANTED_MAX;

struct Shared {
    folder: Folder,
    settings: AttachmentSettings,
    table: Mutex<Table>,
    open: OpenFiles,
    number: AtomicU64,
    changed: watch::Sender<u64>,
}

/// The attached files of a node; cheap to clone. Its methods may wait for the disk unless they say otherwise.
#[derive(Clone)]
pub struct Attachments(Arc<Shared>);

impl std::fmt::Debug for Attachments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachments({})", self.0.folder.path().display())
    }
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// Here, and whole.
    Here(Held),
    /// Wanted; so many bytes are here.
    Wanted(Want, u64),
    /// Neither.
    Absent,
}

/// How much is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Whole files.
    pub files: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// All bytes that are taken or promised.
    pub bytes: u64,
    /// The most that is kept.
    pub keep: u64,
    /// Files that are wanted and not whole, with the bytes that are here.
    pub wanted: Vec<(FileHash, Want, u64)>,
    /// What went wrong.
    pub faults: Vec<Fault>,
}

impl Attachments {
    /// Opens the folder and looks what is there. Contents are checked when they are used.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(path: PathBuf, settings: AttachmentSettings) -> io::Result<Self> {
        let folder = Folder::open(path)?;
        let mut table = Table {
            wanted: lists::read_wanted(&folder.wanted())?,
            names: lists::read_names(&folder.names())?,
            ..Table::default()
        };
        let (whole, begun) = folder.look()?;
        for found in whole {
            table.whole(found.hash, Held { size: found.size, placed: found.placed });
        }
        for hash in begun {
            match table.wanted.get(&hash) {
                Some(want) => drop(table.begun.insert(hash, want.size)),
                // Nobody wants it any more, or the policy will say so again: its bytes are then checked again.
                None if !table.held.contains_key(&hash) => drop(table.begun.insert(hash, 0)),
                None => {}
            }
        }
        let (open, number, (changed, _)) = (OpenFiles::default(), AtomicU64::new(0), watch::channel(0));
        Ok(Self(Arc::new(Shared { folder, settings, table: Mutex::new(table), open, number, changed })))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Each change is one insertion or removal: after a panic the table still says what is on the disk.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.0.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The settings.
    pub fn settings(&self) -> &AttachmentSettings {
        &self.0.settings
    }

    /// Hears that something changed. Does not wait.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Where a file is. Does not wait.
    pub fn whereabouts(&self, hash: FileHash) -> Whereabouts {
        let table = self.table();
        if let Some(held) = table.held.get(&hash) {
            return Whereabouts::Here(*held);
        }
        match table.wanted.get(&hash) {
            Some(want) => Whereabouts::Wanted(want.clone(), part_bytes(&table, hash)),
            None => Whereabouts::Absent,
        }
    }

    /// Whether anything of a file may be here. Does not wait.
    pub(crate) fn is_here(&self, hash: FileHash) -> bool {
        let table = self.table();
        table.held.contains_key(&hash) || table.parts.contains_key(&hash)
    }

    /// How much is kept, and what is wrong. Does not wait.
    pub fn usage(&self) -> Usage {
        let table = self.table();
        let wanted = table.wanted.iter().map(|(hash, want)| (*hash, want.clone(), part_bytes(&table, *hash)));
        Usage {
            files: u64::try_from(table.held.len()).unwrap_or(u64::MAX),
            held_bytes: table.held_bytes(),
            bytes: table.bytes(),
            keep: self.0.settings.keep,
            wanted: wanted.collect(),
            faults: table.faults.iter().cloned().collect(),
        }
    }

    /// Whole files with their sizes. Does not wait.
    pub fn all_held(&self) -> Vec<(FileHash, Held)> {
        self.table().held.iter().map(|(hash, held)| (*hash, *held)).collect()
    }

    /// Files that are wanted. Does not wait.
    pub fn all_wanted(&self) -> Vec<(FileHash, Want)> {
        self.table().wanted.iter().map(|(hash, want)| (*hash, want.clone())).collect()
    }

    /// Whether there is place for files of these sizes beside what is here.
    ///
    /// # Errors
    /// [`RoomFault`], in words.
    pub fn room_for(&self, sizes: &[u64]) -> Result<(), RoomFault> {
        room::check(&self.0.settings, self.table().bytes(), self.0.folder.path(), sizes)
    }

    /// Saves what has changed of the lists.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn save(&self) -> io::Result<()> {
        let mut table = self.table();
        if !std::mem::take(&mut table.unsaved) {
            return Ok(());
        }
        // Under the lock: what is wanted meanwhile is written after this, not before.
        lists::write_wanted(&self.0.folder.wanted(), &table.wanted)?;
        lists::write_names(&self.0.folder.names(), &table.names)
    }

    /// Removes a file, or what came of it.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn remove(&self, hash: FileHash) -> io::Result<()> {
        let mut table = self.table();
        table.gone(hash);
        self.0.open.forget(hash);
        self.0.folder.remove(hash)?;
        drop(table);
        self.tell();
        Ok(())
    }

    /// Remembers which entries name files that are here. Does not wait.
    pub fn remember(&self, names: &[(FileHash, EntryId)]) {
        let mut table = self.table();
        for (hash, entry) in names {
            if table.held.contains_key(hash) || table.wanted.contains_key(hash) {
                table.name(*hash, *entry);
            }
        }
    }

    /// The entries that named a file, as far as they are remembered. Does not wait.
    pub fn remembered(&self, hash: FileHash) -> BTreeSet<EntryId> {
        self.table().names.get(&hash).cloned().unwrap_or_default()
    }

    /// Files of which something came and that nobody wants: for the sweep. Does not wait.
    pub(crate) fn strays(&self) -> Vec<FileHash> {
        let table = self.table();
        table.begun.keys().filter(|hash| !table.wanted.contains_key(hash)).copied().collect()
    }
}

fn part_bytes(table: &Table, hash: FileHash) -> u64 {
    table.parts.get(&hash).map_or(0, |part| part.bytes())
}
