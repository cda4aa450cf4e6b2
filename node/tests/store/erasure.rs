//! No payload lies in clear on the disk, and an erased one not at all.

use std::path::Path;

use lyceum_node::store::{LogStore as _, PayloadHeld};
use lyceum_protocol::entry::Payload;
use lyceum_protocol::replica::{Batch, Change};

use crate::fixture::{Author, all_files, append, batch, check_histories, log, open, payload};

const SECRET: &[u8] = b"Dr. Amara Okafor wishes not to be named";

fn with_secret(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = payload(seed, len);
    bytes.splice(16..16 + SECRET.len(), SECRET.iter().copied());
    bytes
}

fn found_in(folder: &Path, needle: &[u8]) -> Vec<String> {
    let files = all_files(folder).into_iter();
    let hits = files.filter(|(_, bytes)| bytes.windows(needle.len()).any(|window| window == needle));
    hits.map(|(name, _)| name).collect()
}

#[test]
fn a_payload_lies_nowhere_in_clear_erased_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut author = Author::new(1);
    // One shares its row with others, one lies apart from its entry.
    let entries =
        [author.write(payload(0, 300)), author.write(with_secret(1, 400)), author.write(with_secret(2, 50_000))];
    let store = open(folder.path()).store;
    for entry in &entries {
        store.commit(append(entry)).unwrap();
    }
    assert_eq!(found_in(folder.path(), SECRET), Vec::<String>::new());
    assert_eq!(store.entry(author.log(), 2).unwrap().unwrap(), entries[2]);

    // The search itself finds what is there.
    std::fs::write(folder.path().join("plain"), with_secret(3, 100)).unwrap();
    assert_eq!(found_in(folder.path(), SECRET).len(), 1);
    std::fs::remove_file(folder.path().join("plain")).unwrap();

    for seq in [1, 2] {
        store.commit(batch(Change::Erase { log: author.log(), seq })).unwrap();
        assert_eq!(*store.entry(author.log(), seq).unwrap().unwrap().payload(), Payload::Erased);
    }
    assert_eq!(found_in(folder.path(), SECRET), Vec::<String>::new());
    drop(store);
    let store = open(folder.path()).store;
    assert_eq!(found_in(folder.path(), SECRET), Vec::<String>::new());
    let recovered = store.recover().unwrap();
    let held: Vec<PayloadHeld> = log(&recovered, &author).unwrap().entries.iter().map(|entry| entry.payload).collect();
    assert_eq!(held, [PayloadHeld::Present, PayloadHeld::Erased, PayloadHeld::Erased]);
    check_histories(&store, &recovered);
}

/// The text cannot be won back with what was on the disk before: its key is in no file any more.
#[test]
fn the_key_of_an_erased_payload_is_overwritten_where_it_lay() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let mut author = Author::new(1);
    store.commit(append(&author.write(payload(1, 200)))).unwrap();
    let before = std::fs::read(folder.path().join("keys")).unwrap();
    store.commit(batch(Change::Erase { log: author.log(), seq: 0 })).unwrap();
    let after = std::fs::read(folder.path().join("keys")).unwrap();
    assert_eq!(before.len(), after.len());
    let gone: Vec<&[u8]> =
        before.chunks(32).zip(after.chunks(32)).filter(|(old, new)| old != new).map(|(old, _)| old).collect();
    assert_eq!(gone.len(), 1, "one slot was overwritten");
    drop(store);
    let _store = open(folder.path());
    assert_eq!(found_in(folder.path(), gone[0]), Vec::<String>::new());
}

/// A stop may fall between the rows that say "erased" and the overwriting of the key.
#[test]
fn an_erasure_that_was_cut_short_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut author = Author::new(1);
    let store = open(folder.path()).store;
    store.commit(append(&author.write(payload(1, 200)))).unwrap();
    let keys = std::fs::read(folder.path().join("keys")).unwrap();
    store.commit(batch(Change::Erase { log: author.log(), seq: 0 })).unwrap();
    let erased = std::fs::read(folder.path().join("keys")).unwrap();
    drop(store);
    std::fs::write(folder.path().join("keys"), keys).unwrap();
    drop(open(folder.path()));
    assert_eq!(std::fs::read(folder.path().join("keys")).unwrap(), erased);
}

/// Nobody can ask for the erasure of what a log no longer holds, so it goes at once.
#[test]
fn payloads_of_a_replaced_branch_lose_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let mut author = Author::new(1);
    let first = author.write(payload(0, 100));
    let mut other = author.clone();
    for entry in [&first, &author.write(payload(1, 100)), &author.write(payload(2, 9_000))] {
        store.commit(append(entry)).unwrap();
    }
    let before = std::fs::read(folder.path().join("keys")).unwrap();
    let twin = other.write(payload(3, 100));
    let log = author.log();
    let changes = vec![Change::ReplaceFrom { log, seq: 1 }, Change::Entry { log, entry: twin.clone() }];
    store.commit(Batch { changes }).unwrap();
    let after = std::fs::read(folder.path().join("keys")).unwrap();
    let gone = before.chunks(32).zip(after.chunks(32)).filter(|(old, new)| old != new).count();
    assert_eq!(gone, 2);
    assert_eq!(store.entries(log, 0, 9, usize::MAX).unwrap(), [first, twin]);
}
