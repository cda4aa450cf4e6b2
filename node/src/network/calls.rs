//! Requests of others: how many of one peer are being answered, and how many bytes of answers wait to be written.

use std::collections::HashMap;

use libp2p::PeerId;
use libp2p::request_response::{InboundRequestId, ResponseChannel};
use tokio::time::Instant;

use super::settings::{Budget, LINGER};

/// What one peer has under way.
#[derive(Default)]
struct Load {
    calls: usize,
    bytes: usize,
    /// When the last answer was written out.
    written: Option<Instant>,
}

/// A request from its arrival to the end of its answer.
struct Call {
    peer: PeerId,
    number: u64,
    /// Of the answer; 0 until there is one.
    bytes: usize,
}

/// The way of an answer.
pub(super) struct Way {
    pub(super) channel: ResponseChannel<Vec<u8>>,
    /// Whether its bytes may wait to be written; if not, something small goes in its place.
    pub(super) has_room: bool,
}

/// All requests that are being answered.
pub(super) struct Calls {
    budget: Budget,
    next: u64,
    waiting: HashMap<u64, (InboundRequestId, ResponseChannel<Vec<u8>>)>,
    open: HashMap<InboundRequestId, Call>,
    loads: HashMap<PeerId, Load>,
    bytes: usize,
}

impl Calls {
    /// None yet.
    pub(super) fn new(budget: Budget) -> Self {
        Self { budget, next: 0, waiting: HashMap::new(), open: HashMap::new(), loads: HashMap::new(), bytes: 0 }
    }

    /// Whether another request of a peer may be taken.
    pub(super) fn has_room_for(&self, peer: &PeerId) -> bool {
        self.loads.get(peer).is_none_or(|load| load.calls < self.budget.calls_per_peer)
    }

    /// Takes a request; gives its number.
    pub(super) fn arrived(&mut self, peer: PeerId, id: InboundRequestId, channel: ResponseChannel<Vec<u8>>) -> u64 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.waiting.insert(number, (id, channel));
        self.open.insert(id, Call { peer, number, bytes: 0 });
        let load = self.loads.entry(peer).or_default();
        load.calls = load.calls.saturating_add(1);
        number
    }

    /// Where the answer to a request goes; `None` if it was answered or is gone. An answer that has room counts until
    /// [`Self::ended`].
    pub(super) fn answer(&mut self, number: u64, bytes: usize) -> Option<Way> {
        let (id, channel) = self.waiting.remove(&number)?;
        let call = self.open.get_mut(&id)?;
        let load = self.loads.entry(call.peer).or_default();
        let fits = self.bytes.saturating_add(bytes) <= self.budget.answer_bytes
            && load.bytes.saturating_add(bytes) <= self.budget.answer_bytes_per_peer;
        if !fits {
            return Some(Way { channel, has_room: false });
        }
        call.bytes = bytes;
        load.bytes = load.bytes.saturating_add(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        Some(Way { channel, has_room: true })
    }

    /// The request is over: its answer was written, or cannot be any more.
    pub(super) fn ended(&mut self, id: InboundRequestId, written: Option<Instant>) {
        let Some(call) = self.open.remove(&id) else { return };
        self.waiting.remove(&call.number);
        self.bytes = self.bytes.saturating_sub(call.bytes);
        if let Some(load) = self.loads.get_mut(&call.peer) {
            load.calls = load.calls.saturating_sub(1);
            load.bytes = load.bytes.saturating_sub(call.bytes);
            load.written = written.or(load.written);
        }
    }

    /// Whether closing the connections of a peer loses no answer.
    pub(super) fn are_quiet(&self, peer: &PeerId, now: Instant) -> bool {
        self.loads.get(peer).is_none_or(|load| load.is_quiet(now))
    }

    /// Whether closing all connections loses no answer.
    pub(super) fn are_all_quiet(&self, now: Instant) -> bool {
        self.loads.values().all(|load| load.is_quiet(now))
    }

    /// The last connection of the peer ended, and with it all that it asked.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        if let Some(load) = self.loads.remove(peer) {
            self.bytes = self.bytes.saturating_sub(load.bytes);
            for (_, call) in self.open.extract_if(|_, call| call.peer == *peer) {
                self.waiting.remove(&call.number);
            }
        }
    }
}

impl Load {
    fn is_quiet(&self, now: Instant) -> bool {
        self.calls == 0 && self.written.is_none_or(|written| now.duration_since(written) >= LINGER)
    }
}
