//! Results of one model as the Hugging Face hub takes them: files in `.eval_results`, and `model-index` in a card.
//!
//! Both hold numbers alone: what is no score is left out and counted. Neither has a field for what became of a finding,
//! so that it stands in the notes of the one and in the name of the metric in the other.

pub mod eval_results;
pub mod model_index;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use lyceum_protocol::publication::Json;
use lyceum_protocol::publication::evaluation::{DatasetSource, EvaluationResult, Record, names};

use super::{Item, fate};
use crate::time::rfc3339;

/// A text for the hub, and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Values in it.
    pub values: usize,
    /// Values that are not in it, by the reason.
    pub left_out: BTreeMap<&'static str, usize>,
    /// Values of a task that another value is of, too.
    pub doubled: usize,
}

impl Written {
    fn leave_out(&mut self, reason: &'static str, count: usize) {
        if count > 0 {
            let counted = self.left_out.entry(reason).or_default();
            *counted = counted.saturating_add(count);
        }
    }
}

/// One score, and where it comes from.
struct Value<'a> {
    item: &'a Item,
    record: &'a Record,
    result: &'a EvaluationResult,
    at: usize,
}

/// The scores of publications in their order; what is none is counted.
fn values<'a>(items: &'a [Item], written: &mut Written) -> Vec<Value<'a>> {
    let mut values = Vec::new();
    for item in items {
        let Some(evaluation) = item.publication.evaluation() else { continue };
        let record = &evaluation.record;
        written.leave_out("no score", evaluation.unscored.len());
        if item.is_dry_run() {
            written.leave_out("of a dry run, which is no evidence", record.results.len());
            continue;
        }
        values.extend(record.results.iter().enumerate().map(|(at, result)| Value { item, record, result, at }));
    }
    values
}

impl Value<'_> {
    /// A detail of the score that only the record's JSON has.
    fn detail(&self, name: &str) -> Option<&str> {
        let Json::Object(record) = self.record.json() else { return None };
        let Json::List(results) = record.get("evaluation_results")? else { return None };
        let mut value = results.get(self.at)?;
        for name in ["score_details", "details", name] {
            let Json::Object(fields) = value else { return None };
            value = fields.get(name)?;
        }
        match value {
            Json::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// Address and name of where the number was taken from. Without an address the hub takes no name.
    fn source(&self) -> Option<(&str, Option<&str>)> {
        let url = self.detail("source_url").or(self.record.source.organization_url.as_deref());
        let is_url = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        let name = self.detail("source_name").or(self.record.source.name.as_deref());
        Some((url.filter(is_url)?, name))
    }

    /// The data set on the hub, `owner/name`.
    fn repository(&self) -> Option<&str> {
        let DatasetSource::Hub { repo, .. } = &self.result.dataset.source else { return None };
        let repo = repo.as_deref()?;
        let (owner, name) = repo.split_once('/')?;
        let safe = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        (safe(owner) && safe(name)).then_some(repo)
    }

    fn of_dataset(&self, name: &str) -> Option<&str> {
        self.result.dataset.details.get(name).map(String::as_str).filter(|said| !said.trim().is_empty())
    }

    /// Metric, and what tells it from others of the same name.
    fn metric(&self) -> String {
        let metric = &self.result.metric;
        let label = metric.label().unwrap_or("unknown");
        let filter = metric.details.get(names::FILTER).map(String::as_str).or(metric.variant());
        filter.map_or_else(|| label.to_owned(), |filter| format!("{label} ({filter})"))
    }

    /// When it was measured, in ISO 8601; none where the source writes it in another way.
    fn date(&self) -> Option<String> {
        let said = self.result.timestamp.as_deref().or(self.record.evaluation_timestamp.as_deref())?.trim();
        if said.bytes().all(|digit| digit.is_ascii_digit()) && said.len() >= 9 {
            return said.parse::<u64>().ok().map(|seconds| rfc3339(seconds.saturating_mul(1_000)));
        }
        let known =
            said.parse::<Timestamp>().is_ok() || said.parse::<Date>().is_ok() || said.parse::<DateTime>().is_ok();
        known.then(|| said.to_owned())
    }

    /// Who published it where.
    fn origin(&self) -> String {
        format!("published by {} in Lyceum, entry {}", fate::one_line(&self.item.org_name()), self.item.line.id)
    }
}
