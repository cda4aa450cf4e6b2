//! A review: a verdict on what somebody else published.

use super::fields::Fields;
use super::finding::Evaluation;
use super::parts::{Link, Model, Rel, models};
use super::words::words;
use super::{EntryId, PublicationFault};

words! {
    /// What a review says of its target.
    Verdict {
        /// Did it again and came to the same result.
        Replicates = "replicates",
        /// Doubts it.
        Disputes = "disputes",
        /// Stands by it.
        Endorses = "endorses",
        /// Says something about it.
        Comments = "comments",
    }
}

impl Verdict {
    /// The relation that its link to the target has.
    pub const fn rel(self) -> Rel {
        match self {
            Self::Replicates => Rel::Replicates,
            Self::Disputes => Rel::Disputes,
            Self::Endorses => Rel::Endorses,
            Self::Comments => Rel::Replies,
        }
    }
}

/// What only a review says.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The verdict.
    pub verdict: Verdict,
    /// The entry that it is about: the first target of a link with the relation of the verdict.
    pub target: EntryId,
    /// The models that its own evaluation is about; may be none.
    pub models: Vec<Model>,
    /// What the reviewer measured.
    pub evaluation: Option<Evaluation>,
}

impl Review {
    pub(super) fn read(fields: &Fields<'_>, links: &[Link]) -> Result<Self, PublicationFault> {
        let verdict: Verdict = fields.required_word("verdict")?;
        let rel = verdict.rel();
        let target = links.iter().filter(|link| link.rel == rel).find_map(Link::entry).ok_or_else(|| {
            let reason = format!(
                "a review that {} has a link {} to an entry: the 64 digits of its id",
                verdict.name(),
                rel.name()
            );
            fields.fault("links", reason)
        })?;
        let models = models(fields, "models")?;
        let evaluation = fields.value("evaluation").map(|_| Evaluation::read(fields, &models)).transpose()?;
        Ok(Self { verdict, target, models, evaluation })
    }
}
