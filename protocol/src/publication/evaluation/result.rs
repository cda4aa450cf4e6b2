//! One result of an evaluation: task, metric, score, how sure, and how it came about.

use std::collections::BTreeMap;

use super::model::details;
use super::names;
use crate::publication::fields::Fields;
use crate::publication::words::words;
use crate::publication::{Json, PublicationFault};

words! {
    /// What kind of number a score is.
    ScoreType {
        /// Yes or no.
        Binary = "binary",
        /// Any number between two bounds.
        Continuous = "continuous",
        /// One of a few levels.
        Levels = "levels",
    }
}

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationResult {
    /// Names the result within its run.
    pub id: Option<String>,
    /// The task: `evaluation_name`.
    pub task: String,
    /// What it was measured on.
    pub dataset: Dataset,
    /// When it was measured, as the source writes it.
    pub timestamp: Option<String>,
    /// What was measured.
    pub metric: Metric,
    /// The number: finite.
    pub score: f64,
    /// The number as the file wrote it.
    pub raw: Option<String>,
    /// What else stands beside the number, as texts.
    pub details: BTreeMap<String, String>,
    /// How sure.
    pub uncertainty: Uncertainty,
    /// How it came about.
    pub setting: Setting,
}

/// Where a data set is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasetSource {
    /// At these addresses: at least one.
    Url(Vec<String>),
    /// On a hub: repository and split.
    Hub {
        /// The repository.
        repo: Option<String>,
        /// The split.
        split: Option<String>,
    },
    /// Elsewhere, or it is not known.
    Other,
}

/// What was measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name; `unknown` where it is.
    pub name: String,
    /// Where it is to be had.
    pub source: DatasetSource,
    /// Samples in it, where a hub's data set says so.
    pub size: Option<u64>,
    /// Anything else, as texts: see [`names`].
    pub details: BTreeMap<String, String>,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// A name that stays: `accuracy`, `pass_at_1`.
    pub id: Option<String>,
    /// The name for people.
    pub name: Option<String>,
    /// Its family.
    pub kind: Option<String>,
    /// Unit: `proportion`, `percent`; none where the source does not say.
    pub unit: Option<String>,
    /// What the evaluation is.
    pub description: Option<String>,
    /// The direction.
    pub lower_is_better: bool,
    /// What kind of number the score is.
    pub score_type: Option<ScoreType>,
    /// The least that a score can be; infinite where there is no bound.
    pub min: Option<f64>,
    /// The most that a score can be; infinite where there is no bound.
    pub max: Option<f64>,
    /// Names of the levels, if the score is one of them.
    pub levels: Vec<String>,
    /// Whether -1 stands for an unknown level.
    pub has_unknown_level: bool,
    /// Anything else, as texts: see [`names`].
    pub details: BTreeMap<String, String>,
}

impl Metric {
    /// A metric of this id and name.
    pub fn new(id: impl Into<String>, lower_is_better: bool) -> Self {
        let id = id.into();
        Self {
            name: Some(id.clone()),
            id: Some(id),
            kind: None,
            unit: None,
            description: None,
            lower_is_better,
            score_type: None,
            min: None,
            max: None,
            levels: Vec::new(),
            has_unknown_level: false,
            details: BTreeMap::new(),
        }
    }

    /// What tells it from others of the same name in one record: its filter, scorer or detector.
    pub fn variant(&self) -> Option<&str> {
        let said = |name: &str| self.details.get(name).map(String::as_str).filter(|said| *said != "none");
        [names::FILTER, names::SCORER, names::DETECTOR].into_iter().find_map(said)
    }

    /// What people are shown: the name, else the id, else nothing.
    pub fn label(&self) -> Option<&str> {
        self.name.as_deref().or(self.id.as_deref())
    }
}

/// Bounds of a score at a level of confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Level of confidence, 0 to 1.
    pub level: Option<f64>,
    /// How it was made.
    pub method: Option<String>,
}

/// How sure a score is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Uncertainty {
    /// Standard error.
    pub standard_error: Option<f64>,
    /// How the standard error was made.
    pub standard_error_method: Option<String>,
    /// Interval.
    pub interval: Option<Interval>,
    /// Standard deviation over the samples: no standard error.
    pub deviation: Option<f64>,
    /// Samples that were scored.
    pub n: Option<u64>,
}

/// How a result came about: names and values, those of [`names`] among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setting(pub BTreeMap<String, String>);

impl Setting {
    /// One value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Examples in the prompt, if that is a number.
    pub fn shots(&self) -> Option<u64> {
        self.get(names::SHOTS)?.parse().ok()
    }
}

impl EvaluationResult {
    /// As it stands in a record.
    ///
    /// # Errors
    /// [`PublicationFault`] where a number is not finite.
    pub fn to_json(&self) -> Result<Json, PublicationFault> {
        super::draft::result_to_json("evaluation_results", self)
    }

    /// The text of the source, where it says the number that the score is. Whoever publishes writes both, and nothing
    /// holds one to the other: what says another number is not to be shown for the score.
    pub fn source_text(&self) -> Option<&str> {
        let says_it = |raw: &&str| {
            let bare = raw.trim().trim_start_matches('[').trim_end_matches(']').trim().trim_end_matches('%').trim_end();
            bare.parse() == Ok(self.score)
        };
        self.raw.as_deref().filter(says_it)
    }

    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        let part = |name: &str| fields.object(name)?.ok_or_else(|| fields.fault(name, "is missing"));
        let score = part("score_details")?;
        let mut details = details(&score, "details")?;
        let number = number_of(score.value("score")).filter(|number| number.is_finite());
        Ok(Self {
            id: fields.text("evaluation_result_id")?,
            task: fields.text("evaluation_name")?.unwrap_or_default(),
            dataset: Dataset::read(&part("source_data")?)?,
            timestamp: fields.text("evaluation_timestamp")?,
            metric: Metric::read(&part("metric_config")?)?,
            score: number.ok_or_else(|| score.fault("score", "is no number"))?,
            raw: details.remove(names::RAW),
            details,
            uncertainty: score.object("uncertainty")?.map(|it| Uncertainty::read(&it)).transpose()?.unwrap_or_default(),
            setting: fields.object("generation_config")?.map(|it| Setting::read(&it)).transpose()?.unwrap_or_default(),
        })
    }
}

impl Dataset {
    /// A data set of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), source: DatasetSource::Other, size: None, details: BTreeMap::new() }
    }

    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let source = match fields.text("source_type")?.as_deref() {
            Some("url") => {
                DatasetSource::Url(fields.list("url")?.into_iter().filter_map(|(_, url)| text(url)).collect())
            }
            Some("hf_dataset") => DatasetSource::Hub { repo: fields.text("hf_repo")?, split: fields.text("hf_split")? },
            Some(_) | None => DatasetSource::Other,
        };
        let is_hub = matches!(source, DatasetSource::Hub { .. });
        Ok(Self {
            name: fields.text("dataset_name")?.unwrap_or_default(),
            source,
            size: count_of(fields.value("samples_number")).filter(|_| is_hub),
            details: details(fields, "additional_details")?,
        })
    }
}

impl Metric {
    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let levels = fields.list("level_names")?;
        Ok(Self {
            id: fields.text("metric_id")?,
            name: fields.text("metric_name")?,
            kind: fields.text("metric_kind")?,
            unit: fields.text("metric_unit")?,
            description: fields.text("evaluation_description")?,
            lower_is_better: fields.flag("lower_is_better")?,
            score_type: fields.word("score_type")?,
            min: bound_of(fields.value("min_score")),
            max: bound_of(fields.value("max_score")),
            levels: levels.into_iter().filter_map(|(_, level)| text(level)).collect(),
            has_unknown_level: fields.flag("has_unknown_level")?,
            details: details(fields, "additional_details")?,
        })
    }
}

impl Uncertainty {
    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let error = fields.object("standard_error")?;
        let interval = fields.object("confidence_interval")?;
        let method = |of: &Option<Fields<'_>>| of.as_ref().map(|of| of.text("method")).transpose().map(Option::flatten);
        let (error_method, interval_method) = (method(&error)?, method(&interval)?);
        let interval = interval.as_ref().and_then(|interval| {
            let bound = |name: &str| number_of(interval.value(name));
            let (lower, upper, level) = (bound("lower")?, bound("upper")?, bound("confidence_level"));
            Some(Interval { lower, upper, level, method: interval_method })
        });
        let standard_error = error.and_then(|error| number_of(error.value("value")));
        Ok(Self {
            standard_error_method: error_method.filter(|_| standard_error.is_some()),
            standard_error,
            interval,
            deviation: number_of(fields.value("standard_deviation")),
            n: count_of(fields.value("num_samples")),
        })
    }
}

impl Setting {
    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let mut setting = details(fields, "additional_details")?;
        if let Some(Json::Object(args)) = fields.value("generation_args") {
            for (name, value) in args {
                // Plans, limits and tools stay in the record.
                let said = match value {
                    Json::Text(text) => text.clone(),
                    Json::Number(number) => number.to_string(),
                    Json::Bool(flag) => flag.to_string(),
                    Json::Null | Json::List(_) | Json::Object(_) => continue,
                };
                setting.insert(name.clone(), said);
            }
        }
        Ok(Self(setting))
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => None,
    }
}

pub(super) fn number_of(value: Option<&Json>) -> Option<f64> {
    match value {
        Some(Json::Number(number)) => number.as_f64(),
        Some(_) | None => None,
    }
}

/// A count, also where it is written with a fraction of zero.
pub(super) fn count_of(value: Option<&Json>) -> Option<u64> {
    match value {
        Some(Json::Number(number)) => match number.as_u64() {
            Some(count) => Some(count),
            None => number.as_f64().and_then(|number| format!("{number:.0}").parse().ok()),
        },
        Some(_) | None => None,
    }
}

fn bound_of(value: Option<&Json>) -> Option<f64> {
    match value {
        Some(Json::Text(text)) if text == "Infinity" => Some(f64::INFINITY),
        Some(Json::Text(text)) if text == "-Infinity" => Some(f64::NEG_INFINITY),
        other => number_of(other),
    }
}
