//! Watches the thread in which the engine cleans up by itself.
//!
//! A write of the engine that fails is remembered by it, and the next flush of the writer fails with it. Not so when its
//! own thread ends because it could not read what it wanted to move, or panicked: everything goes on, and space is never
//! reclaimed again. The engine only logs a line, so the thread itself is looked for, by name, where the system lists
//! the threads of a process.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the engine calls its thread.
const NAME: &str = "log flusher";
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a thread may take to get its name, which it does a moment after it begins.
const NAMED_WITHIN: Duration = Duration::from_secs(2);
/// One database of a process is opened at a time: the thread that comes meanwhile is its own.
static OPENING: Mutex<()> = Mutex::new(());

/// The threads of a database. Of none, where the system lists no threads, nothing can be said.
#[derive(Debug)]
pub(super) struct Watch {
    /// Those that came while it was opened.
    threads: BTreeSet<u32>,
    pub(super) every: Duration,
    looked: Instant,
}

/// The threads of this process with that name.
pub(super) fn threads(name: &str) -> BTreeSet<u32> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return BTreeSet::new() };
    let numbers = tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok());
    numbers.filter(|thread| is_called(*thread, name)).collect()
}

fn is_called(thread: u32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/self/task/{thread}/comm")).is_ok_and(|called| called.trim_end() == name)
}

impl Watch {
    /// Opens a database and watches the thread that it starts.
    pub(super) fn opening<T>(open: impl FnOnce() -> T) -> (T, Self) {
        let _alone = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        let others = threads(NAME);
        let opened = open();
        let (asked, lists) = (Instant::now(), fs::exists("/proc/self/task").unwrap_or(false));
        let threads = loop {
            let came: BTreeSet<u32> = threads(NAME).difference(&others).copied().collect();
            if !came.is_empty() || !lists || asked.elapsed() >= NAMED_WITHIN {
                break came;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        (opened, Self { threads, every: LOOK_EVERY, looked: Instant::now() })
    }

    /// Says once in a while whether the thread has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.looked.elapsed() < self.every {
            return false;
        }
        self.looked = Instant::now();
        !self.threads.is_empty() && !self.threads.iter().any(|thread| is_called(*thread, NAME))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{self, JoinHandle};

    use lyceum_protocol::hash::NetworkId;

    use super::*;
    use crate::store::{LogStore as _, Store, StoreOptions};

    /// A thread that is called as the engine's own, until it is told to end.
    fn stand_in() -> (Sender<()>, JoinHandle<()>) {
        let (end, told) = channel::<()>();
        let (up, is_up) = channel();
        let run = move || {
            up.send(()).unwrap();
            let _ended = told.recv();
        };
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(run).unwrap();
        is_up.recv().unwrap();
        (end, thread)
    }

    #[test]
    fn a_store_whose_engine_no_longer_cleans_up_stops_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let ((end, thread), mut watch) = Watch::opening(stand_in);
        watch.every = Duration::from_millis(1);
        let options = StoreOptions { cache_bytes: 1 << 20, ..StoreOptions::new(NetworkId([7; 32])) };
        let store = Store::open_watched(folder.path(), &options, Some(watch)).unwrap().store;
        thread::sleep(Duration::from_millis(50));
        assert_eq!(store.status().stopped, None);
        end.send(()).unwrap();
        thread.join().unwrap();
        // Nothing is written: the store notices by itself.
        let deadline = Instant::now() + Duration::from_secs(20);
        let fault = loop {
            match store.status().stopped {
                Some(fault) => break fault.0,
                None => assert!(Instant::now() < deadline, "not noticed"),
            }
            thread::sleep(Duration::from_millis(5));
        };
        assert!(fault.contains("cleans up has ended") && fault.contains("start again"), "{fault}");
        assert_eq!(store.commit(lyceum_protocol::replica::Batch::default()).unwrap_err().0, fault);
    }

    #[test]
    fn the_engine_has_a_thread_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let (database, mut watch) = Watch::opening(|| sled::Config::new().path(folder.path()).open().unwrap());
        watch.every = Duration::ZERO;
        assert!(!watch.threads.is_empty(), "the engine calls its thread otherwise now: it is not watched any more");
        assert!(!watch.has_ended());
        drop(database);
    }

    #[test]
    fn the_thread_of_another_database_is_not_taken_for_its_own() {
        let ((end, other), mut watch_of_other) = Watch::opening(stand_in);
        let ((keep, own), mut watch) = Watch::opening(stand_in);
        assert!(watch.threads.is_disjoint(&watch_of_other.threads));
        (watch.every, watch_of_other.every) = (Duration::ZERO, Duration::ZERO);
        end.send(()).unwrap();
        other.join().unwrap();
        assert!(watch_of_other.has_ended() && !watch.has_ended());
        keep.send(()).unwrap();
        own.join().unwrap();
    }
}
