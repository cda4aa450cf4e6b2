//! What to ask of whom, and when to look again.

use super::holder::{Holder, Holds};
use super::{AWAY_MAX, Ask, AskId, Effect, Fetch, IN_ALL, Waiting, Why};
use crate::key::PublicKey;

/// Most peers that are asked at once what they hold.
const HAS_AT_ONCE: usize = 8;
/// With so many holders of everything, nobody else is asked what it holds.
const ENOUGH: usize = 8;
/// Most holders that are asked for the same piece at once.
const ASKED_MAX: usize = 3;

impl Fetch {
    /// Asks for all that may be asked for.
    pub(super) fn plan(&mut self, now: u64) {
        self.ask_who_holds(now);
        while let Some((peer, index)) = self.next_piece(now) {
            self.free.remove(index);
            self.ask(peer, index, now);
        }
        while let Some((peer, index)) = self.next_late_piece(now) {
            self.ask(peer, index, now);
        }
        self.say_why_nothing();
    }

    /// When to look again though nothing happened, in milliseconds; never before `now`.
    pub fn wake_at(&self, now: u64) -> Option<u64> {
        if self.is_done() {
            return None;
        }
        let pauses = self.usable().map(|(_, holder)| holder.pause_until);
        let again = self.usable().filter(|(_, it)| !it.is_asked && self.asks_about(it)).map(|(_, it)| it.has_from);
        let late = self.asks.values().flat_map(|ask| {
            let takers = self.usable().filter(|(peer, holder)| **peer != ask.peer && holder.holds.contains(ask.index));
            takers.map(|(_, holder)| ask.since.saturating_add(holder.patience()))
        });
        pauses.chain(again).chain(late).filter(|when| *when > now).min()
    }

    fn usable(&self) -> impl Iterator<Item = (&PublicKey, &Holder)> {
        self.peers.iter().filter(|(_, holder)| holder.is_usable())
    }

    fn holders_of_all(&self) -> usize {
        self.usable().filter(|(_, holder)| holder.sends_all(self.outline.shape())).count()
    }

    /// Whether it is of use to ask a peer what it holds: not while others hold enough.
    fn asks_about(&self, holder: &Holder) -> bool {
        let of_all = self.holders_of_all();
        match holder.holds {
            Holds::Unknown => of_all < ENOUGH,
            Holds::Nothing | Holds::OtherSize | Holds::Ranges(_) => of_all == 0,
        }
    }

    fn ask_who_holds(&mut self, now: u64) {
        let asked = self.usable().filter(|(_, holder)| holder.is_asked).count();
        let due = self.usable().filter(|(_, it)| !it.is_asked && it.has_from <= now && self.asks_about(it));
        let mut due: Vec<(bool, u64, PublicKey)> = due.map(|(peer, it)| (!it.likely, it.has_from, *peer)).collect();
        due.sort_unstable();
        for (_, _, peer) in due.into_iter().take(HAS_AT_ONCE.saturating_sub(asked)) {
            if let Some(holder) = self.peers.get_mut(&peer) {
                holder.is_asked = true;
            }
            self.effects.push(Effect::AskHas { peer });
        }
    }

    fn has_room(&self) -> bool {
        let writing = self.taken.count().saturating_sub(self.have.count());
        self.asks.len().saturating_add(usize::try_from(writing).unwrap_or(usize::MAX)) < IN_ALL
    }

    /// Holders that may be asked for another piece, the best first.
    fn askable(&self, now: u64) -> Vec<(&PublicKey, &Holder)> {
        let best = self.usable().filter_map(|(_, holder)| holder.pace()).min();
        let free = |holder: &Holder| holder.pause_until <= now && holder.open < holder.room(best);
        let mut all: Vec<_> = self.usable().filter(|(_, holder)| free(holder)).collect();
        all.sort_by_key(|(peer, holder)| (holder.rank(), **peer));
        all
    }

    fn next_piece(&self, now: u64) -> Option<(PublicKey, u32)> {
        if !self.has_room() || self.free.count() == 0 {
            return None;
        }
        let askable = self.askable(now).into_iter();
        askable.filter_map(|(peer, holder)| Some((*peer, holder.holds.first_of(&self.free)?))).next()
    }

    /// A piece that everyone who was asked is late with, and a holder with nothing else to send: best one that has
    /// shown that it sends.
    fn next_late_piece(&self, now: u64) -> Option<(PublicKey, u32)> {
        if !self.has_room() {
            return None;
        }
        let mut askable = self.askable(now);
        askable.sort_by_key(|(_, holder)| holder.pace().is_none());
        askable.into_iter().find_map(|(peer, holder)| {
            let late = self.asks.values().find(|ask| {
                let of_piece = || self.asks.values().filter(|other| other.index == ask.index);
                holder.holds.contains(ask.index)
                    && !self.taken.contains(ask.index)
                    && of_piece().count() < ASKED_MAX
                    && of_piece().all(|it| it.peer != *peer && now.saturating_sub(it.since) >= holder.patience())
            })?;
            Some((*peer, late.index))
        })
    }

    fn ask(&mut self, peer: PublicKey, index: u32, now: u64) {
        let id = AskId(self.next);
        self.next = self.next.wrapping_add(1);
        self.asks.insert(id, Ask { peer, index, since: now });
        if let Some(holder) = self.peers.get_mut(&peer) {
            holder.open = holder.open.saturating_add(1);
        }
        self.effects.push(Effect::AskPiece { ask: id, peer, index });
    }

    fn say_why_nothing(&mut self) {
        let is_at_work = !self.asks.is_empty() || self.taken.count() > self.have.count();
        let now = if is_at_work { None } else { Some(Waiting { why: self.why(), away: self.away() }) };
        if now != self.waiting {
            self.effects.extend(now.clone().map(Effect::Waiting));
            self.waiting = now;
        }
    }

    fn why(&self) -> Why {
        let any = |which: fn(&Holder) -> bool| self.usable().any(|(_, holder)| which(holder));
        if self.usable().any(|(_, holder)| holder.holds.first_of(&self.free).is_some()) {
            Why::Busy
        } else if any(|holder| holder.is_asked) {
            Why::Asking
        } else if any(|holder| matches!(holder.holds, Holds::Ranges(_))) {
            Why::Incomplete
        } else if any(|holder| holder.holds == Holds::OtherSize) {
            Why::OtherSize
        } else if self.peers.values().any(|holder| holder.up && holder.lied) {
            Why::Lied
        } else if any(|holder| holder.holds == Holds::Unknown) {
            Why::Busy
        } else if any(|_| true) {
            Why::NobodyHolds
        } else {
            Why::NobodyConnected
        }
    }

    fn away(&self) -> Vec<PublicKey> {
        let away =
            |holder: &Holder| !holder.up && !holder.lied && (holder.likely || matches!(holder.holds, Holds::Ranges(_)));
        self.peers.iter().filter(|(_, holder)| away(holder)).map(|(peer, _)| *peer).take(AWAY_MAX).collect()
    }
}
