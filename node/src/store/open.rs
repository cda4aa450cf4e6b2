//! Opening a store: lock, identity, repair of what a hard stop leaves, and the checks before the first write.

mod database;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{fmt, io};

use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::hash::{LogId, NetworkId};
use lyceum_protocol::replica::Batch;
use lyceum_protocol::replica::event::StoreFault;

use super::durable;
use super::flusher::Watch;
use super::folder::{Folder, Lock, LockFault};
use super::head::{HeadFile, HeadRead};
use super::identity::{self, FORMAT, IdentityFault};
use super::plan::LogPlace;
use super::read::EntryReader;
use super::recover;
use super::rows::{self, BadRow, LogNumber};
use super::slots::{FreshSlots, Slots};
use super::writer::{Start, Writer, WriterThread};
use super::{HeadCheck, LogStore, OpenedAs, Recovered, StoreId, StoreStatus};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The alliance whose entries it holds. A store of another one is refused.
    pub network: NetworkId,
    /// Memory for pages of the database, in bytes. The engine takes a multiple of it.
    pub cache_bytes: u64,
    /// Own entries are refused while fewer bytes than this are free on the disk.
    pub reserve_bytes: u64,
    /// Names this machine, so that a folder which came from another one is recognised.
    pub machine: String,
}

impl StoreOptions {
    /// What a node uses: 96 MiB of cache, 64 MiB in reserve, the machine's own name where the system gives it one.
    pub fn new(network: NetworkId) -> Self {
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        Self {
            network,
            cache_bytes: 96 * 1024 * 1024,
            reserve_bytes: 64 * 1024 * 1024,
            machine: machine.trim().to_owned(),
        }
    }
}

/// Why a store was not opened. Nothing in it was changed that it needs.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// Another process has it open.
    #[error("{folder} is in use by {}: stop it first, or name another folder", holder(*process))]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// The process, if it said so.
        process: Option<u32>,
    },
    /// A later program wrote it.
    #[error("{folder} has format {found}, this program knows {known}: run the program that wrote it, or a newer one")]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// It belongs to another alliance.
    #[error("{folder} holds alliance {found} and not {asked}: each alliance needs a folder of its own")]
    OtherAlliance {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        found: NetworkId,
        /// Whose it should be.
        asked: NetworkId,
    },
    /// The database cannot be read, not even without its snapshots.
    #[error(
        "the database in {folder} is damaged: {why}. It lies as it was found in {copy}. Move the folder away and start \
         again: what other members hold comes back from them, in a new log; or restore a backup"
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// Where a copy lies.
        copy: PathBuf,
        /// What the engine said.
        why: String,
    },
    /// A file or row could not be used.
    #[error("{folder} cannot be opened: {what}: {why}")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Which part.
        what: &'static str,
        /// What the system said.
        why: String,
    },
}

fn holder(process: Option<u32>) -> String {
    process.map_or_else(|| "another process".to_owned(), |process| format!("process {process}"))
}

/// An opened store, and what must be known before the first signature.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// What kind of folder it is.
    pub opened_as: OpenedAs,
    /// How head file and store agree about the own log.
    pub head: HeadCheck,
}

/// A store on disk. Closed when dropped, after everything that was submitted before is durable.
#[derive(Debug)]
pub struct Store {
    // Before what it writes to, so that it ends first.
    writer: WriterThread,
    shared: Arc<Shared>,
}

/// What readers and the writer share.
pub(super) struct Shared {
    pub(super) folder: Folder,
    pub(super) tree: sled::Db,
    pub(super) slots: Slots,
    pub(super) network: NetworkId,
    pub(super) id: StoreId,
    reserve_bytes: u64,
    /// The logs as they are durable. Held for reading while rows are read, for writing while they are applied.
    logs: RwLock<BTreeMap<LogId, LogPlace>>,
    live_bytes: AtomicU64,
    stopped: OnceLock<StoreFault>,
    refused: Mutex<Option<StoreFault>>,
    // Last, so that nobody else opens the folder while the database closes.
    _lock: Lock,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store {} in {}", self.id, self.folder.path().display())
    }
}

impl Store {
    /// Opens a store, and makes it where there is none. Repairs what a hard stop may have left.
    ///
    /// # Errors
    /// [`OpenFault`], in words for whoever started the program.
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Opened, OpenFault> {
        Self::open_watched(path, options, None)
    }

    /// The same with another watch than that over the engine's own thread, if one is given.
    pub(super) fn open_watched(path: &Path, options: &StoreOptions, watch: Option<Watch>) -> Result<Opened, OpenFault> {
        let folder = Folder::new(path);
        let io = |what| move |fault: io::Error| OpenFault::io(path, what, &fault);
        fs::create_dir_all(path).map_err(io("folder"))?;
        durable::sync_folder_of(path).map_err(io("folder"))?;
        let lock = Lock::take(&folder).map_err(|fault| match fault {
            LockFault::Taken(process) => OpenFault::Locked { folder: path.to_path_buf(), process },
            LockFault::Io(fault) => OpenFault::io(path, "lock", &fault),
        })?;
        let (id, mut opened_as) = identity::settle(&folder, &options.machine).map_err(|fault| match fault {
            IdentityFault::Newer(found) => OpenFault::Newer { folder: path.to_path_buf(), found, known: FORMAT },
            IdentityFault::Io(fault) => OpenFault::io(path, "identity", &fault),
        })?;
        let slots = Slots::open(&folder).map_err(io("keys"))?;
        let fresh = FreshSlots::after(&slots).map_err(io("keys"))?;
        let (tree, flusher) = Watch::opening(|| database::open(&folder, options.network, options.cache_bytes));
        let (tree, flusher) = (tree?, watch.unwrap_or(flusher));
        let file = File::open(folder.tree_file()).map_err(io("database"))?;
        let bad = |why: String| OpenFault::Io { folder: path.to_path_buf(), what: "database", why };
        let (logs, next_log) = guarded(|| database::places(&tree)).map_err(bad)?.map_err(|why| bad(why.to_string()))?;
        let erased = database::doomed(&tree).map_err(|why| bad(why.to_string()))?;
        // Of an erasure that a stop cut short only this may be left to do.
        slots.erase(&erased).map_err(io("keys"))?;
        let live_bytes = database::live_bytes(&tree).map_err(|why| bad(why.to_string()))?;

        let shared = Arc::new(Shared {
            folder,
            tree,
            slots,
            network: options.network,
            id,
            reserve_bytes: options.reserve_bytes,
            logs: RwLock::new(logs),
            live_bytes: AtomicU64::new(live_bytes),
            stopped: OnceLock::new(),
            refused: Mutex::new(None),
            _lock: lock,
        });
        let (head_file, written) = HeadFile::open(&shared.folder).map_err(io("head file"))?;
        if matches!(written, HeadRead::Of(_, by) if by != id) {
            // Nothing was published since the folder was copied.
            opened_as = OpenedAs::Copied;
        }
        let head = shared.check_head(written).map_err(|why| bad(why.to_string()))?;
        let start =
            Start { shared: Arc::clone(&shared), file, flusher, fresh, head: head_file, next_log, live_bytes, erased };
        let writer = WriterThread::start(start).map_err(io("writer"))?;
        Ok(Opened { store: Self { writer, shared }, opened_as, head })
    }

    /// A handle to the writer's thread, for whoever does not want to wait.
    pub fn writer(&self) -> Writer {
        self.writer.writer().clone()
    }

    /// Why own entries would be refused now, if the disk is so full that they would be.
    pub fn too_full(&self) -> Option<StoreFault> {
        self.shared.too_full()
    }
}

impl OpenFault {
    pub(super) fn io(folder: &Path, what: &'static str, fault: &io::Error) -> Self {
        Self::Io { folder: folder.to_path_buf(), what, why: fault.to_string() }
    }
}

impl LogStore for Store {
    fn recover(&self) -> Result<Recovered, StoreFault> {
        let shared = &self.shared;
        let _unchanged = shared.logs();
        let read = guarded(|| recover::recover(&shared.tree, shared.network));
        read.map_err(|why| shared.fault(&why))?.map_err(|why| shared.fault(&why.to_string()))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreFault> {
        let (done, result) = sync_channel(1);
        self.writer.writer().submit(batch, move |result| {
            // The receiver waits below, so it is there.
            let _ = done.send(result);
        });
        result.recv().map_err(|_| self.shared.fault("the writer ended"))?
    }

    fn entries(&self, log: LogId, from: u64, until: u64, max_bytes: usize) -> Result<Vec<VerifiedEntry>, StoreFault> {
        let shared = &self.shared;
        let logs = shared.logs();
        let Some(place) = logs.get(&log).copied() else { return Ok(Vec::new()) };
        let read = guarded(|| shared.reader().entries(place, from, until, max_bytes));
        let read = read.and_then(|read| read.map_err(|fault| fault.to_string()));
        read.map_err(|why| shared.fault(&format!("log {log} cannot be read: {why}")))
    }

    fn entry(&self, log: LogId, seq: u64) -> Result<Option<VerifiedEntry>, StoreFault> {
        Ok(self.entries(log, seq, seq.saturating_add(1), usize::MAX)?.pop())
    }

    fn status(&self) -> StoreStatus {
        let shared = &self.shared;
        StoreStatus {
            disk_bytes: shared.folder.size(),
            live_bytes: shared.live_bytes.load(Ordering::Relaxed),
            free_bytes: fs4::available_space(shared.folder.path()).ok(),
            reserve_bytes: shared.reserve_bytes,
            store: shared.id,
            stopped: shared.stopped(),
            refused: shared.refused.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Shared {
    pub(super) fn logs(&self) -> RwLockReadGuard<'_, BTreeMap<LogId, LogPlace>> {
        // Each change of the map is one insertion: a panic leaves it whole.
        self.logs.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn logs_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<LogId, LogPlace>> {
        self.logs.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reader(&self) -> EntryReader<'_> {
        EntryReader { tree: &self.tree, slots: &self.slots, network: self.network }
    }

    pub(super) fn set_live_bytes(&self, bytes: u64) {
        self.live_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn fault(&self, why: &str) -> StoreFault {
        StoreFault(format!("store in {}: {why}", self.folder.path().display()))
    }

    /// A batch that contradicts what is held; remembered for whoever asks how the store is.
    pub(super) fn refuse(&self, why: &str) -> StoreFault {
        let fault = self.fault(why);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
        fault
    }

    /// Why nothing is written any more, if so.
    pub(super) fn stopped(&self) -> Option<StoreFault> {
        self.stopped.get().cloned()
    }

    /// After this nothing is written any more.
    pub(super) fn stop(&self, why: &str) -> StoreFault {
        let fault = self.fault(&format!(
            "writing failed: {why}. Nothing that was acknowledged is lost; make room or look after the disk, then start \
             again"
        ));
        self.stopped.get_or_init(|| fault).clone()
    }

    /// Why no own entry is taken, if the disk is nearly full.
    pub(super) fn too_full(&self) -> Option<StoreFault> {
        let free = match fs4::available_space(self.folder.path()) {
            Ok(free) => free,
            Err(fault) => return Some(self.fault(&format!("free space is not known: {fault}"))),
        };
        let (free, reserve) = (free / 1024 / 1024, self.reserve_bytes / 1024 / 1024);
        (free < reserve).then(|| {
            self.fault(&format!(
                "{free} MiB are free on its disk and {reserve} MiB are kept in reserve for what others publish"
            ))
        })
    }

    fn check_head(&self, file: HeadRead) -> Result<HeadCheck, sled::Error> {
        let own = self.tree.get(rows::OWN_LOG)?;
        let head = match (own.is_some(), file) {
            (false, HeadRead::Missing) => return Ok(HeadCheck::Nothing),
            (true, HeadRead::Of(head, _)) => head,
            (false, HeadRead::Of(..)) | (_, HeadRead::Unreadable) | (true, HeadRead::Missing) => {
                return Ok(HeadCheck::Differs);
            }
        };
        let (Some(place), Some(last)) = (self.logs().get(&head.log).copied(), head.len.checked_sub(1)) else {
            return Ok(HeadCheck::Differs);
        };
        // Reading them shows that they are whole, not only listed.
        let read = guarded(|| self.reader().entries(place, last, place.len, usize::MAX));
        let Ok(Ok(entries)) = read else { return Ok(HeadCheck::Differs) };
        if entries.first().map(VerifiedEntry::id) != Some(head.id) {
            return Ok(HeadCheck::Differs);
        }
        let same = place.len == head.len && own.as_deref() == Some(&head.log.0);
        Ok(if same { HeadCheck::Equal(head) } else { HeadCheck::Extended(head) })
    }
}

/// Runs what calls the engine. It panics over some damaged data: that is a fault and no reason to end the process.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        format!("the database panicked: {}", text.unwrap_or("without a word"))
    })
}
