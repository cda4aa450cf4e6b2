//! Killed without warning, again and again: everything acknowledged is there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use lyceum_node::store::{HeadCheck, LogStore as _, Store};
use lyceum_protocol::hash::EntryId;

use crate::fixture::{Author, append, check_histories, log, open, payload, publish, start};

const FOLDER: &str = "LYCEUM_TEST_KILLED_STORE";
const WRITERS: u8 = 6;

/// Not a test by itself: what runs below until it is killed. Writer 0 has the own log.
#[test]
fn child_that_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    println!("begins");
    let store = Arc::new(open(folder.as_ref()).store);
    let recovered = store.recover().unwrap();
    let writers = (0..WRITERS).map(|number| {
        let held = log(&recovered, &Author::new(number)).map(|log| log.entries.as_slice()).unwrap_or_default();
        let ids: Vec<EntryId> = held.iter().map(|entry| entry.id).collect();
        let (store, author) = (Arc::clone(&store), Author::behind(number, &ids));
        thread::spawn(move || write_until_killed(&store, number, author))
    });
    let writers: Vec<_> = writers.collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
}

fn write_until_killed(store: &Store, number: u8, mut author: Author) {
    for seed in 0_u64.. {
        let len = usize::try_from(seed * 997 % 6_000).unwrap() + 16;
        let entry = author.write(payload(seed, len));
        let batch = if number == 0 { publish(&entry) } else { append(&entry) };
        store.commit(batch).unwrap();
        // One write a line, so that no line is torn.
        let line = format!("kept {number} {} {}\n", entry.header().seq, entry.id());
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}

#[test]
fn acknowledged_entries_survive_kill_after_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut kept: BTreeMap<(u8, usize), EntryId> = BTreeMap::new();
    for round in 0..40_usize {
        let mut child = start(
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "kill::child_that_is_killed", "--nocapture"])
                .env(FOLDER, folder.path())
                .stdout(Stdio::piped()),
        );
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Every fourth one dies while it opens, the others after more or fewer entries.
        let patience = if round % 4 == 3 { 1 } else { 2 + round * 37 % 151 };
        let mut seen = 0;
        let mut take = |line: std::io::Result<String>| {
            let line = line.unwrap();
            if line.contains("begins") || line.contains("kept ") {
                seen += 1;
            }
            let Some((_, entry)) = line.split_once("kept ") else { return seen };
            let [number, seq, id] = entry.split(' ').collect::<Vec<_>>().try_into().unwrap();
            kept.insert((number.parse().unwrap(), seq.parse().unwrap()), id.parse().unwrap());
            seen
        };
        while take(lines.next().expect("the child lives until it is killed")) < patience {}
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had printed before it died was acknowledged as well.
        for line in lines {
            take(line);
        }
        // Some of its deaths are met by the next child alone.
        if round % 3 == 2 {
            check(folder.path(), &kept);
        }
    }
    check(folder.path(), &kept);
    assert!(kept.len() > 1_000, "only {} entries were written", kept.len());
}

fn check(folder: &std::path::Path, kept: &BTreeMap<(u8, usize), EntryId>) {
    let opened = open(folder);
    let recovered = opened.store.recover().unwrap();
    for ((number, seq), id) in kept {
        let held = log(&recovered, &Author::new(*number)).and_then(|log| log.entries.get(*seq));
        assert_eq!(held.map(|held| held.id), Some(*id), "entry {seq} of writer {number}");
    }
    check_histories(&opened.store, &recovered);
    let own = kept.keys().filter(|(number, _)| *number == 0).count() as u64;
    match opened.head {
        HeadCheck::Equal(head) | HeadCheck::Extended(head) => assert!(head.len >= own),
        HeadCheck::Nothing => assert_eq!(own, 0),
        HeadCheck::Differs => panic!("the head file is not below the store"),
    }
}
