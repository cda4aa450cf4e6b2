//! What people publish: the content of a payload of kind 0, a JSON object (DESIGN.md section 9).
//!
//! Nothing here decides whether an entry is valid: content that does not parse is stored, relayed and receipted all the
//! same, and shown as "not readable: field, reason". Control characters stay in the data; whoever shows it makes it safe.

pub mod json;
pub mod language;
pub mod parts;

mod fields;

use std::collections::BTreeMap;
use std::fmt;

use crate::hash::sha256;
use fields::Fields;

pub use json::Json;
pub use language::LanguageTag;
pub use parts::{Attachment, Author, Link, Model, Rel};

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

/// What a publication is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublicationType {
    /// Prose.
    Note,
    /// A result about models.
    Finding,
    /// A model or data set made available.
    Release,
    /// A standard, tool, data set, benchmark or course.
    Resource,
    /// An open question or planned work.
    Call,
    /// A verdict on a target.
    Review,
    /// Supersedes, retracts, equates or responds.
    Notice,
    /// A type that this version does not know, kept as written.
    Other(String),
}

impl PublicationType {
    const KNOWN: [(&'static str, Self); 7] = [
        ("note", Self::Note),
        ("finding", Self::Finding),
        ("release", Self::Release),
        ("resource", Self::Resource),
        ("call", Self::Call),
        ("review", Self::Review),
        ("notice", Self::Notice),
    ];

    /// The type of this name.
    pub fn of(name: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|(known, _)| *known == name);
        known.map_or_else(|| Self::Other(name.to_owned()), |(_, kind)| kind)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::KNOWN.iter().find(|(_, kind)| kind == known).map_or("", |(name, _)| name),
        }
    }
}

/// What only a finding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding: see [`Finding::NATURES`]; an unknown one is kept as written.
    pub nature: String,
    /// The models that it is about: at least one.
    pub models: Vec<Model>,
}

impl Finding {
    /// The natures that this version knows.
    pub const NATURES: [&'static str; 5] = ["evaluation", "risk", "incident", "mitigation", "capability"];

    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let nature = fields.required("nature")?;
        let models = fields.list("models")?;
        if models.is_empty() {
            return Err(fields.fault("models", "a finding names at least one model"));
        }
        let models = models.iter().map(|(path, value)| Model::read(path, value)).collect::<Result<_, _>>()?;
        Ok(Self { nature, models })
    }
}

/// The fields that a publication is read into. What is not here stays in its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Terms of taxonomies, such as `owasp-llm:LLM01`.
    pub taxonomies: Vec<String>,
    /// Licence, an SPDX expression.
    pub license: Option<String>,
    /// Relations to other publications.
    pub links: Vec<Link>,
    /// Files beside it.
    pub attachments: Vec<Attachment>,
    /// When it was written, as the author says.
    pub created: Option<String>,
    /// What only a finding says; none for every other type.
    pub finding: Option<Finding>,
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
        if let Some(n) = taxonomies.iter().position(|term| !is_term(term)) {
            let path = format!("taxonomies[{n}]");
            return Err(PublicationFault::at(path, "is not of the form taxonomy:term"));
        }
        let finding = (kind == PublicationType::Finding).then(|| Finding::read(&fields)).transpose()?;
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
            links: each(&fields, "links", Link::read)?,
            attachments: each(&fields, "attachments", Attachment::read)?,
            created: fields.text("created")?,
            finding,
        })
    }
}

fn each<T>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&str, &Json) -> Result<T, PublicationFault>,
) -> Result<Vec<T>, PublicationFault> {
    fields.list(name)?.into_iter().map(|(path, value)| read(&path, value)).collect()
}

/// Whether a text names a taxonomy and a term in it.
fn is_term(text: &str) -> bool {
    text.split_once(':').is_some_and(|(taxonomy, term)| !taxonomy.trim().is_empty() && !term.trim().is_empty())
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
        if let Some(finding) = &self.finding
            && !Finding::NATURES.contains(&finding.nature.as_str())
        {
            let known = Finding::NATURES.join(", ");
            return Err(PublicationFault::at("nature", format!("{:?} is none of {known}", finding.nature)));
        }
        for (n, link) in self.links.iter().enumerate() {
            if let Rel::Other(name) = &link.rel {
                let reason = format!("{name:?} is not a relation, such as cites or supersedes");
                return Err(PublicationFault::at(format!("links[{n}].rel"), reason));
            }
        }
        Ok(())
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
