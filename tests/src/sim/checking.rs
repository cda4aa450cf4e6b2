//! From what travels to what a replica is told: every check that the network's hands make, each distinct object once.
//!
//! Checking is a pure function of the bytes, so one node's result is every node's.

use std::collections::BTreeMap;

use lyceum_protocol::codec;
use lyceum_protocol::entry::{EntryFault, Header, HeaderFault, Payload, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::{NetworkId, sha256};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{AskFault, Checked, Heard, PayloadAbsent};
use lyceum_protocol::sync::check::{self, SignedHeader};
use lyceum_protocol::sync::message::{Answer, Gossip, Reply, TravellingEntry, TravellingHeader, TravellingPayload};
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

    fn proof(&mut self, proof: &ForkProof) -> Result<VerifiedForkProof, String> {
        let name = sha256(&[&codec::encode(proof)]);
        if let Some(found) = self.proofs.get(&name) {
            return found.clone();
        }
        let key = proof.key().ok().and_then(|key| self.key(&key));
        let checked = key
            .ok_or_else(|| "no key".to_owned())
            .and_then(|key| proof.clone().verify(self.network, &key).map_err(|fault| fault.to_string()));
        self.proofs.insert(name, checked.clone());
        checked
    }

    /// What becomes of a gossip message.
    pub fn heard(&mut self, gossip: &Gossip) -> Heard {
        if let Err(fault) = order::gossip(gossip) {
            return Heard::Bad(fault.to_string());
        }
        match gossip {
            Gossip::Entry(travelling) => match self.entry(travelling) {
                Ok(entry) if matches!(entry.payload(), Payload::Present(_)) => Heard::Entry(entry),
                Ok(_) => Heard::Bad("gossip without its payload".to_owned()),
                Err(EntryFault::Header(HeaderFault::UnknownEnvelope(_) | HeaderFault::UnknownSuite(_))) => {
                    Heard::Unknown
                }
                Err(fault) => Heard::Bad(fault.to_string()),
            },
            Gossip::Documents(travelling) => match check::documents(self.network, travelling) {
                Ok(batch) => Heard::Documents(batch),
                Err(fault) => Heard::Bad(fault.to_string()),
            },
            Gossip::DocumentId(id) => Heard::DocumentId(*id),
            Gossip::Proof(proof) => match self.proof(proof) {
                Ok(proof) => Heard::Proof(proof),
                Err(fault) => Heard::Bad(fault),
            },
        }
    }

    /// What becomes of an answer.
    ///
    /// # Errors
    /// [`AskFault::Bad`] for what no honest peer sends.
    pub fn answer(&mut self, answer: Answer) -> Result<Checked, AskFault> {
        let bad = |words: String| AskFault::Bad(words);
        order::answer(&answer).map_err(|fault| bad(fault.to_string()))?;
        let reply = match answer {
            Answer::Refused { code, detail } => {
                return Ok(Checked::Refused { code, detail: detail.as_str().to_owned() });
            }
            Answer::Ok(reply) => reply,
        };
        Ok(match reply {
            Reply::Hello { hello, you } => Checked::Hello { hello, you },
            Reply::Digest { hashes } => Checked::Digest(hashes.into_inner()),
            Reply::DocsItems { items, more } => Checked::DocsItems(items.into_inner(), more),
            Reply::FrontierItems { items, more } => Checked::FrontierItems(items.into_inner(), more),
            Reply::Docs { documents, more } => {
                let batch = check::documents(self.network, &documents).map_err(|fault| bad(fault.to_string()))?;
                Checked::Docs(batch, more)
            }
            Reply::Entries { entries } => {
                let mut verified = Vec::new();
                for travelling in &entries {
                    match self.entry(travelling) {
                        Ok(entry) => verified.push(entry),
                        // What comes before it is good; of the rest nothing is known.
                        Err(fault) if !fault.blames_sender() => break,
                        Err(fault) => return Err(bad(fault.to_string())),
                    }
                }
                Checked::Entries(verified)
            }
            Reply::Headers { headers } => {
                let signed = headers.iter().map(|travelling| self.header(travelling));
                let signed = signed.collect::<Result<_, _>>().map_err(bad)?;
                Checked::Headers(signed)
            }
            Reply::Payloads { payloads } => {
                let payload = |travelling| match travelling {
                    TravellingPayload::Present(bytes) => Ok(bytes.into_inner()),
                    TravellingPayload::Erased => Err(PayloadAbsent::Erased),
                    TravellingPayload::NotHeld => Err(PayloadAbsent::NotHeld),
                };
                Checked::Payloads(payloads.into_inner().into_iter().map(payload).collect())
            }
            Reply::Receipt { receipt } => Checked::Receipt(receipt),
            Reply::Proofs { proofs } => {
                let verified = proofs.iter().map(|proof| self.proof(proof));
                let verified = verified.collect::<Result<_, _>>().map_err(bad)?;
                Checked::Proofs(verified)
            }
            Reply::Changed => Checked::Changed,
        })
    }
}
