//! One organisation publishes far more than the charter grants: the others' entries are not delayed, its own come later.

#![expect(clippy::print_stdout, reason = "how long things took is part of the result")]

use lyceum_tests::sim::{Configuration, FloodReport, flood};

/// Six organisations, twenty entries a day each: 140 are saved.
fn flooded(configuration: Configuration, entries: u64) -> FloodReport {
    let configuration = Configuration { entries_per_day: 20, trouble: 90_000, ..configuration };
    let report = flood(configuration, entries).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{} delays, {} ms for 99 of 100, {report:?}", report.delays.len(), p99(&report));
    report
}

fn p99(report: &FloodReport) -> u64 {
    report.delays[report.delays.len() * 99 / 100]
}

/// Threat 7.
#[test]
fn flooder_does_not_delay_others_p99() {
    let calm = flooded(Configuration::calm(1, 6, 120), 0);
    let report = flooded(Configuration::calm(1, 6, 120), 320);
    assert!(report.delays.len() > 80 && p99(&report) <= p99(&calm) + 1_000, "{report:?}");
    // What was saved is taken at once. Every entry is paid for by two of the five nodes at least, so that all of them
    // together take no more than five halves of it.
    let (fewest, most) = report.taken;
    assert!(fewest >= 100 && most <= 350 && report.published >= 320, "{report:?}");
    // Nobody asks in vain: little more than a page for each entry and node.
    assert!(report.pages <= 5 * 2 * (report.published - fewest), "{report:?}");
}

/// The same where messages are lost, with and without gossip.
#[test]
fn a_flood_over_a_bad_network_delays_nobody_beyond_a_few_rounds() {
    for (seed, gossip) in [(2, true), (3, false)] {
        let bad = Configuration { loss: 10, jitter: 500, gossip, ..Configuration::calm(seed, 6, 60) };
        let report = flooded(bad, 320);
        assert!(p99(&report) <= 3 * 75_000, "{report:?}");
    }
}
