//! The header: 141 bytes and `ext`, frozen for ever (PROTOCOL 1.2).

use bincode::{Decode, Encode};

use crate::bounded::BoundedBytes;
use crate::codec::{self, CodecError};
use crate::hash::{PayloadHash, TreeHead};
use crate::limits;

/// The one envelope. Another is another network protocol.
pub const ENVELOPE: u8 = 1;
/// SHA-256 and strict Ed25519.
pub const SUITE: u8 = 1;
/// Flag bit 0: the payload is encrypted.
pub const FLAG_SEALED: u16 = 1;
/// Marking CLEAR: anyone may read it.
pub const MARKING_CLEAR: u8 = 0;
/// Marking GREEN: members may read it.
pub const MARKING_GREEN: u8 = 1;
/// Marking AMBER+STRICT, the highest that a header may carry.
pub const MARKING_MAX: u8 = 3;

/// What the content of a payload is. Unknown kinds are kept and relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Kind(pub u32);

impl Kind {
    /// A publication in JSON, or the sealed box of one.
    pub const PUBLICATION: Self = Self(0);
    /// Payloads of one's own or of one's organisation that must go.
    pub const ERASE: Self = Self(1001);
    /// Further recipients of a sealed entry.
    pub const GRANT: Self = Self(1002);
    /// The secret of a sealed entry, for everyone.
    pub const DISCLOSE: Self = Self(1003);
    /// Where a node can be reached.
    pub const NODE_RECORD: Self = Self(1004);

    /// Whether entries of this kind are never sealed, never erased and never taken without their payload.
    pub const fn is_protocol(self) -> bool {
        self.0 >= 1000 && self.0 <= 1999
    }
}

/// Why a header is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Not the encoding of a header.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Made for a later network protocol.
    #[error("envelope {0} is not known here: upgrade needed")]
    UnknownEnvelope(u8),
    /// Signed with a suite that is not known here. Neither valid nor invalid: its log waits.
    #[error("suite {0} is not known here: upgrade needed")]
    UnknownSuite(u8),
    /// A field is out of its bounds.
    #[error("{0}")]
    Field(&'static str),
}

/// What is signed. Fields in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// Layout of all that follows: 1.
    pub envelope: u8,
    /// Hash and signature scheme: 1. Never lower than the predecessor's.
    pub suite: u8,
    /// Bit 0: sealed. Others are kept and ignored.
    pub flags: u16,
    /// What the content is.
    pub kind: Kind,
    /// The node key.
    pub key: [u8; 32],
    /// Chosen at random when the log was opened.
    pub incarnation: u64,
    /// Number of the entry in its log, from 0, dense.
    pub seq: u64,
    /// RFC 9162 tree head over the ids of entries `0 .. seq`; at 0 the id of the certificate that lists `key`.
    pub history: TreeHead,
    /// The author's claim, Unix milliseconds. No rule reads it.
    pub time: u64,
    /// Length of the payload, salt and sealing included.
    pub payload_len: u32,
    /// SHA-256 over the whole payload.
    pub payload_hash: PayloadHash,
    /// TLP 2.0: 0 CLEAR, 1 GREEN, 2 AMBER, 3 AMBER+STRICT.
    pub marking: u8,
    /// Signed, opaque to this version.
    pub ext: BoundedBytes<{ limits::EXT_MAX }>,
}

impl Header {
    /// Reads a header and checks all bounds of PROTOCOL 1.2.
    ///
    /// # Errors
    /// [`HeaderFault`].
    pub fn read(bytes: &[u8]) -> Result<Self, HeaderFault> {
        // Both stand first for ever, so that a later header is told from a broken one.
        match bytes {
            [envelope, ..] if *envelope != ENVELOPE => return Err(HeaderFault::UnknownEnvelope(*envelope)),
            [_, 0, ..] => return Err(HeaderFault::Field("suite 0 does not exist")),
            [_, suite, ..] if *suite != SUITE => return Err(HeaderFault::UnknownSuite(*suite)),
            _ => {}
        }
        let header: Self = codec::decode(bytes, limits::HEADER_MAX)?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), HeaderFault> {
        let fault = |reason| Err(HeaderFault::Field(reason));
        if !(limits::PAYLOAD_MIN..=limits::PAYLOAD_MAX).contains(&self.payload_len) {
            return fault("a payload has 16 to 262,144 bytes");
        }
        if self.marking > MARKING_MAX {
            return fault("there is no such marking in a log");
        }
        let sealed = self.flags & FLAG_SEALED != 0;
        if self.marking > MARKING_GREEN && !sealed {
            return fault("AMBER and AMBER+STRICT are sealed or not published at all");
        }
        if self.kind.is_protocol() {
            if sealed {
                return fault("an entry of a protocol kind is never sealed");
            }
            if self.payload_len > limits::PROTOCOL_PAYLOAD_MAX {
                return fault("the payload of a protocol kind has at most 20 KiB");
            }
        }
        Ok(())
    }

    /// Whether the payload is encrypted.
    pub const fn is_sealed(&self) -> bool {
        self.flags & FLAG_SEALED != 0
    }
}
