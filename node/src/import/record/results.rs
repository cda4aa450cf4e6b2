//! From what a file says to the fields of a record.

use std::collections::BTreeMap;

use lyceum_protocol::publication::evaluation::{
    self, DatasetSource, EvaluationResult, Interval, Library, Metric, ModelInfo, RecordFields, Relationship, ScoreType,
    Setting, Source, SourceType, UNKNOWN, names,
};

use crate::import::found::{Details, Evaluation, Found, Row, Uncertainty};
use crate::import::metric;
use crate::import::number::Number;

/// A record without its results.
pub(super) fn head(evaluation: &Evaluation, found: &Found, retrieved: u64) -> RecordFields {
    let said = |text: &str| Some(text).filter(|text| !text.is_empty()).unwrap_or(UNKNOWN).to_owned();
    let relationship = evaluation.relationship.as_deref().and_then(Relationship::of);
    let library = found.tool.as_ref();
    RecordFields {
        // Replaced by one that is made of the content.
        evaluation_id: UNKNOWN.to_owned(),
        evaluation_timestamp: evaluation.time.clone(),
        retrieved_timestamp: retrieved.to_string(),
        source: Source {
            name: Some(said(&evaluation.source)),
            source_type: if evaluation.from_document { SourceType::Documentation } else { SourceType::EvaluationRun },
            organization: evaluation.organisation.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
            organization_url: evaluation.organisation_url.clone(),
            relationship: relationship.unwrap_or(Relationship::Other),
            details: texts(&evaluation.source_details),
        },
        library: Library {
            name: library.map_or_else(|| UNKNOWN.to_owned(), |tool| tool.name.clone()),
            version: library.and_then(|tool| tool.version.clone()).unwrap_or_else(|| UNKNOWN.to_owned()),
            details: BTreeMap::new(),
        },
        model: model(evaluation),
        results: Vec::new(),
    }
}

fn texts(details: &Details) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (name, value) in details {
        // Two of one name are both kept.
        let is_free = |name: &String| texts.get(name).is_none_or(|known| known == value);
        let free = (2_u32..).map(|n| format!("{name} ({n})"));
        let name = std::iter::once(name.clone()).chain(free).find(is_free);
        texts.extend(name.map(|name| (name, value.clone())));
    }
    texts
}

fn model(evaluation: &Evaluation) -> ModelInfo {
    let model = &evaluation.model;
    let mut details = texts(&model.details);
    for (name, value) in [(names::REVISION, &model.revision), ("digest", &model.digest)] {
        if let Some(value) = value {
            details.insert(name.to_owned(), value.clone());
        }
    }
    let mut one_of = |name: &str, words: [&str; 2]| {
        let said = details.remove(name).filter(|said| words.contains(&said.as_str()));
        said.unwrap_or_else(|| UNKNOWN.to_owned())
    };
    let deployment = one_of("deployment_type", ["self_deployed", "externally_managed"]);
    let availability = one_of("model_availability", ["open_weights", "closed_weights"]);
    ModelInfo {
        developer: model.developer.clone(),
        platform: model.provider.clone(),
        deployment,
        availability,
        details,
        ..ModelInfo::named(model.name.as_str())
    }
}

/// One result.
pub(super) fn result(row: &Row, number: &Number, lower_is_better: bool) -> EvaluationResult {
    let table = metric::known(&row.metric).and_then(|known| known.unit);
    let unit = if number.percent { Some("percent") } else { row.unit.or(table) };
    let range = row.range.filter(|(low, high)| low.is_finite() && high.is_finite());
    EvaluationResult {
        id: None,
        task: row.task.clone(),
        dataset: dataset(row),
        timestamp: row.time.clone(),
        metric: Metric {
            id: None,
            name: Some(row.metric.clone()),
            unit: unit.map(str::to_owned),
            score_type: range.map(|_| ScoreType::Continuous),
            min: range.map(|(low, _)| low),
            max: range.map(|(_, high)| high),
            details: texts(&row.metric_details),
            ..Metric::new("", lower_is_better)
        },
        score: number.value,
        raw: Some(number.raw.clone()),
        details: texts(&row.details),
        uncertainty: uncertainty(&row.uncertainty),
        setting: Setting(texts(&row.settings)),
    }
}

fn dataset(row: &Row) -> evaluation::Dataset {
    let dataset = &row.dataset;
    let mut details = texts(&dataset.details);
    let source = match (&dataset.hub, dataset.urls.is_empty()) {
        (Some(hub), _) => DatasetSource::Hub { repo: Some(hub.clone()), split: dataset.split.clone() },
        (None, false) => DatasetSource::Url(dataset.urls.clone()),
        (None, true) => DatasetSource::Other,
    };
    let is_hub = dataset.hub.is_some();
    if !is_hub {
        details.extend(dataset.split.clone().map(|split| ("split".to_owned(), split)));
    }
    if source == DatasetSource::Other {
        details.extend(dataset.samples.map(|samples| ("samples".to_owned(), samples.to_string())));
    }
    evaluation::Dataset {
        name: if dataset.name.is_empty() { UNKNOWN.to_owned() } else { dataset.name.clone() },
        source,
        size: dataset.samples.filter(|_| is_hub),
        details,
    }
}

/// What is not finite is not said.
fn uncertainty(given: &Uncertainty) -> evaluation::Uncertainty {
    let error = given.standard_error.clone().filter(|(value, _)| value.is_finite());
    let interval = given.interval.clone().filter(|(low, high, ..)| low.is_finite() && high.is_finite());
    evaluation::Uncertainty {
        standard_error: error.as_ref().map(|(value, _)| *value),
        standard_error_method: error.and_then(|(_, method)| method),
        interval: interval.map(|(lower, upper, level, method)| Interval {
            lower,
            upper,
            level: level.filter(|level| (0.0..=1.0).contains(level)),
            method,
        }),
        deviation: given.deviation.filter(|deviation| deviation.is_finite()),
        n: given.n,
    }
}
