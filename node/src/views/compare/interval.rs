//! How sure the difference of two scores is.
//!
//! Both runs are taken as independent samples. If they are runs over the same items, a paired test would be sharper; it
//! needs the samples, which a record does not hold. So the intervals here are, if anything, too wide.

use lyceum_protocol::publication::evaluation::EvaluationResult;
use serde::{Deserialize, Serialize};

/// Level of confidence of every interval of a difference.
pub(super) const LEVEL: f64 = 0.95;
/// Standard normal quantiles of two-sided levels that tools write.
const QUANTILES: [(f64, f64); 5] =
    [(0.68, 0.994_457_9), (0.8, 1.281_551_6), (0.9, 1.644_853_6), (0.95, 1.959_964_0), (0.99, 2.575_829_3)];
/// Names of the unit of a share, and the number that stands for all.
const SHARES: [(&str, f64); 4] = [("proportion", 1.0), ("fraction", 1.0), ("percent", 100.0), ("%", 100.0)];

/// Bounds of a difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Level of confidence.
    pub level: f64,
    /// How it was made.
    pub method: String,
}

/// Interval of the second score minus the first; none where one of them does not say how sure it is.
pub(super) fn of_difference(first: &EvaluationResult, second: &EvaluationResult) -> Option<Bounds> {
    let difference = second.score - first.score;
    if let (Some(a), Some(b)) = (standard_error(first), standard_error(second)) {
        let half = quantile(LEVEL)? * a.hypot(b);
        return bounds(difference - half, difference + half, "standard errors of both, normal approximation");
    }
    let ((p, n, all), (q, m, other)) = (share(first)?, share(second)?);
    // Newcombe 1998, method 10: from the Wilson intervals of both shares.
    let (low_p, high_p) = wilson(p, n)?;
    let (low_q, high_q) = wilson(q, m)?;
    if (all - other).abs() > f64::EPSILON {
        return None;
    }
    let (down, up) = ((q - low_q).hypot(high_p - p), (high_q - q).hypot(p - low_p));
    bounds(((q - p) - down) * all, ((q - p) + up) * all, "numbers of samples of both, Newcombe's score interval")
}

fn bounds(lower: f64, upper: f64, method: &str) -> Option<Bounds> {
    (lower.is_finite() && upper.is_finite()).then(|| Bounds { lower, upper, level: LEVEL, method: method.to_owned() })
}

fn quantile(level: f64) -> Option<f64> {
    QUANTILES.iter().find(|(known, _)| (known - level).abs() < 1e-9).map(|(_, quantile)| *quantile)
}

/// The standard error that is given, or that an interval of a known level stands for. A zero of either says that
/// nothing varied, not that the score is exact.
fn standard_error(result: &EvaluationResult) -> Option<f64> {
    let given = result.uncertainty.standard_error.filter(|error| *error > 0.0);
    given.or_else(|| {
        let interval = result.uncertainty.interval.as_ref()?;
        let width = interval.upper - interval.lower;
        (width > 0.0).then_some(width / 2.0 / quantile(interval.level?)?)
    })
}

/// A share of samples: 0 to 1, of how many, and the number that stands for all.
fn share(result: &EvaluationResult) -> Option<(f64, f64, f64)> {
    let unit = result.metric.unit.as_deref()?;
    let (_, all) = SHARES.iter().find(|(name, _)| *name == unit)?;
    let samples = result.uncertainty.n.filter(|n| *n > 0)?;
    // Beyond 2^32 samples the interval is a point.
    let samples = f64::from(u32::try_from(samples).unwrap_or(u32::MAX));
    let share = result.score / all;
    (0.0..=1.0).contains(&share).then_some((share, samples, *all))
}

/// Wilson's score interval of a share.
fn wilson(share: f64, samples: f64) -> Option<(f64, f64)> {
    let z = quantile(LEVEL)?;
    let square = z * z / samples;
    let middle = (share + square / 2.0) / (1.0 + square);
    let half = z / (1.0 + square) * (share * (1.0 - share) / samples + square / (4.0 * samples)).sqrt();
    Some(((middle - half).max(0.0), (middle + half).min(1.0)))
}
