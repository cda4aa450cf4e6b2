//! A disk without room: refused in words, stopped at the first failed write, nothing acknowledged lost.

use std::io::Read as _;
use std::process::{Command, Stdio};

use lyceum_node::store::{LogStore as _, StoreOptions};

use crate::fixture::{Author, append, check_histories, log, open, options, payload, publish, start, try_open};

#[test]
fn own_entries_are_refused_below_the_reserve_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (mut own, mut other) = (Author::new(1), Author::new(2));
    let all_of_it = StoreOptions { reserve_bytes: u64::MAX, ..options() };
    let store = try_open(folder.path(), &all_of_it).unwrap().store;
    let entry = own.write(payload(1, 100));
    let fault = store.commit(publish(&entry)).unwrap_err().to_string();
    assert!(fault.contains("reserve") && fault.contains(&folder.path().display().to_string()), "{fault}");
    store.commit(append(&other.write(payload(2, 100)))).unwrap();
    assert!(store.entry(own.log(), 0).unwrap().is_none(), "nothing of it was written");
    assert!(!folder.path().join("head").exists());
    drop(store);
    let store = open(folder.path()).store;
    store.commit(publish(&entry)).unwrap();
}

const FOLDER: &str = "LYCEUM_TEST_FULL_DISK";

/// Not a test by itself: what runs below with a bound on the size of its files, until a write fails.
#[test]
fn child_that_fills_its_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = open(folder.as_ref()).store;
    let mut author = Author::new(1);
    for seed in 0.. {
        match store.commit(publish(&author.write(payload(seed, 20_000)))) {
            Ok(()) => println!("kept {seed}"),
            Err(fault) => {
                println!("refused {fault}");
                let again = store.commit(publish(&author.write(payload(seed, 16)))).unwrap_err();
                assert_eq!(again, fault, "after a failed write nothing is taken");
                assert_eq!(store.status().stopped, Some(fault));
                println!("stopped");
                break;
            }
        }
    }
}

/// A bound on the size of files fails a write in its middle, as a full disk does, without needing one.
#[test]
fn a_failed_write_stops_the_store_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" --exact full::child_that_fills_its_disk --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped());
    let mut child = start(&mut command);
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(child.wait().unwrap().success(), "{output}");
    let acknowledged = output.lines().filter(|line| line.contains("kept ")).count();
    let refused = output.lines().find(|line| line.contains("refused ")).unwrap();
    assert!(acknowledged > 10, "{output}");
    assert!(refused.contains(&folder.path().display().to_string()) && refused.contains("make room"), "{refused}");
    assert!(output.contains("stopped"));

    let store = open(folder.path()).store;
    let recovered = store.recover().unwrap();
    let held = log(&recovered, &Author::new(1)).unwrap().entries.len();
    assert!(held >= acknowledged, "{held} of {acknowledged}");
    check_histories(&store, &recovered);
}
