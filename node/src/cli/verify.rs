use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lyceum_protocol::hash::NetworkId;
use lyceum_protocol::limits::BUNDLE_MAX;
use lyceum_protocol::proof::{self, Trust, Verdict};

use super::{Context, safe_text};
use crate::failure::Failure;
use crate::home::{Alliance, Home};
use crate::time;

/// Check a file that `show --raw` wrote: offline, without a home.
///
/// Says what the file rests on: `signed` (the signature holds, no charter shows a membership), `member` (of the alliance
/// in the file, by its charter), or `trusted` (that alliance is the one given with --alliance, or this home's).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum verify finding.lyceum
  lyceum verify finding.lyceum --alliance 6b1f…    ends with code 5 if it is of another alliance")]
pub(super) struct Args {
    /// The file, or - for standard input.
    file: PathBuf,
    /// The alliance that you trust, by its whole id.
    #[arg(long, value_name = "ID")]
    alliance: Option<String>,
}

pub(super) fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let named = args.alliance.as_deref().map(alliance_id).transpose()?;
    let bytes = read(&args.file)?;
    let verdict = match named {
        Some(alliance) => proof::verify(&bytes, Some(&Trust { alliance, charters: BTreeSet::new() })),
        None => by_home(&bytes, context),
    };
    if context.out.is_json() {
        context.out.object(&serde_json::json!({
            "valid": verdict.valid,
            "rests_on": verdict.rests_on.map(|rests_on| rests_on.to_string()),
            "reason": verdict.reason,
            "part": verdict.part.map(lyceum_protocol::bundle::PartType::name),
            "alliance": verdict.alliance.map(|id| id.to_string()),
            "id": verdict.id.map(|id| id.to_string()),
            "org": verdict.org.map(|id| id.to_string()),
            "time": verdict.time.map(time::rfc3339),
            "epoch": verdict.epoch,
        }))?;
    }
    if !verdict.valid {
        let failure = Failure::not_verified(format!("{} does not verify", args.file.display()));
        return Err(failure.cause(verdict.reason).next("do not rely on it; ask its sender for the file again"));
    }
    if context.out.is_json() { Ok(()) } else { print(&verdict, context) }
}

/// Without a named alliance that of the home counts, if there is one and the file is of it.
fn by_home(bytes: &[u8], context: &Context) -> Verdict {
    let verdict = proof::verify(bytes, None);
    let home: Option<Home> = context.home().ok();
    let alliance = home.and_then(|home| Alliance::read(&home).ok().flatten());
    match alliance {
        Some(alliance) if verdict.valid && verdict.alliance == Some(alliance.network) => {
            let trust = Trust { alliance: alliance.network, charters: BTreeSet::from([alliance.checkpoint]) };
            proof::verify(bytes, Some(&trust))
        }
        _ => verdict,
    }
}

fn alliance_id(text: &str) -> Result<NetworkId, Failure> {
    text.trim().parse().map_err(|_| {
        Failure::usage(format!("{text:?} is not the id of an alliance"))
            .next("give all 64 hex digits, as `lyceum status` shows them")
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |fault: std::io::Error| Failure::usage(format!("cannot read {}", path.display())).because(&fault);
    // One more than allowed, so that a file that is too long is refused and not cut.
    let most = u64::try_from(BUNDLE_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        std::fs::File::open(path).map_err(unreadable)?.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    Ok(bytes)
}

fn print(verdict: &Verdict, context: &mut Context) -> Result<(), Failure> {
    let text = |id: Option<String>| id.unwrap_or_default();
    let rests_on = verdict.rests_on.map(|rests_on| rests_on.to_string()).unwrap_or_default();
    let time = verdict.time.map(time::rfc3339).unwrap_or_default();
    context.out.line(&format!("valid, and it rests on: {rests_on}"))?;
    context.out.line(&format!("  {}", safe_text::line(&verdict.reason)))?;
    context.out.line(&format!("entry         {}", text(verdict.id.map(|id| id.to_string()))))?;
    context.out.line(&format!("organisation  {}", text(verdict.org.map(|id| id.to_string()))))?;
    context.out.line(&format!("alliance      {}", text(verdict.alliance.map(|id| id.to_string()))))?;
    context.out.line(&format!("time          {time} (the author's claim)"))?;
    let epoch = verdict.epoch.map_or("no charter".to_owned(), |epoch| format!("epoch {epoch}"));
    context.out.line(&format!("As of {epoch}, time {time}; later retractions are not visible here."))
}
