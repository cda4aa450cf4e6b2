//! Whether there is place for a file: the largest one, the most in all, and what the disk keeps free.

use std::io;
use std::path::Path;

use crate::config::AttachmentSettings;
use crate::size;

/// What stays free on the disk, in bytes.
pub const DISK_RESERVE: u64 = 1 << 30;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RoomFault {
    /// It is larger than this node takes.
    #[error("a file has {}; this node takes files of at most {}", size::words(*.size), size::words(*.max))]
    TooLarge {
        /// Bytes of the file.
        size: u64,
        /// The most.
        max: u64,
    },
    /// All files together would be more than this node keeps.
    #[error(
        "this node keeps at most {} of attached files, {} of them are taken, and {} more are needed",
        size::words(*.keep), size::words(*.taken), size::words(*.needed)
    )]
    Keep {
        /// The most in all.
        keep: u64,
        /// Bytes that are taken.
        taken: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// The disk would be too full.
    #[error(
        "{} are free on the disk of this node, {} of them are kept in reserve, and {} are needed",
        size::words(*.free), size::words(DISK_RESERVE), size::words(*.needed)
    )]
    Disk {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// Too many files are wanted already.
    #[error("{} files are wanted here already", super::WANTED_MAX)]
    TooManyWanted,
    /// Two entries name one hash with two sizes.
    #[error(
        "it is named with a size of {wanted} bytes here, and of {named} bytes by the entry for which it is fetched"
    )]
    OtherSize {
        /// The size that is asked for.
        wanted: u64,
        /// The size that is being fetched.
        named: u64,
    },
    /// The file system failed.
    #[error("the folder of attachments cannot be written")]
    Io(#[source] io::Error),
}

impl RoomFault {
    /// What to do.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => {
                "raise `max_file` in the table [attachments] of config.toml and start the node again"
            }
            Self::Keep { .. } => {
                "raise `keep` in the table [attachments] of config.toml, or let go of files: lyceum fetch ID --forget"
            }
            Self::Disk { .. } => "make room on the disk of the home folder",
            Self::TooManyWanted => "wait until some of them have come, or let go of some: lyceum fetch ID --forget",
            Self::OtherSize { .. } => "one of the two entries is wrong: `lyceum show` both",
            Self::Io(_) => "see that the disk of the home folder is well",
        }
    }
}

/// Whether files of these sizes have room beside `taken` bytes.
pub(super) fn check(settings: &AttachmentSettings, taken: u64, folder: &Path, sizes: &[u64]) -> Result<(), RoomFault> {
    if let Some(size) = sizes.iter().copied().find(|size| *size > settings.max_file) {
        return Err(RoomFault::TooLarge { size, max: settings.max_file });
    }
    let needed = sizes.iter().copied().fold(0, u64::saturating_add);
    if needed == 0 {
        return Ok(());
    }
    if taken.saturating_add(needed) > settings.keep {
        return Err(RoomFault::Keep { keep: settings.keep, taken, needed });
    }
    match fs4::available_space(folder) {
        Ok(free) if free < needed.saturating_add(DISK_RESERVE) => Err(RoomFault::Disk { free, needed }),
        // Where the system does not say, the disk itself will.
        Ok(_) | Err(_) => Ok(()),
    }
}
