//! JSON Lines: whole publications, written out anew so that each is one line, with what is known of their entries.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Item;
use crate::api::shapes::OutcomeShape;
use crate::views::Hidden;

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    org: &'a str,
    org_name: &'a str,
    author: &'a str,
    seq: u64,
    time: &'a str,
    marking: &'a str,
    standing: &'a str,
    /// Null, `superseded` or `retracted`.
    left_out: Option<Hidden>,
    outcome: &'a OutcomeShape,
    publication: &'a RawValue,
}

/// One object and a line end.
///
/// # Errors
/// What serde says: never of a publication that was read.
pub fn line(item: &Item) -> Result<String, serde_json::Error> {
    let bytes = item.publication.to_bytes();
    let publication: &RawValue = serde_json::from_slice(&bytes)?;
    let entry = &item.line;
    let line = Line {
        id: &entry.id,
        org: &entry.org,
        org_name: &entry.org_name,
        author: &entry.author,
        seq: entry.seq,
        time: &entry.time,
        marking: &entry.marking,
        standing: &entry.standing,
        left_out: item.outcome.hidden(),
        outcome: &item.outcome,
        publication,
    };
    serde_json::to_string(&line).map(|line| line + "\n")
}
