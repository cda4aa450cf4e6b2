//! Two evaluations side by side, as scripts and people are shown them.

use serde_json::{Value, json};

use crate::cluster::{Node, until};

/// A record of one accuracy, with what it was measured with.
fn record(score: f64, shots: u64, revision: &str) -> Value {
    json!({
        "schema_version": "0.3.0",
        "evaluation_id": format!("run-{score}-{shots}"),
        "retrieved_timestamp": "1764000000",
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "third_party",
        },
        "eval_library": { "name": "lm-evaluation-harness", "version": "0.4.8" },
        "model_info": {
            "name": "EleutherAI/pythia-1.4b",
            "id": "EleutherAI/pythia-1.4b",
            "additional_details": {
                "deployment_type": "self_deployed",
                "model_availability": "open_weights",
                "revision": revision,
                "precision": "float16",
            },
        },
        "evaluation_results": [{
            "evaluation_name": "hellaswag",
            "source_data": {
                "dataset_name": "hellaswag", "source_type": "other", "additional_details": { "task_version": "1" },
            },
            "metric_config": { "metric_id": "acc", "metric_unit": "proportion", "lower_is_better": false },
            "score_details": { "score": score, "uncertainty": { "standard_error": { "value": 0.005 } } },
            "generation_config": {
                "additional_details": { "num_fewshot": shots.to_string(), "chat_template": "none" },
            },
        }],
    })
}

fn publish(node: &Node, title: &str, record: &Value) -> String {
    let models = json!([{ "name": "EleutherAI/pythia-1.4b" }]);
    let finding = json!({
        "type": "finding", "nature": "evaluation", "title": title, "models": models, "evaluation": record,
    });
    let published = node.run_with(&["publish", "--json", "-"], finding.to_string().as_bytes()).well().objects();
    published[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn two_evaluations_are_compared_and_what_differs_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let first = publish(&node, "First run", &record(0.404, 0, "main"));
    let again = publish(&node, "Second run", &record(0.414, 0, "main"));
    let other = publish(&node, "Five shots of an earlier checkpoint", &record(0.424, 5, "step1000"));
    let note = node.publish("no evaluation");

    let found = node.run(&["compare", &first, &again, "--json"]).well().objects().remove(0);
    assert_eq!((&found["comparable"], &found["reasons"]), (&json!(true), &json!([])));
    assert!((found["difference"].as_f64().unwrap() - 0.01).abs() < 1e-12, "{found}");
    // Of the same size and direction as 1.96 times the root of twice 0.005 squared.
    assert!((found["interval"]["lower"].as_f64().unwrap() + 0.003_859).abs() < 1e-6, "{found}");
    assert!((found["interval"]["upper"].as_f64().unwrap() - 0.023_859).abs() < 1e-6, "{found}");

    let found = node.run(&["compare", &first, &other, "--json"]).well().objects().remove(0);
    assert_eq!(found["comparable"], false);
    assert_eq!(found["reasons"], json!(["shots: 0 against 5", "revision of the model: main against step1000"]));
    let words = node.run(&["compare", &first[..12], &other[..12]]).well().stdout;
    assert!(words.contains("Not comparable:") && words.contains("shots: 0 against 5"), "{words}");
    assert!(words.contains("hellaswag") && words.contains("+0.0200"), "{words}");

    // What became of them is said as well.
    assert_eq!((&found["a"]["hidden"], &found["a"]["disputed_by"]), (&Value::Null, &json!([])));
    node.run(&["retract", &first, "--reason", "The split was wrong"]).well();
    let file = folder.path().join("new.json");
    let models = json!([{ "name": "EleutherAI/pythia-1.4b" }]);
    let new = json!({
        "type": "finding", "nature": "evaluation", "title": "Anew", "models": models,
        "evaluation": record(0.43, 5, "step1000"),
    });
    std::fs::write(&file, new.to_string()).unwrap();
    let new = node.run(&["supersede", &other, &file.display().to_string(), "--json"]).well().objects().remove(0);
    let compared = || node.run(&["compare", &first, &other, "--json"]).well().objects().remove(0);
    until("the index has it", || compared()["b"]["hidden"] == "superseded" && compared()["a"]["hidden"] == "retracted");
    let found = compared();
    assert_eq!((&found["a"]["reason"], &found["b"]["newest"]), (&json!("The split was wrong"), &new["id"]));
    let words = node.run(&["compare", &first, &other]).well().stdout;
    assert!(words.contains("RETRACTED by its organisation: The split was wrong"), "{words}");
    assert!(
        words.contains(&format!("superseded: the newest version is {}", &new["id"].as_str().unwrap()[..12])),
        "{words}"
    );

    node.run(&["compare", &first, &note]).badly(1, "holds no scores");
    node.run(&["compare", &first, "00000000"]).badly(1, "holds no entry");

    // Without a search index entries are shown all the same, and it is said that something may be missing.
    node.stop();
    std::fs::remove_dir_all(node.home.join("index")).unwrap();
    std::fs::write(node.home.join("index"), "in the way").unwrap();
    node.start();
    let shown = node.run(&["show", &first, "--json"]).well().objects().remove(0);
    assert_ne!(shown["outcome"]["behind_entries"], 0);
    assert!(node.run(&["compare", &first, &again]).well().stderr.contains("not in the search index"));
    node.run(&["about", "EleutherAI/pythia-1.4b"]).badly(1, "index");
}
