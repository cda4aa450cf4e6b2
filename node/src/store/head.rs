//! The head file: how far the own log was acknowledged, kept outside the database and synced after it.
//!
//! After a loss in the database the file stands above the store, and the node opens a new incarnation instead of
//! signing a second entry at a place that others have seen (PROTOCOL 2.4).

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use lyceum_protocol::hash::{EntryId, LogId, sha256};

use super::durable;
use super::folder::Folder;
use super::identity::StoreId;

/// The own log as it was acknowledged last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log: LogId,
    /// Its incarnation.
    pub incarnation: u64,
    /// Entries of it, at least one.
    pub len: u64,
    /// The last of them.
    pub id: EntryId,
}

/// How the head file and the store agree about the own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadCheck {
    /// Nothing was ever published here: neither has an own log.
    Nothing,
    /// Both end with the same entry.
    Equal(Head),
    /// The store has more, from a stop between the two writes. Harmless: nothing above was shown to anybody. The file's
    /// head is given.
    Extended(Head),
    /// Anything else: a file without its entries, entries without their file, a file that cannot be read. The node
    /// must not go on with that log.
    Differs,
}

/// What the head file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadRead {
    Missing,
    Unreadable,
    /// The head, and the store by which it was written.
    Of(Head, StoreId),
}

/// The head file: two records, of which the newer readable one counts. The older one is overwritten in place, so that
/// a write changes no name and no length, and one sync of the data is enough; a torn write leaves the other record.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    file: Option<File>,
    /// Number of the next record. Even ones stand first.
    next: u64,
}

/// A page each, so that the disk never writes both at once.
const RECORD_LEN: usize = 4_096;

impl HeadFile {
    /// Reads the file, if there is one.
    pub(super) fn open(folder: &Folder) -> io::Result<(Self, HeadRead)> {
        let path = folder.head();
        let file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
                return Ok((Self { path, file: None, next: 0 }, HeadRead::Missing));
            }
            Err(fault) => return Err(fault),
        };
        let mut bytes = vec![0; 2 * RECORD_LEN];
        let mut len = 0;
        while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, len as u64)? {
                0 => break,
                read => len = len.saturating_add(read),
            }
        }
        let newest = bytes.chunks(RECORD_LEN).filter_map(parse).max_by_key(|(number, ..)| *number);
        let read = newest.map_or(HeadRead::Unreadable, |(_, head, store)| HeadRead::Of(head, store));
        // Whole files only are written to in place: another one is replaced.
        let file = newest.is_some().then_some(file).filter(|_| len == bytes.len());
        Ok((Self { path, file, next: newest.map_or(0, |(number, ..)| number.saturating_add(1)) }, read))
    }

    /// Writes the head. Durable when it returns.
    pub(super) fn write(&mut self, head: &Head, store: StoreId) -> io::Result<()> {
        let record = format(self.next, head, store);
        let second = self.next % 2 == 1;
        match &self.file {
            Some(file) => {
                file.write_all_at(&record, if second { RECORD_LEN as u64 } else { 0 })?;
                file.sync_data()?;
            }
            None => {
                let empty = vec![b'\n'; RECORD_LEN];
                let (first, last) = if second { (&empty, &record) } else { (&record, &empty) };
                durable::replace(&self.path, &[first.as_slice(), last].concat())?;
                self.file = Some(File::options().write(true).open(&self.path)?);
            }
        }
        self.next = self.next.saturating_add(1);
        Ok(())
    }
}

fn format(number: u64, head: &Head, store: StoreId) -> Vec<u8> {
    let Head { log, incarnation, len, id } = head;
    let mut text =
        format!("record {number}\nstore {store}\nlog {log}\nincarnation {incarnation:016x}\nlen {len}\nhead {id}\n");
    text.push_str(&checksum(&text));
    let mut bytes = text.into_bytes();
    bytes.resize(RECORD_LEN, b'\n');
    bytes
}

fn checksum(text: &str) -> String {
    format!("sha256 {}\n", EntryId(sha256(&[text.as_bytes()])))
}

fn parse(record: &[u8]) -> Option<(u64, Head, StoreId)> {
    let text = std::str::from_utf8(record).ok()?;
    let (body, rest) = text.split_at_checked(text.find("sha256 ")?)?;
    if !rest.strip_prefix(&checksum(body))?.bytes().all(|byte| byte == b'\n') {
        return None;
    }
    let lines: BTreeMap<&str, &str> = body.lines().filter_map(|line| line.split_once(' ')).collect();
    let head = Head {
        log: lines.get("log")?.parse().ok()?,
        incarnation: u64::from_str_radix(lines.get("incarnation")?, 16).ok()?,
        len: lines.get("len")?.parse().ok()?,
        id: lines.get("head")?.parse().ok()?,
    };
    Some((lines.get("record")?.parse().ok()?, head, StoreId::parse(lines.get("store")?)?))
}
