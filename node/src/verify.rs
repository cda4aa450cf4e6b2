//! From bytes of the network to values that may be used: decoding, hashes and signatures, on all cores.
//!
//! Nothing in here decides: what is wrong with the bytes is said in words, what is right becomes typed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{EntryFault, Header, HeaderFault, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::NetworkId;
use lyceum_protocol::key::{KeyFault, PublicKey};
use lyceum_protocol::replica::{AskFault, Checked, Heard, PayloadAbsent};
use lyceum_protocol::sync::check::{self, CheckFault};
use lyceum_protocol::sync::message::{Answer, Gossip, Reply, TravellingDocument, TravellingEntry, TravellingPayload};
use rayon::prelude::*;

/// Keys that are remembered as admitted. Beyond that they are admitted anew each time.
const KEYS_MAX: usize = 100_000;

/// Checks what arrives. Cheap to clone; remembers which keys count, since finding out costs as much as a signature.
#[derive(Debug, Clone)]
pub struct Verifier {
    network: NetworkId,
    keys: Arc<Mutex<BTreeMap<[u8; 32], PublicKey>>>,
}

/// Why an entry of a peer is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("key: {0}")]
    Key(#[from] KeyFault),
    #[error("{0}")]
    Entry(#[from] EntryFault),
    #[error("header: {0}")]
    Header(#[from] HeaderFault),
}

impl Verifier {
    /// A verifier for one alliance.
    pub fn new(network: NetworkId) -> Self {
        Self { network, keys: Arc::default() }
    }

    fn key(&self, bytes: &[u8; 32]) -> Result<PublicKey, KeyFault> {
        if let Some(key) = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(bytes) {
            return Ok(*key);
        }
        let key = PublicKey::admit(bytes)?;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() < KEYS_MAX {
            keys.insert(*bytes, key);
        }
        Ok(key)
    }

    fn entry(&self, travelling: TravellingEntry) -> Result<VerifiedEntry, Fault> {
        let untrusted = UntrustedEntry::from(travelling);
        let key = self.key(&untrusted.read_header()?.key)?;
        Ok(untrusted.verify(self.network, &key)?)
    }

    fn proof(&self, proof: ForkProof) -> Result<VerifiedForkProof, String> {
        let key = proof.key().map_err(|fault| fault.to_string())?;
        let key = self.key(&key).map_err(|fault| fault.to_string())?;
        proof.verify(self.network, &key).map_err(|fault| fault.to_string())
    }

    /// Checks documents, each with its signatures, on all cores.
    fn documents(&self, documents: &[TravellingDocument]) -> Result<DocumentBatch, CheckFault> {
        let checked = documents.par_iter().map(|document| check::documents(self.network, [document]));
        let batches: Vec<DocumentBatch> = checked.collect::<Result<_, _>>()?;
        let mut whole = DocumentBatch::default();
        for batch in batches {
            whole.objects.extend(batch.objects);
            whole.signatures.extend(batch.signatures);
        }
        Ok(whole)
    }

    /// Checks an answer. A page of entries is checked on all cores; it ends before the first entry that is only not
    /// understood here, and is bad as a whole if one is wrong.
    ///
    /// # Errors
    /// [`AskFault::Bad`] with words.
    pub fn answer(&self, bytes: &[u8]) -> Result<Checked, AskFault> {
        let bad = |cause: String| AskFault::Bad(cause);
        let answer = Answer::read(bytes).map_err(|fault| bad(fault.to_string()))?;
        let reply = match answer {
            Answer::Ok(reply) => reply,
            Answer::Refused { code, detail } => {
                return Ok(Checked::Refused { code, detail: detail.as_str().to_owned() });
            }
        };
        Ok(match reply {
            Reply::Hello { hello, you } => Checked::Hello { hello, you },
            Reply::Digest { hashes } => Checked::Digest(hashes.into_inner()),
            Reply::DocsItems { items, more } => Checked::DocsItems(items.into_inner(), more),
            Reply::FrontierItems { items, more } => Checked::FrontierItems(items.into_inner(), more),
            Reply::Docs { documents, more } => {
                let batch = self.documents(&documents).map_err(|fault| bad(fault.to_string()))?;
                Checked::Docs(batch, more)
            }
            Reply::Entries { entries } => Checked::Entries(self.page(entries.into_inner())?),
            Reply::Headers { headers } => {
                let checked = headers.iter().map(|travelling| {
                    let key = Header::read(&travelling.header).map_err(|fault| bad(fault.to_string()))?.key;
                    let key = self.key(&key).map_err(|fault| bad(fault.to_string()))?;
                    check::header(self.network, &key, travelling).map_err(|fault| bad(fault.to_string()))
                });
                Checked::Headers(checked.collect::<Result<_, _>>()?)
            }
            Reply::Payloads { payloads } => {
                let payloads = payloads.into_inner().into_iter().map(|payload| match payload {
                    TravellingPayload::Present(bytes) => Ok(bytes.into_inner()),
                    TravellingPayload::Erased => Err(PayloadAbsent::Erased),
                    TravellingPayload::NotHeld => Err(PayloadAbsent::NotHeld),
                });
                Checked::Payloads(payloads.collect())
            }
            Reply::Receipt { receipt } => {
                receipt.verify(self.network).map_err(|fault| bad(fault.to_string()))?;
                Checked::Receipt(receipt)
            }
            Reply::Proofs { proofs } => {
                let proofs = proofs.into_inner().into_iter().map(|proof| self.proof(proof).map_err(bad));
                Checked::Proofs(proofs.collect::<Result<_, _>>()?)
            }
            Reply::Changed => Checked::Changed,
        })
    }

    fn page(&self, entries: Vec<TravellingEntry>) -> Result<Vec<VerifiedEntry>, AskFault> {
        let checked: Vec<Result<VerifiedEntry, Fault>> =
            entries.into_par_iter().with_min_len(16).map(|entry| self.entry(entry)).collect();
        let mut page = Vec::with_capacity(checked.len());
        for entry in checked {
            match entry {
                Ok(entry) => page.push(entry),
                Err(Fault::Header(HeaderFault::UnknownEnvelope(_) | HeaderFault::UnknownSuite(_))) => break,
                Err(Fault::Entry(fault)) if !fault.blames_sender() => break,
                Err(fault) => return Err(AskFault::Bad(fault.to_string())),
            }
        }
        Ok(page)
    }

    /// Checks a gossip message.
    pub fn gossip(&self, bytes: &[u8]) -> Heard {
        let message = match Gossip::read(bytes) {
            Ok(message) => message,
            Err(fault) => return Heard::Bad(fault.to_string()),
        };
        match message {
            Gossip::Entry(entry) => match self.entry(entry) {
                Ok(entry) => Heard::Entry(entry),
                Err(Fault::Header(HeaderFault::UnknownEnvelope(_) | HeaderFault::UnknownSuite(_))) => Heard::Unknown,
                Err(Fault::Entry(fault)) if !fault.blames_sender() => Heard::Unknown,
                Err(fault) => Heard::Bad(fault.to_string()),
            },
            Gossip::Documents(documents) => match self.documents(&documents) {
                Ok(batch) => Heard::Documents(batch),
                Err(fault) => Heard::Bad(fault.to_string()),
            },
            Gossip::DocumentId(id) => Heard::DocumentId(id),
            Gossip::Proof(proof) => match self.proof(proof) {
                Ok(proof) => Heard::Proof(proof),
                Err(fault) => Heard::Bad(fault),
            },
        }
    }
}
