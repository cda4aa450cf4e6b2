//! Which entries are missing, who has them, and which page is asked of whom next.
//!
//! One page of a log is in flight at a time, different logs come from different peers, logs take turns, and the next
//! page is asked for when the last one is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::frontier::FrontierItem;
use crate::hash::LogId;
use crate::key::PublicKey;
use crate::replica::brakes::Brakes;

/// Pages in flight of one peer.
pub const PAGES_PER_PEER: usize = 4;
/// Pages of one peer in flight and being checked: while all cores check, the wire stays busy.
pub const PAGES_PER_PEER_WITH_CHECKED: usize = 8;
/// Pages in flight, being checked or being written in all: 64 MiB.
pub const PAGES_MAX: usize = 64;

/// A log of which somebody has more.
#[derive(Debug, Default)]
struct Want {
    /// Who has it, and how far.
    sources: BTreeMap<PublicKey, FrontierItem>,
    /// A page is in flight or on its way to the disk.
    busy: bool,
    /// From where the next page begins, where that is not the end of what is held: along a pinned chain.
    from: Option<u64>,
}

/// All logs of which somebody has more.
#[derive(Debug, Default)]
pub(crate) struct Fetch {
    wants: BTreeMap<LogId, Want>,
    /// The log that was last asked for, by peer.
    cursor: BTreeMap<PublicKey, LogId>,
    pages: usize,
    /// Logs that wait for the quota of their organisation.
    pub(crate) brakes: Brakes,
}

impl Fetch {
    /// A peer has more of a log.
    pub(crate) fn want(&mut self, peer: PublicKey, item: FrontierItem) {
        self.wants.entry(item.log).or_default().sources.insert(peer, item);
    }

    /// The page of a pinned chain begins here instead of at the end of what is held.
    pub(crate) fn from(&mut self, log: LogId, from: u64) {
        if let Some(want) = self.wants.get_mut(&log) {
            want.from = Some(from);
        }
    }

    /// A peer does not have it after all, or is not asked for it any more.
    pub(crate) fn not_from(&mut self, peer: &PublicKey, log: LogId) {
        if let Some(want) = self.wants.get_mut(&log) {
            want.sources.remove(peer);
            self.tidy(log);
        }
    }

    /// A peer is gone. Pages that were in flight from it are given up by the caller.
    pub(crate) fn peer_gone(&mut self, peer: &PublicKey) {
        for want in self.wants.values_mut() {
            want.sources.remove(peer);
        }
        let brakes = &mut self.brakes;
        self.wants.retain(|log, want| {
            let stays = want.busy || !want.sources.is_empty();
            if !stays {
                brakes.forget(*log);
            }
            stays
        });
        self.cursor.remove(peer);
    }

    fn tidy(&mut self, log: LogId) {
        if self.wants.get(&log).is_some_and(|want| !want.busy && want.sources.is_empty()) {
            self.wants.remove(&log);
            self.brakes.forget(log);
        }
    }

    /// A page came and is durable, or will not come: the log may be asked for again.
    pub(crate) fn page_done(&mut self, log: LogId) {
        self.pages = self.pages.saturating_sub(1);
        if let Some(want) = self.wants.get_mut(&log) {
            want.busy = false;
        }
        self.brakes.done(log);
        self.tidy(log);
    }

    /// A log that was handed out by [`Fetch::next_for`] is not asked for: it waits for its organisation's quota.
    pub(crate) fn not_now(&mut self, log: LogId) {
        self.pages = self.pages.saturating_sub(1);
        if let Some(want) = self.wants.get_mut(&log) {
            want.busy = false;
        }
    }

    /// What is held of a log has changed: sources that have no more than that are dropped.
    pub(crate) fn satisfied(&mut self, log: LogId, is_ahead: impl Fn(&FrontierItem) -> bool) {
        if let Some(want) = self.wants.get_mut(&log) {
            want.sources.retain(|_, item| is_ahead(item));
            self.tidy(log);
        }
    }

    /// Peers that have something of which no page is in flight.
    pub(crate) fn free_sources(&self) -> BTreeSet<PublicKey> {
        let free = self.wants.iter().filter(|(log, want)| !want.busy && !self.brakes.is_waiting(**log));
        free.flat_map(|(_, want)| want.sources.keys().copied()).collect()
    }

    /// The next log to ask a peer for, in turn; it counts as in flight from now on.
    pub(crate) fn next_for(&mut self, peer: &PublicKey) -> Option<(FrontierItem, Option<u64>)> {
        if self.pages >= PAGES_MAX {
            return None;
        }
        let after = self.cursor.get(peer).map_or(Bound::Unbounded, |log| Bound::Excluded(*log));
        let free = |(log, want): (&LogId, &Want)| {
            let item = want.sources.get(peer).filter(|_| !want.busy && !self.brakes.is_waiting(*log))?;
            Some((*log, *item, want.from))
        };
        let found = self.wants.range((after, Bound::Unbounded)).find_map(free);
        let (log, item, from) = found.or_else(|| self.wants.iter().find_map(free))?;
        if let Some(want) = self.wants.get_mut(&log) {
            want.busy = true;
        }
        self.pages = self.pages.saturating_add(1);
        self.cursor.insert(*peer, log);
        Some((item, from))
    }

    /// Whether anything of a peer is still missing here, apart from what waits for a quota.
    pub(crate) fn wants_from(&self, peer: &PublicKey) -> bool {
        self.wants.iter().any(|(log, want)| want.sources.contains_key(peer) && !self.brakes.is_waiting(*log))
    }
}
