//! garak: report JSON lines, and the digest alone.
//!
//! An attempt is written twice and is no result: results are the lines `eval`. Where a run has none, those of its digest
//! are taken.

use std::collections::BTreeSet;

use lyceum_protocol::publication::evaluation::names;
use lyceum_protocol::publication::taxonomy::EDITION_UNKNOWN;
use sha2::{Digest as _, Sha256};

use super::found::{Details, Evaluation, Found, Model, Row, Tool, texts};
use super::number::{self, NoNumber, Number, Reason};
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest};

/// Reads reports of garak.
#[derive(Debug)]
pub(super) struct Garak;

/// Attempts that are told apart, some 30 bytes each; of more, only the number of lines is known.
const ATTEMPTS_MAX: usize = 1_000_000;

/// Of an attempt only who it is and how far it came is held.
fn aside(path: &[String]) -> bool {
    matches!(path, [field] if matches!(field.as_str(), "prompt" | "outputs" | "detector_results" | "notes" | "probe_params" | "targets" | "conversations" | "reverse_translation_outputs"))
}

impl Importer for Garak {
    fn name(&self) -> &'static str {
        "garak"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let kinds = ["start_run setup", "init", "attempt", "eval", "completion", "digest"];
        material.is_json() && material.first.text_at("entry_type").is_some_and(|kind| kinds.contains(&kind))
    }

    fn read(&self, material: &Material<'_>, rest: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let mut report = Report::default();
        report.take(material.first.clone());
        while let Some(line) = rest.next_value(aside)? {
            if !line.is_map() {
                return Err(Refusal::new("has a line that is no entry of a report"));
            }
            report.take(line);
        }
        report.finish()
    }
}

#[derive(Debug, Default)]
struct Report {
    setup: Option<Tree>,
    init: Option<Tree>,
    completion: Option<Tree>,
    digest: Option<Tree>,
    evals: Vec<Tree>,
    /// The beginnings of their hashes: an attempt is written twice.
    attempts: BTreeSet<[u8; 16]>,
    attempt_lines: u64,
}

impl Report {
    fn take(&mut self, line: Tree) {
        match line.text_at("entry_type") {
            Some("start_run setup") => self.setup = Some(line),
            Some("init") => self.init = Some(line),
            Some("completion") => self.completion = Some(line),
            Some("digest") => self.digest = Some(line),
            Some("eval") => self.evals.push(line),
            Some("attempt") => {
                self.attempt_lines = self.attempt_lines.saturating_add(1);
                if self.attempts.len() < ATTEMPTS_MAX
                    && let Some(uuid) = line.text_at("uuid")
                {
                    let seq = line.scalar_at("seq").unwrap_or_default();
                    let hash = Sha256::digest(format!("{uuid} {seq}"));
                    let mut short = [0; 16];
                    short.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
                    self.attempts.insert(short);
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> Result<Vec<Found>, Refusal> {
        let none = Tree::Null;
        let digest = self.digest.as_ref().unwrap_or(&none);
        let setup = self.setup.as_ref().or_else(|| digest.at(&["meta", "setup"])).unwrap_or(&none);
        let init = self.init.as_ref().unwrap_or(&none);
        let text = |name: &str| setup.scalar_at(name);
        let kind = text("plugins.target_type").or_else(|| text("plugins.model_type"));
        let kind = kind.or_else(|| digest.at(&["meta", "target_type"]).and_then(Tree::scalar));
        let name = text("plugins.target_name").or_else(|| text("plugins.model_name"));
        let name = name.or_else(|| digest.at(&["meta", "target_name"]).and_then(Tree::scalar));
        let version = init.scalar_at("garak_version").or_else(|| text("_config.version"));
        let version = version.or_else(|| digest.at(&["meta", "garak_version"]).and_then(Tree::scalar));
        let mut model = Model::named(name.as_deref().or(kind.as_deref()));
        model.details.extend(kind.clone().map(|kind| ("target_type".to_owned(), kind)));
        let tool = Tool { name: "garak".to_owned(), version };
        let time = [
            init.get("orig_start_time"),
            init.get("start_time"),
            setup.get("transient.starttime_iso"),
            digest.at(&["meta", "start_time"]),
        ];
        let mut evaluation = Evaluation {
            model,
            source: tool.name.clone(),
            time: time.into_iter().flatten().find_map(Tree::scalar),
            source_details: self.source_details(init, digest),
            ..Evaluation::default()
        };
        for line in &self.evals {
            eval_row(line, setup, digest, &mut evaluation);
        }
        if self.evals.is_empty() {
            digest_rows(digest, &mut evaluation);
        }
        if evaluation.items.is_empty() {
            let why = if self.attempt_lines > 0 {
                "is a run that was cut short: it has attempts and no evaluation"
            } else {
                "has no evaluation"
            };
            return Err(Refusal::new(why));
        }
        // The probes of this module ask nothing: they try out garak itself.
        let tries_itself = evaluation.tasks().iter().all(|probe| probe.starts_with("test."));
        let mut found = evaluation.into_found(Some(tool));
        found.stub = stub(kind.as_deref(), name.as_deref())
            .or_else(|| tries_itself.then(|| "the probes in test try out garak itself".to_owned()));
        let attempts = u64::try_from(self.attempts.len()).unwrap_or(u64::MAX);
        found.samples = (attempts > 0 && self.attempts.len() < ATTEMPTS_MAX).then_some((attempts, None));
        let tags: BTreeSet<String> = probe_tags(digest);
        let terms: BTreeSet<String> = tags.iter().filter_map(|tag| term(tag)).collect();
        if !terms.is_empty() {
            found.set_checked("taxonomies", texts(terms));
        }
        if !tags.is_empty() {
            found.set("tags", texts(tags.into_iter().take(50)));
        }
        if self.completion.is_none() && self.init.is_some() {
            let said =
                format!("{} The report has no line that says that the run was completed.", found.text("summary"));
            found.set("summary", said);
        }
        if self.attempt_lines > 0 && found.samples.is_none() {
            found.leave_out("attempts", "what was asked and answered: the number of its lines is published");
        }
        for (field, why) in [
            ("_config.config_files", "folders of a machine"),
            ("reporting.report_dir", "a folder of a machine"),
            ("plugins.generators", "how a model was reached is not published"),
        ] {
            if setup.has(field) {
                found.leave_out(field, why);
            }
        }
        Ok(vec![found])
    }

    fn source_details(&self, init: &Tree, digest: &Tree) -> Details {
        let mut details = Vec::new();
        let mut put = |name: &str, value: Option<String>| details.extend(value.map(|value| (name.to_owned(), value)));
        put(
            "run",
            init.scalar_at("orig_uuid")
                .or_else(|| init.scalar_at("run"))
                .or_else(|| digest.at(&["meta", "run_uuid"]).and_then(Tree::scalar)),
        );
        put("aggregate_run", init.get("orig_uuid").and_then(|_| init.scalar_at("run")));
        put("end_time", self.completion.as_ref().and_then(|line| line.scalar_at("end_time")));
        put("attempt_lines", Some(self.attempt_lines.to_string()).filter(|_| self.attempt_lines > 0));
        details
    }
}

/// Tags of probes that stand in a digest, each once.
fn probe_tags(digest: &Tree) -> BTreeSet<String> {
    let groups = digest.get("eval").map(Tree::entries).unwrap_or_default().iter();
    let probes = groups.flat_map(|(_, group)| group.entries());
    let tags = probes.filter_map(|(_, probe)| probe.at(&["_summary", "probe_tags"]));
    tags.flat_map(Tree::items).filter_map(Tree::text).map(str::to_owned).collect()
}

/// The term of a taxonomy that a tag of garak stands for; it names no edition.
fn term(tag: &str) -> Option<String> {
    if let Some(code) = tag.strip_prefix("owasp:llm") {
        return Some(format!("owasp-llm-{EDITION_UNKNOWN}:LLM{code}"));
    }
    let code = tag.strip_prefix("avid-effect:")?.rsplit(':').next()?;
    Some(format!("avid-sep-{EDITION_UNKNOWN}:{code}"))
}

fn eval_row(line: &Tree, setup: &Tree, digest: &Tree, evaluation: &mut Evaluation) {
    let probe = line.scalar_at("probe").unwrap_or_else(|| "unknown".to_owned());
    let detector = line.scalar_at("detector").unwrap_or_else(|| "unknown".to_owned());
    let detector = detector.strip_prefix("detector.").unwrap_or(&detector);
    let passed = line.get("passed").and_then(Tree::count);
    let total = line.get("total_evaluated").or_else(|| line.get("total")).and_then(Tree::count);
    let raw = format!(
        "{} of {} passed",
        line.get("passed").map_or("?".to_owned(), |passed| passed.raw(40)),
        line.get("total_evaluated").or_else(|| line.get("total")).map_or("?".to_owned(), |total| total.raw(40))
    );
    let value = match (passed, total) {
        (Some(passed), Some(total)) if total > 0 && passed <= total => {
            Ok(Number { value: share(passed, total), raw, percent: false })
        }
        (Some(_), Some(0)) => Err(NoNumber { raw, reason: Reason::NotAvailable }),
        _ => Err(NoNumber { raw, reason: Reason::NotANumber }),
    };
    let mut row = Row::new(probe, "pass_rate", value);
    row.lower_is_better = Some(false);
    row.unit = Some("proportion");
    row.range = Some((0.0, 1.0));
    row.metric_details.push(("detector".to_owned(), detector.to_owned()));
    row.take_samples("total_evaluated", line.get("total_evaluated").or_else(|| line.get("total")));
    for name in ["fails", "nones", "total_processed"] {
        row.details.extend(line.scalar_at(name).map(|value| (name.to_owned(), value)));
    }
    // The bounds are those of the attack rate; the pass rate is what is left of one.
    let bound = |name: &str| number::read(line.get(name)).ok().map(|bound| bound.value);
    if let (Some(low), Some(high)) = (bound("confidence_lower"), bound("confidence_upper"))
        && (0.0..=1.0).contains(&low)
        && (0.0..=1.0).contains(&high)
    {
        row.uncertainty.interval =
            Some((1.0 - high, 1.0 - low, bound("confidence"), line.scalar_at("confidence_method")));
        row.details.push(("attack_rate_bounds".to_owned(), format!("{low} to {high}")));
    }
    settings(setup, digest, &mut row);
    evaluation.push(row);
}

#[expect(clippy::cast_precision_loss, reason = "counts of prompts are far below 2^52")]
fn share(passed: u64, total: u64) -> f64 {
    passed as f64 / total as f64
}

fn settings(setup: &Tree, digest: &Tree, row: &mut Row) {
    for (field, name) in [
        ("run.generations", "generations"),
        ("run.soft_probe_prompt_cap", "prompt_cap"),
        ("run.seed", names::SEED),
        ("run.eval_threshold", "eval_threshold"),
        ("run.target_lang", "target_language"),
    ] {
        row.settings.extend(setup.scalar_at(field).map(|value| (name.to_owned(), value)));
    }
    let used = digest.at(&["meta", "calibration_used"]).and_then(Tree::scalar);
    row.settings.extend(used.map(|used| ("calibration_used".to_owned(), used)));
}

/// The absolute scores of a digest: shares of what passed.
fn digest_rows(digest: &Tree, evaluation: &mut Evaluation) {
    for (_, group) in digest.get("eval").map(Tree::entries).unwrap_or_default() {
        for (probe, detectors) in group.entries().iter().filter(|(probe, _)| probe != "_summary") {
            for (detector, scored) in detectors.entries().iter().filter(|(name, _)| name != "_summary") {
                let score = scored.get("absolute_score").or_else(|| scored.get("score"));
                let mut row = Row::new(probe.as_str(), "pass_rate", number::read(score));
                row.lower_is_better = Some(false);
                row.unit = Some("proportion");
                row.metric_details.push(("detector".to_owned(), detector.clone()));
                row.take_samples("total_evaluated", scored.get("total_evaluated"));
                for name in
                    ["absolute_defcon", "relative_score", "relative_defcon", "detector_defcon", "zscore", "hit_count"]
                {
                    row.details.extend(scored.get(name).map(|value| (name.to_owned(), value.raw(40))));
                }
                settings(digest.at(&["meta", "setup"]).unwrap_or(&Tree::Null), digest, &mut row);
                evaluation.push(row);
            }
        }
    }
}

fn stub(kind: Option<&str>, name: Option<&str>) -> Option<String> {
    let lower = kind.unwrap_or_default().to_lowercase();
    if lower == "test" || lower.starts_with("test.") {
        return Some(format!("the target {} is a stub of garak, no model", kind.unwrap_or_default()));
    }
    let name = name.unwrap_or_default().to_lowercase();
    (name.starts_with("test.") || name == "dummy").then(|| format!("the target {name} is a stub, no model"))
}
