//! Opening a file, finding its format, and reading it whole.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::found::Found;
use super::json::{self, JsonFault, Values};
use super::record::{self, Making};
use super::tree::Tree;
use super::{IMPORTERS, Importer, Material, Options, Refusal, Report, Rest, Shape, helm, yaml, zip};
use crate::publish::{Marking, markdown, marking};

/// Longest text that is no JSON, in bytes.
const TEXT_MAX: u64 = 4 * 1024 * 1024;
/// Most publications of one file.
const FINDINGS_MAX: usize = 10_000;

/// Reads one file, or a folder that is one run. `progress` is told the bytes read so far.
pub fn import(path: &Path, options: &Options, progress: &dyn Fn(u64)) -> Report {
    let format = Cell::new(None);
    let made =
        read(path, options, progress, &format).and_then(|(found, sha256)| make(found, &sha256, options, format.get()));
    let (ready, reason) = match made {
        Ok((ready, reason)) => (ready, reason),
        Err(refusal) => (Vec::new(), Some(refusal.0)),
    };
    Report { file: path.to_path_buf(), format: format.get(), ready, reason }
}

type Made = (Vec<(record::Ready, Marking)>, Option<String>);

fn make(
    found: Vec<Found>,
    file_sha256: &str,
    options: &Options,
    format: Option<&'static str>,
) -> Result<Made, Refusal> {
    let making =
        Making { format: format.unwrap_or("unknown"), file_sha256, retrieved: options.now, keep: &options.keep };
    if found.is_empty() {
        return Err(Refusal::new("has no result to publish"));
    }
    let mut ready = Vec::new();
    // Two equal findings of one file are one.
    let mut seen = std::collections::BTreeSet::new();
    for found in found {
        let marking = options.marking.or(found.marking).unwrap_or_default();
        for part in record::publications(found, &making)? {
            if seen.insert(part.content.clone()) {
                ready.push((part, marking));
            }
        }
        if ready.len() > FINDINGS_MAX {
            return Err(Refusal::new(format!("has more than {FINDINGS_MAX} findings: split it")));
        }
    }
    Ok((ready, None))
}

type Read1 = (Vec<Found>, String);

fn read(
    path: &Path,
    options: &Options,
    progress: &dyn Fn(u64),
    format: &Cell<Option<&'static str>>,
) -> Result<Read1, Refusal> {
    if std::fs::metadata(path)?.is_dir() {
        let (first, sha256) = helm::open_folder(path)?;
        let material = Material { first, ..material(path, Shape::Folder) };
        return Ok((run(&material, &mut Rest(None), options, format)?, sha256));
    }
    // To open a pipe would wait until somebody writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(Refusal::new("is neither a file nor a folder"));
    }
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    file.by_ref().take(1024).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let length = file.metadata()?.len();
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        let log = zip::open_log(&file, progress)?;
        let material = Material { first: log.header, samples: Some(log.samples), ..material(path, Shape::Zip) };
        let found = run(&material, &mut Rest(None), options, format)?;
        return Ok((found, sha256_of(file, progress)?));
    }
    let begins = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let begins = begins.iter().find(|byte| !byte.is_ascii_whitespace());
    if begins.is_none() {
        return Err(Refusal::new("is empty"));
    }
    if matches!(begins, Some(b'{' | b'[')) {
        match read_json(path, &file, options, progress, format) {
            // A text may begin with a bracket too.
            Err(ReadFault::Json(JsonFault::Broken { .. })) if length <= TEXT_MAX && is_text_name(path) => {}
            Err(ReadFault::Json(fault)) => return Err(fault.into()),
            Err(ReadFault::Refused(refusal)) => return Err(refusal),
            Ok(read) => return Ok(read),
        }
        file.seek(SeekFrom::Start(0))?;
    }
    read_text(path, file, options, progress, format)
}

enum ReadFault {
    Json(JsonFault),
    Refused(Refusal),
}

impl From<JsonFault> for ReadFault {
    fn from(fault: JsonFault) -> Self {
        Self::Json(fault)
    }
}

fn read_json(
    path: &Path,
    file: &File,
    options: &Options,
    progress: &dyn Fn(u64),
    format: &Cell<Option<&'static str>>,
) -> Result<Read1, ReadFault> {
    let mut values = Values::new(Counted { input: file, read: 0, progress });
    let first = values.next_value(super::aside)?.unwrap_or(Tree::Null);
    let shape = if values.more()? { Shape::JsonLines } else { Shape::Json };
    let material = Material { first, ..material(path, shape) };
    let found = run(&material, &mut Rest(Some(&mut values)), options, format).map_err(ReadFault::Refused)?;
    // Whatever an importer did not ask for has to be sound too: no file is half imported.
    while values.next_value(|_| true)?.is_some() {}
    Ok((found, values.finish()?))
}

fn read_text(
    path: &Path,
    file: File,
    options: &Options,
    progress: &dyn Fn(u64),
    format: &Cell<Option<&'static str>>,
) -> Result<Read1, Refusal> {
    let mut bytes = Vec::new();
    let mut counted = Counted { input: file, read: 0, progress };
    counted.by_ref().take(TEXT_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > TEXT_MAX {
        return Err(Refusal::new("is neither JSON nor a text of at most 4 MiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::new("is neither JSON, nor a log, nor UTF-8 text"))?;
    if text.contains('\0') {
        return Err(Refusal::new("is neither JSON, nor a log, nor UTF-8 text"));
    }
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let material = text_material(path, text);
    Ok((run(&material, &mut Rest(None), options, format)?, sha256))
}

fn text_material<'a>(path: &'a Path, text: &'a str) -> Material<'a> {
    if let Some(markdown::Cut { front: Some(front), .. }) = markdown::cut(text) {
        return match yaml::read(front) {
            Ok(first) => Material { first, text, ..material(path, Shape::FrontMatter) },
            Err(fault) => {
                // The fence above it is a line too.
                let line = fault.position.line.saturating_add(1);
                let front_fault = Some(format!("line {line}: {}", fault.reason));
                Material { text, front_fault, ..material(path, Shape::FrontMatter) }
            }
        };
    }
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let yaml_like = lines.next().is_some_and(|line| {
        let line = line.strip_prefix("- ").unwrap_or(line);
        line == "---"
            || line.split_once(':').is_some_and(|(key, _)| {
                !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            })
    });
    if yaml_like
        && !is_text_name(path)
        && let Ok(first @ (Tree::Map(_) | Tree::List(_))) = yaml::read(text)
    {
        return Material { first, text, ..material(path, Shape::Yaml) };
    }
    Material { text, ..material(path, Shape::Text) }
}

fn material(path: &Path, shape: Shape) -> Material<'_> {
    Material { path, shape, first: Tree::Null, text: "", front_fault: None, samples: None }
}

/// Whether prose is expected behind this name.
fn is_text_name(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    matches!(extension.as_deref(), Some("md" | "mdx" | "qmd" | "markdown" | "txt"))
}

fn run(
    material: &Material<'_>,
    rest: &mut Rest<'_, '_>,
    options: &Options,
    format: &Cell<Option<&'static str>>,
) -> Result<Vec<Found>, Refusal> {
    let importer: &dyn Importer =
        *IMPORTERS.iter().find(|importer| importer.claims(material)).ok_or_else(|| no_format(material))?;
    format.set(Some(importer.name()));
    let marking = marked(material)?;
    let mut found = importer.read(material, rest, options)?;
    for one in &mut found {
        one.marking = one.marking.or(marking);
    }
    Ok(found)
}

/// Why no importer takes a file.
fn no_format(material: &Material<'_>) -> Refusal {
    let alone = Material { first: material.first.clone(), ..self::material(material.path, Shape::Json) };
    let importer = IMPORTERS.iter().find(|importer| importer.claims(&alone));
    match importer.filter(|_| material.shape == Shape::JsonLines) {
        Some(importer) => Refusal::new(format!(
            "begins as a file of {}, and something follows where that ends: one file holds one of them",
            importer.name()
        )),
        None => Refusal::new("is of no format that is known here: see `lyceum help import`"),
    }
}

/// The marking that a file names, whatever its format: what is restricted is not imported, and where it cannot be read
/// how it is marked, nothing is guessed.
fn marked(material: &Material<'_>) -> Result<Option<Marking>, Refusal> {
    let refused = |why: String| Refusal::new(format!("is not imported: marking: {why}"));
    let written = matches!(material.shape, Shape::FrontMatter | Shape::Yaml);
    let mut found = None;
    for (_, value) in material.first.entries().iter().filter(|(key, _)| marking::is_key(key)) {
        let said = match value.text() {
            Some(text) => text.parse::<Marking>().map_err(|fault| refused(fault.to_string()))?,
            None if *value == Tree::Null || !written => continue,
            None => return Err(refused("is not a text".to_owned())),
        };
        if found.replace(said).is_some() {
            return Err(refused("is said twice".to_owned()));
        }
    }
    if let Some(fault) = &material.front_fault {
        let front = markdown::cut(material.text).and_then(|cut| cut.front).unwrap_or_default();
        let names_one = |line: &str| line.split_once(':').is_some_and(|(key, _)| marking::is_key(bare(key)));
        if front.lines().any(names_one) {
            return Err(Refusal::new(format!(
                "is not imported: its front matter names a marking and cannot be read: {fault}"
            )));
        }
    }
    if matches!(material.shape, Shape::FrontMatter | Shape::Text) {
        let body = markdown::cut(material.text).map_or(material.text, |cut| cut.body);
        if let Some(fault) = marking::restricted(body) {
            return Err(refused(fault.to_string()));
        }
    }
    Ok(found)
}

fn bare(key: &str) -> &str {
    key.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '-'))
}

/// Counts what is read, and tells it.
pub(super) struct Counted<'a, R> {
    input: R,
    read: u64,
    progress: &'a dyn Fn(u64),
}

impl<'a, R> Counted<'a, R> {
    pub(super) const fn new(input: R, progress: &'a dyn Fn(u64)) -> Self {
        Self { input, read: 0, progress }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.read = self.read.saturating_add(u64::try_from(read).unwrap_or(0));
        (self.progress)(self.read);
        Ok(read)
    }
}

fn sha256_of(mut file: File, progress: &dyn Fn(u64)) -> Result<String, Refusal> {
    file.seek(SeekFrom::Start(0))?;
    let mut counted = Counted { input: file, read: 0, progress };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match counted.read(&mut buffer)? {
            0 => return Ok(data_encoding::HEXLOWER.encode(&hash.finalize())),
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// One JSON file that belongs to another, and its hash.
///
/// # Errors
/// [`Refusal`] naming the file.
pub(super) fn read_json_file(path: &Path) -> Result<(Tree, String), Refusal> {
    let named = |fault: &dyn std::fmt::Display| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Refusal::new(format!("needs {name} beside it, which {fault}"))
    };
    let file = File::open(path).map_err(|fault| named(&format!("cannot be read: {fault}")))?;
    let mut values = Values::new(file);
    let tree = values.next_value(json::hold_all).map_err(|fault| named(&fault))?;
    let tree = tree.ok_or_else(|| named(&"is empty"))?;
    Ok((tree, values.finish().map_err(|fault| named(&fault))?))
}
