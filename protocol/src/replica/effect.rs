//! The closed list of what a replica asks of the world.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::document::signature::VerifiedSignature;
use crate::documents::DocumentObject;
use crate::entry::{Draft, VerifiedEntry};
use crate::fork::VerifiedForkProof;
use crate::hash::{CertificateId, CharterId, EntryId, LogId, ObjectId, SignatureId};
use crate::history::Tree;
use crate::key::PublicKey;
use crate::replica::event::{CallId, OfferId, Ticket};
use crate::sync::message::{Answer, Gossip, Request};

/// Changes that become durable together, in order.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The changes.
    pub changes: Vec<Change>,
}

/// One change of what is held.
#[derive(Debug, Clone)]
pub enum Change {
    /// A document or motion is held from now on.
    Document(DocumentObject),
    /// A signature is held from now on.
    Signature(VerifiedSignature),
    /// A document or motion is held no more.
    ForgetDocument(ObjectId),
    /// A signature is held no more.
    ForgetSignature {
        /// On what.
        target: ObjectId,
        /// Which.
        id: SignatureId,
    },
    /// The next entry of a log. The first one opens it.
    Entry {
        /// The log.
        log: LogId,
        /// The entry.
        entry: VerifiedEntry,
    },
    /// An own entry: as `Entry`, and read back and checked before it counts as durable, and the head file follows.
    OwnEntry {
        /// The log.
        log: LogId,
        /// The entry.
        entry: VerifiedEntry,
    },
    /// From this number on the log holds other entries than before: those that follow in later changes.
    /// With the entries that go, a proof of a fork above it goes too.
    ReplaceFrom {
        /// The log.
        log: LogId,
        /// The first number that is replaced.
        seq: u64,
    },
    /// The lowest fork proof that is known of a log.
    Fork {
        /// The log.
        log: LogId,
        /// The proof.
        proof: VerifiedForkProof,
    },
    /// A payload that was missing.
    Payload {
        /// The log.
        log: LogId,
        /// The number of its entry.
        seq: u64,
        /// Salt and content.
        bytes: Arc<[u8]>,
    },
    /// A payload that must go: its bytes are destroyed.
    Erase {
        /// The log.
        log: LogId,
        /// The number of its entry.
        seq: u64,
    },
    /// From where epochs count.
    Checkpoint(CharterId),
}

/// What is read from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// Consecutive entries: at least one if it is held, at most so many bytes and up to (without) `until`.
    Entries {
        /// The log.
        log: LogId,
        /// The first.
        from: u64,
        /// Not this one.
        until: u64,
        /// Bytes at most.
        max_bytes: u32,
    },
    /// Some entries by number, without order among requests: for headers and payloads.
    Some {
        /// Log and number of each.
        places: Vec<(LogId, u64)>,
    },
}

/// What becomes of a gossip message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Pass it on.
    Accept,
    /// Let it end here; nobody is to blame.
    Ignore,
    /// Let it end here; the sender answers for it.
    Reject,
}

/// How a call of a person or program on this node ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, with these entries.
    Published(Vec<VerifiedEntry>),
    /// Taken and durable.
    Taken,
    /// Refused by a rule: why, and from when it would not be (Unix milliseconds, 0 if time does not help).
    Refused {
        /// Why.
        reason: String,
        /// From when.
        until: u64,
    },
    /// Not done: the store or the signer failed.
    Failed(String),
}

/// One thing that is asked of the world.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Make a batch durable. Answered by `Stored`; batches are done in order.
    Store {
        /// Whom to answer.
        ticket: Ticket,
        /// What.
        batch: Batch,
    },
    /// Read. Answered by `Loaded`.
    Load {
        /// Whom to answer.
        ticket: Ticket,
        /// What.
        load: Load,
    },
    /// Sign drafts as consecutive entries of the own log. Answered by `Signed`.
    Sign {
        /// Whom to answer.
        ticket: Ticket,
        /// Incarnation of the log; at an empty `tree` a new log is opened.
        incarnation: u64,
        /// The tree over the ids so far.
        tree: Tree,
        /// Names the certificate version that lists the key, for entry 0.
        certificate: CertificateId,
        /// What.
        drafts: Vec<Draft>,
    },
    /// Ask a peer. Answered by `Answered`, after a time-out at the latest.
    Ask {
        /// Whom to answer.
        ticket: Ticket,
        /// Whom.
        peer: PublicKey,
        /// What.
        request: Request,
    },
    /// The answer to `Asked`.
    Answer {
        /// Which.
        call: CallId,
        /// What.
        answer: Answer,
    },
    /// The verdict on `Gossiped`.
    Verdict {
        /// Which.
        offer: OfferId,
        /// What becomes of it.
        verdict: Verdict,
    },
    /// The answer to `Publish` or `Govern`.
    Reply {
        /// Which.
        call: CallId,
        /// How it ended.
        outcome: Outcome,
    },
    /// Pass a message to all. May be lost.
    Gossip(Gossip),
    /// Try to connect. Shows its result as `PeerUp` or `DialFailed`.
    Dial {
        /// Whom.
        peer: PublicKey,
        /// Multiaddrs without the peer id.
        addresses: Vec<String>,
    },
    /// End the connections of a peer. Shows its result as `PeerDown`.
    Disconnect {
        /// Whom.
        peer: PublicKey,
        /// Why, for people.
        reason: String,
    },
    /// Who passes the gate as a member from now on, everyone else being a guest.
    Members(BTreeSet<PublicKey>),
    /// Something may be worth another look.
    Notice(Notice),
}

/// Something that readers may want to look at again. May be lost: the log is the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Entries arrived.
    Entries {
        /// In this log.
        log: LogId,
    },
    /// Standings may have changed.
    Standing,
    /// The own node key was used elsewhere: an entry of it that this node did not write.
    KeyInUseTwice {
        /// That entry.
        id: EntryId,
    },
}

/// Effects of one turn, in order. Empty between turns.
#[derive(Debug, Default)]
#[must_use = "an effect that nobody starts is a promise broken"]
pub struct Outbox(VecDeque<Effect>);

impl Outbox {
    /// Asks for something.
    pub fn push(&mut self, effect: Effect) {
        self.0.push_back(effect);
    }

    /// Takes everything that was asked for.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.0.drain(..)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
