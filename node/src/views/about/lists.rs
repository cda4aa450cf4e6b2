//! What is no number: risks, incidents, mitigations, capabilities, releases, reviews and calls.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lyceum_protocol::publication::finding::RiskStatus;
use lyceum_protocol::publication::{Rel, Severity};

use super::known::Item;
use super::shapes::{Answer, CallRow, CapabilityRow, MitigationRow, ReleaseRow, ReviewRow, RiskRow, Who};
use super::{Page, first};

/// All of them.
pub(super) struct Lists {
    pub(super) risks: Vec<RiskRow>,
    pub(super) incidents: Vec<RiskRow>,
    pub(super) mitigations: Vec<MitigationRow>,
    pub(super) capabilities: Vec<CapabilityRow>,
    pub(super) releases: Vec<ReleaseRow>,
    pub(super) reviews: Vec<ReviewRow>,
    pub(super) calls: Vec<CallRow>,
}

impl Lists {
    /// From what belongs on the page, in lists of at most so many rows, the newest first.
    pub(super) fn of(page: &Page<'_>, items: &[&Item], more: &mut BTreeMap<String, u64>) -> Self {
        let mut ordered: Vec<&Item> = items.to_vec();
        ordered.sort_by_key(|item| (Reverse(item.at.time), item.at.id));
        let kind =
            |kind: &str| -> Vec<&Item> { ordered.iter().copied().filter(|item| item.card.kind == kind).collect() };
        let nature = |nature: &str| -> Vec<&Item> {
            let is = |item: &&Item| item.card.kind == "finding" && item.card.nature.as_deref() == Some(nature);
            ordered.iter().copied().filter(is).collect()
        };
        let mut risks = nature("risk");
        risks.sort_by_key(|item| {
            let status = item.card.status.as_deref().and_then(RiskStatus::of);
            let severity = item.card.severity.as_deref().and_then(Severity::of);
            (status, Reverse(severity))
        });
        let mut cut = |rows, name: &str| first(rows, name, more);
        Self {
            risks: cut(risks, "risks").into_iter().map(|item| risk(page, item)).collect(),
            incidents: cut(nature("incident"), "incidents").into_iter().map(|item| risk(page, item)).collect(),
            mitigations: cut(nature("mitigation"), "mitigations")
                .into_iter()
                .map(|item| mitigation(page, item))
                .collect(),
            capabilities: cut(nature("capability"), "capabilities")
                .into_iter()
                .map(|item| CapabilityRow { head: page.head(item), replicated_by: page.replicated(item).0 })
                .collect(),
            releases: cut(kind("release"), "releases").into_iter().filter_map(|item| release(page, item)).collect(),
            reviews: cut(kind("review"), "reviews").into_iter().map(|item| review(page, item)).collect(),
            calls: cut(kind("call"), "calls")
                .into_iter()
                .map(|item| CallRow { head: page.head(item), ends: item.card.date.clone() })
                .collect(),
        }
    }
}

fn risk(page: &Page<'_>, item: &Item) -> RiskRow {
    let card = &item.card;
    RiskRow {
        head: page.head(item),
        severity: card.severity.clone(),
        likelihood: card.likelihood.clone(),
        status: card.status.clone(),
        affected: card.affected.clone(),
        date: card.date.clone(),
        taxonomies: card.taxonomies.clone(),
        replicated_by: page.replicated(item).0,
        mitigated_by: everyone(page, item, &Rel::Mitigates),
        responses: responses(page, item),
    }
}

/// Whoever says something of an entry, its own organisation included: every entry in which that is said.
fn everyone(page: &Page<'_>, item: &Item, rel: &Rel) -> Vec<Who> {
    let Some(outcome) = page.outcomes.get(&item.at.id) else { return Vec::new() };
    let own = outcome.own.get(rel).into_iter().flatten().map(|said| (item.at.org, said));
    let others = outcome.others.get(rel).into_iter().flatten();
    let others = others.flat_map(|(org, said)| said.iter().map(|said| (*org, said)));
    own.chain(others).map(|(org, said)| page.who(org, said)).collect()
}

/// The newest answer of each organisation.
pub(super) fn responses(page: &Page<'_>, item: &Item) -> Vec<Answer> {
    let mut newest: BTreeMap<String, Answer> = BTreeMap::new();
    for who in everyone(page, item, &Rel::Responds) {
        let said = who.id.parse().ok().and_then(|id| page.known.items.get(&id));
        let Some((response, said)) = said.and_then(|said| Some((said.card.response.clone()?, said))) else { continue };
        let answer = Answer { who, response, party: page.party(said.at.org) };
        // They come in order of their claims.
        newest.insert(answer.who.org.clone(), answer);
    }
    newest.into_values().collect()
}

fn mitigation(page: &Page<'_>, item: &Item) -> MitigationRow {
    MitigationRow { head: page.head(item), status: item.card.status.clone(), mitigates: item.card.mitigates.clone() }
}

fn release(page: &Page<'_>, item: &Item) -> Option<ReleaseRow> {
    let release = item.card.release.clone()?;
    Some(ReleaseRow {
        head: page.head(item),
        name: release.name,
        version: release.version,
        license: release.license,
        place: release.place,
        files: release.files,
        bytes: release.bytes,
    })
}

fn review(page: &Page<'_>, item: &Item) -> ReviewRow {
    let target = item.card.target.as_ref().and_then(|target| target.parse().ok());
    ReviewRow {
        head: page.head(item),
        verdict: item.card.verdict.clone().unwrap_or_default(),
        target: item.card.target.clone().unwrap_or_default(),
        target_hidden: target.and_then(|target| page.known.items.get(&target)?.at.hidden),
        party: page.party(item.at.org),
        measured: item.card.scores.is_some(),
    }
}
