//! Chains, forks, the line of every log, what is erased (PROTOCOL 1.4, 2.3, 3.5).

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Pin;
use lyceum_protocol::entry::protocol_kinds::Erase;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::hash::{CertificateId, EntryId, LogId, OrgId, TreeHead};
use lyceum_protocol::history;
use lyceum_protocol::limits;

use super::certificates::{Effective, Families, Position};
use super::governance::{Law, Seat};
use super::{Extent, Line, ObjectSet};

type Chain<'a> = Vec<&'a VerifiedEntry>;

/// What the first entry of a log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Opening {
    key: [u8; 32],
    incarnation: u64,
    certificate: CertificateId,
}

impl Opening {
    fn log(&self) -> LogId {
        LogId::of(&self.key, self.incarnation, self.certificate)
    }
}

/// The good entries of a log, and where it forks.
#[derive(Debug, Clone)]
pub(super) struct Good<'a> {
    entries: Chain<'a>,
    fork: Option<u64>,
}

impl Good<'_> {
    /// None if nothing is good and no fork says so.
    pub(super) fn extent(&self) -> Option<Extent> {
        if self.entries.is_empty() && self.fork.is_none() {
            return None;
        }
        let head = self.entries.last().map_or(EntryId::ZERO, |entry| entry.id());
        Some(Extent { len: self.entries.len() as u64, head, fork: self.fork })
    }
}

/// A log with its line.
pub(super) struct Judged<'a> {
    pub(super) id: LogId,
    pub(super) org: Option<OrgId>,
    pub(super) line: Line,
    pub(super) good: Option<Good<'a>>,
}

/// Every log of which a first entry or a proof at 0 is held, and whose certificate, if held, lists its key.
pub(super) fn all<'a>(law: &Law<'_>, families: &Families<'_>, set: &'a ObjectSet) -> Vec<Judged<'a>> {
    let mut openings = BTreeSet::new();
    let mut open = |key, incarnation, history: TreeHead| {
        openings.insert(Opening { key, incarnation, certificate: CertificateId(history.0) });
    };
    for header in set.entries.iter().map(VerifiedEntry::header).filter(|header| header.seq == 0) {
        open(header.key, header.incarnation, header.history);
    }
    for proof in set.proofs.iter().filter(|proof| proof.seq() == 0) {
        open(proof.key().to_bytes(), proof.incarnation(), proof.history());
    }
    openings.into_iter().filter_map(|opening| judge(opening, law, families, set)).collect()
}

fn judge<'a>(opening: Opening, law: &Law<'_>, families: &Families<'_>, set: &'a ObjectSet) -> Option<Judged<'a>> {
    let id = opening.log();
    let waiting = |org| Judged { id, org, line: Line::Waiting, good: None };
    let Some(certificate) = families.get(opening.certificate) else { return Some(waiting(None)) };
    // Else none of its entries is valid, ever.
    let listed = certificate.listed(&opening.key).filter(|listed| listed.roles.may_write())?;
    let Some(org) = families.org(opening.certificate) else { return Some(waiting(None)) };
    if !families.well_formed(certificate) || !families.possession(org, listed.key) {
        return Some(waiting(Some(org)));
    }
    let Some(effective) = families.effective(org, law) else { return Some(waiting(Some(org))) };
    let position = families.position(opening.certificate, org, law, &effective);
    if position == Position::DoesNotCount {
        return Some(waiting(Some(org)));
    }
    let chains = chains(opening, set);
    let (line, good) = stand(id, org, opening, position, law, families, &effective, &chains, set);
    Some(Judged { id, org: Some(org), line, good })
}

/// The first line of PROTOCOL 3.5 that fits, after *waiting*.
#[expect(clippy::too_many_arguments, reason = "one flat table, as in the text")]
fn stand<'a>(
    log: LogId,
    org: OrgId,
    opening: Opening,
    position: Position,
    law: &Law<'_>,
    families: &Families<'_>,
    effective: &Effective<'_>,
    chains: &[Chain<'a>],
    set: &ObjectSet,
) -> (Line, Option<Good<'a>>) {
    let seat = law.seat(org, families);
    if seat == Seat::Removed {
        if position != Position::OnChain {
            return (Line::RemovedVoid, None);
        }
        let by_motion = law.removes(org).into_values().find_map(|motion| match &motion.op {
            lyceum_protocol::document::motion::Operation::Remove { pins, .. } => {
                pins.iter().find(|pin| pin.log == log).copied()
            }
            _ => None,
        });
        return match (by_motion, effective.pin(log)) {
            (Some(pin), _) => (Line::RemovedPinned, pinned(&pin, chains)),
            (None, Some(pin)) => (Line::RemovedClosed, pinned(&pin, chains)),
            (None, None) => (Line::RemovedVoid, None),
        };
    }
    if seat == Seat::Suspended {
        return (Line::Suspended, None);
    }
    if seat == Seat::None {
        return (Line::NoSeat, None);
    }
    if position == Position::LosingBranch {
        return (Line::LosingBranch, None);
    }
    if position == Position::Beyond {
        return (Line::Contested, None);
    }
    if let Some(pin) = effective.pin(log) {
        return (Line::Pinned, pinned(&pin, chains));
    }
    if effective.chain.last().is_none_or(|version| version.listed(&opening.key).is_none()) {
        return (Line::Unpinned, None);
    }
    let Some(fork) = lowest_fork(opening, chains, set) else {
        let entries = chains.first().cloned().unwrap_or_default();
        return (Line::Good, Some(Good { entries, fork: None }));
    };
    let below = usize::try_from(fork).unwrap_or(usize::MAX);
    // All chains agree below the lowest fork.
    let entries = chains.first().map(|chain| chain.iter().take(below).copied().collect()).unwrap_or_default();
    (Line::Forked, Some(Good { entries, fork: Some(fork) }))
}

/// The whole pinned chain, or nothing.
fn pinned<'a>(pin: &Pin, chains: &[Chain<'a>]) -> Option<Good<'a>> {
    let len = usize::try_from(pin.len).ok().filter(|len| *len > 0)?;
    let whole = chains.iter().find(|chain| chain.get(len - 1).is_some_and(|entry| entry.id() == pin.head))?;
    Some(Good { entries: whole.iter().take(len).copied().collect(), fork: None })
}

/// Tree head that the entry after a chain names.
fn history(opening: Opening, chain: &[&VerifiedEntry]) -> TreeHead {
    if chain.is_empty() {
        return TreeHead(opening.certificate.0);
    }
    history::head_over(&chain.iter().map(|entry| entry.id()).collect::<Vec<_>>())
}

/// All longest chains of valid entries of one log.
fn chains(opening: Opening, set: &ObjectSet) -> Vec<Chain<'_>> {
    let mut whole = Vec::new();
    let mut growing: Vec<Chain<'_>> = vec![Vec::new()];
    while let Some(chain) = growing.pop() {
        let head = history(opening, &chain);
        let next: BTreeMap<EntryId, &VerifiedEntry> = set
            .entries
            .iter()
            .filter(|entry| {
                let header = entry.header();
                header.key == opening.key
                    && header.incarnation == opening.incarnation
                    && header.seq == chain.len() as u64
                    && header.history == head
                    && chain.last().is_none_or(|before| before.header().suite <= header.suite)
            })
            .map(|entry| (entry.id(), entry))
            .collect();
        if next.is_empty() {
            whole.push(chain);
            continue;
        }
        for entry in next.into_values() {
            let mut longer = chain.clone();
            longer.push(entry);
            growing.push(longer);
        }
    }
    whole
}

/// The lowest place where two chains part, or where a proof says so whose history is that of a chain.
fn lowest_fork(opening: Opening, chains: &[Chain<'_>], set: &ObjectSet) -> Option<u64> {
    let mut places = BTreeSet::new();
    for one in chains {
        for other in chains {
            let same = one.iter().zip(other).take_while(|(a, b)| a.id() == b.id()).count();
            if same < one.len() && same < other.len() {
                places.insert(same as u64);
            }
        }
        for proof in &set.proofs {
            let Ok(below) = usize::try_from(proof.seq()) else { continue };
            let Some(below) = one.get(..below) else { continue };
            if proof.key().as_bytes() == &opening.key
                && proof.incarnation() == opening.incarnation
                && proof.history() == history(opening, below)
            {
                places.insert(proof.seq());
            }
        }
    }
    places.into_iter().next()
}

/// Targets of Erase motions, and of good kind-1001 entries of those who may; only good entries that are not protocol.
pub(super) fn erased(law: &Law<'_>, families: &Families<'_>, logs: &[Judged<'_>]) -> BTreeSet<EntryId> {
    let good: Vec<&VerifiedEntry> =
        logs.iter().filter_map(|log| log.good.as_ref()).flat_map(|good| good.entries.iter().copied()).collect();
    let by_motion = law.erase_targets();
    let mut erased = BTreeSet::new();
    for log in logs {
        let Some(effective) = log.org.and_then(|org| families.effective(org, law)) else { continue };
        let entries = log.good.iter().flat_map(|good| good.entries.iter());
        for target in entries.filter(|entry| !entry.header().kind.is_protocol()) {
            let by_entry = good.iter().any(|eraser| {
                let key = &eraser.header().key;
                names(eraser, target.id()) && (*key == target.header().key || effective.admin(key))
            });
            if by_motion.contains(&target.id()) || by_entry {
                erased.insert(target.id());
            }
        }
    }
    erased
}

fn names(eraser: &VerifiedEntry, target: EntryId) -> bool {
    if eraser.header().kind != Kind::ERASE {
        return false;
    }
    let Some(content) = eraser.payload().content() else { return false };
    let max = usize::try_from(limits::PROTOCOL_PAYLOAD_MAX).unwrap_or(usize::MAX);
    codec::decode::<Erase>(content, max).is_ok_and(|erase| erase.targets.contains(&target))
}
