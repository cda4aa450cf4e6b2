use super::{Context, peers, safe_text};
use crate::api::shapes::Status;
use crate::client::Client;
use crate::failure::Failure;

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
    if status.healthy {
        return context.out.line("No problem.");
    }
    for problem in &status.problems {
        context.out.paragraph("problem: ", &safe_text::line(&problem.cause))?;
        context.out.paragraph("   next: ", &safe_text::line(&problem.advice))?;
    }
    Ok(())
}
