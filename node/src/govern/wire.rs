//! Documents, motions and signatures between a command and the daemon: their bytes in base64.

use data_encoding::BASE64;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Certificate;
use lyceum_protocol::document::charter::Charter;
use lyceum_protocol::document::motion::Motion;
use lyceum_protocol::document::signature::UntrustedSignature;
use lyceum_protocol::document::{DocumentFault, certificate::CertificateObject};
use lyceum_protocol::documents::{DocumentBatch, DocumentObject, Documents};
use lyceum_protocol::hash::NetworkId;
use serde::{Deserialize, Serialize};

/// Longest encoding of a signature, in bytes, with room.
const SIGNATURE_MAX: usize = 256;

/// Why a batch is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// Not base64.
    #[error("not base64")]
    Base64,
    /// Not the object that it is said to be, or a signature that does not hold.
    #[error(transparent)]
    Document(#[from] DocumentFault),
}

/// A batch in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WireBatch {
    /// Certificates.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Charters.
    #[serde(default)]
    pub charters: Vec<WireCharter>,
    /// Motions.
    #[serde(default)]
    pub motions: Vec<String>,
    /// Signatures.
    #[serde(default)]
    pub signatures: Vec<String>,
}

/// A charter with its lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireCharter {
    /// The charter.
    pub charter: String,
    /// Its lists.
    pub lists: String,
}

fn decode(text: &str) -> Result<Vec<u8>, WireFault> {
    BASE64.decode(text.as_bytes()).map_err(|_| WireFault::Base64)
}

impl WireBatch {
    /// The JSON of a batch.
    pub fn of(batch: &DocumentBatch) -> Self {
        let mut wire = Self::default();
        for object in &batch.objects {
            wire.push(object);
        }
        wire.signatures = batch.signatures.iter().map(|s| BASE64.encode(&codec::encode(&s.to_untrusted()))).collect();
        wire
    }

    /// The JSON of everything in a set.
    pub fn of_all(documents: &Documents) -> Self {
        let mut wire = Self::default();
        let certificates = documents.certificates().map(CertificateObject::bytes);
        wire.certificates = certificates.map(|bytes| BASE64.encode(bytes)).collect();
        documents.charters().for_each(|charter| wire.push(&DocumentObject::Charter(charter.clone())));
        wire.motions = documents.motions().map(|motion| BASE64.encode(motion.bytes())).collect();
        wire.signatures = documents.signatures().map(|s| BASE64.encode(&codec::encode(&s.to_untrusted()))).collect();
        wire
    }

    fn push(&mut self, object: &DocumentObject) {
        match object {
            DocumentObject::Certificate(object) => self.certificates.push(BASE64.encode(object.bytes())),
            DocumentObject::Motion(object) => self.motions.push(BASE64.encode(object.bytes())),
            DocumentObject::Charter(object) => self.charters.push(WireCharter {
                charter: BASE64.encode(object.bytes()),
                lists: BASE64.encode(object.lists_bytes()),
            }),
        }
    }

    /// Reads every object and checks every signature.
    ///
    /// # Errors
    /// [`WireFault`], the first.
    pub fn read(&self, network: NetworkId) -> Result<DocumentBatch, WireFault> {
        let mut batch = DocumentBatch::default();
        for text in &self.certificates {
            batch.objects.push(DocumentObject::Certificate(Certificate::read(&decode(text)?)?));
        }
        for wire in &self.charters {
            let charter = Charter::read(&decode(&wire.charter)?, &decode(&wire.lists)?)?;
            batch.objects.push(DocumentObject::Charter(charter));
        }
        for text in &self.motions {
            batch.objects.push(DocumentObject::Motion(Motion::read(&decode(text)?)?));
        }
        for text in &self.signatures {
            let signature: UntrustedSignature =
                codec::decode(&decode(text)?, SIGNATURE_MAX).map_err(DocumentFault::from)?;
            batch.signatures.push(signature.verify(network)?);
        }
        Ok(batch)
    }
}
