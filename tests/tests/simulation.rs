//! The simulator's seeds: everything comes out equal, whatever went wrong before.

#![expect(clippy::print_stdout, reason = "what was met is part of the result")]

use lyceum_tests::sim::{Configuration, run};

/// Two nodes, one entry, nothing goes wrong: the smallest alliance.
#[test]
fn an_entry_reaches_the_other_node() {
    let report = run(Configuration::calm(1, 2, 1)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(report.acknowledged, 1);
    // The entry, and a node record of each.
    assert_eq!(report.good, 3);
}

/// A founder, one newcomer by card, one by invitation.
#[test]
fn newcomers_by_card_and_by_invitation_take_their_seats() {
    let configuration = Configuration { invited: 1, by_card: 1, ..Configuration::calm(2, 4, 10) };
    let report = run(configuration).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(report.acknowledged, 20);
}

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
        Err(_) => default,
    }
}

/// As many seeds as one likes: `LYCEUM_SEED` is the first, `LYCEUM_SEEDS` how many, `LYCEUM_PEERS` and
/// `LYCEUM_ENTRIES` how large.
#[test]
#[ignore = "as long as one likes"]
fn a_range_of_seeds_comes_out_equal() {
    let (first, count) = (number("LYCEUM_SEED", 1), number("LYCEUM_SEEDS", 20));
    let peers = usize::try_from(number("LYCEUM_PEERS", 50)).expect("a number of peers");
    let entries = number("LYCEUM_ENTRIES", 2_000);
    let mut failed = Vec::new();
    for seed in first..first + count {
        let began = std::time::Instant::now();
        match run(Configuration::of(seed, peers, entries)) {
            Ok(report) => println!("seed {seed} in {:?}: {report:?}", began.elapsed()),
            Err(broken) => {
                println!("{broken}");
                failed.push((seed, broken.promise));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {count} seeds fail:\n{failed:#?}", failed.len());
}
