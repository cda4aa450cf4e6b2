//! Whatever a file holds: it is imported whole or refused with a reason, and nothing panics.

use proptest::prelude::*;

use crate::fixture::{file, read};

/// Files of which no beginning is a whole file.
const CUT: [&str; 12] = [
    "lm_eval_0_3.json",
    "lm_eval_0_4.json",
    "inspect_v1.json",
    "inspect_v2.json",
    "every_eval_ever_0_2.json",
    "ailuminate.json",
    "osv.json",
    "aiid_incident.json",
    "aiid_report.json",
    "croissant.json",
    "promptfoo.json",
    "csaf.json",
];

fn all() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(file("")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut all: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

fn import_bytes(name: &str, bytes: &[u8]) -> lyceum_node::import::Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let report = read(&path);
    assert_eq!(report.ready.is_empty(), report.reason.is_some(), "{name}: whole, or refused with a reason");
    report
}

#[test]
fn a_file_that_is_cut_off_is_refused_and_never_half_imported() {
    for name in CUT {
        let bytes = std::fs::read(file(name)).unwrap();
        let whole = bytes.trim_ascii_end().len();
        for at in (1..whole).step_by(7).chain([whole - 1]) {
            let report = import_bytes(name, &bytes[..at]);
            assert!(report.ready.is_empty(), "{name} at {at}");
            assert!(report.reason.unwrap().contains("is cut off"), "{name} at {at}");
        }
    }
}

#[test]
fn a_line_that_is_cut_off_refuses_the_whole_file() {
    for name in ["garak.report.jsonl", "avid.jsonl"] {
        let bytes = std::fs::read(file(name)).unwrap();
        for at in (2..bytes.len() - 2).step_by(13) {
            let report = import_bytes(name, &bytes[..at]);
            // Between two lines it is a shorter file.
            if !bytes[..at].trim_ascii_end().ends_with(b"}") {
                assert!(report.ready.is_empty(), "{name} at {at}");
            }
        }
    }
}

#[test]
fn what_is_nothing_is_refused_in_words() {
    for (name, bytes, words) in [
        ("a.json", &b""[..], "is empty"),
        ("a.json", b"  \n", "is empty"),
        ("a.json", b"{}", "no format that is known"),
        ("a.json", b"[]", "no format that is known"),
        ("a.json", b"{\"a\": 1 x", "is not JSON"),
        ("a.bin", b"\x00\x01\x02", "neither JSON"),
        ("a.bin", b"\xff\xfe", "neither JSON"),
        ("a.eval", b"PK\x03\x04", "cannot be read"),
        ("a.log", b"just some words", "no format that is known"),
    ] {
        let reason = import_bytes(name, bytes).reason.unwrap();
        assert!(reason.contains(words), "{name} {bytes:?}: {reason}");
    }
    assert!(read(&file("missing.json")).reason.unwrap().contains("cannot be read"));
    assert!(read(&file("")).reason.unwrap().contains("is a folder"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_change_of_a_file_is_read_or_refused(which in 0_usize..64, at in 0_usize..4_000, with: Vec<u8>, drop in 0_usize..40) {
        let all = all();
        let (name, bytes) = &all[which % all.len()];
        let at = at % (bytes.len() + 1);
        let rest = bytes.get(at + drop..).unwrap_or_default();
        let changed = [&bytes[..at], &with, rest].concat();
        import_bytes(name, &changed);
    }

    #[test]
    fn any_value_in_place_of_another_is_read_or_refused(which in 0_usize..64, at in 0_usize..400, value in "null|0|\"\"|\\[\\]|\\{\\}|NaN|true|-1e400|\"N/A\"|\\[null\\]") {
        let all = all();
        let (name, bytes) = &all[which % all.len()];
        let text = String::from_utf8_lossy(bytes);
        let places: Vec<usize> = text.match_indices(": ").map(|(place, _)| place + 2).collect();
        prop_assume!(!places.is_empty());
        let place = places[at % places.len()];
        let end = text[place..].find([',', '}', '\n']).map_or(text.len(), |end| place + end);
        import_bytes(name, format!("{}{value}{}", &text[..place], &text[end..]).as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, zip: bool) {
        let bytes = if zip { [b"PK\x03\x04".as_slice(), &bytes].concat() } else { bytes };
        import_bytes("any", &bytes);
    }
}
