//! A file that is written piece by piece, and stands under its name only when all of it is there.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::sync_folder;

/// A file on its way. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub struct Pending {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Pending {
    /// Begins a file beside the place where it will stand.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn begin(path: &Path, mode: u32) -> io::Result<Self> {
        let (folder, name) =
            path.parent().zip(path.file_name()).ok_or_else(|| io::Error::other("a file has a name"))?;
        let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        match std::fs::remove_file(&temporary) {
            // Left over from a process of the same id that was killed.
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        Ok(Self { path: path.to_path_buf(), temporary, file: Some(BufWriter::new(file)) })
    }

    /// Gives the file its name, once its bytes are on the disk.
    ///
    /// # Errors
    /// `AlreadyExists` where something has the name already and `over` does not say that it may go; else whatever the
    /// file system says.
    pub fn finish(mut self, over: bool) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        if over {
            std::fs::rename(&self.temporary, &self.path)?;
        } else {
            // Unlike a rename, a link never takes the place of another file.
            match std::fs::hard_link(&self.temporary, &self.path) {
                Ok(()) => std::fs::remove_file(&self.temporary)?,
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => return Err(fault),
                // A file system without links.
                Err(_) if self.path.symlink_metadata().is_err() => std::fs::rename(&self.temporary, &self.path)?,
                Err(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            }
        }
        self.path.parent().map_or(Ok(()), sync_folder)
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or_else(|| Err(io::Error::other("the file is finished")), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // Gone already where it was renamed.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_as_a_whole_or_not_at_all_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let begin = |bytes: &[u8]| {
            let mut pending = Pending::begin(&path, 0o644).unwrap();
            pending.write_all(bytes).unwrap();
            pending
        };
        drop(begin(b"half"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays behind");
        begin(b"whole").finish(false).unwrap();
        assert_eq!(begin(b"other").finish(false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        begin(b"new").finish(true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_dangling_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        let pending = Pending::begin(&path, 0o644).unwrap();
        assert_eq!(pending.finish(false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(!folder.path().join("elsewhere").exists());
    }
}
