use std::io::Read as _;

use lyceum_protocol::invitation::{Invitation, InvitationFault};
use zeroize::Zeroizing;

use super::Context;
use super::found::{no_alliance_yet, set_store_aside};
use crate::failure::Failure;
use crate::govern::desk::{Desk, own_card};
use crate::govern::redemption::redeem;
use crate::home::{Alliance, Home};

/// Join an alliance with the line that a member sent.
///
/// Works before the first run. With an invitation this organisation takes the seat as soon as a member is reached; with
/// the line that `admit` printed it has its seat already. Publishing is possible at once: what is published before the
/// seat is taken stands when it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum join lyceum1abc…
  lyceum join - < invitation.txt      keeps the line out of the shell's history")]
pub(super) struct Args {
    /// The line, or - to read it from standard input.
    invitation: String,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let own = own_card(&home)?;
    let text = Zeroizing::new(if args.invitation == "-" { read_line()? } else { args.invitation });
    let invitation = Invitation::from_text(&text).map_err(|fault| unreadable(&fault))?;
    rejoin_or_new(&home, &invitation)?;
    let mut batch = own.to_batch();
    if let Some(secret) = invitation.secret() {
        let redemption = redeem(invitation.network(), own.org(), &secret.key())
            .map_err(|fault| Failure::new("the seat cannot be taken").because(&fault))?;
        batch.signatures.push(redemption);
    }
    let alliance = Alliance {
        network: invitation.network(),
        checkpoint: invitation.checkpoint(),
        addresses: invitation.addresses().map(str::to_owned).collect(),
    };
    set_store_aside(&home)?;
    let mut desk = Desk::in_folder(&home, &alliance, own.org())?;
    desk.submit(batch).await?;
    alliance.write(&home).map_err(|fault| Failure::new("the alliance was not written down").because(&fault))?;
    if context.out.is_json() {
        let value = serde_json::json!({
            "alliance": alliance.network.to_string(), "org": own.org().to_string(), "addresses": alliance.addresses,
            "takes_seat": invitation.secret().is_some(),
        });
        return context.out.object(&value);
    }
    let seat = if invitation.secret().is_some() { " The seat is taken when a member is reached." } else { "" };
    context.out.line(&format!("Joined the alliance {}.{seat}", alliance.network))?;
    if alliance.addresses.is_empty() {
        context.out.note("The line names no address: some member has to dial this node.");
    }
    context.out.line("")?;
    context.out.line("Next:")?;
    context.out.line("  lyceum run       start this node; it shows how far it is, and so does `lyceum status`")
}

fn rejoin_or_new(home: &Home, invitation: &Invitation) -> Result<(), Failure> {
    match Alliance::read(home) {
        Ok(Some(alliance)) if alliance.network == invitation.network() => {
            Err(Failure::refused("this home has joined that alliance already").next("start it: lyceum run"))
        }
        _ => no_alliance_yet(home),
    }
}

fn read_line() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(16 * 1024).read_to_string(&mut text);
    read.map_err(|fault| Failure::usage("cannot read the invitation from standard input").because(&fault))?;
    Ok(text)
}

fn unreadable(fault: &InvitationFault) -> Failure {
    let step = match fault {
        InvitationFault::Prefix => "an invitation is the line that `lyceum invite` or `lyceum admit` printed",
        InvitationFault::Codec(_) => "install the version of this program that the sender uses",
        _ => "copy the whole line again, as it was sent",
    };
    Failure::usage("this is not a whole invitation").because(fault).next(step)
}
