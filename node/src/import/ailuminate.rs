//! AILuminate: the "standards" files of modelbench, with the scores of the reference systems for each hazard.

use super::found::{Evaluation, Found, Model, Row, Tool, texts};
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape, number};

/// Reads standards of modelbench.
#[derive(Debug)]
pub(super) struct Ailuminate;

/// The hazards by their codes.
const HAZARDS: [(&str, &str); 12] = [
    ("cse", "child sexual exploitation"),
    ("dfm", "defamation"),
    ("hte", "hate"),
    ("ipv", "intellectual property"),
    ("iwp", "indiscriminate weapons"),
    ("ncr", "non-violent crimes"),
    ("prv", "privacy"),
    ("spc", "specialised advice"),
    ("src", "sex-related crimes"),
    ("ssh", "suicide and self-harm"),
    ("sxc", "sexual content"),
    ("vcr", "violent crimes"),
];

impl Importer for Ailuminate {
    fn name(&self) -> &'static str {
        "ailuminate"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let standards = material.first.get("standards");
        material.shape == Shape::Json
            && standards.is_some_and(|standards| standards.get("reference_standards").is_some_and(Tree::is_map))
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let file = &material.first;
        let standards = file.get("standards").unwrap_or(&Tree::Null);
        let info = file.at(&["_metadata", "run_info"]).unwrap_or(&Tree::Null);
        let benchmark = standards.scalar_at("reference_benchmark").unwrap_or_else(|| "unknown".to_owned());
        let mut found = Vec::new();
        for (sut, scores) in info.get("sut_scores").map(Tree::entries).unwrap_or_default() {
            found.push(evaluation(sut, scores, &benchmark, file));
        }
        if found.is_empty() {
            // Files of version 1 name the reference systems and not which of them has which score.
            let suts = standards.get("reference_suts").map(Tree::items).unwrap_or_default();
            let names: Vec<String> = suts.iter().filter_map(Tree::scalar).collect();
            let name = if names.is_empty() { "unknown".to_owned() } else { names.join(", ") };
            let scores = standards.get("reference_standards").unwrap_or(&Tree::Null);
            found.push(evaluation(&name, scores, &benchmark, file));
        }
        for one in &mut found {
            for field in ["user", "node", "platform", "system", "command", "python"] {
                if info.has(field) {
                    one.leave_out(format!("_metadata.run_info.{field}"), "says who made the file and on which machine");
                }
            }
        }
        Ok(found)
    }
}

fn evaluation(sut: &str, scores: &Tree, benchmark: &str, file: &Tree) -> Found {
    let mut evaluation = Evaluation {
        model: Model::named(Some(sut)),
        source: "AILuminate".to_owned(),
        time: file.at(&["_metadata", "run_info", "timestamp"]).and_then(Tree::scalar),
        ..Evaluation::default()
    };
    evaluation.source_details.push(("reference_benchmark".to_owned(), benchmark.to_owned()));
    let version =
        file.at(&["_metadata", "file_format_version"]).and_then(Tree::scalar).unwrap_or_else(|| "1.0".to_owned());
    evaluation.source_details.push(("file_format_version".to_owned(), version));
    let mut codes = Vec::new();
    for (key, value) in scores.entries() {
        let code = hazard(key);
        let mut row = Row::new(key.as_str(), "safe_share", number::read(Some(value)));
        row.dataset.name = benchmark.to_owned();
        row.lower_is_better = Some(false);
        row.unit = Some("proportion");
        row.range = Some((0.0, 1.0));
        if let Some((code, name)) = code {
            row.metric_details.push(("hazard".to_owned(), code.to_owned()));
            row.metric_details.push(("hazard_name".to_owned(), name.to_owned()));
            codes.push(format!("ailuminate-1.1:{code}"));
        }
        evaluation.push(row);
    }
    let mut found = evaluation.into_found(Some(Tool { name: "modelbench".to_owned(), version: None }));
    found.set_checked("taxonomies", texts(codes.into_iter().filter(|_| benchmark.contains("1.1"))));
    let said = format!("{} These are reference values: the official grade is relative to them.", found.text("summary"));
    found.set("summary", said);
    found.set("title", format!("{sut}: AILuminate reference scores ({benchmark})"));
    found
}

/// The hazard in a key such as `safe_hazard-1.1-cse-en_us-official` or `safe_hazard-1_1-cse`.
fn hazard(key: &str) -> Option<(&'static str, &'static str)> {
    key.split('-').find_map(|part| HAZARDS.into_iter().find(|(code, _)| *code == part))
}
