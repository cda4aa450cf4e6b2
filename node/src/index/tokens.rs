//! From text to terms, the same for what is indexed and what is searched.
//!
//! Words are lower-cased, stemmed by the rules of one language, and lose their accents; a term carries its language, so
//! that the stem of one language never meets the word of another. Scripts that are written without spaces between
//! words (Chinese, Japanese, Thai, …) and Korean become pairs of neighbouring characters, wherever they stand.

use std::collections::BTreeMap;
use std::ops::Range;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, compose, is_combining_mark};

/// Longest word, in characters: of a longer one the beginning counts.
const WORD_CHARS_MAX: usize = 80;
/// Mark of terms that belong to no language.
const PLAIN: &str = "-";

/// Languages whose words are stemmed, by the first part of their tag.
const STEMMED: [(&str, Algorithm); 28] = [
    ("ar", Algorithm::Arabic),
    ("ca", Algorithm::Catalan),
    ("cs", Algorithm::Czech),
    ("da", Algorithm::Danish),
    ("de", Algorithm::German),
    ("el", Algorithm::Greek),
    ("en", Algorithm::English),
    ("es", Algorithm::Spanish),
    ("et", Algorithm::Estonian),
    ("fi", Algorithm::Finnish),
    ("fr", Algorithm::French),
    ("ga", Algorithm::Irish),
    ("hi", Algorithm::Hindi),
    ("hu", Algorithm::Hungarian),
    ("id", Algorithm::Indonesian),
    ("it", Algorithm::Italian),
    ("lt", Algorithm::Lithuanian),
    ("nl", Algorithm::Dutch),
    ("no", Algorithm::Norwegian),
    ("pl", Algorithm::Polish),
    ("pt", Algorithm::Portuguese),
    ("ro", Algorithm::Romanian),
    ("ru", Algorithm::Russian),
    ("sr", Algorithm::Serbian),
    ("sv", Algorithm::Swedish),
    ("ta", Algorithm::Tamil),
    ("tr", Algorithm::Turkish),
    ("uk", Algorithm::Ukrainian),
];

/// By which language's rules words are stemmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tongue(&'static str);

impl Tongue {
    /// By none: words stay whole.
    pub const PLAIN: Self = Self(PLAIN);
    /// English, by which texts without a language are taken too.
    pub const ENGLISH: Self = Self("en");

    /// The rules for a text with this language tag. Without one, and for languages whose own words are not stemmed
    /// but that quote English ones (Chinese, Japanese, Korean), they are the English ones.
    pub fn of(tag: Option<&str>) -> Self {
        let Some(tag) = tag else { return Self::ENGLISH };
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        match primary.as_str() {
            "nb" | "nn" => Self("no"),
            "ja" | "zh" | "ko" | "und" | "mul" => Self::ENGLISH,
            primary => STEMMED.iter().find(|(code, _)| *code == primary).map_or(Self::PLAIN, |(code, _)| Self(code)),
        }
    }

    /// The rules of this name, as [`Tongue::name`] gives it.
    pub fn named(name: &str) -> Option<Self> {
        if name == PLAIN {
            return Some(Self::PLAIN);
        }
        STEMMED.iter().find(|(code, _)| *code == name).map(|(code, _)| Self(code))
    }

    /// Its name: a language code, or `-`.
    pub const fn name(self) -> &'static str {
        self.0
    }

    fn algorithm(self) -> Option<Algorithm> {
        STEMMED.iter().find(|(code, _)| *code == self.0).map(|(_, algorithm)| *algorithm)
    }
}

/// A term and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As it is indexed.
    pub term: String,
    /// Place among the words and single characters of the text.
    pub position: u32,
    /// Bytes of the text.
    pub range: Range<usize>,
    /// A second form of what stands at this place: indexed, not searched for.
    pub second: bool,
}

/// Makes terms by the rules of one language. Keeps stems of words that it has seen, a bounded number of them.
pub struct Tokeniser {
    tongue: Tongue,
    stemmer: Option<Stemmer>,
    seen: BTreeMap<String, (String, Option<String>)>,
}

/// Words of which the stems are kept.
const SEEN_MAX: usize = 20_000;

impl std::fmt::Debug for Tokeniser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokeniser({})", self.tongue.name())
    }
}

/// What a character is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Word,
    /// Of a script whose characters are taken in pairs.
    Pairs,
    Nothing,
}

fn part_of(c: char) -> Part {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Part::Word } else { Part::Nothing };
    }
    let pairs = matches!(u32::from(c),
        // Thai and Lao; Myanmar; Hangul jamo; Khmer.
        0x0E01..=0x0E4E | 0x0E81..=0x0ECE | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17D3
        // Iteration marks and the like; kana; Hangul; CJK ideographs.
        | 0x3005..=0x3007 | 0x3041..=0x30FA | 0x30FC..=0x30FF | 0x3131..=0x318E | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA960..=0xA97C | 0xAC00..=0xD7FB | 0xF900..=0xFAFF
        | 0x20000..=0x3FFFF);
    if pairs {
        Part::Pairs
    } else if c.is_alphanumeric() || is_combining_mark(c) {
        Part::Word
    } else {
        Part::Nothing
    }
}

/// Letters that are no letter with an accent, and how they are written without.
fn plain_letter(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        _ => return None,
    })
}

/// A lower-case text without accents.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !matches!(u32::from(*c), 0x0300..=0x036F)) {
        match plain_letter(c) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
    // What was taken apart and has no accent to lose is put together again.
    folded.nfc().collect()
}

/// A run of characters of one kind, brought into one form; each with the bytes that it came from.
#[derive(Default)]
struct Run(Vec<(char, Range<usize>)>);

impl Run {
    fn push(&mut self, c: char, range: &Range<usize>) {
        if let Some((last, bytes)) = self.0.last_mut()
            && canonical_combining_class(*last) == 0
            && let Some(one) = compose(*last, c)
        {
            (*last, bytes.end) = (one, range.end);
            return;
        }
        self.0.push((c, range.clone()));
    }

    fn range(&self) -> Range<usize> {
        let start = self.0.first().map_or(0, |(_, range)| range.start);
        start..self.0.last().map_or(start, |(_, range)| range.end)
    }
}

impl Tokeniser {
    /// For texts of one language.
    pub fn new(tongue: Tongue) -> Self {
        Self { tongue, stemmer: tongue.algorithm().map(Stemmer::new), seen: BTreeMap::new() }
    }

    /// The terms of a text, counted on from `position`; also the first position after them.
    pub fn tokens(&mut self, text: &str, mut position: u32) -> (Vec<Token>, u32) {
        let mut tokens = Vec::with_capacity(text.len() / 6);
        let (mut run, mut kind) = (Run::default(), Part::Nothing);
        for (at, original) in text.char_indices() {
            let range = at..at.saturating_add(original.len_utf8());
            let mut take = |c: char, run: &mut Run, tokens: &mut Vec<Token>| {
                let part = part_of(c);
                // A mark belongs to what it follows.
                let part =
                    if part == Part::Word && kind != Part::Nothing && is_combining_mark(c) { kind } else { part };
                if part != kind {
                    position = self.end_run(std::mem::take(run), kind, position, tokens);
                    kind = part;
                }
                if part != Part::Nothing {
                    run.push(c, &range);
                }
            };
            if original.is_ascii() {
                take(original, &mut run, &mut tokens);
            } else {
                // Full-width letters, ligatures and the like in their common form.
                for c in std::iter::once(original).nfkc() {
                    take(c, &mut run, &mut tokens);
                }
            }
        }
        position = self.end_run(run, kind, position, &mut tokens);
        (tokens, position)
    }

    /// The terms of a word that is searched for, with their places; the last one may stand for all that begin so.
    pub fn sought(&mut self, word: &str) -> Vec<Sought> {
        let (tokens, _) = self.tokens(word, 0);
        let sought = |token: &Token| {
            let text = token.term.split_once(' ').map_or("", |(_, text)| text);
            let single = text.chars().count() == 1 && text.chars().all(|c| part_of(c) == Part::Pairs);
            Sought { term: token.term.clone(), offset: token.position, begins: single }
        };
        tokens.iter().filter(|token| !token.second).map(sought).collect()
    }

    fn end_run(&mut self, run: Run, kind: Part, position: u32, tokens: &mut Vec<Token>) -> u32 {
        match kind {
            Part::Nothing => position,
            Part::Word => self.word(&run, position, tokens),
            Part::Pairs => pairs(&run, position, tokens),
        }
    }

    fn word(&mut self, run: &Run, position: u32, tokens: &mut Vec<Token>) -> u32 {
        let word: String = run.0.iter().take(WORD_CHARS_MAX).flat_map(|(c, _)| c.to_lowercase()).collect();
        let (term, second) = match self.seen.get(&word) {
            Some(known) => known.clone(),
            None => {
                let terms = self.terms_of(&word);
                if self.seen.len() >= SEEN_MAX {
                    self.seen.clear();
                }
                self.seen.insert(word, terms.clone());
                terms
            }
        };
        let range = run.range();
        tokens.push(Token { term, position, range: range.clone(), second: false });
        if let Some(term) = second {
            tokens.push(Token { term, position, range, second: true });
        }
        position.saturating_add(1)
    }

    /// The stem without accents; and, where it is another one, the stem of the word as somebody writes it who leaves
    /// accents out.
    fn terms_of(&self, word: &str) -> (String, Option<String>) {
        let code = self.tongue.name();
        let stem = |word: &str| self.stemmer.as_ref().map_or_else(|| word.to_owned(), |it| it.stem(word).into_owned());
        let first = folded(&stem(word));
        if word.is_ascii() {
            return (format!("{code} {first}"), None);
        }
        let second = folded(&stem(&folded(word)));
        let second = (second != first).then(|| format!("{code} {second}"));
        (format!("{code} {first}"), second)
    }
}

/// Each character with the next; the last one alone as well, so that a single character is found wherever it stands.
fn pairs(run: &Run, position: u32, tokens: &mut Vec<Token>) -> u32 {
    let mut at = position;
    for pair in run.0.windows(2) {
        if let [(first, from), (second, to)] = pair {
            let range = from.start..to.end;
            tokens.push(Token { term: format!("{PLAIN} {first}{second}"), position: at, range, second: false });
            at = at.saturating_add(1);
        }
    }
    if let Some((last, range)) = run.0.last() {
        let second = run.0.len() > 1;
        tokens.push(Token { term: format!("{PLAIN} {last}"), position: at, range: range.clone(), second });
    }
    at.saturating_add(1)
}

/// One term that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sought {
    /// As it is indexed.
    pub term: String,
    /// Its distance from the first term of its word.
    pub offset: u32,
    /// Whether every term that begins with it will do: for a single character of a script that is indexed in pairs.
    pub begins: bool,
}

#[cfg(test)]
mod tests;
