//! The proof for a reader: what one file shows about one entry, on a machine that holds nothing else (PROTOCOL 8).
//!
//! **Shown by every accepted file.** The entry was signed by its node key for the alliance whose id the file names, and
//! the payload in the file, if there is one, is the one that was signed. Entry 0 of the same log is covered by the entry's
//! `history`, so the certificate version under which the log was opened cannot be exchanged. That version belongs to
//! the organisation: the chain from its number 0 is signed by enough root keys at every step, lists the node key with a
//! role that may write, and the owner of the node key agreed. Nothing in the chain that the file holds pins the log
//! below the entry.
//!
//! **What it rests on**, [`RestsOn`], the weakest word that fits:
//! - *signed*: nothing more. Anybody can make keys, so the organisation may be known to nobody.
//! - *member*: the organisation has a seat under the charter in the file, which enough of the charter's own voters
//!   signed. The seat is a row under the charter's head, or an Admit or a redeemed Invite that enough of its voters
//!   approved. Not shown without `--chain`: that the charter descends from charter 0 of the alliance, because a charter
//!   names only its predecessor; whoever invents voters can sign such a charter.
//! - *trusted*: the above, and the charter belongs to an alliance that the reader named: its chain from charter 0 is in
//!   the file, each successor certified in one round by the voters before and its own; or it is charter 0 itself; or
//!   the reader has adopted it.
//!
//! **Never shown by a file**: that no later charter, removal, retraction, pin or rival redemption exists; that charters
//! are the ones adopted where voters signed several; that the lists of a charter follow from the motions (the lists are
//! not in the file). A redemption is shown, not that it is the only one. Time is the author's claim.

mod build;
mod check;
mod seat;

use std::collections::BTreeSet;
use std::fmt;

use crate::bundle::{Bundle, BundleFault, PartType};
use crate::entry::Header;
use crate::hash::{CharterId, EntryId, LogId, NetworkId, OrgId};

pub use build::{ProofOf, SeatOf};
pub use check::check;

/// What the reader knows beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The alliance that the reader means.
    pub alliance: NetworkId,
    /// Charters of it that the reader has adopted; empty without a home.
    pub charters: BTreeSet<CharterId>,
}

/// What the claim "this organisation wrote it" rests on. Ascending by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestsOn {
    /// Signatures alone.
    Signed,
    /// A seat under a charter whose voters signed it.
    Member,
    /// A seat in the alliance that the reader named.
    Trusted,
}

impl fmt::Display for RestsOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signed => "signed",
            Self::Member => "member",
            Self::Trusted => "trusted",
        })
    }
}

/// Why a file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// The file itself.
    #[error(transparent)]
    Bundle(#[from] BundleFault),
    /// A part contradicts another, or does not hold.
    #[error("{part}: {reason}")]
    Part {
        /// Which part.
        part: PartType,
        /// What is wrong with it.
        reason: String,
    },
    /// The entry belongs to another alliance than the one that the reader named.
    #[error("the entry belongs to alliance {found}, not to {named}")]
    OtherAlliance {
        /// The one in the file.
        found: NetworkId,
        /// The one named.
        named: NetworkId,
    },
}

impl ProofFault {
    /// The part that is to blame, where it is one.
    pub const fn part(&self) -> Option<PartType> {
        match self {
            Self::Bundle(BundleFault::Part { part, .. }) | Self::Part { part, .. } => Some(*part),
            Self::Bundle(_) | Self::OtherAlliance { .. } => None,
        }
    }
}

/// What an accepted file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The strongest word that the file carries.
    pub rests_on: RestsOn,
    /// Why not a stronger one, or on what the strongest stands.
    pub reason: String,
    /// The alliance that the entry was signed for.
    pub alliance: NetworkId,
    /// The entry.
    pub id: EntryId,
    /// Its log.
    pub log: LogId,
    /// Its author's organisation.
    pub org: OrgId,
    /// What the organisation calls itself in the newest version in the file. Untrusted text.
    pub org_name: String,
    /// The header.
    pub header: Header,
    /// The payload, salt included, if the file holds it.
    pub payload: Option<Vec<u8>>,
    /// Epoch of the charter under which the seat was shown; none where it rests on signatures alone.
    pub epoch: Option<u32>,
    /// Time of that charter, a claim, Unix milliseconds.
    pub as_of: Option<u64>,
}

/// The answer to "does this file hold?", in plain fields for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the file is accepted.
    pub valid: bool,
    /// What it rests on; none where it is refused.
    pub rests_on: Option<RestsOn>,
    /// Why, in words.
    pub reason: String,
    /// The part that is to blame where it is refused.
    pub part: Option<PartType>,
    /// The alliance named in the file; of a refused file a mere claim.
    pub alliance: Option<NetworkId>,
    /// The entry.
    pub id: Option<EntryId>,
    /// The author's organisation.
    pub org: Option<OrgId>,
    /// The author's claim, Unix milliseconds.
    pub time: Option<u64>,
    /// Epoch of the charter under which the seat was shown.
    pub epoch: Option<u32>,
}

impl From<&Result<Proof, ProofFault>> for Verdict {
    fn from(result: &Result<Proof, ProofFault>) -> Self {
        match result {
            Ok(proof) => Self {
                valid: true,
                rests_on: Some(proof.rests_on),
                reason: proof.reason.clone(),
                part: None,
                alliance: Some(proof.alliance),
                id: Some(proof.id),
                org: Some(proof.org),
                time: Some(proof.header.time),
                epoch: proof.epoch,
            },
            Err(fault) => Self {
                valid: false,
                rests_on: None,
                reason: fault.to_string(),
                part: fault.part(),
                alliance: match fault {
                    ProofFault::OtherAlliance { found, .. } => Some(*found),
                    ProofFault::Bundle(_) | ProofFault::Part { .. } => None,
                },
                id: None,
                org: None,
                time: None,
                epoch: None,
            },
        }
    }
}

/// Reads and checks a file. Needs no home, no network and no clock.
pub fn verify(bytes: &[u8], trust: Option<&Trust>) -> Verdict {
    let result = Bundle::read(bytes).map_err(ProofFault::from).and_then(|bundle| check(&bundle, trust));
    Verdict::from(&result)
}

#[cfg(test)]
mod tests;
