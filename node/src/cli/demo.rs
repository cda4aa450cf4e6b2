mod member;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use super::{Context, safe_text};
use crate::api::shapes::Status;
use crate::client::LogRequest;
use crate::demo::content::ORGANISATIONS;
use crate::durable;
use crate::failure::Failure;
use member::Member;

/// How long the three may take to agree.
const AGREE_WITHIN: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Start three organisations on this machine, with real keys and ports, and let them share what they found.
///
/// One founds an alliance, one is admitted by its card, one comes by invitation; each publishes a few notes and findings,
/// and reads those of the others. Runs until Ctrl-C; everything lies in a temporary folder, which is then removed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum demo
  lyceum demo --exit      end with code 0 when all three hold the same")]
pub(super) struct Args {
    /// End as soon as all three hold the same entries and have read each other's.
    #[arg(long)]
    exit: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let folder = TemporaryFolder::make()?;
    let begun = Instant::now();
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|fault| Failure::new("cannot listen for signals").because(&fault))?;
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|fault| Failure::new("cannot listen for signals").because(&fault))?;
    let mut members = Vec::new();
    let ended = tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        done = Box::pin(play(&args, &folder.0, &mut members, begun, context)) => done,
    };
    context.out.note("Stopping the three nodes.");
    for member in members {
        member.stop().await;
    }
    ended
}

/// Sets the scene, waits until all agree, says where to look, and goes on until a node ends.
async fn play(
    args: &Args,
    folder: &Path,
    members: &mut Vec<Member>,
    begun: Instant,
    context: &mut Context,
) -> Result<(), Failure> {
    let say =
        |context: &Context, text: &str| context.out.note(&format!("{:5.1} s  {text}", begun.elapsed().as_secs_f64()));
    say(context, &format!("Making three organisations in {}", folder.display()));
    for (number, org) in ORGANISATIONS.iter().enumerate() {
        members.push(Member::make(org, folder.join(format!("{}", number.saturating_add(1)))).await?);
    }
    let [founder, carded, invited] = members.as_mut_slice() else {
        return Err(Failure::new("three organisations play"));
    };
    founder.command(&["found", "--name", "Demonstration Alliance", "--entries-per-day", "0"]).await?;
    founder.start().await?;
    say(context, &format!("{} founded an alliance and runs", founder.name()));
    let card = folder.join("card");
    carded.command(&["card", &card.display().to_string()]).await?;
    let line = founder.invitation(&["admit", &card.display().to_string()]).await?;
    carded.command(&["join", &line]).await?;
    carded.start().await?;
    say(context, &format!("{} was admitted by its card and runs", carded.name()));
    let line = founder.invitation(&["invite"]).await?;
    invited.command(&["join", &line]).await?;
    invited.start().await?;
    say(context, &format!("{} came by invitation and runs", invited.name()));
    let mut published = BTreeSet::new();
    for member in members.iter() {
        let ids = member.publish(folder).await?;
        say(context, &format!("{} published {} notes and findings", member.name(), ids.len()));
        published.extend(ids);
    }
    let statuses = agree(members, &published).await?;
    say(context, &format!("All three hold the same {} publications and have read each other's", published.len()));
    show(members, &statuses, args.exit, context)?;
    if args.exit {
        return Ok(());
    }
    context.out.note("\nRunning until Ctrl-C.");
    loop {
        for member in members.iter_mut() {
            member.still_runs()?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until all have one digest and one state root over the same count, and each reads everything back.
async fn agree(members: &[Member], published: &BTreeSet<String>) -> Result<Vec<Status>, Failure> {
    let deadline = Instant::now() + AGREE_WITHIN;
    loop {
        let mut statuses = Vec::new();
        for member in members {
            statuses.push(member.client().await?.status().await?);
        }
        let of =
            |status: &Status| (status.digest.clone(), status.state_root.clone(), status.entries, status.publications);
        let count = u64::try_from(published.len()).unwrap_or(u64::MAX);
        let equal = statuses.windows(2).all(|pair| pair.first().map(of) == pair.last().map(of));
        if equal && statuses.iter().all(|status| status.publications == count) && all_read(members, published).await? {
            return Ok(statuses);
        }
        if Instant::now() > deadline {
            let words = |status: &Status| {
                let problems: Vec<&str> = status.problems.iter().map(|problem| problem.cause.as_str()).collect();
                format!("{} holds {} publications: {}", status.org_name, status.publications, problems.join("; "))
            };
            let failure = Failure::new(format!("the three did not agree within {} s", AGREE_WITHIN.as_secs()));
            return Err(statuses.iter().map(words).fold(failure, Failure::cause));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether each member lists all entries and opens every one with a valid signature.
async fn all_read(members: &[Member], published: &BTreeSet<String>) -> Result<bool, Failure> {
    for member in members {
        let client = member.client().await?;
        let page = client.log(&LogRequest { n: 500, ..LogRequest::default() }).await?;
        let listed: BTreeSet<String> = page.entries.into_iter().map(|entry| entry.id).collect();
        if listed != *published {
            return Ok(false);
        }
        for id in &listed {
            let page = client.entry(id).await?;
            if !page.signature_valid || page.publication.is_none() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn show(members: &[Member], statuses: &[Status], exit: bool, context: &mut Context) -> Result<(), Failure> {
    let Some(first) = statuses.first() else { return Ok(()) };
    if context.out.is_json() {
        let node = |(member, status): (&Member, &Status)| {
            serde_json::json!({
                "org": status.org, "name": member.name(), "node": status.node, "home": member.home().display().to_string(),
                "http": status.http,
            })
        };
        let nodes: Vec<_> = members.iter().zip(statuses).map(node).collect();
        context.out.object(&serde_json::json!({
            "equal": true, "entries": first.entries, "publications": first.publications, "digest": first.digest,
            "state_root": first.state_root, "nodes": nodes,
        }))?;
        return context.out.flush();
    }
    context.out.line("")?;
    context.out.line(&format!("entries     {} ({} publications)", first.entries, first.publications))?;
    context.out.line(&format!("digest      {}", first.digest))?;
    context.out.line(&format!("state root  {}", first.state_root))?;
    if !exit {
        context.out.line("\nLook around in another terminal:")?;
        for (member, status) in members.iter().zip(statuses) {
            context.out.line(&format!("\n  {}", safe_text::line(member.name())))?;
            let home = member.home().display();
            for command in ["log", "status", "members"] {
                context.out.line(&format!("    {} --home {home} {command}", program()))?;
            }
            if let Some(http) = &status.http {
                context.out.line(&format!("    http://{http}/status"))?;
            }
        }
    }
    context.out.flush()
}

/// How this program was called.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "lyceum".to_owned())
}

/// Removed with everything in it when it is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> Result<Self, Failure> {
        let failed = |fault: std::io::Error| Failure::new("no temporary folder can be made").because(&fault);
        let number = getrandom::u64().map_err(|fault| Failure::new("no random bytes").cause(fault.to_string()))?;
        let folder = std::env::temp_dir().join(format!("lyceum-demo-{number:016x}"));
        durable::private_folder(&folder).map_err(failed)?;
        Ok(Self(folder))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning of temporary folders.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
