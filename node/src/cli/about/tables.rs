//! The tables and lists below the names.

use crate::cli::outcome::organisations;
use crate::cli::publish::short_id;
use crate::cli::{Context, outcome, safe_text};
use crate::failure::Failure;
use crate::index::schema::folded_name;
use crate::views::about::shapes::{About, Answer, EvaluationRow, Head, NotCounted, Party, RiskRow, Score};

pub(super) fn print(page: &About, context: &mut Context) -> Result<(), Failure> {
    for (party, heading) in [
        (Party::First, "Evaluations by the vendor (first party)"),
        (Party::Third, "Evaluations by others (third party)"),
        (Party::VendorUnknown, "Evaluations (vendor unknown)"),
    ] {
        evaluations(page, party, heading, context)?;
    }
    unscored(page, context)?;
    let (open, over): (Vec<&RiskRow>, Vec<&RiskRow>) =
        page.risks.iter().partition(|risk| !matches!(risk.status.as_deref(), Some("mitigated" | "closed")));
    risks("Open risks", &open, context)?;
    risks("Risks that are mitigated or closed", &over, context)?;
    risks("Incidents", &page.incidents.iter().collect::<Vec<_>>(), context)?;
    section("Mitigations", &page.mitigations, context, |it| {
        let of = it.mitigates.iter().map(|id| short_id(id)).collect::<Vec<_>>().join(", ");
        let of = Some(of).filter(|of| !of.is_empty()).map(|of| format!("mitigates {of}"));
        (&it.head, vec![it.status.clone(), of])
    })?;
    section("Capabilities", &page.capabilities, context, |it| {
        let replicated = Some(organisations(&it.replicated_by)).filter(|orgs| !orgs.is_empty());
        (&it.head, vec![replicated.map(|orgs| format!("replicated by {orgs}"))])
    })?;
    section("Releases", &page.releases, context, |it| {
        let files = (it.files > 0).then(|| format!("{} files, {} KiB", it.files, it.bytes.div_ceil(1_024)));
        let version = it.version.as_ref().map(|version| format!("version {version}"));
        (&it.head, vec![Some(it.name.clone()), version, it.license.clone(), it.place.clone(), files])
    })?;
    section("Reviews", &page.reviews, context, |it| {
        let measured = it.measured.then(|| "with numbers of its own".to_owned());
        let vendor = (it.party == Party::First).then(|| "by the vendor".to_owned());
        let gone = it.target_hidden.map(|how| format!(", which is {}", outcome::word(how))).unwrap_or_default();
        let of = format!("{} {}{gone}", it.verdict, short_id(&it.target));
        (&it.head, vec![Some(of), measured, vendor])
    })?;
    section("Calls", &page.calls, context, |it| (&it.head, vec![it.ends.as_ref().map(|ends| format!("ends {ends}"))]))
}

fn heading(text: &str, context: &mut Context) -> Result<(), Failure> {
    context.out.line("")?;
    context.out.line(text)?;
    context.out.line("")
}

/// Numbers below the task that they are of: names of tasks are too long for a column.
fn evaluations(page: &About, party: Party, words: &str, context: &mut Context) -> Result<(), Failure> {
    let (rows, asked) = (&page.evaluations, page.model.as_str());
    let of_party = |score: &&Score| score.party == party;
    let shown = || rows.iter().filter(|row| row.scores.iter().any(|score| score.party == party));
    let widest =
        shown().flat_map(|row| row.scores.iter().filter(of_party)).map(|one| number(one).chars().count()).max();
    let Some(width) = widest else { return Ok(()) };
    let width = width.max("SCORE".len());
    heading(words, context)?;
    context.out.line("TASK, METRIC")?;
    context.out.line(&format!("  {:<width$}  {:<12}  BY, NOTES", "SCORE", "ID"))?;
    for row in shown() {
        context.out.paragraph("", &safe_text::short_line(&task_words(row), 200))?;
        for score in row.scores.iter().filter(of_party) {
            let label = format!("  {:<width$}  {:<12}  ", number(score), short_id(&score.id));
            let org = safe_text::short_line(&score.org_name, 30);
            context.out.paragraph(&label, &[&[org], notes(score, asked).as_slice()].concat().join("; "))?;
        }
        if row.more > 0 {
            context.out.line(&format!("  and {} more by any organisation", row.more))?;
        }
    }
    Ok(())
}

fn number(score: &Score) -> String {
    safe_text::short_line(&score.score, 40)
}

fn task_words(row: &EvaluationRow) -> String {
    let mut words = row.task.clone();
    let metric = Some(&row.metric).filter(|metric| !metric.is_empty());
    for part in [metric, row.filter.as_ref(), row.unit.as_ref()].into_iter().flatten() {
        words = format!("{words}, {part}");
    }
    if row.lower_is_better { format!("{words} (lower is better)") } else { words }
}

/// What stands beside a number; the gravest first.
fn notes(score: &Score, asked: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let other = score.model.as_ref().filter(|model| folded_name(model) != folded_name(asked));
    notes.extend(other.map(|model| format!("published of {}", safe_text::short_line(model, 80))));
    notes.extend(score.hidden.map(|how| outcome::word(how).to_owned()));
    if !score.disputed_by.is_empty() {
        notes.push(format!("DISPUTED by {}", organisations(&score.disputed_by)));
    }
    notes.extend(score.copy_of.as_ref().map(|id| format!("a copy of {}", short_id(id))));
    if score.stub {
        notes.push("a dry run: no evidence".to_owned());
    }
    if !score.replicated_by.is_empty() {
        notes.push(format!("replicated by {}", organisations(&score.replicated_by)));
    }
    for NotCounted { who, reason } in &score.not_counted {
        let why = outcome::why_not_counted(reason);
        notes.push(format!("replication not counted ({why}): {}", short_id(&who.id)));
    }
    notes.extend(score.responses.iter().map(answered));
    notes.extend(score.review_of.as_ref().map(|id| format!("in a review of {}", short_id(id))));
    if score.relationship.as_deref() == Some("first_party") && score.party != Party::First {
        notes.push("its source calls itself first party".to_owned());
    }
    notes.extend(score.standard_error.map(|error| format!("± {error:.4}")));
    notes.extend(score.n.map(|n| format!("n {n}")));
    notes.extend(score.shots.as_ref().map(|shots| format!("{} shots", safe_text::short_line(shots, 20))));
    notes.extend(score.revision.as_ref().map(|it| format!("revision {}", safe_text::short_line(it, 12))));
    notes
}

fn unscored(page: &About, context: &mut Context) -> Result<(), Failure> {
    if page.unscored.is_empty() {
        return Ok(());
    }
    heading("Results without a comparable number", context)?;
    for row in &page.unscored {
        let said = |text: &Option<String>| text.as_ref().map(|text| format!(" {text}")).unwrap_or_default();
        let (metric, filter, unit) = (said(&row.metric), said(&row.filter), said(&row.unit));
        let raw = safe_text::short_line(&row.raw, 60);
        let error = row.standard_error.map(|error| format!(" ± {error}")).unwrap_or_default();
        let n = row.n.map(|n| format!(", n {n}")).unwrap_or_default();
        let (task, reason, org) = (&row.task, &row.reason, &row.org_name);
        let words = format!("{task}{metric}{filter}: {raw}{error}{unit}{n} ({reason}); {org}");
        context.out.paragraph(&format!("{}  ", short_id(&row.id)), &safe_text::short_line(&words, 300))?;
    }
    Ok(())
}

fn risks(words: &str, rows: &[&RiskRow], context: &mut Context) -> Result<(), Failure> {
    section(words, rows, context, |it| {
        let severity = it.severity.as_ref().map(|severity| format!("severity {severity}"));
        let likelihood = it.likelihood.as_ref().map(|likelihood| format!("likelihood {likelihood}"));
        let affected = Some(it.affected.join(", ")).filter(|text| !text.is_empty());
        let affected = affected.map(|text| format!("affected: {}", safe_text::short_line(&text, 120)));
        let mitigated = Some(organisations(&it.mitigated_by)).filter(|orgs| !orgs.is_empty());
        let replicated = Some(organisations(&it.replicated_by)).filter(|orgs| !orgs.is_empty());
        let mut words = vec![
            severity,
            likelihood,
            it.status.clone(),
            it.date.clone(),
            affected,
            replicated.map(|orgs| format!("replicated by {orgs}")),
            mitigated.map(|orgs| format!("mitigated by {orgs}")),
        ];
        words.extend(it.responses.iter().map(|answer| Some(answered(answer))));
        (&it.head, words)
    })
}

/// How an organisation stands to a finding.
fn answered(answer: &Answer) -> String {
    let vendor = if answer.party == Party::First { ", the vendor" } else { "" };
    let who = organisations(std::slice::from_ref(&answer.who));
    format!("{who}{vendor}: {}", answer.response.replace('-', " "))
}

/// A list: the title of each, and below it what is said.
fn section<T>(
    words: &str,
    rows: &[T],
    context: &mut Context,
    of: impl Fn(&T) -> (&Head, Vec<Option<String>>),
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    heading(words, context)?;
    for row in rows {
        let (head, said) = of(row);
        let mut title = safe_text::short_line(&head.title, 120);
        if let Some(how) = head.hidden {
            title = format!("{title}  [{}]", outcome::word(how));
        }
        context.out.paragraph(&format!("{}  ", short_id(&head.id)), &title)?;
        let mut parts =
            vec![safe_text::short_line(&head.org_name, 40), head.time.get(..10).unwrap_or_default().to_owned()];
        if !head.disputed_by.is_empty() {
            parts.push(format!("DISPUTED by {}", organisations(&head.disputed_by)));
        }
        parts.extend(said.into_iter().flatten().map(|text| safe_text::short_line(&text, 300)));
        context.out.paragraph("              ", &parts.join("; "))?;
    }
    Ok(())
}
