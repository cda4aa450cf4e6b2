//! What became of an entry, for its page: the links of others are gathered from the index, folded, and named.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::hash::{EntryId, LogId, OrgId, sha256};
use lyceum_protocol::publication::{Content, Json, Notice, Publication, Rel, Response};
use lyceum_protocol::standing::Standing;

use super::listing::{name_of, publication_of};
use super::shapes::{OutcomeShape, RetractionShape, SaidShape};
use super::{Node, NodeFault, seen};
use crate::index::IndexFault;
use crate::time::rfc3339;
use crate::views::outcome::{Retraction, Said};
use crate::views::{Graph, Linked, Outcome, OutcomeFacts, fold};

/// Most entries that are looked at for one page.
const LINKED_MAX: usize = 2_000;

/// What was gathered.
#[derive(Debug, Default)]
struct Known {
    facts: BTreeMap<EntryId, OutcomeFacts>,
    links: BTreeMap<EntryId, Vec<Linked>>,
    /// What notices answer.
    responses: BTreeMap<EntryId, Response>,
}

impl Graph for Known {
    fn org(&self, id: &EntryId) -> Option<OrgId> {
        self.facts.get(id).map(|facts| facts.org)
    }

    fn links_to(&self, id: &EntryId) -> Vec<Linked> {
        self.links.get(id).cloned().unwrap_or_default()
    }

    fn facts(&self, id: &EntryId) -> Option<OutcomeFacts> {
        self.facts.get(id).cloned()
    }
}

impl From<IndexFault> for NodeFault {
    fn from(fault: IndexFault) -> Self {
        Self::Store(format!("the search index: {fault}"))
    }
}

/// The same, once the index has had time to see what is held now; where it has not seen all, the outcome says so.
pub(super) async fn outcome_now<N: Node>(node: &N, id: EntryId) -> Result<OutcomeShape, NodeFault> {
    let behind_entries = seen::not_seen(node).await?;
    Ok(OutcomeShape { behind_entries, ..outcome_of(node, id).await? })
}

/// Folds what is linked to an entry.
pub(super) async fn outcome_of<N: Node>(node: &N, id: EntryId) -> Result<OutcomeShape, NodeFault> {
    let known = gather(node, id).await?;
    let outcome = fold(&known, &id);
    let orgs: BTreeSet<OrgId> = known.facts.values().map(|facts| facts.org).collect();
    let names = node.look(move |state| orgs.into_iter().map(|org| (org, name_of(state, org))).collect()).await?;
    let mut shape = shape(&outcome, known.org(&id), &names);
    for said in &mut shape.said {
        let response = said.id.parse().ok().and_then(|id: EntryId| known.responses.get(&id));
        said.response = response.map(|response| response.name().to_owned());
    }
    Ok(shape)
}

/// Everything that may say something about an entry: its versions, what links to them, and what links to that.
async fn gather<N: Node>(node: &N, id: EntryId) -> Result<Known, NodeFault> {
    let mut known = Known::default();
    let (mut ahead, mut met) = (vec![(id, true)], BTreeSet::from([id]));
    while !ahead.is_empty() {
        let batch = std::mem::take(&mut ahead);
        let ids: Vec<EntryId> = batch.iter().map(|(id, _)| *id).collect();
        let asked = ids.clone();
        let placed: Vec<Option<(LogId, u64, OrgId, u64)>> = node
            .look(move |state| {
                let place = |id: &EntryId| {
                    let (log, seq) = state.place(id)?;
                    let time = state.record(log)?.fact(seq)?.time;
                    let stands = state.standing(log, seq) != Some(Standing::Void);
                    Some((log, seq, state.org_of_log(log).filter(|_| stands)?, time))
                };
                asked.iter().map(place).collect()
            })
            .await?;
        let (index, asked) = (node.index().clone(), ids.clone());
        let links = tokio::task::spawn_blocking(move || asked.iter().map(|id| index.links_to(id)).collect());
        let links: Result<Vec<Vec<Linked>>, IndexFault> =
            links.await.map_err(|fault| NodeFault::Store(fault.to_string()))?;
        for (((id, whole), place), links) in batch.into_iter().zip(placed).zip(links?) {
            let Some((log, seq, org, time)) = place else { continue };
            let entry = if whole { node.entries(vec![(log, seq)]).await?.pop().flatten() } else { None };
            let facts = facts_of(org, time, entry.as_ref());
            if let Some(Ok(publication)) = entry.as_ref().map(publication_of)
                && let Content::Notice(Notice { response: Some(response), .. }) = publication.content
            {
                known.responses.insert(id, response);
            }
            let whole = |rel: &Rel| matches!(rel, Rel::Supersedes | Rel::Retracts | Rel::Responds);
            let further = links.iter().map(|link| (link.id, whole(&link.rel)));
            for next in further.chain(facts.supersedes.iter().map(|earlier| (*earlier, true))) {
                if met.len() < LINKED_MAX && met.insert(next.0) {
                    ahead.push(next);
                }
            }
            known.facts.insert(id, facts);
            known.links.insert(id, links);
        }
    }
    Ok(known)
}

fn facts_of(org: OrgId, time: u64, entry: Option<&VerifiedEntry>) -> OutcomeFacts {
    let mut facts = OutcomeFacts { org, time, supersedes: Vec::new(), evaluation: None, reason: None };
    let Some(Ok(publication)) = entry.map(publication_of) else { return facts };
    let supersedes = publication.links.iter().filter(|link| link.rel == Rel::Supersedes);
    facts.supersedes = supersedes.filter_map(|link| link.entry()).collect();
    if let Json::Object(fields) = publication.json() {
        facts.evaluation = fields.get("evaluation").map(|evaluation| sha256(&[&evaluation.to_bytes()]));
    }
    facts.reason = reason_of(&publication);
    facts
}

/// Why something is taken back: as a field of its own, or in the text.
fn reason_of(publication: &Publication) -> Option<String> {
    let named = match publication.json() {
        Json::Object(fields) => fields.get("reason"),
        _ => None,
    };
    let named = match named {
        Some(Json::Text(reason)) => Some(reason.clone()),
        _ => None,
    };
    let texts = [named, publication.summary.clone(), publication.body.clone(), Some(publication.title.clone())];
    texts.into_iter().flatten().find(|text| !text.trim().is_empty())
}

fn shape(outcome: &Outcome, own: Option<OrgId>, names: &BTreeMap<OrgId, String>) -> OutcomeShape {
    let retraction = |retraction: &Retraction| RetractionShape {
        by: retraction.by.to_string(),
        time: rfc3339(retraction.time),
        reason: retraction.reason.clone(),
    };
    let said = |rel: &Rel, org: Option<OrgId>, own: bool, said: &Said| SaidShape {
        rel: rel.name().to_owned(),
        org: org.map_or_else(String::new, |org| org.to_string()),
        org_name: org.and_then(|org| names.get(&org).cloned()).unwrap_or_default(),
        own,
        id: said.by.to_string(),
        time: rfc3339(said.time),
        of_version: said.of_version,
        response: None,
        not_counted: None,
    };
    let mut all = Vec::new();
    for (rel, orgs) in &outcome.others {
        let of_org = |(org, list): (&OrgId, &Vec<Said>)| -> Vec<SaidShape> {
            list.iter().map(|one| said(rel, Some(*org), false, one)).collect()
        };
        all.extend(orgs.iter().flat_map(of_org));
    }
    for (rel, list) in &outcome.own {
        all.extend(list.iter().map(|one| said(rel, own, true, one)));
    }
    OutcomeShape {
        version: outcome.version,
        newest: outcome.newest.map(|id| id.to_string()),
        beside: outcome.beside.iter().map(ToString::to_string).collect(),
        superseded_by: outcome.superseded_by.iter().map(ToString::to_string).collect(),
        retracted: outcome.retracted.as_ref().map(retraction),
        newest_retracted: outcome.newest_retracted.as_ref().map(retraction),
        said: all,
        copy_of: None,
        behind_entries: 0,
    }
}
