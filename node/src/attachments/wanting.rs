//! Files of others: wanted, opened while they come, given their place when they are whole.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::hash::FileHash;

use super::part::Part;
use super::room::{self, RoomFault};
use super::table::{Held, Reason, Table, Want};
use super::{Attachments, lists, part_bytes};

/// Files that are wanted at most.
pub const WANTED_MAX: usize = 10_000;
/// Files that are left alone at most, and for how long.
const PASSED_MAX: usize = 100_000;
const PASSED_FOR: Duration = Duration::from_secs(30 * 60);
/// Files that come and stay open at most while they rest.
const OPEN_MAX: usize = 32;

impl Attachments {
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

    /// Whether a file is wanted and not here yet. Does not wait.
    pub(crate) fn is_wanted(&self, hash: FileHash) -> bool {
        self.table().wanted.contains_key(&hash)
    }

    /// Whether only the settings want a file. Does not wait.
    pub(crate) fn is_by_policy(&self, hash: FileHash) -> bool {
        self.table().wanted.get(&hash).is_some_and(|want| want.reason == Reason::Policy)
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

    /// Lets a file rest that comes and is not fetched for now: what is here of it is served, and its next turn need not
    /// read it again. One of which nothing came is closed, and so is one when many are open already.
    pub(crate) fn rest_part(&self, hash: FileHash) {
        let table = self.table();
        let open = table.parts.len() <= OPEN_MAX && table.wanted.contains_key(&hash);
        match table.parts.get(&hash).filter(|_| open) {
            Some(part) if part.recount() > 0 => {}
            _ => {
                drop(table);
                self.close_part(hash);
            }
        }
    }

    /// Closes a file that comes. What was shown of it is read again when it is opened again. Of one that only the
    /// settings want, and of which nothing came, nothing stays.
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
}
