//! The part of JSON Schema that the record needs: shapes in tables, checked with the path of the first fault.

use std::collections::BTreeMap;

use crate::publication::fields::shown;
use crate::publication::{Json, PublicationFault};

/// What a value has to be.
pub(super) enum Shape {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A number or null.
    NumberOrNull,
    /// A number from 0 to 1.
    Share,
    /// A whole number.
    Whole,
    /// A whole number from 1 on.
    WholeFromOne,
    /// True or false.
    Flag,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A number, `Infinity` or `-Infinity` as a text, or null.
    Bound,
    /// A text, a number, true or false, or null.
    Plain,
    /// The path of a file of samples.
    SamplesPath,
    /// A list of at least so many.
    List(&'static Shape, usize),
    /// An object in which every value is like this.
    Map(&'static Shape),
    /// An object.
    Object(&'static Object),
    /// An object, which one a field tells.
    Tagged(&'static str, &'static [(&'static str, &'static Object)]),
}

/// What must hold of the fields of an object that stands at a path.
pub(super) type Rule = fn(&str, &BTreeMap<String, Json>) -> Result<(), PublicationFault>;

/// What an object has to be.
pub(super) struct Object {
    /// Fields that are named.
    pub(super) fields: &'static [Field],
    /// All others.
    pub(super) others: Others,
    /// What besides must hold.
    pub(super) also: Option<Rule>,
}

/// Fields that are not named.
pub(super) enum Others {
    /// May be there.
    Kept,
    /// May not.
    Refused,
    /// Are like this.
    Like(&'static Shape),
}

/// A field that is named.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// A field that must be there.
pub(super) const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

/// A field that may be there.
pub(super) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

/// Checks a value that stands at `path`.
pub(super) fn check(path: &str, value: &Json, shape: &Shape) -> Result<(), PublicationFault> {
    let expected = |what: &str| PublicationFault::at(path, format!("is {}, {what} is expected", value.kind()));
    let only = |holds: bool, what: &str| if holds { Ok(()) } else { Err(expected(what)) };
    match shape {
        Shape::Text => only(matches!(value, Json::Text(_)), "a text"),
        Shape::Number => only(matches!(value, Json::Number(_)), "a number"),
        Shape::NumberOrNull => only(matches!(value, Json::Number(_) | Json::Null), "a number or null"),
        Shape::Share => only(number(value).is_some_and(|share| (0.0..=1.0).contains(&share)), "a number from 0 to 1"),
        Shape::Whole => only(number(value).is_some_and(is_whole), "a whole number"),
        Shape::WholeFromOne => {
            only(number(value).is_some_and(|count| is_whole(count) && count >= 1.0), "a whole number from 1 on")
        }
        Shape::Flag => only(matches!(value, Json::Bool(_)), "true or false"),
        Shape::Word(words) => match value {
            Json::Text(text) if words.contains(&text.as_str()) => Ok(()),
            Json::Text(text) => {
                let reason = format!("{} is none of {}", shown(text), words.join(", "));
                Err(PublicationFault::at(path, reason))
            }
            _ => Err(expected("a text")),
        },
        Shape::Bound => match value {
            Json::Number(_) | Json::Null => Ok(()),
            Json::Text(text) if matches!(text.as_str(), "Infinity" | "-Infinity") => Ok(()),
            _ => Err(expected("a number, \"Infinity\", \"-Infinity\" or null")),
        },
        Shape::Plain => only(!matches!(value, Json::List(_) | Json::Object(_)), "a text, number or truth value"),
        Shape::SamplesPath => match value {
            Json::Text(text) if is_samples_path(text) => Ok(()),
            Json::Text(_) => Err(PublicationFault::at(path, "is not data/…/…/…/UUID_samples.jsonl")),
            _ => Err(expected("a text")),
        },
        Shape::List(of, least) => {
            let Json::List(items) = value else { return Err(expected("a list")) };
            if items.len() < *least {
                return Err(PublicationFault::at(
                    path,
                    format!("has {} items, at least {least} are needed", items.len()),
                ));
            }
            items.iter().enumerate().try_for_each(|(n, item)| check(&format!("{path}[{n}]"), item, of))
        }
        Shape::Map(of) => {
            let Json::Object(fields) = value else { return Err(expected("an object")) };
            fields.iter().try_for_each(|(name, field)| check(&joined(path, name), field, of))
        }
        Shape::Object(object) => {
            let Json::Object(fields) = value else { return Err(expected("an object")) };
            check_object(path, fields, object)
        }
        Shape::Tagged(tag, objects) => {
            let Json::Object(fields) = value else { return Err(expected("an object")) };
            let names: Vec<&str> = objects.iter().map(|(name, _)| *name).collect();
            match fields.get(*tag) {
                None => Err(PublicationFault::at(joined(path, tag), format!("is missing: {}", names.join(", ")))),
                Some(Json::Text(name)) => {
                    let object = objects.iter().find(|(known, _)| known == name).map(|(_, object)| *object);
                    let unknown = || format!("{} is none of {}", shown(name), names.join(", "));
                    let object = object.ok_or_else(|| PublicationFault::at(joined(path, tag), unknown()))?;
                    check_object(path, fields, object)
                }
                Some(other) => {
                    Err(PublicationFault::at(joined(path, tag), format!("is {}, a text is expected", other.kind())))
                }
            }
        }
    }
}

fn check_object(path: &str, fields: &BTreeMap<String, Json>, object: &Object) -> Result<(), PublicationFault> {
    for field in object.fields {
        match fields.get(field.name) {
            Some(value) => check(&joined(path, field.name), value, &field.shape)?,
            None if field.required => return Err(PublicationFault::at(joined(path, field.name), "is missing")),
            None => {}
        }
    }
    for (name, value) in fields {
        if object.fields.iter().any(|field| field.name == name) {
            continue;
        }
        match &object.others {
            Others::Kept => {}
            Others::Refused => return Err(PublicationFault::at(joined(path, name), "is no field of this record")),
            Others::Like(shape) => check(&joined(path, name), value, shape)?,
        }
    }
    object.also.map_or(Ok(()), |also| also(path, fields))
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
    }
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0
}

/// `data/`, three folders, and a UUID of version 4 with `_samples.jsonl`.
fn is_samples_path(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let ["data", folders @ .., file] = parts.as_slice() else { return false };
    let uuid = file.strip_suffix("_samples.jsonl").map(|uuid| uuid.split('-').collect::<Vec<_>>());
    let hex = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_uuid = match uuid.as_deref() {
        Some([a, b, c, d, e]) => {
            hex(a, 8)
                && hex(b, 4)
                && hex(c, 4)
                && c.starts_with('4')
                && hex(d, 4)
                && d.starts_with(['8', '9', 'a', 'b', 'A', 'B'])
                && hex(e, 12)
        }
        Some(_) | None => false,
    };
    folders.len() == 3 && folders.iter().all(|folder| !folder.is_empty()) && is_uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_samples_has_three_folders_and_a_uuid() {
        let uuid = "0c3a4f52-1d2e-4b3c-9a4d-5e6f70819203";
        assert!(is_samples_path(&format!("data/a/b/c/{uuid}_samples.jsonl")));
        for bad in [
            format!("data/a/b/{uuid}_samples.jsonl"),
            format!("data/a//c/{uuid}_samples.jsonl"),
            format!("x/a/b/c/{uuid}_samples.jsonl"),
            format!("data/a/b/c/{uuid}.jsonl"),
            "data/a/b/c/0c3a4f52-1d2e-1b3c-9a4d-5e6f70819203_samples.jsonl".to_owned(),
        ] {
            assert!(!is_samples_path(&bad), "{bad}");
        }
    }
}
