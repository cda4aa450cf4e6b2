//! What is known about a model: gathered from the index, held against the state, folded.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use lyceum_protocol::hash::{EntryId, LogId, OrgId};
use lyceum_protocol::standing::Standing;
use lyceum_protocol::state::State;
use serde::Deserialize;

use super::listing::name_of;
use super::search::not_searched;
use super::{Node, NodeFault, Problem, seen};
use crate::failure::Failure;
use crate::index::SearchFault;
use crate::views::about::about;
use crate::views::about::known::Known;

/// Longest name of a model, in characters.
const MODEL_CHARS_MAX: usize = 2_048;

/// Which model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AboutQuery {
    model: String,
    /// Also what is superseded or retracted.
    all: Option<bool>,
}

/// Where something stands, by the index.
pub(super) type Place = (EntryId, LogId, u64, OrgId);

pub(super) async fn model<N: Node>(
    Shared(node): Shared<N>,
    Query(query): Query<AboutQuery>,
) -> Result<Response, Problem> {
    let chars = query.model.chars().count();
    if query.model.trim().is_empty() || chars > MODEL_CHARS_MAX {
        let failure = Failure::usage(format!("a name of {chars} characters is no name of a model"));
        let next = format!("give its exact name, revision or digest, of at most {MODEL_CHARS_MAX} characters");
        return Err(Problem::new(StatusCode::BAD_REQUEST, &failure.next(next)));
    }
    let behind = seen::not_seen(&node).await?;
    let (index, asked) = (node.index().clone(), query.model.clone());
    let gathered = tokio::task::spawn_blocking(move || index.about(&asked)).await;
    let mut known: Known = match gathered {
        Ok(known) => known.map_err(|fault| not_searched(&fault))?,
        // It panicked: only files that are not what was written do that.
        Err(_) => {
            node.index().doubt();
            let fault = crate::index::IndexFault::Broken("it cannot be read".to_owned());
            return Err(not_searched(&SearchFault::from(fault)));
        }
    };
    let places: Vec<Place> =
        known.items.values().map(|item| (item.at.id, item.at.log, item.at.seq, item.at.org)).collect();
    let (gone, names) = node.look(move |state| (gone(state, &places), names(state, &places))).await?;
    let folded = tokio::task::spawn_blocking(move || {
        known.remove(&gone);
        let mut page = about(&query.model, &known, &names, query.all.unwrap_or(false));
        page.behind_entries = behind;
        serde_json::to_vec(&page)
    });
    let body = folded.await.map_err(|fault| NodeFault::Store(fault.to_string()))?;
    let body = body.map_err(|fault| NodeFault::Store(fault.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// What does not stand any more, or was erased, of what the index still has.
pub(super) fn gone(state: &State, places: &[Place]) -> BTreeSet<EntryId> {
    let stands = |(id, log, seq, _): &&Place| {
        let here = state.record(*log).and_then(|record| record.log().id_at(*seq)) == Some(*id);
        here && state.standing(*log, *seq) == Some(Standing::Good) && !state.erased().contains(id)
    };
    places.iter().filter(|place| !stands(place)).map(|(id, ..)| *id).collect()
}

fn names(state: &State, places: &[Place]) -> BTreeMap<OrgId, String> {
    let orgs: BTreeSet<OrgId> = places.iter().map(|(.., org)| *org).collect();
    orgs.into_iter().map(|org| (org, name_of(state, org))).collect()
}
