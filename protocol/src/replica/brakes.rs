//! Which logs wait for the quota of their organisation, and whose turn it is.
//!
//! Of what is charged to one organisation one page is in flight at a time, and its logs take turns: so a page is asked
//! for when there is room for what it brings, and a thousand logs of one organisation cost no more than one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::hash::{LogId, OrgId};
use crate::quota::Cost;

/// Logs that wait.
#[derive(Debug, Default)]
pub(crate) struct Brakes {
    /// Of logs that waited or have the turn: whose they are, and what their next entry costs, as far as is known.
    known: BTreeMap<LogId, (OrgId, Cost)>,
    waiting: BTreeMap<OrgId, BTreeSet<LogId>>,
    /// The log that may be asked for now, or is.
    turns: BTreeMap<OrgId, LogId>,
    /// The log that had the turn last.
    last: BTreeMap<OrgId, LogId>,
    /// Organisations over quota, and until when, in milliseconds of the steady clock.
    until: BTreeMap<OrgId, u64>,
}

impl Brakes {
    /// The organisation of a log of which no entry is held yet, if it was seen before.
    pub(crate) fn org_of(&self, log: LogId) -> Option<OrgId> {
        self.known.get(&log).map(|(org, _)| *org)
    }

    /// What the next entry of a log costs, if it was seen before.
    pub(crate) fn next_cost(&self, log: LogId) -> Option<Cost> {
        self.known.get(&log).map(|(_, cost)| *cost)
    }

    /// A log is not asked for until it has the turn and there is room for `next`.
    pub(crate) fn wait(&mut self, org: OrgId, log: LogId, next: Cost) {
        self.known.insert(log, (org, next));
        self.waiting.entry(org).or_default().insert(log);
    }

    pub(crate) fn is_waiting(&self, log: LogId) -> bool {
        let of_org = self.known.get(&log).and_then(|(org, _)| self.waiting.get(org));
        of_org.is_some_and(|logs| logs.contains(&log))
    }

    /// A log got further: what its next entry costs is not known again.
    pub(crate) fn went_on(&mut self, log: LogId) {
        if let Some((_, cost)) = self.known.get_mut(&log) {
            *cost = Cost::of(1, 0);
        }
    }

    /// A log takes the turn of its organisation; whether it has it.
    pub(crate) fn begin(&mut self, org: OrgId, log: LogId, next: Cost) -> bool {
        if *self.turns.entry(org).or_insert(log) != log {
            return false;
        }
        self.known.insert(log, (org, next));
        true
    }

    /// A log gives its turn back: its page is over, or was not to be charged.
    pub(crate) fn done(&mut self, log: LogId) {
        if let Some(org) = self.org_of(log).filter(|org| self.turns.get(org) == Some(&log)) {
            self.turns.remove(&org);
        }
    }

    /// A log waits no more: it is not charged now.
    pub(crate) fn release(&mut self, log: LogId) {
        let Some(org) = self.org_of(log) else { return };
        if let Some(logs) = self.waiting.get_mut(&org) {
            logs.remove(&log);
            if logs.is_empty() {
                self.waiting.remove(&org);
                self.until.remove(&org);
            }
        }
    }

    /// The rules changed: nothing waits until it is looked at again.
    pub(crate) fn release_all(&mut self) {
        self.waiting.clear();
        self.until.clear();
    }

    /// Nobody has more of a log.
    pub(crate) fn forget(&mut self, log: LogId) {
        self.done(log);
        self.release(log);
        self.known.remove(&log);
    }

    /// Gives each organisation's turn to its next log, if there is room for that; whether any was given.
    ///
    /// The turn goes round strictly: a log whose next entry is large is not overtaken for ever by small ones.
    pub(crate) fn settle(&mut self, now: u64, ready: impl Fn(OrgId, Cost) -> u64) -> bool {
        let mut given = Vec::new();
        for (org, logs) in self.waiting.iter().filter(|(org, _)| !self.turns.contains_key(*org)) {
            let after = self.last.get(org).map_or(Bound::Unbounded, |log| Bound::Excluded(*log));
            let next = logs.range((after, Bound::Unbounded)).next().or_else(|| logs.first());
            let Some((log, (_, cost))) = next.and_then(|log| Some((*log, *self.known.get(log)?))) else { continue };
            let at = ready(*org, cost);
            if at <= now {
                given.push((*org, log));
            } else {
                self.until.insert(*org, at);
            }
        }
        for (org, log) in &given {
            self.release(*log);
            self.until.remove(org);
            self.turns.insert(*org, *log);
            self.last.insert(*org, *log);
        }
        !given.is_empty()
    }

    /// When there is room again for somebody who waits.
    pub(crate) fn wake_at(&self) -> Option<u64> {
        self.until.iter().filter(|(org, _)| !self.turns.contains_key(*org)).map(|(_, at)| *at).min()
    }

    /// Organisations over quota: which of their logs wait, and until when.
    pub(crate) fn over(&self) -> impl Iterator<Item = (OrgId, &BTreeSet<LogId>, u64)> {
        self.until.iter().filter_map(|(org, at)| Some((*org, self.waiting.get(org)?, *at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: OrgId = OrgId([1; 32]);
    const SMALL: Cost = Cost { entries: 1, bytes: 200 };

    fn log(n: u8) -> LogId {
        LogId([n; 32])
    }

    #[test]
    fn logs_of_one_organisation_take_turns() {
        let mut brakes = Brakes::default();
        for n in 1..=3 {
            brakes.wait(ORG, log(n), SMALL);
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            assert!(brakes.settle(0, |_, _| 0));
            assert!(!brakes.settle(0, |_, _| 0), "one at a time");
            let has_it = (1..=3).find(|n| !brakes.is_waiting(log(*n))).unwrap();
            order.push(has_it);
            assert!(brakes.begin(ORG, log(has_it), SMALL) && !brakes.begin(ORG, log(9), SMALL));
            brakes.wait(ORG, log(has_it), SMALL);
            brakes.done(log(has_it));
        }
        assert_eq!(order, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn a_log_that_is_forgotten_blocks_no_other() {
        let mut brakes = Brakes::default();
        brakes.wait(ORG, log(1), SMALL);
        brakes.wait(ORG, log(2), SMALL);
        assert!(brakes.settle(0, |_, _| 0));
        brakes.forget(log(1));
        assert!(brakes.settle(0, |_, _| 0) && !brakes.is_waiting(log(2)));
        brakes.forget(log(2));
        assert!(!brakes.settle(0, |_, _| 0) && brakes.wake_at().is_none());
    }

    #[test]
    fn a_large_entry_is_not_overtaken_for_ever() {
        let mut brakes = Brakes::default();
        let large = Cost { entries: 1, bytes: 9_000 };
        brakes.wait(ORG, log(1), large);
        brakes.wait(ORG, log(2), SMALL);
        let ready = |_, cost: Cost| if cost == large { 500 } else { 0 };
        assert!(!brakes.settle(0, ready), "the small one is not its turn");
        assert_eq!((brakes.wake_at(), brakes.over().count()), (Some(500), 1));
        assert!(brakes.settle(500, ready) && !brakes.is_waiting(log(1)));
        assert_eq!(brakes.over().count(), 0);
    }
}
