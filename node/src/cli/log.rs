use clap::builder::PossibleValuesParser;

use super::output::Column;
use super::publish::short_id;
use super::{Context, outcome, safe_text};
use crate::api::shapes::{EntryLine, HiddenCount};
use crate::client::{Client, LogRequest};
use crate::failure::Failure;
use crate::publish::template;
use crate::time;

const COLUMNS: [Column; 5] = [
    Column::Whole("ID"),
    Column::Whole("TIME (UTC)"),
    Column::Text("ORGANISATION"),
    Column::Whole("TYPE"),
    Column::Text("TITLE"),
];
/// Types that this version knows.
const TYPES: [&str; 7] = ["note", "finding", "release", "resource", "call", "review", "notice"];
/// Entries of one request.
const PAGE: usize = 500;
/// Entries that a person is shown unless they ask for more.
const SHOWN: usize = 30;

/// List what was published in the alliance, newest first.
///
/// Ordered by the author's claim of time, then by id. What was superseded or retracted is left out and counted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum log
  lyceum log --org \"Example Lab\" --type finding --since 7d
  lyceum log -n 0 --json | jq -r .title")]
pub(super) struct Args {
    /// Only of this organisation: its name, id, or the first digits of its id.
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// Only of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(template::TYPES))]
    kind: Option<String>,
    /// Only about this model: its exact name, revision or digest.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Not older than this: a date, a time in RFC 3339, or how long ago (12h, 7d, 2w).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many; 0 for all [default: 30, and all with --json].
    #[arg(short, value_name = "N")]
    n: Option<usize>,
    /// Also what was superseded or retracted, and what does not stand (yet): of organisations without a seat, beyond
    /// forks.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let since = args.since.as_deref().map(|text| time::parse(text, crate::clock::wall())).transpose();
    let since = since.map_err(Failure::usage)?;
    let client = Client::connect(&context.home()?).await?;
    let nothing = match &args.kind {
        Some(kind) if !TYPES.contains(&kind.as_str()) => {
            format!("Nothing of the type {:?} is here. Known are: {}.", safe_text::line(kind), TYPES.join(", "))
        }
        kind if kind.is_some() || args.org.is_some() || args.model.is_some() || since.is_some() => {
            "Nothing like that is here.".to_owned()
        }
        _ => "Nothing is here yet. `lyceum status` says whether the node is up to date.".to_owned(),
    };
    let usual = if context.out.is_json() { 0 } else { SHOWN };
    let wanted = Some(args.n.unwrap_or(usual)).filter(|n| *n > 0).unwrap_or(usize::MAX);
    let mut request = LogRequest {
        org: args.org,
        kind: args.kind,
        model: args.model,
        since,
        n: PAGE.min(wanted),
        before: None,
        all: args.all,
    };
    let mut hidden = HiddenCount::default();
    let mut behind = 0;
    let mut shown = 0_usize;
    let mut rows = Vec::new();
    let more = loop {
        let page = client.log(&request).await?;
        for entry in page.entries {
            shown = shown.saturating_add(1);
            if context.out.is_json() {
                context.out.object(&entry)?;
            } else {
                rows.push(row(&entry));
            }
        }
        hidden.add(page.hidden);
        behind = behind.max(page.behind_entries);
        request.before = page.next;
        if request.before.is_none() || shown >= wanted {
            break request.before.is_some();
        }
        request.n = PAGE.min(wanted.saturating_sub(shown));
    };
    if !context.out.is_json() && !rows.is_empty() {
        context.out.table(&COLUMNS, rows)?;
    }
    for words in [outcome::left_out(hidden), outcome::behind(behind)].into_iter().flatten() {
        context.out.note(&words);
    }
    if shown == 0 {
        context.out.note(&nothing);
    } else if more && args.n.is_none() {
        context.out.note(&format!("The newest {shown}. All of them: lyceum log -n 0"));
    }
    Ok(())
}

fn row(entry: &EntryLine) -> Vec<String> {
    let title = entry.title.clone().or_else(|| entry.unreadable.clone().map(|why| format!("({why})")));
    let mut title = safe_text::short_line(&title.unwrap_or_default(), 70);
    if entry.standing != "good" {
        title = format!("{title}  [{}]", entry.standing);
    }
    if let Some(how) = entry.left_out {
        title = format!("{title}  [{}]", outcome::word(how));
    }
    let time = entry.time.get(..16).unwrap_or(&entry.time).replace('T', " ");
    let org = safe_text::short_line(&entry.org_name, 24);
    vec![short_id(&entry.id).to_owned(), time, org, entry.kind.clone().unwrap_or_else(|| "?".to_owned()), title]
}
