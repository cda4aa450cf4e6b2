//! What a file says and a finding does not: each of it is listed with its reason, and nothing of a machine leaves.

use std::path::Path;

use lyceum_node::import::Report;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{file, publications, read, result, unscored};

/// Imports a file of this folder after one text in it was replaced by another.
fn changed(name: &str, from: &str, to: &str) -> Report {
    let folder = TempDir::new().unwrap();
    let text = std::fs::read_to_string(file(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let copy = folder.path().join(Path::new(name).file_name().unwrap());
    std::fs::write(&copy, text.replacen(from, to, 1)).unwrap();
    read(&copy)
}

fn first(report: &Report) -> Value {
    assert_eq!(report.reason, None);
    publications(report).remove(0)
}

/// The reason why something of this field is left out.
fn reason(report: &Report, field: &str) -> String {
    let left: Vec<_> = report.ready.iter().flat_map(|(ready, _)| &ready.left_out).collect();
    let found = left.iter().find(|left| left.field == field);
    found.map(|left| left.reason.clone()).unwrap_or_else(|| panic!("no {field} in {left:#?}"))
}

#[test]
fn arguments_of_a_task_are_published_without_what_opens_something_and_without_folders() {
    let args =
        r#""task_args": {"subject": "law", "judge": {"apiKey": "hunter2-hunter2"}, "data": "/mnt/ada/set"}, "dataset""#;
    let report = changed("inspect_v2.json", r#""dataset""#, args);
    let found = first(&report);
    let config = &result(&found, "guide", "accuracy", "")["generation_config"]["additional_details"];
    assert_eq!(config["task_args"], "{subject: law, judge: {}}");
    assert!(reason(&report, "eval.task_args.judge.apiKey").contains("called like a secret"));
    assert_eq!(reason(&report, "eval.task_args.data"), "a place on a machine");
    assert!(!found.to_string().contains("hunter2") && !found.to_string().contains("/mnt"));
}

#[test]
fn a_number_of_samples_that_is_none_and_an_error_below_zero_are_left_out_by_name() {
    let report = changed("inspect_v2.json", r#""scored_samples": 12"#, r#""scored_samples": "a dozen""#);
    let found = first(&report);
    assert_eq!(result(&found, "guide", "accuracy", "")["score_details"]["uncertainty"]["num_samples"], Value::Null);
    assert!(reason(&report, "scored_samples of guide accuracy (match)").contains("\"a dozen\""));

    let report = changed("inspect_v2.json", r#""value": 0.12"#, r#""value": -0.12"#);
    assert!(reason(&report, "standard error of guide accuracy (match)").contains("below zero"));
    assert_eq!(first(&report)["evaluation"]["evaluation_results"][0]["score_details"]["score"], 0.75);

    let report = changed("every_eval_ever_0_2.json", r#""num_samples": 50"#, r#""num_samples": -50"#);
    let place = "evaluation.evaluation_results[1].score_details.uncertainty.num_samples";
    assert!(reason(&report, place).contains("below zero"));
}

#[test]
fn the_place_of_a_model_leaves_in_no_format() {
    let no_place = |report: &Report| {
        let found = first(report);
        assert!(!found.to_string().contains("/mnt"), "{found:#}");
        found
    };
    let path = "/mnt/ada/run-7/ckpt";
    let report = changed("every_eval_ever_0_2.json", r#""id": "org/m-7b""#, &format!(r#""id": "{path}""#));
    let found = no_place(&report);
    assert_eq!(found["evaluation"]["model_info"]["id"], "ckpt");
    assert!(reason(&report, "evaluation.model_info.id").contains("path on a machine"));

    let report = changed("model_card.md", "org/base", path);
    no_place(&report);

    let scores = format!(r#""Test Scores": [{{"Model": "{path}", "Test Score": 0.5}}], "metrics": []"#);
    let report = changed(
        "avid.jsonl",
        r#""metrics": [{"name": "", "results": {"rows": [{"detector": "dan.DAN", "passed": 117, "total_evaluated": 256, "score": 45.703125}]}}]"#,
        &scores,
    );
    publications(&report).iter().for_each(|found| assert!(!found.to_string().contains("/mnt"), "{found:#}"));

    let folder = TempDir::new().unwrap();
    for name in ["run_spec.json", "scenario.json", "stats.json"] {
        let text = std::fs::read_to_string(file("helm").join(name)).unwrap();
        std::fs::write(folder.path().join(name), text.replace("host/m", &format!("hf/{path}"))).unwrap();
    }
    let report = read(folder.path());
    let found = no_place(&report);
    assert_eq!(found["models"], json!([{"name": "org/m", "provider": "hf"}]));
    assert!(reason(&report, "adapter_spec.model_deployment").contains("path on a machine"));
}

#[test]
fn an_address_is_no_place_on_a_machine() {
    let report = changed("model_card.md", "org/base", "https://hub.test/org/base");
    assert!(first(&report).to_string().contains("https://hub.test/org/base"));
}

#[test]
fn a_value_that_is_missing_stays_as_one_that_is_missing() {
    let report = changed(
        "avid.jsonl",
        r#""metrics": "avg_refusals", "value": 0.2"#,
        r#""metrics": "avg_refusals", "value": null"#,
    );
    let all: Vec<_> = publications(&report).iter().flat_map(unscored).collect();
    assert!(
        all.iter().any(|(_, metric, raw, reason)| metric == "avg_refusals" && raw == "null" && !reason.is_empty()),
        "{all:?}"
    );
}

#[test]
fn a_row_whose_name_is_a_text_refuses_a_run_of_helm() {
    let folder = TempDir::new().unwrap();
    for name in ["run_spec.json", "scenario.json", "stats.json"] {
        let text = std::fs::read_to_string(file("helm").join(name)).unwrap();
        let text = text.replacen(r#"{"name": "bleu_4", "split": "test"}"#, r#""bleu_4""#, 1);
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let report = read(folder.path());
    assert!(report.ready.is_empty());
    assert!(report.reason.unwrap().contains("whose name is \"bleu_4\""));
}

#[test]
fn every_part_of_a_stub_says_that_it_is_no_evidence() {
    let metric = |n: usize| {
        format!(r#""accuracy_{n}": {{"name": "accuracy", "value": 0.75, "params": {{"note": "{}"}}}}"#, "x".repeat(200))
    };
    let many: Vec<String> = (0..600).map(metric).collect();
    let report = changed("inspect_v2.json", r#""metrics": {"#, &format!(r#""metrics": {{{},"#, many.join(",")));
    let parts = publications(&report);
    assert!(parts.len() > 1, "{}", parts.len());
    for part in parts {
        let summary = part["summary"].as_str().unwrap();
        assert!(summary.starts_with("No evidence:") && summary.contains("This part holds"), "{summary}");
    }
}
