//! Attached files: what entries name by their BLAKE3 hash and nodes pull from each other.
//!
//! [`Attachments`] is the handle of the room: files are put, wanted, read piece by piece and removed through it. `folder`
//! knows where they lie, `put` takes a file of this node, `part` one that comes, `serve` reads pieces of what is here,
//! `table` holds the plain facts, `lists` what outlives a restart, `room` what there is place for. Nothing that is read
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

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::hash::{EntryId, FileHash};
use tokio::sync::watch;

use crate::config::AttachmentSettings;
use folder::Folder;
use part::Part;
use put::{Digests, Putting};
use room::RoomFault;
use serve::OpenFiles;
use table::Table;

pub use table::{Fault, Held, Reason, Want};

/// Files that are wanted at most.
pub const WANTED_MAX: usize = 10_000;
/// Files that are left alone at most, and for how long.
const PASSED_MAX: usize = 100_000;
const PASSED_FOR: Duration = Duration::from_secs(30 * 60);

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

    /// Whether a file is wanted and not here yet. Does not wait.
    pub(crate) fn is_wanted(&self, hash: FileHash) -> bool {
        self.table().wanted.contains_key(&hash)
    }

    /// Whether only the settings want a file. Does not wait.
    pub(crate) fn is_by_policy(&self, hash: FileHash) -> bool {
        self.table().wanted.get(&hash).is_some_and(|want| want.reason == Reason::Policy)
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

    /// Begins to put a file of so many bytes; a longer one is cut off with a fault.
    ///
    /// # Errors
    /// [`RoomFault`].
    pub fn put(&self, size: u64) -> Result<Upload, RoomFault> {
        let mut table = self.table();
        room::check(&self.0.settings, table.bytes(), self.0.folder.path(), &[size])?;
        let number = self.0.number.fetch_add(1, Ordering::Relaxed);
        let putting = Putting::begin(&self.0.folder, number).map_err(RoomFault::Io)?;
        table.coming = table.coming.saturating_add(size);
        drop(table);
        Ok(Upload { room: Promise { attachments: self.clone(), size }, putting, left: size })
    }

    /// Wants files. One that is here, or wanted already, is left as it is. What is wanted outlives a restart.
    ///
    /// # Errors
    /// One [`RoomFault`] for each file that cannot be wanted, in the order of the files.
    pub fn want(&self, files: Vec<(FileHash, Want)>) -> Result<(), Vec<(FileHash, RoomFault)>> {
        let mut table = self.table();
        let mut faults = Vec::new();
        for (hash, want) in files {
            if let Err(fault) = self.want_one(&mut table, hash, want) {
                faults.push((hash, fault));
            }
        }
        if let Err(fault) = lists::write_wanted(&self.0.folder.wanted(), &table.wanted) {
            tracing::warn!(%fault, "the list of wanted files is not saved");
        }
        drop(table);
        self.tell();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn want_one(&self, table: &mut Table, hash: FileHash, want: Want) -> Result<(), RoomFault> {
        if table.held.contains_key(&hash) {
            table.name(hash, want.entry);
            return Ok(());
        }
        if let Some(before) = table.wanted.get(&hash).cloned() {
            let stands = part_bytes(table, hash) == 0 || !before.waiting.is_empty();
            if before.size != want.size && !(stands && want.reason < Reason::Policy) {
                return Err(RoomFault::OtherSize { wanted: want.size, named: before.size });
            }
            if before.size == want.size && before.reason <= want.reason {
                return Ok(());
            }
            // Somebody asks for what would have come by itself; or with another size for what did not come with the
            // one before, which may be a wrong one.
            if before.size != want.size {
                table.parts.remove(&hash);
            }
        } else if table.wanted.len() >= WANTED_MAX {
            return Err(RoomFault::TooManyWanted);
        }
        if want.reason == Reason::Policy {
            // What nobody may ever send takes no room before it comes.
            table.begun.entry(hash).or_insert(0);
        } else {
            let taken = table.bytes().saturating_sub(table.begun.get(&hash).copied().unwrap_or(0));
            room::check(&self.0.settings, taken, self.0.folder.path(), &[want.size])?;
            table.begun.insert(hash, want.size);
        }
        table.name(hash, want.entry);
        table.wanted.insert(hash, want);
        Ok(())
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
        let (wanted, names) = (table.wanted.clone(), table.names.clone());
        drop(table);
        lists::write_wanted(&self.0.folder.wanted(), &wanted)?;
        lists::write_names(&self.0.folder.names(), &names)
    }

    /// Says what a wanted file waits for. Does not wait itself.
    pub(crate) fn waits(&self, hash: FileHash, words: &str) {
        let mut table = self.table();
        if let Some(want) = table.wanted.get_mut(&hash).filter(|want| want.waiting != words) {
            want.waiting = words.to_owned();
            drop(table);
            self.tell();
        }
    }

    /// Opens a wanted file for its pieces; the same one for all who ask.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn open_part(&self, hash: FileHash, size: u64) -> io::Result<Arc<Part>> {
        if let Some(part) = self.table().parts.get(&hash) {
            return Ok(part.clone());
        }
        let mut table = self.table();
        if table.begun.get(&hash) == Some(&0) {
            room::check(&self.0.settings, table.bytes(), self.0.folder.path(), &[size]).map_err(io::Error::other)?;
            table.begun.insert(hash, size);
        }
        drop(table);
        // Reads all that is there: outside of the lock.
        let part = Arc::new(Part::open(&self.0.folder, hash, size)?);
        let mut table = self.table();
        let part = table.parts.entry(hash).or_insert(part).clone();
        drop(table);
        self.tell();
        Ok(part)
    }

    /// Closes a file that comes and is not fetched for now. What was shown of it is known when it is opened again.
    /// Of one that only the settings want, and of which nothing came, nothing stays.
    pub(crate) fn close_part(&self, hash: FileHash) {
        let mut table = self.table();
        let part = table.parts.remove(&hash);
        let by_policy = table.wanted.get(&hash).is_some_and(|want| want.reason == Reason::Policy);
        if by_policy && part.is_some_and(|part| part.bytes() == 0) {
            table.begun.insert(hash, 0);
            if let Err(fault) = self.0.folder.remove(hash) {
                tracing::warn!(%hash, %fault, "an empty file of the attachments cannot be removed");
            }
        }
    }

    /// Leaves a file alone for a while that the settings want and that has no room, or that nobody sends.
    pub(crate) fn pass(&self, hash: FileHash) {
        let mut table = self.table();
        if table.passed.len() < PASSED_MAX {
            table.passed.insert(hash, Instant::now());
        }
    }

    /// Whether a file is left alone. Forgets those for which it was long enough.
    pub(crate) fn is_passed(&self, hash: FileHash) -> bool {
        let mut table = self.table();
        let still = table.passed.get(&hash).is_some_and(|at| at.elapsed() < PASSED_FOR);
        if !still {
            table.passed.remove(&hash);
        }
        still
    }

    /// Gives a file its place that came as a whole.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn finish_part(&self, hash: FileHash, outline: &Outline) -> io::Result<()> {
        let mut table = self.table();
        let Some(part) = table.parts.get(&hash).cloned() else { return Ok(()) };
        drop(table);
        part.finish(outline)?;
        table = self.table();
        // Nobody may want it any more: then its file was removed meanwhile.
        if table.wanted.contains_key(&hash) {
            table.whole(hash, Held { size: part.shape().size(), placed: crate::clock::wall() });
            drop(table);
        } else {
            drop(table);
            self.0.folder.remove(hash)?;
        }
        self.tell();
        Ok(())
    }

    /// Wants a file no more; what came of it goes. One that is here stays.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn unwant(&self, hash: FileHash) -> io::Result<()> {
        if self.table().held.contains_key(&hash) {
            return Ok(());
        }
        self.remove(hash)
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

/// Room that was promised; given back when it is dropped.
#[derive(Debug)]
struct Promise {
    attachments: Attachments,
    size: u64,
}

impl Drop for Promise {
    fn drop(&mut self) {
        let mut table = self.attachments.table();
        table.coming = table.coming.saturating_sub(self.size);
    }
}

/// A file that is being put. Dropped before its end it leaves nothing behind.
#[derive(Debug)]
pub struct Upload {
    room: Promise,
    putting: Putting,
    left: u64,
}

impl Upload {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// Whatever the file system says, or that there are more bytes than were announced.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(len).ok_or_else(|| io::Error::other("more bytes than were announced"))?;
        self.putting.write(bytes)
    }

    /// Gives the file its place, durably. It stays for a day; for longer only if an entry names it by then.
    ///
    /// # Errors
    /// Whatever the file system says, or that bytes are missing.
    pub fn finish(self) -> io::Result<Digests> {
        if self.left > 0 {
            return Err(io::Error::other(format!("{} bytes fewer than were announced", self.left)));
        }
        let digests = self.putting.finish()?;
        let attachments = self.room.attachments.clone();
        let mut table = attachments.table();
        table.whole(digests.blake3, Held { size: digests.size, placed: crate::clock::wall() });
        drop(table);
        attachments.0.open.forget(digests.blake3);
        attachments.tell();
        Ok(digests)
    }
}
