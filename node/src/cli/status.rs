use super::{Context, peers, safe_text, size};
use crate::api::shapes::{AttachmentStatus, Quota, Status};
use crate::client::Client;
use crate::failure::Failure;
use crate::index::IndexStatus;

/// Say how the node is: what is missing, because of whom, why, and what to do.
///
/// Two nodes with the same digest hold the same entries.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum status
  lyceum status --json | jq '.problems'
  lyceum status --check || mail -s \"lyceum needs you\" admin")]
pub(super) struct Args {
    /// End with code 1 if there is a problem.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let status = Client::connect(&context.home()?).await?.status().await?;
    if context.out.is_json() {
        context.out.object(&status)?;
    } else {
        print(&status, context)?;
    }
    match status.problems.first() {
        Some(problem) if args.check => {
            context.out.flush()?;
            let failure = Failure::new(format!("the node has {} problems", status.problems.len()));
            Err(failure.cause(problem.cause.clone()).next(problem.advice.clone()))
        }
        _ => Ok(()),
    }
}

/// What each organisation may publish a day, and what is left of it here.
fn quota(quota: &Quota) -> String {
    let both = |entries: Option<u64>, bytes: Option<u64>| {
        let entries = entries.map(|entries| format!("{entries} entries"));
        let bytes = bytes.map(size::words);
        entries.into_iter().chain(bytes).collect::<Vec<_>>().join(" and ")
    };
    let limit = |number: u64| (number > 0).then_some(number);
    let granted = both(limit(quota.entries_per_day.into()), limit(quota.bytes_per_day));
    if granted.is_empty() {
        return "none".to_owned();
    }
    let left = both(quota.entries_left, quota.bytes_left);
    format!("{granted} a day and organisation; {left} may be published here now")
}

/// How far the search index is behind, if it is.
fn index(index: &IndexStatus) -> String {
    if index.behind_entries == 0 {
        return String::new();
    }
    format!("{} publications; {} entries are not in it yet", index.publications, index.behind_entries)
}

/// What is here of attached files, and what is wanted.
fn attachments(status: &AttachmentStatus) -> String {
    let held = format!(
        "{} files, {} of at most {}",
        status.files,
        size::words(status.held_bytes),
        size::words(status.keep_bytes)
    );
    if status.wanted_files == 0 {
        return if status.files == 0 { String::new() } else { held };
    }
    let wanted = size::words(status.wanted_bytes);
    let waiting = status.wanted.iter().find_map(|wanted| wanted.waiting.as_deref());
    let waiting = waiting.map(|words| format!(": {}", safe_text::line(words))).unwrap_or_default();
    format!("{held}; {} wanted, {wanted}{waiting}", status.wanted_files)
}

fn print(status: &Status, context: &mut Context) -> Result<(), Failure> {
    let alliance = status.alliance_name.as_deref().map(safe_text::line).unwrap_or_else(|| "not known yet".to_owned());
    let addresses = if status.addresses.is_empty() { "none known".to_owned() } else { status.addresses.join(", ") };
    let catching_up = status.catching_up.as_ref().map(ToString::to_string).unwrap_or_default();
    let rows = [
        ("alliance", alliance),
        ("", status.alliance.clone()),
        ("organisation", format!("{}, seat: {}", safe_text::line(&status.org_name), status.seat)),
        ("", status.org.clone()),
        ("node", status.node.clone()),
        ("listens on", status.listening.join(", ")),
        ("reached at", addresses),
        ("http", status.http.clone().unwrap_or_default()),
        ("members", status.members.to_string()),
        ("entries", format!("{} ({} publications)", status.entries, status.publications)),
        ("catching up", catching_up),
        ("search index", index(&status.index)),
        ("quota", quota(&status.quota)),
        ("attachments", attachments(&status.attachments)),
        ("digest", status.digest.clone()),
        ("state root", status.state_root.clone()),
        ("runs since", format!("{} (version {})", status.running_since, status.version)),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        context.out.paragraph(&format!("{name:<14}"), value)?;
    }
    if !status.peers.is_empty() {
        context.out.line("")?;
        peers::table(&status.peers, context)?;
    }
    context.out.line("")?;
    for waiting in &status.quota.waiting {
        context.out.line(&format!("waiting: {}", safe_text::line(&waiting.cause)))?;
        context.out.line(&format!("   next: {}", waiting.advice))?;
    }
    if status.healthy {
        return context.out.line("No problem.");
    }
    for problem in &status.problems {
        context.out.paragraph("problem: ", &safe_text::line(&problem.cause))?;
        context.out.paragraph("   next: ", &safe_text::line(&problem.advice))?;
    }
    Ok(())
}
