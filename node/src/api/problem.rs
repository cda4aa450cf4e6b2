//! A refusal as a problem document (RFC 9457): what, why, what to do next, and how a command ends with it.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::NodeFault;
use crate::failure::{Ending, Failure};

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What did not work.
    pub title: String,
    /// HTTP status code.
    pub status: u16,
    /// Why, the nearest cause first.
    #[serde(default)]
    pub causes: Vec<String>,
    /// What to do.
    pub next_step: Option<String>,
    /// How a command ends with it.
    pub ending: Ending,
    /// From when it would not be refused, RFC 3339.
    pub until: Option<String>,
}

impl Problem {
    /// The problem document of a failure.
    pub fn new(status: StatusCode, failure: &Failure) -> Self {
        Self {
            title: failure.message().to_owned(),
            status: status.as_u16(),
            causes: failure.causes().to_vec(),
            next_step: failure.next_step().map(str::to_owned),
            ending: failure.ends(),
            until: failure.until_when().map(str::to_owned),
        }
    }

    /// Refused by a rule, perhaps only until then (Unix milliseconds; 0 if time does not help).
    pub fn refused(reason: &str, until: u64) -> Self {
        let mut failure = Failure::refused("refused by a rule of the alliance").cause(reason);
        if until > 0 {
            let time = crate::time::rfc3339(until);
            failure = failure.next(format!("try again from {time} on")).until(time);
        }
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, &failure)
    }

    /// The failure of a problem document, for a command.
    pub fn into_failure(self) -> Failure {
        let mut failure = Failure::new(self.title).ending(self.ending);
        for cause in self.causes {
            failure = failure.cause(cause);
        }
        if let Some(time) = self.until {
            failure = failure.until(time);
        }
        match self.next_step {
            Some(step) => failure.next(step),
            None => failure,
        }
    }
}

impl From<NodeFault> for Problem {
    fn from(fault: NodeFault) -> Self {
        let failure = match &fault {
            NodeFault::Stopped => Failure::no_daemon("the daemon is shutting down").next("start it again: lyceum run"),
            NodeFault::Store(_) => {
                Failure::new("the node cannot do this now").because(&fault).next("see what `lyceum status` says")
            }
            NodeFault::DiskFull(_) => {
                let failure = Failure::new("not published: the disk of the node is nearly full").because(&fault);
                let failure = failure.next("make room there and publish again: nothing is published twice");
                return Self::new(StatusCode::INSUFFICIENT_STORAGE, &failure);
            }
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, &failure)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

/// For a path that is not served here.
pub(super) async fn no_such_page() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, &Failure::usage("there is no such page here"))
}
