//! Good, unsettled, void: the table of PROTOCOL 3.5, first line that fits.
//!
//! A pure function of what the documents say and of one log.

use crate::document::certificate::Pin;
use crate::documents::Documents;
use crate::frontier::{FrontierItem, NO_FORK};
use crate::governance::organisation::Position;
use crate::governance::{Governance, Organisation, PinSource, Seat, Waiting};
use crate::hash::{CertificateId, EntryId, OrgId};
use crate::log::{Log, Opening, PinHeld};

/// What a log waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// A certificate version or a signature on it.
    Certificate(CertificateId),
    /// The signature by which the key's owner shows that it holds it, or the key is not listed with a writing role.
    Possession,
    /// What its organisation waits for.
    Organisation(Waiting),
    /// Its certificate does not count.
    Uncounted,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Kept apart, not shown.
    Waiting(Awaited),
    /// Of a removed organisation, pinned: good up to the pin.
    RemovedPinned(Pin, PinSource),
    /// Of a removed organisation, not pinned: void.
    RemovedVoid,
    /// Unsettled: several redeemed one Invite.
    Suspended,
    /// Unsettled: the organisation has no seat.
    NoSeat,
    /// Void: opened under a certificate that lost.
    LosingBranch,
    /// Unsettled: opened under a certificate above a contested point.
    Contested,
    /// Pinned by `closed` on the effective chain: good up to the pin, the rest void.
    Closed(Pin, PinSource),
    /// Unsettled: the key was dropped without a pin.
    Unpinned,
    /// Good below this place, unsettled from there.
    Forked(u64),
    /// Good.
    Good,
}

impl Line {
    /// The pin that decides, if one does.
    pub const fn pin(&self) -> Option<&Pin> {
        match self {
            Self::RemovedPinned(pin, _) | Self::Closed(pin, _) => Some(pin),
            Self::Waiting(_)
            | Self::RemovedVoid
            | Self::Suspended
            | Self::NoSeat
            | Self::LosingBranch
            | Self::Contested
            | Self::Unpinned
            | Self::Forked(_)
            | Self::Good => None,
        }
    }
}

/// What can be said of one entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Shown, indexed, served, receipted, counted.
    Good,
    /// Readable where it is held, marked with the cause.
    Unsettled,
    /// Hidden.
    Void,
    /// Kept apart, not shown.
    Waiting,
}

/// Which line holds for a log that was so opened and is known to fork there.
pub fn line(opening: &Opening, fork: Option<u64>, governance: &Governance, documents: &Documents) -> Line {
    match opened(opening, governance, documents) {
        Ok((organisation, position)) => seated_line(opening, fork, organisation, position),
        Err(line) => line,
    }
}

/// The checks that come before any seat: is the certificate here, does it list the key, does it count.
fn opened<'a>(
    opening: &Opening,
    governance: &'a Governance,
    documents: &Documents,
) -> Result<(&'a Organisation, Position), Line> {
    let waiting = |awaited| Err(Line::Waiting(awaited));
    let Some(chain) = documents.chain(opening.certificate) else {
        return waiting(Awaited::Certificate(opening.certificate));
    };
    let (Some(zero), Some(certificate)) = (chain.first(), chain.last()) else {
        return waiting(Awaited::Certificate(opening.certificate));
    };
    let org = OrgId::from(zero.id());
    let Some(organisation) = governance.organisation(org) else {
        return waiting(Awaited::Certificate(zero.id()));
    };
    if let Some(cause) = organisation.waiting {
        return waiting(Awaited::Organisation(cause));
    }
    if !documents.is_well_formed(certificate) {
        return waiting(Awaited::Certificate(certificate.id()));
    }
    let listed = certificate.listed(&opening.key).filter(|listed| listed.roles.may_write());
    if !listed.is_some_and(|listed| documents.is_possessed(org, &listed.key)) {
        return waiting(Awaited::Possession);
    }
    let position = organisation.position(&chain, documents);
    if position == Position::Uncounted && organisation.seat != Seat::Removed {
        return waiting(Awaited::Uncounted);
    }
    Ok((organisation, position))
}

fn seated_line(opening: &Opening, fork: Option<u64>, organisation: &Organisation, position: Position) -> Line {
    let pin = organisation.pin(opening.log);
    match (organisation.seat, position) {
        (Seat::Removed, Position::Effective) => {
            pin.map_or(Line::RemovedVoid, |(pin, source)| Line::RemovedPinned(*pin, *source))
        }
        (Seat::Removed, _) => Line::RemovedVoid,
        (Seat::Suspended, _) => Line::Suspended,
        (Seat::None, _) => Line::NoSeat,
        (Seat::Firm | Seat::Provisional, Position::Losing) => Line::LosingBranch,
        (Seat::Firm | Seat::Provisional, Position::Beyond) => Line::Contested,
        (Seat::Firm | Seat::Provisional, Position::Effective | Position::Uncounted) => {
            let listed = organisation.effective().is_some_and(|version| version.listed(&opening.key).is_some());
            match (pin, listed, fork) {
                (Some((pin, source)), _, _) => Line::Closed(*pin, *source),
                (None, false, _) => Line::Unpinned,
                (None, true, Some(seq)) => Line::Forked(seq),
                (None, true, None) => Line::Good,
            }
        }
    }
}

/// How many entries of a log are good, and the item that it has for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The line of the table.
    pub line: Line,
    /// Entries below are good.
    pub good_len: u64,
    /// What the frontier says of it, if anything.
    pub item: Option<FrontierItem>,
}

impl Judged {
    /// Applies a line to what is held of a log.
    pub fn of(line: Line, log: &Log) -> Self {
        let (good_len, item) = match line {
            Line::RemovedPinned(pin, _) | Line::Closed(pin, _) => match log.pin_held(&pin) {
                PinHeld::Whole if pin.len > 0 => (pin.len, Some((pin.head, NO_FORK))),
                PinHeld::Whole | PinHeld::Next(_) | PinHeld::OtherChain => (0, None),
            },
            Line::Forked(seq) => (seq, Some((id_below(log, seq), seq))),
            Line::Good => (log.len(), log.head().map(|head| (head, NO_FORK))),
            Line::Waiting(_)
            | Line::RemovedVoid
            | Line::Suspended
            | Line::NoSeat
            | Line::LosingBranch
            | Line::Contested
            | Line::Unpinned => (0, None),
        };
        let log = log.opening().log;
        let item = item.map(|(head, fork)| FrontierItem { log, good_len, head, fork });
        Self { line, good_len, item }
    }

    /// The standing of the entry at `seq`.
    pub const fn standing(&self, seq: u64) -> Standing {
        if seq < self.good_len {
            return Standing::Good;
        }
        match &self.line {
            Line::Waiting(_) => Standing::Waiting,
            Line::RemovedVoid | Line::LosingBranch => Standing::Void,
            Line::RemovedPinned(pin, _) | Line::Closed(pin, _) => {
                // Held below the pin, but not the whole pinned chain: readable, marked so.
                if seq < pin.len && self.good_len == 0 { Standing::Unsettled } else { Standing::Void }
            }
            Line::Suspended | Line::NoSeat | Line::Contested | Line::Unpinned | Line::Forked(_) | Line::Good => {
                Standing::Unsettled
            }
        }
    }
}

fn id_below(log: &Log, seq: u64) -> EntryId {
    let below = seq.checked_sub(1).and_then(|below| usize::try_from(below).ok());
    below.and_then(|below| log.ids().get(below)).copied().unwrap_or(EntryId::ZERO)
}
