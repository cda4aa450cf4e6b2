//! A folder with one file for each record, laid out like the public datastore.

use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::pages::{self, Pages};
use super::shown;
use super::summary::Summary;
use crate::durable::{Pending, READABLE};
use crate::export::every_eval_ever;
use crate::failure::Failure;

pub(super) async fn write(to: &Path, over: bool, pages: &mut Pages, summary: &mut Summary) -> Result<(), Failure> {
    let unwritten =
        |path: &Path, fault: &io::Error| Failure::new(format!("cannot write {}", shown(path))).because(fault);
    let root = std::path::absolute(to).unwrap_or_else(|_| to.to_path_buf());
    std::fs::create_dir_all(&root).map_err(|fault| unwritten(to, &fault))?;
    while pages.more() {
        for entry in pages.next(summary).await? {
            let Some(item) = pages::read(entry, summary) else { continue };
            let record = every_eval_ever::pretty(&item);
            let record = record.map_err(|fault| Failure::new("a record cannot be written").cause(fault))?;
            let Some((path, text)) = every_eval_ever::path(&item).zip(record) else {
                summary.unfit = summary.unfit.saturating_add(1);
                continue;
            };
            let put = put(&root, &path, text.as_bytes(), over);
            match put.map_err(|fault| unwritten(&to.join(&path), &fault))? {
                Put::Written => {}
                Put::Same => summary.same = summary.same.saturating_add(1),
                Put::Kept => {
                    summary.kept = summary.kept.saturating_add(1);
                    continue;
                }
            }
            summary.count(&item, 1);
        }
    }
    Ok(())
}

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
enum Put {
    /// It is written.
    Written,
    /// It was there with the same content.
    Same,
    /// Another one was there and stays.
    Kept,
}

/// Writes a file below a folder: through no link, over no other file unless that may go.
fn put(root: &Path, path: &str, bytes: &[u8], over: bool) -> io::Result<Put> {
    let relative = Path::new(path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::Error::other("the path leads out of the folder"));
    }
    let mut folder: PathBuf = root.to_path_buf();
    for part in relative.parent().map(Path::components).into_iter().flatten() {
        folder.push(part);
        match std::fs::create_dir(&folder) {
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
                if !folder.symlink_metadata()?.is_dir() {
                    return Err(io::Error::other("a folder of it is a link or a file"));
                }
            }
            made => made?,
        }
    }
    let file = root.join(relative);
    if let Ok(found) = file.symlink_metadata() {
        if found.is_file() && std::fs::read(&file)? == bytes {
            return Ok(Put::Same);
        }
        if !over {
            return Ok(Put::Kept);
        }
    }
    let mut pending = Pending::begin(&file, READABLE)?;
    pending.write_all(bytes)?;
    match pending.finish(over) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Ok(Put::Kept),
        finished => finished.map(|()| Put::Written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_below_its_folder_and_through_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir(&root).unwrap();
        let path = "data/hellaswag/lab/model/x.json";
        assert_eq!(put(&root, path, b"1", false).unwrap(), Put::Written);
        assert_eq!(put(&root, path, b"1", false).unwrap(), Put::Same);
        assert_eq!(put(&root, path, b"2", false).unwrap(), Put::Kept);
        assert_eq!(std::fs::read(root.join(path)).unwrap(), b"1");
        assert_eq!(put(&root, path, b"2", true).unwrap(), Put::Written);
        assert_eq!(std::fs::read(root.join(path)).unwrap(), b"2");
        assert!(put(&root, "../x.json", b"1", true).is_err());
        assert!(put(&root, "/x.json", b"1", true).is_err());
        std::os::unix::fs::symlink(folder.path(), root.join("data/linked")).unwrap();
        assert!(put(&root, "data/linked/x.json", b"1", true).is_err());
        assert!(!folder.path().join("x.json").exists());
    }
}
