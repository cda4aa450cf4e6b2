//! The files that researchers gave us, in an alliance: three daemons share all of them and say the same about a model.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cluster::{Node, three, until};

/// Model, task, metric, score as its file writes it, n: copied by eye.
const SHOWN: [(&str, &str, &str, &str, Option<u64>); 6] = [
    ("openai/gpt-4o-mini", "popularity", "accuracy", "0.63", Some(100)),
    ("TencentARC/LLaMA-Pro-8B-Instruct", "IFEval", "IFEval", "0.4486", None),
    ("TencentARC/LLaMA-Pro-8B-Instruct", "BBH", "BBH", "0.4224", None),
    ("meta-llama/Meta-Llama-3-8B-Instruct", "asdiv", "acc", "0.92", Some(50)),
    ("Qwen/Qwen2.5-1.5B", "arc_challenge", "acc", "0.41467576791808874", Some(1_172)),
    ("gpt-4o-mini", "battery_electrolyte_qa", "exact_match", "0.35", Some(20)),
];

fn samples() -> PathBuf {
    let samples = std::env::var_os("LYCEUM_SAMPLES").map(PathBuf::from);
    let samples = samples.filter(|samples| samples.is_dir());
    samples.unwrap_or_else(|| panic!("LYCEUM_SAMPLES names no folder of samples"))
}

/// Everything in these folders of the samples; a folder with a run in it is imported as one.
fn all(samples: &Path, folders: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for folder in folders {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(samples.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        files.extend(inside.into_iter().map(|path| path.display().to_string()));
    }
    files
}

fn import(node: &Node, files: &[String]) -> Vec<Value> {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    node.run(&[&["import", "--json"], files.as_slice()].concat()).objects()
}

#[test]
#[ignore = "needs the folder that LYCEUM_SAMPLES names"]
fn three_nodes_share_all_samples_and_say_the_same_about_three_models() {
    let samples = samples();
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(folder.path());
    let shares: [&[&str]; 3] = [
        &["lm-eval", "inspect", "ailuminate"],
        &["helm", "garak", "every-eval-ever", "model-cards"],
        &["avid", "osv", "aiid", "croissant", "citation", "notes"],
    ];
    let mut published = 0;
    for (node, share) in nodes.iter().zip(shares) {
        for file in import(node, &all(&samples, share)) {
            if file["reason"].is_null() {
                published += 1;
            } else {
                // Two files are twins of others. What may be refused, the table of the importers' tests says.
                assert!(file["id"].is_null() || file["unchanged"] == true, "{file}");
            }
        }
    }
    assert!(published > 80, "{published} findings and notes");
    println!("{published} publications out of the samples");
    until("all nodes hold and know the same", || {
        let said: Vec<Value> = nodes.iter().map(Node::status).collect();
        said.iter().all(|status| {
            status["digest"] == said[0]["digest"]
                && status["entries"].as_u64() >= Some(published)
                && status["index"]["behind_entries"] == 0
        })
    });
    for (model, task, metric, score, n) in SHOWN {
        let texts: Vec<String> = nodes.iter().map(|node| node.run(&["about", model, "--json"]).well().stdout).collect();
        assert!(texts.iter().all(|text| *text == texts[0]), "{model}: {texts:#?}");
        let page: Value = serde_json::from_str(&texts[0]).unwrap();
        let rows = page["evaluations"].as_array().unwrap();
        let scores = rows.iter().filter(|row| row["task"] == task && row["metric"] == metric);
        let found = scores.flat_map(|row| row["scores"].as_array().unwrap());
        let found = found.into_iter().any(|one| one["score"] == score && one["n"].as_u64() == n);
        assert!(found, "{model} {task} {metric} {score} in {page:#}");
    }
}
