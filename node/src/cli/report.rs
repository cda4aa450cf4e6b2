//! The only printer of failures: what, why, and what to do.

use std::fmt::Write as _;
use std::io::Write as _;

use super::output::Output;
use super::safe_text;
use crate::failure::Failure;

pub(super) fn print(failure: &Failure, out: &Output) {
    let text = if out.is_json() { as_json(failure) } else { as_text(failure) };
    // Without standard error there is nobody to tell; the exit code says it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn as_json(failure: &Failure) -> String {
    let value = serde_json::json!({
        "error": failure.message(),
        "causes": failure.causes(),
        "next_step": failure.next_step(),
        "until": failure.until_when(),
        "exit_code": failure.ends().code(),
    });
    format!("{value}\n")
}

pub(super) fn as_text(failure: &Failure) -> String {
    let mut text = format!("error: {}\n", safe_text::block(failure.message()));
    for cause in failure.causes() {
        let indented = safe_text::block(cause).trim_end().replace('\n', "\n       ");
        let _ = writeln!(text, "  why: {indented}");
    }
    if let Some(step) = failure.next_step() {
        let _ = writeln!(text, " next: {}", safe_text::block(step));
    }
    text
}
