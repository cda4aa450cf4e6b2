//! Publishing: everything is checked before the first is signed.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use lyceum_protocol::entry::header::{MARKING_CLEAR, MARKING_GREEN};
use lyceum_protocol::entry::{Draft, Kind, VerifiedEntry};
use lyceum_protocol::limits::SALT_LEN;
use lyceum_protocol::publication::Publication;
use lyceum_protocol::replica::effect::Outcome;

use super::listing::{Placed, line_of, publication_of};
use super::shapes::{PublishAnswer, PublishItem, PublishRequest};
use super::{Node, Problem};
use crate::failure::Failure;

pub(super) async fn publish<N: Node>(
    Shared(node): Shared<N>,
    request: Result<Json<PublishRequest>, JsonRejection>,
) -> Result<Json<PublishAnswer>, Problem> {
    let Json(request) = request.map_err(|fault| {
        let failure = Failure::usage("the request cannot be read").cause(fault.body_text());
        Problem::new(fault.status(), &failure.next("send JSON: {\"items\": [{\"publication\": …}]}"))
    })?;
    let now = crate::time::now();
    let drafts = request.items.iter().map(|item| draft(item, now)).collect::<Result<Vec<_>, _>>()?;
    if drafts.is_empty() {
        return Ok(Json(PublishAnswer { entries: Vec::new() }));
    }
    let entries = match node.publish(drafts).await? {
        Outcome::Published(entries) => entries,
        Outcome::Taken => Vec::new(),
        Outcome::Refused { reason, until } => return Err(Problem::refused(&reason, until)),
        Outcome::Failed(reason) => {
            let failure = Failure::new("not published").cause(reason).next("see what `lyceum status` says");
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &failure));
        }
    };
    Ok(Json(PublishAnswer { entries: lines(&node, entries).await? }))
}

async fn lines<N: Node>(node: &N, entries: Vec<VerifiedEntry>) -> Result<Vec<super::shapes::EntryLine>, Problem> {
    let asked = entries.clone();
    let placed = node
        .look(move |state| {
            let place =
                |entry: &VerifiedEntry| state.place(&entry.id()).map(|(log, seq)| Placed::find(state, log, seq));
            asked.iter().map(place).collect::<Vec<_>>()
        })
        .await?;
    let both = placed.into_iter().zip(entries);
    Ok(both.filter_map(|(placed, entry)| Some(line_of(&placed?, &entry, &publication_of(&entry)))).collect())
}

/// The marking that a word stands for. What would need sealing is refused: nothing restricted is published in clear.
///
/// # Errors
/// [`Failure`], refused or wrong usage.
pub(crate) fn marking_of(word: Option<&str>) -> Result<u8, Failure> {
    match word.map(str::to_ascii_uppercase).as_deref() {
        None | Some("GREEN") => Ok(MARKING_GREEN),
        Some("CLEAR") => Ok(MARKING_CLEAR),
        Some(restricted @ ("AMBER" | "AMBER+STRICT")) => Err(Failure::refused(format!(
            "{restricted} is for named organisations, and this version cannot seal a publication yet"
        ))
        .next("wait for a version that seals, or mark it GREEN if every member may read it")),
        Some("RED") => Err(Failure::refused("RED is for the people in the room, not for a log that others hold")
            .next("tell it to them in person")),
        Some(other) => Err(Failure::usage(format!("{other:?} is not a marking"))
            .next("use CLEAR (anyone may read it) or GREEN (members may; this is the default)")),
    }
}

fn draft(item: &PublishItem, now: u64) -> Result<Draft, Problem> {
    let marking = marking_of(item.marking.as_deref())
        .map_err(|failure| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &failure))?;
    let unreadable = |fault: &(dyn std::error::Error + 'static)| {
        let failure = Failure::usage("this is not a publication").because(fault);
        Problem::new(StatusCode::BAD_REQUEST, &failure.next("correct the field that is named"))
    };
    let json = serde_json::to_vec(&item.publication).map_err(|fault| unreadable(&fault))?;
    let publication = Publication::read(&json).map_err(|fault| unreadable(&fault))?;
    publication.check_own().map_err(|fault| unreadable(&fault))?;
    let mut payload = vec![0_u8; SALT_LEN];
    getrandom::fill(&mut payload).map_err(|fault| {
        let failure = Failure::new("the system gives no random bytes").cause(fault.to_string());
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &failure)
    })?;
    payload.extend(publication.to_bytes());
    Ok(Draft { kind: Kind::PUBLICATION, marking, flags: 0, time: now, payload: payload.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Ending;

    #[test]
    fn green_unless_said_otherwise() {
        assert_eq!(marking_of(None), Ok(MARKING_GREEN));
        assert_eq!(marking_of(Some("clear")), Ok(MARKING_CLEAR));
    }

    #[test]
    fn nothing_restricted_is_published_in_clear() {
        for word in ["AMBER", "amber+strict", "RED"] {
            assert_eq!(marking_of(Some(word)).unwrap_err().ends(), Ending::Refused, "{word}");
        }
        assert_eq!(marking_of(Some("WHITE")).unwrap_err().ends(), Ending::Usage);
    }
}
