//! What a node has to keep and what it must not, as far as PROTOCOL 3.3 says so of one place: the adopted epoch.

use std::collections::BTreeSet;

use lyceum_protocol::document::signature::SignatureType;
use lyceum_protocol::hash::{CharterId, MotionId, ObjectId};

use super::ObjectSet;
use super::governance::{Law, signers};

/// Of one voter, the unpassed motions with the smallest ids.
const MOTIONS: usize = 16;
/// Of one voter, the signatures on charters with the highest rounds.
const ROUNDS: usize = 4;

/// What is kept and what is dropped of what may grow without a vote.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// Motions that somebody approved, drafts that somebody signed in one of the last rounds.
    pub kept: BTreeSet<ObjectId>,
    /// Motions that nobody approved, or that are too many.
    pub dropped: BTreeSet<ObjectId>,
}

pub(super) fn bounds(law: &Law<'_>, set: &ObjectSet) -> Bounds {
    let Some(adopted) = law.chain.last() else { return Bounds::default() };
    let decided: BTreeSet<MotionId> = law.effects().into_iter().map(|effect| effect.motion).collect();
    let open: BTreeSet<MotionId> = set
        .motions
        .iter()
        .filter(|motion| motion.epoch == law.adopted && !decided.contains(&motion.id()))
        .map(|motion| motion.id())
        .collect();
    let mut bounds = Bounds::default();
    for voter in &*adopted.voters {
        let approved = open
            .iter()
            .filter(|id| signers(set, SignatureType::Approval, ObjectId::from(**id), 0).contains(&voter.key));
        bounds.kept.extend(approved.take(MOTIONS).map(|id| ObjectId::from(*id)));
    }
    bounds.dropped = open.into_iter().map(ObjectId::from).filter(|id| !bounds.kept.contains(id)).collect();
    // The bound is one of the epoch: drafts on top of a rival of the adopted charter share it.
    let of_epoch = set.charters.iter().filter(|charter| Some(charter.epoch) == adopted.epoch.checked_add(1));
    let of_epoch: BTreeSet<CharterId> = of_epoch.map(|charter| charter.id()).collect();
    let on_top = |id: &CharterId| set.charters.iter().any(|held| held.id() == *id && held.prev == law.adopted);
    for voter in &*adopted.voters {
        let signed: BTreeSet<(u16, CharterId)> = set
            .signatures
            .iter()
            .map(|signature| signature.place())
            .filter(|place| place.kind == SignatureType::Charter && place.key == voter.key)
            .map(|place| (place.round, CharterId::from(place.target)))
            .filter(|(_, draft)| of_epoch.contains(draft))
            .collect();
        for (round, draft) in signed.iter().filter(|(_, draft)| on_top(draft)) {
            // Of equal rounds at the edge the text does not say which.
            if signed.iter().filter(|(other, _)| other >= round).count() <= ROUNDS {
                bounds.kept.insert((*draft).into());
            }
        }
    }
    bounds
}
