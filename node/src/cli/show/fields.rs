//! The fields of a publication for people: what its type adds, in words and tables of at most 80 columns.

use lyceum_protocol::publication::evaluation::{EvaluationResult, UNKNOWN};
use lyceum_protocol::publication::taxonomy::Term;
use lyceum_protocol::publication::{
    Content, Detail, Evaluation, Finding, Model, Notice, Publication, Resource, Unscored,
};

use super::super::output::Column;
use super::super::publish::short_id;
use super::super::{Context, safe_text, size};
use crate::api::shapes::{FilePlace, FileShape};
use crate::failure::Failure;

/// Width of the names of fields.
const LABEL: usize = 14;
/// Characters of a task, a metric, a value and an error in the table. The first two go over several lines where the
/// terminal is narrow.
const TASK_CHARS: usize = 26;
const METRIC_CHARS: usize = 48;
const VALUE_CHARS: usize = 10;
const ERROR_CHARS: usize = 14;

const COLUMNS: [Column; 5] =
    [Column::Text("TASK"), Column::Text("METRIC"), Column::Whole("VALUE"), Column::Whole("ERROR"), Column::Whole("N")];

/// Prints what the type adds and the common fields that a list does not show.
pub(super) fn print(publication: &Publication, context: &mut Context) -> Result<(), Failure> {
    for (name, value) in rows(publication) {
        context.out.paragraph(&format!("{name:<LABEL$}"), &safe_text::line(&value))?;
    }
    if let Some(evaluation) = publication.evaluation() {
        print_evaluation(evaluation, context)?;
    }
    Ok(())
}

type Rows = Vec<(&'static str, String)>;

fn add(rows: &mut Rows, name: &'static str, value: impl Into<String>) {
    let value = value.into();
    if !value.is_empty() {
        rows.push((name, value));
    }
}

fn rows(publication: &Publication) -> Rows {
    let mut rows = Rows::new();
    match &publication.content {
        Content::Finding(finding) => of_finding(finding, &mut rows),
        Content::Release(release) => {
            add(&mut rows, "name", release.name.as_str());
            add(&mut rows, "version", release.version.clone().unwrap_or_default());
            add(&mut rows, "where", release.place.clone().unwrap_or_default());
        }
        Content::Resource(resource) => of_resource(resource, &mut rows),
        Content::Call(call) => {
            add(&mut rows, "ends", call.ends.clone().unwrap_or_default());
            add(&mut rows, "models", joined(&call.models));
        }
        Content::Review(review) => {
            add(&mut rows, "verdict", review.verdict.name());
            add(&mut rows, "models", joined(&review.models));
        }
        Content::Notice(notice) => of_notice(notice, &mut rows),
        Content::Note | Content::Other => {}
    }
    if publication.evaluation().is_some() {
        // What the record calls the model that it measured, where that says more.
        let measured = publication.measured_models();
        let more = if measured == publication.models() { String::new() } else { joined(&measured) };
        add(&mut rows, "measured", more);
    }
    for term in &publication.taxonomies {
        let words = Term::read(term).ok().and_then(|term| term.words());
        add(&mut rows, "taxonomy", words.unwrap_or_else(|| term.clone()));
    }
    let authors: Vec<&str> = publication.authors.iter().map(|author| author.name.as_str()).collect();
    add(&mut rows, "authors", authors.join(", "));
    add(&mut rows, "tags", publication.tags.join(", "));
    add(&mut rows, "licence", publication.license.clone().unwrap_or_default());
    add(&mut rows, "written", publication.created.clone().unwrap_or_default());
    if let Some(import) = &publication.import {
        let tool = import.tool.as_ref().map(|(name, version)| {
            format!(", written by {name} {}", version.as_deref().unwrap_or("of an unknown version"))
        });
        let part = import.part.map(|part| format!(", part {} of {}", part.number, part.of));
        let stub = if import.stub { ", a dry run: no evidence" } else { "" };
        let said = format!("{}{}{}{stub}", import.format, tool.unwrap_or_default(), part.unwrap_or_default());
        add(&mut rows, "imported", said);
    }
    rows
}

fn of_finding(finding: &Finding, rows: &mut Rows) {
    add(rows, "nature", finding.nature.as_str());
    add(rows, "models", joined(&finding.models));
    match &finding.detail {
        Detail::Risk(risk) => {
            add(rows, "severity", risk.severity.map_or("not said", |severity| severity.name()));
            add(rows, "likelihood", risk.likelihood.map_or("", |likelihood| likelihood.name()));
            add(rows, "affected", risk.affected.join(", "));
            add(rows, "status", risk.status.name());
        }
        Detail::Incident(incident) => {
            add(rows, "date", incident.date.clone().unwrap_or_default());
            add(rows, "affected", incident.affected.join(", "));
            add(rows, "harm", incident.harm.clone().unwrap_or_default());
            add(rows, "severity", incident.severity.map_or("", |severity| severity.name()));
        }
        Detail::Mitigation(mitigation) => add(rows, "status", mitigation.status.map_or("", |status| status.name())),
        Detail::Evaluation(_) | Detail::Capability | Detail::Other => {}
    }
}

fn of_resource(resource: &Resource, rows: &mut Rows) {
    add(rows, "kind", resource.kind.map_or("", |kind| kind.name()));
    add(rows, "version", resource.version.clone().unwrap_or_default());
    add(rows, "audience", resource.audience.clone().unwrap_or_default());
    add(rows, "address", resource.address.clone().unwrap_or_default());
}

fn of_notice(notice: &Notice, rows: &mut Rows) {
    add(rows, "reason", notice.reason.clone().unwrap_or_default());
    add(rows, "response", notice.response.map_or("", |response| response.name()));
    add(rows, "one model", joined(&notice.same_as));
}

fn joined(models: &[Model]) -> String {
    models.iter().map(model_words).collect::<Vec<_>>().join(", ")
}

fn model_words(model: &Model) -> String {
    let more = [("revision", &model.revision), ("digest", &model.digest), ("from", &model.provider)];
    let more: Vec<String> =
        more.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))).collect();
    if more.is_empty() { model.name.clone() } else { format!("{} ({})", model.name, more.join(", ")) }
}

fn print_evaluation(evaluation: &Evaluation, context: &mut Context) -> Result<(), Failure> {
    let record = &evaluation.record;
    let label = |name: &str| format!("{name:<LABEL$}");
    let by = format!("{} ({})", record.source.organization, record.source.relationship.name().replace('_', " "));
    context.out.paragraph(&label("measured by"), &safe_text::line(&by))?;
    let program = match (record.library.name.as_str(), record.library.version.as_str()) {
        (UNKNOWN, _) => "a program that is not named".to_owned(),
        (name, UNKNOWN) => format!("{name}, version not said"),
        (name, version) => format!("{name} {version}"),
    };
    context.out.paragraph(&label("with"), &safe_text::line(&program))?;
    if let Some(time) = &record.evaluation_timestamp {
        context.out.paragraph(&label("run"), &safe_text::line(time))?;
    }
    if !record.results.is_empty() {
        context.out.line("")?;
        context.out.table(&COLUMNS, record.results.iter().map(row))?;
        if record.results.iter().any(|result| result.metric.lower_is_better) {
            context.out.line("(↓: lower is better)")?;
        }
    }
    if !evaluation.unscored.is_empty() {
        context.out.line("")?;
        context.out.line("Not scores:")?;
        for unscored in &evaluation.unscored {
            context.out.paragraph("  ", &safe_text::line(&unscored_words(unscored)))?;
        }
    }
    Ok(())
}

fn row(result: &EvaluationResult) -> Vec<String> {
    let arrow = if result.metric.lower_is_better { " ↓" } else { "" };
    // Some call the metric as they call the task: its family says more.
    let label = result.metric.label().filter(|label| *label != result.task);
    let metric = label.or(result.metric.kind.as_deref()).or(result.metric.description.as_deref()).unwrap_or_default();
    let variant = result.metric.variant().map(|variant| format!(" ({variant})")).unwrap_or_default();
    let metric = format!("{metric}{variant}");
    let metric = safe_text::short_line(&metric, METRIC_CHARS.saturating_sub(arrow.chars().count()));
    vec![
        safe_text::short_line(&result.task, TASK_CHARS),
        format!("{metric}{arrow}"),
        value(result),
        error(result),
        result.uncertainty.n.map_or_else(String::new, |n| n.to_string()),
    ]
}

/// The number as the file wrote it, if that is short; else to four places.
fn value(result: &EvaluationResult) -> String {
    let raw = result.raw.as_deref().map(safe_text::line).filter(|raw| raw.chars().count() <= VALUE_CHARS);
    raw.unwrap_or_else(|| short_number(result.score))
}

fn error(result: &EvaluationResult) -> String {
    let words = match (result.uncertainty.standard_error, &result.uncertainty.interval) {
        (Some(error), _) => format!("± {}", short_number(error)),
        (None, Some(interval)) => format!("{:.3} to {:.3}", interval.lower, interval.upper),
        (None, None) => String::new(),
    };
    safe_text::short_line(&words, ERROR_CHARS)
}

fn short_number(number: f64) -> String {
    let exact = number.to_string();
    if exact.chars().count() <= VALUE_CHARS {
        return exact;
    }
    let short = format!("{number:.4}");
    // Four places say nothing of what is very small.
    if number.abs() >= 0.001 && short.chars().count() <= VALUE_CHARS { short } else { format!("{number:.2e}") }
}

fn unscored_words(unscored: &Unscored) -> String {
    let said =
        |before: &str, text: &Option<String>| text.as_ref().map(|text| format!("{before}{text}")).unwrap_or_default();
    let (metric, filter) = (said(", ", &unscored.metric), said(", ", &unscored.filter));
    let raw = if unscored.raw.is_empty() { "nothing" } else { unscored.raw.as_str() };
    let error = unscored.standard_error.map(|error| format!(" ± {error}")).unwrap_or_default();
    let n = unscored.n.map(|n| format!(", n {n}")).unwrap_or_default();
    format!("{}{metric}{filter}: {raw}{error}{}{n} ({})", unscored.task, said(" ", &unscored.unit), unscored.reason)
}

/// Prints the files of an entry, and where they are.
pub(super) fn print_files(files: &[FileShape], id: &str, context: &mut Context) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    context.out.line("")?;
    context.out.line("Files:")?;
    for file in files {
        let address = file.address.as_ref().map(|address| format!(", {address}")).unwrap_or_default();
        let line = format!("{}, {}, {}{address}", file.name, size::words(file.size), whereabouts(file));
        context.out.paragraph("  ", &safe_text::line(&line))?;
        // The digest goes on a line of its own: it is copied and compared.
        context.out.line(&format!("    sha256 {}", file.sha256))?;
        if let Some(blake3) = &file.blake3 {
            context.out.line(&format!("    blake3 {blake3}"))?;
        }
    }
    let fetched =
        files.iter().any(|file| matches!(file.place, FilePlace::Absent | FilePlace::Here | FilePlace::Wanted));
    if fetched {
        context.out.line(&format!("  To bring them to a folder: lyceum fetch {}", short_id(id)))?;
    }
    Ok(())
}

fn whereabouts(file: &FileShape) -> String {
    let waiting = file.waiting.as_deref().map(|words| format!(" ({words})")).unwrap_or_default();
    match file.place {
        FilePlace::Here => "here".to_owned(),
        FilePlace::Wanted => format!("coming, {} are here{waiting}", size::words(file.held_bytes)),
        FilePlace::Absent => "not here".to_owned(),
        FilePlace::Elsewhere => "kept by no member".to_owned(),
        FilePlace::Wrong => format!("NOT WHAT THE ENTRY SAYS{waiting}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Publication {
        Publication::read(text.as_bytes()).unwrap()
    }

    fn said(text: &str) -> Vec<String> {
        rows(&read(text)).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn a_risk_is_shown_with_its_severity_and_the_names_of_its_terms() {
        let risk = r#"{"type":"finding","title":"t","nature":"risk","models":[{"name":"m","revision":"2"}],
            "severity":"high","affected":["a","b"],"taxonomies":["owasp-llm-2025:LLM02","own:x"],"tags":["u"]}"#;
        assert_eq!(
            said(risk),
            [
                "nature: risk",
                "models: m (revision 2)",
                "severity: high",
                "affected: a, b",
                "status: open",
                "taxonomy: OWASP LLM Top 10 (2025) LLM02 Sensitive Information Disclosure",
                "taxonomy: own:x",
                "tags: u",
            ]
        );
    }

    #[test]
    fn a_result_fits_its_row() {
        let long = "x".repeat(60);
        let text = format!(
            r#"{{"schema_version":"0.2.0","evaluation_results":[{{"evaluation_name":"{long}","metric_config":
            {{"metric_name":"{long}","lower_is_better":true}},"score_details":{{"score":0.8571428571428571,
            "uncertainty":{{"standard_error":{{"value":0.012345678901}},"num_samples":1319}}}}}}]}}"#
        );
        let json = lyceum_protocol::publication::Json::read(text.as_bytes()).unwrap();
        let (record, _) = lyceum_protocol::publication::evaluation::lift("", &json).unwrap();
        let cells = row(&record.results[0]);
        assert_eq!(cells[2..], ["0.8571", "± 0.0123", "1319"].map(str::to_owned));
        let widths: usize = cells.iter().map(|cell| cell.chars().count() + 2).sum();
        assert!(widths <= 80, "{widths}: {cells:?}");
        assert!(cells[1].ends_with(" ↓"));
    }

    #[test]
    fn numbers_stay_short() {
        assert_eq!(
            [0.25, 0.123456789012, 1e300, -1e-300, 123456789.125].map(short_number),
            ["0.25", "0.1235", "1.00e300", "-1.00e-300", "1.23e8"]
        );
    }
}
