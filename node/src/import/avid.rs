//! AVID: reports and vulnerabilities, one or many in a file.
//!
//! A measurement whose numbers have a direction is an evaluation; everything else is a risk, with its numbers in words.

use lyceum_protocol::publication::Json;
use lyceum_protocol::publication::evaluation::names;
use lyceum_protocol::publication::taxonomy::EDITION_UNKNOWN;

use super::found::{Evaluation, Found, Model, Row, Tool, texts};
use super::record::shortened;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, number};

/// Reads reports of AVID.
#[derive(Debug)]
pub(super) struct Avid;

/// Most reports of one file.
const REPORTS_MAX: usize = 5_000;
/// Metrics that an error belongs to.
const MEANS: [&str; 2] = ["accuracy", "mean"];

impl Importer for Avid {
    fn name(&self) -> &'static str {
        "avid"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let first = material.first.items().first().unwrap_or(&material.first);
        material.is_json() && first.text_at("data_type") == Some("AVID")
    }

    fn read(&self, material: &Material<'_>, rest: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let mut found = Vec::new();
        for one in material.first.one_or_many() {
            found.extend(report(one)?);
        }
        while let Some(next) = rest.next_value(super::aside)? {
            found.extend(report(&next)?);
            if found.len() > REPORTS_MAX {
                return Err(Refusal::new(format!("has more than {REPORTS_MAX} reports: split it")));
            }
        }
        Ok(found)
    }
}

fn report(report: &Tree) -> Result<Vec<Found>, Refusal> {
    if report.text_at("data_type") != Some("AVID") {
        return Err(Refusal::new("holds something beside reports of AVID"));
    }
    let about = About { report };
    let evaluations = about.evaluations();
    if evaluations.is_empty() {
        return Ok(vec![about.risk()]);
    }
    let many = evaluations.len() > 1;
    let tool = about.tool();
    Ok(evaluations
        .into_iter()
        .map(|evaluation| {
            let model = evaluation.model.name.clone();
            let mut found = about.common(evaluation.into_found(tool.clone()));
            if many {
                found.set("title", format!("{} ({model})", about.title()));
            }
            found
        })
        .collect())
}

struct About<'a> {
    report: &'a Tree,
}

impl About<'_> {
    fn text(&self, path: &[&str]) -> Option<String> {
        self.report.at(path).and_then(Tree::scalar)
    }

    fn id(&self) -> Option<String> {
        self.text(&["metadata", "report_id"]).or_else(|| self.text(&["metadata", "vuln_id"]))
    }

    fn title(&self) -> String {
        let said = self.text(&["problemtype", "description", "value"]).or_else(|| self.text(&["description", "value"]));
        shortened(said.as_deref().unwrap_or("AVID report"), 240)
    }

    fn names(&self, key: &str) -> Vec<String> {
        let named = self.report.at(&["affects", key]).map(Tree::one_or_many).unwrap_or_default();
        named.iter().filter_map(Tree::scalar).collect()
    }

    fn models(&self) -> Vec<Model> {
        let artifacts = self.report.at(&["affects", "artifacts"]).map(Tree::items).unwrap_or_default();
        let mut models: Vec<Model> = artifacts
            .iter()
            .map(|artifact| {
                let mut model = Model::named(artifact.text_at("name"));
                model.provider = Some(self.names("deployer").join(", ")).filter(|names| !names.is_empty());
                model.developer = Some(self.names("developer").join(", ")).filter(|names| !names.is_empty());
                model.details.extend(artifact.scalar_at("type").map(|kind| ("artifact_type".to_owned(), kind)));
                model
            })
            .collect();
        if models.is_empty() {
            models.push(Model::named(None));
        }
        models
    }

    /// garak and Inspect write reports; both are named in the text alone.
    fn tool(&self) -> Option<Tool> {
        let said = format!(
            "{} {}",
            self.title(),
            self.report.at(&["references"]).map(|refs| refs.raw(2_000)).unwrap_or_default()
        );
        let lower = said.to_lowercase();
        let name = if lower.contains("garak") {
            "garak"
        } else if lower.contains("inspect eval") {
            "inspect_ai"
        } else {
            return None;
        };
        Some(Tool { name: name.to_owned(), version: None })
    }

    /// One evaluation for each model that has numbers.
    fn evaluations(&self) -> Vec<Evaluation> {
        let first = self.models().into_iter().next().unwrap_or_default();
        let mut all: Vec<Evaluation> = Vec::new();
        for metric in self.report.get("metrics").map(Tree::items).unwrap_or_default() {
            if let Some(scores) = metric.at(&["results", "Test Scores"]) {
                for score in scores.items() {
                    let name = score.text_at("Model").unwrap_or(&first.name).to_owned();
                    let row = Row::new(
                        self.task(),
                        score.text_at("Test Kind").unwrap_or("Test Score"),
                        number::read(score.get("Test Score")),
                    );
                    let model = match Model::named(Some(&name)) {
                        local if local.is_from_path() => local,
                        named => Model { name: named.name, ..first.clone() },
                    };
                    push(&mut all, &model, self, row);
                }
                continue;
            }
            for row in self.rows(metric) {
                push(&mut all, &first, self, row);
            }
        }
        all
    }

    fn task(&self) -> String {
        if let Some(task) = self.text(&["lyceum", "task"]) {
            return task;
        }
        // garak names its probe in the text, between two marks.
        let said = self.text(&["problemtype", "description", "value"]).unwrap_or_default();
        let probe = said.split('`').nth(1).filter(|_| said.contains("probe")).map(str::to_owned);
        let benchmark =
            || said.split(" on the ").nth(1).and_then(|rest| rest.split(" benchmark").next()).map(str::to_owned);
        probe.or_else(benchmark).or_else(|| self.id()).unwrap_or_else(|| "unknown".to_owned())
    }

    fn rows(&self, metric: &Tree) -> Vec<Row> {
        if let Some(rows) = metric.at(&["results", "rows"]) {
            return rows.items().iter().map(|row| self.garak_row(row)).collect();
        }
        if !metric.has("value") {
            return Vec::new();
        }
        let name =
            metric.scalar_at("metrics").or_else(|| metric.scalar_at("name")).unwrap_or_else(|| "unknown".to_owned());
        if name == "stderr" && self.partner(metric, &MEANS).is_some() {
            return Vec::new();
        }
        let error = self.partner(metric, &["stderr"]).filter(|_| MEANS.contains(&name.as_str()));
        let mut row = Row::new(self.task(), name, number::read(Some(metric.get("value").unwrap_or(&Tree::Null))));
        row.metric_details.extend(metric.scalar_at("scorer").map(|scorer| ("scorer".to_owned(), scorer)));
        of_our_own(metric, &mut row);
        if let Some(Ok(error)) = error.map(|error| number::read(error.get("value"))) {
            row.uncertainty.standard_error = Some((error.value, Some("stderr".to_owned())));
        }
        vec![row]
    }

    /// garak's score is the percentage that passed.
    fn garak_row(&self, given: &Tree) -> Row {
        let mut row = Row::new(self.task(), "pass_rate", number::read(given.get("score")));
        row.lower_is_better = Some(false);
        row.unit = Some("percent");
        row.range = Some((0.0, 100.0));
        row.metric_details.extend(given.scalar_at("detector").map(|detector| ("detector".to_owned(), detector)));
        row.take_samples("total_evaluated", given.get("total_evaluated"));
        row.details.extend(given.scalar_at("passed").map(|passed| ("passed".to_owned(), passed)));
        row
    }

    /// The error that stands as a row of its own beside the mean of the same scorer, or the mean beside an error.
    fn partner<'t>(&'t self, metric: &Tree, names: &[&str]) -> Option<&'t Tree> {
        let scorer = metric.scalar_at("scorer");
        let all = self.report.get("metrics").map(Tree::items).unwrap_or_default();
        all.iter().find(|other| {
            other.scalar_at("scorer") == scorer && other.text_at("metrics").is_some_and(|name| names.contains(&name))
        })
    }

    fn risk(&self) -> Found {
        let severity = self.text(&["impact", "cvss", "baseSeverity"]).or_else(|| self.text(&["lyceum", "severity"]));
        let severity = severity.map(|severity| severity.to_lowercase());
        let severity = severity.filter(|word| matches!(word.as_str(), "low" | "medium" | "high" | "critical"));
        let models = self.models();
        let mut found = Found::new("finding", self.title()).with("nature", "risk");
        found.set("models", Json::List(models.iter().map(Model::to_json).collect()));
        found.set_text("severity", severity.as_deref());
        found.set("affected", texts(models.iter().map(|model| model.name.clone())));
        let metrics = self.report.get("metrics").map(Tree::items).unwrap_or_default();
        let mut found = self.common(found);
        if !metrics.is_empty() {
            let words: Vec<String> = metrics.iter().map(|metric| format!("- {}", metric.raw(500))).collect();
            let body = format!("{}\n\n## Metrics without a number\n\n{}\n", found.text("body"), words.join("\n"));
            found.set("body", body);
        }
        found
    }

    /// What every report says.
    fn common(&self, mut found: Found) -> Found {
        found.set("title", self.title());
        let mut body = self.text(&["description", "value"]).unwrap_or_default();
        let references = self.report.get("references").map(Tree::items).unwrap_or_default();
        if !references.is_empty() {
            body.push_str("\n\n## References\n\n");
            for reference in references {
                let label = reference.scalar_at("label").unwrap_or_default();
                let url = reference.scalar_at("url").unwrap_or_default();
                body.push_str(&if label == url || label.is_empty() {
                    format!("- {url}\n")
                } else {
                    format!("- {label}: {url}\n")
                });
            }
        }
        found.set_text("body", Some(&body));
        found.set_checked_text(
            "created",
            self.text(&["reported_date"]).or_else(|| self.text(&["published_date"])).as_deref(),
        );
        let mut tags: Vec<String> = self.id().into_iter().collect();
        tags.extend(self.text(&["problemtype", "classof"]));
        tags.extend(self.text(&["problemtype", "type"]));
        let domains = self.report.at(&["impact", "avid", "risk_domain"]).map(Tree::items).unwrap_or_default();
        tags.extend(domains.iter().filter_map(Tree::scalar));
        let weaknesses = self.report.at(&["impact", "cwe"]).map(Tree::one_or_many).unwrap_or_default();
        tags.extend(weaknesses.iter().filter_map(|cwe| cwe.scalar_at("cweId")));
        found.set("tags", texts(tags));
        let impact = self.report.get("impact").map(Tree::entries).unwrap_or_default();
        for (key, _) in impact.iter().filter(|(key, _)| !matches!(key.as_str(), "avid" | "cwe")) {
            let only = if key == "cvss" { "only its word for the severity is taken over" } else { "is not taken over" };
            found.leave_out(format!("impact.{key}"), only);
        }
        if self.report.at(&["impact", "avid", "lifecycle_view"]).is_some() {
            found.leave_out("impact.avid.lifecycle_view", "is not taken over");
        }
        found.set_checked("taxonomies", texts(self.taxonomies()));
        let credits = self.report.get("credit").or_else(|| self.report.get("credits"));
        let authors: Vec<Json> = credits
            .map(Tree::one_or_many)
            .unwrap_or_default()
            .iter()
            .filter_map(|credit| credit.scalar_at("value").or_else(|| credit.scalar()))
            .map(|name| Json::from([("name", Json::Text(shortened(&name, 190)))]))
            .collect();
        if !authors.is_empty() {
            found.set("authors", Json::List(authors));
        }
        found
    }

    /// Codes of AVID's own taxonomy, with its edition where the report says it.
    fn taxonomies(&self) -> Vec<String> {
        let avid = self.report.at(&["impact", "avid"]);
        let edition = avid.and_then(|avid| avid.scalar_at("taxonomy_version"));
        let name = format!("avid-sep-{}", edition.as_deref().unwrap_or(EDITION_UNKNOWN));
        let codes = avid.and_then(|avid| avid.get("sep_view")).map(Tree::items).unwrap_or_default();
        let code = |code: &Tree| code.text().and_then(|text| text.split(':').next()).map(str::trim).map(str::to_owned);
        codes.iter().filter_map(code).filter(|code| !code.is_empty()).map(|code| format!("{name}:{code}")).collect()
    }
}

/// What only our own reports say of a number.
fn of_our_own(metric: &Tree, row: &mut Row) {
    if let Some(Tree::Bool(lower)) = metric.get("lower_is_better") {
        row.lower_is_better = Some(*lower);
    }
    row.metric_details.extend(metric.scalar_at("filter").map(|filter| (names::FILTER.to_owned(), filter)));
    if let Some(Ok(error)) = metric.get("standard_error").map(|error| number::read(Some(error))) {
        row.uncertainty.standard_error = Some((error.value, None));
    }
    row.take_samples("samples", metric.get("samples"));
}

/// Adds a row to the evaluation of its model.
fn push(all: &mut Vec<Evaluation>, model: &Model, about: &About<'_>, row: Row) {
    let at = all.iter().position(|evaluation| evaluation.model.name == model.name).unwrap_or_else(|| {
        let source_details = about.id().map(|id| vec![("avid_id".to_owned(), id)]).unwrap_or_default();
        all.push(Evaluation {
            model: model.clone(),
            source: "AVID".to_owned(),
            from_document: true,
            relationship: None,
            source_details,
            time: about.text(&["reported_date"]),
            ..Evaluation::default()
        });
        all.len().saturating_sub(1)
    });
    if let Some(evaluation) = all.get_mut(at) {
        evaluation.push(row);
    }
}
