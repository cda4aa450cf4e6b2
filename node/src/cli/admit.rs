use std::path::PathBuf;

use lyceum_protocol::bundle::Card;
use lyceum_protocol::hash::CertificateId;
use lyceum_protocol::limits;

use super::Context;
use super::found::unlock;
use super::invite::{Line, addresses, line_for};
use crate::failure::Failure;
use crate::govern::GovernFault;
use crate::govern::desk::{Desk, own_card};
use crate::govern::motion::{self, Admission};
use crate::home::Home;
use crate::keys::KeyName;

/// Admit an organisation by its card: propose it, with this organisation's approval.
///
/// Look at the card's name and id first, and make sure by another way that it comes from whom it says. With more than
/// one voter the others have to approve as well. Prints the line with which the organisation joins; it holds no secret.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lyceum admit example-lab.card")]
pub(super) struct Args {
    /// The card, as `lyceum card` wrote it there.
    card: PathBuf,
    /// Address of this node to put into the line; may be repeated [default: those that are announced].
    #[arg(long, value_name = "MULTIADDR")]
    announce: Vec<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let own = own_card(&home)?;
    let card = read_card(&args.card)?;
    let tip = card.tip().map_or(CertificateId::ZERO, |tip| tip.id());
    let name = card.tip().map(|tip| tip.name.as_str().to_owned()).unwrap_or_default();
    let mut desk = Desk::open(&home, own.org()).await?;
    let line = Line { own: &own, addresses: addresses(&home, &desk, &own, &args.announce)? };
    let voting = unlock(&home, KeyName::Voting)?;
    let admission = motion::admit(desk.state(), own.org(), &voting, (card.org(), tip), crate::clock::wall())
        .map_err(|fault| refused(&fault, &home))?;
    let missing = match admission {
        Admission::Seated => {
            context.out.note(&format!("{} is a member already.", super::safe_text::line(&name)));
            0
        }
        Admission::Proposed(proposal) => {
            let mut batch = proposal.batch;
            let card = card.to_batch();
            batch.objects.extend(card.objects);
            batch.signatures.extend(card.signatures);
            desk.submit(batch).await?;
            proposal.missing
        }
    };
    let text = line_for(&desk, &line, None)?;
    if context.out.is_json() {
        let value = serde_json::json!({
            "org": card.org().to_string(), "name": name, "approvals_missing": missing, "invitation": text.as_str(),
        });
        return context.out.object(&value);
    }
    say_missing(context, missing);
    context.out.note(&format!(
        "Send this line to {}, who runs `lyceum join LINE`. It holds no secret:",
        super::safe_text::line(&name)
    ));
    context.out.line(&text)
}

/// Says how many votes are missing, if any.
pub(super) fn say_missing(context: &Context, missing: usize) {
    if missing > 0 {
        let voters = if missing == 1 { "one more voter has" } else { "more voters have" };
        context.out.note(&format!("Not yet in force: {missing} approvals are missing ({voters} to approve)."));
    }
}

pub(super) fn read_card(path: &std::path::Path) -> Result<Card, Failure> {
    let unreadable = || Failure::usage(format!("{} is not a card", path.display()));
    let next = "ask for the file that `lyceum card FILE` writes there, and send it as an attachment, not as text";
    let metadata = std::fs::metadata(path)
        .map_err(|fault| Failure::usage(format!("cannot read {}", path.display())).because(&fault))?;
    if metadata.len() > u64::try_from(limits::BUNDLE_MAX).unwrap_or(u64::MAX) {
        return Err(unreadable().cause("it is far too long").next(next));
    }
    let bytes = std::fs::read(path)
        .map_err(|fault| Failure::usage(format!("cannot read {}", path.display())).because(&fault))?;
    Card::read(&bytes).map_err(|fault| unreadable().because(&fault).next(next))
}

/// Why a voter's tool does not do it.
pub(super) fn refused(fault: &GovernFault, home: &Home) -> Failure {
    let failure = Failure::refused("not proposed").because(fault);
    match fault {
        GovernFault::NoVoter => failure.next("ask an organisation that votes: `lyceum members` shows which do"),
        GovernFault::NoCharter => failure.next("start the node and wait until it has the charter: lyceum run"),
        GovernFault::OtherVotingKey => {
            failure.next(format!("restore the voting key in {}", home.keys_folder().display()))
        }
        GovernFault::TooManyOpen(_) => failure.next("wait until some of them have passed"),
        GovernFault::Removed => failure.next("it has to make a new home with `lyceum init` and send its new card"),
        GovernFault::TooLong { .. } | GovernFault::Document(_) => failure,
    }
}
