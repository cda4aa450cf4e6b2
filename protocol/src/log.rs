//! What is held of one log: a chain, and where it forks (PROTOCOL 2.3).
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
    /// It belongs to another chain of the same log, which parts from this one below its place, or to another log.
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

/// How far a pinned chain is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinHeld {
    /// All of it.
    Whole,
    /// Not all: what is held agrees with it as far as is known, the next entry wanted is this.
    Next(u64),
    /// The chain that is held is another one: the pinned one has to be fetched from where they part.
    OtherChain,
}

/// What is held of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    opening: Opening,
    chain: Chain,
    fork: Option<u64>,
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
        Self { opening, chain, fork: None }
    }

    /// A log as it was stored: ids of its chain in order, the suite of the last, the fork place.
    pub fn restored(opening: Opening, ids: Vec<EntryId>, suite: u8, fork: Option<u64>) -> Self {
        let tree = Tree::of(ids.iter().map(|id| id.0.as_slice()));
        Self { opening, chain: Chain { ids, tree, suite }, fork }
    }

    /// What its first entry says.
    pub const fn opening(&self) -> &Opening {
        &self.opening
    }

    /// Entries of the chain held, those at and above a fork included.
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

    /// The id of one entry.
    pub fn id_at(&self, seq: u64) -> Option<EntryId> {
        self.chain.ids.get(index(seq)).copied()
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
        // All logs under one certificate have one history at 0: that alone tells them not apart.
        if header.key != self.opening.key || header.incarnation != self.opening.incarnation {
            return Fit::OtherChain;
        }
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

    /// The suite of the last entry; 0 where there is none.
    pub const fn suite(&self) -> u8 {
        self.chain.suite
    }

    /// The tree over all ids of the chain.
    pub const fn tree(&self) -> &Tree {
        &self.chain.tree
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
        match self.chain.ids.get(index(pin.len.saturating_sub(1))) {
            Some(id) if *id == pin.head => PinHeld::Whole,
            Some(_) => PinHeld::OtherChain,
            None => PinHeld::Next(self.len()),
        }
    }

    /// Forgets the entries from `seq` on, to make room for those of the chain that a pin names. With them goes a fork
    /// above `seq`: its history is that of a chain that is held no more, so nobody who holds the new one would take it.
    pub fn cut(&mut self, seq: u64, suite: u8) {
        self.chain.ids.truncate(index(seq));
        self.chain.tree = Tree::of(self.chain.ids.iter().map(|id| id.0.as_slice()));
        self.chain.suite = suite;
        self.fork = self.fork.filter(|fork| *fork <= seq);
    }
}
