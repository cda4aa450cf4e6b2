//! Importing large logs: megabytes a second against a bare parse of the same bytes, and the most memory that it took.
//!
//! Each file is written by a generator in the shape that its tool writes; each import runs in a process of its own, so
//! that its memory can be told. `LYCEUM_BENCH_SHORT` makes the files a tenth as long.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and stops at a fault")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use lyceum_node::import::{Options, import};
use serde::de::IgnoredAny;

const ROLE: &str = "LYCEUM_BENCH_ROLE";
/// Runs of each; the fastest counts.
const RUNS: usize = 3;

/// Results of lm-eval 0.3 with its samples inside.
fn write_lm_eval(path: &Path, bytes: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    write!(
        file,
        r#"{{"versions": {{"arc_easy": 0}}, "config": {{"model": "hf-causal", "model_args": "pretrained=org/model-7b", "num_fewshot": 0, "batch_size": 8}}, "results": {{"arc_easy": {{"acc": 0.5, "acc_stderr": 0.01, "acc_norm": 0.55, "acc_norm_stderr": 0.011, "samples": ["#
    )
    .unwrap();
    let (mut written, mut n) = (0, 0);
    while written < bytes {
        let sample = format!(
            r#"{}{{"doc_id": {n}, "doc": {{"query": "Question {n}: what follows from \"this\"?\nAnswer:", "choices": ["{}", "no", "ja", "nein"]}}, "target": {}, "resps": [[[-{n}.25, false]], [[-1.5e-3, true]]], "acc": {}.0}}"#,
            if n == 0 { "" } else { ", " },
            "word ".repeat(n % 40),
            n % 4,
            n % 2
        );
        file.write_all(sample.as_bytes()).unwrap();
        written += sample.len();
        n += 1;
    }
    file.write_all(b"]}}}").unwrap();
    file.flush().unwrap();
}

/// A report of garak: attempts, then what they came to.
fn write_garak(path: &Path, bytes: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let lines = [
        r#"{"entry_type": "start_run setup", "_config.version": "0.13.0", "plugins.target_type": "huggingface", "plugins.target_name": "org/model-7b", "run.generations": 5}"#,
        r#"{"entry_type": "init", "garak_version": "0.13.0", "start_time": "2026-01-01T00:00:00.000000", "run": "7b7f8581-45e5-463f-99ab-f3b9e6854d93"}"#,
    ];
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    let (mut written, mut n) = (0, 0_u64);
    while written < bytes {
        let attempt = format!(
            r#"{{"entry_type": "attempt", "uuid": "{n:08x}-45e5-463f-99ab-f3b9e6854d93", "seq": {n}, "status": 2, "probe_classname": "dan.Dan", "prompt": {{"turns": [{{"role": "user", "content": {{"text": "{}"}}}}]}}, "outputs": [{{"text": "No, {n}."}}], "detector_results": {{"dan.DAN": [0.0]}}}}"#,
            "pretend that ".repeat(usize::try_from(n % 30).unwrap())
        );
        writeln!(file, "{attempt}").unwrap();
        written += attempt.len();
        n += 1;
    }
    writeln!(
        file,
        r#"{{"entry_type": "eval", "probe": "dan.Dan", "detector": "dan.DAN", "passed": {n}, "total_evaluated": {n}}}"#
    )
    .unwrap();
    writeln!(file, r#"{{"entry_type": "completion", "end_time": "2026-01-01T01:00:00.000000"}}"#).unwrap();
    file.flush().unwrap();
}

/// Imports a file and says how long that took and how much memory.
fn import_once(path: &Path) {
    let began = Instant::now();
    let report = import(path, &Options::default(), &|_| {});
    let micros = began.elapsed().as_micros();
    assert_eq!((report.reason.as_deref(), report.ready.len()), (None, 1));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kib: u64 = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0);
    println!("{micros} {kib}");
}

/// Every value of the file, parsed and thrown away.
fn parse_once(path: &Path) -> f64 {
    let began = Instant::now();
    let values = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, File::open(path).unwrap()));
    for value in values.into_iter::<IgnoredAny>() {
        value.unwrap();
    }
    began.elapsed().as_secs_f64()
}

fn measure(name: &str, path: &Path) {
    let megabytes = std::fs::metadata(path).unwrap().len() as f64 / 1e6;
    let parse = (0..RUNS).map(|_| parse_once(path)).fold(f64::INFINITY, f64::min);
    let (mut seconds, mut kib) = (f64::INFINITY, 0);
    for _ in 0..RUNS {
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).env(ROLE, path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        let (micros, memory) = said.trim().split_once(' ').unwrap();
        seconds = f64::min(seconds, micros.parse::<f64>().unwrap() / 1e6);
        kib = kib.max(memory.parse::<u64>().unwrap());
    }
    println!(
        "{name:8} of {megabytes:>5.0} MB: {:>5.0} MB/s, bare parse {:>5.0} MB/s, {:.2} of it, peak memory {} MiB",
        megabytes / seconds,
        megabytes / parse,
        parse / seconds,
        kib / 1024
    );
}

fn main() {
    if let Some(path) = std::env::var_os(ROLE) {
        return import_once(Path::new(&path));
    }
    let bytes = if std::env::var_os("LYCEUM_BENCH_SHORT").is_some() { 50_000_000 } else { 500_000_000 };
    let folder = tempfile::tempdir().unwrap();
    for (name, file, write) in
        [("lm-eval", "results.json", write_lm_eval as fn(&Path, usize)), ("garak", "run.report.jsonl", write_garak)]
    {
        let path = folder.path().join(file);
        write(&path, bytes);
        measure(name, &path);
        std::fs::remove_file(&path).unwrap();
    }
}
