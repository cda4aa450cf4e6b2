use lyceum_protocol::entry::{Draft, Kind};
use lyceum_protocol::quota::DAY;
use lyceum_protocol::replica::{CallId, Event, Heard, Outcome};

use crate::fixtures::Writer;
use crate::node::{Alliance, Node, WALL, draft};

fn note(node: &Node<'_>) -> Draft {
    let content = br#"{"type":"note","title":"A note"}"#;
    Draft { time: node.now.wall, ..draft(Kind::PUBLICATION, content) }
}

fn withdrawal(node: &Node<'_>) -> Draft {
    let link = format!(r#"{{"rel":"retracts","target":"{}"}}"#, "ab".repeat(32));
    let content = format!(r#"{{"type":"notice","title":"Withdrawn","reason":"wrong","links":[{link}]}}"#);
    Draft { time: node.now.wall, ..draft(Kind::PUBLICATION, content.as_bytes()) }
}

fn published(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Published(_))
}

/// Publishes until it is refused; how many went, and until when it is refused.
fn publish_all(node: &mut Node<'_>) -> (u64, u64) {
    for n in 0.. {
        let draft = note(node);
        match node.publish(vec![draft]) {
            Outcome::Published(entries) => assert_eq!(entries.len(), 1),
            Outcome::Refused { reason, until } => {
                assert!(reason.contains("quota") && reason.contains("10 entries"), "{reason}");
                return (n, until);
            }
            other => panic!("{other:?}"),
        }
    }
    unreachable!("there is a quota")
}

/// S24: an author's node leaves a tenth to withdrawals and protocol entries, and says when publishing goes on.
#[test]
fn an_author_stops_at_nine_tenths_and_is_told_the_time() {
    let alliance = Alliance::new(1 + 2, 10, 0);
    let mut node = Node::start(&alliance);
    // Of 70 there are 63 for publications, and the first counts as 20.
    let (went, until) = publish_all(&mut node);
    assert_eq!((went, until), (44, WALL + DAY / 10));
    for _ in 0..7 {
        let draft = withdrawal(&node);
        assert!(published(&node.publish(vec![draft])));
    }
    let erase = draft(Kind::ERASE, &[0; 16]);
    assert!(matches!(node.publish(vec![erase.clone()]), Outcome::Refused { until, .. } if until == WALL + 8 * DAY / 10
        || until == WALL + DAY / 10));
    node.wait(DAY / 10);
    assert!(published(&node.publish(vec![erase])));
    let (none, until) = publish_all(&mut node);
    assert_eq!((none, until), (0, node.now.wall + 8 * DAY / 10));
    node.wait(8 * DAY / 10);
    assert_eq!(publish_all(&mut node).0, 1);
}

/// S24: all of a call or nothing, and how many would go.
#[test]
fn a_call_is_published_whole_or_not_at_all() {
    let alliance = Alliance::new(3, 10, 0);
    let mut node = Node::start(&alliance);
    let many = |node: &Node<'_>, n: usize| vec![note(node); n];
    let schedule = node.replica.schedule(node.now, &[48; 50]);
    assert_eq!((schedule.fits, schedule.next, schedule.last), (44, WALL + DAY / 10, WALL + 6 * DAY / 10));
    let drafts = many(&node, 45);
    let Outcome::Refused { reason, until } = node.publish(drafts) else { panic!("45 are too many") };
    assert!(reason.contains("fewer at a time") && until == 0, "{reason}");
    let drafts = many(&node, 40);
    assert!(published(&node.publish(drafts)));
    let drafts = many(&node, 6);
    let Outcome::Refused { until, .. } = node.publish(drafts) else { panic!("4 are left") };
    assert_eq!(until, WALL + 2 * DAY / 10);
    assert_eq!(node.replica.own_quota(node.now).left.entries, 4);
    node.wait(2 * DAY / 10);
    let drafts = many(&node, 6);
    assert!(published(&node.publish(drafts)));
}

/// What waits to be written is counted before it is.
#[test]
fn calls_that_come_together_are_counted_together() {
    let alliance = Alliance::new(3, 10, 0);
    let mut node = Node::start(&alliance);
    let drafts = vec![note(&node); 30];
    let mut out = lyceum_protocol::replica::Outbox::default();
    node.replica.handle(node.now, Event::Publish { call: CallId(1), drafts: drafts.clone() }, &mut out);
    drop(out);
    node.turn(Event::Publish { call: CallId(2), drafts });
    assert!(matches!(node.replies.as_slice(), [Outcome::Refused { .. }]), "{:?}", node.replies);
}

/// S24: after a restart the bucket is what the stored entries say, by their claims.
#[test]
fn a_restart_does_not_fill_the_bucket() {
    let alliance = Alliance::new(3, 10, 0);
    let mut node = Node::start(&alliance);
    assert_eq!(publish_all(&mut node).0, 44);
    node.wait(DAY);
    let mut node = Node::over(&alliance, node.replica.state().clone(), node.now.wall);
    assert_eq!(node.replica.own_quota(node.now).left.entries, 10);
    // A clock that stands years behind its own entries: they count as written now.
    let earlier = Node::over(&alliance, node.replica.state().clone(), WALL - 1_000 * DAY);
    assert_eq!(earlier.replica.own_quota(earlier.now).left.entries, 0);
    // This start opens another log, which counts as 20.
    assert_eq!(publish_all(&mut node).0, 0);
    node.wait(DAY);
    assert_eq!(publish_all(&mut node).0, 1);
}

/// S24: the nodes of one organisation share its bucket.
#[test]
fn another_node_of_the_organisation_uses_the_same_bucket() {
    let alliance = Alliance::new(3, 10, 0);
    let own = &alliance.orgs[1];
    let other = Writer::new(alliance.network(), &own.nodes[1], 1, own.zero.id()).with(20);
    let mut node = Node::start(&alliance);
    assert_eq!(node.replica.own_quota(node.now).left.entries, 63);
    // Written long ago by their claims: that is over.
    for entry in &other.entries {
        node.gossip(0, Heard::Entry(entry.clone()));
    }
    assert_eq!(node.replica.own_quota(node.now).left.entries, 63);
    let mut node = Node::over(&alliance, node.replica.state().clone(), 1_750_000_100_100);
    assert_eq!(node.replica.own_quota(node.now).left.entries, 63 - 39);
    assert_eq!(publish_all(&mut node).0, 5);
}

#[test]
fn without_a_limit_nothing_is_refused() {
    let alliance = Alliance::new(3, 0, 0);
    let mut node = Node::start(&alliance);
    let drafts = vec![note(&node); 500];
    assert!(published(&node.publish(drafts)));
    assert_eq!(node.replica.own_quota(node.now).left.entries, u64::MAX);
}
