//! CITATION.cff: how a program, a data set or a text wants to be cited. A resource.

use lyceum_protocol::publication::Json;

use super::found::{Found, texts};
use super::record::shortened;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape};

/// Reads citation files.
#[derive(Debug)]
pub(super) struct Citation;

impl Importer for Citation {
    fn name(&self) -> &'static str {
        "citation"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        material.shape == Shape::Yaml && material.first.has("cff-version")
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        let file = &material.first;
        let title = file.scalar_at("title").ok_or_else(|| Refusal::new("is a citation file without a title"))?;
        let mut found = Found::new("resource", shortened(&title, 280));
        found.set_text("version", file.scalar_at("version").as_deref());
        found.set_text("summary", file.scalar_at("abstract").map(|text| shortened(&text, 1_000)).as_deref());
        found.set_text("address", file.scalar_at("url").or_else(|| file.scalar_at("repository-code")).as_deref());
        found.set_checked_text("created", file.scalar_at("date-released").as_deref());
        let licence = file.get("license").map(Tree::one_or_many).unwrap_or_default();
        found.set_checked_text(
            "license",
            Some(&licence.iter().filter_map(Tree::scalar).collect::<Vec<_>>().join(" OR ")),
        );
        let authors: Vec<Json> =
            file.get("authors").map(Tree::items).unwrap_or_default().iter().filter_map(author).take(200).collect();
        if !authors.is_empty() {
            found.set("authors", Json::List(authors));
        }
        let mut body = String::new();
        for (field, label) in
            [("message", "How to cite"), ("repository-code", "Source"), ("doi", "DOI"), ("commit", "Commit")]
        {
            if let Some(said) = file.scalar_at(field) {
                body.push_str(&format!("{label}: {said}\n\n"));
            }
        }
        if let Some(preferred) = file.get("preferred-citation") {
            body.push_str(&format!("Preferred citation: {}\n", preferred.raw(4_000)));
        }
        found.set_text("body", Some(&body));
        let kind = file.scalar_at("type").unwrap_or_else(|| "software".to_owned());
        let keywords = file.get("keywords").map(Tree::items).unwrap_or_default();
        found.set("kind", if kind == "dataset" { "dataset" } else { "tool" });
        found.set("tags", texts([kind].into_iter().chain(keywords.iter().filter_map(Tree::scalar))));
        Ok(vec![found])
    }
}

fn author(author: &Tree) -> Option<Json> {
    let part = |name: &str| author.scalar_at(name);
    let person = [part("given-names"), part("name-particle"), part("family-names"), part("name-suffix")];
    let person: Vec<String> = person.into_iter().flatten().collect();
    let name = part("name").or_else(|| (!person.is_empty()).then(|| person.join(" ")))?;
    let mut fields = vec![("name".to_owned(), Json::Text(shortened(&name, 190)))];
    let orcid = part("orcid").map(|orcid| orcid.rsplit('/').next().unwrap_or_default().to_owned());
    // One with a wrong check digit would be refused with the whole publication.
    let orcid = orcid.filter(|orcid| is_orcid(orcid));
    fields.extend(orcid.map(|orcid| ("orcid".to_owned(), Json::Text(orcid))));
    fields.extend(part("affiliation").map(|at| ("affiliation".to_owned(), Json::Text(shortened(&at, 190)))));
    Some(Json::Object(fields.into_iter().collect()))
}

/// Whether an ORCID has its shape and its check digit (ISO 7064, 11-2).
fn is_orcid(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let Some((body, check)) = digits.split_at_checked(15).filter(|_| text.len() == 19) else { return false };
    let sum = body.chars().try_fold(0_u32, |sum, c| Some(sum.checked_add(c.to_digit(10)?)?.checked_mul(2)? % 11));
    let expected = sum.map(|sum| 12_u32.saturating_sub(sum) % 11);
    let said = if check == "X" { Some(10) } else { check.parse().ok() };
    expected.is_some() && expected == said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_of_an_orcid_is_checked() {
        assert!(is_orcid("0000-0002-1825-0097") && is_orcid("0000-0002-1694-233X"));
        assert!(!is_orcid("0000-0002-1825-0098") && !is_orcid("0000-0002-1825-00") && !is_orcid("äöü"));
    }
}
