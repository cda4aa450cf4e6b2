//! An incident: something that went wrong.

use super::Severity;
use crate::publication::PublicationFault;
use crate::publication::fields::Fields;

/// What only an incident says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// When it happened: a year, a month, a day or a time.
    pub date: Option<String>,
    /// Who or what was affected.
    pub affected: Vec<String>,
    /// What harm was done.
    pub harm: Option<String>,
    /// How bad it was.
    pub severity: Option<Severity>,
}

impl Incident {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self {
            date: fields.date("date")?,
            affected: fields.text_or_texts("affected")?,
            harm: fields.text("harm")?,
            severity: fields.word("severity")?,
        })
    }
}
