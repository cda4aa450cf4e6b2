//! From bytes of the network to values that may be used: decoding, hashes and signatures, on all cores.
//!
//! Nothing in here decides: what is wrong with the bytes is said in words, what is right becomes typed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{Header, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::NetworkId;
use lyceum_protocol::key::{KeyFault, PublicKey};
use lyceum_protocol::replica::{AskFault, Checked, Heard};
use lyceum_protocol::sync::check::{self, SignedHeader};
use lyceum_protocol::sync::checked::{self, Checks, NotTaken};
use lyceum_protocol::sync::message::{Answer, Gossip, TravellingDocument, TravellingEntry, TravellingHeader};
use rayon::prelude::*;

/// Keys that are remembered as admitted. Beyond that they are admitted anew each time.
const KEYS_MAX: usize = 100_000;

/// Checks what arrives. Cheap to clone; remembers which keys count, since finding out costs as much as a signature.
#[derive(Debug, Clone)]
pub struct Verifier {
    network: NetworkId,
    keys: Arc<Mutex<BTreeMap<[u8; 32], PublicKey>>>,
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

    fn entry(&self, travelling: TravellingEntry) -> Result<VerifiedEntry, NotTaken> {
        UntrustedEntry::from(travelling)
            .verify_with(self.network, |key| self.key(key).map_err(|fault| NotTaken::Wrong(format!("key: {fault}"))))
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// [`AskFault::Bad`] with words.
    pub fn answer(&self, bytes: &[u8]) -> Result<Checked, AskFault> {
        let answer = Answer::read(bytes).map_err(|fault| AskFault::Bad(fault.to_string()))?;
        checked::answer(&mut &*self, answer)
    }

    /// Checks a gossip message.
    pub fn gossip(&self, bytes: &[u8]) -> Heard {
        match Gossip::read(bytes) {
            Ok(message) => checked::gossip(&mut &*self, message),
            Err(fault) => Heard::Bad(fault.to_string()),
        }
    }
}

impl Checks for &Verifier {
    fn network(&self) -> NetworkId {
        self.network
    }

    fn documents(&mut self, documents: &[TravellingDocument]) -> Result<DocumentBatch, String> {
        let checked = documents.par_iter().map(|document| check::documents(self.network, [document]));
        let batches: Vec<DocumentBatch> = checked.collect::<Result<_, _>>().map_err(|fault| fault.to_string())?;
        let mut whole = DocumentBatch::default();
        for batch in batches {
            whole.objects.extend(batch.objects);
            whole.signatures.extend(batch.signatures);
        }
        Ok(whole)
    }

    fn entries(&mut self, entries: Vec<TravellingEntry>) -> Vec<Result<VerifiedEntry, NotTaken>> {
        entries.into_par_iter().with_min_len(16).map(|entry| self.entry(entry)).collect()
    }

    fn header(&mut self, travelling: &TravellingHeader) -> Result<SignedHeader, String> {
        let key = Header::read(&travelling.header).map_err(|fault| fault.to_string())?.key;
        let key = self.key(&key).map_err(|fault| fault.to_string())?;
        check::header(self.network, &key, travelling).map_err(|fault| fault.to_string())
    }

    fn proof(&mut self, proof: ForkProof) -> Result<VerifiedForkProof, String> {
        let key = proof.key().map_err(|fault| fault.to_string())?;
        let key = self.key(&key).map_err(|fault| fault.to_string())?;
        proof.verify(self.network, &key).map_err(|fault| fault.to_string())
    }
}
