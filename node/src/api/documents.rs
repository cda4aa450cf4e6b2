//! Documents, motions and signatures as bytes: for the commands that judge, sign and hand back the result.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use lyceum_protocol::replica::effect::Outcome;

use super::shapes::DocumentsPage;
use super::{Node, Problem};
use crate::failure::Failure;
use crate::govern::wire::WireBatch;

pub(super) async fn all<N: Node>(Shared(node): Shared<N>) -> Result<Json<DocumentsPage>, Problem> {
    let page = node.look(|state| DocumentsPage {
        alliance: state.network().to_string(),
        checkpoint: state.checkpoint().to_string(),
        documents: WireBatch::of_all(state.documents()),
    });
    Ok(Json(page.await?))
}

pub(super) async fn govern<N: Node>(
    Shared(node): Shared<N>,
    request: Result<Json<WireBatch>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let unreadable = |reason: String| {
        let failure = Failure::usage("the documents cannot be read").cause(reason);
        Problem::new(StatusCode::BAD_REQUEST, &failure)
    };
    let Json(wire) = request.map_err(|fault| unreadable(fault.body_text()))?;
    let network = node.look(|state| state.network()).await?;
    let batch = wire.read(network).map_err(|fault| unreadable(fault.to_string()))?;
    match node.govern(batch).await? {
        Outcome::Taken | Outcome::Published(_) => Ok(StatusCode::NO_CONTENT),
        Outcome::Refused { reason, until } => Err(Problem::refused(&reason, until)),
        Outcome::Failed(reason) => {
            let failure = Failure::new("not done").cause(reason).next("see what `lyceum status` says");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &failure))
        }
    }
}
