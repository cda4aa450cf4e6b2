//! Files beside a publication: the same publication with attachments, as a new version or as a new one.

use std::collections::BTreeMap;
use std::path::Path;

use lyceum_protocol::publication::{Attachment, Json, Link, Publication, PublicationFault, Rel};

/// What files are by the end of their name.
const MEDIA_TYPES: [(&str, &str); 30] = [
    ("csv", "text/csv"),
    ("eval", "application/zip"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("html", "text/html"),
    ("ipynb", "application/x-ipynb+json"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("mp4", "video/mp4"),
    ("parquet", "application/vnd.apache.parquet"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("py", "text/x-python"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tex", "text/x-tex"),
    ("toml", "application/toml"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
    ("zst", "application/zstd"),
];

/// What a file is, by its name.
pub fn media_type(name: &str) -> &'static str {
    let extension = Path::new(name).extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    let known = extension.and_then(|end| MEDIA_TYPES.iter().find(|(known, _)| *known == end).map(|(_, kind)| *kind));
    known.unwrap_or("application/octet-stream")
}

fn to_json(attachment: &Attachment) -> Json {
    let hex = |hash: &[u8; 32]| Json::from(data_encoding::HEXLOWER.encode(hash));
    Json::from([
        ("name", attachment.name.as_str().into()),
        ("media_type", attachment.media_type.as_str().into()),
        ("size", Json::Number(attachment.size.into())),
        ("blake3", hex(&attachment.blake3)),
        ("sha256", hex(&attachment.sha256)),
    ])
}

fn fields_of(publication: &Publication) -> BTreeMap<String, Json> {
    match publication.json() {
        Json::Object(fields) => fields.clone(),
        _ => BTreeMap::new(),
    }
}

/// The same publication with files beside it. One of a name that is there already takes its place.
///
/// # Errors
/// [`PublicationFault`], also where it would be longer than a publication may be.
pub fn with_attachments(publication: &Publication, files: &[Attachment]) -> Result<Publication, PublicationFault> {
    if files.is_empty() {
        return Ok(publication.clone());
    }
    let mut fields = fields_of(publication);
    let mut all = match fields.remove("attachments") {
        Some(Json::List(all)) => all,
        _ => Vec::new(),
    };
    all.retain(|one| {
        let name = match one {
            Json::Object(one) => one.get("name"),
            _ => None,
        };
        !matches!(name, Some(Json::Text(name)) if files.iter().any(|file| file.name == *name))
    });
    all.extend(files.iter().map(to_json));
    fields.insert("attachments".to_owned(), Json::List(all));
    let attached = Publication::from_json(Json::Object(fields))?;
    attached.check_own()?;
    Ok(attached)
}

/// The next version of the entry `id`: as it is, but that it takes the place of that entry.
///
/// # Errors
/// [`PublicationFault`].
pub fn next_version(publication: &Publication, id: &str) -> Result<Publication, PublicationFault> {
    let mut fields = fields_of(publication);
    if let Some(Json::List(links)) = fields.get_mut("links") {
        // What the version before took the place of is behind that version.
        let supersedes = |link: &Json| match link {
            Json::Object(link) => matches!(link.get("rel"), Some(Json::Text(rel)) if rel == Rel::Supersedes.name()),
            _ => false,
        };
        links.retain(|link| !supersedes(link));
    }
    let publication = Publication::from_json(Json::Object(fields))?;
    publication.with_link(&Link { rel: Rel::Supersedes, target: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, byte: u8) -> Attachment {
        let media_type = media_type(name).to_owned();
        Attachment { name: name.to_owned(), media_type, size: 1 << 40, blake3: [byte; 32], sha256: [byte; 32] }
    }

    #[test]
    fn files_stand_beside_a_publication_and_a_name_stands_once() {
        let note = Publication::read(br#"{"type":"note","title":"t","x":1}"#).unwrap();
        let one = with_attachments(&note, &[file("a.json", 1), file("b", 2)]).unwrap();
        assert_eq!(one.attachments, [file("a.json", 1), file("b", 2)]);
        assert_eq!(one.attachments[0].media_type, "application/json");
        let two = with_attachments(&one, &[file("a.json", 3)]).unwrap();
        assert_eq!(two.attachments, [file("b", 2), file("a.json", 3)]);
        assert!(two.to_bytes().ends_with(br#""x":1}"#), "what is not known stays");
        assert_eq!(with_attachments(&note, &[]).unwrap(), note);
        let many: Vec<Attachment> = (0..5_000).map(|n| file(&format!("f{n}"), 1)).collect();
        assert!(with_attachments(&note, &many).unwrap_err().reason.contains("at most 245760"));
    }

    #[test]
    fn the_next_version_supersedes_the_last_one_alone() {
        let (first, second) = ("ab".repeat(32), "cd".repeat(32));
        let text = format!(
            r#"{{"type":"note","title":"t","links":[{{"rel":"cites","target":"x"}},{{"rel":"supersedes","target":"{first}"}}]}}"#
        );
        let next = next_version(&Publication::read(text.as_bytes()).unwrap(), &second).unwrap();
        let links: Vec<(&str, &str)> = next.links.iter().map(|link| (link.rel.name(), link.target.as_str())).collect();
        assert_eq!(links, [("cites", "x"), ("supersedes", second.as_str())]);
    }
}
