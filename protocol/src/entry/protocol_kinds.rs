//! Contents of the protocol kinds 1001 to 1004: canonical bincode after the salt (PROTOCOL 1.7).

use bincode::{Decode, Encode};

use crate::bounded::{BoundedBytes, BoundedText, BoundedVec};
use crate::hash::EntryId;
use crate::limits;

/// Kind 1001: payloads that must go.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Erase {
    /// Whose payloads.
    pub targets: BoundedVec<EntryId, { limits::ERASE_TARGETS_MAX }>,
    /// Own entries that the targets superseded or retracted, and that stay so marked.
    pub still_superseded: BoundedVec<EntryId, { limits::ERASE_TARGETS_MAX }>,
    /// Why, for people.
    pub reason: BoundedText<{ limits::ERASE_REASON_MAX }>,
}

/// Kind 1002: further recipients of a sealed entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Grant {
    /// The sealed entry.
    pub target: EntryId,
    /// The secret of its content, as an age file to the new recipients.
    pub age: BoundedBytes<{ limits::GRANT_MAX }>,
}

/// Kind 1003: the secret of a sealed entry, for everyone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Disclose {
    /// The sealed entry.
    pub target: EntryId,
    /// The X25519 secret of its content.
    pub secret: [u8; 32],
    /// Who may read it from now on: 0 or 1.
    pub marking: u8,
}

/// Kind 1004: where a node can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NodeRecord {
    /// Multiaddrs as text, without the peer id.
    pub addresses: BoundedVec<BoundedText<{ limits::ADDRESS_MAX }>, { limits::ADDRESSES_MAX }>,
    /// The program and its version.
    pub version: BoundedText<{ limits::VERSION_MAX }>,
}
