//! Search: the query from text to words and filters, its answer with titles and snippets.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use lyceum_protocol::hash::OrgId;
use serde::Deserialize;

use super::entries::organisation;
use super::listing::{Placed, line_of, publication_of};
use super::shapes::{HiddenCount, SearchHit, SearchPage};
use super::{Node, Problem, seen};
use crate::cli::safe_text;
use crate::failure::Failure;
use crate::index::query::{Key, Query as Words, QueryFault};
use crate::index::search::{Found, RESULTS_MAX, Wanted};
use crate::index::snippet::snippet;
use crate::index::{SearchFault, SearchIndex};
use crate::{clock, time};

/// Results that are given unless more are asked for.
const RESULTS: usize = 20;

/// What is searched for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchQuery {
    /// Words, phrases and filters.
    q: Option<String>,
    org: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    nature: Option<String>,
    model: Option<String>,
    tag: Option<String>,
    language: Option<String>,
    marking: Option<String>,
    severity: Option<String>,
    since: Option<String>,
    until: Option<String>,
    /// Results at most.
    n: Option<usize>,
    /// From when age is counted, Unix milliseconds.
    now: Option<u64>,
    /// Also what is superseded or retracted.
    all: Option<bool>,
}

impl SearchQuery {
    fn read(&self, now: u64) -> Result<Words, QueryFault> {
        let mut words = Words::read(self.q.as_deref().unwrap_or_default(), now)?;
        let options = [
            ("org", &self.org),
            ("type", &self.kind),
            ("nature", &self.nature),
            ("model", &self.model),
            ("tag", &self.tag),
            ("language", &self.language),
            ("marking", &self.marking),
            ("severity", &self.severity),
            ("since", &self.since),
            ("until", &self.until),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                words.narrow(name, value, now)?;
            }
        }
        Ok(words)
    }
}

impl From<QueryFault> for Problem {
    fn from(fault: QueryFault) -> Self {
        let failure = Failure::usage("the query cannot be understood").cause(fault.to_string());
        Self::new(StatusCode::BAD_REQUEST, &failure.next(format!("allowed: {}", fault.allowed)))
    }
}

pub(super) fn not_searched(fault: &SearchFault) -> Problem {
    match fault {
        SearchFault::Query(fault) => fault.clone().into(),
        SearchFault::NotReady => {
            let failure = Failure::new("the search index is being opened").next("try again in a moment");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, &failure)
        }
        SearchFault::Index(_) => {
            let failure = Failure::new("the search index is broken").because(fault);
            let failure = failure.next("it is built anew; try again in a moment, and see `lyceum status`");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, &failure)
        }
    }
}

/// Searches on a thread where it hinders nobody.
async fn searched(index: SearchIndex, wanted: Wanted) -> Result<Found, Problem> {
    let asked = index.clone();
    match tokio::task::spawn_blocking(move || asked.search(&wanted)).await {
        Ok(found) => found.map_err(|fault| not_searched(&fault)),
        // It panicked: only files that are not what was written do that.
        Err(_) => {
            index.doubt();
            Err(not_searched(&crate::index::IndexFault::Broken("it cannot be read".to_owned()).into()))
        }
    }
}

pub(super) async fn search<N: Node>(
    Shared(node): Shared<N>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchPage>, Problem> {
    let clock = clock::wall();
    let mut words = query.read(query.now.unwrap_or(clock))?;
    for filter in words.filters.iter_mut().filter(|filter| filter.key == Key::Org) {
        let text = filter.value.clone();
        let org: OrgId = node.look(move |state| organisation(state, &text)).await??;
        filter.value = org.to_string();
    }
    let limit = query.n.unwrap_or(RESULTS).clamp(1, RESULTS_MAX);
    let wanted = Wanted { query: words, now: query.now, clock, limit, all: query.all.unwrap_or(false) };
    let behind_entries = seen::not_seen_now(&node).await?;
    let found = searched(node.index().clone(), wanted).await?;
    let places: Vec<_> = found.hits.iter().map(|hit| (hit.log, hit.seq)).collect();
    let asked = places.clone();
    let placed: Vec<Placed> =
        node.look(move |state| asked.iter().map(|(log, seq)| Placed::find(state, *log, *seq)).collect()).await?;
    let entries = node.entries(places).await?;
    let mut hits = Vec::with_capacity(found.hits.len());
    for ((hit, placed), entry) in found.hits.iter().zip(&placed).zip(entries) {
        // What was erased, or does not stand any more, is not shown, even if the index has not heard of it yet.
        let Some(entry) = entry.filter(|entry| entry.id() == hit.id && placed.standing == "good") else { continue };
        let publication = publication_of(&entry);
        let Ok(readable) = &publication else { continue };
        let snippet = safe_text::line(&snippet(readable, &found.sought));
        let mut line = line_of(placed, &entry, &publication);
        line.left_out = hit.hidden;
        hits.push(SearchHit { line, score: hit.score, snippet });
    }
    Ok(Json(SearchPage {
        hits,
        total: found.total,
        hidden: HiddenCount { superseded: found.superseded, retracted: found.retracted },
        now: time::rfc3339(found.now),
        behind_entries,
    }))
}
