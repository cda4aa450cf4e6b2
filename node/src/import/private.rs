//! What must not leave: secrets, which are never published, and private details, which are dropped unless they are kept
//! by name: home folders, internal hosts, account ids, e-mail addresses.
//!
//! The same scan runs over what is imported and over what is published by hand.

mod detectors;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use lyceum_protocol::publication::Json;
use regex::{Regex, RegexSet, RegexSetBuilder};

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

/// So many bytes behind a cut are looked through for what begins before it.
const WINDOW: usize = 4_096;

/// Memory for the machine that looks for all patterns at once.
const DFA_BYTES: usize = 16 * 1024 * 1024;

struct Compiled {
    set: RegexSet,
    each: Vec<Regex>,
}

#[expect(clippy::expect_used, reason = "the patterns are constants, and a test compiles each of them")]
static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    // With boundaries of Unicode words the quick machines give up at the first letter that is not ASCII.
    let pattern = |detector: &Detector| detector.pattern.replace(r"\b", r"(?-u:\b)");
    let patterns: Vec<String> = DETECTORS.iter().map(pattern).collect();
    Compiled {
        set: RegexSetBuilder::new(&patterns).dfa_size_limit(DFA_BYTES).build().expect("patterns that compile"),
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
            if detector.name == "password in an address" && detectors::is_port(found.as_str()) {
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
    let words = ["your_", "your-", "placeholder", "redacted", "changeme", "xxxxxx", "****", "....", "public_key"];
    if words.iter().any(|word| lower.contains(word)) || text.starts_with(['<', '{', '$']) {
        return true;
    }
    // Where a word for an example stands at an end or alone; in the middle of a token it is chance.
    let said = text.to_lowercase();
    let example = ["example", "examplekey", "dummy"];
    if example.iter().any(|word| said.starts_with(word) || said.ends_with(word))
        || said.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| example.contains(&part))
    {
        return true;
    }
    let distinct: BTreeSet<char> = text.chars().collect();
    text.len() > 12 && distinct.len() < 6
}

/// The same in the value of a field: what a field is called may say what its value is.
fn scan_value(key: &str, value: &str) -> Vec<Hit> {
    if key.is_empty() {
        return scan(value);
    }
    let named = format!("{key}: {value}");
    let before = named.len().saturating_sub(value.len());
    let mut hits: Vec<Hit> = scan(&named).into_iter().filter(|hit| hit.end > before).collect();
    for hit in &mut hits {
        hit.start = hit.start.saturating_sub(before);
        hit.end = hit.end.saturating_sub(before);
    }
    if hits.iter().all(|hit| hit.kind != Kind::Secret) && detectors::is_named_secret(key, value) {
        hits = vec![Hit { kind: Kind::Secret, name: "password or key", start: 0, end: value.len() }];
    }
    hits
}

/// The first secret in any text of a publication, keys included.
pub fn first_secret(json: &Json) -> Option<Secret> {
    let mut found = None;
    each_text(json, "", "", &mut |field, key, text| {
        if found.is_none()
            && let Some(hit) = scan_value(key, text).into_iter().find(|hit| hit.kind == Kind::Secret)
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

/// Shows each text with its path and with what it is called.
fn each_text(json: &Json, path: &str, name: &str, see: &mut impl FnMut(&str, &str, &str)) {
    match json {
        Json::Text(text) => see(path, name, text),
        Json::List(items) => {
            for (n, item) in items.iter().enumerate() {
                each_text(item, &format!("{path}[{n}]"), name, see);
            }
        }
        Json::Object(fields) => {
            let said = said_name(fields);
            for (key, value) in fields {
                let path = below(path, key);
                see(&path, "", key);
                each_text(value, &path, named_by(&said, key), see);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The name that an object gives its value: `{"name": "api_key", "value": ".."}`.
fn said_name(fields: &BTreeMap<String, Json>) -> Option<String> {
    ["name", "key"].iter().find_map(|name| match fields.get(*name) {
        Some(Json::Text(name)) => Some(name.clone()),
        _ => None,
    })
}

fn named_by<'a>(said: &'a Option<String>, key: &'a str) -> &'a str {
    said.as_deref().filter(|_| key == "value").unwrap_or(key)
}

/// The beginning of a text, at most `max` characters. It is never cut within what must not leave, for half of it would
/// not be found any more: it is cut before that.
pub fn cut(text: &str, max: usize) -> String {
    let Some((_, _)) = text.char_indices().nth(max) else { return text.to_owned() };
    let end = text.char_indices().nth(max.saturating_sub(1)).map_or(0, |(at, _)| at);
    let window = text.floor_char_boundary(end.saturating_add(WINDOW));
    let hits = scan(text.get(..window).unwrap_or(text));
    let end = hits.iter().find(|hit| hit.start < end && end < hit.end).map_or(end, |hit| hit.start);
    format!("{}…", text.get(..end).unwrap_or_default())
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Longest text of a file that is quoted in a reason, in characters.
const QUOTED: usize = 40;

/// A text of a file as it is quoted to people: short, and without what must not leave.
pub fn quoted(text: &str) -> String {
    let mut json = Json::Text(text.to_owned());
    clean(&mut json, &Keep::default());
    match json {
        Json::Text(text) => cut(&text, QUOTED),
        _ => String::new(),
    }
}

/// What a person keeps although it is private: names of kinds (`email`) or of fields, as they are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep(BTreeSet<String>);

impl Keep {
    /// Keeps these.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a field or a kind is kept. A secret never is.
    pub fn keeps(&self, field: &str, kind: Kind) -> bool {
        kind != Kind::Secret && (self.0.contains(field) || self.0.contains(kind.name()))
    }
}

/// Takes out of every text what must not leave, and lists it.
pub fn clean(json: &mut Json, keep: &Keep) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    clean_value(json, "", "", keep, &mut left_out);
    left_out
}

fn clean_value(json: &mut Json, path: &str, name: &str, keep: &Keep, left_out: &mut Vec<LeftOut>) {
    match json {
        Json::Text(text) => clean_text(text, path, name, keep, left_out),
        Json::List(items) => {
            for (n, item) in items.iter_mut().enumerate() {
                clean_value(item, &format!("{path}[{n}]"), name, keep, left_out);
            }
        }
        Json::Object(fields) => {
            let keys: Vec<String> = fields.keys().filter(|key| !scan(key).is_empty()).cloned().collect();
            for key in keys {
                let mut clean_key = key.clone();
                clean_text(&mut clean_key, &below(path, "(name of a field)"), "", keep, left_out);
                if clean_key != key
                    && let Some(value) = fields.remove(&key)
                {
                    fields.insert(free_name(fields, clean_key), value);
                }
            }
            let said = said_name(fields);
            for (key, value) in fields {
                clean_value(value, &below(path, key), named_by(&said, key), keep, left_out);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// A name that no field has: nothing is lost where two names are the same without what was left out of them.
fn free_name(fields: &BTreeMap<String, Json>, name: String) -> String {
    if !fields.contains_key(&name) {
        return name;
    }
    (2_u32..).map(|n| format!("{name} ({n})")).find(|name| !fields.contains_key(name)).unwrap_or(name)
}

fn clean_text(text: &mut String, path: &str, name: &str, keep: &Keep, left_out: &mut Vec<LeftOut>) {
    let hits: Vec<Hit> = scan_value(name, text).into_iter().filter(|hit| !keep.keeps(path, hit.kind)).collect();
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
