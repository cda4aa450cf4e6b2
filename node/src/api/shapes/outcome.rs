//! What became of an entry, for its page and for exports.

use serde::{Deserialize, Serialize};

use crate::views::Hidden;

/// A retraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetractionShape {
    /// The notice, hex.
    pub by: String,
    /// The author's claim, RFC 3339.
    pub time: String,
    /// Why.
    pub reason: Option<String>,
}

/// What an organisation says of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidShape {
    /// The relation, such as replicates or disputes.
    pub rel: String,
    /// Who says it, hex.
    pub org: String,
    /// What that organisation calls itself.
    pub org_name: String,
    /// Whether it is the author's own organisation.
    pub own: bool,
    /// Where it says so, hex.
    pub id: String,
    /// When, RFC 3339.
    pub time: String,
    /// Of which version, where the evaluation has changed since.
    pub of_version: Option<u64>,
    /// What it answers, where it responds: affected, not-affected, mitigated or investigating.
    #[serde(default)]
    pub response: Option<String>,
    /// Why a replication by this organisation does not count, if so: `vendor`, `copy`, `other_model` or `other_task`.
    #[serde(default)]
    pub not_counted: Option<String>,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeShape {
    /// Which version of it this is, from 1.
    pub version: u64,
    /// The newest version, hex; none if it is this one.
    pub newest: Option<String>,
    /// Other versions that stand and that nothing took the place of, hex.
    #[serde(default)]
    pub beside: Vec<String>,
    /// What took its place, hex, the newest first.
    pub superseded_by: Vec<String>,
    /// Whether its organisation took it back.
    pub retracted: Option<RetractionShape>,
    /// Whether its organisation took the newest version back.
    pub newest_retracted: Option<RetractionShape>,
    /// What is said of it, and of its other versions.
    pub said: Vec<SaidShape>,
    /// The earliest entry of another organisation with the same content, hex: this is a copy of it. Looked for on the
    /// page of one entry alone.
    #[serde(default)]
    pub copy_of: Option<String>,
    /// Entries that were not looked at: one of them may say something else.
    #[serde(default)]
    pub behind_entries: u64,
}

impl OutcomeShape {
    /// Of what nobody has said anything about.
    pub const fn first() -> Self {
        Self {
            version: 1,
            newest: None,
            beside: Vec::new(),
            superseded_by: Vec::new(),
            retracted: None,
            newest_retracted: None,
            said: Vec::new(),
            copy_of: None,
            behind_entries: 0,
        }
    }

    /// Whether lists leave the entry out.
    pub const fn hidden(&self) -> Option<Hidden> {
        match (&self.retracted, self.superseded_by.as_slice()) {
            (Some(_), _) => Some(Hidden::Retracted),
            (None, []) => None,
            (None, _) => Some(Hidden::Superseded),
        }
    }
}
