//! How many pages are on their way, and when the next one is asked for (S20).

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use std::collections::BTreeMap;

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::frontier::{FrontierItem, NO_FORK};
use lyceum_protocol::hash::{EntryId, LogId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{CallId, Checked, Effect, Event, Now, Outbox, Replica, Ticket};
use lyceum_protocol::sync::message::{Request, You};
use lyceum_tests::table::{Alliance, log_of};

const NOW: Now = Now { mono: 1_000, wall: 1_000 };

/// A node, and the pages that it has asked for.
struct Puller {
    replica: Replica,
    pages: BTreeMap<Ticket, (PublicKey, LogId, u64)>,
    stores: Vec<Ticket>,
}

impl Puller {
    fn new(alliance: &Alliance) -> Self {
        let replica = alliance.open(alliance.settings(0), NOW);
        Self { replica, pages: BTreeMap::new(), stores: Vec::new() }
    }

    /// Lets something happen; a Hello is answered by a peer that holds the same.
    fn handle(&mut self, event: Event) {
        let mut out = Outbox::default();
        self.replica.handle(NOW, event, &mut out);
        let mut answers = Vec::new();
        for effect in out.drain() {
            match effect {
                Effect::Ask { ticket, request: Request::Hello(hello), .. } => {
                    answers.push(Event::Answered { ticket, result: Ok(Checked::Hello { hello, you: You::Member }) });
                }
                Effect::Ask { ticket, peer, request: Request::Entries { log, from, .. } } => {
                    self.pages.insert(ticket, (peer, log, from));
                }
                Effect::Store { ticket, .. } => self.stores.push(ticket),
                _ => {}
            }
        }
        for answer in answers {
            self.handle(answer);
        }
    }

    /// A peer connects and tells of these logs.
    fn meet(&mut self, peer: PublicKey, mut items: Vec<FrontierItem>) {
        self.handle(Event::PeerUp { peer });
        items.sort_by_key(|item| item.log);
        let docs_root = self.replica.state().docs_root();
        let request = Request::Changed { items: BoundedVec::new(items).unwrap(), docs_root };
        self.handle(Event::Asked { call: CallId(1), peer, request });
    }

    fn asked_of(&self, peer: PublicKey) -> usize {
        self.pages.values().filter(|(of, ..)| *of == peer).count()
    }
}

/// A log that nobody knows yet.
fn unknown(n: u8) -> FrontierItem {
    FrontierItem { log: LogId([n; 32]), good_len: 10, head: EntryId([n; 32]), fork: NO_FORK }
}

/// S20: four pages of one peer, and 64 of 1 MiB in all.
#[test]
fn so_many_pages_are_in_flight_and_no_more() {
    let alliance = Alliance::new(30);
    let mut node = Puller::new(&alliance);
    let peers: Vec<PublicKey> = alliance.orgs.iter().skip(1).map(|org| org.key().public()).collect();
    for (n, peer) in (0..).zip(&peers) {
        node.meet(*peer, (0..6).map(|log| unknown(n * 6 + log)).collect());
        let before = usize::from(n) * 4;
        assert_eq!(node.asked_of(*peer), 4.min(64_usize.saturating_sub(before)), "peer {n}");
    }
    assert_eq!(node.pages.len(), 64);
}

/// S20: a page that is here and being checked is not in flight; eight of one peer with those, whatever it then says.
#[test]
fn the_next_page_is_asked_for_while_one_is_checked() {
    let alliance = Alliance::new(2);
    let mut node = Puller::new(&alliance);
    let peer = alliance.orgs[1].key().public();
    node.meet(peer, (0..20).map(unknown).collect());
    let in_flight: Vec<Ticket> = node.pages.keys().copied().collect();
    assert_eq!(in_flight.len(), 4);
    for (arrived, ticket) in (1..).zip(&in_flight) {
        node.handle(Event::Arrived { ticket: *ticket });
        assert_eq!(node.pages.len(), 4 + arrived);
        node.handle(Event::Arrived { ticket: *ticket });
        assert_eq!(node.pages.len(), 4 + arrived, "it arrives once");
    }
    let fifth = *node.pages.keys().nth(4).unwrap();
    node.handle(Event::Arrived { ticket: fifth });
    assert_eq!(node.pages.len(), 8, "no more than eight, checked ones among them");
    for ticket in in_flight {
        let result = Ok(Checked::Entries(Vec::new()));
        node.handle(Event::Answered { ticket, result });
    }
    assert_eq!(node.pages.len(), 4 + 1 + 4, "four were checked, one is being checked, four are in flight");
}

/// S20: the next page of a log is asked for when the last is durable, not before.
#[test]
fn the_next_page_waits_for_the_disk() {
    let alliance = Alliance::new(2);
    let mut node = Puller::new(&alliance);
    let entries: Vec<VerifiedEntry> = alliance.written(&[], 10, 100, 7);
    let peer = alliance.orgs[1].key().public();
    let log = log_of(&entries);
    node.meet(peer, vec![FrontierItem { log, good_len: 10, head: entries[9].id(), fork: NO_FORK }]);
    let (ticket, (_, _, from)) = node.pages.pop_first().unwrap();
    assert_eq!(from, 0);
    node.handle(Event::Answered { ticket, result: Ok(Checked::Entries(entries[..4].to_vec())) });
    assert!(node.pages.is_empty(), "asked before the page is durable");
    let stored = node.stores.pop().unwrap();
    node.handle(Event::Stored { ticket: stored, result: Ok(()) });
    let next: Vec<u64> = node.pages.values().map(|(_, _, from)| *from).collect();
    assert_eq!(next, [4]);
}
