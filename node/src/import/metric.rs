//! What is known of metrics by their names: which way is better, and the unit where every definition agrees.
//!
//! A metric that is not here has no direction unless its file gives one, and then its values stand in `unscored`. Left
//! out on purpose are names that mean different things in different tools (`mean`, `score`, `refusal_rate`) and those
//! whose best value is neither the highest nor the lowest.

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// The best value is in between.
    Neither,
}

/// What is known of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Which way is better.
    pub direction: Direction,
    /// Its unit, where there can be no other.
    pub unit: Option<&'static str>,
}

/// Metrics of which more is better, whatever scale they are on.
const HIGHER: &[&str] = &[
    "acc",
    "acc_bytes",
    "acc_mutual_info",
    "acc_norm",
    "acc_norm_nosp",
    "accuracy",
    "accuracy_score",
    "ap",
    "ap_weighted",
    "auc",
    "auprc",
    "auroc",
    "average_precision",
    "balanced_accuracy",
    "bert_score",
    "bertscore",
    "bleu",
    "bleu1",
    "bleu4",
    "bleu_1",
    "bleu_4",
    "bleu_acc",
    "bleu_max",
    "bleurt_acc",
    "chrf",
    "chrf++",
    "comet",
    "cos_sim_accuracy",
    "cos_sim_ap",
    "cos_sim_f1",
    "cos_sim_pearson",
    "cos_sim_precision",
    "cos_sim_recall",
    "cos_sim_spearman",
    "cosine_accuracy",
    "cosine_ap",
    "cosine_f1",
    "cosine_pearson",
    "cosine_precision",
    "cosine_recall",
    "cosine_spearman",
    "em",
    "euclidean_accuracy",
    "euclidean_ap",
    "euclidean_f1",
    "euclidean_pearson",
    "euclidean_precision",
    "euclidean_recall",
    "euclidean_spearman",
    "exact",
    "exact_match",
    "f1",
    "f1_abstractive",
    "f1_macro",
    "f1_micro",
    "f1_score",
    "f1_weighted",
    "hasans_f1",
    "hasans_precision",
    "hasans_recall",
    "hit_rate",
    "inst_level_loose_acc",
    "inst_level_strict_acc",
    "logprob",
    "logprob_per_byte",
    "macro_f1",
    "main_score",
    "map",
    "matthews_correlation",
    "matthews_corrcoef",
    "max_accuracy",
    "max_ap",
    "max_f1",
    "mc1",
    "mc2",
    "mcc",
    "mean_average_precision",
    "mean_iou",
    "meteor",
    "micro_f1",
    "mrr",
    "ndcg",
    "noans_exact",
    "hasans_exact",
    "noans_f1",
    "pass",
    "pass_rate",
    "pearson",
    "pearsonr",
    "precision",
    "precision_macro",
    "precision_micro",
    "precision_weighted",
    "prefix_exact_match",
    "prompt_level_loose_acc",
    "prompt_level_strict_acc",
    "quasi_exact_match",
    "quasi_prefix_exact_match",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
    "recall_weighted",
    "roc_auc",
    "rouge",
    "rouge1",
    "rouge1_acc",
    "rouge2",
    "rouge2_acc",
    "rouge_1",
    "rouge_2",
    "rouge_l",
    "rougel",
    "rougel_acc",
    "rougelsum",
    "sacrebleu",
    "silhouette",
    "spearman",
    "spearmanr",
    "specificity",
    "sensitivity",
    "squad_f1",
    "top_1_accuracy",
    "top_5_accuracy",
    "v_measure",
    "validity",
    "win_rate",
    "f0.5",
    "f2",
    "dot_accuracy",
    "dot_ap",
    "dot_f1",
    "dot_precision",
    "dot_recall",
    "manhattan_accuracy",
    "manhattan_ap",
    "manhattan_f1",
    "manhattan_pearson",
    "manhattan_precision",
    "manhattan_recall",
    "manhattan_spearman",
    "dot_pearson",
    "dot_spearman",
];

/// Metrics of which less is better.
const LOWER: &[&str] = &[
    "bits_per_byte",
    "brier_score",
    "byte_perplexity",
    "cer",
    "ece",
    "eer",
    "eval_loss",
    "expected_calibration_error",
    "loss",
    "mae",
    "mean_absolute_error",
    "mean_squared_error",
    "mer",
    "mse",
    "perplexity",
    "ppl",
    "rmse",
    "ter",
    "test_cer",
    "test_loss",
    "test_wer",
    "token_perplexity",
    "validation_loss",
    "wer",
    "wer_without_norm",
    "word_perplexity",
    "attack_success_rate",
    "bias_amplification",
    "toxicity",
    "max_toxicity",
];

/// Metrics whose best value is in between, such as a share of 0.5 or a signed bias of 0.
const NEITHER: &[&str] = &[
    "pct_stereotype",
    "bbq_metric_ambiguous_bias",
    "bbq_metric_unambiguous_bias",
    "amb_bias_score",
    "disamb_bias_score",
    "bias_score",
];

/// What is known of a metric, by its name in any spelling. A cut-off such as `@5` or `_at_10` is no part of the name.
pub fn known(name: &str) -> Option<Known> {
    let normal = normal(name);
    let direction = direction_of(&normal).or_else(|| direction_of(without_cut_off(&normal)))?;
    let unit = match normal.as_str() {
        "bits_per_byte" => Some("bits per byte"),
        _ => None,
    };
    Some(Known { direction, unit })
}

fn direction_of(name: &str) -> Option<Direction> {
    let lists = [(HIGHER, Direction::Higher), (LOWER, Direction::Lower), (NEITHER, Direction::Neither)];
    lists.into_iter().find(|(list, _)| list.contains(&name)).map(|(_, direction)| direction)
}

/// Lower case, words joined by one underscore.
fn normal(name: &str) -> String {
    let spaced: String =
        name.to_lowercase().chars().map(|c| if matches!(c, ' ' | '-' | '_') { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("_")
}

/// `ndcg_at_10`, `pass@1`, `precision@5`: the name before the number.
fn without_cut_off(name: &str) -> &str {
    let cut = name.rsplit_once('@').or_else(|| name.rsplit_once("_at_"));
    match cut {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(name: &str) -> Option<Direction> {
        known(name).map(|known| known.direction)
    }

    #[test]
    fn a_metric_is_known_in_any_spelling() {
        for name in [
            "acc",
            "Accuracy",
            "exact_match",
            "Exact Match",
            "ROUGE-L",
            "pass@1",
            "ndcg_at_10",
            "F1",
            "quasi_exact_match@5",
        ] {
            assert_eq!(direction(name), Some(Direction::Higher), "{name}");
        }
        for name in ["perplexity", "WER", "Loss", "bits_per_byte", "Test CER"] {
            assert_eq!(direction(name), Some(Direction::Lower), "{name}");
        }
        assert_eq!(direction("pct_stereotype"), Some(Direction::Neither));
        assert_eq!(known("bits_per_byte").unwrap().unit, Some("bits per byte"));
    }

    #[test]
    fn a_name_that_means_different_things_is_not_known() {
        for name in ["mean", "score", "refusal_rate", "total", "likelihood_difference", "acc@x", "", "@1"] {
            assert_eq!(direction(name), None, "{name}");
        }
    }

    #[test]
    fn no_metric_stands_in_two_lists_and_all_are_written_normally() {
        let all: Vec<&str> = [HIGHER, LOWER, NEITHER].concat();
        let distinct: std::collections::BTreeSet<&&str> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|name| normal(name) == *name));
    }
}
