//! One simulated node: the real replica, its disk, what it sees of the network, its clocks.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::event::Ticket;
use lyceum_protocol::replica::{Now, Replica};
use lyceum_protocol::sync::message::Answer;

use super::disk::Disk;
use super::faults::Character;
use super::network::LinkId;

/// A simulated node.
#[derive(Debug)]
pub struct Node {
    /// The machine under test; none while the node is off.
    pub replica: Option<Replica>,
    /// What survives a crash.
    pub disk: Disk,
    /// Its disk as it was some time ago.
    pub backup: Option<Disk>,
    /// How it behaves.
    pub character: Character,
    /// Whether it may run at all: a newcomer may not before it comes.
    pub has_come: bool,
    /// Whether the alliance removed it.
    pub is_removed: bool,
    /// How often it was started: what an earlier start asked for is nobody's.
    pub boot: u64,
    /// When it was started.
    pub born: u64,
    /// What its wall clock shows beyond the simulated time, in milliseconds.
    pub wall_ahead: i64,
    /// Additional delay of everything that it sends or receives.
    pub slowness: u64,
    /// Its connections, as it sees them.
    pub up: BTreeMap<usize, LinkId>,
    /// Who passes its gate as a member.
    pub gate: BTreeSet<PublicKey>,
    /// Whom it waits for.
    pub asks: BTreeMap<Ticket, usize>,
    /// Gossip that came before.
    pub seen: BTreeSet<u64>,
    /// When it is woken next.
    pub wake: Option<u64>,
    /// The second in which it was woken last, and how often.
    pub wakes: (u64, u64),
    /// When its disk is done with what it was given.
    pub disk_free: u64,
    /// What it answered once, by name of the request: for those that answer old.
    pub old: BTreeMap<(&'static str, usize), Answer>,
}

/// 2026-01-01 in Unix milliseconds: when a simulation begins.
const EPOCH: i64 = 1_767_225_600_000;

impl Node {
    /// A node that has not been started.
    pub fn new(disk: Disk, character: Character) -> Self {
        Self {
            replica: None,
            disk,
            backup: None,
            character,
            has_come: false,
            is_removed: false,
            boot: 0,
            born: 0,
            wall_ahead: 0,
            slowness: 0,
            up: BTreeMap::new(),
            gate: BTreeSet::new(),
            asks: BTreeMap::new(),
            seen: BTreeSet::new(),
            wake: None,
            wakes: (0, 0),
            disk_free: 0,
            old: BTreeMap::new(),
        }
    }

    /// Its clocks.
    pub fn now(&self, time: u64) -> Now {
        let wall = EPOCH.saturating_add_unsigned(time).saturating_add(self.wall_ahead);
        Now { mono: time.saturating_sub(self.born), wall: u64::try_from(wall).unwrap_or(0) }
    }

    /// Whether it counts for what honest nodes promise.
    pub fn is_honest(&self) -> bool {
        self.character == Character::Honest
    }

    /// Honest, running, and a member that was not removed.
    pub fn counts(&self) -> bool {
        self.is_honest() && !self.is_removed && self.has_come && self.replica.is_some()
    }
}
