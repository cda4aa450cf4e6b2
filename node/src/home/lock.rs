//! One process works in a home at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use super::Home;
use crate::durable;

/// Why a home cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum LockFault {
    /// Another process does.
    #[error("another lyceum works in {folder}{process}")]
    Taken {
        /// The home.
        folder: String,
        /// Which process, where it is known: " (process 123)".
        process: String,
    },
    /// The lock file cannot be used.
    #[error("cannot lock {folder}")]
    Io {
        /// The home.
        folder: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// Held while a process works in a home; given back when dropped, or by the system when the process ends.
#[derive(Debug)]
pub struct HomeLock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl HomeLock {
    /// Takes the lock of a home without waiting.
    ///
    /// # Errors
    /// [`LockFault`].
    pub fn take(home: &Home) -> Result<Self, LockFault> {
        let folder = home.folder().display().to_string();
        let io = |cause| LockFault::Io { folder: folder.clone(), cause };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(durable::PRIVATE);
        let mut file = options.open(home.lock_file()).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockFault::Taken { process: holder(&mut file), folder }),
            Err(TryLockError::Error(cause)) => return Err(io(cause)),
        }
        // For people alone: who holds the lock is what the system says.
        let note = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        note.map_err(io)?;
        Ok(Self(file))
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text);
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(process)) => format!(" (process {process})"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_told_which_one_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let first = HomeLock::take(&home).unwrap();
        let second = HomeLock::take(&home).unwrap_err().to_string();
        assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
        drop(first);
        HomeLock::take(&home).unwrap();
    }
}
