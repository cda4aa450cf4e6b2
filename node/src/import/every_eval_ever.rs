//! Every Eval Ever: records of 0.2 and 0.3. The only format that says which way is better; 0.2 is lifted to 0.3.

use lyceum_protocol::publication::evaluation::names;

use super::found::{Details, Evaluation, Found, Model, Row, Tool};
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

fn record(record: &Tree) -> Result<Found, Refusal> {
    let version = record.scalar_at("schema_version").unwrap_or_default();
    if !(version.starts_with("0.2") || version.starts_with("0.3") || version == "0.1" || version.starts_with("0.1.")) {
        return Err(Refusal::new(format!("is a record of schema {version}, and 0.1 to 0.3 are known here")));
    }
    let source = record.get("source_metadata").unwrap_or(&Tree::Null);
    let relationship = source.scalar_at("evaluator_relationship");
    let mut evaluation = Evaluation {
        model: model(record.get("model_info").unwrap_or(&Tree::Null)),
        source: source.scalar_at("source_name").unwrap_or_default(),
        from_document: source.text_at("source_type") == Some("documentation"),
        organisation: source.scalar_at("source_organization_name"),
        organisation_url: source.scalar_at("source_organization_url"),
        relationship: relationship
            .filter(|said| matches!(said.as_str(), "first_party" | "third_party" | "collaborative" | "other")),
        source_details: details(source.get("additional_details")),
        time: record.scalar_at("evaluation_timestamp"),
        ..Evaluation::default()
    };
    evaluation.source_details.push(("original_schema_version".to_owned(), version));
    for (name, from) in
        [("original_evaluation_id", "evaluation_id"), ("original_retrieved_timestamp", "retrieved_timestamp")]
    {
        evaluation.source_details.extend(record.scalar_at(from).map(|value| (name.to_owned(), value)));
    }
    for result in record.get("evaluation_results").map(Tree::items).unwrap_or_default() {
        evaluation.push(row(result));
    }
    if evaluation.items.is_empty() {
        return Err(Refusal::new("is a record without results"));
    }
    let library = record.get("eval_library");
    let tool =
        library.and_then(|library| library.scalar_at("name")).filter(|name| name != "unknown").map(|name| Tool {
            name,
            version: library.and_then(|library| library.scalar_at("version")).filter(|version| version != "unknown"),
        });
    let mut found = evaluation.into_found(tool);
    if record.has("detailed_evaluation_results") {
        found.leave_out("detailed_evaluation_results", "the samples are in another file");
    }
    Ok(found)
}

fn details(from: Option<&Tree>) -> Details {
    let entries = from.map(Tree::entries).unwrap_or_default();
    entries
        .iter()
        .filter(|(_, value)| *value != Tree::Null)
        .map(|(key, value)| (key.clone(), value.raw(1_000)))
        .collect()
}

fn model(info: &Tree) -> Model {
    let mut model = Model::named(info.text_at("id").or_else(|| info.text_at("name")));
    model.developer = info.scalar_at("developer");
    model.provider = info.scalar_at("inference_platform").filter(|platform| platform != "unknown");
    model.details = details(info.get("additional_details"));
    if let Some(name) = info.scalar_at("name").filter(|name| *name != model.name) {
        model.details.push(("name".to_owned(), name));
    }
    if let Some(engine) = info.get("inference_engine") {
        model.details.push(("inference_engine".to_owned(), engine.raw(200)));
    }
    model.revision = info.at(&["additional_details", "revision"]).and_then(Tree::scalar);
    model
}

fn row(result: &Tree) -> Row {
    let name = result.scalar_at("evaluation_name").unwrap_or_else(|| "unknown".to_owned());
    let config = result.get("metric_config").unwrap_or(&Tree::Null);
    let score = result.get("score_details").unwrap_or(&Tree::Null);
    let metric =
        config.scalar_at("metric_name").or_else(|| config.scalar_at("metric_id")).unwrap_or_else(|| name.clone());
    let mut row = Row::new(name, metric, value(score));
    row.lower_is_better = match config.get("lower_is_better") {
        Some(Tree::Bool(lower)) => Some(*lower),
        _ => None,
    };
    let bound = |name: &str| number::read(config.get(name)).ok().map(|bound| bound.value);
    row.range = bound("min_score").zip(bound("max_score"));
    row.metric_details = details(config.get("additional_details"));
    for name in ["evaluation_description", "metric_id", "metric_kind", "score_type", "metric_parameters", "llm_scoring"]
    {
        row.metric_details.extend(config.get(name).map(|value| (name.to_owned(), value.raw(1_000))));
    }
    row.unit = config.text_at("metric_unit").and_then(known_unit);
    if let Some(unit) = config.text_at("metric_unit").filter(|_| row.unit.is_none()) {
        row.metric_details.push(("metric_unit".to_owned(), unit.to_owned()));
    }
    row.details = details(score.get("details"));
    row.details.retain(|(key, _)| key != names::RAW);
    row.details.extend(result.scalar_at("evaluation_result_id").map(|id| ("evaluation_result_id".to_owned(), id)));
    row.time = result.scalar_at("evaluation_timestamp");
    source_data(result.get("source_data").unwrap_or(&Tree::Null), &mut row);
    uncertainty(score.get("uncertainty").unwrap_or(&Tree::Null), &mut row);
    let generation = result.get("generation_config").unwrap_or(&Tree::Null);
    row.settings = details(generation.get("additional_details"));
    row.settings.extend(details(generation.get("generation_args")));
    row
}

/// The score, with the text that it came from where the record keeps that and it says the same.
fn value(score: &Tree) -> Result<number::Number, number::NoNumber> {
    let value = number::read(score.get("score"))?;
    let raw = score.at(&["details", names::RAW]).map(|raw| number::read(Some(raw)));
    Ok(match raw {
        Some(Ok(raw)) if raw.value == value.value => raw,
        _ => value,
    })
}

/// The units that a record names most.
fn known_unit(unit: &str) -> Option<&'static str> {
    ["proportion", "percent", "points", "ms", "seconds", "tokens", "count"].into_iter().find(|known| *known == unit)
}

fn source_data(source: &Tree, row: &mut Row) {
    let dataset = &mut row.dataset;
    if let Some(name) = source.scalar_at("dataset_name") {
        dataset.name = name;
    }
    dataset.details = details(source.get("additional_details"));
    dataset.split = source.scalar_at("hf_split");
    dataset.samples = source.get("samples_number").and_then(Tree::count);
    match source.text_at("source_type") {
        // A record without the name of the repository keeps what it has.
        Some("hf_dataset") => dataset.hub = source.scalar_at("hf_repo"),
        Some("url") => {
            let urls = source.get("url").or_else(|| source.get("source_url"));
            dataset.urls = urls.map(Tree::one_or_many).unwrap_or_default().iter().filter_map(Tree::scalar).collect();
        }
        _ => {}
    }
}

fn uncertainty(given: &Tree, row: &mut Row) {
    let read = |value: Option<&Tree>| number::read(value).ok().map(|number| number.value);
    let error = given.get("standard_error");
    let method = error.and_then(|error| error.scalar_at("method"));
    let value = read(error.and_then(|error| error.get("value")).or(error));
    row.uncertainty.standard_error = value.map(|value| (value, method));
    if let Some(interval) = given.get("confidence_interval") {
        let bounds = read(interval.get("lower")).zip(read(interval.get("upper")));
        row.uncertainty.interval =
            bounds.map(|(low, high)| (low, high, read(interval.get("confidence_level")), interval.scalar_at("method")));
    }
    row.uncertainty.deviation = read(given.get("standard_deviation"));
    row.uncertainty.n = given.get("num_samples").and_then(Tree::count);
}
