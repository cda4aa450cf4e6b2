//! What is held of one log: a chain, where it forks, and a pinned tail (PROTOCOL 2.3).
//!
//! A join: if one chain extends the other, the longer; else the common prefix and the place where they part. Fork
//! places join by minimum. Whether the log is good is for [`crate::standing`] to say.

use crate::entry::VerifiedEntry;
use crate::hash::{CertificateId, EntryId, LogId, TreeHead};
use crate::history::{self, Tree};

use crate::document::certificate::Pin;

/// What the first entry of a log says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The log.
    pub log: LogId,
    /// Its node key.
    pub key: [u8; 32],
    /// Its incarnation.
    pub incarnation: u64,
    /// The certificate version under which it was opened.
    pub certificate: CertificateId,
}

impl Opening {
    /// The opening of a log by this key under this certificate.
    pub fn new(key: [u8; 32], incarnation: u64, certificate: CertificateId) -> Self {
        Self { log: LogId::of(&key, incarnation, certificate), key, incarnation, certificate }
    }

    /// The opening that an entry of number 0 is.
    pub fn of(entry: &VerifiedEntry) -> Option<Self> {
        let header = entry.header();
        (header.seq == 0).then(|| Self::new(header.key, header.incarnation, CertificateId(header.history.0)))
    }
}

/// Where an entry stands in relation to a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is the next one.
    Next,
    /// It is held.
    Held,
    /// Entries before it are missing.
    Gap,
    /// Another entry stands at its place, with the same history: together they prove a fork there.
    Twin,
    /// It belongs to another chain of the same log, which parts from this one below its place.
    OtherChain,
    /// Its suite is lower than its predecessor's: no valid entry.
    LowerSuite,
}

/// Ids of consecutive entries from 0, with their tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Chain {
    ids: Vec<EntryId>,
    tree: Tree,
    suite: u8,
}

/// The tail of the chain that a pin names, where it differs from the chain first held.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PinnedTail {
    pin: Pin,
    /// Number of the first entry that differs.
    from: usize,
    ids: Vec<EntryId>,
    tree: Tree,
}

/// How far a pinned chain is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinHeld {
    /// All of it.
    Whole,
    /// Not all: what is held agrees with it as far as is known, the next entry wanted is this.
    Next(u64),
    /// The chain first held is another one: the tail has to be fetched from where they part.
    OtherChain,
}

/// What is held of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    opening: Opening,
    chain: Chain,
    fork: Option<u64>,
    tail: Option<PinnedTail>,
}

fn number(len: usize) -> u64 {
    // A list in memory has fewer than 2^64 items on every machine there is.
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn index(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}

impl Log {
    /// A log of which only the opening is known.
    pub const fn new(opening: Opening) -> Self {
        let chain = Chain { ids: Vec::new(), tree: Tree::new(), suite: 0 };
        Self { opening, chain, fork: None, tail: None }
    }

    /// A log as it was stored: ids of its chain in order, the suite of the last, the fork place.
    pub fn restored(opening: Opening, ids: Vec<EntryId>, suite: u8, fork: Option<u64>) -> Self {
        let tree = Tree::of(ids.iter().map(|id| id.0.as_slice()));
        Self { opening, chain: Chain { ids, tree, suite }, fork, tail: None }
    }

    /// What its first entry says.
    pub const fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Entries of the chain first held, those at and above a fork included.
    pub fn len(&self) -> u64 {
        number(self.chain.ids.len())
    }

    /// Whether no entry is held.
    pub fn is_empty(&self) -> bool {
        self.chain.ids.is_empty()
    }

    /// Last entry of the chain first held.
    pub fn head(&self) -> Option<EntryId> {
        self.chain.ids.last().copied()
    }

    /// Ids of the chain first held.
    pub fn ids(&self) -> &[EntryId] {
        &self.chain.ids
    }

    /// Where it forks, if that is known.
    pub const fn fork(&self) -> Option<u64> {
        self.fork
    }

    /// Tree head over the first `seq` entries of the chain first held; at 0 the opening certificate. None beyond its end.
    pub fn history_at(&self, seq: u64) -> Option<TreeHead> {
        if seq == 0 {
            return Some(TreeHead(self.opening.certificate.0));
        }
        if seq == self.len() {
            return Some(self.chain.tree.head());
        }
        self.chain.ids.get(..index(seq)).map(history::head_over)
    }

    /// Where an entry of this log stands in relation to the chain first held.
    pub fn fit(&self, entry: &VerifiedEntry) -> Fit {
        let header = entry.header();
        if header.seq > self.len() {
            return Fit::Gap;
        }
        if self.chain.ids.get(index(header.seq)) == Some(&entry.id()) {
            return Fit::Held;
        }
        if self.history_at(header.seq) != Some(header.history) {
            return Fit::OtherChain;
        }
        if header.seq < self.len() {
            return Fit::Twin;
        }
        if header.suite < self.chain.suite { Fit::LowerSuite } else { Fit::Next }
    }

    /// Appends an entry if it is the next one.
    pub fn append(&mut self, entry: &VerifiedEntry) -> Fit {
        let fit = self.fit(entry);
        if fit == Fit::Next {
            self.chain.ids.push(entry.id());
            self.chain.tree.push(&entry.id());
            self.chain.suite = entry.header().suite;
        }
        fit
    }

    /// Learns of a fork at `seq`, of which the history agrees with what is held. Whether that is news.
    pub fn forked_at(&mut self, seq: u64) -> bool {
        let news = self.fork.is_none_or(|known| seq < known);
        if news {
            self.fork = Some(seq);
        }
        news
    }

    /// How far the chain that a pin names is held.
    pub fn pin_held(&self, pin: &Pin) -> PinHeld {
        if pin.len == 0 {
            return PinHeld::Whole;
        }
        if let Some(tail) = self.tail.as_ref().filter(|tail| tail.pin == *pin) {
            let len = number(tail.from.saturating_add(tail.ids.len()));
            return if len == pin.len { PinHeld::Whole } else { PinHeld::Next(len) };
        }
        match self.chain.ids.get(index(pin.len.saturating_sub(1))) {
            Some(id) if *id == pin.head => PinHeld::Whole,
            Some(_) => PinHeld::OtherChain,
            None if self.fork.is_some() => PinHeld::OtherChain,
            None => PinHeld::Next(self.len()),
        }
    }

    /// Takes an entry of the chain that a pin names, where it parts from the chain first held.
    ///
    /// The first one starts a new tail at its place; a tail that does not come out at the pin's head is dropped.
    pub fn append_to_tail(&mut self, pin: &Pin, entry: &VerifiedEntry) -> TailFit {
        let header = entry.header();
        if self.tail.as_ref().is_none_or(|tail| tail.pin != *pin) {
            if self.fit(entry) != Fit::Twin && !(self.fork.is_some() && self.fit(entry) == Fit::Next) {
                return TailFit::NotHere;
            }
            let from = index(header.seq);
            let below = self.chain.ids.get(..from).unwrap_or_default();
            let tree = Tree::of(below.iter().map(|id| id.0.as_slice()));
            self.tail = Some(PinnedTail { pin: *pin, from, ids: Vec::new(), tree });
        }
        let Some(tail) = self.tail.as_mut() else { return TailFit::NotHere };
        let next = number(tail.from.saturating_add(tail.ids.len()));
        let history = if next == 0 { TreeHead(self.opening.certificate.0) } else { tail.tree.head() };
        if header.seq != next || header.history != history || next >= pin.len {
            return TailFit::NotHere;
        }
        tail.ids.push(entry.id());
        tail.tree.push(&entry.id());
        if header.seq.saturating_add(1) < pin.len {
            return TailFit::Next;
        }
        if entry.id() == pin.head {
            return TailFit::Whole;
        }
        self.tail = None;
        TailFit::WrongHead
    }

    /// Forgets a tail that was begun for a pin that no longer holds, or that led nowhere.
    pub fn drop_tail(&mut self) {
        self.tail = None;
    }

    /// Number of the first entry of the pinned tail, if there is one.
    pub fn tail_from(&self) -> Option<u64> {
        self.tail.as_ref().map(|tail| number(tail.from))
    }

    /// The id at a place of the chain that counts for a pin: its tail where it has one, else the chain first held.
    pub fn pinned_id(&self, pin: &Pin, seq: u64) -> Option<EntryId> {
        let tail = self.tail.as_ref().filter(|tail| tail.pin == *pin && index(seq) >= tail.from);
        match tail {
            Some(tail) => tail.ids.get(index(seq).saturating_sub(tail.from)).copied(),
            None => self.chain.ids.get(index(seq)).copied(),
        }
    }
}

/// What became of an entry that was offered for a pinned tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailFit {
    /// Taken; more is wanted.
    Next,
    /// Taken, and the pinned chain is whole.
    Whole,
    /// The chain is not the pinned one: dropped, and whoever sent it is to blame.
    WrongHead,
    /// It is not the next entry of that chain.
    NotHere,
}
