//! Which charter is adopted: from the checkpoint upwards, a function of the set (PROTOCOL 3.2).

use std::collections::BTreeSet;

use crate::document::charter::{CharterObject, RULES};
use crate::document::signature::SignatureType;
use crate::documents::Documents;
use crate::hash::{CharterId, NetworkId, OrgId};
use crate::key::PublicKey;

/// Several charters certified for one place in the same highest round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// The charters, ascending.
    pub charters: Vec<CharterId>,
    /// Voters who signed more than one of them in that round, ascending.
    pub double_signers: BTreeSet<OrgId>,
}

/// Why adoption goes no further than it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// No certified successor is held: the newest charter is in force.
    Newest,
    /// A charter between charter 0 and the checkpoint is missing or breaks a rule: nothing is adopted yet.
    ChainIncomplete,
    /// Several successors are certified in the same highest round.
    Contested(Contest),
    /// The next charter has rules that this version does not know.
    UnknownRules {
        /// The charter.
        charter: CharterId,
        /// Its rules.
        rules: u16,
    },
}

/// The adopted charter with its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    chain: Vec<CharterId>,
    stop: Stop,
}

impl Adoption {
    /// The adopted charter; none while the chain up to the checkpoint is incomplete.
    pub fn adopted(&self) -> Option<CharterId> {
        self.chain.last().copied()
    }

    /// From charter 0 to the adopted one.
    pub fn chain(&self) -> &[CharterId] {
        &self.chain
    }

    /// Why it goes no further.
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }
}

pub(super) fn adopt(network: NetworkId, checkpoint: CharterId, documents: &Documents) -> Adoption {
    let Some(mut chain) = chain_to(network, checkpoint, documents) else {
        return Adoption { chain: Vec::new(), stop: Stop::ChainIncomplete };
    };
    let mut at = checkpoint;
    let stop = loop {
        match successor(at, documents) {
            Ok(next) if next.rules != RULES => break Stop::UnknownRules { charter: next.id(), rules: next.rules },
            Ok(next) => {
                at = next.id();
                chain.push(at);
            }
            Err(stop) => break stop,
        }
    };
    Adoption { chain, stop }
}

/// The well-formed chain from charter 0 to the checkpoint.
fn chain_to(network: NetworkId, checkpoint: CharterId, documents: &Documents) -> Option<Vec<CharterId>> {
    let mut chain = Vec::new();
    let mut charter = documents.charter(checkpoint)?;
    loop {
        if charter.rules != RULES || !documents.is_charter_well_formed(charter) {
            return None;
        }
        chain.push(charter.id());
        if charter.epoch == 0 {
            break;
        }
        charter = documents.charter(charter.prev)?;
    }
    chain.reverse();
    (chain.first() == Some(&CharterId::from(network))).then_some(chain)
}

/// The one successor to adopt, or why there is none.
fn successor(at: CharterId, documents: &Documents) -> Result<&CharterObject, Stop> {
    let mut candidates: Vec<(u16, &CharterObject)> = certified_successors(at, documents).collect();
    let went_on = |charter: &CharterObject| certified_successors(charter.id(), documents).next().is_some();
    if candidates.iter().any(|(_, charter)| went_on(charter)) {
        candidates.retain(|(_, charter)| went_on(charter));
    }
    let Some(highest) = candidates.iter().map(|(round, _)| *round).max() else { return Err(Stop::Newest) };
    candidates.retain(|(round, _)| *round == highest);
    match candidates.as_slice() {
        [(_, only)] => Ok(only),
        rivals => Err(Stop::Contested(contest(rivals, documents))),
    }
}

/// The certified successors of a charter with the highest round in which each is certified.
pub(crate) fn certified_successors(
    at: CharterId,
    documents: &Documents,
) -> impl Iterator<Item = (u16, &CharterObject)> {
    documents.charter_successors(at).filter_map(|charter| Some((documents.certified_round(charter)?, charter)))
}

fn contest(rivals: &[(u16, &CharterObject)], documents: &Documents) -> Contest {
    let mut once: BTreeSet<PublicKey> = BTreeSet::new();
    let mut twice: BTreeSet<PublicKey> = BTreeSet::new();
    for (round, charter) in rivals {
        for signature in documents.signatures_on(charter.id().into()) {
            let place = signature.place();
            if place.kind == SignatureType::Charter && place.round == *round && !once.insert(place.key) {
                twice.insert(place.key);
            }
        }
    }
    let prev = rivals.first().and_then(|(_, charter)| documents.charter(charter.prev));
    let lists = rivals.iter().map(|(_, charter)| *charter).chain(prev);
    let double_signers = lists
        .flat_map(|charter| charter.voters.iter())
        .filter(|voter| twice.contains(&voter.key))
        .map(|voter| voter.org)
        .collect();
    Contest { charters: rivals.iter().map(|(_, charter)| charter.id()).collect(), double_signers }
}
