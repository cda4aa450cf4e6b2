//! Clocks that are wrong: told in `status`, and nothing is refused because of them.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cluster::{Node, program, until, until_agreed};

const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// What moves the clock of a process: built with the C compiler that the program itself needs to be built.
fn clock_mover(folder: &Path) -> PathBuf {
    let library = folder.join("wrong_clock.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/alliance/wrong_clock.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(built.success());
    library
}

fn moved(library: &Path, seconds: i64) -> Command {
    let mut command = program();
    command.env("LD_PRELOAD", library).env("LYCEUM_TEST_CLOCK_MOVED_BY_SECONDS", seconds.to_string());
    command
}

fn causes(status: &Value) -> String {
    let problems = status["problems"].as_array().unwrap().iter();
    problems.map(|problem| problem["cause"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_wrong_clock_is_told_and_refuses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let library = clock_mover(folder.path());
    let [mut founder, mut peer] = ["Founder", "Peer"].map(|name| Node::make(folder.path(), name));
    founder.run(&["found", "--name", "Alliance"]).well();
    founder.start();
    let line = founder.run(&["invite"]).well().stdout;
    peer.run(&["join", line.trim()]).well();

    // Two hours ahead, nobody can tell: what it writes claims so.
    peer.start_as(moved(&library, 2 * HOUR));
    let ahead = peer.publish("two hours ahead");
    until_agreed(&[&founder, &peer], 1);
    assert!(!causes(&peer.status()).contains("clock"), "{}", causes(&peer.status()));
    assert_eq!(peer.stop().0, 0);

    // The clock was set: it stands behind what was written before.
    peer.start();
    let said = causes(&peer.status());
    assert!(said.contains("behind this node's own newest entry"), "{said}");
    let now = peer.publish("now");
    until_agreed(&[&founder, &peer], 2);
    assert_eq!(peer.stop().0, 0);

    // Thirty years back, as a machine without a battery wakes up.
    peer.start_as(moved(&library, -30 * YEAR));
    let said = causes(&peer.status());
    assert!(said.contains("before this program was built") && !said.contains("newest entry"), "{said}");
    let long_ago = peer.publish("long ago");
    until_agreed(&[&founder, &peer], 3);
    assert_eq!(peer.stop().0, 0);

    peer.start();
    until("both agree on all three", || founder.log_ids() == peer.log_ids());
    let shown = founder.run(&["log", "--json"]).well().objects();
    let ids: Vec<&str> = shown.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&ahead, &now, &long_ago], "the newest claim first");
    assert!(shown.iter().all(|entry| entry["standing"] == "good"), "{shown:?}");
    assert!(!causes(&founder.status()).contains("clock"), "the clock of another is not one's own");
}
