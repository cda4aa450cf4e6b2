//! Documents, payloads, entries and headers as they travel: bytes that nothing is believed of yet.

use bincode::{Decode, Encode};

use crate::bounded::{BoundedBytes, BoundedVec, SharedBytes};
use crate::document::signature::{SignatureType, VerifiedSignature};
use crate::documents::{DocumentObject, Documents};
use crate::entry::{Payload, UntrustedEntry, VerifiedEntry};
use crate::hash::{CertificateId, CharterId, MotionId, ObjectId};
use crate::key::SignatureBytes;
use crate::limits;

/// The body of a document or motion.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum TravellingBody {
    /// A certificate version.
    Certificate(BoundedBytes<{ limits::CERTIFICATE_MAX }>),
    /// A charter with its lists.
    Charter {
        /// The charter.
        charter: BoundedBytes<{ limits::CHARTER_MAX }>,
        /// Its lists.
        lists: BoundedBytes<{ limits::LISTS_MAX }>,
    },
    /// A motion.
    Motion(BoundedBytes<{ limits::MOTION_MAX }>),
}

/// A signature on the document that it travels with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct TravellingSignature {
    /// What it says.
    pub kind: SignatureType,
    /// Who signs: not yet admitted as a key.
    pub key: [u8; 32],
    /// For which round.
    pub round: u16,
    /// The signature.
    pub sig: SignatureBytes,
}

/// A document or motion, with the signatures on it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TravellingDocument {
    /// Its bytes.
    pub body: TravellingBody,
    /// Signatures on it, ascending.
    pub signatures: BoundedVec<TravellingSignature, { limits::DOCUMENT_SIGNATURES_MAX }>,
}

impl TravellingDocument {
    /// The object of an id with all signatures that are held on it; none if it is not held.
    pub fn of(documents: &Documents, id: ObjectId) -> Option<Self> {
        let object = documents.object(id)?;
        Self::with(&object, documents.signatures_on(id))
    }

    /// An object with these signatures.
    pub fn with<'a>(object: &DocumentObject, signatures: impl Iterator<Item = &'a VerifiedSignature>) -> Option<Self> {
        let body = match object {
            DocumentObject::Certificate(object) => {
                TravellingBody::Certificate(BoundedBytes::new(object.bytes().to_vec()).ok()?)
            }
            DocumentObject::Charter(object) => TravellingBody::Charter {
                charter: BoundedBytes::new(object.bytes().to_vec()).ok()?,
                lists: BoundedBytes::new(object.lists_bytes().to_vec()).ok()?,
            },
            DocumentObject::Motion(object) => TravellingBody::Motion(BoundedBytes::new(object.bytes().to_vec()).ok()?),
        };
        let mut signatures: Vec<TravellingSignature> = signatures
            .map(|signature| TravellingSignature {
                kind: signature.place().kind,
                key: signature.place().key.to_bytes(),
                round: signature.place().round,
                sig: *signature.sig(),
            })
            .collect();
        signatures.sort_unstable();
        Some(Self { body, signatures: BoundedVec::new(signatures).ok()? })
    }

    /// The id of its document or motion, whether that is one or not.
    pub fn id(&self) -> ObjectId {
        match &self.body {
            TravellingBody::Certificate(bytes) => CertificateId::of(bytes).into(),
            TravellingBody::Charter { charter, .. } => CharterId::of(charter).into(),
            TravellingBody::Motion(bytes) => MotionId::of(bytes).into(),
        }
    }

    /// Bytes that it takes in a page.
    pub fn size(&self) -> usize {
        let body = match &self.body {
            TravellingBody::Certificate(bytes) => bytes.len(),
            TravellingBody::Charter { charter, lists } => charter.len().saturating_add(lists.len()).saturating_add(8),
            TravellingBody::Motion(bytes) => bytes.len(),
        };
        let signatures = self.signatures.len().saturating_mul(limits::TRAVELLING_SIGNATURE);
        body.saturating_add(signatures).saturating_add(32)
    }
}

/// What travels of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum TravellingPayload {
    /// All of it.
    Present(SharedBytes<{ limits::PAYLOAD_MAX as usize }>),
    /// Erased. Believed only with the erasing entry or motion.
    Erased,
    /// Not held.
    NotHeld,
}

impl From<&Payload> for TravellingPayload {
    fn from(payload: &Payload) -> Self {
        match payload {
            // A verified payload is within its bound: one that is not is not held.
            Payload::Present(bytes) => SharedBytes::new(bytes.clone()).map_or(Self::NotHeld, Self::Present),
            Payload::Erased => Self::Erased,
            Payload::NotHeld => Self::NotHeld,
        }
    }
}

impl From<TravellingPayload> for Payload {
    fn from(payload: TravellingPayload) -> Self {
        match payload {
            TravellingPayload::Present(bytes) => Self::Present(bytes.into_inner()),
            // What a peer says is erased is a gap until the erasing entry or motion is held here (PROTOCOL 4.2).
            TravellingPayload::Erased | TravellingPayload::NotHeld => Self::NotHeld,
        }
    }
}

/// An entry, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TravellingEntry {
    /// The header.
    pub header: BoundedBytes<{ limits::HEADER_MAX }>,
    /// Its signature.
    pub sig: SignatureBytes,
    /// The payload, or why it is absent.
    pub payload: TravellingPayload,
}

impl TravellingEntry {
    /// Bytes that it takes in a page.
    pub fn size(&self) -> usize {
        let payload = match &self.payload {
            TravellingPayload::Present(bytes) => bytes.len().saturating_add(8),
            TravellingPayload::Erased | TravellingPayload::NotHeld => 0,
        };
        self.header.len().saturating_add(8 + limits::SIGNATURE_LEN + 4).saturating_add(payload)
    }
}

impl From<TravellingEntry> for UntrustedEntry {
    fn from(entry: TravellingEntry) -> Self {
        Self { header: entry.header.into_inner(), signature: entry.sig, payload: entry.payload.into() }
    }
}

impl From<&VerifiedEntry> for TravellingEntry {
    fn from(entry: &VerifiedEntry) -> Self {
        Self {
            // A verified header is within its bound.
            header: BoundedBytes::new(entry.header_bytes().to_vec()).unwrap_or_default(),
            sig: *entry.signature(),
            payload: entry.payload().into(),
        }
    }
}

/// A header with its signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct TravellingHeader {
    /// The header.
    pub header: BoundedBytes<{ limits::HEADER_MAX }>,
    /// Its signature.
    pub sig: SignatureBytes,
}
