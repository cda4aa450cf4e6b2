//! The hot paths that need no disk and no network: reading and verifying entries, histories, the frontier's digest.

#![expect(clippy::unwrap_used, reason = "a bench stops at a fault")]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use lyceum_protocol::buckets::Buckets;
use lyceum_protocol::entry::header::{Kind, MARKING_GREEN};
use lyceum_protocol::entry::{Draft, Header, Place, VerifiedEntry};
use lyceum_protocol::frontier::{FrontierItem, NO_FORK};
use lyceum_protocol::hash::{EntryId, LogId, NetworkId, PayloadHash, TreeHead, sha256};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::{Domain, PublicKey, SecretKey};

const NETWORK: NetworkId = NetworkId([1; 32]);

fn main() {
    divan::main();
}

fn entry() -> (VerifiedEntry, PublicKey) {
    let secret = SecretKey::from_seed(&[7; 32]);
    let draft =
        Draft { kind: Kind::PUBLICATION, marking: MARKING_GREEN, flags: 0, time: 1, payload: vec![3; 1024].into() };
    let entry = draft.sign(NETWORK, &secret, Place { incarnation: 1, seq: 0, history: TreeHead([2; 32]) }).unwrap();
    (entry, secret.public())
}

/// The raw part: one strict signature check.
#[divan::bench]
fn raw_strict_signature(bencher: Bencher) {
    let (entry, key) = entry();
    let hash = sha256(&[entry.header_bytes()]);
    bencher.counter(ItemsCount::new(1_u32)).bench(|| key.verifies(Domain::Entry, NETWORK, &hash, entry.signature()));
}

/// The raw part: the hashes of header and payload.
#[divan::bench]
fn raw_hashing(bencher: Bencher) {
    let (entry, _) = entry();
    let payload = vec![3_u8; 1024];
    bencher
        .counter(BytesCount::of_slice(&payload))
        .counter(ItemsCount::new(1_u32))
        .bench(|| (sha256(&[entry.header_bytes()]), PayloadHash::of(&payload)));
}

/// An entry of 1 KiB, from untrusted bytes to a verified one.
#[divan::bench]
fn verify_entry(bencher: Bencher) {
    let (entry, key) = entry();
    bencher
        .counter(ItemsCount::new(1_u32))
        .with_inputs(|| entry.to_untrusted())
        .bench_values(|untrusted| untrusted.verify(NETWORK, &key).unwrap());
}

/// An entry of 1 KiB that was verified before, recognised by its id.
#[divan::bench]
fn recognise_entry(bencher: Bencher) {
    let (entry, _) = entry();
    bencher
        .counter(ItemsCount::new(1_u32))
        .with_inputs(|| entry.to_untrusted())
        .bench_values(|untrusted| untrusted.recognise(NETWORK, entry.id()).unwrap());
}

#[divan::bench]
fn read_header(bencher: Bencher) {
    let (entry, _) = entry();
    bencher.counter(ItemsCount::new(1_u32)).bench(|| Header::read(entry.header_bytes()).unwrap());
}

/// One more leaf and the head over all, at a million leaves.
#[divan::bench]
fn grow_history(bencher: Bencher) {
    let mut tree = Tree::new();
    for n in 0..1_000_000_u32 {
        tree.push(&EntryId(sha256(&[&n.to_le_bytes()])));
    }
    let id = EntryId([9; 32]);
    bencher.counter(ItemsCount::new(1_u32)).with_inputs(|| tree.clone()).bench_values(|mut tree| {
        tree.push(&id);
        tree.head()
    });
}

fn frontier(logs: u32) -> Buckets<FrontierItem> {
    let mut frontier = Buckets::default();
    for n in 0..logs {
        let log = LogId(sha256(&[&n.to_le_bytes()]));
        frontier.put(FrontierItem { log, good_len: 1, head: EntryId([1; 32]), fork: NO_FORK });
    }
    frontier
}

/// The digest of 10,000 logs, all buckets anew.
#[divan::bench]
fn frontier_digest_from_scratch(bencher: Bencher) {
    let frontier = frontier(10_000);
    bencher.counter(ItemsCount::new(10_000_u32)).bench(|| frontier.root());
}

/// The digest of 10,000 logs after one of them changed.
#[divan::bench]
fn frontier_digest_after_one_change(bencher: Bencher) {
    let mut frontier = frontier(10_000);
    frontier.refresh();
    let mut len = 1;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        len += 1;
        let log = LogId(sha256(&[&0_u32.to_le_bytes()]));
        frontier.put(FrontierItem { log, good_len: len, head: EntryId([1; 32]), fork: NO_FORK });
        frontier.refresh();
        frontier.root()
    });
}

/// The raw part of the digest: hashing the same bytes once.
#[divan::bench]
fn raw_hash_of_the_frontier(bencher: Bencher) {
    let bytes = vec![1_u8; 10_000 * 80];
    bencher.counter(ItemsCount::new(10_000_u32)).bench(|| sha256(&[&bytes]));
}
