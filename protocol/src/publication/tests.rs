//! What is read, what is refused with which words, and what is kept.

use super::*;

fn read(text: &str) -> Result<Publication, PublicationFault> {
    Publication::read(text.as_bytes())
}

/// A note with one field more.
fn note_with(field: &str) -> Result<Publication, PublicationFault> {
    read(&format!(r#"{{"type":"note","title":"Sampling","{field}}}"#))
}

fn refused(field: &str) -> String {
    note_with(field).unwrap_err().to_string()
}

/// E19: the fields of a publication.
#[test]
fn a_publication_is_read_into_its_fields() {
    let text = r#"{"type":"finding","title":"Prompt order matters","summary":"s","body":"b\u0007","language":"en-GB",
        "authors":[{"name":"Ada","orcid":"0000-0002-1825-0097"}],"tags":["order"],"taxonomies":["owasp-llm:LLM01"],
        "license":"CC-BY-4.0","links":[{"rel":"cites","target":"https://example.org"}],"created":"2026-02-01",
        "nature":"risk","models":[{"name":"gpt2","revision":"main"}],"severity":"low"}"#;
    let publication = read(text).unwrap();
    assert_eq!(publication.kind, PublicationType::Finding);
    assert_eq!(publication.language.as_ref().unwrap().as_str(), "en-GB");
    assert_eq!(publication.authors[0].orcid.as_deref(), Some("0000-0002-1825-0097"));
    assert_eq!(publication.links[0].rel, Rel::Cites);
    assert_eq!(publication.finding.as_ref().unwrap().models[0].name, "gpt2");
    assert_eq!(publication.body.as_deref(), Some("b\u{7}"), "control characters stay in the data");
    assert!(String::from_utf8(publication.to_bytes()).unwrap().contains(r#""severity":"low""#));
    publication.check_own().unwrap();
}

/// E19: a publication that breaks a rule is shown with the field and the reason.
#[test]
fn a_fault_names_its_field_and_the_reason() {
    assert_eq!(read(r#"{"type":"note"}"#).unwrap_err().to_string(), "title, is missing");
    assert_eq!(read(r#"{"type":"note","title":" "}"#).unwrap_err().to_string(), "title, is empty");
    assert_eq!(read(r#"{"title":"t"}"#).unwrap_err().to_string(), "type, is missing");
    assert_eq!(read("[]").unwrap_err().to_string(), "is a list, an object is expected");
    assert_eq!(refused(r#"body":7"#), "body, is a number, a text is expected");
    assert_eq!(refused(r#"language":"en_US""#), "language, is no language tag (BCP 47)");
    assert_eq!(refused(r#"tags":["a",""]"#), "tags[1], is empty");
    assert_eq!(refused(r#"taxonomies":["LLM01"]"#), "taxonomies[0], is not of the form taxonomy:term");
    assert_eq!(refused(r#"authors":["Ada"]"#), "authors[0], is a text, an object is expected");
    assert!(refused(r#"authors":[{"name":"A","orcid":"0000-0002-1825-0098"}]"#).starts_with("authors[0].orcid, "));
    assert_eq!(refused(r#"links":[{"rel":"cites","target":"x"},{"target":"y"}]"#), "links[1].rel, is missing");
    assert!(
        refused(r#"links":[{"rel":"retracts","target":"https://e.org"}]"#)
            .starts_with("links[0].target, is not the id")
    );
    assert!(refused(r#"attachments":[{"name":"a","media_type":"b","size":-1}]"#).starts_with("attachments[0].size, "));
}

/// E19: the bound of a title.
#[test]
fn a_title_has_at_most_three_hundred_characters() {
    let titled = |title: &str| read(&format!(r#"{{"type":"note","title":"{title}"}}"#));
    assert!(titled(&"é".repeat(300)).is_ok());
    assert_eq!(titled(&"é".repeat(301)).unwrap_err().to_string(), "title, 301 characters, at most 300 are allowed");
}

/// E19: what a finding has besides.
#[test]
fn a_finding_has_a_nature_and_names_models() {
    let finding = |rest: &str| read(&format!(r#"{{"type":"finding","title":"t"{rest}}}"#)).map_err(|f| f.to_string());
    assert_eq!(finding("").unwrap_err(), "nature, is missing");
    assert_eq!(finding(r#","nature":"risk""#).unwrap_err(), "models, a finding names at least one model");
    assert_eq!(finding(r#","nature":"risk","models":[{}]"#).unwrap_err(), "models[0].name, is missing");
    assert!(finding(r#","nature":"risk","models":[{"name":"bert-base-uncased"}]"#).is_ok());
}

#[test]
fn unknown_names_are_read_and_not_published() {
    let later = read(r#"{"type":"poster","title":"t","hall":{"floor":2}}"#).unwrap();
    assert_eq!(later.kind, PublicationType::Other("poster".into()));
    assert!(later.check_own().unwrap_err().to_string().starts_with("type, \"poster\" is none of note, finding"));
    assert_eq!(Publication::read(&later.to_bytes()).unwrap(), later, "and what is unknown is kept");

    let slip = note_with(r#"links":[{"rel":"supercedes","target":"x"}]"#).unwrap();
    assert_eq!(slip.check_own().unwrap_err().field, "links[0].rel");
    let nature = read(r#"{"type":"finding","title":"t","nature":"opinion","models":[{"name":"m"}]}"#).unwrap();
    assert_eq!(nature.check_own().unwrap_err().field, "nature");
}

#[test]
fn what_was_put_together_here_is_measured_before_it_is_published() {
    let long = Json::from([("type", "note".into()), ("title", "t".into()), ("body", "a".repeat(245_760).into())]);
    let fault = Publication::from_json(long).unwrap().check_own().unwrap_err();
    assert!(fault.reason.contains("at most 245760 are allowed"), "{fault}");
}

#[test]
fn equal_content_has_one_hash_whenever_it_was_written() {
    let first = read(r#"{"type":"note","title":"t","created":"2026-01-01"}"#).unwrap();
    let later = read(r#"{ "created":"2026-03-01", "title":"t", "type":"note" }"#).unwrap();
    let other = read(r#"{"type":"note","title":"u"}"#).unwrap();
    assert_eq!(first.content_hash(), later.content_hash());
    assert_ne!(first.content_hash(), other.content_hash());
}

#[test]
fn a_link_is_added_and_what_was_there_is_kept() {
    let publication = note_with(r#"links":[{"rel":"cites","target":"x","note":"kept"}]"#).unwrap();
    let link = Link { rel: Rel::Supersedes, target: "ab".repeat(32) };
    let linked = publication.with_link(&link).unwrap();
    assert_eq!(linked.links.len(), 2);
    assert_eq!(linked.links[1], link);
    assert!(String::from_utf8(linked.to_bytes()).unwrap().contains("kept"));
    assert!(publication.with_link(&Link { rel: Rel::Retracts, target: "x".into() }).is_err());
}
