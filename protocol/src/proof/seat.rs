//! Whether the file shows a seat: charters, the row of the organisation, or the motion that seated it.

use std::collections::{BTreeMap, BTreeSet};

use super::ProofFault;
use super::check::{Parts, fault};
use crate::bundle::PartType;
use crate::bundle::card::is_on_chain;
use crate::codec;
use crate::document::charter::{Charter, CharterHead, RULES, Voter};
use crate::document::motion::{MotionObject, Operation};
use crate::document::signature::{SignaturePlace, SignatureType, VerifiedSignature};
use crate::hash::{CertificateId, CharterId, NetworkId, ObjectId, OrgId};
use crate::history::{leaf_hash, verify_inclusion};
use crate::key::PublicKey;

/// What the file shows of the organisation's seat.
pub(super) enum Standing {
    /// None, with the reason.
    None(String),
    /// A seat under a charter.
    Seated {
        /// In words.
        seat: String,
        /// Whether the chain from charter 0 of the network is in the file, certified at every step.
        from_zero: bool,
        /// The charter.
        charter: CharterId,
        /// Its epoch.
        epoch: u32,
    },
}

/// The seat of `org`.
pub(super) fn stand(org: OrgId, network: NetworkId, parts: &Parts<'_>) -> Result<Standing, ProofFault> {
    let Some(charter) = parts.charters.last() else {
        if parts.member.is_some() {
            return fault(PartType::Member, "without a charter");
        }
        if parts.motion.is_some() {
            return fault(PartType::Motion, "without a charter");
        }
        return Ok(Standing::None("no charter is in the file".to_owned()));
    };
    let from_zero = check_charters(network, parts)?;
    let by_row = by_row(org, charter, parts)?;
    let by_motion = match parts.motion {
        Some(motion) => Some(by_motion(org, charter, motion, parts)?),
        None => None,
    };
    let shown = by_row.or(by_motion).unwrap_or_else(|| Err("the file shows no seat under its charter".to_owned()));
    Ok(match shown {
        Ok(seat) => Standing::Seated { seat, from_zero, charter: charter.id(), epoch: charter.epoch },
        Err(why) => Standing::None(why),
    })
}

/// Checks the charters against each other; whether they lead from charter 0 of the network, certified at every step.
fn check_charters(network: NetworkId, parts: &Parts<'_>) -> Result<bool, ProofFault> {
    for pair in parts.charters.windows(2) {
        if let [before, after] = pair
            && (after.prev != before.id() || before.epoch.checked_add(1) != Some(after.epoch))
        {
            return fault(
                PartType::Charter,
                format!("epoch {} is not the one before the next in this file", before.epoch),
            );
        }
    }
    let mut from_zero = true;
    let mut before: Option<&CharterHead> = None;
    for charter in &parts.charters {
        if charter.rules != RULES {
            return fault(PartType::Charter, format!("rules {} are not known here: upgrade needed", charter.rules));
        }
        if charter.epoch == 0 {
            if NetworkId::from(charter.id()) != network {
                return fault(PartType::Charter, "charter 0 is not that of the alliance");
            }
            if charter.voters.len() != 1 || charter.members_len != 1 || charter.sealed_len != 0 {
                return fault(PartType::Charter, "charter 0 has one voter, who is its only member");
            }
        } else {
            let rounds = rounds(charter.id(), &parts.signatures);
            if !rounds.values().any(|keys| enough(charter, keys)) {
                let reason = format!("epoch {} is not signed by enough of its voters", charter.epoch);
                return fault(PartType::Charter, reason);
            }
            from_zero &= before.is_some_and(|before| {
                overlap(before, charter) && rounds.values().any(|keys| enough(before, keys) && enough(charter, keys))
            });
        }
        before = Some(charter);
    }
    Ok(from_zero)
}

/// Who signed a charter, by round.
pub(super) fn rounds(charter: CharterId, signatures: &[VerifiedSignature]) -> BTreeMap<u16, BTreeSet<PublicKey>> {
    let mut rounds: BTreeMap<u16, BTreeSet<PublicKey>> = BTreeMap::new();
    for place in signatures.iter().map(VerifiedSignature::place) {
        if place.kind == SignatureType::Charter && place.target == ObjectId::from(charter) {
            rounds.entry(place.round).or_default().insert(place.key);
        }
    }
    rounds
}

/// Whether these keys are enough of a charter's voters.
pub(super) fn enough(charter: &Charter, keys: &BTreeSet<PublicKey>) -> bool {
    charter.voters.iter().filter(|voter| keys.contains(&voter.key)).count() >= usize::from(charter.k)
}

/// k_e + k_{e+1} > |voters of both| (PROTOCOL 3.2).
fn overlap(before: &Charter, after: &Charter) -> bool {
    let voters: BTreeSet<OrgId> = before.voters.iter().chain(after.voters.iter()).map(|voter| voter.org).collect();
    usize::from(before.k).saturating_add(usize::from(after.k)) > voters.len()
}

/// A seat in words, or why it is not shown.
type Shown = Result<String, String>;

/// A seat by a row of the charter; none without a row in the file.
fn by_row(org: OrgId, charter: &CharterHead, parts: &Parts<'_>) -> Result<Option<Shown>, ProofFault> {
    let Some(proof) = parts.member else { return Ok(None) };
    if proof.row.org != org {
        return fault(PartType::Member, "the row is about another organisation");
    }
    let leaf = leaf_hash(&codec::encode(&proof.row));
    let (index, len) = (u64::from(proof.index), u64::from(charter.members_len));
    if !verify_inclusion(&leaf, index, len, proof.path.hashes(), &charter.members_head) {
        return fault(PartType::Member, "it does not lead from the row to the charter's list of members");
    }
    Ok(Some(on_chain(proof.row.certificate, parts).map(|()| "member by charter".to_owned())))
}

/// A seat by an Admit or a redeemed Invite that passed under the charter.
fn by_motion(org: OrgId, charter: &CharterHead, motion: &MotionObject, parts: &Parts<'_>) -> Result<Shown, ProofFault> {
    if motion.epoch != charter.id() {
        return fault(PartType::Motion, "voted under another charter");
    }
    let approved = |voter: &&Voter| holds(&SignaturePlace::approval(motion.id(), voter.key), &parts.signatures);
    let approvals = charter.voters.iter().filter(approved).count();
    if approvals == 0 {
        return fault(PartType::Motion, "no voter of the charter approved it");
    }
    let by = match &motion.op {
        Operation::Admit { org: admitted, .. } if *admitted != org => {
            return fault(PartType::Motion, "it admits another organisation");
        }
        Operation::Admit { certificate, .. } => on_chain(*certificate, parts).map(|()| "admitted by motion"),
        Operation::Invite { key } if holds(&SignaturePlace::redemption(org, *key), &parts.signatures) => {
            Ok("seated by invitation")
        }
        Operation::Invite { .. } => Err("the redemption of the invitation is not in the file".to_owned()),
        Operation::Remove { .. } | Operation::Settle { .. } | Operation::Erase { .. } => {
            return fault(PartType::Motion, "it seats nobody");
        }
    };
    if approvals < usize::from(charter.k) {
        return Ok(Err(format!("{approvals} of {} approvals of its motion are in the file", charter.k)));
    }
    Ok(by.map(str::to_owned))
}

/// Whether the version that seats is on the chain in the file.
fn on_chain(certificate: CertificateId, parts: &Parts<'_>) -> Result<(), String> {
    match parts.certificates.iter().any(|version| version.id() == certificate) {
        true => Ok(()),
        false => Err("the certificate version that has the seat is not in the file".to_owned()),
    }
}

fn holds(place: &SignaturePlace, signatures: &[VerifiedSignature]) -> bool {
    signatures.iter().any(|signature| signature.place() == place)
}

/// Whether a signature says something about what is in the file. Shared with the builder, which puts in nothing else.
pub(super) fn says_something<'a>(
    place: &SignaturePlace,
    org: OrgId,
    certificates: &[crate::document::certificate::CertificateObject],
    charters: impl Iterator<Item = (CharterId, &'a Charter)> + Clone,
    motion: Option<&MotionObject>,
) -> bool {
    match place.kind {
        SignatureType::Certificate | SignatureType::Key => is_on_chain(place, certificates),
        SignatureType::Charter => {
            let Some((_, target)) = charters.clone().find(|(id, _)| ObjectId::from(*id) == place.target) else {
                return false;
            };
            let before = charters.clone().find(|(id, _)| *id == target.prev);
            target.voter(&place.key).is_some() || before.is_some_and(|(_, before)| before.voter(&place.key).is_some())
        }
        SignatureType::Approval => motion.is_some_and(|motion| {
            let epoch = charters.clone().find(|(id, _)| *id == motion.epoch);
            place.target == ObjectId::from(motion.id())
                && epoch.is_some_and(|(_, charter)| charter.voter(&place.key).is_some())
        }),
        SignatureType::Invite => {
            place.target == ObjectId(org.0)
                && motion.is_some_and(|motion| motion.op == Operation::Invite { key: place.key })
        }
    }
}

/// Every signature in the file says something about what is in it, once: so no byte of it is idle.
pub(super) fn no_stray_signature(org: OrgId, parts: &Parts<'_>) -> Result<(), ProofFault> {
    let charters = parts.charters.iter().map(|charter| (charter.id(), &**charter));
    let mut seen = BTreeSet::new();
    for signature in &parts.signatures {
        let place = signature.place();
        let known = says_something(place, org, &parts.certificates, charters.clone(), parts.motion);
        if !known || !seen.insert(signature.id()) {
            return fault(PartType::Signature, "on nothing in this file, or twice");
        }
    }
    Ok(())
}
