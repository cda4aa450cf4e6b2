//! What became of a publication, in words and counts that any format can carry.

use std::collections::BTreeSet;

use lyceum_protocol::publication::Rel;

use super::Item;
use crate::api::shapes::{OutcomeShape, RetractionShape};

/// Characters of a reason or a name that are carried along.
const SAID_CHARS: usize = 300;

/// How many other organisations say something of it; of replications those that count.
pub fn organisations(outcome: &OutcomeShape, rel: &Rel) -> u64 {
    u64::try_from(named(outcome, rel).len()).unwrap_or(u64::MAX)
}

fn named<'a>(outcome: &'a OutcomeShape, rel: &Rel) -> BTreeSet<(&'a str, &'a str)> {
    let others = outcome.said.iter().filter(|said| !said.own && said.rel == rel.name() && said.not_counted.is_none());
    others.map(|said| (said.org.as_str(), said.org_name.as_str())).collect()
}

/// One word: `current`, `superseded` or `retracted`.
pub const fn status(outcome: &OutcomeShape) -> &'static str {
    match (&outcome.retracted, outcome.superseded_by.as_slice()) {
        (Some(_), _) => "retracted",
        (None, []) => "current",
        (None, _) => "superseded",
    }
}

/// Sentences without a full stop, the gravest first; none for what nobody has said anything about.
pub fn words(item: &Item) -> Vec<String> {
    let outcome = &item.outcome;
    let mut words = Vec::new();
    if let Some(retraction) = &outcome.retracted {
        words.push(format!("RETRACTED by its organisation {}", retracted(retraction)));
    }
    if !outcome.superseded_by.is_empty() {
        words.push(format!("SUPERSEDED by {}", outcome.superseded_by.join(", ")));
    }
    if !outcome.beside.is_empty() {
        words.push(format!("another version stands beside it: {}", outcome.beside.join(", ")));
    }
    if let Some(retraction) = &outcome.newest_retracted {
        words.push(format!("its newest version was RETRACTED {}", retracted(retraction)));
    }
    if item.line.standing != "good" {
        words.push(format!("does not stand in the alliance ({})", item.line.standing));
    }
    if item.is_dry_run() {
        words.push("a dry run and no evidence".to_owned());
    }
    for (rel, verb) in [(Rel::Disputes, "disputed by"), (Rel::Replicates, "replicated by")] {
        let orgs: Vec<String> = named(outcome, &rel).into_iter().map(|(_, name)| shortened(name)).collect();
        if !orgs.is_empty() {
            words.push(format!("{verb} {}", orgs.join(", ")));
        }
    }
    words
}

/// What must be said beside a number, very short; nothing of what stands undisputed.
pub fn mark(outcome: &OutcomeShape) -> Option<String> {
    let disputes = organisations(outcome, &Rel::Disputes);
    match (status(outcome), disputes) {
        ("retracted", _) => Some("RETRACTED".to_owned()),
        ("superseded", _) => Some("SUPERSEDED".to_owned()),
        (_, 0) => None,
        (_, 1) => Some("disputed by 1 organisation".to_owned()),
        (_, more) => Some(format!("disputed by {more} organisations")),
    }
}

fn retracted(retraction: &RetractionShape) -> String {
    let day = retraction.time.get(..10).unwrap_or_default();
    let reason = retraction.reason.as_deref().map(shortened).filter(|reason| !reason.trim().is_empty());
    format!("on {day}: {}", reason.unwrap_or_else(|| "no reason given".to_owned()))
}

fn shortened(text: &str) -> String {
    crate::import::record::shortened(&one_line(text), SAID_CHARS)
}

/// Without line breaks and control characters.
pub fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line that says something: `unknown` where nothing is left of a text.
pub fn named_line(text: &str) -> String {
    let line = one_line(text);
    if line.is_empty() { "unknown".to_owned() } else { line }
}
