//! Results of an evaluation that are not comparable numbers: without a finite value, or without a known direction.

use serde_json::Number;

use super::fields::Fields;
use super::{Json, PublicationFault};

/// One such result, as it stood in its file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unscored {
    /// The task.
    pub task: String,
    /// The metric, if the file names one.
    pub metric: Option<String>,
    /// What tells it from others of the same metric: filter, scorer or detector.
    pub filter: Option<String>,
    /// What stood there; may be empty.
    pub raw: String,
    /// Why it is no score.
    pub reason: String,
    /// Unit of the value.
    pub unit: Option<String>,
    /// Standard error of the value.
    pub standard_error: Option<f64>,
    /// Samples that it was taken from.
    pub n: Option<u64>,
}

impl Unscored {
    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        Ok(Self {
            task: fields.required("task")?,
            metric: fields.text("metric")?,
            filter: fields.text("filter")?,
            raw: fields.text("raw")?.ok_or_else(|| fields.fault("raw", "is missing"))?,
            reason: fields.required("reason")?,
            unit: fields.text("unit")?,
            standard_error: fields.number("standard_error")?,
            n: fields.count("n")?,
        })
    }

    /// As it stands in a publication.
    pub fn to_json(&self) -> Json {
        let fields = [
            ("task", Some(&self.task)),
            ("metric", self.metric.as_ref()),
            ("filter", self.filter.as_ref()),
            ("raw", Some(&self.raw)),
            ("reason", Some(&self.reason)),
            ("unit", self.unit.as_ref()),
        ];
        let said = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.as_str().into())));
        let error = self.standard_error.and_then(Number::from_f64).map(|error| ("standard_error", error));
        let numbers = error.into_iter().chain(self.n.map(|n| ("n", n.into())));
        Json::Object(said.chain(numbers.map(|(key, number)| (key.to_owned(), Json::Number(number)))).collect())
    }
}
