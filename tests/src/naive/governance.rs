//! Charters certified and adopted, motions in force, seats (PROTOCOL 3.2 and 3.3).

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::hash::EntryId;

use lyceum_protocol::document::charter::{CharterObject, RULES};
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::SignatureType;
use lyceum_protocol::hash::{CertificateId, CharterId, MotionId, ObjectId, OrgId};
use lyceum_protocol::key::PublicKey;

use super::certificates::{Anchor, Families};
use super::{Effect, ObjectSet, Seated};

/// A motion that counts, with the charter that seals it if one does.
struct InForce<'a> {
    id: MotionId,
    /// Whom the sealed row names, and with which operation.
    row: Option<(OrgId, u8)>,
    /// The certificate that the members row of the sealing charter names for that organisation.
    listed: Option<CertificateId>,
    body: Option<&'a MotionObject>,
}

/// The adopted charter, and what follows from it.
pub(super) struct Law<'a> {
    set: &'a ObjectSet,
    pub(super) adopted: CharterId,
    pub(super) chain: Vec<&'a CharterObject>,
    pub(super) contested: bool,
    in_force: Vec<InForce<'a>>,
}

/// What an organisation has by the law of the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    Removed,
    Firm,
    Provisional,
    Suspended,
    None,
}

/// Keys whose signature of a kind lies on a target for a round.
pub(super) fn signers(set: &ObjectSet, kind: SignatureType, target: ObjectId, round: u16) -> BTreeSet<PublicKey> {
    set.signatures
        .iter()
        .map(|signature| signature.place())
        .filter(|place| place.kind == kind && place.target == target && place.round == round)
        .map(|place| place.key)
        .collect()
}

fn charter(set: &ObjectSet, id: CharterId) -> Option<&CharterObject> {
    set.charters.iter().find(|charter| charter.id() == id)
}

/// Read from a charter, its lists and its predecessor alone. `k` in bounds and lists that match are part of the type.
fn well_formed(before: &CharterObject, next: &CharterObject) -> bool {
    let voters: BTreeSet<OrgId> = before.voters.iter().chain(next.voters.iter()).map(|voter| voter.org).collect();
    let overlap = usize::from(before.k) + usize::from(next.k) > voters.len();
    let mut members: BTreeSet<OrgId> = before.lists.members.iter().map(|row| row.org).collect();
    let sealed = |op| next.lists.sealed.iter().filter(move |row| row.op == op).map(|row| row.org);
    members.extend(sealed(Operation::ADMIT));
    for org in sealed(Operation::REMOVE) {
        members.remove(&org);
    }
    // A row is about an organisation, but for Erase; an Invite is never sealed as such.
    let rows = next.lists.sealed.iter().all(|row| match row.op {
        Operation::ADMIT | Operation::REMOVE | Operation::SETTLE => row.org != OrgId::ZERO,
        Operation::ERASE => row.org == OrgId::ZERO,
        _ => false,
    });
    let listed: BTreeSet<OrgId> = next.lists.members.iter().map(|row| row.org).collect();
    next.prev == before.id()
        && u64::from(next.epoch) == u64::from(before.epoch) + 1
        && overlap
        && rows
        && listed == members
}

/// The highest round in which a charter is certified.
fn certified(set: &ObjectSet, before: &CharterObject, next: &CharterObject) -> Option<u16> {
    if !well_formed(before, next) {
        return None;
    }
    let rounds: BTreeSet<u16> = set
        .signatures
        .iter()
        .map(|signature| signature.place())
        .filter_map(|place| {
            (place.kind == SignatureType::Charter && place.target == next.id().into()).then_some(place.round)
        })
        .collect();
    let enough = |charter: &CharterObject, keys: &BTreeSet<PublicKey>| {
        charter.voters.iter().filter(|voter| keys.contains(&voter.key)).count() >= usize::from(charter.k)
    };
    rounds.into_iter().rev().find(|round| {
        let keys = signers(set, SignatureType::Charter, next.id().into(), *round);
        enough(before, &keys) && enough(next, &keys)
    })
}

/// Certified successors with the highest round of each.
fn successors<'a>(set: &'a ObjectSet, before: &CharterObject) -> BTreeMap<CharterId, (u16, &'a CharterObject)> {
    set.charters.iter().filter_map(|next| Some((next.id(), (certified(set, before, next)?, next)))).collect()
}

impl<'a> Law<'a> {
    pub(super) fn find(checkpoint: CharterId, set: &'a ObjectSet) -> Self {
        let (adopted, contested) = adopt(checkpoint, set);
        let mut chain = Vec::new();
        let mut next = charter(set, adopted);
        while let Some(held) = next {
            chain.insert(0, held);
            next = if held.epoch == 0 { None } else { charter(set, held.prev) };
        }
        let mut law = Self { set, adopted, chain, contested, in_force: Vec::new() };
        law.in_force = law.sealed().into_iter().chain(law.passed()).collect();
        law
    }

    fn sealed(&self) -> Vec<InForce<'a>> {
        let mut found = Vec::new();
        for charter in &self.chain {
            for row in &*charter.lists.sealed {
                found.push(InForce {
                    id: row.motion,
                    row: Some((row.org, row.op)),
                    listed: charter.lists.member(row.org).map(|member| member.certificate),
                    body: self.set.motions.iter().find(|motion| motion.id() == row.motion),
                });
            }
        }
        found
    }

    /// What enough distinct voters of the adopted charter approved, while it names that charter as its epoch; of the
    /// Invites among that the 512 smallest.
    fn passed(&self) -> Vec<InForce<'a>> {
        let Some(adopted) = charter(self.set, self.adopted) else { return Vec::new() };
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for motion in &self.set.motions {
            let keys = signers(self.set, SignatureType::Approval, motion.id().into(), 0);
            let votes = adopted.voters.iter().filter(|voter| keys.contains(&voter.key)).count();
            if motion.epoch == self.adopted && votes >= usize::from(adopted.k) && seen.insert(motion.id()) {
                found.push(InForce { id: motion.id(), row: None, listed: None, body: Some(motion) });
            }
        }
        let is_invite =
            |found: &InForce<'_>| found.body.is_some_and(|body| matches!(body.op, Operation::Invite { .. }));
        let mut invites: Vec<MotionId> = found.iter().filter(|found| is_invite(found)).map(|found| found.id).collect();
        invites.sort_unstable();
        invites.truncate(512);
        found.retain(|found| !is_invite(found) || invites.contains(&found.id));
        found
    }

    pub(super) fn effects(&self) -> Vec<Effect> {
        let effect = |found: &InForce<'_>| {
            let op = found.row.map_or_else(|| found.body.map(|body| body.op.code()), |(_, op)| Some(op))?;
            Some(Effect { motion: found.id, op, sealed: found.row.is_some() })
        };
        self.in_force.iter().filter_map(effect).collect()
    }

    /// Whether a sealed row about an organisation has no body here.
    pub(super) fn body_missing(&self, org: OrgId) -> bool {
        self.in_force.iter().any(|found| found.body.is_none() && found.row.is_some_and(|(about, _)| about == org))
    }

    fn about(&self, org: OrgId, op: u8) -> impl Iterator<Item = &InForce<'a>> {
        self.in_force.iter().filter(move |found| match (found.row, found.body) {
            (Some(row), None) => row == (org, op),
            // A body that says something else than its row has no effect.
            (Some(row), Some(body)) => {
                let redeemed = body.op.code() == Operation::INVITE && op == Operation::ADMIT;
                row == (org, op) && (redeemed || (body.op.code() == op && body.op.org() == Some(org)))
            }
            (None, Some(body)) => body.op.org() == Some(org) && body.op.code() == op,
            (None, None) => false,
        })
    }

    /// Removes in force of an organisation whose bodies are held, smallest id first.
    pub(super) fn removes(&self, org: OrgId) -> BTreeMap<MotionId, &'a MotionObject> {
        self.about(org, Operation::REMOVE).filter_map(|found| Some((found.id, found.body?))).collect()
    }

    /// The anchors of an organisation in the order of PROTOCOL 3.4.
    pub(super) fn anchors(&self, org: OrgId) -> Vec<Anchor> {
        let mut anchors = Vec::new();
        if let Some((_, motion)) = self.removes(org).into_iter().next() {
            anchors.extend(motion.op.certificate().map(Anchor::Last));
        }
        // The highest round; of one round the smaller id.
        let mut settles: Vec<(u32, MotionId, CertificateId)> = self
            .about(org, Operation::SETTLE)
            .filter_map(|found| match found.body?.op {
                Operation::Settle { certificate, round, .. } => Some((round, found.id, certificate)),
                _ => None,
            })
            .collect();
        settles.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        anchors.extend(settles.first().map(|(_, _, certificate)| Anchor::Least(*certificate)));
        let listed = self.chain.last().and_then(|charter| charter.lists.member(org));
        anchors.extend(listed.map(|row| Anchor::Least(row.certificate)));
        let admits: BTreeMap<MotionId, CertificateId> = self
            .about(org, Operation::ADMIT)
            .filter_map(|found| match found.body?.op {
                Operation::Admit { certificate, .. } => Some((found.id, certificate)),
                Operation::Invite { .. } => Some((found.id, found.listed?)),
                _ => None,
            })
            .collect();
        anchors.extend(admits.into_values().next().map(Anchor::Least));
        anchors
    }

    /// Targets of Erase motions in force.
    pub(super) fn erase_targets(&self) -> BTreeSet<EntryId> {
        let mut targets = BTreeSet::new();
        let says_so = |found: &&InForce<'_>| found.row.is_none_or(|row| row == (OrgId::ZERO, Operation::ERASE));
        for found in self.in_force.iter().filter(says_so) {
            if let Some(Operation::Erase { targets: named }) = found.body.map(|body| &body.op) {
                targets.extend(named.iter().copied());
            }
        }
        targets
    }

    /// For each Invite in force, who redeemed it: certificate 0 held, the two smallest kept.
    fn redemptions(&self, families: &Families<'_>) -> Vec<Vec<OrgId>> {
        let mut all = Vec::new();
        for found in self.in_force.iter().filter(|found| found.row.is_none()) {
            let Some(Operation::Invite { key }) = found.body.map(|body| &body.op) else { continue };
            let orgs: BTreeSet<OrgId> = self
                .set
                .signatures
                .iter()
                .map(|signature| signature.place())
                .filter(|place| place.kind == SignatureType::Invite && place.key == *key)
                .map(|place| OrgId(place.target.0))
                .filter(|org| families.founded(*org))
                .collect();
            all.push(orgs.into_iter().take(2).collect());
        }
        all
    }

    pub(super) fn seat(&self, org: OrgId, families: &Families<'_>) -> Seat {
        if self.about(org, Operation::REMOVE).next().is_some() {
            return Seat::Removed;
        }
        let listed = self.chain.last().is_some_and(|charter| charter.lists.member(org).is_some());
        if listed || self.about(org, Operation::ADMIT).next().is_some() {
            return Seat::Firm;
        }
        let redemptions = self.redemptions(families);
        let mine: Vec<&Vec<OrgId>> = redemptions.iter().filter(|orgs| orgs.contains(&org)).collect();
        match mine.iter().map(|orgs| orgs.len()).min() {
            Some(1) => Seat::Provisional,
            Some(_) => Seat::Suspended,
            None => Seat::None,
        }
    }

    /// Every organisation that the law or a redemption names.
    fn named(&self, families: &Families<'_>) -> BTreeSet<OrgId> {
        let mut orgs: BTreeSet<OrgId> = self.redemptions(families).into_iter().flatten().collect();
        orgs.extend(self.chain.last().into_iter().flat_map(|charter| charter.lists.members.iter().map(|row| row.org)));
        for found in &self.in_force {
            orgs.extend(found.row.map(|(org, _)| org));
            orgs.extend(found.body.and_then(|body| body.op.org()));
        }
        orgs
    }
}

/// From the checkpoint upwards. The second value tells whether several successors stand against each other.
fn adopt(checkpoint: CharterId, set: &ObjectSet) -> (CharterId, bool) {
    let Some(mut at) = charter(set, checkpoint) else { return (checkpoint, false) };
    loop {
        let mut candidates = successors(set, at);
        if candidates.values().any(|(_, next)| !successors(set, next).is_empty()) {
            candidates.retain(|_, (_, next)| !successors(set, next).is_empty());
        }
        let highest = candidates.values().map(|(round, _)| *round).max();
        candidates.retain(|_, (round, _)| Some(*round) == highest);
        let mut left = candidates.into_values();
        match (left.next(), left.next()) {
            // Under rules that are not known here the last epoch that is understood stays.
            (Some((_, next)), None) if next.rules != RULES => return (at.id(), false),
            (Some((_, next)), None) => at = next,
            (Some(_), Some(_)) => return (at.id(), true),
            (None, _) => return (at.id(), false),
        }
    }
}

/// The rows of the state root.
pub(super) fn rows(law: &Law<'_>, families: &Families<'_>) -> BTreeMap<OrgId, (Seated, CertificateId)> {
    let mut rows = BTreeMap::new();
    for org in law.named(families) {
        let seat = match law.seat(org, families) {
            Seat::Removed => Seated::Removed,
            Seat::Firm => Seated::Firm,
            Seat::Provisional => Seated::Provisional,
            Seat::Suspended | Seat::None => continue,
        };
        let effective = families.effective(org, law).and_then(|found| found.version());
        rows.insert(org, (seat, effective.unwrap_or(CertificateId::ZERO)));
    }
    rows
}
