//! Who is in the alliance, and which nodes of others are seen.

use axum::Json;
use axum::extract::State as Shared;
use lyceum_protocol::document::charter::CharterObject;
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::governance::{Organisation, Seat};
use lyceum_protocol::hash::OrgId;
use lyceum_protocol::state::State;

use super::shapes::{Member, Peer};
use super::{Node, Problem};
use crate::network::identity::peer_id_of;
use crate::time::rfc3339;

pub(super) async fn list<N: Node>(Shared(node): Shared<N>) -> Result<Json<Vec<Member>>, Problem> {
    Ok(Json(node.look(members).await?))
}

pub(super) async fn peers<N: Node>(Shared(node): Shared<N>) -> Result<Json<Vec<Peer>>, Problem> {
    Ok(Json(node.status().await?.peers))
}

/// The word for a seat.
pub(crate) const fn seat_word(seat: Seat) -> &'static str {
    match seat {
        Seat::Firm => "firm",
        Seat::Provisional => "provisional",
        Seat::Removed => "removed",
        Seat::Suspended => "suspended",
        Seat::None => "none",
    }
}

/// Everyone who has or had a seat, or contends for one, by name.
pub(super) fn members(state: &State) -> Vec<Member> {
    let organisations = state.governance().organisations().iter();
    let mut members: Vec<Member> = organisations
        .filter(|(_, organisation)| organisation.seat != Seat::None)
        .map(|(org, organisation)| member(state, *org, organisation))
        .collect();
    members.sort_by(|a, b| (&a.name, &a.org).cmp(&(&b.name, &b.org)));
    members
}

fn member(state: &State, org: OrgId, organisation: &Organisation) -> Member {
    let documents = state.documents();
    let certificate = organisation.effective().or_else(|| documents.certificate(org.into()));
    let domain = certificate.map(|certificate| certificate.domain.as_str()).filter(|domain| !domain.is_empty());
    let keys = certificate.into_iter().flat_map(|certificate| certificate.keys.iter());
    let adopted = state.governance().adoption().adopted().and_then(|id| documents.charter(id));
    let admission = admission(state, org);
    Member {
        org: org.to_string(),
        name: certificate.map_or_else(String::new, |certificate| certificate.name.as_str().to_owned()),
        domain: domain.map(str::to_owned),
        state: seat_word(organisation.seat).to_owned(),
        nodes: keys.map(|listed| peer_id_of(&listed.key).to_string()).collect(),
        admitted_at: admission.map(|(time, _)| rfc3339(time)),
        by: admission.map(|(_, by)| by.to_string()),
        voter: adopted.is_some_and(|charter| charter.voters.iter().any(|voter| voter.org == org)),
    }
}

/// When and by whom an organisation came in: the Admit, the redeemed Invite, or charter 0.
fn admission(state: &State, org: OrgId) -> Option<(u64, OrgId)> {
    let documents = state.documents();
    let in_force = state.governance().in_force().iter().filter_map(|id| documents.motion(*id));
    let gives_seat = |motion: &&MotionObject| match &motion.op {
        Operation::Admit { org: admitted, .. } => *admitted == org,
        Operation::Invite { key } => documents.is_signed(&SignaturePlace::redemption(org, *key)),
        Operation::Remove { .. } | Operation::Settle { .. } | Operation::Erase { .. } => false,
    };
    let by_motion = in_force.filter(gives_seat).map(|motion| (motion.time, motion.proposer)).min();
    let zero: Option<&CharterObject> = documents.charter(state.network().into());
    let founding = || zero.filter(|charter| charter.lists.member(org).is_some()).map(|charter| (charter.time, org));
    by_motion.or_else(founding)
}
