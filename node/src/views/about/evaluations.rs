//! The table of evaluations: one row for each metric of a task, in it the numbers of all organisations.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lyceum_protocol::hash::{EntryId, OrgId};
use lyceum_protocol::publication::Rel;

use super::card::{Measure, NoScore, Scores};
use super::known::Item;
use super::shapes::{EvaluationRow, NotCounted, Party, Score, UnscoredRow, Who};
use super::{Page, first, lists};
use crate::time::rfc3339;

/// Most numbers of one organisation in one row: the newest.
const OF_ONE_ORG: usize = 10;
/// Most numbers of the whole table.
const SCORES_MAX: usize = 5_000;

/// Task, metric, filter, unit, direction.
type Key<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, bool);

/// One number before it is known whether it is shown.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    item: &'a Item,
    scores: &'a Scores,
    measure: &'a Measure,
}

fn key(measure: &Measure) -> Key<'_> {
    let Measure { task, metric, filter, unit, lower_is_better, .. } = measure;
    (task, metric, filter.as_deref(), unit.as_deref(), *lower_is_better)
}

/// Numbers of one row, by organisation, the newest first.
type Cells<'a> = BTreeMap<(Party, &'a str, OrgId), Vec<Candidate<'a>>>;

/// The rows, in order of their tasks and metrics.
pub(super) fn rows(page: &Page<'_>, items: &[&Item], more: &mut BTreeMap<String, u64>) -> Vec<EvaluationRow> {
    let mut table: BTreeMap<Key<'_>, Cells<'_>> = BTreeMap::new();
    for item in items {
        let Some(scores) = item.card.scores.as_ref().filter(|_| page.measures(item)) else { continue };
        let org = item.at.org;
        let name = page.org_names.get(&org).map_or("", String::as_str);
        for measure in &scores.results {
            let cells = table.entry(key(measure)).or_default();
            let cell = cells.entry((page.party(org), name, org)).or_default();
            cell.push(Candidate { item, scores, measure });
        }
    }
    for cell in table.values_mut().flat_map(BTreeMap::values_mut) {
        cell.sort_by_key(|one| (Reverse(one.item.at.time), one.item.at.id));
    }
    let table = first(table.into_iter().collect(), "evaluations", more);
    let fitting = fitting(&table);
    let mut room = SCORES_MAX;
    let mut made = Made { page, said: BTreeMap::new() };
    table.iter().map(|(key, cells)| made.row(key, cells, fitting, &mut room)).collect()
}

/// How many numbers of each organisation and row there is room for.
fn fitting(table: &[(Key<'_>, Cells<'_>)]) -> usize {
    let count = |most: usize| -> usize {
        table.iter().flat_map(|(_, cells)| cells.values()).map(|cell| cell.len().min(most)).sum()
    };
    (1..=OF_ONE_ORG).rev().find(|most| count(*most) <= SCORES_MAX).unwrap_or(1)
}

/// Who disputes a publication, who replicated it, and who did so without being counted.
type SaidOf = (Vec<Who>, Vec<Who>, Vec<NotCounted>);

struct Made<'a> {
    page: &'a Page<'a>,
    said: BTreeMap<EntryId, SaidOf>,
}

impl Made<'_> {
    fn row(&mut self, key: &Key<'_>, cells: &Cells<'_>, fitting: usize, room: &mut usize) -> EvaluationRow {
        let (task, metric, filter, unit, lower_is_better) = *key;
        let all: usize = cells.values().map(Vec::len).sum();
        let shown = cells.iter().flat_map(|((party, ..), cell)| cell.iter().take(fitting).map(|one| (*party, *one)));
        let shown: Vec<(Party, Candidate<'_>)> = shown.take(*room).collect();
        *room = room.saturating_sub(shown.len());
        EvaluationRow {
            task: task.to_owned(),
            metric: metric.to_owned(),
            filter: filter.map(str::to_owned),
            unit: unit.map(str::to_owned),
            lower_is_better,
            more: u64::try_from(all.saturating_sub(shown.len())).unwrap_or(u64::MAX),
            scores: shown.into_iter().map(|(party, one)| self.score(party, one)).collect(),
        }
    }

    fn score(&mut self, party: Party, Candidate { item, scores, measure }: Candidate<'_>) -> Score {
        let (page, id) = (self.page, item.at.id);
        let (disputed_by, replicated_by, not_counted) = self
            .said
            .entry(id)
            .or_insert_with(|| {
                let (counted, others) = page.replicated(item);
                (page.said(&id, &Rel::Disputes), counted, others)
            })
            .clone();
        let model = scores.of.first().or_else(|| item.card.models.first());
        Score {
            id: id.to_string(),
            org: item.at.org.to_string(),
            org_name: page.org_name(item.at.org),
            party,
            score: measure.score.clone(),
            standard_error: measure.standard_error,
            n: measure.n,
            shots: measure.shots.clone(),
            task_version: measure.task_version.clone(),
            harness: scores.harness.clone(),
            model: model.map(|model| model.name.clone()),
            revision: scores.revision.clone().or_else(|| model.and_then(|model| model.revision.clone())),
            relationship: scores.relationship.clone(),
            time: rfc3339(item.at.time),
            disputed_by,
            replicated_by,
            not_counted,
            responses: lists::responses(page, item),
            copy_of: page.copies.get(&id).map(ToString::to_string),
            review_of: item.card.target.clone(),
            stub: item.card.stub,
            hidden: item.at.hidden,
        }
    }
}

/// Results without comparable numbers, by task.
pub(super) fn unscored(page: &Page<'_>, items: &[&Item], more: &mut BTreeMap<String, u64>) -> Vec<UnscoredRow> {
    let mut all: Vec<(&Item, &NoScore)> = Vec::new();
    for item in items.iter().copied() {
        let scores = item.card.scores.iter().filter(|_| page.measures(item));
        let unscored = scores.flat_map(|scores| &scores.unscored);
        all.extend(unscored.map(|one| (item, one)));
    }
    all.sort_by_key(|(item, one)| (&one.task, &one.metric, &one.filter, Reverse(item.at.time), item.at.id));
    let row = |(item, one): (&Item, &NoScore)| UnscoredRow {
        id: item.at.id.to_string(),
        org: item.at.org.to_string(),
        org_name: page.org_name(item.at.org),
        task: one.task.clone(),
        metric: one.metric.clone(),
        filter: one.filter.clone(),
        raw: one.raw.clone(),
        reason: one.reason.clone(),
        unit: one.unit.clone(),
        standard_error: one.standard_error,
        n: one.n,
        hidden: item.at.hidden,
    };
    first(all, "unscored", more).into_iter().map(row).collect()
}
