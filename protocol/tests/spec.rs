//! Every rule of SPEC.md has a vector or a test that names it, and every rule that is named is there.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails its test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Rules that no vector and no test names yet, and why. A rule that has one has to leave this list.
const WITHOUT: [(&str, &str); 2] = [("R3", "no node signs receipts yet"), ("R4", "nothing compares receipts yet")];

const LETTERS: &str = "WELDMTSRAF";

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

/// The source files below a folder.
fn sources(folder: PathBuf) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("spec.rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The comments that stand right above a test.
fn above_tests(text: &str) -> Vec<&str> {
    let (mut found, mut comments) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("///") {
            comments.push(line);
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            found.append(&mut comments);
        } else if !line.starts_with("#[") {
            comments.clear();
        }
    }
    found
}

/// Rules that the comments of the tests beside this one name, those above the tests of the program and of the whole
/// alliance, and those of the vectors.
fn covered() -> BTreeMap<String, String> {
    let mut covered = BTreeMap::new();
    let mut cover = |path: &Path, rules: BTreeSet<String>| {
        covered.extend(rules.into_iter().map(|rule| (rule, path.display().to_string())));
    };
    for path in sources(root().join("tests")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let comments = text.lines().filter(|line| line.trim_start().starts_with("//"));
        cover(&path, comments.flat_map(named).collect());
    }
    for folder in ["src", "../tests/tests", "../node/tests"] {
        for path in sources(root().join(folder)) {
            let text = std::fs::read_to_string(&path).unwrap();
            cover(&path, above_tests(&text).into_iter().flat_map(named).collect());
        }
    }
    for file in std::fs::read_dir(root().join("vectors")).unwrap() {
        let path = file.unwrap().path();
        let vectors: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let cases = vectors["cases"].as_array().into_iter().flatten();
        cover(&path, cases.filter_map(|case| case["rule"].as_str()).flat_map(named).collect());
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
