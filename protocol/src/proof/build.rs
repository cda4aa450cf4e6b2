//! Putting a proof together from plain objects; whoever calls fetches them from where they are kept.

use super::seat::{enough, rounds, says_something};
use crate::bundle::{Bundle, BundleFault, MemberProof, Part, PartType, SignedHeader, TreePath};
use crate::codec;
use crate::document::certificate::CertificateObject;
use crate::document::charter::{Charter, CharterObject};
use crate::document::motion::MotionObject;
use crate::document::signature::{SignatureType, VerifiedSignature};
use crate::entry::{Payload, VerifiedEntry};
use crate::hash::{CharterId, EntryId, NetworkId, ObjectId, OrgId};
use crate::history::{inclusion_proof, leaf_hash};

/// What shows the author's seat.
#[derive(Debug, Clone, Copy)]
pub struct SeatOf<'a> {
    /// Charters without a gap, ascending, the newest last: that one alone, or all from charter 0 (`--chain`).
    pub charters: &'a [CharterObject],
    /// The Admit or the redeemed Invite, where the newest charter does not list the organisation yet.
    pub motion: Option<&'a MotionObject>,
}

/// All that the proof of one entry is made of.
#[derive(Debug, Clone, Copy)]
pub struct ProofOf<'a> {
    /// The alliance.
    pub network: NetworkId,
    /// The entry, with its payload where it is held.
    pub entry: &'a VerifiedEntry,
    /// Entry 0 of its log; none where that is the entry itself.
    pub opening: Option<&'a VerifiedEntry>,
    /// Ids of the entries before it, from 0: as many as its `seq`.
    pub before: &'a [EntryId],
    /// The organisation's chain from number 0 to the version under which the log was opened, or further: to the version
    /// that the charter's row or the Admit names, where that is newer.
    pub certificates: &'a [CertificateObject],
    /// Signatures on all of these. What does not belong is left out.
    pub signatures: &'a [VerifiedSignature],
    /// What shows the seat; without it the proof rests on signatures alone.
    pub seat: Option<SeatOf<'a>>,
}

impl ProofOf<'_> {
    /// The bundle. A charter that its voters did not sign, or a motion that nobody approved, is left out with what
    /// rests on it. The result is not checked: [`super::check()`] does that.
    ///
    /// # Errors
    /// [`BundleFault`] if objects are missing, do not fit each other, or are too long for one file.
    pub fn bundle(&self) -> Result<Bundle, BundleFault> {
        let mut parts = vec![Part::Entry(SignedHeader::of(self.entry))];
        if let Payload::Present(bytes) = self.entry.payload() {
            parts.push(Part::Payload(bytes.to_vec()));
        }
        if self.entry.header().seq > 0 {
            self.tie_to_opening(&mut parts)?;
        }
        parts.extend(self.certificates.iter().cloned().map(Part::Certificate));
        let org = self.certificates.first().map_or(OrgId::ZERO, |zero| zero.id().into());
        let charters = self.seat.map_or(&[][..], |seat| self.signed_charters(seat.charters));
        let motion = self.seat.and_then(|seat| seat.motion).filter(|motion| {
            let voted_here = charters.last().is_some_and(|charter| charter.id() == motion.epoch);
            voted_here && self.is_approved(motion)
        });
        for charter in charters {
            let alone = Charter::read_alone(charter.bytes());
            parts.push(Part::Charter(alone.map_err(|fault| missing(PartType::Charter, fault.to_string()))?));
        }
        if let Some(proof) = charters.last().and_then(|charter| member_proof(org, charter)) {
            parts.push(Part::Member(proof));
        }
        parts.extend(motion.cloned().map(Part::Motion));
        let known = charters.iter().map(|charter| (charter.id(), &charter.charter));
        parts.extend(self.signatures_on(org, known, motion).map(Part::Signature));
        Bundle::new(self.network, parts)
    }

    fn tie_to_opening(&self, parts: &mut Vec<Part>) -> Result<(), BundleFault> {
        let opening = self.opening.ok_or_else(|| missing(PartType::Opening, "missing"))?;
        if u64::try_from(self.before.len()) != Ok(self.entry.header().seq) || self.before.first() != Some(&opening.id())
        {
            return Err(missing(PartType::History, "the ids are not those of the entries before this one"));
        }
        let leaves: Vec<_> = self.before.iter().map(|id| leaf_hash(id.as_bytes())).collect();
        let path = inclusion_proof(&leaves, 0).unwrap_or_default();
        let path = TreePath::new(path).map_err(|fault| missing(PartType::History, fault.to_string()))?;
        parts.push(Part::Opening(SignedHeader::of(opening)));
        parts.push(Part::History(path));
        Ok(())
    }

    /// The longest end of the chain in which each charter is signed by its voters: another would only be refused.
    fn signed_charters<'b>(&self, charters: &'b [CharterObject]) -> &'b [CharterObject] {
        let is_signed = |charter: &CharterObject| charter.epoch == 0 || self_signed(charter, self.signatures);
        let from = charters.iter().rposition(|charter| !is_signed(charter)).map_or(0, |at| at.saturating_add(1));
        charters.get(from..).unwrap_or_default()
    }

    fn is_approved(&self, motion: &MotionObject) -> bool {
        let target = ObjectId::from(motion.id());
        self.signatures.iter().map(VerifiedSignature::place).any(|place| {
            let on_it = place.kind == SignatureType::Approval && place.target == target;
            on_it
                && self
                    .seat
                    .is_some_and(|seat| seat.charters.last().is_some_and(|charter| charter.voter(&place.key).is_some()))
        })
    }

    fn signatures_on<'b>(
        &'b self,
        org: OrgId,
        charters: impl Iterator<Item = (CharterId, &'b Charter)> + Clone + 'b,
        motion: Option<&'b MotionObject>,
    ) -> impl Iterator<Item = crate::document::signature::UntrustedSignature> + 'b {
        let mut signatures: Vec<_> = self
            .signatures
            .iter()
            .filter(|signature| says_something(signature.place(), org, self.certificates, charters.clone(), motion))
            .collect();
        signatures.sort_by_key(|signature| signature.id());
        signatures.dedup_by_key(|signature| signature.id());
        signatures.into_iter().map(VerifiedSignature::to_untrusted)
    }
}

/// Whether enough of a charter's own voters signed it in one round.
fn self_signed(charter: &CharterObject, signatures: &[VerifiedSignature]) -> bool {
    rounds(charter.id(), signatures).values().any(|keys| enough(charter, keys))
}

/// The row of an organisation among the members of a charter, with its path.
fn member_proof(org: OrgId, charter: &CharterObject) -> Option<MemberProof> {
    let rows = &charter.lists.members;
    let index = rows.binary_search_by(|row| row.org.cmp(&org)).ok()?;
    let leaves: Vec<_> = rows.iter().map(|row| leaf_hash(&codec::encode(row))).collect();
    let path = TreePath::new(inclusion_proof(&leaves, index)?).ok()?;
    Some(MemberProof { row: *rows.get(index)?, index: u32::try_from(index).ok()?, path })
}

fn missing(part: PartType, reason: impl Into<String>) -> BundleFault {
    BundleFault::Part { part, reason: reason.into() }
}
