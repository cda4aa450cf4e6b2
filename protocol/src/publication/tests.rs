//! What is read, what is refused with which words, and what is kept.

use super::*;
use proptest::prelude::*;

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
        "authors":[{"name":"Ada","orcid":"0000-0002-1825-0097"}],"tags":["order"],"taxonomies":["owasp-llm-2025:LLM01"],
        "license":"CC-BY-4.0","links":[{"rel":"cites","target":"https://example.org"}],"created":"2026-02-01",
        "nature":"risk","models":[{"name":"gpt2","revision":"main"}],"severity":"low"}"#;
    let publication = read(text).unwrap();
    assert_eq!(publication.kind, PublicationType::Finding);
    assert_eq!(publication.language.as_ref().unwrap().as_str(), "en-GB");
    assert_eq!(publication.authors[0].orcid.as_deref(), Some("0000-0002-1825-0097"));
    assert_eq!(publication.links[0].rel, Rel::Cites);
    assert_eq!(publication.models()[0].name, "gpt2");
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
    assert_eq!(
        finding(r#","nature":"risk""#).unwrap_err(),
        "models, a finding names at least one model, or what else is `affected`"
    );
    assert_eq!(finding(r#","nature":"risk","models":[{}]"#).unwrap_err(), "models[0].name, is missing");
    assert!(finding(r#","nature":"risk","models":[{"name":"bert-base-uncased"}]"#).is_ok());
    assert!(finding(r#","nature":"risk","affected":"pkg:pypi/x""#).is_ok(), "a risk of something else than a model");
    assert!(finding(r#","nature":"incident","affected":["passers-by","drivers"]"#).is_ok());
    let mitigates = format!(r#","nature":"mitigation","links":[{{"rel":"mitigates","target":"{}"}}]"#, "ab".repeat(32));
    assert!(finding(&mitigates).is_ok());
    assert_eq!(finding(r#","nature":"capability""#).unwrap_err(), "models, a finding names at least one model");
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

fn typed(kind: &str, rest: &str) -> Result<Publication, String> {
    read(&format!(r#"{{"type":"{kind}","title":"t",{rest}}}"#)).map_err(|fault| fault.to_string())
}

/// E19: words that a field may hold.
#[test]
fn a_risk_says_how_bad_it_is_in_known_words() {
    let risk = |rest: &str| typed("finding", &format!(r#""nature":"risk","models":[{{"name":"m"}}],{rest}"#));
    let found = risk(r#""severity":"critical","likelihood":"low","affected":"users","status":"mitigated""#).unwrap();
    assert_eq!(found.finding().unwrap().severity(), Some(Severity::Critical));
    assert!(Severity::Critical > Severity::High);
    let Detail::Risk(risk_of) = &found.finding().unwrap().detail else { panic!("a risk") };
    assert_eq!((risk_of.status.name(), risk_of.affected.len()), ("mitigated", 1));
    assert_eq!(risk(r#""severity":"huge""#).unwrap_err(), "severity, \"huge\" is none of low, medium, high, critical");
    assert_eq!(
        risk(r#""severity":"low","status":"done""#).unwrap_err(),
        "status, \"done\" is none of open, mitigated, closed"
    );
    assert!(risk(r#""severity":3"#).unwrap_err().starts_with("severity, is a number"));
    let silent = risk(r#""status":"open""#).unwrap();
    assert_eq!(silent.check_own().unwrap_err().field, "severity", "one's own says how bad");
    let hash = "ab".repeat(32);
    let imported = format!(r#""import":{{"format":"osv","file_sha256":"{hash}","content":"{hash}"}}"#);
    risk(&imported).unwrap().check_own().unwrap();
}

/// E19: the fields of a release, a resource, a call.
#[test]
fn a_release_names_files_that_stay_within_it() {
    let file = |name: &str| format!(r#"{{"name":"{name}","size":3,"sha256":"{}"}}"#, "cd".repeat(32));
    let release = |files: &str| {
        typed("release", &format!(r#""name":"m","version":"1","where":"https://e.org","files":[{files}]"#))
    };
    let read = release(&file("a/b.bin")).unwrap();
    let Content::Release(release_of) = &read.content else { panic!("a release") };
    assert_eq!((release_of.files[0].size, release_of.place.as_deref()), (3, Some("https://e.org")));
    assert!(release(&file("../b")).unwrap_err().starts_with("files[0].name, is no path within"));
    assert!(release(&format!("{},{}", file("a"), file("a"))).unwrap_err().starts_with("files[1].name, names a file"));
    assert_eq!(typed("release", r#""version":"1""#).unwrap_err(), "name, is missing");
    assert!(typed("resource", r#""kind":"book""#).unwrap_err().starts_with("kind, \"book\" is none of standard, tool"));
    assert!(typed("call", r#""ends":"2026-12-31""#).is_ok());
    assert_eq!(typed("call", r#""ends":"soon""#).unwrap_err(), "ends, \"soon\" is no date such as 2026-11-25");
}

/// E19: a review has a verdict and a link that goes with it.
#[test]
fn a_review_names_its_target_by_a_link_of_its_verdict() {
    let id = "ab".repeat(32);
    let review = |verdict: &str, rel: &str, target: &str| {
        typed("review", &format!(r#""verdict":"{verdict}","links":[{{"rel":"{rel}","target":"{target}"}}]"#))
    };
    let read = review("disputes", "disputes", &id).unwrap();
    let Content::Review(review_of) = &read.content else { panic!("a review") };
    assert_eq!((review_of.verdict, review_of.target.to_string()), (Verdict::Disputes, id.clone()));
    assert!(review("comments", "replies", &id).is_ok());
    let wanted = "links, a review that replicates has a link replicates to an entry: the 64 digits of its id";
    assert_eq!(review("replicates", "cites", &id).unwrap_err(), wanted);
    assert_eq!(review("replicates", "replicates", "https://e.org").unwrap_err(), wanted);
    assert_eq!(
        typed("review", r#""links":[]"#).unwrap_err(),
        "verdict, is missing: replicates, disputes, endorses, comments"
    );
}

/// E19: what a notice says.
#[test]
fn a_notice_retracts_with_a_reason_responds_with_an_answer_or_names_one_model() {
    let link = |rel: &str| format!(r#""links":[{{"rel":"{rel}","target":"{}"}}]"#, "ab".repeat(32));
    assert_eq!(typed("notice", &link("retracts")).unwrap_err(), "reason, is missing");
    assert!(typed("notice", &format!(r#"{},"reason":"the scorer was wrong""#, link("retracts"))).is_ok());
    assert_eq!(
        typed("notice", &link("responds")).unwrap_err(),
        "response, is missing: affected, not-affected, mitigated, investigating"
    );
    assert!(typed("notice", &format!(r#"{},"response":"not-affected""#, link("responds"))).is_ok());
    let same = r#""same_as":[{"name":"gpt-4o"},{"name":"gpt-4o","provider":"azure"}]"#;
    let read = typed("notice", same).unwrap();
    let Content::Notice(notice) = &read.content else { panic!("a notice") };
    assert_eq!(notice.same_as[1].provider.as_deref(), Some("azure"));
    assert!(
        typed("notice", r#""same_as":[{"name":"a"},{"name":"a"}]"#).unwrap_err().starts_with("same_as, at least two")
    );
    assert!(typed("notice", r#""body":"x""#).unwrap_err().starts_with("links, a notice supersedes, retracts"));
}

/// E19: terms of known taxonomies.
#[test]
fn a_term_of_a_known_taxonomy_has_its_shape_and_ones_own_an_edition() {
    let fault = refused(r#"taxonomies":["x:y","owasp-llm-2025:LLM11"]"#);
    assert_eq!(fault, "taxonomies[1], \"LLM11\" is no code of OWASP LLM Top 10, such as LLM01");
    let bare = note_with(r#"taxonomies":["owasp-llm:LLM01"]"#).unwrap();
    assert_eq!(bare.check_own().unwrap_err().field, "taxonomies[0]");
}

/// E19: where an imported publication came from.
#[test]
fn an_import_is_read_and_written_back() {
    let hash = "ab".repeat(32);
    let text = format!(
        r#"{{"content":"{hash}","file_sha256":"{hash}","format":"lm-eval","part":{{"first":"{hash}","number":2,"of":3}},"samples":{{"count":7,"sha256":"{hash}"}},"stub":true,"tool":{{"name":"lm_eval","version":"0.4.9"}}}}"#
    );
    let read = note_with(&format!(r#"import":{text}"#)).unwrap();
    let import = read.import.as_ref().unwrap();
    assert_eq!(String::from_utf8(import.to_json().to_bytes()).unwrap(), text);
    assert_eq!(refused(r#"import":{"format":"x"}"#), "import.file_sha256, is missing");
    let part =
        format!(r#"import":{{"format":"x","file_sha256":"{hash}","content":"{hash}","part":{{"number":4,"of":3}}}}"#);
    assert_eq!(refused(&part), "import.part.number, is not one of 1 to 3");
}

/// Objects whose keys are fields that some type has, and whose values are anything.
fn any_fields() -> impl Strategy<Value = Json> {
    let words = proptest::sample::select(vec![
        "note",
        "finding",
        "release",
        "resource",
        "call",
        "review",
        "notice",
        "evaluation",
        "risk",
        "incident",
        "mitigation",
        "disputes",
        "retracts",
        "responds",
        "high",
        "open",
        "2026-11-25",
        "0.2.0",
        "0.3.0",
        "\u{202e}",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|n| Json::Number(n.into())),
        words.prop_map(Json::from),
        Just(Json::from("ab".repeat(32))),
    ];
    let names = proptest::sample::select(vec![
        "type",
        "title",
        "nature",
        "models",
        "name",
        "links",
        "rel",
        "target",
        "evaluation",
        "unscored",
        "import",
        "files",
        "size",
        "sha256",
        "verdict",
        "same_as",
        "response",
        "reason",
        "severity",
        "schema_version",
        "model_info",
        "evaluation_results",
        "score_details",
        "score",
        "metric_config",
        "lower_is_better",
        "source_data",
        "source_type",
        "generation_config",
        "generation_args",
        "additional_details",
        "uncertainty",
    ]);
    leaf.prop_recursive(5, 48, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::List),
            proptest::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..10).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #[test]
    fn any_fields_are_read_or_refused(fields in any_fields(), kind in 0_usize..7) {
        let _ = evaluation::lift("", &fields);
        let Json::Object(mut object) = fields else { return Ok(()) };
        object.insert("type".to_owned(), PublicationType::KNOWN[kind].0.into());
        object.insert("title".to_owned(), "t".into());
        if let Ok(read) = Publication::from_json(Json::Object(object)) {
            let _ = read.check_own();
            prop_assert_eq!(Publication::read(&read.to_bytes()).unwrap(), read);
        }
    }
}
