//! The piece of a text in which most of what was looked for stands together.

use std::ops::Range;

use lyceum_protocol::publication::Publication;

use super::search::Sequence;
use super::tokens::{Token, Tokeniser, Tongue};

/// Characters of a snippet, about.
const SNIPPET_CHARS: usize = 200;
/// Characters before the first word that was found, about.
const BEFORE_CHARS: usize = 40;
/// Bytes of a text in which it is looked for.
const LOOKED_AT: usize = 64 * 1024;

/// A piece of the summary or the body where the words stand, or else its beginning. As it was written: whoever shows it
/// makes it safe.
pub fn snippet(publication: &Publication, sought: &[Sequence]) -> String {
    let mut tokeniser = Tokeniser::new(Tongue::of(publication.language.as_ref().map(|tag| tag.as_str())));
    let texts: Vec<&str> =
        [publication.summary.as_deref(), publication.body.as_deref()].into_iter().flatten().map(beginning).collect();
    let pieces = texts.iter().filter_map(|text| {
        let found = places(text, &mut tokeniser, sought);
        let (start, count) = best(text, &found)?;
        Some((count, *text, start))
    });
    // Of two that hold as much the first.
    let best = pieces.reduce(|best, next| if next.0 > best.0 { next } else { best });
    match (best, texts.iter().find(|text| !text.trim().is_empty())) {
        (Some((_, text, start)), _) => cut(text, start),
        (None, Some(text)) => cut(text, 0),
        (None, None) => String::new(),
    }
}

fn beginning(text: &str) -> &str {
    let mut end = text.len().min(LOOKED_AT);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// Where something stands that was looked for, and which of it.
fn places(text: &str, tokeniser: &mut Tokeniser, sought: &[Sequence]) -> Vec<(Range<usize>, usize)> {
    let (tokens, _) = tokeniser.tokens(text, 0);
    let which = |token: &Token| {
        let mut all = sought.iter().flatten();
        all.position(|one| if one.begins { token.term.starts_with(&one.term) } else { token.term == one.term })
    };
    tokens.iter().filter_map(|token| Some((token.range.clone(), which(token)?))).collect()
}

/// The beginning of the stretch that holds most of what was looked for, and how much of it.
fn best(text: &str, found: &[(Range<usize>, usize)]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    for (at, (range, _)) in found.iter().enumerate() {
        let reach = end_of(text, range.start, SNIPPET_CHARS.saturating_sub(BEFORE_CHARS));
        let within = found.iter().skip(at).take(SNIPPET_CHARS).take_while(|(other, _)| other.end <= reach);
        let mut terms: Vec<usize> = within.map(|(_, which)| *which).collect();
        terms.sort_unstable();
        terms.dedup();
        if best.is_none_or(|(_, count)| terms.len() > count) {
            best = Some((range.start, terms.len()));
        }
    }
    best
}

/// The byte that is so many characters further, or the end.
fn end_of(text: &str, from: usize, chars: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.char_indices().nth(chars).map_or(text.len(), |(at, _)| from.saturating_add(at))
}

/// The stretch around a place, between words, with an ellipsis where something was left out.
fn cut(text: &str, place: usize) -> String {
    let before = text.get(..place).unwrap_or_default();
    let earliest = before.char_indices().rev().nth(BEFORE_CHARS.saturating_sub(1)).map_or(0, |(at, _)| at);
    // From the first word that is whole.
    let start = if earliest == 0 {
        0
    } else {
        let stretch = text.get(earliest..place).unwrap_or_default();
        stretch.find(char::is_whitespace).map_or(earliest, |at| earliest.saturating_add(at))
    };
    let latest = end_of(text, start, SNIPPET_CHARS);
    let stretch = text.get(start..latest).unwrap_or_default();
    let end = if latest == text.len() {
        latest
    } else {
        // Scripts without spaces are cut anywhere.
        let space = stretch.rfind(char::is_whitespace).map(|at| start.saturating_add(at));
        space.filter(|at| *at > place && latest.saturating_sub(*at) < 40).unwrap_or(latest)
    };
    let middle = text.get(start..end).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let (head, tail) = (if start > 0 { "… " } else { "" }, if end < text.trim_end().len() { " …" } else { "" });
    format!("{head}{middle}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(language: &str, body: &str, words: &str) -> String {
        let json = serde_json::json!({ "type": "note", "title": "t", "language": language, "body": body });
        let publication = Publication::read(json.to_string().as_bytes()).unwrap();
        let mut tokeniser = Tokeniser::new(Tongue::of(Some(language)));
        let sought: Vec<Sequence> = words.split(' ').map(|word| tokeniser.sought(word)).collect();
        snippet(&publication, &sought)
    }

    #[test]
    fn the_stretch_with_most_of_the_words_is_shown() {
        let filler = "Nothing of interest stands here. ".repeat(30);
        let body = format!("{filler}A model. {filler}The models were evaluated twice. {filler}");
        let shown = of("en", &body, "evaluation model");
        assert!(shown.contains("The models were evaluated twice."), "{shown}");
        assert!(shown.starts_with("… ") && shown.ends_with(" …") && shown.chars().count() < 230, "{shown}");
    }

    #[test]
    fn without_a_match_the_beginning_is_shown() {
        assert_eq!(of("en", "Short\n\nand sweet.\n", "absent"), "Short and sweet.");
        assert_eq!(of("ja", "大規模言語モデルの評価", "評価"), "大規模言語モデルの評価");
    }

    proptest! {
        #[test]
        fn any_text_has_a_snippet_of_bounded_length(body in "\\PC{0,600}", word in "\\PC{1,5}") {
            prop_assume!(!word.contains(' '));
            let shown = of("en", &body, &word);
            prop_assert!(shown.chars().count() <= SNIPPET_CHARS + BEFORE_CHARS + 8);
        }
    }
}
