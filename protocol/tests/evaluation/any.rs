//! Any record: texts of all kinds, numbers of all sizes, every field there or not.

use std::collections::BTreeMap;

use lyceum_protocol::publication::evaluation::{
    Dataset, DatasetSource, EvaluationResult, Interval, Library, Metric, ModelInfo, RecordFields, Relationship,
    ScoreType, Setting, Source, SourceType, Uncertainty,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("unknown".to_owned()), "[a-zA-Z0-9_./ -]{0,12}", any::<String>()]
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.0, any::<f64>().prop_filter("finite", |number| number.is_finite())]
}

fn bound() -> impl Strategy<Value = Option<f64>> {
    of(prop_oneof![finite(), Just(f64::INFINITY), Just(f64::NEG_INFINITY)])
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    // Names that the schema gives a meaning of their own are left to the fields.
    btree_map("x_[a-z]{1,6}", text(), 0..3)
}

fn source() -> impl Strategy<Value = Source> {
    let types = select(vec![SourceType::Documentation, SourceType::EvaluationRun]);
    let relationships = select(vec![
        Relationship::FirstParty,
        Relationship::ThirdParty,
        Relationship::Collaborative,
        Relationship::Other,
    ]);
    (of(text()), types, text(), of(text()), relationships, texts()).prop_map(
        |(name, source_type, organization, organization_url, relationship, details)| Source {
            name,
            source_type,
            organization,
            organization_url,
            relationship,
            details,
        },
    )
}

fn model() -> impl Strategy<Value = ModelInfo> {
    let deployments = select(vec!["self_deployed", "externally_managed", "unknown"]);
    let availabilities = select(vec!["open_weights", "closed_weights", "unknown"]);
    let engine = of((of(text()), of(text())));
    (text(), text(), of(text()), of(text()), engine, deployments, availabilities, texts()).prop_map(
        |(name, id, developer, platform, engine, deployment, availability, details)| ModelInfo {
            name,
            id,
            developer,
            platform,
            engine,
            deployment: deployment.to_owned(),
            availability: availability.to_owned(),
            details,
        },
    )
}

fn dataset() -> impl Strategy<Value = Dataset> {
    let source = prop_oneof![
        vec(text(), 1..3).prop_map(DatasetSource::Url),
        (of(text()), of(text())).prop_map(|(repo, split)| DatasetSource::Hub { repo, split }),
        Just(DatasetSource::Other),
    ];
    (text(), source, of(any::<u64>()), texts()).prop_map(|(name, source, size, details)| {
        let size = size.filter(|_| matches!(source, DatasetSource::Hub { .. }));
        Dataset { name, source, size, details }
    })
}

fn metric() -> impl Strategy<Value = Metric> {
    let types = of(select(vec![ScoreType::Binary, ScoreType::Continuous, ScoreType::Levels]));
    let names = (of(text()), of(text()), of(text()), of(text()), of(text()));
    (names, any::<bool>(), types, bound(), bound(), vec(text(), 0..3), any::<bool>(), texts()).prop_map(
        |((id, name, kind, unit, description), lower_is_better, score_type, min, max, levels, unknown, details)| {
            Metric {
                id,
                name,
                kind,
                unit,
                description,
                lower_is_better,
                score_type,
                min,
                max,
                levels,
                has_unknown_level: unknown,
                details,
            }
        },
    )
}

fn uncertainty() -> impl Strategy<Value = Uncertainty> {
    let interval = (finite(), finite(), of(0.0..=1.0), of(text())).prop_map(|(lower, upper, level, method)| Interval {
        lower,
        upper,
        level,
        method,
    });
    (of((finite(), of(text()))), of(interval), of(finite()), of(any::<u64>())).prop_map(
        |(error, interval, deviation, n)| Uncertainty {
            standard_error: error.as_ref().map(|(value, _)| *value),
            standard_error_method: error.and_then(|(_, method)| method),
            interval,
            deviation,
            n,
        },
    )
}

fn setting() -> impl Strategy<Value = Setting> {
    let name =
        select(vec!["temperature", "top_p", "top_k", "max_tokens", "reasoning", "prompt_template", "num_fewshot"]);
    let value =
        prop_oneof![text(), "[0-9]{1,3}", "[01]\\.[0-9]{1,2}", Just("true".to_owned()), Just("null".to_owned())];
    btree_map(name.prop_map(str::to_owned), value, 0..5).prop_map(Setting)
}

fn result() -> impl Strategy<Value = EvaluationResult> {
    (of(text()), text(), dataset(), of(text()), metric(), finite(), (of(text()), texts()), uncertainty(), setting())
        .prop_map(|(id, task, dataset, timestamp, metric, score, (raw, details), uncertainty, setting)| {
            EvaluationResult { id, task, dataset, timestamp, metric, score, raw, details, uncertainty, setting }
        })
}

pub(crate) fn any_record() -> impl Strategy<Value = RecordFields> {
    let library = (text(), text(), texts()).prop_map(|(name, version, details)| Library { name, version, details });
    (text(), of(text()), text(), source(), library, model(), vec(result(), 0..3)).prop_map(
        |(evaluation_id, evaluation_timestamp, retrieved_timestamp, source, library, model, results)| RecordFields {
            evaluation_id,
            evaluation_timestamp,
            retrieved_timestamp,
            source,
            library,
            model,
            results,
        },
    )
}
