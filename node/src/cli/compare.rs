use super::output::Column;
use super::{Context, outcome, safe_text};
use crate::client::Client;
use crate::failure::Failure;
use crate::views::Hidden;
use crate::views::compare::{Comparison, Row, Side};

/// Compare two evaluations, result by result.
///
/// Says whether their results can be compared, or what differs in how they came about (version of the task, shots,
/// template, revision, precision, harness), and the difference, second minus first, with its 95 % interval where both
/// say how sure they are. What only one of them says is listed apart: it may differ. Where one of the two was superseded,
/// retracted or disputed, that is said first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum compare 3f9a1c20 77be02d1
  lyceum compare 3f9a1c20 77be02d1 --json")]
pub(super) struct Args {
    /// The id of the first, or at least its first 8 digits.
    first: String,
    /// The id of the second.
    second: String,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let client = Client::connect(&context.home()?).await?;
    let comparison = client.compare(&args.first, &args.second).await?;
    if context.out.is_json() {
        return context.out.object(&comparison);
    }
    print(&comparison, context)?;
    if let Some(words) = outcome::behind(comparison.behind_entries) {
        context.out.note(&words);
    }
    Ok(())
}

fn print(comparison: &Comparison, context: &mut Context) -> Result<(), Failure> {
    for (label, side) in [("first", &comparison.a), ("second", &comparison.b)] {
        context.out.paragraph(&format!("{label:<8}"), &side_words(side))?;
        for words in became(side) {
            context.out.paragraph("        ", &words)?;
        }
    }
    context.out.line("")?;
    if !comparison.results.is_empty() {
        let columns = [
            Column::Text("TASK"),
            Column::Text("METRIC"),
            Column::Whole("FIRST"),
            Column::Whole("SECOND"),
            Column::Whole("DIFFERENCE"),
            Column::Whole("95 % INTERVAL"),
            Column::Whole("COMPARABLE"),
        ];
        context.out.table(&columns, comparison.results.iter().map(cells).collect::<Vec<_>>())?;
        context.out.line("")?;
    }
    if comparison.comparable {
        context.out.line("Comparable, as far as both say how their results came about.")?;
    } else {
        context.out.line("Not comparable:")?;
    }
    for reason in &comparison.reasons {
        context.out.paragraph("  - ", &safe_text::line(reason))?;
    }
    for (heading, texts) in [
        ("Not known:", &comparison.unknown),
        ("Only in the first:", &comparison.only_a),
        ("Only in the second:", &comparison.only_b),
    ] {
        list(heading, texts, context)?;
    }
    let methods = comparison.results.iter().filter_map(|row| row.interval.as_ref()).map(|bounds| &bounds.method);
    let methods: std::collections::BTreeSet<&String> = methods.collect();
    for method in methods {
        context.out.paragraph("Interval: ", &format!("{method}; both runs taken as independent"))?;
    }
    Ok(())
}

fn side_words(side: &Side) -> String {
    let Side { id, title, org_name, model, .. } = side;
    safe_text::line(&format!("{} of {model}, by {org_name}: {title}", super::publish::short_id(id)))
}

/// What became of it, the gravest first.
fn became(side: &Side) -> Vec<String> {
    let mut words = Vec::new();
    match side.hidden {
        Some(Hidden::Retracted) => {
            let reason = side.reason.as_deref().map(|reason| safe_text::short_line(reason, 300));
            words
                .push(format!("RETRACTED by its organisation: {}", reason.unwrap_or_else(|| "no reason given".into())));
        }
        Some(Hidden::Superseded) | None => {}
    }
    let newest = side.newest.as_deref().map(super::publish::short_id);
    words.extend(newest.map(|id| match side.hidden {
        Some(Hidden::Superseded) => format!("superseded: the newest version is {id}"),
        Some(Hidden::Retracted) | None => format!("the newest version is {id}"),
    }));
    if !side.disputed_by.is_empty() {
        words.push(format!("DISPUTED by {}", outcome::organisations(&side.disputed_by)));
    }
    words
}

fn list(heading: &str, texts: &[String], context: &mut Context) -> Result<(), Failure> {
    if texts.is_empty() {
        return Ok(());
    }
    context.out.line(heading)?;
    for text in texts {
        context.out.paragraph("  - ", &safe_text::line(text))?;
    }
    Ok(())
}

fn cells(row: &Row) -> Vec<String> {
    let interval = row.interval.as_ref();
    let interval =
        interval.map_or_else(|| "not known".to_owned(), |it| format!("{:+.4} to {:+.4}", it.lower, it.upper));
    let arrow = if row.lower_is_better { "lower is better" } else { "higher is better" };
    vec![
        safe_text::line(&row.task),
        safe_text::line(&format!("{}, {arrow}", row.metric)),
        row.a.to_string(),
        row.b.to_string(),
        row.difference.map_or_else(|| "none: two scales".to_owned(), |difference| format!("{difference:+.4}")),
        interval,
        if row.comparable { "yes" } else { "no" }.to_owned(),
    ]
}
