//! From what was found to publications: the record of an evaluation in the shape of Every Eval Ever 0.3.0, split where it
//! would be too large, without what must not leave, and with the hash by which it is recognised.

mod results;

use lyceum_protocol::publication::evaluation::Record;
use lyceum_protocol::publication::{Json, Link, Publication, PublicationFault, Rel, TITLE_CHARS_MAX};
use sha2::{Digest as _, Sha256};

use super::found::{Evaluation, Found, Item};
use super::private::{self, Keep, LeftOut};
use super::without_private;

/// Largest part of an evaluation, in bytes.
pub const PART_MAX: usize = 200 * 1024;

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
        let json = scored(item).ok().flatten().or_else(|| unscored(item)).unwrap_or(Json::Null);
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
        fields.insert("evaluation".to_owned(), record(evaluation, found, items, making)?);
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
    if let (Some(_), Some(evaluation)) = (part, &found.evaluation) {
        let whole = match fields.get("summary") {
            Some(Json::Text(summary)) => summary.as_str(),
            Some(_) | None => "",
        };
        let holds = format!("{whole} This part holds {} of the {} values.", items.len(), evaluation.items.len());
        fields.insert("summary".to_owned(), holds.trim_start().into());
    }
    let suffix = part.map(|(number, of)| format!(" (part {number} of {of})")).unwrap_or_default();
    fields
        .insert("title".to_owned(), (shortened(&title, TITLE_CHARS_MAX.saturating_sub(suffix.len())) + &suffix).into());
    let mut json = Json::Object(fields);
    let mut left_out = found.left_out.clone();
    if found.samples.is_some() {
        left_out.push(LeftOut::new("samples", "what was asked and answered: its number and its hash are published"));
    }
    for left in &mut left_out {
        // A file chooses the names of its fields, and reasons quote it.
        left.field = without_private(std::mem::take(&mut left.field));
        left.reason = without_private(std::mem::take(&mut left.reason));
    }
    // What is kept by name makes no other finding of it.
    let bare = (!making.keep.is_empty()).then(|| {
        let mut bare = json.clone();
        private::clean(&mut bare, &Keep::default());
        bare
    });
    left_out.extend(private::clean(&mut json, making.keep));
    let hashed = normalised(bare.as_ref().unwrap_or(&json)).to_bytes();
    let content = data_encoding::HEXLOWER.encode(&Sha256::digest(hashed));
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

/// A text that is cut at its end where it is longer.
pub fn shortened(text: &str, max: usize) -> String {
    private::cut(text, max)
}

/// The result that an item is, if it has a score.
fn scored(item: &Item) -> Result<Option<Json>, PublicationFault> {
    match item {
        Item::Scored(row, number, lower) => results::result(row, number, *lower).to_json().map(Some),
        Item::Given { result, .. } => Ok(Some(result.clone())),
        Item::Unscored(_) => Ok(None),
    }
}

fn record(
    evaluation: &Evaluation,
    found: &Found,
    items: &[Item],
    making: &Making<'_>,
) -> Result<Json, PublicationFault> {
    let around = match &evaluation.given {
        Some(given) => given.clone(),
        None => Record::write(&results::head(evaluation, found, making.retrieved))?.json().clone(),
    };
    let Json::Object(mut record) = around else { return Ok(around) };
    let results: Vec<Option<Json>> = items.iter().map(scored).collect::<Result<_, _>>()?;
    record.insert("evaluation_results".to_owned(), Json::List(results.into_iter().flatten().collect()));
    Ok(Json::Object(record))
}

fn unscored(item: &Item) -> Option<Json> {
    let Item::Unscored(unscored) = item else { return None };
    Some(unscored.to_json())
}

#[cfg(test)]
mod tests;
