//! Two evaluations side by side.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use lyceum_protocol::publication::Publication;
use serde::Deserialize;

use super::entries::{find, read};
use super::listing::publication_of;
use super::{Node, Problem};
use crate::failure::Failure;
use crate::views::compare::{Comparison, Side, compare};

/// The two entries.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareQuery {
    a: String,
    b: String,
}

pub(super) async fn comparison<N: Node>(
    Shared(node): Shared<N>,
    Query(query): Query<CompareQuery>,
) -> Result<Json<Comparison>, Problem> {
    let (a, first) = side(&node, &query.a).await?;
    let (b, second) = side(&node, &query.b).await?;
    match (first.evaluation(), second.evaluation()) {
        (Some(one), Some(other)) => Ok(Json(compare((a, one), (b, other)))),
        (None, _) => Err(no_scores(&a)),
        (_, None) => Err(no_scores(&b)),
    }
}

async fn side<N: Node>(node: &N, id: &str) -> Result<(Side, Publication), Problem> {
    let (placed, _) = find(node, id).await?;
    let entry = read(node, placed.log, placed.seq).await?;
    let publication = publication_of(&entry).map_err(|why| {
        let failure = Failure::new(format!("entry {} cannot be compared", entry.id())).cause(why);
        Problem::new(StatusCode::CONFLICT, &failure.next("name two evaluations, as `lyceum log` lists them"))
    })?;
    let model = publication.evaluation().map(|evaluation| evaluation.record.model.id.clone());
    let side = Side {
        id: entry.id().to_string(),
        title: publication.title.clone(),
        org_name: placed.org_name,
        model: model.unwrap_or_default(),
    };
    Ok((side, publication))
}

fn no_scores(side: &Side) -> Problem {
    let failure = Failure::new(format!("entry {} holds no scores: it is no evaluation", side.id));
    Problem::new(StatusCode::CONFLICT, &failure.next("name two evaluations, or reviews that hold one"))
}
