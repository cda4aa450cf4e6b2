//! A file that comes: verified pieces on the disk, and an outline that says which bytes they have to be.
//!
//! After a crash nothing but the bytes counts: each piece that the outline knows is read and checked again. The outline
//! is saved now and then; a piece that it does not know is fetched again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};

use lyceum_protocol::attachment::PIECE;
use lyceum_protocol::attachment::outline::{Outline, PieceFault, Proof, Value};
use lyceum_protocol::attachment::pieces::Pieces;
use lyceum_protocol::attachment::shape::Shape;
use lyceum_protocol::hash::FileHash;

use super::folder::{Folder, remove_file};
use crate::durable;

/// Pieces after which the outline is saved.
const SAVE_EVERY: u32 = 64;

/// Why a piece was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeFault {
    /// It is not that piece: whoever sent it lies.
    #[error(transparent)]
    Piece(#[from] PieceFault),
    /// The disk did not take it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A file that comes.
#[derive(Debug)]
pub struct Part {
    folder: Folder,
    file: File,
    outline: Outline,
    held: Pieces,
    unsaved: u32,
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
        Ok(Self { folder: folder.clone(), file, outline, held, unsaved: 0 })
    }

    /// The hash of the file.
    pub const fn hash(&self) -> FileHash {
        self.outline.root()
    }

    /// Size and pieces of the file.
    pub const fn shape(&self) -> Shape {
        self.outline.shape()
    }

    /// The pieces that are here.
    pub const fn held(&self) -> &Pieces {
        &self.held
    }

    /// Checks a piece that came, and writes it.
    ///
    /// # Errors
    /// [`TakeFault`]; nothing is written then.
    pub fn take(&mut self, index: u32, bytes: Vec<u8>, proof: &[Value]) -> Result<(), TakeFault> {
        let piece = self.outline.accept(index, bytes, proof)?;
        self.file.write_all_at(piece.bytes(), piece.start())?;
        self.held.insert(index);
        self.unsaved = self.unsaved.saturating_add(1);
        if self.unsaved >= SAVE_EVERY {
            self.save()?;
        }
        Ok(())
    }

    /// A piece with its proof, checked again; none if it is not here.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn piece(&mut self, index: u32) -> io::Result<Option<(Proof, Vec<u8>)>> {
        if !self.held.contains(index) {
            return Ok(None);
        }
        let bytes = read_piece(&self.file, self.outline.shape(), index)?;
        if self.outline.check(index, &bytes).is_err() {
            self.held.remove(index);
            return Ok(None);
        }
        Ok(self.outline.proof(index).map(|proof| (proof, bytes)))
    }

    /// Saves the outline, so that what is here is known after a restart.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn save(&mut self) -> io::Result<()> {
        let path = self.folder.part_outline(self.hash());
        let temporary = path.with_extension("new");
        fs::write(&temporary, self.outline.to_bytes())?;
        fs::rename(&temporary, &path)?;
        self.unsaved = 0;
        Ok(())
    }

    /// Gives the file its place, durably. Only when all pieces are here.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn finish(self) -> io::Result<()> {
        if !self.held.is_all() || !self.outline.is_complete() {
            return Err(io::Error::other("pieces are missing"));
        }
        self.file.sync_all()?;
        let hash = self.hash();
        self.folder.place(&self.folder.part(hash), &self.outline)?;
        remove_file(&self.folder.part_outline(hash))
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
