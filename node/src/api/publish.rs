//! Publishing: everything is checked before the first is signed.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use lyceum_protocol::entry::{Draft, VerifiedEntry};
use lyceum_protocol::hash::EntryId;
use lyceum_protocol::limits::SALT_LEN;
use lyceum_protocol::publication::{Publication, Rel};
use lyceum_protocol::replica::effect::Outcome;
use lyceum_protocol::state::State;

use super::attachments::check_quota;
use super::listing::{Placed, line_of, publication_of};
use super::shapes::{PublishAnswer, PublishItem, PublishRequest};
use super::{Node, Problem};
use crate::attachments::named::files_of;
use crate::failure::Failure;
use crate::import::private;
use crate::publish::Prepared;
use crate::publish::marking::{Marking, MarkingFault};

pub(super) async fn publish<N: Node>(
    Shared(node): Shared<N>,
    request: Result<Json<PublishRequest>, JsonRejection>,
) -> Result<Json<PublishAnswer>, Problem> {
    let Json(request) = request.map_err(|fault| {
        let failure = Failure::usage("the request cannot be read").cause(fault.body_text());
        Problem::new(fault.status(), &failure.next("send JSON: {\"items\": [{\"publication\": …}]}"))
    })?;
    let now = crate::clock::wall();
    let prepared = request.items.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
    if prepared.is_empty() {
        return Ok(Json(PublishAnswer { entries: Vec::new() }));
    }
    check_links(&node, &prepared).await?;
    let files = prepared.iter().flat_map(|prepared| files_of(&prepared.publication));
    let files = files.filter_map(|file| Some((file.blake3?, file.size))).collect();
    check_quota(&node, &files, 0).await?;
    let drafts = prepared.iter().map(|prepared| draft(prepared, now)).collect::<Result<Vec<_>, _>>()?;
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
fn marking_of(word: Option<&str>) -> Result<Marking, Failure> {
    let Some(word) = word else { return Ok(Marking::default()) };
    word.parse().map_err(|fault: MarkingFault| match &fault {
        MarkingFault::NeedsSealing(_) | MarkingFault::Red => Failure::refused(fault.to_string()),
        MarkingFault::Unknown(_) => Failure::usage(fault.to_string()),
    })
}

fn prepare(item: &PublishItem) -> Result<Prepared, Problem> {
    let marking = marking_of(item.marking.as_deref())
        .map_err(|failure| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &failure))?;
    let unreadable = |fault: &(dyn std::error::Error + 'static)| {
        let failure = Failure::usage("this is not a publication").because(fault);
        Problem::new(StatusCode::BAD_REQUEST, &failure.next("correct the field that is named"))
    };
    let json = serde_json::to_vec(&item.publication).map_err(|fault| unreadable(&fault))?;
    let publication = Publication::read(&json).map_err(|fault| unreadable(&fault))?;
    publication.check_own().map_err(|fault| unreadable(&fault))?;
    if let Some(secret) = private::first_secret(publication.json()) {
        let failure = Failure::refused(format!("{} holds what looks like a secret ({})", secret.field, secret.name));
        let failure = failure.next("take it out, and revoke it: a secret is never published");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &failure));
    }
    Ok(Prepared { publication, marking, warnings: Vec::new(), source_key: String::new() })
}

fn draft(prepared: &Prepared, now: u64) -> Result<Draft, Problem> {
    let mut salt = [0_u8; SALT_LEN];
    getrandom::fill(&mut salt).map_err(|fault| {
        let failure = Failure::new("the system gives no random bytes").cause(fault.to_string());
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &failure)
    })?;
    Ok(crate::publish::draft(prepared, salt, now))
}

/// What no member would heed is not signed: replacing or taking back what others published, replicating one's own.
async fn check_links<N: Node>(node: &N, prepared: &[Prepared]) -> Result<(), Problem> {
    let links = prepared.iter().flat_map(|prepared| &prepared.publication.links);
    let targets: Vec<(Rel, EntryId)> = links.filter_map(|link| Some((link.rel.clone(), link.entry()?))).collect();
    let refused =
        node.look(move |state| targets.into_iter().find(|(rel, target)| !is_heeded(state, rel, target))).await?;
    let Some((rel, target)) = refused else { return Ok(()) };
    let failure = match rel {
        Rel::Replicates => Failure::refused(format!(
            "{target} is your own organisation's: to review one's own finding is no replication"
        )),
        rel => Failure::refused(format!("the link {} {target} would have no effect", rel.name()))
            .cause("only the organisation that published an entry supersedes or retracts it"),
    };
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, &failure.next("leave the link out")))
}

/// Whether members heed a link of this organisation; of a target that is not held nobody knows.
fn is_heeded(state: &State, rel: &Rel, target: &EntryId) -> bool {
    let Some(org) = state.place(target).and_then(|(log, _)| state.org_of_log(log)) else { return true };
    let own = Some(org) == state.own();
    match rel {
        Rel::Supersedes | Rel::Retracts => own,
        Rel::Replicates => !own,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Ending;

    #[test]
    fn green_unless_said_otherwise() {
        assert_eq!(marking_of(None), Ok(Marking::Green));
        assert_eq!(marking_of(Some("clear")), Ok(Marking::Clear));
    }

    #[test]
    fn nothing_restricted_is_published_in_clear() {
        for word in ["AMBER", "amber+strict", "RED"] {
            assert_eq!(marking_of(Some(word)).unwrap_err().ends(), Ending::Refused, "{word}");
        }
        assert_eq!(marking_of(Some("PURPLE")).unwrap_err().ends(), Ending::Usage);
    }
}
