//! HELM: the folder of one run. Its `run_spec.json` says what was run, its `stats.json` what came out.

use std::path::Path;

use lyceum_protocol::publication::evaluation::names;
use sha2::{Digest as _, Sha256};

use super::found::{Evaluation, Found, Model, Row, Tool};
use super::lm_eval::FEW_SAMPLES;
use super::open::read_json_file;
use super::private;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape, number};

/// Reads runs of HELM.
#[derive(Debug)]
pub(super) struct Helm;

/// Rows that keep the books of a run, by the beginning of their names.
const BOOKKEEPING: [&str; 9] = [
    "num_",
    "training_",
    "inference_",
    "batch_size",
    "finish_reason_",
    "prompt_truncated",
    "max_prob",
    "estimated_num_tokens",
    "denoised_runtime",
];

/// What describes a folder, and the hash over the files that are read of it.
///
/// # Errors
/// [`Refusal`] if it is no run.
pub(super) fn open_folder(folder: &Path) -> Result<(Tree, String), Refusal> {
    if !folder.join("run_spec.json").is_file() {
        return Err(Refusal::new("is a folder, and no run of HELM (it has no run_spec.json): name the files in it"));
    }
    let mut hash = Sha256::new();
    let (spec, spec_hash) = read_json_file(&folder.join("run_spec.json"))?;
    let (stats, stats_hash) = read_json_file(&folder.join("stats.json"))?;
    hash.update(spec_hash);
    hash.update(stats_hash);
    let mut parts = vec![("run_spec".to_owned(), spec), ("stats".to_owned(), stats)];
    if folder.join("scenario.json").is_file() {
        let (scenario, scenario_hash) = read_json_file(&folder.join("scenario.json"))?;
        hash.update(scenario_hash);
        parts.push(("scenario".to_owned(), scenario));
    }
    Ok((Tree::Map(parts), data_encoding::HEXLOWER.encode(&hash.finalize())))
}

impl Importer for Helm {
    fn name(&self) -> &'static str {
        "helm"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        material.shape == Shape::Folder
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let run = &material.first;
        let spec = run.get("run_spec").unwrap_or(&Tree::Null);
        let Some(adapter) = spec.get("adapter_spec") else {
            return Err(Refusal::new("is a folder whose run_spec.json is none of HELM: it has no adapter_spec"));
        };
        let Some(Tree::List(stats)) = run.get("stats") else {
            return Err(Refusal::new("is a folder whose stats.json is no list"));
        };
        let mut model = Model::named(adapter.text_at("model").or_else(|| adapter.text_at("model_deployment")));
        if let Some(deployment) = adapter.scalar_at("model_deployment") {
            let named = Model::named(Some(&deployment));
            let provider = deployment.split_once('/').filter(|_| !named.is_from_path());
            model.provider = named.provider.or(provider.map(|(provider, _)| provider.to_owned())).or(model.provider);
            model.details.push(("model_deployment".to_owned(), named.name));
        }
        let tool = Tool { name: "helm".to_owned(), version: None };
        let mut evaluation = Evaluation { model, source: "HELM".to_owned(), ..Evaluation::default() };
        // Of `a:b=c,model=d` the model is named already, and may be a path on a machine.
        let (task, asked) = spec.text_at("name").map(split_model).unwrap_or(("unknown", None));
        let run_name =
            asked.map_or(task.to_owned(), |asked| format!("{task},model={}", Model::named(Some(asked)).name));
        evaluation.source_details.push(("run_spec_name".to_owned(), run_name));
        let mut books = 0_usize;
        let mut perturbed = 0_usize;
        let mut repeated = 0_usize;
        let mut distinct = std::collections::BTreeSet::new();
        for stat in stats {
            let Some(name) = stat.get("name") else {
                return Err(Refusal::new("has a row in stats.json without a name"));
            };
            let Some(metric) = name.scalar_at("name").filter(|metric| !metric.is_empty()) else {
                return Err(Refusal::new(format!(
                    "has a row in stats.json whose name is {:?}: it has to be an object with the name of the metric",
                    private::quoted(&name.raw(200))
                )));
            };
            let split = name.scalar_at("split");
            if name.get("perturbation").is_some() {
                perturbed = perturbed.saturating_add(1);
            } else if BOOKKEEPING.iter().any(|begin| metric.starts_with(begin)) {
                books = books.saturating_add(1);
            } else if distinct.insert((metric.clone(), split.clone(), name.scalar_at("sub_split"))) {
                let mut row = Row::new(task, metric, number::read(stat.get("mean")));
                row.dataset.name =
                    run.at(&["scenario", "name"]).and_then(Tree::scalar).unwrap_or_else(|| task.to_owned());
                row.take_samples("num_instances", instances(stats, split.as_deref()));
                row.dataset.split = split;
                row.details.extend(stat.scalar_at("count").map(|count| ("trials".to_owned(), count)));
                let part = name.scalar_at("sub_split");
                row.dataset.details.extend(part.map(|part| ("sub_split".to_owned(), part)));
                settings(adapter, &mut row);
                evaluation.push(row);
            } else {
                repeated = repeated.saturating_add(1);
            }
        }
        if evaluation.items.is_empty() {
            return Err(Refusal::new("has no metric in stats.json"));
        }
        let asked = adapter.get("max_eval_instances").and_then(Tree::count);
        let mut found = evaluation.into_found(Some(tool));
        if let Some(few) = asked.filter(|asked| *asked <= FEW_SAMPLES) {
            found.stub = Some(format!("the run was limited to {few} instances"));
        }
        if perturbed > 0 {
            found.leave_out(
                "stats",
                format!("{perturbed} rows of perturbed inputs: they repeat the metrics, computed on the worst case"),
            );
        }
        if adapter.text_at("model_deployment").is_some_and(|said| Model::named(Some(said)).is_from_path()) {
            found.leave_out("adapter_spec.model_deployment", "a path on a machine: its last part names it");
        }
        if repeated > 0 {
            let why = format!("{repeated} rows of a metric that has a row before: the first one is taken");
            found.leave_out("stats", why);
        }
        if books > 0 {
            found.leave_out(
                "stats",
                format!("{books} rows that keep the books of the run, such as token counts and runtimes"),
            );
        }
        let groups = spec.get("groups").map(Tree::items).unwrap_or_default();
        found.set("tags", super::found::texts(groups.iter().filter_map(Tree::scalar)));
        Ok(vec![found])
    }
}

/// Instances of a split: a row of its own, which may stand at any place.
fn instances<'t>(stats: &'t [Tree], split: Option<&str>) -> Option<&'t Tree> {
    let row = stats.iter().find(|stat| {
        let name = stat.get("name");
        name.and_then(|name| name.text_at("name")) == Some("num_instances")
            && name.and_then(|name| name.text_at("split")) == split
            && name.is_some_and(|name| name.get("perturbation").is_none())
    })?;
    row.get("mean")
}

/// The name of a run without its model, and the model.
fn split_model(name: &str) -> (&str, Option<&str>) {
    let at = [",model=", ":model="].iter().find_map(|mark| name.find(mark).map(|at| (at, at + mark.len())));
    at.and_then(|(at, end)| Some((name.get(..at)?, name.get(end..)))).unwrap_or((name, None))
}

fn settings(adapter: &Tree, row: &mut Row) {
    for (field, name) in [
        ("max_train_instances", names::SHOTS),
        ("max_eval_instances", names::LIMIT),
        ("num_outputs", "num_outputs"),
        ("num_trials", "num_trials"),
        ("temperature", "temperature"),
        ("max_tokens", "max_tokens"),
        ("method", "method"),
        ("instructions", "instructions"),
    ] {
        row.settings.extend(adapter.get(field).map(|value| (name.to_owned(), value.raw(300))));
    }
}
