//! What is kept of a publication so that it can be shown on the page of a model without being read again.
//!
//! A card is made from the publication alone, stands in the index beside it, and leaves the index with it.

use lyceum_protocol::hash::{EntryId, sha256};
use lyceum_protocol::publication::evaluation::{EvaluationResult, Relationship, UNKNOWN, names};
use lyceum_protocol::publication::{
    Content, Detail, Evaluation, Finding, Json, Model, Publication, Rel, Release, Review, Risk,
};
use serde::{Deserialize, Serialize};

/// Longest text of a card that is for people alone, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// Most texts of one list that is for people alone.
const TEXTS_MAX: usize = 32;
/// Most results of one evaluation: its bytes hold no more.
const RESULTS_MAX: usize = 4_096;

/// A name of a model, as somebody writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Which revision of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Digest of its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Who serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

impl From<&Model> for Named {
    fn from(model: &Model) -> Self {
        let Model { name, revision, digest, provider } = model.clone();
        Self { name, revision, digest, provider }
    }
}

/// One result with a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The task.
    #[serde(rename = "t")]
    pub task: String,
    /// The metric: its id, else its name.
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub metric: String,
    /// Filter, scorer or detector: what tells it from others of the same name.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Whether a lower score is better.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub lower_is_better: bool,
    /// Unit.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The number as it was published.
    #[serde(rename = "s")]
    pub score: String,
    /// Standard error.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// Samples that were scored.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Examples in the prompt.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<String>,
    /// Version of the task.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub task_version: Option<String>,
}

/// One result without a comparable number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoScore {
    /// The task.
    pub task: String,
    /// The metric, if one is named.
    pub metric: Option<String>,
    /// Filter, scorer or detector.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What stood there.
    pub raw: String,
    /// Why it is no score.
    pub reason: String,
    /// Unit.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Standard error.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub standard_error: Option<f64>,
    /// Samples.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
}

/// What an evaluation holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// SHA-256 over the record, hex.
    pub hash: String,
    /// What ran it, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harness: Option<String>,
    /// Revision of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The model that was measured, under each of its names, where the publication is about others too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<Named>,
    /// How the source says that it stands to the model; none where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship: Option<String>,
    /// Results with a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Measure>,
    /// Results without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unscored: Vec<NoScore>,
}

/// What a release makes available.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Where it is to be had.
    pub place: Option<String>,
    /// How many files it lists.
    pub files: usize,
    /// Bytes of them all.
    pub bytes: u64,
}

/// What the page of a model needs of a publication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Its type.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// The models that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Named>,
    /// Names of one model, where it says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Named>,
    /// What it supersedes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// Risks that it mitigates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mitigates: Vec<String>,
    /// Codes of taxonomies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxonomies: Vec<String>,
    /// Nature of a finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nature: Option<String>,
    /// How bad a risk or an incident is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// How likely a risk is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<String>,
    /// How far a risk or a mitigation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Who or what is affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<String>,
    /// When an incident happened, or when a call ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Verdict of a review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// What a review is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How its author stands to what it responds to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// Why it takes something back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Hash of what was imported, hex: equal for what is the same finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whether the model was a stand-in and nothing was measured.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stub: bool,
    /// Its scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
    /// What it releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Released>,
}

impl Card {
    /// The card of a publication; `joined` are the names that it says mean one model.
    pub fn of(publication: &Publication, joined: &[Model]) -> Self {
        let targets = |rel: &Rel| {
            let links = publication.links.iter().filter(|link| link.rel == *rel);
            links.filter_map(|link| link.entry()).map(|id| id.to_string()).collect()
        };
        let mut card = Self {
            kind: publication.kind.name().to_owned(),
            title: publication.title.clone(),
            models: publication.all_models().iter().map(Named::from).collect(),
            joined: joined.iter().map(Named::from).collect(),
            supersedes: targets(&Rel::Supersedes),
            mitigates: targets(&Rel::Mitigates),
            content: publication.import.as_ref().map(|import| hex(&import.content)),
            stub: publication.import.as_ref().is_some_and(|import| import.stub),
            ..Self::default()
        };
        match &publication.content {
            Content::Finding(finding) => {
                card.taxonomies = texts(&publication.taxonomies);
                card.finding(finding, publication);
            }
            Content::Review(review) => card.review(review, publication),
            Content::Release(release) => card.release = Some(released(release, publication)),
            Content::Call(call) => card.date.clone_from(&call.ends),
            Content::Notice(notice) => {
                card.response = notice.response.map(|response| response.name().to_owned());
                card.reason = notice.reason.as_deref().map(short);
            }
            Content::Note | Content::Resource(_) | Content::Other => {}
        }
        card
    }

    fn finding(&mut self, finding: &Finding, publication: &Publication) {
        self.nature = Some(short(&finding.nature));
        self.severity = finding.severity().map(|severity| severity.name().to_owned());
        match &finding.detail {
            Detail::Evaluation(evaluation) => self.scores = Some(scores(evaluation, publication)),
            Detail::Risk(Risk { likelihood, affected, status, .. }) => {
                self.likelihood = likelihood.map(|likelihood| likelihood.name().to_owned());
                self.status = Some(status.name().to_owned());
                self.affected = texts(affected);
            }
            Detail::Incident(incident) => {
                self.date.clone_from(&incident.date);
                self.affected = texts(&incident.affected);
            }
            Detail::Mitigation(mitigation) => {
                self.status = mitigation.status.map(|status| status.name().to_owned());
            }
            Detail::Capability | Detail::Other => {}
        }
    }

    fn review(&mut self, review: &Review, publication: &Publication) {
        self.verdict = Some(review.verdict.name().to_owned());
        self.target = Some(review.target.to_string());
        self.scores = review.evaluation.as_ref().map(|evaluation| scores(evaluation, publication));
    }

    /// As it stands in the index.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts and finite numbers: there is nothing in it that JSON cannot say.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads one back; none where the bytes are no card.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// What it supersedes, as ids.
    pub fn earlier(&self) -> impl Iterator<Item = EntryId> + '_ {
        self.supersedes.iter().filter_map(|id| id.parse().ok())
    }
}

fn hex(hash: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(hash)
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

fn texts(texts: &[String]) -> Vec<String> {
    texts.iter().take(TEXTS_MAX).map(|text| short(text)).collect()
}

fn released(release: &Release, publication: &Publication) -> Released {
    Released {
        name: release.name.clone(),
        version: release.version.as_deref().map(short),
        license: publication.license.as_deref().map(short),
        place: release.place.as_deref().map(short),
        files: release.files.len(),
        bytes: release.files.iter().fold(0, |sum, file| sum.saturating_add(file.size)),
    }
}

fn scores(evaluation: &Evaluation, publication: &Publication) -> Scores {
    let record = &evaluation.record;
    let measured: Vec<Named> = publication.measured_models().iter().map(Named::from).collect();
    let said = |text: &str| Some(short(text)).filter(|text| !text.is_empty() && text != UNKNOWN);
    let harness = said(&record.library.name).map(|name| match said(&record.library.version) {
        Some(version) => format!("{name} {version}"),
        None => name,
    });
    // As the one that pages of entries compare.
    let whole = match publication.json() {
        Json::Object(fields) => fields.get("evaluation").map(|json| sha256(&[&json.to_bytes()])),
        _ => None,
    };
    let written = field(record.json(), "evaluation_results");
    let written = match written {
        Some(Json::List(results)) => results.as_slice(),
        _ => &[],
    };
    let both = record.results.iter().zip(written).take(RESULTS_MAX);
    Scores {
        hash: whole.as_ref().map(hex).unwrap_or_default(),
        harness,
        revision: record.model.details.get(names::REVISION).and_then(|text| said(text)),
        of: if measured.len() < publication.all_models().len() { measured } else { Vec::new() },
        relationship: match record.source.relationship {
            Relationship::Other => None,
            said => Some(said.name().to_owned()),
        },
        results: both.map(|(result, written)| measure(result, written)).collect(),
        unscored: evaluation.unscored.iter().take(RESULTS_MAX).map(no_score).collect(),
    }
}

fn field<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    match json {
        Json::Object(fields) => fields.get(name),
        _ => None,
    }
}

fn measure(result: &EvaluationResult, written: &Json) -> Measure {
    let number = field(written, "score_details").and_then(|details| field(details, "score"));
    let number = match number {
        Some(Json::Number(number)) => number.to_string(),
        _ => result.score.to_string(),
    };
    let said = |text: Option<&str>| text.filter(|text| !text.is_empty() && *text != UNKNOWN).map(short);
    let metric = result.metric.id.as_deref().or(result.metric.name.as_deref());
    Measure {
        task: short(&result.task),
        metric: metric.map(short).unwrap_or_default(),
        filter: said(result.metric.variant()),
        lower_is_better: result.metric.lower_is_better,
        unit: said(result.metric.unit.as_deref()),
        score: result.source_text().map_or(number, short),
        standard_error: result.uncertainty.standard_error.filter(|error| error.is_finite()),
        n: result.uncertainty.n,
        shots: said(result.setting.get(names::SHOTS)),
        task_version: said(result.dataset.details.get(names::TASK_VERSION).map(String::as_str)),
    }
}

fn no_score(unscored: &lyceum_protocol::publication::Unscored) -> NoScore {
    NoScore {
        task: short(&unscored.task),
        metric: unscored.metric.as_deref().map(short),
        filter: unscored.filter.as_deref().map(short),
        raw: short(&unscored.raw),
        reason: short(&unscored.reason),
        unit: unscored.unit.as_deref().map(short),
        standard_error: unscored.standard_error,
        n: unscored.n,
    }
}
