//! Making certificates, charters, motions and redemptions with the keys of a home.
//!
//! Nothing here decides what counts: that follows from the documents alone, on every node alike.

pub mod charter;
pub mod desk;
pub mod motion;
pub mod organisation;
pub mod redemption;
pub mod wire;

use lyceum_protocol::bounded::TooMany;
use lyceum_protocol::document::DocumentFault;

/// Why a document or motion is not made.
#[derive(Debug, thiserror::Error)]
pub enum GovernFault {
    /// A text is too long.
    #[error("the {field} is too long")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// By how much, in bytes.
        #[source]
        cause: TooMany,
    },
    /// A rule that the object is held to alone.
    #[error(transparent)]
    Document(#[from] DocumentFault),
    /// No charter is adopted: the chain to the checkpoint is not held yet.
    #[error("this node does not hold the charter of the alliance yet")]
    NoCharter,
    /// Only voters propose and approve.
    #[error("this organisation does not vote in the alliance")]
    NoVoter,
    /// The key in this home is not the one that the charter lists.
    #[error("the voting key in this home is not the one that the charter lists")]
    OtherVotingKey,
    /// Too many open motions carry this approval.
    #[error("this organisation has approved {0} motions of this epoch that have not passed")]
    TooManyOpen(usize),
    /// The organisation was removed, which is final for its id.
    #[error("this organisation was removed, which is final for its id")]
    Removed,
}

pub(crate) fn bounded<const N: usize>(
    field: &'static str,
    text: &str,
) -> Result<lyceum_protocol::bounded::BoundedText<N>, GovernFault> {
    lyceum_protocol::bounded::BoundedText::new(text).map_err(|cause| GovernFault::TooLong { field, cause })
}
