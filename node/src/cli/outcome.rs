//! What became of an entry, in words.

use std::collections::BTreeMap;

use super::publish::short_id;
use super::{Context, safe_text};
use crate::api::shapes::{EntryPage, HiddenCount, RetractionShape, SaidShape};
use crate::failure::Failure;
use crate::views::Hidden;
use crate::views::about::shapes::Who;

/// Relations in the order in which they are shown, each with what is said of the entry.
const SAID: [(&str, &str); 8] = [
    ("disputes", "disputed by"),
    ("replicates", "replicated by"),
    ("endorses", "endorsed by"),
    ("mitigates", "mitigated by"),
    ("responds", "answered by"),
    ("replies", "replies by"),
    ("translates", "translated by"),
    ("cites", "cited by"),
];
/// Entries of one organisation that are named.
const NAMED: usize = 5;

/// How a list says that an entry is left out of others.
pub(super) const fn word(how: Hidden) -> &'static str {
    match how {
        Hidden::Superseded => "superseded",
        Hidden::Retracted => "RETRACTED",
    }
}

/// What was left out of a list, if anything was.
pub(super) fn left_out(hidden: HiddenCount) -> Option<String> {
    let count = |count: u64, word: &str| (count > 0).then(|| format!("{count} {word}"));
    let both = [count(hidden.superseded, "superseded"), count(hidden.retracted, "retracted")];
    let both: Vec<String> = both.into_iter().flatten().collect();
    (!both.is_empty()).then(|| format!("Left out: {}. With them: --all", both.join(", ")))
}

/// What is said where the search index has not seen everything that is held.
pub(super) fn behind(entries: u64) -> Option<String> {
    let one = "an entry is not in the search index yet: it may say something else";
    match entries {
        0 => None,
        1 => Some(one.to_owned()),
        more => Some(format!("{more} entries are not in the search index yet: they may say something else")),
    }
}

/// Organisations that say something, each with where it does; safe to print.
pub(super) fn organisations(all: &[Who]) -> String {
    let named = |who: &Who| {
        let name = safe_text::short_line(&who.org_name, 40);
        let of = who.of_version.map(|version| format!(" of version {version}")).unwrap_or_default();
        format!("{name} ({}{of})", short_id(&who.id))
    };
    let mut names: Vec<String> = all.iter().take(NAMED).map(named).collect();
    if all.len() > NAMED {
        names.push(format!("{} more", all.len().saturating_sub(NAMED)));
    }
    names.join(", ")
}

fn retraction(retraction: &RetractionShape) -> String {
    let reason = retraction.reason.as_deref().map(|reason| safe_text::short_line(reason, 300));
    let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or_else(|| "no reason given".to_owned());
    let day = retraction.time.get(..10).unwrap_or_default();
    format!("by its organisation on {day}: {reason} ({})", short_id(&retraction.by))
}

/// Prints it below the other fields of an entry.
pub(super) fn print(page: &EntryPage, context: &mut Context) -> Result<(), Failure> {
    let Some(outcome) = &page.outcome else { return Ok(()) };
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
    if let Some(by) = &outcome.retracted {
        row("RETRACTED", retraction(by));
    }
    match &outcome.newest {
        Some(newest) if outcome.superseded_by.is_empty() => {
            row("version", format!("{}; a newer one was made of the same: {newest}", outcome.version));
        }
        Some(newest) => row("superseded", format!("this is version {}; the newest is {newest}", outcome.version)),
        None if outcome.version > 1 => row("version", format!("{}, the newest", outcome.version)),
        None => {}
    }
    if !outcome.beside.is_empty() {
        let others = outcome.beside.iter().map(|id| short_id(id)).collect::<Vec<_>>();
        row("", format!("it was superseded more than once: {} stands as well", others.join(", ")));
    }
    if let Some(id) = &outcome.copy_of {
        row("copy", format!("another organisation published the same before: {}", short_id(id)));
    }
    if let Some(by) = &outcome.newest_retracted {
        row("", format!("the newest version was RETRACTED {}", retraction(by)));
    }
    for (rel, words) in SAID {
        let (own, others): (Vec<&SaidShape>, Vec<&SaidShape>) =
            outcome.said.iter().filter(|said| said.rel == rel).partition(|said| said.own);
        let (out, others): (Vec<&SaidShape>, Vec<&SaidShape>) =
            others.into_iter().partition(|said| said.not_counted.is_some());
        if let Some(text) = by_organisation(&others) {
            row(words, text);
        }
        if !out.is_empty() {
            row("not counted", not_counted(&out));
        }
        if !own.is_empty() {
            row(words, format!("its own organisation: {}", entries(&own)));
        }
    }
    for (name, value) in rows {
        context.out.paragraph(&format!("{name:<14}"), &value)?;
    }
    Ok(())
}

/// The organisations that say something, and where.
fn by_organisation(said: &[&SaidShape]) -> Option<String> {
    let mut orgs: BTreeMap<&str, Vec<&SaidShape>> = BTreeMap::new();
    for one in said {
        orgs.entry(one.org.as_str()).or_default().push(one);
    }
    let named = |list: &Vec<&SaidShape>| {
        let name = list.first().map(|one| safe_text::short_line(&one.org_name, 40)).unwrap_or_default();
        format!("{name} ({})", entries(list))
    };
    let count = match orgs.len() {
        0 => return None,
        1 => "1 organisation".to_owned(),
        count => format!("{count} organisations"),
    };
    Some(format!("{count}: {}", orgs.values().map(named).collect::<Vec<_>>().join(", ")))
}

/// Replications that do not count, each with the reason.
fn not_counted(said: &[&SaidShape]) -> String {
    let one = |said: &&SaidShape| {
        let why = why_not_counted(said.not_counted.as_deref().unwrap_or_default());
        format!("replication by {} ({}): {why}", safe_text::short_line(&said.org_name, 40), short_id(&said.id))
    };
    let mut named: Vec<String> = said.iter().take(NAMED).map(one).collect();
    if said.len() > NAMED {
        named.push(format!("{} more", said.len().saturating_sub(NAMED)));
    }
    named.join("; ")
}

/// Why a replication does not count, in words.
pub(super) fn why_not_counted(reason: &str) -> &'static str {
    match reason {
        "own" => "its own organisation",
        "vendor" => "the vendor",
        "other_model" => "of another model",
        "other_task" => "of no task in common",
        _ => "a copy",
    }
}

fn entries(said: &[&SaidShape]) -> String {
    let one = |said: &&SaidShape| {
        let answer = said.response.as_ref().map(|response| format!(", {}", response.replace('-', " ")));
        let of = said.of_version.map(|version| format!(" of version {version}"));
        format!("{}{}{}", short_id(&said.id), of.unwrap_or_default(), answer.unwrap_or_default())
    };
    let mut named: Vec<String> = said.iter().take(NAMED).map(one).collect();
    if said.len() > NAMED {
        named.push(format!("{} more", said.len().saturating_sub(NAMED)));
    }
    named.join(", ")
}
