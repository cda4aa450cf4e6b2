//! Reports for the AI Vulnerability Database: of risks, incidents and evaluations.
//!
//! An evaluation gives one report for each task, as the database has them. It assigns the ids itself: what is known of
//! the entry stands under `lyceum`, beside the fields of the format.

use lyceum_protocol::publication::evaluation::names;
use lyceum_protocol::publication::taxonomy::{EDITION_UNKNOWN, Term};
use lyceum_protocol::publication::{Detail, Evaluation, Finding, Json, Severity};
use serde_json::Number;

use super::{Item, fate};

/// An edition of the taxonomy in which every code has its name.
const TAXONOMY_VERSION: &str = "0.2";
/// The version of the format.
const DATA_VERSION: &str = "0.3.3";

/// The reports of one publication: none where it is neither a risk nor an incident nor an evaluation.
pub fn reports(item: &Item) -> Vec<Json> {
    let Some(finding) = item.publication.finding() else { return Vec::new() };
    match &finding.detail {
        Detail::Evaluation(evaluation) => measurements(item, finding, evaluation),
        Detail::Risk(risk) => vec![issue(item, finding, &risk.affected, "Undefined")],
        Detail::Incident(incident) => vec![issue(item, finding, &incident.affected, "AIID Incident")],
        Detail::Mitigation(_) | Detail::Capability | Detail::Other => Vec::new(),
    }
}

/// The reports, one a line.
pub fn lines(item: &Item) -> String {
    let line = |report: Json| String::from_utf8_lossy(&report.to_bytes()).into_owned() + "\n";
    reports(item).into_iter().map(line).collect()
}

fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

fn said(language: &str, words: String) -> Json {
    Json::from([("lang", language.into()), ("value", text(words))])
}

/// The language in three letters where the format's files have one, else the tag.
fn language(item: &Item) -> String {
    match item.publication.language.as_ref().map(|tag| tag.as_str()) {
        None | Some("en") => "eng".to_owned(),
        Some(tag) => tag.to_owned(),
    }
}

struct Parts<'a> {
    class: &'static str,
    kind: &'static str,
    title: String,
    description: String,
    metrics: Vec<Json>,
    affected: Vec<Json>,
    lifecycle: Vec<Json>,
    task: Option<&'a str>,
}

fn report(item: &Item, finding: &Finding, parts: Parts<'_>) -> Json {
    let publication = &item.publication;
    let language = language(item);
    let names = |names: Vec<&String>| {
        let mut names: Vec<Json> = names.into_iter().map(|name| text(name.as_str())).collect();
        names.dedup();
        Json::List(names)
    };
    let developers = publication.evaluation().and_then(|it| it.record.model.developer.as_ref());
    let deployers = finding.models.iter().filter_map(|model| model.provider.as_ref());
    let label = format!("Entry {} of {} in Lyceum", item.line.id, fate::one_line(&item.org_name()));
    let mut fields = vec![
        ("data_type", "AVID".into()),
        ("data_version", DATA_VERSION.into()),
        (
            "affects",
            Json::from([
                ("developer", names(developers.into_iter().collect())),
                ("deployer", names(deployers.collect())),
                ("artifacts", Json::List(parts.affected)),
            ]),
        ),
        (
            "problemtype",
            Json::from([
                ("classof", parts.class.into()),
                ("type", parts.kind.into()),
                ("description", said(&language, parts.title)),
            ]),
        ),
        ("metrics", Json::List(parts.metrics)),
        (
            "references",
            Json::List(vec![Json::from([("type", "source".into()), ("label", text(label)), ("url", "".into())])]),
        ),
        ("description", said(&language, parts.description)),
        ("impact", Json::from([("avid", taxonomy(item, parts.lifecycle))])),
        ("reported_date", text(reported(item))),
        ("lyceum", of_entry(item, finding, parts.task)),
    ];
    if !publication.authors.is_empty() {
        let credit = publication.authors.iter().map(|author| said("eng", author.name.clone()));
        fields.push(("credit", Json::List(credit.collect())));
    }
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn reported(item: &Item) -> String {
    item.publication.created.as_deref().and_then(super::bibtex::date).unwrap_or_else(|| item.day().to_owned())
}

/// What no field of the format is for.
fn of_entry(item: &Item, finding: &Finding, task: Option<&str>) -> Json {
    let (line, outcome) = (&item.line, &item.outcome);
    let mut fields = vec![
        ("entry", text(line.id.as_str())),
        ("organization", text(line.org_name.as_str())),
        ("organization_id", text(line.org.as_str())),
        ("published", text(line.time.as_str())),
        ("marking", text(line.marking.as_str())),
        ("nature", text(finding.nature.as_str())),
        ("status", text(fate::status(outcome))),
        ("outcome", Json::List(fate::words(item).into_iter().map(Json::Text).collect())),
    ];
    let severity = match &finding.detail {
        Detail::Risk(risk) => {
            fields.push(("risk_status", risk.status.name().into()));
            fields.extend(risk.likelihood.map(|likelihood| ("likelihood", likelihood.name().into())));
            risk.severity
        }
        Detail::Incident(incident) => {
            fields.extend(incident.date.as_deref().map(|date| ("incident_date", date.into())));
            fields.extend(incident.harm.as_deref().map(|harm| ("harm", harm.into())));
            incident.severity
        }
        _ => None,
    };
    fields.extend(task.map(|task| ("task", task.into())));
    fields.extend(severity.map(|severity: Severity| ("severity", severity.name().into())));
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Codes of the database's own taxonomy, each with its name.
fn taxonomy(item: &Item, lifecycle: Vec<Json>) -> Json {
    let mut edition = None;
    let (mut domains, mut views) = (Vec::new(), Vec::new());
    for term in &item.publication.taxonomies {
        let Ok(term) = Term::read(term) else { continue };
        if term.taxonomy.is_none_or(|taxonomy| taxonomy.name != "avid-sep") {
            continue;
        }
        edition = edition.or(term.edition);
        let domain = match term.code.chars().next() {
            Some('S') => "Security",
            Some('E') => "Ethics",
            _ => "Performance",
        };
        if !domains.contains(&Json::from(domain)) {
            domains.push(domain.into());
        }
        // The names of the codes are the same in all editions. The database writes a space behind a stroke.
        let usual = format!("avid-sep-{TAXONOMY_VERSION}:{}", term.code);
        let name = term.name().or_else(|| Term::read(&usual).ok()?.name());
        let name = name.map(|name| format!("{}: {}", term.code, name.replace('/', "/ ")));
        views.push(text(name.unwrap_or_else(|| term.code.to_owned())));
    }
    Json::from([
        // The database joins reports to a vulnerability of its own; its readers want the field all the same.
        ("vuln_id", Json::Null),
        ("risk_domain", Json::List(domains)),
        ("sep_view", Json::List(views)),
        ("lifecycle_view", Json::List(lifecycle)),
        // Where nobody has said which, the files of the database have an empty text.
        ("taxonomy_version", edition.filter(|edition| *edition != EDITION_UNKNOWN).unwrap_or_default().into()),
    ])
}

/// What became of it, then the text.
fn description(item: &Item, more: &[String]) -> String {
    let mut blocks = fate::words(item);
    if item.is_for_members() {
        blocks.push(format!("TLP:{}", item.line.marking));
    }
    let mut blocks: Vec<String> = if blocks.is_empty() { Vec::new() } else { vec![blocks.join(". ") + "."] };
    let publication = &item.publication;
    blocks.extend(more.iter().cloned());
    blocks.extend([&publication.summary, &publication.body].into_iter().flatten().cloned());
    blocks.retain(|block| !block.trim().is_empty());
    if blocks.is_empty() { publication.title.clone() } else { blocks.join("\n\n") }
}

fn artifact(kind: &str, name: &str) -> Json {
    Json::from([("type", kind.into()), ("name", name.into())])
}

fn issue(item: &Item, finding: &Finding, affected: &[String], class: &'static str) -> Json {
    let mut artifacts: Vec<Json> = finding.models.iter().map(|model| artifact("Model", &model.name)).collect();
    let others = affected.iter().filter(|name| finding.models.iter().all(|model| model.name != **name));
    artifacts.extend(others.map(|name| artifact("System", name)));
    let parts = Parts {
        class,
        kind: "Issue",
        title: item.publication.title.clone(),
        description: description(item, &[]),
        metrics: Vec::new(),
        affected: artifacts,
        lifecycle: Vec::new(),
        task: None,
    };
    report(item, finding, parts)
}

fn number(value: f64) -> Option<Json> {
    Number::from_f64(value).map(Json::Number)
}

/// One report for each task that has scores, in the order of the record.
fn measurements(item: &Item, finding: &Finding, evaluation: &Evaluation) -> Vec<Json> {
    let record = &evaluation.record;
    let mut tasks: Vec<(&str, Vec<Json>)> = Vec::new();
    for result in &record.results {
        let metric = &result.metric;
        let mut row = vec![
            ("metrics", text(metric.label().unwrap_or("unknown"))),
            ("value", number(result.score).unwrap_or(Json::Null)),
            ("lower_is_better", Json::Bool(metric.lower_is_better)),
        ];
        row.extend(metric.details.get("scorer").map(|scorer| ("scorer", text(scorer.as_str()))));
        row.extend(metric.details.get(names::FILTER).map(|filter| ("filter", text(filter.as_str()))));
        row.extend(metric.unit.as_ref().map(|unit| ("unit", text(unit.as_str()))));
        row.extend(result.raw.as_ref().map(|raw| ("raw", text(raw.as_str()))));
        row.extend(result.uncertainty.standard_error.and_then(number).map(|error| ("standard_error", error)));
        row.extend(result.uncertainty.n.map(|n| ("samples", Json::Number(n.into()))));
        let row = Json::Object(row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        match tasks.iter_mut().find(|(task, _)| *task == result.task) {
            Some((_, rows)) => rows.push(row),
            None => tasks.push((&result.task, vec![row])),
        }
    }
    let model = finding.models.first().map_or(record.model.name.as_str(), |model| model.name.as_str());
    let library = &record.library;
    let ran = format!("Measured with {} {}.", library.name, library.version);
    let unscored = evaluation.unscored.len();
    let beside = format!("{unscored} values that are no scores are not in this report.");
    let more: Vec<String> = if unscored > 0 { vec![format!("{ran} {beside}")] } else { vec![ran] };
    let one = |(task, metrics): (&str, Vec<Json>)| {
        let parts = Parts {
            class: "LLM Evaluation",
            kind: "Measurement",
            title: format!("Evaluation of {model} on the {task} benchmark"),
            description: description(item, &more),
            metrics,
            affected: vec![artifact("Model", model)],
            lifecycle: vec!["L05: Evaluation".into()],
            task: Some(task),
        };
        report(item, finding, parts)
    };
    tasks.into_iter().map(one).collect()
}
