//! Authors that write logs, and checks of what a store holds of them.

use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, PoisonError, RwLock};

use lyceum_node::store::{LogStore, OpenFault, Opened, Recovered, RecoveredLog, Store, StoreOptions};
use lyceum_protocol::entry::{Draft, Kind, Payload, Place, VerifiedEntry};
use lyceum_protocol::hash::{CertificateId, EntryId, LogId, NetworkId, TreeHead};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::log::Opening;
use lyceum_protocol::replica::{Batch, Change};

/// The alliance of all tests.
pub(crate) const NETWORK: NetworkId = NetworkId([7; 32]);

/// A node key with a log that it writes.
#[derive(Clone)]
pub(crate) struct Author {
    secret: Arc<SecretKey>,
    pub(crate) opening: Opening,
    tree: Tree,
}

impl Author {
    /// The author of this number.
    pub(crate) fn new(number: u8) -> Self {
        let secret = SecretKey::from_seed(&[number.wrapping_add(1); 32]);
        let opening = Opening::new(secret.public().to_bytes(), u64::from(number), CertificateId([number; 32]));
        Self { secret: Arc::new(secret), opening, tree: Tree::new() }
    }

    /// The author of this number, as it goes on behind these entries.
    pub(crate) fn behind(number: u8, ids: &[EntryId]) -> Self {
        let tree = Tree::of(ids.iter().map(|id| id.0.as_slice()));
        Self { tree, ..Self::new(number) }
    }

    pub(crate) fn log(&self) -> LogId {
        self.opening.log
    }

    /// The next entry, with these bytes as its payload.
    pub(crate) fn write(&mut self, payload: Vec<u8>) -> VerifiedEntry {
        self.write_as(Kind::PUBLICATION, payload)
    }

    /// The next entry, of a kind.
    pub(crate) fn write_as(&mut self, kind: Kind, payload: Vec<u8>) -> VerifiedEntry {
        let (seq, history) = match self.tree.len() {
            0 => (0, TreeHead(self.opening.certificate.0)),
            len => (len, self.tree.head()),
        };
        let draft = Draft { kind, marking: 1, flags: 0, time: 1_000 + seq, payload: payload.into() };
        let place = Place { incarnation: self.opening.incarnation, seq, history };
        let entry = draft.sign(NETWORK, &self.secret, place).expect("a draft within its bounds");
        self.tree.push(&entry.id());
        entry
    }
}

/// A payload of this length that occurs nowhere else: salt, then text.
pub(crate) fn payload(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = format!("{seed:016x}").into_bytes();
    let text = format!(" the quick brown fox of {seed} jumps over the lazy dog;");
    bytes.extend(text.bytes().cycle().take(len.saturating_sub(16)));
    bytes
}

/// The same entry without its payload.
pub(crate) fn without_payload(entry: &VerifiedEntry, payload: Payload) -> VerifiedEntry {
    let mut bare = entry.to_untrusted();
    bare.payload = payload;
    bare.recognise(NETWORK, entry.id()).expect("an entry may come without its payload")
}

/// A batch of one change.
pub(crate) fn batch(change: Change) -> Batch {
    Batch { changes: vec![change] }
}

/// A batch of one entry of another's log.
pub(crate) fn append(entry: &VerifiedEntry) -> Batch {
    batch(Change::Entry { log: log_of(entry), entry: entry.clone() })
}

/// A batch of one entry of the own log.
pub(crate) fn publish(entry: &VerifiedEntry) -> Batch {
    batch(Change::OwnEntry { log: log_of(entry), entry: entry.clone() })
}

/// The log of an entry by one of the numbered authors: certificates are numbered as incarnations are.
pub(crate) fn log_of(entry: &VerifiedEntry) -> LogId {
    let header = entry.header();
    let number = u8::try_from(header.incarnation).expect("authors have small numbers");
    LogId::of(&header.key, header.incarnation, CertificateId([number; 32]))
}

/// How the tests open a store: little memory, and no care for how full the disk of the tests is.
pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        cache_bytes: 8 * 1024 * 1024,
        reserve_bytes: 0,
        machine: "test machine".to_owned(),
        ..StoreOptions::new(NETWORK)
    }
}

/// Held alone while a process is started: until it runs its own program it holds the locks of all stores that this one
/// has open, and a store that is closed meanwhile cannot be opened again.
static STARTING: RwLock<()> = RwLock::new(());

/// Starts another process, beside tests that close and open stores.
pub(crate) fn start(command: &mut Command) -> Child {
    let _alone = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn().expect("a process can be started")
}

/// Opens a store as `options` say.
pub(crate) fn try_open(folder: &Path, options: &StoreOptions) -> Result<Opened, OpenFault> {
    let _nobody_starts = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    Store::open(folder, options)
}

/// Opens a store that has to open.
pub(crate) fn open(folder: &Path) -> Opened {
    try_open(folder, &options()).expect("the store opens")
}

/// What is known of a log.
pub(crate) fn log<'a>(recovered: &'a Recovered, author: &Author) -> Option<&'a RecoveredLog> {
    recovered.logs.iter().find(|log| log.opening == author.opening)
}

/// Reads all logs in pages and checks that each is an unbroken history of the entries that are listed.
pub(crate) fn check_histories(store: &Store, recovered: &Recovered) {
    for log in &recovered.logs {
        let mut tree = Tree::new();
        let mut read = Vec::new();
        loop {
            let from = tree.len();
            let page = store.entries(log.opening.log, from, u64::MAX, 20_000).expect("entries can be read");
            if page.is_empty() {
                break;
            }
            for entry in page {
                let header = entry.header();
                assert_eq!(header.seq, tree.len(), "entries are consecutive");
                let history = if tree.is_empty() { TreeHead(log.opening.certificate.0) } else { tree.head() };
                assert_eq!(header.history, history, "each entry names the history before it");
                tree.push(&entry.id());
                read.push(entry.id());
            }
        }
        let listed: Vec<EntryId> = log.entries.iter().map(|held| held.id).collect();
        assert_eq!(read, listed, "what is listed is what is read");
    }
}

/// Every byte of every file below a folder, with the file's name.
pub(crate) fn all_files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for item in std::fs::read_dir(folder).expect("a folder") {
        let item = item.expect("an item");
        if item.file_type().expect("a type").is_dir() {
            files.extend(all_files(&item.path()));
        } else {
            let bytes = std::fs::read(item.path()).expect("a file");
            files.push((item.path().display().to_string(), bytes));
        }
    }
    files
}
