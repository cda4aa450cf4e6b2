//! A log that is larger than the memory that may be used for it.

use std::io::Write as _;
use std::process::Command;

/// 500 MB of log with 100 MB of memory for data. What is not held cannot run out.
#[test]
#[ignore = "writes and reads 500 MB"]
fn a_large_log_is_read_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let head = r#"{"versions": {"arc_easy": 0}, "config": {"model": "hf", "model_args": "pretrained=org/m"}, "results": {"arc_easy": {"acc": 0.5, "acc_stderr": 0.01, "samples": ["#;
    file.write_all(head.as_bytes()).unwrap();
    let sample = format!(r#"{{"doc": "{}", "acc": 1.0}}"#, "word ".repeat(2_000));
    for n in 0..50_000 {
        file.write_all(if n == 0 { b"" } else { b"," }).unwrap();
        file.write_all(sample.as_bytes()).unwrap();
    }
    file.write_all(b"]}}}").unwrap();
    file.flush().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 500_000_000);

    let limited = |kib: u32, arguments: &[&str]| {
        let script = format!("ulimit -d {kib} && exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_lyceum")]).args(arguments);
        // Each thread of the runtime and of the pool would have memory of its own set aside.
        command.env("TOKIO_WORKER_THREADS", "1").env("RAYON_NUM_THREADS", "1").output().unwrap()
    };
    let file = path.to_str().unwrap();
    let output = limited(100 * 1024, &["import", "--dry-run", "--json", file]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(r#""count":50000"#), "{said}");
    let none = limited(1024, &["import", "--dry-run", "--json", file]);
    assert!(!none.status.success(), "the limit does not limit");
}
