use std::path::Path;

use lyceum_protocol::document::charter::Params;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::hash::{CertificateId, CharterId, NetworkId};

use super::{Context, size};
use crate::failure::Failure;
use crate::govern::charter::{self, charter_zero};
use crate::govern::desk::{Desk, own_card};
use crate::home::{Alliance, Home};
use crate::keys::{self, KeyName, Passphrase};

/// Found an alliance: its first charter, with this organisation as its only voter and member.
///
/// Others come in by `lyceum invite` or `lyceum admit`. The charter says how much each organisation may publish a day;
/// seven days' worth can be saved.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  lyceum found --name \"Open Evaluation Alliance\" --purpose \"Share what we find out about models\"")]
pub(super) struct Args {
    /// Name of the alliance (at most 80 bytes).
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it is for (at most 4 KiB).
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    purpose: String,
    /// Entries that one organisation may publish a day; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = Params::default().entries_per_day)]
    entries_per_day: u32,
    /// Bytes that one organisation may publish a day, with KiB, MiB or GiB; 0 for no limit.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size::parse)]
    bytes_per_day: u64,
    /// Bytes of attached files that one organisation may name in all, with KiB, MiB or GiB; 0 for no limit.
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size::parse)]
    attachments: u64,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let card = own_card(&home)?;
    no_alliance_yet(&home)?;
    let voting = unlock(&home, KeyName::Voting)?;
    let certificate = card.tip().map_or(CertificateId::ZERO, |tip| tip.id());
    let random = keys::random_seed().map_err(|fault| Failure::new("no charter was made").because(&fault))?;
    let alliance = charter::Alliance {
        name: &args.name,
        purpose: &args.purpose,
        time: crate::clock::wall(),
        random: *random,
        params: Params {
            entries_per_day: args.entries_per_day,
            bytes_per_day: args.bytes_per_day,
            attachment_bytes: args.attachments,
        },
    };
    let (charter, signature) = charter_zero(alliance, card.org(), certificate, &voting)
        .map_err(|fault| Failure::usage("the alliance cannot be founded so").because(&fault))?;
    let network = NetworkId::from(charter.id());
    let alliance = Alliance { network, checkpoint: CharterId::from(network), addresses: Vec::new() };
    set_store_aside(&home)?;
    let mut desk = Desk::in_folder(&home, &alliance, card.org())?;
    let mut batch = card.to_batch();
    batch.objects.push(DocumentObject::Charter(charter));
    batch.signatures.push(signature);
    desk.submit(batch).await?;
    // Last: where this file is, the store holds what it speaks of.
    alliance.write(&home).map_err(|fault| Failure::new("the alliance was not written down").because(&fault))?;
    if context.out.is_json() {
        let value =
            serde_json::json!({ "alliance": network.to_string(), "name": args.name, "org": card.org().to_string() });
        return context.out.object(&value);
    }
    context.out.line(&format!("Founded {} ({network}).", super::safe_text::line(&args.name)))?;
    context.out.line("")?;
    context.out.line("Next:")?;
    context.out.line("  lyceum run       start this node")?;
    context.out.line("  lyceum invite    print a line that seats one newcomer")
}

/// Refuses where the home has an alliance.
pub(super) fn no_alliance_yet(home: &Home) -> Result<(), Failure> {
    match Alliance::read(home) {
        Ok(None) => Ok(()),
        Ok(Some(alliance)) => {
            Err(Failure::refused(format!("this home belongs to the alliance {} already", alliance.network))
                .next("a home belongs to one alliance; make another home for another one: --home DIR"))
        }
        Err(fault) => Err(Failure::new("cannot tell the alliance of this home").because(&fault)),
    }
}

/// A store without an alliance is what an interrupted `found` or `join` left: nothing in it was ever shown.
pub(super) fn set_store_aside(home: &Home) -> Result<(), Failure> {
    let store = home.store_folder();
    let mut number = 1_u32;
    let mut aside = store.with_file_name(format!("store.interrupted-{number}"));
    while Path::exists(&aside) {
        number = number.saturating_add(1);
        aside = store.with_file_name(format!("store.interrupted-{number}"));
    }
    match std::fs::rename(&store, &aside) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new("cannot set aside what an interrupted command left").because(&fault))
        }
        _ => Ok(()),
    }
}

/// Unlocks a key of the home.
pub(super) fn unlock(home: &Home, name: KeyName) -> Result<lyceum_protocol::key::SecretKey, Failure> {
    keys::unlock(home, name, &mut Passphrase::from_surroundings()).map_err(|fault| {
        let step = match &fault {
            keys::KeyFault::WrongPassphrase(_) => "try again with the passphrase that was chosen at `lyceum init`",
            keys::KeyFault::NoPassphrase { .. } => {
                "run this on a terminal, or name a file that holds the passphrase: LYCEUM_PASSPHRASE_FILE"
            }
            _ => "restore the file from a copy",
        };
        Failure::new(format!("the {name} key cannot be used")).because(&fault).next(step)
    })
}
