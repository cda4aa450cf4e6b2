//! A case of the vectors, and how cases stand in a file.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// What becomes of bytes or of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds.
    Valid,
    /// It is refused.
    Invalid,
    /// Made for a later version: neither.
    Unknown,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }
}

/// One case: what is given, and what it should come to.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rule: &'static str,
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) given: Value,
}

/// A file of cases while it is made.
#[derive(Default)]
pub(crate) struct Cases(pub(crate) Vec<Case>);

impl Cases {
    pub(crate) fn add(
        &mut self,
        rule: &'static str,
        check: &'static str,
        verdict: Verdict,
        name: impl Into<String>,
        given: Value,
    ) {
        self.0.push(Case { name: name.into(), rule, check, verdict, given });
    }

    pub(crate) fn valid(&mut self, rule: &'static str, check: &'static str, name: impl Into<String>, given: Value) {
        self.add(rule, check, Verdict::Valid, name, given);
    }

    pub(crate) fn invalid(&mut self, rule: &'static str, check: &'static str, name: impl Into<String>, given: Value) {
        self.add(rule, check, Verdict::Invalid, name, given);
    }
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(data_encoding::HEXLOWER.encode(bytes.as_ref()))
}

/// A number that may be above 2^53, as text, so that every language reads it.
pub(crate) fn big(number: u64) -> Value {
    Value::String(number.to_string())
}

/// The text of a file: one case a line, names in order, so that the same cases are the same bytes.
pub(crate) fn file_text(about: &str, cases: &[(Case, Value)]) -> String {
    let mut text = format!("{{\"about\":{},\n\"cases\":[\n", json!(about));
    for (n, (case, gives)) in cases.iter().enumerate() {
        let line = json!({
            "name": case.name, "rule": case.rule, "check": case.check, "verdict": case.verdict.name(),
            "given": case.given, "gives": gives,
        });
        write_sorted(&mut text, &line);
        text.push_str(if n + 1 == cases.len() { "\n" } else { ",\n" });
    }
    text.push_str("]}\n");
    text
}

/// Compact JSON with the names of every object in order, whatever map the library uses.
fn write_sorted(text: &mut String, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            text.push('{');
            for (n, name) in names.iter().enumerate() {
                let comma = if n == 0 { "" } else { "," };
                write!(text, "{comma}{}:", json!(name)).unwrap();
                write_sorted(text, &map[*name]);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (n, item) in items.iter().enumerate() {
                text.push_str(if n == 0 { "" } else { "," });
                write_sorted(text, item);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => write!(text, "{value}").unwrap(),
    }
}

/// Reads what a case gives.
pub(crate) struct Given<'a>(pub(crate) &'a Map<String, Value>);

impl Given<'_> {
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap()
    }
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.get(name))
    }
    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }
    pub(crate) fn number(&self, name: &str) -> u64 {
        match self.get(name) {
            Value::String(text) => text.parse().unwrap(),
            other => other.as_u64().unwrap(),
        }
    }
    pub(crate) fn list(&self, name: &str) -> &[Value] {
        self.get(name).as_array().unwrap()
    }
}

pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}
