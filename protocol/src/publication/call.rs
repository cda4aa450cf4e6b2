//! A call: an open question, or work that is planned, so that nobody does it twice.

use super::PublicationFault;
use super::fields::Fields;
use super::parts::{Model, models};

/// What only a call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Until when it is open: a date or a time.
    pub ends: Option<String>,
    /// The models that it is about; may be none.
    pub models: Vec<Model>,
}

impl Call {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        Ok(Self { ends: fields.date("ends")?, models: models(fields, "models")? })
    }
}
