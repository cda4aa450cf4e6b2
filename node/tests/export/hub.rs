//! What the Hugging Face hub takes, read back by our own importers.

use lyceum_node::export::hub::{eval_results, model_index};
use lyceum_node::import::yaml;
use serde_json::json;

use crate::fixture::{evaluation, fallen, imported, item, scores};

#[test]
fn scores_on_data_sets_of_the_hub_are_results_and_all_else_is_counted() {
    let items = [item(&evaluation()), fallen(item(&evaluation()))];
    let written = eval_results::write(&items);
    assert_eq!((written.values, written.doubled), (2, 2));
    assert_eq!(written.left_out, [("no score", 4), ("the record names no data set on the hub", 2)].into());
    let tree = yaml::read(&written.text).unwrap();
    let [first, second] = tree.items() else { panic!("{}", written.text) };
    for (path, value) in [
        (["dataset", "id"].as_slice(), "Rowan/hellaswag"),
        (&["dataset", "task_id"], "main"),
        (&["dataset", "revision"], "218ec52e09a7e7462a5400043bb9a69a41d06b76"),
        (&["value"], "0.4500"),
        (&["date"], "2025-11-24T16:00:00.000Z"),
        (&["source", "url"], "https://example.org/runs"),
        (&["source", "name"], "Run 7"),
    ] {
        assert_eq!(first.at(path).unwrap().scalar().as_deref(), Some(value), "{path:?}");
    }
    let notes = first.text_at("notes").unwrap();
    assert!(notes.starts_with("acc_norm (none); 5-shot; lm-eval 0.4.8; published by Example Lab"), "{notes}");
    assert!(
        second.text_at("notes").unwrap().starts_with("RETRACTED by its organisation on 2026-11-22: The scorer was")
    );

    let found = imported("pythia-1.4b/.eval_results/lyceum.yaml", &eval_results::write(&items[..1]).text).remove(0);
    assert_eq!(found["models"][0]["name"], "pythia-1.4b");
    // The file does not say which metric it is, and so not which way is better.
    assert_eq!(
        (&found["unscored"][0]["task"], &found["unscored"][0]["raw"]),
        (&json!("Rowan/hellaswag: main"), &json!("0.4500"))
    );
}

#[test]
fn a_model_index_is_read_back_with_the_same_scores() {
    let items = [item(&evaluation())];
    let written = model_index::write("EleutherAI/pythia-1.4b", &items);
    assert_eq!((written.values, &written.left_out), (2, &[("no score", 2)].into()));
    let found = imported("README.md", &written.text).remove(0);
    assert_eq!(found["models"][0]["name"], "EleutherAI/pythia-1.4b");
    let numbers = |scores: Vec<(String, String, f64, String)>| {
        scores.into_iter().map(|(task, metric, value, _)| (task, metric, value)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(scores(&found)), numbers(scores(&evaluation())));
    assert_eq!(scores(&found)[0].3, "0.4500");
    let first = &found["evaluation"]["evaluation_results"][0];
    assert_eq!(first["source_data"]["hf_repo"], "Rowan/hellaswag");
    assert_eq!(first["generation_config"]["additional_details"]["num_fewshot"], "5");
}

#[test]
fn what_fell_is_marked_beside_its_number() {
    let written = model_index::write("m", &[fallen(item(&evaluation()))]);
    assert!(written.text.contains("name: \"acc_norm (none) [RETRACTED]\""), "{}", written.text);
    assert!(written.text.contains("# Lyceum entry 3f9a1c20"), "{}", written.text);
    let mut disputed = fallen(item(&evaluation()));
    disputed.outcome.retracted = None;
    disputed.outcome.superseded_by.clear();
    let written = model_index::write("m", &[disputed]);
    assert!(written.text.contains("[disputed by 2 organisations]"), "{}", written.text);
}

#[test]
fn without_a_score_the_list_is_empty_and_still_a_list() {
    let written = model_index::write("m", &[]);
    assert_eq!(written.text, "---\nmodel-index:\n- name: \"m\"\n  results: []\n---\n");
    assert_eq!(eval_results::write(&[]).text, "");
}

#[test]
fn a_dry_run_is_no_result() {
    let mut dry = evaluation();
    dry["import"] =
        json!({ "format": "inspect", "file_sha256": "ab".repeat(32), "content": "cd".repeat(32), "stub": true });
    let items = [item(&dry)];
    let reasons = [("no score", 2), ("of a dry run, which is no evidence", 2)].into();
    assert_eq!(eval_results::write(&items).left_out, reasons);
    assert_eq!((model_index::write("m", &items).values, model_index::write("m", &items).left_out), (0, reasons));
}
