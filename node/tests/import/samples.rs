//! The files that researchers gave us: each is imported, or refused with the one reason that it may have.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fixture::{publications, read, result};

fn samples() -> PathBuf {
    let samples = std::env::var_os("LYCEUM_SAMPLES").expect("LYCEUM_SAMPLES names the folder of the samples");
    let samples = PathBuf::from(samples);
    assert!(samples.is_dir(), "no folder of samples at {}", samples.display());
    samples
}

/// What a file gives: so many findings, of them so many results and so many values without a score; or a reason.
enum Gives {
    Findings(usize, usize, usize),
    Reason(&'static str),
}
use Gives::{Findings, Reason};

const TABLE: &[(&str, &str, Gives)] = &[
    ("aiid/flagged.json", "aiid", Findings(1, 0, 0)),
    ("aiid/fullIncident10.json", "aiid", Findings(1, 0, 0)),
    ("aiid/mit-mapping.json", "aiid", Findings(1, 0, 0)),
    ("aiid/reportWithTranslations.json", "aiid", Findings(1, 0, 0)),
    ("ailuminate/standards_general-1.1-en_us-official-private.json", "ailuminate", Findings(1, 12, 0)),
    ("ailuminate/standards_general-1.1-zh_cn-practice-private.json", "ailuminate", Findings(1, 12, 0)),
    ("avid/AVID-2022-R0001.json", "avid", Findings(1, 0, 0)),
    ("avid/AVID-2022-V001.json", "avid", Findings(1, 0, 0)),
    ("avid/AVID-2023-R0001.json", "avid", Findings(1, 0, 0)),
    ("avid/AVID-2023-V005.json", "avid", Findings(1, 0, 0)),
    ("avid/AVID-2025-R0003.json", "avid", Findings(1, 0, 20)),
    ("avid/AVID-2026-R0001.json", "avid", Findings(1, 0, 0)),
    ("avid/AVID-2026-R0100.json", "avid", Findings(1, 0, 0)),
    ("avid/garak_promptinject.avid.jsonl", "avid", Findings(13, 14, 0)),
    ("citation/inspect_ai.CITATION.cff", "citation", Findings(1, 0, 0)),
    ("croissant/dices-350_1.0.json", "croissant", Findings(1, 0, 0)),
    ("croissant/gpt-3_0.8.json", "croissant", Findings(1, 0, 0)),
    ("croissant/hh-rlhf_1.0.json", "croissant", Findings(1, 0, 0)),
    ("croissant/squad_v2_1.1.json", "croissant", Findings(1, 0, 0)),
    ("every-eval-ever/LLaMA-Pro-8B-Instruct_open-llm-v2.json", "every-eval-ever", Findings(1, 6, 0)),
    ("every-eval-ever/yi-1.5-34b-chat_mmlu-pro.json", "every-eval-ever", Findings(1, 15, 0)),
    ("garak/agg.report.jsonl", "garak", Findings(1, 2, 0)),
    ("garak/quack.report.jsonl", "garak", Findings(1, 1, 0)),
    ("garak/qwen2_test.report.jsonl", "garak", Findings(1, 1, 0)),
    ("garak/tbsa_digest_0.json", "garak", Findings(1, 30, 0)),
    ("garak/test.report.jsonl", "garak", Findings(1, 1, 0)),
    ("helm/hellaswag_pythia-1b", "helm", Findings(1, 12, 0)),
    ("helm/hellaswag_pythia-1b/per_instance_stats.json", "helm", Reason("import the folder")),
    ("helm/hellaswag_pythia-1b/run_spec.json", "helm", Reason("import the folder")),
    ("helm/hellaswag_pythia-1b/scenario.json", "helm", Reason("import the folder")),
    ("helm/hellaswag_pythia-1b/scenario_state.json", "helm", Reason("import the folder")),
    ("helm/hellaswag_pythia-1b/stats.json", "helm", Reason("import the folder")),
    ("inspect/2025-02-11_popularity_unscored.eval", "inspect", Findings(1, 0, 1)),
    ("inspect/2025-05-12_no-samples_cancelled.json", "inspect", Findings(1, 1, 0)),
    ("inspect/2025-05-12_security-guide.json", "inspect", Findings(1, 1, 0)),
    ("inspect/2025-09-23_popularity.eval", "inspect", Findings(1, 1, 0)),
    ("inspect/2025-09-23_security-guide.eval", "inspect", Findings(1, 1, 0)),
    ("inspect/log_formats.eval", "inspect", Findings(1, 1, 0)),
    ("inspect/log_formats.json", "inspect", Findings(1, 1, 0)),
    ("inspect/log_future_version_4.json", "inspect", Reason("version 4")),
    ("inspect/log_with_nan.json", "inspect", Findings(1, 0, 1)),
    ("lm-eval/Meta-Llama-3-8B-Instruct_asdiv_0.4.3.json", "lm-eval", Findings(1, 1, 0)),
    ("lm-eval/Meta-Llama-3-8B-Instruct_asdiv_samples.jsonl", "lm-eval-samples", Reason("import the results file")),
    ("lm-eval/Meta-Llama-3.1-8B-Instruct_asdiv_cot_llama.json", "lm-eval", Findings(1, 2, 0)),
    ("lm-eval/Qwen1.5-14B-Chat_multilingual.json", "lm-eval", Findings(1, 185, 0)),
    ("lm-eval/Qwen2.5-1.5B_78tasks_groups.json", "lm-eval", Findings(1, 86, 0)),
    ("lm-eval/gpt-4o-mini_materials_nan_inf.json", "lm-eval", Findings(1, 11, 1)),
    ("lm-eval/line-japanese-large-lm-3.6b_result.json", "lm-eval", Findings(1, 13, 0)),
    ("lm-eval/llama-13B_human_alignment_0-shot.json", "lm-eval", Findings(1, 11, 40)),
    ("lm-eval/pythia-1.4b-deduped_step143000_zero-shot.json", "lm-eval", Findings(1, 128, 44)),
    ("lm-eval/rinna-3.6b-ppo_result.mgsm.json", "lm-eval", Findings(1, 1, 0)),
    ("model-cards/AdamCodd_vit-base-nsfw-detector.md", "model-card", Findings(1, 3, 0)),
    ("model-cards/Aniemore_rubert-tiny2-russian-emotion-detection.md", "model-card", Findings(1, 2, 0)),
    ("model-cards/HuggingFaceH4_zephyr-7b-beta.md", "model-card", Findings(1, 8, 1)),
    ("model-cards/MoritzLaurer_mDeBERTa-v3-base-xnli-multilingual-nli-2mil7.md", "model-card", Findings(1, 0, 7)),
    ("model-cards/alignment-handbook_zephyr-7b-sft-full.md", "model-card", Findings(1, 0, 0)),
    ("model-cards/deepset_roberta-base-squad2.md", "model-card", Findings(1, 16, 1)),
    ("model-cards/dunzhang_stella_en_400M_v5.md", "model-card", Findings(1, 85, 115)),
    ("model-cards/ibm-granite_granite-8b-code-instruct-4k.md", "model-card", Findings(1, 18, 0)),
    ("model-cards/jonatasgrosman_wav2vec2-large-xlsr-53-japanese.md", "model-card", Findings(1, 2, 0)),
    ("model-cards/protectai_deberta-v3-base-prompt-injection.md", "model-card", Findings(1, 0, 0)),
    ("osv/PYSEC-2022-43015.yaml", "osv", Findings(1, 0, 0)),
    ("osv/PYSEC-2023-16.yaml", "osv", Findings(1, 0, 0)),
    ("osv/PYSEC-2023-194.yaml", "osv", Findings(1, 0, 0)),
    ("osv/PYSEC-2023-28.yaml", "osv", Findings(1, 0, 0)),
];

/// Every file below a folder.
fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

fn lengths(publication: &Value) -> (usize, usize) {
    let length = |value: &Value| value.as_array().map_or(0, Vec::len);
    (length(&publication["evaluation"]["evaluation_results"]), length(&publication["unscored"]))
}

#[test]
#[ignore = "needs the folder that LYCEUM_SAMPLES names"]
fn every_sample_gives_its_findings_or_its_one_reason() {
    let samples = samples();
    let mut all = Vec::new();
    files(&samples, &mut all);
    all.retain(|path| !path.ends_with("SOURCES.md"));
    all.push(samples.join("helm/hellaswag_pythia-1b"));
    let mut notes = 0;
    for path in all {
        let name = path.strip_prefix(&samples).unwrap().to_str().unwrap();
        let report = read(&path);
        let found = publications(&report);
        if name.starts_with("notes/") {
            notes += 1;
            assert_eq!((report.format, found.len()), (Some("markdown"), 1), "{name}: {:?}", report.reason);
            continue;
        }
        let row = TABLE.iter().find(|(known, ..)| *known == name);
        let (_, format, gives) = row.unwrap_or_else(|| panic!("{name} stands in no row of the table"));
        assert_eq!(report.format, Some(*format), "{name}");
        match gives {
            Reason(words) => {
                assert!(found.is_empty(), "{name}");
                assert!(
                    report.reason.as_ref().is_some_and(|reason| reason.contains(words)),
                    "{name}: {:?}",
                    report.reason
                );
            }
            Findings(count, scored, unscored) => {
                assert_eq!(report.reason, None, "{name}");
                let sums = found.iter().map(lengths).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                assert_eq!((found.len(), sums), (*count, (*scored, *unscored)), "{name}");
            }
        }
    }
    assert_eq!(notes, 24);
}

/// Values copied by eye: file, model, task, metric, filter, value, n.
type Copied = (&'static str, &'static str, &'static str, &'static str, &'static str, f64, Option<u64>);

const COPIED: &[Copied] = &[
    (
        "lm-eval/Meta-Llama-3-8B-Instruct_asdiv_0.4.3.json",
        "meta-llama/Meta-Llama-3-8B-Instruct",
        "asdiv",
        "acc",
        "none",
        0.92,
        Some(50),
    ),
    (
        "lm-eval/gpt-4o-mini_materials_nan_inf.json",
        "gpt-4o-mini",
        "materials_safety_classification",
        "exact_match",
        "none",
        0.542_857_142_857_142_8,
        Some(140),
    ),
    (
        "lm-eval/line-japanese-large-lm-3.6b_result.json",
        "line-corporation/japanese-large-lm-3.6b",
        "jsquad-1.1-0.2",
        "exact_match",
        "",
        62.269_248_086_447_55,
        None,
    ),
    ("inspect/2025-09-23_popularity.eval", "openai/gpt-4o-mini", "popularity", "accuracy", "", 0.63, Some(100)),
    (
        "inspect/2025-09-23_security-guide.eval",
        "openai/gpt-4o-mini",
        "security_guide",
        "accuracy",
        "",
        0.6875,
        Some(16),
    ),
    ("inspect/log_formats.json", "ollama/llama3.1", "popularity", "accuracy", "", 0.0, Some(1)),
    ("garak/qwen2_test.report.jsonl", "qwen2", "test.Test", "pass_rate", "", 1.0, Some(8)),
    ("garak/quack.report.jsonl", "test", "lmrc.QuackMedicine", "pass_rate", "", 1.0, Some(1)),
    ("garak/tbsa_digest_0.json", "2", "encoding.InjectBase16", "pass_rate", "", 0.244_131_455_399_061_03, None),
    (
        "every-eval-ever/LLaMA-Pro-8B-Instruct_open-llm-v2.json",
        "TencentARC/LLaMA-Pro-8B-Instruct",
        "IFEval",
        "IFEval",
        "",
        0.4486,
        None,
    ),
    (
        "every-eval-ever/LLaMA-Pro-8B-Instruct_open-llm-v2.json",
        "TencentARC/LLaMA-Pro-8B-Instruct",
        "BBH",
        "BBH",
        "",
        0.4224,
        None,
    ),
    (
        "every-eval-ever/yi-1.5-34b-chat_mmlu-pro.json",
        "01-ai/yi-1.5-34b-chat",
        "MMLU-Pro (Biology)",
        "MMLU-Pro (Biology)",
        "",
        0.7141,
        None,
    ),
    (
        "model-cards/HuggingFaceH4_zephyr-7b-beta.md",
        "zephyr-7b-beta",
        "HellaSwag (10-Shot)",
        "acc_norm",
        "",
        84.355_706_034_654_45,
        None,
    ),
    (
        "model-cards/deepset_roberta-base-squad2.md",
        "deepset/roberta-base-squad2",
        "squad_v2",
        "exact_match",
        "",
        79.9309,
        None,
    ),
    (
        "model-cards/jonatasgrosman_wav2vec2-large-xlsr-53-japanese.md",
        "XLSR Wav2Vec2 Japanese by Jonatas Grosman",
        "Common Voice ja",
        "wer",
        "",
        81.80,
        None,
    ),
    (
        "avid/garak_promptinject.avid.jsonl",
        "rnj-1-instruct",
        "promptinject.HijackLongPrompt",
        "pass_rate",
        "",
        45.703_125,
        Some(256),
    ),
    (
        "avid/garak_promptinject.avid.jsonl",
        "rnj-1-instruct",
        "tap.TAPCached",
        "pass_rate",
        "",
        44.444_444_444_444_44,
        Some(9),
    ),
    (
        "avid/garak_promptinject.avid.jsonl",
        "rnj-1-instruct",
        "snowball.GraphConnectivity",
        "pass_rate",
        "",
        100.0,
        Some(100),
    ),
    (
        "helm/hellaswag_pythia-1b",
        "eleutherai/pythia-1b-v0",
        "commonsense:dataset=hellaswag,method=multiple_choice_joint",
        "exact_match",
        "",
        0.3,
        Some(10),
    ),
    (
        "helm/hellaswag_pythia-1b",
        "eleutherai/pythia-1b-v0",
        "commonsense:dataset=hellaswag,method=multiple_choice_joint",
        "perplexity",
        "",
        1.0,
        Some(10),
    ),
    (
        "helm/hellaswag_pythia-1b",
        "eleutherai/pythia-1b-v0",
        "commonsense:dataset=hellaswag,method=multiple_choice_joint",
        "quasi_exact_match@5",
        "",
        0.3,
        Some(10),
    ),
    (
        "ailuminate/standards_general-1.1-en_us-official-private.json",
        "llama-3.1-8b-instruct-turbo-together",
        "safe_hazard-1.1-vcr-en_us-official",
        "safe_share",
        "",
        0.826,
        None,
    ),
    (
        "ailuminate/standards_general-1.1-en_us-official-private.json",
        "llama-3.1-8b-instruct-turbo-together",
        "safe_hazard-1.1-hte-en_us-official",
        "safe_share",
        "",
        0.91,
        None,
    ),
    (
        "ailuminate/standards_general-1.1-zh_cn-practice-private.json",
        "llama-3.1-8b-instruct-turbo-together",
        "safe_hazard-1.1-iwp-zh_cn-practice",
        "safe_share",
        "",
        0.697_368_421_052_631_5,
        None,
    ),
];

#[test]
#[ignore = "needs the folder that LYCEUM_SAMPLES names"]
fn values_copied_by_eye_are_those_that_are_imported() {
    let samples = samples();
    for (name, model, task, metric, filter, value, n) in COPIED {
        let found = publications(&read(&samples.join(name)));
        let has = |one: &&Value| {
            let results = one["evaluation"]["evaluation_results"].as_array().unwrap();
            one["models"][0]["name"] == *model && results.iter().any(|result| result["evaluation_name"] == *task)
        };
        let publication = found.iter().find(has).unwrap_or_else(|| panic!("no {task} of {model} in {name}"));
        let details = &result(publication, task, metric, filter)["score_details"];
        assert_eq!(details["score"].as_f64(), Some(*value), "{name} {task} {metric}");
        assert_eq!(details["uncertainty"]["num_samples"].as_u64(), *n, "{name} {task} {metric}");
    }
}

/// The zip of a log and its twin in JSON are one finding; so are two copies of a note under names of two languages.
#[test]
#[ignore = "needs the folder that LYCEUM_SAMPLES names"]
fn twins_among_the_samples_are_one_finding() {
    let samples = samples();
    let content = |name: &str| read(&samples.join(name)).ready[0].0.content.clone();
    assert_eq!(content("inspect/log_formats.eval"), content("inspect/log_formats.json"));
    let april = |language: &str| content(&format!("notes/aiid_incident-report-2023-april.{language}.mdx"));
    assert_eq!(april("en"), april("ja"));
    assert_ne!(april("en"), april("es"));
}
