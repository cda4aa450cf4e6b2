//! Own requests that wait for an answer. Each ends exactly once.

use std::collections::HashMap;

use libp2p::PeerId;
use libp2p::request_response::OutboundRequestId;

use super::codec::Question;

/// How often a request is sent again because the connection that carried it gave way to another one.
const AGAIN: u8 = 3;

/// A request that is under way.
pub(super) struct Ask {
    /// The caller's number.
    pub(super) number: u64,
    pub(super) peer: PeerId,
    pub(super) question: Question,
    /// How often it may still be sent again.
    again: u8,
}

impl Ask {
    /// A request that was not sent yet.
    pub(super) fn new(number: u64, peer: PeerId, question: Question) -> Self {
        Self { number, peer, question, again: AGAIN }
    }

    /// Uses up one repetition, if there is one left.
    pub(super) fn take_another_try(&mut self) -> bool {
        let left = self.again > 0;
        self.again = self.again.saturating_sub(1);
        left
    }
}

/// All requests that are under way.
#[derive(Default)]
pub(super) struct Asks {
    open: HashMap<OutboundRequestId, Ask>,
}

impl Asks {
    /// Notes that a request is under way.
    pub(super) fn sent(&mut self, id: OutboundRequestId, ask: Ask) {
        self.open.insert(id, ask);
    }

    /// Ends one.
    pub(super) fn take(&mut self, id: OutboundRequestId) -> Option<Ask> {
        self.open.remove(&id)
    }

    /// How many a peer has not answered.
    pub(super) fn to(&self, peer: &PeerId) -> usize {
        self.open.values().filter(|ask| ask.peer == *peer).count()
    }

    /// Ends all to one peer, in the caller's order; gives their numbers.
    pub(super) fn take_all_to(&mut self, peer: &PeerId) -> Vec<u64> {
        let mut numbers: Vec<u64> =
            self.open.extract_if(|_, ask| ask.peer == *peer).map(|(_, ask)| ask.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Ends all.
    pub(super) fn take_all(&mut self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.open.drain().map(|(_, ask)| ask.number).collect();
        numbers.sort_unstable();
        numbers
    }
}
