//! Logs in zips: stored, deflated and with Zstandard; unfinished, damaged, and made to fill a memory.

use std::io::Write as _;
use std::path::PathBuf;

use lyceum_node::import::Report;
use serde_json::Value;

use crate::fixture::{file, publications, read};

/// How an entry is compressed.
#[derive(Debug, Clone, Copy)]
enum Method {
    Stored,
    Deflate,
    Zstd,
}

/// What a zip claims, where that is not the truth.
#[derive(Debug, Clone, Copy, Default)]
struct Lies {
    size: Option<u32>,
    crc: Option<u32>,
    method: Option<u16>,
}

fn long(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap()
}

/// A zip of these entries.
fn zip(entries: &[(&str, &[u8])], method: Method, lies: Lies) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let (code, packed) = match method {
            Method::Stored => (0_u16, bytes.to_vec()),
            Method::Deflate => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes).unwrap();
                (8, encoder.finish().unwrap())
            }
            Method::Zstd => {
                (93, ruzstd::encoding::compress_to_vec(*bytes, ruzstd::encoding::CompressionLevel::Fastest))
            }
        };
        let crc = lies.crc.unwrap_or_else(|| crc32fast::hash(bytes));
        let size = lies.size.unwrap_or(long(bytes.len()));
        let offset = long(out.len());
        let mut fields = Vec::new();
        for number in [20_u16, 0, lies.method.unwrap_or(code), 0, 0] {
            fields.extend(number.to_le_bytes());
        }
        for number in [crc, long(packed.len()), size] {
            fields.extend(number.to_le_bytes());
        }
        fields.extend((short(name.len())).to_le_bytes());
        fields.extend(0_u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(name.as_bytes());
        out.extend(&packed);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, count) = (long(out.len()), short(entries.len()));
    out.extend(&directory);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((long(directory.len())).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn import_zip(bytes: &[u8]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("2026-01-01T00-00-00+00-00_guide.eval");
    std::fs::write(&path, bytes).unwrap();
    let report = read(&path);
    let written: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(written.len(), 1, "nothing of a zip is written to the disk");
    report
}

fn header() -> Vec<u8> {
    let mut log: Value = serde_json::from_slice(&std::fs::read(file("inspect_v1.json")).unwrap()).unwrap();
    log.as_object_mut().unwrap().remove("samples");
    serde_json::to_vec(&log).unwrap()
}

#[test]
fn a_log_is_read_whatever_way_it_is_compressed() {
    let header = header();
    let entries: [(&str, &[u8]); 4] = [
        ("_journal/start.json", b"{}"),
        ("samples/../../etc/passwd_epoch_1.json", b"{}"),
        ("samples/\u{e9}: 1_epoch_2_epoch_1.json", b"{}"),
        ("header.json", &header),
    ];
    let json_twin = read(&file("inspect_v1.json"));
    for method in [Method::Stored, Method::Deflate, Method::Zstd] {
        let report = import_zip(&zip(&entries, method, Lies::default()));
        assert_eq!((report.format, report.reason.as_deref()), (Some("inspect"), None), "{method:?}");
        assert_eq!(publications(&report)[0]["import"]["samples"]["count"], 2);
        assert_eq!(report.ready[0].0.content, json_twin.ready[0].0.content, "the twin of a log is the same finding");
    }
}

#[test]
fn an_unfinished_log_and_another_zip_are_told_apart() {
    let reason =
        |entries: &[(&str, &[u8])]| import_zip(&zip(entries, Method::Deflate, Lies::default())).reason.unwrap();
    assert!(reason(&[("_journal/start.json", b"{}")]).contains("has not finished"));
    assert!(reason(&[("word/document.xml", b"x")]).contains("no log"));
    assert!(reason(&[("header.json", b"{}")]).contains("no log"));
    assert!(reason(&[("header.json", b"{\"version\"")]).contains("is cut off"));
}

#[test]
fn what_an_entry_claims_is_not_believed() {
    let header = header();
    let entries: [(&str, &[u8]); 1] = [("header.json", &header)];
    for lies in [
        Lies { size: Some(10), ..Lies::default() },
        Lies { size: Some(u32::MAX - 1), ..Lies::default() },
        Lies { size: Some(long(header.len()) + 1), ..Lies::default() },
        Lies { crc: Some(1), ..Lies::default() },
        Lies { method: Some(12), ..Lies::default() },
    ] {
        let report = import_zip(&zip(&entries, Method::Deflate, lies));
        assert!(report.ready.is_empty() && report.reason.is_some(), "{lies:?}");
    }
}

#[test]
fn a_zip_that_unpacks_to_much_is_refused_before_it_is_held() {
    let bomb = [b"{\"a\": \"".as_slice(), &vec![b'x'; 64 * 1024 * 1024], b"\"}"].concat();
    for method in [Method::Deflate, Method::Zstd] {
        let report = import_zip(&zip(&[("header.json", &bomb)], method, Lies::default()));
        assert!(report.reason.unwrap().contains("is too large"), "{method:?}");
    }
}

#[test]
fn a_zip_that_is_cut_off_or_damaged_is_refused() {
    let whole = zip(&[("header.json", &header())], Method::Deflate, Lies::default());
    for at in (4..whole.len()).step_by(9) {
        assert!(import_zip(&whole[..at]).ready.is_empty(), "cut at {at}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        // Names, times and comments may change; the header is checked against its sum.
        let report = import_zip(&damaged);
        assert_eq!(report.ready.is_empty(), report.reason.is_some(), "damaged at {at}");
    }
}

/// Written by Inspect AI 0.3.285 itself, for its stub `mockllm/model` and two samples: its entries are Zstandard.
#[test]
fn what_the_tool_itself_writes_is_read() {
    let found = crate::fixture::only("inspect_mockllm.eval");
    let accuracy = crate::fixture::result(&found, "tiny", "accuracy", "");
    assert_eq!(accuracy["score_details"]["score"], 0.0);
    assert_eq!(accuracy["score_details"]["uncertainty"]["num_samples"], 2);
    assert_eq!((&found["import"]["stub"], &found["import"]["tool"]["version"]), (&true.into(), &"0.3.285".into()));
}
