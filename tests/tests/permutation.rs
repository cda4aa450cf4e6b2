//! I2: any permutation, repetition or batching of one set of objects gives one state root, the naive evaluator's.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use lyceum_tests::naive::Line;
use lyceum_tests::permutation::{Failure, Shown, check};
use lyceum_tests::shrink::shrink;
use lyceum_tests::universe::Universe;

const FIRST_SEED: u64 = 1;

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
        Err(_) => default,
    }
}

#[derive(Default)]
struct Tally {
    lines: BTreeMap<Line, u64>,
    effects: BTreeMap<(u8, bool), u64>,
    met: BTreeMap<&'static str, u64>,
    rounds: usize,
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
        let fork_at_zero = outcome.items.values().any(|item| item.fork == Some(0));
        for (name, here) in [
            ("contested charter", outcome.contested),
            ("epochs above 1", outcome.chain.len() > 2),
            ("other branch in some order", shown.other_branch > 0),
            ("something erased", !outcome.erased.is_empty()),
            ("fork at 0", fork_at_zero),
            ("objects missing", universe.configuration.missing_objects),
        ] {
            *self.met.entry(name).or_default() += u64::from(here);
        }
        self.rounds = self.rounds.max(shown.rounds);
    }
}

#[test]
fn every_order_of_arrival_ends_in_the_state_root_of_the_naive_evaluator() {
    let universes = number("LYCEUM_UNIVERSES", 200);
    let orders = number("LYCEUM_ORDERS", 20);
    let first = number("LYCEUM_SEED", FIRST_SEED);
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let failures: Mutex<Vec<(u64, Failure)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + universes {
                        return;
                    }
                    let universe = Universe::generate(seed);
                    match check(&universe, 0..orders) {
                        Ok(shown) => tally.lock().unwrap().add(&universe, &shown),
                        Err(failure) => failures.lock().unwrap().push((seed, failure)),
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort_by_key(|(seed, _)| *seed);
    if let Some((seed, failure)) = failures.first() {
        let seeds: Vec<_> = failures.iter().map(|(seed, failure)| (seed, failure.promise)).collect();
        let universe = Universe::generate(*seed);
        let (small, smallest) = shrink(&universe, failure);
        panic!(
            "{} universes fail: {seeds:?}\nthe first: {:?}\n{failure}\nshrunk to {}\n{smallest}",
            seeds.len(),
            universe.configuration,
            small.describe(),
        );
    }
    let tally = tally.into_inner().unwrap();
    println!("{universes} universes, {orders} orders each, at most {} rounds", tally.rounds);
    println!("lines {:?}", tally.lines);
    println!("motions in force by (operation, sealed) {:?}", tally.effects);
    println!("met {:?}", tally.met);
    if universes >= 200 {
        for line in Line::ALL {
            assert!(tally.lines.contains_key(&line), "no log stands at {line:?}");
        }
        // Admit, Remove, Settle and Erase passed and sealed; an Invite passed, its seat sealed as an Admit.
        for kind in
            [(0, false), (0, true), (1, false), (2, false), (2, true), (3, false), (3, true), (4, false), (4, true)]
        {
            assert!(
                tally.effects.contains_key(&kind),
                "no motion in force of operation {} (sealed: {})",
                kind.0,
                kind.1
            );
        }
        for (name, count) in tally.met {
            assert!(count > 0, "never met: {name}");
        }
    }
}
