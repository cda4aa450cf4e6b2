//! Results of an evaluation that are not comparable numbers: without a finite value, or without a known direction.

use super::fields::Fields;
use super::{Json, PublicationFault};

/// One such result, as it stood in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unscored {
    /// The task.
    pub task: String,
    /// The metric, if the file names one.
    pub metric: Option<String>,
    /// What stood there; may be empty.
    pub raw: String,
    /// Why it is no score.
    pub reason: String,
}

impl Unscored {
    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        Ok(Self {
            task: fields.required("task")?,
            metric: fields.text("metric")?,
            raw: fields.text("raw")?.ok_or_else(|| fields.fault("raw", "is missing"))?,
            reason: fields.required("reason")?,
        })
    }

    /// As it stands in a publication.
    pub fn to_json(&self) -> Json {
        let fields = [
            ("task", Some(&self.task)),
            ("metric", self.metric.as_ref()),
            ("raw", Some(&self.raw)),
            ("reason", Some(&self.reason)),
        ];
        let said = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.as_str().into())));
        Json::Object(said.collect())
    }
}
