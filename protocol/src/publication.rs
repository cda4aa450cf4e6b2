//! What people publish: the content of a payload of kind 0, a JSON object (DESIGN.md section 9).
//!
//! Nothing here decides whether an entry is valid: content that does not parse is stored, relayed and receipted all the
//! same, and shown as "not readable: field, reason". Control characters stay in the data; whoever shows it makes it safe.

pub mod evaluation;
pub mod finding;
pub mod import;
pub mod json;
pub mod language;
pub mod notice;
pub mod parts;
pub mod release;
pub mod resource;
pub mod review;
pub mod taxonomy;
pub mod unscored;

mod call;
mod date;
mod fields;
mod kind;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use crate::hash::{EntryId, sha256};
use fields::Fields;
use taxonomy::Term;

pub use call::Call;
pub use date::is_date;
pub use finding::{Detail, Evaluation, Finding, Risk, Severity};
pub use import::Import;
pub use json::Json;
pub use kind::PublicationType;
pub use language::LanguageTag;
pub use notice::{Notice, Response};
pub use parts::{Attachment, Author, Link, Model, Rel};
pub use release::{Release, ReleaseFile};
pub use resource::{Resource, ResourceKind};
pub use review::{Review, Verdict};
pub use unscored::Unscored;

/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 300;

/// Why content is no publication that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationFault {
    /// Path of the field, such as `links[2].rel`; empty where the whole is meant.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl PublicationFault {
    pub(crate) fn at(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self::at("", reason)
    }
}

impl fmt::Display for PublicationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.reason),
            field => write!(f, "{field}, {}", self.reason),
        }
    }
}

impl std::error::Error for PublicationFault {}

/// What the types of publications add to the common fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Prose: no fields of its own.
    Note,
    /// A result about models.
    Finding(Finding),
    /// A model or data set made available.
    Release(Release),
    /// Something that others can use.
    Resource(Resource),
    /// An open question or planned work.
    Call(Call),
    /// A verdict on a target.
    Review(Review),
    /// Supersedes, retracts, equates or responds.
    Notice(Notice),
    /// A type that this version does not know.
    Other,
}

impl Content {
    fn read(kind: &PublicationType, fields: &Fields<'_>, links: &[Link]) -> Result<Self, PublicationFault> {
        Ok(match kind {
            PublicationType::Note => Self::Note,
            PublicationType::Finding => Self::Finding(Finding::read(fields, links)?),
            PublicationType::Release => Self::Release(Release::read(fields)?),
            PublicationType::Resource => Self::Resource(Resource::read(fields)?),
            PublicationType::Call => Self::Call(Call::read(fields)?),
            PublicationType::Review => Self::Review(Review::read(fields, links)?),
            PublicationType::Notice => Self::Notice(Notice::read(fields, links)?),
            PublicationType::Other(_) => Self::Other,
        })
    }
}

/// The fields that a publication is read into. What is not here stays in its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicationFields {
    /// What it is.
    pub kind: PublicationType,
    /// Its title: not blank, at most 300 characters.
    pub title: String,
    /// A few sentences.
    pub summary: Option<String>,
    /// Markdown.
    pub body: Option<String>,
    /// The language that it is written in.
    pub language: Option<LanguageTag>,
    /// Who wrote it.
    pub authors: Vec<Author>,
    /// Free words.
    pub tags: Vec<String>,
    /// Terms of taxonomies, such as `owasp-llm-2025:LLM01`: see [`taxonomy::Term`].
    pub taxonomies: Vec<String>,
    /// Licence, an SPDX expression.
    pub license: Option<String>,
    /// Relations to other publications.
    pub links: Vec<Link>,
    /// Files beside it.
    pub attachments: Vec<Attachment>,
    /// When it was written, as the author says.
    pub created: Option<String>,
    /// Where it came from, if it was imported.
    pub import: Option<Import>,
    /// What its type adds.
    pub content: Content,
}

impl PublicationFields {
    fn read(json: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of("", json)?;
        let kind = PublicationType::of(&fields.required("type")?);
        let title = fields.required("title")?;
        fields.short("title", TITLE_CHARS_MAX)?;
        let language = fields.text("language")?;
        let language = language
            .map(|text| LanguageTag::new(&text).ok_or_else(|| fields.fault("language", "is no language tag (BCP 47)")))
            .transpose()?;
        let taxonomies = fields.texts("taxonomies")?;
        for (n, term) in taxonomies.iter().enumerate() {
            Term::read(term).map_err(|reason| PublicationFault::at(format!("taxonomies[{n}]"), reason))?;
        }
        let links = each(&fields, "links", Link::read)?;
        let import = fields.object("import")?.map(|import| Import::read(&import)).transpose()?;
        let content = Content::read(&kind, &fields, &links)?;
        Ok(Self {
            kind,
            title,
            summary: fields.text("summary")?,
            body: fields.text("body")?,
            language,
            authors: each(&fields, "authors", Author::read)?,
            tags: fields.texts("tags")?,
            taxonomies,
            license: fields.text("license")?,
            links,
            attachments: each(&fields, "attachments", Attachment::read)?,
            created: fields.text("created")?,
            import,
            content,
        })
    }

    /// What only a finding says.
    pub const fn finding(&self) -> Option<&Finding> {
        match &self.content {
            Content::Finding(finding) => Some(finding),
            _ => None,
        }
    }

    /// The scores of an evaluation, or those that a review has of its own.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        match &self.content {
            Content::Finding(finding) => finding.evaluation(),
            Content::Review(review) => review.evaluation.as_ref(),
            _ => None,
        }
    }

    /// The models that a finding, a review or a call is about.
    pub fn models(&self) -> &[Model] {
        match &self.content {
            Content::Finding(finding) => &finding.models,
            Content::Review(review) => &review.models,
            Content::Call(call) => &call.models,
            _ => &[],
        }
    }

    /// The same with what an evaluation calls its model besides: the revision that it measured, and the id in its record.
    pub fn all_models(&self) -> Vec<Model> {
        let mut models = self.models().to_vec();
        if let Some(evaluation) = self.evaluation().filter(|_| !models.is_empty()) {
            evaluation.name(&mut models);
        }
        models
    }

    /// Those of all its models whose scores an evaluation holds: one of several, under each of its names; all where its
    /// record does not say of which.
    pub fn measured_models(&self) -> Vec<Model> {
        let mut models = self.all_models();
        if let Some(evaluation) = self.evaluation() {
            models.retain(|model| evaluation.is_of(model));
        }
        models
    }
}

fn each<T>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&str, &Json) -> Result<T, PublicationFault>,
) -> Result<Vec<T>, PublicationFault> {
    fields.list(name)?.into_iter().map(|(path, value)| read(&path, value)).collect()
}

/// A publication: its fields, and the JSON that they were read from with all that this version does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    fields: PublicationFields,
    json: Json,
}

impl std::ops::Deref for Publication {
    type Target = PublicationFields;
    fn deref(&self) -> &PublicationFields {
        &self.fields
    }
}

impl Publication {
    /// Reads a publication: at most 240 KiB of UTF-8, 32 levels, no repeated keys, the common fields as they have to be.
    ///
    /// Unknown types, natures, relations and fields are kept: a later version may have said them.
    ///
    /// # Errors
    /// [`PublicationFault`], the first that is found.
    pub fn read(bytes: &[u8]) -> Result<Self, PublicationFault> {
        Self::from_json(Json::read(bytes)?)
    }

    /// The same for JSON that was put together here.
    ///
    /// # Errors
    /// [`PublicationFault`], also where the result would be longer or deeper than a publication may be.
    pub fn from_json(json: Json) -> Result<Self, PublicationFault> {
        let fields = PublicationFields::read(&json)?;
        Ok(Self { fields, json })
    }

    /// Holds a publication of one's own to the names that this version knows, so that a slip of the pen is not signed.
    ///
    /// # Errors
    /// [`PublicationFault`] for an unknown type, nature or relation, and for what [`Publication::read`] would refuse.
    pub fn check_own(&self) -> Result<(), PublicationFault> {
        // What was put together here has not been measured yet.
        Json::read(&self.to_bytes())?;
        if let PublicationType::Other(name) = &self.kind {
            let known = PublicationType::KNOWN.map(|(name, _)| name).join(", ");
            return Err(PublicationFault::at("type", format!("{name:?} is none of {known}")));
        }
        if let Some(finding) = self.finding()
            && !Finding::NATURES.contains(&finding.nature.as_str())
        {
            let known = Finding::NATURES.join(", ");
            return Err(PublicationFault::at("nature", format!("{:?} is none of {known}", finding.nature)));
        }
        self.check_own_finding()?;
        for (n, term) in self.taxonomies.iter().enumerate() {
            let checked = Term::read(term).and_then(|term| term.check_own());
            checked.map_err(|reason| PublicationFault::at(format!("taxonomies[{n}]"), reason))?;
        }
        for (n, link) in self.links.iter().enumerate() {
            if let Rel::Other(name) = &link.rel {
                let reason = format!("{name:?} is not a relation, such as cites or supersedes");
                return Err(PublicationFault::at(format!("links[{n}].rel"), reason));
            }
        }
        Ok(())
    }

    /// A risk says how bad it is, unless it was imported from a source that does not.
    fn check_own_finding(&self) -> Result<(), PublicationFault> {
        match self.finding().map(|finding| &finding.detail) {
            Some(Detail::Risk(Risk { severity: None, .. })) if self.import.is_none() => {
                Err(PublicationFault::at("severity", format!("is missing: {}", Severity::WORDS.join(", "))))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// All of it, fields included that this version does not know.
    pub const fn json(&self) -> &Json {
        &self.json
    }

    /// The bytes that are published: sorted keys, no spaces.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.json.to_bytes()
    }

    /// SHA-256 over these bytes without `created`: equal for equal content, whenever it was written.
    pub fn content_hash(&self) -> [u8; 32] {
        sha256(&[&self.with("created", Json::Null).to_bytes()])
    }

    /// The same publication with one link more, at the end.
    ///
    /// # Errors
    /// [`PublicationFault`] if the link breaks a rule.
    pub fn with_link(&self, link: &Link) -> Result<Self, PublicationFault> {
        let mut links: Vec<Json> = self.links.iter().map(Link::to_json).collect();
        if let Json::Object(fields) = &self.json
            && let Some(Json::List(kept)) = fields.get("links")
        {
            // As they were written: they may have fields that this version does not know.
            links.clone_from(kept);
        }
        links.push(link.to_json());
        Self::from_json(self.with("links", Json::List(links)))
    }

    /// The JSON with one field replaced; null takes it away.
    fn with(&self, name: &str, value: Json) -> Json {
        let mut fields: BTreeMap<String, Json> = match &self.json {
            Json::Object(fields) => fields.clone(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => BTreeMap::new(),
        };
        match value {
            Json::Null => fields.remove(name),
            value => fields.insert(name.to_owned(), value),
        };
        Json::Object(fields)
    }
}

#[cfg(test)]
mod tests;
