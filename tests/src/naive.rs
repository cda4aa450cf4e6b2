//! The naive evaluator: what follows from a set of objects, recomputed from scratch in the plainest way.
//!
//! Written from PROTOCOL 1.3, 1.4, 2 and 3 alone, upon the object types alone, so that it can be set against the
//! engine. Every function looks through whole lists; nothing is kept between two calls.

mod bounds;
mod certificates;
mod governance;
mod logs;
mod root;

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::document::certificate::CertificateObject;
use lyceum_protocol::document::charter::CharterObject;
use lyceum_protocol::document::motion::MotionObject;
use lyceum_protocol::document::signature::VerifiedSignature;
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, MotionId, OrgId};

pub use bounds::Bounds;

/// Objects in no order, repeats allowed.
#[derive(Debug, Clone, Default)]
pub struct ObjectSet {
    /// Certificates of any organisation.
    pub certificates: Vec<CertificateObject>,
    /// Charters with their lists.
    pub charters: Vec<CharterObject>,
    /// Motions of any epoch.
    pub motions: Vec<MotionObject>,
    /// Signatures on all of these.
    pub signatures: Vec<VerifiedSignature>,
    /// Entries of any log.
    pub entries: Vec<VerifiedEntry>,
    /// Fork proofs.
    pub proofs: Vec<VerifiedForkProof>,
}

/// The lines of PROTOCOL 3.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// Something that the log rests on is missing, or its certificate does not count.
    Waiting,
    /// Of a removed organisation, pinned by a Remove.
    RemovedPinned,
    /// Of a removed organisation, pinned by a certificate.
    RemovedClosed,
    /// Of a removed organisation, not pinned.
    RemovedVoid,
    /// Several organisations redeemed one Invite.
    Suspended,
    /// The organisation has no seat.
    NoSeat,
    /// Its certificate lost against an anchor.
    LosingBranch,
    /// Its certificate lies beyond a fork that nobody settled.
    Contested,
    /// Pinned by a certificate on the effective chain.
    Pinned,
    /// Its key was dropped without a pin.
    Unpinned,
    /// Good below the fork.
    Forked,
    /// All of it is good.
    Good,
}

impl Line {
    /// All of them, in the order of PROTOCOL 3.5.
    pub const ALL: [Self; 12] = [
        Self::Waiting,
        Self::RemovedPinned,
        Self::RemovedClosed,
        Self::RemovedVoid,
        Self::Suspended,
        Self::NoSeat,
        Self::LosingBranch,
        Self::Contested,
        Self::Pinned,
        Self::Unpinned,
        Self::Forked,
        Self::Good,
    ];
}

/// Seats that show in the state root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seated {
    /// Listed by the adopted charter, or admitted.
    Firm,
    /// By one redemption.
    Provisional,
    /// A Remove is in force.
    Removed,
}

/// How far one log is good: what makes its item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Entries that are good.
    pub len: u64,
    /// The last of them, zero if none.
    pub head: EntryId,
    /// Where the log forks, if that decides.
    pub fork: Option<u64>,
}

/// A motion in force, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    /// The motion.
    pub motion: MotionId,
    /// Code of its operation; a redeemed seat that was sealed has the code of Admit.
    pub op: u8,
    /// Whether a charter seals it; else it passed in the adopted epoch.
    pub sealed: bool,
}

/// All that follows from a set.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The adopted charter.
    pub adopted: CharterId,
    /// The chain from charter 0 to the adopted one, as far as it is held.
    pub chain: Vec<CharterId>,
    /// Whether several successors of the adopted charter stand against each other.
    pub contested: bool,
    /// Motions in force.
    pub effects: Vec<Effect>,
    /// Who has a seat or lost it, with the effective certificate, zero where it is not known.
    pub rows: BTreeMap<OrgId, (Seated, CertificateId)>,
    /// The line that each log stands at.
    pub lines: BTreeMap<LogId, Line>,
    /// The logs that have an item.
    pub items: BTreeMap<LogId, Extent>,
    /// Erased entries.
    pub erased: BTreeSet<EntryId>,
    /// Root over the 256 buckets of the items.
    pub digest: [u8; 32],
    /// The one hash over everything that must converge.
    pub state_root: [u8; 32],
    /// What is kept of what may grow without a vote.
    pub bounds: Bounds,
}

/// Evaluates a set for a checkpoint.
pub fn evaluate(checkpoint: CharterId, set: &ObjectSet) -> Outcome {
    let law = governance::Law::find(checkpoint, set);
    let families = certificates::Families::of(set);
    let rows = governance::rows(&law, &families);
    let logs = logs::all(&law, &families, set);
    let items: BTreeMap<LogId, Extent> =
        logs.iter().filter_map(|log| Some((log.id, log.good.as_ref()?.extent()?))).collect();
    let erased = logs::erased(&law, &families, &logs);
    let digest = root::digest(&items);
    let state_root = root::state_root(law.adopted, &rows, &digest, &erased);
    Outcome {
        adopted: law.adopted,
        chain: law.chain.iter().map(|charter| charter.id()).collect(),
        contested: law.contested,
        effects: law.effects(),
        lines: logs.iter().map(|log| (log.id, log.line)).collect(),
        rows,
        items,
        erased,
        digest,
        state_root,
        bounds: bounds::bounds(&law, set),
    }
}
