//! Disks without room, seen from outside: refused in words, named in `status`, nothing acknowledged lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cluster::{Node, until};

/// A publication of some size, from standard input; the id, or what was said instead.
fn publish(node: &Node, title: &str, bytes: usize) -> Result<String, (i32, String)> {
    let note = serde_json::json!({ "type": "note", "title": title, "body": "x".repeat(bytes) });
    let ended = node.run_with(&["publish", "-", "--json"], note.to_string().as_bytes());
    match ended.code {
        0 => Ok(ended.objects()[0]["id"].as_str().unwrap().to_owned()),
        code => Err((code, ended.stderr)),
    }
}

/// The program with a bound on the size of each of its files, in blocks of 512 bytes. A write beyond it fails in its
/// middle, as on a full disk.
fn bounded(blocks: u32) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    command.arg(env!("CARGO_BIN_EXE_lyceum"));
    command
}

#[test]
fn a_write_that_fails_ends_the_node_in_words_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance", "--entries-per-day", "0"]).well();
    node.start_as(bounded(8192));
    let mut acknowledged = Vec::new();
    let (code, said) = loop {
        assert!(acknowledged.len() < 1_000, "the bound is never met");
        match publish(&node, &format!("Note {}", acknowledged.len()), 100_000) {
            Ok(id) => acknowledged.push(id),
            Err(ended) => break ended,
        }
    };
    assert!(acknowledged.len() > 5, "{}", acknowledged.len());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("writing failed") && said.contains("make room"), "{said}");
    let (code, log) = node.wait();
    assert_eq!(code, 1, "{log}");
    assert!(log.contains("the node cannot go on") && log.contains("Nothing that was acknowledged is lost"), "{log}");

    // There is room again: it goes on with the next start.
    node.start();
    let held = node.log_ids();
    assert!(acknowledged.iter().all(|id| held.contains(id)), "{} of {}", held.len(), acknowledged.len());
    assert_eq!(node.status()["problems"], serde_json::json!([]));
    publish(&node, "after", 1_000).unwrap();
}

/// A small disk in memory; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this user may not mount.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = ["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at.to_path_buf()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What a killed node held open is let go by then; else the folder goes with the test machine.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// An alliance of a node whose home is on the small disk, and one whose home is not.
fn alliance(disk: &SmallDisk, elsewhere: &Path) -> (Node, Node) {
    let mut small = Node::make(&disk.0, "Small");
    let mut other = Node::make(elsewhere, "Other");
    small.run(&["found", "--name", "Alliance", "--entries-per-day", "0"]).well();
    small.start();
    let line = small.run(&["invite"]).well().stdout;
    other.run(&["join", line.trim()]).well();
    other.start();
    (small, other)
}

#[test]
fn below_the_reserve_publishing_is_refused_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"), "96m") else {
        println!("not tried: this user may not mount a small disk");
        return;
    };
    let (mut small, mut other) = alliance(&disk, folder.path());
    let first = publish(&small, "with room", 1_000).unwrap();
    // Both have said where they are reached: nothing else wants to be written while there is no room.
    until("both are in the log", || small.status()["entries"] == 3);

    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0_u8; 40 << 20]).unwrap();
    let (code, said) = publish(&small, "without room", 1_000).unwrap_err();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("64 MiB are kept in reserve") && said.contains("make room"), "{said}");
    let status = small.status();
    let cause = status["problems"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("64 MiB are kept in reserve: own publications are refused"), "{status}");
    // The reserve is for what others publish: that still comes in.
    let foreign = publish(&other, "from elsewhere", 1_000).unwrap();
    until("what others publish comes in", || small.log_ids().contains(&foreign));

    // Room again: it goes on by itself, in the same log, and nothing is wrong any more.
    std::fs::remove_file(&ballast).unwrap();
    let second = publish(&small, "with room again", 1_000).unwrap();
    until("the small node is well", || small.status()["problems"] == serde_json::json!([]));
    let shown = small.run(&["log", "--json"]).well().objects();
    let line = |id: &String| shown.iter().find(|entry| entry["id"] == **id).unwrap();
    let seq = |id: &String| line(id)["seq"].as_u64().unwrap();
    assert!(seq(&second) > seq(&first), "a refusal does not cost the log");
    assert_eq!(small.stop().0, 0);
    assert_eq!(other.stop().0, 0);
}

#[test]
fn a_disk_that_is_full_to_the_last_byte_stops_the_node_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"), "96m") else {
        println!("not tried: this user may not mount a small disk");
        return;
    };
    let (mut small, mut other) = alliance(&disk, folder.path());
    let own = publish(&small, "acknowledged", 1_000).unwrap();
    until("both are connected", || other.log_ids().contains(&own));

    // As many zeros as fit.
    let ballast = disk.0.join("ballast");
    let full = Command::new("sh").args(["-c", "cat /dev/zero >\"$0\" 2>/dev/null"]).arg(&ballast).status().unwrap();
    assert!(!full.success(), "the disk is full");
    let mut foreign = Vec::new();
    for n in 0..20 {
        foreign.push(publish(&other, &format!("Foreign {n}"), 100_000).unwrap());
    }
    let (code, _) = small.wait();
    assert_eq!(code, 1);

    std::fs::remove_file(&ballast).unwrap();
    small.start();
    until("it catches up after the next start", || {
        let held = small.log_ids();
        held.contains(&own) && foreign.iter().all(|id| held.contains(id))
    });
    publish(&small, "after", 1_000).unwrap();
    assert_eq!(small.stop().0, 0);
    assert_eq!(other.stop().0, 0);
}
