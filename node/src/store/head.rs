//! The head file: how far the own log was acknowledged, kept outside the database and synced after it.
//!
//! After a loss in the database the file stands above the store, and the node opens a new incarnation instead of
//! signing a second entry at a place that others have seen (PROTOCOL 2.4).

use std::collections::BTreeMap;
use std::io;

use lyceum_protocol::hash::{EntryId, LogId, sha256};

use super::durable;
use super::folder::Folder;
use super::identity::StoreId;

/// Longest head file that is read.
const FILE_MAX: u64 = 1_024;

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
pub(super) enum HeadFile {
    Missing,
    Unreadable,
    /// The head, and the store by which it was written.
    Of(Head, StoreId),
}

/// Writes the head file. Durable when it returns.
pub(super) fn write(folder: &Folder, head: &Head, store: StoreId) -> io::Result<()> {
    let mut text = format!(
        "store {store}\nlog {}\nincarnation {:016x}\nlen {}\nhead {}\n",
        head.log, head.incarnation, head.len, head.id
    );
    text.push_str(&checksum(&text));
    durable::replace(&folder.head(), text.as_bytes())
}

fn checksum(text: &str) -> String {
    format!("sha256 {}\n", EntryId(sha256(&[text.as_bytes()])))
}

/// Reads the head file.
pub(super) fn read(folder: &Folder) -> io::Result<HeadFile> {
    let Some(text) = durable::read_small(&folder.head(), FILE_MAX)? else { return Ok(HeadFile::Missing) };
    Ok(parse(&text).map_or(HeadFile::Unreadable, |(head, store)| HeadFile::Of(head, store)))
}

fn parse(text: &str) -> Option<(Head, StoreId)> {
    let (body, _) = text.split_at_checked(text.find("sha256 ")?)?;
    if text.strip_prefix(body) != Some(&checksum(body)) {
        return None;
    }
    let lines: BTreeMap<&str, &str> = body.lines().filter_map(|line| line.split_once(' ')).collect();
    let head = Head {
        log: lines.get("log")?.parse().ok()?,
        incarnation: u64::from_str_radix(lines.get("incarnation")?, 16).ok()?,
        len: lines.get("len")?.parse().ok()?,
        id: lines.get("head")?.parse().ok()?,
    };
    Some((head, StoreId::parse(lines.get("store")?)?))
}
