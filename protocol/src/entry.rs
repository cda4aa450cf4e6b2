//! An entry: header, signature, payload. Untrusted bytes become a [`VerifiedEntry`] here and nowhere else.
//!
//! Verified means: canonical, within bounds, strictly signed by the key it names, payload (where present) of the
//! announced length and hash. Whether it has a place in a log is for [`crate::log`] to say, whether it is shown for
//! [`crate::standing`].

pub mod header;
pub mod protocol_kinds;

use std::sync::Arc;

use crate::hash::{EntryId, NetworkId, PayloadHash, TreeHead, sha256};
use crate::key::{Domain, PublicKey, SecretKey, SignatureBytes};
use crate::limits;

pub use header::{Header, HeaderFault, Kind};

/// Why an entry is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// The header breaks a rule of its own.
    #[error("header: {0}")]
    Header(#[from] HeaderFault),
    /// The key it was checked with is not the one that it names.
    #[error("the header names another key")]
    OtherKey,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
    /// Not the entry that is expected here.
    #[error("this is another entry")]
    OtherEntry,
    /// The payload is not as long as the header says.
    #[error("the payload has {found} bytes, the header says {said}")]
    PayloadLength {
        /// Bytes found.
        found: usize,
        /// Bytes announced.
        said: u32,
    },
    /// The payload is not the one that was signed.
    #[error("the payload does not match its hash")]
    PayloadHash,
    /// A protocol entry without its payload: its log waits.
    #[error("an entry of a protocol kind is not taken without its payload")]
    PayloadMissing,
}

impl EntryFault {
    /// Whether no honest peer passes this on: then the sender answers for it (PROTOCOL 4.3).
    pub const fn blames_sender(&self) -> bool {
        match self {
            // A newer envelope or suite is an upgrade that we lack, a missing payload a gap.
            Self::Header(HeaderFault::UnknownEnvelope(_) | HeaderFault::UnknownSuite(_))
            | Self::PayloadMissing
            | Self::OtherEntry => false,
            Self::Header(_) | Self::OtherKey | Self::BadSignature | Self::PayloadLength { .. } | Self::PayloadHash => {
                true
            }
        }
    }
}

/// What is held of a payload.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    /// All of it: salt and content.
    Present(Arc<[u8]>),
    /// Erased: the bytes are gone for good.
    Erased,
    /// Not here. A gap, asked for elsewhere.
    NotHeld,
}

impl Payload {
    /// What follows the salt, if the payload is present.
    pub fn content(&self) -> Option<&[u8]> {
        match self {
            Self::Present(bytes) => bytes.get(limits::SALT_LEN..),
            Self::Erased | Self::NotHeld => None,
        }
    }
}

impl std::fmt::Debug for Payload {
    // Bodies stay out of logs and traces.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Present(bytes) => write!(f, "Present({} bytes)", bytes.len()),
            Self::Erased => f.write_str("Erased"),
            Self::NotHeld => f.write_str("NotHeld"),
        }
    }
}

/// An entry as it came from a peer, a file or the disk: nothing is known but its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedEntry {
    /// The header, as received.
    pub header: Vec<u8>,
    /// The signature.
    pub signature: SignatureBytes,
    /// The payload, or why it is absent.
    pub payload: Payload,
}

impl UntrustedEntry {
    /// Reads the header: canonical, within bounds. The first and cheapest check.
    ///
    /// # Errors
    /// [`HeaderFault`].
    pub fn read_header(&self) -> Result<Header, HeaderFault> {
        Header::read(&self.header)
    }

    /// Checks everything about an entry that needs no other: cheapest first, the signature last.
    ///
    /// # Errors
    /// [`EntryFault`]; `blames_sender` tells whose fault it is.
    pub fn verify(self, network: NetworkId, key: &PublicKey) -> Result<VerifiedEntry, EntryFault> {
        let header = self.read_header()?;
        self.verify_read(header, network, key)
    }

    /// Checks an entry whose author is looked up once the header is read: `admitted` gives the key of these bytes.
    ///
    /// # Errors
    /// [`EntryFault`], or what `admitted` says of the key.
    pub fn verify_with<E: From<EntryFault>>(
        self,
        network: NetworkId,
        admitted: impl FnOnce(&[u8; 32]) -> Result<PublicKey, E>,
    ) -> Result<VerifiedEntry, E> {
        let header = self.read_header().map_err(EntryFault::from)?;
        let key = admitted(&header.key)?;
        Ok(self.verify_read(header, network, &key)?)
    }

    fn verify_read(self, header: Header, network: NetworkId, key: &PublicKey) -> Result<VerifiedEntry, EntryFault> {
        if header.key != *key.as_bytes() {
            return Err(EntryFault::OtherKey);
        }
        check_payload(&header, &self.payload)?;
        let header_hash = sha256(&[&self.header]);
        if !key.verifies(Domain::Entry, network, &header_hash, &self.signature) {
            return Err(EntryFault::BadSignature);
        }
        let id = EntryId::of(network, &header_hash, &self.signature.0);
        Ok(VerifiedEntry(Arc::new(Parts {
            id,
            header,
            header_bytes: self.header,
            signature: self.signature,
            payload: self.payload,
        })))
    }

    /// Recognises an entry that was verified before, by its id: header, signature and payload as they were then.
    ///
    /// The id covers header and signature, so equal ids mean equal bytes and the signature need not be checked again.
    /// `known` has to come from a chain of verified entries, never from whoever sent the bytes.
    ///
    /// # Errors
    /// [`EntryFault::OtherEntry`] if it is another entry, or a fault of header or payload.
    pub fn recognise(self, network: NetworkId, known: EntryId) -> Result<VerifiedEntry, EntryFault> {
        let id = EntryId::of(network, &sha256(&[&self.header]), &self.signature.0);
        if id != known {
            return Err(EntryFault::OtherEntry);
        }
        let header = self.read_header()?;
        check_payload(&header, &self.payload)?;
        Ok(VerifiedEntry(Arc::new(Parts {
            id,
            header,
            header_bytes: self.header,
            signature: self.signature,
            payload: self.payload,
        })))
    }
}

/// Whether a payload is the one that a header announces.
///
/// # Errors
/// [`EntryFault`]: wrong length, wrong hash, or missing where the kind demands it.
pub fn check_payload(header: &Header, payload: &Payload) -> Result<(), EntryFault> {
    match payload {
        Payload::Present(bytes) => {
            if u32::try_from(bytes.len()) != Ok(header.payload_len) {
                return Err(EntryFault::PayloadLength { found: bytes.len(), said: header.payload_len });
            }
            if PayloadHash::of(bytes) != header.payload_hash {
                return Err(EntryFault::PayloadHash);
            }
            Ok(())
        }
        Payload::Erased | Payload::NotHeld if header.kind.is_protocol() => Err(EntryFault::PayloadMissing),
        Payload::Erased | Payload::NotHeld => Ok(()),
    }
}

struct Parts {
    id: EntryId,
    header: Header,
    header_bytes: Vec<u8>,
    signature: SignatureBytes,
    payload: Payload,
}

/// An entry whose bytes were checked. Cheap to clone.
#[derive(Clone)]
pub struct VerifiedEntry(Arc<Parts>);

impl VerifiedEntry {
    /// Its id.
    pub fn id(&self) -> EntryId {
        self.0.id
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The header's bytes, as received.
    pub fn header_bytes(&self) -> &[u8] {
        &self.0.header_bytes
    }

    /// The signature.
    pub fn signature(&self) -> &SignatureBytes {
        &self.0.signature
    }

    /// What is held of the payload.
    pub fn payload(&self) -> &Payload {
        &self.0.payload
    }

    /// Bytes that it takes on the wire and the disk, without framing.
    pub fn size(&self) -> usize {
        let payload = match &self.0.payload {
            Payload::Present(bytes) => bytes.len(),
            Payload::Erased | Payload::NotHeld => 0,
        };
        self.0.header_bytes.len().saturating_add(limits::SIGNATURE_LEN).saturating_add(payload)
    }

    /// The same bytes, as they would come from a peer.
    pub fn to_untrusted(&self) -> UntrustedEntry {
        UntrustedEntry {
            header: self.0.header_bytes.clone(),
            signature: self.0.signature,
            payload: self.0.payload.clone(),
        }
    }
}

impl PartialEq for VerifiedEntry {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id && self.0.payload == other.0.payload
    }
}

impl Eq for VerifiedEntry {}

impl std::fmt::Debug for VerifiedEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} seq {} {:?}", self.0.id, self.0.header.seq, self.0.payload)
    }
}

/// What an author wants to say, before it has a place in a log.
#[derive(Clone)]
pub struct Draft {
    /// What the content is.
    pub kind: Kind,
    /// Who may read it.
    pub marking: u8,
    /// Header flags.
    pub flags: u16,
    /// The author's claim, Unix milliseconds.
    pub time: u64,
    /// Salt and content.
    pub payload: Arc<[u8]>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft of kind {} with {} bytes", self.kind.0, self.payload.len())
    }
}

/// The place of the next entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Chosen when the log was opened.
    pub incarnation: u64,
    /// Number of the entry.
    pub seq: u64,
    /// Tree head over the ids before it; at 0 the certificate that lists the key.
    pub history: TreeHead,
}

impl Draft {
    /// Signs the draft for one place and checks the result as if it came from a stranger: a flipped bit dies here.
    ///
    /// # Errors
    /// [`EntryFault`] if the draft breaks a bound, or the machine miscalculated.
    pub fn sign(&self, network: NetworkId, secret: &SecretKey, place: Place) -> Result<VerifiedEntry, EntryFault> {
        let key = secret.public();
        let found = self.payload.len();
        let payload_len = u32::try_from(found).map_err(|_| EntryFault::PayloadLength { found, said: u32::MAX })?;
        let header = Header {
            envelope: header::ENVELOPE,
            suite: header::SUITE,
            flags: self.flags,
            kind: self.kind,
            key: key.to_bytes(),
            incarnation: place.incarnation,
            seq: place.seq,
            history: place.history,
            time: self.time,
            payload_len,
            payload_hash: PayloadHash::of(&self.payload),
            marking: self.marking,
            ext: crate::bounded::BoundedBytes::default(),
        };
        let bytes = crate::codec::encode(&header);
        let signature = secret.sign(Domain::Entry, network, &sha256(&[&bytes]));
        UntrustedEntry { header: bytes, signature, payload: Payload::Present(self.payload.clone()) }
            .verify(network, &key)
    }
}
