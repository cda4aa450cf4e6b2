//! Whether two evaluations can be compared, and by how much their results differ.
//!
//! Two numbers under one name are compared only as far as the two records agree on how they came about. What differs is a
//! reason against it; what one of them does not say stands apart, since nobody knows.

mod interval;
mod settings;

use std::collections::BTreeMap;

use lyceum_protocol::publication::Evaluation;
use lyceum_protocol::publication::evaluation::EvaluationResult;
use serde::{Deserialize, Serialize};

use super::Hidden;
use super::about::shapes::Who;

pub use interval::Bounds;

/// One of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Id of the entry.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Name of the organisation that published it.
    pub org_name: String,
    /// The model that was tested.
    pub model: String,
    /// Whether it is superseded or retracted.
    #[serde(default)]
    pub hidden: Option<Hidden>,
    /// Its newest version, hex, if that is another one.
    #[serde(default)]
    pub newest: Option<String>,
    /// Why its organisation took it back, if it did and says so.
    #[serde(default)]
    pub reason: Option<String>,
    /// Other organisations that dispute it.
    #[serde(default)]
    pub disputed_by: Vec<Who>,
}

/// One result that both have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The task.
    pub task: String,
    /// The metric, with its filter if it has one.
    pub metric: String,
    /// Score of the first.
    pub a: f64,
    /// Score of the second.
    pub b: f64,
    /// Whether a lower score is better.
    pub lower_is_better: bool,
    /// Whether nothing that both say differs.
    pub comparable: bool,
    /// What differs.
    pub reasons: Vec<String>,
    /// What one or both do not say.
    pub unknown: Vec<String>,
    /// The second minus the first; none where their units or directions differ.
    pub difference: Option<f64>,
    /// Interval of the difference; none where neither says how sure it is.
    pub interval: Option<Bounds>,
}

/// Two evaluations side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The first.
    pub a: Side,
    /// The second.
    pub b: Side,
    /// Whether they have results in common, and nothing that both say of those differs.
    pub comparable: bool,
    /// What differs, each said once.
    pub reasons: Vec<String>,
    /// What one or both do not say, each said once.
    pub unknown: Vec<String>,
    /// The second minus the first, where exactly one result is shared.
    pub difference: Option<f64>,
    /// Its interval.
    pub interval: Option<Bounds>,
    /// The results that both have.
    pub results: Vec<Row>,
    /// Results that only the first has.
    pub only_a: Vec<String>,
    /// Results that only the second has.
    pub only_b: Vec<String>,
    /// Entries that were not looked at: one of them may say something of the two.
    #[serde(default)]
    pub behind_entries: u64,
}

/// What a result is called: task, metric, filter.
type Name = (String, String, Option<String>);

fn name_of(result: &EvaluationResult) -> Name {
    // An id stays when a name for people is reworded.
    let metric = result.metric.id.as_deref().or(result.metric.name.as_deref()).unwrap_or_default();
    (result.task.clone(), metric.to_owned(), result.metric.variant().map(str::to_owned))
}

fn metric_words((_, metric, filter): &Name) -> String {
    filter.as_ref().map_or_else(|| metric.clone(), |filter| format!("{metric} ({filter})"))
}

fn words(name: &Name) -> String {
    format!("{}, {}", name.0, metric_words(name))
}

fn by_name(evaluation: &Evaluation) -> BTreeMap<Name, Vec<&EvaluationResult>> {
    let mut results: BTreeMap<Name, Vec<&EvaluationResult>> = BTreeMap::new();
    for result in &evaluation.record.results {
        results.entry(name_of(result)).or_default().push(result);
    }
    results
}

/// Compares the second with the first.
pub fn compare((a, first): (Side, &Evaluation), (b, second): (Side, &Evaluation)) -> Comparison {
    let (of_first, mut of_second) = (by_name(first), by_name(second));
    let (mut results, mut only_a) = (Vec::new(), Vec::new());
    for (name, left) in of_first {
        let right = of_second.remove(&name).unwrap_or_default();
        for pair in left.iter().zip(&right) {
            results.push(row(&name, (first, pair.0), (second, pair.1), left.len() != right.len()));
        }
        only_a.extend(left.iter().skip(right.len()).map(|_| words(&name)));
        if right.len() > left.len() {
            of_second.insert(name, right.into_iter().skip(left.len()).collect());
        }
    }
    let only_b: Vec<String> = of_second.iter().flat_map(|(name, all)| all.iter().map(|_| words(name))).collect();
    let mut reasons = once(results.iter().flat_map(|row| &row.reasons));
    if results.is_empty() {
        reasons.push("no task and metric in common".to_owned());
    }
    let single = match results.as_slice() {
        [one] => Some(one),
        _ => None,
    };
    Comparison {
        comparable: reasons.is_empty(),
        unknown: once(results.iter().flat_map(|row| &row.unknown)),
        difference: single.and_then(|row| row.difference),
        interval: single.and_then(|row| row.interval.clone()),
        a,
        b,
        reasons,
        results,
        only_a,
        only_b,
        behind_entries: 0,
    }
}

/// Each text once, in the order of its first appearance.
fn once<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !seen.contains(text) {
            seen.push(text.clone());
        }
    }
    seen
}

fn row(
    name: &Name,
    (first, left): (&Evaluation, &EvaluationResult),
    (second, right): (&Evaluation, &EvaluationResult),
    is_ambiguous: bool,
) -> Row {
    let settings::Differences { mut reasons, unknown } =
        settings::differences((&first.record, left), (&second.record, right));
    if is_ambiguous {
        reasons.push("one of them has several results of this name".to_owned());
    }
    let is_one_scale = settings::is_one_scale(left, right);
    Row {
        task: name.0.clone(),
        metric: metric_words(name),
        a: left.score,
        b: right.score,
        lower_is_better: left.metric.lower_is_better,
        comparable: reasons.is_empty(),
        reasons,
        unknown,
        difference: is_one_scale.then_some(right.score - left.score),
        interval: interval::of_difference(left, right).filter(|_| is_one_scale),
    }
}

#[cfg(test)]
mod tests;
