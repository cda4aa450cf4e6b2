//! I2: any permutation, repetition or batching of one set of objects gives one state root, the naive evaluator's.
//!
//! `LYCEUM_UNIVERSES`, `LYCEUM_ORDERS` and `LYCEUM_SEED` (the first) change how much is tried.

#![expect(clippy::print_stdout, reason = "what was met is part of the result")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use lyceum_protocol::document::motion::Operation;
use lyceum_tests::naive::Line;
use lyceum_tests::permutation::{Failure, Shown, check};
use lyceum_tests::shrink::shrink;
use lyceum_tests::universe::Universe;

const UNIVERSES: u64 = 200;
const ORDERS: u64 = 1_000;
const FIRST_SEED: u64 = 1;
const THREADS: usize = 2;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
        Err(_) => default,
    }
}

/// What all universes together showed.
#[derive(Default)]
struct Tally {
    lines: BTreeMap<Line, u64>,
    /// By operation and whether a charter seals it.
    effects: BTreeMap<(u8, bool), u64>,
    met: BTreeMap<&'static str, u64>,
    rounds: usize,
    failures: BTreeMap<u64, Failure>,
}

impl Tally {
    fn add(&mut self, universe: &Universe, shown: &Shown) {
        let outcome = &shown.outcome;
        for line in outcome.lines.values() {
            *self.lines.entry(*line).or_default() += 1;
        }
        for effect in &outcome.effects {
            *self.effects.entry((effect.op, effect.sealed)).or_default() += 1;
        }
        for (name, here) in [
            ("contested charter", outcome.contested),
            ("three epochs and more", outcome.chain.len() > 2),
            ("another branch of charters in some orders", shown.other_branch > 0),
            ("entries erased", !outcome.erased.is_empty()),
            ("a fork at 0", outcome.items.values().any(|item| item.fork == Some(0))),
            ("a fork above 0", outcome.items.values().any(|item| item.fork.is_some_and(|at| at > 0))),
            ("objects missing", universe.configuration.missing_objects),
            ("more than the bounds allow", universe.configuration.crowded),
            ("motions beyond the sixteen", outcome.bounds.kept.len() >= 16 && !outcome.bounds.dropped.is_empty()),
            ("what no honest tool makes", universe.configuration.odd),
        ] {
            *self.met.entry(name).or_default() += u64::from(here);
        }
        self.rounds = self.rounds.max(shown.rounds);
    }

    fn merge(&mut self, other: Self) {
        for (line, count) in other.lines {
            *self.lines.entry(line).or_default() += count;
        }
        for (effect, count) in other.effects {
            *self.effects.entry(effect).or_default() += count;
        }
        for (name, count) in other.met {
            *self.met.entry(name).or_default() += count;
        }
        self.rounds = self.rounds.max(other.rounds);
        self.failures.extend(other.failures);
    }

    fn assert_everything_was_met(&self) {
        for line in Line::ALL {
            assert!(self.lines.contains_key(&line), "no log stands at {line:?}");
        }
        assert!(self.effects.contains_key(&(Operation::INVITE, false)), "no Invite is in force");
        for op in [Operation::ADMIT, Operation::REMOVE, Operation::SETTLE, Operation::ERASE] {
            for sealed in [false, true] {
                assert!(self.effects.contains_key(&(op, sealed)), "no operation {op} in force, sealed: {sealed}");
            }
        }
        for (name, count) in &self.met {
            assert!(*count > 0, "never met: {name}");
        }
    }
}

/// Takes seeds until there are no more.
fn work(next: &AtomicU64, end: u64, orders: u64) -> Tally {
    let mut tally = Tally::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return tally;
        }
        let universe = Universe::generate(seed);
        match check(&universe, 0..orders) {
            Ok(shown) => tally.add(&universe, &shown),
            Err(failure) => drop(tally.failures.insert(seed, failure)),
        }
    }
}

/// M11, L11, S9: what is kept is a function of the set, and so is the state root.
#[test]
fn every_order_of_arrival_ends_in_the_state_root_of_the_naive_evaluator() {
    let universes = number("LYCEUM_UNIVERSES", UNIVERSES);
    let orders = number("LYCEUM_ORDERS", ORDERS);
    let first = number("LYCEUM_SEED", FIRST_SEED);
    let next = AtomicU64::new(first);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(|| work(&next, first.saturating_add(universes), orders))).collect();
        for worker in workers {
            match worker.join() {
                Ok(found) => tally.merge(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    if let Some((seed, failure)) = tally.failures.first_key_value() {
        let all: Vec<_> = tally.failures.iter().map(|(seed, failure)| (seed, failure.promise)).collect();
        let universe = Universe::generate(*seed);
        let (small, smallest) = shrink(&universe, failure);
        panic!(
            "{} universes fail: {all:?}\nthe first: {:?}\n{failure}\nshrunk to\n{}{smallest}",
            all.len(),
            universe.configuration,
            small.describe(),
        );
    }
    println!("{universes} universes from seed {first}, {orders} orders each, at most {} rounds", tally.rounds);
    println!("lines: {:?}", tally.lines);
    println!("motions in force by (operation, sealed): {:?}", tally.effects);
    println!("universes with: {:?}", tally.met);
    if universes >= UNIVERSES {
        tally.assert_everything_was_met();
    }
}
