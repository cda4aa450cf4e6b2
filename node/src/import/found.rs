//! What an importer has found in a file, before it becomes a publication: one of these for each model and run.

mod model;
mod row;

use lyceum_protocol::publication::Unscored;
use lyceum_protocol::publication::{Json, Publication, PublicationFault, is_date};

use super::metric::{self, Direction};
use super::number::Number;
use super::private::{self, Keep, LeftOut};
use crate::publish::Marking;
pub use model::Model;
pub use row::{Dataset, Row, Uncertainty};

/// Names and texts that belong to something and that no field of the record is for.
pub type Details = Vec<(String, String)>;

/// So many values of an evaluation are listed one by one where something is left out of them.
const VALUES_LISTED: usize = 50;

/// One publication to be, or several parts of one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The fields of the publication that do not come from the evaluation, such as title and summary.
    pub fields: Vec<(&'static str, Json)>,
    /// The results, if it is an evaluation.
    pub evaluation: Option<Evaluation>,
    /// The program that made the file.
    pub tool: Option<Tool>,
    /// Why it is no evidence, if it is a dry run, a stub, or limited to a few samples.
    pub stub: Option<String>,
    /// How many samples the file held, and the hash over them.
    pub samples: Option<(u64, Option<String>)>,
    /// What was not taken over.
    pub left_out: Vec<LeftOut>,
    /// Who may read it, if the file says so.
    pub marking: Option<Marking>,
}

impl Found {
    /// A publication with this type and title.
    pub fn new(kind: &str, title: impl Into<String>) -> Self {
        Self::default().with("type", kind).with("title", Json::Text(title.into()))
    }

    /// The same with one field more; a field that is there already is replaced.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets one field.
    pub fn set(&mut self, name: &'static str, value: impl Into<Json>) {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value.into()));
    }

    /// Sets a text that is there and not blank.
    pub fn set_text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
            self.set(name, text);
        }
    }

    /// Sets a field of every publication if its value is one that may stand there, such as a date; else it is left out.
    pub fn set_checked(&mut self, name: &'static str, value: impl Into<Json>) {
        let value = value.into();
        if let (name @ "created", Json::Text(text)) = (name, &value)
            && !is_date(text)
        {
            return self.leave_out(name, format!("{:?} is no date such as 2026-11-25", private::quoted(text)));
        }
        match checked(name, &value) {
            Ok(()) => self.set(name, value),
            Err(fault) => {
                // The reason may quote the beginning of a text, in which a secret is not known any more.
                let mut shown = value;
                private::clean(&mut shown, &Keep::default());
                let fault = checked(name, &shown)
                    .err()
                    .unwrap_or(PublicationFault { reason: "holds what must not leave".to_owned(), ..fault });
                self.leave_out(fault.field, quoting(&shown, fault.reason));
            }
        }
    }

    /// The same for a text that is there and not blank.
    pub fn set_checked_text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
            self.set_checked(name, text);
        }
    }

    /// The text of a field.
    pub fn text(&self, name: &str) -> &str {
        match self.fields.iter().find(|(known, _)| *known == name) {
            Some((_, Json::Text(text))) => text,
            _ => "",
        }
    }

    /// Says that something of the file is not taken over.
    pub fn leave_out(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.left_out.push(LeftOut::new(field, reason));
    }
}

/// Whether a publication may have this field.
fn checked(name: &str, value: &Json) -> Result<(), PublicationFault> {
    let probe = Json::from([("type", "note".into()), ("title", "t".into()), (name, value.clone())]);
    Publication::from_json(probe).and_then(|probe| probe.check_own())
}

/// A reason that names texts of a file, with these as they are quoted to people.
fn quoting(value: &Json, reason: String) -> String {
    match value {
        Json::Text(text) if !text.is_empty() => reason.replace(text.as_str(), &private::quoted(text)),
        Json::List(items) => items.iter().fold(reason, |reason, item| quoting(item, reason)),
        Json::Text(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => reason,
    }
}

/// `1 task`, `2 tasks`.
fn counted(count: usize, name: &str) -> String {
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

/// A list of texts.
pub fn texts(items: impl IntoIterator<Item = String>) -> Json {
    Json::List(items.into_iter().filter(|text| !text.trim().is_empty()).map(Json::Text).collect())
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version, if the file says it.
    pub version: Option<String>,
}

/// What stands in an evaluation, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A finite value, less of which is better or not.
    Scored(Box<Row>, Number, bool),
    /// A result that stands in a record already.
    Given {
        /// What was asked.
        task: String,
        /// The result, as the schema has it.
        result: Json,
    },
    /// Any other.
    Unscored(Unscored),
}

impl Item {
    /// What was asked.
    pub fn task(&self) -> &str {
        match self {
            Self::Scored(row, ..) => &row.task,
            Self::Given { task, .. } => task,
            Self::Unscored(unscored) => &unscored.task,
        }
    }
}

/// Results of one model in one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// The model.
    pub model: Model,
    /// What the results are taken from, such as the name of a leaderboard or a tool.
    pub source: String,
    /// Whether they were read in a document, and not in what a run wrote.
    pub from_document: bool,
    /// Who measured, if the file says so.
    pub organisation: Option<String>,
    /// Its address.
    pub organisation_url: Option<String>,
    /// Who that is to the model's makers: `first_party`, `third_party`, `collaborative`; none is `other`.
    pub relationship: Option<String>,
    /// What else is said of the source.
    pub source_details: Details,
    /// When the evaluation was run, as the file says it.
    pub time: Option<String>,
    /// Results and what stands beside them.
    pub items: Vec<Item>,
    /// What was said of single values and is not taken over.
    pub left_out: Vec<LeftOut>,
    /// The record around the results, if the file has one: all of it but them is kept as it is.
    pub given: Option<Json>,
}

impl Evaluation {
    /// Takes a value: into the record if it is finite and its direction is known, else beside it with the reason.
    pub fn push(&mut self, mut row: Row) {
        if let Some((error, _)) = row.uncertainty.standard_error.take_if(|(error, _)| *error < 0.0) {
            let why = format!("{error} (below zero, which no error is)");
            row.leave_out("standard error", why.as_str());
            row.details.push(("standard_error_raw".to_owned(), why));
        }
        self.left_out.append(&mut row.left_out);
        let known = metric::known(&row.metric).map(|known| known.direction);
        let direction = match (known, row.lower_is_better) {
            // Whatever a file says: of a share of 0.5 neither more nor less is better.
            (Some(Direction::Neither), _) => Err("neither a high nor a low value is the best"),
            (_, Some(lower)) => Ok(lower),
            (Some(direction), None) => Ok(direction == Direction::Lower),
            (None, None) => Err("neither the file nor the table of metrics says whether more or less is better"),
        };
        let (raw, reason) = match (row.value.clone(), direction) {
            (Ok(number), Ok(lower)) => return self.items.push(Item::Scored(Box::new(row), number, lower)),
            (Ok(number), Err(reason)) => (number.raw, reason.to_owned()),
            (Err(none), _) => (none.raw, none.reason.to_string()),
        };
        let filter = row.variant();
        let item = Item::Unscored(Unscored {
            task: row.task,
            metric: Some(row.metric),
            filter,
            raw,
            reason,
            unit: row.unit.map(str::to_owned),
            standard_error: row.uncertainty.standard_error.map(|(error, _)| error).filter(|error| error.is_finite()),
            n: row.uncertainty.n,
        });
        self.items.push(item);
    }

    /// Takes what is no value at all, with the reason.
    pub fn push_unscored(&mut self, task: &str, metric: Option<&str>, raw: String, reason: impl Into<String>) {
        let (task, metric) = (task.to_owned(), metric.map(str::to_owned));
        self.items.push(Item::Unscored(Unscored { task, metric, raw, reason: reason.into(), ..Unscored::default() }));
    }

    /// How many values are in the record.
    pub fn scored(&self) -> usize {
        self.items.iter().filter(|item| !matches!(item, Item::Unscored(_))).count()
    }

    /// The distinct tasks, in the order of the file.
    pub fn tasks(&self) -> Vec<&str> {
        let mut seen = std::collections::BTreeSet::new();
        self.items.iter().map(Item::task).filter(|task| seen.insert(*task)).collect()
    }

    /// The finding that these results make: title and summary say what they are.
    pub fn into_found(mut self, tool: Option<Tool>) -> Found {
        let tasks = self.tasks();
        let on = match tasks.as_slice() {
            [] => "no task".to_owned(),
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} and {two}"),
            [one, rest @ ..] => format!("{one} and {} more tasks", rest.len()),
        };
        let title = format!("{} on {on}", self.model.name);
        let unscored = self.items.len().saturating_sub(self.scored());
        let mut summary =
            format!("{} of {} on {}", counted(self.scored(), "result"), self.model.name, counted(tasks.len(), "task"));
        if let Some(tool) = &tool {
            summary.push_str(&format!(", written by {}", tool.name));
            if let Some(version) = &tool.version {
                summary.push_str(&format!(" {version}"));
            }
        }
        summary.push('.');
        if unscored > 0 {
            summary.push_str(&format!(" Without a score, as text: {}.", counted(unscored, "value")));
        }
        let models = Json::List(vec![self.model.to_json()]);
        let mut found =
            Found::new("finding", title).with("nature", "evaluation").with("summary", summary).with("models", models);
        if self.model.is_from_path() {
            found.leave_out("model", "a path on a machine: its last part names the model");
        }
        let mut left_out = std::mem::take(&mut self.left_out);
        let more = left_out.len().saturating_sub(VALUES_LISTED);
        left_out.truncate(VALUES_LISTED);
        found.left_out.extend(left_out);
        if more > 0 {
            found.leave_out("results", format!("and of {more} more values what is wrong in the same way"));
        }
        Found { evaluation: Some(self), tool, ..found }
    }
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::publication::evaluation::names;

    use super::*;
    use crate::import::number;
    use crate::import::tree::Tree;

    fn row(metric: &str, raw: &str, lower: Option<bool>) -> Row {
        let value = number::read(Some(&Tree::Text(raw.to_owned())));
        Row { lower_is_better: lower, ..Row::new("t", metric, value) }
    }

    #[test]
    fn what_is_no_date_is_left_out() {
        let mut found = Found::default();
        for date in ["yesterday", "2024-13-45"] {
            found.set_checked_text("created", Some(date));
        }
        assert_eq!((found.text("created"), found.left_out.len()), ("", 2));
        found.set_checked_text("created", Some("2024-05"));
        assert_eq!(found.text("created"), "2024-05");
    }

    #[test]
    fn what_is_no_score_keeps_all_that_is_known_of_it() {
        let mut evaluation = Evaluation::default();
        for filter in ["strict", "flexible"] {
            let mut one = row("my_metric", "0.5", None);
            one.metric_details = vec![(names::FILTER.to_owned(), filter.to_owned())];
            one.uncertainty = Uncertainty { standard_error: Some((0.25, None)), n: Some(40), ..Uncertainty::default() };
            evaluation.push(Row { unit: Some("points"), ..one });
        }
        let known: Vec<_> = evaluation
            .items
            .iter()
            .map(|item| match item {
                Item::Unscored(it) => (it.filter.as_deref(), it.standard_error, it.n, it.unit.as_deref()),
                Item::Scored(..) | Item::Given { .. } => panic!("a score"),
            })
            .collect();
        let all = |filter| (Some(filter), Some(0.25), Some(40), Some("points"));
        assert_eq!(known, [all("strict"), all("flexible")]);
    }

    #[test]
    fn only_finite_values_with_a_direction_enter_the_record() {
        let mut evaluation = Evaluation::default();
        evaluation.push(row("acc", "0.5", None));
        evaluation.push(row("my_metric", "0.5", Some(true)));
        evaluation.push(row("my_metric", "0.5", None));
        evaluation.push(row("acc", "NaN", Some(false)));
        evaluation.push(row("pct_stereotype", "0.5", Some(true)));
        assert_eq!(evaluation.scored(), 2);
        let reasons: Vec<&str> = evaluation
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Unscored(unscored) => Some(unscored.reason.as_str()),
                Item::Scored(..) | Item::Given { .. } => None,
            })
            .collect();
        assert_eq!(reasons.len(), 3);
        assert!(
            reasons[0].contains("table of metrics")
                && reasons[1].contains("NaN")
                && reasons[2].contains("neither a high")
        );
        let Some(Item::Scored(_, _, lower)) = evaluation.items.get(1) else { panic!() };
        assert!(lower);
    }
}
