//! From what the store kept to the state in memory.

use std::collections::BTreeSet;

use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::header::Kind;
use lyceum_protocol::hash::{CharterId, NetworkId, OrgId};
use lyceum_protocol::log::Log;
use lyceum_protocol::replica::StoreFault;
use lyceum_protocol::state::{Change, Fact, Record, State};

use crate::store::{LogStore, PayloadHeld};

/// The state that a store holds. `checkpoint` is where a node begins that has stored none yet.
///
/// # Errors
/// [`StoreFault`] if something on disk cannot be read.
pub fn state_of(
    store: &impl LogStore,
    network: NetworkId,
    checkpoint: CharterId,
    own: Option<OrgId>,
) -> Result<(State, Change), StoreFault> {
    let recovered = store.recover()?;
    let mut state = State::new(network, recovered.checkpoint.unwrap_or(checkpoint), own);
    for log in recovered.logs {
        let name = log.opening.log;
        let proof = recovered.proofs.iter().find(|(of, _)| *of == name).map(|(_, proof)| proof.clone());
        let mut protocol = Vec::new();
        let mut gaps = BTreeSet::new();
        for (seq, held) in (0_u64..).zip(&log.entries) {
            if held.payload == PayloadHeld::NotHeld {
                gaps.insert(seq);
            }
            // Only these two say something about what is held: their content is needed.
            if matches!(held.kind, Kind::ERASE | Kind::NODE_RECORD) {
                protocol.extend(store.entry(name, seq)?);
            }
        }
        let ids = log.entries.iter().map(|held| held.id).collect();
        let facts = log.entries.iter().map(|held| Fact {
            time: held.time,
            kind: held.kind,
            marking: held.marking,
            payload_len: held.payload_len,
        });
        let fork = proof.as_ref().map(lyceum_protocol::fork::VerifiedForkProof::seq);
        let chain = Log::restored(log.opening, ids, log.suite, fork);
        state.restore_log(Record::restored(chain, facts.collect(), proof, gaps, &protocol));
    }
    let batch = DocumentBatch { objects: recovered.documents, signatures: recovered.signatures };
    let change = state.finish_restore(batch);
    Ok((state, change))
}
