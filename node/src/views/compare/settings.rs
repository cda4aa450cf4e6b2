//! What two results were measured with, and where that differs.

use lyceum_protocol::publication::evaluation::{Dataset, DatasetSource, EvaluationResult, Record, UNKNOWN, names};

/// What differs, and what is not said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Differences {
    pub(super) reasons: Vec<String>,
    pub(super) unknown: Vec<String>,
}

impl Differences {
    /// Holds two values of one thing against each other. What neither says is not worth a word unless it `matters`.
    fn check(&mut self, what: &str, a: Option<&str>, b: Option<&str>, matters: bool) {
        let said = |value: Option<&str>| value.filter(|text| !text.is_empty() && *text != UNKNOWN).map(str::to_owned);
        match (said(a), said(b)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => self.reasons.push(format!("{what}: {} against {}", short(&a), short(&b))),
            (Some(_), None) => self.unknown.push(format!("{what}: the second does not say")),
            (None, Some(_)) => self.unknown.push(format!("{what}: the first does not say")),
            (None, None) if matters => self.unknown.push(format!("{what}: neither says")),
            (None, None) => {}
        }
    }
}

/// Long texts, such as templates, are named by their beginning: that they differ is what counts.
fn short(text: &str) -> String {
    const CHARS: usize = 40;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= CHARS {
        return line;
    }
    format!("{}…", line.chars().take(CHARS).collect::<String>())
}

/// What differs between how two results came about.
pub(super) fn differences(
    (first, a): (&Record, &EvaluationResult),
    (second, b): (&Record, &EvaluationResult),
) -> Differences {
    let mut found = Differences::default();
    if a.metric.lower_is_better != b.metric.lower_is_better {
        found.reasons.push("direction: lower is better in one, higher in the other".to_owned());
    }
    found.check("unit", a.metric.unit.as_deref(), b.metric.unit.as_deref(), false);
    found.check("scale", scale(a).as_deref(), scale(b).as_deref(), false);
    let detail = |result: &EvaluationResult, name: &str| result.dataset.details.get(name).cloned();
    let mut details = |what: &str, name: &str, matters: bool| {
        found.check(what, detail(a, name).as_deref(), detail(b, name).as_deref(), matters);
    };
    details("task version", names::TASK_VERSION, true);
    details("data set revision", names::DATASET_REVISION, false);
    details("data set configuration", names::DATASET_CONFIG, false);
    found.check("data set", Some(&a.dataset.name), Some(&b.dataset.name), true);
    found.check("split", split(&a.dataset), split(&b.dataset), false);
    let mut settings = |what: &str, name: &str, matters: bool| {
        found.check(what, a.setting.get(name), b.setting.get(name), matters);
    };
    settings("shots", names::SHOTS, true);
    settings("prompt template", names::PROMPT_TEMPLATE, false);
    settings("chat template", names::CHAT_TEMPLATE, true);
    settings("system prompt", names::SYSTEM_PROMPT, false);
    settings("samples at most", names::LIMIT, false);
    settings("temperature", "temperature", false);
    found.check("harness", Some(&first.library.name), Some(&second.library.name), true);
    found.check("harness version", Some(&first.library.version), Some(&second.library.version), true);
    let model = |record: &Record, name: &str| record.model.details.get(name).cloned();
    if first.model.id == second.model.id {
        let revisions = [model(first, names::REVISION), model(second, names::REVISION)];
        found.check("revision of the model", revisions[0].as_deref(), revisions[1].as_deref(), true);
    }
    let precisions = [model(first, names::PRECISION), model(second, names::PRECISION)];
    found.check("precision", precisions[0].as_deref(), precisions[1].as_deref(), true);
    found
}

/// Whether nothing that both say makes their numbers those of two scales: units, bounds and directions.
pub(super) fn is_one_scale(a: &EvaluationResult, b: &EvaluationResult) -> bool {
    let mut found = Differences::default();
    found.check("unit", a.metric.unit.as_deref(), b.metric.unit.as_deref(), false);
    found.check("scale", scale(a).as_deref(), scale(b).as_deref(), false);
    found.reasons.is_empty() && a.metric.lower_is_better == b.metric.lower_is_better
}

/// The bounds of a score, where both are known and finite.
fn scale(result: &EvaluationResult) -> Option<String> {
    let (min, max) = (result.metric.min?, result.metric.max?);
    (min.is_finite() && max.is_finite()).then(|| format!("{min} to {max}"))
}

const fn split(dataset: &Dataset) -> Option<&str> {
    match &dataset.source {
        DatasetSource::Hub { split: Some(split), .. } => Some(split.as_str()),
        DatasetSource::Hub { split: None, .. } | DatasetSource::Url(_) | DatasetSource::Other => None,
    }
}
