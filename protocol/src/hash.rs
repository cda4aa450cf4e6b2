//! SHA-256, the ids that are made with it, and the domain prefixes that keep them apart (PROTOCOL 1.3).

use std::fmt;
use std::str::FromStr;

use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};

/// SHA-256 over the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 64 lower-case hex digits")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// All zero: stands for "none" where the protocol says so.
            pub const ZERO: Self = Self([0; 32]);

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let hex = data_encoding::HEXLOWER.encode(&self.0);
                write!(f, "{}({})", stringify!($name), hex.get(..10).unwrap_or(&hex))
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| NotAnId)?;
                bytes.try_into().map(Self).map_err(|_| NotAnId)
            }
        }
    };
}

id! {
    /// An alliance: the id of its charter 0. Never transmitted inside an entry and hashed into every one.
    NetworkId
}
id! {
    /// An entry: covers its header, its signature and the network.
    EntryId
}
id! {
    /// A log: covers its node key, its incarnation and the certificate version that opened it.
    LogId
}
id! {
    /// An organisation: the id of its certificate number 0.
    OrgId
}
id! {
    /// One version of an organisation's certificate.
    CertificateId
}
id! {
    /// One epoch's charter.
    CharterId
}
id! {
    /// A motion.
    MotionId
}
id! {
    /// The place of a signature object: its type, target, key and round, not its bytes.
    SignatureId
}
id! {
    /// SHA-256 over a whole payload, salt included.
    PayloadHash
}
id! {
    /// An RFC 9162 tree head.
    TreeHead
}
id! {
    /// BLAKE3 over a whole file that is attached to an entry.
    FileHash
}
id! {
    /// The id of any document or motion, where the type is said beside it or does not matter.
    ObjectId
}

macro_rules! object_id {
    ($($name:ident),*) => {$(
        impl From<$name> for ObjectId {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
        impl From<ObjectId> for $name {
            fn from(id: ObjectId) -> Self {
                Self(id.0)
            }
        }
    )*};
}
object_id!(CertificateId, CharterId, MotionId);

impl From<CharterId> for NetworkId {
    /// Of charter 0 alone.
    fn from(id: CharterId) -> Self {
        Self(id.0)
    }
}

impl From<NetworkId> for CharterId {
    /// Charter 0 of that network.
    fn from(id: NetworkId) -> Self {
        Self(id.0)
    }
}

impl From<CertificateId> for OrgId {
    /// Of certificate number 0 alone.
    fn from(id: CertificateId) -> Self {
        Self(id.0)
    }
}

impl From<OrgId> for CertificateId {
    /// Certificate number 0 of that organisation.
    fn from(id: OrgId) -> Self {
        Self(id.0)
    }
}

impl EntryId {
    /// `SHA-256("lyceum/1/entry-id\0" || network || SHA-256(header) || signature)`.
    pub fn of(network: NetworkId, header_hash: &[u8; 32], signature: &[u8; 64]) -> Self {
        Self(sha256(&[b"lyceum/1/entry-id\0", &network.0, header_hash, signature]))
    }
}

impl LogId {
    /// `SHA-256("lyceum/1/log-id\0" || key || incarnation as u64 LE || certificate id that entry 0 names)`.
    pub fn of(key: &[u8; 32], incarnation: u64, opened_under: CertificateId) -> Self {
        Self(sha256(&[b"lyceum/1/log-id\0", key, &incarnation.to_le_bytes(), &opened_under.0]))
    }
}

impl CertificateId {
    /// `SHA-256("lyceum/1/cert-id\0" || bytes)`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(&[b"lyceum/1/cert-id\0", bytes]))
    }
}

impl CharterId {
    /// `SHA-256("lyceum/1/charter-id\0" || bytes)`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(&[b"lyceum/1/charter-id\0", bytes]))
    }
}

impl MotionId {
    /// `SHA-256("lyceum/1/motion-id\0" || bytes)`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(&[b"lyceum/1/motion-id\0", bytes]))
    }
}

impl PayloadHash {
    /// SHA-256 over the whole payload.
    pub fn of(payload: &[u8]) -> Self {
        Self(sha256(&[payload]))
    }
}
