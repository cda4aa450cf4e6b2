//! The two lists that outlive a restart: which files are wanted, and which entries named what is here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use lyceum_protocol::hash::{EntryId, FileHash};

use super::table::{Reason, Want};
use crate::durable;

/// Longest list that is read, in bytes.
const LIST_MAX: u64 = 64 * 1024 * 1024;

/// What is wanted: one file a line, `hash size entry organisation reason`.
pub(super) fn write_wanted(path: &Path, wanted: &BTreeMap<FileHash, Want>) -> io::Result<()> {
    let mut text = String::new();
    for (hash, want) in wanted {
        // What the settings say is found again.
        let reason = match want.reason {
            Reason::Policy => continue,
            Reason::Demand => "demand",
            Reason::Repair => "repair",
        };
        text.push_str(&format!("{hash} {} {} {} {reason}\n", want.size, want.entry, want.org));
    }
    durable::write(path, text.as_bytes(), durable::PRIVATE)
}

/// Reads it; what cannot be read of it is left out.
pub(super) fn read_wanted(path: &Path) -> io::Result<BTreeMap<FileHash, Want>> {
    let row = |line: &str| {
        let mut words = line.split(' ');
        let hash = words.next()?.parse().ok()?;
        let (size, entry, org) =
            (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let reason = if words.next()? == "repair" { Reason::Repair } else { Reason::Demand };
        Some((hash, Want { size, entry, org, reason, waiting: String::new() }))
    };
    Ok(read(path)?.lines().filter_map(row).collect())
}

/// Which entries named what: one file a line, `hash entry…`.
pub(super) fn write_names(path: &Path, names: &BTreeMap<FileHash, BTreeSet<EntryId>>) -> io::Result<()> {
    let mut text = String::new();
    for (hash, entries) in names.iter().filter(|(_, entries)| !entries.is_empty()) {
        text.push_str(&hash.to_string());
        for entry in entries {
            text.push_str(&format!(" {entry}"));
        }
        text.push('\n');
    }
    durable::write(path, text.as_bytes(), durable::PRIVATE)
}

/// Reads it; what cannot be read of it is left out.
pub(super) fn read_names(path: &Path) -> io::Result<BTreeMap<FileHash, BTreeSet<EntryId>>> {
    let row = |line: &str| {
        let (hash, entries) = line.split_once(' ')?;
        Some((hash.parse().ok()?, entries.split(' ').filter_map(|entry| entry.parse().ok()).collect()))
    };
    Ok(read(path)?.lines().filter_map(row).collect())
}

fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(fault) => return Err(fault),
    };
    let mut bytes = Vec::new();
    file.take(LIST_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::hash::OrgId;

    use super::*;

    #[test]
    fn lists_read_back_and_broken_lines_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        let want =
            |reason| Want { size: 7, entry: EntryId([2; 32]), org: OrgId([3; 32]), reason, waiting: String::new() };
        let all = BTreeMap::from([
            (FileHash([1; 32]), want(Reason::Demand)),
            (FileHash([2; 32]), want(Reason::Repair)),
            (FileHash([3; 32]), want(Reason::Policy)),
        ]);
        write_wanted(&path, &all).unwrap();
        let mut kept = all;
        kept.remove(&FileHash([3; 32]));
        assert_eq!(read_wanted(&path).unwrap(), kept);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("half a li\n{text}../../x 1 2 3 demand\n")).unwrap();
        assert_eq!(read_wanted(&path).unwrap(), kept);

        let names = BTreeMap::from([(FileHash([1; 32]), BTreeSet::from([EntryId([4; 32]), EntryId([5; 32])]))]);
        write_names(&path, &names).unwrap();
        assert_eq!(read_names(&path).unwrap(), names);
        assert!(read_names(&folder.path().join("none")).unwrap().is_empty());
    }
}
