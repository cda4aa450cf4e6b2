//! The entry that a command answers to, and whose it is.

use lyceum_protocol::publication::{Content, Publication};

use super::safe_text;
use crate::api::shapes::EntryPage;
use crate::client::Client;
use crate::failure::Failure;

/// An entry that can be answered to.
pub(super) struct Target {
    /// The entry.
    pub(super) page: EntryPage,
    /// What it says.
    pub(super) publication: Publication,
    /// Whether this organisation published it.
    pub(super) own: bool,
}

impl Target {
    /// Finds the entry of an id, or of the beginning of one, and reads it.
    pub(super) async fn find(client: &Client, id: &str) -> Result<Self, Failure> {
        let page = client.entry(id).await?;
        let own = client.status().await?.org == page.line.org;
        let read = page.publication.as_ref().and_then(|value| serde_json::to_vec(value).ok());
        let publication = read.and_then(|bytes| Publication::read(&bytes).ok());
        let Some(publication) = publication else {
            let why = page.line.unreadable.clone().unwrap_or_else(|| "it cannot be read".to_owned());
            return Err(Failure::refused(format!("{} is nothing that can be answered to", page.line.id)).cause(why));
        };
        Ok(Self { page, publication, own })
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.page.line.id
    }

    /// Who published it, for people.
    pub(super) fn org(&self) -> String {
        safe_text::short_line(&self.page.line.org_name, 40)
    }

    /// What it is, for people: `note`, `finding`.
    pub(super) fn kind(&self) -> String {
        safe_text::short_line(self.publication.kind.name(), 40)
    }

    /// Only what is one's own is replaced or taken back.
    pub(super) fn must_be_own(&self, verb: &str) -> Result<(), Failure> {
        if self.own {
            return Ok(());
        }
        let whose = format!(
            "{} was published by {}: only the organisation that published it may {verb} it",
            self.id(),
            self.org()
        );
        Err(Failure::refused(whose)
            .next(format!("say what you think of it: lyceum dispute {}", super::publish::short_id(self.id()))))
    }

    /// Some answers are to findings alone.
    pub(super) fn must_be_a_finding(&self, verb: &str) -> Result<(), Failure> {
        if matches!(self.publication.content, Content::Finding(_)) {
            return Ok(());
        }
        Err(Failure::refused(format!("{} is a {}: only a finding can be {verb}", self.id(), self.kind())))
    }

    /// To endorse one's own says nothing.
    pub(super) fn must_be_of_others(&self) -> Result<(), Failure> {
        if !self.own {
            return Ok(());
        }
        let own = format!("{} is your own organisation's: it stands by that anyway", self.id());
        Err(Failure::refused(own).next("others endorse it"))
    }

    /// A replication is of a finding, and by somebody else.
    pub(super) fn may_be_replicated(&self) -> Result<(), Failure> {
        self.must_be_a_finding("replicated")?;
        if self.own {
            let own =
                format!("{} is your own organisation's: to review one's own finding is no replication", self.id());
            return Err(Failure::refused(own)
                .next("publish the second run as a finding of its own that cites the first; others replicate it"));
        }
        Ok(())
    }
}
