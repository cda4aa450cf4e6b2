//! From what travels to what a replica is told: every check that the network's hands make, each distinct object once.
//!
//! Checking is a pure function of the bytes, so one node's result is every node's.

use std::collections::BTreeMap;

use lyceum_protocol::codec;
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{EntryFault, Header, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::{NetworkId, sha256};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{AskFault, Checked, Heard};
use lyceum_protocol::sync::check::{self, SignedHeader};
use lyceum_protocol::sync::checked::{self, Checks, NotTaken};
use lyceum_protocol::sync::message::{
    Answer, Gossip, TravellingDocument, TravellingEntry, TravellingHeader, TravellingPayload,
};
use lyceum_protocol::sync::order;

type Verified = Result<VerifiedEntry, EntryFault>;

/// Checks answers and gossip.
#[derive(Debug)]
pub struct Checker {
    network: NetworkId,
    keys: BTreeMap<[u8; 32], Option<PublicKey>>,
    entries: BTreeMap<[u8; 32], Verified>,
    headers: BTreeMap<[u8; 32], Result<SignedHeader, String>>,
    proofs: BTreeMap<[u8; 32], Result<VerifiedForkProof, String>>,
}

impl Checker {
    /// A checker for one alliance.
    pub fn new(network: NetworkId) -> Self {
        Self {
            network,
            keys: BTreeMap::new(),
            entries: BTreeMap::new(),
            headers: BTreeMap::new(),
            proofs: BTreeMap::new(),
        }
    }

    /// Admits a key, once.
    pub fn key(&mut self, bytes: &[u8; 32]) -> Option<PublicKey> {
        *self.keys.entry(*bytes).or_insert_with(|| PublicKey::admit(bytes).ok())
    }

    /// Checks an entry, once.
    ///
    /// # Errors
    /// [`EntryFault`].
    pub fn entry(&mut self, travelling: &TravellingEntry) -> Verified {
        let payload: &[u8] = match &travelling.payload {
            TravellingPayload::Present(bytes) => bytes,
            TravellingPayload::Erased => b"erased",
            TravellingPayload::NotHeld => b"not held",
        };
        let name = sha256(&[&travelling.sig.0, &travelling.header, payload]);
        if let Some(found) = self.entries.get(&name) {
            return found.clone();
        }
        let untrusted = UntrustedEntry::from(travelling.clone());
        let verified = match untrusted.read_header() {
            Err(fault) => Err(EntryFault::Header(fault)),
            Ok(header) => match self.key(&header.key) {
                Some(key) => untrusted.verify(self.network, &key),
                None => Err(EntryFault::OtherKey),
            },
        };
        self.entries.insert(name, verified.clone());
        verified
    }

    /// What becomes of a gossip message.
    pub fn heard(&mut self, gossip: &Gossip) -> Heard {
        if let Err(fault) = order::gossip(gossip) {
            return Heard::Bad(fault.to_string());
        }
        checked::gossip(self, gossip.clone())
    }

    /// What becomes of an answer.
    ///
    /// # Errors
    /// [`AskFault::Bad`] for what no honest peer sends.
    pub fn answer(&mut self, answer: Answer) -> Result<Checked, AskFault> {
        order::answer(&answer).map_err(|fault| AskFault::Bad(fault.to_string()))?;
        checked::answer(self, answer)
    }
}

impl Checks for Checker {
    fn network(&self) -> NetworkId {
        self.network
    }

    fn documents(&mut self, documents: &[TravellingDocument]) -> Result<DocumentBatch, String> {
        check::documents(self.network, documents).map_err(|fault| fault.to_string())
    }

    fn entries(&mut self, entries: Vec<TravellingEntry>) -> Vec<Result<VerifiedEntry, NotTaken>> {
        entries.iter().map(|entry| self.entry(entry).map_err(NotTaken::from)).collect()
    }

    fn header(&mut self, travelling: &TravellingHeader) -> Result<SignedHeader, String> {
        let name = sha256(&[&travelling.sig.0, &travelling.header]);
        if let Some(found) = self.headers.get(&name) {
            return found.clone();
        }
        let named = Header::read(&travelling.header).map(|header| header.key);
        let key = named.ok().and_then(|key| self.key(&key));
        let checked = key
            .ok_or_else(|| "no header".to_owned())
            .and_then(|key| check::header(self.network, &key, travelling).map_err(|fault| fault.to_string()));
        self.headers.insert(name, checked.clone());
        checked
    }

    fn proof(&mut self, proof: ForkProof) -> Result<VerifiedForkProof, String> {
        let name = sha256(&[&codec::encode(&proof)]);
        if let Some(found) = self.proofs.get(&name) {
            return found.clone();
        }
        let key = proof.key().ok().and_then(|key| self.key(&key));
        let checked = key
            .ok_or_else(|| "no key".to_owned())
            .and_then(|key| proof.verify(self.network, &key).map_err(|fault| fault.to_string()));
        self.proofs.insert(name, checked.clone());
        checked
    }
}
