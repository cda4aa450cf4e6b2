//! lm-evaluation-harness: results of 0.3 and its forks (three keys), of 0.4 to today (groups, filters, directions).

use std::io::Read as _;
use std::path::Path;

use lyceum_protocol::publication::Json;
use lyceum_protocol::publication::evaluation::names;
use sha2::{Digest as _, Sha256};

use super::argument;
use super::found::{Details, Evaluation, Found, Model, Row, Tool};
use super::private::LeftOut;
use super::tree::{Aside, Tree};
use super::{Importer, Material, Options, Refusal, Rest, Shape, number};

/// Reads results of the harness.
#[derive(Debug)]
pub(super) struct LmEval;

/// A run limited to so many samples a task is no evidence.
pub(super) const FEW_SAMPLES: u64 = 10;
/// Keys of a row that are no metrics.
const NO_METRICS: [&str; 6] = ["alias", "name", "sample_len", "sample_count", "samples", "details"];
/// What says how a run was made.
const SETTINGS: [&str; 11] = [
    "limit",
    "batch_size",
    "gen_kwargs",
    "numpy_seed",
    "torch_seed",
    "fewshot_seed",
    "bootstrap_iters",
    "device",
    "use_cache",
    "no_cache",
    "do_sample",
];
/// What a task asks with, and how its answers are read.
const PROMPTS: [&str; 9] = [
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "description",
    "process_results",
    "process_docs",
    "fewshot_config",
    "filter_list",
    "generation_kwargs",
];
/// What is said of the tokenizer.
const TOKENIZER: [&str; 4] = ["tokenizer_pad_token", "tokenizer_eos_token", "tokenizer_bos_token", "eot_token_id"];
/// Longest folder that is looked through for samples, in entries.
const SIBLINGS_MAX: usize = 10_000;

impl Importer for LmEval {
    fn name(&self) -> &'static str {
        "lm-eval"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let first = &material.first;
        let rows = first.get("results").map(Tree::entries).unwrap_or_default();
        material.shape == Shape::Json
            && first.get("results").is_some_and(Tree::is_map)
            && first.get("versions").is_some_and(Tree::is_map)
            && first.get("config").is_some_and(Tree::is_map)
            && rows.iter().all(|(_, row)| row.is_map())
            && !first.has("config_general")
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let file = &material.first;
        let config = file.get("config").unwrap_or(&Tree::Null);
        let mut left_out = Vec::new();
        let model = model(file, config, &mut left_out);
        let version = file.scalar_at("lm_eval_version");
        let tool = Tool { name: "lm-evaluation-harness".to_owned(), version };
        let mut evaluation = Evaluation {
            model,
            source: tool.name.clone(),
            time: file.scalar_at("date"),
            source_details: source_details(file),
            ..Evaluation::default()
        };
        let mut samples = (0, Sha256::new());
        let tasks = file.get("results").map(Tree::entries).unwrap_or_default();
        for (place, (task, row)) in tasks.iter().enumerate() {
            Task { file, config, task, row, place, tasks: tasks.len() }.rows(&mut evaluation);
            for held in ["details", "samples"] {
                if let Some(Tree::Aside(Aside { count, sha256 })) = row.get(held) {
                    samples.0 += count;
                    samples.1.update(sha256);
                }
            }
        }
        if evaluation.items.is_empty() {
            return Err(Refusal::new("has no values in its results"));
        }
        let stub = stub(config, &evaluation);
        let mut found = evaluation.into_found(Some(tool));
        found.stub = stub;
        found.samples = match samples {
            (0, _) => samples_beside(material.path),
            (count, hash) => Some((count, Some(data_encoding::HEXLOWER.encode(&hash.finalize())))),
        };
        found.left_out.extend(left_out);
        for name in SETTINGS {
            if let Some(why) = config.get(name).and_then(|value| argument::withheld(name, value)) {
                found.leave_out(format!("config.{name}"), why);
            } else if let Some(value) = config.get(name) {
                argument::shown(value, &format!("config.{name}"), &mut found.left_out);
            }
        }
        for (field, why) in [
            ("pretty_env_info", "details of a machine"),
            ("git_hash", "the commit of the folder that the tool was started in, no version"),
            ("chat_template", "only its hash is taken"),
            ("system_instruction", "only its hash is taken"),
        ] {
            if file.get(field).and_then(Tree::text).is_some() {
                found.leave_out(field, why);
            }
        }
        let configs = file.get("configs").map(Tree::entries).unwrap_or_default();
        let says = |field: &&&str| configs.iter().any(|(_, config)| config.get(field).is_some());
        let said: Vec<&str> = PROMPTS.iter().filter(says).copied().collect();
        if !said.is_empty() {
            found.leave_out(format!("configs: {}", said.join(", ")), "how tasks ask: their versions stand for it");
        }
        let tokens: Vec<&str> = TOKENIZER.into_iter().filter(|field| file.get(field).is_some()).collect();
        if !tokens.is_empty() {
            found.leave_out(tokens.join(", "), "the tokenizer is not taken over");
        }
        if file.has("groups") {
            found.set("tags", Json::List(vec!["groups".into()]));
        }
        Ok(vec![found])
    }
}

/// One row of the results.
struct Task<'a> {
    file: &'a Tree,
    config: &'a Tree,
    task: &'a str,
    row: &'a Tree,
    place: usize,
    tasks: usize,
}

impl Task<'_> {
    fn rows(&self, evaluation: &mut Evaluation) {
        for (key, value) in self.row.entries() {
            if NO_METRICS.contains(&key.as_str()) || key.contains("_stderr") {
                continue;
            }
            let (metric, filter) =
                key.split_once(',').map_or((key.as_str(), None), |(metric, filter)| (metric, Some(filter)));
            let mut row = Row::new(self.task, metric, number::read(Some(value)));
            row.lower_is_better = self.direction(metric);
            if let Some(filter) = filter {
                row.metric_details.push((names::FILTER.to_owned(), filter.to_owned()));
            }
            let error_key = match filter {
                Some(filter) => format!("{metric}_stderr,{filter}"),
                None => format!("{metric}_stderr"),
            };
            if let Some(error) = self.row.get(&error_key) {
                match number::read(Some(error)) {
                    Ok(error) => row.uncertainty.standard_error = Some((error.value, None)),
                    Err(none) => {
                        row.details.push(("standard_error_raw".to_owned(), format!("{} ({})", none.raw, none.reason)))
                    }
                }
            }
            self.samples(&mut row, key);
            self.about(&mut row);
            evaluation.push(row);
        }
    }

    fn direction(&self, metric: &str) -> Option<bool> {
        match self.file.at(&["higher_is_better", self.task, metric])? {
            Tree::Bool(higher) => Some(!higher),
            _ => None,
        }
    }

    fn samples(&self, row: &mut Row, key: &str) {
        let of_task = self.file.at(&["n-samples", self.task]);
        let effective = of_task.and_then(|said| said.get("effective"));
        // A metric of a group may be that of some of its tasks only: the newest versions say how many samples it is over.
        let said = [
            ("sample_count", self.row.at(&["sample_count", key])),
            ("n-samples.effective", effective),
            ("sample_len", self.row.get("sample_len")),
            ("sample_count", self.row.get("sample_count").filter(|said| !said.is_map())),
        ];
        for (field, said) in said {
            row.take_samples(field, said);
            if row.uncertainty.n.is_some() {
                break;
            }
        }
        row.dataset.samples = of_task.and_then(|said| said.get("original")).and_then(Tree::count);
    }

    fn about(&self, row: &mut Row) {
        let mut settings: Details = Vec::new();
        let mut put = |name: &str, value: Option<String>| settings.extend(value.map(|value| (name.to_owned(), value)));
        put(names::SHOTS, self.shots());
        put(names::SEED, self.config.scalar_at("random_seed"));
        for name in SETTINGS {
            let value = self.config.get(name).filter(|value| argument::withheld(name, value).is_none());
            put(name, value.map(|value| argument::shown(value, name, &mut Vec::new()).raw(200)));
        }
        put("fewshot_as_multiturn", self.file.scalar_at("fewshot_as_multiturn"));
        put(names::CHAT_TEMPLATE, self.file.scalar_at("chat_template_sha"));
        put(names::SYSTEM_PROMPT, self.file.scalar_at("system_instruction_sha"));
        put("task_hash", self.file.at(&["task_hashes", self.task]).and_then(Tree::scalar));
        let config = self.file.at(&["configs", self.task]);
        put("output_type", config.and_then(|config| config.scalar_at("output_type")));
        row.settings = settings;
        let version = self.file.at(&["versions", self.task]).map(|version| version.raw(60));
        row.dataset.details.extend(version.map(|version| (names::TASK_VERSION.to_owned(), version)));
        if let Some(group) = self.group() {
            row.details.push(("group".to_owned(), group));
        }
        if self.is_group() {
            row.details.push(("is_group".to_owned(), "true".to_owned()));
        }
        let Some(config) = config else { return };
        if let Some(path) = config.text_at("dataset_path") {
            // The harness loads it with the library of the hub, which reads local folders too.
            if path.starts_with(['/', '.', '~']) || matches!(path, "json" | "csv" | "text" | "parquet") {
                row.dataset.name = self.task.to_owned();
            } else {
                row.dataset.name = path.to_owned();
                row.dataset.hub = Some(path.to_owned());
            }
        }
        row.dataset.split = ["test_split", "validation_split"].iter().find_map(|name| config.scalar_at(name));
        if let Some(name) = config.scalar_at("dataset_name") {
            row.dataset.details.push((names::DATASET_CONFIG.to_owned(), name));
        }
    }

    /// How many examples were shown: one number for all, one for each, or a list in the order of the command line.
    fn shots(&self) -> Option<String> {
        if let Some(shots) = self.file.at(&["n-shot", self.task]) {
            return shots.scalar();
        }
        let all = self.config.get("num_fewshot")?;
        match all {
            Tree::List(each) if each.len() == self.tasks && self.tasks == 1 => each.get(self.place)?.scalar(),
            // The order of the command line is not always that of the results.
            Tree::List(_) => Some(format!("one of {}", all.raw(120))),
            one => one.scalar(),
        }
    }

    fn group(&self) -> Option<String> {
        let groups = self.file.get("group_subtasks")?.entries();
        let mine =
            groups.iter().find(|(_, members)| members.items().iter().any(|member| member.text() == Some(self.task)));
        mine.map(|(group, _)| group.clone())
    }

    fn is_group(&self) -> bool {
        let members = self.file.at(&["group_subtasks", self.task]);
        self.file.at(&["groups", self.task]).is_some() || members.is_some_and(|members| !members.items().is_empty())
    }
}

fn source_details(file: &Tree) -> Details {
    let mut details = Vec::new();
    for name in ["transformers_version", "model_source", "total_evaluation_time_seconds"] {
        details.extend(file.scalar_at(name).map(|value| (name.to_owned(), value)));
    }
    details.extend(file.at(&["config", "model"]).and_then(Tree::scalar).map(|kind| ("model_type".to_owned(), kind)));
    details
}

/// The arguments that a model was made with: `a=b,c=d`. A part without `=` belongs to the value before it.
fn arguments(text: &str) -> Vec<(String, String)> {
    let mut arguments: Vec<(String, String)> = Vec::new();
    for part in text.split(',') {
        match (part.split_once('='), arguments.last_mut()) {
            (Some((key, value)), _) if !key.trim().is_empty() => {
                arguments.push((key.trim().to_owned(), value.trim().to_owned()))
            }
            (_, Some((_, last))) => {
                last.push(',');
                last.push_str(part);
            }
            (_, None) => {}
        }
    }
    arguments
}

fn model(file: &Tree, config: &Tree, left_out: &mut Vec<LeftOut>) -> Model {
    let given: Vec<(String, Tree)> = match config.get("model_args") {
        Some(Tree::Text(text)) => arguments(text).into_iter().map(|(key, value)| (key, Tree::Text(value))).collect(),
        Some(map @ Tree::Map(_)) => map.entries().iter().filter(|(_, value)| *value != Tree::Null).cloned().collect(),
        _ => Vec::new(),
    };
    let argument = |name: &str| given.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.scalar());
    let named = file.text_at("model_name").map(str::to_owned);
    let name = named.or_else(|| ["pretrained", "engine", "model", "path", "peft"].iter().find_map(|key| argument(key)));
    let mut model = Model::named(name.as_deref().or_else(|| config.text_at("model")));
    let revision =
        argument("revision").or_else(|| config.scalar_at("model_revision").filter(|revision| revision != "main"));
    model.revision = revision.or(model.revision);
    model.digest = config.scalar_at("model_sha").filter(|sha| !sha.is_empty());
    for (key, value) in given {
        let place = format!("config.model_args.{key}");
        match key.as_str() {
            "pretrained" | "revision" | "engine" | "model" | "path" => {}
            "tokenizer" => left_out.push(LeftOut::new(place, "the tokenizer is not taken over")),
            "base_url" => left_out.push(LeftOut::new(place, "how a model was reached is not published")),
            _ => match argument::withheld(&key, &value) {
                Some(why) => left_out.push(LeftOut::new(place, why)),
                None => model.details.push((key, argument::shown(&value, &place, left_out).raw(500))),
            },
        }
    }
    if let Some(dtype) = config.scalar_at("model_dtype") {
        model.details.retain(|(key, _)| key != "dtype");
        model.details.push((names::PRECISION.to_owned(), dtype));
    }
    if let Some(parameters) = config.scalar_at("model_num_parameters") {
        model.details.push(("parameters".to_owned(), parameters));
    }
    model
}

fn stub(config: &Tree, evaluation: &Evaluation) -> Option<String> {
    let kind = config.text_at("model").unwrap_or_default();
    if kind == "dummy" || evaluation.model.name == "dummy" {
        return Some("the model is a dummy that answers at random".to_owned());
    }
    let limit = config.get("limit").and_then(Tree::count).filter(|limit| *limit <= FEW_SAMPLES);
    limit.map(|limit| format!("the run was limited to {limit} samples a task"))
}

/// Samples that were written beside the results: `samples_<task>_<date>.jsonl` next to `results_<date>.json`.
fn samples_beside(results: &Path) -> Option<(u64, Option<String>)> {
    let name = results.file_name()?.to_str()?;
    let date = name.strip_prefix("results_")?.strip_suffix(".json")?;
    let ending = format!("_{date}.jsonl");
    let entries = std::fs::read_dir(results.parent()?).ok()?.take(SIBLINGS_MAX).filter_map(Result::ok);
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("samples_") && name.ends_with(&ending)
        })
        .collect();
    files.sort();
    let (mut count, mut hash) = (0_u64, Sha256::new());
    for path in &files {
        // A pipe beside the results would be waited for, a device read for ever.
        if !std::fs::metadata(path).ok()?.is_file() {
            return None;
        }
        let mut file = std::fs::File::open(path).ok()?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut buffer).ok()?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            hash.update(bytes);
            count =
                count.saturating_add(u64::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0));
        }
    }
    (!files.is_empty()).then(|| (count, Some(data_encoding::HEXLOWER.encode(&hash.finalize()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_keep_values_with_commas_and_slashes() {
        let found = arguments("trust_remote_code=True,pretrained=a/b=c,x=1,2");
        let expected = [("trust_remote_code", "True"), ("pretrained", "a/b=c"), ("x", "1,2")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
