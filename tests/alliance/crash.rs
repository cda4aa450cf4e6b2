//! Killed again and again while sixteen publish: nothing that was acknowledged is lost, and no log forks.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::cluster::{Node, three, until};

const KILLS: usize = 51;
const PUBLISHERS: usize = 16;
/// Between two publications of one publisher.
const PAUSE: Duration = Duration::from_millis(400);

/// One publication over the daemon's socket, as the commands do it; its id once it is durable.
fn publish_once(home: &Path, title: &str) -> Option<String> {
    let item = serde_json::json!({ "publication": { "type": "note", "title": title }, "marking": null });
    let body = serde_json::json!({ "items": [item] }).to_string();
    let mut socket = UnixStream::connect(home.join("socket")).ok()?;
    let head = "POST /publish HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json";
    write!(socket, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 5"), "{answer}");
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body["entries"][0]["id"].as_str()?.to_owned())
}

/// Publishes until it is told to stop; what was acknowledged is noted. A node that is down just now is no failure.
fn publish_on(home: &Path, number: usize, stop: &AtomicBool, acknowledged: &Mutex<BTreeSet<String>>) {
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // None: it was killed and is started again in a moment.
        if let Some(id) = publish_once(home, &format!("Note {n} of publisher {number}")) {
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        // The kills are what is tried, not the load: all that was acknowledged is read back after each.
        std::thread::sleep(PAUSE);
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
