//! What the swarm tells the task.

use std::sync::Arc;

use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::{self, MessageAcceptance};
use libp2p::request_response::{self, Message, OutboundFailure};
use libp2p::swarm::{ConnectionError, ConnectionId, SwarmEvent};
use libp2p::{PeerId, ping};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use tokio::time::Instant;

use super::super::behaviour::ProtocolsEvent;
use super::super::codec::{self, Question};
use super::super::outlet::Room;
use super::super::peers::{Connection, Dialler, Tell};
use super::super::{NetEvent, Topic, address, fault, identity};
use super::command::busy;
use super::{Due, Task};

pub(super) type QuestionEvent = request_response::Event<Question, Vec<u8>>;

impl Task {
    pub(super) fn handle(&mut self, event: SwarmEvent<ProtocolsEvent>) {
        match event {
            SwarmEvent::Behaviour(ProtocolsEvent::Sync(event)) => self.on_sync(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Attachment(event)) => self.on_attachment(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_opened(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, cause, .. } => {
                self.on_closed(peer_id, connection_id, cause.as_ref());
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                let dialled = self.dials.remove(&peer);
                if let Some(key) = dialled.filter(|_| !self.peers.is_up(&peer)) {
                    self.outlet.push(NetEvent::DialFailed { peer: key, cause: fault::dial_words(&error) });
                }
            }
            SwarmEvent::IncomingConnectionError { error, send_back_addr, .. } => {
                tracing::debug!(%error, from = %send_back_addr, "an inbound connection was not established");
            }
            SwarmEvent::NewListenAddr { listener_id, address } => self.listens(listener_id, address),
            SwarmEvent::ExpiredListenAddr { listener_id, address } => self.listens_no_more(listener_id, &address),
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                self.listeners.remove(&listener_id);
                self.tell_external();
                if let Err(fault) = reason {
                    tracing::error!(?addresses, %fault, "a listener ended: nobody can connect there any more");
                }
            }
            SwarmEvent::ListenerError { error, .. } => tracing::debug!(%error, "a listener could not accept"),
            _ => {}
        }
    }

    fn on_opened(&mut self, peer: PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        let Ok(key) = identity::key_of(&peer) else {
            // The door refuses these before they are established.
            self.swarm.close_connection(id);
            return;
        };
        let dialler = if endpoint.is_dialer() { Dialler::Us } else { Dialler::Them };
        if dialler == Dialler::Us {
            self.dials.remove(&peer);
        }
        let member = self.swarm.behaviour().gossip.is_admitted(&peer, id);
        let until = (!member).then(|| Instant::now() + self.settings.limits.guest_for);
        if let Some(until) = until {
            self.due.insert((until, Due::Guest(peer, id)));
        }
        let address = address::bare(endpoint.get_remote_address().clone());
        let connection = Connection { id, dialler, member, until, heard: 0, closing: None };
        let opened = self.peers.opened(peer, key, connection);
        for id in opened.close {
            self.swarm.close_connection(id);
        }
        match opened.tell {
            Tell::Up => self.outlet.push(NetEvent::PeerUp { peer: key, address }),
            Tell::Again => {
                self.lose_asks(&peer, "the peer connected anew");
                self.outlet.push(NetEvent::PeerDown { peer: key, cause: "the peer connected anew".to_owned() });
                self.outlet.push(NetEvent::PeerUp { peer: key, address });
            }
            Tell::Nothing => {}
        }
        self.tell_connected();
    }

    fn on_closed(&mut self, peer: PeerId, id: ConnectionId, cause: Option<&ConnectionError>) {
        let closed = self.peers.closed(&peer, id);
        let Some(connection) = closed.connection else { return };
        if let Some(until) = connection.until {
            self.due.remove(&(until, Due::Guest(peer, id)));
        }
        self.tell_connected();
        let Some(key) = closed.down else { return };
        let words = connection.closing.unwrap_or_else(|| match cause {
            None => "the connection was closed".to_owned(),
            Some(ConnectionError::KeepAliveTimeout) => "it was idle".to_owned(),
            Some(ConnectionError::IO(fault)) => format!("the connection ended: {fault}"),
        });
        self.calls.forget(&peer);
        self.attachments.calls.forget(&peer);
        self.lose_asks(&peer, &words);
        self.outlet.push(NetEvent::PeerDown { peer: key, cause: words });
    }

    fn lose_asks(&mut self, peer: &PeerId, why: &str) {
        for ask in self.asks.take_all_to(peer) {
            let result = Err(super::AskFault::Lost(why.to_owned()));
            self.outlet.push(NetEvent::Answered { ask, result });
        }
        self.attachments.lose_all_to(peer, why);
    }

    fn on_ping(&mut self, event: ping::Event) {
        match event.result {
            Ok(_) | Err(ping::Failure::Unsupported) => {}
            Err(fault) => {
                self.peers.close(&event.peer, &format!("no sign of life: {fault}"), |it| it.id == event.connection);
                self.swarm.close_connection(event.connection);
            }
        }
    }

    fn on_sync(&mut self, event: QuestionEvent) {
        match event {
            QuestionEvent::Message {
                peer,
                connection_id,
                message: Message::Request { request_id, request, channel },
            } => {
                self.on_request(peer, connection_id, request_id, request, channel);
            }
            QuestionEvent::Message { message: Message::Response { request_id, response }, .. } => {
                if let Some(ask) = self.asks.take(request_id) {
                    self.outlet.push(NetEvent::Answered { ask: ask.number, result: Ok(response) });
                }
            }
            QuestionEvent::OutboundFailure { request_id, error, .. } => {
                let Some(mut ask) = self.asks.take(request_id) else { return };
                // Of two connections one gave way. Everything that is asked may be asked twice.
                let gave_way = matches!(error, OutboundFailure::ConnectionClosed) && self.peers.is_up(&ask.peer);
                if gave_way && ask.take_another_try() {
                    self.send_ask(ask);
                } else {
                    let result = Err(fault::ask_fault(&error, codec::SYNC.name));
                    self.outlet.push(NetEvent::Answered { ask: ask.number, result });
                }
            }
            QuestionEvent::ResponseSent { request_id, .. } => self.calls.ended(request_id, Some(Instant::now())),
            QuestionEvent::InboundFailure { request_id, error, peer, .. } => {
                tracing::debug!(%peer, %error, "an answer did not reach its asker");
                self.calls.ended(request_id, None);
            }
        }
    }

    /// Whose request it is and whether that is a member; `None` if it is not looked at. Ends a connection over which a
    /// guest sent too much.
    pub(super) fn hear(&mut self, peer: &PeerId, connection: ConnectionId, bytes: usize) -> Option<(PublicKey, bool)> {
        let key = self.peers.key(peer)?;
        let (heard, member) = self.peers.heard(peer, connection, bytes)?;
        if !member && heard > self.settings.limits.guest_bytes {
            self.peers.close(peer, "a guest sent too much", |it| it.id == connection);
            self.swarm.close_connection(connection);
            return None;
        }
        Some((key, member))
    }

    fn on_request(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        id: request_response::InboundRequestId,
        request: Question,
        channel: request_response::ResponseChannel<Vec<u8>>,
    ) {
        let Some((key, _)) = self.hear(&peer, connection, request.body.len()) else { return };
        let refused = if !self.calls.has_room_for(&peer) {
            Some("too many requests at once")
        } else if self.stopping {
            Some("this node is shutting down")
        } else if !self.outlet.has(Room::ForRequests) {
            Some("this node has too much to do")
        } else {
            None
        };
        match refused {
            Some(why) => {
                let _ = self.swarm.behaviour_mut().sync.send_response(channel, busy(why));
            }
            None => {
                let call = self.calls.arrived(peer, id, channel);
                let bytes = Arc::unwrap_or_clone(request.body);
                self.outlet.push(NetEvent::Asked { call, peer: key, bytes });
            }
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                let topic = self.topics.find(&message.topic);
                match self.weigh(&propagation_source, topic, message.data.len()) {
                    Ok((peer, topic)) => {
                        let now = Instant::now();
                        let (offer, dropped) = self.offers.add(message_id, propagation_source, now);
                        if let Some(dropped) = dropped {
                            self.rule(&dropped.message, &dropped.from, MessageAcceptance::Ignore);
                        }
                        self.outlet.push(NetEvent::Gossip { offer, peer, topic, bytes: message.data });
                    }
                    Err(acceptance) => self.rule(&message_id, &propagation_source, acceptance),
                }
            }
            gossipsub::Event::Subscribed { peer_id, topic } if self.topics.find(&topic) == Some(Topic::Entry) => {
                if let Some(peer) = self.peers.key(&peer_id) {
                    self.outlet.push(NetEvent::GossipUp { peer });
                }
            }
            gossipsub::Event::SlowPeer { peer_id, .. } => {
                tracing::debug!(peer = %peer_id, "a peer takes gossip slowly")
            }
            _ => {}
        }
    }

    /// Whether a message is shown to the outside. An oversized one is the fault of whoever passed it on.
    fn weigh(&self, from: &PeerId, topic: Option<Topic>, size: usize) -> Result<(PublicKey, Topic), MessageAcceptance> {
        if size > limits::GOSSIP_MAX {
            return Err(MessageAcceptance::Reject);
        }
        let peer = self.peers.key(from).filter(|key| self.members.borrow().contains(key));
        match (peer, topic) {
            (Some(peer), Some(topic)) if self.outlet.has(Room::ForGossip) => Ok((peer, topic)),
            _ => Err(MessageAcceptance::Ignore),
        }
    }
}
