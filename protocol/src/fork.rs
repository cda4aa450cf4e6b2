//! Proof that one key signed two entries at one place of one log (PROTOCOL 2.2).

use bincode::{Decode, Encode};

use crate::bounded::BoundedBytes;
use crate::codec::{self, CodecError};
use crate::entry::{Header, HeaderFault, VerifiedEntry};
use crate::hash::{EntryId, NetworkId, TreeHead, sha256};
use crate::key::{Domain, PublicKey, SignatureBytes};
use crate::limits;
use crate::sync::check::SignedHeader;

/// Two signed headers as received: nothing is known of them yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForkProof {
    /// The header with the smaller entry id.
    pub header_a: BoundedBytes<{ limits::HEADER_MAX }>,
    /// Its signature.
    pub sig_a: SignatureBytes,
    /// The other header.
    pub header_b: BoundedBytes<{ limits::HEADER_MAX }>,
    /// Its signature.
    pub sig_b: SignatureBytes,
}

/// Largest proof on the wire.
pub const FORK_PROOF_MAX: usize = 2 * (8 + limits::HEADER_MAX + limits::SIGNATURE_LEN);

/// Why two headers prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkFault {
    /// Not the encoding of a proof.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// One of the headers is not taken.
    #[error("header: {0}")]
    Header(#[from] HeaderFault),
    /// The headers differ in key, incarnation, seq or history, so they need not contradict each other.
    #[error("the two headers do not stand at one place")]
    OtherPlace,
    /// Both are the same entry, or the greater id stands first.
    #[error("the two entries are not different, the smaller id first")]
    Order,
    /// A signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
}

impl ForkProof {
    /// Reads the bytes of a proof.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, FORK_PROOF_MAX)
    }

    /// The node key that both headers name, unchecked.
    ///
    /// # Errors
    /// [`HeaderFault`] if the first header cannot be read.
    pub fn key(&self) -> Result<[u8; 32], HeaderFault> {
        Ok(Header::read(&self.header_a)?.key)
    }

    /// Checks the proof: two signatures at most, after everything that costs less.
    ///
    /// # Errors
    /// [`ForkFault`].
    pub fn verify(self, network: NetworkId, key: &PublicKey) -> Result<VerifiedForkProof, ForkFault> {
        let (a, b) = (Header::read(&self.header_a)?, Header::read(&self.header_b)?);
        let place = |header: &Header| (header.key, header.incarnation, header.seq, header.history);
        if place(&a) != place(&b) || a.key != *key.as_bytes() {
            return Err(ForkFault::OtherPlace);
        }
        let (hash_a, hash_b) = (sha256(&[&self.header_a]), sha256(&[&self.header_b]));
        let id_a = EntryId::of(network, &hash_a, &self.sig_a.0);
        let id_b = EntryId::of(network, &hash_b, &self.sig_b.0);
        if id_a >= id_b {
            return Err(ForkFault::Order);
        }
        let holds = |hash: &[u8; 32], sig| key.verifies(Domain::Entry, network, hash, sig);
        if !holds(&hash_a, &self.sig_a) || !holds(&hash_b, &self.sig_b) {
            return Err(ForkFault::BadSignature);
        }
        Ok(VerifiedForkProof { proof: self, key: *key, header: a, ids: (id_a, id_b) })
    }
}

/// A proof that holds: whoever has the key signed both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedForkProof {
    proof: ForkProof,
    key: PublicKey,
    header: Header,
    ids: (EntryId, EntryId),
}

impl VerifiedForkProof {
    /// Makes the proof out of two verified entries; none if they do not contradict each other.
    pub fn of(one: &VerifiedEntry, other: &VerifiedEntry, key: &PublicKey) -> Option<Self> {
        let (a, b) = if one.id() < other.id() { (one, other) } else { (other, one) };
        let place = |entry: &VerifiedEntry| {
            let header = entry.header();
            (header.key, header.incarnation, header.seq, header.history)
        };
        if a.id() == b.id() || place(a) != place(b) || a.header().key != *key.as_bytes() {
            return None;
        }
        let bytes = |entry: &VerifiedEntry| BoundedBytes::new(entry.header_bytes().to_vec()).ok();
        let proof =
            ForkProof { header_a: bytes(a)?, sig_a: *a.signature(), header_b: bytes(b)?, sig_b: *b.signature() };
        Some(Self { proof, key: *key, header: a.header().clone(), ids: (a.id(), b.id()) })
    }

    /// Makes the proof out of a verified entry and a header that somebody else holds at its place; none if they do not
    /// contradict each other.
    pub fn between(own: &VerifiedEntry, other: &SignedHeader, key: &PublicKey) -> Option<Self> {
        let place = |header: &Header| (header.key, header.incarnation, header.seq, header.history);
        if own.id() == other.id() || place(own.header()) != place(other.header()) || own.header().key != *key.as_bytes()
        {
            return None;
        }
        let mine = (own.id(), BoundedBytes::new(own.header_bytes().to_vec()).ok()?, *own.signature());
        let theirs = (other.id(), BoundedBytes::new(other.bytes().to_vec()).ok()?, *other.sig());
        let (a, b) = if mine.0 < theirs.0 { (mine, theirs) } else { (theirs, mine) };
        let proof = ForkProof { header_a: a.1, sig_a: a.2, header_b: b.1, sig_b: b.2 };
        Some(Self { proof, key: *key, header: own.header().clone(), ids: (a.0, b.0) })
    }

    /// The proof as it travels.
    pub const fn proof(&self) -> &ForkProof {
        &self.proof
    }

    /// Who signed both.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Incarnation of the forked log.
    pub const fn incarnation(&self) -> u64 {
        self.header.incarnation
    }

    /// The place where the log parts.
    pub const fn seq(&self) -> u64 {
        self.header.seq
    }

    /// Tree head over the entries below, or at seq 0 the certificate that opens the log.
    pub const fn history(&self) -> TreeHead {
        self.header.history
    }

    /// The two entries, smaller id first.
    pub const fn ids(&self) -> (EntryId, EntryId) {
        self.ids
    }
}
