//! What the alliance knows about a model, the same on every node.

use serde_json::{Value, json};

use crate::cluster::{Node, three, until};

const MODEL: &str = "EleutherAI/pythia-160m";

/// An evaluation of one task; the number as a tool wrote it.
fn evaluation(title: &str, model: &str, task: &str, raw: &str) -> Value {
    let score: f64 = raw.parse().unwrap();
    json!({
        "type": "finding", "nature": "evaluation", "title": title,
        "models": [{ "name": model, "revision": "step143000" }],
        "unscored": [{ "task": "lambada", "metric": "ppl", "raw": "NaN", "reason": "the score is no finite number" }],
        "evaluation": {
            "schema_version": "0.3.0", "evaluation_id": title, "retrieved_timestamp": "1764000000",
            "source_metadata": {
                "source_type": "evaluation_run", "source_organization_name": "unknown",
                "evaluator_relationship": "first_party",
            },
            "eval_library": { "name": "lm-eval", "version": "0.4.8" },
            "model_info": {
                "name": model, "id": model,
                "additional_details": { "deployment_type": "unknown", "model_availability": "unknown" },
            },
            "evaluation_results": [{
                "evaluation_name": task, "source_data": { "dataset_name": task, "source_type": "other" },
                "metric_config": { "metric_id": "acc", "lower_is_better": false },
                "score_details": {
                    "score": score, "details": { "raw": raw },
                    "uncertainty": { "standard_error": { "value": 0.0102 }, "num_samples": 2376 },
                },
                "generation_config": { "additional_details": { "num_fewshot": "5" } },
            }],
        },
    })
}

fn publish(node: &Node, publication: &Value) -> String {
    let published = node.run_with(&["publish", "-", "--json"], publication.to_string().as_bytes()).well().objects();
    published[0]["id"].as_str().unwrap().to_owned()
}

fn about(node: &Node, model: &str) -> Value {
    node.run(&["about", model, "--json"]).well().objects().remove(0)
}

/// Waits until the node holds an entry, whatever became of it.
fn has(node: &Node, id: &str) {
    until("the entry is there", || node.run(&["show", id, "--json"]).code == 0);
}

fn names(said: &Value) -> Vec<&str> {
    said.as_array().unwrap().iter().map(|who| who["org_name"].as_str().unwrap()).collect()
}

#[test]
fn three_nodes_say_the_same_about_a_model_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    let [vendor, lab, other] = &nodes;
    let release =
        json!({ "type": "release", "title": "Weights", "name": MODEL, "version": "1.0", "license": "Apache-2.0" });
    publish(vendor, &release);
    let own = publish(vendor, &evaluation("The vendor's run", MODEL, "arc_easy", "0.43560606060606061"));
    let theirs = publish(lab, &evaluation("Another run", MODEL, "arc_easy", "0.4340"));
    let hosted = publish(lab, &evaluation("As it is hosted\u{1b}[2J", "pythia-hosted", "arc_easy", "0.5"));
    let risk = json!({
        "type": "finding", "nature": "risk", "title": "Repeats what it was trained on", "severity": "high",
        "models": [{ "name": MODEL }],
    });
    let risk = publish(other, &risk);
    let call = json!({ "type": "call", "title": "Who tests it in Welsh?", "ends": "2027-01-31", "models": [{ "name": MODEL }] });
    publish(other, &call);
    let gone = publish(other, &evaluation("A mistake", MODEL, "arc_easy", "0.99"));
    other.run(&["retract", &gone, "--reason", "wrong split"]).well();
    has(other, &theirs);
    has(other, &own);
    has(lab, &own);
    has(vendor, &theirs);
    vendor.run(&["replicate", &theirs]).well();
    other.run(&["replicate", &theirs]).well();
    other.run(&["dispute", &own, "--body", "Not with our prompts."]).well();
    has(lab, &risk);
    lab.run(&["endorse", &risk, "--body", "Seen here too."]).well();
    lab.run(&["comment", &risk, "--body", "Which part of the training data?"]).well();
    has(vendor, &risk);
    vendor.run(&["respond", &risk, "investigating", "--body", "We look into it."]).well();
    let notice = lab.run(&["same-as", MODEL, "pythia-hosted", "--json"]).well().objects().remove(0);
    let notice = notice["id"].as_str().unwrap().to_owned();

    let ready = |node: &Node| {
        let page = about(node, MODEL);
        page["reviews"].as_array().unwrap().len() == 5
            && page["names"].as_array().unwrap().len() == 2
            && !page["risks"][0]["responses"].as_array().unwrap().is_empty()
            && page["hidden"]["retracted"] == 1
            && page["behind_entries"] == 0
    };
    until("all know all", || nodes.iter().all(ready));
    let texts: Vec<String> = nodes.iter().map(|node| node.run(&["about", MODEL, "--json"]).well().stdout).collect();
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);

    let page = about(lab, MODEL);
    let keys: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["model", "names", "evaluations", "risks", "mitigations", "releases", "reviews", "calls"] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    assert_eq!(
        (page["vendor"][0]["org_name"].as_str(), page["names"][1]["name"].as_str()),
        (Some("Founder"), Some("pythia-hosted"))
    );
    assert_eq!(names(&page["names"][1]["said"]), ["Carded"]);
    let scores = page["evaluations"][0]["scores"].as_array().unwrap();
    let shown: Vec<(&str, &str, &str)> = scores
        .iter()
        .map(|one| (one["party"].as_str().unwrap(), one["score"].as_str().unwrap(), one["id"].as_str().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [("first", "0.43560606060606061", &own[..]), ("third", "0.5", &hosted), ("third", "0.4340", &theirs)],
        "the numbers as they were written, the vendor's first"
    );
    assert_eq!(names(&scores[0]["disputed_by"]), ["Invited"]);
    assert_eq!(names(&scores[2]["replicated_by"]), ["Invited"]);
    assert_eq!(scores[2]["not_counted"][0]["reason"], "vendor");
    assert_eq!(page["risks"][0]["responses"][0]["response"], "investigating");
    assert_eq!(page["unscored"].as_array().unwrap().len(), 3);
    assert_eq!(page["calls"][0]["ends"], "2027-01-31");
    let all = node_json(other, &["about", MODEL, "--all", "--json"]);
    assert_eq!(all["evaluations"][0]["scores"].as_array().unwrap().len(), 4);

    let words = lab.run(&["about", MODEL]).well();
    for text in [
        "same as       pythia-hosted; 1 publication; said by Carded in ",
        "vendor        Founder (released it)",
        "first party",
        "0.43560606060606061",
        "DISPUTED by Invited",
        "replication not counted (the vendor)",
        "Open risks",
        "Founder (", // it answers
        "the vendor: investigating",
        "Who tests it in Welsh?",
    ] {
        assert!(words.stdout.contains(text), "{text} in\n{}", words.stdout);
    }
    assert!(!words.stdout.contains('\u{1b}') && words.stderr.contains("Left out: 1 retracted"), "{}", words.stderr);

    // One rule for all views: the vendor's replication does not count, and what it answers is shown.
    vendor.run(&["respond", &theirs, "not-affected", "--body", "We see the same."]).well();
    until("its answer is known", || about(lab, MODEL)["evaluations"][0]["scores"][2]["responses"][0].is_object());
    let shown = lab.run(&["show", &theirs]).well().stdout;
    for text in ["1 organisation: Invited (", "replication by Founder (", "): the vendor", ", not affected)"] {
        assert!(shown.contains(text), "{text} in\n{shown}");
    }
    let table = folder.path().join("all.csv");
    lab.run(&["export", "csv", "--to", table.to_str().unwrap()]).well();
    let table = std::fs::read_to_string(table).unwrap();
    let (head, row) = (table.lines().next().unwrap(), table.lines().find(|line| line.contains(&theirs)).unwrap());
    let at = head.split(',').position(|name| name == "replications").unwrap();
    assert_eq!(row.split(',').nth(at), Some("1"), "{row}");

    // On a terminal of eighty columns nothing is wider, whatever the names.
    let command = format!("stty cols 80; {} --home {} about {MODEL}", env!("CARGO_BIN_EXE_lyceum"), lab.home.display());
    let shown = std::process::Command::new("script").args(["-qec", &command, "/dev/null"]).output().unwrap().stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("Open risks"), "{shown}");
    let widest = shown.lines().max_by_key(|line| line.trim_end().chars().count()).unwrap();
    assert!(widest.trim_end().chars().count() <= 80, "{widest}\n{shown}");

    // Who doubts that the names mean one model says so: they are then listed apart, on every node.
    has(other, &notice);
    other.run(&["dispute", &notice, "--body", "It is a distilled one."]).well();
    until("nobody joins them", || nodes.iter().all(|node| about(node, MODEL)["names"][1]["joined"] == false));
    assert_eq!(about(vendor, MODEL)["evaluations"][0]["scores"].as_array().unwrap().len(), 2);
    let found = node_json(vendor, &["search", "--model", MODEL, "--type", "release", "--json"]);
    assert_eq!(found["title"], "Weights");
    vendor.run(&["about", " "]).badly(2, "no name of a model");
    vendor.run(&["about", "nobody/knows"]).well();
}

fn node_json(node: &Node, args: &[&str]) -> Value {
    node.run(args).well().objects().remove(0)
}
