//! Effects that wait for their answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::entry::VerifiedEntry;
use crate::hash::{EntryId, LogId, ObjectId};
use crate::key::PublicKey;
use crate::replica::event::{CallId, Ticket};
use crate::replica::search::Found;
use crate::sync::message::Set;

/// What a request to a peer is for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Hello,
    Digest {
        set: Set,
        bits: u8,
    },
    Items {
        set: Set,
        bits: u8,
        buckets: Vec<u32>,
    },
    Docs {
        ids: Vec<ObjectId>,
    },
    Page {
        log: LogId,
        from: u64,
        /// It is here and being checked: not in flight any more.
        arrived: bool,
    },
    Headers {
        log: LogId,
    },
    Proofs,
    /// Missing payloads of these entries.
    Payloads {
        ids: Vec<EntryId>,
    },
    Changed,
}

/// What a batch in the store is for.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    /// Own entries, before they are shown.
    Own { entries: Vec<VerifiedEntry> },
    /// A page of somebody's log: the next one is asked for when it is durable.
    Page { log: LogId },
    /// Something a tool of this node made.
    Govern { call: CallId },
    /// All else: nobody waits.
    Rest,
}

/// What a read from the store is for.
#[derive(Debug, Clone)]
pub(crate) enum Loaded {
    /// A page for a peer.
    Page { call: CallId },
    /// Headers for a peer.
    Headers { call: CallId },
    /// Payloads for a peer: of these entries, in this order; none of what is not good here, or not held.
    Payloads { call: CallId, ids: Vec<EntryId> },
    /// Entries whose payloads came from a peer, and what is to be asked for next.
    Gaps { peer: PublicKey, came: BTreeMap<EntryId, Arc<[u8]>>, rest: Vec<EntryId> },
    /// The own side of a fork.
    Twin { found: Found },
}

/// Why an effect was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Ask { peer: PublicKey, asked: Asked },
    Store(Stored),
    Load(Loaded),
    Sign,
}

/// The open tickets. Each is taken once: a late or repeated answer finds nothing.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    next: u64,
    open: BTreeMap<Ticket, Origin>,
}

impl Tickets {
    pub(crate) fn open(&mut self, origin: Origin) -> Ticket {
        let ticket = Ticket(self.next);
        self.next = self.next.saturating_add(1);
        self.open.insert(ticket, origin);
        ticket
    }

    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Origin> {
        self.open.remove(&ticket)
    }

    /// Notes that a page is here; gives whose, the first time.
    pub(crate) fn arrived(&mut self, ticket: Ticket) -> Option<PublicKey> {
        match self.open.get_mut(&ticket) {
            Some(Origin::Ask { peer, asked: Asked::Page { arrived, .. } }) if !*arrived => {
                *arrived = true;
                Some(*peer)
            }
            _ => None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Forgets what a peer was asked: its connection ended.
    pub(crate) fn forget(&mut self, gone: &PublicKey) -> Vec<Asked> {
        let of_peer = self.open.extract_if(.., |_, origin| matches!(origin, Origin::Ask { peer, .. } if peer == gone));
        of_peer
            .filter_map(|(_, origin)| match origin {
                Origin::Ask { asked, .. } => Some(asked),
                Origin::Store(_) | Origin::Load(_) | Origin::Sign => None,
            })
            .collect()
    }
}
