//! "I durably hold this log up to this head, and this store never receipted another" (PROTOCOL 4.4).

use bincode::{Decode, Encode};

use crate::codec;
use crate::hash::{EntryId, LogId, NetworkId, sha256};
use crate::key::{Domain, KeyFault, PublicKey, SecretKey, SignatureBytes};

/// What a node states of one log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// The log.
    pub log: LogId,
    /// Entries that are durably held.
    pub len: u64,
    /// The last of them.
    pub head: EntryId,
    /// How many of their payloads are missing, erased ones not counted.
    pub payload_gaps: u32,
    /// The signer's claim, Unix milliseconds.
    pub time: u64,
    /// The store: random, another one after a restore or a copy.
    pub store: u64,
    /// The node key that signs.
    pub signer: [u8; 32],
}

/// A receipt with its signature, as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedReceipt {
    /// What is stated.
    pub receipt: Receipt,
    /// The signer's signature over it.
    pub sig: SignatureBytes,
}

/// Why a receipt is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// The signer's key does not count.
    #[error("signer: {0}")]
    Key(#[from] KeyFault),
    /// The signature does not hold.
    #[error("the signature does not hold")]
    BadSignature,
}

impl Receipt {
    /// Signs the receipt. The caller has stored its length and head before.
    pub fn sign(self, network: NetworkId, secret: &SecretKey) -> SignedReceipt {
        let sig = secret.sign(Domain::Receipt, network, &sha256(&[&codec::encode(&self)]));
        SignedReceipt { receipt: self, sig }
    }
}

impl SignedReceipt {
    /// Checks the signature by the signer that the receipt names.
    ///
    /// # Errors
    /// [`ReceiptFault`].
    pub fn verify(&self, network: NetworkId) -> Result<&Receipt, ReceiptFault> {
        let key = PublicKey::admit(&self.receipt.signer)?;
        let hash = sha256(&[&codec::encode(&self.receipt)]);
        if key.verifies(Domain::Receipt, network, &hash, &self.sig) {
            Ok(&self.receipt)
        } else {
            Err(ReceiptFault::BadSignature)
        }
    }
}
