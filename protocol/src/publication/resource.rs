//! A resource: something that others can use.

use super::PublicationFault;
use super::fields::Fields;
use super::words::words;

words! {
    /// What kind of resource.
    ResourceKind {
        /// A standard.
        Standard = "standard",
        /// A tool.
        Tool = "tool",
        /// A data set.
        Dataset = "dataset",
        /// A benchmark.
        Benchmark = "benchmark",
        /// A course.
        Course = "course",
    }
}

/// What only a resource says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What kind.
    pub kind: Option<ResourceKind>,
    /// Its version.
    pub version: Option<String>,
    /// Whom it is for.
    pub audience: Option<String>,
    /// Where it is.
    pub address: Option<String>,
}

impl Resource {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self {
            kind: fields.word("kind")?,
            version: fields.text("version")?,
            audience: fields.text("audience")?,
            address: fields.text("address")?,
        })
    }
}
