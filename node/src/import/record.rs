//! From what was found to publications: the record of an evaluation in the shape of Every Eval Ever 0.3.0, split where it
//! would be too large, without what must not leave, and with the hash by which it is recognised.

use lyceum_protocol::publication::evaluation::{self, names};
use lyceum_protocol::publication::{Json, Link, Publication, PublicationFault, Rel, TITLE_CHARS_MAX};
use sha2::{Digest as _, Sha256};

use super::found::{Details, Evaluation, Found, Item, Row};
use super::number::Number;
use super::private::{self, Keep, LeftOut};

/// Largest part of an evaluation, in bytes.
pub const PART_MAX: usize = 200 * 1024;
/// The version of the record.
pub const SCHEMA_VERSION: &str = evaluation::SCHEMA_VERSION;

/// What all findings of one file share.
#[derive(Debug, Clone)]
pub struct Making<'a> {
    /// Name of the format.
    pub format: &'a str,
    /// SHA-256 of the file, hex.
    pub file_sha256: &'a str,
    /// When the file is read, Unix seconds.
    pub retrieved: u64,
    /// What is kept although it is private.
    pub keep: &'a Keep,
}

/// A publication that is ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// The publication.
    pub publication: Publication,
    /// By which it is recognised when it is imported again, hex.
    pub content: String,
    /// Which part of how many it is.
    pub part: Option<(usize, usize)>,
    /// What is not in it.
    pub left_out: Vec<LeftOut>,
}

impl Ready {
    /// The same, linked to the first part of the same evaluation.
    ///
    /// # Errors
    /// [`PublicationFault`] if the id is none.
    pub fn linked_to(&self, first: &str) -> Result<Publication, PublicationFault> {
        let mut json = self.publication.json().clone();
        if let Json::Object(fields) = &mut json
            && let Some(Json::Object(import)) = fields.get_mut("import")
            && let Some(Json::Object(part)) = import.get_mut("part")
        {
            part.insert("first".to_owned(), first.into());
        }
        Publication::from_json(json)?.with_link(&Link { rel: Rel::Cites, target: first.to_owned() })
    }
}

/// Makes the publications of what was found: one, or the parts of one.
///
/// # Errors
/// [`PublicationFault`] if it is none that may be published, such as a text that is too long.
pub fn publications(found: Found, making: &Making<'_>) -> Result<Vec<Ready>, PublicationFault> {
    let chunks = found.evaluation.as_ref().map(|evaluation| chunks(&evaluation.items));
    let Some(chunks) = chunks.filter(|chunks| chunks.len() > 1) else {
        let items = found.evaluation.as_ref().map(|evaluation| evaluation.items.clone()).unwrap_or_default();
        return Ok(vec![one(&found, &items, None, making)?]);
    };
    let of = chunks.len();
    let parts = chunks.iter().enumerate();
    parts.map(|(n, items)| one(&found, items, Some((n.saturating_add(1), of)), making)).collect()
}

/// The items cut into parts of at most [`PART_MAX`] bytes, between two tasks where that is possible.
fn chunks(items: &[Item]) -> Vec<Vec<Item>> {
    // The rest of the record is small; this leaves it room.
    let room = PART_MAX.saturating_sub(16 * 1024);
    let size = |item: &Item| {
        let json = scored(item).or_else(|| unscored(item)).unwrap_or(Json::Null);
        json.to_bytes().len().saturating_add(1)
    };
    let mut parts: Vec<Vec<Item>> = vec![Vec::new()];
    let mut filled = 0_usize;
    for task in items.chunk_by(|a, b| a.task() == b.task()) {
        let bytes: usize = task.iter().map(size).sum();
        if filled > 0 && filled.saturating_add(bytes) > room {
            parts.push(Vec::new());
            filled = 0;
        }
        for item in task {
            let bytes = size(item);
            if filled > 0 && filled.saturating_add(bytes) > room {
                parts.push(Vec::new());
                filled = 0;
            }
            filled = filled.saturating_add(bytes);
            if let Some(part) = parts.last_mut() {
                part.push(item.clone());
            }
        }
    }
    parts
}

fn one(
    found: &Found,
    items: &[Item],
    part: Option<(usize, usize)>,
    making: &Making<'_>,
) -> Result<Ready, PublicationFault> {
    let mut fields: std::collections::BTreeMap<String, Json> =
        found.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if let Some(evaluation) = &found.evaluation {
        fields.insert("evaluation".to_owned(), record(evaluation, found, items, making));
        let beside: Vec<Json> = items.iter().filter_map(unscored).collect();
        if !beside.is_empty() {
            fields.insert("unscored".to_owned(), Json::List(beside));
        }
    }
    let mut title = found.text("title").to_owned();
    if let Some(why) = &found.stub {
        title = format!("Dry run: {title}");
        let summary = found.text("summary");
        fields.insert("summary".to_owned(), format!("No evidence: {why}. {summary}").trim_end().into());
    }
    let suffix = part.map(|(number, of)| format!(" (part {number} of {of})")).unwrap_or_default();
    fields
        .insert("title".to_owned(), (shortened(&title, TITLE_CHARS_MAX.saturating_sub(suffix.len())) + &suffix).into());
    let mut json = Json::Object(fields);
    let mut left_out = found.left_out.clone();
    left_out.extend(private::clean(&mut json, making.keep));
    let content = data_encoding::HEXLOWER.encode(&Sha256::digest(normalised(&json).to_bytes()));
    finish(&mut json, found, part, making, &content);
    let publication = Publication::read(&json.to_bytes())?;
    publication.check_own()?;
    // What was taken out is gone; this is asked of every byte that leaves.
    if let Some(secret) = private::first_secret(publication.json()) {
        return Err(PublicationFault { field: secret.field, reason: format!("holds a secret ({})", secret.name) });
    }
    Ok(Ready { publication, content, part, left_out })
}

/// What the hash is over: not when and from which file it was read.
fn normalised(json: &Json) -> Json {
    let mut json = json.clone();
    if let Json::Object(fields) = &mut json {
        fields.remove("created");
        fields.remove("language");
        if let Some(Json::Object(record)) = fields.get_mut("evaluation") {
            record.remove("retrieved_timestamp");
            record.remove("evaluation_id");
        }
    }
    json
}

/// Adds what says where it came from.
fn finish(json: &mut Json, found: &Found, part: Option<(usize, usize)>, making: &Making<'_>, content: &str) {
    let Json::Object(fields) = json else { return };
    if found.evaluation.as_ref().is_some_and(|evaluation| evaluation.given.is_none())
        && let Some(Json::Object(record)) = fields.get_mut("evaluation")
    {
        let model = match record.get("model_info") {
            Some(Json::Object(model)) => match model.get("id") {
                Some(Json::Text(id)) => id.replace('/', "_"),
                _ => "unknown".to_owned(),
            },
            _ => "unknown".to_owned(),
        };
        let id = format!("{}/{model}/{}", making.format, content.get(..16).unwrap_or(content));
        record.insert("evaluation_id".to_owned(), id.into());
    }
    let mut import: std::collections::BTreeMap<String, Json> = std::collections::BTreeMap::new();
    let mut put = |name: &str, value: Json| {
        import.insert(name.to_owned(), value);
    };
    put("format", making.format.into());
    put("file_sha256", making.file_sha256.into());
    put("content", content.into());
    if let Some(tool) = &found.tool {
        let mut json = vec![("name".to_owned(), Json::Text(tool.name.clone()))];
        json.extend(tool.version.clone().map(|version| ("version".to_owned(), Json::Text(version))));
        put("tool", Json::Object(json.into_iter().collect()));
    }
    if let Some((number, of)) = part {
        put("part", Json::from([("number", whole(number)), ("of", whole(of))]));
    }
    if found.stub.is_some() {
        put("stub", Json::Bool(true));
    }
    if let Some((count, sha256)) = &found.samples {
        let mut json = vec![("count".to_owned(), Json::Number((*count).into()))];
        json.extend(sha256.clone().map(|sha256| ("sha256".to_owned(), Json::Text(sha256))));
        put("samples", Json::Object(json.into_iter().collect()));
    }
    let mut import = Json::Object(import);
    // A version of a tool can be anything too.
    private::clean(&mut import, making.keep);
    fields.insert("import".to_owned(), import);
}

fn whole(number: usize) -> Json {
    Json::Number(u64::try_from(number).unwrap_or(u64::MAX).into())
}

/// A finite double as JSON; none of another.
fn double(value: f64) -> Option<Json> {
    serde_json::Number::from_f64(value).map(Json::Number)
}

/// A text that is cut at its end where it is longer.
pub fn shortened(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// An object built field by field; what is not there is not written.
#[derive(Default)]
struct Object(std::collections::BTreeMap<String, Json>);

impl Object {
    fn put(&mut self, name: &str, value: impl Into<Json>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn details(&mut self, name: &str, details: &Details) {
        if !details.is_empty() {
            self.put(name, texts_of(details));
        }
    }

    fn json(self) -> Json {
        Json::Object(self.0)
    }
}

fn texts_of(details: &Details) -> Json {
    Json::Object(details.iter().map(|(key, value)| (key.clone(), Json::Text(value.clone()))).collect())
}

/// The result that an item is, if it has a score.
fn scored(item: &Item) -> Option<Json> {
    match item {
        Item::Scored(row, number, lower) => Some(result(row, number, *lower)),
        Item::Given { result, .. } => Some(result.clone()),
        Item::Unscored(_) => None,
    }
}

fn record(evaluation: &Evaluation, found: &Found, items: &[Item], making: &Making<'_>) -> Json {
    let results = Json::List(items.iter().filter_map(scored).collect());
    if let Some(Json::Object(given)) = &evaluation.given {
        let mut record = given.clone();
        record.insert("evaluation_results".to_owned(), results);
        return Json::Object(record);
    }
    let mut record = Object::default();
    record.put("schema_version", SCHEMA_VERSION);
    // Replaced by one that is made of the content.
    record.put("evaluation_id", "unknown");
    record.text("evaluation_timestamp", evaluation.time.as_deref());
    record.put("retrieved_timestamp", making.retrieved.to_string());
    let mut source = Object::default();
    source.put("source_name", if evaluation.source.is_empty() { "unknown" } else { evaluation.source.as_str() });
    source.put("source_type", if evaluation.from_document { "documentation" } else { "evaluation_run" });
    source.put("source_organization_name", evaluation.organisation.as_deref().unwrap_or("unknown"));
    source.text("source_organization_url", evaluation.organisation_url.as_deref());
    source.put("evaluator_relationship", evaluation.relationship.as_deref().unwrap_or("other"));
    source.details("additional_details", &evaluation.source_details);
    record.put("source_metadata", source.json());
    let library = found.tool.as_ref();
    record.put(
        "eval_library",
        Json::from([
            ("name", library.map_or("unknown", |tool| tool.name.as_str()).into()),
            ("version", library.and_then(|tool| tool.version.as_deref()).unwrap_or("unknown").into()),
        ]),
    );
    record.put("model_info", model_info(evaluation));
    record.put("evaluation_results", results);
    record.json()
}

fn model_info(evaluation: &Evaluation) -> Json {
    let model = &evaluation.model;
    let mut info = Object::default();
    info.put("name", model.name.as_str());
    info.put("id", model.name.as_str());
    info.text("developer", model.developer.as_deref());
    info.text("inference_platform", model.provider.as_deref());
    let mut details = model.details.clone();
    for (name, value) in [(names::REVISION, &model.revision), ("digest", &model.digest)] {
        if let Some(value) = value {
            details.push((name.to_owned(), value.clone()));
        }
    }
    let allowed = [
        ("deployment_type", ["self_deployed", "externally_managed"]),
        ("model_availability", ["open_weights", "closed_weights"]),
    ];
    for (name, values) in allowed {
        let said = details.iter().any(|(key, value)| key == name && values.contains(&value.as_str()));
        if !said {
            details.retain(|(key, _)| key != name);
            details.push((name.to_owned(), "unknown".to_owned()));
        }
    }
    info.details("additional_details", &details);
    info.json()
}

fn result(row: &Row, number: &Number, lower_is_better: bool) -> Json {
    let mut result = Object::default();
    result.put("evaluation_name", row.task.as_str());
    result.put("source_data", source_data(row));
    result.text("evaluation_timestamp", row.time.as_deref());
    let mut metric = Object::default();
    metric.put("metric_name", row.metric.as_str());
    metric.put("lower_is_better", Json::Bool(lower_is_better));
    let table = super::metric::known(&row.metric).and_then(|known| known.unit);
    let unit = if number.percent { Some("percent") } else { row.unit.or(table) };
    metric.put("metric_unit", unit.unwrap_or("unknown"));
    if let Some((low, high)) = row.range.filter(|(low, high)| low.is_finite() && high.is_finite()) {
        metric.put("score_type", "continuous");
        for (name, value) in [("min_score", low), ("max_score", high)] {
            if let Some(value) = double(value) {
                metric.put(name, value);
            }
        }
    }
    metric.details("additional_details", &row.metric_details);
    result.put("metric_config", metric.json());
    result.put("score_details", score_details(row, number));
    if !row.settings.is_empty() {
        let mut settings = Object::default();
        settings.details("additional_details", &row.settings);
        result.put("generation_config", settings.json());
    }
    result.json()
}

fn source_data(row: &Row) -> Json {
    let dataset = &row.dataset;
    let mut source = Object::default();
    source.put("dataset_name", if dataset.name.is_empty() { "unknown" } else { dataset.name.as_str() });
    let mut details = dataset.details.clone();
    match (&dataset.hub, dataset.urls.is_empty()) {
        (Some(hub), _) => {
            source.put("source_type", "hf_dataset");
            source.put("hf_repo", hub.as_str());
            source.text("hf_split", dataset.split.as_deref());
            if let Some(samples) = dataset.samples {
                source.put("samples_number", Json::Number(samples.into()));
            }
        }
        (None, false) => {
            source.put("source_type", "url");
            source.put("url", Json::List(dataset.urls.iter().map(|url| Json::Text(url.clone())).collect()));
        }
        (None, true) => {
            source.put("source_type", "other");
            details.extend(dataset.samples.map(|samples| ("samples".to_owned(), samples.to_string())));
        }
    }
    if dataset.hub.is_none() {
        details.extend(dataset.split.clone().map(|split| ("split".to_owned(), split)));
    }
    source.details("additional_details", &details);
    source.json()
}

fn score_details(row: &Row, number: &Number) -> Json {
    let mut score = Object::default();
    if let Some(value) = double(number.value) {
        score.put("score", value);
    }
    let mut details = row.details.clone();
    details.push((names::RAW.to_owned(), number.raw.clone()));
    score.details("details", &details);
    let given = &row.uncertainty;
    let mut uncertainty = Object::default();
    if let Some((value, method)) = &given.standard_error
        && let Some(value) = double(*value)
    {
        let mut error = Object::default();
        error.put("value", value);
        error.text("method", method.as_deref());
        uncertainty.put("standard_error", error.json());
    }
    if let Some((low, high, level, method)) = &given.interval
        && let (Some(low), Some(high)) = (double(*low), double(*high))
    {
        let mut interval = Object::default();
        interval.put("lower", low);
        interval.put("upper", high);
        if let Some(level) = level.filter(|level| (0.0..=1.0).contains(level)).and_then(double) {
            interval.put("confidence_level", level);
        }
        interval.text("method", method.as_deref());
        uncertainty.put("confidence_interval", interval.json());
    }
    if let Some(deviation) = given.deviation.and_then(double) {
        uncertainty.put("standard_deviation", deviation);
    }
    if let Some(n) = given.n {
        uncertainty.put("num_samples", Json::Number(n.into()));
    }
    if !uncertainty.0.is_empty() {
        score.put("uncertainty", uncertainty.json());
    }
    score.json()
}

fn unscored(item: &Item) -> Option<Json> {
    let Item::Unscored(unscored) = item else { return None };
    let mut json = Object::default();
    json.put("task", unscored.task.as_str());
    json.text("metric", unscored.metric.as_deref());
    json.put("raw", unscored.raw.as_str());
    json.put("reason", unscored.reason.as_str());
    Some(json.json())
}

#[cfg(test)]
mod tests;
