//! CITATION.cff 1.2.0: how one publication wants to be cited.
//!
//! The format is for programs and data sets; of anything else `preferred-citation` says that it is a report.

use std::collections::BTreeSet;

use lyceum_protocol::publication::{Author, Content, ResourceKind};

use super::bibtex::{address, date};
use super::yaml::quoted;
use super::{Item, fate};
use crate::import::record::shortened;

/// Licences of SPDX that are passed on as such: others would make the file invalid for readers of an older list.
const LICENSES: [&str; 28] = [
    "0BSD",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-3.0-only",
    "MIT",
    "MPL-2.0",
    "ODbL-1.0",
    "Unlicense",
    "Zlib",
];
/// Characters of the abstract.
const ABSTRACT_CHARS: usize = 4_000;

/// The file.
pub fn file(item: &Item) -> String {
    let publication = &item.publication;
    let mut text = "cff-version: 1.2.0\n".to_owned();
    let mut words = fate::words(item);
    let advice = if item.outcome.hidden().is_some() { "Do not rely on it" } else { "To cite it, use what stands here" };
    if item.is_for_members() {
        words.push(format!("TLP:{}: it must not leave the alliance", item.line.marking));
    }
    words.push(advice.to_owned());
    text.push_str(&format!("message: {}\n", quoted(&(words.join(". ") + "."))));
    let title = quoted(&fate::named_line(&publication.title));
    text.push_str(&format!("title: {title}\n"));
    let authors = authors(item);
    text.push_str("authors:\n");
    text.push_str(&authors);
    let (kind, version) = match &publication.content {
        Content::Release(release) => (Some("software"), release.version.as_deref()),
        Content::Resource(resource) => {
            let data = matches!(resource.kind, Some(ResourceKind::Dataset | ResourceKind::Benchmark));
            (Some(if data { "dataset" } else { "software" }), resource.version.as_deref())
        }
        _ => (None, None),
    };
    text.push_str(&format!("type: {}\n", kind.unwrap_or("dataset")));
    if let Some(version) = version.filter(|version| !version.trim().is_empty()) {
        text.push_str(&format!("version: {}\n", quoted(version)));
    }
    let day = publication.created.as_deref().and_then(date).unwrap_or_else(|| item.day().to_owned());
    text.push_str(&format!("date-released: {}\n", quoted(&day)));
    if let Some(url) = address(publication) {
        text.push_str(&format!("url: {}\n", quoted(url)));
    }
    let licences: BTreeSet<&str> = publication.license.as_deref().map(known_licences).unwrap_or_default();
    if !licences.is_empty() {
        text.push_str("license:\n");
        licences.iter().for_each(|licence| text.push_str(&format!("- {}\n", quoted(licence))));
    }
    if let Some(summary) = publication.summary.as_deref().filter(|summary| !summary.trim().is_empty()) {
        text.push_str(&format!("abstract: {}\n", quoted(&shortened(summary, ABSTRACT_CHARS))));
    }
    let keywords: BTreeSet<&str> =
        publication.tags.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()).collect();
    if !keywords.is_empty() {
        text.push_str("keywords:\n");
        keywords.iter().for_each(|keyword| text.push_str(&format!("- {}\n", quoted(keyword))));
    }
    let said = format!("Lyceum, {} of {}", publication.kind.name(), fate::one_line(&item.org_name()));
    text.push_str(&format!(
        "identifiers:\n- type: other\n  value: {}\n  description: {}\n",
        quoted(&item.line.id),
        quoted(&said)
    ));
    if kind.is_none() {
        let indented: String = authors.lines().map(|line| format!("  {line}\n")).collect();
        text.push_str(&format!("preferred-citation:\n  type: report\n  title: {title}\n  authors:\n{indented}"));
        let year = day.get(..4).and_then(|year| year.parse::<u16>().ok());
        if let Some(year) = year {
            text.push_str(&format!("  year: {year}\n"));
        }
        text.push_str(&format!("  notes: {}\n", quoted(&format!("{said}, entry {}", item.line.id))));
    }
    text
}

/// Each once; the organisation where nobody is named. Which part of a name is the family's is not guessed.
fn authors(item: &Item) -> String {
    let mut seen = BTreeSet::new();
    let one = |author: &Author| {
        let name = format!("- name: {}\n", quoted(&fate::named_line(&author.name)));
        let orcid =
            author.orcid.as_ref().map(|orcid| format!("  orcid: {}\n", quoted(&format!("https://orcid.org/{orcid}"))));
        name + &orcid.unwrap_or_default()
    };
    let listed: String =
        item.publication.authors.iter().map(one).filter(|author| seen.insert(author.clone())).collect();
    if listed.is_empty() { format!("- name: {}\n", quoted(&fate::named_line(&item.org_name()))) } else { listed }
}

/// The licences of `A OR B`, if all of them are known.
fn known_licences(expression: &str) -> BTreeSet<&str> {
    let parts: Vec<&str> = expression.split(" OR ").map(|part| part.trim_matches([' ', '(', ')'])).collect();
    if parts.iter().all(|part| LICENSES.contains(part)) { parts.into_iter().collect() } else { BTreeSet::new() }
}
