//! Records of Every Eval Ever 0.3.0, and where each lies in a folder laid out like the public datastore:
//! `data/BENCHMARK/DEVELOPER/MODEL/UUID.json`.
//!
//! The record is the one that was published. What is known of its entry is added to the details of its source, which the
//! schema leaves free, under names that begin with `lyceum_`.

use std::collections::BTreeMap;

use lyceum_protocol::publication::evaluation::{Record, UNKNOWN};
use lyceum_protocol::publication::{Json, PublicationFault, Rel};

use super::{Item, fate};

/// Characters of one part of a path.
const PART_CHARS: usize = 80;

/// A record that passes the schema, or none where the publication holds none.
///
/// # Errors
/// [`PublicationFault`] if the schema is broken: never of a publication that was read.
pub fn record(item: &Item) -> Result<Option<Json>, PublicationFault> {
    let Some(evaluation) = item.publication.evaluation() else { return Ok(None) };
    let mut json = evaluation.record.json().clone();
    if let Json::Object(record) = &mut json
        && let Some(Json::Object(source)) = record.get_mut("source_metadata")
    {
        let details = source.entry("additional_details".to_owned()).or_insert_with(|| Json::Object(BTreeMap::new()));
        if let Json::Object(details) = details {
            // What the author wrote under these names would pass for what is known here.
            details.retain(|name, _| !name.starts_with("lyceum_"));
            let said = of_entry(item, evaluation.unscored.len());
            details.extend(said.into_iter().map(|(name, value)| (name.to_owned(), Json::Text(value))));
        }
    }
    Record::read("evaluation", &json)?;
    Ok(Some(json))
}

/// One line.
///
/// # Errors
/// As [`record`].
pub fn line(item: &Item) -> Result<Option<String>, PublicationFault> {
    let text = |json: Json| String::from_utf8_lossy(&json.to_bytes()).into_owned() + "\n";
    Ok(record(item)?.map(text))
}

/// The same over several lines, as a file of its own.
///
/// # Errors
/// As [`record`], in words.
pub fn pretty(item: &Item) -> Result<Option<String>, String> {
    let Some(json) = record(item).map_err(|fault| fault.to_string())? else { return Ok(None) };
    let value: serde_json::Value = serde_json::from_slice(&json.to_bytes()).map_err(|fault| fault.to_string())?;
    serde_json::to_string_pretty(&value).map(|text| Some(text + "\n")).map_err(|fault| fault.to_string())
}

fn of_entry(item: &Item, unscored: usize) -> Vec<(&'static str, String)> {
    let (line, outcome) = (&item.line, &item.outcome);
    let mut said = vec![
        ("lyceum_entry", line.id.clone()),
        ("lyceum_organization", line.org_name.clone()),
        ("lyceum_organization_id", line.org.clone()),
        ("lyceum_published", line.time.clone()),
        ("lyceum_marking", line.marking.clone()),
        ("lyceum_status", fate::status(outcome).to_owned()),
    ];
    if !outcome.superseded_by.is_empty() {
        said.push(("lyceum_superseded_by", outcome.superseded_by.join(" ")));
    }
    let words = fate::words(item);
    if !words.is_empty() {
        said.push(("lyceum_outcome", words.join("; ")));
    }
    for (name, rel) in [("lyceum_disputes", Rel::Disputes), ("lyceum_replications", Rel::Replicates)] {
        match fate::organisations(outcome, &rel) {
            0 => {}
            count => said.push((name, count.to_string())),
        }
    }
    if unscored > 0 {
        said.push(("lyceum_values_that_are_no_scores", unscored.to_string()));
    }
    said
}

/// Where the record lies, parts divided by `/`: only letters, digits and `._-`, none beginning with a dot.
pub fn path(item: &Item) -> Option<String> {
    let record = &item.publication.evaluation()?.record;
    let id = record.model.id.as_str();
    let (developer, model) = match id.split_once('/') {
        Some((developer, model)) => (developer, model),
        None => (record.model.developer.as_deref().unwrap_or(UNKNOWN), id),
    };
    let parts = [benchmark(record), developer, model].map(part);
    Some(format!("data/{}/{}.json", parts.join("/"), uuid(&item.line.id)))
}

/// What the folder of a record is called: its only task or data set, else its source, else the program that ran it.
fn benchmark(record: &Record) -> &str {
    let mut datasets = record.results.iter().map(|result| result.dataset.name.as_str());
    let first = datasets.next().filter(|name| *name != UNKNOWN);
    let only = first.filter(|first| datasets.all(|name| name == *first));
    let named = only.or(record.source.name.as_deref()).filter(|name| !name.trim().is_empty() && *name != UNKNOWN);
    named.unwrap_or(&record.library.name)
}

/// A part of a path that leads nowhere else, whatever somebody has called a thing.
fn part(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let safe: String = name.trim().chars().take(PART_CHARS).map(safe).collect();
    let safe = safe.trim_matches('.');
    if safe.chars().all(|c| c == '_') { UNKNOWN.to_owned() } else { safe.to_owned() }
}

/// A name of the form of a random UUID, always the same for one entry.
fn uuid(id: &str) -> String {
    let mut hex: Vec<char> = id.chars().filter(char::is_ascii_hexdigit).take(32).collect();
    hex.resize(32, '0');
    if let Some(version) = hex.get_mut(12) {
        *version = '4';
    }
    if let Some(variant) = hex.get_mut(16) {
        let digit = variant.to_digit(16).unwrap_or(0);
        *variant = char::from_digit(8 | (digit & 3), 16).unwrap_or('8');
    }
    let text: String = hex.into_iter().collect();
    let cut = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_its_folder() {
        assert_eq!(part("meta-llama"), "meta-llama");
        assert_eq!(part("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(part(".."), "unknown");
        assert_eq!(part(""), "unknown");
        assert_eq!(part("/"), "unknown");
        assert_eq!(part("C:\\x\0y"), "C__x_y");
        assert_eq!(part("言語"), "unknown");
        assert_eq!(part(&"x".repeat(500)).len(), PART_CHARS);
    }

    #[test]
    fn a_file_is_named_like_a_random_uuid_and_always_the_same() {
        let id = "3f9a1c20d4e5f607a8b9cadbecfd0e1f3f9a1c20d4e5f607a8b9cadbecfd0e1f";
        assert_eq!(uuid(id), "3f9a1c20-d4e5-4607-a8b9-cadbecfd0e1f");
        assert_eq!(uuid("é"), "00000000-0000-4000-8000-000000000000");
    }
}
