//! Opening the engine, with what is known of its hard stops, and reading what the writer must know.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use lyceum_protocol::hash::{LogId, NetworkId};

use super::{BadRow, Folder, LogNumber, LogPlace, OpenFault, guarded, rows};
use crate::store::durable;
use crate::store::slots::Slot;

/// How often the engine writes and cleans by itself. Its space is reclaimed in that thread alone.
const FLUSH_EVERY_MS: u64 = 500;
/// How long the engine's own lock is waited for: its threads of an earlier opening may still hold it.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Memory for a database that is made and closed again, in bytes.
const NEW_CACHE_BYTES: u64 = 1024 * 1024;

/// Why a table of the database could not be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::store) enum TableFault {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sled::Error),
    /// A row is not what was written.
    #[error(transparent)]
    Row(#[from] BadRow),
}

/// Why the engine did not open.
enum EngineFault {
    /// Its files do not make sense to it.
    Damaged(String),
    /// Anything else.
    Other(String),
}

/// Opens the engine, and makes its files where there are none. When it returns, all that it found or made is durable.
pub(in crate::store) fn open(folder: &Folder, network: NetworkId, cache_bytes: u64) -> Result<sled::Db, OpenFault> {
    let db = if folder.tree().exists() {
        open_existing(folder, cache_bytes)?
    } else {
        make(folder, network)?;
        open_existing(folder, cache_bytes)?
    };
    belong_to(&db, network, folder)?;
    Ok(db)
}

/// Makes an empty database beside its place and moves it there when it is whole: the engine does not sync its
/// configuration, and a torn one is an error for it.
fn make(folder: &Folder, network: NetworkId) -> Result<(), OpenFault> {
    let io = |fault: io::Error| OpenFault::io(folder.path(), "new database", &fault);
    let database = |fault: sled::Error| io(io::Error::other(fault.to_string()));
    let new = folder.new_tree();
    match fs::remove_dir_all(&new) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(io(fault)),
        Ok(()) | Err(_) => {}
    }
    fs::create_dir(&new).map_err(io)?;
    match start(&new, NEW_CACHE_BYTES) {
        Ok(db) => {
            db.insert(rows::NETWORK, &network.0).map_err(database)?;
            db.flush().map_err(database)?;
        }
        Err(EngineFault::Damaged(why) | EngineFault::Other(why)) => return Err(io(io::Error::other(why))),
    }
    sync_all(&new).map_err(io)?;
    fs::rename(&new, folder.tree()).map_err(io)?;
    durable::sync_folder(folder.path()).map_err(io)
}

fn open_existing(folder: &Folder, cache_bytes: u64) -> Result<sled::Db, OpenFault> {
    let io = |what| move |fault: io::Error| OpenFault::io(folder.path(), what, &fault);
    let other = |why| OpenFault::Io { folder: folder.path().to_path_buf(), what: "database", why };
    let tree = folder.tree();
    // A half-written snapshot would be read as the newest one: the known cause of "corruption" after a hard stop.
    remove_snapshots(&tree, |name| name.ends_with(".generating")).map_err(io("snapshots"))?;
    // What a killed process wrote may still be in memory only. The engine makes a snapshot of it while opening, and
    // that must never be ahead of its file.
    match File::open(folder.tree_file()) {
        Ok(file) => file.sync_all().map_err(io("database"))?,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(OpenFault::io(folder.path(), "database", &fault)),
    }
    let db = match start(&tree, cache_bytes) {
        Ok(db) => db,
        Err(EngineFault::Other(why)) => return Err(other(why)),
        Err(EngineFault::Damaged(why)) => {
            let copy = set_aside(folder).map_err(io("copy of the damaged database"))?;
            tracing::warn!(%why, copy = %copy.display(), "database damaged: trying without its snapshots");
            remove_snapshots(&tree, |_| true).map_err(io("snapshots"))?;
            match start(&tree, cache_bytes) {
                Ok(db) => db,
                Err(EngineFault::Damaged(why) | EngineFault::Other(why)) => {
                    return Err(OpenFault::Damaged { folder: folder.path().to_path_buf(), copy, why });
                }
            }
        }
    };
    sync_all(&tree).map_err(io("database"))?;
    Ok(db)
}

fn start(tree: &Path, cache_bytes: u64) -> Result<sled::Db, EngineFault> {
    let until = Instant::now() + LOCK_WAIT;
    loop {
        let config = sled::Config::new().path(tree).cache_capacity(cache_bytes).flush_every_ms(Some(FLUSH_EVERY_MS));
        match guarded(|| config.open()) {
            Ok(Ok(db)) => return Ok(db),
            // Our own lock is held, so only this process can be in the way, and not for long.
            Ok(Err(sled::Error::Io(fault))) if fault.to_string().contains("could not acquire lock") => {
                if Instant::now() > until {
                    return Err(EngineFault::Other(fault.to_string()));
                }
                thread::sleep(Duration::from_millis(5));
            }
            Ok(Err(fault @ (sled::Error::Corruption { .. } | sled::Error::ReportableBug(_)))) => {
                return Err(EngineFault::Damaged(fault.to_string()));
            }
            Ok(Err(fault)) => return Err(EngineFault::Other(fault.to_string())),
            Err(panic) => return Err(EngineFault::Damaged(panic)),
        }
    }
}

fn remove_snapshots(tree: &Path, which: impl Fn(&str) -> bool) -> io::Result<()> {
    for item in fs::read_dir(tree)? {
        let item = item?;
        let name = item.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("snap.") && which(name)) {
            fs::remove_file(item.path())?;
        }
    }
    durable::sync_folder(tree)
}

/// Makes names and contents of the engine's files durable: it does so for some of them only.
fn sync_all(tree: &Path) -> io::Result<()> {
    for item in fs::read_dir(tree)? {
        let item = item?;
        if item.file_type()?.is_file() {
            File::open(item.path())?.sync_all()?;
        } else {
            durable::sync_folder(&item.path())?;
        }
    }
    durable::sync_folder(tree)
}

/// Copies the database beside itself, under a name that is free.
fn set_aside(folder: &Folder) -> io::Result<PathBuf> {
    let mut number = 1_u32;
    let copy = loop {
        let copy = folder.path().join(format!("tree.damaged-{number}"));
        match fs::create_dir(&copy) {
            Ok(()) => break copy,
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => number = number.saturating_add(1),
            Err(fault) => return Err(fault),
        }
    };
    for item in fs::read_dir(folder.tree())? {
        let item = item?;
        if item.file_type()?.is_file() {
            fs::copy(item.path(), copy.join(item.file_name()))?;
        }
    }
    Ok(copy)
}

/// Compares the alliance whose store this is with the one that is asked for.
fn belong_to(tree: &sled::Tree, asked: NetworkId, folder: &Folder) -> Result<(), OpenFault> {
    let bad = |why| OpenFault::Io { folder: folder.path().to_path_buf(), what: "database", why };
    let found = tree.get(rows::NETWORK).map_err(|fault| bad(fault.to_string()))?;
    let found = found.and_then(|found| found.as_ref().try_into().ok()).map(NetworkId);
    match found {
        Some(found) if found == asked => Ok(()),
        Some(found) => Err(OpenFault::OtherAlliance { folder: folder.path().to_path_buf(), found, asked }),
        None => Err(bad("it does not say whose alliance it holds".to_owned())),
    }
}

/// The logs with their lengths, and the number that the next new one gets.
pub(in crate::store) fn places(tree: &sled::Tree) -> Result<(BTreeMap<LogId, LogPlace>, LogNumber), TableFault> {
    let mut places = BTreeMap::new();
    let mut next = LogNumber(0);
    for row in tree.scan_prefix(rows::LOGS) {
        let (key, opening) = row?;
        let number = rows::log_number(&key)?;
        let opening = rows::read_opening(&opening)?;
        places.insert(opening.log, LogPlace { number, len: len_of(tree, number)?, tail: None });
        next = LogNumber(number.0.saturating_add(1));
    }
    Ok((places, next))
}

fn len_of(tree: &sled::Tree, number: LogNumber) -> Result<u64, TableFault> {
    let prefix = rows::blocks(number);
    let last = tree.range(..=rows::block(number, u64::MAX)).next_back().transpose()?;
    let Some((key, block)) = last.filter(|(key, _)| key.starts_with(&prefix)) else { return Ok(0) };
    let first = key.get(prefix.len()..).and_then(|first| first.try_into().ok()).map(u64::from_be_bytes);
    let first = first.ok_or(BadRow("a block has a wrong key"))?;
    let items = u64::try_from(rows::read_block(&block)?.len()).unwrap_or(u64::MAX);
    Ok(first.saturating_add(items))
}

/// Slots that must be erased.
pub(in crate::store) fn doomed(tree: &sled::Tree) -> Result<Vec<Slot>, TableFault> {
    tree.scan_prefix(rows::DOOMED).keys().map(|key| Ok(rows::doomed_slot(&key?)?)).collect()
}

/// Bytes of the rows that count.
pub(in crate::store) fn live_bytes(tree: &sled::Tree) -> Result<u64, TableFault> {
    let Some(value) = tree.get(rows::LIVE_BYTES)? else { return Ok(0) };
    let bytes = value.as_ref().try_into().map_err(|_| BadRow("the count of live bytes has a wrong length"))?;
    Ok(u64::from_le_bytes(bytes))
}
