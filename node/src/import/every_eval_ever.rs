//! Every Eval Ever: records of 0.1 to 0.3. The only format that says which way is better. A record stays what it is; an
//! older one is lifted to 0.3.0.

use std::collections::BTreeMap;

use lyceum_protocol::publication::Json;
use lyceum_protocol::publication::evaluation::{self, Record, UNKNOWN, names};

use super::found::{Evaluation, Found, Item, Model, Tool};
use super::private::{self, LeftOut};
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, number};

/// Reads records of Every Eval Ever.
#[derive(Debug)]
pub(super) struct EveryEvalEver;

impl Importer for EveryEvalEver {
    fn name(&self) -> &'static str {
        "every-eval-ever"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let first = &material.first;
        material.is_json()
            && first.has("schema_version")
            && first.has("evaluation_results")
            && first.get("model_info").is_some_and(Tree::is_map)
    }

    fn read(&self, material: &Material<'_>, rest: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let mut found = vec![record(&material.first)?];
        while let Some(next) = rest.next_value(super::aside)? {
            found.push(record(&next)?);
        }
        Ok(found)
    }
}

fn record(given: &Tree) -> Result<Found, Refusal> {
    let version = given.scalar_at("schema_version").unwrap_or_default();
    let known = ["0.1", "0.2", "0.3"]
        .iter()
        .find(|known| version.strip_prefix(**known).is_some_and(|patch| patch.is_empty() || patch.starts_with('.')));
    let read_as = match known {
        // What 0.1 lacks against 0.2 is made up for in the same way.
        Some(&"0.1" | &"0.2") => "0.2.0",
        Some(_) => evaluation::SCHEMA_VERSION,
        None => {
            let said = if version.is_empty() {
                "no schema".to_owned()
            } else {
                format!("schema {:?}", private::quoted(&version))
            };
            return Err(Refusal::new(format!("is a record of {said}, and 0.1 to 0.3 are known here")));
        }
    };
    let Json::Object(mut fields) = given.to_json() else { return Err(Refusal::new("is no record")) };
    fields.insert("schema_version".to_owned(), read_as.into());
    let samples = fields.remove("detailed_evaluation_results");
    let mut left_out = Vec::new();
    let local = local_model(&mut fields, &mut left_out);
    if let Some(Json::List(results)) = fields.get_mut("evaluation_results") {
        let given = given.get("evaluation_results").map(Tree::items).unwrap_or_default();
        for (n, (result, given)) in results.iter_mut().zip(given).enumerate() {
            complete(result, given, !version.starts_with("0.3"));
            impossible(result, n, &mut left_out);
        }
    }
    if !version.starts_with("0.3")
        && let Some(Json::Object(source)) = fields.get_mut("source_metadata")
    {
        let details = source.entry("additional_details".to_owned()).or_insert_with(|| Json::Object(BTreeMap::new()));
        if let Json::Object(details) = details {
            details.insert("original_schema_version".to_owned(), version.as_str().into());
        }
    }
    let (record, unscored) = evaluation::lift("evaluation", &Json::Object(fields))
        .map_err(|fault| Refusal::new(format!("is a record that breaks its schema: {fault}")))?;
    let mut evaluation = evaluation_of(&record, unscored)?;
    evaluation.model = Model { revision: evaluation.model.revision.or(local.revision), ..evaluation.model };
    evaluation.left_out = left_out;
    let mut found = evaluation.into_found(tool(&record));
    if samples.is_some() {
        found.leave_out("detailed_evaluation_results", "the samples are in another file");
    }
    Ok(found)
}

/// Where the name of the model is a path on a machine, its last part stands in its place; says what it named.
fn local_model(fields: &mut BTreeMap<String, Json>, left_out: &mut Vec<LeftOut>) -> Model {
    let mut local = Model::default();
    let Some(Json::Object(info)) = fields.get_mut("model_info") else { return local };
    for field in ["id", "name", "inference_platform"] {
        let Some(Json::Text(said)) = info.get_mut(field) else { continue };
        let named = Model::named(Some(said));
        if !said.trim().is_empty() && named.is_from_path() {
            *said = named.name.clone();
            left_out.push(LeftOut::new(
                format!("evaluation.model_info.{field}"),
                "a path on a machine: its last part stands there",
            ));
            local = if local.name.is_empty() { named } else { local };
        }
    }
    local
}

/// Takes out what no schema has to forbid: an error and a number of samples below zero.
fn impossible(result: &mut Json, n: usize, left_out: &mut Vec<LeftOut>) {
    let Json::Object(result) = result else { return };
    let Some(Json::Object(score)) = result.get_mut("score_details") else { return };
    let Some(Json::Object(uncertainty)) = score.get_mut("uncertainty") else { return };
    let below_zero = |value: &Json| matches!(value, Json::Number(number) if number.as_f64().is_some_and(|n| n < 0.0));
    for field in ["num_samples", "standard_error", "standard_deviation"] {
        let wrong = match uncertainty.get(field) {
            Some(Json::Object(error)) => error.get("value").is_some_and(below_zero),
            Some(value) => below_zero(value),
            None => false,
        };
        if wrong {
            uncertainty.remove(field);
            let place = format!("evaluation.evaluation_results[{n}].score_details.uncertainty.{field}");
            left_out.push(LeftOut::new(place, "is below zero, which it cannot be"));
        }
    }
    if uncertainty.is_empty() {
        score.remove("uncertainty");
    }
}

/// Adds to a result what readers look for first: a name of the metric, and the number as the file wrote it. A number that
/// an older record has as a text becomes one.
fn complete(result: &mut Json, given: &Tree, is_older: bool) {
    let Json::Object(result) = result else { return };
    let name = result.get("evaluation_name").cloned();
    if let Some(Json::Object(metric)) = result.get_mut("metric_config")
        && !matches!(metric.get("metric_name"), Some(Json::Text(_)))
        && let Some(name @ Json::Text(_)) = metric.get("metric_id").cloned().or(name)
    {
        metric.insert("metric_name".to_owned(), name);
    }
    let Some(Json::Object(score)) = result.get_mut("score_details") else { return };
    let raw = match given.at(&["score_details", "score"]) {
        Some(Tree::Number(raw)) => raw,
        Some(text @ Tree::Text(raw)) if is_older => {
            let Ok(number) = number::read(Some(text)) else { return };
            let Some(value) = serde_json::Number::from_f64(number.value).filter(|_| !number.percent) else { return };
            score.insert("score".to_owned(), Json::Number(value));
            raw
        }
        _ => return,
    };
    if let Json::Object(details) = score.entry("details".to_owned()).or_insert_with(|| Json::Object(BTreeMap::new())) {
        // A text that the record keeps stays, where it says the same number.
        let kept = given.at(&["score_details", "details", names::RAW]).map(|kept| number::read(Some(kept)));
        let same = matches!((kept, raw.parse::<f64>()), (Some(Ok(kept)), Ok(score)) if kept.value == score);
        if !same {
            details.insert(names::RAW.to_owned(), raw.as_str().into());
        }
    }
}

fn evaluation_of(
    record: &Record,
    unscored: Vec<lyceum_protocol::publication::Unscored>,
) -> Result<Evaluation, Refusal> {
    let results = match record.json() {
        Json::Object(fields) => match fields.get("evaluation_results") {
            Some(Json::List(results)) => results.as_slice(),
            Some(_) | None => &[],
        },
        _ => &[],
    };
    let scored = record.results.iter().zip(results);
    let mut items: Vec<Item> =
        scored.map(|(result, json)| Item::Given { task: result.task.clone(), result: json.clone() }).collect();
    items.extend(unscored.into_iter().map(Item::Unscored));
    if items.is_empty() {
        return Err(Refusal::new("is a record without results"));
    }
    let info = &record.model;
    let name = Some(info.id.as_str()).filter(|id| *id != UNKNOWN).unwrap_or(&info.name);
    let model = Model {
        provider: info.platform.clone().filter(|platform| platform != UNKNOWN),
        revision: info.details.get(names::REVISION).cloned(),
        ..Model::named(Some(name))
    };
    Ok(Evaluation { model, items, given: Some(record.json().clone()), ..Evaluation::default() })
}

fn tool(record: &Record) -> Option<Tool> {
    let library = &record.library;
    let said = |text: &str| Some(text.to_owned()).filter(|text| text != UNKNOWN);
    said(&library.name).map(|name| Tool { name, version: said(&library.version) })
}
