//! JSON as publications use it: bounded in size and depth, without repeated keys, written in one way.
//!
//! Reading is done through serde_json, with a visitor that counts levels and compares keys while it reads, so that
//! nothing is built of a text that breaks a bound.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::PublicationFault;
use crate::limits;

/// A JSON value. Objects are sorted by key, so that equal values are written with equal bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number. Integers beyond 64 bits are held as the nearest double.
    Number(serde_json::Number),
    /// A text, control characters included.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads one value out of at most 240 KiB of UTF-8, at most 32 levels deep, without repeated keys.
    ///
    /// # Errors
    /// [`PublicationFault`] with the path of the repeated or too deep field, or with line and column in the reason.
    pub fn read(bytes: &[u8]) -> Result<Self, PublicationFault> {
        if bytes.len() > limits::PUBLICATION_MAX {
            let reason = format!("{} bytes, at most {} are allowed", bytes.len(), limits::PUBLICATION_MAX);
            return Err(PublicationFault::whole(reason));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|fault| PublicationFault::whole(format!("not UTF-8 at byte {}", fault.valid_up_to())))?;
        let mut reading = Reading { path: Vec::new(), fault: None };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = Level { reading: &mut reading, depth: 0 }.deserialize(&mut deserializer);
        let read = read.and_then(|value| deserializer.end().map(|()| value));
        read.map_err(|fault| match reading.fault.take() {
            Some(named) => named,
            None => PublicationFault::whole(format!("not JSON: {fault}")),
        })
    }

    /// The value in its one form: sorted keys, no spaces, UTF-8.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        self.write(&mut out);
        out.into_bytes()
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (n, (key, value)) in fields.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// What a reader of an error message calls this kind of value.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<const N: usize> From<[(&str, Json); N]> for Json {
    fn from(fields: [(&str, Json); N]) -> Self {
        Self::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Where the reader stands, and the fault that it named before it gave up.
struct Reading {
    path: Vec<Step>,
    fault: Option<PublicationFault>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Reading {
    fn path(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => {
                    text.push('.');
                    text.push_str(key);
                }
                Step::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }

    fn name(&mut self, reason: &str) {
        self.fault = Some(PublicationFault::at(self.path(), reason));
    }
}

/// Reads one value at one depth.
struct Level<'a> {
    reading: &'a mut Reading,
    depth: usize,
}

impl Level<'_> {
    /// One level down, if there is one.
    fn deeper<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        let depth = self.depth.saturating_add(1);
        if depth > limits::PUBLICATION_DEPTH_MAX {
            self.reading.name("nested more than 32 levels deep");
            return Err(E::custom("too deep"));
        }
        Ok(depth)
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Json, A::Error> {
        let depth = self.deeper()?;
        let mut items = Vec::new();
        loop {
            self.reading.path.push(Step::Index(items.len()));
            let Some(item) = access.next_element_seed(Level { reading: self.reading, depth })? else { break };
            self.reading.path.pop();
            items.push(item);
        }
        self.reading.path.pop();
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Json, A::Error> {
        let depth = self.deeper()?;
        let mut fields = BTreeMap::new();
        while let Some(key) = access.next_key::<String>()? {
            self.reading.path.push(Step::Key(key.clone()));
            if fields.contains_key(&key) {
                self.reading.name("stands twice");
                return Err(A::Error::custom("repeated key"));
            }
            let value = access.next_value_seed(Level { reading: self.reading, depth })?;
            self.reading.path.pop();
            fields.insert(key, value);
        }
        Ok(Json::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> PublicationFault {
        Json::read(text.as_bytes()).unwrap_err()
    }

    /// E19: no key twice.
    #[test]
    fn a_repeated_key_is_named_with_its_path() {
        assert_eq!(fault(r#"{"a":1,"a":2}"#), PublicationFault::at("a", "stands twice"));
        assert_eq!(fault(r#"{"x":[{"y":1},{"z":0,"y":1,"y":2}]}"#), PublicationFault::at("x[1].y", "stands twice"));
        // The same key however it is written.
        assert_eq!(fault(r#"{"a":1,"\u0061":2}"#), PublicationFault::at("a", "stands twice"));
    }

    /// E19: nested at most 32 deep.
    #[test]
    fn thirty_two_levels_are_read_and_one_more_is_not() {
        let nested = |levels: usize| [&"[".repeat(levels)[..], &"]".repeat(levels)].concat();
        assert!(Json::read(nested(32).as_bytes()).is_ok());
        let deep = fault(&nested(33));
        assert_eq!((deep.field, deep.reason.as_str()), ("[0]".repeat(32), "nested more than 32 levels deep"));
        assert!(Json::read(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn what_is_not_json_is_refused_with_line_and_column() {
        assert_eq!(fault("{\"a\":\n 1,,}").reason, "not JSON: key must be a string at line 2 column 4");
        for text in ["", "NaN", "1 2", "{'a':1}", "[1,]", "\"\\ud800\"", "1e999"] {
            assert!(fault(text).reason.starts_with("not JSON"), "{text}");
        }
        assert!(Json::read(b"\"\xff\"").unwrap_err().reason.contains("UTF-8"));
    }

    /// E19: at most 245,760 bytes.
    #[test]
    fn more_than_the_maximum_is_refused_unread() {
        let long = vec![b' '; limits::PUBLICATION_MAX + 1];
        assert!(Json::read(&long).unwrap_err().reason.contains("at most 245760"));
    }

    #[test]
    fn figures_keep_their_digits() {
        for text in ["0.8571428571428571", "1.0", "23.63", "5e-324", "18446744073709551615", "-9223372036854775808"] {
            let written = Json::read(text.as_bytes()).unwrap().to_bytes();
            assert_eq!(String::from_utf8(written).unwrap(), text);
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(|n| Json::Number(n.into())),
            any::<f64>().prop_filter_map("finite", |n| serde_json::Number::from_f64(n).map(Json::Number)),
            any::<String>().prop_map(Json::Text),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::List),
                prop::collection::btree_map(any::<String>(), inner, 0..8).prop_map(Json::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(value in any_json()) {
            let bytes = value.to_bytes();
            let again = Json::read(&bytes).unwrap();
            prop_assert_eq!(again.to_bytes(), bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Json::read(&bytes);
        }
    }
}
