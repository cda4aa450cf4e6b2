//! What this node may publish: the bucket of its own organisation (PROTOCOL 4.6, SPEC S24).
//!
//! What would be over quota elsewhere is refused here first, before it is signed, with the time from which it may go.

use crate::document::charter::Params;
use crate::entry::header::{FLAG_SEALED, Kind};
use crate::entry::{Draft, VerifiedEntry};
use crate::limits;
use crate::publication::{Publication, Rel};
use crate::quota::{Bucket, Cost, Schedule, Share};
use crate::replica::Replica;
use crate::replica::event::Now;
use crate::replica::quotas::to_wall;

/// Between two computations of the own bucket that nothing waits for, in milliseconds.
const OWN_EVERY: u64 = 1_000;

/// The own organisation's quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnQuota {
    /// What the adopted charter says.
    pub params: Params,
    /// What may be published now before publications are refused; the largest numbers where there is no limit.
    pub left: Cost,
}

impl Replica {
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
    let (name, unit) = units.into_iter().find(|(_, unit)| bytes.is_multiple_of(*unit)).unwrap_or(("bytes", 1));
    format!("{} {name}", bytes / unit)
}
