//! Every format: what is taken, what is told apart, what is left as text.

use serde_json::{Value, json};

use crate::fixture::{file, only, publications, read, result, unscored};

fn score(result: &Value) -> (Value, Value, Value) {
    let details = &result["score_details"];
    (
        details["score"].clone(),
        details["uncertainty"]["standard_error"]["value"].clone(),
        details["uncertainty"]["num_samples"].clone(),
    )
}

#[test]
fn lm_eval_0_3_has_plain_keys_samples_inside_and_paths_for_names() {
    let found = only("lm_eval_0_3.json");
    assert_eq!(found["import"]["format"], "lm-eval");
    assert_eq!(found["models"], json!([{"name": "tiny-llama", "revision": "step1000"}]));
    assert_eq!(score(result(&found, "arc_easy", "acc_norm", "")), (json!(0.55), json!(0.011), Value::Null));
    assert_eq!(result(&found, "lambada", "ppl", "")["metric_config"]["lower_is_better"], true);
    assert_eq!(result(&found, "story-1.1-0.2", "exact_match", "")["score_details"]["score"], 62.25);
    assert_eq!(found["import"]["samples"]["count"], 3);
    let beside = unscored(&found);
    assert_eq!(beside.len(), 2, "likelihood_difference and pct_stereotype");
    assert!(!found.to_string().contains("/scratch"), "{found}");
}

#[test]
fn lm_eval_0_4_has_filters_groups_directions_and_bare_infinity() {
    let found = only("lm_eval_0_4.json");
    assert_eq!(found["models"], json!([{"name": "org/model-7b", "revision": "v2", "digest": "abc123"}]));
    assert_eq!(found["import"]["tool"], json!({"name": "lm-evaluation-harness", "version": "0.4.8"}));
    let strict = result(&found, "gsm", "exact_match", "strict-match");
    assert_eq!(score(strict), (json!(0.3), json!(0.02), json!(1319)));
    assert_eq!(strict["source_data"]["hf_repo"], "openai/gsm8k");
    assert_eq!(strict["generation_config"]["additional_details"]["num_fewshot"], "8");
    assert_eq!(score(result(&found, "gsm", "exact_match", "flexible-extract")).0, 0.35);
    let law = result(&found, "mmlu_law", "acc", "none");
    assert_eq!(law["score_details"]["details"]["group"], "mmlu");
    assert!(law["score_details"]["details"]["standard_error_raw"].as_str().unwrap().starts_with("N/A"));
    assert_eq!(result(&found, "mmlu", "acc", "none")["score_details"]["details"]["is_group"], "true");
    let beside = unscored(&found);
    assert_eq!(beside[0], ("glass".into(), "mae".into(), "Infinity".into(), "infinite".into()));
    assert_eq!((beside.len(), beside[1].1.as_str()), (2, "shine"));
    assert!(!found.to_string().contains("lab-07") && !found.to_string().contains("deadbeef"));
}

/// Written by lm-eval 0.4.13 itself, for its `dummy` model on four questions written for this: a group, two filters.
#[test]
fn what_lm_eval_itself_writes_is_read() {
    let found = only("lm_eval_dummy.json");
    assert_eq!(found["models"], json!([{"name": "example-lab/stub"}]));
    assert_eq!(found["import"]["tool"], json!({"name": "lm-evaluation-harness", "version": "0.4.13"}));
    assert_eq!(found["import"]["stub"], true);
    assert_eq!(
        score(result(&found, "tiny_choice", "acc_norm", "none")),
        (json!(0.5), json!(0.28867513459481287), json!(4))
    );
    assert_eq!(score(result(&found, "tiny_gen", "exact_match", "flexible")), (json!(0.0), json!(0.0), json!(4)));
    let group = result(&found, "tiny", "acc", "none");
    assert_eq!(score(group).2, 4, "of the eight samples of the group four have this metric");
    assert_eq!(group["score_details"]["details"]["is_group"], "true");
    assert_eq!(unscored(&found), []);
}

#[test]
fn lm_eval_finds_the_samples_beside_its_results() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results_2026-01-01T00-00-00.json");
    std::fs::copy(file("lm_eval_0_4.json"), &results).unwrap();
    std::fs::copy(file("lm_eval_samples.jsonl"), folder.path().join("samples_gsm_2026-01-01T00-00-00.jsonl")).unwrap();
    let found = publications(&read(&results)).remove(0);
    assert_eq!(found["import"]["samples"]["count"], 1);
    assert_eq!(found["import"]["samples"]["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn inspect_version_1_has_one_scorer_beside_its_metrics() {
    let found = only("inspect_v1.json");
    assert_eq!(found["models"], json!([{"name": "openai/gpt-x", "provider": "openai"}]));
    let accuracy = result(&found, "wiki", "accuracy", "");
    assert_eq!(score(accuracy).0, 0.5);
    assert_eq!(score(accuracy).1, 0.11);
    assert_eq!(accuracy["metric_config"]["additional_details"]["scorer"], "model_graded_fact");
    assert_eq!(found["import"]["samples"]["count"], 2);
    assert!(!found.to_string().contains("/home/ada"));
}

#[test]
fn inspect_version_2_has_several_scorers_a_status_and_stubs() {
    let found = only("inspect_v2.json");
    assert_eq!(found["import"]["stub"], true);
    assert!(found["title"].as_str().unwrap().starts_with("Dry run: mockllm/model"));
    assert!(found["summary"].as_str().unwrap().contains("status cancelled"));
    assert_eq!(score(result(&found, "guide", "accuracy", "")), (json!(0.75), json!(0.12), json!(12)));
    let beside = unscored(&found);
    let raw: Vec<&str> = beside.iter().map(|one| one.2.as_str()).collect();
    assert_eq!(raw, ["0.4", "0.2", "NaN"], "mean and std have no direction: {beside:?}");
    assert!(!found.to_string().contains("lab.internal") && !found.to_string().contains("created_by"));
}

#[test]
fn garak_counts_attempts_once_and_turns_the_bounds_of_the_attack_rate() {
    let found = only("garak.report.jsonl");
    assert_eq!(found["models"], json!([{"name": "qwen-lab"}]));
    let dan = result(&found, "dan.Dan", "pass_rate", "");
    assert_eq!(score(dan), (json!(0.75), Value::Null, json!(40)));
    let interval = &dan["score_details"]["uncertainty"]["confidence_interval"];
    assert_eq!(
        (&interval["lower"], &interval["upper"], &interval["confidence_level"]),
        (&json!(0.625), &json!(0.875), &json!(0.95))
    );
    assert_eq!(dan["metric_config"]["additional_details"]["detector"], "dan.DAN");
    assert_eq!(result(&found, "enc.Hex", "pass_rate", "")["score_details"]["score"], 1.0);
    assert_eq!(unscored(&found)[0].2, "0 of 0 passed");
    assert_eq!(found["import"]["samples"]["count"], 1);
    assert_eq!(found["tags"], json!(["owasp:llm01"]));
    assert_eq!(found["taxonomies"], json!(["owasp-llm-unknown:LLM01"]));
    assert!(found["import"].get("stub").is_none());
}

/// Written by garak 0.17.1 itself, for its stub `test.Repeat`; folders renamed.
#[test]
fn what_garak_itself_writes_is_read() {
    let found = only("garak_stub.report.jsonl");
    assert_eq!(found["models"], json!([{"name": "test.Repeat"}]));
    assert_eq!(found["import"]["tool"], json!({"name": "garak", "version": "0.17.1"}));
    assert_eq!(found["import"]["stub"], true);
    let only = result(&found, "test.Test", "pass_rate", "");
    assert_eq!(score(only), (json!(1.0), Value::Null, json!(16)));
    assert_eq!(only["score_details"]["details"]["raw"], "16 of 16 passed");
    assert_eq!(only["metric_config"]["additional_details"]["detector"], "always.Pass");
    assert_eq!(found["import"]["samples"]["count"], 8);
    assert!(!found.to_string().contains("/home/ada"));
}

#[test]
fn every_eval_ever_0_2_is_lifted_and_keeps_its_ranges() {
    let found = only("every_eval_ever_0_2.json");
    let record = &found["evaluation"];
    assert_eq!(record["schema_version"], "0.3.0");
    assert_eq!(record["eval_library"], json!({"name": "unknown", "version": "unknown"}));
    assert_eq!(record["source_metadata"]["evaluator_relationship"], "third_party");
    assert_eq!(record["model_info"]["additional_details"]["params_billions"], "8.357");
    let ifeval = result(&found, "IFEval", "IFEval", "");
    assert_eq!(
        (&ifeval["metric_config"]["max_score"], &ifeval["source_data"]["hf_repo"]),
        (&json!(1.0), &json!("google/IFEval"))
    );
    let latency = result(&found, "Latency", "Latency", "");
    assert_eq!(
        (&latency["metric_config"]["metric_unit"], &latency["metric_config"]["lower_is_better"]),
        (&json!("ms"), &json!(true))
    );
    assert_eq!(latency["source_data"]["url"], json!(["https://board.test/x"]));
}

#[test]
fn a_model_card_has_numbers_as_people_write_them() {
    let found = only("model_card.md");
    assert_eq!(found["models"][0]["name"], "tiny-card");
    let task = "ARC (25-Shot)";
    assert_eq!(result(&found, task, "acc_norm", "")["generation_config"]["additional_details"]["num_fewshot"], "25");
    let percent = result(&found, task, "accuracy", "");
    assert_eq!(
        (&percent["score_details"]["score"], &percent["metric_config"]["metric_unit"]),
        (&json!(85.0), &json!("percent"))
    );
    assert_eq!(result(&found, task, "f1", "")["score_details"]["details"]["raw"], "[18.55%]");
    assert_eq!(result(&found, "text-classification", "accuracy", "")["score_details"]["score"], 0.9);
    let raw: Vec<String> = unscored(&found).into_iter().map(|one| one.2).collect();
    assert_eq!(raw, ["0,857", "{f1: 0.82}", ".nan", "", "11869"]);
    assert!(!found.to_string().contains("eyJhbGci"), "no token of the hub is taken");
}

#[test]
fn a_model_card_with_a_tab_is_a_note_and_the_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("README.md");
    std::fs::write(&card, "---\nlicense: mit\n\tmodel-index: x\n---\n# A card\n\ntext\n").unwrap();
    let report = read(&card);
    assert_eq!(publications(&report)[0]["type"], "note");
    assert!(report.left_out().iter().any(|left| left.reason.contains("line 3")), "{:?}", report.left_out());
}

#[test]
fn more_than_200_results_of_a_card_are_taken_only_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("README.md");
    let metrics: String = (0..250).map(|n| format!("    - {{type: accuracy, value: 0.{n:03}}}\n")).collect();
    let text =
        format!("---\nmodel-index:\n- name: m\n  results:\n  - dataset: {{name: d}}\n    metrics:\n{metrics}---\n");
    std::fs::write(&card, text).unwrap();
    let taken = |all: bool| {
        let options = lyceum_node::import::Options { all, ..Default::default() };
        let report = lyceum_node::import::import(&card, &options, &|_| {});
        (publications(&report)[0]["evaluation"]["evaluation_results"].as_array().unwrap().len(), report.left_out())
    };
    assert_eq!(taken(true).0, 250);
    let (count, left_out) = taken(false);
    assert_eq!(count, 200);
    assert!(left_out.iter().any(|left| left.reason.contains("50 more results of 250: --all")), "{left_out:?}");
}

#[test]
fn avid_gives_evaluations_and_risks_one_for_each_model() {
    let report = read(&file("avid.jsonl"));
    let all = publications(&report);
    let titles: Vec<&str> = all.iter().map(|one| one["nature"].as_str().unwrap()).collect();
    assert_eq!(titles, ["evaluation", "evaluation", "risk", "evaluation", "evaluation"]);
    let passed = result(&all[0], "dan.Dan", "pass_rate", "");
    assert_eq!(score(passed), (json!(45.703125), Value::Null, json!(256)));
    assert_eq!(passed["metric_config"]["metric_unit"], "percent");
    assert_eq!(all[0]["taxonomies"], json!(["avid-sep-0.2:S0403"]));
    assert_eq!(score(result(&all[1], "puzzle", "accuracy", "")).1, 0.05);
    assert_eq!(unscored(&all[1])[0].1, "avg_refusals");
    assert_eq!((&all[2]["severity"], &all[2]["models"][0]["name"]), (&json!("critical"), &json!("toolkit")));
    assert_eq!((&all[3]["models"][0]["name"], &all[4]["models"][0]["name"]), (&json!("first"), &json!("second")));
    assert_eq!(unscored(&all[4])[0].2, "75");
}

#[test]
fn helm_is_a_folder_and_each_metric_is_taken_once() {
    let found = only("helm");
    assert_eq!(found["models"], json!([{"name": "org/m", "provider": "host"}]));
    let match_of = result(&found, "qa:dataset=tiny", "exact_match", "");
    assert_eq!(score(match_of), (json!(0.3), Value::Null, json!(250)));
    assert_eq!(found["evaluation"]["evaluation_results"].as_array().unwrap().len(), 2);
    let beside: Vec<String> = unscored(&found).into_iter().map(|one| one.1).collect();
    assert_eq!(beside, ["bbq_metric_ambiguous_bias", "perplexity"]);
    for part in ["run_spec.json", "stats.json", "scenario.json"] {
        assert!(read(&file("helm").join(part)).reason.unwrap().contains("import the folder"), "{part}");
    }
}

#[test]
fn ailuminate_has_hazards_by_code_and_nobody_who_made_it() {
    let found = only("ailuminate.json");
    let crimes = result(&found, "safe_hazard-1.1-vcr-en_us-official", "safe_share", "");
    assert_eq!(crimes["metric_config"]["additional_details"]["hazard"], "vcr");
    assert_eq!(found["taxonomies"], json!(["ailuminate-1.1:vcr", "ailuminate-1.1:cse"]));
    assert!(!found.to_string().contains("/ada") && !found.to_string().contains("lab-07"));
}

#[test]
fn osv_is_a_risk_of_a_package_in_yaml_and_json() {
    let yaml = only("osv.yaml");
    assert_eq!((&yaml["nature"], yaml.get("models")), (&json!("risk"), None), "a package is no model");
    assert_eq!(yaml["affected"], json!(["pkg:pypi/tinylib: introduced 0, fixed 1.2.0"]));
    assert_eq!(yaml.get("severity"), None, "a vector is no word");
    assert!(yaml["tags"].as_array().unwrap().contains(&json!("CVE-2026-0002")));
    let json_form = only("osv.json");
    assert_eq!(json_form["severity"], "critical");
    assert!(json_form["tags"].as_array().unwrap().contains(&json!("malicious package")));
}

#[test]
fn incidents_name_their_reports_and_take_no_article() {
    let incident = only("aiid_incident.json");
    assert_eq!((&incident["nature"], &incident["date"]), (&json!("incident"), &json!("2025-10-27")));
    assert_eq!((&incident["affected"], incident.get("models")), (&json!(["Walkers"]), None));
    let report = only("aiid_report.json");
    assert_eq!((&report["type"], &report["links"][0]["target"]), (&json!("note"), &json!("https://news.test/2")));
    assert!(report["body"].as_str().unwrap().contains("es: Una app"));
    for one in [incident, report] {
        assert!(!one.to_string().contains("The whole article"));
    }
}

#[test]
fn croissant_and_citation_are_resources() {
    let set = only("croissant.json");
    assert_eq!(
        (&set["type"], &set["kind"], &set["license"]),
        (&json!("resource"), &json!("dataset"), &json!("cc-by-4.0"))
    );
    assert_eq!(set["title"], "tiny-set (data set)");
    assert!(!set["body"].as_str().unwrap().contains("issue/80"), "an address is no checksum");
    let tool = only("CITATION.cff");
    assert_eq!((&tool["version"], &tool["created"]), (&json!("2.0"), &json!("2024-05-10")));
    assert_eq!(
        tool["authors"],
        json!([{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}, {"name": "Tiny Institute"}])
    );
}

#[test]
fn eval_results_are_named_by_their_folder_and_have_no_direction() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("tiny-model/.eval_results");
    std::fs::create_dir_all(&results).unwrap();
    std::fs::copy(file("eval_results.yaml"), results.join("bench.yaml")).unwrap();
    let found = publications(&read(&results.join("bench.yaml"))).remove(0);
    assert_eq!(found["models"][0]["name"], "tiny-model");
    assert_eq!(unscored(&found)[0].0, "org/bench: diamond");
}

#[test]
fn a_note_goes_through_the_reader_of_publish() {
    let note = only("note.fr.md");
    assert_eq!(
        (&note["type"], &note["language"], &note["created"]),
        (&json!("note"), &json!("fr"), &json!("2024-01-09"))
    );
    assert_eq!(note["tags"], json!(["machine-translated"]));
    let body = note["body"].as_str().unwrap();
    assert!(body.contains("[left out: an e-mail address]") && body.contains("[left out: a home folder]"), "{body}");
    assert!(note.get("evaluation").is_none(), "a table is prose");
}

#[test]
fn what_is_known_and_not_read_is_refused_by_its_name() {
    for (name, format, words) in [
        ("lighteval.json", "lighteval", "lighteval"),
        ("promptfoo.json", "promptfoo", "promptfoo"),
        ("moonshot.json", "moonshot", "Moonshot"),
        ("csaf.json", "csaf", "CSAF"),
        ("lm_eval_samples.jsonl", "lm-eval-samples", "import the results file"),
        ("garak.hitlog.jsonl", "garak-hitlog", "no rate"),
    ] {
        let report = read(&file(name));
        assert_eq!(report.format, Some(format));
        assert!(report.ready.is_empty() && report.reason.unwrap().contains(words), "{name}");
    }
}

#[test]
fn the_same_run_is_recognised_whatever_its_file_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.txt");
    std::fs::copy(file("inspect_v1.json"), &copy).unwrap();
    let content = |path: &std::path::Path| read(path).ready[0].0.content.clone();
    assert_eq!(content(&copy), content(&file("inspect_v1.json")));
    let mut text = std::fs::read_to_string(&copy).unwrap();
    text = text.replace("0.5", "0.51");
    std::fs::write(&copy, text).unwrap();
    assert_ne!(content(&copy), content(&file("inspect_v1.json")));
}
