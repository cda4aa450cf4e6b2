//! What the interface answers, field by field: the names that scripts rely on.

mod attachments;
mod export;
mod outcome;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::index::IndexStatus;
use crate::views::Hidden;

pub use attachments::{
    AttachmentFault, AttachmentPlan, AttachmentStatus, FetchRequest, FilePlace, FileShape, FilesPage, PutShape, Wanted,
};
pub use export::{ExportEntry, ExportPage, LeftOutCount};
pub use outcome::{OutcomeShape, RetractionShape, SaidShape};

/// One entry in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryLine {
    /// Its id, hex.
    pub id: String,
    /// The author's organisation, hex; empty where the certificate is not held.
    pub org: String,
    /// What the organisation calls itself.
    pub org_name: String,
    /// The node that signed it, a PeerId.
    pub author: String,
    /// Its number in the node's log.
    pub seq: u64,
    /// The author's claim, RFC 3339.
    pub time: String,
    /// What it is; none where that cannot be read.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// CLEAR, GREEN, AMBER or AMBER+STRICT.
    pub marking: String,
    /// Language tag.
    pub language: Option<String>,
    /// Relations to others: objects with `rel` and `target`.
    pub links: Vec<Value>,
    /// good, unsettled or void, with the cause.
    pub standing: String,
    /// Why type and title are missing: not readable (field, reason), erased, not held.
    pub unreadable: Option<String>,
    /// Why lists leave it out unless all is asked for: superseded, retracted; none for what is neither.
    #[serde(default)]
    pub left_out: Option<Hidden>,
}

/// What lists leave out unless all is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenCount {
    /// Superseded ones.
    pub superseded: u64,
    /// Retracted ones.
    pub retracted: u64,
}

impl HiddenCount {
    /// Counts one.
    pub const fn count(&mut self, how: Hidden) {
        match how {
            Hidden::Superseded => self.superseded = self.superseded.saturating_add(1),
            Hidden::Retracted => self.retracted = self.retracted.saturating_add(1),
        }
    }

    /// Adds another count.
    pub const fn add(&mut self, other: Self) {
        self.superseded = self.superseded.saturating_add(other.superseded);
        self.retracted = self.retracted.saturating_add(other.retracted);
    }
}

/// One result of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// As in a list.
    #[serde(flatten)]
    pub line: EntryLine,
    /// How well it fits, against the others.
    pub score: f64,
    /// A piece of its text, safe to print.
    pub snippet: String,
}

/// The results of a search, the best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchPage {
    /// The results.
    pub hits: Vec<SearchHit>,
    /// How many there are.
    pub total: u64,
    /// How many more were left out.
    pub hidden: HiddenCount,
    /// From when age was counted, RFC 3339.
    pub now: String,
    /// Entries that the index has not looked at yet.
    pub behind_entries: u64,
}

/// One entry with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryPage {
    /// As in a list.
    #[serde(flatten)]
    pub line: EntryLine,
    /// The publication as it was written, if it is held and readable.
    pub publication: Option<Value>,
    /// Whether the signature was checked again and holds.
    pub signature_valid: bool,
    /// The log it stands in, hex.
    pub log: String,
    /// Its kind number.
    pub kind_number: u32,
    /// Bytes of the payload, salt included.
    pub payload_len: u32,
    /// What became of it.
    #[serde(default)]
    pub outcome: Option<OutcomeShape>,
    /// Its files, and where they are.
    #[serde(default)]
    pub files: Vec<FileShape>,
}

/// One page of the list, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<EntryLine>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// How many were left out on the way.
    #[serde(default)]
    pub hidden: HiddenCount,
    /// Entries that were not looked at: one of them may supersede or retract what is listed.
    #[serde(default)]
    pub behind_entries: u64,
}

/// One publication to be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishItem {
    /// The publication.
    pub publication: Value,
    /// CLEAR or GREEN; GREEN where none is given.
    pub marking: Option<String>,
}

/// Publications to be published one after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishRequest {
    /// At most what fits the body.
    pub items: Vec<PublishItem>,
}

/// Publications that are to be published one after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Length of the payload of each: the publication's JSON and 16 bytes.
    pub payloads: Vec<u64>,
}

/// When they may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishPlan {
    /// So many of them, from the first on, may go now.
    pub fits: u64,
    /// When the first of the others may go, RFC 3339; none if all may go now.
    pub next: Option<String>,
    /// When the last of them may go, RFC 3339; none if all may go now.
    pub last: Option<String>,
    /// The rule, in words.
    pub rule: String,
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishAnswer {
    /// In the order of the request.
    pub entries: Vec<EntryLine>,
}

/// What a file is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// SHA-256 of its publication without `created`, hex.
    pub content: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Language tag.
    pub language: Option<String>,
    /// Its title.
    pub title: String,
}

/// Files that may have been published before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedQuery {
    /// At most what fits the body.
    pub sources: Vec<Source>,
}

/// What was published before of one file, of what was not replaced or retracted since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedMatch {
    /// The newest entry with the same content, hex.
    pub unchanged: Option<String>,
    /// The newest entry of the same type, language and title, hex.
    pub earlier: Option<String>,
}

/// What was published before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedAnswer {
    /// One for each source, in order.
    pub matches: Vec<PublishedMatch>,
}

/// An organisation of the alliance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its id, hex.
    pub org: String,
    /// Its name.
    pub name: String,
    /// Its domain name, or none.
    pub domain: Option<String>,
    /// firm, provisional, suspended, removed.
    pub state: String,
    /// Its nodes, PeerIds.
    pub nodes: Vec<String>,
    /// Time of the Admit, the Invite or charter 0.
    pub admitted_at: Option<String>,
    /// Who proposed it, hex; the organisation itself for the founder.
    pub by: Option<String>,
    /// Whether it votes.
    pub voter: bool,
}

/// A node of another organisation, as it is seen from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// PeerId.
    pub node: String,
    /// Its organisation, hex.
    pub org: String,
    /// What the organisation calls itself.
    pub org_name: String,
    /// Whether a connection is up.
    pub connected: bool,
    /// Entries that it holds and this node does not, as far as is known.
    pub behind_entries: u64,
    /// When both were last compared and equal, RFC 3339.
    pub last_sync: Option<String>,
    /// What it said or did last, if that was trouble.
    pub trouble: Option<String>,
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The peer that it is about, a PeerId.
    pub peer: Option<String>,
    /// What it is.
    pub cause: String,
    /// Entries that are missing because of it.
    pub behind_entries: Option<u64>,
    /// What to do.
    pub advice: String,
}

/// What the charter grants each organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Entries a day; 0 is no limit.
    pub entries_per_day: u32,
    /// Bytes a day; 0 is no limit.
    pub bytes_per_day: u64,
    /// Entries that this organisation may publish now; none where there is no limit.
    pub entries_left: Option<u64>,
    /// Bytes that this organisation may publish now; none where there is no limit.
    pub bytes_left: Option<u64>,
    /// Entries of others that come later because their organisation is over its quota: no fault of any node.
    pub waiting: Vec<QuotaWait>,
}

/// Entries of one organisation that come later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaWait {
    /// The organisation, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// How many entries wait, as far as peers show them.
    pub entries: u64,
    /// When the next of them is taken, RFC 3339.
    pub until: String,
    /// What it is.
    pub cause: String,
    /// What to do.
    pub advice: String,
}

/// How the node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The alliance, hex.
    pub alliance: String,
    /// What it is called, where its charter is held.
    pub alliance_name: Option<String>,
    /// Epoch of the adopted charter.
    pub epoch: Option<u32>,
    /// This organisation, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// Its seat: firm, provisional, suspended, removed, none.
    pub seat: String,
    /// This node, a PeerId.
    pub node: String,
    /// The program's version.
    pub version: String,
    /// Good entries held.
    pub entries: u64,
    /// Of these, own publications and others' alike, without entries of protocol kinds.
    pub publications: u64,
    /// Organisations with a seat.
    pub members: u64,
    /// How far it is with what it lacks; none while it lacks nothing that it knows of.
    pub catching_up: Option<crate::catch_up::CatchUp>,
    /// How far the search index is.
    #[serde(default)]
    pub index: IndexStatus,
    /// The frontier digest, hex.
    pub digest: String,
    /// One hash over everything that must converge, hex.
    pub state_root: String,
    /// Whether there is no problem.
    pub healthy: bool,
    /// What is wrong, the gravest first.
    pub problems: Vec<Trouble>,
    /// What may be published a day, and what waits because of that.
    pub quota: Quota,
    /// Attached files: what is here, what is wanted.
    #[serde(default)]
    pub attachments: AttachmentStatus,
    /// Nodes of others.
    pub peers: Vec<Peer>,
    /// Where it listens, multiaddrs.
    pub listening: Vec<String>,
    /// Where others reach it, multiaddrs without the peer id.
    pub addresses: Vec<String>,
    /// Where health and status are served over HTTP.
    pub http: Option<String>,
    /// Since when it runs, RFC 3339.
    pub running_since: String,
}

/// Everything that governs, as bytes, for tools that judge for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentsPage {
    /// The alliance, hex.
    pub alliance: String,
    /// From where epochs count, hex.
    pub checkpoint: String,
    /// All of them.
    pub documents: crate::govern::wire::WireBatch,
}
