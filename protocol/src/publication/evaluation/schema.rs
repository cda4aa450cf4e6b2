//! The JSON schema of Every Eval Ever 0.3.0 as tables: fields, which must be there, and what they have to be.

use std::collections::BTreeMap;

use super::shape::Shape::{
    Bound, Flag, List, Map, NumberOrNull, Plain, SamplesPath, Share, Tagged, Text, Whole, WholeFromOne,
};
use super::shape::{Object, Others, Shape, may, must};
use crate::publication::{Json, PublicationFault};

const TEXTS: Shape = Map(&Text);
const NUMBER: Shape = Shape::Number;

/// The whole record.
pub(super) static RECORD: Shape = Shape::Object(&Object {
    fields: &[
        must("schema_version", Text),
        must("evaluation_id", Text),
        may("evaluation_timestamp", Text),
        must("retrieved_timestamp", Text),
        must("source_metadata", Shape::Object(&SOURCE)),
        must("eval_library", Shape::Object(&LIBRARY)),
        must("model_info", Shape::Object(&MODEL)),
        must("evaluation_results", List(&Shape::Object(&RESULT), 0)),
        may("detailed_evaluation_results", Shape::Object(&SAMPLES)),
    ],
    others: Others::Refused,
    also: None,
});

static SOURCE: Object = Object {
    fields: &[
        may("source_name", Text),
        must("source_type", Shape::Word(super::SourceType::WORDS)),
        must("source_organization_name", Text),
        may("source_organization_url", Text),
        may("source_organization_logo_url", Text),
        must("evaluator_relationship", Shape::Word(super::Relationship::WORDS)),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: None,
};

static LIBRARY: Object = Object {
    fields: &[must("name", Text), must("version", Text), may("additional_details", TEXTS)],
    others: Others::Kept,
    also: None,
};

static MODEL: Object = Object {
    fields: &[
        must("name", Text),
        must("id", Text),
        may("developer", Text),
        may("inference_platform", Text),
        may("inference_engine", Shape::Object(&ENGINE)),
        must("additional_details", Shape::Object(&MODEL_DETAILS)),
    ],
    others: Others::Kept,
    also: None,
};

static ENGINE: Object = Object { fields: &[may("name", Text), may("version", Text)], others: Others::Kept, also: None };

/// How a model was deployed.
pub(super) const DEPLOYMENTS: &[&str] = &["self_deployed", "externally_managed", "unknown"];
/// Whether its weights are to be had.
pub(super) const AVAILABILITIES: &[&str] = &["open_weights", "closed_weights", "unknown"];

static MODEL_DETAILS: Object = Object {
    fields: &[
        must("deployment_type", Shape::Word(DEPLOYMENTS)),
        must("model_availability", Shape::Word(AVAILABILITIES)),
    ],
    others: Others::Like(&Text),
    also: None,
};

static RESULT: Object = Object {
    fields: &[
        may("evaluation_result_id", Text),
        must("evaluation_name", Text),
        must(
            "source_data",
            Tagged("source_type", &[("url", &SOURCE_URL), ("hf_dataset", &SOURCE_HF), ("other", &SOURCE_OTHER)]),
        ),
        may("evaluation_timestamp", Text),
        must("metric_config", Shape::Object(&METRIC)),
        must("score_details", Shape::Object(&SCORE)),
        may("generation_config", Shape::Object(&GENERATION)),
    ],
    others: Others::Kept,
    also: None,
};

static SOURCE_URL: Object = Object {
    fields: &[
        must("dataset_name", Text),
        must("source_type", Text),
        must("url", List(&Text, 1)),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: None,
};

static SOURCE_HF: Object = Object {
    fields: &[
        must("dataset_name", Text),
        must("source_type", Text),
        may("hf_repo", Text),
        may("hf_split", Text),
        may("samples_number", Whole),
        may("sample_ids", List(&Text, 0)),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: None,
};

static SOURCE_OTHER: Object = Object {
    fields: &[must("dataset_name", Text), must("source_type", Text), may("additional_details", TEXTS)],
    others: Others::Kept,
    also: None,
};

static METRIC: Object = Object {
    fields: &[
        may("evaluation_description", Text),
        may("metric_id", Text),
        may("metric_name", Text),
        may("metric_kind", Text),
        may("metric_unit", Text),
        may("metric_parameters", Map(&Plain)),
        must("lower_is_better", Flag),
        may("score_type", Shape::Word(super::ScoreType::WORDS)),
        may("level_names", List(&Text, 0)),
        may("level_metadata", List(&Text, 0)),
        may("has_unknown_level", Flag),
        may("min_score", Bound),
        may("max_score", Bound),
        may("llm_scoring", Shape::Object(&JUDGING)),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: Some(needs_of_score_type),
};

/// Levels have names; a continuous score has bounds, which may be null.
fn needs_of_score_type(path: &str, fields: &BTreeMap<String, Json>) -> Result<(), PublicationFault> {
    let kind = match fields.get("score_type") {
        Some(Json::Text(kind)) => kind.as_str(),
        Some(_) | None => "",
    };
    let needs: &[&str] = match kind {
        "levels" => &["level_names", "has_unknown_level"],
        "continuous" => &["min_score", "max_score"],
        _ => &[],
    };
    match needs.iter().find(|name| !fields.contains_key(**name)) {
        Some(name) => {
            Err(PublicationFault::at(format!("{path}.{name}"), format!("is missing, as score_type is {kind}")))
        }
        None => Ok(()),
    }
}

static JUDGING: Object = Object {
    fields: &[
        must("judges", List(&Shape::Object(&JUDGE), 1)),
        must("input_prompt", Text),
        may("aggregation_method", Shape::Word(&["majority_vote", "average", "weighted_average", "median"])),
        may("expert_baseline", NUMBER),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: None,
};

static JUDGE: Object = Object {
    fields: &[
        must("model_info", Shape::Object(&MODEL)),
        may("temperature", NUMBER),
        may("weight", NUMBER),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: None,
};

static SCORE: Object = Object {
    fields: &[must("score", NUMBER), may("details", TEXTS), may("uncertainty", Shape::Object(&UNCERTAINTY))],
    others: Others::Kept,
    also: None,
};

static UNCERTAINTY: Object = Object {
    fields: &[
        may(
            "standard_error",
            Shape::Object(&Object {
                fields: &[must("value", NUMBER), may("method", Text)],
                others: Others::Kept,
                also: None,
            }),
        ),
        may(
            "confidence_interval",
            Shape::Object(&Object {
                fields: &[
                    must("lower", NUMBER),
                    must("upper", NUMBER),
                    may("confidence_level", Share),
                    may("method", Text),
                ],
                others: Others::Kept,
                also: None,
            }),
        ),
        may("standard_deviation", NUMBER),
        may("num_samples", Whole),
        may("num_bootstrap_samples", Whole),
    ],
    others: Others::Kept,
    also: None,
};

static GENERATION: Object = Object {
    fields: &[may("generation_args", Shape::Object(&ARGUMENTS)), may("additional_details", TEXTS)],
    others: Others::Kept,
    also: None,
};

static ARGUMENTS: Object = Object {
    fields: &[
        may("temperature", NumberOrNull),
        may("top_p", NumberOrNull),
        may("top_k", NumberOrNull),
        may("max_tokens", WholeFromOne),
        may("execution_command", Text),
        may("reasoning", Flag),
        may("prompt_template", Text),
        may("agentic_eval_config", Shape::Object(&AGENT)),
        may("eval_plan", Shape::Object(&PLAN)),
        may("eval_limits", Shape::Object(&LIMITS)),
        may(
            "sandbox",
            Shape::Object(&Object {
                fields: &[may("type", Text), may("config", Text)],
                others: Others::Kept,
                also: None,
            }),
        ),
        may("max_attempts", Whole),
        may("incorrect_attempt_feedback", Text),
    ],
    others: Others::Refused,
    also: None,
};

static AGENT: Object = Object {
    fields: &[may("available_tools", List(&Shape::Object(&TOOL), 0)), may("additional_details", TEXTS)],
    others: Others::Kept,
    also: None,
};

static TOOL: Object = Object {
    fields: &[may("name", Text), may("description", Text), may("parameters", TEXTS)],
    others: Others::Kept,
    also: None,
};

static PLAN: Object = Object {
    fields: &[may("name", Text), may("steps", List(&Text, 0)), may("config", TEXTS)],
    others: Others::Kept,
    also: None,
};

static LIMITS: Object = Object {
    fields: &[may("time_limit", Whole), may("message_limit", Whole), may("token_limit", Whole)],
    others: Others::Kept,
    also: None,
};

static SAMPLES: Object = Object {
    fields: &[
        must("format", Shape::Word(&["jsonl"])),
        must("file_path", SamplesPath),
        may("hash_algorithm", Shape::Word(&["sha256", "md5"])),
        may("checksum", Text),
        may("total_rows", Whole),
        may("additional_details", TEXTS),
    ],
    others: Others::Kept,
    also: None,
};
