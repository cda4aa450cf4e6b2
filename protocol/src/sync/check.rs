//! From what travels to values that may be used: everything that arrives is checked here, as far as it can be alone.
//!
//! Pure and without order: a caller may check the entries of a page side by side.

use crate::document::DocumentFault;
use crate::document::certificate::Certificate;
use crate::document::charter::Charter;
use crate::document::motion::Motion;
use crate::document::signature::{SignaturePlace, UntrustedSignature};
use crate::documents::{DocumentBatch, DocumentObject};
use crate::entry::{Header, HeaderFault, VerifiedEntry};
use crate::hash::{EntryId, NetworkId, sha256};
use crate::key::{Domain, KeyFault, PublicKey, SignatureBytes};
use crate::sync::message::{TravellingBody, TravellingDocument, TravellingHeader};

/// Why a document does not come out of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckFault {
    /// The document breaks a rule.
    #[error(transparent)]
    Document(#[from] DocumentFault),
    /// A signature's key does not count.
    #[error("a signature's key: {0}")]
    Key(#[from] KeyFault),
    /// The header breaks a rule.
    #[error("header: {0}")]
    Header(#[from] HeaderFault),
    /// The signature does not hold, or is not by the expected key.
    #[error("the signature does not hold")]
    BadSignature,
}

/// Checks documents that travelled together: bytes, rules and every signature.
///
/// # Errors
/// [`CheckFault`] at the first fault: no honest peer sends one.
pub fn documents<'a>(
    network: NetworkId,
    travelling: impl IntoIterator<Item = &'a TravellingDocument>,
) -> Result<DocumentBatch, CheckFault> {
    let mut batch = DocumentBatch::default();
    for document in travelling {
        let object = match &document.body {
            TravellingBody::Certificate(bytes) => DocumentObject::Certificate(Certificate::read(bytes)?),
            TravellingBody::Charter { charter, lists } => DocumentObject::Charter(Charter::read(charter, lists)?),
            TravellingBody::Motion(bytes) => DocumentObject::Motion(Motion::read(bytes)?),
        };
        let target = object.id();
        for signature in &document.signatures {
            let key = PublicKey::admit(&signature.key)?;
            let place = SignaturePlace { kind: signature.kind, target, key, round: signature.round };
            batch.signatures.push(UntrustedSignature { place, sig: signature.sig }.verify(network)?);
        }
        batch.objects.push(object);
    }
    Ok(batch)
}

/// A header whose signature holds. Its payload was not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeader {
    id: EntryId,
    header: Header,
    bytes: Vec<u8>,
    sig: SignatureBytes,
}

impl SignedHeader {
    /// The header of a verified entry.
    pub fn of(entry: &VerifiedEntry) -> Self {
        Self {
            id: entry.id(),
            header: entry.header().clone(),
            bytes: entry.header_bytes().to_vec(),
            sig: *entry.signature(),
        }
    }

    /// Id of the entry.
    pub const fn id(&self) -> EntryId {
        self.id
    }

    /// What it says.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its bytes, as received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its signature.
    pub const fn sig(&self) -> &SignatureBytes {
        &self.sig
    }
}

/// Checks a header that was asked for in the search for a fork.
///
/// # Errors
/// [`CheckFault`].
pub fn header(network: NetworkId, key: &PublicKey, travelling: &TravellingHeader) -> Result<SignedHeader, CheckFault> {
    let header = Header::read(&travelling.header)?;
    let hash = sha256(&[&travelling.header]);
    if header.key != *key.as_bytes() || !key.verifies(Domain::Entry, network, &hash, &travelling.sig) {
        return Err(CheckFault::BadSignature);
    }
    let id = EntryId::of(network, &hash, &travelling.sig.0);
    Ok(SignedHeader { id, header, bytes: travelling.header.to_vec(), sig: travelling.sig })
}
