use lyceum_protocol::bundle::Card;
use lyceum_protocol::governance::Seat;
use lyceum_protocol::hash::OrgId;
use lyceum_protocol::invitation::{Invitation, InviteSecret};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits::ADDRESSES_MAX;
use zeroize::Zeroizing;

use super::Context;
use super::admit::{refused, say_missing};
use super::found::unlock;
use crate::config::Config;
use crate::failure::Failure;
use crate::govern::desk::{Desk, own_card};
use crate::govern::motion;
use crate::home::Home;
use crate::keys::{self, KeyName};
use crate::network::identity::peer_id_of;

/// Print an invitation: whoever joins with it takes a seat, without a second vote.
///
/// The line is a secret that works once. Send it on a way that only the newcomer reads. If two redeem it, neither has the
/// seat until the voters decide. With more than one voter the others have to approve it first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum invite
  lyceum invite --announce /dns4/node.example.org/tcp/4820
  lyceum invite --for 3f9a1c20    without a secret: for one that has its seat")]
pub(super) struct Args {
    /// For an organisation that has its seat already: its name, id, or the first digits of its id.
    #[arg(long = "for", value_name = "ORG")]
    for_org: Option<String>,
    /// Address of this node to put into the line; may be repeated [default: those that are announced].
    #[arg(long, value_name = "MULTIADDR")]
    announce: Vec<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let own = own_card(&home)?;
    let mut desk = Desk::open(&home, own.org()).await?;
    let line = Line { own: &own, addresses: addresses(&home, &desk, &own, &args.announce)? };
    if let Some(name) = &args.for_org {
        let org = seated(&desk, name)?;
        let text = line_for(&desk, &line, None)?;
        if context.out.is_json() {
            let value =
                serde_json::json!({ "org": org.to_string(), "approvals_missing": 0, "invitation": text.as_str() });
            return context.out.object(&value);
        }
        return context.out.line(&text);
    }
    let seed = keys::random_seed().map_err(|fault| Failure::new("no invitation was made").because(&fault))?;
    let secret = InviteSecret::from_seed(seed);
    let voting = unlock(&home, KeyName::Voting)?;
    let proposal = motion::invite(desk.state(), own.org(), &voting, secret.key().public(), crate::clock::wall())
        .map_err(|fault| refused(&fault, &home))?;
    let text = line_for(&desk, &line, Some(secret))?;
    desk.submit(proposal.batch).await?;
    if context.out.is_json() {
        let value = serde_json::json!({
            "motion": proposal.motion.id().to_string(), "approvals_missing": proposal.missing, "invitation": text.as_str(),
        });
        return context.out.object(&value);
    }
    say_missing(context, proposal.missing);
    context.out.note(
        "A secret that seats one organisation. Send it on a way that only that one reads; it runs `lyceum join LINE`:",
    );
    context.out.line(&text)
}

/// What goes into a line besides the secret.
pub(super) struct Line<'a> {
    pub(super) own: &'a Card,
    pub(super) addresses: Vec<String>,
}

/// The text of an invitation to the alliance of a desk.
pub(super) fn line_for(
    desk: &Desk,
    line: &Line<'_>,
    secret: Option<InviteSecret>,
) -> Result<Zeroizing<String>, Failure> {
    let state = desk.state();
    let checkpoint = state.governance().adoption().adopted().unwrap_or_else(|| state.checkpoint());
    let invitation = Invitation::new(state.network(), checkpoint, line.addresses.clone(), secret);
    let invitation = invitation.map_err(|fault| {
        Failure::usage(format!("no invitation from {} can be written", line.own.org())).because(&fault)
    })?;
    Ok(invitation.to_text())
}

/// Where this node is reached: as named, as announced in the settings, or as the daemon found out.
pub(super) fn addresses(home: &Home, desk: &Desk, own: &Card, named: &[String]) -> Result<Vec<String>, Failure> {
    let named = Config::of_flags(&[], named, None, false)
        .map_err(|fault| Failure::usage("an address cannot be used").because(&fault))?
        .announce;
    let config = home.config().map_err(|fault| Failure::new("the settings cannot be used").because(&fault))?;
    let texts = |addresses: Vec<libp2p::Multiaddr>| addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut found = if named.is_empty() { texts(config.announced()) } else { texts(named) };
    if found.is_empty() {
        found = desk.known_addresses().to_vec();
    }
    if found.is_empty() {
        return Err(Failure::refused("it is not known where others reach this node, and an invitation says that")
            .next(
                "name the address: --announce /dns4/NAME/tcp/PORT here, or `announce` in config.toml for good; \
             a node that is reached from outside while it runs finds it out by itself",
            ));
    }
    let node = peer_id_of(&node_key(own)?);
    found.truncate(ADDRESSES_MAX);
    Ok(found.iter().map(|address| format!("{address}/p2p/{node}")).collect())
}

/// The node key that is listed first: the one of this home, as long as a home has one node.
fn node_key(own: &Card) -> Result<PublicKey, Failure> {
    let listed = own.tip().and_then(|tip| tip.keys.first().map(|listed| listed.key));
    listed.ok_or_else(|| Failure::new("the card of this home lists no node"))
}

fn seated(desk: &Desk, name: &str) -> Result<OrgId, Failure> {
    let organisations = desk.state().governance().organisations();
    let wanted = name.to_lowercase();
    let called = |org: OrgId| crate::api::name_of(desk.state(), org).to_lowercase() == wanted;
    let hex = wanted.len() >= 8 && wanted.bytes().all(|digit| digit.is_ascii_hexdigit());
    let found: Vec<(OrgId, Seat)> = organisations
        .iter()
        .filter(|(org, _)| called(**org) || (hex && org.to_string().starts_with(&wanted)))
        .map(|(org, organisation)| (*org, organisation.seat))
        .collect();
    match found.as_slice() {
        [(org, seat)] if seat.is_seated() => Ok(*org),
        [(..)] => Err(Failure::refused(format!("{name} has no seat")).next("admit it by its card: lyceum admit CARD")),
        [] => Err(Failure::usage(format!("no organisation is called {name:?}")).next("see `lyceum members`")),
        _ => {
            Err(Failure::usage(format!("{name:?} names several organisations"))
                .next("give its id: see `lyceum members`"))
        }
    }
}
