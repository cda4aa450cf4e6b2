use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::quota::DAY;
use lyceum_protocol::replica::{CallId, Event, Heard, OverQuota, Verdict};
use lyceum_protocol::sync::check::SignedHeader;

use crate::fixtures::{Org, Writer, list, next_charter, sealed_row, secret, signed_charter};
use crate::node::{Alliance, Node, WALL, batch};

fn entry(entry: &VerifiedEntry) -> Heard {
    Heard::Entry(entry.clone())
}

/// S24: a log is asked for as far as there is room, the rest later, evenly; the others' logs at once.
#[test]
fn what_is_over_quota_comes_later_and_delays_nobody() {
    let alliance = Alliance::new(4, 24, 0);
    let (flood, other) = (alliance.log(2, 1).with(200), alliance.log(3, 1).with(30));
    let mut node = Node::start(&alliance);
    node.meets(2, std::slice::from_ref(&flood.entries));
    node.meets(3, std::slice::from_ref(&other.entries));
    // 168 are saved; the first entry counts as 20.
    assert_eq!((node.len(flood.log()), node.len(other.log())), (149, 30));
    let asked = node.pages.len();
    assert!(asked <= 8, "{:?}", node.pages);
    let hour = DAY / 24;
    let waiting = OverQuota { org: alliance.orgs[2].id(), entries: 51, until: WALL + hour };
    assert_eq!(node.replica.over_quota(node.now), [waiting]);
    node.wait(hour - 1);
    assert_eq!((node.len(flood.log()), node.pages.len()), (149, asked), "nobody is asked in vain");
    node.wait(1);
    assert_eq!((node.len(flood.log()), node.pages.len()), (150, asked + 1));
    node.wait(10 * hour);
    assert_eq!((node.len(flood.log()), node.pages.len()), (160, asked + 11));
    assert!(node.pages.iter().skip(asked).all(|(_, log, bytes)| *log == flood.log() && *bytes < 500));
    node.wait(40 * hour);
    assert_eq!(node.len(flood.log()), 200);
    assert_eq!(node.replica.over_quota(node.now), []);
    // Hellos of two peers about every minute, and little else.
    assert!(node.wakes < 2 * 52 * 60, "{} wakes", node.wakes);
}

/// S24: an entry that is too large for what is left waits until there is room for all of it.
#[test]
fn bytes_are_metered_as_well() {
    let alliance = Alliance::new(3, 0, 10_000);
    let mut log = alliance.log(2, 1);
    for _ in 0..20 {
        log.write(Kind::PUBLICATION, &[b'.'; 5_000]);
    }
    let mut node = Node::start(&alliance);
    node.meets(2, std::slice::from_ref(&log.entries));
    // 70,000 are saved; each entry counts 5,016 and 141.
    assert_eq!(node.len(log.log()), 13);
    let asked = node.pages.len();
    let missing = 14 * 5_157 - 70_000;
    node.wait(missing * DAY / 10_000 - 1);
    assert_eq!(node.len(log.log()), 13);
    node.wait(1);
    assert_eq!((node.len(log.log()), node.pages.len()), (14, asked + 1));
}

/// S24: what enough organisations show is not new to the alliance.
#[test]
fn what_enough_organisations_show_is_free() {
    let alliance = Alliance::new(6, 10, 0);
    let log = alliance.log(2, 1).with(300);
    let first = |n: usize| log.entries[..n].to_vec();
    let mut node = Node::start(&alliance);
    // Three have to show it, the author among them.
    node.meets(0, &[first(300)]);
    assert_eq!(node.len(log.log()), 51);
    node.meets(2, &[first(300)]);
    assert_eq!(node.len(log.log()), 51, "the author counts once");
    node.meets(3, &[first(200)]);
    assert_eq!(node.len(log.log()), 200);
    node.meets(4, &[first(300)]);
    assert_eq!(node.len(log.log()), 300);
    assert_eq!(node.replica.over_quota(node.now), []);
}

/// S24: an alliance of two has no brake, nor has the own organisation, nor what a Remove pins.
#[test]
fn two_the_own_organisation_and_what_a_remove_pins_are_free() {
    let two = Alliance::new(2, 1, 1);
    let log = two.log(0, 1).with(100);
    let mut node = Node::start(&two);
    node.meets(0, std::slice::from_ref(&log.entries));
    assert_eq!(node.len(log.log()), 100);

    let alliance = Alliance::new(9, 1, 0);
    let own = &alliance.orgs[1];
    let own = Writer::new(alliance.network(), &own.nodes[1], 1, own.zero.id()).with(100);
    let gone = alliance.log(2, 1).with(100);
    let mut node = Node::start(&alliance);
    node.meets(2, &[own.entries.clone(), gone.entries[..90].to_vec()]);
    assert_eq!((node.len(own.log()), node.len(gone.log())), (100, 1));
    let org = &alliance.orgs[2];
    let remove = Operation::Remove { org: org.id(), certificate: org.zero.id(), pins: list(vec![gone.pin(90)]) };
    node.turn(Event::Govern { call: CallId(9), batch: batch(&[alliance.passed(remove)]) });
    node.meets(0, &[gone.entries[..90].to_vec()]);
    assert_eq!(node.len(gone.log()), 90);
}

/// S24, threat 17: thousands of logs under one key cost 20 entries each, and one page in turn.
#[test]
fn incarnation_flood_bounded() {
    let alliance = Alliance::new(4, 40, 0);
    let flood: Vec<Writer<'_>> = (0..300).map(|n| alliance.log(2, n).with(2)).collect();
    let other = alliance.log(3, 1).with(5);
    let mut logs: Vec<Vec<VerifiedEntry>> = flood.iter().map(|log| log.entries.clone()).collect();
    logs.push(other.entries.clone());
    let mut node = Node::start(&alliance);
    node.meets(2, &logs);
    let opened = |node: &Node<'_>| flood.iter().filter(|log| node.len(log.log()) > 0).count();
    assert_eq!(node.len(other.log()), 5);
    assert!((13..=14).contains(&opened(&node)), "{}", opened(&node));
    // One small question for each log tells whose it is.
    let asked = node.pages.len();
    assert!(asked < 350, "{asked}");
    assert!(node.pages.iter().filter(|(_, _, bytes)| *bytes > 10_000).count() < 3);
    node.wait(10 * DAY);
    assert!(opened(&node) <= 14 + 20, "{}", opened(&node));
    assert!(node.pages.len() - asked <= 500, "{}", node.pages.len() - asked);
    let held: u64 = flood.iter().map(|log| node.len(log.log())).sum();
    assert!(held >= 30, "all of them get on in turn: {held}");
}

/// S23: every verdict on an entry.
#[test]
fn verdicts_on_what_is_heard() {
    let alliance = Alliance::new(4, 10, 0);
    let log = alliance.log(2, 1).with(200);
    let mut node = Node::start(&alliance);
    node.meets(2, std::slice::from_ref(&log.entries));
    node.wait(3 * DAY);
    assert_eq!(node.len(log.log()), 81, "51 and three days' worth");
    // Room for nothing now. Over quota, next and ahead; then held.
    let at = |seq: usize| entry(&log.entries[seq]);
    assert_eq!(node.gossip(0, at(81)), Verdict::Ignore);
    assert_eq!(node.gossip(0, at(90)), Verdict::Ignore);
    assert_eq!(node.gossip(0, at(80)), Verdict::Ignore);
    assert_eq!(node.len(log.log()), 81);

    // Next in its log, ahead of it, held.
    let good = alliance.log(3, 1).with(9);
    assert_eq!(node.gossip(0, entry(&good.entries[0])), Verdict::Accept);
    assert_eq!(node.gossip(0, entry(&good.entries[3])), Verdict::Accept);
    assert_eq!(node.gossip(0, entry(&good.entries[0])), Verdict::Ignore);
    assert_eq!(node.gossip(0, entry(&good.entries[1])), Verdict::Accept);
    // Another entry at a place that is taken.
    let mut twin = good.parted_at(1);
    twin.write(Kind::PUBLICATION, b"another story");
    assert_eq!(node.gossip(0, entry(&twin.entries[1])), Verdict::Ignore);
    // A key that nobody lists.
    let stranger = secret("stranger");
    let strange = Writer::new(alliance.network(), &stranger, 1, alliance.orgs[3].zero.id()).with(1);
    assert_eq!(node.gossip(0, entry(&strange.entries[0])), Verdict::Ignore);
    assert_eq!(node.gossip(0, Heard::Unknown), Verdict::Ignore);
    // What no honest peer passes on.
    assert_eq!(node.gossip(0, Heard::Bad("bad signature".to_owned())), Verdict::Reject);
}

/// S23, S24: what is heard is charged as what is pulled, once.
#[test]
fn what_is_heard_is_charged_when_it_is_appended() {
    let alliance = Alliance::new(4, 10, 0);
    let log = alliance.log(2, 1).with(60);
    let mut node = Node::start(&alliance);
    for seq in 0..51 {
        assert_eq!(node.gossip(3, entry(&log.entries[seq])), Verdict::Accept, "{seq}");
        assert_eq!(node.gossip(3, entry(&log.entries[seq])), Verdict::Ignore, "{seq} again");
    }
    assert_eq!(node.gossip(3, entry(&log.entries[51])), Verdict::Ignore);
    node.wait(DAY / 10);
    assert_eq!(node.gossip(3, entry(&log.entries[51])), Verdict::Accept);
    assert_eq!(node.gossip(3, entry(&log.entries[52])), Verdict::Ignore);
}

/// S24, threat 3: a proof that opens a log costs as much as opening it; one of a log that is held costs nothing.
#[test]
fn fork_proofs_of_unknown_logs_are_charged() {
    let alliance = Alliance::new(4, 10, 0);
    let mut node = Node::start(&alliance);
    let key = alliance.orgs[2].nodes[0].public();
    let proof = |incarnation: u64| {
        let (mut one, mut other) = (alliance.log(2, incarnation), alliance.log(2, incarnation));
        one.write(Kind::PUBLICATION, b"one story");
        other.write(Kind::PUBLICATION, b"another story");
        let theirs = SignedHeader::of(&other.entries[0]);
        (one.entries[0].clone(), Heard::Proof(VerifiedForkProof::between(&one.entries[0], &theirs, &key).unwrap()))
    };
    let (first, held) = proof(9);
    assert_eq!(node.gossip(3, Heard::Entry(first)), Verdict::Accept);
    assert_eq!(node.gossip(3, held), Verdict::Accept);
    // 50 are left: two more, and the third when there is room.
    let verdicts: Vec<Verdict> = (0..4).map(|n| node.gossip(3, proof(n).1)).collect();
    assert_eq!(verdicts, [Verdict::Accept, Verdict::Accept, Verdict::Ignore, Verdict::Ignore]);
    node.wait(DAY);
    assert_eq!(node.gossip(3, proof(2).1), Verdict::Accept);
}

/// S24: when another charter grants more, what waited goes on at once.
#[test]
fn another_charter_counts_at_once() {
    let alliance = Alliance::new(4, 10, 0);
    let log = alliance.log(2, 1).with(200);
    let mut node = Node::start(&alliance);
    node.meets(2, std::slice::from_ref(&log.entries));
    assert_eq!(node.len(log.log()), 51);
    node.wait(DAY);
    assert_eq!(node.len(log.log()), 61);
    let orgs: Vec<&Org> = alliance.orgs.iter().collect();
    let members = orgs.iter().map(|org| org.row()).collect();
    let sealed = orgs.iter().skip(1).map(|org| sealed_row(org.id(), 0, alliance.admit(org).id())).collect();
    let next = next_charter(&alliance.charter, &orgs[..1], 1, members, sealed);
    let mut richer = next.charter.clone();
    richer.params.entries_per_day = 0;
    let charter = richer.into_object(&next.lists).unwrap();
    let signed = signed_charter(&charter, 0, &orgs[..1]);
    node.turn(Event::Govern { call: CallId(9), batch: batch(&[signed]) });
    assert_eq!(node.len(log.log()), 200);
    assert_eq!(node.replica.over_quota(node.now), []);
}

/// Of what is charged to one organisation one page is in flight at a time, whatever its peers leave unanswered.
#[test]
fn one_page_in_flight_of_what_is_charged_to_one_organisation() {
    let alliance = Alliance::new(4, 20, 0);
    let logs: Vec<Writer<'_>> = (0..3).map(|n| alliance.log(2, n).with(30)).collect();
    let mut node = Node::start(&alliance);
    for log in &logs {
        assert_eq!(node.gossip(3, entry(&log.entries[0])), Verdict::Accept);
    }
    node.silent = true;
    let all: Vec<Vec<VerifiedEntry>> = logs.iter().map(|log| log.entries.clone()).collect();
    node.meets(2, &all);
    assert_eq!(node.pages.len(), 1, "{:?}", node.pages);
    // When the peer is gone, so is the turn of its page.
    node.turn(Event::PeerDown { peer: alliance.orgs[2].nodes[0].public() });
    node.silent = false;
    node.meets(2, &all);
    let held: u64 = logs.iter().map(|log| node.len(log.log())).sum();
    assert_eq!(held, 3 + 80);
}
