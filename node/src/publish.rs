//! From the files that people have to publications: read, checked, and made into drafts that a log can sign.
//!
//! Nothing here touches the store or the network. Whoever publishes many files checks them all first
//! ([`check::check_files`]) and signs afterwards.

pub mod answer;
pub mod attached;
pub mod check;
pub mod doubts;
pub mod draft;
pub mod front_matter;
pub mod json;
pub mod lifted;
pub mod markdown;
pub mod marking;
pub mod template;
pub mod yaml;

use std::fmt;
use std::path::PathBuf;

use lyceum_protocol::publication::Publication;

pub use check::{Checked, Wishes, check_files, prepare};
pub use draft::draft;
pub use marking::Marking;

/// A publication that may be signed, with what belongs to it and stands elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The publication; its names are known to this version.
    pub publication: Publication,
    /// Who may read it: goes into the header.
    pub marking: Marking,
    /// What was left out, in words.
    pub warnings: Vec<String>,
    /// Names where it came from: file name and title. The same key with another content hash is a changed version.
    pub source_key: String,
}

/// A line and a column of a file, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// Why a file is not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The file.
    pub file: PathBuf,
    /// Where in it, if it is one place.
    pub position: Option<Position>,
    /// The field that is wrong, if it is one, such as `links[2].rel`; else empty.
    pub field: String,
    /// What is wrong, in words.
    pub reason: String,
    /// Whether a rule refuses it: nothing in the file is written wrongly.
    pub refused: bool,
}

impl FileFault {
    /// A fault of the whole file.
    pub fn new(file: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), position: None, field: String::new(), reason: reason.into(), refused: false }
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}:")?;
        }
        match self.field.as_str() {
            "" => write!(f, " {}", self.reason),
            // A reason is a predicate of the field, or stands for itself.
            field if self.reason.starts_with("is ") => write!(f, " {field} {}", self.reason),
            field => write!(f, " {field}: {}", self.reason),
        }
    }
}

impl std::error::Error for FileFault {}
