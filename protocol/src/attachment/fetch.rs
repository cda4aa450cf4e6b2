//! Gets one file from whoever holds it: a state machine that is told what happens and says what is to be done.
//!
//! Every connected member is asked whether it holds the file. Pieces are asked of several holders at once, the fastest
//! ones most; the last pieces of a slow one are asked of another too. A holder that is busy or does not answer is left
//! alone for a while, one that lies for ever. What is in flight or waits to be written is bounded, and so is all that
//! is remembered.

mod holder;
mod plan;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::holder::{Holder, Holds};
use super::message::Held;
use super::outline::{Outline, Proof, VerifiedPiece};
use super::pieces::Pieces;
use crate::key::PublicKey;
use crate::replica::event::AskFault;
use crate::sync::message::RefusalCode;

/// Most pieces that are asked of one holder at once.
pub const PER_HOLDER: usize = 4;
/// Most pieces that are in flight or wait to be written.
pub const IN_ALL: usize = 16;
/// Most peers that are remembered.
pub const PEERS_MAX: usize = 1024;
/// Most peers that are named as holders and not connected.
pub const AWAY_MAX: usize = 16;
/// How long a holder may take for a piece, in milliseconds: four at once over the slowest lines that are in use.
pub const PIECE_WITHIN: u64 = 60_000;
/// How long a peer may take to say what it holds, in milliseconds.
pub const HAS_WITHIN: u64 = 20_000;

/// Names a piece that is asked for. Chosen inside; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// Why there is no answer, or none that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missed {
    /// It is asked again later.
    Busy,
    /// It does not hold the file, or not that piece, or we may not read it.
    NotHeld,
    /// The connection ended, or nothing came in time.
    Lost,
    /// No honest peer answers so; what is wrong with it.
    Bad(String),
}

impl From<RefusalCode> for Missed {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::Busy | RefusalCode::Unavailable => Self::Busy,
            RefusalCode::OtherNetwork
            | RefusalCode::NoCommonVersion
            | RefusalCode::Removed
            | RefusalCode::NotAMember
            | RefusalCode::MembersOnly
            | RefusalCode::NotHeld
            | RefusalCode::BadRequest => Self::NotHeld,
        }
    }
}

impl From<AskFault> for Missed {
    fn from(fault: AskFault) -> Self {
        match fault {
            AskFault::Lost(_) | AskFault::TimedOut => Self::Lost,
            AskFault::Bad(words) => Self::Bad(words),
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A member is connected.
    PeerUp {
        /// Its node key.
        peer: PublicKey,
    },
    /// A member is not connected any more. What was asked of it need not be answered.
    PeerDown {
        /// Its node key.
        peer: PublicKey,
    },
    /// The answer to `AskHas`: what the peer holds of this file, if anything.
    Holds {
        /// Who.
        peer: PublicKey,
        /// What.
        held: Option<Held>,
    },
    /// No answer to `AskHas`.
    HasFailed {
        /// Who.
        peer: PublicKey,
        /// Why.
        why: Missed,
    },
    /// The answer to `AskPiece`.
    Piece {
        /// Which.
        ask: AskId,
        /// The nodes that prove it.
        proof: Proof,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// No answer to `AskPiece`.
    Missed {
        /// Which.
        ask: AskId,
        /// Why.
        why: Missed,
    },
    /// A piece is on the disk.
    Written {
        /// Its number.
        index: u32,
    },
    /// Time went by.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask a peer what it holds of this file, within [`HAS_WITHIN`]. Answered by `Holds` or `HasFailed`.
    AskHas {
        /// Whom.
        peer: PublicKey,
    },
    /// Ask a peer for a piece, within [`PIECE_WITHIN`]. Answered by `Piece` or `Missed`.
    AskPiece {
        /// Names the question.
        ask: AskId,
        /// Whom.
        peer: PublicKey,
        /// The number of the piece.
        index: u32,
    },
    /// Write a piece. Answered by `Written`; who cannot write ends the fetch.
    Write(VerifiedPiece),
    /// A peer sent what no honest one sends. It is not asked again for this file.
    Lied {
        /// Who.
        peer: PublicKey,
        /// What was wrong.
        why: String,
    },
    /// Nothing can be asked for now. Told once for each change.
    Waiting(Waiting),
    /// Every piece is written. Told once; nothing follows.
    Done,
}

/// Why nothing is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The reason.
    pub why: Why,
    /// Peers that hold the file, or are likely to, and are not connected: at most [`AWAY_MAX`], by key.
    pub away: Vec<PublicKey>,
}

/// Reasons to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No member is connected.
    NobodyConnected,
    /// Peers were asked whether they hold it.
    Asking,
    /// Every connected holder is busy or did not answer, and is asked again.
    Busy,
    /// The connected holders lack what is missing here.
    Incomplete,
    /// A connected peer holds a file of that hash and another size: the entry states a wrong one.
    OtherSize,
    /// Who holds it sent something else.
    Lied,
    /// No connected member holds it.
    NobodyHolds,
}

/// A piece that was asked for.
#[derive(Debug, Clone, Copy)]
struct Ask {
    peer: PublicKey,
    index: u32,
    /// When, in milliseconds.
    since: u64,
}

/// The fetch of one file.
#[derive(Debug)]
pub struct Fetch {
    outline: Outline,
    /// Pieces that are written.
    have: Pieces,
    /// Pieces that are written or are being written.
    taken: Pieces,
    /// Pieces that are neither taken nor asked of anybody.
    free: Pieces,
    asks: BTreeMap<AskId, Ask>,
    next: u64,
    peers: BTreeMap<PublicKey, Holder>,
    waiting: Option<Waiting>,
    told_done: bool,
    effects: Vec<Effect>,
}

impl Fetch {
    /// A fetch that begins with the pieces `have`, which were checked against the outline; `likely` holders are named
    /// while they are not connected. `have` has to be of the shape of the outline; other pieces count as not there.
    pub fn new(outline: Outline, have: Pieces, likely: impl IntoIterator<Item = PublicKey>) -> Self {
        let shape = outline.shape();
        let have = if have.shape() == shape { have } else { Pieces::none(shape) };
        let mut free = Pieces::none(shape);
        free.extend(have.missing());
        let peers = likely.into_iter().take(PEERS_MAX).map(|peer| (peer, Holder::likely())).collect();
        Self {
            taken: have.clone(),
            outline,
            have,
            free,
            asks: BTreeMap::new(),
            next: 0,
            peers,
            waiting: None,
            told_done: false,
            effects: Vec::new(),
        }
    }

    /// What is known of the file: to be kept beside its pieces.
    pub const fn outline(&self) -> &Outline {
        &self.outline
    }

    /// The pieces that are written.
    pub const fn have(&self) -> &Pieces {
        &self.have
    }

    /// Why nothing is asked for, while that is so.
    pub const fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// Whether every piece is written.
    pub const fn is_done(&self) -> bool {
        self.have.is_all()
    }

    /// Tells what happened at `now`, in milliseconds of a clock that never goes back; gives what is to be done.
    pub fn handle(&mut self, event: Event, now: u64) -> Vec<Effect> {
        match event {
            Event::PeerUp { peer } => self.peer_up(peer, now),
            Event::PeerDown { peer } => self.peer_down(&peer),
            Event::Holds { peer, held } => self.holds(peer, held, now),
            Event::HasFailed { peer, why } => self.has_failed(peer, why, now),
            Event::Piece { ask, proof, bytes } => self.piece(ask, &proof, bytes, now),
            Event::Missed { ask, why } => self.missed(ask, why, now),
            Event::Written { index } => self.written(index),
            Event::Tick => {}
        }
        if !self.is_done() {
            self.plan(now);
        } else if !self.told_done {
            self.told_done = true;
            self.waiting = None;
            self.effects.push(Effect::Done);
        }
        std::mem::take(&mut self.effects)
    }

    fn peer_up(&mut self, peer: PublicKey, now: u64) {
        if !self.peers.contains_key(&peer) && self.peers.len() >= PEERS_MAX {
            // Whoever lied is remembered, so that it is not asked again.
            let gone = self.peers.iter().find(|(_, holder)| !holder.up && !holder.lied).map(|(peer, _)| *peer);
            let Some(gone) = gone else { return };
            self.peers.remove(&gone);
        }
        self.peers.entry(peer).or_insert_with(Holder::unknown).is_up(now);
    }

    fn peer_down(&mut self, peer: &PublicKey) {
        self.release_all_of(peer);
        if let Some(holder) = self.peers.get_mut(peer) {
            holder.is_down();
        }
    }

    fn holds(&mut self, peer: PublicKey, held: Option<Held>, now: u64) {
        let shape = self.outline.shape();
        if held.as_ref().is_some_and(|held| held.blake3 != self.outline.root()) {
            return self.lied(peer, "it answered about another file".to_owned());
        }
        if let Some(holder) = self.peers.get_mut(&peer) {
            holder.said(Holds::of(held, shape), now);
        }
    }

    fn has_failed(&mut self, peer: PublicKey, why: Missed, now: u64) {
        let Some(holder) = self.peers.get_mut(&peer) else { return };
        match why {
            Missed::NotHeld => holder.said(Holds::Nothing, now),
            Missed::Busy | Missed::Lost => holder.said_nothing(now),
            Missed::Bad(words) => self.lied(peer, words),
        }
    }

    fn piece(&mut self, id: AskId, proof: &Proof, bytes: Vec<u8>, now: u64) {
        let Some(ask) = self.end(id) else { return };
        if !self.taken.contains(ask.index) {
            match self.outline.accept(ask.index, bytes, proof) {
                Ok(piece) => {
                    self.taken.insert(ask.index);
                    self.free.remove(ask.index);
                    self.effects.push(Effect::Write(piece));
                }
                Err(fault) => return self.lied(ask.peer, fault.to_string()),
            }
        }
        if let Some(holder) = self.peers.get_mut(&ask.peer) {
            holder.sent(now.saturating_sub(ask.since));
        }
    }

    fn missed(&mut self, id: AskId, why: Missed, now: u64) {
        let Some(ask) = self.end(id) else { return };
        let Some(holder) = self.peers.get_mut(&ask.peer) else { return };
        match why {
            Missed::Busy | Missed::Lost => holder.failed(now),
            Missed::NotHeld => holder.said(Holds::Nothing, now),
            Missed::Bad(words) => self.lied(ask.peer, words),
        }
    }

    fn written(&mut self, index: u32) {
        if self.taken.contains(index) {
            self.have.insert(index);
        }
    }

    fn lied(&mut self, peer: PublicKey, why: String) {
        self.release_all_of(&peer);
        if let Some(holder) = self.peers.get_mut(&peer).filter(|holder| !holder.lied) {
            holder.lied = true;
            self.effects.push(Effect::Lied { peer, why });
        }
    }

    /// Ends an ask; its piece is free again if nobody else is asked for it.
    fn end(&mut self, id: AskId) -> Option<Ask> {
        let ask = self.asks.remove(&id)?;
        if let Some(holder) = self.peers.get_mut(&ask.peer) {
            holder.open = holder.open.saturating_sub(1);
        }
        if !self.taken.contains(ask.index) && self.asks.values().all(|other| other.index != ask.index) {
            self.free.insert(ask.index);
        }
        Some(ask)
    }

    fn release_all_of(&mut self, peer: &PublicKey) {
        let ids: Vec<AskId> = self.asks.iter().filter(|(_, ask)| ask.peer == *peer).map(|(id, _)| *id).collect();
        for id in ids {
            self.end(id);
        }
    }
}
