//! What a publication is.

/// The type of a publication.
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
    /// The types that this version knows, with their names.
    pub const KNOWN: [(&'static str, Self); 7] = [
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
