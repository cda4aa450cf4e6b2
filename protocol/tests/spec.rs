//! Every rule of SPEC.md has a vector or a test that names it, and every rule that is named is there.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Rules that no vector and no test names yet, and why. A rule that has one has to leave this list.
const WITHOUT: [(&str, &str); 9] = [
    ("E19", "publications are read by the program, with tests of its own"),
    ("F1", "invitation.json, written and held by the invitations themselves"),
    ("F2", "bundle.json, written and held by the proofs themselves"),
    ("F3", "bundle.json, written and held by the proofs themselves"),
    ("M11", "what is kept is held to a naive evaluator by the permutation test"),
    ("R3", "receipts are signed by the program"),
    ("R4", "receipts are compared by the program"),
    ("S19", "guests are a matter of the state machine and the gate"),
    ("S20", "pages in flight are counted by the state machine"),
];

const LETTERS: &str = "WELDMTSRF";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Rules that a text names: a letter and a number, alone or as `E1 to E8`.
fn named(text: &str) -> BTreeSet<String> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let rule = |word: &str| {
        let (letter, number) = word.split_at_checked(1)?;
        let number: u32 = number.parse().ok().filter(|_| !number.starts_with('0'))?;
        LETTERS.contains(letter).then(|| (letter.to_owned(), number))
    };
    let mut found = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let Some((letter, first)) = rule(word) else { continue };
        let last = match words.get(at + 1..at + 3) {
            Some(["to", last]) => rule(last).filter(|(other, _)| *other == letter).map_or(first, |(_, last)| last),
            _ => first,
        };
        found.extend((first..=last).map(|number| format!("{letter}{number}")));
    }
    found
}

/// Rules of the page: paragraphs that begin with `**E3 Name.**`.
fn rules() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("SPEC.md")).unwrap();
    let mut rules = BTreeSet::new();
    let mut last: BTreeMap<char, u32> = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("**")) {
        let rule = line.split(' ').next().unwrap();
        if rule.len() < 2 || !rule[1..].chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let (letter, number) = (rule.chars().next().unwrap(), rule[1..].parse::<u32>().unwrap());
        let before = last.insert(letter, number).unwrap_or(0);
        assert_eq!(number, before + 1, "{rule} does not follow {letter}{before}");
        assert!(LETTERS.contains(letter), "{rule} has a letter of its own");
        rules.insert(rule.to_owned());
    }
    rules
}

/// Comments of the tests beside this one, and the rules of the vectors.
fn covered() -> BTreeMap<String, String> {
    let mut covered = BTreeMap::new();
    let mut folders = vec![root().join("tests")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("spec.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let comments = text.lines().filter(|line| line.trim_start().starts_with("//"));
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                for rule in comments.flat_map(named) {
                    covered.insert(rule, name.clone());
                }
            }
        }
    }
    for file in std::fs::read_dir(root().join("vectors")).unwrap() {
        let path = file.unwrap().path();
        let vectors: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let cases = vectors["cases"].as_array().into_iter().flatten();
        for rule in cases.filter_map(|case| case["rule"].as_str()).flat_map(named) {
            covered.insert(rule, path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    covered
}

#[test]
fn every_rule_has_a_vector_or_a_test_that_names_it() {
    let (rules, covered) = (rules(), covered());
    let without: BTreeSet<String> = WITHOUT.iter().map(|(rule, _)| (*rule).to_owned()).collect();
    assert!(rules.len() > 100, "the page was not read");
    let missing: Vec<&String> =
        rules.iter().filter(|rule| !covered.contains_key(*rule) && !without.contains(*rule)).collect();
    assert!(missing.is_empty(), "no vector and no test names {missing:?}");
    let stale: Vec<&String> =
        without.iter().filter(|rule| covered.contains_key(*rule) || !rules.contains(*rule)).collect();
    assert!(stale.is_empty(), "{stale:?} need no excuse any more");
}

#[test]
fn every_rule_that_is_named_is_there() {
    let rules = rules();
    let unknown: Vec<_> = covered().into_iter().filter(|(rule, _)| !rules.contains(rule)).collect();
    assert!(unknown.is_empty(), "SPEC.md has no such rules: {unknown:?}");
}
