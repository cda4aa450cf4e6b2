use lyceum_protocol::publication::evaluation::{
    Dataset, DatasetSource, EvaluationResult, Interval, Library, Metric, ModelInfo, Record, RecordFields, Setting,
    Source, Uncertainty, names,
};
use lyceum_protocol::publication::{Evaluation, Json};

use super::*;

fn side(id: &str) -> Side {
    Side {
        id: id.to_owned(),
        title: "Run".to_owned(),
        org_name: "Lab".to_owned(),
        model: "m".to_owned(),
        ..Side::default()
    }
}

fn result(task: &str, metric: &str, score: f64) -> EvaluationResult {
    EvaluationResult {
        id: None,
        task: task.to_owned(),
        dataset: Dataset {
            name: "squad".to_owned(),
            source: DatasetSource::Other,
            size: None,
            details: [(names::TASK_VERSION.to_owned(), "2".to_owned())].into(),
        },
        timestamp: None,
        metric: Metric { unit: Some("proportion".to_owned()), ..Metric::new(metric, false) },
        score,
        raw: None,
        details: BTreeMap::new(),
        uncertainty: Uncertainty::default(),
        setting: Setting(
            [(names::SHOTS.to_owned(), "5".to_owned()), (names::CHAT_TEMPLATE.to_owned(), "no".to_owned())].into(),
        ),
    }
}

fn evaluation(results: Vec<EvaluationResult>) -> Evaluation {
    // A model is written as the schema has it and read back, so that no test depends on how it is put together.
    let model = Json::from([
        ("name", "org/model".into()),
        ("id", "org/model".into()),
        (
            "additional_details",
            Json::from([
                ("deployment_type", "unknown".into()),
                ("model_availability", "unknown".into()),
                (names::REVISION, "main".into()),
                (names::PRECISION, "bfloat16".into()),
            ]),
        ),
    ]);
    let fields = RecordFields {
        evaluation_id: "run".to_owned(),
        evaluation_timestamp: None,
        retrieved_timestamp: "1".to_owned(),
        source: Source::default(),
        library: Library { name: "lm-eval".to_owned(), version: "0.4.8".to_owned(), details: BTreeMap::new() },
        model: model_of(&model),
        results,
    };
    Evaluation { record: Record::write(&fields).unwrap(), unscored: Vec::new() }
}

fn model_of(json: &Json) -> ModelInfo {
    let record = Json::from([
        ("schema_version", "0.3.0".into()),
        ("evaluation_id", "x".into()),
        ("retrieved_timestamp", "1".into()),
        (
            "source_metadata",
            Json::from([
                ("source_type", "evaluation_run".into()),
                ("source_organization_name", "unknown".into()),
                ("evaluator_relationship", "other".into()),
            ]),
        ),
        ("eval_library", Json::from([("name", "unknown".into()), ("version", "unknown".into())])),
        ("model_info", json.clone()),
        ("evaluation_results", Json::List(Vec::new())),
    ]);
    Record::read("evaluation", &record).unwrap().model.clone()
}

fn compared(first: EvaluationResult, second: EvaluationResult) -> Comparison {
    let (first, second) = (evaluation(vec![first]), evaluation(vec![second]));
    compare((side("a"), &first), (side("b"), &second))
}

#[test]
fn equal_settings_are_comparable_and_nothing_is_left_to_guess() {
    let found = compared(result("t", "acc", 0.5), result("t", "acc", 0.75));
    assert!(found.comparable, "{found:?}");
    assert_eq!((found.reasons, found.unknown), (vec![], vec![]));
    assert_eq!(found.difference, Some(0.25));
    assert_eq!(found.interval, None, "nobody says how sure it is");
}

#[test]
fn each_setting_that_differs_is_a_reason_with_both_values() {
    let base = || result("t", "acc", 0.5);
    let with = |name: &str, value: &str| {
        let mut result = base();
        result.setting.0.insert(name.to_owned(), value.to_owned());
        result
    };
    let of_data = |name: &str, value: &str| {
        let mut result = base();
        result.dataset.details.insert(name.to_owned(), value.to_owned());
        result
    };
    let mut percent = base();
    percent.metric.unit = Some("percent".to_owned());
    let mut lower = base();
    lower.metric.lower_is_better = true;
    for (other, reason) in [
        (with(names::SHOTS, "0"), "shots: 5 against 0"),
        (with(names::CHAT_TEMPLATE, "yes"), "chat template: no against yes"),
        (of_data(names::TASK_VERSION, "3"), "task version: 2 against 3"),
        (percent, "unit: proportion against percent"),
        (lower, "direction: lower is better in one, higher in the other"),
    ] {
        let found = compared(base(), other);
        assert!(!found.comparable);
        assert_eq!(found.reasons, [reason]);
        assert_eq!(found.results[0].reasons, [reason]);
        let is_one_scale = !reason.starts_with("unit") && !reason.starts_with("direction");
        assert_eq!(found.difference.is_some(), is_one_scale, "{reason}");
    }
}

#[test]
fn revision_precision_and_harness_count_too() {
    let first = evaluation(vec![result("t", "acc", 0.5)]);
    let json = String::from_utf8(first.record.json().to_bytes()).unwrap();
    let changed = json.replace("\"main\"", "\"step1000\"").replace("bfloat16", "int8").replace("0.4.8", "0.4.2");
    let record = Record::read("evaluation", &Json::read(changed.as_bytes()).unwrap()).unwrap();
    let second = Evaluation { record, unscored: Vec::new() };
    let found = compare((side("a"), &first), (side("b"), &second));
    assert_eq!(
        found.reasons,
        [
            "harness version: 0.4.8 against 0.4.2",
            "revision of the model: main against step1000",
            "precision: bfloat16 against int8"
        ]
    );
}

#[test]
fn what_is_not_said_is_told_apart_from_what_differs() {
    let mut silent = result("t", "acc", 0.5);
    silent.setting.0.clear();
    silent.dataset.details.clear();
    let found = compared(result("t", "acc", 0.5), silent);
    assert!(found.comparable);
    assert_eq!(
        found.unknown,
        [
            "task version: the second does not say",
            "shots: the second does not say",
            "chat template: the second does not say"
        ]
    );
}

#[test]
fn without_a_common_result_there_is_nothing_to_compare() {
    let found = compared(result("t", "acc", 0.5), result("t", "f1", 0.5));
    assert!(!found.comparable && found.results.is_empty());
    assert_eq!(found.reasons, ["no task and metric in common"]);
    assert_eq!((found.only_a, found.only_b), (vec!["t, acc".to_owned()], vec!["t, f1".to_owned()]));
    assert_eq!(found.difference, None);
}

#[test]
fn several_results_of_one_name_are_paired_in_order_and_said_to_be_unclear() {
    let first = evaluation(vec![result("t", "acc", 0.1), result("t", "acc", 0.2)]);
    let second = evaluation(vec![result("t", "acc", 0.3)]);
    let found = compare((side("a"), &first), (side("b"), &second));
    assert_eq!(found.reasons, ["one of them has several results of this name"]);
    assert_eq!(found.only_a, ["t, acc"]);
}

#[test]
fn standard_errors_give_the_interval_of_the_difference() {
    let with_error = |score, error| {
        let mut result = result("t", "acc", score);
        result.uncertainty.standard_error = Some(error);
        result
    };
    let bounds = compared(with_error(0.5, 0.03), with_error(0.6, 0.04)).interval.unwrap();
    // 0.1 -+ 1.96 * 0.05
    assert!((bounds.lower - 0.002_001_8).abs() < 1e-6 && (bounds.upper - 0.197_998_2).abs() < 1e-6, "{bounds:?}");
    assert!(compared(with_error(0.5, 0.0), with_error(0.6, 0.04)).interval.is_none(), "no error is not certainty");
}

#[test]
fn an_interval_of_a_known_level_stands_for_its_standard_error() {
    let with = |level| {
        let mut result = result("t", "acc", 0.5);
        result.uncertainty.interval = Some(Interval { lower: 0.441_201, upper: 0.558_799, level, method: None });
        result
    };
    let bounds = compared(with(Some(0.95)), with(Some(0.95))).interval.unwrap();
    assert!((bounds.upper - 0.083_154).abs() < 1e-5, "{bounds:?}");
    assert!(compared(with(None), with(None)).interval.is_none());
}

#[test]
fn shares_with_numbers_of_samples_are_compared_by_newcombe() {
    let with = |score, n| {
        let mut result = result("t", "acc", score);
        result.uncertainty.n = Some(n);
        result
    };
    // Newcombe 1998, table II, (a): 56/70 against 48/80: 0.2 with 0.0524 to 0.3339.
    let bounds = compared(with(0.6, 80), with(0.8, 70)).interval.unwrap();
    assert!((bounds.lower - 0.0524).abs() < 5e-5 && (bounds.upper - 0.3339).abs() < 5e-5, "{bounds:?}");
    // (h): 10/10 against 0/10: 1 with 0.6075 to 1.
    let bounds = compared(with(0.0, 10), with(1.0, 10)).interval.unwrap();
    assert!((bounds.lower - 0.6075).abs() < 5e-5 && (bounds.upper - 1.0).abs() < 5e-5, "{bounds:?}");
}
