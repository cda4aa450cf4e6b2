//! What must not leave: secrets, which are never published, and private details, which are dropped unless they are kept
//! by name: home folders, internal hosts, account ids, e-mail addresses.
//!
//! The same scan runs over what is imported and over what is published by hand.

mod detectors;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use lyceum_protocol::publication::Json;
use regex::{Regex, RegexSet};

pub use detectors::{DETECTORS, Detector, Kind};

/// Something that must not leave, in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub kind: Kind,
    /// What it is called, such as `GitHub token`.
    pub name: &'static str,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A secret, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Path of the field.
    pub field: String,
    /// What it is called.
    pub name: &'static str,
    /// The line in that text, from 1.
    pub line: usize,
    /// The secret itself, to find it in its file. Never shown.
    pub text: String,
}

/// Something that was taken out or not taken over, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct LeftOut {
    /// Path of the field.
    pub field: String,
    /// Why.
    pub reason: String,
}

impl LeftOut {
    /// One field and why it is left out.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

struct Compiled {
    set: RegexSet,
    each: Vec<Regex>,
}

#[expect(clippy::expect_used, reason = "the patterns are constants, and a test compiles each of them")]
static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let patterns: Vec<&str> = DETECTORS.iter().map(|detector| detector.pattern).collect();
    Compiled {
        set: RegexSet::new(&patterns).expect("a pattern that compiles"),
        each: patterns.iter().map(|pattern| Regex::new(pattern).expect("a pattern that compiles")).collect(),
    }
});

/// Everything in a text that must not leave, in order and without overlap: of two at one place the secret counts, then
/// the longer one.
pub fn scan(text: &str) -> Vec<Hit> {
    let compiled = &*COMPILED;
    let mut hits: Vec<Hit> = Vec::new();
    for n in &compiled.set.matches(text) {
        let (Some(detector), Some(regex)) = (DETECTORS.get(n), compiled.each.get(n)) else { continue };
        for captures in regex.captures_iter(text) {
            let Some(found) = captures.name("x").or_else(|| captures.get(0)) else { continue };
            if detector.kind == Kind::Secret
                && is_placeholder(captures.get(0).map_or("", |all| all.as_str()), found.as_str())
            {
                continue;
            }
            if detector.kind != Kind::Secret && detectors::is_public(found.as_str()) {
                continue;
            }
            hits.push(Hit { kind: detector.kind, name: detector.name, start: found.start(), end: found.end() });
        }
    }
    hits.sort_by_key(|hit| (hit.start, hit.kind != Kind::Secret, std::cmp::Reverse(hit.end)));
    let mut apart: Vec<Hit> = Vec::new();
    for hit in hits {
        match apart.last_mut() {
            Some(last) if hit.start < last.end => {
                // The whole stretch goes, under the name of the graver one.
                if hit.kind == Kind::Secret && last.kind != Kind::Secret {
                    (last.kind, last.name) = (hit.kind, hit.name);
                }
                last.end = last.end.max(hit.end);
            }
            _ => apart.push(hit),
        }
    }
    apart
}

/// Whether something of the shape of a secret is none: an example in a document, or a place to fill in.
fn is_placeholder(all: &str, text: &str) -> bool {
    let lower = all.to_lowercase();
    let words = ["example", "your_", "your-", "placeholder", "redacted", "changeme", "xxxx", "****", "...."];
    if words.iter().any(|word| lower.contains(word)) || text.starts_with(['<', '{', '$']) {
        return true;
    }
    let distinct: BTreeSet<char> = text.chars().collect();
    text.len() > 12 && distinct.len() < 6
}

/// The first secret in any text of a publication, keys included.
pub fn first_secret(json: &Json) -> Option<Secret> {
    let mut found = None;
    each_text(json, "", &mut |field, text| {
        if found.is_none()
            && let Some(hit) = scan(text).into_iter().find(|hit| hit.kind == Kind::Secret)
        {
            let before = text.get(..hit.start).unwrap_or_default();
            found = Some(Secret {
                field: field.to_owned(),
                name: hit.name,
                line: before.matches('\n').count().saturating_add(1),
                text: text.get(hit.start..hit.end).unwrap_or_default().to_owned(),
            });
        }
    });
    found
}

fn each_text(json: &Json, path: &str, see: &mut impl FnMut(&str, &str)) {
    match json {
        Json::Text(text) => see(path, text),
        Json::List(items) => {
            for (n, item) in items.iter().enumerate() {
                each_text(item, &format!("{path}[{n}]"), see);
            }
        }
        Json::Object(fields) => {
            for (key, value) in fields {
                let path = below(path, key);
                see(&path, key);
                each_text(value, &path, see);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What a person keeps although it is private: names of kinds (`email`) or of fields, as they are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep(BTreeSet<String>);

impl Keep {
    /// Keeps these.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether a field or a kind is kept. A secret never is.
    pub fn keeps(&self, field: &str, kind: Kind) -> bool {
        kind != Kind::Secret && (self.0.contains(field) || self.0.contains(kind.name()))
    }
}

/// Takes out of every text what must not leave, and lists it.
pub fn clean(json: &mut Json, keep: &Keep) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    clean_value(json, "", keep, &mut left_out);
    left_out
}

fn clean_value(json: &mut Json, path: &str, keep: &Keep, left_out: &mut Vec<LeftOut>) {
    match json {
        Json::Text(text) => clean_text(text, path, keep, left_out),
        Json::List(items) => {
            for (n, item) in items.iter_mut().enumerate() {
                clean_value(item, &format!("{path}[{n}]"), keep, left_out);
            }
        }
        Json::Object(fields) => {
            let keys: Vec<String> = fields.keys().filter(|key| !scan(key).is_empty()).cloned().collect();
            for key in keys {
                let mut clean_key = key.clone();
                clean_text(&mut clean_key, &below(path, "(name of a field)"), keep, left_out);
                if clean_key != key
                    && let Some(value) = fields.remove(&key)
                {
                    fields.insert(clean_key, value);
                }
            }
            for (key, value) in fields {
                clean_value(value, &below(path, key), keep, left_out);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

fn clean_text(text: &mut String, path: &str, keep: &Keep, left_out: &mut Vec<LeftOut>) {
    let hits: Vec<Hit> = scan(text).into_iter().filter(|hit| !keep.keeps(path, hit.kind)).collect();
    if hits.is_empty() {
        return;
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for hit in &hits {
        out.push_str(text.get(at..hit.start).unwrap_or_default());
        out.push_str(&format!("[left out: {}]", hit.kind.words()));
        at = hit.end;
        let reason = match hit.kind {
            Kind::Secret => format!("a secret ({}): it is never published, revoke it", hit.name),
            kind => format!("{} (--keep {})", kind.words(), kind.name()),
        };
        left_out.push(LeftOut::new(path, reason));
    }
    out.push_str(text.get(at..).unwrap_or_default());
    *text = out;
}

#[cfg(test)]
mod tests;
