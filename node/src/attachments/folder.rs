//! Where attached files lie, and what is there when a node starts.
//!
//! A whole file is `ab/<hash>` with its outline beside it; a file that comes is `ab/<hash>.part`. What is being put is
//! in `incoming` until it is whole, so that a crash leaves nothing under a hash that is not that file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::hash::FileHash;

use crate::durable;

/// Longest outline that is read, in bytes: that of the largest file.
const OUTLINE_MAX: u64 = 40 + 65 * (1 << 18);

/// The folder of attached files. Knows paths, holds nothing open.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// A whole file that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its hash, by its name.
    pub hash: FileHash,
    /// Its bytes.
    pub size: u64,
    /// When it was placed, Unix milliseconds.
    pub placed: u64,
}

impl Folder {
    /// Opens or makes it; what was being put when the node ended is removed.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        durable::private_folder(&path)?;
        let folder = Self(path);
        match fs::remove_dir_all(folder.incoming()) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            _ => durable::private_folder(&folder.incoming())?,
        }
        Ok(folder)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where files are while they are put.
    pub fn incoming(&self) -> PathBuf {
        self.0.join("incoming")
    }

    /// The list of files that are wanted.
    pub fn wanted(&self) -> PathBuf {
        self.0.join("wanted")
    }

    /// The list of entries that name what is here.
    pub fn names(&self) -> PathBuf {
        self.0.join("names")
    }

    fn shelf(&self, hash: FileHash) -> PathBuf {
        let hex = hash.to_string();
        self.0.join(hex.get(..2).unwrap_or_default())
    }

    /// A whole file.
    pub fn whole(&self, hash: FileHash) -> PathBuf {
        self.shelf(hash).join(hash.to_string())
    }

    /// The outline of a whole file.
    pub fn outline(&self, hash: FileHash) -> PathBuf {
        self.shelf(hash).join(format!("{hash}.outline"))
    }

    /// A file that comes.
    pub fn part(&self, hash: FileHash) -> PathBuf {
        self.shelf(hash).join(format!("{hash}.part"))
    }

    /// The outline of a file that comes.
    pub fn part_outline(&self, hash: FileHash) -> PathBuf {
        self.shelf(hash).join(format!("{hash}.part.outline"))
    }

    /// Makes the place of a file.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn make_shelf(&self, hash: FileHash) -> io::Result<()> {
        let shelf = self.shelf(hash);
        if !shelf.is_dir() {
            durable::private_folder(&shelf)?;
            durable::sync_folder(&self.0)?;
        }
        Ok(())
    }

    /// Gives a file its place, durably: the outline first, so that whoever sees the file has it.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn place(&self, file: &Path, outline: &Outline) -> io::Result<()> {
        let hash = outline.root();
        self.make_shelf(hash)?;
        durable::write(&self.outline(hash), &outline.to_bytes(), durable::PRIVATE)?;
        fs::rename(file, self.whole(hash))?;
        durable::sync_folder(&self.shelf(hash))
    }

    /// Removes a file and all that belongs to it; the room is free again when it returns.
    ///
    /// # Errors
    /// Whatever the file system says; what is not there is no error.
    pub fn remove(&self, hash: FileHash) -> io::Result<()> {
        for path in [self.whole(hash), self.outline(hash), self.part(hash), self.part_outline(hash)] {
            remove_file(&path)?;
        }
        Ok(())
    }

    /// Reads an outline; none if there is none that says the truth about this hash.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read_outline(path: &Path, hash: FileHash) -> io::Result<Option<Outline>> {
        use io::Read as _;
        let file = match File::open(path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let mut bytes = Vec::new();
        file.take(OUTLINE_MAX).read_to_end(&mut bytes)?;
        Ok(Outline::from_bytes(&bytes).ok().filter(|outline| outline.root() == hash))
    }

    /// All whole files, and the hashes of all that were begun.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn look(&self) -> io::Result<(Vec<Found>, Vec<FileHash>)> {
        let (mut whole, mut begun) = (Vec::new(), Vec::new());
        for shelf in fs::read_dir(&self.0)? {
            let shelf = shelf?;
            if shelf.file_name().len() != 2 || !shelf.file_type()?.is_dir() {
                continue;
            }
            for item in fs::read_dir(shelf.path())? {
                let item = item?;
                let name = item.file_name().to_string_lossy().into_owned();
                let meta = item.metadata()?;
                if !meta.is_file() {
                    continue;
                }
                if let Ok(hash) = name.parse() {
                    let placed = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                    let placed = placed.map_or(0, |at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
                    whole.push(Found { hash, size: meta.len(), placed });
                } else if let Some(hash) = name.strip_suffix(".part").and_then(|name| name.parse().ok()) {
                    begun.push(hash);
                }
            }
        }
        Ok((whole, begun))
    }
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}
