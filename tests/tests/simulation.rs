//! The simulator's seeds: everything comes out equal, whatever went wrong before.
//!
//! `LYCEUM_SEED` (the first), `LYCEUM_SEEDS` (how many), `LYCEUM_PEERS` and `LYCEUM_ENTRIES` change what the range of
//! seeds tries: `cargo test -p lyceum-tests --test simulation range -- --ignored --nocapture`.

#![expect(clippy::print_stdout, reason = "what was met is part of the result")]
#![expect(clippy::expect_used, reason = "a test stops where its own threads or settings fail")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use lyceum_tests::sim::{Broken, Character, Configuration, Report, run};

const SEEDS: u64 = 20;
const PEERS: usize = 50;
const ENTRIES: u64 = 2_000;
const THREADS: usize = 2;

/// Everything that the seeds have to meet between them.
const FAULTS: [&str; 27] = [
    "answers withheld",
    "backups restored",
    "bad answers",
    "clock jumps",
    "crashes",
    "crashes that lost unsynced writes",
    "equivocations",
    "forked logs pinned",
    "garbage in answers",
    "garbage in gossip",
    "gossip rejected",
    "lies",
    "messages lost",
    "messages that a partition ended",
    "messages that arrived twice",
    "messages that overtook others",
    "newcomers by card",
    "newcomers by invitation",
    "old answers",
    "one-way partitions",
    "other stories in pages",
    "partitions",
    "payloads withheld",
    "publications erased by their authors",
    "removals",
    "requests without an answer",
    "slow peers",
];

/// Every request that nodes make so far.
const REQUESTS: [&str; 9] = ["changed", "digest", "docs", "entries", "headers", "hello", "items", "payloads", "proofs"];

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
        Err(_) => default,
    }
}

/// Runs these seeds side by side; stops with the first that fails.
fn run_all(first: u64, count: u64, configure: impl Fn(u64) -> Configuration + Sync) -> Vec<(u64, Report)> {
    let next = AtomicU64::new(first);
    let (reports, broken) = (Mutex::new(Vec::new()), Mutex::new(None::<Box<Broken>>));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || broken.lock().expect("no thread panics").is_some() {
                        return;
                    }
                    match run(configure(seed)) {
                        Ok(report) => reports.lock().expect("no thread panics").push((seed, report)),
                        Err(failed) => *broken.lock().expect("no thread panics") = Some(failed),
                    }
                }
            });
        }
    });
    if let Some(broken) = broken.into_inner().expect("no thread panics") {
        panic!("{broken}");
    }
    let mut reports = reports.into_inner().expect("no thread panics");
    reports.sort_by_key(|(seed, _)| *seed);
    reports
}

/// Adds up what was met, prints it, returns faults and requests.
fn tally(reports: &[(u64, Report)]) -> [BTreeMap<&'static str, u64>; 2] {
    let (mut met, mut asked) = (BTreeMap::new(), BTreeMap::new());
    for (seed, report) in reports {
        println!(
            "seed {seed}: {} events, healed after {} ms, {} good, {} acknowledged, {} lost, {} forks, trace {:016x}",
            report.events,
            report.healed_after,
            report.good,
            report.acknowledged,
            report.lost,
            report.forks,
            report.trace
        );
        for (sum, counts) in [(&mut met, &report.met), (&mut asked, &report.asked)] {
            for (name, count) in counts {
                *sum.entry(*name).or_default() += count;
            }
        }
    }
    println!("met: {met:?}\nasked: {asked:?}");
    [met, asked]
}

fn come_out_equal(configuration: Configuration) -> Report {
    run(configuration).unwrap_or_else(|broken| panic!("{broken}"))
}

/// Two nodes, one entry, nothing goes wrong: the smallest alliance.
#[test]
fn an_entry_reaches_the_other_node() {
    let report = come_out_equal(Configuration::calm(1, 2, 1));
    assert_eq!(report.acknowledged, 1);
    // The entry, and a node record of each.
    assert_eq!(report.good, 3);
}

/// A founder, one newcomer by card, one by invitation.
#[test]
fn newcomers_by_card_and_by_invitation_take_their_seats() {
    let configuration = Configuration { invited: 1, by_card: 1, ..Configuration::calm(2, 4, 10) };
    let report = come_out_equal(configuration);
    assert_eq!(report.acknowledged, 20);
}

/// Fifty peers, all that can go wrong, some of them hostile: the honest ones agree, and every fault was met.
#[test]
fn fifty_peers_agree_whatever_went_wrong() {
    let reports = run_all(1, SEEDS, |seed| Configuration::of(seed, PEERS, ENTRIES));
    let [met, asked] = tally(&reports);
    for fault in FAULTS {
        assert!(met.contains_key(fault), "never met: {fault}");
    }
    for request in REQUESTS {
        assert!(asked.contains_key(request), "never asked: {request}");
    }
    assert!(reports.iter().any(|(_, report)| report.forks > 0), "no fork was ever proved");
}

/// Few peers, most of them hostile.
#[test]
fn a_few_honest_peers_agree_among_many_hostile_ones() {
    let configure = |seed| Configuration {
        hostile: vec![
            (Character::Equivocates, 2),
            (Character::Withholds, 1),
            (Character::AnswersOld, 1),
            (Character::SendsGarbage, 1),
            (Character::Lies, 1),
        ],
        pins: true,
        ..Configuration::of(seed, 12, 200)
    };
    tally(&run_all(1_000, 60, configure));
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in [3, 7, 11] {
        let once = come_out_equal(Configuration::of(seed, 12, 200));
        let again = come_out_equal(Configuration::of(seed, 12, 200));
        assert_eq!((once.trace, once.events), (again.trace, again.events), "seed {seed} is not replayed");
    }
}

#[test]
fn another_seed_gives_another_run() {
    let (one, other) = (come_out_equal(Configuration::calm(1, 3, 10)), come_out_equal(Configuration::calm(2, 3, 10)));
    assert_ne!(one.trace, other.trace);
}

/// Gossip is only speed.
#[test]
fn peers_agree_without_any_gossip() {
    let configuration = Configuration { gossip: false, ..Configuration::of(5, 12, 200) };
    let report = come_out_equal(configuration);
    assert!(report.acknowledged >= 200);
}

/// The test of the test: nobody compares, so what gossip lost stays lost, and that is seen.
#[test]
fn peers_that_do_not_compare_are_found_out() {
    let configuration = Configuration { sync: false, ..Configuration::of(5, 12, 200) };
    let broken = run(configuration).expect_err("nothing repairs what was lost");
    assert!(broken.promise.contains("rounds after the last fault"), "{broken}");
    let words = broken.to_string();
    assert!(words.contains("seed 5") && words.contains("sync: false"), "{words}");
    assert!(words.lines().count() > 100, "the last hundred events are shown: {words}");
}

/// As many seeds as one likes.
#[test]
#[ignore = "as long as one likes"]
fn a_range_of_seeds_comes_out_equal() {
    let (first, count) = (number("LYCEUM_SEED", 1), number("LYCEUM_SEEDS", SEEDS));
    let peers = usize::try_from(number("LYCEUM_PEERS", PEERS as u64)).expect("a number of peers");
    let entries = number("LYCEUM_ENTRIES", ENTRIES);
    tally(&run_all(first, count, |seed| Configuration::of(seed, peers, entries)));
}
