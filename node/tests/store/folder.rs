//! Which folder it is, who may open it, and what its head file says.

use std::fs;
use std::path::Path;

use lyceum_node::store::{HeadCheck, LogStore as _, OpenFault, OpenedAs, StoreOptions};
use lyceum_protocol::hash::NetworkId;

use crate::fixture::{Author, append, check_histories, open, options, payload, publish, try_open};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

#[test]
fn a_second_opener_is_told_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    match try_open(folder.path(), &options()) {
        Err(OpenFault::Locked { folder: named, process }) => {
            assert_eq!(named, folder.path());
            assert_eq!(process, Some(std::process::id()));
        }
        other => panic!("opened twice: {other:?}"),
    }
    drop(first);
    assert_eq!(open(folder.path()).opened_as, OpenedAs::Same);
}

#[test]
fn a_newer_format_is_refused_in_words_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let identity = folder.path().join("store");
    let text = fs::read_to_string(&identity).unwrap().replace("format 1", "format 2");
    fs::write(&identity, &text).unwrap();
    let fault = try_open(folder.path(), &options()).unwrap_err();
    assert!(matches!(fault, OpenFault::Newer { found: 2, known: 1, .. }));
    assert!(fault.to_string().contains("run the program that wrote it, or a newer one"));
    assert_eq!(fs::read_to_string(&identity).unwrap(), text);
}

#[test]
fn a_store_of_another_alliance_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let other = StoreOptions { network: NetworkId([8; 32]), ..options() };
    assert!(matches!(try_open(folder.path(), &other), Err(OpenFault::OtherAlliance { .. })));
    drop(open(folder.path()));
}

#[test]
fn a_folder_is_the_same_after_a_restart_and_after_a_move() {
    let above = tempfile::tempdir().unwrap();
    let (here, there) = (above.path().join("here"), above.path().join("there"));
    let first = open(&here);
    assert_eq!(first.opened_as, OpenedAs::New);
    let id = first.store.status().store;
    drop(first);
    fs::rename(&here, &there).unwrap();
    let second = open(&there);
    assert_eq!(second.opened_as, OpenedAs::Same);
    assert_eq!(second.store.status().store, id);
}

#[test]
fn copied_folder_opens_new_incarnation() {
    let above = tempfile::tempdir().unwrap();
    let (original, copied) = (above.path().join("original"), above.path().join("copied"));
    let mut author = Author::new(1);
    let opened = open(&original);
    opened.store.commit(publish(&author.write(payload(0, 100)))).unwrap();
    let id = opened.store.status().store;
    drop(opened);
    copy(&original, &copied);

    let opened = open(&copied);
    assert_eq!(opened.opened_as, OpenedAs::Copied);
    assert_ne!(opened.store.status().store, id);
    assert!(matches!(opened.head, HeadCheck::Equal(_)), "the entries came along whole");
    drop(opened);
    // It stays a copy until it has published something of its own.
    let opened = open(&copied);
    assert_eq!(opened.opened_as, OpenedAs::Copied);
    opened.store.commit(publish(&Author::new(2).write(payload(1, 100)))).unwrap();
    drop(opened);
    assert_eq!(open(&copied).opened_as, OpenedAs::Same);
    assert_eq!(open(&original).opened_as, OpenedAs::Same);
}

#[test]
fn another_machine_or_a_lost_identity_is_a_copy_too() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let elsewhere = StoreOptions { machine: "another machine".to_owned(), ..options() };
    assert_eq!(try_open(folder.path(), &elsewhere).unwrap().opened_as, OpenedAs::Copied);
    assert_eq!(try_open(folder.path(), &elsewhere).unwrap().opened_as, OpenedAs::Same);
    fs::remove_file(folder.path().join("store")).unwrap();
    assert_eq!(try_open(folder.path(), &elsewhere).unwrap().opened_as, OpenedAs::Copied);
}

#[test]
fn the_head_file_follows_the_own_log_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut own, mut other) = (Author::new(1), Author::new(2));
    let opened = open(folder.path());
    assert_eq!(opened.head, HeadCheck::Nothing);
    opened.store.commit(append(&other.write(payload(0, 100)))).unwrap();
    drop(opened);
    let opened = open(folder.path());
    assert_eq!(opened.head, HeadCheck::Nothing);
    let entries = [own.write(payload(1, 100)), own.write(payload(2, 5_000))];
    for entry in &entries {
        opened.store.commit(publish(entry)).unwrap();
    }
    opened.store.commit(append(&other.write(payload(3, 100)))).unwrap();
    drop(opened);
    match open(folder.path()).head {
        HeadCheck::Equal(head) => {
            assert_eq!((head.log, head.incarnation, head.len, head.id), (own.log(), 1, 2, entries[1].id()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn kill_between_store_and_head_file_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let mut own = Author::new(1);
    let store = open(folder.path()).store;
    store.commit(publish(&own.write(payload(1, 100)))).unwrap();
    let head = fs::read(folder.path().join("head")).unwrap();
    store.commit(publish(&own.write(payload(2, 100)))).unwrap();
    drop(store);
    fs::write(folder.path().join("head"), head).unwrap();
    match open(folder.path()).head {
        HeadCheck::Extended(head) => assert_eq!(head.len, 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_head_file_that_is_lost_or_damaged_or_ahead_ends_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut own = Author::new(1);
    let head = folder.path().join("head");
    let store = open(folder.path()).store;
    store.commit(publish(&own.write(payload(1, 100)))).unwrap();
    drop(store);
    let yesterday = tempfile::tempdir().unwrap();
    copy(folder.path(), yesterday.path());
    let store = open(folder.path()).store;
    store.commit(publish(&own.write(payload(2, 100)))).unwrap();
    drop(store);

    let good = fs::read_to_string(&head).unwrap();
    fs::write(&head, good.replace("len ", "len 1")).unwrap();
    assert_eq!(open(folder.path()).head, HeadCheck::Differs, "damaged");
    fs::write(&head, &good[..20]).unwrap();
    assert_eq!(open(folder.path()).head, HeadCheck::Differs, "cut off");
    fs::remove_file(&head).unwrap();
    assert_eq!(open(folder.path()).head, HeadCheck::Differs, "lost");
    fs::write(yesterday.path().join("head"), &good).unwrap();
    assert_eq!(open(yesterday.path()).head, HeadCheck::Differs, "ahead of a restored database");
    fs::write(&head, &good).unwrap();
    assert!(matches!(open(folder.path()).head, HeadCheck::Equal(_)));
}

/// A power cut may tear the record that is being written; it was not acknowledged then.
#[test]
fn a_torn_head_record_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut own = Author::new(1);
    let head = folder.path().join("head");
    for seed in 1..6 {
        let store = open(folder.path()).store;
        store.commit(publish(&own.write(payload(seed, 100)))).unwrap();
        drop(store);
        let good = fs::read_to_string(&head).unwrap();
        assert!(matches!(open(folder.path()).head, HeadCheck::Equal(head) if head.len == seed));
        fs::write(&head, good.replace(&format!("len {seed}\n"), "len 9\n")).unwrap();
        match open(folder.path()).head {
            HeadCheck::Extended(head) => assert_eq!(head.len, seed - 1),
            HeadCheck::Differs => assert_eq!(seed, 1, "there is none before the first"),
            other => panic!("{other:?}"),
        }
        fs::write(&head, good).unwrap();
    }
}

/// A kill while the engine writes its snapshot leaves a half file that it would read as the newest snapshot.
#[test]
fn a_half_written_snapshot_is_swept_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut author = Author::new(1);
    let store = open(folder.path()).store;
    store.commit(append(&author.write(payload(1, 100)))).unwrap();
    drop(store);
    fs::write(folder.path().join("tree/snap.FFFFFFFFFFFFFFFF.generating"), b"half a snapshot").unwrap();
    let store = open(folder.path()).store;
    assert!(store.entry(author.log(), 0).unwrap().is_some());
}

#[test]
fn a_damaged_snapshot_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let mut author = Author::new(1);
    let store = open(folder.path()).store;
    for seed in 0..200 {
        store.commit(append(&author.write(payload(seed, 1_000)))).unwrap();
    }
    drop(store);
    fs::write(folder.path().join("tree/snap.FFFFFFFFFFFFFFFF"), b"nothing that the engine wrote").unwrap();
    let store = open(folder.path()).store;
    assert!(folder.path().join("tree.damaged-1/db").exists(), "the damaged files are kept");
    let recovered = store.recover().unwrap();
    assert_eq!(recovered.logs[0].entries.len(), 200);
    check_histories(&store, &recovered);
}

#[test]
fn a_database_that_cannot_be_read_is_kept_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    fs::write(folder.path().join("tree/conf"), b"not the configuration of any engine").unwrap();
    let fault = try_open(folder.path(), &options()).unwrap_err();
    match &fault {
        OpenFault::Damaged { copy, .. } => assert!(copy.join("conf").exists()),
        other => panic!("{other:?}"),
    }
    let words = fault.to_string();
    assert!(words.contains(&folder.path().display().to_string()) && words.contains("Move the folder away"), "{words}");
}
