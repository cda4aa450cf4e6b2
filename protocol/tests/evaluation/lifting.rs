//! Records of the versions 0.2, lifted to 0.3.0.

use lyceum_protocol::publication::Json;
use lyceum_protocol::publication::evaluation::{Record, Relationship, lift};

/// A record as leaderboards wrote them: no library, numbers among the details, one result without a direction.
pub(crate) fn old() -> Json {
    let text = r#"{"schema_version":"0.2.0","evaluation_id":"board/m/1","retrieved_timestamp":1770682486.5,
        "comment":{"by":"hand"},"source_metadata":{"source_name":"Board","source_type":"documentation",
        "source_organization_name":"Org","evaluator_relationship":"third_party"},"model_info":{"name":"m","id":"o/m",
        "developer":"o","additional_details":{"precision":"bfloat16","params_billions":8.357,"none":null}},
        "evaluation_results":[
        {"evaluation_name":"IFEval","source_data":{"dataset_name":"IFEval","source_type":"hf_dataset","hf_repo":"g/I"},
         "metric_config":{"evaluation_description":"Accuracy","lower_is_better":false,"score_type":"continuous"},
         "score_details":{"score":0.4486,"uncertainty":{"standard_error":0.02}}},
        {"evaluation_name":"BBH","source_data":{"dataset_name":"BBH","url":"https://e.org"},
         "metric_config":{"evaluation_description":"Accuracy on BBH"},"score_details":{"score":0.4}},
        {"evaluation_name":"GPQA","metric_config":{"lower_is_better":false,"score_type":"levels"},
         "score_details":{"score":"N/A","details":{"k":1}}}]}"#;
    Json::read(text.as_bytes()).unwrap()
}

#[test]
fn an_old_record_is_lifted_and_what_is_no_score_is_handed_back() {
    let (record, unscored) = lift("evaluation", &old()).unwrap();
    assert_eq!((record.library.name.as_str(), record.library.version.as_str()), ("unknown", "unknown"));
    assert_eq!((record.model.deployment.as_str(), record.model.availability.as_str()), ("unknown", "unknown"));
    assert_eq!(record.model.details["params_billions"], "8.357");
    assert_eq!(record.retrieved_timestamp, "1770682486.5");
    assert_eq!(record.source.details["comment"], r#"{"by":"hand"}"#, "what 0.3.0 has no field for is not lost");
    assert_eq!(record.results.len(), 1);
    let result = &record.results[0];
    assert_eq!((result.score, result.uncertainty.standard_error), (0.4486, Some(0.02)));
    assert_eq!((result.metric.min, result.metric.max), (None, None), "bounds that nobody gave are null");
    let said: Vec<(&str, &str, &str)> =
        unscored.iter().map(|it| (it.task.as_str(), it.raw.as_str(), it.reason.as_str())).collect();
    assert_eq!(
        said,
        [
            ("BBH", "0.4", "it is not said whether lower or higher is better"),
            ("GPQA", "N/A", "the score is no finite number"),
        ]
    );
    assert_eq!(unscored[0].metric.as_deref(), Some("Accuracy on BBH"));
}

#[test]
fn an_almost_empty_old_record_becomes_one_of_unknowns() {
    let (record, unscored) = lift("", &Json::from([("schema_version", "0.2.9".into())])).unwrap();
    assert_eq!((record.model.name.as_str(), record.model.id.as_str()), ("unknown", "unknown"));
    assert_eq!(record.source.relationship, Relationship::Other);
    assert!(record.results.is_empty() && unscored.is_empty());
}

#[test]
fn a_record_of_now_stays_as_it_is_and_one_of_another_version_is_refused() {
    let now = crate::smallest();
    assert_eq!(lift("", &now).unwrap().0, Record::read("", &now).unwrap());
    let fault = lift("evaluation", &Json::from([("schema_version", "0.1.0".into())])).unwrap_err();
    assert!(fault.field.starts_with("evaluation"), "{fault}");
    assert!(lift("", &Json::List(Vec::new())).is_err());
}
