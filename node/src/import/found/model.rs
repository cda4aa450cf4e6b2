//! The model that a file is about.

use lyceum_protocol::publication::Json;

use super::Details;
use crate::import::{path, private};

/// Longest name of a model, in characters.
const NAME_MAX: usize = 200;
/// The detail of a model that says where its name is from, where it is not as written.
const NAME_FROM: &str = "name_from";

/// A model, as its file names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// The name as written.
    pub name: String,
    /// Which revision.
    pub revision: Option<String>,
    /// Hash of its weights.
    pub digest: Option<String>,
    /// Who serves it.
    pub provider: Option<String>,
    /// Who made it.
    pub developer: Option<String>,
    /// What else is said of it.
    pub details: Details,
}

impl Model {
    /// A model of this name; one without a name is "unknown".
    pub fn named(name: Option<&str>) -> Self {
        let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or("unknown");
        match path::local(name) {
            Some(local) => Self {
                name: private::cut(&local.name, NAME_MAX),
                revision: local.revision,
                provider: local.provider,
                details: vec![(NAME_FROM.to_owned(), "the last part of a local path".to_owned())],
                ..Self::default()
            },
            None => Self { name: private::cut(name, NAME_MAX), ..Self::default() },
        }
    }

    /// Whether its file names a place on a machine, of which only the end names it here.
    pub fn is_from_path(&self) -> bool {
        self.details.iter().any(|(name, _)| name == NAME_FROM)
    }

    /// As it stands in the `models` of a finding.
    pub fn to_json(&self) -> Json {
        let mut fields = vec![("name".to_owned(), Json::Text(self.name.clone()))];
        for (name, value) in [("revision", &self.revision), ("digest", &self.digest), ("provider", &self.provider)] {
            if let Some(value) = value {
                fields.push((name.to_owned(), Json::Text(value.clone())));
            }
        }
        Json::Object(fields.into_iter().collect())
    }
}
