//! AI Incident Database: incidents and reports in their GraphQL envelopes, and the mapping to the MIT taxonomy.
//!
//! Articles belong to their publishers: a report is named with its address, its text is not taken.

use lyceum_protocol::publication::{Json, LanguageTag};

use super::found::{Found, Model, texts};
use super::record::shortened;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape};

/// Reads records of the AI Incident Database.
#[derive(Debug)]
pub(super) struct Aiid;

/// Reports of an incident that are named; of more, how many there are.
const REPORTS_NAMED: usize = 200;

impl Importer for Aiid {
    fn name(&self) -> &'static str {
        "aiid"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        material.shape == Shape::Json && (!records(&material.first).is_empty() || is_mapping(&material.first))
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        if is_mapping(&material.first) {
            return Ok(vec![mapping(&material.first)]);
        }
        let made = records(&material.first)
            .into_iter()
            .map(|record| if record.has("incident_id") { incident(record) } else { report(record) });
        made.collect()
    }
}

/// Incidents and reports in an envelope.
fn records(file: &Tree) -> Vec<&Tree> {
    let data = file.get("data").map(Tree::entries).unwrap_or_default();
    let all = data.iter().flat_map(|(_, value)| value.one_or_many());
    let known = |record: &&Tree| {
        (record.has("incident_id") && record.has("title")) || (record.has("report_number") && record.has("title"))
    };
    all.filter(known).collect()
}

fn is_mapping(file: &Tree) -> bool {
    file.get("fieldMappings").is_some_and(Tree::is_map) && file.get("valueMappings").is_some_and(Tree::is_map)
}

fn names(record: &Tree, field: &str) -> Vec<String> {
    let parties = record.get(field).map(Tree::one_or_many).unwrap_or_default();
    parties
        .iter()
        .filter_map(|party| party.scalar_at("name").or_else(|| party.scalar_at("entity_id")).or_else(|| party.scalar()))
        .collect()
}

fn incident(record: &Tree) -> Result<Found, Refusal> {
    let number = record.scalar_at("incident_id").ok_or_else(|| Refusal::new("has an incident without a number"))?;
    let title = record.scalar_at("title").unwrap_or_else(|| format!("Incident {number}"));
    let (deployers, developers) =
        (names(record, "AllegedDeployerOfAISystem"), names(record, "AllegedDeveloperOfAISystem"));
    let harmed = names(record, "AllegedHarmedOrNearlyHarmedParties");
    let mut found = Found::new("finding", shortened(&title, 280)).with("nature", "incident");
    found.set_text("summary", record.scalar_at("description").as_deref());
    if let Some(date) = record.scalar_at("date") {
        found.set_checked("created", date.as_str());
        // When it happened, not when the record was written.
        if found.text("created") == date {
            found.set("date", date);
        }
        found.fields.retain(|(name, _)| *name != "created");
    }
    // No record names a model: an incident is about who was harmed, or else about who runs the system.
    let affected = [&harmed, &deployers, &developers].into_iter().find(|names| !names.is_empty());
    match affected {
        Some(names) => found.set("affected", texts(names.clone())),
        None => found.set("models", Json::List(vec![Model::named(None).to_json()])),
    }
    let mut body = String::new();
    for (label, names) in
        [("Alleged deployer", &deployers), ("Alleged developer", &developers), ("Alleged harmed parties", &harmed)]
    {
        if !names.is_empty() {
            body.push_str(&format!("{label}: {}\n\n", names.join(", ")));
        }
    }
    let reports = record.get("reports").map(Tree::items).unwrap_or_default();
    if !reports.is_empty() {
        body.push_str("## Reports\n\n");
    }
    for report in reports.iter().take(REPORTS_NAMED) {
        let said = report.scalar_at("title").unwrap_or_default();
        let url = report.scalar_at("url").unwrap_or_default();
        let date = report.scalar_at("date_published").unwrap_or_default();
        body.push_str(&format!("- {} {date} {url}\n", shortened(&said, 200)));
    }
    if reports.len() > REPORTS_NAMED {
        body.push_str(&format!("- and {} more\n", reports.len().saturating_sub(REPORTS_NAMED)));
    }
    found.set_text("body", Some(&body));
    found.set("tags", texts(["aiid".to_owned(), format!("aiid-incident-{number}")]));
    if !reports.is_empty() {
        found.leave_out("reports[].text", "the articles belong to their publishers: they are named with their address");
    }
    for (field, why) in [
        ("embedding", "numbers of a search engine"),
        ("nlp_similar_incidents", "numbers of a search engine"),
        ("editors", "who edited the record"),
        ("editor_notes", "notes of the editors"),
    ] {
        if record.get(field).is_some() {
            found.leave_out(field, why);
        }
    }
    Ok(found)
}

fn report(record: &Tree) -> Result<Found, Refusal> {
    let number = record.scalar_at("report_number").ok_or_else(|| Refusal::new("has a report without a number"))?;
    let title = record.scalar_at("title").unwrap_or_else(|| format!("Report {number}"));
    let mut found = Found::new("note", shortened(&title, 280));
    let language = record.scalar_at("language").filter(|language| LanguageTag::new(language).is_some());
    found.set_text("language", language.as_deref());
    found.set_checked_text("created", record.scalar_at("date_published").as_deref());
    let url = record.scalar_at("url");
    let by = names(record, "authors").join(", ");
    let mut body = format!("A report of the AI Incident Database (number {number}).\n");
    if !by.is_empty() {
        body.push_str(&format!("\nBy {by}\n"));
    }
    body.push_str(&url.as_ref().map(|url| format!("\n{url}\n")).unwrap_or_default());
    let mut translated = Vec::new();
    for (field, value) in record.entries() {
        if let Some(language) = field.strip_prefix("translations_")
            && let Some(title) = value.text_at("title")
        {
            translated.push(format!("- {language}: {}\n", shortened(title, 280)));
        }
    }
    if !translated.is_empty() {
        body.push_str(&format!("\n## Translated titles\n\n{}", translated.concat()));
    }
    found.set("body", body);
    if let Some(url) = url {
        found.set("links", Json::List(vec![Json::from([("rel", "cites".into()), ("target", url.into())])]));
    }
    let mut tags = vec!["aiid".to_owned(), format!("aiid-report-{number}")];
    tags.extend(record.get("tags").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::scalar));
    found.set("tags", texts(tags));
    found.leave_out("text", "the article belongs to its publisher: it is named with its address");
    for (field, why) in
        [("submitters", "who sent the report in"), ("user", "an account"), ("embedding", "numbers of a search engine")]
    {
        if record.get(field).is_some() {
            found.leave_out(field, why);
        }
    }
    Ok(found)
}

/// How the names of one classification are mapped to those of another.
fn mapping(file: &Tree) -> Found {
    let mut found = Found::new("resource", "AI Incident Database: mapping to the MIT risk taxonomy");
    found.set("kind", "standard");
    let mut body = String::new();
    for section in ["fieldMappings", "valueMappings"] {
        for (key, value) in file.get(section).map(Tree::entries).unwrap_or_default() {
            if value.is_map() {
                body.push_str(&format!("\n## {key}\n\n"));
                for (from, to) in value.entries() {
                    body.push_str(&format!("- {from} -> {}\n", to.raw(300)));
                }
            } else {
                body.push_str(&format!("- {key} -> {}\n", value.raw(300)));
            }
        }
    }
    found.set_text("body", Some(&body));
    found.set("tags", texts(["aiid".to_owned(), "taxonomy".to_owned()]));
    found
}
