//! What the lists of a publication hold: authors, links, attachments, models.

use super::fields::Fields;
use super::{Json, PublicationFault};
use crate::hash::EntryId;

/// Longest target of a link or name of a model, in characters.
const NAME_CHARS_MAX: usize = 2_048;

/// Somebody who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name, as it should be shown.
    pub name: String,
    /// ORCID iD in the form `0000-0002-1825-0097`, its check digit right.
    pub orcid: Option<String>,
    /// Where the author works.
    pub affiliation: Option<String>,
}

impl Author {
    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        let orcid = fields.text("orcid")?;
        if orcid.as_deref().is_some_and(|orcid| !is_orcid(orcid)) {
            return Err(fields.fault("orcid", "is no ORCID iD: 0000-0000-0000-0000 with its check digit"));
        }
        Ok(Self { name: fields.required("name")?, orcid, affiliation: fields.text("affiliation")? })
    }
}

/// Four groups of four digits, the last a check digit by ISO 7064 MOD 11-2.
fn is_orcid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    if groups.len() != 4 || groups.iter().any(|group| group.len() != 4) {
        return false;
    }
    let digits = groups.concat();
    let Some((number, check)) = digits.split_at_checked(15) else { return false };
    let mut total: u32 = 0;
    for digit in number.chars() {
        let Some(digit) = digit.to_digit(10) else { return false };
        total = total.saturating_add(digit).saturating_mul(2) % 11;
    }
    let expected = match (12_u32.saturating_sub(total)) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('X'),
    };
    check.chars().eq([expected])
}

/// How a publication relates to its target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rel {
    /// Takes the place of the target.
    Supersedes,
    /// Takes the target back.
    Retracts,
    /// Came to the same result.
    Replicates,
    /// Doubts the target.
    Disputes,
    /// Stands by the target.
    Endorses,
    /// Lessens the risk that the target names.
    Mitigates,
    /// Refers to the target.
    Cites,
    /// Answers the target.
    Replies,
    /// Is the target in another language.
    Translates,
    /// Two names of one thing.
    SameAs,
    /// Says how its author stands to the target: affected, not affected, mitigated, investigating.
    Responds,
    /// A relation that this version does not know, kept as written.
    Other(String),
}

impl Rel {
    const KNOWN: [(&'static str, Self); 11] = [
        ("supersedes", Self::Supersedes),
        ("retracts", Self::Retracts),
        ("replicates", Self::Replicates),
        ("disputes", Self::Disputes),
        ("endorses", Self::Endorses),
        ("mitigates", Self::Mitigates),
        ("cites", Self::Cites),
        ("replies", Self::Replies),
        ("translates", Self::Translates),
        ("same-as", Self::SameAs),
        ("responds", Self::Responds),
    ];

    /// The relation of this name.
    pub fn of(name: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|(known, _)| *known == name);
        known.map_or_else(|| Self::Other(name.to_owned()), |(_, rel)| rel)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => Self::KNOWN.iter().find(|(_, rel)| rel == known).map_or("", |(name, _)| name),
        }
    }

    /// Whether views fold it into the target, which therefore has to be an entry.
    const fn needs_entry(&self) -> bool {
        matches!(self, Self::Supersedes | Self::Retracts)
    }
}

/// A relation to an entry, an address or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which relation.
    pub rel: Rel,
    /// An entry id in lower-case hex, or a text such as an address or the name of a model.
    pub target: String,
}

impl Link {
    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        let rel = Rel::of(&fields.required("rel")?);
        let target = fields.required("target")?;
        fields.short("target", NAME_CHARS_MAX)?;
        let link = Self { rel, target };
        if link.rel.needs_entry() && link.entry().is_none() {
            return Err(fields.fault("target", "is not the id of an entry: 64 lower-case hex digits"));
        }
        Ok(link)
    }

    /// The entry that it names, if its target is an entry id.
    pub fn entry(&self) -> Option<EntryId> {
        self.target.parse().ok()
    }

    /// As it stands in a publication.
    pub fn to_json(&self) -> Json {
        Json::from([("rel", self.rel.name().into()), ("target", self.target.as_str().into())])
    }
}

/// A file beside the publication, fetched on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name, for people.
    pub name: String,
    /// What it is, such as `application/json`.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// BLAKE3 root, by which it is fetched.
    pub blake3: [u8; 32],
    /// SHA-256, by which everybody can check it.
    pub sha256: [u8; 32],
}

impl Attachment {
    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        Ok(Self {
            name: fields.required("name")?,
            media_type: fields.required("media_type")?,
            size: fields.count("size")?.ok_or_else(|| fields.fault("size", "is missing"))?,
            blake3: fields.required_hash("blake3")?,
            sha256: fields.required_hash("sha256")?,
        })
    }
}

/// A model that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The name as the author writes it.
    pub name: String,
    /// Which revision of it.
    pub revision: Option<String>,
    /// Digest of its weights.
    pub digest: Option<String>,
    /// Who serves it.
    pub provider: Option<String>,
}

impl Model {
    pub(super) fn read(path: &str, value: &Json) -> Result<Self, PublicationFault> {
        let fields = Fields::of(path, value)?;
        fields.short("name", NAME_CHARS_MAX)?;
        Ok(Self {
            name: fields.required("name")?,
            revision: fields.text("revision")?,
            digest: fields.text("digest")?,
            provider: fields.text("provider")?,
        })
    }

    /// A model of which only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), revision: None, digest: None, provider: None }
    }

    /// Whether this is the model that a record knows by this id and this name: also where one of them has the
    /// organisation before it and the other has not.
    pub(super) fn is_named(&self, id: &str, name: &str) -> bool {
        let ends_with = |long: &str, short: &str| {
            let at = long.len().checked_sub(short.len());
            let end = at.and_then(|at| Some((long.get(..at)?, long.get(at..)?)));
            end.is_some_and(|(before, end)| before.ends_with('/') && !short.is_empty() && same_name(end, short))
        };
        let (own, id) = (self.name.trim(), id.trim());
        same_name(own, id) || same_name(own, name) || ends_with(id, own) || ends_with(own, id)
    }

    /// As it stands in a publication.
    pub fn to_json(&self) -> Json {
        let fields = [
            ("name", Some(&self.name)),
            ("revision", self.revision.as_ref()),
            ("digest", self.digest.as_ref()),
            ("provider", self.provider.as_ref()),
        ];
        let said = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.as_str().into())));
        Json::Object(said.collect())
    }
}

/// Whether two names are one but for ASCII case and spaces around them.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The models that a list names.
pub(super) fn models(fields: &Fields<'_>, name: &str) -> Result<Vec<Model>, PublicationFault> {
    fields.list(name)?.iter().map(|(path, value)| Model::read(path, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orcid_has_the_right_check_digit() {
        for good in ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"] {
            assert!(is_orcid(good), "{good}");
        }
        for bad in
            ["0000-0002-1825-0098", "0000-0002-1694-2339", "0000000218250097", "0000-0002-1825-009", "x", "äää-ä"]
        {
            assert!(!is_orcid(bad), "{bad}");
        }
    }

    #[test]
    fn a_relation_is_known_by_its_name_and_an_unknown_one_is_kept() {
        for (name, rel) in Rel::KNOWN {
            assert_eq!(Rel::of(name), rel);
            assert_eq!(rel.name(), name);
        }
        assert_eq!(Rel::of("inspires").name(), "inspires");
    }
}
