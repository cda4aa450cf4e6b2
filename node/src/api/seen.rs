//! Whether the index has seen all that was held when somebody asked: what it has not seen may be a retraction.

use std::time::Duration;

use axum::http::StatusCode;
use lyceum_protocol::entry::Kind;
use lyceum_protocol::hash::LogId;
use lyceum_protocol::standing::Standing;
use lyceum_protocol::state::{Fact, Record, State};

use super::listing::publication_of;
use super::{Node, NodeFault, Problem};
use crate::failure::Failure;

/// How long the index may take to follow before an export.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take before anything else is answered; then the answer says that it is behind.
const BRIEFLY: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until the index has seen what is held now.
///
/// # Errors
/// [`Problem`] if it does not follow in time, or the node does not answer.
pub(super) async fn until_all_is_seen<N: Node>(node: &N) -> Result<(), Problem> {
    if follows(node, PATIENCE).await? == 0 { Ok(()) } else { Err(behind(node)) }
}

/// How many entries are not in the index at this moment, of those that are held.
///
/// # Errors
/// [`NodeFault`] if the node does not answer.
pub(super) async fn not_seen_now<N: Node>(node: &N) -> Result<u64, NodeFault> {
    follows(node, Duration::ZERO).await
}

/// Waits briefly until the index has seen what is held now; how many entries are not in it then.
///
/// # Errors
/// [`NodeFault`] if the node does not answer.
pub(super) async fn not_seen<N: Node>(node: &N) -> Result<u64, NodeFault> {
    follows(node, BRIEFLY).await
}

/// The index goes through each log in order, so that it is enough to ask for the last publication of each.
async fn follows<N: Node>(node: &N, patience: Duration) -> Result<u64, NodeFault> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut ahead = unseen(node, node.look(last_of_each).await?);
    let mut doubtful = false;
    loop {
        // What was erased, or stands no more, is in no index; then the index's own word has to do.
        let readable = readable(node, &ahead).await?;
        doubtful |= readable.len() < ahead.len();
        ahead = unseen(node, readable);
        let opened = node.index().snapshot().is_some();
        let told = node.index().status().behind_entries;
        if opened && ahead.is_empty() && (!doubtful || told == 0) {
            return Ok(0);
        }
        if tokio::time::Instant::now() >= deadline {
            // Each log has one entry at least that is not in it.
            let logs = u64::try_from(ahead.len()).unwrap_or(u64::MAX);
            return Ok(told.max(logs).max(1));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Where the last publication of each log stands, of those that stand well.
fn last_of_each(state: &State) -> Vec<(LogId, u64)> {
    let last = |record: &Record| {
        let good =
            |seq: u64, fact: &Fact| fact.kind == Kind::PUBLICATION && record.judged().standing(seq) == Standing::Good;
        let facts = record.facts().iter().enumerate().rev();
        let mut facts = facts.filter_map(|(at, fact)| Some((u64::try_from(at).ok()?, fact)));
        facts.find(|(seq, fact)| good(*seq, fact)).map(|(seq, _)| (record.log().opening().log, seq))
    };
    state.records().filter_map(last).collect()
}

/// Of these places those that the index does not show.
fn unseen<N: Node>(node: &N, places: Vec<(LogId, u64)>) -> Vec<(LogId, u64)> {
    let Some(snapshot) = node.index().snapshot() else { return places };
    // An index that cannot be read says so when it is asked for the links.
    places.into_iter().filter(|(log, seq)| matches!(snapshot.at(*log, *seq), Ok(None))).collect()
}

/// Of these places those that still stand well and can be read.
async fn readable<N: Node>(node: &N, places: &[(LogId, u64)]) -> Result<Vec<(LogId, u64)>, NodeFault> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let asked = places.to_vec();
    let good = move |state: &State| -> Vec<(LogId, u64)> {
        asked.into_iter().filter(|(log, seq)| state.standing(*log, *seq) == Some(Standing::Good)).collect()
    };
    let good = node.look(good).await?;
    let entries = node.entries(good.clone()).await?;
    let held = good.into_iter().zip(entries);
    let held = held.filter(|(_, entry)| entry.as_ref().is_some_and(|entry| publication_of(entry).is_ok()));
    Ok(held.map(|(place, _)| place).collect())
}

fn behind<N: Node>(node: &N) -> Problem {
    let status = node.index().status();
    let cause = format!("{} entries are not in it yet, and one of them may be a retraction", status.behind_entries);
    let failure = Failure::new("nothing is exported while the search index is behind").cause(cause);
    let failure = status.trouble.into_iter().fold(failure, Failure::cause);
    let failure = failure.next("try again when `lyceum status` shows that it has caught up");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, &failure)
}
