//! How results are ordered, in numbers that come out equal on every node.
//!
//! A result's rank is its text score times its recency. The text score is BM25 (k1 = 1.2, b = 0.75) over the whole
//! text, with the same again for words in the title (twice) and among tags and models (once); frequencies and lengths
//! are counted over the publications that stand, never estimated, and scores are summed as whole numbers, so that
//! neither the layout of the index nor the order of a sum shows. Recency is (1 + H / (H + age)) / 2 with H of one
//! year and the age counted from the `now` of the query. Equal ranks are in order of their ids. Of any ten results in
//! a row, one organisation has at most four while another has something to show.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lyceum_protocol::hash::{EntryId, OrgId};

const K1: f64 = 1.2;
const B: f64 = 0.75;
/// Text scores are counted in parts of this.
pub const SCALE: f64 = 65_536.0;
/// After this many milliseconds recency has lost half of what it gives.
pub const HALF_AGE: u64 = 365 * 24 * 60 * 60 * 1_000;
/// Results of which one organisation's share is bounded.
pub const BLOCK: usize = 10;
/// That share.
pub const OF_ONE_ORG: usize = 4;
/// What recency is counted in: this is "now".
const NEWEST: u64 = 65_536;

/// The natural logarithm of a positive finite number by basic operations alone: those are exact to the last bit on
/// every machine, and the logarithms of system libraries are not.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0) - 1_023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let (square, mut power, mut sum) = (s * s, s, 0.0);
    for odd in 0..16_u32 {
        sum += power / f64::from(2 * odd + 1);
        power *= square;
    }
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * sum
}

fn float(number: u64) -> f64 {
    // Counts of entries and words stay far below 2^53.
    u32::try_from(number).map_or_else(|_| number as f64, f64::from)
}

/// What a rare word counts more than a common one: it stands in `found` of `all` publications.
pub fn idf(all: u64, found: u64) -> f64 {
    let (all, found) = (float(all.max(found)), float(found));
    ln(1.0 + (all - found + 0.5) / (found + 0.5))
}

/// What length takes away, for each of the 256 lengths that an index tells apart.
#[derive(Debug, Clone)]
pub struct Lengths([f64; 256]);

impl Lengths {
    /// For a field of which `words` stand in `all` publications. `length` says what each step stands for.
    pub fn new(all: u64, words: u64, length: impl Fn(u8) -> u32) -> Self {
        let mean = if all == 0 || words == 0 { 1.0 } else { float(words) / float(all) };
        let mut steps = [0.0; 256];
        for (step, value) in (0_u8..=255).zip(steps.iter_mut()) {
            *value = K1 * (1.0 - B + B * f64::from(length(step)) / mean);
        }
        Self(steps)
    }

    /// The score of a word that occurs so often in a text of such length.
    pub fn score(&self, weight: f64, times: u32, step: u8) -> u32 {
        let times = f64::from(times);
        let length = self.0.get(usize::from(step)).copied().unwrap_or(K1);
        let score = weight * (times * (K1 + 1.0) / (times + length)) * SCALE;
        // Between 0 and some 100 times the scale; a cast of floats saturates.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by what stands above")]
        let score = score as u32;
        score.max(1)
    }
}

/// Scores of one word in one field, worked out before: by how often it occurs, up to four times, and by length.
#[derive(Debug)]
pub struct Scores(Vec<u32>);

impl Scores {
    /// Works them out. They are those of [`Lengths::score`].
    pub fn new(lengths: &Lengths, weight: f64) -> Self {
        let of = |times: u32| (0_u8..=255).map(move |step| lengths.score(weight, times, step));
        Self((1..=4).flat_map(of).collect())
    }

    /// The score of a word that occurs so often in a text of such length, if it was worked out.
    pub fn get(&self, times: u32, step: u8) -> Option<u32> {
        let row = usize::try_from(times.checked_sub(1)?).ok()?;
        self.0.get(row.saturating_mul(256).saturating_add(usize::from(step))).copied()
    }
}

/// How recent a claim of time is, between a half and one, in parts of 65,536.
pub fn recency(time: u64, now: u64) -> u64 {
    let age = now.saturating_sub(time);
    let half = NEWEST / 2;
    half + half * HALF_AGE / HALF_AGE.saturating_add(age)
}

/// Rank of a text score and a recency.
pub fn rank(text: u32, recency: u64) -> u64 {
    u64::from(text).saturating_mul(recency)
}

/// The highest rank that a text score can have.
pub fn best_rank(text: u32) -> u64 {
    rank(text, NEWEST)
}

/// A rank as people and scripts see it.
pub fn shown(rank: u64) -> f64 {
    let score = float(rank) / (SCALE * float(NEWEST));
    (score * 10_000.0).round() / 10_000.0
}

/// A place among the results: the higher rank, then the smaller id.
pub type Place = (u64, Reverse<EntryId>);

/// The best `wanted` places of one organisation.
#[derive(Debug, Clone)]
pub struct Best<T> {
    /// Ordered, the worst first.
    places: BTreeMap<Place, T>,
}

impl<T> Default for Best<T> {
    fn default() -> Self {
        Self { places: BTreeMap::new() }
    }
}

impl<T> Best<T> {
    /// Takes a result in, and the worst out if there are too many.
    pub fn take(&mut self, place: Place, result: T, wanted: usize) {
        self.places.insert(place, result);
        if self.places.len() > wanted {
            self.places.pop_first();
        }
    }
}

/// The highest ranks of one organisation, without ids: everything that may be among the best `wanted`, and now and then
/// more. Equal ranks are all kept, for their ids decide.
#[derive(Debug, Clone)]
pub struct Highest<T> {
    kept: Vec<(u64, T)>,
    least: u64,
    wanted: usize,
    /// From so many on the lower ones are thrown out.
    full: usize,
}

impl<T> Highest<T> {
    /// None yet, of `wanted`, which is at least 1.
    pub const fn of(wanted: usize) -> Self {
        Self { kept: Vec::new(), least: 0, wanted, full: wanted.saturating_mul(3) }
    }

    /// A rank below which nothing has a place any more: 0 while there is room.
    pub const fn least(&self) -> u64 {
        self.least
    }

    /// Takes a result in.
    pub fn take(&mut self, rank: u64, result: T) {
        if rank < self.least {
            return;
        }
        self.kept.push((rank, result));
        if self.kept.len() >= self.full {
            self.throw_out();
            // Where most are equal it is not tried again and again.
            self.full = self.kept.len().max(self.wanted).saturating_mul(3);
        }
    }

    fn throw_out(&mut self) {
        let last = self.wanted.saturating_sub(1);
        if last < self.kept.len() {
            let (_, (least, _), _) = self.kept.select_nth_unstable_by_key(last, |(rank, _)| Reverse(*rank));
            self.least = *least;
            let least = self.least;
            self.kept.retain(|(rank, _)| *rank >= least);
        }
    }

    /// Takes in all of another.
    pub fn join(&mut self, other: Self) {
        other.into_kept().for_each(|(rank, result)| self.take(rank, result));
    }

    /// All that may have a place, in no order.
    pub fn into_kept(mut self) -> impl Iterator<Item = (u64, T)> {
        self.throw_out();
        self.kept.into_iter()
    }
}

/// The first `wanted` results over all organisations, none of them with more than its share.
pub fn shared<T>(orgs: BTreeMap<OrgId, Best<T>>, wanted: usize) -> Vec<(Place, T)> {
    let mut orgs: Vec<(BTreeMap<Place, T>, usize)> = orgs.into_values().map(|best| (best.places, 0)).collect();
    let mut results = Vec::new();
    while results.len() < wanted {
        if results.len() % BLOCK == 0 {
            orgs.iter_mut().for_each(|(_, taken)| *taken = 0);
        }
        let next = |(places, taken): &mut (BTreeMap<Place, T>, usize)| {
            // Those that had their share come last.
            places.last_key_value().map(|(place, _)| (*taken < OF_ONE_ORG, *place))
        };
        let best = orgs.iter_mut().enumerate().filter_map(|(n, org)| next(org).map(|key| (key, n))).max();
        let Some((_, n)) = best else { break };
        let Some((places, taken)) = orgs.get_mut(n) else { break };
        *taken += 1;
        results.extend(places.pop_last());
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_logarithm_is_that_of_the_library_but_for_the_last_bits() {
        for x in [1.0, 1.000_001, 1.5, 2.0, 3.0, 10.0, 1e6, 2_000_001.0, 1e15] {
            let (own, library) = (ln(x), f64::ln(x));
            assert!((own - library).abs() <= 1e-14 * library.abs().max(1.0), "{x}: {own} {library}");
        }
    }

    #[test]
    fn rare_words_in_short_texts_count_more_and_never_nothing() {
        let lengths = Lengths::new(1_000, 100_000, u32::from);
        assert!(lengths.score(idf(1_000, 3), 1, 50) > lengths.score(idf(1_000, 300), 1, 50));
        assert!(lengths.score(1.0, 1, 20) > lengths.score(1.0, 1, 200));
        assert!(lengths.score(1.0, 3, 50) > lengths.score(1.0, 1, 50));
        assert!(lengths.score(idf(1_000, 1_000), 1, 255) > 0);
        assert!(idf(0, 0).is_finite() && Lengths::new(0, 0, u32::from).score(1.0, 1, 9) > 0);
    }

    #[test]
    fn recency_falls_from_one_to_a_half_and_knows_no_future() {
        assert_eq!(recency(100, 100), 65_536);
        assert_eq!(recency(u64::MAX, 100), 65_536);
        assert_eq!(recency(0, HALF_AGE), 49_152);
        assert_eq!(recency(0, u64::MAX), 32_768);
        assert!((shown(rank(65_536, 65_536)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_worked_out_before_is_what_is_worked_out_now() {
        let lengths = Lengths::new(1_000, 100_000, u32::from);
        let scores = Scores::new(&lengths, 1.7);
        for (times, step) in [(1, 0), (1, 255), (3, 40), (4, 255)] {
            assert_eq!(scores.get(times, step), Some(lengths.score(1.7, times, step)));
        }
        assert_eq!((scores.get(0, 1), scores.get(5, 0)), (None, None));
    }

    fn id(n: u8) -> EntryId {
        EntryId([n; 32])
    }

    fn best(ranks: &[(u64, u8)]) -> Best<()> {
        let mut best = Best::default();
        ranks.iter().for_each(|(rank, n)| best.take((*rank, Reverse(id(*n))), (), 100));
        best
    }

    #[test]
    fn equal_ranks_are_in_order_of_their_ids() {
        let orgs = BTreeMap::from([(OrgId([1; 32]), best(&[(5, 3), (5, 1)])), (OrgId([2; 32]), best(&[(5, 2)]))]);
        let ids: Vec<EntryId> = shared(orgs, 10).into_iter().map(|((_, id), ())| id.0).collect();
        assert_eq!(ids, [id(1), id(2), id(3)]);
    }

    /// Threat 21: poisoned ranking.
    #[test]
    fn one_organisation_fills_no_page_while_others_have_something() {
        let flood: Vec<(u64, u8)> = (0..100).map(|n| (1_000 - u64::from(n), n)).collect();
        let others: Vec<(u64, u8)> = (0..9).map(|n| (9 - u64::from(n), 100 + n)).collect();
        let orgs = || BTreeMap::from([(OrgId([1; 32]), best(&flood)), (OrgId([2; 32]), best(&others))]);
        let page = shared(orgs(), 30);
        let of_flood = |from: usize| page[from..from + 10].iter().filter(|((rank, _), ())| *rank > 9).count();
        assert_eq!(of_flood(0), 6, "both have their four, then the better ones fill up");
        assert_eq!((of_flood(10), of_flood(20)), (6, 9), "who has no more leaves the rest");
        let short: Vec<Place> = shared(orgs(), 7).into_iter().map(|(place, ())| place).collect();
        let long: Vec<Place> = page.iter().take(7).map(|(place, ())| *place).collect();
        assert_eq!(short, long, "how many are asked for does not change their order");
    }

    proptest! {
        #[test]
        fn what_may_have_a_place_is_kept(ranks in prop::collection::vec(0_u64..20, 0..120), wanted in 1_usize..8) {
            let (mut highest, mut other) = (Highest::of(wanted), Highest::of(wanted));
            let (mut best, mut all) = (Best::default(), Best::default());
            for (n, rank) in (0_u8..).zip(&ranks) {
                // What is below the least need not be offered, and two come to the same as one.
                let highest = if n % 3 == 0 { &mut other } else { &mut highest };
                if *rank >= highest.least() {
                    highest.take(*rank, n);
                }
                all.take((*rank, Reverse(id(n))), (), wanted);
            }
            highest.join(other);
            highest.into_kept().for_each(|(rank, n)| best.take((rank, Reverse(id(n))), (), wanted));
            prop_assert_eq!(best.places, all.places);
        }
    }
}
