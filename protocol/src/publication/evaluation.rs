//! Evaluations: the record of Every Eval Ever, schema 0.3.0, as it stands under `evaluation`.
//!
//! What is read here passes the public JSON schema, and so does everything that is written: [`schema`] holds its rules as
//! tables. Records of the versions 0.2 are lifted ([`lift()`]). The record knows nothing of results without a finite number or
//! without a known direction: those stand beside it (`unscored`).

mod draft;
mod lift;
mod model;
mod result;
mod schema;
mod shape;

use super::fields::Fields;
use super::{Json, PublicationFault};

pub use lift::lift;
pub use model::{Library, ModelInfo, Relationship, Source, SourceType};
pub use result::{Dataset, DatasetSource, EvaluationResult, Interval, Metric, ScoreType, Setting, Uncertainty};

/// The version that is written.
pub const SCHEMA_VERSION: &str = "0.3.0";
/// What stands for a required text that the source does not give.
pub const UNKNOWN: &str = "unknown";

/// Names under which details stand that the schema leaves free, so that those who write and those who compare agree.
pub mod names {
    /// In `score_details.details`: the number as the file wrote it.
    pub const RAW: &str = "raw";
    /// In the setting: number of examples in the prompt.
    pub const SHOTS: &str = "num_fewshot";
    /// In the setting: whether, or which, chat template was used.
    pub const CHAT_TEMPLATE: &str = "chat_template";
    /// In the setting: the system prompt.
    pub const SYSTEM_PROMPT: &str = "system_prompt";
    /// In the setting: how many samples were taken at most.
    pub const LIMIT: &str = "limit";
    /// In the setting: the seed.
    pub const SEED: &str = "seed";
    /// In the setting: prompt template.
    pub const PROMPT_TEMPLATE: &str = "prompt_template";
    /// In `source_data.additional_details`: version of the task.
    pub const TASK_VERSION: &str = "task_version";
    /// In `source_data.additional_details`: revision or hash of the data set.
    pub const DATASET_REVISION: &str = "dataset_revision";
    /// In `source_data.additional_details`: configuration or subset of the data set.
    pub const DATASET_CONFIG: &str = "dataset_config";
    /// In `metric_config.additional_details`: filter or aggregation of the metric.
    pub const FILTER: &str = "filter";
    /// In `metric_config.additional_details`: what scored the answers.
    pub const SCORER: &str = "scorer";
    /// In `metric_config.additional_details`: what looked for failures in the answers.
    pub const DETECTOR: &str = "detector";
    /// In `model_info.additional_details`: revision of the model.
    pub const REVISION: &str = "revision";
    /// In `model_info.additional_details`: number format of the weights.
    pub const PRECISION: &str = "precision";
}

/// What a record says, as far as views and exports need it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordFields {
    /// Names this run.
    pub evaluation_id: String,
    /// When it was run, as the source writes it.
    pub evaluation_timestamp: Option<String>,
    /// When the record was made: Unix seconds as a text.
    pub retrieved_timestamp: String,
    /// Who says so.
    pub source: Source,
    /// The program that ran it.
    pub library: Library,
    /// Who was tested.
    pub model: ModelInfo,
    /// The results, in the order of the record.
    pub results: Vec<EvaluationResult>,
}

/// A record that passes the schema: its fields, and the JSON that they were read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    fields: RecordFields,
    json: Json,
}

impl std::ops::Deref for Record {
    type Target = RecordFields;
    fn deref(&self) -> &RecordFields {
        &self.fields
    }
}

impl Record {
    /// Reads a record of a version 0.3 that stands at `path`.
    ///
    /// # Errors
    /// [`PublicationFault`] naming the field and what the schema wants of it.
    pub fn read(path: &str, json: &Json) -> Result<Self, PublicationFault> {
        shape::check(path, json, &schema::RECORD)?;
        let fields = Fields::of(path, json)?;
        let version = fields.required("schema_version")?;
        if !version.starts_with("0.3.") {
            let reason = format!("{version:?} is not read here: {SCHEMA_VERSION} is, and 0.2 after it was lifted");
            return Err(fields.fault("schema_version", reason));
        }
        let part = |name: &str| fields.object(name)?.ok_or_else(|| fields.fault(name, "is missing"));
        let results = fields.list("evaluation_results")?;
        let read = RecordFields {
            evaluation_id: fields.text("evaluation_id")?.unwrap_or_default(),
            evaluation_timestamp: fields.text("evaluation_timestamp")?,
            retrieved_timestamp: fields.text("retrieved_timestamp")?.unwrap_or_default(),
            source: Source::read(&part("source_metadata")?)?,
            library: Library::read(&part("eval_library")?)?,
            model: ModelInfo::read(&part("model_info")?)?,
            results: results
                .iter()
                .map(|(path, value)| EvaluationResult::read(path, value))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { fields: read, json: json.clone() })
    }

    /// Writes a record.
    ///
    /// # Errors
    /// [`PublicationFault`] where a field breaks the schema: a score that is not finite, for one.
    pub fn write(fields: &RecordFields) -> Result<Self, PublicationFault> {
        Self::read("evaluation", &draft::to_json(fields)?)
    }

    /// The record as it was written, fields included that are not read here.
    pub const fn json(&self) -> &Json {
        &self.json
    }
}
