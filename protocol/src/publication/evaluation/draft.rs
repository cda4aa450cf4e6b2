//! From fields to the JSON of a record.

use std::collections::BTreeMap;

use super::result::{Dataset, DatasetSource, EvaluationResult, Metric, ScoreType, Setting, Uncertainty};
use super::{Library, ModelInfo, RecordFields, SCHEMA_VERSION, Source, names};
use crate::publication::{Json, PublicationFault};

/// Arguments of the generation that the schema has fields for, and what they are.
const NUMBERS: [&str; 3] = ["temperature", "top_p", "top_k"];
const COUNTS: [&str; 1] = ["max_tokens"];
const FLAGS: [&str; 1] = ["reasoning"];
const TEXTS: [&str; 2] = ["prompt_template", "execution_command"];

/// An object under construction; what is absent is not written.
#[derive(Default)]
struct Made(BTreeMap<String, Json>);

impl Made {
    fn put(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn text(self, name: &str, value: Option<&String>) -> Self {
        match value {
            Some(text) => self.put(name, text.as_str()),
            None => self,
        }
    }

    fn texts(self, name: &str, values: &BTreeMap<String, String>) -> Self {
        if values.is_empty() { self } else { self.put(name, object_of(values)) }
    }

    fn maybe(self, name: &str, value: Option<Json>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    fn done(self) -> Json {
        Json::Object(self.0)
    }
}

fn object_of(values: &BTreeMap<String, String>) -> Json {
    Json::Object(values.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect())
}

fn number(path: &str, value: f64) -> Result<Json, PublicationFault> {
    let number = serde_json::Number::from_f64(value).map(Json::Number);
    number.ok_or_else(|| PublicationFault::at(path, "is not finite"))
}

fn maybe_number(path: &str, value: Option<f64>) -> Result<Option<Json>, PublicationFault> {
    value.map(|value| number(path, value)).transpose()
}

pub(super) fn to_json(fields: &RecordFields) -> Result<Json, PublicationFault> {
    let results = fields
        .results
        .iter()
        .enumerate()
        .map(|(n, result)| result_to_json(&format!("evaluation.evaluation_results[{n}]"), result));
    Ok(Made::default()
        .put("schema_version", SCHEMA_VERSION)
        .put("evaluation_id", fields.evaluation_id.as_str())
        .text("evaluation_timestamp", fields.evaluation_timestamp.as_ref())
        .put("retrieved_timestamp", fields.retrieved_timestamp.as_str())
        .put("source_metadata", source_to_json(&fields.source))
        .put("eval_library", library_to_json(&fields.library))
        .put("model_info", model_to_json(&fields.model))
        .put("evaluation_results", Json::List(results.collect::<Result<_, _>>()?))
        .done())
}

fn source_to_json(source: &Source) -> Json {
    Made::default()
        .text("source_name", source.name.as_ref())
        .put("source_type", source.source_type.name())
        .put("source_organization_name", source.organization.as_str())
        .text("source_organization_url", source.organization_url.as_ref())
        .put("evaluator_relationship", source.relationship.name())
        .texts("additional_details", &source.details)
        .done()
}

fn library_to_json(library: &Library) -> Json {
    Made::default()
        .put("name", library.name.as_str())
        .put("version", library.version.as_str())
        .texts("additional_details", &library.details)
        .done()
}

fn model_to_json(model: &ModelInfo) -> Json {
    let mut details = model.details.clone();
    details.insert("deployment_type".to_owned(), model.deployment.clone());
    details.insert("model_availability".to_owned(), model.availability.clone());
    let engine = model
        .engine
        .as_ref()
        .map(|(name, version)| Made::default().text("name", name.as_ref()).text("version", version.as_ref()).done());
    Made::default()
        .put("name", model.name.as_str())
        .put("id", model.id.as_str())
        .text("developer", model.developer.as_ref())
        .text("inference_platform", model.platform.as_ref())
        .maybe("inference_engine", engine)
        .put("additional_details", object_of(&details))
        .done()
}

pub(super) fn result_to_json(path: &str, result: &EvaluationResult) -> Result<Json, PublicationFault> {
    let score_path = format!("{path}.score_details");
    let mut details = result.details.clone();
    details.extend(result.raw.clone().map(|raw| (names::RAW.to_owned(), raw)));
    let score = Made::default()
        .put("score", number(&format!("{score_path}.score"), result.score)?)
        .texts("details", &details)
        .maybe("uncertainty", uncertainty_to_json(&format!("{score_path}.uncertainty"), &result.uncertainty)?);
    Ok(Made::default()
        .text("evaluation_result_id", result.id.as_ref())
        .put("evaluation_name", result.task.as_str())
        .put("source_data", dataset_to_json(&result.dataset))
        .text("evaluation_timestamp", result.timestamp.as_ref())
        .put("metric_config", metric_to_json(&format!("{path}.metric_config"), &result.metric)?)
        .put("score_details", score.done())
        .maybe("generation_config", setting_to_json(&result.setting))
        .done())
}

fn dataset_to_json(dataset: &Dataset) -> Json {
    let made = Made::default().put("dataset_name", dataset.name.as_str());
    let made = match &dataset.source {
        DatasetSource::Url(urls) => {
            made.put("source_type", "url").put("url", Json::List(urls.iter().map(|url| url.as_str().into()).collect()))
        }
        DatasetSource::Hub { repo, split } => made
            .put("source_type", "hf_dataset")
            .text("hf_repo", repo.as_ref())
            .text("hf_split", split.as_ref())
            .maybe("samples_number", dataset.size.map(|size| Json::Number(size.into()))),
        DatasetSource::Other => made.put("source_type", "other"),
    };
    made.texts("additional_details", &dataset.details).done()
}

fn metric_to_json(path: &str, metric: &Metric) -> Result<Json, PublicationFault> {
    let bound = |name: &str, value: Option<f64>| match value {
        Some(f64::INFINITY) => Ok(Some(Json::from("Infinity"))),
        Some(f64::NEG_INFINITY) => Ok(Some(Json::from("-Infinity"))),
        // A continuous score names its bounds even where they are not known.
        None if metric.score_type == Some(ScoreType::Continuous) => Ok(Some(Json::Null)),
        finite => maybe_number(&format!("{path}.{name}"), finite),
    };
    let has_levels = metric.score_type == Some(ScoreType::Levels) || !metric.levels.is_empty();
    let levels = || Json::List(metric.levels.iter().map(|level| level.as_str().into()).collect());
    Ok(Made::default()
        .text("evaluation_description", metric.description.as_ref())
        .text("metric_id", metric.id.as_ref())
        .text("metric_name", metric.name.as_ref())
        .text("metric_kind", metric.kind.as_ref())
        .text("metric_unit", metric.unit.as_ref())
        .put("lower_is_better", Json::Bool(metric.lower_is_better))
        .maybe("score_type", metric.score_type.map(|kind| kind.name().into()))
        .maybe("level_names", has_levels.then(levels))
        .maybe(
            "has_unknown_level",
            (has_levels || metric.has_unknown_level).then_some(Json::Bool(metric.has_unknown_level)),
        )
        .maybe("min_score", bound("min_score", metric.min)?)
        .maybe("max_score", bound("max_score", metric.max)?)
        .texts("additional_details", &metric.details)
        .done())
}

fn uncertainty_to_json(path: &str, uncertainty: &Uncertainty) -> Result<Option<Json>, PublicationFault> {
    let error = maybe_number(&format!("{path}.standard_error.value"), uncertainty.standard_error)?;
    let method = uncertainty.standard_error_method.as_ref();
    let error = error.map(|error| Made::default().put("value", error).text("method", method).done());
    let interval = match &uncertainty.interval {
        None => None,
        Some(interval) => {
            let path = format!("{path}.confidence_interval");
            let made = Made::default()
                .put("lower", number(&format!("{path}.lower"), interval.lower)?)
                .put("upper", number(&format!("{path}.upper"), interval.upper)?)
                .maybe("confidence_level", maybe_number(&format!("{path}.confidence_level"), interval.level)?)
                .text("method", interval.method.as_ref());
            Some(made.done())
        }
    };
    let made = Made::default()
        .maybe("standard_error", error)
        .maybe("confidence_interval", interval)
        .maybe("standard_deviation", maybe_number(&format!("{path}.standard_deviation"), uncertainty.deviation)?)
        .maybe("num_samples", uncertainty.n.map(|n| Json::Number(n.into())));
    Ok((!made.0.is_empty()).then(|| made.done()))
}

/// Values that the schema has a field of the right type for go there, all others among the details.
fn setting_to_json(setting: &Setting) -> Option<Json> {
    let (mut args, mut details) = (BTreeMap::new(), BTreeMap::new());
    for (name, value) in &setting.0 {
        match argument(name, value) {
            Some(json) => args.insert(name.clone(), json),
            None => details.insert(name.clone(), value.as_str().into()),
        };
    }
    let made = Made::default()
        .maybe("generation_args", (!args.is_empty()).then_some(Json::Object(args)))
        .maybe("additional_details", (!details.is_empty()).then_some(Json::Object(details)));
    (!made.0.is_empty()).then(|| made.done())
}

/// A value in the type that the schema wants, if it is written just so: nothing is lost in reading it back.
fn argument(name: &str, value: &str) -> Option<Json> {
    if TEXTS.contains(&name) {
        return Some(value.into());
    }
    let json = Json::read(value.as_bytes()).ok().filter(|json| json.to_bytes() == value.as_bytes())?;
    let fits = match &json {
        Json::Number(number) => {
            NUMBERS.contains(&name) || (COUNTS.contains(&name) && number.as_u64().is_some_and(|count| count > 0))
        }
        Json::Bool(_) => FLAGS.contains(&name),
        Json::Null | Json::Text(_) | Json::List(_) | Json::Object(_) => false,
    };
    fits.then_some(json)
}
