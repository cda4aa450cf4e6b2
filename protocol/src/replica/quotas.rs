//! Quotas as this node keeps them: what others may bring in, and what it may publish itself (PROTOCOL 4.6, SPEC S24).
//!
//! An entry is charged once, when it is appended. What enough organisations show already is not new and costs nothing.

use std::collections::BTreeMap;

use crate::document::charter::Params;
use crate::entry::header::{FLAG_SEALED, Kind};
use crate::entry::{Draft, VerifiedEntry};
use crate::fork::VerifiedForkProof;
use crate::frontier::FrontierItem;
use crate::governance::PinSource;
use crate::hash::{CertificateId, LogId, OrgId};
use crate::limits;
use crate::log::{Fit, Opening};
use crate::publication::{Publication, Rel};
use crate::quota::{Bucket, Cost, OPENING, Schedule, Share, shown_by};
use crate::replica::Replica;
use crate::replica::effect::Outbox;
use crate::replica::event::Now;
use crate::standing::Line;
use crate::state::State;

/// Fewest bytes that an entry takes in a page: without `ext`, its payload erased.
const TRAVELLING_MIN: u64 = (8 + limits::HEADER_MIN + limits::SIGNATURE_LEN + 4) as u64;

/// Between two computations of the own bucket that nothing waits for, in milliseconds.
const OWN_EVERY: u64 = 1_000;

/// Buckets, and by how many organisations an entry has to be shown to be free.
#[derive(Debug)]
pub(crate) struct Quotas {
    params: Params,
    shown_by: usize,
    /// Of others, full at a start. One that is missing is full.
    others: BTreeMap<OrgId, Bucket>,
    /// Of the own organisation, on the steady clock; none where it has to be computed from its entries again.
    own: Option<Bucket>,
    /// Before this it is not computed again unless something is to be published.
    own_at: u64,
}

impl Quotas {
    pub(crate) fn new(state: &State) -> Self {
        let governance = state.governance();
        let shown_by = shown_by(governance.members().count());
        Self { params: *governance.params(), shown_by, others: BTreeMap::new(), own: None, own_at: 0 }
    }

    const fn is_off(&self) -> bool {
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

/// The own organisation's quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnQuota {
    /// What the adopted charter says.
    pub params: Params,
    /// What may be published now before publications are refused; the largest numbers where there is no limit.
    pub left: Cost,
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

    // ---- what this node publishes ----

    /// The bucket of the own organisation: as its stored entries say, by their claims, all its nodes' together.
    fn own_bucket(&self, now: Now) -> Bucket {
        if let Some(bucket) = self.quotas.own {
            return bucket;
        }
        let mut uses: Vec<(u64, Cost)> = Vec::new();
        for record in self.state.records() {
            let opening = record.log().opening();
            let is_own = opening.key == *self.settings.key.as_bytes()
                || self.state.org_of_log(opening.log) == Some(self.settings.org);
            if is_own {
                let facts = (0_u64..).zip(record.facts());
                uses.extend(facts.map(|(seq, fact)| (fact.time, Cost::of(seq, fact.payload_len.into()))));
            }
        }
        Bucket::after(&self.quotas.params, uses, now.wall, now.mono)
    }

    /// Computes it where that is due: a pass over all own entries, so not at every entry of another own node.
    pub(super) fn refresh_own_bucket(&mut self, now: Now) {
        if self.quotas.own.is_none() && self.quotas.own_at <= now.mono {
            self.quotas.own = Some(self.own_bucket(now));
            self.quotas.own_at = now.mono.saturating_add(OWN_EVERY);
        }
    }

    /// The same, without what waits to be written.
    fn own_room(&self, now: Now) -> Bucket {
        let mut bucket = self.own_bucket(now);
        bucket.charge(self.author.reserved(), now.mono);
        bucket
    }

    /// What drafts cost, in order; the first opens a log where one has to be opened.
    fn costs(&self, payloads: impl Iterator<Item = u64>) -> impl Iterator<Item = Cost> {
        let opens = self.author.opens_next(&self.state);
        payloads.enumerate().map(move |(n, len)| Cost::of(u64::from(n > 0 || !opens), len))
    }

    /// Whether drafts may be published now: what they cost, or why not and from when (Unix milliseconds).
    pub(super) fn may_publish(&mut self, now: Now, drafts: &[Draft]) -> Result<Cost, (String, u64)> {
        if self.quotas.is_off() {
            return Ok(Cost::default());
        }
        self.quotas.own = Some(self.own_bucket(now));
        let len = |draft: &Draft| u64::try_from(draft.payload.len()).unwrap_or(u64::MAX);
        let costs: Vec<Cost> = self.costs(drafts.iter().map(len)).collect();
        let total = costs.iter().fold(Cost::default(), |sum, cost| sum.plus(*cost));
        let bucket = self.own_room(now);
        // Whether something is a withdrawal takes a look into it: only where that decides.
        let strict = bucket.schedule(costs.iter().map(|cost| (*cost, Share::Publications)), now.mono);
        let shares = || costs.iter().zip(drafts).map(|(cost, draft)| (*cost, share_of(draft)));
        if strict.fits == drafts.len() || bucket.schedule(shares(), now.mono).fits == drafts.len() {
            return Ok(total);
        }
        let all = Bucket::full(&self.quotas.params, now.mono).schedule(shares(), now.mono);
        if all.fits < drafts.len() {
            let reason = format!("{}; so many at once never fit into it: publish fewer at a time", self.quota_words());
            return Err((reason, 0));
        }
        // Room for all of them at once, by the stricter of the shares.
        let at = bucket.ready(total, Share::Publications, now.mono);
        Err((self.quota_words(), to_wall(now, at)))
    }

    /// What the charter grants each organisation, in words.
    pub fn quota_words(&self) -> String {
        let Params { entries_per_day, bytes_per_day, .. } = self.quotas.params;
        let entries = (entries_per_day > 0).then(|| format!("{entries_per_day} entries"));
        let bytes = (bytes_per_day > 0).then(|| size_words(bytes_per_day));
        let limits: Vec<String> = entries.into_iter().chain(bytes).collect();
        format!(
            "quota: the charter grants each organisation {} a day, seven days' worth saved at most, \
             and the last tenth is kept for withdrawals",
            limits.join(" and ")
        )
    }

    /// Whether there is room for what the node says of itself.
    pub(super) fn may_say(&mut self, now: Now) -> bool {
        self.quotas.own = Some(self.own_bucket(now));
        let cost = Cost::of(u64::from(!self.author.opens_next(&self.state)), limits::PROTOCOL_PAYLOAD_MAX.into());
        self.quotas.is_off() || self.own_room(now).ready(cost, Share::Whole, now.mono) <= now.mono
    }

    /// Own entries are durable.
    pub(super) fn charge_own(&mut self, now: Now, entries: &[VerifiedEntry]) {
        if let Some(bucket) = &mut self.quotas.own {
            for entry in entries {
                bucket.charge(Cost::of(entry.header().seq, entry.header().payload_len.into()), now.mono);
            }
        }
    }

    /// When publications with payloads of these lengths may go, one after another. Times are Unix milliseconds.
    pub fn schedule(&self, now: Now, payloads: &[u64]) -> Schedule {
        let costs = self.costs(payloads.iter().copied());
        let schedule = self.own_room(now).schedule(costs.map(|cost| (cost, Share::Publications)), now.mono);
        Schedule { next: to_wall(now, schedule.next), last: to_wall(now, schedule.last), ..schedule }
    }

    /// The quota of the own organisation.
    pub fn own_quota(&self, now: Now) -> OwnQuota {
        OwnQuota { params: self.quotas.params, left: self.own_room(now).room(Share::Publications, now.mono) }
    }
}

/// What an entry costs, if it lies beyond what is free.
fn cost_beyond(charged: Charged, entry: &VerifiedEntry) -> Option<Cost> {
    let header = entry.header();
    (header.seq >= charged.free).then(|| Cost::of(header.seq, header.payload_len.into()))
}

/// Withdrawals and entries of protocol kinds may use what is kept back.
fn share_of(draft: &Draft) -> Share {
    let content = draft.payload.get(limits::SALT_LEN..).unwrap_or_default();
    let withdraws = || {
        let is_open = draft.kind == Kind::PUBLICATION && draft.flags & FLAG_SEALED == 0;
        let publication = is_open.then(|| Publication::read(content).ok()).flatten();
        publication.is_some_and(|publication| publication.links.iter().any(|link| link.rel == Rel::Retracts))
    };
    if draft.kind.is_protocol() || withdraws() { Share::Whole } else { Share::Publications }
}

fn size_words(bytes: u64) -> String {
    let units = [("MiB", 1 << 20), ("KiB", 1 << 10)];
    let (name, unit) = units.into_iter().find(|(_, unit)| bytes % unit == 0).unwrap_or(("bytes", 1));
    format!("{} {name}", bytes / unit)
}

/// A time of the steady clock as one of the wall clock.
const fn to_wall(now: Now, mono: u64) -> u64 {
    now.wall.saturating_add(mono.saturating_sub(now.mono))
}
