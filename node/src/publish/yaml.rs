//! The plain part of YAML that people write by hand, with the place of every value: of front matter, of model cards.
//!
//! Anchors and aliases are refused, not followed: no file grows while it is read. A scalar keeps its text, so that the
//! language `no` stays a language and `1.10` stays a version. How large a text may be and what else is refused, its
//! [`Rules`] say.

use lyceum_protocol::publication::Json;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};

use super::Position;

/// Longest front matter, in bytes.
pub const YAML_MAX: usize = 64 * 1024;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting, in levels.
    pub depth: usize,
    /// Most values.
    pub values: usize,
    /// What becomes of tags and of keys that stand twice.
    pub oddities: Oddities,
}

/// What becomes of tags and of keys that stand twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddities {
    /// They are refused: the writer is here and can mend it.
    Refused,
    /// Tags are passed over, and of a key that stands twice both values are kept: the writer is elsewhere.
    Kept,
}

impl Rules {
    /// For front matter of one's own.
    pub const FRONT_MATTER: Self = Self { bytes: YAML_MAX, depth: 16, values: 10_000, oddities: Oddities::Refused };
    /// For files of others.
    pub const FILE: Self = Self { bytes: 4 * 1024 * 1024, depth: 32, values: 400_000, oddities: Oddities::Kept };
}

/// How the reason begins when the text is not YAML at all.
const NOT_YAML: &str = "not YAML";

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yaml {
    /// Where it begins.
    pub position: Position,
    /// What it is.
    pub value: YamlValue,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum YamlValue {
    /// A scalar.
    Scalar {
        /// Its text.
        text: String,
        /// Whether it stands there without quotes, and so may mean a number, a truth value or nothing.
        plain: bool,
    },
    /// A list.
    List(Vec<Yaml>),
    /// A map in the order of the file: key, where the key stands, value.
    Map(Vec<(String, Position, Yaml)>),
}

/// Why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlFault {
    /// Where.
    pub position: Position,
    /// Why.
    pub reason: String,
}

impl Yaml {
    /// Reads one document. An empty one is an empty map.
    ///
    /// # Errors
    /// [`YamlFault`] with its place in `text`.
    pub fn read(text: &str, rules: &Rules) -> Result<Self, YamlFault> {
        Self::read_whole(text, rules).map_err(|fault| {
            if !fault.reason.starts_with(NOT_YAML) {
                return fault;
            }
            // Where a text with a tab does not parse, the parser names another line and the tab is nearly always why.
            let mut lines = (1_usize..).zip(text.lines());
            let tab = lines.find(|(_, line)| line.trim_start_matches(' ').starts_with('\t'));
            tab.map_or(fault, |(line, text)| YamlFault {
                position: Position { line, column: text.find('\t').unwrap_or(0).saturating_add(1) },
                reason: format!("{NOT_YAML}: a tab begins this line, indent with spaces"),
            })
        })
    }

    fn read_whole(text: &str, rules: &Rules) -> Result<Self, YamlFault> {
        let start = Position { line: 1, column: 1 };
        if text.len() > rules.bytes {
            return Err(YamlFault { position: start, reason: format!("longer than {} bytes", rules.bytes) });
        }
        let mut reading = Reading { parser: Parser::new_from_str(text), rules, values: 0, at: start };
        let mut found = None;
        loop {
            match reading.next()? {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                _ if found.is_some() => return reading.fault("a second document"),
                event => found = Some(reading.value(event, 0)?),
            }
        }
        let empty = Self { position: start, value: YamlValue::Map(Vec::new()) };
        Ok(match found {
            Some(Self { value: YamlValue::Scalar { text, plain: true }, .. }) if is_null(&text) => empty,
            Some(value) => value,
            None => empty,
        })
    }

    /// The text of a scalar, however it looks.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar { text, plain } if !(*plain && is_null(text)) => Some(text),
            YamlValue::Scalar { .. } | YamlValue::List(_) | YamlValue::Map(_) => None,
        }
    }

    /// Whether nothing stands there.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, YamlValue::Scalar { text, plain: true } if is_null(text))
    }

    /// As JSON, plain scalars by the core schema of YAML 1.2. What JSON has no number for stays text.
    pub fn to_json(&self) -> Json {
        match &self.value {
            YamlValue::Scalar { text, plain: false } => Json::Text(text.clone()),
            YamlValue::Scalar { text, plain: true } => plain_to_json(text),
            YamlValue::List(items) => Json::List(items.iter().map(Self::to_json).collect()),
            YamlValue::Map(fields) => {
                Json::Object(fields.iter().map(|(key, _, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }

    /// As JSON in which every scalar is a text: for fields that are texts by definition.
    pub fn to_texts(&self) -> Json {
        match &self.value {
            YamlValue::Scalar { text, plain: true } if is_null(text) => Json::Null,
            YamlValue::Scalar { text, .. } => Json::Text(text.clone()),
            YamlValue::List(items) => Json::List(items.iter().map(Self::to_texts).collect()),
            YamlValue::Map(fields) => {
                Json::Object(fields.iter().map(|(key, _, value)| (key.clone(), value.to_texts())).collect())
            }
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn plain_to_json(text: &str) -> Json {
    match text {
        null if is_null(null) => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        // JSON's own reader decides what a number is.
        _ => match Json::read(text.as_bytes()) {
            Ok(Json::Number(number)) => Json::Number(number),
            Ok(_) | Err(_) => Json::Text(text.to_owned()),
        },
    }
}

struct Reading<'a> {
    parser: Parser<'a, StrInput<'a>>,
    rules: &'a Rules,
    values: usize,
    at: Position,
}

impl<'a> Reading<'a> {
    fn next(&mut self) -> Result<Event<'a>, YamlFault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.at = position(&span.start);
                Ok(event)
            }
            Some(Err(fault)) => {
                Err(YamlFault { position: position(fault.marker()), reason: format!("{NOT_YAML}: {}", fault.info()) })
            }
            None => Ok(Event::StreamEnd),
        }
    }

    fn fault<T>(&self, reason: impl Into<String>) -> Result<T, YamlFault> {
        Err(YamlFault { position: self.at, reason: reason.into() })
    }

    /// The value that an event begins.
    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Yaml, YamlFault> {
        let position = self.at;
        self.values = self.values.saturating_add(1);
        if depth > self.rules.depth || self.values > self.rules.values {
            return self.fault("too deep or too many values");
        }
        let value = match event {
            Event::Alias(_) => return self.fault("anchors and aliases are not read here"),
            Event::Scalar(_, _, anchor, ref tag)
            | Event::SequenceStart(anchor, ref tag)
            | Event::MappingStart(anchor, ref tag)
                if anchor != 0 || (self.is_strict() && tag.is_some()) =>
            {
                return self
                    .fault("anchors, aliases and tags are not read here: quote a text that begins with &, * or !");
            }
            Event::Scalar(text, style, ..) => {
                YamlValue::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(..) => YamlValue::List(self.list(depth)?),
            Event::MappingStart(..) => YamlValue::Map(self.map(depth)?),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return self.fault("a value is expected here"),
        };
        Ok(Yaml { position, value })
    }

    fn is_strict(&self) -> bool {
        self.rules.oddities == Oddities::Refused
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Yaml>, YamlFault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(items),
                event => items.push(self.value(event, depth.saturating_add(1))?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Position, Yaml)>, YamlFault> {
        let mut fields: Vec<(String, Position, Yaml)> = Vec::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                return Ok(fields);
            }
            let at = self.at;
            let key = match self.value(event, depth.saturating_add(1))?.value {
                YamlValue::Scalar { text, .. } => text,
                YamlValue::List(_) | YamlValue::Map(_) => {
                    return Err(YamlFault { position: at, reason: "a key is a plain word".to_owned() });
                }
            };
            if self.is_strict() && fields.iter().any(|(known, ..)| *known == key) {
                return Err(YamlFault { position: at, reason: format!("{key} stands twice") });
            }
            let event = self.next()?;
            let value = self.value(event, depth.saturating_add(1))?;
            fields.push((key, at, value));
        }
    }
}

/// The parser counts lines from 1 and columns from 0.
fn position(marker: &Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col().saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strict(text: &str) -> Result<Yaml, YamlFault> {
        Yaml::read(text, &Rules::FRONT_MATTER)
    }

    fn json(text: &str) -> String {
        String::from_utf8(strict(text).unwrap().to_json().to_bytes()).unwrap()
    }

    fn refused(text: &str) -> (usize, usize, String) {
        let fault = strict(text).unwrap_err();
        (fault.position.line, fault.position.column, fault.reason)
    }

    #[test]
    fn maps_lists_and_scalars_are_read() {
        assert_eq!(
            json("a: 1\nb: [x, 'y', \"z\"]\nc:\n  - d: true\n    e: ~\n"),
            r#"{"a":1,"b":["x","y","z"],"c":[{"d":true,"e":null}]}"#
        );
        assert_eq!(
            json("n: 0.5\nv: '1.10'\nw: .nan\nx: 0x10\ny: no\nz: |\n  two\n  lines\n"),
            r#"{"n":0.5,"v":"1.10","w":".nan","x":"0x10","y":"no","z":"two\nlines\n"}"#
        );
        assert_eq!(json(""), "{}");
        assert_eq!(json("# only a comment\n"), "{}");
    }

    #[test]
    fn what_grows_or_means_something_else_is_refused_at_its_place() {
        assert_eq!(refused("a: &x [1]\nb: *x\n").0, 1);
        assert!(refused("a: !!binary abc\n").2.contains("tags"));
        assert_eq!(refused("title: a\ntitle: b\n"), (2, 1, "title stands twice".to_owned()));
        assert_eq!(refused("title: a\n\tbad: b\n").0, 2);
        assert_eq!(refused("a: \"open\nb: c\n").2.split(':').next(), Some("not YAML"));
        assert!(refused(&"[".repeat(40)).2.contains("too deep"));
        assert!(refused(&format!("a: [{}]", "1,".repeat(20_000))).2.contains("too many"));
        assert!(refused("a: 1\n--- \nb: 2\n").2.contains("second document"));
        assert!(strict(&"a".repeat(YAML_MAX + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z:\\-\\[\\]{}&*!|>'\"# \n\t,?@%]{0,120}") {
            let (strict, kept) = (strict(&text), Yaml::read(&text, &Rules::FILE));
            prop_assert!(strict.is_err() || strict == kept, "what is read strictly is read the same elsewhere");
        }
    }
}
