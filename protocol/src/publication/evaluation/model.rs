//! Who says so, with which program, about which model.

use std::collections::BTreeMap;

use super::UNKNOWN;
use crate::publication::fields::Fields;
use crate::publication::words::words;
use crate::publication::{Json, PublicationFault};

words! {
    /// How the evaluator stands to the model.
    Relationship {
        /// The developer itself.
        FirstParty = "first_party",
        /// Somebody else.
        ThirdParty = "third_party",
        /// Both together.
        Collaborative = "collaborative",
        /// Otherwise, or it is not known.
        Other = "other",
    }
}

words! {
    /// Where the numbers come from.
    SourceType {
        /// They were written down somewhere.
        Documentation = "documentation",
        /// They come out of the run itself.
        EvaluationRun = "evaluation_run",
    }
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name of the source, such as that of a leaderboard.
    pub name: Option<String>,
    /// Run or document.
    pub source_type: SourceType,
    /// Organisation that provides the numbers; `unknown` where it is.
    pub organization: String,
    /// Its address.
    pub organization_url: Option<String>,
    /// How the evaluator stands to the model.
    pub relationship: Relationship,
    /// Anything else, as texts.
    pub details: BTreeMap<String, String>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            name: None,
            source_type: SourceType::EvaluationRun,
            organization: UNKNOWN.to_owned(),
            organization_url: None,
            relationship: Relationship::Other,
            details: BTreeMap::new(),
        }
    }
}

impl Source {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self {
            name: fields.text("source_name")?,
            source_type: fields.required_word("source_type")?,
            organization: fields.text("source_organization_name")?.unwrap_or_default(),
            organization_url: fields.text("source_organization_url")?,
            relationship: fields.required_word("evaluator_relationship")?,
            details: details(fields, "additional_details")?,
        })
    }
}

/// The program that ran the evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its name; `unknown` where it is.
    pub name: String,
    /// Its version; `unknown` where it is.
    pub version: String,
    /// Anything else, as texts.
    pub details: BTreeMap<String, String>,
}

impl Default for Library {
    fn default() -> Self {
        Self { name: UNKNOWN.to_owned(), version: UNKNOWN.to_owned(), details: BTreeMap::new() }
    }
}

impl Library {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self {
            name: fields.text("name")?.unwrap_or_default(),
            version: fields.text("version")?.unwrap_or_default(),
            details: details(fields, "additional_details")?,
        })
    }
}

/// Who was tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// The name that the source gives.
    pub name: String,
    /// The name in the form `developer/model`, or the same as the name where nobody knows another.
    pub id: String,
    /// Who made it.
    pub developer: Option<String>,
    /// Who served it, or where its weights came from.
    pub platform: Option<String>,
    /// What ran it: name and version.
    pub engine: Option<(Option<String>, Option<String>)>,
    /// How it was deployed: self_deployed, externally_managed or unknown.
    pub deployment: String,
    /// Whether its weights are to be had: open_weights, closed_weights or unknown.
    pub availability: String,
    /// Anything else, as texts: see [`super::names`].
    pub details: BTreeMap<String, String>,
}

impl ModelInfo {
    /// A model of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            id: name.clone(),
            name,
            developer: None,
            platform: None,
            engine: None,
            deployment: UNKNOWN.to_owned(),
            availability: UNKNOWN.to_owned(),
            details: BTreeMap::new(),
        }
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let engine = match fields.object("inference_engine")? {
            None => None,
            Some(engine) => Some((engine.text("name")?, engine.text("version")?)),
        };
        let mut details = details(fields, "additional_details")?;
        let mut take = |name: &str| details.remove(name).unwrap_or_else(|| UNKNOWN.to_owned());
        Ok(Self {
            name: fields.text("name")?.unwrap_or_default(),
            id: fields.text("id")?.unwrap_or_default(),
            developer: fields.text("developer")?,
            platform: fields.text("inference_platform")?,
            engine,
            deployment: take("deployment_type"),
            availability: take("model_availability"),
            details,
        })
    }
}

/// An object of texts; empty if it is absent.
pub(super) fn details(fields: &Fields<'_>, name: &str) -> Result<BTreeMap<String, String>, PublicationFault> {
    match fields.value(name) {
        None => Ok(BTreeMap::new()),
        Some(Json::Object(object)) => {
            let text = |(key, value): (&String, &Json)| match value {
                Json::Text(text) => Ok((key.clone(), text.clone())),
                other => {
                    Err(fields.fault(&format!("{name}.{key}"), format!("is {}, a text is expected", other.kind())))
                }
            };
            object.iter().map(text).collect()
        }
        Some(other) => Err(fields.fault(name, format!("is {}, an object is expected", other.kind()))),
    }
}
