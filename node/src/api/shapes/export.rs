//! Pages of whole publications.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{EntryLine, OutcomeShape};

/// What is left out of an export, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutCount {
    /// A newer version stands in its place.
    pub superseded: u64,
    /// Its organisation took it back.
    pub retracted: u64,
    /// It does not stand (yet).
    pub not_standing: u64,
    /// It cannot be read: erased, not held, sealed, or no publication.
    pub unreadable: u64,
    /// Its marking is more restricted than what was asked for.
    pub restricted: u64,
}

impl LeftOutCount {
    /// Adds another count.
    pub const fn add(&mut self, other: Self) {
        self.superseded = self.superseded.saturating_add(other.superseded);
        self.retracted = self.retracted.saturating_add(other.retracted);
        self.not_standing = self.not_standing.saturating_add(other.not_standing);
        self.unreadable = self.unreadable.saturating_add(other.unreadable);
        self.restricted = self.restricted.saturating_add(other.restricted);
    }
}

/// One publication, whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportEntry {
    /// As in a list.
    pub entry: EntryLine,
    /// What became of it.
    pub outcome: OutcomeShape,
    /// The publication, byte for byte as it was written.
    pub publication: Box<RawValue>,
}

/// One page of whole publications, the newest first, or those that were named, in their order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ExportPage {
    /// The publications.
    pub entries: Vec<ExportEntry>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// What was left out on the way.
    pub left_out: LeftOutCount,
    /// Entries that were looked at for this page, also those that nobody asked for.
    pub looked_at: u64,
}
