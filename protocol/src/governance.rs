//! Who is a member, under which charter, and which certificate versions count: a pure function of a checkpoint and a
//! set of documents (PROTOCOL 3.2 to 3.5).
//!
//! Nothing here looks at a clock, at the order of arrival or at logs.

pub mod adoption;
pub mod organisation;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::charter::{CharterObject, Params};
use crate::document::motion::{MotionObject, Operation};
use crate::document::signature::SignatureType;
use crate::documents::Documents;
use crate::hash::{CertificateId, CharterId, EntryId, MotionId, NetworkId, OrgId};
use crate::key::PublicKey;
use crate::limits;

pub use adoption::{Adoption, Contest, Stop};
pub use organisation::{Organisation, PinSource, Seat, Waiting};

/// Everything that the documents say. Made by [`evaluate`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Governance {
    adoption: Adoption,
    params: Params,
    orgs: BTreeMap<OrgId, Organisation>,
    erased_by_motion: BTreeSet<EntryId>,
    in_force: BTreeSet<MotionId>,
}

impl Governance {
    /// The charter in force, its chain, and what stands in the way of the next.
    pub const fn adoption(&self) -> &Adoption {
        &self.adoption
    }

    /// Quotas of the adopted charter.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Every organisation that a held certificate 0, a charter or a motion in force names.
    pub const fn organisations(&self) -> &BTreeMap<OrgId, Organisation> {
        &self.orgs
    }

    /// One organisation.
    pub fn organisation(&self, org: OrgId) -> Option<&Organisation> {
        self.orgs.get(&org)
    }

    /// Organisations with a seat, firm or provisional.
    pub fn members(&self) -> impl Iterator<Item = (OrgId, &Organisation)> {
        self.orgs.iter().filter(|(_, org)| org.seat.is_seated()).map(|(id, org)| (*id, org))
    }

    /// Targets of the Erase motions in force.
    pub const fn erased_by_motion(&self) -> &BTreeSet<EntryId> {
        &self.erased_by_motion
    }

    /// Motions in force: passed under the adopted charter, or sealed by a charter of its chain.
    pub const fn in_force(&self) -> &BTreeSet<MotionId> {
        &self.in_force
    }
}

/// What the motions in force say of one organisation.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    /// Removes, by id; the body is missing for a sealed one that has not arrived.
    pub(crate) removes: BTreeMap<MotionId, Option<MotionObject>>,
    /// Settles in force: (round, motion) to certificate.
    pub(crate) settles: Vec<(u32, MotionId, CertificateId)>,
    /// Admits in force, by motion: the certificate that each names, none for a redeemed seat without a row.
    pub(crate) admits: BTreeMap<MotionId, Option<CertificateId>>,
    /// A sealed motion about it whose body has not arrived.
    pub(crate) missing: Option<MotionId>,
    /// Row of the adopted charter.
    pub(crate) row: Option<CertificateId>,
    /// Sole redeemer of an Invite in force.
    pub(crate) sole_redeemer: bool,
    /// One of several redeemers of an Invite in force.
    pub(crate) rival_redeemer: bool,
}

/// Evaluates a set of documents from a checkpoint upwards.
pub fn evaluate(network: NetworkId, checkpoint: CharterId, documents: &Documents) -> Governance {
    let adoption = adoption::adopt(network, checkpoint, documents);
    let chain: Vec<CharterObject> = adoption.chain().iter().filter_map(|id| documents.charter(*id)).cloned().collect();
    let mut gathered = Gathered::default();
    for charter in &chain {
        gathered.sealed_by(charter, documents);
    }
    if let Some(adopted) = chain.last() {
        gathered.passed_under(adopted, documents);
        for row in &adopted.lists.members {
            gathered.about(row.org).row = Some(row.certificate);
        }
    }
    for certificate in documents.certificates().filter(|certificate| certificate.number == 0) {
        gathered.about(certificate.id().into());
    }
    let adopted = !chain.is_empty();
    let orgs = gathered
        .orgs
        .iter()
        .map(|(org, verdicts)| (*org, organisation::picture(*org, verdicts, adopted, documents)))
        .collect();
    Governance {
        params: chain.last().map(|charter| charter.params).unwrap_or_default(),
        adoption,
        orgs,
        erased_by_motion: gathered.erased,
        in_force: gathered.in_force,
    }
}

/// The motions in force, sorted by whom they are about.
#[derive(Default)]
struct Gathered {
    orgs: BTreeMap<OrgId, Verdicts>,
    erased: BTreeSet<EntryId>,
    in_force: BTreeSet<MotionId>,
}

impl Gathered {
    fn about(&mut self, org: OrgId) -> &mut Verdicts {
        self.orgs.entry(org).or_default()
    }

    /// Motions that a charter of the adopted chain seals. A body that says something else than its row has no effect.
    fn sealed_by(&mut self, charter: &CharterObject, documents: &Documents) {
        for row in &charter.lists.sealed {
            self.in_force.insert(row.motion);
            let Some(motion) = documents.motion(row.motion) else {
                if row.op == Operation::ERASE {
                    continue;
                }
                let about = self.about(row.org);
                about.missing = Some(row.motion);
                if row.op == Operation::REMOVE {
                    about.removes.entry(row.motion).or_insert(None);
                }
                continue;
            };
            let redeemed = row.op == Operation::ADMIT && motion.op.code() == Operation::INVITE;
            if redeemed {
                let certificate = charter.lists.member(row.org).map(|member| member.certificate);
                self.about(row.org).admits.insert(motion.id(), certificate);
            } else if row.op == motion.op.code() && row.org == motion.op.org().unwrap_or(OrgId::ZERO) {
                self.takes_effect(motion);
            }
        }
    }

    /// Motions of the adopted epoch that enough voters approved.
    fn passed_under(&mut self, adopted: &CharterObject, documents: &Documents) {
        let of_epoch = documents.motions().filter(|motion| motion.epoch == adopted.id());
        let mut invites = 0_usize;
        // By id: of too many Invites the smallest ids are in force.
        for motion in of_epoch.filter(|motion| documents.is_passed(motion)) {
            if matches!(motion.op, Operation::Invite { .. }) {
                invites = invites.saturating_add(1);
                if invites > limits::INVITES_IN_FORCE {
                    continue;
                }
            }
            self.in_force.insert(motion.id());
            match &motion.op {
                Operation::Invite { key } => self.redeemed(key, documents),
                Operation::Admit { .. }
                | Operation::Remove { .. }
                | Operation::Settle { .. }
                | Operation::Erase { .. } => self.takes_effect(motion),
            }
        }
    }

    fn takes_effect(&mut self, motion: &MotionObject) {
        match &motion.op {
            Operation::Admit { org, certificate } => {
                self.about(*org).admits.insert(motion.id(), Some(*certificate));
            }
            Operation::Remove { org, .. } => {
                self.about(*org).removes.insert(motion.id(), Some(motion.clone()));
            }
            Operation::Settle { org, certificate, round } => {
                self.about(*org).settles.push((*round, motion.id(), *certificate));
            }
            Operation::Erase { targets } => self.erased.extend(targets.iter().copied()),
            // In force only as passed: its redemptions seat, it does nothing by itself.
            Operation::Invite { .. } => {}
        }
    }

    /// The redemptions of an Invite in force: one seats, several suspend each other.
    fn redeemed(&mut self, key: &PublicKey, documents: &Documents) {
        let redeemers = redeemers(key, documents);
        let sole = redeemers.len() == 1;
        for org in redeemers {
            let about = self.about(org);
            about.sole_redeemer |= sole;
            about.rival_redeemer |= !sole;
        }
    }
}

/// Organisations whose certificate 0 is held and well-formed and that redeemed the invite key, ascending.
pub(crate) fn redeemers(key: &PublicKey, documents: &Documents) -> BTreeSet<OrgId> {
    let by_key = documents
        .signatures()
        .filter(|signature| signature.place().kind == SignatureType::Invite && signature.place().key == *key);
    let zero = by_key.filter_map(|signature| documents.certificate(signature.place().target.into()));
    zero.filter(|certificate| certificate.number == 0 && documents.is_well_formed(certificate))
        .map(|certificate| certificate.id().into())
        .collect()
}
