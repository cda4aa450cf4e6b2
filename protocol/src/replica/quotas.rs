//! Quotas as this node keeps them: what others may bring in (PROTOCOL 4.6, SPEC S24).
//!
//! An entry is charged once, when it is appended. What enough organisations show already is not new and costs nothing.

use std::collections::BTreeMap;

use crate::document::charter::Params;
use crate::entry::VerifiedEntry;
use crate::fork::VerifiedForkProof;
use crate::frontier::FrontierItem;
use crate::governance::PinSource;
use crate::hash::{CertificateId, LogId, OrgId};
use crate::limits;
use crate::log::{Fit, Opening};
use crate::quota::{Bucket, Cost, OPENING, Share, shown_by};
use crate::replica::Replica;
use crate::replica::effect::Outbox;
use crate::replica::event::Now;
use crate::standing::Line;
use crate::state::State;

/// Fewest bytes that an entry takes in a page: without `ext`, its payload erased.
const TRAVELLING_MIN: u64 = (8 + limits::HEADER_MIN + limits::SIGNATURE_LEN + 4) as u64;

/// Buckets, and by how many organisations an entry has to be shown to be free.
#[derive(Debug)]
pub(crate) struct Quotas {
    pub(super) params: Params,
    shown_by: usize,
    /// Of others, full at a start. One that is missing is full.
    others: BTreeMap<OrgId, Bucket>,
    /// Of the own organisation, on the steady clock; none where it has to be computed from its entries again.
    pub(super) own: Option<Bucket>,
    /// Before this it is not computed again unless something is to be published.
    pub(super) own_at: u64,
}

impl Quotas {
    pub(crate) fn new(state: &State) -> Self {
        let governance = state.governance();
        let shown_by = shown_by(governance.members().count());
        Self { params: *governance.params(), shown_by, others: BTreeMap::new(), own: None, own_at: 0 }
    }

    pub(super) const fn is_off(&self) -> bool {
        self.params.entries_per_day == 0 && self.params.bytes_per_day == 0
    }

    fn ready(&self, org: OrgId, cost: Cost, now: u64) -> u64 {
        self.others.get(&org).map_or(now, |bucket| bucket.ready(cost, Share::Whole, now))
    }

    fn charge(&mut self, org: OrgId, cost: Cost, now: u64) {
        let full = || Bucket::full(&self.params, now);
        self.others.entry(org).or_insert_with(full).charge(cost, now);
    }
}

/// What decides whether entries of one log are charged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charged {
    pub(super) org: OrgId,
    /// Enough organisations show the log up to here.
    free: u64,
}

/// Entries of one organisation that wait for its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverQuota {
    /// Whose.
    pub org: OrgId,
    /// How many, as far as peers show them.
    pub entries: u64,
    /// When the next of them is taken, Unix milliseconds.
    pub until: u64,
}

impl Replica {
    /// The documents changed what is charged to whom.
    pub(super) fn quotas_changed(&mut self, now: Now) {
        let governance = self.state.governance();
        let params = *governance.params();
        self.quotas.shown_by = shown_by(governance.members().count());
        if params != self.quotas.params {
            self.quotas.params = params;
            self.quotas.own = None;
            for bucket in self.quotas.others.values_mut() {
                bucket.set(&params, now.mono);
            }
        }
        self.fetch.brakes.release_all();
    }

    // ---- what others bring in ----

    /// How far enough organisations show a log. Of an unknown author none is counted as its own.
    fn shown_len(&self, log: LogId, author: Option<OrgId>) -> u64 {
        let Some(needed) = self.quotas.shown_by.saturating_sub(usize::from(author.is_some())).checked_sub(1) else {
            return u64::MAX;
        };
        let mut lens: BTreeMap<OrgId, u64> = BTreeMap::new();
        for session in self.sessions.values() {
            let Some(org) = session.org.filter(|org| Some(*org) != author) else { continue };
            let Some(item) = session.ahead.get(&log) else { continue };
            let len = lens.entry(org).or_default();
            *len = item.good_len.max(*len);
        }
        let mut lens: Vec<u64> = lens.into_values().collect();
        lens.sort_unstable_by(|a, b| b.cmp(a));
        lens.get(needed).copied().unwrap_or(0)
    }

    /// Whose entries of a log are charged, and from where on; none if they are not. `first` is one of them.
    pub(super) fn charged(&self, log: LogId, first: Option<&VerifiedEntry>) -> Option<Charged> {
        if self.quotas.is_off() {
            return None;
        }
        let opened = || Some(Opening::of(first?)?.certificate);
        let org = self.state.org_of_log(log).or_else(|| self.state.documents().org_of(opened()?))?;
        let is_free = org == self.settings.org || self.is_pinned_by_motion(log);
        (!is_free).then(|| Charged { org, free: self.shown_len(log, Some(org)) })
    }

    fn is_pinned_by_motion(&self, log: LogId) -> bool {
        let line = self.state.judged(log).map(|judged| judged.line);
        let source = line.and_then(|line| match line {
            Line::RemovedPinned(_, source) | Line::Closed(_, source) => Some(source),
            _ => None,
        });
        matches!(source, Some(PinSource::Removal(_)))
    }

    /// What an entry would cost for which there is no room now; none if it is free, or fits, or would not be appended.
    pub(super) fn exceeds(
        &self,
        now: Now,
        charged: Option<Charged>,
        log: LogId,
        entry: &VerifiedEntry,
    ) -> Option<Cost> {
        let cost = cost_beyond(charged?, entry)?;
        let org = charged?.org;
        let is_next = match self.state.record(log) {
            // A pinned chain takes the place of the one held.
            Some(record) => match record.log().fit(entry) {
                Fit::Next => true,
                Fit::Twin => record.judged().line.pin().is_some(),
                Fit::Held | Fit::Gap | Fit::OtherChain | Fit::LowerSuite => false,
            },
            None => entry.header().seq == 0,
        };
        (is_next && self.quotas.ready(org, cost, now.mono) > now.mono).then_some(cost)
    }

    /// An entry of somebody else was appended.
    pub(super) fn charge(&mut self, now: Now, charged: Option<Charged>, log: LogId, entry: &VerifiedEntry) {
        if self.quotas.is_off() {
            return;
        }
        if let Some(charged) = charged
            && let Some(cost) = cost_beyond(charged, entry)
        {
            self.quotas.charge(charged.org, cost, now.mono);
        } else if self.state.org_of_log(log) == Some(self.settings.org) {
            // Another node of the own organisation wrote it: what is left is computed from all of them when it matters.
            self.quotas.own = None;
        }
    }

    /// Takes a proof that a log forks; whether it was news. Of a log without entries it costs as much as opening it.
    pub(super) fn took_proof_in_quota(&mut self, now: Now, proof: VerifiedForkProof, out: &mut Outbox) -> bool {
        let certificate = CertificateId(proof.history().0);
        let log = Opening::new(proof.key().to_bytes(), proof.incarnation(), certificate).log;
        let opens = proof.seq() == 0 && self.state.record(log).is_none() && !self.quotas.is_off();
        let org = self.state.documents().org_of(certificate).filter(|org| opens && *org != self.settings.org);
        let cost = Cost { entries: OPENING, bytes: 0 };
        if org.is_some_and(|org| self.quotas.ready(org, cost, now.mono) > now.mono) {
            return false;
        }
        let is_news = self.took_proof(proof, out);
        if let Some(org) = org.filter(|_| is_news) {
            self.quotas.charge(org, cost, now.mono);
        }
        is_news
    }

    /// Whether an entry that was heard of is beyond its organisation's quota. Ahead of its log it stands for all that
    /// is missing below it.
    pub(super) fn is_over_quota(&self, now: Now, entry: &VerifiedEntry) -> bool {
        let Some(log) = self.state.log_of(entry) else { return false };
        let Some(charged) = self.charged(log, Some(entry)) else { return false };
        let len = self.state.record(log).map_or(0, |record| record.log().len());
        let seq = entry.header().seq;
        if seq <= len {
            return self.exceeds(now, Some(charged), log, entry).is_some();
        }
        let Some(own) = cost_beyond(charged, entry) else { return false };
        let missing = seq.saturating_sub(len.max(charged.free));
        let cost = own.plus(Cost { entries: missing, bytes: 0 });
        self.quotas.ready(charged.org, cost, now.mono) > now.mono
    }

    /// At most how many bytes the next page of a log may have; none if the log waits for its organisation's quota.
    pub(super) fn page_bytes(&mut self, now: Now, item: &FrontierItem, from: u64) -> Option<u32> {
        let page = u32::try_from(limits::PAGE_MAX).unwrap_or(u32::MAX);
        let log = item.log;
        if self.quotas.is_off() {
            return Some(page);
        }
        let Some(org) = self.state.org_of_log(log).or_else(|| self.fetch.brakes.org_of(log)) else {
            // Only its first entry tells whose it is: unless it is free anyway, that alone is asked for.
            return Some(if self.shown_len(log, None) > from { page } else { 1 });
        };
        let is_free = org == self.settings.org || self.is_pinned_by_motion(log);
        if is_free || from < self.shown_len(log, Some(org)) {
            self.fetch.brakes.done(log);
            return Some(page);
        }
        let least = Cost::of(from, limits::PAYLOAD_MIN.into());
        let next = self.fetch.brakes.next_cost(log).unwrap_or(least);
        if !self.fetch.brakes.begin(org, log, next) || self.quotas.ready(org, next, now.mono) > now.mono {
            self.fetch.brakes.done(log);
            self.fetch.brakes.wait(org, log, next);
            return None;
        }
        let full = Bucket::full(&self.quotas.params, now.mono);
        let room = self.quotas.others.get(&org).unwrap_or(&full).room(Share::Whole, now.mono);
        // A page has one entry at least, and no more than fit even if all are as small as can be.
        let by_entries = room.entries.saturating_mul(TRAVELLING_MIN);
        Some(u32::try_from(by_entries.min(room.bytes)).unwrap_or(page).clamp(1, page))
    }

    /// More is shown of a log: it may be free now.
    pub(super) fn look_again(&mut self, log: LogId) {
        if !self.fetch.brakes.is_waiting(log) {
            return;
        }
        let held = self.state.record(log).map_or(0, |record| record.log().len());
        let org = self.state.org_of_log(log).or_else(|| self.fetch.brakes.org_of(log));
        if held < self.shown_len(log, org) {
            self.fetch.brakes.release(log);
        }
    }

    /// Gives turns where there is room; whether a log may be asked for now that might not before.
    pub(super) fn give_turns(&mut self, now: Now) -> bool {
        let quotas = &self.quotas;
        self.fetch.brakes.settle(now.mono, |org, cost| quotas.ready(org, cost, now.mono))
    }

    /// What waits for the quota of its organisation. A difference from others that is only this mends itself.
    pub fn over_quota(&self, now: Now) -> Vec<OverQuota> {
        let missing = |log: &LogId| {
            let held = self.state.record(*log).map_or(0, |record| record.log().len());
            let shown = self.sessions.values().filter_map(|session| session.ahead.get(log)).map(|item| item.good_len);
            shown.max().unwrap_or(0).saturating_sub(held)
        };
        let over = self.fetch.brakes.over().map(|(org, logs, at)| OverQuota {
            org,
            entries: logs.iter().map(missing).sum(),
            until: to_wall(now, at),
        });
        over.collect()
    }

    /// Whether more of a log waits for the quota of its organisation.
    pub fn waits_for_quota(&self, log: LogId) -> bool {
        self.fetch.brakes.over().any(|(_, logs, _)| logs.contains(&log))
    }
}

/// What an entry costs, if it lies beyond what is free.
fn cost_beyond(charged: Charged, entry: &VerifiedEntry) -> Option<Cost> {
    let header = entry.header();
    (header.seq >= charged.free).then(|| Cost::of(header.seq, header.payload_len.into()))
}

/// A time of the steady clock as one of the wall clock.
pub(super) const fn to_wall(now: Now, mono: u64) -> u64 {
    now.wall.saturating_add(mono.saturating_sub(now.mono))
}
