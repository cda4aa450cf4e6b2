//! Those who wait together become durable together, in order.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;

use lyceum_node::store::{LogStore as _, Store};
use lyceum_protocol::hash::LogId;
use lyceum_protocol::replica::event::StoreFault;
use lyceum_protocol::replica::{Batch, Change};

use crate::fixture::{Author, append, batch, check_histories, log, open, payload, publish};

#[test]
fn many_publishers_share_the_store_and_all_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).store);
    let start = Arc::new(Barrier::new(64));
    let threads: Vec<_> = (0..64_u8)
        .map(|number| {
            let (store, start) = (Arc::clone(&store), Arc::clone(&start));
            thread::spawn(move || {
                let mut author = Author::new(number);
                start.wait();
                for seed in 0..10 {
                    let entry = author.write(payload(seed, 300));
                    store.commit(append(&entry)).unwrap();
                    let read = store.entry(author.log(), seed).unwrap();
                    assert_eq!(read, Some(entry), "acknowledged means readable");
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(store);
    let store = open(folder.path()).store;
    let recovered = store.recover().unwrap();
    assert_eq!(recovered.logs.iter().map(|log| log.entries.len()).sum::<usize>(), 640);
    check_histories(&store, &recovered);
}

#[test]
fn submitted_batches_are_answered_in_order_without_waiting_for_each() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let writer = store.writer();
    let mut own = Author::new(1);
    let (done, results) = channel();
    for seq in 0..300_u64 {
        let done = done.clone();
        let entry = own.write(payload(seq, 200));
        writer.submit(publish(&entry), move |result| done.send((seq, result)).unwrap());
    }
    // Closing finishes what was submitted before.
    drop(store);
    drop(done);
    let answered: Vec<(u64, Result<(), StoreFault>)> = results.into_iter().collect();
    assert_eq!(answered, (0..300).map(|seq| (seq, Ok(()))).collect::<Vec<_>>());
    let (late, result) = channel();
    writer.submit(publish(&own.write(payload(300, 200))), move |result| late.send(result).unwrap());
    assert!(result.recv().unwrap().is_err(), "a closed store answers all the same");
    let store = open(folder.path()).store;
    assert_eq!(log(&store.recover().unwrap(), &own).unwrap().entries.len(), 300);
}

/// A batch is taken whole or not at all, and its neighbours do not suffer.
#[test]
fn a_batch_that_contradicts_what_is_held_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let (mut author, mut stranger) = (Author::new(1), Author::new(2));
    let entries: Vec<_> = (0..4).map(|seed| author.write(payload(seed, 100))).collect();
    let first_of_stranger = stranger.write(payload(9, 100));
    let log = author.log();
    let entry = |index: usize| Change::Entry { log, entry: entries[index].clone() };
    store.commit(batch(entry(0))).unwrap();

    let gap = Batch { changes: vec![entry(1), entry(3)] };
    assert!(store.commit(gap).unwrap_err().to_string().contains("2 is next"));
    let twice = Batch { changes: vec![entry(0)] };
    assert!(store.commit(twice).is_err());
    let wrong_log = batch(Change::Entry { log: LogId([1; 32]), entry: first_of_stranger });
    assert!(store.commit(wrong_log).is_err());
    let short = batch(Change::Erase { log, seq: 1 });
    assert!(store.commit(short).is_err());

    assert_eq!(store.entries(log, 0, 9, usize::MAX).unwrap(), entries[..1]);
    store.commit(Batch { changes: vec![entry(1), entry(2), entry(3)] }).unwrap();
    let recovered = store.recover().unwrap();
    assert_eq!(recovered.logs.len(), 1);
    check_histories(&store, &recovered);
}

#[test]
fn a_page_ends_at_its_bounds_and_holds_at_least_one() {
    let folder = tempfile::tempdir().unwrap();
    let store: Store = open(folder.path()).store;
    let mut author = Author::new(1);
    let log = author.log();
    let lens = [100, 3_000, 200_000, 16, 4_000, 500, 500, 500];
    let entries: Vec<_> = lens.iter().zip(0..).map(|(len, seed)| author.write(payload(seed, *len))).collect();
    let changes = entries.iter().map(|entry| Change::Entry { log, entry: entry.clone() }).collect();
    store.commit(Batch { changes }).unwrap();

    assert_eq!(store.entries(log, 0, u64::MAX, usize::MAX).unwrap(), entries);
    assert_eq!(store.entries(log, 3, 6, usize::MAX).unwrap(), entries[3..6]);
    assert_eq!(store.entries(log, 2, 6, 10).unwrap(), entries[2..3], "at least one");
    let two = entries[0].size() + entries[1].size();
    assert_eq!(store.entries(log, 0, 9, two).unwrap(), entries[..2], "exactly what fits");
    assert_eq!(store.entries(log, 0, 9, two - 1).unwrap(), entries[..1]);
    assert_eq!(store.entries(log, 8, 9, usize::MAX).unwrap(), []);
    assert_eq!(store.entries(log, 5, 5, usize::MAX).unwrap(), []);
    assert_eq!(store.entries(LogId([9; 32]), 0, 9, usize::MAX).unwrap(), []);
}
