//! The search for the place where two chains of one log part: headers spread over a range, the range narrowed until
//! one place is left (PROTOCOL 2.2).

use std::collections::BTreeMap;

use crate::hash::{EntryId, LogId};
use crate::key::PublicKey;
use crate::limits;
use crate::sync::check::SignedHeader;

/// Where two chains part: the header that the peer holds there.
#[derive(Debug, Clone)]
pub struct Found {
    /// The log.
    pub log: LogId,
    /// Who holds the other chain.
    pub peer: PublicKey,
    /// Its header at the place.
    pub theirs: SignedHeader,
}

/// One search.
#[derive(Debug, Clone)]
struct Search {
    /// Below this number both chains are the same.
    low: u64,
    /// At this number and above they differ, or the peer's ends.
    high: u64,
    /// The peer's header at `high`, if they differ there.
    other: Option<SignedHeader>,
}

/// What the next step of a search is.
#[derive(Debug)]
pub(crate) enum Step {
    /// Ask for these headers.
    Ask(Vec<u64>),
    /// The place is found.
    Found(Box<Found>),
    /// The peer holds no other chain: it only said so.
    Nothing,
}

/// All searches under way: one a log and peer.
#[derive(Debug, Default)]
pub(crate) struct Searches(BTreeMap<(LogId, PublicKey), Search>);

impl Searches {
    /// Begins a search in `0 .. high`; the numbers to ask for first, or none if one is under way already.
    pub(crate) fn begin(&mut self, log: LogId, peer: PublicKey, high: u64) -> Option<Vec<u64>> {
        if high == 0 || self.0.contains_key(&(log, peer)) {
            return None;
        }
        let search = Search { low: 0, high, other: None };
        let seqs = spread(search.low, search.high);
        self.0.insert((log, peer), search);
        Some(seqs)
    }

    /// Takes an answer: headers in ascending order of their numbers. `held` gives the own ids.
    pub(crate) fn answered(
        &mut self,
        log: LogId,
        peer: PublicKey,
        headers: Vec<SignedHeader>,
        held: impl Fn(u64) -> Option<EntryId>,
    ) -> Step {
        let Some(search) = self.0.get_mut(&(log, peer)) else { return Step::Nothing };
        let before = (search.low, search.high);
        for header in headers {
            let seq = header.header().seq;
            if seq < search.low || seq >= search.high {
                continue;
            }
            if held(seq) == Some(header.id()) {
                search.low = seq.saturating_add(1);
            } else {
                search.high = seq;
                search.other = Some(header);
                break;
            }
        }
        if search.low >= search.high {
            let other = self.0.remove(&(log, peer)).and_then(|search| search.other);
            return match other {
                Some(theirs) => Step::Found(Box::new(Found { log, peer, theirs })),
                None => Step::Nothing,
            };
        }
        if (search.low, search.high) == before {
            self.0.remove(&(log, peer));
            return Step::Nothing;
        }
        Step::Ask(spread(search.low, search.high))
    }

    pub(crate) fn end(&mut self, log: LogId, peer: PublicKey) {
        self.0.remove(&(log, peer));
    }

    pub(crate) fn peer_gone(&mut self, gone: &PublicKey) {
        self.0.retain(|(_, peer), _| peer != gone);
    }
}

/// Up to 64 numbers spread over `low .. high`, the first and the last among them.
fn spread(low: u64, high: u64) -> Vec<u64> {
    let count = u64::try_from(limits::ASK_MAX).unwrap_or(u64::MAX);
    let len = high.saturating_sub(low);
    if len <= count {
        return (low..high).collect();
    }
    let last = len.saturating_sub(1);
    let at = |n: u64| {
        let offset = u128::from(last).saturating_mul(u128::from(n)) / u128::from(count.saturating_sub(1));
        low.saturating_add(u64::try_from(offset).unwrap_or(last))
    };
    let mut seqs: Vec<u64> = (0..count).map(at).collect();
    seqs.dedup();
    seqs
}
