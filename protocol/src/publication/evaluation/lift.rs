//! From the versions 0.2 of the schema to 0.3.0: what is required and missing is `unknown`, details become texts, and what
//! has no finite number or no direction is handed back as unscored. Nothing that was said is lost without a word.

use std::collections::BTreeMap;

use super::result::{count_of, number_of};
use super::schema::{ARGUMENTS, AVAILABILITIES, DEPLOYMENTS, METRIC, SOURCE_HF, SOURCE_OTHER, SOURCE_URL};
use super::shape;
use super::{Record, Relationship, SCHEMA_VERSION, ScoreType, SourceType, UNKNOWN, names};
use crate::publication::unscored::Unscored;
use crate::publication::{Json, PublicationFault};

type Object = BTreeMap<String, Json>;

/// Fields of the whole that 0.3.0 knows.
const TOP: [&str; 9] = [
    "schema_version",
    "evaluation_id",
    "evaluation_timestamp",
    "retrieved_timestamp",
    "source_metadata",
    "eval_library",
    "model_info",
    "evaluation_results",
    "detailed_evaluation_results",
];
/// Where details stand that have to be texts.
const DETAILS: [&str; 2] = ["additional_details", "details"];

/// Reads a record of version 0.2 or 0.3 that stands at `path`, lifted to 0.3.0 where need be, and what of it is no score.
///
/// # Errors
/// [`PublicationFault`] for another version, and for what cannot be lifted.
pub fn lift(path: &str, json: &Json) -> Result<(Record, Vec<Unscored>), PublicationFault> {
    let Json::Object(given) = json else {
        return Err(PublicationFault::at(path, format!("is {}, an object is expected", json.kind())));
    };
    let version = text_of(given.get("schema_version")).unwrap_or_default();
    if !version.starts_with("0.2.") {
        return Record::read(path, json).map(|record| (record, Vec::new()));
    }
    let mut record: Object = given.iter().filter(|(name, _)| TOP.contains(&name.as_str())).map(owned).collect();
    let mut aside: Object = given.iter().filter(|(name, _)| !TOP.contains(&name.as_str())).map(owned).collect();
    record.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
    for name in ["evaluation_id", "retrieved_timestamp"] {
        required_text(&mut record, name);
    }
    text_or_nothing(&mut record, "evaluation_timestamp");
    if let Some(samples) = record.remove("detailed_evaluation_results") {
        // Its paths follow a rule of 0.3 that no earlier record knew.
        aside.insert("detailed_evaluation_results".to_owned(), samples);
    }
    edit(&mut record, "source_metadata", |source| lift_source(source, aside));
    edit(&mut record, "eval_library", |library| {
        required_text(library, "name");
        required_text(library, "version");
    });
    edit(&mut record, "model_info", lift_model);
    let results = match record.remove("evaluation_results") {
        Some(Json::List(results)) => results,
        Some(other) => {
            let reason = format!("is {}, a list is expected", other.kind());
            return Err(PublicationFault::at(format!("{path}.evaluation_results"), reason));
        }
        None => Vec::new(),
    };
    let (mut scored, mut unscored) = (Vec::new(), Vec::new());
    for result in results {
        match lift_result(result) {
            Ok(result) => scored.push(result),
            Err(result) => unscored.push(*result),
        }
    }
    record.insert("evaluation_results".to_owned(), Json::List(scored));
    let mut lifted = Json::Object(record);
    details_as_texts(&mut lifted);
    Ok((Record::read(path, &lifted)?, unscored))
}

fn owned((name, value): (&String, &Json)) -> (String, Json) {
    (name.clone(), value.clone())
}

fn text_of(value: Option<&Json>) -> Option<String> {
    match value {
        Some(Json::Text(text)) => Some(text.clone()),
        Some(_) | None => None,
    }
}

/// What a value looks like as a text; nothing of null.
fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::Text(text) => Some(text.clone()),
        other => String::from_utf8(other.to_bytes()).ok(),
    }
}

fn required_text(object: &mut Object, name: &str) {
    let text = object.get(name).and_then(as_text).unwrap_or_else(|| UNKNOWN.to_owned());
    object.insert(name.to_owned(), text.into());
}

fn text_or_nothing(object: &mut Object, name: &str) {
    match object.get(name).and_then(as_text) {
        Some(text) => object.insert(name.to_owned(), text.into()),
        None => object.remove(name),
    };
}

/// One of some words, or this one.
fn word(object: &mut Object, name: &str, words: &[&str], otherwise: &str) {
    let is_known = matches!(object.get(name), Some(Json::Text(text)) if words.contains(&text.as_str()));
    if !is_known {
        object.insert(name.to_owned(), otherwise.into());
    }
}

/// Changes the object in a field, which is made if it is not there.
fn edit(object: &mut Object, name: &str, change: impl FnOnce(&mut Object)) {
    let mut inner = match object.remove(name) {
        Some(Json::Object(inner)) => inner,
        Some(_) | None => Object::new(),
    };
    inner.retain(|_, value| *value != Json::Null);
    change(&mut inner);
    object.insert(name.to_owned(), Json::Object(inner));
}

fn lift_source(source: &mut Object, aside: Object) {
    required_text(source, "source_organization_name");
    word(source, "source_type", SourceType::WORDS, SourceType::Documentation.name());
    word(source, "evaluator_relationship", Relationship::WORDS, Relationship::Other.name());
    for name in ["source_name", "source_organization_url", "source_organization_logo_url"] {
        text_or_nothing(source, name);
    }
    if !aside.is_empty() {
        edit(source, "additional_details", |details| details.extend(aside));
    }
}

fn lift_model(model: &mut Object) {
    required_text(model, "name");
    let name = model.get("name").cloned().unwrap_or_else(|| UNKNOWN.into());
    model.entry("id".to_owned()).or_insert(name);
    required_text(model, "id");
    text_or_nothing(model, "developer");
    text_or_nothing(model, "inference_platform");
    if !matches!(model.get("inference_engine"), None | Some(Json::Object(_))) {
        let engine = model.get("inference_engine").and_then(as_text).unwrap_or_default();
        model.insert("inference_engine".to_owned(), Json::from([("name", engine.into())]));
    }
    edit(model, "additional_details", |details| {
        word(details, "deployment_type", DEPLOYMENTS, UNKNOWN);
        word(details, "model_availability", AVAILABILITIES, UNKNOWN);
    });
}

/// A result of 0.3.0, or why it is no score.
fn lift_result(result: Json) -> Result<Json, Box<Unscored>> {
    let Json::Object(mut result) = result else {
        let raw = as_text(&result).unwrap_or_default();
        let reason = "is no object".to_owned();
        return Err(Box::new(Unscored { task: UNKNOWN.to_owned(), raw, reason, ..Unscored::default() }));
    };
    result.retain(|_, value| *value != Json::Null);
    required_text(&mut result, "evaluation_name");
    text_or_nothing(&mut result, "evaluation_result_id");
    text_or_nothing(&mut result, "evaluation_timestamp");
    edit(&mut result, "source_data", lift_dataset);
    edit(&mut result, "metric_config", lift_metric);
    edit(&mut result, "score_details", |score| edit_if_there(score, "uncertainty", lift_uncertainty));
    edit_if_there(&mut result, "generation_config", lift_generation);
    let inner = |name: &str, field: &str| match result.get(name) {
        Some(Json::Object(inner)) => inner.get(field).cloned(),
        Some(_) | None => None,
    };
    let score = inner("score_details", "score");
    let reason = match (&score, inner("metric_config", "lower_is_better")) {
        (Some(Json::Number(_)), Some(Json::Bool(_))) => return Ok(Json::Object(result)),
        (Some(Json::Number(_)), _) => "it is not said whether lower or higher is better",
        (None, _) => "no score",
        (Some(_), _) => "the score is no finite number",
    };
    let uncertainty = inner("score_details", "uncertainty");
    let metric = ["metric_name", "metric_id", "evaluation_description"];
    Err(Box::new(Unscored {
        task: text_of(result.get("evaluation_name")).unwrap_or_default(),
        metric: metric.into_iter().find_map(|name| text_of(inner("metric_config", name).as_ref())),
        raw: score.as_ref().and_then(as_text).unwrap_or_default(),
        reason: reason.to_owned(),
        unit: text_of(inner("metric_config", "metric_unit").as_ref()),
        filter: variant(inner("metric_config", "additional_details").as_ref()),
        standard_error: number_of(below(uncertainty.as_ref(), &["standard_error", "value"])),
        n: count_of(below(uncertainty.as_ref(), &["num_samples"])),
    }))
}

/// What tells a value from others of the same metric.
fn variant(details: Option<&Json>) -> Option<String> {
    let Some(Json::Object(details)) = details else { return None };
    let said = |name: &str| text_of(details.get(name)).filter(|said| said != "none" && !said.trim().is_empty());
    [names::FILTER, names::SCORER, names::DETECTOR].into_iter().find_map(said)
}

fn below<'a>(value: Option<&'a Json>, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(value?, |value, name| match value {
        Json::Object(fields) => fields.get(*name),
        _ => None,
    })
}

fn edit_if_there(object: &mut Object, name: &str, change: impl FnOnce(&mut Object)) {
    if object.contains_key(name) {
        edit(object, name, change);
    }
}

/// What is of another type than its field in 0.3.0 becomes a detail, and so does what has none where all have one.
fn fit(object: &mut Object, of: &shape::Object) -> Object {
    let misfits = |name: &str, value: &Json| match of.fields.iter().find(|field| field.name == name) {
        Some(field) => !field.required && !DETAILS.contains(&name) && shape::check("", value, &field.shape).is_err(),
        None => matches!(of.others, shape::Others::Refused),
    };
    let names: Vec<String> =
        object.iter().filter(|(name, value)| misfits(name, value)).map(|(name, _)| name.clone()).collect();
    names.into_iter().filter_map(|name| object.remove_entry(&name)).collect()
}

fn fit_with_details(object: &mut Object, of: &shape::Object) {
    let aside = fit(object, of);
    if !aside.is_empty() {
        edit(object, "additional_details", |details| details.extend(aside));
    }
}

fn lift_generation(generation: &mut Object) {
    let mut aside = Object::new();
    edit_if_there(generation, "generation_args", |args| aside = fit(args, &ARGUMENTS));
    if !aside.is_empty() {
        edit(generation, "additional_details", |details| details.extend(aside));
    }
}

fn lift_dataset(dataset: &mut Object) {
    required_text(dataset, "dataset_name");
    // Under both names in records of 0.1 and 0.2.
    if !dataset.contains_key("url")
        && let Some(url) = dataset.remove("source_url")
    {
        dataset.insert("url".to_owned(), url);
    }
    if let Some(Json::Text(url)) = dataset.get("url").cloned() {
        dataset.insert("url".to_owned(), Json::List(vec![url.into()]));
    }
    let has_url = matches!(dataset.get("url"), Some(Json::List(urls)) if !urls.is_empty());
    let otherwise = if has_url {
        "url"
    } else if dataset.contains_key("hf_repo") {
        "hf_dataset"
    } else {
        "other"
    };
    word(dataset, "source_type", &["url", "hf_dataset", "other"], otherwise);
    if matches!(dataset.get("source_type"), Some(Json::Text(kind)) if kind == "url") && !has_url {
        dataset.insert("source_type".to_owned(), otherwise.into());
    }
    let of = match text_of(dataset.get("source_type")).as_deref() {
        Some("url") => &SOURCE_URL,
        Some("hf_dataset") => &SOURCE_HF,
        Some(_) | None => &SOURCE_OTHER,
    };
    fit_with_details(dataset, of);
}

fn lift_metric(metric: &mut Object) {
    fit_with_details(metric, &METRIC);
    let has = |metric: &Object, name: &str| metric.contains_key(name);
    match text_of(metric.get("score_type")).as_deref().and_then(ScoreType::of) {
        Some(ScoreType::Continuous) => {
            for bound in ["min_score", "max_score"] {
                metric.entry(bound.to_owned()).or_insert(Json::Null);
            }
        }
        Some(ScoreType::Levels) if !has(metric, "level_names") => {
            metric.remove("score_type");
        }
        Some(ScoreType::Levels) => {
            metric.entry("has_unknown_level".to_owned()).or_insert(Json::Bool(false));
        }
        Some(ScoreType::Binary) => {}
        None => {
            metric.remove("score_type");
        }
    }
}

/// Bare numbers become the objects that 0.3.0 wants.
fn lift_uncertainty(uncertainty: &mut Object) {
    if let Some(number @ Json::Number(_)) = uncertainty.get("standard_error").cloned() {
        uncertainty.insert("standard_error".to_owned(), Json::from([("value", number)]));
    }
}

/// Everywhere: details that are no texts become texts, and those that are null go.
fn details_as_texts(value: &mut Json) {
    match value {
        Json::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match field {
                    Json::Object(details) if DETAILS.contains(&name.as_str()) => {
                        let texts =
                            details.iter().filter_map(|(name, value)| Some((name.clone(), as_text(value)?.into())));
                        *details = texts.collect();
                    }
                    other => details_as_texts(other),
                }
            }
        }
        Json::List(items) => items.iter_mut().for_each(details_as_texts),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}
