//! The set of documents, motions and signatures that a node holds, and the facts that follow from a few of them.
//!
//! A fact here is monotone: more objects never make it false. What is *kept* of the set is for [`crate::keep`],
//! what it *means* for [`crate::governance`].

use std::collections::{BTreeMap, BTreeSet};

use crate::document::certificate::{CertificateObject, ListedKey, keys_within_bound};
use crate::document::charter::{CharterObject, Voter};
use crate::document::motion::{MotionObject, Operation};
use crate::document::signature::{SignaturePlace, SignatureType, VerifiedSignature};
use crate::hash::{CertificateId, CharterId, MotionId, ObjectId, OrgId, SignatureId};
use crate::key::PublicKey;

/// Any object of the set but a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentObject {
    /// A certificate version.
    Certificate(CertificateObject),
    /// A charter with its lists.
    Charter(CharterObject),
    /// A motion.
    Motion(MotionObject),
}

impl DocumentObject {
    /// Its id.
    pub fn id(&self) -> ObjectId {
        match self {
            Self::Certificate(object) => object.id().into(),
            Self::Charter(object) => object.id().into(),
            Self::Motion(object) => object.id().into(),
        }
    }
}

/// What travels together: objects and the signatures on them, judged as a whole.
#[derive(Debug, Clone, Default)]
pub struct DocumentBatch {
    /// Certificates, charters, motions.
    pub objects: Vec<DocumentObject>,
    /// Signatures on these, or on objects that are held already.
    pub signatures: Vec<VerifiedSignature>,
}

/// What was dropped because no rule keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Certificates, charters, motions.
    pub objects: Vec<ObjectId>,
    /// Signatures, with their targets.
    pub signatures: Vec<(ObjectId, SignatureId)>,
}

impl Dropped {
    /// Whether nothing was dropped.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.signatures.is_empty()
    }
}

/// The objects held. A plain set: equal objects in any order give an equal value.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    certificates: BTreeMap<CertificateId, CertificateObject>,
    charters: BTreeMap<CharterId, CharterObject>,
    motions: BTreeMap<MotionId, MotionObject>,
    /// By target. For one id the first valid bytes are kept: they say the same.
    signatures: BTreeMap<ObjectId, BTreeMap<SignatureId, VerifiedSignature>>,
    /// Linked or not: who names whom as predecessor.
    certificate_successors: BTreeMap<CertificateId, BTreeSet<CertificateId>>,
    charter_successors: BTreeMap<CharterId, BTreeSet<CharterId>>,
}

impl Documents {
    /// Adds everything of a batch, without a rule.
    pub fn insert(&mut self, batch: DocumentBatch) {
        for object in batch.objects {
            self.insert_object(object);
        }
        for signature in batch.signatures {
            self.insert_signature(signature);
        }
    }

    /// Adds one object.
    pub fn insert_object(&mut self, object: DocumentObject) {
        match object {
            DocumentObject::Certificate(object) => {
                self.certificate_successors.entry(object.prev).or_default().insert(object.id());
                self.certificates.entry(object.id()).or_insert(object);
            }
            DocumentObject::Charter(object) => {
                self.charter_successors.entry(object.prev).or_default().insert(object.id());
                self.charters.entry(object.id()).or_insert(object);
            }
            DocumentObject::Motion(object) => {
                self.motions.entry(object.id()).or_insert(object);
            }
        }
    }

    /// Adds one signature.
    pub fn insert_signature(&mut self, signature: VerifiedSignature) {
        let on_target = self.signatures.entry(signature.place().target).or_default();
        on_target.entry(signature.id()).or_insert(signature);
    }

    /// Keeps only these; what is dropped is returned.
    pub fn retain(
        &mut self,
        keep: impl Fn(&ObjectId) -> bool,
        keep_signature: impl Fn(&VerifiedSignature) -> bool,
    ) -> Dropped {
        let mut dropped = Dropped::default();
        let mut stays = |id: ObjectId| {
            let stays = keep(&id);
            if !stays {
                dropped.objects.push(id);
            }
            stays
        };
        self.certificates.retain(|id, _| stays((*id).into()));
        self.charters.retain(|id, _| stays((*id).into()));
        self.motions.retain(|id, _| stays((*id).into()));
        for (target, on_target) in &mut self.signatures {
            on_target.retain(|id, signature| {
                let stays = keep_signature(signature);
                if !stays {
                    dropped.signatures.push((*target, *id));
                }
                stays
            });
        }
        self.signatures.retain(|_, on_target| !on_target.is_empty());
        let certificates = &self.certificates;
        for successors in self.certificate_successors.values_mut() {
            successors.retain(|id| certificates.contains_key(id));
        }
        self.certificate_successors.retain(|_, successors| !successors.is_empty());
        let charters = &self.charters;
        for successors in self.charter_successors.values_mut() {
            successors.retain(|id| charters.contains_key(id));
        }
        self.charter_successors.retain(|_, successors| !successors.is_empty());
        dropped
    }

    /// Whether an object is held.
    pub fn contains(&self, id: ObjectId) -> bool {
        self.certificates.contains_key(&id.into())
            || self.charters.contains_key(&id.into())
            || self.motions.contains_key(&id.into())
    }

    /// A certificate version.
    pub fn certificate(&self, id: CertificateId) -> Option<&CertificateObject> {
        self.certificates.get(&id)
    }

    /// All certificate versions, by id.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateObject> {
        self.certificates.values()
    }

    /// A charter.
    pub fn charter(&self, id: CharterId) -> Option<&CharterObject> {
        self.charters.get(&id)
    }

    /// All charters, by id.
    pub fn charters(&self) -> impl Iterator<Item = &CharterObject> {
        self.charters.values()
    }

    /// A motion.
    pub fn motion(&self, id: MotionId) -> Option<&MotionObject> {
        self.motions.get(&id)
    }

    /// All motions, by id.
    pub fn motions(&self) -> impl Iterator<Item = &MotionObject> {
        self.motions.values()
    }

    /// Any object.
    pub fn object(&self, id: ObjectId) -> Option<DocumentObject> {
        let certificate = self.certificates.get(&id.into()).cloned().map(DocumentObject::Certificate);
        let charter = || self.charters.get(&id.into()).cloned().map(DocumentObject::Charter);
        let motion = || self.motions.get(&id.into()).cloned().map(DocumentObject::Motion);
        certificate.or_else(charter).or_else(motion)
    }

    /// Ids of all objects but signatures, ascending.
    pub fn ids(&self) -> impl Iterator<Item = ObjectId> {
        let mut ids: Vec<ObjectId> = self.certificates.keys().map(|id| ObjectId::from(*id)).collect();
        ids.extend(self.charters.keys().map(|id| ObjectId::from(*id)));
        ids.extend(self.motions.keys().map(|id| ObjectId::from(*id)));
        ids.sort_unstable();
        ids.into_iter()
    }

    /// The signatures on an object, by id.
    pub fn signatures_on(&self, target: ObjectId) -> impl Iterator<Item = &VerifiedSignature> {
        self.signatures.get(&target).into_iter().flat_map(BTreeMap::values)
    }

    /// All signatures, by target and id.
    pub fn signatures(&self) -> impl Iterator<Item = &VerifiedSignature> {
        self.signatures.values().flat_map(BTreeMap::values)
    }

    /// Whether a signature is held at this place.
    pub fn is_signed(&self, place: &SignaturePlace) -> bool {
        self.signatures.get(&place.target).is_some_and(|on_target| on_target.contains_key(&place.id()))
    }

    /// Versions that name `id` as predecessor, ascending.
    pub fn certificate_successors(&self, id: CertificateId) -> impl Iterator<Item = &CertificateObject> {
        let ids = self.certificate_successors.get(&id).into_iter().flatten();
        ids.filter_map(|id| self.certificates.get(id))
    }

    /// Charters that name `id` as predecessor, ascending.
    pub fn charter_successors(&self, id: CharterId) -> impl Iterator<Item = &CharterObject> {
        let ids = self.charter_successors.get(&id).into_iter().flatten();
        ids.filter_map(|id| self.charters.get(id))
    }

    /// Whether enough of a version's own root keys signed it.
    pub fn is_well_formed(&self, certificate: &CertificateObject) -> bool {
        self.has_root_signatures(certificate, certificate)
    }

    /// Whether enough of `by`'s root keys signed `certificate`.
    fn has_root_signatures(&self, certificate: &CertificateObject, by: &CertificateObject) -> bool {
        let signed =
            by.root_keys.iter().filter(|key| self.is_signed(&SignaturePlace::certificate(certificate.id(), **key)));
        signed.count() >= usize::from(by.root_k)
    }

    /// Whether a version follows its predecessor by the rules: number 0 always does (PROTOCOL 1.3).
    pub fn is_linked(&self, certificate: &CertificateObject) -> bool {
        if certificate.number == 0 {
            return true;
        }
        let Some(prev) = self.certificate(certificate.prev) else { return false };
        self.has_root_signatures(certificate, prev)
            && self.keeps_roles(certificate)
            && keys_within_bound(self.and_below(certificate))
    }

    /// A version and its ancestors, down to the first that is not held.
    pub fn and_below<'a>(&'a self, version: &'a CertificateObject) -> impl Iterator<Item = &'a CertificateObject> {
        std::iter::successors(Some(version), |version| self.certificate(version.prev))
    }

    /// Whether every key has the roles that the versions before gave it, and the numbers are dense.
    fn keeps_roles(&self, certificate: &CertificateObject) -> bool {
        let mut version = certificate;
        while version.number > 0 {
            let Some(prev) = self.certificate(version.prev) else { return false };
            if prev.number.checked_add(1) != Some(version.number) {
                return false;
            }
            let same = |listed: &ListedKey| {
                prev.listed(listed.key.as_bytes()).is_none_or(|before| before.roles == listed.roles)
            };
            if !certificate.keys.iter().all(same) {
                return false;
            }
            version = prev;
        }
        true
    }

    /// The versions from number 0 up to this one; none while one is missing or the numbers are not dense.
    pub fn chain(&self, id: CertificateId) -> Option<Vec<CertificateObject>> {
        let mut version = self.certificate(id)?.clone();
        let mut chain = Vec::new();
        while version.number > 0 {
            let prev = self.certificate(version.prev)?.clone();
            if prev.number.checked_add(1) != Some(version.number) {
                return None;
            }
            chain.push(version);
            version = prev;
        }
        chain.push(version);
        chain.reverse();
        Some(chain)
    }

    /// The organisation that a version belongs to; none while an ancestor is missing.
    pub fn org_of(&self, id: CertificateId) -> Option<OrgId> {
        self.chain(id)?.first().map(|zero| zero.id().into())
    }

    /// Whether the owner of a listed key showed that it holds it.
    pub fn is_possessed(&self, org: OrgId, key: &PublicKey) -> bool {
        self.is_signed(&SignaturePlace::possession(org, *key))
    }

    /// Whether a charter follows its predecessor by the rules (PROTOCOL 3.2); charter 0 always does.
    pub fn is_charter_well_formed(&self, charter: &CharterObject) -> bool {
        if charter.epoch == 0 {
            return true;
        }
        let Some(prev) = self.charter(charter.prev) else { return false };
        let voters: BTreeSet<OrgId> = prev.voters.iter().chain(charter.voters.iter()).map(|voter| voter.org).collect();
        let quorums = usize::from(prev.k).saturating_add(usize::from(charter.k));
        if prev.epoch.checked_add(1) != Some(charter.epoch) || quorums <= voters.len() {
            return false;
        }
        let rows_make_sense = charter.lists.sealed.iter().all(|row| {
            let about_nobody = row.org == OrgId::ZERO;
            row.op <= Operation::ERASE && row.op != Operation::INVITE && about_nobody == (row.op == Operation::ERASE)
        });
        let mut members: BTreeSet<OrgId> = prev.lists.members.iter().map(|row| row.org).collect();
        let sealed = |op| charter.lists.sealed.iter().filter(move |row| row.op == op).map(|row| row.org);
        members.extend(sealed(Operation::ADMIT));
        for org in sealed(Operation::REMOVE) {
            members.remove(&org);
        }
        rows_make_sense && charter.lists.members.iter().map(|row| row.org).eq(members)
    }

    /// The highest round in which a charter is certified: enough voters of its predecessor and enough of its own signed.
    pub fn certified_round(&self, charter: &CharterObject) -> Option<u16> {
        let prev = self.charter(charter.prev)?;
        if !self.is_charter_well_formed(charter) {
            return None;
        }
        let mut by_round: BTreeMap<u16, BTreeSet<PublicKey>> = BTreeMap::new();
        for signature in self.signatures_on(charter.id().into()) {
            if signature.place().kind == SignatureType::Charter {
                by_round.entry(signature.place().round).or_default().insert(signature.place().key);
            }
        }
        let signed = |voters: &[Voter], keys: &BTreeSet<PublicKey>| {
            voters.iter().filter(|voter| keys.contains(&voter.key)).count()
        };
        let certified = by_round.iter().rev().find(|(_, keys)| {
            signed(&prev.voters, keys) >= usize::from(prev.k) && signed(&charter.voters, keys) >= usize::from(charter.k)
        });
        certified.map(|(round, _)| *round)
    }

    /// Voters of a motion's epoch that approved it; empty while its charter is not held.
    pub fn approvers<'a>(&'a self, motion: &'a MotionObject) -> impl Iterator<Item = &'a Voter> + 'a {
        let voters = self.charter(motion.epoch).into_iter().flat_map(|charter| charter.voters.iter());
        voters.filter(|voter| self.is_signed(&SignaturePlace::approval(motion.id(), voter.key)))
    }

    /// Whether enough voters of its epoch approved a motion.
    pub fn is_passed(&self, motion: &MotionObject) -> bool {
        let Some(charter) = self.charter(motion.epoch) else { return false };
        self.approvers(motion).count() >= usize::from(charter.k)
    }
}
