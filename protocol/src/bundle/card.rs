//! A card: an organisation's certificate chain with the signatures that make it count, as a file.

use super::{Bundle, BundleFault, Part, PartType};
use crate::document::certificate::CertificateObject;
use crate::document::signature::{SignaturePlace, SignatureType, VerifiedSignature};
use crate::documents::{DocumentBatch, DocumentObject, Documents};
use crate::hash::{NetworkId, OrgId};

/// A chain from number 0 upwards: every version signed by enough of its own and its predecessor's root keys, every
/// listed key shown to be held by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    certificates: Vec<CertificateObject>,
    signatures: Vec<VerifiedSignature>,
}

impl Card {
    /// Checks a chain, ascending from number 0, and takes of `signatures` what is on it.
    ///
    /// # Errors
    /// [`BundleFault::Part`] naming the certificate or signature that is wrong.
    pub fn new(certificates: &[CertificateObject], signatures: &[VerifiedSignature]) -> Result<Self, BundleFault> {
        let mut signatures: Vec<_> =
            signatures.iter().filter(|signature| is_on_chain(signature.place(), certificates)).copied().collect();
        signatures.sort_by_key(VerifiedSignature::id);
        signatures.dedup_by_key(|signature| signature.id());
        let card = Self { certificates: certificates.to_vec(), signatures };
        card.check()?;
        Ok(card)
    }

    fn check(&self) -> Result<(), BundleFault> {
        let documents = gather(&self.certificates, &self.signatures);
        check_chain(&self.certificates, &documents)
            .map_err(|reason| BundleFault::Part { part: PartType::Certificate, reason })?;
        for certificate in &self.certificates {
            let missing = certificate.keys.iter().find(|listed| !documents.is_possessed(self.org(), &listed.key));
            if let Some(listed) = missing {
                let reason = format!("no possession signature by the listed key {}", listed.key);
                return Err(BundleFault::Part { part: PartType::Signature, reason });
            }
        }
        Ok(())
    }

    /// The organisation.
    pub fn org(&self) -> OrgId {
        // A card has a number 0: `check_chain` refuses an empty chain.
        self.certificates.first().map_or(OrgId::ZERO, |zero| zero.id().into())
    }

    /// The chain, ascending from number 0.
    pub fn certificates(&self) -> &[CertificateObject] {
        &self.certificates
    }

    /// The signatures on it, by id.
    pub fn signatures(&self) -> &[VerifiedSignature] {
        &self.signatures
    }

    /// The newest version.
    pub fn tip(&self) -> Option<&CertificateObject> {
        self.certificates.last()
    }

    /// The same as a batch for the set of documents.
    pub fn to_batch(&self) -> DocumentBatch {
        DocumentBatch {
            objects: self.certificates.iter().cloned().map(DocumentObject::Certificate).collect(),
            signatures: self.signatures.clone(),
        }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`BundleFault`] if the chain is too long for one file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BundleFault> {
        let certificates = self.certificates.iter().cloned().map(Part::Certificate);
        let signatures = self.signatures.iter().map(|signature| Part::Signature(signature.to_untrusted()));
        Ok(Bundle::new(NetworkId::ZERO, certificates.chain(signatures).collect())?.to_bytes())
    }

    /// Reads and checks a card.
    ///
    /// # Errors
    /// [`BundleFault`], the part named.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleFault> {
        let bundle = Bundle::read(bytes)?;
        let (mut certificates, mut signatures) = (Vec::new(), Vec::new());
        for part in bundle.parts() {
            match part {
                Part::Certificate(object) => certificates.push(object.clone()),
                Part::Signature(signature) => {
                    let verified = signature.verify(bundle.network()).map_err(|fault| fault.to_string());
                    let verified =
                        verified.map_err(|reason| BundleFault::Part { part: PartType::Signature, reason })?;
                    signatures.push(verified);
                }
                other => {
                    let reason = "does not belong in a card".to_owned();
                    return Err(BundleFault::Part { part: other.part_type(), reason });
                }
            }
        }
        let given = signatures.len();
        let card = Self::new(&certificates, &signatures)?;
        if bundle.network() != NetworkId::ZERO || card.signatures.len() != given {
            let reason = "on nothing in this file, or twice".to_owned();
            return Err(BundleFault::Part { part: PartType::Signature, reason });
        }
        Ok(card)
    }
}

/// The set of a chain and signatures.
pub(crate) fn gather(certificates: &[CertificateObject], signatures: &[VerifiedSignature]) -> Documents {
    let mut documents = Documents::default();
    documents.insert(DocumentBatch {
        objects: certificates.iter().cloned().map(DocumentObject::Certificate).collect(),
        signatures: signatures.to_vec(),
    });
    documents
}

/// Whether versions are a chain from number 0, each well-formed and linked; the fault is the reason in words.
pub(crate) fn check_chain(certificates: &[CertificateObject], documents: &Documents) -> Result<(), String> {
    if certificates.first().is_none_or(|zero| zero.number != 0) {
        return Err("the chain does not begin with number 0".to_owned());
    }
    for pair in certificates.windows(2) {
        if let [before, after] = pair
            && (after.prev != before.id() || before.number.checked_add(1) != Some(after.number))
        {
            return Err(format!("number {} is not the one before the next in this file", before.number));
        }
    }
    for certificate in certificates {
        if !documents.is_well_formed(certificate) {
            return Err(format!("number {} is not signed by enough of its root keys", certificate.number));
        }
        if !documents.is_linked(certificate) {
            return Err(format!("number {} does not follow the one before by its rules", certificate.number));
        }
    }
    Ok(())
}

/// Whether a signature says something about a chain: a root key of a version or its predecessor, or a listed key.
pub(crate) fn is_on_chain(place: &SignaturePlace, certificates: &[CertificateObject]) -> bool {
    match place.kind {
        SignatureType::Certificate => {
            let at = certificates.iter().position(|certificate| place.target == certificate.id().into());
            let Some(at) = at else { return false };
            let signers = certificates.get(at.saturating_sub(1)..=at).unwrap_or_default();
            signers.iter().any(|signer| signer.root_keys.contains(&place.key))
        }
        SignatureType::Key => {
            certificates.first().is_some_and(|zero| place.target == zero.id().into())
                && certificates.iter().any(|certificate| certificate.listed(place.key.as_bytes()).is_some())
        }
        SignatureType::Charter | SignatureType::Approval | SignatureType::Invite => false,
    }
}
