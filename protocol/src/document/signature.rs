//! Signatures as objects of their own, so that no relay can strip one for good (PROTOCOL 1.3).

use bincode::{Decode, Encode};

use super::DocumentFault;
use crate::hash::{CertificateId, CharterId, MotionId, NetworkId, ObjectId, OrgId, SignatureId, sha256};
use crate::key::{Domain, PublicKey, SecretKey, SignatureBytes};

/// What a signature object says about its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum SignatureType {
    /// A root key signs a certificate version.
    Certificate,
    /// A listed key shows that its owner holds it; the target is certificate 0 of the organisation.
    Key,
    /// A voter's key signs a charter for one round.
    Charter,
    /// A voter's key approves a motion.
    Approval,
    /// An invite key gives its seat to an organisation; the target is its certificate 0.
    Invite,
}

impl SignatureType {
    /// What is signed.
    pub const fn domain(self) -> Domain {
        match self {
            Self::Certificate => Domain::Certificate,
            Self::Key => Domain::Key,
            Self::Charter => Domain::Charter,
            Self::Approval => Domain::Approval,
            Self::Invite => Domain::Invite,
        }
    }
}

/// What a signature is about: all but its bytes, and what its id covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct SignaturePlace {
    /// What it says.
    pub kind: SignatureType,
    /// The document or motion.
    pub target: ObjectId,
    /// Who signs.
    pub key: PublicKey,
    /// For which round; 0 but for charters.
    pub round: u16,
}

impl SignaturePlace {
    /// Root key on certificate version.
    pub const fn certificate(target: CertificateId, key: PublicKey) -> Self {
        Self { kind: SignatureType::Certificate, target: ObjectId(target.0), key, round: 0 }
    }

    /// Possession of a listed key.
    pub const fn possession(org: OrgId, key: PublicKey) -> Self {
        Self { kind: SignatureType::Key, target: ObjectId(org.0), key, round: 0 }
    }

    /// Voter on charter.
    pub const fn charter(target: CharterId, key: PublicKey, round: u16) -> Self {
        Self { kind: SignatureType::Charter, target: ObjectId(target.0), key, round }
    }

    /// Voter on motion.
    pub const fn approval(target: MotionId, key: PublicKey) -> Self {
        Self { kind: SignatureType::Approval, target: ObjectId(target.0), key, round: 0 }
    }

    /// Invite key on newcomer.
    pub const fn redemption(org: OrgId, key: PublicKey) -> Self {
        Self { kind: SignatureType::Invite, target: ObjectId(org.0), key, round: 0 }
    }

    /// `SHA-256("lyceum/1/signature-id\0" || place encoded)`.
    pub fn id(&self) -> SignatureId {
        SignatureId(sha256(&[b"lyceum/1/signature-id\0", &crate::codec::encode(self)]))
    }

    /// The 32 bytes that are signed.
    fn signed_bytes(&self) -> [u8; 32] {
        match self.kind {
            SignatureType::Charter => sha256(&[&self.target.0, &self.round.to_le_bytes()]),
            SignatureType::Certificate | SignatureType::Key | SignatureType::Approval | SignatureType::Invite => {
                self.target.0
            }
        }
    }

    /// Signs this place with the secret half of its key.
    ///
    /// # Errors
    /// [`DocumentFault`] if `secret` is another key, or the round is not 0 where it has to be.
    pub fn sign(self, network: NetworkId, secret: &SecretKey) -> Result<VerifiedSignature, DocumentFault> {
        let sig = secret.sign(self.kind.domain(), network, &self.signed_bytes());
        UntrustedSignature { place: self, sig }.verify(network)
    }
}

/// A signature object as received. Its key was admitted, its signature not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct UntrustedSignature {
    /// What it is about.
    pub place: SignaturePlace,
    /// The signature.
    pub sig: SignatureBytes,
}

impl UntrustedSignature {
    /// Checks the signature. `network` matters for approvals and redemptions only.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn verify(self, network: NetworkId) -> Result<VerifiedSignature, DocumentFault> {
        let place = self.place;
        if place.round != 0 && place.kind != SignatureType::Charter {
            return Err(DocumentFault::Rule("only charters are signed for a round"));
        }
        if !place.key.verifies(place.kind.domain(), network, &place.signed_bytes(), &self.sig) {
            return Err(DocumentFault::BadSignature);
        }
        Ok(VerifiedSignature { id: place.id(), place, sig: self.sig })
    }
}

/// A signature object whose signature holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSignature {
    id: SignatureId,
    place: SignaturePlace,
    sig: SignatureBytes,
}

impl VerifiedSignature {
    /// Id of its place.
    pub const fn id(&self) -> SignatureId {
        self.id
    }

    /// What it is about.
    pub const fn place(&self) -> &SignaturePlace {
        &self.place
    }

    /// The signature.
    pub const fn sig(&self) -> &SignatureBytes {
        &self.sig
    }

    /// The same, as it would come from a peer.
    pub const fn to_untrusted(&self) -> UntrustedSignature {
        UntrustedSignature { place: self.place, sig: self.sig }
    }
}
