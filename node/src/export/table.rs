//! The table of all results: one row for each value of each evaluation, also for those that are no scores.

use lyceum_protocol::publication::evaluation::{DatasetSource, EvaluationResult, Record, UNKNOWN, names};
use lyceum_protocol::publication::{Rel, Unscored};

use super::{Item, fate};
use crate::time;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Doubles.
    Number,
    /// Whole numbers from 0 on.
    Count,
    /// True or false.
    Flag,
    /// Moments, Unix milliseconds.
    Time,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not known.
    Empty,
    /// A text.
    Text(String),
    /// A double.
    Number(f64),
    /// A whole number.
    Count(u64),
    /// True or false.
    Flag(bool),
    /// Unix milliseconds.
    Time(i64),
}

const WIDTH: usize = 53;

/// A row, its cells in the order of [`COLUMNS`].
pub type Row = [Cell; WIDTH];

/// Name and kind of each column. Names stay; new columns come at the end.
pub const COLUMNS: [(&str, Kind); WIDTH] = [
    ("id", Kind::Text),
    ("org", Kind::Text),
    ("org_name", Kind::Text),
    ("time", Kind::Time),
    ("marking", Kind::Text),
    ("standing", Kind::Text),
    ("type", Kind::Text),
    ("title", Kind::Text),
    ("version", Kind::Count),
    ("status", Kind::Text),
    ("superseded_by", Kind::Text),
    ("newest", Kind::Text),
    ("retracted", Kind::Time),
    ("retracted_reason", Kind::Text),
    ("newest_retracted", Kind::Time),
    ("disputes", Kind::Count),
    ("replications", Kind::Count),
    ("model", Kind::Text),
    ("model_id", Kind::Text),
    ("model_revision", Kind::Text),
    ("model_digest", Kind::Text),
    ("model_provider", Kind::Text),
    ("model_developer", Kind::Text),
    ("model_precision", Kind::Text),
    ("task", Kind::Text),
    ("task_version", Kind::Text),
    ("dataset", Kind::Text),
    ("dataset_repo", Kind::Text),
    ("dataset_config", Kind::Text),
    ("dataset_split", Kind::Text),
    ("dataset_revision", Kind::Text),
    ("metric", Kind::Text),
    ("filter", Kind::Text),
    ("unit", Kind::Text),
    ("lower_is_better", Kind::Flag),
    ("min_score", Kind::Number),
    ("max_score", Kind::Number),
    ("score", Kind::Number),
    ("score_raw", Kind::Text),
    ("not_scored", Kind::Text),
    ("standard_error", Kind::Number),
    ("ci_lower", Kind::Number),
    ("ci_upper", Kind::Number),
    ("ci_level", Kind::Number),
    ("n", Kind::Count),
    ("shots", Kind::Text),
    ("chat_template", Kind::Text),
    ("harness", Kind::Text),
    ("harness_version", Kind::Text),
    ("evaluator", Kind::Text),
    ("evaluator_relationship", Kind::Text),
    ("evaluated", Kind::Text),
    ("dry_run", Kind::Flag),
];

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// A text that says something: neither blank nor the schema's word for what is missing.
fn known(said: &str) -> Cell {
    if said.trim().is_empty() || said == UNKNOWN { Cell::Empty } else { text(said) }
}

fn some<T: AsRef<str>>(said: Option<T>) -> Cell {
    said.map_or(Cell::Empty, |said| known(said.as_ref()))
}

fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::Number)
}

fn moment(rfc3339: &str) -> Cell {
    let read = time::parse(rfc3339, 0).ok().and_then(|time| i64::try_from(time).ok());
    read.map_or(Cell::Empty, Cell::Time)
}

/// The rows of one publication: those of its record, then those that are no scores. None where it has no evaluation.
pub fn rows(item: &Item) -> Vec<Row> {
    let Some(evaluation) = item.publication.evaluation() else { return Vec::new() };
    let record = &evaluation.record;
    let scored = record.results.iter().map(|result| row(item, record, &Value::Scored(result)));
    let others = evaluation.unscored.iter().map(|unscored| row(item, record, &Value::Unscored(unscored)));
    scored.chain(others).collect()
}

enum Value<'a> {
    Scored(&'a EvaluationResult),
    Unscored(&'a Unscored),
}

fn row(item: &Item, record: &Record, value: &Value<'_>) -> Row {
    let (line, outcome) = (&item.line, &item.outcome);
    let measured = item.publication.measured_models();
    let model = measured.first();
    let (result, unscored) = match value {
        Value::Scored(result) => (Some(*result), None),
        Value::Unscored(unscored) => (None, Some(*unscored)),
    };
    let retraction = outcome.retracted.as_ref();
    let newest_retracted = outcome.newest_retracted.as_ref();
    let dataset = result.map(|result| &result.dataset);
    let of_dataset = |name: &str| dataset.and_then(|dataset| dataset.details.get(name));
    let (repo, split) = match dataset.map(|dataset| &dataset.source) {
        Some(DatasetSource::Hub { repo, split }) => (repo.as_ref(), split.as_ref()),
        Some(DatasetSource::Url(_) | DatasetSource::Other) | None => (None, of_dataset("split")),
    };
    let metric = result.map(|result| &result.metric);
    let uncertainty = result.map(|result| result.uncertainty.clone()).unwrap_or_default();
    let of_model = |name: &str| record.model.details.get(name);
    let evaluated = result.and_then(|result| result.timestamp.as_ref()).or(record.evaluation_timestamp.as_ref());
    [
        text(line.id.as_str()),
        text(line.org.as_str()),
        text(line.org_name.as_str()),
        moment(&line.time),
        text(line.marking.as_str()),
        text(line.standing.as_str()),
        text(item.publication.kind.name()),
        text(item.publication.title.as_str()),
        Cell::Count(outcome.version),
        text(fate::status(outcome)),
        known(&outcome.superseded_by.join(" ")),
        some(outcome.newest.as_ref()),
        retraction.map_or(Cell::Empty, |retraction| moment(&retraction.time)),
        some(retraction.and_then(|retraction| retraction.reason.as_ref())),
        newest_retracted.map_or(Cell::Empty, |retraction| moment(&retraction.time)),
        Cell::Count(fate::organisations(outcome, &Rel::Disputes)),
        Cell::Count(fate::organisations(outcome, &Rel::Replicates)),
        text(model.map_or(record.model.name.as_str(), |model| model.name.as_str())),
        known(&record.model.id),
        some(model.and_then(|model| model.revision.as_ref()).or(of_model(names::REVISION))),
        some(model.and_then(|model| model.digest.as_ref()).or(of_model("digest"))),
        some(model.and_then(|model| model.provider.as_ref()).or(record.model.platform.as_ref())),
        some(record.model.developer.as_ref()),
        some(of_model(names::PRECISION)),
        text(result.map_or_else(
            || unscored.map_or_else(String::new, |unscored| unscored.task.clone()),
            |result| result.task.clone(),
        )),
        some(of_dataset(names::TASK_VERSION)),
        some(dataset.map(|dataset| &dataset.name)),
        some(repo),
        some(of_dataset(names::DATASET_CONFIG)),
        some(split),
        some(of_dataset(names::DATASET_REVISION)),
        some(metric.and_then(|metric| metric.label()).or(unscored.and_then(|unscored| unscored.metric.as_deref()))),
        some(
            metric
                .and_then(|metric| metric.details.get(names::FILTER).map(String::as_str).or(metric.variant()))
                .or(unscored.and_then(|unscored| unscored.filter.as_deref())),
        ),
        some(metric.and_then(|metric| metric.unit.as_ref()).or(unscored.and_then(|unscored| unscored.unit.as_ref()))),
        metric.map_or(Cell::Empty, |metric| Cell::Flag(metric.lower_is_better)),
        number(metric.and_then(|metric| metric.min)),
        number(metric.and_then(|metric| metric.max)),
        number(result.map(|result| result.score)),
        // Also an empty text is what stood there.
        unscored
            .map(|unscored| unscored.raw.clone())
            .or(result.and_then(|it| it.raw.clone()))
            .map_or(Cell::Empty, text),
        some(unscored.map(|unscored| &unscored.reason)),
        number(uncertainty.standard_error.or(unscored.and_then(|unscored| unscored.standard_error))),
        number(uncertainty.interval.as_ref().map(|interval| interval.lower)),
        number(uncertainty.interval.as_ref().map(|interval| interval.upper)),
        number(uncertainty.interval.and_then(|interval| interval.level)),
        uncertainty.n.or(unscored.and_then(|unscored| unscored.n)).map_or(Cell::Empty, Cell::Count),
        some(result.and_then(|result| result.setting.get(names::SHOTS))),
        some(result.and_then(|result| result.setting.get(names::CHAT_TEMPLATE))),
        known(&record.library.name),
        known(&record.library.version),
        known(&record.source.organization),
        text(record.source.relationship.name()),
        some(evaluated),
        Cell::Flag(item.is_dry_run()),
    ]
}
