//! Pieces of attachments between nodes: members alone, within their budgets, beside sync.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lyceum_node::network::attachments::Call;
use lyceum_node::network::{AskFault, Budget};
use lyceum_protocol::attachment::PIECE;
use lyceum_protocol::attachment::builder::OutlineBuilder;
use lyceum_protocol::attachment::message::{Answer, Held, Request};
use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::attachment::pieces::Pieces;
use lyceum_protocol::bounded::{BoundedBytes, BoundedVec};
use lyceum_protocol::hash::FileHash;
use lyceum_protocol::sync::message::RefusalCode;

use super::fixture::{Node, introduce, within};

const SOON: Duration = Duration::from_secs(20);

fn piece(index: u32) -> Request {
    Request::Piece { blake3: FileHash([1; 32]), index }
}

fn refused(answer: Result<Answer, AskFault>) -> (RefusalCode, String) {
    match answer {
        Ok(Answer::Refused { code, detail }) => (code, detail.as_str().to_owned()),
        other => panic!("not refused: {other:?}"),
    }
}

async fn call(node: &mut Node) -> Call {
    within(node.calls.recv()).await.expect("the network runs")
}

async fn pair(seed: u8) -> (Node, Node) {
    let (mut a, mut b) = (Node::tcp(seed).await, Node::tcp(seed + 1).await);
    introduce(&mut [&mut a, &mut b]);
    a.connect(&mut b).await;
    (a, b)
}

/// A file of three pieces, and its outline.
fn file() -> (Vec<u8>, Outline) {
    let bytes: Vec<u8> = (0..2 * PIECE + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let mut builder = OutlineBuilder::new();
    builder.update(&bytes).unwrap();
    (bytes, builder.finish().unwrap())
}

#[tokio::test]
async fn a_file_goes_from_one_to_the_other() {
    for quic in [false, true] {
        let (mut a, mut b) = match quic {
            true => (Node::quic(60).await, Node::quic(61).await),
            false => (Node::tcp(62).await, Node::tcp(63).await),
        };
        introduce(&mut [&mut a, &mut b]);
        a.connect(&mut b).await;
        let (bytes, outline) = file();
        let (root, key, peer) = (outline.root(), a.key, b.key);
        let serve = {
            let (bytes, outline) = (bytes.clone(), outline.clone());
            tokio::spawn(async move {
                while let Some(call) = b.calls.recv().await {
                    assert_eq!(call.peer, key);
                    let answer = match call.request {
                        Request::Has { .. } => {
                            let held = Held::of(root, &Pieces::all(outline.shape())).unwrap();
                            Answer::Has(BoundedVec::new(vec![held]).unwrap())
                        }
                        Request::Piece { index, .. } => Answer::Piece {
                            proof: outline.proof(index).unwrap(),
                            bytes: BoundedBytes::new(
                                bytes.chunks(PIECE as usize).nth(index as usize).unwrap().to_vec(),
                            )
                            .unwrap(),
                        },
                    };
                    call.answer.send(&answer);
                }
            })
        };
        let hashes = BoundedVec::new(vec![root]).unwrap();
        let Ok(Answer::Has(held)) = within(a.asker.ask(peer, &Request::Has { hashes }, SOON)).await else {
            panic!("no answer")
        };
        let mut mine = Outline::new(held[0].blake3, held[0].size).unwrap();
        let mut got = Vec::new();
        for index in 0..mine.shape().pieces() {
            let request = Request::Piece { blake3: root, index };
            let Ok(Answer::Piece { proof, bytes }) = within(a.asker.ask(peer, &request, SOON)).await else {
                panic!("no piece")
            };
            got.extend_from_slice(mine.accept(index, bytes.into_inner(), &proof).unwrap().bytes());
        }
        assert!(got == bytes);
        serve.abort();
    }
}

/// A8: a guest is told so and nothing of it reaches who serves; a member that is none any more is not connected.
#[tokio::test]
async fn guests_are_refused() {
    let (mut a, mut b) = (Node::tcp(64).await, Node::tcp(65).await);
    // To b, a is a stranger.
    a.net.set_members(BTreeSet::from([b.key]));
    a.connect(&mut b).await;
    let (code, _) = refused(within(a.asker.ask(b.key, &piece(0), SOON)).await);
    assert_eq!(code, RefusalCode::MembersOnly);
    assert!(b.calls.try_recv().is_err(), "nothing was shown");
    assert!(a.asker.connected().borrow().contains(&b.key));
    assert!(b.asker.connected().borrow().is_empty(), "guests are not asked");
}

#[tokio::test]
async fn who_is_connected_is_known() {
    let (a, b) = pair(66).await;
    let mut connected = a.asker.connected();
    assert_eq!(**connected.borrow_and_update(), BTreeSet::from([b.key]));
    b.net.shutdown().await;
    within(connected.wait_for(|now| now.is_empty())).await.unwrap();
    let lost = within(a.asker.ask(b.key, &piece(0), SOON)).await;
    assert_eq!(lost, Err(AskFault::Lost("the peer is not connected".to_owned())));
}

#[tokio::test]
async fn an_ask_ends_with_the_connection() {
    let (a, mut b) = pair(68).await;
    let ask = asking(&a, &b, 0);
    let _unanswered = call(&mut b).await;
    b.net.disconnect(a.key, "test").unwrap();
    let result = within(ask).await.unwrap();
    assert!(matches!(result, Err(AskFault::Lost(_))), "{result:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_or_answered_late_ends_too() {
    let (a, mut b) = pair(70).await;
    let ask = asking(&a, &b, 0);
    drop(call(&mut b).await);
    assert_eq!(refused(within(ask).await.unwrap()).0, RefusalCode::Unavailable);
    let late = within(a.asker.ask(b.key, &piece(1), Duration::from_millis(200))).await;
    assert_eq!(late, Err(AskFault::TimedOut));
    call(&mut b).await.answer.send(&Answer::refused(RefusalCode::NotHeld, "too late"));
    let ask = asking(&a, &b, 2);
    call(&mut b).await.answer.send(&Answer::refused(RefusalCode::NotHeld, "in time"));
    assert_eq!(refused(within(ask).await.unwrap()), (RefusalCode::NotHeld, "in time".to_owned()));
}

#[tokio::test]
async fn an_answer_to_something_else_is_bad() {
    let (a, mut b) = pair(72).await;
    let ask = asking(&a, &b, 0);
    call(&mut b).await.answer.send(&Answer::Has(BoundedVec::empty()));
    let result = within(ask).await.unwrap();
    assert!(matches!(result, Err(AskFault::Bad(_))), "{result:?}");
}

fn asking(from: &Node, to: &Node, index: u32) -> tokio::task::JoinHandle<Result<Answer, AskFault>> {
    let (asker, peer) = (from.asker.clone(), to.key);
    tokio::spawn(async move { asker.ask(peer, &piece(index), SOON).await })
}

async fn pair_with(seed: u8, change: impl Fn(&mut Budget)) -> (Node, Node) {
    let mut a = Node::with(seed, |limits| change(&mut limits.attachments)).await;
    let mut b = Node::with(seed + 1, |limits| change(&mut limits.attachments)).await;
    introduce(&mut [&mut a, &mut b]);
    a.connect(&mut b).await;
    (a, b)
}

/// A7: what is too much of one peer is answered *busy*, and the rest is served.
#[tokio::test]
async fn calls_beyond_the_budget_of_a_peer_are_told_that_we_are_busy() {
    let (a, mut b) = pair_with(74, |budget| budget.calls_per_peer = 2).await;
    let mut asks: FuturesUnordered<_> = (0..5).map(|index| asking(&a, &b, index)).collect();
    let open = [call(&mut b).await, call(&mut b).await];
    for _ in 0..3 {
        let ended = within(asks.next()).await.unwrap().unwrap();
        assert_eq!(refused(ended), (RefusalCode::Busy, "too many requests at once".to_owned()));
    }
    for call in open {
        call.answer.send(&Answer::refused(RefusalCode::NotHeld, ""));
        let ended = within(asks.next()).await.unwrap().unwrap();
        assert_eq!(refused(ended).0, RefusalCode::NotHeld);
    }
}

/// A7: so are answers for which there is no room, before they take any.
#[tokio::test]
async fn answers_beyond_the_budget_of_bytes_are_told_that_we_are_busy() {
    let (a, mut b) = pair_with(78, |budget| budget.answer_bytes_per_peer = PIECE as usize).await;
    let ask = asking(&a, &b, 0);
    let bytes = BoundedBytes::new(vec![7; PIECE as usize]).unwrap();
    call(&mut b).await.answer.send(&Answer::Piece { proof: BoundedVec::empty(), bytes });
    let (code, _) = refused(within(ask).await.unwrap());
    assert_eq!(code, RefusalCode::Busy);
}

#[tokio::test]
async fn asks_beyond_the_budget_are_lost_at_once() {
    let (a, mut b) = pair_with(80, |budget| budget.asks_per_peer = 2).await;
    let open = [asking(&a, &b, 0), asking(&a, &b, 1)];
    let calls = [call(&mut b).await, call(&mut b).await];
    let over = within(asking(&a, &b, 2)).await.unwrap();
    assert_eq!(over, Err(AskFault::Lost("too many requests to this peer are under way".to_owned())));
    calls.into_iter().for_each(|call| call.answer.send(&Answer::refused(RefusalCode::NotHeld, "")));
    for ask in open {
        assert_eq!(refused(within(ask).await.unwrap()).0, RefusalCode::NotHeld);
    }
}

/// Sync is answered while attachments have all that they may have under way.
#[tokio::test]
async fn sync_goes_on_beside_attachments() {
    let (mut a, mut b) = pair(76).await;
    let mut held = Vec::new();
    for index in 0..8 {
        drop(asking(&a, &b, index));
        held.push(call(&mut b).await);
    }
    a.net.ask(1, b.key, b"?".to_vec(), SOON).unwrap();
    let (number, _) = b.asked().await;
    b.net.answer(number, b"!".to_vec()).unwrap();
    assert_eq!(a.answered(1).await, Ok(b"!".to_vec()));
}
