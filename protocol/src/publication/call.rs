//! A call: an open question, or work that is planned, so that nobody does it twice.

use super::PublicationFault;
use super::fields::Fields;

/// What only a call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Until when it is open: a date or a time.
    pub ends: Option<String>,
}

impl Call {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self { ends: fields.date("ends")? })
    }
}
