//! BibTeX and CITATION.cff.

use lyceum_node::export::{bibtex, cff};
use lyceum_node::import::yaml;
use serde_json::json;

use crate::fixture::{ID, evaluation, fallen, imported, item, risk};

#[test]
fn a_record_of_bibtex_names_who_and_what_and_what_became_of_it() {
    let record = bibtex::record(&fallen(item(&risk())));
    assert!(record.starts_with("@misc{lyceum-3f9a1c20d4e5f607a8b9cadb,\n"), "{record}");
    for line in [
        "  author = {Ada Lovelace},",
        "  title = {{Prompts leak}},",
        "  year = {2026},",
        "  month = {11},",
        "  note = {RETRACTED by its organisation on 2026-11-22: The scorer was wrong; SUPERSEDED by ",
        "TLP:GREEN: for members of the alliance},",
    ] {
        assert!(record.contains(line), "{line}\n{record}");
    }
    let record = bibtex::record(&item(&evaluation()));
    assert!(record.contains("author = {{Example Lab \\& Söhne}},"), "{record}");
    assert!(record.contains("disputed") == record.contains("note = {RETRACTED"), "{record}");
}

#[test]
fn a_citation_file_is_read_back() {
    let resource = json!({
        "type": "resource", "title": "Tiny bench: \"a\"", "kind": "dataset", "version": "2.0",
        "address": "https://example.org/bench", "license": "MIT OR Apache-2.0", "created": "2026-10-02",
        "authors": [{ "name": "Ada Lovelace", "orcid": "0000-0002-1825-0097" }, { "name": "Tiny Institute" }],
        "tags": ["b", "a", "a"], "summary": "Small.\nVery.",
    });
    let found = imported("CITATION.cff", &cff::file(&item(&resource))).remove(0);
    for field in ["title", "kind", "version", "address", "created", "authors", "summary"] {
        assert_eq!(found[field], resource[field], "{field}");
    }
    assert_eq!(found["license"], "Apache-2.0 OR MIT");
}

#[test]
fn a_finding_is_a_report_of_its_organisation_and_says_what_became_of_it() {
    let file = cff::file(&fallen(item(&evaluation())));
    let tree = yaml::read(&file).unwrap();
    assert!(tree.text_at("message").unwrap().ends_with("it must not leave the alliance. Do not rely on it."));
    assert_eq!(tree.get("authors").unwrap().items()[0].text_at("name"), Some("Example Lab & Söhne"));
    assert_eq!(tree.at(&["preferred-citation", "type"]).unwrap().text(), Some("report"));
    assert_eq!(tree.get("identifiers").unwrap().items()[0].text_at("value"), Some(ID));
    assert!(!file.contains("license"), "{file}");
}
