//! Reads pieces of what is here, for peers and for commands. Every piece is checked on its way out: a disk that rots is
//! found, told, and what it lost is fetched again.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use lyceum_protocol::attachment::outline::{Outline, Proof};
use lyceum_protocol::attachment::pieces::Pieces;
use lyceum_protocol::attachment::shape::Shape;
use lyceum_protocol::hash::FileHash;

use super::folder::Folder;
use super::part::read_piece;
use super::put::Hashing;
use super::table::{Reason, Want};
use super::{Attachments, lists};

/// Files that stay open.
const OPEN: usize = 16;
/// Bytes that are hashed at once.
const BLOCK: usize = 1 << 20;

/// A whole file that is open.
#[derive(Debug)]
struct OpenFile {
    file: File,
    outline: Outline,
}

/// Whole files that were read lately.
#[derive(Debug, Default)]
pub(super) struct OpenFiles(Mutex<VecDeque<(FileHash, Arc<OpenFile>)>>);

impl OpenFiles {
    fn get(&self, hash: FileHash) -> Option<Arc<OpenFile>> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = open.iter().position(|(other, _)| *other == hash)?;
        let found = open.remove(at)?;
        let file = found.1.clone();
        open.push_back(found);
        Some(file)
    }

    fn add(&self, hash: FileHash, file: Arc<OpenFile>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN {
            open.pop_front();
        }
        open.push_back((hash, file));
    }

    pub(super) fn forget(&self, hash: FileHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| *other != hash);
    }
}

/// A piece that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What proves it.
    pub proof: Proof,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What is wrong with a file that should be here.
enum Wrong {
    /// It is not what it should be: in words.
    Rotten(&'static str),
    /// The file system failed; nothing is said about the file.
    Io(io::Error),
}

impl From<io::Error> for Wrong {
    fn from(fault: io::Error) -> Self {
        match fault.kind() {
            io::ErrorKind::NotFound => Self::Rotten("it is gone from the folder of attachments"),
            io::ErrorKind::UnexpectedEof => Self::Rotten("it is shorter than it was"),
            _ => Self::Io(fault),
        }
    }
}

impl Attachments {
    /// The size of a file and which pieces of it are here; none if nothing is. Does not wait for the disk.
    pub fn pieces(&self, hash: FileHash) -> Option<Pieces> {
        let table = self.table();
        if let Some(held) = table.held.get(&hash) {
            return Shape::of(held.size).ok().map(Pieces::all);
        }
        let part = table.parts.get(&hash)?.clone();
        drop(table);
        Some(part.held()).filter(|held| held.count() > 0)
    }

    /// One piece with its proof; none if it is not here. A whole file that turns out to be rotten is fetched again, as
    /// far as it has to be.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn piece(&self, hash: FileHash, index: u32) -> io::Result<Option<Piece>> {
        let whole = self.table().held.contains_key(&hash);
        if !whole {
            let Some(part) = self.table().parts.get(&hash).cloned() else { return Ok(None) };
            return Ok(part.piece(index)?.map(|(proof, bytes)| Piece { proof, bytes }));
        }
        match self.whole_piece(hash, index) {
            Ok(piece) => Ok(piece),
            Err(Wrong::Rotten(words)) => self.rotten(hash, words).map(|()| None),
            Err(Wrong::Io(fault)) => Err(fault),
        }
    }

    fn whole_piece(&self, hash: FileHash, index: u32) -> Result<Option<Piece>, Wrong> {
        let open = match self.0.open.get(hash) {
            Some(open) => open,
            None => {
                let open = Arc::new(self.open_whole(hash)?);
                self.0.open.add(hash, open.clone());
                open
            }
        };
        let shape = open.outline.shape();
        if index >= shape.pieces() {
            return Ok(None);
        }
        let bytes = read_piece(&open.file, shape, index)?;
        if open.outline.check(index, &bytes).is_err() {
            return Err(Wrong::Rotten("its bytes on the disk have changed"));
        }
        Ok(open.outline.proof(index).map(|proof| Piece { proof, bytes }))
    }

    fn open_whole(&self, hash: FileHash) -> Result<OpenFile, Wrong> {
        let file = File::open(self.0.folder.whole(hash))?;
        let len = file.metadata()?.len();
        let read = Folder::read_outline(&self.0.folder.outline(hash), hash)?.filter(Outline::is_complete);
        let outline = match read {
            Some(outline) => outline,
            None => {
                let outline = outline_of(&file)?;
                if outline.root() != hash {
                    return Err(Wrong::Rotten("its bytes on the disk have changed"));
                }
                crate::durable::write(&self.0.folder.outline(hash), &outline.to_bytes(), crate::durable::PRIVATE)?;
                outline
            }
        };
        if outline.shape().size() != len {
            return Err(Wrong::Rotten("its length on the disk has changed"));
        }
        Ok(OpenFile { file, outline })
    }

    /// A file went bad: what is good of it is kept, the rest is wanted again if an entry is remembered for it.
    fn rotten(&self, hash: FileHash, words: &'static str) -> io::Result<()> {
        let folder = &self.0.folder;
        let mut table = self.table();
        let Some(held) = table.held.remove(&hash) else { return Ok(()) };
        tracing::warn!(%hash, "an attached file is damaged: {words}");
        self.0.open.forget(hash);
        table.fault(hash, words.to_owned());
        let outline = Folder::read_outline(&folder.outline(hash), hash)?;
        // The size that the outline proves; that on the disk may be wrong.
        let size = outline.as_ref().map_or(held.size, |outline| outline.shape().size());
        let entry = table.names.get(&hash).and_then(|names| names.first().copied());
        let Some(entry) = entry else {
            table.names.remove(&hash);
            folder.remove(hash)?;
            drop(table);
            self.tell();
            return Ok(());
        };
        if let Err(fault) = fs::rename(folder.whole(hash), folder.part(hash))
            && fault.kind() != io::ErrorKind::NotFound
        {
            return Err(fault);
        }
        if let Err(fault) = fs::rename(folder.outline(hash), folder.part_outline(hash))
            && fault.kind() != io::ErrorKind::NotFound
        {
            return Err(fault);
        }
        let org = lyceum_protocol::hash::OrgId::ZERO;
        table.wanted.insert(hash, Want { size, entry, org, reason: Reason::Repair, waiting: String::new() });
        table.begun.insert(hash, size);
        let saved = lists::write_wanted(&folder.wanted(), &table.wanted);
        drop(table);
        self.tell();
        saved
    }
}

/// Hashes a whole file again.
fn outline_of(mut file: &File) -> io::Result<Outline> {
    use io::{Read as _, Seek as _};
    file.rewind()?;
    let (mut hashing, mut block) = (Hashing::default(), vec![0; BLOCK]);
    loop {
        match file.read(&mut block)? {
            0 => return hashing.finish().map(|(_, outline)| outline),
            read => hashing.update(block.get(..read).unwrap_or_default())?,
        }
    }
}
