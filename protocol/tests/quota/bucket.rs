use lyceum_protocol::document::charter::Params;
use lyceum_protocol::quota::{Bucket, Cost, DAY, DAYS_SAVED, OPENING, Share, shown_by};
use proptest::prelude::*;

const SHARES: [Share; 2] = [Share::Whole, Share::Publications];

fn params(entries_per_day: u32, bytes_per_day: u64) -> Params {
    Params { entries_per_day, bytes_per_day, attachment_bytes: 0 }
}

fn any_params() -> impl Strategy<Value = Params> {
    let entries = prop_oneof![Just(0), 1..5_000_u32, any::<u32>()];
    let bytes = prop_oneof![Just(0), 1..100_000_000_u64, any::<u64>()];
    (entries, bytes).prop_map(|(entries, bytes)| params(entries, bytes))
}

fn any_cost() -> impl Strategy<Value = Cost> {
    let number = || prop_oneof![1..100_u64, 1..1_000_000_u64, 1..=u64::MAX];
    (number(), number()).prop_map(|(entries, bytes)| Cost { entries, bytes })
}

fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_000_u64, 0..100 * DAY, any::<u64>()]
}

/// A bucket with some history, whose clock went back now and then.
fn any_bucket() -> impl Strategy<Value = (Params, Bucket)> {
    let uses = prop::collection::vec((any_time(), any_cost()), 0..8);
    (any_params(), uses).prop_map(|(params, uses)| {
        let mut bucket = Bucket::full(&params, 0);
        for (time, cost) in uses {
            bucket.charge(cost, time);
        }
        (params, bucket)
    })
}

/// S24: first entry of a log 20, every other 1; bytes of the payload and 141.
#[test]
fn what_an_entry_costs() {
    assert_eq!(Cost::of(0, 16), Cost { entries: 20, bytes: 157 });
    assert_eq!(Cost::of(1, 262_144), Cost { entries: 1, bytes: 262_285 });
    assert_eq!(OPENING, 20);
}

/// S24: min(8, floor(n/3) + 1).
#[test]
fn so_many_organisations_make_an_entry_free() {
    let expected = [(1, 1), (2, 1), (3, 2), (5, 2), (6, 3), (20, 7), (21, 8), (50, 8), (10_000, 8)];
    assert_eq!(expected.map(|(n, _)| (n, shown_by(n))), expected);
}

/// S24: full at the start, seven days' worth, refilled evenly.
#[test]
fn a_bucket_holds_seven_days_and_fills_evenly() {
    let mut bucket = Bucket::full(&params(10, 0), 5);
    let one = Cost { entries: 1, bytes: 1 };
    for _ in 0..70 {
        assert_eq!(bucket.ready(one, Share::Whole, 5), 5);
        bucket.charge(one, 5);
    }
    for n in 1..=70 {
        let at = 5 + n * DAY / 10;
        assert_eq!(bucket.room(Share::Whole, at).entries, n);
        assert_eq!(bucket.room(Share::Whole, at - 1).entries, n - 1);
    }
    assert_eq!(bucket.room(Share::Whole, u64::MAX).entries, 70);
    assert_eq!(bucket.ready(one, Share::Whole, 5), 5 + DAY / 10);
}

#[test]
fn publications_leave_a_tenth() {
    let mut bucket = Bucket::full(&params(10, 0), 0);
    let schedule = bucket.schedule([(Cost { entries: 1, bytes: 0 }, Share::Publications); 70], 0);
    assert_eq!((schedule.fits, schedule.next, schedule.last), (63, DAY / 10, 7 * DAY / 10));
    bucket.charge(Cost { entries: 63, bytes: 0 }, 0);
    assert_eq!(SHARES.map(|share| bucket.room(share, 0).entries), [7, 0]);
}

/// S24: what is larger than the bucket comes when that is wholly free.
#[test]
fn what_never_fits_comes_when_the_bucket_is_free() {
    let mut bucket = Bucket::full(&params(1, 1), 0);
    let large = Cost::of(0, 262_144);
    assert_eq!(SHARES.map(|share| bucket.ready(large, share, 0)), [0, 0]);
    bucket.charge(large, 0);
    assert_eq!(bucket.ready(large, Share::Whole, 0), large.bytes * DAY);
}

#[test]
fn without_a_limit_there_is_always_room() {
    let mut bucket = Bucket::full(&params(0, 0), 0);
    bucket.charge(Cost { entries: u64::MAX, bytes: u64::MAX }, 0);
    assert_eq!(bucket.ready(Cost { entries: u64::MAX, bytes: u64::MAX }, Share::Publications, 7), 7);
}

/// S24: another charter scales the bucket.
#[test]
fn other_parameters_leave_the_share_that_is_used() {
    let mut bucket = Bucket::full(&params(100, 0), 0);
    bucket.charge(Cost { entries: 350, bytes: 0 }, 0);
    bucket.set(&params(10, 0), 0);
    assert_eq!(bucket.room(Share::Whole, 0).entries, 35);
    bucket.set(&params(1_000, 0), 0);
    assert_eq!(bucket.room(Share::Whole, 0).entries, 3_500);
    bucket.set(&params(0, 0), 0);
    bucket.set(&params(10, 0), 0);
    assert_eq!(bucket.room(Share::Whole, 0).entries, 70);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn there_is_room_from_ready_on_and_not_before(
        (params, bucket) in any_bucket(), cost in any_cost(), now in any_time(), part in 0..2_usize,
    ) {
        let share = SHARES[part];
        let at = bucket.ready(cost, share, now);
        prop_assert!(at >= now);
        // What is larger than the bucket counts as large as that.
        let most = Bucket::full(&params, 0).room(share, 0);
        let fits = |time: u64| {
            let room = bucket.room(share, time);
            room.entries >= cost.entries.min(most.entries) && room.bytes >= cost.bytes.min(most.bytes)
        };
        let exact = cost.entries <= most.entries && cost.bytes <= most.bytes;
        prop_assert!(at == u64::MAX || fits(at));
        prop_assert!(at == now || !exact || !fits(at - 1));
    }

    #[test]
    fn room_grows_with_time_and_never_beyond_full(
        (params, bucket) in any_bucket(), one in any_time(), other in any_time(),
    ) {
        let (early, late) = (one.min(other), one.max(other));
        for share in SHARES {
            let (before, after) = (bucket.room(share, early), bucket.room(share, late));
            let most = Bucket::full(&params, 0).room(share, 0);
            prop_assert!(before.entries <= after.entries && before.bytes <= after.bytes);
            prop_assert!(after.entries <= most.entries && after.bytes <= most.bytes);
            let saved = u128::from(params.entries_per_day) * u128::from(DAYS_SAVED);
            prop_assert!(params.entries_per_day == 0 || u128::from(after.entries) <= saved);
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing(
        (_, bucket) in any_bucket(), back in any_time(), then in any_time(),
    ) {
        let mut gone_back = bucket;
        gone_back.charge(Cost::default(), then);
        let at_then = gone_back;
        gone_back.charge(Cost::default(), back.min(then));
        prop_assert_eq!(gone_back, at_then);
        prop_assert_eq!(gone_back.room(Share::Whole, back.min(then)), at_then.room(Share::Whole, then));
    }

    #[test]
    fn other_parameters_never_give_more_than_full(
        (_, bucket) in any_bucket(), next in any_params(), now in any_time(),
    ) {
        let mut changed = bucket;
        changed.set(&next, now);
        let most = Bucket::full(&next, 0).room(Share::Whole, 0);
        let room = changed.room(Share::Whole, now);
        prop_assert!(room.entries <= most.entries && room.bytes <= most.bytes);
    }

    /// In no span of time more goes in than was saved and what the days are worth.
    #[test]
    fn no_more_than_seven_days_and_the_time_that_passed(
        per_day in 1..50_u32, steps in prop::collection::vec(0..DAY / 4, 1..400),
    ) {
        let mut bucket = Bucket::full(&params(per_day, 0), 0);
        let one = Cost { entries: 1, bytes: 0 };
        let (mut now, mut taken) = (0, 0_u128);
        // Time that passes while it is full is lost: it is emptied first.
        for step in std::iter::once(0).chain(steps) {
            now += step;
            while bucket.ready(one, Share::Whole, now) == now {
                bucket.charge(one, now);
                taken += 1;
            }
            let worth = u128::from(per_day) * u128::from(DAYS_SAVED * DAY + now) / u128::from(DAY);
            prop_assert_eq!(taken, worth);
        }
    }

    #[test]
    fn a_bucket_is_computed_again_from_its_uses_in_any_order(
        params in any_params(), mut uses in prop::collection::vec((0..30 * DAY, any_cost()), 0..12), now in 0..60 * DAY,
    ) {
        let computed = Bucket::after(&params, uses.clone(), now, 7);
        uses.sort_by_key(|(time, _)| *time);
        let mut bucket = Bucket::full(&params, 0);
        for (time, cost) in uses {
            bucket.charge(cost, time.min(now));
        }
        for share in SHARES {
            prop_assert_eq!(computed.room(share, 7), bucket.room(share, now));
        }
    }
}
