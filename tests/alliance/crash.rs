//! Killed again and again while sixteen publish: nothing that was acknowledged is lost, and no log forks.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::cluster::{Node, three, until};

const KILLS: usize = 51;
const PUBLISHERS: usize = 16;

/// Publishes until it is told to stop; what was acknowledged is noted. A node that is down just now is no failure.
fn publish_on(home: &PathBuf, number: usize, stop: &AtomicBool, acknowledged: &Mutex<BTreeSet<String>>) {
    let node = Node::unmade(home.clone());
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let note = serde_json::json!({ "type": "note", "title": format!("Note {n} of publisher {number}") });
        let ended = node.run_with(&["publish", "-", "--json"], note.to_string().as_bytes());
        if ended.code != 0 {
            continue;
        }
        for object in ended.objects() {
            let id = object["id"].as_str().unwrap().to_owned();
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
    }
}

/// A different pause each time, the same in every run.
fn pause(kill: usize) -> Duration {
    let mixed = (kill as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    Duration::from_millis(mixed % 400)
}

/// Keeps the ports that the first start drew, so that a killed node is found where it was.
fn keep_port(node: &Node) {
    let path = node.home.join("config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, config.replace("/ip4/127.0.0.1/tcp/0", node.said("listen"))).unwrap();
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_forks() {
    let folder = tempfile::tempdir().unwrap();
    let mut nodes = three(folder.path());
    nodes.iter().for_each(keep_port);
    let homes: Vec<PathBuf> = nodes.iter().map(|node| node.home.clone()).collect();
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for number in 0..PUBLISHERS {
            let (home, stop, acknowledged) = (&homes[number % homes.len()], &stop, &acknowledged);
            scope.spawn(move || publish_on(home, number, stop, acknowledged));
        }
        // Publishers end whatever happens below, so that a failure is seen at once.
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for kill in 0..KILLS {
                std::thread::sleep(pause(kill));
                let killed = kill % nodes.len();
                nodes[killed].kill();
                let promised = acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
                nodes[killed].start();
                for node in &nodes {
                    until("everything acknowledged is held", || node.log_ids().is_superset(&promised));
                }
            }
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(failure) = checked {
            std::panic::resume_unwind(failure);
        }
    });
    let promised = acknowledged.into_inner().unwrap();
    assert!(promised.len() > KILLS, "{} were acknowledged", promised.len());
    for node in &nodes {
        until("everything acknowledged is held", || node.log_ids().is_superset(&promised));
        let shown = node.run(&["log", "--json"]).well().objects();
        assert!(shown.iter().all(|entry| entry["standing"] == "good"), "an entry that does not stand well");
        let status = node.status();
        assert!(!status["problems"].to_string().contains("twice"), "{}", status["problems"]);
    }
    println!("{} acknowledged over {KILLS} kills", promised.len());
}
