//! `.eval_results/*.yaml`: values of one model for tasks of benchmarks on the hub.

use std::collections::BTreeMap;

use lyceum_protocol::publication::evaluation::{UNKNOWN, names};

use super::{Value, Written, fate, values};
use crate::export::Item;
use crate::export::yaml::{number, quoted};
use crate::import::record::shortened;

/// Characters of the notes.
const NOTES_CHARS: usize = 1_000;

/// The list of the results of one model.
pub fn write(items: &[Item]) -> Written {
    let mut written = Written::default();
    let mut tasks: BTreeMap<(String, String), usize> = BTreeMap::new();
    for value in values(items, &mut written) {
        let Some(repository) = value.repository() else {
            written.leave_out("the record names no data set on the hub", 1);
            continue;
        };
        let task = task_id(&value, repository);
        let count = tasks.entry((repository.to_owned(), task.to_owned())).or_default();
        *count = count.saturating_add(1);
        written.values = written.values.saturating_add(1);
        written.text.push_str(&entry(&value, repository, task));
    }
    written.doubled = tasks.values().filter(|count| **count > 1).sum();
    written
}

/// The task as the data set names it: said in so many words, else its configuration, else the only one.
fn task_id<'a>(value: &'a Value<'_>, repository: &str) -> &'a str {
    let named = value.result.task.strip_prefix(repository).and_then(|rest| rest.strip_prefix(": "));
    named.or_else(|| value.of_dataset(names::DATASET_CONFIG)).unwrap_or("default")
}

fn entry(value: &Value<'_>, repository: &str, task: &str) -> String {
    let mut text = format!("- dataset:\n    id: {}\n    task_id: {}\n", quoted(repository), quoted(task));
    let revision = value.of_dataset(names::DATASET_REVISION).filter(|revision| is_commit(revision));
    if let Some(revision) = revision {
        text.push_str(&format!("    revision: {}\n", quoted(revision)));
    }
    text.push_str(&format!("  value: {}\n", number(value.result.score, value.result.raw.as_deref())));
    if let Some(date) = value.date() {
        text.push_str(&format!("  date: {}\n", quoted(&date)));
    }
    if let Some((url, name)) = value.source() {
        text.push_str(&format!("  source:\n    url: {}\n", quoted(url)));
        if let Some(name) = name {
            text.push_str(&format!("    name: {}\n", quoted(name)));
        }
    }
    text.push_str(&format!("  notes: {}\n", quoted(&shortened(&notes(value), NOTES_CHARS))));
    text
}

fn is_commit(revision: &str) -> bool {
    (7..=64).contains(&revision.len()) && revision.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn notes(value: &Value<'_>) -> String {
    let mut notes = fate::words(value.item);
    notes.push(value.metric());
    notes.extend(value.result.setting.get(names::SHOTS).map(|shots| format!("{shots}-shot")));
    let library = &value.record.library;
    if library.name != UNKNOWN {
        let version = if library.version == UNKNOWN { "" } else { &library.version };
        notes.push(format!("{} {version}", library.name).trim_end().to_owned());
    }
    notes.push(value.origin());
    notes.join("; ")
}
