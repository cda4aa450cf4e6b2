//! Where the files of a store lie, and the lock that keeps a second process out.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The folder of a store.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Held while the store is open.
    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Format version and identity.
    pub(super) fn identity(&self) -> PathBuf {
        self.0.join("store")
    }

    /// The own log as it was last acknowledged.
    pub(super) fn head(&self) -> PathBuf {
        self.0.join("head")
    }

    /// One key for each payload.
    pub(super) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The database.
    pub(super) fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }

    /// A database on its way.
    pub(super) fn new_tree(&self) -> PathBuf {
        self.0.join("tree.new")
    }

    /// The one file of the database that holds rows.
    pub(super) fn tree_file(&self) -> PathBuf {
        self.tree().join("db")
    }

    /// Bytes of all files, as far as they can be seen.
    pub(super) fn size(&self) -> u64 {
        size_below(&self.0)
    }
}

fn size_below(folder: &Path) -> u64 {
    let Ok(items) = fs::read_dir(folder) else { return 0 };
    items.flatten().fold(0, |sum, item| {
        let size = match item.metadata() {
            Ok(meta) if meta.is_dir() => size_below(&item.path()),
            Ok(meta) => meta.len(),
            // A file that went away between listing and looking takes no room.
            Err(_) => 0,
        };
        sum.saturating_add(size)
    })
}

/// The lock of a folder. Released when dropped, or when the process ends in any way.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Said aloud: closing the file alone leaves the lock to a process that is just being started.
    fn drop(&mut self) {
        // Closed right after, so nothing is left to be done about a failure.
        let _ = self.0.unlock();
    }
}

/// Why a folder was not locked.
#[derive(Debug)]
pub(super) enum LockFault {
    /// Another process has it; its number, if it left one.
    Taken(Option<u32>),
    /// The lock file could not be used.
    Io(io::Error),
}

impl Lock {
    /// Takes the lock of a folder, without waiting.
    pub(super) fn take(folder: &Folder) -> Result<Self, LockFault> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(folder.lock())
            .map_err(LockFault::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = (&file).take(32).read_to_string(&mut holder);
                return Err(LockFault::Taken(read.ok().and_then(|_| holder.trim().parse().ok())));
            }
            Err(TryLockError::Error(fault)) => return Err(LockFault::Io(fault)),
        }
        // The number is for people only: what counts is the lock, which dies with its process.
        file.set_len(0).map_err(LockFault::Io)?;
        (&file).write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(LockFault::Io)?;
        Ok(Self(file))
    }
}
