//! Which documents, motions and signatures are kept (PROTOCOL 3.3, *Bounds*): a function of the set held.
//!
//! The rest is not invalid, it is dropped and may come again later. What may grow without a vote is bounded by the
//! smallest ids, the highest rounds or the key that signed, so that every node keeps the same of one set.

mod on_certificates;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::charter::CharterObject;
use crate::document::motion::{MotionObject, Operation};
use crate::document::signature::{SignatureType, VerifiedSignature};
use crate::documents::Documents;
use crate::governance::{Governance, Seat, redeemers};
use crate::hash::{CertificateId, CharterId, MotionId, ObjectId, OrgId, SignatureId};
use crate::key::PublicKey;
use crate::limits;
use on_certificates::OnCertificates;

/// What is kept of a set of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Certificates, charters and motions that stay.
    pub objects: BTreeSet<ObjectId>,
    /// Those among them that make an item of the docs set: a version kept only for the entries under it makes none.
    pub offered: BTreeSet<ObjectId>,
    /// Signatures that stay, by target and id.
    pub signatures: BTreeSet<(ObjectId, SignatureId)>,
    /// Those among them that show in an item: not those of keys that only a version without an item lists.
    pub offered_signatures: BTreeSet<(ObjectId, SignatureId)>,
}

/// Applies the bounds. `own` is the organisation of this node; `opened_under` are versions under which it holds entries.
pub fn kept(
    documents: &Documents,
    governance: &Governance,
    own: Option<OrgId>,
    opened_under: &BTreeSet<CertificateId>,
) -> Kept {
    let Some(adopted) = governance.adoption().adopted() else {
        // A newcomer gathers the chain up to its checkpoint from the peers that its invitation names.
        let objects: BTreeSet<ObjectId> = documents.ids().collect();
        let signatures = documents.signatures().filter(|signature| objects.contains(&signature.place().target));
        let signatures: BTreeSet<_> = signatures.map(|signature| (signature.place().target, signature.id())).collect();
        let (offered, offered_signatures) = (objects.clone(), signatures.clone());
        return Kept { objects, offered, signatures, offered_signatures };
    };
    let mut keeper = Keeper { documents, governance, own, kept: Kept::default(), named: BTreeSet::new() };
    let live = keeper.charters(adopted);
    keeper.motions(&live);
    keeper.certificates();
    let mut kept = keeper.kept;
    let on_certificates = OnCertificates { documents, governance, own };
    kept.offered = kept.objects.clone();
    on_certificates.keep(&kept.offered, &kept.offered, &mut kept.signatures, limits::POSSESSIONS_KEPT);
    on_certificates.keep_own_redemptions(&mut kept.signatures);
    kept.offered_signatures = kept.signatures.clone();
    for id in opened_under {
        for version in documents.chain(*id).unwrap_or_default() {
            kept.objects.insert(version.id().into());
        }
    }
    let aside: BTreeSet<ObjectId> = kept.objects.difference(&kept.offered).copied().collect();
    on_certificates.keep(&kept.objects, &aside, &mut kept.signatures, limits::POSSESSIONS_KEPT_ASIDE);
    kept
}

/// A voter's signature on a draft: the round counted from the highest downwards, the signature, the draft.
type Rank = (u16, SignatureId, CharterId);

struct Keeper<'a> {
    documents: &'a Documents,
    governance: &'a Governance,
    own: Option<OrgId>,
    kept: Kept,
    named: BTreeSet<CertificateId>,
}

impl Keeper<'_> {
    fn keep_signature(&mut self, signature: &VerifiedSignature) {
        self.kept.signatures.insert((signature.place().target, signature.id()));
    }

    /// Keeps charters and the signatures on them; returns the charters whose motions and successors still matter:
    /// the predecessor of the adopted one (a rival round may still seal what passed under it), and all that is
    /// certified above it.
    fn charters(&mut self, adopted: CharterId) -> BTreeSet<CharterId> {
        let documents = self.documents;
        for id in self.governance.adoption().chain() {
            self.kept.objects.insert((*id).into());
            if let Some(charter) = documents.charter(*id) {
                self.named.extend(charter.lists.members.iter().map(|row| row.certificate));
                self.signatures_on_charter(charter);
            }
        }
        let base =
            documents.charter(adopted).filter(|charter| charter.epoch > 0).map_or(adopted, |charter| charter.prev);
        let mut live = BTreeSet::from([base]);
        let mut places = vec![base];
        // Per epoch and voter of the place, its signatures on drafts: highest rounds first, then smallest ids.
        let mut by_voter: BTreeMap<(u32, PublicKey), BTreeSet<Rank>> = BTreeMap::new();
        while let Some(place) = places.pop() {
            let Some(at) = documents.charter(place) else { continue };
            for draft in documents.charter_successors(place) {
                if documents.certified_round(draft).is_some() {
                    self.kept.objects.insert(draft.id().into());
                    self.signatures_on_charter(draft);
                    if live.insert(draft.id()) {
                        places.push(draft.id());
                    }
                }
                for signature in documents.signatures_on(draft.id().into()).filter(|found| is_charter(found)) {
                    let key = signature.place().key;
                    if at.voter(&key).is_some() {
                        let rank = (u16::MAX - signature.place().round, signature.id(), draft.id());
                        by_voter.entry((draft.epoch, key)).or_default().insert(rank);
                    }
                }
            }
        }
        let drafts: BTreeSet<CharterId> = by_voter
            .values()
            .flat_map(|ranked| ranked.iter().take(limits::CHARTER_SIGNATURES_PER_VOTER))
            .map(|(_, id, draft)| {
                self.kept.signatures.insert(((*draft).into(), *id));
                *draft
            })
            .collect();
        for draft in drafts {
            self.kept.objects.insert(draft.into());
            if let Some(charter) = documents.charter(draft) {
                self.named.extend(charter.lists.members.iter().map(|row| row.certificate));
                self.own_voters_signatures(charter);
            }
        }
        live
    }

    /// Signatures on a certified charter: those of the round that certifies it, and each voter's highest rounds.
    fn signatures_on_charter(&mut self, charter: &CharterObject) {
        let documents = self.documents;
        let round = documents.certified_round(charter);
        let prev = documents.charter(charter.prev);
        let votes = |key: &PublicKey| {
            charter.voter(key).is_some() || prev.is_some_and(|prev| charter.epoch > 0 && prev.voter(key).is_some())
        };
        for signature in documents.signatures_on(charter.id().into()).filter(|found| is_charter(found)) {
            if votes(&signature.place().key) && Some(signature.place().round) == round {
                self.keep_signature(signature);
            }
        }
        self.own_voters_signatures(charter);
    }

    /// Of each voter whom a draft itself lists, the highest rounds on this draft.
    fn own_voters_signatures(&mut self, charter: &CharterObject) {
        let mut by_voter: BTreeMap<PublicKey, BTreeSet<(u16, SignatureId)>> = BTreeMap::new();
        for signature in self.documents.signatures_on(charter.id().into()).filter(|found| is_charter(found)) {
            let place = signature.place();
            if charter.voter(&place.key).is_some() {
                by_voter.entry(place.key).or_default().insert((u16::MAX - place.round, signature.id()));
            }
        }
        for ranked in by_voter.values() {
            for (_, id) in ranked.iter().take(limits::CHARTER_SIGNATURES_PER_VOTER) {
                self.kept.signatures.insert((charter.id().into(), *id));
            }
        }
    }

    fn motions(&mut self, live: &BTreeSet<CharterId>) {
        let documents = self.documents;
        let mut keep: BTreeSet<MotionId> = BTreeSet::new();
        for id in self.governance.adoption().chain() {
            let sealed = documents.charter(*id).into_iter().flat_map(|charter| charter.lists.sealed.iter());
            keep.extend(sealed.map(|row| row.motion));
        }
        // By epoch and voter, the unpassed motions that it approved.
        let mut open: BTreeMap<(CharterId, PublicKey), BTreeSet<MotionId>> = BTreeMap::new();
        for motion in documents.motions().filter(|motion| live.contains(&motion.epoch)) {
            let approvers: Vec<PublicKey> = documents.approvers(motion).map(|voter| voter.key).collect();
            if documents.is_passed(motion) || (Some(motion.proposer) == self.own && !approvers.is_empty()) {
                keep.insert(motion.id());
            }
            for voter in approvers {
                open.entry((motion.epoch, voter)).or_default().insert(motion.id());
            }
        }
        for ids in open.into_values() {
            let unpassed = ids.into_iter().filter(|id| !keep.contains(id)).collect::<Vec<_>>();
            keep.extend(unpassed.into_iter().take(limits::MOTIONS_PER_VOTER));
        }
        let sealed = self.sealed_invites();
        for id in keep {
            if let Some(motion) = documents.motion(id) {
                self.motion(motion, &sealed);
            }
        }
    }

    /// Invites that the adopted charter seals, the smallest ids: no rule reads who redeemed them any more, but for a
    /// contest below that charter, which brings their epoch back.
    fn sealed_invites(&self) -> BTreeSet<MotionId> {
        let adopted = self.governance.adoption().adopted().and_then(|id| self.documents.charter(id));
        let rows = adopted.into_iter().flat_map(|charter| charter.lists.sealed.iter());
        let motions: BTreeSet<MotionId> = rows.map(|row| row.motion).collect();
        let is_invite = |id: &MotionId| {
            self.documents.motion(*id).is_some_and(|motion| matches!(motion.op, Operation::Invite { .. }))
        };
        motions.into_iter().filter(is_invite).take(limits::SEALED_REDEMPTIONS_KEPT).collect()
    }

    fn motion(&mut self, motion: &MotionObject, sealed: &BTreeSet<MotionId>) {
        let documents = self.documents;
        self.kept.objects.insert(motion.id().into());
        self.named.extend(motion.op.certificate());
        for voter in documents.charter(motion.epoch).into_iter().flat_map(|charter| charter.voters.iter()) {
            let place = crate::document::signature::SignaturePlace::approval(motion.id(), voter.key);
            if documents.is_signed(&place) {
                self.kept.signatures.insert((motion.id().into(), place.id()));
            }
        }
        let adopted = self.governance.adoption().adopted();
        let in_force = Some(motion.epoch) == adopted && self.governance.in_force().contains(&motion.id());
        if let Operation::Invite { key } = &motion.op
            && (in_force || sealed.contains(&motion.id()))
        {
            for org in redeemers(key, documents).into_iter().take(limits::REDEMPTIONS_PER_INVITE) {
                self.named.insert(org.into());
                let place = crate::document::signature::SignaturePlace::redemption(org, *key);
                self.kept.signatures.insert((ObjectId(org.0), place.id()));
            }
        }
    }

    fn certificates(&mut self) {
        let documents = self.documents;
        let mut grow: Vec<CertificateId> = Vec::new();
        for id in std::mem::take(&mut self.named) {
            let Some(chain) = documents.chain(id) else {
                // Named, but not tied to an organisation yet: kept with as much as is held of what lies below it, so
                // that the chain can grow downwards one version at a time.
                self.kept.objects.extend(held_below(documents, id));
                continue;
            };
            let org = chain.first().map(|zero| OrgId::from(zero.id()));
            let seat = org.and_then(|org| self.governance.organisation(org)).map_or(Seat::None, |org| org.seat);
            let bytes: usize = chain.iter().map(|version| version.bytes().len()).sum();
            if matches!(seat, Seat::None | Seat::Suspended) && bytes > limits::STRANGER_CHAIN_MAX {
                continue;
            }
            for version in &chain {
                self.kept.objects.insert(version.id().into());
                if seat.is_seated() {
                    grow.push(version.id());
                }
            }
        }
        for organisation in self.governance.organisations().values().filter(|org| org.seat.is_seated()) {
            for version in &organisation.effective_chain {
                self.kept.objects.insert(version.id().into());
                grow.push(version.id());
            }
        }
        let mut seen: BTreeSet<CertificateId> = grow.iter().copied().collect();
        while let Some(id) = grow.pop() {
            let linked = documents
                .certificate_successors(id)
                .filter(|next| documents.is_well_formed(next) && documents.is_linked(next));
            for next in linked.take(limits::CERTIFICATE_SUCCESSORS) {
                self.kept.objects.insert(next.id().into());
                if seen.insert(next.id()) {
                    grow.push(next.id());
                }
            }
        }
        if let Some(own) = self.own {
            let of_own = documents.certificates().filter(|version| documents.org_of(version.id()) == Some(own));
            self.kept.objects.extend(of_own.map(|version| ObjectId::from(version.id())));
        }
    }
}

/// A version and its ancestors, down to the first that is not held.
fn held_below(documents: &Documents, id: CertificateId) -> Vec<ObjectId> {
    let mut found = Vec::new();
    let mut at = documents.certificate(id);
    while let Some(version) = at {
        found.push(version.id().into());
        at = if version.number == 0 { None } else { documents.certificate(version.prev) };
    }
    found
}

fn is_charter(signature: &VerifiedSignature) -> bool {
    signature.place().kind == SignatureType::Charter
}
