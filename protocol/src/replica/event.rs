//! The closed list of what can happen to a replica.

use std::sync::Arc;

use crate::documents::DocumentBatch;
use crate::entry::{Draft, VerifiedEntry};
use crate::fork::VerifiedForkProof;
use crate::frontier::{DocsItem, FrontierItem};
use crate::hash::{EntryId, ObjectId};
use crate::key::PublicKey;
use crate::receipt::SignedReceipt;
use crate::sync::check::SignedHeader;
use crate::sync::message::{Hello, RefusalCode, Request, You};

/// The moment of one turn. Both clocks come from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Now {
    /// Milliseconds since the process began. Never goes back; all deadlines are in it.
    pub mono: u64,
    /// Milliseconds since 1970-01-01 UTC. May jump. Written into entries, compared with tolerance, never a rule.
    pub wall: u64,
}

/// Names what came in and has to be answered exactly once. Chosen outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Names a gossip message that waits for a verdict. Chosen outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferId(pub u64);

/// Names an effect that will be answered exactly once. Chosen inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Why a request to a peer has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskFault {
    /// The connection ended, or could not be used.
    #[error("connection lost: {0}")]
    Lost(String),
    /// No answer within the time allowed.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is none that an honest peer sends; what is wrong with it.
    #[error("bad answer: {0}")]
    Bad(String),
}

/// Why the store did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreFault(pub String);

/// An answer whose content was checked as far as it can be alone.
#[derive(Debug, Clone)]
pub enum Checked {
    /// Who the peer is, and what it takes us for.
    Hello {
        /// Itself.
        hello: Hello,
        /// Us.
        you: You,
    },
    /// Bucket hashes.
    Digest(Vec<[u8; 32]>),
    /// Items of the documents, and whether there are more.
    DocsItems(Vec<DocsItem>, bool),
    /// Items of the frontier, and whether there are more.
    FrontierItems(Vec<FrontierItem>, bool),
    /// Documents with valid signatures, and whether the page ended before the ids did.
    Docs(DocumentBatch, bool),
    /// Entries with valid signatures.
    Entries(Vec<VerifiedEntry>),
    /// Headers with valid signatures.
    Headers(Vec<SignedHeader>),
    /// Payloads in the order of the ids, not compared with their hash: `None` where the peer has none, with
    /// whether it says that it is erased.
    Payloads(Vec<Result<Arc<[u8]>, PayloadAbsent>>),
    /// A receipt with a valid signature.
    Receipt(SignedReceipt),
    /// Proofs with valid signatures.
    Proofs(Vec<VerifiedForkProof>),
    /// News were heard.
    Changed,
    /// Refused.
    Refused {
        /// For programs.
        code: RefusalCode,
        /// For people. Untrusted text.
        detail: String,
    },
}

/// Why a peer sent no payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadAbsent {
    /// It says that it is erased.
    Erased,
    /// It does not hold it.
    NotHeld,
}

/// A gossip message whose content was checked as far as it can be alone.
#[derive(Debug, Clone)]
pub enum Heard {
    /// An entry.
    Entry(VerifiedEntry),
    /// Documents.
    Documents(DocumentBatch),
    /// A document that is too large for gossip.
    DocumentId(ObjectId),
    /// A fork proof.
    Proof(VerifiedForkProof),
    /// What no honest peer passes on; what is wrong with it.
    Bad(String),
    /// What may only be new to us: another envelope or suite.
    Unknown,
}

/// What the store answers.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Consecutive entries from the number that was asked for.
    Entries(Vec<VerifiedEntry>),
    /// Payloads by entry.
    Payloads(Vec<(EntryId, crate::entry::Payload)>),
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A person or a program on this node wants to publish. Answered by one `Reply`.
    Publish {
        /// Whom to answer.
        call: CallId,
        /// What; they become consecutive entries.
        drafts: Vec<Draft>,
    },
    /// A tool of this node made documents, motions or signatures. Answered by one `Reply`.
    Govern {
        /// Whom to answer.
        call: CallId,
        /// What.
        batch: DocumentBatch,
    },
    /// A connection to a peer is up.
    PeerUp {
        /// Its node key.
        peer: PublicKey,
    },
    /// The last connection to a peer ended.
    PeerDown {
        /// Its node key.
        peer: PublicKey,
    },
    /// A dial that was asked for did not succeed.
    DialFailed {
        /// Whom.
        peer: PublicKey,
        /// Why, for people.
        cause: String,
    },
    /// The addresses at which this node can be reached from outside changed: multiaddrs without the peer id.
    Addresses(Vec<String>),
    /// A peer asks. Answered by one `Answer`.
    Asked {
        /// Whom to answer.
        call: CallId,
        /// Who asks.
        peer: PublicKey,
        /// What.
        request: Request,
    },
    /// The answer to an `Ask` is here whole and is being checked; `Answered` follows. May be left out.
    Arrived {
        /// Which.
        ticket: Ticket,
    },
    /// The answer to an `Ask`.
    Answered {
        /// Which.
        ticket: Ticket,
        /// The answer.
        result: Result<Checked, AskFault>,
    },
    /// A gossip message. Answered by one `Verdict`.
    Gossiped {
        /// Which.
        offer: OfferId,
        /// Who passed it on.
        peer: PublicKey,
        /// What.
        heard: Heard,
    },
    /// The answer to a `Store`: durable, or not done at all.
    Stored {
        /// Which.
        ticket: Ticket,
        /// Whether.
        result: Result<(), StoreFault>,
    },
    /// The answer to a `Load`.
    Loaded {
        /// Which.
        ticket: Ticket,
        /// What.
        result: Result<Loaded, StoreFault>,
    },
    /// The answer to a `Sign`.
    Signed {
        /// Which.
        ticket: Ticket,
        /// The entries in the order of the drafts, or why there are none.
        result: Result<Vec<VerifiedEntry>, String>,
    },
}
