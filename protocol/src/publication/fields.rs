//! Taking typed fields out of a JSON object, each fault with the path of its field.

use std::collections::BTreeMap;

use super::date::is_date;
use super::words::Word;
use super::{Json, PublicationFault};

/// Characters of a wrong value that a fault repeats.
const SHOWN_CHARS: usize = 60;

/// The fields of one object and the path that leads to it.
pub(super) struct Fields<'a> {
    path: String,
    object: &'a BTreeMap<String, Json>,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which stands at `path`.
    pub(super) fn of(path: &str, value: &'a Json) -> Result<Self, PublicationFault> {
        match value {
            Json::Object(object) => Ok(Self { path: path.to_owned(), object }),
            other => Err(PublicationFault::at(path, format!("is {}, an object is expected", other.kind()))),
        }
    }

    /// The path of one field.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A fault of one field.
    pub(super) fn fault(&self, name: &str, reason: impl Into<String>) -> PublicationFault {
        PublicationFault::at(self.path(name), reason)
    }

    /// The value of a field; null counts as absent.
    pub(super) fn value(&self, name: &str) -> Option<&'a Json> {
        self.object.get(name).filter(|value| **value != Json::Null)
    }

    /// A text, if the field is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, PublicationFault> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.fault(name, format!("is {}, a text is expected", other.kind()))),
        }
    }

    /// A text that has to be there and is not blank.
    pub(super) fn required(&self, name: &str) -> Result<String, PublicationFault> {
        match self.text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            Some(_) => Err(self.fault(name, "is empty")),
            None => Err(self.fault(name, "is missing")),
        }
    }

    /// A text that is at most `max` characters long, if the field is there.
    pub(super) fn short(&self, name: &str, max: usize) -> Result<Option<String>, PublicationFault> {
        let text = self.text(name)?;
        match text.as_ref().map(|text| text.chars().count()) {
            Some(chars) if chars > max => {
                Err(self.fault(name, format!("{chars} characters, at most {max} are allowed")))
            }
            Some(_) | None => Ok(text),
        }
    }

    /// A whole number, if the field is there.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, PublicationFault> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::Number(number)) if number.is_u64() => Ok(number.as_u64()),
            Some(_) => Err(self.fault(name, "is not a whole number")),
        }
    }

    /// A finite number, if the field is there.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, PublicationFault> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::Number(number)) => {
                let finite = number.as_f64().filter(|number| number.is_finite());
                finite.map(Some).ok_or_else(|| self.fault(name, "is no finite number"))
            }
            Some(_) => Err(self.fault(name, "is not a number")),
        }
    }

    /// A list, empty if the field is absent, each item with its path.
    pub(super) fn list(&self, name: &str) -> Result<Vec<(String, &'a Json)>, PublicationFault> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Json::List(items)) => {
                let path = self.path(name);
                Ok(items.iter().enumerate().map(|(n, item)| (format!("{path}[{n}]"), item)).collect())
            }
            Some(other) => Err(self.fault(name, format!("is {}, a list is expected", other.kind()))),
        }
    }

    /// A list of texts that are not blank.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, PublicationFault> {
        let mut texts = Vec::new();
        for (path, item) in self.list(name)? {
            match item {
                Json::Text(text) if !text.trim().is_empty() => texts.push(text.clone()),
                Json::Text(_) => return Err(PublicationFault::at(path, "is empty")),
                other => {
                    return Err(PublicationFault::at(path, format!("is {}, a text is expected", other.kind())));
                }
            }
        }
        Ok(texts)
    }

    /// One text or a list of texts, none of them blank.
    pub(super) fn text_or_texts(&self, name: &str) -> Result<Vec<String>, PublicationFault> {
        match self.value(name) {
            Some(Json::Text(_)) => self.required(name).map(|text| vec![text]),
            _ => self.texts(name),
        }
    }

    /// One of a few words, if the field is there.
    pub(super) fn word<T: Word>(&self, name: &str) -> Result<Option<T>, PublicationFault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = || self.fault(name, format!("{} is none of {}", shown(&text), T::WORDS.join(", ")));
        T::of(&text).map(Some).ok_or_else(known)
    }

    /// One of a few words.
    pub(super) fn required_word<T: Word>(&self, name: &str) -> Result<T, PublicationFault> {
        self.word(name)?.ok_or_else(|| self.fault(name, format!("is missing: {}", T::WORDS.join(", "))))
    }

    /// A date or a time, if the field is there.
    pub(super) fn date(&self, name: &str) -> Result<Option<String>, PublicationFault> {
        match self.text(name)? {
            Some(text) if !is_date(&text) => {
                Err(self.fault(name, format!("{} is no date such as 2026-11-25", shown(&text))))
            }
            text => Ok(text),
        }
    }

    /// True or false; false if the field is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, PublicationFault> {
        match self.value(name) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.fault(name, format!("is {}, true or false is expected", other.kind()))),
        }
    }

    /// A hash of 32 bytes in lower-case hex, if the field is there.
    pub(super) fn hash(&self, name: &str) -> Result<Option<[u8; 32]>, PublicationFault> {
        let Some(hex) = self.text(name)? else { return Ok(None) };
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Some).ok_or_else(|| self.fault(name, "is not 64 lower-case hex digits"))
    }

    /// A hash of 32 bytes in lower-case hex.
    pub(super) fn required_hash(&self, name: &str) -> Result<[u8; 32], PublicationFault> {
        self.hash(name)?.ok_or_else(|| self.fault(name, "is missing"))
    }

    /// An object in a field, if the field is there.
    pub(super) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, PublicationFault> {
        self.value(name).map(|value| Fields::of(&self.path(name), value)).transpose()
    }
}

/// A wrong value as a fault repeats it: quoted, and not at length.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
