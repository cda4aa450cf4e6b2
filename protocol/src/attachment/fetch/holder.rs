//! What is known of one peer: what it holds, how fast it is, and until when it is left alone.

use super::super::message::Held;
use super::super::pieces::Pieces;
use super::super::shape::Shape;
use super::PER_HOLDER;

/// First pause after a fault, in milliseconds; each further one in a row doubles it.
const PAUSE: u64 = 500;
/// Longest pause.
const PAUSE_MAX: u64 = 60_000;
/// After how long a peer that does not hold everything is asked again what it holds, in milliseconds.
const HAS_AGAIN: u64 = 60_000;
/// How much slower than the fastest a holder may be before it gets one piece at a time.
const SLOWER: u64 = 4;
/// Shortest time after which a piece is asked of another holder too, in milliseconds.
const LATE: u64 = 2_000;

/// What a peer holds of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// It was not asked yet.
    Unknown,
    /// No piece.
    Nothing,
    /// A file of the same hash and another size.
    OtherSize,
    /// These ranges: first piece, and the number after the last.
    Ranges(Vec<(u32, u32)>),
}

impl Holds {
    pub(super) fn of(held: Option<Held>, shape: Shape) -> Self {
        match held {
            None => Self::Nothing,
            Some(held) if held.size != shape.size() => Self::OtherSize,
            Some(held) => {
                let ranges = held.ranges.iter().map(|range| (range.first, range.first.saturating_add(range.count)));
                Self::Ranges(ranges.collect())
            }
        }
    }

    /// Whether it is every piece.
    pub(super) fn is_all(&self, shape: Shape) -> bool {
        matches!(self, Self::Ranges(ranges) if ranges.as_slice() == [(0, shape.pieces())])
    }

    /// Whether a piece is among them.
    pub(super) fn contains(&self, index: u32) -> bool {
        matches!(self, Self::Ranges(ranges) if ranges.iter().any(|(first, end)| (*first..*end).contains(&index)))
    }

    /// The first of some pieces that is among them.
    pub(super) fn first_of(&self, pieces: &Pieces) -> Option<u32> {
        match self {
            Self::Ranges(ranges) => ranges.iter().find_map(|(first, end)| pieces.first_within(*first, *end)),
            Self::Unknown | Self::Nothing | Self::OtherSize => None,
        }
    }
}

/// One peer.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) up: bool,
    /// Sent what no honest peer sends.
    pub(super) lied: bool,
    pub(super) holds: Holds,
    /// It is thought to hold the file and was not asked yet.
    pub(super) likely: bool,
    /// It was asked what it holds.
    pub(super) is_asked: bool,
    /// From when on it may be asked what it holds.
    pub(super) has_from: u64,
    /// Pieces that it was asked for.
    pub(super) open: usize,
    /// Until when it is not asked for pieces.
    pub(super) pause_until: u64,
    /// Faults in a row.
    faults: u32,
    /// Milliseconds for a piece, smoothed; none until the first.
    pace: Option<u64>,
}

impl Holder {
    /// Of whom nothing is known.
    pub(super) const fn unknown() -> Self {
        Self {
            up: false,
            lied: false,
            holds: Holds::Unknown,
            likely: false,
            is_asked: false,
            has_from: 0,
            open: 0,
            pause_until: 0,
            faults: 0,
            pace: None,
        }
    }

    /// Who is thought to hold the file.
    pub(super) const fn likely() -> Self {
        let mut holder = Self::unknown();
        holder.likely = true;
        holder
    }

    pub(super) const fn is_up(&mut self, now: u64) {
        self.up = true;
        self.is_asked = false;
        self.has_from = now;
        self.pause_until = now;
    }

    pub(super) const fn is_down(&mut self) {
        self.up = false;
        self.is_asked = false;
        self.open = 0;
    }

    /// It said what it holds.
    pub(super) fn said(&mut self, holds: Holds, now: u64) {
        self.holds = holds;
        self.likely = false;
        self.is_asked = false;
        self.has_from = now.saturating_add(HAS_AGAIN);
    }

    /// It did not say what it holds.
    pub(super) const fn said_nothing(&mut self, now: u64) {
        self.is_asked = false;
        self.failed(now);
        self.has_from = self.pause_until;
    }

    /// It sent a piece after so many milliseconds.
    pub(super) const fn sent(&mut self, took: u64) {
        self.faults = 0;
        self.pace = Some(match self.pace {
            None => took,
            Some(pace) => pace.saturating_mul(3).saturating_add(took) / 4,
        });
    }

    /// It did not send a piece.
    pub(super) const fn failed(&mut self, now: u64) {
        let doubled = PAUSE.saturating_mul(2_u64.saturating_pow(self.faults));
        let pause = if doubled < PAUSE_MAX { doubled } else { PAUSE_MAX };
        self.faults = self.faults.saturating_add(1);
        self.pause_until = now.saturating_add(pause);
    }

    /// Whether it could be asked for something, now or after its pause.
    pub(super) const fn is_usable(&self) -> bool {
        self.up && !self.lied
    }

    /// Whether it holds everything and, as far as is known, sends it.
    pub(super) fn sends_all(&self, shape: Shape) -> bool {
        self.faults == 0 && self.holds.is_all(shape)
    }

    /// What it is preferred by: the fewer open and the faster, the sooner.
    pub(super) fn rank(&self) -> (usize, u64) {
        (self.open, self.pace.unwrap_or_default())
    }

    /// How many pieces it may have open, where the fastest takes `best` milliseconds for one.
    pub(super) fn room(&self, best: Option<u64>) -> usize {
        let is_slow = |pace: u64| best.is_some_and(|best| pace > best.saturating_mul(SLOWER).max(LATE / 4));
        match self.pace {
            _ if self.faults > 0 => 1,
            Some(pace) if is_slow(pace) => 1,
            Some(_) => PER_HOLDER,
            // Nobody knows yet whether it answers at all.
            None => PER_HOLDER / 2,
        }
    }

    pub(super) const fn pace(&self) -> Option<u64> {
        self.pace
    }

    /// After how many milliseconds it takes over a piece that another one does not send.
    pub(super) fn patience(&self) -> u64 {
        self.pace.map_or(LATE, |pace| pace.saturating_mul(SLOWER).max(LATE))
    }
}
