//! Format version and identity of a store: whether the folder is the one that it was (PROTOCOL 2.4).
//!
//! A copied or restored folder must not go on with the own log, because the original may do so too. Its file system
//! number or the machine's name gives it away.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use super::durable;
use super::folder::Folder;

/// The layout of everything below the folder. Counts up with each change that an older program could not read.
pub(super) const FORMAT: u32 = 1;

/// Longest identity file that is read.
const FILE_MAX: u64 = 4_096;

/// Names one store: random, new for every copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreId(pub u64);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl StoreId {
    fn random() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|fault| io::Error::other(fault.to_string()))?;
        Ok(Self(u64::from_le_bytes(bytes)))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16).map(Self)
    }
}

/// What kind of folder was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedAs {
    /// There was none: it is empty and begins now.
    New,
    /// The one that it was before.
    Same,
    /// Copied, restored or moved to another disk or machine: the own log must go on in a new incarnation. Reported at
    /// every start until the first own entry was stored here.
    Copied,
}

/// Where a store is: what a copy cannot take along.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Location {
    machine: String,
    device: u64,
    inode: u64,
}

impl Location {
    fn of(folder: &Folder, machine: &str) -> io::Result<Self> {
        let meta = fs::metadata(folder.path())?;
        Ok(Self { machine: machine.to_owned(), device: meta.dev(), inode: meta.ino() })
    }
}

/// Why the identity of a store is not known.
#[derive(Debug)]
pub(super) enum IdentityFault {
    /// Written by a later program, in this format.
    Newer(u32),
    /// Not read or not written.
    Io(io::Error),
}

impl From<io::Error> for IdentityFault {
    fn from(fault: io::Error) -> Self {
        Self::Io(fault)
    }
}

/// Reads the identity of a folder and compares it with where the folder is; writes a new one where they differ.
pub(super) fn settle(folder: &Folder, machine: &str) -> Result<(StoreId, OpenedAs), IdentityFault> {
    let here = Location::of(folder, machine)?;
    let text = durable::read_small(&folder.identity(), FILE_MAX)?;
    let written = match &text {
        Some(text) => parse(text)?,
        None => None,
    };
    if let Some((id, there)) = written
        && there == here
    {
        return Ok((id, OpenedAs::Same));
    }
    let id = StoreId::random()?;
    // A database without a readable identity beside it is as good as a copy: nothing says where it was.
    let begins = text.is_none() && !folder.tree_file().exists() && !folder.head().exists();
    durable::replace(&folder.identity(), format(id, &here).as_bytes())?;
    Ok((id, if begins { OpenedAs::New } else { OpenedAs::Copied }))
}

fn format(id: StoreId, location: &Location) -> String {
    let Location { machine, device, inode } = location;
    format!("format {FORMAT}\nstore {id}\nmachine {machine}\ndevice {device}\ninode {inode}\n")
}

/// The identity that was written; none if it is not readable, which counts as another place.
fn parse(text: &str) -> Result<Option<(StoreId, Location)>, IdentityFault> {
    let lines: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let number = |name| lines.get(name).and_then(|value| value.parse::<u64>().ok());
    match lines.get("format").and_then(|value| value.parse::<u32>().ok()) {
        Some(found) if found > FORMAT => return Err(IdentityFault::Newer(found)),
        // There is no older format yet: the first that follows is migrated to here.
        Some(FORMAT) => {}
        Some(_) | None => return Ok(None),
    }
    let id = lines.get("store").and_then(|value| StoreId::parse(value));
    let location = match (lines.get("machine"), number("device"), number("inode")) {
        (Some(machine), Some(device), Some(inode)) => Location { machine: (*machine).to_owned(), device, inode },
        _ => return Ok(None),
    };
    Ok(id.map(|id| (id, location)))
}
