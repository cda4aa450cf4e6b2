use std::net::SocketAddr;

use lyceum_protocol::bundle::Card;
use lyceum_protocol::hash::OrgId;

use super::Context;
use crate::config::Config;
use crate::durable;
use crate::failure::Failure;
use crate::govern::organisation::{Founding, FoundingKeys, certificate_zero};
use crate::home::{Home, HomeLock, HomeState, socket};
use crate::keys::{FreshKeys, Passphrase};
use crate::network::identity::peer_id_of;

/// Make a new organisation and its first node in the home folder.
///
/// Draws four keys (root, voting, encryption, node), signs the organisation's certificate, and writes the settings.
/// The keys are locked with a passphrase, which is asked for, or read from the file that LYCEUM_PASSPHRASE_FILE names.
/// Each locked key is an age file: `age -d` opens it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum init --org \"Example Lab\" --domain example.org
  lyceum init --org \"Example Lab\" --announce /dns4/node.example.org/tcp/4820
  lyceum --home /tmp/a init --org A --listen /ip4/127.0.0.1/tcp/0 --no-passphrase")]
pub(super) struct Args {
    /// Name of the organisation, as members will see it (at most 80 bytes).
    #[arg(long, value_name = "NAME")]
    org: String,
    /// Its domain name.
    #[arg(long, value_name = "DOMAIN", default_value = "", hide_default_value = true)]
    domain: String,
    /// Address to listen on, as a multiaddr; may be repeated [default: port 4820 on all interfaces, TCP and QUIC].
    #[arg(long, value_name = "MULTIADDR")]
    listen: Vec<String>,
    /// Address that other members are told instead; may be repeated.
    #[arg(long, value_name = "MULTIADDR")]
    announce: Vec<String>,
    /// Serve health, readiness and status over HTTP at this address.
    #[arg(long, value_name = "ADDR:PORT")]
    http: Option<SocketAddr>,
    /// Dial private addresses too (implied by a loopback or private address of one's own).
    #[arg(long)]
    lan: bool,
    /// Leave the keys unlocked, protected by their file mode alone: for tests and unattended hosts.
    #[arg(long)]
    no_passphrase: bool,
}

pub(super) fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let shown = home.folder().display().to_string();
    let config = Config::of_flags(&args.listen, &args.announce, args.http, args.lan)
        .map_err(|fault| Failure::usage("an address cannot be used").because(&fault))?;
    socket::path(&home).map_err(|fault| {
        Failure::usage("the daemon could not be reached in this home")
            .because(&fault)
            .next("choose a shorter path: --home DIR")
    })?;
    if home.state() == HomeState::Made {
        return Err(Failure::refused(format!("there is a node in {shown} already"))
            .next("look at it with `lyceum status`, or make another one elsewhere: --home DIR"));
    }
    let io = |fault: std::io::Error| Failure::new(format!("cannot write in {shown}")).because(&fault);
    // Everything that can be wrong is found before anything is written.
    let keys = FreshKeys::draw().map_err(|fault| Failure::new("no keys were made").because(&fault))?;
    let founding = Founding {
        name: &args.org,
        domain: &args.domain,
        time: crate::clock::wall(),
        encryption: keys.encryption_public().map_err(|fault| Failure::new("no keys were made").because(&fault))?,
    };
    let signing = FoundingKeys { root: &keys.root, voting: &keys.voting, node: &keys.node };
    let signed = certificate_zero(founding, signing)
        .map_err(|fault| Failure::usage("the organisation cannot be certified so").because(&fault))?;
    let card = Card::new(std::slice::from_ref(&signed.certificate), &signed.signatures)
        .and_then(|card| card.to_bytes())
        .map_err(|fault| Failure::new("the card cannot be written").because(&fault))?;
    let passphrase = choose(args.no_passphrase)?;

    durable::private_folder(home.folder()).map_err(io)?;
    let _lock = HomeLock::take(&home).map_err(|fault| Failure::new("this home is in use").because(&fault))?;
    if home.state() == HomeState::HalfMade
        && let Some(aside) = home.set_interrupted_keys_aside().map_err(io)?
    {
        context.out.note(&format!(
            "An earlier init was interrupted. Its keys were never used; they lie in {}.",
            aside.display()
        ));
    }
    durable::private_folder(&home.keys_folder()).map_err(io)?;
    durable::write(&home.config_file(), config.to_file().as_bytes(), durable::PRIVATE).map_err(io)?;
    keys.write(&home, passphrase.as_ref())
        .map_err(|fault| Failure::new("the keys were not written").because(&fault))?;
    // Last: where the card is, the home is whole.
    durable::write(&home.card_file(), &card, durable::READABLE).map_err(io)?;

    let org = OrgId::from(signed.certificate.id());
    say(context, &home, &args.org, org, &peer_id_of(&keys.node.public()).to_string())
}

fn choose(no_passphrase: bool) -> Result<Option<age::secrecy::SecretString>, Failure> {
    if no_passphrase {
        return Ok(None);
    }
    let chosen = Passphrase::from_surroundings().choose();
    chosen.map(Some).map_err(|fault| {
        Failure::usage("the keys need a passphrase").because(&fault).next(
            "run this on a terminal, name a file that holds it (LYCEUM_PASSPHRASE_FILE), or leave them unlocked with --no-passphrase",
        )
    })
}

fn say(context: &mut Context, home: &Home, name: &str, org: OrgId, node: &str) -> Result<(), Failure> {
    let folder = home.folder().display().to_string();
    if context.out.is_json() {
        let value = serde_json::json!({ "org": org.to_string(), "name": name, "node": node, "home": folder });
        return context.out.object(&value);
    }
    context.out.line(&format!("Made the node {node}"))?;
    context.out.line(&format!("of the organisation {} ({org})", super::safe_text::line(name)))?;
    context.out.line(&format!("in {folder}"))?;
    context.out.line("")?;
    context.out.paragraph(
        "",
        "Keep a copy of keys/root, keys/voting and keys/encryption in a safe place, with the passphrase. Never copy \
         keys/node: each machine has its own.",
    )?;
    context.out.line("")?;
    context.out.line("Next, one of these:")?;
    context.out.line("  lyceum join INVITATION       you were sent an invitation")?;
    context.out.line("  lyceum card > our.card       send this file to a member, who runs `lyceum admit our.card`")?;
    context.out.line("  lyceum found --name NAME     begin an alliance of your own")
}
