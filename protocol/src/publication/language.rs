//! The shape of a language tag (BCP 47, RFC 5646): whether it could be one, not whether it is registered.

use std::fmt;

/// A language tag of the right shape, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Takes a tag: `en`, `pt-BR`, `zh-Hant-TW`, `x-lab`. None if the shape is wrong or it is longer than 35 letters.
    pub fn new(text: &str) -> Option<Self> {
        let is_tag = text.len() <= 35 && subtags_fit(text);
        is_tag.then(|| Self(text.to_owned()))
    }

    /// The tag as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A primary language of 2 to 8 letters (or `x`, `i`), then subtags of 1 to 8 letters and digits, none empty, and
/// the last not a lone letter unless it stands in a private part.
fn subtags_fit(text: &str) -> bool {
    let mut subtags = text.split('-');
    let Some(primary) = subtags.next() else { return false };
    let letters = primary.bytes().all(|b| b.is_ascii_alphabetic());
    let singleton = matches!(primary, "x" | "X" | "i" | "I");
    if !letters || !(singleton || (2..=8).contains(&primary.len())) {
        return false;
    }
    let mut private = singleton;
    let mut open = singleton;
    for subtag in subtags {
        if subtag.is_empty() || subtag.len() > 8 || !subtag.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return false;
        }
        open = subtag.len() == 1 && !private;
        private |= subtag.eq_ignore_ascii_case("x");
    }
    !open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_the_shape_of_the_standard() {
        for tag in ["en", "fr", "de-CH", "zh-Hant-TW", "sl-rozaj-biske", "x-lab", "i-klingon", "en-x-a", "de-1996"] {
            assert!(LanguageTag::new(tag).is_some(), "{tag}");
        }
        for text in
            ["", "e", "english language", "en_US", "en-", "-en", "fr--CA", "en-toolongsubtag", "12", "x", "en-a"]
        {
            assert!(LanguageTag::new(text).is_none(), "{text}");
        }
    }
}
