//! BibTeX: one `@misc` a publication, in UTF-8, with what LaTeX would take for a command escaped.
//!
//! The key is made of the entry's id alone, so that it stays whatever an organisation is called later.

use std::fmt::Write as _;

use lyceum_protocol::publication::{Content, Publication};

use super::{Item, fate};

/// Digits of an id in a key: as many as nobody makes two entries share.
const KEY_DIGITS: usize = 24;
/// Characters of the summary.
const ABSTRACT_CHARS: usize = 2_000;

/// One record and an empty line.
pub fn record(item: &Item) -> String {
    let publication = &item.publication;
    let mut text = format!("@misc{{{},\n", key(&item.line.id));
    let mut put = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name} = {{{value}}},");
    };
    put("author", &authors(item));
    // Braces keep the capitals.
    put("title", &format!("{{{}}}", escaped(&publication.title)));
    let day = item.publication.created.as_deref().and_then(date).unwrap_or_else(|| item.day().to_owned());
    put("year", day.get(..4).unwrap_or("1970"));
    if let Some(month) =
        day.get(5..7).and_then(|month| month.parse::<u8>().ok()).filter(|month| (1..=12).contains(month))
    {
        put("month", &month.to_string());
    }
    put(
        "howpublished",
        &escaped(&format!("Lyceum, {} of {}, entry {}", publication.kind.name(), item.org_name(), item.line.id)),
    );
    if let Some(url) = address(publication) {
        put("url", &escaped(url));
    }
    if let Some(language) = &publication.language {
        put("language", &escaped(language.as_str()));
    }
    if !publication.tags.is_empty() {
        put("keywords", &escaped(&publication.tags.join(", ")));
    }
    if let Some(summary) = publication.summary.as_deref().filter(|summary| !summary.trim().is_empty()) {
        put("abstract", &escaped(&crate::import::record::shortened(summary, ABSTRACT_CHARS)));
    }
    let mut notes = fate::words(item);
    if item.is_for_members() {
        notes.push(format!("TLP:{}: for members of the alliance", item.line.marking));
    }
    if !notes.is_empty() {
        put("note", &escaped(&notes.join("; ")));
    }
    text.push_str("}\n\n");
    text
}

/// `lyceum-3f9a1c20…`.
pub fn key(id: &str) -> String {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(KEY_DIGITS).collect();
    format!("lyceum-{digits}")
}

/// The day of a date that a person wrote, if it begins with one.
pub(super) fn date(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    day.parse::<jiff::civil::Date>().ok().map(|date| date.to_string()).filter(|date| date.len() == 10)
}

/// Where others find what is published.
pub(super) fn address(publication: &Publication) -> Option<&str> {
    let said = match &publication.content {
        Content::Release(release) => release.place.as_deref(),
        Content::Resource(resource) => resource.address.as_deref(),
        Content::Note
        | Content::Finding(_)
        | Content::Call(_)
        | Content::Review(_)
        | Content::Notice(_)
        | Content::Other => None,
    };
    said.map(str::trim).filter(|url| {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        rest.is_some_and(|rest| !rest.is_empty()) && !url.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

/// Names divided by `and`; the organisation where nobody is named.
fn authors(item: &Item) -> String {
    let mut names: Vec<String> = item.publication.authors.iter().map(|author| name(&author.name)).collect();
    if names.is_empty() {
        names.push(format!("{{{}}}", escaped(&item.org_name())));
    }
    names.join(" and ")
}

/// A name of a person as it is; in braces what would be taken apart wrongly.
fn name(given: &str) -> String {
    let simple = given.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\''))
        && given.split_whitespace().all(|word| !matches!(word.to_ascii_lowercase().as_str(), "and" | "others"));
    let escaped = escaped(given);
    if simple { escaped } else { format!("{{{escaped}}}") }
}

/// One line in which LaTeX finds no command and BibTeX no unbalanced brace.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in fate::one_line(text).chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' => out.push_str("\\textbraceleft{}"),
            '}' => out.push_str("\\textbraceright{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("{\"}"),
            '$' | '&' | '#' | '%' | '_' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_a_command_and_braces_balance() {
        assert_eq!(
            escaped("50 % of $x_1$ & {a}\n#1"),
            "50 \\% of \\$x\\_1\\$ \\& \\textbraceleft{}a\\textbraceright{} \\#1"
        );
        assert_eq!(
            escaped("\\input{/etc/passwd}"),
            "\\textbackslash{}input\\textbraceleft{}/etc/passwd\\textbraceright{}"
        );
    }

    #[test]
    fn names_that_would_be_taken_apart_stand_in_braces() {
        assert_eq!(name("Ada Lovelace"), "Ada Lovelace");
        assert_eq!(name("Smith and Sons"), "{Smith and Sons}");
        assert_eq!(name("Lab, Inc"), "{Lab, Inc}");
        assert_eq!(name("Université de Genève"), "Université de Genève");
        assert_eq!(name("et others"), "{et others}");
    }
}
