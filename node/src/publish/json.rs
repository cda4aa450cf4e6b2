//! A publication in JSON, from a file or standard input. Its marking may stand beside its fields and is taken out:
//! the header alone carries it.

use lyceum_protocol::publication::{Json, Publication, PublicationFault};

use super::lifted::lifted;
use super::{Marking, marking};

/// Reads a publication and its marking, if it names one.
///
/// # Errors
/// [`PublicationFault`] naming the field, also for names that this version does not know.
pub fn read(bytes: &[u8]) -> Result<(Publication, Option<Marking>), PublicationFault> {
    let mut json = Json::read(bytes)?;
    let mut markings = match &mut json {
        Json::Object(fields) => fields.extract_if(.., |key, _| marking::is_key(key)).map(|(_, value)| value).collect(),
        _ => Vec::new(),
    };
    let marking = markings.pop();
    let fault = |reason: String| PublicationFault { field: "marking".to_owned(), reason };
    if !markings.is_empty() {
        return Err(fault("is said twice".to_owned()));
    }
    let marking = match marking {
        None | Some(Json::Null) => None,
        Some(Json::Text(text)) => Some(text.parse().map_err(|why: marking::MarkingFault| fault(why.to_string()))?),
        Some(_) => return Err(fault("is not a text".to_owned())),
    };
    let publication = Publication::from_json(lifted(json)?)?;
    publication.check_own()?;
    Ok((publication, marking))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marking_is_taken_out_of_the_publication() {
        let (publication, marking) = read(br#"{"type":"note","title":"t","marking":"CLEAR","x":1}"#).unwrap();
        assert_eq!(marking, Some(Marking::Clear));
        assert_eq!(publication.to_bytes(), br#"{"title":"t","type":"note","x":1}"#);
        assert_eq!(read(br#"{"type":"note","title":"t"}"#).unwrap().1, None);
    }

    #[test]
    fn what_may_not_be_published_names_its_field() {
        let field = |text: &str| read(text.as_bytes()).unwrap_err().field;
        assert_eq!(field(r#"{"type":"note","title":"t","marking":"AMBER"}"#), "marking");
        assert_eq!(field(r#"{"type":"note","title":"t","TLP":"RED"}"#), "marking");
        assert_eq!(field(r#"{"type":"note","title":"t","tlp":"GREEN","marking":"CLEAR"}"#), "marking");
        assert_eq!(field(r#"{"type":"note","title":"t","marking":1}"#), "marking");
        assert_eq!(field(r#"{"type":"essay","title":"t"}"#), "type");
        assert_eq!(field(r#"{"type":"note"}"#), "title");
    }
}
