//! What is said about a model, field by field: the names that scripts rely on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::card::Named;
use crate::views::Hidden;

/// An organisation that says something, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The organisation, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// The newest entry in which it says so, hex.
    pub id: String,
    /// Number of the version that it was said of, where the evaluation has changed since.
    pub of_version: Option<u64>,
}

/// A replication that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCounted {
    /// Whose it is.
    #[serde(flatten)]
    pub who: Who,
    /// Why: `own`, `vendor`, `copy`, `other_model` or `other_task`.
    pub reason: String,
}

/// An organisation that says that names mean one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// The notice, hex.
    pub id: String,
    /// The organisation, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// When, by its claim, RFC 3339.
    pub time: String,
    /// Who disputes it.
    pub disputed_by: Vec<Who>,
    /// Whether it is superseded or retracted.
    pub hidden: Option<Hidden>,
}

/// A name of the model: the first is the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The name: an exact name, a revision or a digest.
    pub name: String,
    /// Only this revision of it.
    pub revision: Option<String>,
    /// Only with this digest.
    pub digest: Option<String>,
    /// Only as this provider serves it.
    pub provider: Option<String>,
    /// Whether what is known under this name is here.
    pub joined: bool,
    /// Who says that it means the same model; nobody for the name that was asked for.
    pub said: Vec<Joining>,
    /// How many publications use it.
    pub publications: u64,
    /// How they write it.
    pub written: Vec<Named>,
}

/// An organisation that made the model available.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vendor {
    /// The organisation, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
}

/// What all publications have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The entry, hex.
    pub id: String,
    /// The organisation of its author, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// Its title.
    pub title: String,
    /// The author's claim, RFC 3339.
    pub time: String,
    /// Organisations that dispute it.
    pub disputed_by: Vec<Who>,
    /// Whether it is superseded or retracted.
    pub hidden: Option<Hidden>,
}

/// How an organisation stands to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// It made the model available.
    First,
    /// It did not.
    Third,
    /// Nobody released the model here: the vendor is not known.
    VendorUnknown,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The entry, hex.
    pub id: String,
    /// The organisation that published it, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// How it stands to the model.
    pub party: Party,
    /// The number, as it was published.
    pub score: String,
    /// Standard error.
    pub standard_error: Option<f64>,
    /// Samples that were scored.
    pub n: Option<u64>,
    /// Examples in the prompt.
    pub shots: Option<String>,
    /// Version of the task.
    pub task_version: Option<String>,
    /// What ran it, with its version.
    pub harness: Option<String>,
    /// The model, as it is written there.
    pub model: Option<String>,
    /// Its revision.
    pub revision: Option<String>,
    /// How the source of the number says that it stands to the model: first_party, third_party, collaborative.
    pub relationship: Option<String>,
    /// When it was published, by its author's claim, RFC 3339.
    pub time: String,
    /// Organisations that dispute it.
    pub disputed_by: Vec<Who>,
    /// Organisations that replicated it: not its own, not the vendor, and no copies.
    pub replicated_by: Vec<Who>,
    /// Replications that do not count.
    pub not_counted: Vec<NotCounted>,
    /// How organisations answer to it.
    pub responses: Vec<Answer>,
    /// The earliest entry of another organisation with the same content, hex: this is a copy of it.
    pub copy_of: Option<String>,
    /// What it reviews, hex, if it stands in a review.
    pub review_of: Option<String>,
    /// Whether the model was a stand-in and nothing was measured.
    pub stub: bool,
    /// Whether it is superseded or retracted.
    pub hidden: Option<Hidden>,
}

/// All numbers of one metric of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRow {
    /// The task.
    pub task: String,
    /// The metric.
    pub metric: String,
    /// Its filter, scorer or detector.
    pub filter: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// Whether a lower score is better.
    pub lower_is_better: bool,
    /// First-party numbers first, each organisation's newest first.
    pub scores: Vec<Score>,
    /// How many more there are.
    pub more: u64,
}

/// A result without a comparable number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnscoredRow {
    /// The entry, hex.
    pub id: String,
    /// The organisation that published it, hex.
    pub org: String,
    /// What it calls itself.
    pub org_name: String,
    /// The task.
    pub task: String,
    /// The metric, if one is named.
    pub metric: Option<String>,
    /// Filter, scorer or detector, if one is named.
    pub filter: Option<String>,
    /// What stood there.
    pub raw: String,
    /// Why it is no score.
    pub reason: String,
    /// Unit, if one is named.
    pub unit: Option<String>,
    /// Standard error, if it is known.
    pub standard_error: Option<f64>,
    /// Samples, if it is known how many.
    pub n: Option<u64>,
    /// Whether it is superseded or retracted.
    pub hidden: Option<Hidden>,
}

/// How an organisation stands to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who answers.
    #[serde(flatten)]
    pub who: Who,
    /// affected, not-affected, mitigated or investigating.
    pub response: String,
    /// How it stands to the model.
    pub party: Party,
}

/// A risk or an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskRow {
    /// As all publications.
    #[serde(flatten)]
    pub head: Head,
    /// low, medium, high, critical; none where nobody says.
    pub severity: Option<String>,
    /// How likely a risk is.
    pub likelihood: Option<String>,
    /// Whether a risk is open, mitigated or closed; none for an incident.
    pub status: Option<String>,
    /// Who or what is affected.
    pub affected: Vec<String>,
    /// When an incident happened.
    pub date: Option<String>,
    /// Codes of taxonomies.
    pub taxonomies: Vec<String>,
    /// Organisations that replicated it: not its own, not the vendor, and no copies.
    pub replicated_by: Vec<Who>,
    /// Publications that mitigate it, hex.
    pub mitigated_by: Vec<Who>,
    /// How organisations stand to it.
    pub responses: Vec<Answer>,
}

/// A mitigation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MitigationRow {
    /// As all publications.
    #[serde(flatten)]
    pub head: Head,
    /// proposed, tested or deployed.
    pub status: Option<String>,
    /// Risks that it mitigates, hex.
    pub mitigates: Vec<String>,
}

/// What a model can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityRow {
    /// As all publications.
    #[serde(flatten)]
    pub head: Head,
    /// How many organisations replicated it: not its own, not the vendor, and no copies.
    pub replicated_by: Vec<Who>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRow {
    /// As all publications.
    #[serde(flatten)]
    pub head: Head,
    /// What is released.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Where it is to be had.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// How many files it lists.
    pub files: usize,
    /// Bytes of them all.
    pub bytes: u64,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRow {
    /// As all publications.
    #[serde(flatten)]
    pub head: Head,
    /// replicates, disputes, endorses or comments.
    pub verdict: String,
    /// What it is of, hex.
    pub target: String,
    /// Whether that is superseded or retracted.
    pub target_hidden: Option<Hidden>,
    /// How the reviewer stands to the model.
    pub party: Party,
    /// Whether it holds numbers of its own.
    pub measured: bool,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// As all publications.
    #[serde(flatten)]
    pub head: Head,
    /// Until when it is open.
    pub ends: Option<String>,
}

/// How many were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Superseded ones.
    pub superseded: u64,
    /// Retracted ones.
    pub retracted: u64,
}

/// What the alliance knows about a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The name that was asked for.
    pub model: String,
    /// Names that mean it, and names of which that is disputed.
    pub names: Vec<Name>,
    /// Organisations with a release of it that stands; none where the vendor is not known.
    pub vendor: Vec<Vendor>,
    /// Numbers, by task and metric.
    pub evaluations: Vec<EvaluationRow>,
    /// Results without comparable numbers.
    pub unscored: Vec<UnscoredRow>,
    /// Risks: the open ones first, the worst of them first.
    pub risks: Vec<RiskRow>,
    /// Incidents.
    pub incidents: Vec<RiskRow>,
    /// Mitigations.
    pub mitigations: Vec<MitigationRow>,
    /// Capabilities.
    pub capabilities: Vec<CapabilityRow>,
    /// Releases.
    pub releases: Vec<ReleaseRow>,
    /// Reviews of anything here.
    pub reviews: Vec<ReviewRow>,
    /// Open questions and planned work.
    pub calls: Vec<CallRow>,
    /// What is superseded or retracted and not here.
    pub hidden: LeftOut,
    /// Of which lists how many more there are than are here.
    pub more: BTreeMap<String, u64>,
    /// Entries that the index has not looked at yet.
    pub behind_entries: u64,
}
