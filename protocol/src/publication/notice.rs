//! A notice: says of what is published that it is replaced, taken back, or how its author stands to it; or that several
//! names mean one model.

use std::collections::BTreeSet;

use super::PublicationFault;
use super::fields::Fields;
use super::parts::{Link, Model, Rel, models};
use super::words::words;

words! {
    /// How an organisation stands to what a finding says.
    Response {
        /// It is affected.
        Affected = "affected",
        /// It is not.
        NotAffected = "not-affected",
        /// It was, and has done something about it.
        Mitigated = "mitigated",
        /// It does not know yet.
        Investigating = "investigating",
    }
}

/// What only a notice says. What it supersedes, retracts and responds to stands in its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Why; always there where it retracts.
    pub reason: Option<String>,
    /// The answer; always there where it responds.
    pub response: Option<Response>,
    /// Names of one model: none, or at least two.
    pub same_as: Vec<Model>,
}

impl Notice {
    pub(super) fn read(fields: &Fields<'_>, links: &[Link]) -> Result<Self, PublicationFault> {
        let has = |rel: &Rel| links.iter().any(|link| link.rel == *rel);
        let reason = fields.text("reason")?;
        if has(&Rel::Retracts) {
            fields.required("reason")?;
        }
        let response = fields.word("response")?;
        if has(&Rel::Responds) && response.is_none() {
            return Err(fields.fault("response", format!("is missing: {}", Response::WORDS.join(", "))));
        }
        let same_as = models(fields, "same_as")?;
        let distinct = same_as.iter().map(|model| (&model.name, &model.revision, &model.digest, &model.provider));
        if !same_as.is_empty() && distinct.collect::<BTreeSet<_>>().len() < 2 {
            return Err(fields.fault("same_as", "at least two different names of one model are expected"));
        }
        let says = [Rel::Supersedes, Rel::Retracts, Rel::Responds, Rel::SameAs].iter().any(has);
        if !says && same_as.is_empty() {
            return Err(fields.fault("links", "a notice supersedes, retracts or responds to something, or has same_as"));
        }
        Ok(Self { reason, response, same_as })
    }
}
