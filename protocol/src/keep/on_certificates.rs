//! Which signatures on certificates are kept: only with their target, only of a key that a rule reads, and never more
//! than travel with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::certificate::CertificateObject;
use crate::document::signature::{SignatureType, VerifiedSignature};
use crate::documents::Documents;
use crate::governance::Governance;
use crate::hash::{ObjectId, OrgId, SignatureId};
use crate::key::PublicKey;
use crate::limits;

/// How soon the possession of a key is kept, the smallest first: listed by the effective chain before all others, then
/// by the lowest number that lists it.
type Rank = (bool, u32);

pub(super) struct OnCertificates<'a> {
    pub(super) documents: &'a Documents,
    pub(super) governance: &'a Governance,
    pub(super) own: Option<OrgId>,
}

impl OnCertificates<'_> {
    /// Adds to `kept` what stays on the certificates among `objects`, and at most `possessions` further possession
    /// signatures of each organisation: of keys that one of the `versions` lists.
    pub(super) fn keep(
        &self,
        objects: &BTreeSet<ObjectId>,
        versions: &BTreeSet<ObjectId>,
        kept: &mut BTreeSet<(ObjectId, SignatureId)>,
        possessions: usize,
    ) {
        let listed = self.listed(versions);
        let mut shown: BTreeMap<ObjectId, BTreeSet<(Rank, SignatureId)>> = BTreeMap::new();
        for signature in self.documents.signatures() {
            let (place, id) = (signature.place(), signature.id());
            let Some(certificate) = self.documents.certificate(place.target.into()) else { continue };
            if !objects.contains(&place.target) || kept.contains(&(place.target, id)) {
                continue;
            }
            match place.kind {
                SignatureType::Certificate if self.by_a_root(signature, certificate) => {
                    kept.insert((place.target, id));
                }
                SignatureType::Key => {
                    let rank = listed.get(&place.target).and_then(|keys| keys.get(&place.key));
                    if let Some(rank) = rank {
                        shown.entry(place.target).or_default().insert((*rank, id));
                    }
                }
                // Those of Invites were kept with their Invite.
                SignatureType::Certificate
                | SignatureType::Invite
                | SignatureType::Charter
                | SignatureType::Approval => {}
            }
        }
        for (target, ranked) in shown {
            kept.extend(ranked.into_iter().take(possessions).map(|(_, id)| (target, id)));
        }
    }

    /// Adds to `kept` redemptions by the own organisation of Invites that are not known here: they may be on their way.
    pub(super) fn keep_own_redemptions(&self, kept: &mut BTreeSet<(ObjectId, SignatureId)>) {
        let Some(own) = self.own.map(|own| ObjectId(own.0)) else { return };
        let redemptions = self.documents.signatures_on(own).filter(|found| found.place().kind == SignatureType::Invite);
        let others: BTreeSet<SignatureId> =
            redemptions.map(|found| found.id()).filter(|id| !kept.contains(&(own, *id))).collect();
        kept.extend(others.into_iter().take(limits::OWN_REDEMPTIONS_KEPT).map(|id| (own, id)));
    }

    fn by_a_root(&self, signature: &VerifiedSignature, certificate: &CertificateObject) -> bool {
        let key = &signature.place().key;
        certificate.root_keys.contains(key)
            || self.documents.certificate(certificate.prev).is_some_and(|prev| prev.root_keys.contains(key))
    }

    /// By organisation, the keys that any of these versions lists.
    fn listed(&self, versions: &BTreeSet<ObjectId>) -> BTreeMap<ObjectId, BTreeMap<PublicKey, Rank>> {
        let mut listed: BTreeMap<ObjectId, BTreeMap<PublicKey, Rank>> = BTreeMap::new();
        for version in self.documents.certificates().filter(|version| versions.contains(&version.id().into())) {
            let Some(org) = self.documents.org_of(version.id()) else { continue };
            let rank: Rank = (!self.is_effective(org, version), version.number);
            let keys = listed.entry(ObjectId(org.0)).or_default();
            for key in &version.keys {
                keys.entry(key.key).and_modify(|lowest| *lowest = rank.min(*lowest)).or_insert(rank);
            }
        }
        listed
    }

    fn is_effective(&self, org: OrgId, version: &CertificateObject) -> bool {
        let at = usize::try_from(version.number).ok();
        let chain = self.governance.organisation(org).map(|organisation| &organisation.effective_chain);
        let effective = chain.zip(at).and_then(|(chain, at)| chain.get(at));
        effective.is_some_and(|effective| effective.id() == version.id())
    }
}
