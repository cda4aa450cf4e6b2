//! The first version of an organisation's certificate.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::DocumentFault;
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Roles};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::hash::{CertificateId, NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;

use super::{GovernFault, bounded};

/// What an organisation says of itself when it is made.
#[derive(Debug, Clone, Copy)]
pub struct Founding<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its domain name, or empty.
    pub domain: &'a str,
    /// A claim for people, Unix milliseconds.
    pub time: u64,
    /// X25519 key that restricted publications are encrypted to.
    pub encryption: [u8; 32],
}

/// The keys of a new organisation.
#[derive(Debug, Clone, Copy)]
pub struct FoundingKeys<'a> {
    /// Signs the certificate.
    pub root: &'a SecretKey,
    /// Listed as voting key.
    pub voting: &'a SecretKey,
    /// Listed as node and admin, and shown to be held.
    pub node: &'a SecretKey,
}

/// A certificate with what makes it count: the root's signature and the node key's own.
#[derive(Debug, Clone)]
pub struct SignedCertificate {
    /// The certificate.
    pub certificate: CertificateObject,
    /// The signatures on it.
    pub signatures: Vec<VerifiedSignature>,
}

impl SignedCertificate {
    /// As it travels.
    pub fn into_batch(self) -> DocumentBatch {
        DocumentBatch { objects: vec![DocumentObject::Certificate(self.certificate)], signatures: self.signatures }
    }
}

/// Makes certificate number 0: one root key, one voting key, one encryption key, one node key that is also admin.
///
/// # Errors
/// [`GovernFault`].
pub fn certificate_zero(founding: Founding<'_>, keys: FoundingKeys<'_>) -> Result<SignedCertificate, GovernFault> {
    let one = |_| DocumentFault::Rule("one is within every bound");
    let listed = ListedKey {
        key: keys.node.public(),
        roles: Roles(Roles::NODE | Roles::ADMIN),
        label: bounded("label", "first node")?,
    };
    let certificate = Certificate {
        number: 0,
        prev: CertificateId::ZERO,
        time: founding.time,
        name: bounded("name", founding.name)?,
        domain: bounded("domain", founding.domain)?,
        contact: bounded("contact", "")?,
        root_keys: BoundedVec::new(vec![keys.root.public()]).map_err(one)?,
        root_k: 1,
        keys: BoundedVec::new(vec![listed]).map_err(one)?,
        voting_key: keys.voting.public(),
        enc_keys: BoundedVec::new(vec![founding.encryption]).map_err(one)?,
        closed: BoundedVec::empty(),
    }
    .into_object()?;
    let org = OrgId::from(certificate.id());
    let by_root = SignaturePlace::certificate(certificate.id(), keys.root.public());
    let by_node = SignaturePlace::possession(org, keys.node.public());
    // Both come before any network and are signed for none.
    let signatures = vec![by_root.sign(NetworkId::ZERO, keys.root)?, by_node.sign(NetworkId::ZERO, keys.node)?];
    Ok(SignedCertificate { certificate, signatures })
}
