//! Any publication that is read, however odd, with any outcome.

use lyceum_node::api::shapes::{OutcomeShape, RetractionShape, SaidShape};
use lyceum_node::export::Item;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::fixture;

/// Texts that have broken something before, and any other.
pub(crate) fn text() -> BoxedStrategy<String> {
    let odd = [
        "=1+1",
        "@x",
        "-0.5",
        "'",
        "\"",
        "a,b\r\nc",
        "../../x",
        "..",
        "/",
        "\u{0}",
        "\u{9b}31m",
        "\u{202e}x",
        "---\n",
        "a: b",
        "# x",
        "{",
        "}",
        "\\end{document}",
        "and",
        "\u{feff}",
        "\u{85}",
        "unknown",
        "no",
        "1.0e",
        "%",
        "言語",
        "\u{ffff}",
        " on the x benchmark",
        "`probe`",
        "\u{1f469}\u{200d}\u{1f52c}",
        "&*!|>",
        "\t",
        "null",
        "~",
        "[left",
        "NaN",
    ];
    prop_oneof![
        select(odd.to_vec()).prop_map(str::to_owned),
        (select(odd.to_vec()), any::<String>()).prop_map(|(odd, any)| format!("{odd}{any}")),
        any::<String>(),
    ]
    .boxed()
}

fn said() -> impl Strategy<Value = String> {
    text().prop_map(|text| if text.trim().is_empty() { format!("x{text}") } else { text })
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1.0..1.0, any::<f64>().prop_filter("finite", |number| number.is_finite())]
}

fn object(fields: Vec<(&'static str, Option<Value>)>) -> Value {
    let there = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn details() -> BoxedStrategy<Value> {
    let names = [
        "raw",
        "filter",
        "scorer",
        "num_fewshot",
        "dataset_config",
        "dataset_revision",
        "task_type",
        "source_url",
        "source_name",
        "type",
        "split",
        "lyceum_marking",
        "precision",
    ];
    vec((select(names.to_vec()), text()), 0..4)
        .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()))
        .boxed()
}

fn result() -> BoxedStrategy<Value> {
    let source = prop_oneof![
        (text(), details()).prop_map(|(name, details)| json!({ "dataset_name": name, "source_type": "other", "additional_details": details })),
        (text(), prop_oneof![text(), Just("org/data".to_owned())], details()).prop_map(|(name, repo, details)| json!({ "dataset_name": name, "source_type": "hf_dataset", "hf_repo": repo, "additional_details": details })),
    ];
    let metric = (of(text()), of(text()), any::<bool>(), details()).prop_map(|(name, unit, lower, details)| {
        object(vec![
            ("metric_name", name.map(Value::from)),
            ("metric_unit", unit.map(Value::from)),
            ("lower_is_better", Some(lower.into())),
            ("additional_details", Some(details)),
        ])
    });
    let uncertainty = (number(), any::<u64>())
        .prop_map(|(error, n)| json!({ "standard_error": { "value": error }, "num_samples": n }));
    (text(), source, metric, number(), details(), of(uncertainty), of(text()), details())
        .prop_map(|(task, source, metric, score, details, uncertainty, time, setting)| {
            object(vec![
                ("evaluation_name", Some(task.into())),
                ("source_data", Some(source)),
                ("metric_config", Some(metric)),
                (
                    "score_details",
                    Some(object(vec![
                        ("score", Some(json!(score))),
                        ("details", Some(details)),
                        ("uncertainty", uncertainty),
                    ])),
                ),
                ("evaluation_timestamp", time.map(Value::from)),
                ("generation_config", Some(json!({ "additional_details": setting }))),
            ])
        })
        .boxed()
}

fn record() -> BoxedStrategy<Value> {
    let source = (of(text()), text(), of(text()), of(details())).prop_map(|(name, org, url, details)| {
        object(vec![
            ("source_name", name.map(Value::from)),
            ("source_type", Some("documentation".into())),
            ("source_organization_name", Some(org.into())),
            ("source_organization_url", url.map(Value::from)),
            ("evaluator_relationship", Some("other".into())),
            ("additional_details", details),
        ])
    });
    let model = (text(), text(), of(text())).prop_map(|(name, id, developer)| {
        object(vec![
            ("name", Some(name.into())),
            ("id", Some(id.into())),
            ("developer", developer.map(Value::from)),
            ("additional_details", Some(json!({ "deployment_type": "unknown", "model_availability": "unknown" }))),
        ])
    });
    (source, model, text(), text(), vec(result(), 0..4)).prop_map(|(source, model, tool, version, results)| {
        json!({
            "schema_version": "0.3.0", "evaluation_id": "x", "retrieved_timestamp": "1", "source_metadata": source,
            "eval_library": { "name": tool, "version": version }, "model_info": model, "evaluation_results": results,
        })
    })
    .boxed()
}

type Own = Vec<(&'static str, Option<Value>)>;

fn own() -> BoxedStrategy<Own> {
    let unscored = (said(), of(text()), text(), said()).prop_map(|(task, metric, raw, reason)| {
        object(vec![
            ("task", Some(task.into())),
            ("metric", metric.map(Value::from)),
            ("raw", Some(raw.into())),
            ("reason", Some(reason.into())),
        ])
    });
    let severities = of(select(vec!["low", "critical"])).prop_map(|word| word.map(Value::from));
    prop_oneof![
        1 => Just(vec![("type", Some(json!("note")))]),
        4 => (record(), vec(unscored, 0..3)).prop_map(|(record, unscored)| vec![
            ("type", Some(json!("finding"))),
            ("nature", Some(json!("evaluation"))),
            ("evaluation", Some(record)),
            ("unscored", Some(unscored.into())),
        ]),
        2 => (select(vec!["risk", "incident"]), severities, vec(said(), 1..3)).prop_map(
            |(nature, severity, affected)| vec![
                ("type", Some(json!("finding"))),
                ("nature", Some(nature.into())),
                ("severity", severity),
                ("affected", Some(affected.into())),
            ]
        ),
        1 => (said(), of(text()), of(said())).prop_map(|(name, version, place)| vec![
            ("type", Some(json!("release"))),
            ("name", Some(name.into())),
            ("version", version.map(Value::from)),
            ("where", place.map(Value::from)),
        ]),
        1 => (of(text()), of(said()), select(vec!["tool", "dataset"])).prop_map(|(version, address, kind)| vec![
            ("type", Some(json!("resource"))),
            ("kind", Some(kind.into())),
            ("version", version.map(Value::from)),
            ("address", address.map(Value::from)),
        ]),
    ]
    .boxed()
}

fn publication() -> BoxedStrategy<Value> {
    let terms = vec(select(vec!["avid-sep-0.2:S0403", "avid-sep-9:E0100", "avid-sep:P0400", "a:b"]), 0..3);
    let models = vec((said(), of(text())), 1..3);
    let common = (said(), of(text()), of(text()), vec(said(), 0..3), vec(said(), 0..3), of(text()), of(text()));
    (common, own(), models, terms)
        .prop_map(|((title, summary, body, tags, authors, created, license), own, models, terms)| {
            let title: String = title.chars().take(300).collect();
            let models: Vec<Value> = models
                .into_iter()
                .map(|(name, provider)| {
                    object(vec![("name", Some(name.into())), ("provider", provider.map(Value::from))])
                })
                .collect();
            // A record is of one of the models: under its id, or with another id under its name.
            let called = models[0]["name"].clone();
            let own = own.into_iter().map(|(field, value)| match (field, value) {
                ("evaluation", Some(mut record)) => {
                    let at = if record["evaluation_results"].as_array().unwrap().len() > 2 { "name" } else { "id" };
                    record["model_info"][at] = called.clone();
                    (field, Some(record))
                }
                other => other,
            });
            let authors: Vec<Value> = authors.into_iter().map(|name| json!({ "name": name })).collect();
            let common = vec![
                ("title", Some(title.into())),
                ("summary", summary.map(Value::from)),
                ("body", body.map(Value::from)),
                ("tags", Some(tags.into())),
                ("authors", Some(authors.into())),
                ("created", created.map(Value::from)),
                ("license", license.map(Value::from)),
                ("taxonomies", Some(terms.into())),
                ("models", Some(models.into())),
            ];
            object(common.into_iter().chain(own).collect())
        })
        .boxed()
}

fn outcome() -> BoxedStrategy<OutcomeShape> {
    let time = || Just("2026-11-22T10:00:00.000Z".to_owned());
    let retraction =
        || (time(), of(text())).prop_map(|(time, reason)| RetractionShape { by: "cd".repeat(32), time, reason });
    let said = (select(vec!["disputes", "replicates", "cites"]), text(), any::<bool>()).prop_map(|(rel, org, own)| {
        SaidShape {
            rel: rel.to_owned(),
            org: org.clone(),
            org_name: org,
            own,
            id: "cd".repeat(32),
            time: String::new(),
            of_version: None,
            response: None,
            not_counted: None,
        }
    });
    (vec(Just("ef".repeat(32)), 0..2), of(retraction()), of(retraction()), vec(said, 0..3))
        .prop_map(|(superseded_by, retracted, newest_retracted, said)| OutcomeShape {
            version: 1,
            newest: superseded_by.first().cloned(),
            superseded_by,
            beside: Vec::new(),
            copy_of: None,
            retracted,
            newest_retracted,
            said,
            behind_entries: 0,
        })
        .boxed()
}

/// Any publication, and what is known of it.
pub(crate) fn any_item() -> BoxedStrategy<Item> {
    let marking = select(vec!["CLEAR", "GREEN"]);
    (publication(), outcome(), text(), marking)
        .prop_map(|(publication, outcome, org_name, marking)| {
            let mut item = fixture::item(&publication);
            item.line.org_name = org_name;
            item.line.marking = marking.to_owned();
            item.outcome = outcome;
            item
        })
        .boxed()
}
