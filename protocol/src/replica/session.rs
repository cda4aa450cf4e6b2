//! What is known of one connected peer: how far the two have compared, and what is under way.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::DocumentBatch;
use crate::frontier::{DocsItem, FrontierItem};
use crate::hash::{LogId, ObjectId, OrgId};
use crate::replica::fetch::{PAGES_PER_PEER, PAGES_PER_PEER_WITH_CHECKED};
use crate::sync::message::{Hello, RefusalCode, You};

/// Between two full comparisons with a peer, in milliseconds, jitter apart.
pub const COMPARE_EVERY: u64 = 60_000;
/// Between two questions of a guest whether it is seated, in milliseconds.
pub const GUEST_ASKS_EVERY: u64 = 1_000;
/// How long news gather before they are told, in milliseconds.
pub const TELL_AFTER: u64 = 1_000;
/// Before a comparison that failed is tried again, in milliseconds.
pub const RETRY_AFTER: u64 = 5_000;
/// Before the first Hello after one that was answered *unavailable*, in milliseconds; it doubles each time, up to
/// [`COMPARE_EVERY`].
pub const UNAVAILABLE_AFTER: u64 = 1_000;
/// Bad answers after which a peer is disconnected.
pub const STRIKES_MAX: u32 = 5;
/// Most bytes of documents that one comparison takes from a guest.
pub const GUEST_BYTES_MAX: usize = 4 << 20;
/// Most bytes of documents that one comparison takes from a member.
pub const DOCS_BYTES_MAX: usize = 64 << 20;

/// What a peer is to this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A present member's key, or named by the invitation of a node that has adopted no charter yet.
    Member,
    /// Anyone else.
    Guest,
}

/// A comparison of one set that is under way.
#[derive(Debug, Clone, Default)]
pub(crate) enum Phase {
    /// None.
    #[default]
    Idle,
    /// Bucket hashes or items were asked for.
    Asking,
    /// Documents are being pulled: those still to ask for, and what came so far.
    Pulling { items: Vec<DocsItem>, batch: DocumentBatch, bytes: usize },
}

impl Phase {
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }
}

/// One connected peer.
#[derive(Debug)]
pub struct Session {
    /// What it is to this node.
    pub standing: Standing,
    /// Its organisation, if its key is a member's.
    pub org: Option<OrgId>,
    /// What it says of itself.
    pub hello: Option<Hello>,
    /// What it takes this node for.
    pub you: Option<You>,
    /// Its last refusal of a Hello, for people.
    pub refusal: Option<(RefusalCode, String)>,
    /// When the last full comparison ended with nothing missing here, Unix milliseconds.
    pub last_sync: Option<u64>,
    /// Bad answers so far.
    pub strikes: u32,
    /// When the next Hello is due; none while one is under way.
    pub(crate) hello_at: Option<u64>,
    /// Comparisons in a row in which the peer refused or sent nonsense.
    pub(crate) refusals: u32,
    /// Whether that happened since the last Hello.
    pub(crate) gave_way: bool,
    /// Hellos in a row that were answered *unavailable*.
    pub(crate) unavailable: u32,
    /// Comparisons begun: for jitter.
    pub(crate) round: u64,
    pub(crate) docs: Phase,
    pub(crate) frontier: Phase,
    /// The other set has to be compared as soon as the one under way is done.
    pub(crate) frontier_due: bool,
    pub(crate) docs_due: bool,
    /// A comparison of logs was completed on this connection.
    pub(crate) compared: bool,
    /// Logs whose item changed since it was told.
    pub(crate) untold: BTreeSet<LogId>,
    /// The documents changed since that was told.
    pub(crate) docs_untold: bool,
    /// When news are told.
    pub(crate) tell_at: Option<u64>,
    /// Pages in flight.
    pub(crate) pages: usize,
    /// Pages that are here and being checked.
    pub(crate) pages_here: usize,
    /// A group of missing payloads was asked of it and is not over.
    pub(crate) gaps_asked: bool,
    /// Documents that were fetched from it and not kept, with their signature hash: not asked for again.
    pub(crate) docs_seen: BTreeMap<ObjectId, [u8; 32]>,
    /// Nothing of it was missing here when the last comparison ended.
    pub in_step: bool,
    /// Items of it that go beyond what is held here.
    pub(crate) ahead: BTreeMap<LogId, FrontierItem>,
}

impl Session {
    pub(crate) const fn new(standing: Standing, org: Option<OrgId>, hello_at: u64) -> Self {
        Self {
            standing,
            org,
            hello: None,
            you: None,
            refusal: None,
            last_sync: None,
            strikes: 0,
            hello_at: Some(hello_at),
            refusals: 0,
            unavailable: 0,
            gave_way: false,
            round: 0,
            docs: Phase::Idle,
            frontier: Phase::Idle,
            frontier_due: false,
            docs_due: false,
            compared: false,
            untold: BTreeSet::new(),
            docs_untold: false,
            tell_at: None,
            pages: 0,
            pages_here: 0,
            gaps_asked: false,
            docs_seen: BTreeMap::new(),
            in_step: false,
            ahead: BTreeMap::new(),
        }
    }

    /// Whether it is a member that takes this node for one: everything may be asked of it.
    pub fn is_mutual(&self) -> bool {
        self.standing == Standing::Member && self.you == Some(You::Member)
    }

    /// Whether another page may be asked of it.
    pub(crate) const fn has_room_for_page(&self) -> bool {
        let with_checked = self.pages.saturating_add(self.pages_here);
        self.pages < PAGES_PER_PEER && with_checked < PAGES_PER_PEER_WITH_CHECKED
    }

    /// Whether something is being compared or pulled.
    pub fn is_busy(&self) -> bool {
        let pulls = self.pages > 0 || self.pages_here > 0;
        pulls || !self.docs.is_idle() || !self.frontier.is_idle() || self.docs_due || self.frontier_due
    }

    /// How many entries it has that are missing here, as far as is known.
    pub fn behind(&self, held: impl Fn(LogId) -> u64) -> u64 {
        self.ahead.values().map(|item| item.good_len.saturating_sub(held(item.log))).sum()
    }

    /// The peer refused something or sent nonsense: the pause before it is compared with again, longer each time.
    pub(crate) fn give_way(&mut self) -> u64 {
        if !self.gave_way {
            self.gave_way = true;
            self.refusals = self.refusals.saturating_add(1);
        }
        let doubled = 1_u64 << self.refusals.saturating_sub(1).min(4);
        RETRY_AFTER.saturating_mul(doubled).min(COMPARE_EVERY)
    }

    /// The peer cannot answer now: the pause before the next Hello, longer each time.
    pub(crate) fn wait_for_it(&mut self) -> u64 {
        let doubled = 1_u64 << self.unavailable.min(6);
        self.unavailable = self.unavailable.saturating_add(1);
        UNAVAILABLE_AFTER.saturating_mul(doubled).min(COMPARE_EVERY)
    }

    pub(crate) fn wake_at(&self) -> Option<u64> {
        // News are told to those that may hear them: until then there is nothing to wake for.
        let tell_at = self.tell_at.filter(|_| self.is_mutual());
        [self.hello_at, tell_at].into_iter().flatten().min()
    }
}
