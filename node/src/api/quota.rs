//! What the quota of the own organisation has room for, before anything is signed.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;

use super::shapes::{PlanRequest, PublishPlan};
use super::{Node, Problem};
use crate::failure::Failure;
use crate::time::rfc3339;

pub(super) async fn plan<N: Node>(
    Shared(node): Shared<N>,
    request: Result<Json<PlanRequest>, JsonRejection>,
) -> Result<Json<PublishPlan>, Problem> {
    let Json(request) = request.map_err(|fault| {
        let failure = Failure::usage("the request cannot be read").cause(fault.body_text());
        Problem::new(fault.status(), &failure.next("send JSON: {\"payloads\": [1200, …]}"))
    })?;
    let total = request.payloads.len();
    let (schedule, rule) = node.schedule(request.payloads).await?;
    let later = schedule.fits < total;
    Ok(Json(PublishPlan {
        fits: u64::try_from(schedule.fits).unwrap_or(u64::MAX),
        next: later.then(|| rfc3339(schedule.next)),
        last: later.then(|| rfc3339(schedule.last)),
        rule,
    }))
}
