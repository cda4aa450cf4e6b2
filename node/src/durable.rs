//! Files that are either wholly there or not at all, and folders that are ours alone.

mod pending;

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

pub use pending::Pending;

/// Mode of a file that only its owner reads.
pub const PRIVATE: u32 = 0o600;
/// Mode of a file that anyone may read, as far as the folder lets them.
pub const READABLE: u32 = 0o644;

/// Writes a file so that after a crash the old or the new content is there: temporary file, fsync, rename, fsync.
///
/// # Errors
/// Whatever the file system says. The old content is then untouched.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file lies in a folder"))?;
    let name = path.file_name().ok_or_else(|| io::Error::other("a file has a name"))?;
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = write_new(&temporary, bytes, mode)
        .and_then(|()| std::fs::rename(&temporary, path))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        // It holds nothing that anyone needs; the first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Left over from a process of the same id that was killed.
    match std::fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes names in a folder survive a power cut.
///
/// # Errors
/// Whatever the file system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder that only its owner enters, with its parents; of one that is there already it sets the mode.
///
/// # Errors
/// Whatever the file system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return std::fs::set_permissions(path, Permissions::from_mode(0o700));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write(&path, b"first", PRIVATE).unwrap();
        write(&path, b"second", PRIVATE).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else stays behind");
    }

    #[test]
    fn a_failed_write_leaves_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("inside"), b"kept").unwrap();
        assert!(write(&path, b"new", PRIVATE).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
