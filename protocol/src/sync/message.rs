//! Requests and answers of `/lyceum/sync/1` (PROTOCOL 4.2). Who needs something pulls it.

mod travelling;

use bincode::{Decode, Encode};

use crate::bounded::{BoundedText, BoundedVec};
use crate::codec::{self, CodecError};
use crate::fork::ForkProof;
use crate::frontier::{DocsItem, FrontierItem};
use crate::hash::{CertificateId, CharterId, EntryId, LogId, NetworkId, ObjectId, OrgId};
use crate::limits;
use crate::receipt::SignedReceipt;
use crate::sync::order;

pub use travelling::{
    TravellingBody, TravellingDocument, TravellingEntry, TravellingHeader, TravellingPayload, TravellingSignature,
};

/// The one version of the messages so far.
pub const VERSION: u16 = 1;

/// What a node says of itself, asked and answered alike.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Hello {
    /// Versions of the messages that it speaks, ascending.
    pub versions: BoundedVec<u16, 8>,
    /// Its alliance.
    pub network: NetworkId,
    /// Its organisation.
    pub org: OrgId,
    /// The newest version of its organisation's certificate that it holds.
    pub certificate: CertificateId,
    /// From where it counts epochs.
    pub checkpoint: CharterId,
    /// The epoch of that charter; 0 where it does not hold it yet.
    pub checkpoint_epoch: u32,
    /// The charter that it adopted; zero where it adopted none yet.
    pub adopted: CharterId,
    /// Root of its documents; zero towards a guest.
    pub docs_root: [u8; 32],
    /// Root of its frontier; zero towards a guest.
    pub digest: [u8; 32],
    /// Hash over everything that must converge; zero towards a guest.
    pub state_root: [u8; 32],
    /// Random for each start of the program: another one ends what the connection before remembered.
    pub boot: u64,
}

/// Which of the two sets a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Set {
    /// Documents and motions with their signatures.
    Docs,
    /// Logs.
    Frontier,
}

/// Most buckets of one digest.
pub const BUCKETS_MAX: usize = 1 << limits::DIGEST_BITS_MAX;
/// Most items of one page: what fits [`limits::PAGE_MAX`] at 80 bytes an item, with room for the frame.
pub const ITEMS_MAX: usize = 13_000;
/// Most entries of one page: none is smaller than 205 bytes.
pub const ENTRIES_MAX: usize = 4_096;

/// A request. The answer has the same name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// Who are you, and how far are you?
    Hello(Hello),
    /// Hashes of the `2^bits` buckets of a set.
    Digest {
        /// The set.
        set: Set,
        /// At most [`limits::DIGEST_BITS_MAX`].
        bits: u8,
    },
    /// The items of some buckets, by id.
    Items {
        /// The set.
        set: Set,
        /// Of how many leading bits the buckets are.
        bits: u8,
        /// The buckets, ascending.
        buckets: BoundedVec<u32, BUCKETS_MAX>,
        /// Only items with a greater id.
        after: Option<[u8; 32]>,
    },
    /// Documents and motions with the signatures on them.
    Docs {
        /// Their ids, ascending.
        ids: BoundedVec<ObjectId, { limits::DOCS_IDS_MAX }>,
    },
    /// Consecutive entries of one log.
    Entries {
        /// The log.
        log: LogId,
        /// Length of the chain that is meant.
        len: u64,
        /// Its last entry: names the branch.
        head: EntryId,
        /// Number of the first entry that is wanted.
        from: u64,
        /// At most so many bytes, but always one entry.
        max_bytes: u32,
    },
    /// Headers with their signatures: the search for the place where two chains part.
    Headers {
        /// The log.
        log: LogId,
        /// Their numbers, ascending.
        seqs: BoundedVec<u64, { limits::ASK_MAX }>,
    },
    /// Payloads alone.
    Payloads {
        /// Their entries, ascending.
        ids: BoundedVec<EntryId, { limits::ASK_MAX }>,
    },
    /// A signed statement of what is held of a log.
    Receipt {
        /// The log.
        log: LogId,
    },
    /// Fork proofs.
    Proofs {
        /// Of these logs, ascending.
        logs: BoundedVec<LogId, { limits::ASK_MAX }>,
    },
    /// News since the last full comparison: a hint, the receiver pulls.
    Changed {
        /// Items that changed, by log.
        items: BoundedVec<FrontierItem, { limits::CHANGED_MAX }>,
        /// Root of the documents now.
        docs_root: [u8; 32],
    },
}

impl Request {
    /// Its name, for people and figures.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Digest { .. } => "digest",
            Self::Items { .. } => "items",
            Self::Docs { .. } => "docs",
            Self::Entries { .. } => "entries",
            Self::Headers { .. } => "headers",
            Self::Payloads { .. } => "payloads",
            Self::Receipt { .. } => "receipt",
            Self::Proofs { .. } => "proofs",
            Self::Changed { .. } => "changed",
        }
    }

    /// Reads a request, whose lists have to be in order.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let request = codec::decode(bytes, limits::REQUEST_MAX)?;
        order::request(&request)?;
        Ok(request)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// What the asked one takes the asker for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum You {
    /// A member: everything is served.
    Member,
    /// Nothing is known of its key: it is pulled from and asks again.
    Guest,
    /// It has a seat now: it dials again to be a member.
    Seated,
}

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum RefusalCode {
    /// Another alliance.
    OtherNetwork,
    /// No version of the messages in common.
    NoCommonVersion,
    /// The organisation was removed; the detail is the id of the motion.
    Removed,
    /// No seat; the detail says why.
    NotAMember,
    /// Served to members alone.
    MembersOnly,
    /// Too many guests, or too many requests: later.
    Busy,
    /// That log, chain or object is not here.
    NotHeld,
    /// The request breaks a bound or makes no sense.
    BadRequest,
    /// The asked one cannot answer now.
    Unavailable,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// What was asked for.
    Ok(Reply),
    /// Why not.
    Refused {
        /// For programs.
        code: RefusalCode,
        /// For people.
        detail: BoundedText<{ limits::DETAIL_MAX }>,
    },
}

/// The content of an answer, one variant for each request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// Who the asked one is, and what it takes the asker for.
    Hello {
        /// Itself.
        hello: Hello,
        /// The asker.
        you: You,
    },
    /// Bucket hashes, in order.
    Digest {
        /// `2^bits` of them.
        hashes: BoundedVec<[u8; 32], BUCKETS_MAX>,
    },
    /// Items of the documents.
    DocsItems {
        /// By id.
        items: BoundedVec<DocsItem, ITEMS_MAX>,
        /// Whether there are more above the last.
        more: bool,
    },
    /// Items of the frontier.
    FrontierItems {
        /// By log.
        items: BoundedVec<FrontierItem, ITEMS_MAX>,
        /// Whether there are more above the last.
        more: bool,
    },
    /// Documents with their signatures.
    Docs {
        /// By id; what is not held is left out.
        documents: BoundedVec<TravellingDocument, { limits::DOCS_IDS_MAX }>,
        /// Whether a page ended before the ids did.
        more: bool,
    },
    /// Consecutive entries.
    Entries {
        /// From the number that was asked for.
        entries: BoundedVec<TravellingEntry, ENTRIES_MAX>,
    },
    /// Headers.
    Headers {
        /// In the order of the numbers; what is not held is left out.
        headers: BoundedVec<TravellingHeader, { limits::ASK_MAX }>,
    },
    /// Payloads.
    Payloads {
        /// In the order of the ids, cut where the page is full.
        payloads: BoundedVec<TravellingPayload, { limits::ASK_MAX }>,
    },
    /// A receipt.
    Receipt {
        /// Signed by the node that answers.
        receipt: SignedReceipt,
    },
    /// Fork proofs.
    Proofs {
        /// Of the logs of which one is held.
        proofs: BoundedVec<ForkProof, { limits::ASK_MAX }>,
    },
    /// News were heard.
    Changed,
}

impl Answer {
    /// A refusal; a detail that is too long is cut.
    pub fn refused(code: RefusalCode, detail: &str) -> Self {
        Self::Refused { code, detail: BoundedText::cut(detail) }
    }

    /// Reads an answer, whose lists have to be in order.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let answer = codec::decode(bytes, limits::FRAME_MAX)?;
        order::answer(&answer)?;
        Ok(answer)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// A gossip message: topic `entry`, `doc` or `proof` (PROTOCOL 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Gossip {
    /// A new entry with a small payload.
    Entry(TravellingEntry),
    /// Documents that belong together, with their signatures.
    Documents(BoundedVec<TravellingDocument, 8>),
    /// A document that is too large for gossip: pull it.
    DocumentId(ObjectId),
    /// The first proof that a log forks.
    Proof(ForkProof),
}

impl Gossip {
    /// Reads a message, whose lists have to be in order.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let message = codec::decode(bytes, limits::GOSSIP_MAX)?;
        order::gossip(&message)?;
        Ok(message)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
}
