//! Publications: every type, with each of its rules broken once.

use serde_json::{Value, json};

use crate::case::Cases;

const ID: &str = "abababababababababababababababababababababababababababababababab";
const HASH: &str = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd";

/// An object with fields over it; null takes one away.
fn with(base: &Value, over: Value) -> Value {
    let mut fields = base.as_object().unwrap().clone();
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(name),
            value => fields.insert(name.clone(), value.clone()),
        };
    }
    Value::Object(fields)
}

fn note() -> Value {
    json!({ "type": "note", "title": "A note" })
}

fn finding(nature: &str) -> Value {
    json!({ "type": "finding", "title": "A finding", "nature": nature, "models": [{ "name": "gpt2" }] })
}

fn of(kind: &str) -> Value {
    json!({ "type": kind, "title": "Of this type" })
}

fn link(rel: &str) -> Value {
    json!([{ "rel": rel, "target": ID }])
}

fn result() -> Value {
    json!({
        "evaluation_name": "arc_easy",
        "source_data": { "dataset_name": "arc_easy", "source_type": "hf_dataset", "hf_repo": "allenai/ai2_arc" },
        "metric_config": {
            "metric_id": "acc", "lower_is_better": false, "score_type": "continuous", "min_score": 0, "max_score": null,
        },
        "score_details": {
            "score": 0.25, "details": { "raw": "0.2500" },
            "uncertainty": { "standard_error": { "value": 0.01 }, "num_samples": 2376 },
        },
        "generation_config": { "generation_args": { "temperature": 0 }, "additional_details": { "num_fewshot": "5" } },
    })
}

fn record() -> Value {
    json!({
        "schema_version": "0.3.0", "evaluation_id": "run/1", "retrieved_timestamp": "1770682486",
        "source_metadata": {
            "source_type": "evaluation_run", "source_organization_name": "unknown", "evaluator_relationship": "third_party",
        },
        "eval_library": { "name": "lm_eval", "version": "unknown" },
        "model_info": {
            "name": "gpt2", "id": "openai-community/gpt2",
            "additional_details": { "deployment_type": "self_deployed", "model_availability": "open_weights" },
        },
        "evaluation_results": [result()],
    })
}

fn evaluation(over: Value) -> Value {
    with(&finding("evaluation"), json!({ "evaluation": with(&record(), over) }))
}

fn evaluation_of(over: Value) -> Value {
    evaluation(json!({ "evaluation_results": [with(&result(), over)] }))
}

pub(crate) fn publications() -> Cases {
    let mut cases = Cases::default();
    common(&mut cases);
    natures(&mut cases);
    evaluations(&mut cases);
    others(&mut cases);
    cases
}

struct Adding<'a>(&'a mut Cases);

impl Adding<'_> {
    fn valid(&mut self, name: &str, publication: &Value) {
        self.0.valid("E19", "publication", name, json!({ "content": publication.to_string() }));
    }

    fn invalid(&mut self, name: &str, publication: &Value) {
        self.0.invalid("E19", "publication", name, json!({ "content": publication.to_string() }));
    }
}

fn common(cases: &mut Cases) {
    let raw = [("a repeated key", r#"{"type":"note","title":"a","title":"b"}"#), ("a list", "[]"), ("no JSON", "{")];
    for (name, content) in raw {
        cases.invalid("E19", "publication", name, json!({ "content": content }));
    }
    let mut add = Adding(cases);
    let full = json!({
        "summary": "s", "body": "b", "language": "pt-BR", "created": "2026-11-25", "license": "CC-BY-4.0",
        "authors": [{ "name": "Ada", "orcid": "0000-0002-1825-0097", "affiliation": "Lab" }], "tags": ["a"],
        "taxonomies": ["owasp-llm-2025:LLM02", "mitre-atlas-5.6.0:AML.T0051.001", "own:anything"],
        "links": [{ "rel": "cites", "target": "https://example.org" }, { "rel": "supersedes", "target": ID }],
        "attachments": [{ "name": "a", "media_type": "text/plain", "size": 1, "blake3": HASH, "sha256": HASH }],
        "unknown": { "kept": true },
    });
    add.valid("a note", &note());
    add.valid("all common fields", &with(&note(), full));
    add.valid("a field of null is absent", &json!({ "type": "note", "title": "t", "body": null }));
    add.valid("an unknown type", &of("poster"));
    for (name, over) in [
        ("no title", json!({ "title": null })),
        ("a blank title", json!({ "title": " " })),
        ("a body that is no text", json!({ "body": 1 })),
        ("a language of another shape", json!({ "language": "en_US" })),
        ("an ORCID with a wrong check digit", json!({ "authors": [{ "name": "A", "orcid": "0000-0002-1825-0098" }] })),
        ("a term without a taxonomy", json!({ "taxonomies": ["LLM02"] })),
        ("a code of another shape", json!({ "taxonomies": ["owasp-llm-2025:LLM11"] })),
        ("a code of ATLAS of another shape", json!({ "taxonomies": ["mitre-atlas-5.6.0:T0051"] })),
        ("a hazard of another shape", json!({ "taxonomies": ["ailuminate-1.1:hate"] })),
        ("a category of AVID with its name", json!({ "taxonomies": ["avid-sep-0.2:S0403: Adversarial Example"] })),
        ("retracts something that is no entry", json!({ "links": [{ "rel": "retracts", "target": "x" }] })),
        (
            "a hash in capitals",
            json!({ "attachments": [
            { "name": "a", "media_type": "b", "size": 1, "blake3": HASH.to_uppercase(), "sha256": HASH }] }),
        ),
    ] {
        add.invalid(name, &with(&note(), over));
    }
    let import = json!({ "format": "lm-eval", "file_sha256": HASH, "content": HASH });
    let part = |part: Value| with(&note(), json!({ "import": with(&import, json!({ "part": part })) }));
    add.valid("an import", &part(json!({ "number": 2, "of": 2, "first": ID })));
    add.invalid("part 3 of 2", &part(json!({ "number": 3, "of": 2 })));
    add.invalid(
        "an import without its content's hash",
        &with(&note(), json!({ "import": { "format": "x", "file_sha256": HASH } })),
    );
}

fn natures(cases: &mut Cases) {
    let mut add = Adding(cases);
    add.valid("an unknown nature", &finding("opinion"));
    add.valid("a capability", &finding("capability"));
    add.invalid("a finding without a nature", &with(&finding(""), json!({ "nature": null })));
    add.invalid("a capability of no model", &with(&finding("capability"), json!({ "models": [] })));
    add.invalid("a model without a name", &with(&finding("capability"), json!({ "models": [{ "revision": "1" }] })));
    let risk = json!({ "severity": "high", "likelihood": "low", "affected": "users", "status": "open" });
    add.valid("a risk", &with(&finding("risk"), risk));
    add.valid(
        "a risk of something else than a model",
        &with(&finding("risk"), json!({ "models": null, "affected": ["a"] })),
    );
    add.invalid("a risk of nothing", &with(&finding("risk"), json!({ "models": null })));
    add.invalid("an unknown severity", &with(&finding("risk"), json!({ "severity": "huge" })));
    add.invalid("an unknown likelihood", &with(&finding("risk"), json!({ "likelihood": "critical" })));
    add.invalid("an unknown status", &with(&finding("risk"), json!({ "status": "done" })));
    let incident = json!({ "date": "2026-03", "affected": ["a", "b"], "harm": "h", "severity": "critical" });
    add.valid("an incident", &with(&finding("incident"), incident));
    add.invalid("a date that is none", &with(&finding("incident"), json!({ "date": "March 2026" })));
    add.valid(
        "a mitigation",
        &with(&finding("mitigation"), json!({ "models": null, "links": link("mitigates"), "status": "tested" })),
    );
    add.invalid("a mitigation of nothing", &with(&finding("mitigation"), json!({ "models": null })));
    add.invalid("a status of a risk", &with(&finding("mitigation"), json!({ "status": "open" })));
}

fn evaluations(cases: &mut Cases) {
    let mut add = Adding(cases);
    add.valid("an evaluation", &evaluation(json!({})));
    add.valid("an evaluation without results", &evaluation(json!({ "evaluation_results": [] })));
    let unscored = |items: Value| with(&evaluation(json!({})), json!({ "unscored": items }));
    add.valid("what is no score", &unscored(json!([{ "task": "t", "metric": "m", "raw": "", "reason": "empty" }])));
    let whole = json!({
        "task": "t", "metric": "m", "filter": "strict", "raw": "0.5", "reason": "no direction", "unit": "points",
        "standard_error": 0.01, "n": 40,
    });
    add.valid("what is no score, with all that is known", &unscored(json!([whole])));
    for (name, value) in [("standard_error", json!("0.01")), ("n", json!(-4)), ("n", json!(0.5)), ("filter", json!(1))]
    {
        let mut wrong = whole.clone();
        wrong[name] = value.clone();
        add.invalid(&format!("what is no score: {name} {value}"), &unscored(json!([wrong])));
    }
    add.invalid("what is no score, without a reason", &unscored(json!([{ "task": "t", "raw": "NaN" }])));
    add.invalid("an evaluation without a record", &finding("evaluation"));
    let of_model = |models: Value, id: &str, name: &str| {
        let mut measured = record();
        measured["model_info"]["id"] = id.into();
        measured["model_info"]["name"] = name.into();
        with(&finding("evaluation"), json!({ "models": models, "evaluation": measured }))
    };
    let one = |name: &str| json!([{ "name": name }]);
    add.valid("a record whose id has the organisation before the name", &of_model(one("gpt2"), "lab/gpt2", "x"));
    add.valid("a model that has the organisation before the id", &of_model(one("lab/gpt2"), "gpt2", "x"));
    add.valid("a model in other letters", &of_model(one(" Lab/GPT2"), "lab/gpt2", "x"));
    add.valid("a record that does not know its model", &of_model(one("gpt2"), "unknown", "unknown"));
    add.valid("a record of the second model", &of_model(json!([{ "name": "a" }, { "name": "b" }]), "b", "b"));
    add.invalid("a record of another model", &of_model(one("gpt2"), "lab/gpt3", "gpt3"));
    add.invalid("a record of a model whose name ends alike", &of_model(one("gpt2"), "lab/distilgpt2", "x"));
    for (name, over) in [
        ("a record of 0.2", json!({ "schema_version": "0.2.0" })),
        ("a record without a library", json!({ "eval_library": null })),
        ("a field that no record has", json!({ "colour": 1 })),
        (
            "an unknown relationship",
            json!({ "source_metadata": {
            "source_type": "documentation", "source_organization_name": "o", "evaluator_relationship": "friend" } }),
        ),
        (
            "a detail that is no text",
            json!({ "eval_library": { "name": "n", "version": "v", "additional_details": { "a": 1 } } }),
        ),
        ("a model without details", json!({ "model_info": { "name": "n", "id": "i" } })),
        (
            "a path of samples of another shape",
            json!({
            "detailed_evaluation_results": { "format": "jsonl", "file_path": "data/a/b/c/d.jsonl" } }),
        ),
    ] {
        add.invalid(name, &evaluation(over));
    }
    for (name, over) in [
        ("a result without a direction", json!({ "metric_config": { "metric_id": "acc" } })),
        (
            "a continuous score without bounds",
            json!({ "metric_config": { "lower_is_better": true, "score_type": "continuous" } }),
        ),
        ("levels without names", json!({ "metric_config": { "lower_is_better": true, "score_type": "levels" } })),
        ("a score that is a text", json!({ "score_details": { "score": "0.5" } })),
        ("half a sample", json!({ "score_details": { "score": 1, "uncertainty": { "num_samples": 0.5 } } })),
        (
            "a level of confidence above 1",
            json!({ "score_details": { "score": 1, "uncertainty": {
            "confidence_interval": { "lower": 0, "upper": 1, "confidence_level": 95 } } } }),
        ),
        (
            "an address of no data set",
            json!({ "source_data": { "dataset_name": "d", "source_type": "url", "url": [] } }),
        ),
        ("an unknown source of data", json!({ "source_data": { "dataset_name": "d", "source_type": "disk" } })),
        (
            "an argument that the schema does not know",
            json!({ "generation_config": { "generation_args": { "seed": 1 } } }),
        ),
        ("no tokens at all", json!({ "generation_config": { "generation_args": { "max_tokens": 0 } } })),
    ] {
        add.invalid(name, &evaluation_of(over));
    }
    add.valid(
        "bounds without end",
        &evaluation_of(json!({ "metric_config": {
        "lower_is_better": true, "score_type": "continuous", "min_score": "-Infinity", "max_score": "Infinity" } })),
    );
}

fn others(cases: &mut Cases) {
    let mut add = Adding(cases);
    let file =
        |name: &str| json!({ "name": name, "size": 3, "sha256": HASH, "blake3": HASH, "address": "https://e.org/a" });
    let release = json!({ "name": "m", "version": "1", "where": "https://e.org", "files": [file("a/b.bin")] });
    let release = with(&of("release"), release);
    add.valid("a release", &release);
    add.invalid("a release without a name", &with(&release, json!({ "name": null })));
    for (name, path) in
        [("a file above its folder", "a/../b"), ("a file of the system", "/a"), ("a file of a drive", "c:a")]
    {
        add.invalid(name, &with(&release, json!({ "files": [file(path)] })));
    }
    add.invalid("two files of one name", &with(&release, json!({ "files": [file("a"), file("a")] })));
    add.invalid("a file without its hash", &with(&release, json!({ "files": [{ "name": "a", "size": 1 }] })));
    add.valid(
        "a resource",
        &with(&of("resource"), json!({ "kind": "benchmark", "version": "2", "audience": "a", "address": "b" })),
    );
    add.invalid("an unknown kind of resource", &with(&of("resource"), json!({ "kind": "book" })));
    add.valid("a call", &with(&of("call"), json!({ "ends": "2026-12-31" })));
    add.invalid("a call that ends soon", &with(&of("call"), json!({ "ends": "soon" })));
    for (verdict, rel) in
        [("replicates", "replicates"), ("disputes", "disputes"), ("endorses", "endorses"), ("comments", "replies")]
    {
        add.valid(
            &format!("a review that {verdict}"),
            &with(&of("review"), json!({ "verdict": verdict, "links": link(rel) })),
        );
    }
    let review = with(&of("review"), json!({ "verdict": "replicates", "links": link("replicates") }));
    add.valid(
        "a review with an evaluation",
        &with(&review, json!({ "evaluation": record(), "models": [{ "name": "gpt2" }] })),
    );
    add.valid(
        "a review with an evaluation that names no model beside it",
        &with(&review, json!({ "evaluation": record() })),
    );
    add.invalid(
        "a review with an evaluation of another model",
        &with(&review, json!({ "evaluation": record(), "models": [{ "name": "llama" }] })),
    );
    add.invalid("a review with a broken evaluation", &with(&review, json!({ "evaluation": {} })));
    add.invalid("an unknown verdict", &with(&review, json!({ "verdict": "likes" })));
    add.invalid("a review with a link of another verdict", &with(&review, json!({ "links": link("endorses") })));
    add.invalid(
        "a review of an address",
        &with(&review, json!({ "links": [{ "rel": "replicates", "target": "https://e.org" }] })),
    );
    let notice = |over: Value| with(&of("notice"), over);
    add.valid("a notice that retracts", &notice(json!({ "links": link("retracts"), "reason": "r" })));
    add.invalid("a notice that retracts without a reason", &notice(json!({ "links": link("retracts") })));
    add.valid("a notice that responds", &notice(json!({ "links": link("responds"), "response": "not-affected" })));
    add.invalid("a notice that responds without an answer", &notice(json!({ "links": link("responds") })));
    add.invalid("an unknown answer", &notice(json!({ "links": link("responds"), "response": "maybe" })));
    add.valid("names of one model", &notice(json!({ "same_as": [{ "name": "a" }, { "name": "a", "provider": "p" }] })));
    add.invalid("one name twice", &notice(json!({ "same_as": [{ "name": "a" }, { "name": "a" }] })));
    add.invalid("a notice of nothing", &notice(json!({ "body": "b" })));
}
