//! Every problem is made to show, and shown to be silent where there is none.

use lyceum_protocol::governance::{Contest, Seat, Stop};
use lyceum_protocol::hash::{CharterId, LogId, OrgId};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::replica::{Now, StoreFault};
use lyceum_protocol::sync::message::RefusalCode;

use super::others::{COMPARED_WITHIN, GRACE, IDLE};
use super::own::{BUILT, CLOCK_BEHIND};
use super::quota::QuotaFacts;
use super::{Facts, PeerFacts, Surroundings, explain};
use crate::api::shapes::{Status, Trouble};
use crate::catch_up::CatchUp;
use crate::network::Addresses;
use crate::store::{StoreId, StoreStatus};

/// The wall clock of these tests.
const WALL: u64 = BUILT + 1_000_000_000;
const HOUR: u64 = 3_600_000;

fn org(number: u8) -> OrgId {
    OrgId([number; 32])
}

/// A peer with which all is well.
fn peer(number: u8) -> PeerFacts {
    PeerFacts {
        key: SecretKey::from_seed(&[number; 32]).public(),
        org: org(number),
        org_name: format!("Lab {number}"),
        connected_for: Some(HOUR),
        takes_us_for_member: Some(true),
        behind: 0,
        last_sync: Some(WALL - 30_000),
        refusal: None,
        unreachable: None,
    }
}

/// An alliance of this node and so many others, all well.
fn facts(others: u8) -> Facts {
    Facts {
        alliance: "aa".to_owned(),
        alliance_name: Some("Alliance".to_owned()),
        epoch: Some(0),
        stop: Stop::Newest,
        org: org(0),
        org_name: "Own".to_owned(),
        seat: Seat::Firm,
        key: SecretKey::from_seed(&[200; 32]).public(),
        entries: 7,
        publications: 5,
        members: u64::from(others) + 1,
        other_members: (1..=others).map(|number| (org(number), format!("Lab {number}"))).collect(),
        digest: [1; 32],
        state_root: [2; 32],
        gaps: 0,
        forked: 0,
        newest_own: Some(WALL - HOUR),
        checked: true,
        waiting: 0,
        key_in_use_twice: [].into(),
        quota: QuotaFacts::unlimited(),
        peers: (1..=others).map(peer).collect(),
    }
}

/// A machine that is well and whose node runs for an hour.
fn around() -> Surroundings {
    Surroundings {
        now: Now { mono: HOUR, wall: WALL },
        since: WALL - HOUR,
        addresses: Addresses::default(),
        http: None,
        store: StoreStatus {
            disk_bytes: 1,
            live_bytes: 1,
            free_bytes: Some(100 << 20),
            reserve_bytes: 64 << 20,
            store: StoreId(3),
            stopped: None,
            refused: None,
        },
        catching_up: None,
        index: crate::index::IndexStatus::default(),
        attachments: None,
    }
}

fn status(change: impl FnOnce(&mut Facts, &mut Surroundings)) -> Status {
    let (mut facts, mut around) = (facts(3), around());
    change(&mut facts, &mut around);
    explain(&facts, &around)
}

#[track_caller]
fn silent(change: impl FnOnce(&mut Facts, &mut Surroundings)) {
    let status = status(change);
    assert!(status.healthy && status.problems.is_empty(), "{:#?}", status.problems);
}

/// The one problem that a change makes; its cause and its advice hold these words.
#[track_caller]
fn shows(cause: &str, advice: &str, change: impl FnOnce(&mut Facts, &mut Surroundings)) -> Trouble {
    let status = status(change);
    assert!(!status.healthy);
    let [problem] = status.problems.as_slice() else { panic!("not one problem: {:#?}", status.problems) };
    assert!(problem.cause.contains(cause), "{cause:?} in {:?}", problem.cause);
    assert!(problem.advice.contains(advice), "{advice:?} in {:?}", problem.advice);
    problem.clone()
}

#[test]
fn a_node_that_is_well_has_no_problem() {
    silent(|_, _| {});
}

#[test]
fn a_clock_before_the_build_date_shows() {
    shows("before this program was built", "set the clock", |_, around| around.now.wall = BUILT - 1);
    silent(|facts, around| {
        around.now.wall = BUILT;
        facts.newest_own = None;
    });
}

#[test]
fn a_clock_far_behind_the_newest_own_entry_shows() {
    shows("15 min behind this node's own newest entry (20", "set the clock", |facts, around| {
        facts.newest_own = Some(around.now.wall + 15 * 60_000);
    });
    silent(|facts, around| facts.newest_own = Some(around.now.wall + CLOCK_BEHIND));
}

#[test]
fn a_disk_below_the_reserve_shows() {
    shows("only 63 MiB are free on the disk and 64 MiB are kept", "make room", |_, around| {
        around.store.free_bytes = Some((64 << 20) - 1);
    });
    silent(|_, around| around.store.free_bytes = Some(64 << 20));
    silent(|_, around| around.store.free_bytes = None);
}

#[test]
fn a_store_that_stopped_or_refused_shows() {
    shows("takes nothing more: no room", "mend the disk, then start", |_, around| {
        around.store.stopped = Some(StoreFault("no room".to_owned()));
        around.store.refused = Some(StoreFault("not this one".to_owned()));
    });
    shows("contradicts what it holds: twice", "start the node again", |_, around| {
        around.store.refused = Some(StoreFault("twice".to_owned()));
    });
}

#[test]
fn a_key_in_use_twice_shows_first() {
    let twice = |facts: &mut Facts| facts.key_in_use_twice = [LogId([5; 32])].into();
    shows("in use twice", "find the other machine", |facts, _| twice(facts));
    let status = status(|facts, _| {
        twice(facts);
        facts.gaps = 1;
    });
    assert!(status.problems[0].cause.contains("in use twice"), "the gravest first");
}

#[test]
fn gaps_and_forks_show_with_their_number() {
    let problem = shows("the text of 4 entries is missing", "asked for again", |facts, _| facts.gaps = 4);
    assert_eq!(problem.behind_entries, Some(4));
    shows("2 logs have two different entries", "ask it", |facts, _| facts.forked = 2);
}

#[test]
fn charters_that_stop_the_alliance_show() {
    shows("charter of the alliance is not here yet", "new invitation", |facts, _| facts.stop = Stop::ChainIncomplete);
    shows("rules (number 9) that this version does not know", "newer version", |facts, _| {
        facts.stop = Stop::UnknownRules { charter: CharterId([1; 32]), rules: 9 };
    });
    shows("contested: 2 voters signed twice", "later round", |facts, _| {
        facts.stop = Stop::Contested(Contest { charters: Vec::new(), double_signers: [org(1), org(2)].into() });
    });
}

#[test]
fn a_seat_that_is_not_there_shows() {
    shows("no seat yet", "lyceum admit CARD", |facts, _| facts.seat = Seat::None);
    shows("two organisations redeemed one invitation", "ask a voter", |facts, _| facts.seat = Seat::Suspended);
    shows("was removed from the alliance", "lyceum init", |facts, _| facts.seat = Seat::Removed);
    silent(|facts, _| facts.seat = Seat::Provisional);
}

#[test]
fn a_peer_that_refuses_shows_with_its_words() {
    let refuses = |code: RefusalCode| {
        move |facts: &mut Facts, _: &mut Surroundings| facts.peers[0].refusal = Some((code, "no room".to_owned()))
    };
    let problem =
        shows("Lab 1 belongs to another alliance", "where the invitation", refuses(RefusalCode::OtherNetwork));
    assert_eq!(problem.peer.as_deref(), Some(status(|_, _| {}).peers[0].node.as_str()));
    shows("Lab 1 refuses to speak with this node: no room", "ask its people", refuses(RefusalCode::Busy));
    shows("Lab 1 speaks no version", "upgrade needed", refuses(RefusalCode::NoCommonVersion));
}

/// One of three cannot be reached; the others suffice for a while.
fn off(facts: &mut Facts, around: &Surroundings) {
    facts.peers[1].connected_for = None;
    facts.peers[1].takes_us_for_member = None;
    facts.peers[1].unreachable = Some(("connection refused".to_owned(), 90_000));
    facts.peers[1].last_sync = Some(around.now.wall - 95_000);
}

#[test]
fn a_peer_that_cannot_be_reached_shows_after_a_moment() {
    shows("Lab 2 cannot be reached since 1 min: connection refused", "firewall", |facts, around| off(facts, around));
    silent(|facts, around| {
        off(facts, around);
        around.now.mono = GRACE - 1;
    });
}

#[test]
fn nobody_connected_shows_once() {
    let alone = |facts: &mut Facts| {
        for peer in &mut facts.peers {
            (peer.connected_for, peer.last_sync) = (None, None);
        }
    };
    shows("no other node is connected", "outgoing connections", |facts, _| alone(facts));
    silent(|facts, around| {
        alone(facts);
        around.now.mono = GRACE - 1;
    });
    silent(|facts, _| (facts.peers, facts.other_members) = (Vec::new(), Vec::new()));
}

#[test]
fn a_peer_that_takes_this_node_for_a_stranger_shows() {
    shows("Lab 1 does not take this node for a member yet", "wait a moment", |facts, _| {
        facts.peers[0].takes_us_for_member = Some(false);
    });
}

#[test]
fn a_peer_that_holds_more_shows_with_how_much() {
    let problem = shows("Lab 3 holds 12 entries that are not here yet", "being fetched", |facts, _| {
        facts.peers[2].behind = 12;
        facts.peers[2].last_sync = None;
    });
    assert_eq!(problem.behind_entries, Some(12));
}

#[test]
fn how_far_it_is_shows_beside_what_is_missing() {
    let progress = |idle_seconds: u64| CatchUp {
        entries: 300,
        of: 1_000,
        per_second: Some(35),
        seconds_left: Some(20),
        since_seconds: 100,
        idle_seconds,
    };
    let behind = |progress: CatchUp| {
        move |facts: &mut Facts, around: &mut Surroundings| {
            facts.peers[2].behind = 700;
            around.catching_up = Some(progress);
        }
    };
    let fetched = "being fetched: 300 of 1000 entries, 35 a second, about 20 s left";
    shows("Lab 3 holds 700 entries that are not here yet", fetched, behind(progress(IDLE - 1)));
    let stuck = "700 entries that are not here yet, and nothing came for 1 min";
    shows(stuck, "ask its people", behind(progress(IDLE)));
    assert_eq!(status(behind(progress(0))).catching_up, Some(progress(0)));
}

#[test]
fn connected_and_never_compared_shows_after_a_moment() {
    let never = |facts: &mut Facts, connected_for: u64| {
        facts.peers[0].connected_for = Some(connected_for);
        facts.peers[0].last_sync = None;
    };
    let young = |around: &mut Surroundings| around.now.mono = COMPARED_WITHIN - 1;
    let problem = shows("Lab 1 is connected since 20 s and was never compared", "ask its people", |facts, around| {
        never(facts, GRACE);
        young(around);
    });
    assert!(problem.peer.is_some());
    silent(|facts, around| {
        never(facts, GRACE - 1);
        young(around);
    });
    shows("Lab 1 is connected since 1 min and has not said a word", "ask its people", |facts, around| {
        never(facts, 60_000);
        facts.peers[0].takes_us_for_member = None;
        young(around);
    });
    silent(|facts, around| {
        // A stranger at the door is nobody to be compared with.
        let stranger = PeerFacts { org: OrgId::ZERO, last_sync: None, takes_us_for_member: None, ..peer(9) };
        facts.peers.push(stranger);
        young(around);
    });
}

#[test]
fn a_comparison_of_long_ago_does_not_count_as_one() {
    let status = status(|facts, around| facts.peers[0].last_sync = Some(around.now.wall - 11 * 60_000));
    let causes: Vec<&str> = status.problems.iter().map(|problem| problem.cause.as_str()).collect();
    let [peer, whole] = causes.as_slice() else { panic!("{causes:?}") };
    assert!(peer.contains("Lab 1 is connected and was last compared with 11 min ago"), "{peer}");
    assert!(whole.contains("compared with 2 of 3 other organisations (3 are wanted"), "{whole}");
    assert!(whole.ends_with("not with Lab 1"), "{whole}");
}

/// An alliance of so many others, of which the first `compared` were compared with lately and the rest never came.
fn compared(others: u8, compared: usize) -> Facts {
    let mut facts = facts(others);
    for peer in facts.peers.iter_mut().skip(compared) {
        (peer.connected_for, peer.takes_us_for_member, peer.last_sync) = (None, None, None);
    }
    facts
}

#[test]
fn a_node_is_stale_that_was_compared_with_fewer_than_all_or_eight() {
    let causes = |facts: &Facts, mono: u64| {
        let around = Surroundings { now: Now { mono, wall: WALL }, ..around() };
        let causes = explain(facts, &around).problems.into_iter().map(|problem| problem.cause);
        causes.filter(|cause| cause.contains("may be stale")).collect::<Vec<_>>()
    };
    for (others, with, stale) in [(1, 1, false), (3, 2, true), (3, 3, false), (20, 7, true), (20, 8, false)] {
        let found = causes(&compared(others, with), COMPARED_WITHIN);
        assert_eq!(!found.is_empty(), stale, "{with} of {others}: {found:?}");
        assert!(causes(&compared(others, with), COMPARED_WITHIN - 1).is_empty(), "too early to tell");
    }
    let [cause] = &causes(&compared(20, 7), COMPARED_WITHIN)[..] else { panic!("one cause") };
    assert!(cause.contains("7 of 20 other organisations (8 are wanted"), "{cause}");
    assert!(cause.ends_with("not with Lab 8, Lab 9, Lab 10, Lab 11, Lab 12, 8 more"), "{cause}");
}

#[test]
fn publications_that_wait_show() {
    shows("2 publications wait", "enough members", |facts, _| (facts.checked, facts.waiting) = (false, 2));
    silent(|facts, _| (facts.checked, facts.waiting) = (false, 0));
    silent(|facts, around| {
        (facts.checked, facts.waiting) = (false, 2);
        around.now.mono = GRACE - 1;
    });
}
