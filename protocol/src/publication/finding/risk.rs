//! A risk: something that may go wrong.

use crate::publication::PublicationFault;
use crate::publication::fields::Fields;
use crate::publication::words::words;

words! {
    /// How bad it is, the least first.
    Severity {
        /// Little harm.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
        /// Very much.
        Critical = "critical",
    }
}

words! {
    /// How likely it is.
    Likelihood {
        /// Not very.
        Low = "low",
        /// So so.
        Medium = "medium",
        /// Very.
        High = "high",
    }
}

words! {
    /// Whether there is still something to do.
    RiskStatus {
        /// There is.
        Open = "open",
        /// Something is done about it.
        Mitigated = "mitigated",
        /// It is over.
        Closed = "closed",
    }
}

/// What only a risk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// How bad; none where the source does not say.
    pub severity: Option<Severity>,
    /// How likely.
    pub likelihood: Option<Likelihood>,
    /// Who or what is affected.
    pub affected: Vec<String>,
    /// Whether it is open; it is where nothing is said.
    pub status: RiskStatus,
}

impl Risk {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self {
            severity: fields.word("severity")?,
            likelihood: fields.word("likelihood")?,
            affected: fields.text_or_texts("affected")?,
            status: fields.word("status")?.unwrap_or(RiskStatus::Open),
        })
    }
}
