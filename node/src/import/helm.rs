//! HELM: the folder of one run. Its `run_spec.json` says what was run, its `stats.json` what came out.

use std::path::Path;

use lyceum_protocol::publication::evaluation::names;
use sha2::{Digest as _, Sha256};

use super::found::{Evaluation, Found, Model, Row, Tool};
use super::lm_eval::FEW_SAMPLES;
use super::open::read_json_file;
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
            model.provider = deployment.split_once('/').map(|(provider, _)| provider.to_owned());
            model.details.push(("model_deployment".to_owned(), deployment));
        }
        let tool = Tool { name: "helm".to_owned(), version: None };
        let mut evaluation = Evaluation { model, source: "HELM".to_owned(), ..Evaluation::default() };
        evaluation.source_details.extend(spec.scalar_at("name").map(|name| ("run_spec_name".to_owned(), name)));
        let task = spec.text_at("name").and_then(|name| name.split(",model=").next()).unwrap_or("unknown");
        let mut books = 0_usize;
        let mut perturbed = 0_usize;
        let mut distinct = std::collections::BTreeSet::new();
        for stat in stats {
            let Some(name) = stat.get("name") else {
                return Err(Refusal::new("has a row in stats.json without a name"));
            };
            let metric = name.scalar_at("name").unwrap_or_default();
            let split = name.scalar_at("split");
            if name.get("perturbation").is_some() {
                perturbed = perturbed.saturating_add(1);
            } else if BOOKKEEPING.iter().any(|begin| metric.starts_with(begin)) {
                books = books.saturating_add(1);
            } else if distinct.insert((metric.clone(), split.clone(), name.scalar_at("sub_split"))) {
                let mut row = Row::new(task, metric, number::read(stat.get("mean")));
                row.dataset.name =
                    run.at(&["scenario", "name"]).and_then(Tree::scalar).unwrap_or_else(|| task.to_owned());
                row.uncertainty.n = instances(stats, split.as_deref());
                row.dataset.split = split;
                row.details.extend(stat.scalar_at("count").map(|count| ("trials".to_owned(), count)));
                settings(adapter, &mut row);
                evaluation.push(row);
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
fn instances(stats: &[Tree], split: Option<&str>) -> Option<u64> {
    let row = stats.iter().find(|stat| {
        let name = stat.get("name");
        name.and_then(|name| name.text_at("name")) == Some("num_instances")
            && name.and_then(|name| name.text_at("split")) == split
            && name.is_some_and(|name| name.get("perturbation").is_none())
    })?;
    row.get("mean").and_then(Tree::count)
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
