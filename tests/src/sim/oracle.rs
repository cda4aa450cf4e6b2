//! What must hold, and what was met on the way.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::entry::{Payload, VerifiedEntry};
use lyceum_protocol::hash::{EntryId, LogId};
use lyceum_protocol::replica::Replica;
use lyceum_protocol::standing::Standing;
use lyceum_protocol::sync::message::Request;

use super::world::World;
use crate::random::Random;

/// Two entries that one key signed for one place.
#[derive(Debug, Clone, Copy)]
pub struct Equivocation {
    /// Who.
    pub node: usize,
    /// In which log.
    pub log: LogId,
    /// Where.
    pub seq: u64,
    /// What one half was shown.
    pub one: EntryId,
    /// What the other half was shown.
    pub other: EntryId,
}

/// What happened so far, for the promises to be held against.
#[derive(Debug, Default)]
pub struct Ledger {
    met: BTreeMap<&'static str, u64>,
    /// Entries that people wanted to publish.
    pub published: u64,
    acknowledged: Vec<(usize, LogId, u64, EntryId)>,
    /// Entries that a restored backup took from the last honest node that had them.
    pub lost: u64,
    /// What honest nodes signed and made durable, by node, incarnation and place.
    shown: BTreeMap<(usize, u64, u64), EntryId>,
    /// What dishonest ones did.
    pub equivocations: Vec<Equivocation>,
    /// Logs of which a certificate names the branch that holds: there a fork says nothing any more.
    pub pinned: BTreeSet<LogId>,
    asked: BTreeMap<&'static str, u64>,
}

impl Ledger {
    /// Counts something that went wrong on purpose.
    pub fn met(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// Counts a request.
    pub fn asked(&mut self, request: &Request) {
        *self.asked.entry(request.name()).or_default() += 1;
    }

    /// An author was told that its entry is published.
    pub fn acknowledged(&mut self, node: usize, log: LogId, seq: u64, id: EntryId) {
        self.acknowledged.push((node, log, seq, id));
    }

    /// What authors were told to be published: node, log, place, entry.
    pub fn acknowledgements(&self) -> &[(usize, LogId, u64, EntryId)] {
        &self.acknowledged
    }

    /// How often something was asked for, by name.
    pub fn count(&self, request: &str) -> u64 {
        self.asked.get(request).copied().unwrap_or(0)
    }

    /// Takes back what nobody has any more.
    pub fn lose(&mut self, is_lost: impl Fn(LogId, u64, EntryId) -> bool) {
        let before = self.acknowledged.len();
        self.acknowledged.retain(|(_, log, seq, id)| !is_lost(*log, *seq, *id));
        self.lost += (before - self.acknowledged.len()) as u64;
    }

    /// Something that a node published.
    pub fn own_publication(&self, node: usize, random: &mut Random) -> Option<EntryId> {
        let own: Vec<EntryId> = self.acknowledged.iter().filter(|(at, ..)| *at == node).map(|(.., id)| *id).collect();
        random.pick(&own).copied()
    }

    /// An entry of an honest node became durable.
    ///
    /// # Errors
    /// It signed another one for the same place before.
    pub fn shown(&mut self, node: usize, entry: &VerifiedEntry) -> Result<(), String> {
        let header = entry.header();
        match self.shown.insert((node, header.incarnation, header.seq), entry.id()) {
            Some(other) if other != entry.id() => {
                Err(format!("the honest node {node} signs two entries for place {} of one log", header.seq))
            }
            _ => Ok(()),
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Hash over all events and the final roots: two runs of one seed have the same.
    pub trace: u64,
    /// Events.
    pub events: u64,
    /// Simulated milliseconds from the end of the faults until everything was equal.
    pub healed_after: u64,
    /// Entries that are good at the end.
    pub good: u64,
    /// Entries that were acknowledged.
    pub acknowledged: u64,
    /// Those among them that a restored backup took from the last honest node that had them.
    pub lost: u64,
    /// Forks that are known to all at the end.
    pub forks: u64,
    /// What was met, and how often.
    pub met: BTreeMap<&'static str, u64>,
    /// Requests by name.
    pub asked: BTreeMap<&'static str, u64>,
}

/// One comparison with every peer, jitter included, in milliseconds.
const ROUND: u64 = 75_000;
/// Rounds after which everything has to be equal.
const ROUNDS: u64 = 3;
/// Reads and signatures that may be under way at one moment.
const READS_AT_ONCE: usize = 64;
/// How often that is looked at, once a second: longer than a request takes to time out.
const SAMPLES: u64 = 15;

impl World {
    /// Lets time pass until the honest nodes agree, and looks at everything that was promised.
    pub(super) fn converge(&mut self) -> Result<Report, String> {
        let began = self.time;
        let deadline = began + ROUNDS * ROUND;
        while let Err(why) = self.agree().and_then(|()| self.every_payload_is_held_or_erased()) {
            if self.time >= deadline {
                return Err(format!("{ROUNDS} rounds after the last fault: {why}"));
            }
            self.run_until(self.time + 2_000)?;
        }
        let healed_after = self.time - began;
        // Agreement is no accident of one moment.
        self.run_until(self.time + ROUND)?;
        self.agree().map_err(|why| format!("agreement did not last: {why}"))?;
        self.every_payload_is_held_or_erased()?;
        self.every_acknowledged_entry_is_good()?;
        let forks = self.every_fork_is_known()?;
        self.nothing_is_left_open()?;
        let mut good = 0;
        if let Some(replica) = self.nodes[0].replica.as_mut() {
            good = replica.state().records().map(|record| record.judged().good_len).sum();
            let root = replica.state().state_root();
            self.trace.mix(u64::from_le_bytes(root[..8].try_into().expect("eight bytes")));
        }
        Ok(Report {
            trace: self.trace.hash(),
            events: self.trace.lines(),
            healed_after,
            good,
            acknowledged: self.ledger.acknowledged.len() as u64 + self.ledger.lost,
            lost: self.ledger.lost,
            forks,
            met: std::mem::take(&mut self.ledger.met),
            asked: std::mem::take(&mut self.ledger.asked),
        })
    }

    /// I3: all honest nodes have one state root, and with it one digest.
    pub(super) fn agree(&mut self) -> Result<(), String> {
        let mut first: Option<(usize, [u8; 32], [u8; 32])> = None;
        for (at, node) in self.nodes.iter_mut().enumerate() {
            if !node.counts() {
                continue;
            }
            let Some(replica) = node.replica.as_mut() else { continue };
            let waiting = replica.writing().2;
            if waiting > 0 {
                return Err(format!("node {at} has {waiting} drafts that it has not published"));
            }
            let (root, digest) = (replica.state().state_root(), replica.state().digest());
            match first {
                None => first = Some((at, root, digest)),
                Some((_, first_root, _)) if first_root == root => {}
                Some((other, _, first_digest)) => {
                    let what = if first_digest == digest { "state roots" } else { "digests" };
                    let difference = self.difference(other, at);
                    return Err(format!("nodes {other} and {at} have different {what}: {difference}"));
                }
            }
        }
        Ok(())
    }

    /// Where two nodes differ, in words.
    fn difference(&self, a: usize, b: usize) -> String {
        let state = |at: usize| self.nodes[at].replica.as_ref().map(Replica::state);
        let (Some(one), Some(other)) = (state(a), state(b)) else { return "one is off".to_owned() };
        let mut found = Vec::new();
        let connected = self.nodes[a].up.contains_key(&b);
        found.push(format!("connected: {connected}"));
        if one.governance() != other.governance() {
            let seats = |state: &lyceum_protocol::state::State| state.governance().members().count();
            found.push(format!("their members number {} and {}", seats(one), seats(other)));
        }
        let logs = one.records().chain(other.records()).map(|record| record.log().opening().log);
        let logs: BTreeSet<LogId> = logs.collect();
        for log in logs {
            let item =
                |state: &lyceum_protocol::state::State| state.record(log).and_then(|record| record.judged().item);
            if item(one) != item(other) {
                let of = self.by_key.iter().find(|(key, _)| {
                    let record = one.record(log).or_else(|| other.record(log));
                    record.is_some_and(|record| record.log().opening().key == key.to_bytes())
                });
                let line = |state: &lyceum_protocol::state::State| {
                    state.record(log).map(|record| (record.judged().line, record.log().len(), record.log().fork()))
                };
                found.push(format!(
                    "log of node {:?}: {:?} {:?}, {:?} {:?}",
                    of.map(|(_, at)| at),
                    item(one).map(|item| item.good_len),
                    line(one),
                    item(other).map(|item| item.good_len),
                    line(other),
                ));
            }
        }
        found.truncate(6);
        found.join("; ")
    }

    /// I4, I12: what an honest author was told to be published is good at every honest node.
    pub(super) fn every_acknowledged_entry_is_good(&self) -> Result<(), String> {
        for (author, log, seq, id) in &self.ledger.acknowledged {
            if !self.nodes[*author].is_honest() || self.nodes[*author].is_removed {
                continue;
            }
            for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.counts()) {
                let Some(replica) = &node.replica else { continue };
                let state = replica.state();
                if state.id_at(*log, *seq) != Some(*id) || state.standing(*log, *seq) != Some(Standing::Good) {
                    return Err(format!("entry {seq} of the honest node {author} is not good at node {at}"));
                }
            }
        }
        Ok(())
    }

    /// I9, I12: of what an honest author published the payload is held by all, or destroyed by all.
    fn every_payload_is_held_or_erased(&self) -> Result<(), String> {
        for (author, log, seq, id) in &self.ledger.acknowledged {
            if !self.nodes[*author].is_honest() || self.nodes[*author].is_removed {
                continue;
            }
            for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.counts()) {
                let Some(replica) = &node.replica else { continue };
                let is_erased = replica.state().erased().contains(id);
                let payload = node.disk.payload(*log, *seq);
                let as_it_should = match payload {
                    Some(Payload::Present(_)) => !is_erased,
                    Some(Payload::Erased) => is_erased,
                    Some(Payload::NotHeld) | None => false,
                };
                if !as_it_should {
                    let record = replica.state().record(*log);
                    let is_gap = record.is_some_and(|record| record.gaps().contains(seq));
                    return Err(format!(
                        "of entry {seq} of node {author} node {at} has {payload:?}, erased: {is_erased}, a gap: {is_gap}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// I6: a fork of which honest nodes hold both sides is known to all, and none is known of an honest log.
    fn every_fork_is_known(&self) -> Result<u64, String> {
        let counting = || self.nodes.iter().enumerate().filter(|(_, node)| node.counts());
        for (at, node) in counting() {
            let Some(replica) = &node.replica else { continue };
            for record in replica.state().records().filter(|record| record.log().fork().is_some()) {
                let key = record.log().opening().key;
                let author = self.people.iter().position(|org| org.key().to_bytes() == key);
                if author.is_none_or(|author| self.nodes[author].is_honest()) {
                    return Err(format!("node {at} holds a proof against the honest node {author:?}"));
                }
            }
        }
        let mut known = 0;
        for made in self.ledger.equivocations.iter().filter(|made| !self.ledger.pinned.contains(&made.log)) {
            let holds = |id: EntryId| counting().any(|(at, _)| self.held_at(at, made.log, made.seq) == Some(id));
            let fork_at = |at: usize| {
                let record = self.nodes[at].replica.as_ref()?.state().record(made.log)?;
                record.log().fork()
            };
            let knows = |at: usize| fork_at(at).is_some_and(|fork| fork <= made.seq);
            if holds(made.one)
                && holds(made.other)
                && let Some((at, _)) = counting().find(|(at, _)| !knows(*at))
            {
                return Err(format!("node {at} does not know that node {} forked at {}", made.node, made.seq));
            }
            known += u64::from(counting().all(|(at, _)| knows(at)));
        }
        Ok(known)
    }

    /// I11: nothing piles up. Every ticket is one that the world still owes an answer, and there are few.
    fn nothing_is_left_open(&mut self) -> Result<(), String> {
        let mut least = vec![usize::MAX; self.nodes.len()];
        for _ in 0..SAMPLES {
            self.run_until(self.time + 1_000)?;
            for (at, (least, node)) in least.iter_mut().zip(&self.nodes).enumerate() {
                let open = node.replica.as_ref().map_or(0, Replica::open_tickets);
                let owed = node.asks.len() + node.disk.waiting() + READS_AT_ONCE;
                if node.counts() && open > owed {
                    return Err(format!("node {at} waits for {open} answers, and nobody owes it more than {owed}"));
                }
                *least = open.min(*least);
            }
        }
        // A slow node among dishonest ones has always asked somebody something.
        let few = self.nodes.len();
        match (0..few).find(|at| self.nodes[*at].counts() && least[*at] > few) {
            Some(at) => Err(format!("node {at} waits for {} answers though nothing is going on", least[at])),
            None => Ok(()),
        }
    }
}
