//! How much an organisation may bring into the alliance: a bucket that drains evenly (SPEC S24, PROTOCOL 4.6).
//!
//! Pure arithmetic on integers. A use is measured in parts of a day's worth of one millisecond, so that nothing is ever
//! rounded while it drains, and no number that a charter can hold overflows.

use crate::document::charter::Params;
use crate::limits;

/// Milliseconds of a day.
pub const DAY: u64 = 86_400_000;
/// So many days' worth can be saved.
pub const DAYS_SAVED: u64 = 7;
/// The first entry of a log counts as so many.
pub const OPENING: u64 = 20;
/// Bytes of an entry that count beside its payload: the header without `ext`.
pub const HEADER: u64 = limits::HEADER_MIN as u64;
/// An author leaves so many percent of its bucket to withdrawals and entries of protocol kinds.
pub const KEPT_BACK: u64 = 10;

/// What is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Entries; the first of a log counts as [`OPENING`].
    pub entries: u64,
    /// Bytes: payload length and [`HEADER`] of each entry.
    pub bytes: u64,
}

impl Cost {
    /// Of the entry with this number in its log. Whether its payload is held does not matter.
    pub const fn of(seq: u64, payload_len: u64) -> Self {
        let entries = if seq == 0 { OPENING } else { 1 };
        Self { entries, bytes: payload_len.saturating_add(HEADER) }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { entries: self.entries.saturating_add(other.entries), bytes: self.bytes.saturating_add(other.bytes) }
    }

    /// What is left of it without `other`.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self { entries: self.entries.saturating_sub(other.entries), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

/// How much of a bucket may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All of it.
    Whole,
    /// All but [`KEPT_BACK`] percent: what an author's node grants to publications.
    Publications,
}

/// In an alliance of `members` organisations, what so many of them show is not charged, the author's among them.
pub const fn shown_by(members: usize) -> usize {
    let needed = members / 3 + 1;
    if needed < 8 { needed } else { 8 }
}

/// One of the two measures. `used` counts in 1/[`DAY`] of a unit and drains by `per_day` each millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meter {
    /// 0: no limit.
    per_day: u64,
    used: u128,
}

impl Meter {
    const fn capacity(self) -> u128 {
        self.per_day as u128 * (DAYS_SAVED * DAY) as u128
    }

    const fn ceiling(self, share: Share) -> u128 {
        match share {
            Share::Whole => self.capacity(),
            Share::Publications => self.capacity() / 100 * (100 - KEPT_BACK) as u128,
        }
    }

    fn drain(&mut self, milliseconds: u64) {
        let drained = u128::from(self.per_day).saturating_mul(u128::from(milliseconds));
        self.used = self.used.saturating_sub(drained);
    }

    fn charge(&mut self, units: u64) {
        if self.per_day > 0 {
            self.used = self.used.saturating_add(u128::from(units).saturating_mul(u128::from(DAY)));
        }
    }

    /// Milliseconds until there is room. What is larger than the bucket itself waits until that is wholly free.
    fn wait(self, units: u64, share: Share) -> u64 {
        if self.per_day == 0 {
            return 0;
        }
        let ceiling = self.ceiling(share);
        let needed = u128::from(units).saturating_mul(u128::from(DAY)).min(ceiling);
        let over = self.used.saturating_sub(ceiling.saturating_sub(needed));
        u64::try_from(over.div_ceil(u128::from(self.per_day))).unwrap_or(u64::MAX)
    }

    fn room(self, share: Share) -> u64 {
        if self.per_day == 0 {
            return u64::MAX;
        }
        let room = self.ceiling(share).saturating_sub(self.used) / u128::from(DAY);
        u64::try_from(room).unwrap_or(u64::MAX)
    }

    /// The share that is used stays what it is.
    fn scale(&mut self, per_day: u64) {
        let before = std::mem::replace(&mut self.per_day, per_day);
        if before == per_day {
            return;
        }
        if before == 0 || per_day == 0 {
            self.used = 0;
            return;
        }
        let (before, after) = (u128::from(before), u128::from(per_day));
        let whole = (self.used / before).saturating_mul(after);
        // Both factors are below 2^64.
        let rest = (self.used % before).saturating_mul(after).div_ceil(before);
        self.used = whole.saturating_add(rest);
    }
}

/// What one organisation has used. Times are milliseconds of one clock that the caller chooses; where that goes back,
/// nothing drains until it has caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    entries: Meter,
    bytes: Meter,
    at: u64,
}

impl Bucket {
    /// One that nothing was taken from.
    pub fn full(params: &Params, now: u64) -> Self {
        let meter = |per_day: u64| Meter { per_day, used: 0 };
        Self { entries: meter(params.entries_per_day.into()), bytes: meter(params.bytes_per_day), at: now }
    }

    /// The bucket of someone of whom it is known what was used when. `uses` are times and costs in any order; a time
    /// after `now` counts as `now`. The bucket's own clock shows `at` at that moment.
    pub fn after(params: &Params, mut uses: Vec<(u64, Cost)>, now: u64, at: u64) -> Self {
        uses.sort_unstable_by_key(|(time, _)| *time);
        let mut bucket = Self::full(params, 0);
        for (time, cost) in uses {
            bucket.charge(cost, time.min(now));
        }
        bucket.advance(now);
        Self { at, ..bucket }
    }

    /// Goes over to other parameters. The share of the bucket that is used stays what it is.
    pub fn set(&mut self, params: &Params, now: u64) {
        self.advance(now);
        self.entries.scale(params.entries_per_day.into());
        self.bytes.scale(params.bytes_per_day);
    }

    /// Takes a cost out, whether there is room for it or not.
    pub fn charge(&mut self, cost: Cost, now: u64) {
        self.advance(now);
        self.entries.charge(cost.entries);
        self.bytes.charge(cost.bytes);
    }

    /// When there is room for a cost: `now`, or later.
    pub fn ready(&self, cost: Cost, share: Share, now: u64) -> u64 {
        let then = self.at_time(now);
        let wait = then.entries.wait(cost.entries, share).max(then.bytes.wait(cost.bytes, share));
        if wait == 0 { now } else { then.at.saturating_add(wait) }
    }

    /// What there is room for now.
    pub fn room(&self, share: Share, now: u64) -> Cost {
        let then = self.at_time(now);
        Cost { entries: then.entries.room(share), bytes: then.bytes.room(share) }
    }

    /// When each of several costs may go, one after another, each as soon as there is room for it.
    pub fn schedule(mut self, costs: impl IntoIterator<Item = (Cost, Share)>, now: u64) -> Schedule {
        let mut schedule = Schedule { fits: 0, next: now, last: now };
        for (cost, share) in costs {
            schedule.last = self.ready(cost, share, schedule.last);
            self.charge(cost, schedule.last);
            if schedule.last <= now {
                schedule.fits = schedule.fits.saturating_add(1);
            } else if schedule.next <= now {
                schedule.next = schedule.last;
            }
        }
        schedule
    }

    fn at_time(&self, now: u64) -> Self {
        let mut then = *self;
        then.advance(now);
        then
    }

    fn advance(&mut self, now: u64) {
        if let Some(passed) = now.checked_sub(self.at) {
            self.entries.drain(passed);
            self.bytes.drain(passed);
            self.at = now;
        }
    }
}

/// When several things may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// So many of them, from the first on, may go now.
    pub fits: usize,
    /// When the first of the others may go; now if there is none.
    pub next: u64,
    /// When the last may go; now if all may.
    pub last: u64,
}
