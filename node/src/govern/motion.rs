//! Proposing and approving: Admit and Invite.

use lyceum_protocol::document::motion::{Motion, MotionObject, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::governance::Seat;
use lyceum_protocol::hash::{CertificateId, OrgId};
use lyceum_protocol::key::{PublicKey, SecretKey};
use lyceum_protocol::limits::MOTIONS_PER_VOTER;
use lyceum_protocol::state::State;

use super::{GovernFault, bounded};

/// What came of a proposal.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The motion, new or one that was open already.
    pub motion: MotionObject,
    /// What has to be added to the documents.
    pub batch: DocumentBatch,
    /// Approvals that are missing once the batch is added; 0 if it has then passed.
    pub missing: usize,
}

/// What came of the wish to admit an organisation.
#[derive(Debug, Clone)]
pub enum Admission {
    /// It has its seat already.
    Seated,
    /// The motion that gives it one.
    Proposed(Proposal),
}

/// Proposes to admit an organisation from a certificate version, or approves a motion that says the same.
///
/// # Errors
/// [`GovernFault`].
pub fn admit(
    state: &State,
    own: OrgId,
    voting: &SecretKey,
    (org, certificate): (OrgId, CertificateId),
    time: u64,
) -> Result<Admission, GovernFault> {
    match state.governance().organisation(org).map(|organisation| organisation.seat) {
        Some(Seat::Firm) => return Ok(Admission::Seated),
        Some(Seat::Removed) => return Err(GovernFault::Removed),
        _ => {}
    }
    let op = Operation::Admit { org, certificate };
    propose(state, own, voting, op, time).map(Admission::Proposed)
}

/// Proposes that whoever holds the secret half of `invited` takes a seat.
///
/// # Errors
/// [`GovernFault`].
pub fn invite(
    state: &State,
    own: OrgId,
    voting: &SecretKey,
    invited: PublicKey,
    time: u64,
) -> Result<Proposal, GovernFault> {
    propose(state, own, voting, Operation::Invite { key: invited }, time)
}

fn propose(state: &State, own: OrgId, voting: &SecretKey, op: Operation, time: u64) -> Result<Proposal, GovernFault> {
    let documents = state.documents();
    let adopted = state.governance().adoption().adopted().and_then(|id| documents.charter(id));
    let charter = adopted.ok_or(GovernFault::NoCharter)?;
    let voter = charter.voters.iter().find(|voter| voter.org == own).ok_or(GovernFault::NoVoter)?;
    if voter.key != voting.public() {
        return Err(GovernFault::OtherVotingKey);
    }
    let of_epoch = || documents.motions().filter(|motion| motion.epoch == charter.id());
    let place = |motion: &MotionObject| SignaturePlace::approval(motion.id(), voter.key);
    let open: usize =
        of_epoch().filter(|motion| documents.is_signed(&place(motion)) && !documents.is_passed(motion)).count();
    if open >= MOTIONS_PER_VOTER {
        return Err(GovernFault::TooManyOpen(open));
    }
    // An open motion that says the same is approved, not doubled.
    let same = of_epoch().find(|motion| motion.op == op).cloned();
    let motion = match same {
        Some(motion) => motion,
        None => {
            let reason = bounded("reason", "")?;
            Motion { epoch: charter.id(), proposer: own, time, reason, op }.into_object()?
        }
    };
    let mut approvals = documents.approvers(&motion).count();
    if !documents.is_signed(&place(&motion)) {
        approvals = approvals.saturating_add(1);
    }
    let batch = DocumentBatch {
        objects: vec![DocumentObject::Motion(motion.clone())],
        signatures: vec![place(&motion).sign(state.network(), voting)?],
    };
    Ok(Proposal { motion, batch, missing: usize::from(charter.k).saturating_sub(approvals) })
}
