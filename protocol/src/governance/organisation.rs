//! One organisation as the documents show it: seat, anchors, effective certificate, pins (PROTOCOL 3.3, 3.4).

use std::collections::{BTreeMap, BTreeSet};

use super::Verdicts;
use crate::document::certificate::{CertificateObject, Pin, keys_within_bound};
use crate::document::motion::Operation;
use crate::documents::Documents;
use crate::hash::{CertificateId, LogId, MotionId, OrgId};

/// The place of an organisation in the alliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seat {
    /// Listed by the adopted charter, or an Admit is in force.
    Firm,
    /// The only one that redeemed an Invite in force.
    Provisional,
    /// A Remove in force names it.
    Removed,
    /// One of several that redeemed the same Invite.
    Suspended,
    /// None of these.
    None,
}

impl Seat {
    /// Whether it has all rights of a member.
    pub const fn is_seated(self) -> bool {
        matches!(self, Self::Firm | Self::Provisional)
    }
}

/// What has to arrive before anything can be said of an organisation's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// No charter is adopted yet.
    Charter,
    /// The body of a sealed motion about it.
    Motion(MotionId),
    /// A certificate that an anchor names, one below it, or a signature on one of them.
    Certificate(CertificateId),
}

/// Who pinned a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinSource {
    /// A Remove motion.
    Removal(MotionId),
    /// `closed` of a certificate version.
    Certificate(CertificateId),
}

/// Where a certificate version stands on its organisation's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// The effective version or one below it.
    Effective,
    /// Above a contested point, or above the version that a Remove names.
    Beyond,
    /// On a branch that lost.
    Losing,
    /// It does not count.
    Uncounted,
}

/// One organisation, as the documents show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its seat.
    pub seat: Seat,
    /// What is missing, if anything.
    pub waiting: Option<Waiting>,
    /// Versions from number 0 to the effective one; empty while waiting, or where a Remove names none of its own.
    pub effective_chain: Vec<CertificateObject>,
    /// Linked versions that contest each other above the effective one, ascending.
    pub contested: Vec<CertificateId>,
    /// The accepted anchor with the highest number.
    pub tip: Option<CertificateId>,
    /// The Remove that holds.
    pub removed_by: Option<MotionId>,
    accepted_anchors: BTreeSet<CertificateId>,
    pins: BTreeMap<LogId, (Pin, PinSource)>,
}

impl Organisation {
    /// The effective certificate.
    pub fn effective(&self) -> Option<&CertificateObject> {
        self.effective_chain.last()
    }

    /// The pin that holds for a log opened under one of its certificates.
    pub fn pin(&self, log: LogId) -> Option<&(Pin, PinSource)> {
        self.pins.get(&log)
    }

    /// All pins that hold.
    pub fn pins(&self) -> impl Iterator<Item = &(Pin, PinSource)> {
        self.pins.values()
    }

    /// Where a version of this organisation stands. `chain` leads from number 0 to it.
    pub(crate) fn position(&self, chain: &[CertificateObject], documents: &Documents) -> Position {
        let Some(version) = chain.last() else { return Position::Uncounted };
        if !self.counts(chain, documents) {
            return Position::Uncounted;
        }
        if self.effective_chain.iter().any(|effective| effective.id() == version.id()) {
            return Position::Effective;
        }
        let on_tip_branch = self.tip.is_none_or(|tip| chain.iter().any(|ancestor| ancestor.id() == tip));
        if on_tip_branch { Position::Beyond } else { Position::Losing }
    }

    /// Number 0, an accepted anchor and its ancestors, and what is linked to a version that counts.
    fn counts(&self, chain: &[CertificateObject], documents: &Documents) -> bool {
        // The highest anchor on the chain vouches for everything below it.
        let vouched = chain.iter().rposition(|version| self.accepted_anchors.contains(&version.id())).unwrap_or(0);
        let below_effective = chain
            .last()
            .is_some_and(|version| self.effective_chain.iter().any(|effective| effective.id() == version.id()));
        below_effective
            || chain
                .iter()
                .skip(vouched.saturating_add(1))
                .all(|version| documents.is_linked(version) && documents.is_well_formed(version))
    }
}

pub(super) fn picture(org: OrgId, verdicts: &Verdicts, adopted: bool, documents: &Documents) -> Organisation {
    let seat = seat(verdicts);
    let mut picture = Organisation {
        seat,
        waiting: None,
        effective_chain: Vec::new(),
        contested: Vec::new(),
        tip: None,
        removed_by: verdicts.removes.keys().next().copied(),
        accepted_anchors: BTreeSet::new(),
        pins: BTreeMap::new(),
    };
    if let Err(waiting) = fill(&mut picture, org, verdicts, adopted, documents) {
        picture.waiting = Some(waiting);
        picture.effective_chain.clear();
        picture.contested.clear();
        picture.pins.clear();
    }
    picture
}

fn seat(verdicts: &Verdicts) -> Seat {
    if !verdicts.removes.is_empty() {
        Seat::Removed
    } else if verdicts.row.is_some() || !verdicts.admits.is_empty() {
        Seat::Firm
    } else if verdicts.sole_redeemer {
        Seat::Provisional
    } else if verdicts.rival_redeemer {
        Seat::Suspended
    } else {
        Seat::None
    }
}

fn fill(
    picture: &mut Organisation,
    org: OrgId,
    verdicts: &Verdicts,
    adopted: bool,
    documents: &Documents,
) -> Result<(), Waiting> {
    if !adopted {
        return Err(Waiting::Charter);
    }
    if let Some(missing) = verdicts.missing {
        return Err(Waiting::Motion(missing));
    }
    let zero = held(org.into(), documents)?;
    let mut tip = zero;
    for anchor in anchors(verdicts) {
        let chain = held(anchor, documents)?;
        let same_org = chain.first().is_some_and(|first| OrgId::from(first.id()) == org);
        if !same_org || !keys_within_bound(&chain) || !comparable(&chain, &tip) {
            continue;
        }
        picture.accepted_anchors.insert(anchor);
        if chain.len() > tip.len() {
            tip = chain;
        }
    }
    picture.tip = tip.last().map(CertificateObject::id);
    if picture.seat == Seat::Removed {
        picture.effective_chain = named_chain(picture, verdicts, documents);
        add_removal_pins(picture, verdicts);
    } else {
        climb(picture, tip, documents);
    }
    for version in &picture.effective_chain {
        for pin in &version.closed {
            // The first pin of a log on the effective chain holds: nobody can pin lower afterwards.
            picture.pins.entry(pin.log).or_insert((*pin, PinSource::Certificate(version.id())));
        }
    }
    Ok(())
}

/// The chain of a version that has to be there, every version of it well-formed.
fn held(id: CertificateId, documents: &Documents) -> Result<Vec<CertificateObject>, Waiting> {
    let chain = documents.chain(id).ok_or(Waiting::Certificate(id))?;
    match chain.iter().find(|version| !documents.is_well_formed(version)) {
        Some(version) => Err(Waiting::Certificate(version.id())),
        None => Ok(chain),
    }
}

/// In the order of PROTOCOL 3.4: Remove, Settle, row, Admit.
fn anchors(verdicts: &Verdicts) -> impl Iterator<Item = CertificateId> {
    let named = |motion: &super::MotionObject| motion.op.certificate();
    let remove = verdicts.removes.values().next().and_then(Option::as_ref).and_then(named);
    let settle = verdicts.settles.iter().max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1))).map(|settle| settle.2);
    let admit = verdicts.admits.values().next().copied().flatten();
    [remove, settle, verdicts.row, admit].into_iter().flatten()
}

/// Whether a chain's last version is an ancestor of, equal to or a descendant of the highest anchor accepted so far.
/// The accepted anchors are on one branch, so this compares it with all of them.
fn comparable(chain: &[CertificateObject], tip: &[CertificateObject]) -> bool {
    let leads_to = |chain: &[CertificateObject], id| chain.iter().any(|version| version.id() == id);
    let below = chain.last().is_some_and(|version| leads_to(tip, version.id()));
    let above = tip.last().is_some_and(|top| leads_to(chain, top.id()));
    below || above
}

/// The chain up to the version that the Remove names, if that is one of the organisation's own.
fn named_chain(picture: &Organisation, verdicts: &Verdicts, documents: &Documents) -> Vec<CertificateObject> {
    let body = verdicts.removes.values().next().and_then(Option::as_ref);
    let named = body.and_then(|motion| motion.op.certificate());
    named
        .filter(|named| picture.accepted_anchors.contains(named))
        .and_then(|named| documents.chain(named))
        .unwrap_or_default()
}

/// Removes in order of their ids: the first pin of a log counts.
fn add_removal_pins(picture: &mut Organisation, verdicts: &Verdicts) {
    for motion in verdicts.removes.values().flatten() {
        if let Operation::Remove { pins, .. } = &motion.op {
            for pin in pins {
                picture.pins.entry(pin.log).or_insert((*pin, PinSource::Removal(motion.id())));
            }
        }
    }
}

/// From the tip to the only linked successor, again and again: up to the newest version, or to where two contest.
fn climb(picture: &mut Organisation, tip: Vec<CertificateObject>, documents: &Documents) {
    let mut chain = tip;
    while let Some(version) = chain.last() {
        let next: Vec<&CertificateObject> = documents
            .certificate_successors(version.id())
            .filter(|next| documents.is_well_formed(next) && documents.is_linked(next))
            .collect();
        match next.as_slice() {
            [] => break,
            [only] => chain.push((*only).clone()),
            rivals => {
                picture.contested = rivals.iter().map(|rival| rival.id()).collect();
                break;
            }
        }
    }
    picture.effective_chain = chain;
}
