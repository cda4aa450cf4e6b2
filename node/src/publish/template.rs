//! What an editor opens with: front matter with a remark beside every field, for each type and nature.
//!
//! What has to be filled in is empty, so that a template that nobody touched is refused with the place of the first gap.

use std::fmt::Write as _;

use lyceum_protocol::publication::finding::{Likelihood, MitigationStatus, RiskStatus};
use lyceum_protocol::publication::{Finding, ResourceKind, Response, Severity, Verdict};

/// Types that there are templates for.
pub const TYPES: [&str; 7] = ["note", "finding", "release", "resource", "call", "review", "notice"];

/// The template of a type; a finding is a risk where no nature is said. None for an unknown type or nature.
pub fn template(kind: &str, nature: Option<&str>) -> Option<String> {
    if !TYPES.contains(&kind) || (nature.is_some() && kind != "finding") {
        return None;
    }
    let mut text = format!("---\ntype: {kind}\n");
    if kind == "finding" {
        let nature = nature.unwrap_or("risk");
        if !Finding::NATURES.contains(&nature) {
            return None;
        }
        row(&mut text, "nature", nature, &Finding::NATURES.join(", "));
    }
    row(&mut text, "title", "\"\"", "one line, to be filled in");
    let own = own_fields(kind, nature.unwrap_or("risk"));
    text.push_str(&own);
    // No field stands there twice, so that whoever takes its mark away has it once.
    text.push_str(&if own.contains("links") { COMMON.replace(LINKS, "") } else { COMMON.to_owned() });
    text.push_str(&format!("---\n\n{BODY}\n"));
    Some(text)
}

/// The rows of the links in what all templates have.
const LINKS: &str = "# links:\n#   - {rel: cites, target: \"\"}\n";

/// What stands where the text is to be written; it is never published.
pub const BODY: &str = "Write here, in Markdown.";

const COMMON: &str = r#"# summary: ""               # a few sentences
# language: en              # language tag
# authors:
#   - name: ""
#     orcid: ""
#     affiliation: ""
# tags: []
# taxonomies: []            # with the edition: owasp-llm-2025:LLM01, mitre-atlas-5.6.0:AML.T0051
# license: CC-BY-4.0        # SPDX
# links:
#   - {rel: cites, target: ""}
# marking: GREEN            # CLEAR: anyone may read it; GREEN: the members
"#;

/// Where the remark beside a field begins, in characters.
const REMARK_AT: usize = 28;

fn row(text: &mut String, name: &str, value: &str, remark: &str) {
    let field = format!("{name}: {value}");
    let line = match remark {
        "" => field,
        remark => format!("{field:<width$} # {remark}", width = REMARK_AT.saturating_sub(1)),
    };
    // Writing to a text does not fail.
    let _ = writeln!(text, "{}", line.trim_end());
}

fn own_fields(kind: &str, nature: &str) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: &str, remark: &str| row(&mut text, name, value, remark);
    match (kind, nature) {
        ("finding", "risk") => {
            models(&mut add);
            add("severity", "\"\"", &Severity::WORDS.join(", "));
            add("# likelihood", "medium", &Likelihood::WORDS.join(", "));
            add("# affected", "\"\"", "who or what");
            add("status", "open", &RiskStatus::WORDS.join(", "));
        }
        ("finding", "incident") => {
            models(&mut add);
            add("# date", "2026-11-25", "when it happened; 2026 and 2026-11 will do");
            add("# affected", "\"\"", "who or what; without a model it is needed");
            add("# harm", "\"\"", "what was done to them");
            add("# severity", "medium", &Severity::WORDS.join(", "));
        }
        ("finding", "mitigation") => {
            models(&mut add);
            add("# status", "tested", &MitigationStatus::WORDS.join(", "));
            add("# links", "[{rel: mitigates, target: ID}]", "the risks that it is for");
        }
        ("finding", "evaluation") => {
            models(&mut add);
            evaluation(&mut add);
        }
        ("finding", _) => models(&mut add),
        ("release", _) => {
            add("name", "\"\"", "such as organisation/model");
            add("# version", "\"1.0\"", "");
            add("# where", "\"\"", "an address");
            add("# files", "[]", "{name, size, sha256}, and if you like blake3, address");
        }
        ("resource", _) => {
            add("kind", "\"\"", &ResourceKind::WORDS.join(", "));
            add("# version", "\"1.0\"", "");
            add("# audience", "\"\"", "whom it is for");
            add("# address", "\"\"", "where it is");
        }
        ("call", _) => {
            add("# ends", "2026-12-31", "until when the question is open");
            add("# models", "[example/model]", "the models that it is about");
        }
        ("review", _) => {
            add("verdict", "\"\"", &Verdict::WORDS.join(", "));
            add("links", "[{rel: \"\", target: \"\"}]", "rel as the verdict (replies for comments), and the id");
        }
        ("notice", _) => {
            add("# response", "investigating", &Response::WORDS.join(", "));
            add("# links", "[{rel: responds, target: ID}]", "what you respond to");
            add("# same_as", "[name, other name]", "names of one model");
        }
        _ => {}
    }
    text
}

fn models(add: &mut impl FnMut(&str, &str, &str)) {
    add("models", "[\"\"]", "names, or {name, revision, digest, provider}");
}

/// The least that an evaluation by hand needs; what programs write is imported.
fn evaluation(add: &mut impl FnMut(&str, &str, &str)) {
    add("evaluation", "", "an Every Eval Ever record, schema 0.3.0");
    for (name, value, remark) in [
        ("  schema_version", "\"0.3.0\"", ""),
        ("  evaluation_id", "\"\"", "names this run"),
        ("  retrieved_timestamp", "unknown", "or Unix seconds, as a text"),
        ("  source_metadata", "", ""),
        ("    source_type", "evaluation_run", "or documentation"),
        ("    source_organization_name", "\"\"", "yours"),
        ("    evaluator_relationship", "third_party", "or first_party, collaborative, other"),
        ("  eval_library", "{name: unknown, version: unknown}", "program that ran it"),
        ("  model_info", "", ""),
        ("    name", "\"\"", ""),
        ("    id", "\"\"", "one of `models`, such as organisation/model"),
        ("    additional_details", "{deployment_type: unknown, model_availability: unknown}", ""),
        ("  evaluation_results", "", ""),
        ("    - evaluation_name", "\"\"", "the task"),
        ("      source_data", "{dataset_name: unknown, source_type: other}", ""),
        ("      metric_config", "{metric_id: accuracy, lower_is_better: false}", ""),
        ("      score_details", "{score: }", "a number; and uncertainty: {num_samples: 100}"),
    ] {
        add(name, value, remark);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::publish::{Wishes, prepare};

    fn all() -> Vec<(&'static str, Option<&'static str>, String)> {
        let findings = Finding::NATURES.iter().map(|nature| ("finding", Some(*nature)));
        let kinds = TYPES.iter().map(|kind| (*kind, None)).chain(findings);
        kinds.map(|(kind, nature)| (kind, nature, template(kind, nature).unwrap())).collect()
    }

    fn prepared(text: &str) -> Result<String, String> {
        let prepared = prepare(Path::new("draft.md"), text.as_bytes(), &Wishes::default());
        prepared.map(|it| it.publication.kind.name().to_owned()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn an_untouched_template_is_refused_at_its_first_gap() {
        for (kind, nature, text) in all() {
            let fault = prepared(&text).unwrap_err();
            assert!(fault.contains("title is empty"), "{kind} {nature:?}: {fault}");
        }
    }

    #[test]
    fn a_template_that_is_filled_in_can_be_published() {
        let id = "ab".repeat(32);
        for (kind, nature, text) in all() {
            let filled = text
                .replace("title: \"\"", "title: T")
                .replace("[\"\"]", "[m]")
                .replace("severity: \"\"", "severity: high")
                .replace("kind: \"\"", "kind: course")
                .replace("verdict: \"\"", "verdict: endorses")
                .replace("[{rel: \"\", target: \"\"}]", &format!("[{{rel: endorses, target: {id}}}]"))
                .replace("# same_as", "same_as")
                .replace("name: \"\"", "name: n")
                .replace("id: \"\"", "id: lab/m")
                .replace("{score: }", "{score: 0.5}");
            assert_eq!(prepared(&filled).as_deref(), Ok(kind), "{nature:?}:\n{filled}");
        }
    }

    #[test]
    fn no_template_has_a_field_twice() {
        for kind in TYPES {
            for nature in
                Finding::NATURES.iter().copied().map(Some).chain([None]).filter(|it| it.is_none() || kind == "finding")
            {
                let text = template(kind, nature).unwrap();
                let links =
                    text.lines().filter(|line| line.trim_start_matches(['#', ' ']).starts_with("links:")).count();
                assert_eq!(links, 1, "{kind} {nature:?}:\n{text}");
            }
        }
    }

    #[test]
    fn only_findings_have_natures() {
        assert_eq!(template("note", Some("risk")), None);
        assert_eq!(template("finding", Some("opinion")), None);
        assert_eq!(template("poster", None), None);
        assert_eq!(template("finding", None), template("finding", Some("risk")));
    }

    #[test]
    fn lines_are_not_wide() {
        for (kind, _, text) in all() {
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(100), "{kind}: {widest:?}");
        }
    }
}
