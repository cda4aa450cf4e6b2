//! What is written, how it is split, and what it is recognised by.

use super::*;
use crate::import::found::{Model, Row};
use crate::import::number;
use crate::import::tree::Tree;

/// Hashes of two files.
const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const OTHER: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn making<'a>(keep: &'a Keep, retrieved: u64) -> Making<'a> {
    Making { format: "lm-eval", file_sha256: ONE, retrieved, keep }
}

fn evaluation(tasks: usize, metrics: usize) -> Evaluation {
    let mut evaluation = Evaluation { model: Model::named(Some("org/m")), ..Evaluation::default() };
    for task in 0..tasks {
        for metric in 0..metrics {
            let value = number::read(Some(&Tree::Number(format!("0.{metric}1"))));
            evaluation.push(Row {
                lower_is_better: Some(false),
                ..Row::new(format!("task_{task}"), format!("m{metric}"), value)
            });
        }
    }
    evaluation
}

fn json(ready: &Ready) -> serde_json::Value {
    serde_json::from_slice(&ready.publication.to_bytes()).unwrap()
}

#[test]
fn a_record_has_all_that_the_schema_requires() {
    let keep = Keep::default();
    let ready = publications(evaluation(1, 1).into_found(None), &making(&keep, 7)).unwrap();
    let json = json(&ready[0]);
    let record = &json["evaluation"];
    assert_eq!(record["schema_version"], "0.3.0");
    assert_eq!(record["retrieved_timestamp"], "7");
    assert_eq!(record["eval_library"]["version"], "unknown");
    assert_eq!(record["source_metadata"]["evaluator_relationship"], "other");
    assert_eq!(record["model_info"]["additional_details"]["deployment_type"], "unknown");
    let result = &record["evaluation_results"][0];
    assert_eq!(result["score_details"]["score"], 0.01);
    assert_eq!(result["score_details"]["details"]["raw"], "0.01");
    assert_eq!(result["metric_config"].get("metric_unit"), None, "missing stays missing where it may");
    assert_eq!(result["source_data"]["source_type"], "other");
    assert!(record["evaluation_id"].as_str().unwrap().starts_with("lm-eval/org_m/"));
}

#[test]
fn it_is_recognised_whenever_and_from_whichever_file_it_is_read() {
    let keep = Keep::default();
    let content = |retrieved: u64, sha: &str, tasks: usize| {
        let making = Making { file_sha256: sha, ..making(&keep, retrieved) };
        publications(evaluation(tasks, 1).into_found(None), &making).unwrap()[0].content.clone()
    };
    assert_eq!(content(1, ONE, 1), content(2, OTHER, 1));
    assert_ne!(content(1, ONE, 1), content(1, ONE, 2));
}

#[test]
fn what_is_too_large_is_split_between_tasks_in_the_order_of_the_file() {
    let keep = Keep::default();
    let ready = publications(evaluation(60, 20).into_found(None), &making(&keep, 1)).unwrap();
    assert!(ready.len() > 1);
    let mut tasks = Vec::new();
    for (n, part) in ready.iter().enumerate() {
        assert!(part.publication.to_bytes().len() <= PART_MAX, "{}", part.publication.to_bytes().len());
        let json = json(part);
        assert!(part.publication.title.ends_with(&format!("(part {} of {})", n + 1, ready.len())));
        assert_eq!(json["import"]["part"]["number"], n + 1);
        for result in json["evaluation"]["evaluation_results"].as_array().unwrap() {
            tasks.push((n, result["evaluation_name"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(tasks.len(), 60 * 20);
    let names: Vec<String> = tasks.chunk_by(|a, b| a.1 == b.1).map(|chunk| chunk[0].1.clone()).collect();
    assert_eq!(names, (0..60).map(|n| format!("task_{n}")).collect::<Vec<_>>(), "none is torn");
    let linked = ready[1].linked_to(&"ab".repeat(32)).unwrap();
    assert_eq!(linked.links[0].rel, Rel::Cites);
}

#[test]
fn a_stub_says_so_everywhere() {
    let keep = Keep::default();
    let mut found = evaluation(1, 1).into_found(None);
    found.stub = Some("mockllm is no model".to_owned());
    let ready = publications(found, &making(&keep, 1)).unwrap();
    let json = json(&ready[0]);
    assert_eq!(json["import"]["stub"], true);
    assert!(json["title"].as_str().unwrap().starts_with("Dry run: "));
    assert!(json["summary"].as_str().unwrap().starts_with("No evidence: mockllm is no model."));
}

#[test]
fn what_must_not_leave_is_listed_and_gone() {
    let keep = Keep::default();
    let mut evaluation = evaluation(1, 1);
    evaluation.source_details.push(("path".to_owned(), "/home/ada/run".to_owned()));
    let ready = publications(evaluation.into_found(None), &making(&keep, 1)).unwrap();
    assert!(!String::from_utf8(ready[0].publication.to_bytes()).unwrap().contains("/home/ada"));
    assert_eq!(ready[0].left_out[0].field, "evaluation.source_metadata.additional_details.path");
}
