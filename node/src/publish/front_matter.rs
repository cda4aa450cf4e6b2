//! From a Markdown text with front matter to the JSON of a publication.
//!
//! Keys that a publication has no field for are left out and named in a warning: front matter is written for other
//! programs too, and what it says to them is often not meant for others.

use std::collections::BTreeMap;
use std::path::Path;

use lyceum_protocol::publication::{Json, Publication, PublicationFault, TITLE_CHARS_MAX};

use super::lifted::lifted;
use super::markdown::{self, Cut};
use super::yaml::{Rules, Yaml, YamlValue};
use super::{FileFault, Marking, Position, marking, template};

/// What a text file gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The publication.
    pub publication: Publication,
    /// The marking, if the front matter names one.
    pub marking: Option<Marking>,
    /// What was left out, in words: one warning for all keys.
    pub warnings: Vec<String>,
}

/// Whether a text has front matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `.md`, `.mdx`, `.qmd`: front matter and headings.
    Markdown,
    /// `.txt`: neither.
    PlainText,
}

/// Keys that are named in a warning at most.
const KEYS_NAMED: usize = 8;
/// Fields that only some types have and that are texts, or lists and maps of texts.
const OWN_TEXTS: [&str; 17] = [
    "nature",
    "severity",
    "likelihood",
    "affected",
    "status",
    "harm",
    "name",
    "version",
    "where",
    "kind",
    "audience",
    "address",
    "ends",
    "verdict",
    "reason",
    "response",
    "unscored",
];
/// Fields that only some types have and in which numbers are numbers.
const OWN_VALUES: [&str; 2] = ["evaluation", "files"];
/// Fields that publications of several types have, `date` of an incident and `same_as` of a notice.
const OTHERS: [&str; 15] = [
    "type",
    "title",
    "summary",
    "body",
    "language",
    "authors",
    "tags",
    "taxonomies",
    "license",
    "links",
    "created",
    "date",
    "models",
    "same_as",
    "end",
];

/// The fields that a text file may give a publication of any type.
pub fn fields() -> impl Iterator<Item = &'static str> {
    OTHERS.into_iter().chain(OWN_TEXTS).chain(OWN_VALUES)
}

/// Reads a text file. `kind` overrules the type that the front matter names; without either it is a note.
///
/// # Errors
/// [`FileFault`] with line and column, where there is one place to name.
pub fn read(file: &Path, text: &str, dialect: Dialect, kind: Option<&str>) -> Result<Read, FileFault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let cut = match dialect {
        Dialect::PlainText => Cut { front: None, body: text },
        Dialect::Markdown => markdown::cut(text).ok_or_else(|| FileFault {
            position: Some(Position { line: 1, column: 1 }),
            ..FileFault::new(file, "the front matter is not closed: a line --- is missing")
        })?,
    };
    let mut making =
        Making { file, fields: BTreeMap::new(), positions: BTreeMap::new(), marking: None, left_out: Vec::new() };
    if let Some(front) = cut.front {
        making.front_matter(front)?;
    }
    if let Some(kind) = kind {
        making.set("type", kind.into());
    }
    making.fields.entry("type".to_owned()).or_insert_with(|| "note".into());
    if !making.fields.contains_key("title") {
        let heading = (dialect == Dialect::Markdown).then(|| markdown::first_heading(cut.body)).flatten();
        let title = heading.unwrap_or_else(|| markdown::name_of(file));
        making.set("title", shortened(&title).into());
    }
    if !making.fields.contains_key("language")
        && let Some(language) = markdown::language_of(file)
    {
        making.set("language", language.as_str().into());
    }
    // One kind of line end, so that the same text has one hash wherever it was checked out.
    let body = cut.body.replace("\r\n", "\n");
    let body = body.trim_start_matches('\n').trim_end();
    // What a template has there says nothing.
    if !body.is_empty() && body != template::BODY {
        making.set("body", format!("{body}\n").into());
    }
    making.finish()
}

/// A heading that is longer than a title may be, cut at its end.
fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS_MAX {
        return title.to_owned();
    }
    title.chars().take(TITLE_CHARS_MAX.saturating_sub(1)).chain(['…']).collect()
}

struct Making<'a> {
    file: &'a Path,
    fields: BTreeMap<String, Json>,
    /// Where the value of each path stands.
    positions: BTreeMap<String, Position>,
    marking: Option<Marking>,
    /// Keys that no publication has a field for.
    left_out: Vec<String>,
}

/// What is said of keys that were left out.
fn warning_of(keys: &[String]) -> Option<String> {
    let (first, others) = keys.split_first()?;
    if others.is_empty() {
        return Some(format!("{first:?} in the front matter is not a field of a publication: left out"));
    }
    let named: Vec<String> = keys.iter().take(KEYS_NAMED).map(|key| format!("{key:?}")).collect();
    let more = match keys.len().saturating_sub(KEYS_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{}{more} in the front matter are not fields of a publication: left out", named.join(", ")))
}

impl Making<'_> {
    fn set(&mut self, name: &str, value: Json) {
        self.fields.insert(name.to_owned(), value);
    }

    fn fault(&self, position: Position, field: &str, reason: impl Into<String>) -> FileFault {
        FileFault { position: Some(position), field: field.to_owned(), ..FileFault::new(self.file, reason) }
    }

    fn front_matter(&mut self, front: &str) -> Result<(), FileFault> {
        let yaml = Yaml::read(front, &Rules::FRONT_MATTER)
            .map_err(|fault| self.fault(below_fence(fault.position), "", fault.reason))?;
        let YamlValue::Map(fields) = yaml.value else {
            return Err(self.fault(below_fence(yaml.position), "", "front matter is a list of keys with values"));
        };
        for (key, position, value) in fields {
            self.key(&key, below_fence(position), &value)?;
        }
        Ok(())
    }

    /// Takes one key of the front matter.
    fn key(&mut self, key: &str, position: Position, value: &Yaml) -> Result<(), FileFault> {
        if value.is_null() {
            return Ok(());
        }
        let (name, json) = match key {
            _ if marking::is_key(key) => {
                if self.marking.is_some() {
                    return Err(self.fault(position, "marking", format!("is said twice, the second time by {key:?}")));
                }
                let text = value.text().ok_or_else(|| self.fault(position, "marking", "is not a text"))?;
                let marking = text.parse().map_err(|why: marking::MarkingFault| {
                    self.fault(below_fence(value.position), "marking", why.to_string())
                })?;
                self.marking = Some(marking);
                return Ok(());
            }
            "type" | "title" | "summary" | "license" | "language" | "links" | "taxonomies" => (key, value.to_texts()),
            "lang" => ("language", value.to_texts()),
            "description" | "abstract" => ("summary", value.to_texts()),
            "created" => (key, value.to_texts()),
            "date" => (key, value.to_texts()),
            "tags" => (key, texts(value, &[","])),
            "author" | "authors" => ("authors", authors(value)),
            "models" | "same_as" => (key, named(&value.to_texts())),
            "end" => ("ends", value.to_texts()),
            own if OWN_TEXTS.contains(&own) => (own, value.to_texts()),
            own if OWN_VALUES.contains(&own) => (own, value.to_json()),
            _ => {
                let shown: String = key.chars().take(60).collect();
                self.left_out.push(shown);
                return Ok(());
            }
        };
        if self.fields.contains_key(name) {
            return Err(self.fault(position, name, format!("is said twice, the second time by {key:?}")));
        }
        self.remember(name.to_owned(), value);
        self.positions.insert(name.to_owned(), position);
        self.set(name, json);
        Ok(())
    }

    /// Keeps the place of a value and of all values in it, by the path that a fault will name.
    fn remember(&mut self, path: String, value: &Yaml) {
        match &value.value {
            YamlValue::Scalar { .. } => {}
            YamlValue::List(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.remember(format!("{path}[{n}]"), item);
                }
            }
            YamlValue::Map(fields) => {
                for (key, _, field) in fields {
                    self.remember(format!("{path}.{key}"), field);
                }
            }
        }
        self.positions.insert(path, below_fence(value.position));
    }

    /// The place of the innermost value that a path leads through.
    fn place_of(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.positions.get(path) {
                return Some(*position);
            }
            path = path.rfind(['.', '[']).and_then(|at| path.get(..at))?;
        }
    }

    /// The date of a note is when it was written; that of an incident is when it happened.
    fn place_date(&mut self) -> Result<(), FileFault> {
        if self.fields.get("nature") == Some(&Json::from("incident")) {
            return Ok(());
        }
        let Some(date) = self.fields.remove("date") else { return Ok(()) };
        let position = self.positions.get("date").copied().unwrap_or(Position { line: 1, column: 1 });
        if self.fields.contains_key("created") {
            return Err(self.fault(position, "created", "is said twice, also by \"date\""));
        }
        self.positions.insert("created".to_owned(), position);
        self.set("created", date);
        Ok(())
    }

    fn finish(mut self) -> Result<Read, FileFault> {
        self.place_date()?;
        let json = lifted(Json::Object(self.fields.clone()));
        let made = json.and_then(Publication::from_json).and_then(|made: Publication| made.check_own().map(|()| made));
        match made {
            Ok(publication) => Ok(Read {
                publication,
                marking: self.marking,
                warnings: warning_of(&self.left_out).into_iter().collect(),
            }),
            Err(PublicationFault { field, reason }) => {
                Err(FileFault { position: self.place_of(&field), field, ..FileFault::new(self.file, reason) })
            }
        }
    }
}

/// Front matter begins in the second line of its file.
const fn below_fence(position: Position) -> Position {
    Position { line: position.line.saturating_add(1), column: position.column }
}

/// A list of texts; one text is a list, cut at `separators`.
fn texts(value: &Yaml, separators: &[&str]) -> Json {
    let Some(text) = value.text() else { return value.to_texts() };
    let mut parts = vec![text.to_owned()];
    for separator in separators {
        parts = parts.iter().flat_map(|part| part.split(separator)).map(str::to_owned).collect();
    }
    Json::List(parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(Json::from).collect())
}

/// Authors as people write them: one text ("A, B and C", "A & B"), a list of names, or a list of objects.
fn authors(value: &Yaml) -> Json {
    let list = match &value.value {
        YamlValue::Map(_) => Json::List(vec![value.to_texts()]),
        YamlValue::Scalar { .. } => texts(value, &[", and ", " and ", " & ", ","]),
        YamlValue::List(_) => value.to_texts(),
    };
    named(&list)
}

/// A list in which a bare text stands for an object with that name.
fn named(list: &Json) -> Json {
    let object = |item: &Json| match item {
        Json::Text(name) => Json::from([("name", name.as_str().into())]),
        other => other.clone(),
    };
    match list {
        Json::List(items) => Json::List(items.iter().map(object).collect()),
        Json::Text(_) => Json::List(vec![object(list)]),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
