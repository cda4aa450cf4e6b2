//! Whole publications in pages, each with what became of it: what exports are made of.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::hash::{EntryId, LogId};
use lyceum_protocol::publication::{Publication, PublicationType, Rel};
use lyceum_protocol::state::State;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::entries::{ListKey, Wanted, find, newest, organisation, parse_key};
use super::listing::{Placed, line_of, publication_of};
use super::outcome::outcome_of;
use super::shapes::{EntryLine, ExportEntry, ExportPage, LeftOutCount, OutcomeShape};
use super::{Node, NodeFault, Problem, counted, seen};
use crate::failure::Failure;
use crate::index::query::Key;
use crate::index::schema::{facet, is_about};
use crate::publish::Marking;
use crate::views::Hidden;

/// Entries that are looked at for one page, at most.
const LOOK_AT: usize = 4_096;
/// Of these so many are read at once.
const READ_AT_ONCE: usize = 128;
/// A page with more text than this is full, in bytes.
const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Most ids of one request.
pub(super) const IDS_MAX: usize = 100;

/// What is exported.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportQuery {
    /// These entries, divided by commas, and none else.
    ids: Option<String>,
    /// An organisation: its name, its id or the beginning of its id.
    org: Option<String>,
    /// A type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A model: its exact name, revision or digest.
    model: Option<String>,
    /// Not older than this by its author's claim, Unix milliseconds.
    since: Option<u64>,
    /// Where the page before ended.
    before: Option<String>,
    /// Nothing more restricted than this: CLEAR or GREEN.
    marking: Option<String>,
    /// Only what holds scores.
    evaluations: Option<bool>,
    /// Also what is unsettled, superseded or retracted.
    all: Option<bool>,
}

/// What is kept of what is looked at.
struct Keep {
    kind: Option<PublicationType>,
    model: Option<String>,
    marking: Marking,
    evaluations: bool,
    all: bool,
}

pub(super) async fn export<N: Node>(
    Shared(node): Shared<N>,
    Query(query): Query<ExportQuery>,
) -> Result<Json<ExportPage>, Problem> {
    // Later pages rest on what the first one waited for.
    if query.before.is_none() {
        seen::until_all_is_seen(&node).await?;
    }
    let marking: Option<Marking> = query.marking.as_deref().map(str::parse).transpose().map_err(
        |fault: crate::publish::marking::MarkingFault| {
            Problem::new(StatusCode::BAD_REQUEST, &Failure::usage(fault.to_string()).next("use CLEAR or GREEN"))
        },
    )?;
    let keep = Keep {
        kind: query.kind.as_deref().map(PublicationType::of),
        model: query.model.as_deref().map(|model| facet(Key::Model, model)),
        marking: marking.unwrap_or(Marking::Green),
        evaluations: query.evaluations.unwrap_or(false),
        all: query.all.unwrap_or(false),
    };
    let mut page = ExportPage::default();
    if let Some(ids) = &query.ids {
        let places = named(&node, ids).await?;
        let (read, _) = take(&node, places, &keep, &mut page, usize::MAX).await?;
        debug_assert_eq!(read, page.looked_at, "all that is named is read");
        return Ok(Json(page));
    }
    let org = match query.org.clone() {
        Some(text) => Some(node.look(move |state| organisation(state, &text)).await??),
        None => None,
    };
    let wanted = Wanted {
        org,
        since: query.since.unwrap_or(0),
        before: query.before.as_deref().map(parse_key).transpose()?,
        all: keep.all,
        own: node.key(),
        limit: LOOK_AT,
    };
    let found = node.look(move |state| newest(state, &wanted)).await?;
    let complete = found.len() < LOOK_AT;
    let of = found.len();
    let (read, last) = take(&node, found, &keep, &mut page, PAGE_BYTES).await?;
    if !complete || read < u64::try_from(of).unwrap_or(u64::MAX) {
        page.next = last.map(|(time, id)| format!("{time}-{id}"));
    }
    Ok(Json(page))
}

/// The entries that are named, each with its place.
async fn named<N: Node>(node: &N, ids: &str) -> Result<Vec<(ListKey, Placed)>, Problem> {
    let ids: Vec<&str> = ids.split(',').collect();
    if ids.len() > IDS_MAX {
        let failure = Failure::usage(format!("{} ids in one request, at most {IDS_MAX} are answered", ids.len()));
        return Err(Problem::new(StatusCode::BAD_REQUEST, &failure));
    }
    let mut places = Vec::new();
    for id in ids {
        let (placed, _) = find(node, id).await?;
        let key = node.look({
            let (log, seq) = (placed.log, placed.seq);
            move |state| key_of(state, log, seq)
        });
        places.extend(key.await?.map(|key| (key, placed)));
    }
    Ok(places)
}

fn key_of(state: &State, log: LogId, seq: u64) -> Option<ListKey> {
    let record = state.record(log)?;
    let id = record.log().ids().get(usize::try_from(seq).ok()?)?;
    Some((record.fact(seq)?.time, *id))
}

/// Reads places one after another until the page is full; how many were read, and the last of them.
async fn take<N: Node>(
    node: &N,
    places: Vec<(ListKey, Placed)>,
    keep: &Keep,
    page: &mut ExportPage,
    room: usize,
) -> Result<(u64, Option<ListKey>), Problem> {
    let (mut bytes, mut last) = (0_usize, None);
    for chunk in places.chunks(READ_AT_ONCE) {
        let hidden = node.index().hidden(chunk.iter().map(|((_, id), _)| *id));
        let entries = node.entries(chunk.iter().map(|(_, placed)| (placed.log, placed.seq)).collect()).await?;
        let mut kept = Vec::new();
        for ((key, placed), entry) in chunk.iter().zip(entries) {
            last = Some(*key);
            page.looked_at = page.looked_at.saturating_add(1);
            let hidden = hidden.get(&key.1).copied();
            match sorted(placed, entry, hidden, keep) {
                Sorted::Kept(entry, publication) => {
                    bytes = bytes.saturating_add(entry.payload().content().map_or(0, <[u8]>::len));
                    kept.push((line_of(placed, &entry, &Ok((*publication).clone())), key.1, publication));
                }
                Sorted::LeftOut(counted) => counted(&mut page.left_out),
                Sorted::Unfit => {}
            }
        }
        for entry in with_outcomes(node, kept).await? {
            match entry.outcome.hidden() {
                // The index may have heard of it just now.
                Some(hidden) if !keep.all => count(hidden)(&mut page.left_out),
                _ => page.entries.push(entry),
            }
        }
        if bytes >= room {
            break;
        }
    }
    Ok((page.looked_at, last))
}

/// What becomes of one entry.
enum Sorted {
    Kept(Box<VerifiedEntry>, Box<Publication>),
    LeftOut(fn(&mut LeftOutCount)),
    /// Nobody asked for it.
    Unfit,
}

fn sorted(placed: &Placed, entry: Option<VerifiedEntry>, hidden: Option<Hidden>, keep: &Keep) -> Sorted {
    let Some(entry) = entry.filter(|entry| entry.header().kind == Kind::PUBLICATION) else {
        return Sorted::LeftOut(|count| count.unreadable = count.unreadable.saturating_add(1));
    };
    let Ok(publication) = publication_of(&entry) else {
        return Sorted::LeftOut(|count| count.unreadable = count.unreadable.saturating_add(1));
    };
    let fits = keep.kind.as_ref().is_none_or(|kind| publication.kind == *kind)
        && keep.model.as_ref().is_none_or(|model| is_about(&publication, model))
        && (!keep.evaluations || publication.evaluation().is_some());
    if !fits {
        return Sorted::Unfit;
    }
    if entry.header().marking > keep.marking.code() {
        return Sorted::LeftOut(|count| count.restricted = count.restricted.saturating_add(1));
    }
    match hidden {
        Some(hidden) if !keep.all => Sorted::LeftOut(count(hidden)),
        _ if placed.standing != "good" && !keep.all => {
            Sorted::LeftOut(|count| count.not_standing = count.not_standing.saturating_add(1))
        }
        _ => Sorted::Kept(Box::new(entry), Box::new(publication)),
    }
}

const fn count(hidden: Hidden) -> fn(&mut LeftOutCount) {
    match hidden {
        Hidden::Superseded => |count| count.superseded = count.superseded.saturating_add(1),
        Hidden::Retracted => |count| count.retracted = count.retracted.saturating_add(1),
    }
}

/// Adds what became of each; of most nobody has said anything, which the index tells at once.
async fn with_outcomes<N: Node>(
    node: &N,
    kept: Vec<(EntryLine, EntryId, Box<Publication>)>,
) -> Result<Vec<ExportEntry>, Problem> {
    let (index, ids) = (node.index().clone(), kept.iter().map(|(_, id, _)| *id).collect::<Vec<_>>());
    let linked = tokio::task::spawn_blocking(move || {
        ids.iter().map(|id| index.links_to(id).map(|links| !links.is_empty())).collect::<Result<Vec<bool>, _>>()
    });
    let linked = linked.await.map_err(|fault| NodeFault::Store(fault.to_string()))?.map_err(NodeFault::from)?;
    let (mut outcomes, mut wanted) = (Vec::with_capacity(kept.len()), counted::Wanted::default());
    for ((_, id, publication), linked) in kept.iter().zip(linked) {
        let is_version = publication.links.iter().any(|link| link.rel == Rel::Supersedes);
        let outcome = if linked || is_version { outcome_of(node, *id).await? } else { OutcomeShape::first() };
        if counted::is_replicated(&outcome) {
            wanted.add(*id, publication);
        }
        outcomes.push(outcome);
    }
    let counted = counted::look_up(node, wanted).await?;
    let mut entries = Vec::with_capacity(kept.len());
    for ((mut line, id, publication), mut outcome) in kept.into_iter().zip(outcomes) {
        if let Some(counted) = counted.get(&id) {
            counted::mark(&mut outcome, counted);
        }
        line.left_out = outcome.hidden();
        let text = String::from_utf8(publication.to_bytes()).map_err(|fault| NodeFault::Store(fault.to_string()))?;
        let publication = RawValue::from_string(text).map_err(|fault| NodeFault::Store(fault.to_string()))?;
        entries.push(ExportEntry { entry: line, outcome, publication });
    }
    Ok(entries)
}
