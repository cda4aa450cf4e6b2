//! What the task is told to do.

use std::sync::Arc;
use std::time::Duration;

use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, gossipsub};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::Verdict;
use lyceum_protocol::replica::event::AskFault;
use lyceum_protocol::sync::message::{Answer, RefusalCode};
use tokio::time::Instant;

use super::super::asks::Ask;
use super::super::codec::Question;
use super::super::settings::ASK_MAX_FOR;
use super::super::{Command, NetEvent, Topic, address, fault, identity};
use super::Task;

/// The answer to whom there is no room for now.
pub(super) fn busy(why: &str) -> Vec<u8> {
    Answer::refused(RefusalCode::Busy, why).to_bytes()
}

impl Task {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Dial { peer, addresses } => self.dial(peer, addresses),
            Command::Disconnect { peer, reason } => self.close(identity::peer_id_of(&peer), &reason, |_| true),
            Command::Ask { ask, peer, bytes, timeout } => self.ask(ask, peer, bytes, timeout),
            Command::Answer { call, bytes } => self.answer(call, bytes),
            Command::Gossip { topic, bytes } => self.gossip(topic, bytes),
            Command::Verdict { offer, verdict } => self.judge(offer, verdict),
            Command::Shutdown => self.begin_to_stop(),
        }
    }

    fn dial(&mut self, key: PublicKey, addresses: Vec<Multiaddr>) {
        let peer = identity::peer_id_of(&key);
        if self.peers.is_up(&peer) || self.dials.contains_key(&peer) {
            return;
        }
        let cause = if self.stopping {
            "this node is shutting down".to_owned()
        } else if peer == *self.swarm.local_peer_id() {
            "that is this node itself".to_owned()
        } else if addresses.is_empty() {
            "no address is known".to_owned()
        } else {
            let addresses = address::dialable(addresses, self.settings.lan);
            if addresses.is_empty() {
                "all its addresses are private, and private addresses are not dialled (allow it with --lan)".to_owned()
            } else {
                // Dials are told apart and coalesced here, so the swarm has no condition of its own.
                let options = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(addresses);
                match self.swarm.dial(options.allocate_new_port().build()) {
                    Ok(()) => {
                        self.dials.insert(peer, key);
                        return;
                    }
                    Err(fault) => fault::dial_words(&fault),
                }
            }
        };
        self.outlet.push(NetEvent::DialFailed { peer: key, cause });
    }

    fn ask(&mut self, number: u64, key: PublicKey, bytes: Vec<u8>, timeout: Duration) {
        let peer = identity::peer_id_of(&key);
        let lost = if !self.peers.is_up(&peer) {
            "the peer is not connected"
        } else if self.asks.to(&peer) >= self.settings.limits.asks_per_peer {
            "too many requests to this peer are under way"
        } else {
            let question = Question { body: Arc::new(bytes), until: Instant::now() + timeout.min(ASK_MAX_FOR) };
            return self.send_ask(Ask::new(number, peer, question));
        };
        self.outlet.push(NetEvent::Answered { ask: number, result: Err(AskFault::Lost(lost.to_owned())) });
    }

    pub(super) fn send_ask(&mut self, ask: Ask) {
        let id = self.swarm.behaviour_mut().sync.send_request(&ask.peer, ask.question.clone());
        self.asks.sent(id, ask);
    }

    fn answer(&mut self, call: u64, bytes: Vec<u8>) {
        let Some(way) = self.calls.answer(call, bytes.len()) else { return };
        let bytes = if way.has_room { bytes } else { busy("too many answers wait to be read") };
        // If the stream is gone, its failure ends the call.
        let _ = self.swarm.behaviour_mut().sync.send_response(way.channel, bytes);
    }

    fn gossip(&mut self, topic: Topic, bytes: Vec<u8>) {
        let topic = gossipsub::IdentTopic::new(topic.full_name(self.settings.network));
        match self.swarm.behaviour_mut().gossip.inner.publish(topic, bytes) {
            // With full queues the message is still offered by id; it counts as handed over.
            Ok(_) | Err(gossipsub::PublishError::AllQueuesFull(_) | gossipsub::PublishError::Duplicate) => {}
            Err(fault) => tracing::debug!(%fault, "gossip reached nobody"),
        }
    }

    fn judge(&mut self, offer: u64, verdict: Verdict) {
        let Some(offer) = self.offers.take(offer) else { return };
        if offer.is_late(Instant::now()) && verdict == Verdict::Accept {
            tracing::debug!("a verdict on gossip came too late to pass it on");
            return;
        }
        let acceptance = match verdict {
            Verdict::Accept => gossipsub::MessageAcceptance::Accept,
            Verdict::Ignore => gossipsub::MessageAcceptance::Ignore,
            Verdict::Reject => gossipsub::MessageAcceptance::Reject,
        };
        self.rule(&offer.message, &offer.from, acceptance);
    }

    /// Tells the router what becomes of a message.
    pub(super) fn rule(
        &mut self,
        message: &gossipsub::MessageId,
        from: &libp2p::PeerId,
        acceptance: gossipsub::MessageAcceptance,
    ) {
        self.swarm.behaviour_mut().gossip.inner.report_message_validation_result(message, from, acceptance);
    }
}
