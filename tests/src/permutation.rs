//! One universe fed in many orders into the incremental engine, compared with the naive evaluator.
//!
//! First everything arrives one by one or in batches, in any order, with repeats, signatures apart from what they
//! sign. Then rounds follow as anti-entropy makes them: documents with the signatures on them, entries in the order
//! of their logs, pinned chains from where they part, proofs; until a whole round changes nothing.

mod feeder;

use std::collections::BTreeMap;
use std::fmt;

use lyceum_protocol::hash::{CharterId, ObjectId};
use lyceum_protocol::state::State;

use crate::naive::{self, Outcome};
use crate::universe::Universe;
pub use feeder::Feeder;

/// Where a node came to rest.
#[derive(Debug, Clone)]
pub struct Rest {
    /// Its checkpoint.
    pub checkpoint: CharterId,
    /// Its state root.
    pub state_root: [u8; 32],
    /// Root of its documents; comparable between nodes that have no organisation of their own.
    pub docs_root: Option<[u8; 32]>,
    /// Rounds of anti-entropy that it took.
    pub rounds: usize,
}

/// Which promise an order breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// A node comes to rest.
    Rest,
    /// Its state root is the naive evaluator's.
    StateRoot,
    /// A checkpoint on the chain from charter 0 decides nothing.
    Checkpoint,
    /// What is kept of the documents is a function of the set.
    Documents,
    /// It is within the bounds, and no less.
    Bounds,
}

/// What is wrong with an order.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Seed of the order.
    pub order: u64,
    /// What it breaks.
    pub promise: Promise,
    /// What differs.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} breaks {:?}: {}", self.order, self.promise, self.what)
    }
}

/// What a universe showed.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What follows from all of it, from charter 0.
    pub outcome: Outcome,
    /// Orders that ended on another branch of charters.
    pub other_branch: u64,
    /// Most rounds that an order took.
    pub rounds: usize,
}

/// Feeds a universe in many orders; every one must come to the naive evaluator's state root.
///
/// # Errors
/// The first order that does not.
pub fn check(universe: &Universe, orders: impl Iterator<Item = u64>) -> Result<Shown, Failure> {
    let feeder = Feeder::new(universe);
    let outcome = naive::evaluate(universe.founding(), &universe.objects);
    let mut expected: BTreeMap<CharterId, Outcome> = BTreeMap::new();
    let mut docs_roots: BTreeMap<CharterId, [u8; 32]> = BTreeMap::new();
    let mut shown = Shown { outcome, other_branch: 0, rounds: 0 };
    for order in orders {
        let (state, rest) = feeder.feed(order)?;
        let fail = |promise, what| Err(Failure { order, promise, what });
        let expected =
            expected.entry(rest.checkpoint).or_insert_with(|| naive::evaluate(rest.checkpoint, &universe.objects));
        if rest.state_root != expected.state_root {
            return fail(Promise::StateRoot, difference(&state, expected));
        }
        if shown.outcome.chain.contains(&rest.checkpoint) {
            if expected.state_root != shown.outcome.state_root {
                return fail(Promise::Checkpoint, format!("{:?} leads elsewhere than charter 0", rest.checkpoint));
            }
        } else {
            shown.other_branch += 1;
        }
        if let Some(docs_root) = rest.docs_root
            && *docs_roots.entry(rest.checkpoint).or_insert(docs_root) != docs_root
        {
            let kept: Vec<_> = state.docs().iter().copied().collect();
            return fail(Promise::Documents, format!("kept depends on the order, here {kept:?}"));
        }
        if let Some(what) = beyond_bounds(&state, expected) {
            return fail(Promise::Bounds, what);
        }
        shown.rounds = shown.rounds.max(rest.rounds);
    }
    Ok(shown)
}

/// Says which object is kept against the bounds, or dropped against them.
fn beyond_bounds(state: &State, expected: &Outcome) -> Option<String> {
    let kept = |id: &ObjectId| state.docs().get(&id.0).is_some();
    if let Some(lacks) = expected.bounds.kept.iter().find(|id| !kept(id)) {
        return Some(format!("{lacks:?} is not kept"));
    }
    // A node keeps what its own organisation proposed, whatever the bounds say.
    let beyond = expected.bounds.dropped.iter().find(|id| state.own().is_none() && kept(id));
    beyond.map(|id| format!("{id:?} is kept"))
}

/// Says in words where the engine and the naive evaluator part.
fn difference(state: &State, expected: &Outcome) -> String {
    let mut lines = Vec::new();
    let adopted = state.governance().adoption().adopted();
    if adopted != Some(expected.adopted) {
        lines.push(format!("adopted: engine {adopted:?}, naive {:?}", expected.adopted));
    }
    for (org, picture) in state.governance().organisations() {
        let version = picture.effective().map(|version| version.id());
        let row = expected.rows.get(org);
        lines.push(format!(
            "{org:?}: engine {:?} {version:?} waiting {:?}, naive {row:?}",
            picture.seat, picture.waiting
        ));
    }
    for (log, line) in &expected.lines {
        let record = state.record(*log);
        let judged = record.map(|record| record.judged());
        let item = judged.and_then(|judged| judged.item).map(|item| (item.good_len, item.head, item.fork));
        let naive = expected.items.get(log).map(|extent| (extent.len, extent.head, extent.fork.unwrap_or(u64::MAX)));
        if item != naive {
            let line_of_engine = judged.map(|judged| judged.line);
            let held = record.map(|record| record.log().len());
            lines.push(format!("{log:?}: engine {line_of_engine:?} {item:?} holds {held:?}, naive {line:?} {naive:?}"));
        }
    }
    if *state.erased() != expected.erased {
        lines.push(format!("erased: engine {:?}, naive {:?}", state.erased(), expected.erased));
    }
    lines.join("\n  ")
}
