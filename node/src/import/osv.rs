//! OSV advisories, in YAML and JSON: flaws of packages, and malicious packages. No metric and no model is in them.

use super::found::{Found, texts};
use super::record::shortened;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape};

/// Reads advisories of OSV.
#[derive(Debug)]
pub(super) struct Osv;

/// Versions that are named; of more, how many there are.
const VERSIONS_NAMED: usize = 40;

impl Importer for Osv {
    fn name(&self) -> &'static str {
        "osv"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let first = &material.first;
        let shaped = matches!(material.shape, Shape::Json | Shape::JsonLines | Shape::Yaml);
        let affected = first.get("affected").map(Tree::items).unwrap_or_default();
        shaped
            && first.has("id")
            && first.has("modified")
            && affected.iter().any(|one| one.has("package") || one.has("ranges"))
    }

    fn read(&self, material: &Material<'_>, rest: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let mut found = vec![advisory(&material.first)?];
        while let Some(next) = rest.next_value(super::aside)? {
            found.push(advisory(&next)?);
        }
        Ok(found)
    }
}

fn advisory(osv: &Tree) -> Result<Found, Refusal> {
    let id = osv.scalar_at("id").ok_or_else(|| Refusal::new("has an advisory without an id"))?;
    let affected = osv.get("affected").map(Tree::items).unwrap_or_default();
    let packages: Vec<&Tree> = affected.iter().filter_map(|one| one.get("package")).collect();
    let names: Vec<String> = packages.iter().map(|package| package_name(package)).collect();
    let details = osv.scalar_at("details").unwrap_or_default();
    let summary = osv.scalar_at("summary").or_else(|| first_sentence(&details));
    let malicious = id.starts_with("MAL-");
    let what = if malicious { "malicious package" } else { "software flaw" };
    let title = format!("{id}: {}", summary.clone().unwrap_or_else(|| format!("{what} in {}", names.join(", "))));
    let mut found = Found::new("finding", shortened(&title, 280)).with("nature", "risk");
    found.set_text("summary", summary.as_deref());
    let vectors: Vec<String> = osv
        .get("severity")
        .map(Tree::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|one| one.scalar_at("score"))
        .collect();
    found.set_text("severity", stated_severity(osv).as_deref());
    found.set("affected", texts(affected.iter().map(affected_words)));
    if osv.get("withdrawn").is_some() {
        found.set("status", "closed");
    } else if is_fixed(affected) {
        found.set("status", "mitigated");
    }
    found.set("body", body(osv, &details, &vectors));
    found.set_checked_text("created", osv.scalar_at("published").or_else(|| osv.scalar_at("modified")).as_deref());
    let mut tags = vec!["security".to_owned(), what.to_owned(), id];
    tags.extend(osv.get("aliases").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::scalar));
    found.set("tags", texts(tags));
    Ok(found)
}

fn package_name(package: &Tree) -> String {
    let purl = package.scalar_at("purl");
    purl.unwrap_or_else(|| {
        let name = package.scalar_at("name").unwrap_or_else(|| "unknown".to_owned());
        match package.scalar_at("ecosystem") {
            Some(ecosystem) => format!("{ecosystem}/{name}"),
            None => name,
        }
    })
}

/// Whether there is a version without the flaw of everything that is affected.
fn is_fixed(affected: &[Tree]) -> bool {
    let ranges = |one: &Tree| one.get("ranges").map(Tree::items).unwrap_or_default().to_vec();
    let fixed = |range: &Tree| {
        let events = range.get("events").map(Tree::items).unwrap_or_default();
        let count = |name: &str| events.iter().filter(|event| event.get(name).is_some()).count();
        // What came back after a version without the flaw has to be fixed again.
        count("fixed") > 0 && count("fixed") >= count("introduced")
    };
    let all = |one: &Tree| {
        let ranges = ranges(one);
        !ranges.is_empty() && ranges.iter().all(fixed)
    };
    !affected.is_empty() && affected.iter().all(all)
}

/// A word for the severity, where a database says one; a vector alone is no word.
fn stated_severity(osv: &Tree) -> Option<String> {
    let said = osv.at(&["database_specific", "severity"]).and_then(Tree::scalar)?.to_lowercase();
    let said = if said == "moderate" { "medium".to_owned() } else { said };
    matches!(said.as_str(), "low" | "medium" | "high" | "critical").then_some(said)
}

fn first_sentence(text: &str) -> Option<String> {
    let line = text.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = line.split_once(". ").map_or(line.as_str(), |(sentence, _)| sentence).trim();
    (!sentence.is_empty()).then(|| shortened(sentence, 200))
}

fn affected_words(one: &Tree) -> String {
    let name = one.get("package").map_or_else(|| "unknown".to_owned(), package_name);
    let ranges = one.get("ranges").map(Tree::items).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    for range in ranges.iter().filter(|range| range.text_at("type") != Some("GIT")) {
        let events = range.get("events").map(Tree::items).unwrap_or_default();
        words.extend(
            events.iter().flat_map(Tree::entries).map(|(event, version)| format!("{event} {}", version.raw(60))),
        );
    }
    if words.is_empty() {
        let versions: Vec<String> =
            one.get("versions").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::scalar).collect();
        let more = versions.len().saturating_sub(VERSIONS_NAMED);
        words.extend(versions.into_iter().take(VERSIONS_NAMED));
        if more > 0 {
            words.push(format!("and {more} more"));
        }
    }
    if words.is_empty() { name } else { format!("{name}: {}", words.join(", ")) }
}

fn body(osv: &Tree, details: &str, vectors: &[String]) -> String {
    let mut body = format!("{}\n", details.trim());
    if !vectors.is_empty() {
        body.push_str(&format!("\nSeverity: {}\n", vectors.join(", ")));
    }
    let references = osv.get("references").map(Tree::items).unwrap_or_default();
    if !references.is_empty() {
        body.push_str("\n## References\n\n");
        for reference in references {
            let kind = reference.scalar_at("type").unwrap_or_default();
            body.push_str(&format!("- {kind} {}\n", reference.scalar_at("url").unwrap_or_default()));
        }
    }
    body
}
