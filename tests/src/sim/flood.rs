//! One organisation publishes more than the charter grants. The others must not notice, but for its own entries, which
//! come later (PROTOCOL 4.6).

use std::collections::BTreeMap;

use lyceum_protocol::hash::{EntryId, LogId};
use lyceum_protocol::quota::{DAY, DAYS_SAVED};

use super::Broken;
use super::faults::{Character, Configuration};
use super::plan::Act;
use super::world::World;

/// How often it is looked whether an entry has reached everyone, in milliseconds.
const STEP: u64 = 500;
/// Entries that the flooder publishes at once.
const WAVE: u64 = 40;
/// A comparison with every peer, jitter included, in milliseconds.
const ROUND: u64 = 75_000;

/// What came of a flood.
#[derive(Debug, Clone)]
pub struct FloodReport {
    /// How long each entry of the others took to reach all honest nodes, in milliseconds, ascending.
    pub delays: Vec<u64>,
    /// Entries of the flooder that the honest nodes held three rounds after the flood, the fewest and the most.
    pub taken: (u64, u64),
    /// Entries that it published in all.
    pub published: u64,
    /// Simulated milliseconds until all honest nodes were equal, the flooder's entries included.
    pub equal_after: u64,
    /// Pages asked for from three rounds after the flood until then.
    pub pages: u64,
}

/// Floods an alliance whose charter grants little: node 1 publishes `flood` entries, the others the configuration's.
///
/// # Errors
/// The first promise that was broken.
pub fn flood(configuration: Configuration, flood: u64) -> Result<FloodReport, Box<Broken>> {
    let hostile = vec![(Character::Floods, 1)];
    let mut world = World::new(Configuration { hostile, ..configuration });
    world.run_flood(flood).map_err(|promise| world.broken_by(promise))
}

impl World {
    /// The flooder goes on until it has published what it wants. Where its own node refuses, it is started anew, and
    /// knows of nothing that was published lately.
    pub(super) fn flood_on(&mut self, at: usize, refused: bool) {
        if self.of_flooder(at) >= self.flood {
            return;
        }
        if refused {
            self.ledger.met("floods that the flooder's own node refused");
            self.do_at(self.time, Act::Crash { node: at, off: 500 });
        }
        self.do_at(self.time + 600, Act::Publish { node: at, count: WAVE });
    }

    fn run_flood(&mut self, flood: u64) -> Result<FloodReport, String> {
        self.flood = flood;
        self.do_at(self.configuration.trouble / 10, Act::Publish { node: 1, count: u64::from(flood > 0) });
        let mut on_their_way: BTreeMap<EntryId, (LogId, u64, u64)> = BTreeMap::new();
        let mut delays = Vec::new();
        let mut known = 0;
        let published_until = self.configuration.trouble;
        while self.time < published_until + 3 * ROUND {
            self.run_until(self.time + STEP)?;
            for (node, log, seq, id) in self.ledger.acknowledgements().iter().skip(known) {
                if self.nodes[*node].is_honest() {
                    on_their_way.insert(*id, (*log, *seq, self.time));
                }
            }
            known = self.ledger.acknowledgements().len();
            let honest: Vec<usize> = (0..self.nodes.len()).filter(|at| self.nodes[*at].counts()).collect();
            on_their_way.retain(|id, (log, seq, since)| {
                let arrived = honest.iter().all(|at| self.held_at(*at, *log, *seq) == Some(*id));
                if arrived {
                    delays.push(self.time - *since);
                }
                !arrived
            });
        }
        delays.sort_unstable();
        if let Some((id, (_, seq, since))) = on_their_way.first_key_value() {
            return Err(format!("entry {seq} ({id}) of an honest node, published at {since}, is not everywhere"));
        }
        self.every_acknowledged_entry_is_good()?;
        let held: Vec<u64> = self.honest_nodes().map(|at| self.of_flooder(at)).collect();
        let taken = (held.iter().copied().min().unwrap_or(0), held.iter().copied().max().unwrap_or(0));
        if flood > 0 {
            self.what_differs_waits_for_the_quota()?;
        }

        let (began, before) = (self.time, self.ledger.count("entries"));
        let worth = DAY * flood / u64::from(self.configuration.entries_per_day);
        while let Err(why) = self.agree().and_then(|()| self.all_of_the_flooder_is_held()) {
            if self.time > began + worth {
                return Err(format!("not equal when there was room for everything: {why}"));
            }
            self.run_until(self.time + 8 * ROUND)?;
        }
        let pages = self.ledger.count("entries") - before;
        let published = self.of_flooder(1);
        Ok(FloodReport { delays, taken, published, equal_after: self.time - began, pages })
    }

    fn all_of_the_flooder_is_held(&self) -> Result<(), String> {
        let (published, held) = (self.of_flooder(1), self.honest_nodes().map(|at| self.of_flooder(at)).min());
        if held == Some(published) { Ok(()) } else { Err(format!("{held:?} of {published} entries of the flooder")) }
    }

    fn honest_nodes(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|at| self.nodes[*at].counts())
    }

    /// Entries of the flooder that a node holds.
    fn of_flooder(&self, at: usize) -> u64 {
        let key = self.key(1).to_bytes();
        let records = self.nodes[at].replica.iter().flat_map(|replica| replica.state().records());
        records.filter(|record| record.log().opening().key == key).map(|record| record.log().len()).sum()
    }

    /// Every honest node says of whom entries wait, how many, and until when.
    fn what_differs_waits_for_the_quota(&self) -> Result<(), String> {
        let flooder = self.people[1].org;
        for at in self.honest_nodes() {
            let Some(replica) = &self.nodes[at].replica else { continue };
            let now = self.nodes[at].now(self.time);
            match replica.over_quota(now).as_slice() {
                [over] if over.org == flooder && over.entries > 0 => {
                    if over.until <= now.wall || over.until > now.wall + DAYS_SAVED * DAY {
                        return Err(format!("node {at} waits until {}", over.until));
                    }
                }
                other => {
                    let held: Vec<u64> = (0..self.nodes.len()).map(|at| self.of_flooder(at)).collect();
                    return Err(format!("node {at} says of quotas: {other:?}; of the flooder the nodes hold {held:?}"));
                }
            }
            if let Some(behind) = replica.sessions().values().find(|session| !session.in_step) {
                return Err(format!("node {at} thinks that it is not in step with {:?}", behind.org));
            }
        }
        Ok(())
    }
}
