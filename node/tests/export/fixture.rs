//! Publications for these tests, and what our importers make of an export.

use std::path::Path;

use lyceum_node::api::shapes::{EntryLine, OutcomeShape, RetractionShape, SaidShape};
use lyceum_node::export::Item;
use lyceum_node::import::{Options, import};
use lyceum_protocol::publication::Publication;
use serde_json::{Value, json};

/// The id of an entry that these tests talk about.
pub(crate) const ID: &str = "3f9a1c20d4e5f607a8b9cadbecfd0e1f3f9a1c20d4e5f607a8b9cadbecfd0e1f";

/// A publication of the organisation Example Lab, GREEN, about which nobody has said anything.
pub(crate) fn item(publication: &Value) -> Item {
    let publication = Publication::read(publication.to_string().as_bytes()).unwrap();
    Item {
        line: EntryLine {
            id: ID.to_owned(),
            org: "ab".repeat(32),
            org_name: "Example Lab & Söhne".to_owned(),
            author: "12D3KooW".to_owned(),
            seq: 3,
            time: "2026-11-20T08:00:00.123Z".to_owned(),
            kind: Some(publication.kind.name().to_owned()),
            title: Some(publication.title.clone()),
            marking: "GREEN".to_owned(),
            language: None,
            links: Vec::new(),
            standing: "good".to_owned(),
            unreadable: None,
            left_out: None,
        },
        outcome: OutcomeShape::first(),
        publication,
    }
}

fn said(rel: &str, org: &str, own: bool) -> SaidShape {
    SaidShape {
        rel: rel.to_owned(),
        org: format!("id of {org}"),
        org_name: org.to_owned(),
        own,
        id: "cd".repeat(32),
        time: "2026-11-21T00:00:00.000Z".to_owned(),
        of_version: None,
        response: None,
        not_counted: None,
    }
}

/// The same, superseded and retracted, disputed by two organisations and replicated by one.
pub(crate) fn fallen(mut item: Item) -> Item {
    item.outcome = OutcomeShape {
        version: 2,
        newest: Some("ef".repeat(32)),
        superseded_by: vec!["ef".repeat(32)],
        retracted: Some(RetractionShape {
            by: "cd".repeat(32),
            time: "2026-11-22T10:00:00.000Z".to_owned(),
            reason: Some("The scorer\nwas wrong".to_owned()),
        }),
        newest_retracted: None,
        said: vec![
            said("disputes", "Carded", false),
            said("disputes", "Carded", false),
            said("disputes", "Invited", false),
            said("disputes", "Example Lab", true),
            said("replicates", "Invited", false),
        ],
        beside: Vec::new(),
        copy_of: None,
        behind_entries: 0,
    };
    item
}

/// Two scores of two tasks of a model, and two values that are none.
pub(crate) fn evaluation() -> Value {
    json!({
        "type": "finding",
        "nature": "evaluation",
        "title": "=pythia on hellaswag, and \"more\"",
        "models": [{ "name": "EleutherAI/pythia-1.4b", "revision": "step1000", "provider": "local" }],
        "tags": ["a b", "c"],
        "taxonomies": ["avid-sep-0.2:P0204", "avid-sep-0.2:E0100", "owasp-llm-2025:LLM02"],
        "evaluation": {
            "schema_version": "0.3.0",
            "evaluation_id": "lm-eval/pythia/1",
            "evaluation_timestamp": "1764000000",
            "retrieved_timestamp": "1764000001",
            "source_metadata": {
                "source_type": "evaluation_run",
                "source_organization_name": "unknown",
                "evaluator_relationship": "third_party",
                "source_organization_url": "https://example.org/runs",
                "additional_details": { "kept": "yes", "lyceum_marking": "CLEAR" },
            },
            "eval_library": { "name": "lm-eval", "version": "0.4.8" },
            "model_info": {
                "name": "EleutherAI/pythia-1.4b",
                "id": "EleutherAI/pythia-1.4b",
                "developer": "EleutherAI",
                "additional_details": {
                    "deployment_type": "self_deployed", "model_availability": "open_weights", "precision": "float16",
                },
            },
            "evaluation_results": [
                {
                    "evaluation_name": "hellaswag",
                    "source_data": {
                        "dataset_name": "hellaswag", "source_type": "hf_dataset", "hf_repo": "Rowan/hellaswag",
                        "hf_split": "test", "additional_details": {
                            "task_version": "1", "dataset_config": "main",
                            "dataset_revision": "218ec52e09a7e7462a5400043bb9a69a41d06b76",
                        },
                    },
                    "metric_config": {
                        "metric_name": "acc_norm", "metric_unit": "proportion", "lower_is_better": false,
                        "score_type": "continuous", "min_score": 0, "max_score": 1,
                        "additional_details": { "filter": "none" },
                    },
                    "score_details": {
                        "score": 0.4500, "details": { "raw": "0.4500", "source_name": "Run 7" },
                        "uncertainty": { "standard_error": { "value": 0.005 }, "num_samples": 10042 },
                    },
                    "generation_config": { "additional_details": { "num_fewshot": "5" } },
                },
                {
                    "evaluation_name": "wikitext",
                    "source_data": { "dataset_name": "wikitext", "source_type": "other" },
                    "metric_config": {
                        "metric_name": "word_perplexity", "metric_unit": "unknown", "lower_is_better": true,
                        "score_type": "continuous", "min_score": 0, "max_score": "Infinity",
                    },
                    "score_details": { "score": 1.5e-7, "details": { "raw": "1.5e-7" } },
                },
            ],
        },
        "unscored": [
            { "task": "bbq", "metric": "bias", "raw": "-0.1", "reason": "neither a high nor a low value is the best" },
            { "task": "arc", "raw": "", "reason": "no value" },
        ],
    })
}

/// A risk.
pub(crate) fn risk() -> Value {
    json!({
        "type": "finding", "nature": "risk", "title": "Prompts leak", "severity": "high", "likelihood": "medium",
        "affected": ["Some agent"], "models": [{ "name": "lab/model" }], "body": "It repeats its prompt.",
        "taxonomies": ["avid-sep-0.2:S0301"], "language": "en", "created": "2026-11-01",
        "authors": [{ "name": "Ada Lovelace" }],
    })
}

/// What importing an export gives: the publications.
pub(crate) fn imported(name: &str, text: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    imported_file(&path)
}

pub(crate) fn imported_file(path: &Path) -> Vec<Value> {
    let report = import(path, &Options { all: true, ..Options::default() }, &|_| {});
    assert_eq!(report.reason, None, "{:?}", report.format);
    report.ready.iter().map(|(ready, _)| serde_json::from_slice(&ready.publication.to_bytes()).unwrap()).collect()
}

/// Task, metric, value and raw text of the scores of a publication.
pub(crate) fn scores(publication: &Value) -> Vec<(String, String, f64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = publication["evaluation"]["evaluation_results"].as_array().unwrap();
    let one = |result: &Value| {
        (
            text(&result["evaluation_name"]),
            text(&result["metric_config"]["metric_name"]),
            result["score_details"]["score"].as_f64().unwrap(),
            text(&result["score_details"]["details"]["raw"]),
        )
    };
    results.iter().map(one).collect()
}
