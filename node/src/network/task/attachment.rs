//! Requests and answers of attachments, at the swarm.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use libp2p::PeerId;
use libp2p::request_response::{InboundRequestId, Message, OutboundFailure, ResponseChannel};
use libp2p::swarm::ConnectionId;
use lyceum_protocol::attachment::message::{Answer, Request};
use lyceum_protocol::replica::event::AskFault;
use lyceum_protocol::sync::message::RefusalCode;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::super::asks::{Ask, Asks};
use super::super::attachments::{AnswerTo, Asking, Call, Inside};
use super::super::calls::Calls;
use super::super::codec::{self, Question};
use super::super::settings::{ASK_MAX_FOR, Budget};
use super::super::{fault, identity};
use super::Task;
use super::event::QuestionEvent;

/// An answer, or that none comes.
type Answered = (u64, Option<Vec<u8>>);

/// What there is to do.
pub(super) enum Turn {
    /// A request to a peer.
    Ask(Asking),
    /// The answer to a call.
    Answer(Answered),
}

/// What is under way of attachments.
pub(super) struct Attachments {
    outside: Inside,
    pub(super) calls: Calls,
    budget: Budget,
    asks: Asks,
    /// Who waits for the answer to an ask, by its number.
    askers: HashMap<u64, oneshot::Sender<Result<Vec<u8>, AskFault>>>,
    next: u64,
    /// Calls that wait for their answer from the rest of the node; no more than [`Calls`] lets in.
    answers: FuturesUnordered<BoxFuture<'static, Answered>>,
}

impl Attachments {
    /// Nothing yet.
    pub(super) fn new(outside: Inside, budget: Budget) -> Self {
        Self {
            outside,
            calls: Calls::new(budget),
            budget,
            asks: Asks::default(),
            askers: HashMap::new(),
            next: 0,
            answers: FuturesUnordered::new(),
        }
    }

    /// Waits for something to do. Loses nothing when dropped half-way.
    pub(super) async fn next_turn(&mut self) -> Turn {
        tokio::select! {
            Some(asking) = self.outside.asking.recv() => Turn::Ask(asking),
            Some(answered) = self.answers.next() => Turn::Answer(answered),
            else => std::future::pending().await,
        }
    }

    /// Ends all requests to one peer.
    pub(super) fn lose_all_to(&mut self, peer: &PeerId, why: &str) {
        let numbers = self.asks.take_all_to(peer);
        self.lose(numbers, why);
    }

    /// Ends all requests.
    pub(super) fn lose_all(&mut self, why: &str) {
        let numbers = self.asks.take_all();
        self.lose(numbers, why);
    }

    fn lose(&mut self, numbers: Vec<u64>, why: &str) {
        for number in numbers {
            self.end(number, Err(AskFault::Lost(why.to_owned())));
        }
    }

    fn end(&mut self, number: u64, result: Result<Vec<u8>, AskFault>) {
        if let Some(asker) = self.askers.remove(&number) {
            // Who does not wait any more need not be told.
            let _ = asker.send(result);
        }
    }

    /// Hands a request to the rest of the node; the answer comes back as a turn.
    fn hand_over(&mut self, number: u64, call: Call, answer: oneshot::Receiver<Vec<u8>>) -> Result<(), Answer> {
        self.outside.calls.try_send(call).map_err(|fault| match fault {
            mpsc::error::TrySendError::Full(_) => Answer::refused(RefusalCode::Busy, "this node has too much to do"),
            mpsc::error::TrySendError::Closed(_) => {
                Answer::refused(RefusalCode::Unavailable, "this node serves no attachments")
            }
        })?;
        let answered = tokio::time::timeout(ASK_MAX_FOR, answer);
        self.answers.push(answered.map(move |bytes| (number, bytes.ok().and_then(Result::ok))).boxed());
        Ok(())
    }
}

impl Task {
    pub(super) fn turn_to_attachment(&mut self, turn: Turn) {
        match turn {
            Turn::Ask(asking) => self.ask_for_attachment(asking),
            Turn::Answer((number, bytes)) => {
                let bytes = bytes.unwrap_or_else(|| {
                    Answer::refused(RefusalCode::Unavailable, "this node cannot answer now").to_bytes()
                });
                let Some(way) = self.attachments.calls.answer(number, bytes.len()) else { return };
                let bytes = if way.has_room { bytes } else { busy("too many answers wait to be read") };
                // If the stream is gone, its failure ends the call.
                let _ = self.swarm.behaviour_mut().attachment.send_response(way.channel, bytes);
            }
        }
    }

    fn ask_for_attachment(&mut self, asking: Asking) {
        let peer = identity::peer_id_of(&asking.peer);
        let lost = if !self.peers.is_up(&peer) {
            "the peer is not connected"
        } else if self.attachments.asks.to(&peer) >= self.attachments.budget.asks_per_peer {
            "too many requests to this peer are under way"
        } else {
            let number = self.attachments.next;
            self.attachments.next = number.wrapping_add(1);
            self.attachments.askers.insert(number, asking.answer);
            let question = Question { body: Arc::new(asking.bytes), until: asking.until };
            return self.send_attachment_ask(Ask::new(number, peer, question));
        };
        let _ = asking.answer.send(Err(AskFault::Lost(lost.to_owned())));
    }

    fn send_attachment_ask(&mut self, ask: Ask) {
        let id = self.swarm.behaviour_mut().attachment.send_request(&ask.peer, ask.question.clone());
        self.attachments.asks.sent(id, ask);
    }

    pub(super) fn on_attachment(&mut self, event: QuestionEvent) {
        match event {
            QuestionEvent::Message { peer, connection_id, message, .. } => match message {
                Message::Request { request_id, request, channel } => {
                    self.on_attachment_request(peer, connection_id, request_id, &request.body, channel);
                }
                Message::Response { request_id, response } => {
                    if let Some(ask) = self.attachments.asks.take(request_id) {
                        self.attachments.end(ask.number, Ok(response));
                    }
                }
            },
            QuestionEvent::OutboundFailure { request_id, error, .. } => {
                let Some(mut ask) = self.attachments.asks.take(request_id) else { return };
                // Of two connections one gave way. Everything that is asked may be asked twice.
                let gave_way = matches!(error, OutboundFailure::ConnectionClosed) && self.peers.is_up(&ask.peer);
                if gave_way && ask.take_another_try() {
                    self.send_attachment_ask(ask);
                } else {
                    self.attachments.end(ask.number, Err(fault::ask_fault(&error, codec::ATTACHMENT.name)));
                }
            }
            QuestionEvent::ResponseSent { request_id, .. } => {
                self.attachments.calls.ended(request_id, Some(Instant::now()));
            }
            QuestionEvent::InboundFailure { request_id, error, peer, .. } => {
                tracing::debug!(%peer, %error, "an answer about attachments did not reach its asker");
                self.attachments.calls.ended(request_id, None);
            }
        }
    }

    fn on_attachment_request(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        id: InboundRequestId,
        body: &[u8],
        channel: ResponseChannel<Vec<u8>>,
    ) {
        let Some((key, member)) = self.hear(&peer, connection, body.len()) else { return };
        let refused = if !member {
            Answer::refused(RefusalCode::MembersOnly, "attachments are served to members")
        } else if !self.attachments.calls.has_room_for(&peer) {
            Answer::refused(RefusalCode::Busy, "too many requests at once")
        } else if self.stopping {
            Answer::refused(RefusalCode::Busy, "this node is shutting down")
        } else {
            match Request::read(body) {
                Err(fault) => Answer::refused(RefusalCode::BadRequest, &fault.to_string()),
                Ok(request) => {
                    let number = self.attachments.calls.arrived(peer, id, channel);
                    let (answer, answered) = oneshot::channel();
                    let call = Call { peer: key, request, answer: AnswerTo(answer) };
                    if let Err(refused) = self.attachments.hand_over(number, call, answered) {
                        self.turn_to_attachment(Turn::Answer((number, Some(refused.to_bytes()))));
                    }
                    return;
                }
            }
        };
        let _ = self.swarm.behaviour_mut().attachment.send_response(channel, refused.to_bytes());
    }

    /// Says which members are connected, if that changed.
    pub(super) fn tell_connected(&self) {
        let members = self.peers.all().filter(|(_, _, it)| it.member && it.closing.is_none());
        let now = members.map(|(_, key, _)| key).collect();
        self.attachments.outside.connected.send_if_modified(|connected| {
            let changed = **connected != now;
            if changed {
                *connected = Arc::new(now);
            }
            changed
        });
    }
}

/// The answer to whom there is no room for now.
fn busy(why: &str) -> Vec<u8> {
    Answer::refused(RefusalCode::Busy, why).to_bytes()
}
