//! Answers to what was published: reviews, and notices that take something back, respond to it, or join names.

use std::collections::BTreeMap;
use std::path::Path;

use lyceum_protocol::publication::evaluation::lift;
use lyceum_protocol::publication::{
    Json, Link, Model, Publication, PublicationFault, Rel, Response, TITLE_CHARS_MAX, Unscored, Verdict,
};

use super::{FileFault, json};

/// What the person says: all of it may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// A title of its own.
    pub title: Option<String>,
    /// Markdown.
    pub body: Option<String>,
}

/// An evaluation of one's own that goes with a review: the fields of the review that it fills.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured(BTreeMap<String, Json>);

/// A review of the entry `target`, whose title is `titled`.
///
/// # Errors
/// [`PublicationFault`] for what may not be published.
pub fn review(
    verdict: Verdict,
    target: &str,
    titled: &str,
    words: Words,
    measured: Option<Measured>,
) -> Result<Publication, PublicationFault> {
    let title = match verdict {
        Verdict::Replicates => "Replicated",
        Verdict::Disputes => "Disputed",
        Verdict::Endorses => "Endorsed",
        Verdict::Comments => "On",
    };
    let mut fields = measured.map_or_else(BTreeMap::new, |measured| measured.0);
    fields.insert("verdict".to_owned(), verdict.name().into());
    made("review", verdict.rel(), target, &format!("{title}: {titled}"), words, fields)
}

/// The notice that takes the entry `target` back, whose title is `titled`.
///
/// # Errors
/// [`PublicationFault`] for what may not be published.
pub fn retraction(target: &str, titled: &str, reason: &str, words: Words) -> Result<Publication, PublicationFault> {
    let fields = BTreeMap::from([("reason".to_owned(), reason.into())]);
    made("notice", Rel::Retracts, target, &format!("Retracted: {titled}"), words, fields)
}

/// The notice that says how its author stands to the finding `target`, whose title is `titled`.
///
/// # Errors
/// [`PublicationFault`] for what may not be published.
pub fn response(target: &str, titled: &str, how: Response, words: Words) -> Result<Publication, PublicationFault> {
    let fields = BTreeMap::from([("response".to_owned(), how.name().into())]);
    let said = match how {
        Response::Affected => "Affected",
        Response::NotAffected => "Not affected",
        Response::Mitigated => "Mitigated",
        Response::Investigating => "Investigating",
    };
    made("notice", Rel::Responds, target, &format!("{said}: {titled}"), words, fields)
}

/// The notice that says that names mean one model.
///
/// # Errors
/// [`PublicationFault`] for what may not be published, such as one name alone.
pub fn same_as(names: &[String], words: Words) -> Result<Publication, PublicationFault> {
    let models = names.iter().map(|name| Model::named(name.trim()).to_json()).collect();
    let title = format!("One model: {}", names.join(", "));
    finished("notice", &title, words, BTreeMap::from([("same_as".to_owned(), Json::List(models))]))
}

fn made(
    kind: &str,
    rel: Rel,
    target: &str,
    title: &str,
    words: Words,
    mut fields: BTreeMap<String, Json>,
) -> Result<Publication, PublicationFault> {
    let link = Link { rel, target: target.to_owned() };
    fields.insert("links".to_owned(), Json::List(vec![link.to_json()]));
    finished(kind, title, words, fields)
}

fn finished(
    kind: &str,
    title: &str,
    words: Words,
    mut fields: BTreeMap<String, Json>,
) -> Result<Publication, PublicationFault> {
    let title = words.title.unwrap_or_else(|| title.chars().take(TITLE_CHARS_MAX).collect());
    fields.insert("type".to_owned(), kind.into());
    fields.insert("title".to_owned(), title.into());
    if let Some(body) = words.body {
        fields.insert("body".to_owned(), body.into());
    }
    let made = Publication::from_json(Json::Object(fields))?;
    made.check_own()?;
    Ok(made)
}

/// Reads the evaluation that goes with a review: an Every Eval Ever record, or a finding that holds one.
///
/// # Errors
/// [`FileFault`] naming the field.
pub fn measured(file: &Path, bytes: &[u8]) -> Result<Measured, FileFault> {
    let faulty = |fault: PublicationFault| FileFault { field: fault.field, ..FileFault::new(file, fault.reason) };
    let given = Json::read(bytes).map_err(faulty)?;
    let is_record = matches!(&given, Json::Object(fields) if fields.contains_key("schema_version"));
    if is_record {
        let (record, unscored) = lift("", &given).map_err(faulty)?;
        let mut fields = BTreeMap::from([
            ("evaluation".to_owned(), record.json().clone()),
            ("models".to_owned(), Json::List(vec![Model::named(record.model.id.as_str()).to_json()])),
        ]);
        if !unscored.is_empty() {
            fields.insert("unscored".to_owned(), Json::List(unscored.iter().map(Unscored::to_json).collect()));
        }
        return Ok(Measured(fields));
    }
    let (publication, _) = json::read(bytes).map_err(faulty)?;
    if publication.evaluation().is_none() {
        let reason =
            "holds no evaluation: give an Every Eval Ever record, or a finding of the nature evaluation in JSON";
        return Err(FileFault::new(file, reason));
    }
    let Json::Object(all) = publication.json() else { return Err(FileFault::new(file, "is no object")) };
    let wanted = ["evaluation", "unscored", "models", "import"];
    let taken = all.iter().filter(|(name, _)| wanted.contains(&name.as_str()));
    Ok(Measured(taken.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"schema_version":"0.2.0","model_info":{"id":"o/m","name":"m"},"evaluation_results":[
        {"evaluation_name":"arc","metric_config":{"lower_is_better":false},"score_details":{"score":0.5}},
        {"evaluation_name":"odd","metric_config":{"lower_is_better":false},"score_details":{"score":"NaN"}}]}"#;

    fn id() -> String {
        "ab".repeat(32)
    }

    #[test]
    fn a_review_names_its_target_and_holds_what_was_measured() {
        let measured = measured(Path::new("r.json"), RECORD.as_bytes()).unwrap();
        let words = Words { title: None, body: Some("Same scorer, other seed.".into()) };
        let review = review(Verdict::Replicates, &id(), "A finding", words, Some(measured)).unwrap();
        assert_eq!(review.title, "Replicated: A finding");
        assert_eq!((review.links[0].rel.name(), review.models()[0].name.as_str()), ("replicates", "o/m"));
        let evaluation = review.evaluation().unwrap();
        assert_eq!((evaluation.record.results.len(), evaluation.unscored.len()), (1, 1));
    }

    #[test]
    fn notices_respond_and_join_names() {
        let made = response(&id(), "A risk", Response::NotAffected, Words::default()).unwrap();
        assert_eq!((made.title.as_str(), made.links[0].rel.name()), ("Not affected: A risk", "responds"));
        let joined = same_as(&["a".into(), "b".into()], Words::default()).unwrap();
        assert_eq!((joined.title.as_str(), joined.links.len()), ("One model: a, b", 0));
        let twice = same_as(&["a".into(), "a ".into()], Words::default()).unwrap_err();
        assert_eq!(twice.field, "same_as");
    }

    #[test]
    fn what_a_review_measured_may_come_as_a_finding() {
        let finding = format!(
            r#"{{"type":"finding","title":"t","nature":"evaluation","models":[{{"name":"m","revision":"x"}}],"evaluation":{RECORD}}}"#
        );
        let measured = measured(Path::new("f.json"), finding.as_bytes()).unwrap();
        let review = review(Verdict::Disputes, &id(), "t", Words::default(), Some(measured)).unwrap();
        assert_eq!(review.models()[0].revision.as_deref(), Some("x"));
        assert!(review.evaluation().is_some());
    }

    #[test]
    fn a_file_without_an_evaluation_is_refused_with_words() {
        let fault = |text: &str| measured(Path::new("f.json"), text.as_bytes()).unwrap_err().to_string();
        assert!(fault(r#"{"type":"note","title":"t"}"#).contains("holds no evaluation"));
        assert!(
            fault(r#"{"schema_version":"0.3.0"}"#).contains("evaluation_id is missing"),
            "{}",
            fault(r#"{"schema_version":"0.3.0"}"#)
        );
        assert!(fault("{").contains("not JSON"));
    }

    #[test]
    fn a_retraction_has_a_reason_and_a_long_title_is_cut() {
        let notice = retraction(&id(), &"é".repeat(300), "wrong scorer", Words::default()).unwrap();
        assert_eq!(notice.title.chars().count(), 300);
        assert_eq!(notice.links[0].rel, Rel::Retracts);
        let fault = retraction(&id(), "t", " ", Words::default()).unwrap_err();
        assert_eq!(fault.field, "reason");
    }
}
