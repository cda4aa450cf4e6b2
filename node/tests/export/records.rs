//! Every Eval Ever and AVID, read back by our own importers.

use std::path::PathBuf;

use lyceum_node::export::{avid, every_eval_ever};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::any::any_item;
use crate::fixture::{evaluation, fallen, imported, item, risk, scores};

#[test]
fn a_record_is_the_published_one_with_what_is_known_of_its_entry() {
    let item = fallen(item(&evaluation()));
    let text = every_eval_ever::pretty(&item).unwrap().unwrap();
    let mut record: Value = serde_json::from_str(&text).unwrap();
    let details = record["source_metadata"]["additional_details"].take();
    assert_eq!(
        (&details["kept"], &details["lyceum_marking"]),
        (&json!("yes"), &json!("GREEN")),
        "no marking is forged"
    );
    assert_eq!((&details["lyceum_status"], &details["lyceum_disputes"]), (&json!("retracted"), &json!("2")));
    assert!(details["lyceum_outcome"].as_str().unwrap().starts_with("RETRACTED by its organisation on 2026-11-22"));
    assert_eq!(details["lyceum_values_that_are_no_scores"], "2");
    let mut published = evaluation()["evaluation"].clone();
    published["source_metadata"]["additional_details"] = Value::Null;
    assert_eq!(record, published);

    let found = imported("record.json", &text).remove(0);
    assert_eq!(scores(&found), scores(&evaluation()));
    assert_eq!(found["models"][0]["name"], "EleutherAI/pythia-1.4b");
    let lines = every_eval_ever::line(&item).unwrap().unwrap().repeat(2);
    assert_eq!(lines.lines().count(), 2);
    assert_eq!(imported("records.jsonl", &lines).len(), 1, "two equal findings of one file are one");
}

#[test]
fn a_record_lies_where_the_datastore_would_have_it() {
    assert_eq!(
        every_eval_ever::path(&item(&evaluation())).unwrap(),
        "data/lm-eval/EleutherAI/pythia-1.4b/3f9a1c20-d4e5-4607-a8b9-cadbecfd0e1f.json"
    );
    let mut one = evaluation();
    one["evaluation"]["evaluation_results"].as_array_mut().unwrap().truncate(1);
    one["evaluation"]["model_info"]["id"] = json!("../../..");
    assert_eq!(
        every_eval_ever::path(&item(&one)).unwrap(),
        "data/hellaswag/unknown/unknown/3f9a1c20-d4e5-4607-a8b9-cadbecfd0e1f.json"
    );
}

#[test]
fn a_report_for_each_task_is_read_back_with_its_values() {
    let item = fallen(item(&evaluation()));
    let lines = avid::lines(&item);
    assert_eq!(lines.lines().count(), 2);
    let report: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(report["impact"]["avid"]["sep_view"], json!(["P0204: Accuracy", "E0100: Bias/ Discrimination"]));
    assert_eq!(report["impact"]["avid"]["risk_domain"], json!(["Performance", "Ethics"]));
    assert!(report["description"]["value"].as_str().unwrap().starts_with("RETRACTED by its organisation"));
    assert_eq!((&report["lyceum"]["status"], &report["lyceum"]["marking"]), (&json!("retracted"), &json!("GREEN")));
    assert_eq!(report["reported_date"], "2026-11-20");

    let found = imported("reports.jsonl", &lines);
    assert_eq!(found.len(), 2);
    let values: Vec<_> = found.iter().flat_map(scores).map(|(task, metric, value, _)| (task, metric, value)).collect();
    let published: Vec<_> =
        scores(&evaluation()).into_iter().map(|(task, metric, value, _)| (task, metric, value)).collect();
    assert_eq!(values, published);
    let result = &found[0]["evaluation"]["evaluation_results"][0];
    assert_eq!(
        result["score_details"]["uncertainty"],
        json!({"standard_error": {"value": 0.005}, "num_samples": 10042})
    );
    assert_eq!(found[1]["evaluation"]["evaluation_results"][0]["metric_config"]["lower_is_better"], json!(true));
    assert_eq!(found[0]["taxonomies"], json!(["avid-sep-0.2:P0204", "avid-sep-0.2:E0100"]));
}

#[test]
fn a_risk_is_read_back_as_one() {
    let found = imported("risk.json", &avid::lines(&item(&risk()))).remove(0);
    for field in ["title", "nature", "severity", "taxonomies", "created", "authors"] {
        assert_eq!(found[field], risk()[field], "{field}");
    }
    // The format knows only what is affected: models and whatever else there is.
    assert_eq!(found["models"], json!([{ "name": "lab/model" }, { "name": "Some agent" }]));
    assert!(found["body"].as_str().unwrap().contains("It repeats its prompt."));
    assert!(avid::lines(&item(&json!({ "type": "note", "title": "t" }))).is_empty());
}

fn schema() -> jsonschema::Validator {
    let folder =
        PathBuf::from(std::env::var("LYCEUM_SCHEMAS").unwrap_or_else(|_| panic!("LYCEUM_SCHEMAS names no folder")));
    let text = std::fs::read_to_string(folder.join("every-eval-ever-eval.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
#[ignore = "needs the folder that LYCEUM_SCHEMAS names"]
fn every_record_that_is_exported_passes_the_public_schema() {
    let schema = schema();
    let passes = |text: String| {
        let value: Value = serde_json::from_str(&text).unwrap();
        let faults: Vec<String> =
            schema.iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
    };
    passes(every_eval_ever::line(&fallen(item(&evaluation()))).unwrap().unwrap());
    let mut runner = TestRunner::deterministic();
    let seen = std::cell::Cell::new(0);
    runner
        .run(&any_item(), |item| {
            if let Some(line) = every_eval_ever::line(&item).unwrap() {
                passes(line);
                passes(every_eval_ever::pretty(&item).unwrap().unwrap());
                seen.set(seen.get() + 1);
            }
            Ok(())
        })
        .unwrap();
    assert!(seen.get() > 50, "{} records were seen", seen.get());
}
