//! What a Markdown text says about itself: its front matter, its first heading, the language in its file name.

use std::path::Path;

use lyceum_protocol::publication::LanguageTag;

/// A text cut at its front matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut<'a> {
    /// The lines between the fences, if there are such.
    pub front: Option<&'a str>,
    /// What follows.
    pub body: &'a str,
}

/// Cuts a text at its front matter: a first line `---` up to the next line `---` or `...`.
///
/// None if the front matter is not closed.
pub fn cut(text: &str) -> Option<Cut<'_>> {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| line.trim_end() == "---") else {
        return Some(Cut { front: None, body: text });
    };
    let start = first.len();
    let mut at = start;
    for line in lines {
        let end = at.checked_add(line.len())?;
        if matches!(line.trim_end(), "---" | "...") {
            return Some(Cut { front: Some(text.get(start..at)?), body: text.get(end..)? });
        }
        at = end;
    }
    None
}

/// The first heading that stands outside of code and comments, without its marks.
pub fn first_heading(body: &str) -> Option<String> {
    let mut fence: Option<&str> = None;
    let mut comment = false;
    let mut before = "";
    for line in body.lines() {
        let trimmed = line.trim();
        if comment {
            comment = !trimmed.contains("-->");
            continue;
        }
        if let Some(mark) = fence {
            if trimmed.starts_with(mark) {
                fence = None;
            }
            continue;
        }
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) {
            fence = Some(mark);
            before = "";
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix("<!--") {
            comment = !rest.contains("-->");
            continue;
        }
        if let Some(heading) = marked_heading(line) {
            return Some(heading);
        }
        if !before.is_empty() && is_underline(trimmed) && !before.starts_with(['|', '>', '-', '*']) {
            return Some(before.to_owned());
        }
        before = trimmed;
    }
    None
}

/// `# Heading`, with closing marks and attributes taken off.
fn marked_heading(line: &str) -> Option<String> {
    let indent = line.len().saturating_sub(line.trim_start_matches(' ').len());
    let rest = line.trim_start();
    let level = rest.len().saturating_sub(rest.trim_start_matches('#').len());
    let text = rest.trim_start_matches('#');
    if indent > 3 || !(1..=6).contains(&level) || !text.starts_with([' ', '\t']) {
        return None;
    }
    let text = text.trim();
    let text = match text.rfind(" {") {
        Some(at) if text.ends_with('}') => text.get(..at).unwrap_or(text),
        Some(_) | None => text,
    };
    let text = text.trim_end_matches('#').trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn is_underline(line: &str) -> bool {
    let all = |mark| line.len() >= 3 && line.chars().all(|c| c == mark);
    all('=') || all('-')
}

/// The language in a file name such as `notes.fr.md` or `notes.pt-BR.qmd`: two letters, then subtags.
pub fn language_of(file: &Path) -> Option<LanguageTag> {
    let stem = file.file_stem()?.to_str()?;
    let (_, suffix) = stem.rsplit_once('.')?;
    let primary = suffix.split('-').next()?;
    if primary.len() != 2 || !primary.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    LanguageTag::new(suffix)
}

/// The file name without extension and language.
pub fn name_of(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    match (language_of(file), stem.rsplit_once('.')) {
        (Some(_), Some((name, _))) => name.to_owned(),
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_cut_off_where_it_is() {
        let found = cut("---\ntitle: a\n---\n\n# b\n").unwrap();
        assert_eq!((found.front, found.body), (Some("title: a\n"), "\n# b\n"));
        assert_eq!(cut("---\n---\nx").unwrap().front, Some(""));
        assert_eq!(cut("---\na: 1\n...\nx").unwrap().body, "x");
        assert_eq!(cut("# a\n---\nb\n---\n").unwrap().front, None);
        assert_eq!(cut("---\ntitle: a\n"), None);
    }

    #[test]
    fn the_first_heading_is_found_outside_of_code_and_comments() {
        let heading = |text: &str| first_heading(text);
        assert_eq!(heading("text\n\n## A *b* ##\n# c"), Some("A *b*".into()));
        assert_eq!(heading("<!--\n# no\n-->\n# yes {#id .class}\n"), Some("yes".into()));
        assert_eq!(heading("```sh\n# no\n```\nUnder\n=====\n"), Some("Under".into()));
        assert_eq!(heading("<!-- one line -->\n# yes"), Some("yes".into()));
        assert_eq!(heading("| a |\n|---|\n---\n#hash\n    # code\n"), None);
    }

    #[test]
    fn the_language_stands_before_the_extension() {
        let language = |name: &str| language_of(Path::new(name)).map(|tag| tag.to_string());
        assert_eq!(language("a/b.fr.md"), Some("fr".into()));
        assert_eq!(language("b.pt-BR.mdx"), Some("pt-BR".into()));
        for name in ["b.md", "b.final.md", "b.v2.md", "8.1-concepts.md", "fr.md", "b.FR.md"] {
            assert_eq!(language(name), None, "{name}");
        }
        assert_eq!(name_of(Path::new("x/8.1-concepts.fr.md")), "8.1-concepts");
        assert_eq!(name_of(Path::new("x/8.1-concepts.md")), "8.1-concepts");
    }
}
