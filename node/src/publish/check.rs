//! Checking files before the first of them is published.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lyceum_protocol::limits;

use super::doubts::doubts;
use super::front_matter::{self, Dialect};
use super::{FileFault, Marking, Position, Prepared, json, marking, yaml};
use crate::import::private::{self, Secret};

/// Longest file that is read, in bytes: the longest publication and its front matter.
const FILE_MAX: usize = limits::PUBLICATION_MAX + yaml::YAML_MAX;

/// What the command line says for all files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// Overrules the type that a text file names.
    pub kind: Option<String>,
    /// Overrules the marking that a file names.
    pub marking: Option<Marking>,
}

/// One file and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The file.
    pub file: PathBuf,
    /// The publication, or why there is none.
    pub result: Result<Prepared, FileFault>,
}

/// Reads and checks all files, in order. Nothing may be published unless every one is good.
pub fn check_files(files: &[PathBuf], wishes: &Wishes) -> Vec<Checked> {
    let check = |file: &PathBuf| Checked {
        file: file.clone(),
        result: load(file).and_then(|bytes| prepare(file, &bytes, wishes)),
    };
    files.iter().map(check).collect()
}

fn load(file: &Path) -> Result<Vec<u8>, FileFault> {
    let fault = |why: std::io::Error| FileFault::new(file, format!("cannot be read: {why}"));
    let metadata = std::fs::metadata(file).map_err(fault)?;
    if metadata.is_dir() {
        return Err(FileFault::new(file, "is a folder: name the files in it"));
    }
    // To open a pipe would wait until somebody writes to it.
    if !metadata.is_file() {
        return Err(FileFault::new(file, "is no regular file: give what it says on standard input, as `-`"));
    }
    let opened = File::open(file).map_err(fault)?;
    let mut bytes = Vec::new();
    let one_more = u64::try_from(FILE_MAX).unwrap_or(u64::MAX).saturating_add(1);
    opened.take(one_more).read_to_end(&mut bytes).map_err(fault)?;
    Ok(bytes)
}

/// Makes a publication of a file's bytes: by its name Markdown (`.md`, `.mdx`, `.qmd`), plain text (`.txt`) or JSON.
/// Standard input is named `-` and is JSON.
///
/// # Errors
/// [`FileFault`], with line and column where there is one place to name.
pub fn prepare(file: &Path, bytes: &[u8], wishes: &Wishes) -> Result<Prepared, FileFault> {
    if bytes.len() > FILE_MAX {
        let reason = format!("longer than a publication may be ({} KiB)", limits::PUBLICATION_MAX / 1024);
        return Err(FileFault::new(file, reason));
    }
    let extension = file.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let (publication, marking, warnings) = match extension.as_deref() {
        None if file == Path::new("-") => from_json(file, bytes)?,
        Some("json") => from_json(file, bytes)?,
        Some("md" | "mdx" | "qmd" | "markdown") => from_text(file, bytes, Dialect::Markdown, wishes)?,
        Some("txt") => from_text(file, bytes, Dialect::PlainText, wishes)?,
        Some(_) | None => {
            return Err(FileFault::new(file, "is neither Markdown (.md, .mdx, .qmd), text (.txt) nor JSON (.json)"));
        }
    };
    if let Some(fault) = publication.body.as_deref().and_then(marking::restricted) {
        return Err(FileFault { field: "marking".to_owned(), ..FileFault::new(file, fault.to_string()) });
    }
    if let Some(secret) = private::first_secret(publication.json()) {
        return Err(secret_fault(file, bytes, secret));
    }
    let warnings = warnings.into_iter().chain(doubts(&publication)).collect();
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Prepared {
        source_key: format!("{name}\n{}", publication.title),
        publication,
        marking: wishes.marking.or(marking).unwrap_or_default(),
        warnings,
    })
}

/// A secret is never published: the fault names where it stands, and not the secret.
fn secret_fault(file: &Path, bytes: &[u8], secret: Secret) -> FileFault {
    // Where it stands in the file; in JSON it may be escaped, and then it is the line of its text.
    let at = bytes.windows(secret.text.len().max(1)).position(|window| window == secret.text.as_bytes());
    let position = at.map_or(Position { line: secret.line, column: 1 }, |at| position_of(bytes, at));
    let reason = format!("holds what looks like a secret ({}): take it out, and revoke it", secret.name);
    FileFault { position: Some(position), field: secret.field, refused: true, ..FileFault::new(file, reason) }
}

type Parts = (lyceum_protocol::publication::Publication, Option<Marking>, Vec<String>);

fn from_json(file: &Path, bytes: &[u8]) -> Result<Parts, FileFault> {
    match json::read(bytes) {
        Ok((publication, marking)) => Ok((publication, marking, Vec::new())),
        Err(fault) => Err(FileFault { field: fault.field, ..FileFault::new(file, fault.reason) }),
    }
}

fn from_text(file: &Path, bytes: &[u8], dialect: Dialect, wishes: &Wishes) -> Result<Parts, FileFault> {
    let text = std::str::from_utf8(bytes).map_err(|fault| FileFault {
        position: Some(position_of(bytes, fault.valid_up_to())),
        ..FileFault::new(file, "is not UTF-8 text")
    })?;
    if text.trim().is_empty() {
        return Err(FileFault::new(file, "is empty"));
    }
    let read = front_matter::read(file, text, dialect, wishes.kind.as_deref())?;
    Ok((read.publication, read.marking, read.warnings))
}

/// Line and column of a byte; what comes before it is UTF-8.
fn position_of(bytes: &[u8], at: usize) -> Position {
    let before = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default());
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()).saturating_add(1);
    Position { line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(name: &str, text: &[u8]) -> Result<Prepared, String> {
        prepare(Path::new(name), text, &Wishes::default()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_file_is_read_by_its_name() {
        assert_eq!(prepared("a.md", b"# T\n").unwrap().publication.title, "T");
        assert_eq!(prepared("a.QMD", b"# T\n").unwrap().publication.title, "T");
        assert_eq!(prepared("a.txt", b"# T\n").unwrap().publication.title, "a");
        let json = br#"{"type":"note","title":"J"}"#;
        assert_eq!(prepared("a.json", json).unwrap().publication.title, "J");
        assert_eq!(prepared("-", json).unwrap().publication.title, "J");
        assert!(prepared("a.pdf", b"x").unwrap_err().contains("neither Markdown"));
    }

    #[test]
    fn what_is_not_marked_is_green_and_the_command_line_overrules() {
        assert_eq!(prepared("a.md", b"x").unwrap().marking, Marking::Green);
        let marked = b"---\nmarking: CLEAR\ntype: call\n---\nx";
        assert_eq!(prepared("a.md", marked).unwrap().marking, Marking::Clear);
        let wishes = Wishes { kind: Some("resource".into()), marking: Some(Marking::Green) };
        let over = prepare(Path::new("a.md"), marked, &wishes).unwrap();
        assert_eq!((over.marking, over.publication.kind.name()), (Marking::Green, "resource"));
    }

    #[test]
    fn what_says_that_it_is_restricted_is_not_published() {
        for text in [&b"---\ntlp: RED\n---\nx"[..], b"---\nTLP: amber\n---\nx", b"# T\n\nTLP:RED\n\nx"] {
            assert!(prepared("a.md", text).unwrap_err().contains("marking: "), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(prepared("a.md", b"---\nTLP: CLEAR\n---\nx").unwrap().marking, Marking::Clear);
        let json = br#"{"type":"note","title":"T","body":"TLP:AMBER\nx"}"#;
        assert!(prepared("a.json", json).unwrap_err().contains("AMBER"));
    }

    #[test]
    fn the_same_text_has_one_hash_and_a_changed_one_keeps_its_key() {
        let first = prepared("a.md", b"# T\none\n").unwrap();
        let again = prepared("a.md", b"# T\r\none\r\n\r\n").unwrap();
        let changed = prepared("a.md", b"# T\ntwo\n").unwrap();
        assert_eq!(first.publication.content_hash(), again.publication.content_hash());
        assert_ne!(first.publication.content_hash(), changed.publication.content_hash());
        assert_eq!(first.source_key, changed.source_key);
    }

    #[test]
    fn a_fault_names_file_and_place() {
        assert_eq!(prepared("a.md", b"ab\nc\xff").unwrap_err(), "a.md:2:2: is not UTF-8 text");
        assert_eq!(prepared("a.md", b" \n").unwrap_err(), "a.md: is empty");
        assert_eq!(
            prepared("a.json", b"{\n1}").unwrap_err(),
            "a.json: not JSON: key must be a string at line 2 column 1"
        );
        assert!(prepared("a.md", &vec![b'a'; FILE_MAX + 1]).unwrap_err().contains("longer than"));
        assert!(prepared("a.md", &vec![b'a'; limits::PUBLICATION_MAX]).unwrap_err().contains("at most 245760"));
    }

    #[test]
    fn a_secret_refuses_its_file_with_field_and_line() {
        let token = ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat();
        let refused =
            |name: &str, text: String| prepare(Path::new(name), text.as_bytes(), &Wishes::default()).unwrap_err();
        let fault = refused("a.md", format!("---\ntags: x\n---\n# T\n\nuse {token}\n"));
        assert!(fault.refused && !fault.to_string().contains(&token), "{fault}");
        assert!(
            fault.to_string().starts_with("a.md:6:5: body: holds what looks like a secret (GitHub token)"),
            "{fault}"
        );
        let fault = refused("a.json", format!(r#"{{"type":"note","title":"t","tags":["{token}"]}}"#));
        assert_eq!(fault.field, "tags[0]");
    }

    #[test]
    fn all_files_are_checked_and_each_has_its_result() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["good.md", "bad.md", "missing.md"].map(|name| folder.path().join(name));
        std::fs::write(&files[0], "# good\n").unwrap();
        std::fs::write(&files[1], "---\nmarking: RED\n---\n").unwrap();
        let folder_too = [&files[..], &[folder.path().to_owned()]].concat();
        let checked = check_files(&folder_too, &Wishes::default());
        let good: Vec<bool> = checked.iter().map(|checked| checked.result.is_ok()).collect();
        assert_eq!(good, [true, false, false, false]);
        assert!(checked[3].result.as_ref().unwrap_err().reason.contains("is a folder"));
    }

    /// Real notes of many projects, dialects and languages.
    #[test]
    #[ignore = "needs the folder that LYCEUM_SAMPLES names"]
    fn every_sample_note_can_be_published() {
        let samples = std::env::var_os("LYCEUM_SAMPLES").expect("LYCEUM_SAMPLES names the folder of the samples");
        let notes = PathBuf::from(samples).join("notes");
        let entries = std::fs::read_dir(&notes).expect("the folder of the notes");
        let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "no notes in {}", notes.display());
        for checked in check_files(&files, &Wishes::default()) {
            let prepared = checked.result.unwrap_or_else(|fault| panic!("{fault}"));
            assert!(!prepared.publication.title.is_empty());
        }
    }
}
