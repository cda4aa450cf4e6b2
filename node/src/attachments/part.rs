//! A file that comes: verified pieces on the disk, and an outline that says which bytes they have to be.
//!
//! After a crash nothing but the bytes counts: each piece that the outline knows is read and checked again. The outline
//! is saved now and then; a piece that it does not know is fetched again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lyceum_protocol::attachment::PIECE;
use lyceum_protocol::attachment::outline::{Outline, Proof, VerifiedPiece};
use lyceum_protocol::attachment::pieces::Pieces;
use lyceum_protocol::attachment::shape::Shape;
use lyceum_protocol::hash::FileHash;

use super::folder::{Folder, remove_file};
use crate::durable;

/// So many bytes are written between two syncs.
const SYNC_EVERY: u64 = 32 * 1024 * 1024;

/// A file that comes. Written by the one who fetches it, read by others meanwhile.
#[derive(Debug)]
pub struct Part {
    folder: Folder,
    file: File,
    hash: FileHash,
    shape: Shape,
    bytes: AtomicU64,
    /// Bytes that were written since the last sync began.
    unsynced: AtomicU64,
    shown: Mutex<Shown>,
}

/// What others see of it.
#[derive(Debug)]
struct Shown {
    outline: Outline,
    held: Pieces,
}

impl Part {
    /// Goes on with what is there of a file, or begins it. Reads all that is there.
    ///
    /// # Errors
    /// Whatever the file system says, or that no attachment is so large.
    pub fn open(folder: &Folder, hash: FileHash, size: u64) -> io::Result<Self> {
        let empty = Outline::new(hash, size).map_err(io::Error::other)?;
        folder.make_shelf(hash)?;
        let outline = Folder::read_outline(&folder.part_outline(hash), hash)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(durable::PRIVATE)
            .open(folder.part(hash))?;
        // Another entry may have named another size for it.
        let outline = outline.filter(|outline| outline.shape() == empty.shape()).unwrap_or(empty);
        let held = recheck(&file, &outline)?;
        file.set_len(size)?;
        let bytes = AtomicU64::new(held.bytes());
        let shape = outline.shape();
        let (unsynced, shown) = (AtomicU64::new(0), Mutex::new(Shown { outline, held }));
        Ok(Self { folder: folder.clone(), file, hash, shape, bytes, unsynced, shown })
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        // Outline and pieces are replaced together.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Size and pieces of the file.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Bytes that are here.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts the bytes that are here by the pieces that were shown: a piece may have been written twice, or have been
    /// written and not been shown.
    pub fn recount(&self) -> u64 {
        let bytes = self.shown().held.bytes();
        self.bytes.store(bytes, Ordering::Relaxed);
        bytes
    }

    /// The pieces that others may have.
    pub fn held(&self) -> Pieces {
        self.shown().held.clone()
    }

    /// What is known of the file.
    pub fn outline(&self) -> Outline {
        self.shown().outline.clone()
    }

    /// Writes a piece.
    ///
    /// # Errors
    /// Whatever the file system says, or that it is a piece of another file.
    pub fn write(&self, piece: &VerifiedPiece) -> io::Result<()> {
        if piece.root() != self.hash {
            return Err(io::Error::other("a piece of another file"));
        }
        self.file.write_all_at(piece.bytes(), piece.start())?;
        let len = u64::try_from(piece.bytes().len()).unwrap_or(0);
        self.bytes.fetch_add(len, Ordering::Relaxed);
        self.unsynced.fetch_add(len, Ordering::Relaxed);
        Ok(())
    }

    /// Whether so much was written that it is time to sync; said once.
    pub fn is_sync_due(&self) -> bool {
        let due = |unsynced| (unsynced >= SYNC_EVERY).then_some(0);
        self.unsynced.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }

    /// Has the disk take what was written so far.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Shows others what is here, and saves the outline, so that it is known after a restart. `held` were written.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn show(&self, outline: Outline, held: Pieces) -> io::Result<()> {
        let path = self.folder.part_outline(self.hash);
        let temporary = path.with_extension("new");
        fs::write(&temporary, outline.to_bytes())?;
        fs::rename(&temporary, &path)?;
        *self.shown() = Shown { outline, held };
        Ok(())
    }

    /// A piece with its proof, checked again; none if it is not here.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn piece(&self, index: u32) -> io::Result<Option<(Proof, Vec<u8>)>> {
        if !self.shown().held.contains(index) {
            return Ok(None);
        }
        let bytes = read_piece(&self.file, self.shape, index)?;
        let shown = self.shown();
        if shown.outline.check(index, &bytes).is_err() {
            return Ok(None);
        }
        Ok(shown.outline.proof(index).map(|proof| (proof, bytes)))
    }

    /// Gives the file its place, durably; all pieces were written.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn finish(&self, outline: &Outline) -> io::Result<()> {
        if outline.root() != self.hash || !outline.is_complete() {
            return Err(io::Error::other("pieces are missing"));
        }
        self.file.sync_all()?;
        self.folder.place(&self.folder.part(self.hash), outline)?;
        remove_file(&self.folder.part_outline(self.hash))
    }
}

/// One piece of a file.
pub(super) fn read_piece(file: &File, shape: Shape, index: u32) -> io::Result<Vec<u8>> {
    let (Some(start), Some(len)) = (shape.start(index), shape.len(index)) else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let mut bytes = vec![0; usize::try_from(len.min(PIECE)).unwrap_or_default()];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}

/// The pieces whose bytes are what the outline says.
fn recheck(file: &File, outline: &Outline) -> io::Result<Pieces> {
    let shape = outline.shape();
    let mut held = Pieces::none(shape);
    let len = file.metadata()?.len();
    for index in (0..shape.pieces()).filter(|index| outline.knows(*index)) {
        let end = shape.start(index).zip(shape.len(index)).map(|(start, len)| start.saturating_add(len.into()));
        if end.is_none_or(|end| end > len) {
            continue;
        }
        if outline.check(index, &read_piece(file, shape, index)?).is_ok() {
            held.insert(index);
        }
    }
    Ok(held)
}
