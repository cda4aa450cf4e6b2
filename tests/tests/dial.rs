//! Where peers are dialled, and when one that cannot answer is asked again.

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use std::sync::Arc;

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::codec;
use lyceum_protocol::entry::protocol_kinds::NodeRecord;
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::hash::TreeHead;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{Checked, Effect, Event, Heard, Now, OfferId, Outbox, Replica, Settings, Ticket};
use lyceum_protocol::sync::message::{RefusalCode, Request};
use lyceum_tests::table::Alliance;

/// The first entry of a log of the writer: a node record.
fn said(alliance: &Alliance, incarnation: u64, time: u64, address: &str) -> VerifiedEntry {
    let record = NodeRecord {
        addresses: BoundedVec::new(vec![BoundedText::new(address).unwrap()]).unwrap(),
        version: BoundedText::default(),
    };
    let payload = [vec![7; 16], codec::encode(&record)].concat();
    let draft = Draft { kind: Kind::NODE_RECORD, marking: 1, flags: 0, time, payload: Arc::from(payload) };
    let history = TreeHead(alliance.writer.certificate.id().0);
    draft.sign(alliance.network, &alliance.writer.key(), Place { incarnation, seq: 0, history }).unwrap()
}

fn hear(replica: &mut Replica, from: PublicKey, at: u64, entry: &VerifiedEntry) {
    let now = Now { mono: at, wall: at };
    let event = Event::Gossiped { offer: OfferId(at), peer: from, heard: Heard::Entry(entry.clone()) };
    replica.handle(now, event, &mut Outbox::default());
}

/// E17: a key that opened two logs is dialled where its newest record says, whichever arrives last.
#[test]
fn the_newest_node_record_of_a_key_counts() {
    let alliance = Alliance::new(2);
    let (old, new) =
        (said(&alliance, 9, 1_000, "/ip4/10.0.0.1/tcp/1"), said(&alliance, 3, 2_000, "/ip4/10.0.0.2/tcp/2"));
    for heard in [[&old, &new], [&new, &old]] {
        let mut node = alliance.open(Settings { gossip: true, ..alliance.settings(0) }, Now::default());
        let teller = alliance.orgs[1].key().public();
        for (at, entry) in (1..).zip(heard) {
            hear(&mut node, teller, at, entry);
        }
        let mut out = Outbox::default();
        node.wake(Now { mono: 60_000, wall: 60_000 }, &mut out);
        let dialled: Vec<Vec<String>> = out
            .drain()
            .filter_map(|effect| match effect {
                Effect::Dial { addresses, .. } => Some(addresses),
                _ => None,
            })
            .collect();
        assert_eq!(dialled, [["/ip4/10.0.0.2/tcp/2"]]);
    }
}

fn hello_of(out: &mut Outbox) -> Option<Ticket> {
    let asked = out.drain().filter_map(|effect| match effect {
        Effect::Ask { ticket, request: Request::Hello(_), .. } => Some(ticket),
        _ => None,
    });
    asked.last()
}

/// S3: *unavailable* passes: a Hello so answered is said again after a second, two, four, up to a minute.
#[test]
fn a_peer_that_cannot_answer_is_asked_again_soon() {
    let alliance = Alliance::new(2);
    let peer = alliance.orgs[1].key().public();
    let mut node = alliance.open(Settings { gossip: true, ..alliance.settings(0) }, Now::default());
    let (mut now, mut pauses) = (Now { mono: 1_000, wall: 1_000 }, Vec::new());
    let mut out = Outbox::default();
    node.handle(now, Event::PeerUp { peer }, &mut out);
    for _ in 0..9 {
        let ticket = hello_of(&mut out).unwrap();
        let result = Ok(Checked::Refused { code: RefusalCode::Unavailable, detail: "starting".to_owned() });
        node.handle(now, Event::Answered { ticket, result }, &mut out);
        let (at, _) = node.wake_at().unwrap();
        pauses.push(at - now.mono);
        now.mono = at;
        node.wake(now, &mut out);
    }
    for (pause, least) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        let least = least * 1_000;
        assert!((least..=least + least / 4).contains(pause), "{pauses:?}");
    }
}
