//! What an organisation may publish a day, as its people and scripts meet it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::cluster::Node;

/// An alliance of one whose charter grants four entries a day: 28 saved, 25 of them for publications, and the first of
/// a log counts as 20.
pub(crate) fn small(folder: &Path) -> Node {
    let mut node = Node::make(folder, "Lab");
    node.run(&["found", "--name", "Alliance", "--entries-per-day", "4", "--bytes-per-day", "2GiB"]).well();
    node.start();
    node
}

fn files(folder: &Path, names: &[&str]) -> Vec<String> {
    let write = |name: &&str| {
        let path = folder.join(format!("{name}.md"));
        std::fs::write(&path, format!("# {name}\n\nText.\n")).unwrap();
        path.display().to_string()
    };
    names.iter().map(write).collect()
}

fn publish(node: &Node, files: &[String], more: &[&str]) -> crate::cluster::Ended {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    node.run(&[&["publish"], files.as_slice(), more].concat())
}

/// Between two times in RFC 3339.
fn seconds_between(earlier: &str, later: &str) -> i64 {
    let [earlier, later] = [earlier, later].map(|text| text.parse::<jiff::Timestamp>().unwrap());
    later.as_second() - earlier.as_second()
}

/// The problem document that the daemon answers to one publication over its socket.
fn problem(node: &Node) -> Value {
    let body = json!({ "items": [{ "publication": { "type": "note", "title": "One more" } }] }).to_string();
    let mut stream = UnixStream::connect(node.home.join("socket")).unwrap();
    let length = body.len();
    let headers = format!("Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}");
    write!(stream, "POST /publish HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 422 "), "{answer}");
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

#[test]
fn beyond_the_quota_nothing_is_published_and_the_time_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = small(folder.path());
    let quota = node.status()["quota"].clone();
    assert_eq!((&quota["entries_per_day"], &quota["entries_left"]), (&json!(4), &json!(25)));
    assert_eq!((&quota["bytes_per_day"], &quota["waiting"]), (&json!(2_147_483_648_u64), &json!([])));
    let four = files(folder.path(), &["a", "b", "c", "d"]);
    publish(&node, &four, &[]).well();
    assert_eq!(node.status()["quota"]["entries_left"], 2);

    // Two fit, three are wanted: none is published, and it is said what would go when.
    let three = files(folder.path(), &["e", "f", "g"]);
    let refused = publish(&node, &three, &[]).badly(4, "nothing was published");
    assert!(refused.stderr.contains("room for 2 of these 3 now"), "{}", refused.stderr);
    assert!(refused.stderr.contains("quota: the charter grants each organisation 4 entries"), "{}", refused.stderr);
    assert_eq!((refused.stdout.as_str(), node.log_ids().len()), ("", 4));
    publish(&node, &three[..2], &[]).well();

    // Refused with code 4; the text and the JSON name the rule and the time, the same for all.
    let refused = publish(&node, &three[2..], &["--json"]).badly(4, "quota");
    let error: Value = serde_json::from_str(&refused.stderr).unwrap();
    let until = error["until"].as_str().unwrap().to_owned();
    // A fifth of an entry is left: the rest of it takes a fifth of a day.
    let minutes = seconds_between(node.status()["running_since"].as_str().unwrap(), &until) / 60;
    assert!((285..=290).contains(&minutes), "{until} is {minutes} minutes away");
    assert!(error["next_step"].as_str().unwrap().contains(&until), "{error}");
    publish(&node, &three[2..], &[]).badly(4, "publish it again from 20");
    let problem = problem(&node);
    assert!(problem["causes"][0].as_str().unwrap().contains("quota"), "{problem}");
    assert_eq!(problem["ending"], "refused");
    assert!(seconds_between(&until, problem["until"].as_str().unwrap()).abs() <= 1, "{problem}");
    assert_eq!(node.log_ids().len(), 6);

    // What was published before, unchanged, needs no room; a restart makes none.
    publish(&node, &four, &[]).well();
    node.kill();
    node.start();
    publish(&node, &three[2..], &[]).badly(4, "quota");
    assert_eq!(node.log_ids().len(), 6);
    let text = node.run(&["status"]).well().stdout;
    assert!(text.contains("4 entries and 2 GiB a day and organisation; 0 entries and"), "{text}");
    assert!(text.contains("No problem."), "{text}");

    // What is kept back is for taking something back.
    let id = node.log_ids().into_iter().next().unwrap();
    node.run(&["retract", &id, "--reason", "wrong"]).well();
    assert_eq!(node.log_ids().len(), 7);
}
