//! What people type to search, read into words and filters, every mistake with its place and what is allowed.

use std::fmt;

use lyceum_protocol::publication::language::LanguageTag;

use crate::time;

/// Longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 1_000;
/// Most words, phrases and filters of a query.
pub const PARTS_MAX: usize = 48;
/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// Why a query cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    /// Where it stands: the number of the character, from 1; none where the whole is meant, or an option.
    pub at: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// What would be right.
    pub allowed: String,
}

impl QueryFault {
    fn new(at: Option<usize>, reason: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for QueryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "at character {at}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for QueryFault {}

/// By what a search can be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The author's organisation: its name, its id or the beginning of its id.
    Org,
    /// The type of the publication.
    Type,
    /// The nature of a finding.
    Nature,
    /// A model: its exact name, revision or digest.
    Model,
    /// A tag.
    Tag,
    /// The language, with or without its region.
    Language,
    /// The marking.
    Marking,
    /// The severity of a risk.
    Severity,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Org, Self::Type, Self::Nature, Self::Model, Self::Tag, Self::Language, Self::Marking, Self::Severity];

    /// Its name, as it is typed before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Type => "type",
            Self::Nature => "nature",
            Self::Model => "model",
            Self::Tag => "tag",
            Self::Language => "language",
            Self::Marking => "marking",
            Self::Severity => "severity",
        }
    }

    /// The values that there are, where they are few.
    const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Type => &["note", "finding", "release", "resource", "call", "review", "notice"],
            Self::Nature => &["evaluation", "risk", "incident", "mitigation", "capability"],
            Self::Marking => &["CLEAR", "GREEN"],
            Self::Severity => &["low", "medium", "high", "critical"],
            Self::Org | Self::Model | Self::Tag | Self::Language => &[],
        }
    }
}

/// One filter. Of several with one key any will do; of different keys all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// By what.
    pub key: Key,
    /// What it has to be.
    pub value: String,
    /// Whether it must not be that.
    pub not: bool,
}

/// A word, or several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The text.
    pub text: String,
    /// Whether it must not occur.
    pub not: bool,
}

/// A query that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words and phrases: all that are not excluded have to occur.
    pub words: Vec<Words>,
    /// Filters.
    pub filters: Vec<Filter>,
    /// Not older than this by the author's claim, Unix milliseconds.
    pub since: Option<u64>,
    /// Not newer than this by the author's claim, Unix milliseconds.
    pub until: Option<u64>,
}

fn all_keys() -> String {
    let names: Vec<String> = Key::ALL.iter().map(|key| format!("{}:", key.name())).collect();
    format!("{} since: until:", names.join(" "))
}

/// A piece of a query as it was typed.
struct Piece {
    at: usize,
    not: bool,
    /// What stands before the colon, if something does.
    key: Option<String>,
    text: String,
    quoted: bool,
}

impl Query {
    /// Reads a query. `now` is the moment from which "7d" counts back, Unix milliseconds.
    ///
    /// # Errors
    /// [`QueryFault`], the first that is found.
    pub fn read(text: &str, now: u64) -> Result<Self, QueryFault> {
        let chars = text.chars().count();
        if chars > QUERY_CHARS_MAX {
            let reason = format!("the query has {chars} characters");
            return Err(QueryFault::new(None, reason, format!("at most {QUERY_CHARS_MAX} characters")));
        }
        let mut query = Self::default();
        for piece in pieces(text)? {
            query.take(piece, now)?;
        }
        Ok(query)
    }

    /// Adds a filter by its name, as if it stood in the query.
    ///
    /// # Errors
    /// [`QueryFault`] for a name or a value that there is not.
    pub fn narrow(&mut self, key: &str, value: &str, now: u64) -> Result<(), QueryFault> {
        self.filter(None, key, value, false, now)
    }

    /// Whether it says what to look for, and not only what not.
    ///
    /// # Errors
    /// [`QueryFault`] if it does not, or is too long.
    pub fn check(&self) -> Result<(), QueryFault> {
        let sought = self.words.iter().any(|words| !words.not) || self.filters.iter().any(|filter| !filter.not);
        if !sought && self.since.is_none() && self.until.is_none() {
            let excluded = !self.words.is_empty() || !self.filters.is_empty();
            let reason = if excluded { "it only says what not to look for" } else { "there is nothing to look for" };
            return Err(QueryFault::new(None, reason, format!("words, \"a phrase\", or a filter: {}", all_keys())));
        }
        let parts = self.words.len().saturating_add(self.filters.len());
        if parts > PARTS_MAX {
            let reason = format!("it has {parts} words and filters");
            return Err(QueryFault::new(None, reason, format!("at most {PARTS_MAX}")));
        }
        Ok(())
    }

    fn take(&mut self, piece: Piece, now: u64) -> Result<(), QueryFault> {
        let Some(key) = piece.key else {
            if piece.text.trim().is_empty() {
                let reason = if piece.quoted { "the phrase is empty" } else { "nothing stands behind the minus sign" };
                return Err(QueryFault::new(Some(piece.at), reason, "-word, -\"a phrase\" or -filter:value"));
            }
            self.words.push(Words { text: piece.text, not: piece.not });
            return Ok(());
        };
        self.filter(Some(piece.at), &key, &piece.text, piece.not, now)
    }

    fn filter(&mut self, at: Option<usize>, key: &str, value: &str, not: bool, now: u64) -> Result<(), QueryFault> {
        let value = value.trim();
        let known = Key::ALL.into_iter().find(|known| known.name() == key);
        if known.is_none() && !matches!(key, "since" | "until") {
            let allowed = format!("{}; to look for the text itself put it in quotes: \"{key}:…\"", all_keys());
            return Err(QueryFault::new(at, format!("there is no filter {key:?}"), allowed));
        }
        if value.is_empty() {
            let allowed = format!("{key}:value, or {key}:\"several words\", without a space behind the colon");
            return Err(QueryFault::new(at, format!("{key}: has no value"), allowed));
        }
        let Some(key) = known else { return self.moment(at, key, value, not, now) };
        let values = key.values();
        let value = match values.iter().find(|known| known.eq_ignore_ascii_case(value)) {
            Some(known) => (*known).to_owned(),
            None if values.is_empty() => value.to_owned(),
            None => {
                let reason = format!("{value:?} is no {}", key.name());
                return Err(QueryFault::new(at, reason, values.join(", ")));
            }
        };
        if key == Key::Language && LanguageTag::new(&value).is_none() {
            let reason = format!("{value:?} is no language");
            return Err(QueryFault::new(at, reason, "a language tag, such as en, fr or pt-BR"));
        }
        self.filters.push(Filter { key, value, not });
        Ok(())
    }

    fn moment(&mut self, at: Option<usize>, key: &str, value: &str, not: bool, now: u64) -> Result<(), QueryFault> {
        const ALLOWED: &str = "a date (2026-11-23), a time in RFC 3339, or how long ago (12h, 7d, 2w)";
        if not {
            return Err(QueryFault::new(at, format!("{key}: cannot be excluded"), "since: and until: without a minus"));
        }
        let moment = time::parse(value, now)
            .map_err(|_| QueryFault::new(at, format!("{value:?} is no time for {key}:"), ALLOWED))?;
        if key == "since" {
            self.since = Some(self.since.map_or(moment, |before| before.max(moment)));
        } else {
            // A day is meant to its end.
            let day = value.len() == "2026-11-23".len() && value.matches('-').count() == 2;
            let moment = if day { moment.saturating_add(DAY - 1) } else { moment };
            self.until = Some(self.until.map_or(moment, |before| before.min(moment)));
        }
        Ok(())
    }
}

/// Whether a text before a colon is meant as the name of a filter: letters only, and not the beginning of an address.
fn is_key(text: &str, rest: Option<char>) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase()) && rest != Some('/')
}

fn pieces(text: &str) -> Result<Vec<Piece>, QueryFault> {
    let mut pieces = Vec::new();
    let mut chars = (1_usize..).zip(text.chars()).peekable();
    loop {
        while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        let Some(&(at, _)) = chars.peek() else { return Ok(pieces) };
        let mut piece = Piece { at, not: false, key: None, text: String::new(), quoted: false };
        if chars.next_if(|(_, c)| *c == '-').is_some() {
            piece.not = true;
        }
        while let Some((at, c)) = chars.next_if(|(_, c)| !c.is_whitespace()) {
            let next = chars.peek().map(|(_, c)| *c);
            if is_quote(c) && piece.text.is_empty() && !piece.quoted {
                piece.quoted = true;
                if !quoted(&mut chars, &mut piece.text) {
                    return Err(QueryFault::new(Some(at), "the quotation mark is not closed", "\"a phrase\""));
                }
                break;
            } else if c == ':' && piece.key.is_none() && is_key(&piece.text, next) {
                piece.key = Some(std::mem::take(&mut piece.text));
            } else {
                piece.text.push(c);
            }
        }
        pieces.push(piece);
    }
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// Takes what stands up to the closing quotation mark; whether there is one.
fn quoted(chars: &mut impl Iterator<Item = (usize, char)>, text: &mut String) -> bool {
    for (_, c) in chars {
        if is_quote(c) {
            return true;
        }
        text.push(c);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_795_000_000_000;

    fn read(text: &str) -> Query {
        Query::read(text, NOW).unwrap()
    }

    fn fault(text: &str) -> QueryFault {
        Query::read(text, NOW).and_then(|query| query.check()).unwrap_err()
    }

    #[test]
    fn words_phrases_and_exclusions_are_told_apart() {
        let query = read("  small models -toxic \"long context\" -\"data set\" ");
        let words: Vec<_> = query.words.iter().map(|words| (words.text.as_str(), words.not)).collect();
        let expected =
            [("small", false), ("models", false), ("toxic", true), ("long context", false), ("data set", true)];
        assert_eq!(words, expected);
        assert_eq!(read("„langer Kontext“").words[0].text, "langer Kontext");
        assert_eq!(read("state-of-the-art").words.len(), 1);
    }

    #[test]
    fn filters_stand_anywhere_and_take_values_in_quotes() {
        let query = read("bias org:\"Example Lab\" -tag:draft type:Finding since:2026-01-01 until:2026-01-31");
        let filters: Vec<_> = query.filters.iter().map(|it| (it.key, it.value.as_str(), it.not)).collect();
        let expected = [(Key::Org, "Example Lab", false), (Key::Tag, "draft", true), (Key::Type, "finding", false)];
        assert_eq!(filters, expected);
        let days = (query.until.unwrap() + 1 - query.since.unwrap()) / DAY;
        assert_eq!(days, 31, "the last day is meant to its end");
        assert_eq!(read("since:7d").since, Some(NOW - 7 * DAY));
        assert_eq!(read("model:meta-llama/Llama-3.1-8B").filters[0].value, "meta-llama/Llama-3.1-8B");
    }

    #[test]
    fn what_only_looks_like_a_filter_is_looked_for() {
        for text in ["https://example.org/a", "sha256:00ff", "owasp-llm:LLM01", "\"type:x\"", "12:30", "Note:this"] {
            assert!(read(text).filters.is_empty(), "{text}");
            assert_eq!(read(text).words.len(), 1, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_what_is_allowed() {
        let unknown = fault("bias author:me");
        assert_eq!((unknown.at, unknown.reason.as_str()), (Some(6), "there is no filter \"author\""));
        assert!(unknown.allowed.contains("org: type: nature:"), "{}", unknown.allowed);
        let kind = fault("type:report");
        assert_eq!(kind.to_string(), "at character 1: \"report\" is no type");
        assert!(kind.allowed.contains("finding"));
        assert_eq!(fault("größe \"long").at, Some(7), "counted in characters");
        assert_eq!(fault("x org: y").reason, "org: has no value");
        assert!(fault("since:yesterday").allowed.contains("7d"));
        assert_eq!(fault("-since:7d").at, Some(1));
        assert!(fault("language:en_US").allowed.contains("pt-BR"));
        assert_eq!(fault("-").at, Some(1));
        assert!(fault("").reason.contains("nothing to look for"));
        assert!(fault("-word").reason.contains("only says what not"));
        assert!(fault(&"x".repeat(1_001)).allowed.contains("1000"));
        assert!(fault(&"x ".repeat(100)).allowed.contains("48"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            if let Err(fault) = Query::read(&text, NOW) {
                let chars = text.chars().count();
                prop_assert!(fault.at.is_none_or(|at| at >= 1 && at <= chars), "{fault}");
            }
        }
    }
}
