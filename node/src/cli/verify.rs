use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use lyceum_protocol::bundle::{Bundle, Part};
use lyceum_protocol::hash::{CharterId, NetworkId};
use lyceum_protocol::limits::BUNDLE_MAX;
use lyceum_protocol::proof::{self, Proof, ProofFault, Trust, Verdict};
use lyceum_protocol::state::State;

use super::{Context, safe_text};
use crate::failure::Failure;
use crate::govern::desk::Desk;
use crate::home::Alliance;
use crate::time;

const NOT_VISIBLE: &str = "; later retractions are not visible here";

/// Check a file that `show --raw` wrote: offline, and on a machine without a home too.
///
/// Says what the file rests on: `signed` (the signature holds, no charter shows a membership), `member` (of the alliance
/// in the file, by its charter), or `trusted` (that alliance is the one given with --alliance, or this home's, by a
/// charter that the home has adopted).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum verify finding.lyceum
  lyceum verify finding.lyceum --alliance 6b1f…    code 5 if it is of another one")]
pub(super) struct Args {
    /// The file, or - for standard input.
    file: PathBuf,
    /// The alliance that you trust, by its whole id.
    #[arg(long, value_name = "ID")]
    alliance: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let named = args.alliance.as_deref().map(alliance_id).transpose()?;
    let bytes = read(&args.file)?;
    let result = match Bundle::read(&bytes) {
        Ok(bundle) => check(&bundle, named, context).await,
        Err(fault) => Err(fault.into()),
    };
    let verdict = Verdict::from(&result);
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
    match result {
        Err(fault) => Err(Failure::not_verified(format!("{} does not verify", args.file.display()))
            .because(&fault)
            .next("do not rely on it; ask its sender for the file again")),
        Ok(_) if context.out.is_json() => Ok(()),
        Ok(proof) => print(&proof, context),
    }
}

/// Checks a file by the alliance that was named, or else by that of the home, if the file is of it.
async fn check(bundle: &Bundle, named: Option<NetworkId>, context: &Context) -> Result<Proof, ProofFault> {
    let alone = proof::check(bundle, named.map(|alliance| Trust { alliance, charters: BTreeSet::new() }).as_ref())?;
    let Ok(home) = context.home() else { return Ok(alone) };
    let of_home = |alliance: &Alliance| alliance.network == alone.alliance;
    let Some(alliance) = Alliance::read(&home).ok().flatten().filter(of_home) else { return Ok(alone) };
    let charters = match Desk::look(&home, &alliance).await {
        Ok(state) => adopted(&state, alliance.checkpoint, bundle),
        Err(failure) => {
            context.out.note(&format!("Checked without what this home knows of its alliance: {failure}"));
            BTreeSet::from([alliance.checkpoint])
        }
    };
    proof::check(bundle, Some(&Trust { alliance: alliance.network, charters }))
}

/// The charters on which a file may rest its author's seat. A row of a charter stays what it was when that charter was
/// adopted. A motion counts under the newest charter only: keys that voted once could pass others today.
fn adopted(state: &State, checkpoint: CharterId, bundle: &Bundle) -> BTreeSet<CharterId> {
    let adoption = state.governance().adoption();
    let newest = adoption.adopted().unwrap_or(checkpoint);
    let by_motion = bundle.parts().iter().any(|part| matches!(part, Part::Motion(_)));
    let chain = adoption.chain().iter().copied().filter(|_| !by_motion);
    chain.chain([newest]).collect()
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

fn print(proof: &Proof, context: &mut Context) -> Result<(), Failure> {
    context.out.line(&format!("valid, and it rests on: {}", proof.rests_on))?;
    // What it does not show is said once, at the end.
    let reason = safe_text::line(&proof.reason).replace(NOT_VISIBLE, "");
    context.out.paragraph("  ", &reason)?;
    context.out.line(&format!("entry         {}", proof.id))?;
    context.out.paragraph("organisation  ", &format!("{} ({})", safe_text::line(&proof.org_name), proof.org))?;
    context.out.line(&format!("alliance      {}", proof.alliance))?;
    context.out.line(&format!("time          {} (the author's claim)", time::rfc3339(proof.header.time)))?;
    let as_of = match (proof.epoch, proof.as_of) {
        (Some(epoch), Some(at)) => format!("epoch {epoch}, time {}", time::rfc3339(at)),
        _ => format!("no charter, time {}", time::rfc3339(proof.header.time)),
    };
    context.out.line(&format!("As of {as_of}{NOT_VISIBLE}."))
}
