//! Certificate chains: well-formed, linked, what counts, anchors, the effective version (PROTOCOL 1.3 and 3.4).

use std::collections::BTreeSet;

use lyceum_protocol::document::certificate::{CertificateObject, Pin};
use lyceum_protocol::document::signature::{SignaturePlace, SignatureType};
use lyceum_protocol::hash::{CertificateId, LogId, OrgId};
use lyceum_protocol::key::PublicKey;

use super::ObjectSet;
use super::governance::{Law, signers};

/// A version that governance names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// Nothing above it counts: the version named by a Remove.
    Last(CertificateId),
    /// The chain goes through it.
    Least(CertificateId),
}

impl Anchor {
    const fn certificate(self) -> CertificateId {
        match self {
            Self::Last(id) | Self::Least(id) => id,
        }
    }
}

/// All certificates of a set.
pub(super) struct Families<'a> {
    set: &'a ObjectSet,
}

/// Where an organisation stands.
pub(super) struct Effective<'a> {
    /// From number 0 to the effective version.
    pub(super) chain: Vec<&'a CertificateObject>,
    /// Whether nothing above the effective version counts.
    pub(super) last: bool,
}

impl Effective<'_> {
    pub(super) fn version(&self) -> Option<CertificateId> {
        self.chain.last().map(|version| version.id())
    }

    /// The first pin of a log on the chain.
    pub(super) fn pin(&self, log: LogId) -> Option<Pin> {
        self.chain.iter().find_map(|version| version.pin(log).copied())
    }

    /// Whether a version on the chain lists a key that may act for all.
    pub(super) fn admin(&self, key: &[u8; 32]) -> bool {
        self.chain.iter().any(|version| version.listed(key).is_some_and(|listed| listed.roles.is_admin()))
    }
}

/// How a certificate stands to the effective chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    DoesNotCount,
    OnChain,
    Beyond,
    LosingBranch,
}

impl<'a> Families<'a> {
    pub(super) const fn of(set: &'a ObjectSet) -> Self {
        Self { set }
    }

    pub(super) fn get(&self, id: CertificateId) -> Option<&'a CertificateObject> {
        self.set.certificates.iter().find(|certificate| certificate.id() == id)
    }

    fn signed_by(&self, certificate: &CertificateObject, signed: CertificateId) -> bool {
        let keys = signers(self.set, SignatureType::Certificate, signed.into(), 0);
        certificate.root_keys.iter().filter(|key| keys.contains(*key)).count() >= usize::from(certificate.root_k)
    }

    pub(super) fn well_formed(&self, certificate: &CertificateObject) -> bool {
        self.signed_by(certificate, certificate.id())
    }

    /// Well-formed, and signed by the predecessor's root keys too.
    fn linked(&self, before: &CertificateObject, next: &CertificateObject) -> bool {
        next.prev == before.id()
            && u64::from(next.number) == u64::from(before.number) + 1
            && self.well_formed(next)
            && self.signed_by(before, next.id())
            && self.keeps_roles(next)
            && !self.too_many_keys(next.id())
    }

    /// Whether more than 1,024 different keys are listed from number 0 up to a version.
    fn too_many_keys(&self, id: CertificateId) -> bool {
        let chain = self.chain(id).unwrap_or_default();
        let mut keys: Vec<PublicKey> =
            chain.iter().flat_map(|version| &version.keys).map(|listed| listed.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.len() > 1_024
    }

    /// A key has the same roles in every version that lists it.
    fn keeps_roles(&self, certificate: &CertificateObject) -> bool {
        let Some(chain) = self.chain(certificate.id()) else { return false };
        certificate.keys.iter().all(|listed| {
            let earlier = chain.iter().filter_map(|version| version.listed(listed.key.as_bytes()));
            earlier.into_iter().all(|before| before.roles == listed.roles)
        })
    }

    /// Whether certificate 0 of an organisation is held.
    pub(super) fn founded(&self, org: OrgId) -> bool {
        self.get(org.into()).is_some_and(|certificate| certificate.number == 0 && self.well_formed(certificate))
    }

    /// From number 0 to a version, if all of these are held.
    pub(super) fn chain(&self, id: CertificateId) -> Option<Vec<&'a CertificateObject>> {
        let mut chain = vec![self.get(id)?];
        while let Some(first) = chain.first().filter(|first| first.number > 0) {
            let before = self.get(first.prev)?;
            if u64::from(first.number) != u64::from(before.number) + 1 {
                return None;
            }
            chain.insert(0, before);
        }
        Some(chain)
    }

    /// A version that its own root keys have not signed yet is as good as missing.
    fn well_formed_chain(&self, id: CertificateId) -> Option<Vec<&'a CertificateObject>> {
        self.chain(id).filter(|chain| chain.iter().all(|version| self.well_formed(version)))
    }

    pub(super) fn org(&self, id: CertificateId) -> Option<OrgId> {
        self.chain(id)?.first().map(|first| OrgId::from(first.id()))
    }

    /// Whether the owner of a listed key showed that it holds it.
    pub(super) fn possession(&self, org: OrgId, key: PublicKey) -> bool {
        let place = SignaturePlace::possession(org, key);
        self.set.signatures.iter().any(|signature| *signature.place() == place)
    }

    /// None if that cannot be said: certificate 0, an anchor, an ancestor of one, or a sealed body is missing.
    pub(super) fn effective(&self, org: OrgId, law: &Law<'_>) -> Option<Effective<'a>> {
        if law.body_missing(org) {
            return None;
        }
        let mut chain = self.well_formed_chain(org.into())?;
        let mut last = false;
        let mut earlier: Vec<Vec<&CertificateObject>> = Vec::new();
        for anchor in law.anchors(org) {
            let branch = self.well_formed_chain(anchor.certificate())?;
            // What lists too many keys is treated as if it were of another organisation: it is no anchor.
            let of_org = branch.first().is_some_and(|first| OrgId::from(first.id()) == org)
                && !self.too_many_keys(anchor.certificate());
            if !of_org && matches!(anchor, Anchor::Last(_)) {
                // The last version that counts is none of its own: none counts.
                return Some(Effective { chain: Vec::new(), last: true });
            }
            if !of_org || earlier.iter().any(|held| !on_one_branch(held, &branch)) {
                continue;
            }
            if branch.len() > chain.len() && !last {
                chain.clone_from(&branch);
            }
            last = last || matches!(anchor, Anchor::Last(_));
            earlier.push(branch);
        }
        if last {
            return Some(Effective { chain, last });
        }
        // Up to where there is no successor, or several.
        while let Some(tip) = chain.last() {
            let mut next = self.linked_to(tip).into_iter();
            match (next.next(), next.next()) {
                (Some(only), None) => chain.extend(self.get(only)),
                _ => break,
            }
        }
        Some(Effective { chain, last })
    }

    fn linked_to(&self, before: &CertificateObject) -> BTreeSet<CertificateId> {
        let all = self.set.certificates.iter();
        all.filter(|next| self.linked(before, next)).map(|next| next.id()).collect()
    }

    /// Number 0, an anchor and its ancestors, and what is linked to a version that counts, count; nothing else does.
    pub(super) fn position(&self, id: CertificateId, org: OrgId, law: &Law<'_>, effective: &Effective<'_>) -> Position {
        let Some(chain) = self.chain(id) else { return Position::DoesNotCount };
        if effective.chain.iter().any(|version| version.id() == id) {
            return Position::OnChain;
        }
        let named: BTreeSet<CertificateId> = law
            .anchors(org)
            .into_iter()
            .filter(|anchor| !self.too_many_keys(anchor.certificate()))
            .filter_map(|anchor| self.chain(anchor.certificate()))
            .flatten()
            .map(|version| version.id())
            .collect();
        let mut counts = true;
        for pair in chain.windows(2) {
            let [before, next] = pair else { continue };
            counts = named.contains(&next.id()) || counts && self.linked(before, next);
        }
        if !counts {
            return Position::DoesNotCount;
        }
        let beyond = effective.version().is_some_and(|tip| chain.iter().any(|version| version.id() == tip));
        match (beyond, effective.last) {
            (true, false) => Position::Beyond,
            (true, true) => Position::DoesNotCount,
            (false, _) => Position::LosingBranch,
        }
    }
}

/// Whether one is the beginning of the other.
fn on_one_branch(one: &[&CertificateObject], other: &[&CertificateObject]) -> bool {
    one.iter().zip(other).all(|(a, b)| a.id() == b.id())
}
