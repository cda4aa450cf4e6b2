//! From a query to its results: candidates of each segment, their scores, and the best of all.
//!
//! Every number that a score is made of is counted over the publications that stand (see `rank`), so the same
//! publications give the same answer however they came into the index.

mod dense;
mod find;
mod lists;
mod plan;
mod rows;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lyceum_protocol::hash::{EntryId, LogId, OrgId};
use rayon::prelude::*;
use tantivy::DocId;

use super::query::{Query, QueryFault};
use super::rank::{self, Best, Highest, Place};
use super::snapshot::{Segment, Snapshot};
use super::{IndexFault, SearchFault};
use crate::views::Hidden;
use plan::Plan;
pub use plan::Sequence;

/// Most results of one search.
pub const RESULTS_MAX: usize = 1_000;

/// What is searched for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The query; its organisations are named by their whole ids.
    pub query: Query,
    /// The moment from which age is counted; without one it is the newest claim of time, or the clock if that is
    /// earlier. Unix milliseconds.
    pub now: Option<u64>,
    /// What the clock of this node says, Unix milliseconds.
    pub clock: u64,
    /// Results at most.
    pub limit: usize,
    /// Also what is superseded or retracted.
    pub all: bool,
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The entry.
    pub id: EntryId,
    /// Its log.
    pub log: LogId,
    /// Its number.
    pub seq: u64,
    /// The organisation of its author.
    pub org: OrgId,
    /// How well it fits.
    pub score: f64,
    /// Whether it is superseded or retracted.
    pub hidden: Option<Hidden>,
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The results, the best first.
    pub hits: Vec<Hit>,
    /// How many there are.
    pub total: u64,
    /// How many more are superseded and were left out.
    pub superseded: u64,
    /// How many more are retracted and were left out.
    pub retracted: u64,
    /// The moment from which age was counted.
    pub now: u64,
    /// What its words became, for whoever shows where they stand.
    pub sought: Vec<Sequence>,
}

/// A result before anything but its place is known.
#[derive(Debug, Clone, Copy)]
struct Spot {
    segment: usize,
    doc: DocId,
    hidden: Option<Hidden>,
}

/// What one segment has found.
#[derive(Default)]
struct Part {
    orgs: BTreeMap<OrgId, Highest<Spot>>,
    total: u64,
    superseded: u64,
    retracted: u64,
}

/// Answers a search.
///
/// # Errors
/// [`SearchFault`] for a query that says nothing to look for, or an index that cannot be read.
pub fn search(snapshot: &Snapshot, wanted: &Wanted) -> Result<Found, SearchFault> {
    wanted.query.check()?;
    let limit = wanted.limit.clamp(1, RESULTS_MAX);
    let now = wanted.now.unwrap_or_else(|| snapshot.newest.min(wanted.clock));
    let plan = Plan::make(snapshot, &wanted.query)?;
    if plan.is_empty() && wanted.query.words.iter().any(|words| !words.not) {
        let reason = "its words have no letters or digits".to_owned();
        return Err(QueryFault { at: None, reason, allowed: "words, numbers or a filter".to_owned() }.into());
    }
    let parts: Result<Vec<Part>, IndexFault> = (0..snapshot.segments.len())
        .into_par_iter()
        .map(|n| {
            let Some(segment) = snapshot.segments.get(n) else { return Ok(Part::default()) };
            let candidates = find::candidates(snapshot, segment, n, &plan)?;
            Ok(gather(segment, n, &candidates, &plan, wanted, limit, now))
        })
        .collect();
    let (mut orgs, mut total, mut superseded, mut retracted) = (BTreeMap::<OrgId, Highest<Spot>>::new(), 0, 0, 0);
    for part in parts? {
        total += part.total;
        superseded += part.superseded;
        retracted += part.retracted;
        for (org, best) in part.orgs {
            match orgs.entry(org) {
                Entry::Vacant(free) => drop(free.insert(best)),
                Entry::Occupied(mut all) => all.get_mut().join(best),
            }
        }
    }
    // Ids are read of those alone that may have a place.
    let id = |spot: &Spot| snapshot.segments.get(spot.segment).map(|segment| segment.id(spot.doc));
    let places = |highest: Highest<Spot>| {
        let mut best = Best::default();
        for (rank, spot) in highest.into_kept() {
            if let Some(id) = id(&spot) {
                best.take((rank, Reverse(id)), spot, limit);
            }
        }
        best
    };
    let orgs = orgs.into_iter().map(|(org, highest)| (org, places(highest))).collect();
    let scored = plan.is_scored();
    let hit = |(place, spot): (Place, Spot)| {
        let segment = snapshot.segments.get(spot.segment)?;
        let (log, seq) = segment.place(spot.doc);
        let (rank, Reverse(id)) = place;
        // Without words the order is that of time.
        let rank = if scored { rank } else { rank::rank(65_536, rank::recency(segment.time(spot.doc), now)) };
        let (org, score) = (segment.org(spot.doc), rank::shown(rank));
        Some(Hit { id, log, seq, org, score, hidden: spot.hidden })
    };
    let hits = rank::shared(orgs, limit).into_iter().filter_map(hit).collect();
    Ok(Found { hits, total, superseded, retracted, now, sought: plan.into_sought() })
}

/// Keeps the best candidates of each organisation, and counts the others.
fn gather(
    segment: &Segment,
    number: usize,
    candidates: &[(DocId, u32)],
    plan: &Plan,
    wanted: &Wanted,
    limit: usize,
    now: u64,
) -> Part {
    let query = &wanted.query;
    let (since, until) = (query.since.unwrap_or(0), query.until.unwrap_or(u64::MAX));
    let timed = query.since.is_some() || query.until.is_some();
    let mut part = Part::default();
    // By the organisation's number here.
    let mut best: Vec<Highest<Spot>> = segment.orgs.iter().map(|_| Highest::of(limit)).collect();
    let mut hidden = segment.hidden.iter().copied().peekable();
    for (doc, text) in candidates.iter().copied() {
        if !segment.is_live(doc) {
            continue;
        }
        while hidden.next_if(|(other, _)| *other < doc).is_some() {}
        let how = hidden.peek().filter(|(other, _)| *other == doc).map(|(_, how)| *how);
        if timed && !(since..=until).contains(&segment.time(doc)) {
            continue;
        }
        match how {
            Some(Hidden::Superseded) if !wanted.all => part.superseded += 1,
            Some(Hidden::Retracted) if !wanted.all => part.retracted += 1,
            _ => {
                part.total += 1;
                let Some(best) = best.get_mut(segment.org_number(doc)) else { continue };
                if plan.is_scored() && rank::best_rank(text) < best.least() {
                    continue;
                }
                let time = segment.time(doc);
                let rank = if plan.is_scored() { rank::rank(text, rank::recency(time, now)) } else { time };
                best.take(rank, Spot { segment: number, doc, hidden: how });
            }
        }
    }
    part.orgs = segment.orgs.iter().copied().zip(best).collect();
    part
}
