//! Exports of what an alliance knows: over a real daemon, to files and to standard output.

use std::path::Path;

use serde_json::{Value, json};

use crate::cluster::{Ended, Node, three, until_agreed};

fn publish(node: &Node, publication: &Value, more: &[&str]) -> String {
    let args = [&["publish", "--json", "-"], more].concat();
    let ended = node.run_with(&args, publication.to_string().as_bytes()).well();
    ended.objects()[0]["id"].as_str().unwrap().to_owned()
}

fn evaluation(model: &str, title: &str, score: f64) -> Value {
    json!({
        "type": "finding", "nature": "evaluation", "title": title, "models": [{ "name": model }],
        "evaluation": {
            "schema_version": "0.3.0",
            "evaluation_id": "x",
            "retrieved_timestamp": "1764000000",
            "source_metadata": {
                "source_type": "evaluation_run", "source_organization_name": "unknown", "evaluator_relationship": "other",
            },
            "eval_library": { "name": "lm-eval", "version": "0.4.8" },
            "model_info": {
                "name": model, "id": model,
                "additional_details": { "deployment_type": "unknown", "model_availability": "unknown" },
            },
            "evaluation_results": [{
                "evaluation_name": "hellaswag",
                "source_data": { "dataset_name": "hellaswag", "source_type": "hf_dataset", "hf_repo": "Rowan/hellaswag" },
                "metric_config": { "metric_name": "acc", "metric_unit": "unknown", "lower_is_better": false },
                "score_details": { "score": score, "details": { "raw": score.to_string() } },
            }],
        },
    })
}

fn export(node: &Node, args: &[&str]) -> Ended {
    node.run(&[&["export"], args].concat())
}

fn import(node: &Node, file: &Path) -> Value {
    let file = file.display().to_string();
    node.run(&["import", "--dry-run", "--json", &file]).well().objects().remove(0)["publication"].take()
}

#[test]
fn what_the_alliance_knows_leaves_in_every_format_with_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    let [founder, carded, invited] = &nodes;
    let model = "EleutherAI/pythia-1.4b";
    let public = publish(founder, &evaluation(model, "Public", 0.404), &["--marking", "CLEAR"]);
    let green = publish(carded, &evaluation(model, "Green", 0.414), &[]);
    let wrong = publish(founder, &evaluation(model, "Wrong", 0.9), &["--marking", "CLEAR"]);
    publish(invited, &evaluation("../../../other", "Other model", 0.5), &[]);
    founder.publish("no evaluation");
    until_agreed(&[founder, carded, invited], 5);
    let dispute = json!({
        "type": "review", "title": "The scorer is wrong", "verdict": "disputes",
        "links": [{ "rel": "disputes", "target": public }],
    });
    publish(carded, &dispute, &[]);
    founder.run(&["retract", &wrong, "--reason", "The split was wrong."]).well();
    until_agreed(&[founder, carded, invited], 7);

    // At once after it was taken back, it is not there; of another organisation and on another node neither.
    for node in [founder, invited] {
        let ended = export(node, &["csv"]).well();
        let lines: Vec<&str> = ended.stdout.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 4, "{}", ended.stdout);
        assert!(
            lines[0].starts_with("id,org,org_name,time,marking,standing,type,title,version,status,"),
            "{}",
            lines[0]
        );
        assert!(!ended.stdout.contains(&wrong) && ended.stdout.contains(&green), "{}", ended.stdout);
        assert!(ended.stderr.contains("Left out: 1 retracted. With them: --all"), "{}", ended.stderr);
        assert!(ended.stderr.contains("2 of them are for members (GREEN) and must not leave"), "{}", ended.stderr);
    }
    let all: Vec<Value> = export(invited, &["jsonl", "--all", "--model", model]).well().objects();
    let find = |id: &str| all.iter().find(|line| line["id"] == *id).unwrap();
    assert_eq!((all.len(), &find(&wrong)["left_out"]), (3, &json!("retracted")));
    assert_eq!(find(&wrong)["outcome"]["retracted"]["reason"], "The split was wrong.");
    assert_eq!(find(&public)["outcome"]["said"][0]["org_name"], "Carded");

    // Only what is public, in the layout of the datastore, and nothing written twice.
    let to = folder.path().join("store");
    let store = to.display().to_string();
    let args = ["every-eval-ever", "--marking", "CLEAR", "--to", &store, "--json"];
    let done = export(invited, &args).well().objects().remove(0);
    assert_eq!(
        (&done["publications"], &done["for_members"], &done["left_out"]["restricted"]),
        (&json!(1), &json!(0), &json!(2))
    );
    let of_model = to.join("data/hellaswag/EleutherAI/pythia-1.4b");
    let file = std::fs::read_dir(&of_model).unwrap().next().unwrap().unwrap().path();
    let record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(record["source_metadata"]["additional_details"]["lyceum_outcome"], "disputed by Carded");
    let found = import(invited, &file);
    assert_eq!(
        found["evaluation"]["evaluation_results"][0]["score_details"],
        json!({"score": 0.404, "details": {"raw": "0.404"}})
    );
    assert!(export(invited, &args[..5]).well().stderr.contains("1 of them were there already, unchanged."));
    std::fs::write(&file, "mine").unwrap();
    export(invited, &args).badly(1, "were left as they are");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    export(invited, &["eee", "--to", &store, "--force"]).well();
    assert_ne!(std::fs::read_to_string(&file).unwrap(), "mine");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name == "other"), "a model's name leads nowhere: {names:?}");

    // A file is whole or not there, and no other one is lost.
    let table = folder.path().join("table.parquet").display().to_string();
    let done = export(founder, &["parquet", "--to", &table, "--json"]).well().objects().remove(0);
    assert_eq!(
        (&done["publications"], &done["values"], &done["left_out"]["retracted"]),
        (&json!(3), &json!(3), &json!(1))
    );
    let bytes = std::fs::read(&table).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    export(founder, &["parquet", "--to", &table]).badly(2, "is there already");
    export(founder, &["csv", "--to", &table, "--org", "Nobody", "--force"]).badly(2, "no organisation is called");
    assert_eq!(std::fs::read(&table).unwrap(), bytes, "what fails leaves the file alone");

    // One model, one publication.
    let ended = export(founder, &["eval-results", "--model", model, "--marking", "CLEAR"]).well();
    assert!(ended.stdout.contains("value: 0.404\n") && ended.stdout.contains("disputed by Carded"), "{}", ended.stdout);
    let card = folder.path().join("README.md");
    export(founder, &["model-index", "--model", model, "--to", &card.display().to_string()]).well();
    assert_eq!(import(founder, &card)["evaluation"]["evaluation_results"].as_array().unwrap().len(), 2);
    export(founder, &["model-index"]).badly(2, "--model MODEL");
    export(founder, &["eval-results", &wrong]).badly(1, "Left out: 1 retracted");
    export(founder, &["citation"]).badly(2, "give one id");
    let citation = folder.path().join("CITATION.cff");
    export(founder, &["citation", &wrong, "--all", "--to", &citation.display().to_string()]).well();
    assert!(std::fs::read_to_string(&citation).unwrap().contains("RETRACTED by its organisation"));
    assert_eq!(import(founder, &citation)["title"], "Wrong");
    let bibtex = export(founder, &["bibtex", &public, &green]).well().stdout;
    assert_eq!(bibtex.matches("@misc{lyceum-").count(), 2);
    assert_eq!(export(founder, &["avid", "--model", model]).well().objects().len(), 2);
    let missing = export(founder, &["csv", "00000000"]);
    assert_eq!(missing.stdout, "", "no header before it is known that there is something");
    missing.badly(1, "holds no entry");
    export(founder, &["csv", "--marking", "AMBER"]).badly(2, "\"AMBER\" is no marking that can be exported");
}
