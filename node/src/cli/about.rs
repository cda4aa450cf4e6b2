mod tables;

use super::publish::short_id;
use super::{Context, outcome, safe_text};
use crate::api::shapes::HiddenCount;
use crate::client::Client;
use crate::failure::Failure;
use crate::views::about::shapes::{About, Joining, LeftOut, Name};

/// Show what the alliance knows about a model: numbers, risks, releases, reviews.
///
/// Names are matched exactly, whatever their case: the name, a revision or a digest, and one step further the names
/// that somebody said mean the same model (`lyceum same-as`). Each of these says who said so; disputed ones are listed
/// and not joined. The numbers stand as they were published. First-party are those of organisations with a release of
/// the model. A replication counts once for each organisation that is neither the author's nor the vendor, and not if
/// it is a copy. What was superseded or retracted is left out and counted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum about meta-llama/Llama-3.1-8B-Instruct
  lyceum about EleutherAI/pythia-160m --all
  lyceum about EleutherAI/pythia-160m --json | jq '.evaluations[] | {task, scores}'")]
pub(super) struct Args {
    /// The exact name of the model, one of its revisions, or its digest.
    model: String,
    /// Also what was superseded or retracted, marked as such.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let client = Client::connect(&context.home()?).await?;
    if context.out.is_json() {
        // As the node says it, to the byte.
        let bytes = client.about_bytes(&args.model, args.all).await?;
        context.out.bytes(&bytes)?;
        return context.out.line("");
    }
    let page = client.about(&args.model, args.all).await?;
    head(&page, context)?;
    tables::print(&page, context)?;
    note(&page, context);
    Ok(())
}

fn row(label: &str, text: &str, context: &mut Context) -> Result<(), Failure> {
    context.out.paragraph(&format!("{label:<14}"), text)
}

fn head(page: &About, context: &mut Context) -> Result<(), Failure> {
    context.out.paragraph("", &safe_text::line(&page.model))?;
    context.out.line("")?;
    for (n, name) in page.names.iter().enumerate() {
        let label = match (n, name.joined) {
            (0, _) => "name",
            (_, true) => "same as",
            (_, false) => "NOT JOINED",
        };
        row(label, &name_words(name, n == 0), context)?;
    }
    let vendors: Vec<String> = page.vendor.iter().map(|it| safe_text::short_line(&it.org_name, 40)).collect();
    let vendor = if vendors.is_empty() {
        "vendor unknown: no release of it stands here".to_owned()
    } else {
        format!("{} (released it)", vendors.join(", "))
    };
    row("vendor", &vendor, context)
}

fn name_words(name: &Name, asked: bool) -> String {
    let mut words = name.name.clone();
    let beside = [("revision", &name.revision), ("digest", &name.digest), ("provider", &name.provider)];
    for (what, value) in beside.into_iter().filter_map(|(what, value)| Some((what, value.as_ref()?))) {
        words = format!("{words} ({what} {value})");
    }
    let written: Vec<&str> = name.written.iter().map(|it| it.name.as_str()).filter(|it| *it != name.name).collect();
    let mut written: Vec<String> = written.into_iter().map(|text| safe_text::short_line(text, 80)).collect();
    written.dedup();
    let said: Vec<String> = name.said.iter().map(said_words).collect();
    let publications = match name.publications {
        1 => "1 publication".to_owned(),
        count => format!("{count} publications"),
    };
    let mut parts = vec![safe_text::short_line(&words, 200)];
    if name.joined {
        parts.push(publications);
    }
    if !written.is_empty() {
        parts.push(format!("also written {}", written.iter().take(5).cloned().collect::<Vec<_>>().join(", ")));
    }
    if !asked {
        parts.push(format!("said by {}", said.join(" and ")));
    }
    parts.join("; ")
}

fn said_words(joining: &Joining) -> String {
    let org = safe_text::short_line(&joining.org_name, 40);
    let mut words = format!("{org} in {}", short_id(&joining.id));
    if !joining.disputed_by.is_empty() {
        words = format!("{words}, disputed by {}", outcome::organisations(&joining.disputed_by));
    }
    if let Some(how) = joining.hidden {
        words = format!("{words}, {}", outcome::word(how));
    }
    words
}

fn note(page: &About, context: &Context) {
    let nothing = page.names.iter().all(|name| name.publications == 0);
    if nothing && page.hidden == LeftOut::default() {
        context.out.note("Nothing here is about a model of exactly this name. Look for it by words: lyceum search");
    }
    let hidden = HiddenCount { superseded: page.hidden.superseded, retracted: page.hidden.retracted };
    if let Some(words) = outcome::left_out(hidden) {
        context.out.note(&words);
    }
    for (list, count) in &page.more {
        context.out.note(&format!("{count} more {list} are not shown: the newest are."));
    }
    if let Some(words) = outcome::behind(page.behind_entries) {
        context.out.note(&words);
    }
}
