//! Croissant: what a data set is. A resource, no finding. No address in it is ever opened.

use lyceum_protocol::publication::Json;

use super::found::{Found, texts};
use super::record::shortened;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape};

/// Reads descriptions of data sets.
#[derive(Debug)]
pub(super) struct Croissant;

/// Longest description that is taken, in characters.
const DESCRIPTION_MAX: usize = 20_000;
/// Files that are named.
const FILES_NAMED: usize = 50;

impl Importer for Croissant {
    fn name(&self) -> &'static str {
        "croissant"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let kinds = material.first.get("@type").map(Tree::one_or_many).unwrap_or_default();
        let dataset =
            kinds.iter().filter_map(Tree::text).any(|kind| kind.rsplit(['/', ':', '#']).next() == Some("Dataset"));
        material.shape == Shape::Json && dataset && material.first.has("@context")
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let file = &material.first;
        let name = localised(file.get("name")).unwrap_or_else(|| "unnamed data set".to_owned());
        let mut found = Found::new("resource", shortened(&format!("{name} (data set)"), 280));
        found.set("kind", "dataset");
        let description = localised(file.get("description")).unwrap_or_default();
        let flat: String = description.split_whitespace().collect::<Vec<_>>().join(" ");
        found.set_text("summary", Some(&shortened(&flat, 400)));
        found.set_text("version", file.scalar_at("version").as_deref());
        let address = file.get("url").or_else(|| file.get("sameAs")).map(Tree::one_or_many).unwrap_or_default();
        found.set_text("address", address.iter().find_map(Tree::scalar).as_deref());
        found.set_checked_text("created", file.scalar_at("datePublished").as_deref());
        let licence = file.get("license").map(Tree::one_or_many).unwrap_or_default();
        let licence: Vec<String> = licence
            .iter()
            .filter_map(|one| one.scalar().or_else(|| one.scalar_at("name")).or_else(|| one.scalar_at("url")))
            .collect();
        found.set_checked_text("license", Some(&licence.join(", ")));
        found.set("body", body(file, &description));
        let keywords = file.get("keywords").map(Tree::one_or_many).unwrap_or_default();
        found.set(
            "tags",
            texts(
                ["croissant".to_owned(), "dataset".to_owned()]
                    .into_iter()
                    .chain(keywords.iter().filter_map(Tree::scalar).take(48)),
            ),
        );
        let creators = file.get("creator").map(Tree::one_or_many).unwrap_or_default();
        let authors: Vec<Json> = creators
            .iter()
            .filter_map(|one| one.scalar_at("name").or_else(|| one.scalar()))
            .take(50)
            .map(|name| Json::from([("name", Json::Text(shortened(&name, 190)))]))
            .collect();
        if !authors.is_empty() {
            found.set("authors", Json::List(authors));
        }
        if file.has("recordSet") {
            found.leave_out("recordSet", "the structure of the records stays with the data set");
        }
        Ok(vec![found])
    }
}

/// A text, or the English or first one of a map of languages.
fn localised(value: Option<&Tree>) -> Option<String> {
    let value = value?;
    value
        .scalar()
        .or_else(|| value.scalar_at("en"))
        .or_else(|| value.scalar_at("@value"))
        .or_else(|| value.entries().iter().find_map(|(_, text)| text.scalar()))
}

fn body(file: &Tree, description: &str) -> String {
    let mut body = format!("{}\n", shortened(description.trim(), DESCRIPTION_MAX));
    for field in ["citeAs", "citation"] {
        if let Some(citation) = file.scalar_at(field) {
            body.push_str(&format!("\n## Citation\n\n```\n{}\n```\n", shortened(&citation, 4_000)));
        }
    }
    let responsible: Vec<&(String, Tree)> = file.entries().iter().filter(|(key, _)| key.starts_with("rai:")).collect();
    if !responsible.is_empty() {
        body.push_str("\n## Responsible AI\n\n");
        for (key, value) in responsible {
            body.push_str(&format!("- {key}: {}\n", value.raw(2_000)));
        }
    }
    let files = file.get("distribution").map(Tree::items).unwrap_or_default();
    if !files.is_empty() {
        body.push_str("\n## Files\n\n");
        for one in files.iter().take(FILES_NAMED) {
            let name = one.scalar_at("name").or_else(|| one.scalar_at("@id")).unwrap_or_default();
            let place = one.scalar_at("contentUrl").unwrap_or_default();
            body.push_str(&format!("- {name} {place}{}\n", checksum(one)));
        }
    }
    body
}

/// The checksum, where it is one: the address of an issue often stands in its place.
fn checksum(file: &Tree) -> String {
    let hex = |name: &str, length: usize| {
        let said = file.scalar_at(name)?;
        (said.len() == length && said.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| format!(" {name} {said}"))
    };
    hex("sha256", 64).or_else(|| hex("md5", 32)).unwrap_or_default()
}
