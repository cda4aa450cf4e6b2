//! Markdown and plain text: notes, through the same reader that `publish` has. Tables in them stay prose.

use lyceum_protocol::publication::Json;

use super::found::Found;
use super::{Importer, Material, Options, Refusal, Rest, Shape};
use crate::publish::front_matter::{self, Dialect};
use crate::publish::markdown;

/// Reads texts.
#[derive(Debug)]
pub(super) struct Note;

impl Importer for Note {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        matches!(material.shape, Shape::FrontMatter | Shape::Text)
            && !material.text.trim().is_empty()
            && looks_like_prose(material)
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        of_text(material).map(|found| vec![found])
    }
}

/// A text under a name of prose, with front matter or with a heading; a log or a table of numbers is neither.
fn looks_like_prose(material: &Material<'_>) -> bool {
    let extension = material.path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let named = matches!(extension.as_deref(), Some("md" | "mdx" | "qmd" | "markdown" | "txt" | "rst"));
    named || material.shape == Shape::FrontMatter || markdown::first_heading(material.text).is_some()
}

/// The note that a text is.
///
/// # Errors
/// [`Refusal`] if the text is no publication even without its front matter.
pub(super) fn of_text(material: &Material<'_>) -> Result<Found, Refusal> {
    let whole = front_matter::read(material.path, material.text, Dialect::Markdown, None);
    let (read, left_out) = match whole {
        Ok(read) => (read, None),
        // Who may read it is never guessed.
        Err(fault) if fault.field == "marking" => return Err(Refusal::new(format!("marking: {}", fault.reason))),
        Err(fault) => {
            // Front matter for other programs, or broken: the text is imported all the same.
            let body = markdown::cut(material.text).map_or(material.text, |cut| cut.body);
            let line = fault.position.map(|at| format!("line {}: ", at.line)).unwrap_or_default();
            let why = format!("{line}{} {}", fault.field, fault.reason);
            let read = front_matter::read(material.path, body, Dialect::Markdown, None)
                .map_err(|fault| Refusal::new(format!("makes no note: {}", fault.reason)))?;
            (read, Some(why.trim().to_owned()))
        }
    };
    let mut found = Found { marking: read.marking, ..Found::default() };
    let Json::Object(fields) = read.publication.json() else { return Err(Refusal::new("makes no note")) };
    for name in front_matter::fields() {
        if let Some(value) = fields.get(name) {
            found.set(name, value.clone());
        }
    }
    if let Some(why) = left_out.or_else(|| material.front_fault.clone()) {
        found.leave_out("front matter", why);
    }
    for warning in &read.warnings {
        found.leave_out("front matter", warning.clone());
    }
    // Names lie: a file called `.ja.md` may hold English.
    if !is_written_in(found.text("language"), found.text("body")) {
        found.leave_out("language", "the name of the file says another language than its text has");
        found.fields.retain(|(name, _)| *name != "language");
    }
    if found.text("body").contains("CO_OP_TRANSLATOR_METADATA")
        || material.first.get("aiTranslated").is_some_and(|said| said.raw(5) == "true")
    {
        found.set("tags", Json::List(vec!["machine-translated".into()]));
    }
    Ok(found)
}

/// Whether what an importer makes has a field of this name.
pub fn is_field(name: &str) -> bool {
    front_matter::fields().any(|field| field == name)
}

/// Whether a text has a letter of the script of its language, where that script is one of its own.
fn is_written_in(language: &str, text: &str) -> bool {
    let within =
        |ranges: &[std::ops::RangeInclusive<char>]| text.chars().any(|c| ranges.iter().any(|range| range.contains(&c)));
    match language.split('-').next().unwrap_or_default() {
        "ja" => within(&['\u{3040}'..='\u{30ff}']),
        "zh" => within(&['\u{4e00}'..='\u{9fff}']),
        "ko" => within(&['\u{ac00}'..='\u{d7af}']),
        "ru" | "uk" | "bg" => within(&['\u{400}'..='\u{4ff}']),
        "ar" | "fa" | "ur" => within(&['\u{600}'..='\u{6ff}']),
        "he" => within(&['\u{590}'..='\u{5ff}']),
        "hi" | "mr" => within(&['\u{900}'..='\u{97f}']),
        "el" => within(&['\u{370}'..='\u{3ff}']),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Marking;

    fn imported(name: &str, text: &str) -> crate::import::Report {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        crate::import::import(&path, &Options { marking: Some(Marking::Green), ..Options::default() }, &|_| {})
    }

    #[test]
    fn what_is_marked_restricted_is_not_imported_whatever_else_is_wrong() {
        let card = "license: mit\npipeline_tag: x\nmodel-index:\n- name: m\n  results:\n  - dataset: {name: arc}\n    \
                    metrics: [{type: acc, value: 0.5}]\n";
        for front in [
            "marking: RED\n".to_owned(),
            "title: T\nmarking: \"TLP:AMBER\"\n".to_owned(),
            "marking: [RED]\n".to_owned(),
            "marking: secret\n".to_owned(),
            "TLP: AMBER+STRICT\ndate: never\n".to_owned(),
            "marking: RED\nbroken: [\n".to_owned(),
            "marking: CLEAR\ntlp: RED\n".to_owned(),
            format!("{card}marking: AMBER\n"),
        ] {
            let report = imported("a.md", &format!("---\n{front}---\n# R\n\nthe text\n"));
            assert!(report.ready.is_empty(), "{front}");
            assert!(report.reason.unwrap().contains("marking"), "{front}");
        }
        for name in ["a.md", "a.txt"] {
            assert!(imported(name, "# R\n\nTLP:RED\n\nthe text\n").ready.is_empty());
        }
        let open = imported("a.md", &format!("---\n{card}tlp: CLEAR\n---\nx\n"));
        assert_eq!(open.ready.len(), 1, "{:?}", open.reason);
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe.json");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let report = crate::import::import(&path, &Options::default(), &|_| {});
        assert!(report.reason.unwrap().contains("neither a file nor a folder"));
    }

    #[test]
    fn a_language_with_a_script_of_its_own_shows_it() {
        assert!(is_written_in("ja", "これ") && is_written_in("fr", "abc") && is_written_in("", "abc"));
        assert!(!is_written_in("ja", "AI incident roundup") && !is_written_in("ru", "abc"));
    }
}
