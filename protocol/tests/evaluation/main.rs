//! Evaluations: what is read, what is refused with which words, and that all that is written passes the public schema.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod any;
mod lifting;
mod schema;

use any::any_record;
use lyceum_protocol::publication::evaluation::{
    EvaluationResult, Metric, ModelInfo, Record, RecordFields, Relationship, Setting, names,
};
use lyceum_protocol::publication::{Json, Publication, PublicationFault};
use proptest::prelude::*;

/// A record of one result, as small as the schema allows.
pub(crate) fn smallest() -> Json {
    let text = r#"{"schema_version":"0.3.0","evaluation_id":"run","retrieved_timestamp":"1","source_metadata":
        {"source_type":"evaluation_run","source_organization_name":"unknown","evaluator_relationship":"third_party"},
        "eval_library":{"name":"lm_eval","version":"0.4.9"},"model_info":{"name":"gpt2","id":"openai-community/gpt2",
        "additional_details":{"deployment_type":"unknown","model_availability":"open_weights"}},"evaluation_results":
        [{"evaluation_name":"arc_easy","source_data":{"dataset_name":"arc_easy","source_type":"other"},"metric_config":
        {"lower_is_better":false},"score_details":{"score":0.25}}]}"#;
    Json::read(text.as_bytes()).unwrap()
}

/// The same with one value put at a path of keys; `null` takes it away.
fn with(path: &[&str], value: &str) -> Json {
    fn put(json: &mut Json, path: &[&str], value: Json) {
        match (json, path) {
            (Json::Object(fields), [name]) => {
                if value == Json::from("take away") {
                    fields.remove(*name);
                } else {
                    fields.insert((*name).to_owned(), value);
                }
            }
            (Json::Object(fields), [name, rest @ ..]) => put(fields.get_mut(*name).unwrap(), rest, value),
            (Json::List(items), [number, rest @ ..]) => put(&mut items[number.parse::<usize>().unwrap()], rest, value),
            (other, path) => panic!("{path:?} in {other:?}"),
        }
    }
    let mut json = smallest();
    put(&mut json, path, Json::read(value.as_bytes()).unwrap());
    json
}

fn refused(path: &[&str], value: &str) -> String {
    let fault: PublicationFault = Record::read("evaluation", &with(path, value)).unwrap_err();
    fault.to_string()
}

const RESULT: [&str; 2] = ["evaluation_results", "0"];

/// What stands beside a score as its source's text is that number, or is not taken for it.
#[test]
fn the_text_of_the_source_says_the_score() {
    let text = |raw: &str| {
        let details = with(
            &["evaluation_results", "0", "score_details"],
            &format!(r#"{{"score":0.25,"details":{{"raw":{raw:?}}}}}"#),
        );
        Record::read("evaluation", &details).unwrap().results[0].source_text().map(str::to_owned)
    };
    for same in ["0.25", "0.2500", "2.5e-1", "25e-2", " +0.25 ", "[0.25]", "0.25 %"] {
        assert_eq!(text(same).as_deref(), Some(same));
    }
    for other in ["0.99", "25", "0.25 (0.99)", "", "best of all", "NaN"] {
        assert_eq!(text(other), None, "{other}");
    }
    assert_eq!(Record::read("evaluation", &smallest()).unwrap().results[0].source_text(), None);
}

/// E19: the record under `evaluation`.
#[test]
fn a_record_is_read_into_its_fields() {
    let record = Record::read("evaluation", &smallest()).unwrap();
    assert_eq!((record.model.id.as_str(), record.model.name.as_str()), ("openai-community/gpt2", "gpt2"));
    assert_eq!(record.model.developer, None, "missing stays missing");
    assert_eq!(record.source.relationship, Relationship::ThirdParty);
    assert_eq!((record.library.name.as_str(), record.library.version.as_str()), ("lm_eval", "0.4.9"));
    let result = &record.results[0];
    assert_eq!((result.task.as_str(), result.score, result.metric.lower_is_better), ("arc_easy", 0.25, false));
    assert_eq!((result.raw.as_deref(), result.uncertainty.n, result.setting.shots()), (None, None, None));
}

/// E19: what breaks the schema is named with its path.
#[test]
fn a_fault_names_the_field_and_what_the_schema_wants() {
    let missing = |path: &[&str]| refused(path, r#""take away""#);
    assert_eq!(missing(&["eval_library"]), "evaluation.eval_library, is missing");
    assert_eq!(
        missing(&["model_info", "additional_details", "deployment_type"]),
        "evaluation.model_info.additional_details.deployment_type, is missing"
    );
    let at = |rest: &[&'static str]| [&RESULT[..], rest].concat();
    assert_eq!(
        missing(&at(&["metric_config", "lower_is_better"])),
        "evaluation.evaluation_results[0].metric_config.lower_is_better, is missing"
    );
    assert_eq!(
        refused(&["source_metadata", "evaluator_relationship"], r#""friend""#),
        "evaluation.source_metadata.evaluator_relationship, \"friend\" is none of first_party, third_party, collaborative, other"
    );
    assert_eq!(
        refused(&at(&["score_details", "score"]), r#""0.5""#),
        "evaluation.evaluation_results[0].score_details.score, is a text, a number is expected"
    );
    assert_eq!(
        refused(&at(&["metric_config", "score_type"]), r#""continuous""#),
        "evaluation.evaluation_results[0].metric_config.min_score, is missing, as score_type is continuous"
    );
    assert_eq!(
        refused(&at(&["source_data", "source_type"]), r#""url""#),
        "evaluation.evaluation_results[0].source_data.url, is missing"
    );
    assert_eq!(refused(&["colour"], "1"), "evaluation.colour, is no field of this record");
    assert!(refused(&["schema_version"], r#""0.2.0""#).starts_with("evaluation.schema_version, \"0.2.0\" is not read"));
    assert!(
        refused(&at(&["score_details", "uncertainty"]), r#"{"num_samples":1.5}"#)
            .ends_with("uncertainty.num_samples, is a number, a whole number is expected")
    );
    assert!(refused(&["model_info", "developer"], "null").ends_with("developer, is null, a text is expected"));
}

/// E19: a finding of the nature evaluation.
#[test]
fn an_evaluation_holds_a_record_and_what_is_no_score() {
    let finding = |evaluation: Json, unscored: &str| {
        Publication::from_json(Json::from([
            ("type", "finding".into()),
            ("title", "t".into()),
            ("nature", "evaluation".into()),
            ("models", Json::List(vec![Json::from([("name", "gpt2".into())])])),
            ("evaluation", evaluation),
            ("unscored", Json::read(unscored.as_bytes()).unwrap()),
        ]))
    };
    let good = finding(smallest(), r#"[{"task":"mgsm","metric":"acc","raw":"NaN","reason":"not a number"}]"#).unwrap();
    let evaluation = good.evaluation().unwrap();
    assert_eq!((evaluation.record.results.len(), evaluation.unscored[0].raw.as_str()), (1, "NaN"));
    good.check_own().unwrap();
    let fault = |made: Result<Publication, PublicationFault>| made.unwrap_err().to_string();
    assert_eq!(fault(finding(Json::Null, "[]")), "evaluation, is missing");
    assert_eq!(fault(finding(smallest(), r#"[{"task":"x","raw":""}]"#)), "unscored[0].reason, is missing");
    assert_eq!(
        fault(finding(with(&["model_info", "id"], "7"), "[]")),
        "evaluation.model_info.id, is a number, a text is expected"
    );
}

#[test]
fn a_setting_goes_where_the_schema_has_a_field_for_it() {
    let mut fields = RecordFields::clone(&Record::read("", &smallest()).unwrap());
    let setting = [("temperature", "0.0"), ("max_tokens", "64"), ("reasoning", "false"), (names::SHOTS, "5")];
    let odd = [("top_p", "0,9"), ("max_attempts", "2")];
    let all = setting.iter().chain(&odd).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    fields.results[0].setting = Setting(all.collect());
    let record = Record::write(&fields).unwrap();
    assert_eq!(record.results[0].setting, fields.results[0].setting, "and comes back as it was");
    assert_eq!(record.results[0].setting.shots(), Some(5));
    let text = String::from_utf8(record.json().to_bytes()).unwrap();
    assert!(text.contains(r#""generation_args":{"max_tokens":64,"reasoning":false,"temperature":0.0}"#), "{text}");
    assert!(text.contains(r#""additional_details":{"max_attempts":"2","num_fewshot":"5","top_p":"0,9"}"#), "{text}");
}

#[test]
fn a_number_that_is_not_finite_is_not_written() {
    let mut fields = RecordFields::clone(&Record::read("", &smallest()).unwrap());
    fields.results[0].score = f64::NAN;
    let fault = Record::write(&fields).unwrap_err();
    assert_eq!(fault.to_string(), "evaluation.evaluation_results[0].score_details.score, is not finite");
    fields.results[0].score = 1.0;
    fields.results[0].metric = Metric { min: Some(f64::NEG_INFINITY), ..Metric::new("elo", false) };
    let record = Record::write(&fields).unwrap();
    assert_eq!(record.results[0].metric.min, Some(f64::NEG_INFINITY));
    assert!(String::from_utf8(record.json().to_bytes()).unwrap().contains(r#""min_score":"-Infinity""#));
}

#[test]
fn what_is_not_known_is_written_as_unknown() {
    let model = ModelInfo::named("my-model");
    assert_eq!((model.id.as_str(), model.deployment.as_str()), ("my-model", "unknown"));
    let _: EvaluationResult = Record::read("", &smallest()).unwrap().results[0].clone();
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(fields in any_record()) {
        let record = Record::write(&fields).unwrap();
        prop_assert_eq!(&*record, &fields);
        let again = Json::read(&record.json().to_bytes()).unwrap();
        prop_assert_eq!(&*Record::read("evaluation", &again).unwrap(), &fields);
    }
}
