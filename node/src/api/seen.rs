//! Whether the index has seen all that was held when somebody asked: what it has not seen may be a retraction.

use std::time::Duration;

use axum::http::StatusCode;
use lyceum_protocol::entry::Kind;
use lyceum_protocol::hash::LogId;
use lyceum_protocol::standing::Standing;
use lyceum_protocol::state::{Fact, Record, State};

use super::super::listing::publication_of;
use super::super::{Node, NodeFault, Problem};
use crate::failure::Failure;

/// How long the index may take to follow.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until the index has seen what is held now. It goes through each log in order, so that it is enough to ask for
/// the last publication of each.
///
/// # Errors
/// [`Problem`] if it does not follow in time, or the node does not answer.
pub(super) async fn until_all_is_seen<N: Node>(node: &N) -> Result<(), Problem> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut ahead = unseen(node, node.look(last_of_each).await?);
    let mut doubtful = false;
    loop {
        // What was erased, or stands no more, is in no index; then the index's own word has to do.
        let readable = readable(node, &ahead).await?;
        doubtful |= readable.len() < ahead.len();
        ahead = unseen(node, readable);
        let opened = node.index().snapshot().is_some();
        if opened && ahead.is_empty() && (!doubtful || node.index().status().behind_entries == 0) {
            return Ok(());
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(behind(node));
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
