//! The parts of a bundle: each is read and bounded here, and checked against the others in [`crate::proof`].

use std::fmt;

use bincode::{Decode, Encode};

use crate::bounded::{BoundedBytes, BoundedVec, TooMany};
use crate::codec;
use crate::document::certificate::{Certificate, CertificateObject};
use crate::document::charter::{Charter, CharterHead, MemberRow};
use crate::document::motion::{Motion, MotionObject};
use crate::document::signature::UntrustedSignature;
use crate::entry::VerifiedEntry;
use crate::hash::TreeHead;
use crate::history::PROOF_MAX;
use crate::key::SignatureBytes;
use crate::limits;

/// What a part is. Ascending as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartType {
    /// Header and signature of the entry that the bundle is about.
    Entry,
    /// Its payload.
    Payload,
    /// Header and signature of entry 0 of its log.
    Opening,
    /// The path from entry 0 to the entry's `history`.
    History,
    /// A certificate version; several in ascending order.
    Certificate,
    /// A charter without its lists; several in ascending order.
    Charter,
    /// The author's row among the members of the last charter, with its path.
    Member,
    /// The motion that gave the author its seat.
    Motion,
    /// A signature on one of these.
    Signature,
}

impl PartType {
    const ALL: [(u16, Self, &'static str); 9] = [
        (1, Self::Entry, "entry"),
        (2, Self::Payload, "payload"),
        (3, Self::Opening, "first entry of the log"),
        (4, Self::History, "history path"),
        (5, Self::Certificate, "certificate"),
        (6, Self::Charter, "charter"),
        (7, Self::Member, "member path"),
        (8, Self::Motion, "motion"),
        (9, Self::Signature, "signature"),
    ];

    /// The type with this number in a file.
    pub fn of(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, ..)| *known == code).map(|(_, part_type, _)| part_type)
    }

    /// Its number in a file.
    pub fn code(self) -> u16 {
        Self::ALL.into_iter().find(|(_, known, _)| *known == self).map_or(0, |(code, ..)| code)
    }

    /// What it is called in a message.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, known, _)| *known == self).map_or("", |(.., name)| name)
    }

    /// Whether there may be several of it.
    pub const fn repeats(self) -> bool {
        matches!(self, Self::Certificate | Self::Charter | Self::Signature)
    }
}

impl fmt::Display for PartType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A header and the signature over it, neither checked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedHeader {
    /// The header, as received.
    pub header: BoundedBytes<{ limits::HEADER_MAX }>,
    /// The signature.
    pub signature: SignatureBytes,
}

impl SignedHeader {
    /// Of an entry.
    pub fn of(entry: &VerifiedEntry) -> Self {
        // A verified header is never longer than a header may be.
        let header = BoundedBytes::new(entry.header_bytes().to_vec()).unwrap_or_default();
        Self { header, signature: *entry.signature() }
    }
}

/// An RFC 9162 inclusion path, from the leaf upwards.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TreePath(BoundedVec<TreeHead, PROOF_MAX>);

impl TreePath {
    /// Takes a path.
    ///
    /// # Errors
    /// [`TooMany`] above 65 hashes.
    pub fn new(path: Vec<TreeHead>) -> Result<Self, TooMany> {
        BoundedVec::new(path).map(Self)
    }

    /// The hashes.
    pub fn hashes(&self) -> &[TreeHead] {
        &self.0
    }
}

/// A row among the members of a charter, and the path that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct MemberProof {
    /// The row.
    pub row: MemberRow,
    /// Its place in the list.
    pub index: u32,
    /// From the row to `members_head`.
    pub path: TreePath,
}

/// One part, read.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// See [`PartType::Entry`].
    Entry(SignedHeader),
    /// See [`PartType::Payload`].
    Payload(Vec<u8>),
    /// See [`PartType::Opening`].
    Opening(SignedHeader),
    /// See [`PartType::History`].
    History(TreePath),
    /// See [`PartType::Certificate`].
    Certificate(CertificateObject),
    /// See [`PartType::Charter`].
    Charter(CharterHead),
    /// See [`PartType::Member`].
    Member(MemberProof),
    /// See [`PartType::Motion`].
    Motion(MotionObject),
    /// See [`PartType::Signature`].
    Signature(UntrustedSignature),
}

impl Part {
    /// What it is.
    pub const fn part_type(&self) -> PartType {
        match self {
            Self::Entry(_) => PartType::Entry,
            Self::Payload(_) => PartType::Payload,
            Self::Opening(_) => PartType::Opening,
            Self::History(_) => PartType::History,
            Self::Certificate(_) => PartType::Certificate,
            Self::Charter(_) => PartType::Charter,
            Self::Member(_) => PartType::Member,
            Self::Motion(_) => PartType::Motion,
            Self::Signature(_) => PartType::Signature,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Entry(header) | Self::Opening(header) => codec::encode(header),
            Self::Payload(bytes) => bytes.clone(),
            Self::History(path) => codec::encode(path),
            Self::Certificate(object) => object.bytes().to_vec(),
            Self::Charter(object) => object.bytes().to_vec(),
            Self::Member(proof) => codec::encode(proof),
            Self::Motion(object) => object.bytes().to_vec(),
            Self::Signature(signature) => codec::encode(signature),
        }
    }

    /// Reads one part; the fault is the reason in words.
    pub(super) fn read(part_type: PartType, bytes: &[u8]) -> Result<Self, String> {
        const HEADER_PART_MAX: usize = 8 + limits::HEADER_MAX + limits::SIGNATURE_LEN;
        const PATH_MAX: usize = 8 + 32 * PROOF_MAX;
        const PAYLOAD_MAX: usize = limits::PAYLOAD_MAX as usize;
        let words = |fault: codec::CodecError| fault.to_string();
        let document = |fault: crate::document::DocumentFault| fault.to_string();
        match part_type {
            PartType::Entry => codec::decode(bytes, HEADER_PART_MAX).map(Self::Entry).map_err(words),
            PartType::Payload if bytes.len() > PAYLOAD_MAX => Err(format!("{} bytes are too long", bytes.len())),
            PartType::Payload => Ok(Self::Payload(bytes.to_vec())),
            PartType::Opening => codec::decode(bytes, HEADER_PART_MAX).map(Self::Opening).map_err(words),
            PartType::History => codec::decode(bytes, PATH_MAX).map(Self::History).map_err(words),
            PartType::Certificate => Certificate::read(bytes).map(Self::Certificate).map_err(document),
            PartType::Charter => Charter::read_alone(bytes).map(Self::Charter).map_err(document),
            PartType::Member => codec::decode(bytes, PATH_MAX + 64 + 4).map(Self::Member).map_err(words),
            PartType::Motion => Motion::read(bytes).map(Self::Motion).map_err(document),
            PartType::Signature => codec::decode(bytes, 256).map(Self::Signature).map_err(words),
        }
    }
}
