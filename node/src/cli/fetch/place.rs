//! Gives fetched files their place: inside one folder whatever their names say, never over anything, whole or not at all.
//!
//! Names come from others. They are checked as text first; then every step below the folder is opened on its own and
//! without following links, so that what lies there already cannot lead out of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use unicode_normalization::UnicodeNormalization as _;

use super::super::safe_text;

/// Longest part of a name, in bytes: what file systems take.
const PART_MAX: usize = 255;
/// Longest name, in bytes.
const NAME_MAX: usize = 1_024;

/// Why a file gets no place by its name, in words that follow the name.
pub(in crate::cli) fn fault_of(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.trim() != name {
        return Some("is no name of a file: it is empty, or begins or ends with a space");
    }
    if name.len() > NAME_MAX || name.split('/').any(|part| part.len() > PART_MAX) {
        return Some("is too long for a file: at most 255 bytes a part, 1,024 in all");
    }
    if safe_text::block(name) != name || name.contains(['\n', '\t']) {
        return Some("has characters that are not shown, and would look like another name");
    }
    if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Some("leads out of the folder, and is not brought there");
    }
    if name.contains(['\\', ':']) {
        return Some("has a \\ or a :, which means another place on some systems");
    }
    None
}

/// Which of these names cannot stand beside the ones before them in one folder, with the reason in words.
pub(in crate::cli) fn clashes(names: &[&str]) -> Vec<Option<String>> {
    // As a file system sees them that does not tell upper and lower case, or ways to write an accent, apart.
    let folded = |name: &str| name.nfc().flat_map(char::to_lowercase).nfc().collect::<String>();
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    let mut folders: BTreeMap<String, &str> = BTreeMap::new();
    let mut clashes = Vec::with_capacity(names.len());
    for name in names {
        let key = folded(name);
        let above: Vec<String> =
            key.match_indices('/').filter_map(|(at, _)| key.get(..at).map(str::to_owned)).collect();
        let clash = match files.get(&key) {
            Some(other) if other == name => Some("is there for the second time".to_owned()),
            Some(other) => Some(format!("differs from {other:?} by case alone: on many systems they are one file")),
            None => {
                let as_folder = folders.get(&key).map(|other| format!("is a folder of {other:?} as well"));
                let as_file = || above.iter().find_map(|folder| files.get(folder));
                as_folder.or_else(|| as_file().map(|other| format!("lies in {other:?}, which is a file")))
            }
        };
        if clash.is_none() {
            files.insert(key, name);
            for folder in above {
                folders.entry(folder).or_insert(name);
            }
        }
        clashes.push(clash);
    }
    clashes
}

/// The folder in which files get their places.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    folder: OwnedFd,
}

/// What lies at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lies {
    /// Nothing.
    Nothing,
    /// A file, of so many bytes.
    AFile(u64),
    /// Something that is no file.
    Other,
}

impl Target {
    /// Opens it, or makes it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(Self { path: path.to_owned(), folder: fs::open(path, flags, Mode::empty())? })
    }

    /// Where a name leads, for people.
    pub(super) fn shown(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder that a name leads into, and its last part. Folders on the way are made if `make` says so.
    fn walk<'a>(&self, name: &'a str, make: bool) -> io::Result<(OwnedFd, &'a str)> {
        if fault_of(name).is_some() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let mut at = self.folder.try_clone()?;
        let (above, last) = name.rsplit_once('/').map_or(("", name), |(above, last)| (above, last));
        for part in above.split('/').filter(|part| !part.is_empty()) {
            if make {
                match fs::mkdirat(&at, part, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(fault) => return Err(fault.into()),
                }
            }
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
            at = fs::openat(&at, part, flags, Mode::empty()).map_err(|fault| match fault {
                Errno::LOOP | Errno::NOTDIR | Errno::MLINK => {
                    io::Error::other(format!("{part:?} in the target folder is a link or a file, and no folder"))
                }
                fault => fault.into(),
            })?;
        }
        Ok((at, last))
    }

    /// What lies where a name leads.
    pub(super) fn lies(&self, name: &str) -> io::Result<Lies> {
        let (folder, last) = match self.walk(name, false) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Lies::Nothing),
            walked => walked?,
        };
        match fs::statat(&folder, last, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(Lies::Nothing),
            Err(fault) => Err(fault.into()),
            Ok(stat) if fs::FileType::from_raw_mode(stat.st_mode) == fs::FileType::RegularFile => {
                Ok(Lies::AFile(u64::try_from(stat.st_size).unwrap_or(0)))
            }
            Ok(_) => Ok(Lies::Other),
        }
    }

    /// Opens the file that lies there, to be compared.
    pub(super) fn read(&self, name: &str) -> io::Result<File> {
        let (folder, last) = self.walk(name, false)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(fs::openat(&folder, last, flags, Mode::empty())?))
    }

    /// Begins a file beside its place.
    pub(super) fn begin(&self, name: &str) -> io::Result<Placing> {
        let (folder, last) = self.walk(name, true)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let temporary = format!(".lyceum-{}.part", data_encoding::HEXLOWER.encode(&random));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(fs::openat(&folder, temporary.as_str(), flags, Mode::from_raw_mode(0o666))?);
        Ok(Placing { folder, temporary, name: last.to_owned(), file, placed: false })
    }
}

/// A file on its way to its place. Dropped before [`Placing::finish`] it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Placing {
    folder: OwnedFd,
    temporary: String,
    name: String,
    file: File,
    placed: bool,
}

impl Placing {
    /// Takes the next bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives it its place, durably. What lies there meanwhile stays, and is an error.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let (from, to) = (self.temporary.as_str(), self.name.as_str());
        match fs::renameat_with(&self.folder, from, &self.folder, to, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                // A file system that cannot do that: a second name is never given over a first.
                fs::linkat(&self.folder, from, &self.folder, to, AtFlags::empty())?;
                fs::unlinkat(&self.folder, from, AtFlags::empty())?;
            }
            Err(fault) => return Err(fault.into()),
        }
        self.placed = true;
        fs::fsync(&self.folder)?;
        Ok(())
    }
}

impl Drop for Placing {
    fn drop(&mut self) {
        if !self.placed {
            // It may be gone already.
            let _ = fs::unlinkat(&self.folder, self.temporary.as_str(), AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_told_by_their_text() {
        for good in ["log.txt", "a/b/c.json", ".gitattributes", "été.txt", "日本語", "..a", "a.."] {
            assert_eq!(fault_of(good), None, "{good}");
        }
        let long = "x".repeat(256);
        let deep = "a/".repeat(600) + "b";
        for bad in [
            "",
            " a",
            "/etc/passwd",
            "../../.ssh/authorized_keys",
            "a/../../b",
            ".",
            "a//b",
            "a/",
            "c:\\x",
            "a\nb",
            "a\u{202e}txt.exe",
            "a\u{1b}[2J",
            &long,
            &deep,
        ] {
            assert!(fault_of(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_are_one_file_somewhere_clash() {
        let names = ["Model.bin", "model.bin", "a", "a/b", "c/d", "C", "e\u{301}", "\u{e9}", "Model.bin", "x/y", "X/z"];
        let clashing: Vec<&str> =
            names.iter().zip(clashes(&names)).filter(|(_, clash)| clash.is_some()).map(|(name, _)| *name).collect();
        assert_eq!(clashing, ["model.bin", "a/b", "C", "\u{e9}", "Model.bin"]);
    }

    fn put(target: &Target, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut placing = target.begin(name)?;
        placing.write(bytes)?;
        placing.finish()
    }

    #[test]
    fn a_file_gets_its_place_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::open(&folder.path().join("to")).unwrap();
        assert_eq!(target.lies("a/b/c").unwrap(), Lies::Nothing);
        put(&target, "a/b/c", b"first").unwrap();
        assert_eq!(target.lies("a/b/c").unwrap(), Lies::AFile(5));
        assert_eq!(put(&target, "a/b/c", b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(folder.path().join("to/a/b/c")).unwrap(), b"first");
        assert!(put(&target, "a/b", b"over a folder").is_err());
        assert_eq!(std::fs::read_dir(folder.path().join("to/a/b")).unwrap().count(), 1, "nothing half is left");
        drop(target.begin("a/half").unwrap());
        assert_eq!(std::fs::read_dir(folder.path().join("to/a")).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, to) = (folder.path().join("outside"), folder.path().join("to"));
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(outside.join("kept"), "kept").unwrap();
        std::os::unix::fs::symlink(&outside, to.join("a")).unwrap();
        std::os::unix::fs::symlink(outside.join("kept"), to.join("file")).unwrap();
        std::os::unix::fs::symlink(outside.join("new"), to.join("dangling")).unwrap();
        let target = Target::open(&to).unwrap();
        assert!(put(&target, "a/x", b"x").unwrap_err().to_string().contains("link"));
        assert!(put(&target, "file", b"x").is_err());
        assert!(put(&target, "dangling", b"x").is_err());
        assert!(put(&target, "../outside/x", b"x").is_err());
        assert_eq!(target.lies("file").unwrap(), Lies::Other);
        assert!(target.read("file").is_err());
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(std::fs::read(outside.join("kept")).unwrap(), b"kept");
    }
}
