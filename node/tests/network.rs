//! The network room over real sockets of this machine: members, guests, hostile peers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures outside of test functions may fail the test")]

#[path = "network/attachments.rs"]
mod attachments;
#[path = "network/fixture.rs"]
mod fixture;
#[path = "network/hostile.rs"]
mod hostile;

use std::collections::BTreeSet;
use std::time::Duration;

use fixture::{Node, introduce, within};
use lyceum_node::network::{AskFault, Limits, NetEvent, NetworkFault, Topic, Verdict, start};
use lyceum_protocol::limits;
use lyceum_protocol::sync::message::{Answer, RefusalCode};

#[tokio::test]
async fn two_members_exchange_a_request_and_gossip() {
    let (mut a, mut b) = (Node::tcp(1).await, Node::tcp(2).await);
    introduce(&mut [&mut a, &mut b]);
    exchange(&mut a, &mut b).await;
}

#[tokio::test]
async fn quic_works_too() {
    let (mut a, mut b) = (Node::quic(3).await, Node::quic(4).await);
    introduce(&mut [&mut a, &mut b]);
    exchange(&mut a, &mut b).await;
}

async fn exchange(a: &mut Node, b: &mut Node) {
    a.connect(b).await;
    a.net.ask(7, b.key, b"question".to_vec(), Duration::from_secs(10)).unwrap();
    let (call, bytes) = b.asked().await;
    assert_eq!(bytes, b"question");
    b.net.answer(call, vec![9; limits::FRAME_MAX]).unwrap();
    assert_eq!(a.answered(7).await, Ok(vec![9; limits::FRAME_MAX]));
    a.gossip_up(b.key).await;
    let largest = vec![5; limits::GOSSIP_MAX];
    a.net.gossip(Topic::Doc, largest.clone()).unwrap();
    assert_eq!(b.heard().await, (Topic::Doc, largest));
}

#[tokio::test]
async fn gossip_goes_on_only_with_a_verdict_that_accepts_it() {
    let (mut a, mut b, mut c) = (Node::tcp(5).await, Node::tcp(6).await, Node::tcp(7).await);
    introduce(&mut [&mut a, &mut b, &mut c]);
    a.connect(&mut b).await;
    b.connect(&mut c).await;
    a.gossip_up(b.key).await;
    b.gossip_up(c.key).await;
    for (message, verdict) in [("none", None), ("ignored", Some(Verdict::Ignore)), ("good", Some(Verdict::Accept))] {
        a.net.gossip(Topic::Entry, message.into()).unwrap();
        let (offer, bytes) = b.offered().await;
        assert_eq!(bytes, message.as_bytes());
        if let Some(verdict) = verdict {
            b.net.verdict(offer, verdict).unwrap();
        }
    }
    assert_eq!(c.heard().await, (Topic::Entry, b"good".to_vec()), "only the accepted message arrives");
}

/// S19: a guest has requests and no gossip.
#[tokio::test]
async fn a_guest_asks_and_nothing_else_until_it_is_a_member_and_no_more_when_removed() {
    let (mut a, mut b, mut guest) = (Node::tcp(8).await, Node::tcp(9).await, Node::tcp(10).await);
    introduce(&mut [&mut a, &mut b]);
    guest.net.set_members(BTreeSet::from([a.key, b.key]));
    a.connect(&mut b).await;
    a.gossip_up(b.key).await;
    guest.connect(&mut a).await;

    // As a guest.
    guest.net.gossip(Topic::Entry, b"from a guest".to_vec()).unwrap();
    a.net.gossip(Topic::Entry, b"among members".to_vec()).unwrap();
    assert_eq!(b.heard().await.1, b"among members");
    for round in 0..5 {
        guest.net.ask(round, a.key, b"may I".to_vec(), Duration::from_secs(10)).unwrap();
        let (call, _) = a.asked().await;
        a.net.answer(call, b"not yet".to_vec()).unwrap();
        assert_eq!(guest.answered(round).await, Ok(b"not yet".to_vec()));
    }
    assert!(guest.seen.iter().chain(&a.seen).all(|event| !matches!(event, NetEvent::Gossip { .. })));
    assert!(guest.seen.iter().all(|event| !matches!(event, NetEvent::GossipUp { .. })));

    // Admitted: cut once, then it takes part. The answer that admits it is not lost.
    guest.net.ask(9, a.key, b"and now".to_vec(), Duration::from_secs(10)).unwrap();
    let (call, _) = a.asked().await;
    a.net.answer(call, b"seated".to_vec()).unwrap();
    introduce(&mut [&mut a, &mut b, &mut guest]);
    assert_eq!(guest.answered(9).await, Ok(b"seated".to_vec()));
    guest.down(a.key).await;
    a.down(guest.key).await;
    guest.connect(&mut a).await;
    guest.gossip_up(a.key).await;
    guest.net.gossip(Topic::Entry, b"from a member".to_vec()).unwrap();
    assert_eq!(a.heard().await.1, b"from a member");

    // Removed.
    a.net.set_members(BTreeSet::from([b.key]));
    assert!(a.down(guest.key).await.contains("no member any more"));
    guest.down(a.key).await;
}

/// S19: how long a guest stays.
#[tokio::test]
async fn a_guest_leaves_when_its_time_is_over() {
    let mut a = Node::with(11, |limits| limits.guest_for = Duration::from_millis(200)).await;
    let mut guest = Node::tcp(12).await;
    guest.connect(&mut a).await;
    assert!(a.down(guest.key).await.contains("guests"));
    guest.down(a.key).await;
}

/// S19: how many guests there are at once.
#[tokio::test]
async fn only_so_many_guests_are_let_in_and_members_always() {
    let mut a = Node::with(13, |limits| limits.guests = 1).await;
    let (mut first, mut second, mut member) = (Node::tcp(14).await, Node::tcp(15).await, Node::tcp(16).await);
    a.net.set_members(BTreeSet::from([member.key]));
    first.connect(&mut a).await;
    second.dial(&a);
    second.down(a.key).await;
    member.connect(&mut a).await;
    assert!(a.seen.iter().all(|event| !matches!(event, NetEvent::PeerUp { peer, .. } if *peer == second.key)));
}

/// S19: how much a guest sends.
#[tokio::test]
async fn a_guest_that_sends_too_much_is_cut() {
    let mut a = Node::with(17, |limits| limits.guest_bytes = 1000).await;
    let mut guest = Node::tcp(18).await;
    guest.connect(&mut a).await;
    guest.net.ask(1, a.key, vec![0; 900], Duration::from_secs(10)).unwrap();
    a.asked().await;
    guest.net.ask(2, a.key, vec![0; 200], Duration::from_secs(10)).unwrap();
    assert!(a.down(guest.key).await.contains("too much"));
    assert!(matches!(guest.answered(1).await, Err(AskFault::Lost(_))));
    assert!(matches!(guest.answered(2).await, Err(AskFault::Lost(_))));
}

#[tokio::test]
async fn a_peer_with_too_many_requests_is_told_that_we_are_busy() {
    let (mut a, mut b) = (Node::tcp(19).await, Node::tcp(20).await);
    introduce(&mut [&mut a, &mut b]);
    b.connect(&mut a).await;
    let allowed = u64::try_from(Limits::default().calls_per_peer).unwrap();
    for ask in 0..allowed + 4 {
        b.net.ask(ask, a.key, b"?".to_vec(), Duration::from_secs(20)).unwrap();
    }
    let mut busy = 0;
    while busy < 4 {
        let (_, result) = b.any_answer().await;
        let answer = Answer::read(&result.unwrap()).unwrap();
        assert!(matches!(answer, Answer::Refused { code: RefusalCode::Busy, .. }));
        busy += 1;
    }
    for _ in 0..allowed {
        let (call, _) = a.asked().await;
        a.net.answer(call, b"!".to_vec()).unwrap();
    }
    for _ in 0..allowed {
        assert_eq!(b.any_answer().await.1, Ok(b"!".to_vec()));
    }
}

#[tokio::test]
async fn a_request_that_is_not_answered_times_out_and_the_connection_lives() {
    let (mut a, mut b) = (Node::tcp(21).await, Node::tcp(22).await);
    introduce(&mut [&mut a, &mut b]);
    a.connect(&mut b).await;
    a.net.ask(1, b.key, b"?".to_vec(), Duration::from_millis(200)).unwrap();
    let (late, _) = b.asked().await;
    assert_eq!(a.answered(1).await, Err(AskFault::TimedOut));
    b.net.answer(late, b"too late".to_vec()).unwrap();
    a.net.ask(2, b.key, b"?".to_vec(), Duration::from_secs(10)).unwrap();
    let (call, _) = b.asked().await;
    b.net.answer(call, b"!".to_vec()).unwrap();
    assert_eq!(a.any_answer().await, (2, Ok(b"!".to_vec())));
}

#[tokio::test]
async fn a_port_in_use_is_told_with_its_address() {
    for node in [Node::tcp(23).await, Node::quic(24).await] {
        let mut settings = fixture::settings();
        settings.listen = vec![node.address()];
        match start(settings, &fixture::secret(25)).await {
            Err(NetworkFault::PortInUse { address }) => assert_eq!(address, node.address()),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("two nodes share {}", node.address()),
        }
    }
}

#[tokio::test]
async fn a_failed_dial_says_why() {
    let (mut a, b) = (Node::tcp(26).await, Node::tcp(27).await);
    let stranger = fixture::secret(28).public();
    a.net.dial(stranger, vec![b.address()]).unwrap();
    assert!(a.dial_failed(stranger).await.contains("another key"));

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    a.net.dial(stranger, vec![format!("/ip4/127.0.0.1/tcp/{free}").parse().unwrap()]).unwrap();
    assert!(a.dial_failed(stranger).await.contains("refused"));

    a.net.dial(a.key, vec![b.address()]).unwrap();
    assert!(a.dial_failed(a.key).await.contains("itself"));

    let mut public = Node::with_settings(29, |settings| settings.lan = false).await;
    public.net.dial(b.key, vec![b.address()]).unwrap();
    assert!(public.dial_failed(b.key).await.contains("private"));
}

#[tokio::test]
async fn dials_from_both_ends_at_once_lose_neither_requests_nor_gossip() {
    for seed in 0..5 {
        let (mut a, mut b) = (Node::tcp(100 + 2 * seed).await, Node::tcp(101 + 2 * seed).await);
        introduce(&mut [&mut a, &mut b]);
        a.dial(&b);
        b.dial(&a);
        a.up(b.key).await;
        b.up(a.key).await;
        a.net.ask(1, b.key, b"from a".to_vec(), Duration::from_secs(10)).unwrap();
        b.net.ask(2, a.key, b"from b".to_vec(), Duration::from_secs(10)).unwrap();
        // A request may arrive twice, if the connection that carried it gave way.
        let (mut for_a, mut for_b) = (None, None);
        while for_a.is_none() || for_b.is_none() {
            tokio::select! {
                event = a.next() => match event {
                    NetEvent::Asked { call, .. } => a.net.answer(call, b"by a".to_vec()).unwrap(),
                    NetEvent::Answered { ask: 1, result } => for_a = Some(result),
                    _ => {}
                },
                event = b.next() => match event {
                    NetEvent::Asked { call, .. } => b.net.answer(call, b"by b".to_vec()).unwrap(),
                    NetEvent::Answered { ask: 2, result } => for_b = Some(result),
                    _ => {}
                },
            }
        }
        assert_eq!((for_a, for_b), (Some(Ok(b"by b".to_vec())), Some(Ok(b"by a".to_vec()))));
        fixture::gossip_until_heard(&a, &mut b).await;
        fixture::gossip_until_heard(&b, &mut a).await;
        assert!(a.seen.iter().chain(&b.seen).all(|event| !matches!(event, NetEvent::PeerDown { .. })));
    }
}

#[tokio::test]
async fn an_answer_arrives_although_the_answerer_disconnects_or_stops_at_once() {
    for seed in 0..4 {
        let (mut a, mut b) = (Node::tcp(120 + 2 * seed).await, Node::tcp(121 + 2 * seed).await);
        introduce(&mut [&mut a, &mut b]);
        a.connect(&mut b).await;
        a.net.ask(1, b.key, b"?".to_vec(), Duration::from_secs(10)).unwrap();
        let (call, _) = b.asked().await;
        b.net.answer(call, vec![1; limits::PAGE_MAX]).unwrap();
        if seed % 2 == 0 {
            b.net.disconnect(a.key, "test").unwrap();
        } else {
            let net = b.net.clone();
            tokio::spawn(async move { net.shutdown().await });
        }
        assert_eq!(a.answered(1).await, Ok(vec![1; limits::PAGE_MAX]));
        a.down(b.key).await;
    }
}

#[tokio::test]
async fn shutting_down_ends_every_request_and_then_the_events() {
    let (mut a, mut b) = (Node::tcp(30).await, Node::tcp(31).await);
    introduce(&mut [&mut a, &mut b]);
    a.connect(&mut b).await;
    a.net.ask(1, b.key, b"?".to_vec(), Duration::from_secs(60)).unwrap();
    b.asked().await;
    within(a.net.shutdown()).await;
    assert!(matches!(a.answered(1).await, Err(AskFault::Lost(_))));
    b.down(a.key).await;
    while let Some(event) = within(a.events.recv()).await {
        a.seen.push(event);
    }
    assert!(a.net.dial(b.key, vec![b.address()]).is_err());
}

#[tokio::test]
async fn concrete_listening_addresses_are_told_unless_others_are_announced() {
    let a = Node::tcp(32).await;
    assert_eq!(a.net.addresses().external, vec![a.address()]);
    let wildcard = Node::with_settings(33, |settings| {
        settings.listen = vec!["/ip4/0.0.0.0/tcp/0".parse().unwrap()];
    });
    let wildcard = wildcard.await;
    assert!(!wildcard.net.addresses().listening.is_empty());
    assert!(wildcard.net.addresses().external.is_empty());
    let announced: lyceum_node::network::Multiaddr = "/dns4/lab.example/tcp/4801".parse().unwrap();
    let told = announced.clone();
    let mut b = Node::with_settings(34, |settings| settings.announce = vec![told]).await;
    assert_eq!(b.net.addresses().external, vec![announced.clone()]);
    let event = b.find(|event| match event {
        NetEvent::External(addresses) => Some(addresses.clone()),
        _ => None,
    });
    assert_eq!(event.await, vec![announced]);
}
