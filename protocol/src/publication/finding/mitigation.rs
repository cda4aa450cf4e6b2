//! A mitigation: what can be done about a risk. Which risks, its links `mitigates` say.

use crate::publication::PublicationFault;
use crate::publication::fields::Fields;
use crate::publication::words::words;

words! {
    /// How far it is.
    MitigationStatus {
        /// An idea.
        Proposed = "proposed",
        /// Tried out.
        Tested = "tested",
        /// In use.
        Deployed = "deployed",
    }
}

/// What only a mitigation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mitigation {
    /// How far it is.
    pub status: Option<MitigationStatus>,
}

impl Mitigation {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self { status: fields.word("status")? })
    }
}
