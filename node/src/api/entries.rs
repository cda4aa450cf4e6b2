//! Entries: the list newest first, one of them, and the bundle that proves it elsewhere.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use lyceum_protocol::document::certificate::CertificateObject;
use lyceum_protocol::document::charter::CharterObject;
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::hash::{EntryId, LogId, NetworkId, ObjectId, OrgId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::proof::{ProofOf, SeatOf};
use lyceum_protocol::publication::PublicationType;
use lyceum_protocol::standing::Standing;
use lyceum_protocol::state::State;
use serde::Deserialize;

use super::listing::{Placed, line_of, publication_of, value_of};
use super::outcome::outcome_now;
use super::shapes::{EntryLine, EntryPage, HiddenCount, LogPage};
use super::{Node, Problem, counted, seen};
use crate::failure::Failure;
use crate::index::query::Key;
use crate::index::schema::{facet, is_about};

/// Most entries of one page.
const PAGE_ENTRIES: usize = 500;
/// Entries that are read at once while a page is filled.
const READ_AT_ONCE: usize = 256;
/// Shortest prefix of an id that names an entry, in digits.
const PREFIX_MIN: usize = 8;

fn usage(message: impl Into<String>, next: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, &Failure::usage(message).next(next))
}

/// What the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    /// An organisation: its name, its id or the beginning of its id.
    org: Option<String>,
    /// A type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Not older than this by its author's claim, Unix milliseconds.
    since: Option<u64>,
    /// Entries at most.
    n: Option<usize>,
    /// Where the page before ended.
    before: Option<String>,
    /// A model: its exact name, revision or digest.
    model: Option<String>,
    /// Also what is unsettled, superseded or retracted.
    all: Option<bool>,
}

/// A place in the list: claim, then id.
pub(super) type ListKey = (u64, EntryId);

/// What of the list is looked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Of this organisation alone.
    pub(super) org: Option<OrgId>,
    /// Not older than this, Unix milliseconds.
    pub(super) since: u64,
    /// Only what comes after this in the list.
    pub(super) before: Option<ListKey>,
    /// Also what is unsettled.
    pub(super) all: bool,
    /// The key of this node.
    pub(super) own: [u8; 32],
    /// So many at most.
    pub(super) limit: usize,
}

pub(super) async fn log<N: Node>(
    Shared(node): Shared<N>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>, Problem> {
    let org = match query.org.clone() {
        Some(text) => Some(node.look(move |state| organisation(state, &text)).await??),
        None => None,
    };
    let limit = query.n.unwrap_or(PAGE_ENTRIES).clamp(1, PAGE_ENTRIES);
    let mut wanted = Wanted {
        org,
        since: query.since.unwrap_or(0),
        before: query.before.as_deref().map(parse_key).transpose()?,
        all: query.all.unwrap_or(false),
        own: node.key(),
        limit: READ_AT_ONCE,
    };
    let kind = query.kind.as_deref().map(PublicationType::of);
    let model = query.model.as_deref().map(|model| facet(Key::Model, model));
    let behind_entries = seen::not_seen_now(&node).await?;
    let mut page = LogPage { entries: Vec::new(), next: None, hidden: HiddenCount::default(), behind_entries };
    let mut last: Option<ListKey> = None;
    let mut passed = HiddenCount::default();
    loop {
        let asked = wanted.clone();
        let found = node.look(move |state| newest(state, &asked)).await?;
        let places = found.iter().map(|(_, placed)| (placed.log, placed.seq)).collect();
        let exhausted = found.len() < wanted.limit;
        let hidden = node.index().hidden(found.iter().map(|((_, id), _)| *id));
        for ((key, placed), entry) in found.into_iter().zip(node.entries(places).await?) {
            wanted.before = Some(key);
            let Some(entry) = entry else { continue };
            let publication = publication_of(&entry);
            let fits = kind.as_ref().is_none_or(|kind| publication.as_ref().is_ok_and(|it| it.kind == *kind));
            let about = model.as_ref().is_none_or(|model| publication.as_ref().is_ok_and(|it| is_about(it, model)));
            if !fits || !about {
                continue;
            }
            let left_out = hidden.get(&key.1).copied();
            match left_out {
                Some(how) if !wanted.all => {
                    passed.count(how);
                    continue;
                }
                _ => {}
            }
            if page.entries.len() == limit {
                // What was passed since the last one is passed again on the next page, and counted there.
                page.next = last.map(|(time, id)| format!("{time}-{id}"));
                return Ok(Json(page));
            }
            page.hidden.add(std::mem::take(&mut passed));
            page.entries.push(EntryLine { left_out, ..line_of(&placed, &entry, &publication) });
            last = Some(key);
        }
        if exhausted {
            page.hidden.add(passed);
            return Ok(Json(page));
        }
    }
}

pub(super) fn parse_key(text: &str) -> Result<ListKey, Problem> {
    let key = text.split_once('-').and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)));
    key.ok_or_else(|| usage("`before` is not the end of a page", "use `next` of the page before as it is"))
}

/// The organisation that a text names: id, beginning of an id, or name.
pub(super) fn organisation(state: &State, text: &str) -> Result<OrgId, Problem> {
    let ids: Vec<OrgId> = state.governance().organisations().keys().copied().collect();
    let hex = text.len() >= PREFIX_MIN && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let by_id = |org: &&OrgId| hex && org.to_string().starts_with(&text.to_ascii_lowercase());
    let by_name = |org: &&OrgId| super::listing::name_of(state, **org).to_lowercase() == text.to_lowercase();
    let found: Vec<OrgId> = ids.iter().filter(|org| by_id(org) || by_name(org)).copied().collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(usage(format!("no organisation is called {text:?}"), "see `lyceum members` for names and ids")),
        _ => Err(usage(format!("{text:?} names {} organisations", found.len()), "give more digits of its id")),
    }
}

/// The newest publications by claim, then id, that come after `before` in the list.
pub(super) fn newest(state: &State, wanted: &Wanted) -> Vec<(ListKey, Placed)> {
    let mut heap: BinaryHeap<Reverse<(ListKey, LogId, u64)>> = BinaryHeap::new();
    for record in state.records() {
        let opening = record.log().opening();
        if wanted.org.is_some() && state.org_of_log(opening.log) != wanted.org {
            continue;
        }
        let own = opening.key == wanted.own;
        for ((seq, fact), id) in (0_u64..).zip(record.facts()).zip(record.log().ids()) {
            let key = (fact.time, *id);
            let shown = match record.judged().standing(seq) {
                Standing::Good => true,
                Standing::Unsettled => own || wanted.all,
                Standing::Waiting => own,
                Standing::Void => false,
            };
            let fits = fact.kind == Kind::PUBLICATION && fact.time >= wanted.since;
            if !shown || !fits || wanted.before.is_some_and(|before| key >= before) {
                continue;
            }
            heap.push(Reverse((key, opening.log, seq)));
            if heap.len() > wanted.limit {
                heap.pop();
            }
        }
    }
    // Ascending by `Reverse` is descending by key.
    let sorted = heap.into_sorted_vec();
    sorted.into_iter().map(|Reverse((key, log, seq))| (key, Placed::find(state, log, seq))).collect()
}

/// The entry that an id, or a prefix of at least eight digits, names.
pub(super) async fn find<N: Node>(node: &N, text: &str) -> Result<(Placed, NetworkId), Problem> {
    let prefix = text.to_ascii_lowercase();
    let is_hex = prefix.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hex || !(PREFIX_MIN..=64).contains(&prefix.len()) {
        return Err(usage(
            format!("{text:?} is not the id of an entry"),
            "give the id, or at least its first 8 digits, as `lyceum log` shows it",
        ));
    }
    let asked = prefix.clone();
    let (mut found, network) = node
        .look(move |state| {
            let digits = asked.get(..asked.len().min(16)).unwrap_or_default();
            let bound = |fill: &str| {
                let padded = format!("{digits}{}", fill.repeat(16_usize.saturating_sub(digits.len())));
                u64::from_str_radix(&padded, 16).unwrap_or_default()
            };
            let places = state.places_between(bound("0"), bound("f"));
            let named = places.filter(|(id, ..)| id.to_string().starts_with(&asked)).take(2);
            let found: Vec<Placed> = named.map(|(_, log, seq)| Placed::find(state, log, seq)).collect();
            (found, state.network())
        })
        .await?;
    if found.len() > 1 {
        return Err(usage(format!("several entries begin with {prefix}"), "give more digits"));
    }
    found.pop().map(|placed| (placed, network)).ok_or_else(|| {
        let failure = Failure::new(format!("this node holds no entry {prefix}"));
        Problem::new(StatusCode::NOT_FOUND, &failure.next("see `lyceum status` for what is still missing here"))
    })
}

fn not_held() -> Problem {
    let failure = Failure::new("the entry is known and cannot be read").next("see `lyceum status` for the disk");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, &failure)
}

pub(super) async fn read<N: Node>(node: &N, log: LogId, seq: u64) -> Result<VerifiedEntry, Problem> {
    node.entries(vec![(log, seq)]).await?.into_iter().next().flatten().ok_or_else(not_held)
}

pub(super) async fn show<N: Node>(Shared(node): Shared<N>, Path(id): Path<String>) -> Result<Json<EntryPage>, Problem> {
    let (placed, network) = find(&node, &id).await?;
    let entry = read(&node, placed.log, placed.seq).await?;
    // Read from the disk, it is checked as if it came from a stranger: this is the moment when it is believed.
    let again = PublicKey::admit(&entry.header().key).map(|key| entry.to_untrusted().verify(network, &key));
    let publication = publication_of(&entry);
    let mut outcome = outcome_now(&node, entry.id()).await?;
    if let Ok(publication) = &publication {
        let mut wanted = counted::Wanted::default();
        if publication.evaluation().is_some() || publication.import.is_some() || counted::is_replicated(&outcome) {
            wanted.add(entry.id(), publication);
        }
        if let Some(counted) = counted::look_up(&node, wanted).await?.get(&entry.id()) {
            counted::mark(&mut outcome, counted);
            outcome.copy_of = counted.copy_of.map(|id| id.to_string());
        }
    }
    Ok(Json(EntryPage {
        line: EntryLine { left_out: outcome.hidden(), ..line_of(&placed, &entry, &publication) },
        outcome: Some(outcome),
        files: publication
            .as_ref()
            .map(|publication| super::attachments::shapes(&node, publication))
            .unwrap_or_default(),
        publication: publication.as_ref().ok().and_then(value_of),
        signature_valid: matches!(again, Ok(Ok(verified)) if verified.id() == entry.id()),
        log: placed.log.to_string(),
        kind_number: entry.header().kind.0,
        payload_len: entry.header().payload_len,
    }))
}

pub(super) async fn bundle<N: Node>(Shared(node): Shared<N>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (placed, network) = find(&node, &id).await?;
    let entry = read(&node, placed.log, placed.seq).await?;
    let opening = if placed.seq == 0 { None } else { Some(read(&node, placed.log, 0).await?) };
    let (log, seq) = (placed.log, placed.seq);
    let evidence = node.look(move |state| Evidence::gather(state, log, seq)).await?;
    let proof = ProofOf {
        network,
        entry: &entry,
        opening: opening.as_ref(),
        before: &evidence.before,
        certificates: &evidence.certificates,
        signatures: &evidence.signatures,
        seat: (!evidence.charters.is_empty())
            .then_some(SeatOf { charters: &evidence.charters, motion: evidence.motion.as_ref() }),
    };
    let bundle = proof.bundle().map_err(|fault| {
        let failure = Failure::new("no file can be made of this entry").because(&fault);
        Problem::new(StatusCode::CONFLICT, &failure.next("try again when `lyceum status` shows no problem"))
    })?;
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, bundle.to_bytes()).into_response())
}

/// What a proof needs of the state.
#[derive(Default)]
struct Evidence {
    before: Vec<EntryId>,
    certificates: Vec<CertificateObject>,
    charters: Vec<CharterObject>,
    motion: Option<MotionObject>,
    signatures: Vec<VerifiedSignature>,
}

impl Evidence {
    fn gather(state: &State, log: LogId, seq: u64) -> Self {
        let documents = state.documents();
        let Some(record) = state.record(log) else { return Self::default() };
        let len = usize::try_from(seq).unwrap_or(usize::MAX);
        let mut evidence = Self { before: record.log().ids().iter().take(len).copied().collect(), ..Self::default() };
        let opened_under = record.log().opening().certificate;
        let adopted = state.governance().adoption().adopted().and_then(|id| documents.charter(id));
        evidence.charters.extend(adopted.cloned());
        let org = documents.org_of(opened_under);
        let row = adopted.and_then(|charter| charter.lists.member(org?).map(|row| row.certificate));
        if let (Some(org), None) = (org, row) {
            evidence.motion = seating_motion(state, org);
        }
        let named = row.or_else(|| evidence.motion.as_ref().and_then(|motion| motion.op.certificate()));
        evidence.certificates = documents.chain(opened_under).unwrap_or_default();
        let further = named.and_then(|id| documents.chain(id)).unwrap_or_default();
        if further.len() > evidence.certificates.len() && further.starts_with(&evidence.certificates) {
            evidence.certificates = further;
        }
        let certificates = evidence.certificates.iter().map(|it| ObjectId::from(it.id()));
        let charters = evidence.charters.iter().map(|it| ObjectId::from(it.id()));
        let targets = certificates.chain(charters).chain(evidence.motion.iter().map(|it| it.id().into()));
        let targets: BTreeSet<ObjectId> = targets.collect();
        evidence.signatures = targets.iter().flat_map(|id| documents.signatures_on(*id)).copied().collect();
        evidence
    }
}

/// The Admit in force that seats an organisation, or the Invite that it redeemed.
fn seating_motion(state: &State, org: OrgId) -> Option<MotionObject> {
    let documents = state.documents();
    let in_force = || state.governance().in_force().iter().filter_map(|id| documents.motion(*id));
    let admit = in_force().find(|motion| matches!(motion.op, Operation::Admit { org: named, .. } if named == org));
    let invite = || {
        in_force().find(|motion| match &motion.op {
            Operation::Invite { key } => documents.is_signed(&SignaturePlace::redemption(org, *key)),
            _ => false,
        })
    };
    admit.or_else(invite).cloned()
}
