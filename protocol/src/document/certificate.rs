//! An organisation's own document: its name, root keys, node keys with roles, encryption keys, pins (PROTOCOL 3.4).

use std::collections::BTreeSet;

use bincode::{Decode, Encode};

use super::{DocumentFault, Object, ascending};
use crate::bounded::{BoundedText, BoundedVec};
use crate::codec;
use crate::hash::{CertificateId, EntryId, LogId};
use crate::key::PublicKey;
use crate::limits;

/// What a listed key may do. Bits beyond the known ones are kept and mean nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Roles(pub u8);

impl Roles {
    /// Connects, writes logs, signs receipts.
    pub const NODE: u8 = 1;
    /// May also erase what others of the organisation wrote, grant and disclose.
    pub const ADMIN: u8 = 2;
    /// Pulls only.
    pub const READER: u8 = 4;

    /// Whether the key may open logs.
    pub const fn may_write(self) -> bool {
        self.0 & (Self::NODE | Self::ADMIN) != 0
    }

    /// Whether the key may act for the whole organisation.
    pub const fn is_admin(self) -> bool {
        self.0 & Self::ADMIN != 0
    }
}

/// A node key as a certificate lists it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ListedKey {
    /// The key.
    pub key: PublicKey,
    /// What it may do: the same in every version that lists it.
    pub roles: Roles,
    /// What people call the machine.
    pub label: BoundedText<{ limits::LABEL_MAX }>,
}

/// "This log ends here": the chain of `len` entries that ends in `head` is the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Pin {
    /// Which log.
    pub log: LogId,
    /// How many of its entries are good.
    pub len: u64,
    /// The last of them; zero where `len` is 0 and nothing is good.
    pub head: EntryId,
}

/// One version of an organisation's certificate. Fields in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Certificate {
    /// Version, from 0.
    pub number: u32,
    /// The version before; zero at 0.
    pub prev: CertificateId,
    /// A claim for people, Unix milliseconds.
    pub time: u64,
    /// What the organisation calls itself.
    pub name: BoundedText<{ limits::NAME_MAX }>,
    /// Its domain name, or empty.
    pub domain: BoundedText<{ limits::DOMAIN_MAX }>,
    /// How to reach its people, or empty.
    pub contact: BoundedText<{ limits::CONTACT_MAX }>,
    /// The keys that sign versions and nothing else: one to five, ascending.
    pub root_keys: BoundedVec<PublicKey, { limits::ROOT_KEYS_MAX }>,
    /// How many of them have to sign.
    pub root_k: u8,
    /// The node keys, ascending.
    pub keys: BoundedVec<ListedKey, { limits::KEYS_MAX }>,
    /// Signs approvals and charters when a charter lists this organisation as a voter.
    pub voting_key: PublicKey,
    /// X25519 keys that restricted publications are encrypted to, newest first.
    pub enc_keys: BoundedVec<[u8; 32], { limits::ENC_KEYS_MAX }>,
    /// Pins of logs whose keys this or an earlier version listed, ascending.
    pub closed: BoundedVec<Pin, { limits::PINS_MAX }>,
}

/// A certificate with its id and bytes.
pub type CertificateObject = Object<CertificateId, Certificate>;

impl Certificate {
    /// Reads a certificate and holds it to all that it can be held to alone.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn read(bytes: &[u8]) -> Result<CertificateObject, DocumentFault> {
        let certificate: Self = codec::decode(bytes, limits::CERTIFICATE_MAX)?;
        certificate.check()?;
        Ok(Object::new(CertificateId::of(bytes), bytes.to_vec(), certificate))
    }

    /// Encodes the certificate and holds the result to the same rules.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn into_object(self) -> Result<CertificateObject, DocumentFault> {
        Self::read(&codec::encode(&self))
    }

    fn check(&self) -> Result<(), DocumentFault> {
        let fault = |reason| Err(DocumentFault::Rule(reason));
        if (self.number == 0) != (self.prev == CertificateId::ZERO) {
            return fault("number 0 and no other certificate has no predecessor");
        }
        if self.name.trim().is_empty() {
            return fault("an organisation has a name");
        }
        let roots = self.root_keys.len();
        if roots == 0 || self.root_k == 0 || usize::from(self.root_k) > roots {
            return fault("there are one to five root keys, and one to all of them have to sign");
        }
        if !ascending(&self.root_keys, |key| *key) || !ascending(&self.keys, |listed| listed.key) {
            return fault("keys are ascending and not repeated");
        }
        if self.keys.iter().any(|listed| listed.roles.0 == 0) {
            return fault("a listed key has a role");
        }
        // Root and voting keys rest offline: one that is also a node key does not.
        let mut seen: BTreeSet<PublicKey> = self.root_keys.iter().copied().collect();
        if !seen.insert(self.voting_key) || self.keys.iter().any(|listed| !seen.insert(listed.key)) {
            return fault("root keys, voting key and node keys are different keys");
        }
        check_pins(&self.closed)
    }

    /// How the certificate lists a key, if it does.
    pub fn listed(&self, key: &[u8; 32]) -> Option<&ListedKey> {
        let at = self.keys.binary_search_by(|listed| listed.key.as_bytes().cmp(key)).ok()?;
        self.keys.get(at)
    }

    /// The pin of a log in this version, if there is one.
    pub fn pin(&self, log: LogId) -> Option<&Pin> {
        let at = self.closed.binary_search_by(|pin| pin.log.cmp(&log)).ok()?;
        self.closed.get(at)
    }
}

/// Whether these versions of one chain list no more distinct keys than a chain may (D11).
pub fn keys_within_bound<'a>(chain: impl IntoIterator<Item = &'a CertificateObject>) -> bool {
    let lists: Vec<&[ListedKey]> = chain.into_iter().map(|version| &*version.keys).collect();
    // Nearly always so few that they need not be told apart.
    if lists.iter().map(|keys| keys.len()).sum::<usize>() <= limits::CHAIN_KEYS_MAX {
        return true;
    }
    let keys: BTreeSet<PublicKey> = lists.into_iter().flatten().map(|listed| listed.key).collect();
    keys.len() <= limits::CHAIN_KEYS_MAX
}

/// Pins are ascending by log, one a log, and have a head exactly where they have a length.
pub(super) fn check_pins(pins: &[Pin]) -> Result<(), DocumentFault> {
    if !ascending(pins, |pin| pin.log) {
        return Err(DocumentFault::Rule("pins are ascending by log and not repeated"));
    }
    if pins.iter().any(|pin| (pin.len == 0) != (pin.head == EntryId::ZERO)) {
        return Err(DocumentFault::Rule("a pin has a head exactly where it has a length"));
    }
    Ok(())
}
