//! What is said of each file and finding: to people in lines, to scripts one object a line.

use lyceum_protocol::publication::evaluation::names;
use serde_json::{Value, json};

use super::super::output::Column;
use super::super::publish::short_id;
use super::{Context, safe_text};
use crate::api::shapes::EntryLine;
use crate::failure::Failure;
use crate::import::Report;
use crate::import::private::LeftOut;
use crate::import::record::Ready;
use crate::publish::Marking;
use crate::publish::doubts::doubts;

/// Characters of a title in a line.
const TITLE_CHARS: usize = 70;
/// Left-out fields that are shown one by one after publishing.
const LEFT_OUT_SHOWN: usize = 5;

fn object(report: &Report, id: Option<&str>, left_out: &[LeftOut], reason: Option<&str>) -> Value {
    json!({
        "file": report.file.display().to_string(),
        "format": report.format,
        "id": id,
        "findings": report.ready.len(),
        "left_out": left_out,
        "reason": reason,
    })
}

fn with(mut object: Value, fields: &[(&str, Value)]) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    object
}

/// A file that gives nothing.
pub(super) fn refused(context: &mut Context, report: &Report) -> Result<(), Failure> {
    let reason = report.reason.as_deref().unwrap_or("has no result");
    if context.out.is_json() {
        return context.out.object(&object(report, None, &[], Some(reason)));
    }
    let file = safe_text::line(&report.file.display().to_string());
    let format = report.format.map(|format| format!(" [{format}]")).unwrap_or_default();
    context.out.line(&format!("{file}{format}: not imported: it {}", safe_text::line(reason)))
}

/// A finding that was published just now.
pub(super) fn published(
    context: &mut Context,
    report: &Report,
    ready: &Ready,
    entry: &EntryLine,
) -> Result<(), Failure> {
    if context.out.is_json() {
        let title = ready.publication.title.as_str();
        let value = object(report, Some(&entry.id), &ready.left_out, None);
        return context.out.object(&with(value, &[("title", title.into()), ("marking", entry.marking.clone().into())]));
    }
    let title = safe_text::short_line(&ready.publication.title, TITLE_CHARS);
    context.out.line(&format!("{}  {}  {title}", short_id(&entry.id), entry.marking))?;
    doubtful(context, ready)?;
    left_out(context, &ready.left_out, LEFT_OUT_SHOWN)
}

/// A finding that was published before.
pub(super) fn known(context: &mut Context, report: &Report, ready: &Ready, id: &str) -> Result<(), Failure> {
    if context.out.is_json() {
        let value = object(report, Some(id), &ready.left_out, Some("published before"));
        return context
            .out
            .object(&with(value, &[("title", ready.publication.title.as_str().into()), ("unchanged", true.into())]));
    }
    let title = safe_text::short_line(&ready.publication.title, TITLE_CHARS);
    context.out.line(&format!("{}  published before  {title}", short_id(id)))
}

/// Findings of a file that have no room.
pub(super) fn waits(context: &mut Context, report: &Report, count: usize) -> Result<(), Failure> {
    let reason = format!("{count} of {} findings wait for room in the quota", report.ready.len());
    if context.out.is_json() {
        return context.out.object(&with(object(report, None, &[], Some(&reason)), &[("waiting", count.into())]));
    }
    let file = safe_text::line(&report.file.display().to_string());
    context.out.line(&format!("{file}: {reason}"))
}

/// All findings of a file as they would be published.
pub(super) fn dry_run(context: &mut Context, report: &Report) -> Result<(), Failure> {
    for (ready, marking) in &report.ready {
        if context.out.is_json() {
            let publication: Value = serde_json::from_slice(&ready.publication.to_bytes())
                .map_err(|fault| Failure::new("the publication cannot be shown").because(&fault))?;
            let value = object(report, None, &ready.left_out, None);
            let more = [
                ("title", ready.publication.title.as_str().into()),
                ("marking", marking.name().into()),
                ("publication", publication),
                ("doubts", doubts(&ready.publication).into()),
            ];
            context.out.object(&with(value, &more))?;
        } else {
            finding(context, report, ready, *marking)?;
        }
    }
    Ok(())
}

/// Who reads what is marked so.
const fn readers(marking: Marking) -> &'static str {
    match marking {
        Marking::Clear => "CLEAR: anyone may read it, also outside of the alliance",
        Marking::Green => "GREEN: every member of the alliance can read it",
    }
}

fn finding(context: &mut Context, report: &Report, ready: &Ready, marking: Marking) -> Result<(), Failure> {
    let value: Value = serde_json::from_slice(&ready.publication.to_bytes())
        .map_err(|fault| Failure::new("the publication cannot be shown").because(&fault))?;
    let text = |name: &str| safe_text::line(value.get(name).and_then(Value::as_str).unwrap_or_default());
    let out = &mut context.out;
    out.line(&text("title"))?;
    let nature = value.get("nature").and_then(Value::as_str).map(|nature| format!(", {nature}")).unwrap_or_default();
    let file = safe_text::line(&report.file.display().to_string());
    out.line(&format!(
        "  {}{}, from {file} ({})",
        text("type"),
        safe_text::line(&nature),
        report.format.unwrap_or("unknown")
    ))?;
    out.line(&format!("  {}", readers(marking)))?;
    if !text("summary").is_empty() {
        out.paragraph("  ", &text("summary"))?;
    }
    for model in value.get("models").and_then(Value::as_array).into_iter().flatten() {
        let said = |name: &str| model.get(name).and_then(Value::as_str).unwrap_or_default();
        let revision = safe_text::line(said("revision"));
        let revision = if revision.is_empty() { revision } else { format!(" revision {revision}") };
        out.line(&format!("  model: {}{revision}", safe_text::line(said("name"))))?;
    }
    let results = value
        .pointer("/evaluation/evaluation_results")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !results.is_empty() {
        let columns = [
            Column::Text("TASK"),
            Column::Text("METRIC"),
            Column::Whole("VALUE"),
            Column::Whole("ERROR"),
            Column::Whole("N"),
        ];
        out.table(&columns, results.iter().map(row))?;
    }
    for beside in value.get("unscored").and_then(Value::as_array).into_iter().flatten() {
        let said = |name: &str| safe_text::line(beside.get(name).and_then(Value::as_str).unwrap_or_default());
        let number =
            |name: &str, before: &str| beside.get(name).map(|number| format!("{before}{number}")).unwrap_or_default();
        let (error, n) = (number("standard_error", " ± "), number("n", ", n "));
        let what = [said("task"), said("metric"), said("filter")].join(" ");
        let (raw, unit, reason) = (said("raw"), said("unit"), said("reason"));
        out.line(
            &format!("  without a score: {} {raw:?}{error} {unit}{n}: {reason}", what.trim_end()).replace(" :", ":"),
        )?;
    }
    if let Some(body) = value.get("body").and_then(Value::as_str) {
        out.line("  text:")?;
        for line in safe_text::block(body).lines() {
            out.line(&format!("    {line}"))?;
        }
    }
    doubtful(context, ready)?;
    left_out(context, &ready.left_out, usize::MAX)?;
    let bytes = ready.publication.to_bytes().len();
    context.out.line(&format!("  {bytes} bytes; --json shows every field"))?;
    context.out.line("")
}

fn row(result: &Value) -> Vec<String> {
    let text = |path: &str| result.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |path: &str| result.pointer(path).map(Value::to_string).unwrap_or_default();
    let detail = |name: &str| Some(text(&format!("/metric_config/additional_details/{name}")));
    let variant = [names::FILTER, names::SCORER, names::DETECTOR].into_iter().filter_map(detail);
    let metric = text("/metric_config/metric_name");
    let metric = match variant.into_iter().find(|said| !said.is_empty() && said != "none") {
        Some(variant) => format!("{metric} ({variant})"),
        None => metric,
    };
    vec![
        text("/evaluation_name"),
        metric,
        text("/score_details/details/raw"),
        number("/score_details/uncertainty/standard_error/value"),
        number("/score_details/uncertainty/num_samples"),
    ]
}

/// What is published as the file has it, and is probably wrong there.
fn doubtful(context: &mut Context, ready: &Ready) -> Result<(), Failure> {
    for doubt in doubts(&ready.publication) {
        context.out.line(&format!("  doubtful: {}", safe_text::line(&doubt)))?;
    }
    Ok(())
}

fn left_out(context: &mut Context, all: &[LeftOut], max: usize) -> Result<(), Failure> {
    for left in all.iter().take(max) {
        context.out.line(&format!(
            "  left out: {}: {}",
            safe_text::line(&left.field),
            safe_text::line(&left.reason)
        ))?;
    }
    match all.len().saturating_sub(max) {
        0 => Ok(()),
        more => context.out.line(&format!("  left out: and {more} more (--dry-run shows them)")),
    }
}
