//! One value as a file gives it, with what is said of it.

use lyceum_protocol::publication::evaluation::names;

use super::Details;
use crate::import::number::{NoNumber, Number};
use crate::import::private::{self, LeftOut};
use crate::import::tree::Tree;

/// Longest name of a value where something is left out of it, in characters.
const FIELD_MAX: usize = 200;

/// Data that something was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dataset {
    /// Its name as written.
    pub name: String,
    /// Its repository on the Hugging Face hub, where the format says that it is one.
    pub hub: Option<String>,
    /// Addresses of it.
    pub urls: Vec<String>,
    /// Which split.
    pub split: Option<String>,
    /// How many samples it has.
    pub samples: Option<u64>,
    /// What else is said of it.
    pub details: Details,
}

/// How far a value is to be trusted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Uncertainty {
    /// Standard error, and how it was made.
    pub standard_error: Option<(f64, Option<String>)>,
    /// Lower and upper bound, level, and how they were made.
    pub interval: Option<(f64, f64, Option<f64>, Option<String>)>,
    /// Spread of the samples.
    pub deviation: Option<f64>,
    /// Samples scored.
    pub n: Option<u64>,
}

/// One value as a file gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was asked: rows of one task stay together.
    pub task: String,
    /// What it was measured on.
    pub dataset: Dataset,
    /// The name of the metric.
    pub metric: String,
    /// Whether less is better, if the file says so.
    pub lower_is_better: Option<bool>,
    /// The unit, if the format fixes it.
    pub unit: Option<&'static str>,
    /// Smallest and largest possible value, if the file gives them.
    pub range: Option<(f64, f64)>,
    /// The value, or why there is none.
    pub value: Result<Number, NoNumber>,
    /// How far it is to be trusted.
    pub uncertainty: Uncertainty,
    /// About the metric: its filter, its scorer.
    pub metric_details: Details,
    /// Beside the value.
    pub details: Details,
    /// How it was run: shots, limits, seeds.
    pub settings: Details,
    /// When, if each value has a time of its own.
    pub time: Option<String>,
    /// What is said of the value and not taken over.
    pub left_out: Vec<LeftOut>,
}

impl Row {
    /// A value of one metric for one task, measured on data of the same name.
    pub fn new(task: impl Into<String>, metric: impl Into<String>, value: Result<Number, NoNumber>) -> Self {
        let task = task.into();
        Self {
            dataset: Dataset { name: task.clone(), ..Dataset::default() },
            task,
            metric: metric.into(),
            lower_is_better: None,
            unit: None,
            range: None,
            value,
            uncertainty: Uncertainty::default(),
            metric_details: Vec::new(),
            details: Vec::new(),
            settings: Vec::new(),
            time: None,
            left_out: Vec::new(),
        }
    }

    /// Takes how many samples were scored from the field of this name; what is no such number is left out.
    pub fn take_samples(&mut self, field: &str, said: Option<&Tree>) {
        let Some(said) = said.filter(|said| **said != Tree::Null) else { return };
        match said.count() {
            Some(n) => self.uncertainty.n = Some(n),
            None => self.leave_out(field, format!("{:?} is no number of samples", private::quoted(&said.raw(200)))),
        }
    }

    /// Says that something that is said of this value is not taken over.
    pub fn leave_out(&mut self, field: &str, reason: impl Into<String>) {
        let of = format!("{field} of {} {}", self.task, self.metric);
        let of = self.variant().map_or(of.clone(), |variant| format!("{of} ({variant})"));
        self.left_out.push(LeftOut::new(private::cut(&of, FIELD_MAX), reason));
    }

    /// What tells it from others of the same metric: its filter, scorer or detector, and how its scorer reduces epochs.
    pub(super) fn variant(&self) -> Option<String> {
        let said = |name: &str| self.metric_details.iter().find(|(key, said)| key == name && said != "none");
        let variant = [names::FILTER, names::SCORER, names::DETECTOR].into_iter().find_map(said);
        let reducer = said("reducer");
        match (variant, reducer) {
            (Some((_, variant)), Some((_, reducer))) => Some(format!("{variant}, {reducer}")),
            (one, other) => one.or(other).map(|(_, said)| said.clone()),
        }
    }
}
