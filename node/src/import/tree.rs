//! What a file says, before anybody has decided what it means: values in the order of the file, numbers as written.
//!
//! JSON and YAML are both read into this. Long parts that no importer reads, such as samples, are not held: they stand as
//! [`Aside`], with their number and their hash.

use std::collections::HashSet;

use lyceum_protocol::publication::Json;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number as it is written, `NaN` and `Infinity` among them.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A map in the order of the file.
    Map(Vec<(String, Tree)>),
    /// A part that was read over.
    Aside(Aside),
}

/// A part of a file that was read over, not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Values in the list or map; one for anything else.
    pub count: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

impl Tree {
    /// A map. Of a repeated key the last one counts, as most readers have it.
    pub fn map(mut entries: Vec<(String, Self)>) -> Self {
        let few = entries.len() <= 16;
        let mut seen: HashSet<&str> = HashSet::new();
        let repeated = |n: usize, key: &str| {
            entries.get(n.saturating_add(1)..).is_some_and(|rest| rest.iter().any(|(other, _)| other == key))
        };
        let again: Vec<bool> = if few {
            entries.iter().enumerate().map(|(n, (key, _))| repeated(n, key)).collect()
        } else {
            let mut again: Vec<bool> = entries.iter().rev().map(|(key, _)| !seen.insert(key)).collect();
            again.reverse();
            again
        };
        if again.contains(&true) {
            let mut again = again.into_iter();
            entries.retain(|_| again.next() == Some(false));
        }
        Self::Map(entries)
    }

    /// The value of a key; null counts as absent. Of a repeated key the last one, as most readers have it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries().iter().rev().find(|(known, _)| known == key);
        found.map(|(_, value)| value).filter(|value| **value != Self::Null)
    }

    /// The value at the end of several keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Whether it has this key, even with null.
    pub fn has(&self, key: &str) -> bool {
        self.entries().iter().any(|(known, _)| known == key)
    }

    /// A text that is not blank.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        }
    }

    /// The text at a key, if there is one and it is not blank.
    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::text)
    }

    /// A scalar as it is written.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(raw) => Some(raw.clone()),
            Self::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Self::Null | Self::Text(_) | Self::List(_) | Self::Map(_) | Self::Aside(_) => None,
        }
    }

    /// The scalar at a key, as it is written.
    pub fn scalar_at(&self, key: &str) -> Option<String> {
        self.get(key).and_then(Self::scalar)
    }

    /// A whole number that is not negative.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Number(raw) | Self::Text(raw) => {
                let whole = raw.trim();
                let whole = whole.strip_suffix(".0").unwrap_or(whole);
                whole.parse().ok()
            }
            Self::Aside(aside) => Some(aside.count),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// A list, or one value as a list of one.
    pub fn one_or_many(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            other => std::slice::from_ref(other),
        }
    }

    /// The entries of a map; none of anything else.
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Whether it is a map.
    pub const fn is_map(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    /// As JSON, as far as it can be: a number that JSON has none for is a text, of a repeated key the last one counts, and
    /// what was read over is not there.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null | Self::Aside(_) => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(raw) => raw.parse().map_or_else(|_| Json::Text(raw.clone()), Json::Number),
            Self::Text(text) => Json::Text(text.clone()),
            Self::List(items) => Json::List(items.iter().map(Self::to_json).collect()),
            Self::Map(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }

    /// The value in one line, as close to what was written as is useful; cut at `max` characters.
    pub fn raw(&self, max: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, max.saturating_mul(4));
        super::private::cut(&out, max)
    }

    fn write(&self, out: &mut String, max: usize) {
        if out.len() > max {
            return;
        }
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(raw) => out.push_str(raw),
            Self::Text(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    item.write(out, max);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (n, (key, value)) in entries.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push_str(": ");
                    value.write(out, max);
                }
                out.push('}');
            }
            Self::Aside(aside) => out.push_str(&format!("({} values)", aside.count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_keys_and_null_is_absent() {
        let tree = Tree::Map(vec![
            ("a".into(), Tree::Map(vec![("b".into(), Tree::Text(" x ".into())), ("n".into(), Tree::Null)])),
            ("c".into(), Tree::Number("5.0".into())),
        ]);
        assert_eq!(tree.at(&["a", "b"]).and_then(Tree::text), Some("x"));
        assert_eq!(tree.at(&["a", "n"]), None);
        assert!(tree.get("a").unwrap().has("n"));
        assert_eq!(tree.get("c").and_then(Tree::count), Some(5));
        assert_eq!(tree.raw(30), "{a: {b:  x , n: null}, c: 5.0}");
        assert_eq!(tree.raw(5), "{a: …");
    }

    #[test]
    fn of_a_repeated_key_the_last_one_counts() {
        for others in [0, 40] {
            let others = (0..others).map(|n| (format!("x{n}"), Tree::Null));
            let twice =
                [("a", "1"), ("b", "2"), ("a", "3")].map(|(key, said)| (key.to_owned(), Tree::Text(said.into())));
            let tree = Tree::map(twice.into_iter().chain(others).collect());
            let keys: Vec<&str> = tree.entries().iter().map(|(key, _)| key.as_str()).take(2).collect();
            assert_eq!((keys, tree.text_at("a")), (vec!["b", "a"], Some("3")));
        }
    }
}
