//! What it means here that a peer's log is good so far, or forks there: fetch, ask for a proof, search for a fork, nothing.

use std::collections::BTreeSet;

use crate::bounded::BoundedVec;
use crate::frontier::{FrontierItem, NO_FORK};
use crate::hash::LogId;
use crate::key::PublicKey;
use crate::limits;
use crate::log::PinHeld;
use crate::replica::Replica;
use crate::replica::effect::Outbox;
use crate::replica::event::Now;
use crate::replica::tickets::Asked;
use crate::sync::message::Request;

impl Replica {
    pub(super) fn consider_all(&mut self, peer: PublicKey, items: &[FrontierItem], out: &mut Outbox) {
        let lower: BTreeSet<LogId> = items.iter().filter(|item| self.forks_lower(item)).map(|item| item.log).collect();
        let lower: Vec<LogId> = lower.into_iter().collect();
        for logs in lower.chunks(limits::ASK_MAX) {
            if let Ok(logs) = BoundedVec::new(logs.to_vec()) {
                self.ask(peer, Asked::Proofs, Request::Proofs { logs }, out);
            }
        }
        for item in items {
            self.consider(peer, *item, out);
        }
    }

    /// Whether a peer says that a log forks, lower than is known here.
    fn forks_lower(&self, item: &FrontierItem) -> bool {
        let fork = self.state.record(item.log).and_then(|record| record.log().fork());
        item.fork != NO_FORK && fork.is_none_or(|fork| item.fork < fork)
    }

    /// A peer says how far a log is good with it: what follows for this node?
    pub(super) fn consider(&mut self, peer: PublicKey, item: FrontierItem, out: &mut Outbox) {
        if self.is_ahead(&item) {
            self.fetch.want(peer, item);
            if let Some(from) = self.pinned_from(item.log) {
                self.fetch.from(item.log, from);
            }
            if let Some(session) = self.sessions.get_mut(&peer) {
                session.ahead.insert(item.log, item);
            }
            self.look_again(item.log);
            return;
        }
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.ahead.remove(&item.log);
        }
        if self.contradicts(&item) {
            self.search(peer, item.log, item.good_len, out);
        }
    }

    /// Where the pinned chain of a log has to be fetched from, if another chain of it is held.
    pub(super) fn pinned_from(&self, log: LogId) -> Option<u64> {
        let record = self.state.record(log)?;
        let pin = record.judged().line.pin()?;
        match record.log().pin_held(pin) {
            PinHeld::Whole => None,
            PinHeld::OtherChain => Some(record.log().fork().unwrap_or(0)),
            PinHeld::Next(len) => Some(record.log().fork().map_or(len, |fork| fork.min(len))),
        }
    }

    /// Whether a peer has more of a log than is held here, and the log would take it.
    pub(super) fn is_ahead(&self, item: &FrontierItem) -> bool {
        let Some(record) = self.state.record(item.log) else { return item.good_len > 0 };
        let len = record.log().len();
        if let Some(pin) = record.judged().line.pin() {
            let holds_it = item.good_len == pin.len && item.head == pin.head;
            return holds_it && record.log().pin_held(pin) != PinHeld::Whole;
        }
        item.good_len > len && record.log().fork().is_none_or(|fork| len < fork)
    }

    /// Whether a peer's chain and the one held here cannot both be the log, and no fork is known that says so.
    fn contradicts(&self, item: &FrontierItem) -> bool {
        let Some(record) = self.state.record(item.log) else { return false };
        let Some(last) = item.good_len.checked_sub(1) else { return false };
        if record.judged().line.pin().is_some() || record.log().fork().is_some_and(|fork| fork < item.good_len) {
            return false;
        }
        record.log().id_at(last).is_some_and(|id| id != item.head)
    }

    /// All items of a peer were seen: the author's start-up check counts it.
    pub(super) fn compared(&mut self, now: Now, peer: PublicKey) {
        let nothing_missing = !self.fetch.wants_from(&peer);
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        session.compared = true;
        if nothing_missing {
            session.ahead.retain(|log, _| self.fetch.brakes.is_waiting(*log));
            session.in_step = true;
            session.last_sync = Some(now.wall);
        }
        if let Some(org) = session.org.filter(|_| nothing_missing) {
            self.author.compared_with(org);
        }
    }
}
