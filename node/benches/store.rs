//! Durable appends by 1, 16 and 256 publishers who wait for each, beside the engine alone with the same bytes.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that cannot go on fails, and prints its result")]

use std::cell::Cell;
use std::fs::File;
use std::sync::mpsc::channel;
use std::time::Instant;

use divan::Bencher;
use divan::counter::ItemsCount;
use lyceum_node::store::{LogStore as _, Store, StoreOptions};
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::hash::{CertificateId, LogId, NetworkId, TreeHead};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::log::Opening;
use lyceum_protocol::replica::event::StoreFault;
use lyceum_protocol::replica::{Batch, Change};
use tempfile::TempDir;

const NETWORK: NetworkId = NetworkId([7; 32]);
const PUBLISHERS: [usize; 3] = [1, 16, 256];
const PAYLOAD: usize = 1_024;
/// Entries that each publisher writes in one go.
const EACH: usize = 8;
/// Longest row of the store, so that the engine alone gets rows of the same size.
const ROW: usize = 3_900;

fn main() {
    divan::main();
    compare();
}

/// A log that was signed and not yet stored.
struct Signed {
    log: LogId,
    entries: Vec<VerifiedEntry>,
}

fn sign(len: usize) -> Signed {
    thread_local!(static INCARNATION: Cell<u64> = const { Cell::new(0) });
    let incarnation = INCARNATION.replace(INCARNATION.get() + 1);
    let secret = SecretKey::from_seed(&[1; 32]);
    let opening = Opening::new(secret.public().to_bytes(), incarnation, CertificateId([1; 32]));
    let mut tree = Tree::new();
    let mut write = |seq: usize| {
        let history = if seq == 0 { TreeHead(opening.certificate.0) } else { tree.head() };
        let payload = vec![0x5a; PAYLOAD].into();
        let draft = Draft { kind: Kind::PUBLICATION, marking: 1, flags: 0, time: 0, payload };
        let entry = draft.sign(NETWORK, &secret, Place { incarnation, seq: seq as u64, history }).unwrap();
        tree.push(&entry.id());
        entry
    };
    Signed { log: opening.log, entries: (0..len).map(&mut write).collect() }
}

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Store::open(folder.path(), &StoreOptions::new(NETWORK)).unwrap().store;
    (folder, store)
}

/// So many publishers share the own log; each hands in its next entry when its last one is durable.
fn publish(store: &Store, publishers: usize, signed: Signed) {
    let writer = store.writer();
    let (done, durable) = channel::<Result<(), StoreFault>>();
    let log = signed.log;
    let mut waiting = 0;
    for entry in signed.entries {
        if waiting == publishers {
            durable.recv().unwrap().unwrap();
            waiting -= 1;
        }
        let done = done.clone();
        let batch = Batch { changes: vec![Change::OwnEntry { log, entry }] };
        writer.submit(batch, move |result| done.send(result).unwrap());
        waiting += 1;
    }
    for _ in 0..waiting {
        durable.recv().unwrap().unwrap();
    }
}

/// The engine alone.
struct Raw {
    _folder: TempDir,
    tree: sled::Db,
    file: File,
    next: Cell<u64>,
}

impl Raw {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let tree = sled::Config::new().path(folder.path()).cache_capacity(96 << 20).open().unwrap();
        let file = File::open(folder.path().join("db")).unwrap();
        Self { _folder: folder, tree, file, next: Cell::new(0) }
    }

    /// One durable batch with as many bytes as so many entries have.
    fn write(&self, entries: usize) {
        let bytes = vec![0x5a; entries * (PAYLOAD + 220)];
        let mut batch = sled::Batch::default();
        for row in bytes.chunks(ROW) {
            batch.insert(&self.next.replace(self.next.get() + 1).to_be_bytes(), row);
        }
        self.tree.apply_batch(batch).unwrap();
        self.tree.flush().unwrap();
        self.file.sync_all().unwrap();
    }
}

#[divan::bench(args = PUBLISHERS, sample_count = 20, sample_size = 1)]
fn append(bencher: Bencher<'_, '_>, publishers: usize) {
    let (_folder, store) = store();
    bencher
        .counter(ItemsCount::new(publishers * EACH))
        .with_inputs(|| sign(publishers * EACH))
        .bench_local_values(|signed| publish(&store, publishers, signed));
}

#[divan::bench(args = PUBLISHERS, sample_count = 20, sample_size = 1)]
fn engine_alone(bencher: Bencher<'_, '_>, entries: usize) {
    let raw = Raw::new();
    bencher.counter(ItemsCount::new(entries * EACH)).bench_local(|| {
        for _ in 0..EACH {
            raw.write(entries);
        }
    });
}

const AUTHORS: usize = 50;
const PAGE: usize = 200;
const PAGES_EACH: usize = 4;

/// Pages of others' entries, as they come while a node catches up: of one log each, the logs in turn.
fn take_pages(store: &Store, logs: &[Signed]) {
    let writer = store.writer();
    let (done, durable) = channel::<Result<(), StoreFault>>();
    for page in 0..PAGES_EACH {
        for Signed { log, entries } in logs {
            let page = &entries[page * PAGE..(page + 1) * PAGE];
            let changes = page.iter().map(|entry| Change::Entry { log: *log, entry: entry.clone() }).collect();
            let done = done.clone();
            writer.submit(Batch { changes }, move |result| done.send(result).unwrap());
        }
    }
    for _ in 0..logs.len() * PAGES_EACH {
        durable.recv().unwrap().unwrap();
    }
}

fn read_pages(store: &Store, logs: &[Signed]) {
    for Signed { log, entries } in logs {
        let mut next = 0;
        while next < entries.len() {
            next += store.entries(*log, next as u64, u64::MAX, 1 << 20).unwrap().len();
        }
    }
}

/// Says in one line each what the figures above are for: how much publishers gain by waiting together.
fn compare() {
    let rate = |entries: usize, work: &mut dyn FnMut()| {
        let begun = Instant::now();
        work();
        entries as f64 / begun.elapsed().as_secs_f64()
    };
    let (_folder, store) = store();
    let raw = Raw::new();
    let mut one = None;
    for publishers in PUBLISHERS {
        let rounds = 2_048 / publishers.max(8);
        let entries = publishers * rounds;
        let mut signed = Some(sign(entries));
        let stored = rate(entries, &mut || publish(&store, publishers, signed.take().unwrap()));
        let alone = rate(entries, &mut || (0..rounds).for_each(|_| raw.write(publishers)));
        let one = *one.get_or_insert(stored);
        println!(
            "{publishers:>3} publishers: {stored:>8.0} entries/s, {:.1} times one, {:.2} of the engine alone ({alone:.0})",
            stored / one,
            stored / alone
        );
    }
    let logs: Vec<Signed> = (0..AUTHORS).map(|_| sign(PAGE * PAGES_EACH)).collect();
    let entries = AUTHORS * PAGE * PAGES_EACH;
    let stored = rate(entries, &mut || take_pages(&store, &logs));
    let alone = rate(entries, &mut || (0..entries / 1_000).for_each(|_| raw.write(1_000)));
    let read = rate(entries, &mut || read_pages(&store, &logs));
    println!("pages of {PAGE}: {stored:.0} entries/s, {:.2} of the engine alone ({alone:.0})", stored / alone);
    println!("read back and recognised: {read:.0} entries/s");
}
