//! The vectors of `protocol/vectors`: made from fixed seeds, and held against the code.
//!
//! `LYCEUM_WRITE_VECTORS=1 cargo test -p lyceum-protocol --test vectors` writes them again.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod attachments;
mod case;
mod certificates;
mod charters;
mod documents;
mod entries;
mod facts;
mod fixtures;
mod frames;
mod judge;
mod keys;
mod logs;
mod motions;
mod publications;
mod signature_objects;
mod worlds;

use std::path::{Path, PathBuf};

use case::{Case, Cases, file_text};
use serde_json::Value;

/// Name of a file, what it is about, what makes its cases.
type File = (&'static str, &'static str, fn() -> Cases);

fn files() -> Vec<File> {
    vec![
        ("keys", "Keys that count.", keys::keys),
        ("signatures", "What is signed, and strict verification.", keys::signatures),
        ("headers", "Headers of entries.", entries::headers),
        ("entries", "Entries with signature and payload; ids of logs.", entries::entries),
        ("histories", "Tree heads, inclusion and consistency proofs.", logs::histories),
        ("logs", "Joins of logs: entries in the order of their arrival.", logs::logs),
        ("fork_proofs", "Fork proofs.", logs::fork_proofs),
        ("receipts", "Receipts.", entries::receipts),
        ("protocol_kinds", "Contents of the protocol kinds.", entries::protocol_kinds),
        ("publication", "Publications: contents of kind 0.", publications::publications),
        ("certificates", "Certificates alone.", certificates::certificates),
        ("charters", "Charters with their lists, alone.", charters::charters),
        ("motions", "Motions alone.", motions::motions),
        ("signature_objects", "Signature objects.", signature_objects::signature_objects),
        ("facts", "What follows from a few documents with their signatures.", documents::facts),
        ("requests", "Requests of sync in their frames.", frames::requests),
        ("answers", "Answers of sync in their frames.", frames::answers),
        ("gossip", "Gossip messages and their ids.", frames::gossip),
        ("buckets", "Bucket hashes and roots.", frames::buckets),
        ("pieces", "Files, and pieces of files with their proofs.", attachments::pieces),
        ("attachments", "Requests and answers of attachments in their frames.", attachments::frames),
        ("worlds", "Whole sets: standing, digest and state root.", worlds::worlds),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Judges the cases of a file and writes them down; a verdict that is not the stated one is a fault.
fn made(name: &str, about: &str, cases: Cases) -> String {
    let judged: Vec<(Case, Value)> = cases
        .0
        .into_iter()
        .map(|case| {
            let (verdict, gives) = judge::judge(case.check, &case.given);
            assert_eq!(verdict, case.verdict, "{name}: {} ({})", case.name, case.rule);
            (case, gives)
        })
        .collect();
    file_text(about, &judged)
}

#[test]
fn fresh_vectors_are_the_committed_ones() {
    let write = std::env::var_os("LYCEUM_WRITE_VECTORS").is_some();
    let mut names = Vec::new();
    for (name, about, cases) in files() {
        let text = made(name, about, cases());
        let path = folder().join(format!("{name}.json"));
        if write {
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(committed == text, "{name}.json is not what is made now: LYCEUM_WRITE_VECTORS=1 writes it again");
        names.push(format!("{name}.json"));
    }
    let made_elsewhere = ["invitation.json", "bundle.json"];
    for file in std::fs::read_dir(folder()).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&file) || made_elsewhere.contains(&file.as_str()), "nothing makes {file}");
    }
}

#[test]
fn the_committed_vectors_hold() {
    for (name, _, _) in files() {
        let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let cases = file["cases"].as_array().unwrap();
        assert!(!cases.is_empty(), "{name}.json has no case");
        let mut seen = std::collections::BTreeSet::new();
        for case in cases {
            let (verdict, gives) = judge::judge(case["check"].as_str().unwrap(), &case["given"]);
            assert_eq!(case["verdict"], verdict.name(), "{name}: {}", case["name"]);
            assert_eq!(case["gives"], gives, "{name}: {}", case["name"]);
            assert!(seen.insert(case["name"].to_string()), "{name}: two cases are named {}", case["name"]);
        }
    }
}
