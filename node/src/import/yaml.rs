//! YAML as model cards and advisories write it, read into a tree: larger than front matter, and more tolerant.
//!
//! Of a repeated key both values are kept in the order of the file; tags are ignored. Anchors and aliases are refused,
//! so that nothing grows while it is read. A scalar keeps its text: the language `no` stays a language.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use super::json;
use super::tree::Tree;

/// Longest text, in bytes.
pub const YAML_MAX: usize = 4 * 1024 * 1024;
/// Deepest nesting, in levels.
const DEPTH_MAX: usize = 32;
/// Most values.
const VALUES_MAX: usize = 400_000;

/// How the reason begins where a text is no YAML at all.
const NOT_YAML: &str = "not YAML";

/// Why a text is not read: the line, from 1, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct YamlFault {
    /// The line.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Reads one document. An empty one is null.
///
/// # Errors
/// [`YamlFault`].
pub fn read(text: &str) -> Result<Tree, YamlFault> {
    if text.len() > YAML_MAX {
        return Err(YamlFault { line: 1, reason: format!("longer than {YAML_MAX} bytes") });
    }
    read_whole(text).map_err(|fault| {
        if !fault.reason.starts_with(NOT_YAML) {
            return fault;
        }
        // The parser names another line where a tab stands in the way, and the tab is nearly always why.
        let mut lines = (1_usize..).zip(text.lines());
        let tab = lines.find(|(_, line)| line.trim_start_matches(' ').starts_with('\t'));
        tab.map_or(fault, |(line, _)| YamlFault { line, reason: format!("{NOT_YAML}: a tab begins this line") })
    })
}

fn read_whole(text: &str) -> Result<Tree, YamlFault> {
    let mut reading = Reading { parser: Parser::new_from_str(text), values: 0, line: 1 };
    let mut found = None;
    loop {
        match reading.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            _ if found.is_some() => return reading.fault("a second document"),
            event => found = Some(reading.value(event, 0)?),
        }
    }
    Ok(found.unwrap_or(Tree::Null))
}

struct Reading<'a> {
    parser: Parser<'a, StrInput<'a>>,
    values: usize,
    line: usize,
}

impl<'a> Reading<'a> {
    fn next(&mut self) -> Result<Event<'a>, YamlFault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(fault)) => {
                Err(YamlFault { line: fault.marker().line(), reason: format!("{NOT_YAML}: {}", fault.info()) })
            }
            None => Ok(Event::StreamEnd),
        }
    }

    fn fault<T>(&self, reason: &str) -> Result<T, YamlFault> {
        Err(YamlFault { line: self.line, reason: reason.to_owned() })
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Tree, YamlFault> {
        self.values = self.values.saturating_add(1);
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return self.fault("too deep or too many values");
        }
        match event {
            Event::Alias(_) => self.fault("anchors and aliases are not read"),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                self.fault("anchors and aliases are not read")
            }
            Event::Scalar(text, style, ..) => {
                Ok(if style == ScalarStyle::Plain { plain(&text) } else { Tree::Text(text.into_owned()) })
            }
            Event::SequenceStart(..) => self.list(depth),
            Event::MappingStart(..) => self.map(depth),
            _ => self.fault("a value is expected here"),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Tree, YamlFault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Tree::List(items)),
                Event::StreamEnd => return self.fault("the list does not end"),
                event => items.push(self.value(event, depth.saturating_add(1))?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Tree, YamlFault> {
        let mut entries = Vec::new();
        loop {
            let event = match self.next()? {
                Event::MappingEnd => return Ok(Tree::Map(entries)),
                Event::StreamEnd => return self.fault("the map does not end"),
                event => event,
            };
            let key = match event {
                Event::Scalar(text, _, 0, _) => text.into_owned(),
                _ => return self.fault("a key is a plain word"),
            };
            let event = self.next()?;
            let value = self.value(event, depth.saturating_add(1))?;
            entries.push((key, value));
        }
    }
}

fn plain(text: &str) -> Tree {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Tree::Null,
        "true" | "True" | "TRUE" => Tree::Bool(true),
        "false" | "False" | "FALSE" => Tree::Bool(false),
        ".nan" | ".NaN" | ".NAN" | ".inf" | "-.inf" | ".Inf" | "-.Inf" => Tree::Number(text.to_owned()),
        number if json::is_number(number) => Tree::Number(number.to_owned()),
        _ => Tree::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scalars_keep_what_they_say() {
        let tree = read("a: no\nb: 0,857\nc: .nan\nd: 2.0\ne: 2024-05-10\nf: '1'\ng:\na: yes\n").unwrap();
        assert_eq!(tree.raw(100), "{a: no, b: 0,857, c: .nan, d: 2.0, e: 2024-05-10, f: 1, g: null, a: yes}");
        assert_eq!(tree.get("d"), Some(&Tree::Number("2.0".into())));
        assert_eq!(tree.get("f"), Some(&Tree::Text("1".into())));
        assert_eq!(tree.text_at("a"), Some("yes"), "of a repeated key the last one counts");
    }

    #[test]
    fn nothing_grows_while_it_is_read() {
        assert!(read("a: &x [1]\nb: *x\n").unwrap_err().reason.contains("anchors"));
        assert!(read(&format!("{}1", "- ".repeat(40))).unwrap_err().reason.contains("too deep"));
        assert_eq!(read("a: 1\n\tb: 2\n").unwrap_err().line, 2);
        // A tab inside a text is none of the reasons why an anchor is refused.
        assert!(read("a: |\n  x\n  \ty\nb: &x 1\n").unwrap_err().reason.contains("anchors"));
        assert_eq!(read(""), Ok(Tree::Null));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z:\\-\\[\\]{}&*!|>'\"# \n\t,?@%]{0,120}") {
            let _ = read(&text);
        }
    }
}
