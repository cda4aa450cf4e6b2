//! L11: what is held of a log is a join. Order, repetition and batches of arrival leave no trace below a fork.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

#[path = "vectors/fixtures.rs"]
#[expect(dead_code, reason = "shared with the vectors")]
mod fixtures;

use std::sync::LazyLock;

use fixtures::{Writer, bytes32, network, secret};
use lyceum_protocol::document::certificate::Pin;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, EntryId};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::log::{Fit, Log, Opening, PinHeld};
use proptest::prelude::*;

const LEN: usize = 9;
static AUTHOR: LazyLock<SecretKey> = LazyLock::new(|| secret("author"));

/// Chains of one log: the first, and for each place one that parts from it there and goes on.
static CHAINS: LazyLock<Vec<Vec<VerifiedEntry>>> = LazyLock::new(|| {
    let first = Writer::new(network(), &AUTHOR, 1, CertificateId(bytes32("certificate"))).with(LEN);
    let parted = (0..LEN).map(|at| {
        let mut other = first.parted_at(at);
        other.write(Kind::PUBLICATION, b"{\"title\":\"another\"}");
        other.with(LEN - at - 1).entries
    });
    let parted: Vec<_> = parted.collect();
    std::iter::once(first.entries).chain(parted).collect()
});

fn opening() -> Opening {
    Opening::of(&CHAINS[0][0]).unwrap()
}

/// What a node does with an entry: append it, or note where it parts from what is held.
fn offer(log: &mut Log, entry: &VerifiedEntry) {
    if log.fork().is_some_and(|fork| fork <= entry.header().seq) {
        return;
    }
    if log.append(entry) == Fit::Twin {
        log.forked_at(entry.header().seq);
    }
}

/// Offers entries in this order, again and again until nothing changes: gaps are asked for again.
fn joined(entries: &[&VerifiedEntry]) -> Log {
    let mut log = Log::new(opening());
    loop {
        let before = log.clone();
        entries.iter().for_each(|entry| offer(&mut log, entry));
        if log == before {
            return log;
        }
    }
}

/// What does not depend on the order: the ids below the fork, and the fork.
fn state(log: &Log) -> (Vec<EntryId>, Option<u64>) {
    let good = log.fork().map_or(log.ids().len(), |fork| usize::try_from(fork).unwrap());
    (log.ids()[..good].to_vec(), log.fork())
}

proptest! {
    /// Two chains that part somewhere: any order and repetition of their entries gives the common prefix and the place.
    #[test]
    fn any_order_of_two_chains_gives_their_common_prefix(
        at in 0..LEN, ends in (0..=LEN, 0..=LEN),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        shuffled in Just((0..2 * LEN).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let (one, other) = (&CHAINS[0][..ends.0], &CHAINS[at + 1][..ends.1]);
        let all: Vec<&VerifiedEntry> = one.iter().chain(other).collect();
        prop_assume!(!all.is_empty());
        let mut offered: Vec<&VerifiedEntry> = order.iter().map(|index| all[index.index(all.len())]).collect();
        offered.extend(shuffled.iter().filter_map(|n| all.get(*n)));
        let parted = ends.0 > at && ends.1 > at;
        let (ids, fork) = state(&joined(&offered));
        prop_assert_eq!(fork, parted.then_some(at as u64));
        let longer = if ends.0 >= ends.1 { one } else { other };
        let len = if parted { at } else { longer.len() };
        prop_assert_eq!(ids, longer[..len].iter().map(VerifiedEntry::id).collect::<Vec<_>>());
    }

    /// Many chains: the lowest fork, and joining the parts first or last makes no difference.
    #[test]
    fn join_is_commutative_associative_and_idempotent(
        parts in prop::collection::vec((0..=LEN, 1..=LEN), 1..5), swap in any::<prop::sample::Index>()
    ) {
        let chains: Vec<&[VerifiedEntry]> = parts.iter().map(|(chain, len)| &CHAINS[*chain][..*len]).collect();
        let forward: Vec<&VerifiedEntry> = chains.iter().copied().flatten().collect();
        let backward: Vec<&VerifiedEntry> = chains.iter().rev().copied().flatten().collect();
        let by_number = {
            let mut entries = forward.clone();
            entries.sort_by_key(|entry| entry.header().seq);
            entries.rotate_left(swap.index(forward.len()));
            entries
        };
        let twice: Vec<&VerifiedEntry> = forward.iter().chain(&backward).copied().collect();
        let expected = state(&joined(&forward));
        prop_assert_eq!(&state(&joined(&backward)), &expected);
        prop_assert_eq!(&state(&joined(&by_number)), &expected);
        prop_assert_eq!(&state(&joined(&twice)), &expected);
        let mut again = joined(&forward);
        forward.iter().for_each(|entry| offer(&mut again, entry));
        prop_assert_eq!(&state(&again), &expected);
    }

    /// A node that lost its memory and reads ids, suite and fork back goes on as if it had not.
    #[test]
    fn a_restored_log_goes_on(at in 0..LEN, before in 0..2 * LEN) {
        let entries: Vec<&VerifiedEntry> = CHAINS[0].iter().chain(&CHAINS[at + 1]).collect();
        let mut log = Log::new(opening());
        entries[..before].iter().for_each(|entry| offer(&mut log, entry));
        let mut restored = Log::restored(opening(), log.ids().to_vec(), log.suite(), log.fork());
        prop_assert_eq!(&restored, &log);
        for entry in &entries[before..] {
            offer(&mut log, entry);
            offer(&mut restored, entry);
        }
        prop_assert_eq!(restored, log);
    }
}

/// L10, L11: fork places join by the smaller, whatever order their proofs come in.
#[test]
fn forks_join_by_the_smaller_place() {
    for (first, second) in [(2, 5), (5, 2), (2, 2)] {
        let mut log = joined(&CHAINS[0].iter().collect::<Vec<_>>());
        assert!(log.forked_at(first));
        assert_eq!(log.forked_at(second), second < first);
        assert_eq!(log.fork(), Some(first.min(second)));
    }
}

/// L9, L10: each place where two chains part gives a proof, whose history is that of the entries held.
#[test]
fn every_parting_gives_a_proof_with_the_history_held() {
    let log = joined(&CHAINS[0].iter().collect::<Vec<_>>());
    for at in 0..LEN {
        let (one, other) = (&CHAINS[0][at], &CHAINS[at + 1][at]);
        let proof = VerifiedForkProof::of(one, other, &AUTHOR.public()).unwrap();
        assert_eq!(Some(proof.history()), log.history_at(proof.seq()));
        assert!(proof.proof().clone().verify(network(), &AUTHOR.public()).is_ok());
        assert_eq!(log.fit(other), Fit::Twin);
        // Above the parting the histories differ: no pair there proves anything.
        for above in at + 1..LEN {
            assert!(VerifiedForkProof::of(&CHAINS[0][above], &CHAINS[at + 1][above], &AUTHOR.public()).is_none());
            assert_eq!(log.fit(&CHAINS[at + 1][above]), Fit::OtherChain);
        }
    }
}

/// L1, L2: an entry of another key or incarnation has no place in a log, though all logs under one certificate begin
/// with one history.
#[test]
fn an_entry_of_another_log_does_not_fit() {
    let (stranger, certificate) = (secret("stranger"), CertificateId(bytes32("certificate")));
    let by_other_key = Writer::new(network(), &stranger, 1, certificate).with(1);
    let other_incarnation = Writer::new(network(), &AUTHOR, 2, certificate).with(1);
    for entry in [&by_other_key.entries[0], &other_incarnation.entries[0]] {
        let mut log = Log::new(opening());
        assert_eq!(log.append(entry), Fit::OtherChain);
        assert!(log.is_empty());
        log.append(&CHAINS[0][0]);
        assert_eq!(log.fit(entry), Fit::OtherChain, "no twin: it would prove a fork that is none");
    }
}

/// L7: after an entry of a higher suite none of a lower one is valid, whatever its signature says.
#[test]
fn a_suite_is_never_lowered() {
    let ids = vec![CHAINS[0][0].id()];
    let mut upgraded = Log::restored(opening(), ids.clone(), 2, None);
    assert_eq!(upgraded.append(&CHAINS[0][1]), Fit::LowerSuite);
    assert_eq!(upgraded.len(), 1);
    assert_eq!(Log::restored(opening(), ids, 1, None).append(&CHAINS[0][1]), Fit::Next);
}

/// L12: a pin names a chain; how much of it is held, or that another is.
#[test]
fn a_pin_is_held_when_its_head_is() {
    let log = joined(&CHAINS[0][..4].iter().collect::<Vec<_>>());
    let pin = |chain: usize, len: usize| Pin {
        log: opening().log,
        len: len as u64,
        head: len.checked_sub(1).map_or(EntryId::ZERO, |last| CHAINS[chain][last].id()),
    };
    assert_eq!(log.pin_held(&pin(0, 0)), PinHeld::Whole);
    assert_eq!(log.pin_held(&pin(0, 3)), PinHeld::Whole);
    assert_eq!(log.pin_held(&pin(0, 7)), PinHeld::Next(4));
    assert_eq!(log.pin_held(&pin(2, 3)), PinHeld::OtherChain);
    let mut cut = log.clone();
    cut.cut(1, 1);
    assert_eq!(cut.pin_held(&pin(2, 3)), PinHeld::Next(1));
    assert_eq!(cut.append(&CHAINS[2][1]), Fit::Next);
    assert_eq!(cut.append(&CHAINS[2][2]), Fit::Next);
    assert_eq!(cut.pin_held(&pin(2, 3)), PinHeld::Whole);
}
