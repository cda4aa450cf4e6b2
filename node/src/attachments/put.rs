//! Takes a file of this node: hashed while it is written, and given its place when it is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use lyceum_protocol::attachment::builder::OutlineBuilder;
use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::hash::FileHash;
use sha2::{Digest as _, Sha256};

use super::folder::{Folder, remove_file};
use crate::durable;

/// Both hashes of a file and its size: what an entry says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// Bytes.
    pub size: u64,
    /// BLAKE3 root.
    pub blake3: FileHash,
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// Hashes a file in one pass, by both hashes.
#[derive(Debug, Default)]
pub struct Hashing {
    outline: OutlineBuilder,
    sha256: Sha256,
}

impl Hashing {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// A file that is longer than any attachment may be.
    pub fn update(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.outline.update(bytes).map_err(io::Error::other)?;
        self.sha256.update(bytes);
        Ok(())
    }

    /// At the end of the file.
    ///
    /// # Errors
    /// As [`Hashing::update`].
    pub fn finish(self) -> io::Result<(Digests, Outline)> {
        let outline = self.outline.finish().map_err(io::Error::other)?;
        let (size, blake3) = (outline.shape().size(), outline.root());
        Ok((Digests { size, blake3, sha256: self.sha256.finalize().into() }, outline))
    }
}

/// A file that is being put. Dropped before [`Putting::finish`] it leaves nothing behind.
#[derive(Debug)]
pub struct Putting {
    folder: Folder,
    path: PathBuf,
    file: File,
    hashing: Hashing,
    placed: bool,
}

impl Putting {
    /// Begins one under a name of its own.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn begin(folder: &Folder, number: u64) -> io::Result<Self> {
        let path = folder.incoming().join(number.to_string());
        let file = OpenOptions::new().write(true).create_new(true).mode(durable::PRIVATE).open(&path)?;
        Ok(Self { folder: folder.clone(), path, file, hashing: Hashing::default(), placed: false })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// Whatever the file system says, or that the file is longer than any attachment may be.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hashing.update(bytes)?;
        self.file.write_all(bytes)
    }

    /// Gives it its place, durably.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn finish(mut self) -> io::Result<Digests> {
        self.file.sync_all()?;
        let (digests, outline) = std::mem::take(&mut self.hashing).finish()?;
        self.folder.place(&self.path, &outline)?;
        self.placed = true;
        Ok(digests)
    }
}

impl Drop for Putting {
    fn drop(&mut self) {
        if !self.placed {
            // The next start removes it as well.
            let _ = remove_file(&self.path);
        }
    }
}
