//! What is read at the start: everything but entries.

use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Certificate;
use lyceum_protocol::document::charter::Charter;
use lyceum_protocol::document::motion::Motion;
use lyceum_protocol::document::signature::{UntrustedSignature, VerifiedSignature};
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::{CharterId, LogId, NetworkId, ObjectId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::rows::{self, BadRow};
use super::{Recovered, RecoveredLog};

/// Longest stored form of a document, with its type and the lengths in it.
const DOCUMENT_MAX: usize = 16 + limits::CHARTER_MAX + limits::LISTS_MAX;

/// Why what is kept in memory could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecoverFault {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sled::Error),
    /// A row is not what was written.
    #[error(transparent)]
    Row(#[from] BadRow),
    /// A document, signature or proof is not what was checked when it was written.
    #[error("{what} {id}: {why}")]
    Object { what: &'static str, id: ObjectId, why: String },
}

/// A document as it is stored: its type, and for a charter the length of what comes before its lists.
pub(super) fn write_document(object: &DocumentObject) -> Vec<u8> {
    match object {
        DocumentObject::Certificate(object) => [&[1], object.bytes()].concat(),
        DocumentObject::Charter(object) => {
            // A charter has at most 32 KiB.
            let len = u32::try_from(object.bytes().len()).unwrap_or(u32::MAX);
            [&[2], len.to_le_bytes().as_slice(), object.bytes(), object.lists_bytes()].concat()
        }
        DocumentObject::Motion(object) => [&[3], object.bytes()].concat(),
    }
}

fn read_document(id: ObjectId, value: &[u8]) -> Result<DocumentObject, RecoverFault> {
    let bad = |why: String| RecoverFault::Object { what: "document", id, why };
    let object = match value {
        [1, bytes @ ..] => Certificate::read(bytes).map(DocumentObject::Certificate),
        [2, rest @ ..] => {
            let (len, rest) = rest.split_first_chunk().ok_or(BadRow("a charter is too short"))?;
            let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
            let (charter, lists) = rest.split_at_checked(len).ok_or(BadRow("a charter is too short"))?;
            Charter::read(charter, lists).map(DocumentObject::Charter)
        }
        [3, bytes @ ..] => Motion::read(bytes).map(DocumentObject::Motion),
        _ => return Err(BadRow("a document has no known type").into()),
    };
    let object = object.map_err(|fault| bad(fault.to_string()))?;
    if object.id() == id { Ok(object) } else { Err(bad("its bytes give another id".to_owned())) }
}

/// Reads everything but entries.
pub(super) fn recover(tree: &sled::Tree, network: NetworkId) -> Result<Recovered, RecoverFault> {
    let checkpoint = match tree.get(rows::CHECKPOINT)? {
        Some(value) => Some(CharterId(id_of(&value)?)),
        None => None,
    };
    Ok(Recovered {
        documents: documents(tree)?,
        signatures: signatures(tree, network)?,
        proofs: proofs(tree, network)?,
        checkpoint,
        logs: logs(tree)?,
    })
}

fn id_of(bytes: &[u8]) -> Result<[u8; 32], BadRow> {
    bytes.try_into().map_err(|_| BadRow("an id has no 32 bytes"))
}

fn documents(tree: &sled::Tree) -> Result<Vec<DocumentObject>, RecoverFault> {
    let mut values: Vec<(ObjectId, Vec<u8>)> = Vec::new();
    for row in tree.scan_prefix(rows::DOCUMENTS) {
        let (key, piece) = row?;
        let id = key.get(rows::DOCUMENTS.len()..).and_then(|rest| rest.get(..32)).unwrap_or_default();
        let id = ObjectId(id_of(id)?);
        match values.last_mut() {
            Some((last, value)) if *last == id => value.extend_from_slice(&piece),
            _ => values.push((id, piece.to_vec())),
        }
        if values.last().is_some_and(|(_, value)| value.len() > DOCUMENT_MAX) {
            return Err(BadRow("a document is too long").into());
        }
    }
    values.iter().map(|(id, value)| read_document(*id, value)).collect()
}

fn signatures(tree: &sled::Tree, network: NetworkId) -> Result<Vec<VerifiedSignature>, RecoverFault> {
    let rows: Result<Vec<_>, _> = tree.scan_prefix(rows::SIGNATURES).collect();
    let check = |(key, value): (sled::IVec, sled::IVec)| {
        let id = ObjectId(id_of(key.get(33..).unwrap_or_default())?);
        let bad = |why: String| RecoverFault::Object { what: "signature", id, why };
        let signature: UntrustedSignature =
            codec::decode(&value, rows::PIECE_MAX).map_err(|fault| bad(fault.to_string()))?;
        signature.verify(network).map_err(|fault| bad(fault.to_string()))
    };
    // Checking them takes the longest of all that a start does.
    rows?.into_par_iter().map(check).collect()
}

fn proofs(tree: &sled::Tree, network: NetworkId) -> Result<Vec<(LogId, VerifiedForkProof)>, RecoverFault> {
    let mut proofs = Vec::new();
    for row in tree.scan_prefix(rows::PROOFS) {
        let (key, value) = row?;
        let id = ObjectId(id_of(key.get(rows::PROOFS.len()..).unwrap_or_default())?);
        let bad = |why: String| RecoverFault::Object { what: "fork proof of log", id, why };
        let proof = ForkProof::read(&value).map_err(|fault| bad(fault.to_string()))?;
        let key = proof.key().map_err(|fault| bad(fault.to_string()))?;
        let key = PublicKey::admit(&key).map_err(|fault| bad(fault.to_string()))?;
        proofs.push((LogId(id.0), proof.verify(network, &key).map_err(|fault| bad(fault.to_string()))?));
    }
    Ok(proofs)
}

fn logs(tree: &sled::Tree) -> Result<Vec<RecoveredLog>, RecoverFault> {
    let mut logs = Vec::new();
    for row in tree.scan_prefix(rows::LOGS) {
        let (key, value) = row?;
        let mut log = RecoveredLog { opening: rows::read_opening(&value)?, entries: Vec::new(), suite: 0 };
        for block in tree.scan_prefix(rows::blocks(rows::log_number(&key)?)) {
            for item in rows::read_block(&block?.1)? {
                log.suite = item.suite;
                log.entries.push(item.held);
            }
        }
        logs.push(log);
    }
    Ok(logs)
}
