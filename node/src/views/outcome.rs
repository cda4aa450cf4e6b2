//! What became of an entry: superseded, retracted, disputed, replicated, endorsed, answered.
//!
//! Pure functions over a [`Graph`] of entries that stand. Only the organisation of an entry's author supersedes or
//! retracts it. Of two successors the later claim of time, then the smaller id, leads to the newest version, unless what it
//! leads to was taken back and the other was not. What others say of any version stands on the newest one, and on those
//! that stand beside it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::hash::{EntryId, OrgId};
use lyceum_protocol::publication::Rel;

/// How far a chain of retractions of retractions is followed.
const RETRACTIONS_MAX: usize = 32;
/// Most versions of one thing that are looked at.
pub const VERSIONS_MAX: usize = 256;

/// An entry that stands and links to another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// Its relation to the other.
    pub rel: Rel,
    /// Its id.
    pub id: EntryId,
    /// The organisation of its author.
    pub org: OrgId,
    /// The author's claim, Unix milliseconds.
    pub time: u64,
}

/// What is known of one entry that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeFacts {
    /// The organisation of its author.
    pub org: OrgId,
    /// The author's claim, Unix milliseconds.
    pub time: u64,
    /// What it says that it supersedes.
    pub supersedes: Vec<EntryId>,
    /// Hash of the evaluation that it holds, if it holds one.
    pub evaluation: Option<[u8; 32]>,
    /// What it says as the reason, where it retracts something.
    pub reason: Option<String>,
}

/// Entries that stand, and the links between them.
pub trait Graph {
    /// The organisation of an entry's author; none where the entry does not stand or is not held.
    fn org(&self, id: &EntryId) -> Option<OrgId>;

    /// Everything that links to an entry.
    fn links_to(&self, id: &EntryId) -> Vec<Linked>;

    /// More of an entry, where it is needed.
    fn facts(&self, id: &EntryId) -> Option<OutcomeFacts>;
}

/// Why an entry is left out of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    /// A newer version stands in its place.
    Superseded,
    /// Its author's organisation took it back.
    Retracted,
}

/// Retractions by the organisation of an entry's author that were not taken back themselves.
fn retractions(graph: &impl Graph, id: &EntryId, depth: usize) -> Vec<Linked> {
    let Some(org) = graph.org(id).filter(|_| depth > 0) else { return Vec::new() };
    let links = graph.links_to(id).into_iter().filter(|link| link.rel == Rel::Retracts && link.org == org);
    let mut links: Vec<Linked> =
        links.filter(|link| retractions(graph, &link.id, depth.saturating_sub(1)).is_empty()).collect();
    links.sort_by_key(|link| (link.time, link.id));
    links
}

/// Valid successors of an entry, the newest first.
fn successors(graph: &impl Graph, id: &EntryId) -> Vec<Linked> {
    let Some(org) = graph.org(id) else { return Vec::new() };
    let links = graph.links_to(id).into_iter().filter(|link| link.rel == Rel::Supersedes && link.org == org);
    let mut links: Vec<Linked> = links.collect();
    links.sort_by_key(|link| (Reverse(link.time), link.id));
    links.dedup_by_key(|link| link.id);
    links
}

/// Whether lists leave an entry out, and why.
pub fn hidden(graph: &impl Graph, id: &EntryId) -> Option<Hidden> {
    if !retractions(graph, id, RETRACTIONS_MAX).is_empty() {
        return Some(Hidden::Retracted);
    }
    (!successors(graph, id).is_empty()).then_some(Hidden::Superseded)
}

/// A retraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction {
    /// The notice.
    pub by: EntryId,
    /// When, by its claim.
    pub time: u64,
    /// Why, in its words.
    pub reason: Option<String>,
}

/// What one organisation says of an entry by one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The entry in which it says so.
    pub by: EntryId,
    /// When, by its claim.
    pub time: u64,
    /// Number of the version that it was said of, where the evaluation has changed since.
    pub of_version: Option<u64>,
}

/// What became of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The number of this version, from 1.
    pub version: u64,
    /// The newest version, if it is another one.
    pub newest: Option<EntryId>,
    /// Other versions that nothing took the place of and that were not taken back, the newest first: one thing was
    /// superseded more than once.
    pub beside: Vec<EntryId>,
    /// What directly took its place, the newest first: two, if two versions were made of one.
    pub superseded_by: Vec<EntryId>,
    /// The retraction that holds for this version, the first of them.
    pub retracted: Option<Retraction>,
    /// The retraction of the newest version, if that is another one.
    pub newest_retracted: Option<Retraction>,
    /// What organisations other than the author's say, by relation: replicates, disputes, endorses, mitigates, replies,
    /// translates, cites, responds, and what else there is.
    pub others: BTreeMap<Rel, BTreeMap<OrgId, Vec<Said>>>,
    /// What the author's own organisation says, by relation.
    pub own: BTreeMap<Rel, Vec<Said>>,
}

impl Outcome {
    /// By how many other organisations something is said of it.
    pub fn organisations(&self, rel: &Rel) -> usize {
        self.others.get(rel).map_or(0, BTreeMap::len)
    }

    /// Whether lists leave it out.
    pub fn hidden(&self) -> Option<Hidden> {
        match (&self.retracted, self.superseded_by.as_slice()) {
            (Some(_), _) => Some(Hidden::Retracted),
            (None, []) => None,
            (None, _) => Some(Hidden::Superseded),
        }
    }
}

/// All versions of a thing that are connected with one of them, each with its number.
fn versions(graph: &impl Graph, id: &EntryId) -> BTreeMap<EntryId, u64> {
    let org = graph.org(id);
    let earlier = |id: &EntryId| -> Vec<EntryId> {
        let named = graph.facts(id).map(|facts| facts.supersedes).unwrap_or_default();
        named.into_iter().filter(|earlier| org.is_some() && graph.org(earlier) == org).collect()
    };
    let (mut met, mut ahead) = (BTreeSet::from([*id]), vec![*id]);
    let mut from: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
    while let Some(id) = ahead.pop() {
        let before = earlier(&id);
        let after = successors(graph, &id).into_iter().map(|link| link.id);
        for next in before.iter().copied().chain(after) {
            if met.len() < VERSIONS_MAX && met.insert(next) {
                ahead.push(next);
            }
        }
        from.insert(id, before);
    }
    // One more than the highest number among those that it supersedes. Ids are hashes over their links: no circle is
    // ever found in a log, and one that is made up ends with the number of rounds.
    let mut numbers: BTreeMap<EntryId, u64> = met.iter().map(|id| (*id, 1)).collect();
    for _ in 0..met.len() {
        let mut changed = false;
        for (id, before) in &from {
            let highest = before.iter().filter_map(|id| numbers.get(id)).max().copied().unwrap_or(0);
            let bounded = u64::try_from(met.len()).unwrap_or(u64::MAX);
            if let Some(number) = numbers.get_mut(id)
                && *number < highest.saturating_add(1).min(bounded)
            {
                *number = highest.saturating_add(1).min(bounded);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    numbers
}

fn is_retracted(graph: &impl Graph, id: &EntryId) -> bool {
    !retractions(graph, id, RETRACTIONS_MAX).is_empty()
}

/// The newest of all versions: the same for each of them.
fn newest_of(graph: &impl Graph, id: &EntryId, versions: &BTreeMap<EntryId, u64>) -> EntryId {
    let mut latest_first: Vec<(u64, EntryId)> = versions.iter().map(|(id, number)| (*number, *id)).collect();
    latest_first.sort_unstable_by(|one, other| other.cmp(one));
    // What each version leads to: its successors have higher numbers, so they are known before it.
    let mut leads_to: BTreeMap<EntryId, EntryId> = BTreeMap::new();
    for (_, version) in &latest_first {
        let ends = successors(graph, version).into_iter().filter_map(|next| leads_to.get(&next.id).copied());
        // A stable order: of those that stand, or else of all, the first successor.
        let end = ends.min_by_key(|end| is_retracted(graph, end)).unwrap_or(*version);
        leads_to.insert(*version, end);
    }
    let first = latest_first.iter().filter(|(number, _)| *number == 1).filter_map(|(_, id)| leads_to.get(id).copied());
    let time = |id: &EntryId| graph.facts(id).map_or(0, |facts| facts.time);
    let newest = first.min_by_key(|end| (is_retracted(graph, end), Reverse(time(end)), *end)).unwrap_or(*id);
    if successors(graph, &newest).is_empty() { newest } else { last_after(graph, id) }
}

/// The end of the chain that begins with a version: of more versions than are looked at, or of a circle.
fn last_after(graph: &impl Graph, id: &EntryId) -> EntryId {
    let (mut last, mut met) = (*id, BTreeSet::from([*id]));
    while let Some(next) = successors(graph, &last).first() {
        if !met.insert(next.id) || met.len() > VERSIONS_MAX {
            break;
        }
        last = next.id;
    }
    last
}

/// Versions other than these that nothing took the place of and that were not taken back, the newest first.
fn beside(graph: &impl Graph, these: [EntryId; 2], versions: &BTreeMap<EntryId, u64>) -> Vec<EntryId> {
    let stands = |id: &EntryId| successors(graph, id).is_empty() && !is_retracted(graph, id);
    let mut beside: Vec<EntryId> =
        versions.keys().filter(|id| !these.contains(id)).filter(|id| stands(id)).copied().collect();
    beside.sort_by_cached_key(|id| (Reverse(graph.facts(id).map_or(0, |facts| facts.time)), *id));
    beside
}

fn retraction(graph: &impl Graph, id: &EntryId) -> Option<Retraction> {
    let first = retractions(graph, id, RETRACTIONS_MAX).into_iter().next()?;
    let reason = graph.facts(&first.id).and_then(|facts| facts.reason);
    Some(Retraction { by: first.id, time: first.time, reason })
}

/// Folds everything that is linked to an entry, or to another version of it.
pub fn fold(graph: &impl Graph, id: &EntryId) -> Outcome {
    let versions = versions(graph, id);
    let newest = newest_of(graph, id, &versions);
    let org = graph.org(id);
    let evaluation = |id: &EntryId| graph.facts(id).and_then(|facts| facts.evaluation);
    let now = evaluation(&newest);
    let mut outcome = Outcome {
        version: versions.get(id).copied().unwrap_or(1),
        newest: (newest != *id).then_some(newest),
        beside: beside(graph, [*id, newest], &versions),
        superseded_by: successors(graph, id).into_iter().map(|link| link.id).collect(),
        retracted: retraction(graph, id),
        newest_retracted: if newest == *id { None } else { retraction(graph, &newest) },
        ..Outcome::default()
    };
    let mut counted = BTreeSet::new();
    for (version, number) in &versions {
        let changed = evaluation(version) != now;
        for link in graph.links_to(version) {
            if matches!(link.rel, Rel::Supersedes | Rel::Retracts) || versions.contains_key(&link.id) {
                continue;
            }
            // What was taken back, or said again in a newer version, is not said any more.
            let stands = hidden(graph, &link.id).is_none();
            if !stands || !counted.insert((link.rel.clone(), link.id)) {
                continue;
            }
            let said = Said { by: link.id, time: link.time, of_version: changed.then_some(*number) };
            if Some(link.org) == org {
                outcome.own.entry(link.rel).or_default().push(said);
            } else {
                outcome.others.entry(link.rel).or_default().entry(link.org).or_default().push(said);
            }
        }
    }
    let order = |said: &mut Vec<Said>| said.sort_by_key(|said| (said.time, said.by));
    outcome.own.values_mut().for_each(order);
    outcome.others.values_mut().flat_map(BTreeMap::values_mut).for_each(order);
    outcome
}

#[cfg(test)]
mod tests;
