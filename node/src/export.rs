//! From publications to the formats of others: one file a format, pure functions to bytes.
//!
//! Each carries what became of a publication (superseded, retracted, disputed, replicated) and who may read it as far as
//! it has a place for that; what is retracted is never written without saying so. Nothing is rescaled or guessed.

pub mod avid;
pub mod bibtex;
pub mod cff;
pub mod csv;
pub mod every_eval_ever;
pub mod fate;
pub mod hub;
pub mod jsonl;
pub mod parquet;
pub mod table;
pub mod yaml;

use lyceum_protocol::publication::Publication;

use crate::api::shapes::{EntryLine, OutcomeShape};

/// A publication, and what is known of its entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Id, author, time, marking, standing.
    pub line: EntryLine,
    /// What became of it.
    pub outcome: OutcomeShape,
    /// What it says.
    pub publication: Publication,
}

impl Item {
    /// The organisation, by its id where its name is not known.
    pub fn org_name(&self) -> String {
        if self.line.org_name.trim().is_empty() {
            format!("Organisation {}", self.line.org.get(..16).unwrap_or("unknown"))
        } else {
            self.line.org_name.clone()
        }
    }

    /// The day of the author's claim, `2026-11-25`.
    pub fn day(&self) -> &str {
        self.line.time.get(..10).unwrap_or("1970-01-01")
    }

    /// Whether nothing was measured, or next to nothing: a stub, a trial of a few samples.
    pub fn is_dry_run(&self) -> bool {
        self.publication.import.as_ref().is_some_and(|import| import.stub)
    }

    /// Whether it must not leave the alliance.
    pub fn is_for_members(&self) -> bool {
        self.line.marking != crate::publish::Marking::Clear.name()
    }
}
