//! Two evaluations side by side.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use lyceum_protocol::publication::{Publication, Rel};
use serde::Deserialize;

use super::entries::{find, read};
use super::listing::publication_of;
use super::outcome::outcome_now;
use super::shapes::SaidShape;
use super::{Node, Problem};
use crate::failure::Failure;
use crate::views::about::shapes::Who;
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
    let (a, first, behind) = side(&node, &query.a).await?;
    let (b, second, also) = side(&node, &query.b).await?;
    if a.id == b.id {
        let failure = Failure::usage("both are the same entry").next("name two evaluations");
        return Err(Problem::new(StatusCode::BAD_REQUEST, &failure));
    }
    match (first.evaluation(), second.evaluation()) {
        (Some(one), Some(other)) => {
            Ok(Json(Comparison { behind_entries: behind.max(also), ..compare((a, one), (b, other)) }))
        }
        (None, _) => Err(no_scores(&a)),
        (_, None) => Err(no_scores(&b)),
    }
}

/// One side, its publication, and how many entries may say something else of it.
async fn side<N: Node>(node: &N, id: &str) -> Result<(Side, Publication, u64), Problem> {
    let (placed, _) = find(node, id).await?;
    let entry = read(node, placed.log, placed.seq).await?;
    let publication = publication_of(&entry).map_err(|why| {
        let failure = Failure::new(format!("entry {} cannot be compared", entry.id())).cause(why);
        Problem::new(StatusCode::CONFLICT, &failure.next("name two evaluations, as `lyceum log` lists them"))
    })?;
    let model = publication.evaluation().map(|evaluation| evaluation.record.model.id.clone());
    let outcome = outcome_now(node, entry.id()).await?;
    let hidden = outcome.hidden();
    let mut disputed_by: Vec<Who> = Vec::new();
    // In order of their organisations, and of those in order of time.
    for said in outcome.said.into_iter().filter(|said| said.rel == Rel::Disputes.name() && !said.own) {
        let SaidShape { org, org_name, id, of_version, .. } = said;
        if disputed_by.last().is_some_and(|last| last.org == org) {
            disputed_by.pop();
        }
        disputed_by.push(Who { org, org_name, id, of_version });
    }
    let side = Side {
        id: entry.id().to_string(),
        title: publication.title.clone(),
        org_name: placed.org_name,
        model: model.unwrap_or_default(),
        hidden,
        newest: outcome.newest,
        reason: outcome.retracted.and_then(|retraction| retraction.reason),
        disputed_by,
    };
    Ok((side, publication, outcome.behind_entries))
}

fn no_scores(side: &Side) -> Problem {
    let failure = Failure::new(format!("entry {} holds no scores: it is no evaluation", side.id));
    Problem::new(StatusCode::CONFLICT, &failure.next("name two evaluations, or reviews that hold one"))
}
