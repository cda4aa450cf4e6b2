//! Which keys count, the one signing rule, and strict verification (PROTOCOL 1.3, STACK 4).
//!
//! A key counts only if its encoding is canonical and it has no torsion; a signature only under `verify_strict`.
//! `verify_batch` accepts crafted signatures that strict verification refuses and is used nowhere.

use std::fmt;

use bincode::de::{BorrowDecoder, Decoder};
use bincode::error::DecodeError;
use bincode::{BorrowDecode, Decode, Encode};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::hash::NetworkId;
use crate::limits::SIGNATURE_LEN;

/// Why a key does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The bytes are no point of the curve.
    #[error("the key is not a point of the curve")]
    NotAPoint,
    /// Another encoding of the same point is the canonical one.
    #[error("the key is not in canonical encoding")]
    NotCanonical,
    /// The point has a part of small order, or is the identity.
    #[error("the key has torsion")]
    Torsion,
}

/// An Ed25519 public key that counts: canonical, torsion-free and not the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Admits a key.
    ///
    /// # Errors
    /// [`KeyFault`]. Costs about as much as checking a signature: admit once, keep the result.
    pub fn admit(bytes: &[u8; 32]) -> Result<Self, KeyFault> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyFault::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != bytes {
            return Err(KeyFault::NotCanonical);
        }
        if key.is_weak() || !point.is_torsion_free() {
            return Err(KeyFault::Torsion);
        }
        Ok(Self(key))
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether `signature` is this key's over `d` of type `domain` in `network`, strictly:
    /// `[S]B == R + [k]A` with canonical `S`, `R` and no point of small order.
    pub fn verifies(&self, domain: Domain, network: NetworkId, d: &[u8; 32], signature: &SignatureBytes) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(&signed_message(domain, network, d), &signature).is_ok()
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.to_string();
        write!(f, "PublicKey({})", hex.get(..10).unwrap_or(&hex))
    }
}

impl Encode for PublicKey {
    fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.as_bytes().encode(encoder)
    }
}

impl<Context> Decode<Context> for PublicKey {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let bytes = <[u8; 32]>::decode(decoder)?;
        Self::admit(&bytes).map_err(|fault| DecodeError::OtherString(fault.to_string()))
    }
}

impl<'de, Context> BorrowDecode<'de, Context> for PublicKey {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }
}

/// The bytes of a signature; nothing is known of them until a key verified them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct SignatureBytes(pub [u8; SIGNATURE_LEN]);

impl fmt::Debug for SignatureBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = data_encoding::HEXLOWER.encode(&self.0);
        write!(f, "SignatureBytes({})", hex.get(..10).unwrap_or(&hex))
    }
}

/// What is signed: each has a name of its own in the signed bytes, so nothing signed as one counts as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    /// An entry, by its node key.
    Entry,
    /// A receipt, by a node key.
    Receipt,
    /// A certificate, by root keys.
    Certificate,
    /// Possession of a listed key, by that key.
    Key,
    /// A charter in one round, by a voter's key.
    Charter,
    /// A motion, by a voter's key.
    Approval,
    /// A redemption, by an invite key.
    Invite,
}

impl Domain {
    /// The name in the signed bytes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Receipt => "receipt",
            Self::Certificate => "cert",
            Self::Key => "key",
            Self::Charter => "charter",
            Self::Approval => "approval",
            Self::Invite => "invite",
        }
    }

    /// Whether the network is part of what is signed. Documents come before it: they are signed for network zero.
    pub const fn in_network(self) -> bool {
        matches!(self, Self::Entry | Self::Receipt | Self::Approval | Self::Invite)
    }
}

/// `"lyceum/1/" || name || 0x00 || network || d`, the network zero for documents.
pub fn signed_message(domain: Domain, network: NetworkId, d: &[u8; 32]) -> Vec<u8> {
    let network = if domain.in_network() { network } else { NetworkId::ZERO };
    [b"lyceum/1/", domain.name().as_bytes(), &[0], network.as_bytes(), d].concat()
}

/// A secret Ed25519 key. Zeroed when dropped, never shown.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The 32-byte seed.
    pub fn to_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `d` as `domain` in `network`.
    pub fn sign(&self, domain: Domain, network: NetworkId, d: &[u8; 32]) -> SignatureBytes {
        SignatureBytes(self.0.sign(&signed_message(domain, network, d)).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}
