//! Inspect AI: logs in JSON and in zip, versions 1 to 3, and the exports that have no version.

use lyceum_protocol::publication::evaluation::names;

use super::argument::{self, withheld};
use super::found::{Details, Evaluation, Found, Model, Row, Tool};
use super::lm_eval::FEW_SAMPLES;
use super::path::is_local;
use super::tree::{Aside, Tree};
use super::{Importer, Material, Options, Refusal, Rest, Shape, number};

/// Reads logs of Inspect AI.
#[derive(Debug)]
pub(super) struct Inspect;

/// The newest version of the log that is known.
const VERSION_MAX: u64 = 3;
/// Metrics that say how far another one is to be trusted.
const ERRORS: [&str; 2] = ["stderr", "bootstrap_std"];

impl Importer for Inspect {
    fn name(&self) -> &'static str {
        "inspect"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let eval = material.first.get("eval");
        let shaped = eval.is_some_and(|eval| eval.has("task") && eval.has("model"));
        matches!(material.shape, Shape::Json | Shape::Zip)
            && shaped
            && (material.first.has("status") || material.first.has("version"))
            || material.shape == Shape::Zip
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let log = &material.first;
        if let Some(version) = log.get("version").filter(|version| version.count().is_none_or(|n| n > VERSION_MAX)) {
            let version = version.raw(20);
            return Err(Refusal::new(format!(
                "is a log of version {version}, and versions up to {VERSION_MAX} are known here"
            )));
        }
        let Some(eval) = log.get("eval").filter(|eval| eval.is_map()) else {
            return Err(Refusal::new("is a zip whose header is no log"));
        };
        let status = log.text_at("status").unwrap_or("unknown");
        let results = match log.get("results").filter(|results| results.is_map()) {
            Some(results) => results,
            // It ran to its end and was meant to be scored later, or never.
            None if status == "success" => &Tree::Null,
            None if status == "started" => {
                return Err(Refusal::new("is the log of a run that has not finished: it has no results"));
            }
            None => return Err(Refusal::new(format!("is the log of a run without results (status {status})"))),
        };
        let version = eval.at(&["packages", "inspect_ai"]).and_then(Tree::scalar);
        let tool = Tool { name: "inspect_ai".to_owned(), version };
        let mut evaluation = Evaluation {
            model: model(eval),
            source: tool.name.clone(),
            time: eval.scalar_at("created").or_else(|| log.at(&["stats", "started_at"]).and_then(Tree::scalar)),
            source_details: source_details(log, eval, status),
            ..Evaluation::default()
        };
        let run = Run { log, eval, results };
        for scored in run.scores() {
            run.rows(&scored, &mut evaluation);
        }
        if evaluation.items.is_empty() {
            let task = eval.scalar_at("task").unwrap_or_else(|| "unknown".to_owned());
            evaluation.push_unscored(&task, None, "no score".to_owned(), "the run was not scored");
        }
        let stub = run.stub(&evaluation.model.name);
        let mut found = evaluation.into_found(Some(tool));
        found.stub = stub;
        found.samples = match (log.get("samples"), material.samples) {
            (Some(Tree::Aside(Aside { count, sha256 })), _) if *count > 0 => Some((*count, Some(sha256.clone()))),
            (_, Some(count)) if count > 0 => Some((count, None)),
            _ => None,
        };
        if status != "success" && status != "unknown" {
            let said = format!("The run ended with status {status}. {}", found.text("summary"));
            found.set("summary", said);
        }
        run.leave_out(&mut found);
        Ok(vec![found])
    }
}

struct Run<'a> {
    log: &'a Tree,
    eval: &'a Tree,
    results: &'a Tree,
}

/// One scorer and its metrics.
struct Scored<'a> {
    name: String,
    scorer: Option<String>,
    reducer: Option<String>,
    row: &'a Tree,
    metrics: &'a Tree,
}

impl<'a> Run<'a> {
    /// The scorers: a list, or, in version 1, one beside its metrics.
    fn scores(&self) -> Vec<Scored<'a>> {
        if let Some(metrics) = self.results.get("metrics") {
            let scorer = self.results.get("scorer");
            let name = scorer.and_then(|scorer| scorer.scalar().or_else(|| scorer.scalar_at("name")));
            let name = name.unwrap_or_else(|| "unknown".to_owned());
            return vec![Scored { scorer: Some(name.clone()), name, reducer: None, row: self.results, metrics }];
        }
        let scores = self.results.get("scores").map(Tree::items).unwrap_or_default();
        let scored = scores.iter().filter_map(|row| {
            Some(Scored {
                name: row.scalar_at("name").or_else(|| row.scalar_at("scorer")).unwrap_or_else(|| "unknown".to_owned()),
                scorer: row.scalar_at("scorer"),
                reducer: row.scalar_at("reducer"),
                row,
                metrics: row.get("metrics")?,
            })
        });
        scored.collect()
    }

    fn rows(&self, scored: &Scored<'_>, evaluation: &mut Evaluation) {
        let task = self.eval.scalar_at("task").unwrap_or_else(|| "unknown".to_owned());
        let value_of = |metric: &'_ Tree| match metric {
            Tree::Map(_) => number::read(metric.get("value").or(Some(&Tree::Null))),
            value => number::read(Some(value)),
        };
        let entries = scored.metrics.entries();
        let error = entries.iter().find(|(name, _)| ERRORS.contains(&name.as_str()));
        // It belongs to the one mean of its scorer.
        let owner = entries.iter().find(|(name, _)| matches!(name.as_str(), "accuracy" | "mean"));
        let owner =
            owner.or_else(|| entries.iter().find(|(name, _)| !ERRORS.contains(&name.as_str()))).map(|(name, _)| name);
        for (key, metric) in entries {
            if ERRORS.contains(&key.as_str()) && owner.is_some() {
                continue;
            }
            let name = metric.text_at("name").unwrap_or(key);
            let mut row = Row::new(task.as_str(), name, value_of(metric));
            if let Some((error_name, error)) = error.filter(|_| Some(key) == owner) {
                match value_of(error) {
                    Ok(error) => row.uncertainty.standard_error = Some((error.value, Some(error_name.clone()))),
                    Err(none) => {
                        row.details.push(("standard_error_raw".to_owned(), format!("{} ({})", none.raw, none.reason)))
                    }
                }
            }
            if let Some(deviation) = entries.iter().find(|(name, _)| name == "std").filter(|_| Some(key) == owner) {
                row.uncertainty.deviation = value_of(&deviation.1).ok().map(|deviation| deviation.value);
            }
            self.about(scored, metric, &mut row);
            evaluation.push(row);
        }
    }

    fn about(&self, scored: &Scored<'_>, metric: &Tree, row: &mut Row) {
        let total = self.results.get("completed_samples").or_else(|| self.results.get("total_samples"));
        let put = |to: &mut Details, name: &str, value: Option<String>| {
            to.extend(value.map(|value| (name.to_owned(), value)))
        };
        put(&mut row.metric_details, "scorer", Some(scored.name.clone()));
        put(&mut row.metric_details, "scorer_function", scored.scorer.clone().filter(|scorer| *scorer != scored.name));
        put(&mut row.metric_details, "reducer", scored.reducer.clone());
        row.take_samples("scored_samples", scored.row.get("scored_samples").or(total));
        let grader = scored.row.at(&["params", "grader_model"]).and_then(Tree::scalar);
        put(&mut row.metric_details, "grader_model", grader.map(|grader| Model::named(Some(&grader)).name));
        put(&mut row.metric_details, "params", shown(metric.get("params"), 300));
        put(&mut row.details, "unscored_samples", scored.row.scalar_at("unscored_samples"));
        let dataset = self.eval.get("dataset").unwrap_or(&Tree::Null);
        row.dataset.name = dataset.scalar_at("name").unwrap_or_else(|| row.task.clone());
        row.dataset.samples = dataset.get("samples").and_then(Tree::count);
        put(&mut row.dataset.details, "shuffled", dataset.scalar_at("shuffled"));
        if let Some(place) = dataset.text_at("location").filter(|place| !is_local(place)) {
            put(&mut row.dataset.details, "location", Some(place.to_owned()));
        }
        for name in ["limit", "epochs", "epochs_reducer", "message_limit", "token_limit", "time_limit"] {
            put(&mut row.settings, name, self.eval.at(&["config", name]).map(|value| value.raw(120)));
        }
        put(&mut row.dataset.details, names::TASK_VERSION, self.eval.scalar_at("task_version"));
        put(&mut row.settings, "task_args", shown(self.eval.get("task_args"), 500));
        for place in [self.log.at(&["plan", "config"]), self.eval.get("model_generate_config")] {
            for (name, value) in place.map(Tree::entries).unwrap_or_default() {
                let known = row.settings.iter().any(|(known, _)| known == name);
                if !known && !matches!(value, Tree::Map(_) | Tree::Null) && withheld(name, value).is_none() {
                    put(&mut row.settings, name, Some(value.raw(120)));
                }
            }
        }
        let steps = self.log.at(&["plan", "steps"]).map(Tree::items).unwrap_or_default();
        let solvers: Vec<String> = steps.iter().filter_map(|step| step.scalar_at("solver")).collect();
        put(&mut row.settings, "solvers", Some(solvers.join(", ")).filter(|solvers| !solvers.is_empty()));
    }

    /// Why the run is no evidence.
    fn stub(&self, model: &str) -> Option<String> {
        if model.starts_with("mockllm/") || model == "none/none" || model == "none" {
            return Some(format!("{model} is a stub, no model"));
        }
        let limit = self.eval.at(&["config", "limit"]);
        let limited = match limit {
            Some(list @ Tree::List(_)) => {
                let bounds: Vec<u64> = list.items().iter().filter_map(Tree::count).collect();
                bounds.last().zip(bounds.first()).and_then(|(to, from)| to.checked_sub(*from))
            }
            other => other.and_then(Tree::count),
        };
        let limited = limited.filter(|limit| *limit <= FEW_SAMPLES)?;
        let of = self.eval.at(&["dataset", "samples"]).and_then(Tree::count);
        // A whole set can be small too.
        if of == Some(limited) {
            return None;
        }
        Some(match of {
            Some(of) => format!("the run was limited to {limited} of {of} samples"),
            None => format!("the run was limited to {limited} samples"),
        })
    }

    fn leave_out(&self, found: &mut Found) {
        let private = [
            (&["eval", "metadata"][..], "may name accounts"),
            (&["eval", "revision", "origin"], "may name a private repository"),
            (&["eval", "task_file"], "a place on a machine"),
            (&["eval", "model_base_url"], "how a model was reached is not published"),
            (&["eval", "model_args"], "how a model was reached is not published"),
        ];
        for (path, why) in private {
            if self.log.at(path).is_some_and(|value| *value != Tree::Map(Vec::new())) {
                found.leave_out(path.join("."), why);
            }
        }
        argument::shown(self.eval.get("task_args").unwrap_or(&Tree::Null), "eval.task_args", &mut found.left_out);
        let steps = self.log.at(&["plan", "steps"]).map(Tree::items).unwrap_or_default();
        if steps.iter().any(|step| step.get("params").is_some_and(|params| !params.entries().is_empty())) {
            found.leave_out("plan.steps[].params", "of the solvers their names are taken");
        }
        for (place, config) in [
            ("plan.config", self.log.at(&["plan", "config"])),
            ("eval.model_generate_config", self.eval.get("model_generate_config")),
        ] {
            for (name, value) in config.map(Tree::entries).unwrap_or_default() {
                let why =
                    withheld(name, value).or_else(|| value.is_map().then_some("of this only single values are taken"));
                if let Some(why) = why {
                    found.leave_out(format!("{place}.{name}"), why);
                }
            }
        }
        let scores = self.results.get("scores").map(Tree::items).unwrap_or_default();
        let only_grader = |params: &Tree| params.entries().iter().all(|(name, _)| name == "grader_model");
        if scores.iter().any(|score| score.get("params").is_some_and(|params| !only_grader(params))) {
            found.leave_out("results.scores[].params", "of the scorers only the model that grades is taken");
        }
        if self.eval.at(&["dataset", "location"]).and_then(Tree::text).is_some_and(is_local) {
            found.leave_out("eval.dataset.location", "a place on a machine");
        }
    }
}

/// Arguments in one line, without those that are not published; nothing of none.
fn shown(given: Option<&Tree>, max: usize) -> Option<String> {
    let shown = argument::shown(given?, "", &mut Vec::new());
    (!shown.entries().is_empty()).then(|| shown.raw(max))
}

/// `openai/azure/gpt-4o-mini` is a model of openai, reached through azure; the name stays as it is written.
fn model(eval: &Tree) -> Model {
    let mut model = Model::named(eval.text_at("model"));
    if let Some((provider, _)) = model.name.split_once('/').filter(|_| !model.is_from_path()) {
        model.provider = Some(provider.to_owned()).filter(|provider| !provider.is_empty() && !is_local(provider));
    }
    if let Some(roles) = eval.get("model_roles").filter(|roles| !roles.entries().is_empty()) {
        let roles: Vec<String> = roles
            .entries()
            .iter()
            .map(|(role, model)| {
                let named = model.scalar_at("model").or_else(|| model.scalar());
                format!("{role}: {}", Model::named(named.as_deref()).name)
            })
            .collect();
        model.details.push(("roles".to_owned(), roles.join(", ")));
    }
    model
}

fn source_details(log: &Tree, eval: &Tree, status: &str) -> Details {
    let mut details = vec![("status".to_owned(), status.to_owned())];
    let commit = eval.at(&["revision", "commit"]).and_then(Tree::scalar);
    details.extend(commit.map(|commit| ("commit".to_owned(), commit)));
    details.extend(log.scalar_at("version").map(|version| ("log_version".to_owned(), version)));
    for name in ["run_id", "task_id", "task_registry_name"] {
        details.extend(eval.scalar_at(name).map(|value| (name.to_owned(), value)));
    }
    details.extend(
        log.at(&["stats", "completed_at"]).and_then(Tree::scalar).map(|time| ("completed_at".to_owned(), time)),
    );
    details
}
