//! A file of this node on its way in: its room is promised before the first byte.

use std::io;
use std::sync::atomic::Ordering;

use super::Attachments;
use super::put::{Digests, Putting};
use super::room::{self, RoomFault};
use super::table::Held;

impl Attachments {
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
