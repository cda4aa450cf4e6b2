//! What was exported, and what was not and why: for people on standard error, for scripts as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::super::{Context, outcome};
use super::{Format, shown};
use crate::api::shapes::{HiddenCount, LeftOutCount};
use crate::export::Item;
use crate::failure::Failure;

/// Counts of one export.
pub(super) struct Summary {
    format: Format,
    to: Option<PathBuf>,
    /// Publications that were written.
    publications: u64,
    /// Values, records or reports that were written.
    pub(super) values: usize,
    /// Publications among them that are for members.
    for_members: u64,
    /// Left out by the daemon.
    pub(super) left_out: LeftOutCount,
    /// Publications that the format has no place for, of those that were named.
    pub(super) unfit: u64,
    /// Values that the format has no place for.
    pub(super) values_left_out: BTreeMap<&'static str, usize>,
    /// Values of a task that has another value, too.
    pub(super) doubled: usize,
    /// Files that were there as they would have been written.
    pub(super) same: u64,
    /// Files that were there with other content, and stay.
    pub(super) kept: u64,
}

impl Summary {
    pub(super) const fn new(format: Format, to: Option<PathBuf>) -> Self {
        Self {
            format,
            to,
            publications: 0,
            values: 0,
            for_members: 0,
            left_out: LeftOutCount { superseded: 0, retracted: 0, not_standing: 0, unreadable: 0, restricted: 0 },
            unfit: 0,
            values_left_out: BTreeMap::new(),
            doubled: 0,
            same: 0,
            kept: 0,
        }
    }

    /// One publication more, with so many values.
    pub(super) fn count(&mut self, item: &Item, values: usize) {
        self.publications = self.publications.saturating_add(1);
        self.values = self.values.saturating_add(values);
        self.for_members = self.for_members.saturating_add(u64::from(item.is_for_members()));
    }

    const fn hidden(&self) -> HiddenCount {
        HiddenCount { superseded: self.left_out.superseded, retracted: self.left_out.retracted }
    }

    /// Why nothing could be written.
    pub(super) fn nothing(&self) -> Failure {
        let failure = Failure::new(format!("there is nothing to export as {}", self.format.name()));
        let mut failure = self.reasons().into_iter().fold(failure, Failure::cause);
        if let Some(hidden) = outcome::left_out(self.hidden()) {
            failure = failure.cause(hidden.clone());
        }
        failure.next("see what is there: lyceum log, or lyceum search --model MODEL")
    }

    /// What was left out, apart from what was superseded or retracted.
    fn reasons(&self) -> Vec<String> {
        let left_out = &self.left_out;
        let counts = [
            (left_out.restricted, "more restricted than --marking allows"),
            (left_out.not_standing, "not standing in the alliance (yet)"),
            (left_out.unreadable, "erased, not held here or not readable"),
            (self.unfit, "of a kind that this format has no place for"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let mut reasons: Vec<String> = counts.map(|(count, why)| format!("Left out: {count} {why}.")).collect();
        let values = self.values_left_out.iter();
        reasons.extend(values.map(|(why, count)| format!("Left out: {count} values: {why}.")));
        reasons
    }

    /// Says it.
    pub(super) fn show(&self, context: &mut Context) -> Result<(), Failure> {
        if context.out.is_json() && self.to.is_some() {
            context.out.object(&self.json())?;
        }
        for note in self.notes() {
            context.out.note(&note);
        }
        if self.kept == 0 {
            return Ok(());
        }
        let message = format!("{} files were there already with other content, and were left as they are", self.kept);
        Err(Failure::new(message).next("write them anew: --force; what became of a finding may have changed"))
    }

    fn json(&self) -> serde_json::Value {
        let left_out = &self.left_out;
        json!({
            "format": self.format.name(),
            "to": self.to.as_ref().map(|to| to.display().to_string()),
            "publications": self.publications,
            "values": self.values,
            "for_members": self.for_members,
            "left_out": {
                "superseded": left_out.superseded,
                "retracted": left_out.retracted,
                "not_standing": left_out.not_standing,
                "unreadable": left_out.unreadable,
                "restricted": left_out.restricted,
                "unfit": self.unfit,
                "values": self.values_left_out,
                "files": self.kept,
            },
        })
    }

    fn notes(&self) -> Vec<String> {
        let place = self.to.as_ref().map(|to| format!(" to {}", shown(to))).unwrap_or_default();
        let one = if self.publications == 1 { "publication" } else { "publications" };
        let what = match self.format {
            Format::Csv | Format::Parquet => format!(" ({} rows)", self.values),
            Format::EvalResults | Format::ModelIndex => format!(" ({} values)", self.values),
            Format::Avid => format!(" in {} reports", self.values),
            Format::Jsonl | Format::EveryEvalEver | Format::Bibtex | Format::Citation => String::new(),
        };
        let mut notes = vec![format!("Exported {} {one}{what}{place}.", self.publications)];
        if self.same > 0 {
            notes.push(format!("{} of them were there already, unchanged.", self.same));
        }
        notes.extend(outcome::left_out(self.hidden()));
        notes.extend(self.reasons());
        if self.doubled > 0 {
            notes.push(format!(
                "{} values are of a data set and task that another one is of, too: keep the one whose metric the benchmark names.",
                self.doubled
            ));
        }
        if self.for_members > 0 {
            let of_them = if self.for_members == 1 { "of them is" } else { "of them are" };
            notes.push(format!(
                "{} {of_them} for members (GREEN) and must not leave the alliance. Only what is public: --marking CLEAR",
                self.for_members
            ));
        }
        notes
    }
}
