//! Admit, invite, remove, settle, erase: independent facts within an epoch (PROTOCOL 3.3).

use bincode::{Decode, Encode};

use super::certificate::{Pin, check_pins};
use super::{DocumentFault, Object, ascending};
use crate::bounded::{BoundedText, BoundedVec};
use crate::codec;
use crate::hash::{CertificateId, CharterId, EntryId, MotionId, OrgId};
use crate::key::PublicKey;
use crate::limits;

/// What a motion does while it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Operation {
    /// The organisation is a member, from the named version of its certificate.
    Admit {
        /// Whom.
        org: OrgId,
        /// From which version: number 0 or a later one.
        certificate: CertificateId,
    },
    /// Exactly one redemption gives a provisional seat.
    Invite {
        /// Whose secret half redeems.
        key: PublicKey,
    },
    /// Final for this organisation id: the named version is the last that counts.
    Remove {
        /// Whom.
        org: OrgId,
        /// The last version of its certificate that counts.
        certificate: CertificateId,
        /// How far its logs are good, ascending by log.
        pins: BoundedVec<Pin, { limits::PINS_MAX }>,
    },
    /// Chooses between forked certificates, installs a new one, or anchors a tip.
    Settle {
        /// Whose certificate.
        org: OrgId,
        /// The version that holds.
        certificate: CertificateId,
        /// The highest round in force holds.
        round: u32,
    },
    /// Payloads that must go.
    Erase {
        /// Whose payloads, ascending.
        targets: BoundedVec<EntryId, { limits::ERASE_TARGETS_MAX }>,
    },
}

impl Operation {
    /// Code of Admit in a charter's sealed rows.
    pub const ADMIT: u8 = 0;
    /// Code of Invite; never sealed as such.
    pub const INVITE: u8 = 1;
    /// Code of Remove.
    pub const REMOVE: u8 = 2;
    /// Code of Settle.
    pub const SETTLE: u8 = 3;
    /// Code of Erase.
    pub const ERASE: u8 = 4;

    /// Its code in a charter's sealed rows.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Admit { .. } => Self::ADMIT,
            Self::Invite { .. } => Self::INVITE,
            Self::Remove { .. } => Self::REMOVE,
            Self::Settle { .. } => Self::SETTLE,
            Self::Erase { .. } => Self::ERASE,
        }
    }

    /// Whom it is about, where it names an organisation.
    pub const fn org(&self) -> Option<OrgId> {
        match self {
            Self::Admit { org, .. } | Self::Remove { org, .. } | Self::Settle { org, .. } => Some(*org),
            Self::Invite { .. } | Self::Erase { .. } => None,
        }
    }

    /// The certificate version that it names, where it names one.
    pub const fn certificate(&self) -> Option<CertificateId> {
        match self {
            Self::Admit { certificate, .. } | Self::Remove { certificate, .. } | Self::Settle { certificate, .. } => {
                Some(*certificate)
            }
            Self::Invite { .. } | Self::Erase { .. } => None,
        }
    }
}

/// A motion. Fields in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Motion {
    /// The charter under which it is voted.
    pub epoch: CharterId,
    /// Who proposed it, for people.
    pub proposer: OrgId,
    /// A claim for people, Unix milliseconds.
    pub time: u64,
    /// Why, for people.
    pub reason: BoundedText<{ limits::PURPOSE_MAX }>,
    /// What it does.
    pub op: Operation,
}

/// A motion with its id and bytes.
pub type MotionObject = Object<MotionId, Motion>;

impl Motion {
    /// Reads a motion and holds it to all that it can be held to alone.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn read(bytes: &[u8]) -> Result<MotionObject, DocumentFault> {
        let motion: Self = codec::decode(bytes, limits::MOTION_MAX)?;
        match &motion.op {
            Operation::Remove { pins, .. } => check_pins(pins)?,
            Operation::Erase { targets } => {
                if targets.is_empty() || !ascending(targets, |id| *id) {
                    return Err(DocumentFault::Rule("targets are ascending, not repeated, and there is at least one"));
                }
            }
            Operation::Admit { .. } | Operation::Invite { .. } | Operation::Settle { .. } => {}
        }
        Ok(Object::new(MotionId::of(bytes), bytes.to_vec(), motion))
    }

    /// Encodes the motion and holds the result to the same rules.
    ///
    /// # Errors
    /// [`DocumentFault`].
    pub fn into_object(self) -> Result<MotionObject, DocumentFault> {
        Self::read(&codec::encode(&self))
    }
}
