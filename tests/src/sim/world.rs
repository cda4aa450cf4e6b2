//! The heap of everything that is going to happen, and what happens when its time comes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::hash::{EntryId, LogId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::event::Ticket;
use lyceum_protocol::replica::{AskFault, CallId, Event, Heard, KnownPeer, Load, Loaded, Outbox, Replica, Settings};
use lyceum_protocol::sync::message::{Answer, Request};

use super::Broken;
use super::alliance::{Alliance, Organisation};
use super::checking::Checker;
use super::disk::Disk;
use super::faults::{Character, Configuration};
use super::network::{LinkId, Network};
use super::node::Node;
use super::oracle::{Ledger, Report};
use super::plan::Act;
use super::trace::{Line, Trace};
use crate::random::Random;

/// A gossip message, checked once.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) heard: Heard,
}

/// What a node sends back.
#[derive(Debug, Clone)]
pub(super) enum Sent {
    Answer(Answer),
    /// Bytes that are no answer.
    Garbage,
}

/// One thing that is going to happen at a node.
#[derive(Debug)]
pub(super) enum Happening {
    /// To the replica of this start.
    Event {
        boot: u64,
        event: Event,
    },
    Wake,
    Up {
        peer: usize,
        link: LinkId,
        dialled: bool,
    },
    Down {
        peer: usize,
        link: LinkId,
    },
    DialArrives {
        from: usize,
        boot: u64,
    },
    Request {
        from: usize,
        link: LinkId,
        ticket: Ticket,
        request: Request,
    },
    Answer {
        from: usize,
        link: LinkId,
        ticket: Ticket,
        sent: Sent,
    },
    TimedOut {
        boot: u64,
        ticket: Ticket,
    },
    Gossip {
        from: usize,
        link: LinkId,
        message: Rc<Message>,
        again: bool,
    },
    Flush {
        boot: u64,
    },
    Load {
        boot: u64,
        ticket: Ticket,
        load: Load,
    },
    Act(Act),
}

#[derive(Debug)]
struct Scheduled {
    time: u64,
    sequence: u64,
    node: usize,
    /// In a box: a heap moves its items about.
    happening: Box<Happening>,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.sequence) == (other.time, other.sequence)
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.sequence).cmp(&(other.time, other.sequence))
    }
}

/// A request that a replica is answering.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) from: usize,
    pub(super) link: LinkId,
    pub(super) ticket: Ticket,
    /// Kept for those that bend their answers.
    pub(super) request: Option<Request>,
}

/// An offer of gossip that waits for its verdict.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) from: usize,
    pub(super) message: Rc<Message>,
}

/// Everything.
#[derive(Debug)]
pub struct World {
    pub(super) configuration: Configuration,
    pub(super) random: Random,
    pub(super) time: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<Scheduled>>,
    pub(super) people: Vec<Organisation>,
    pub(super) alliance: Alliance,
    pub(super) nodes: Vec<Node>,
    pub(super) by_key: BTreeMap<PublicKey, usize>,
    pub(super) network: Network,
    pub(super) checker: Checker,
    pub(super) calls: BTreeMap<(usize, CallId), Call>,
    pub(super) offers: BTreeMap<(usize, u64), Offer>,
    pub(super) next_call: u64,
    /// When the last message of one node to another arrives.
    pub(super) arrivals: BTreeMap<(usize, usize), u64>,
    /// Chains that an equivocator shows to one half: by node, its log, the place, the other entry.
    pub(super) twins: BTreeMap<(usize, LogId), VerifiedEntry>,
    pub(super) ledger: Ledger,
    pub(super) trace: Trace,
    pub(super) quiet: bool,
    /// Entries that the flooder, if there is one, wants to publish.
    pub(super) flood: u64,
    pub(super) broken: Option<String>,
}

/// Most wakes of one machine in a simulated second.
const WAKES_PER_SECOND: u64 = 100;

impl World {
    /// Makes the world of a configuration. Nothing has happened yet.
    pub fn new(configuration: Configuration) -> Self {
        let mut random = Random::new(configuration.seed ^ 0x51b0_1a7e);
        let people: Vec<Organisation> = (0..configuration.peers).map(|_| Organisation::new(&mut random)).collect();
        let alliance = Alliance::found(&mut random, &people[0], configuration.entries_per_day);
        let by_key = people.iter().enumerate().map(|(at, org)| (org.key(), at)).collect();
        let mut characters = vec![Character::Honest; configuration.peers];
        let mut at = 1;
        for (character, count) in &configuration.hostile {
            for _ in 0..*count {
                if let Some(slot) = characters.get_mut(at) {
                    *slot = *character;
                    at += 1;
                }
            }
        }
        let network = alliance.network;
        let nodes = characters.into_iter().map(|character| {
            let disk = Disk::new(network, network.into(), lyceum_protocol::documents::DocumentBatch::default());
            Node::new(disk, character)
        });
        let mut world = Self {
            nodes: nodes.collect(),
            checker: Checker::new(network),
            configuration,
            random,
            time: 0,
            sequence: 0,
            heap: BinaryHeap::new(),
            people,
            alliance,
            by_key,
            network: Network::default(),
            calls: BTreeMap::new(),
            offers: BTreeMap::new(),
            next_call: 0,
            arrivals: BTreeMap::new(),
            twins: BTreeMap::new(),
            ledger: Ledger::default(),
            trace: Trace::default(),
            quiet: false,
            flood: 0,
            broken: None,
        };
        world.plan();
        world
    }

    /// The public half of a node's key.
    pub(super) fn key(&self, at: usize) -> PublicKey {
        self.people[at].key()
    }

    pub(super) fn schedule(&mut self, time: u64, node: usize, happening: Happening) {
        self.sequence += 1;
        let (time, sequence, happening) = (time.max(self.time), self.sequence, Box::new(happening));
        self.heap.push(Reverse(Scheduled { time, sequence, node, happening }));
    }

    pub(super) fn later(&mut self, node: usize, after: u64, event: Event) {
        let boot = self.nodes[node].boot;
        self.schedule(self.time + after, node, Happening::Event { boot, event });
    }

    pub(super) fn note(&mut self, node: usize, what: &'static str, peer: usize, number: u64) {
        self.trace.note(Line { time: self.time, node, what, peer, number });
    }

    pub(super) fn break_promise(&mut self, promise: String) {
        self.broken.get_or_insert(promise);
    }

    /// Runs to the end and looks whether every promise was kept.
    ///
    /// # Errors
    /// The first that was not.
    pub fn run(mut self) -> Result<Report, Box<Broken>> {
        let ended = self.run_until(self.configuration.trouble).and_then(|()| {
            self.calm_down();
            self.converge()
        });
        ended.map_err(|promise| self.broken_by(promise))
    }

    pub(super) fn broken_by(self, promise: String) -> Box<Broken> {
        let trace = self.trace.to_string();
        Box::new(Broken { configuration: self.configuration, promise, time: self.time, trace })
    }

    pub(super) fn run_until(&mut self, end: u64) -> Result<(), String> {
        while let Some(Reverse(next)) = self.heap.peek() {
            if next.time > end {
                break;
            }
            let Some(Reverse(next)) = self.heap.pop() else { break };
            self.time = next.time;
            self.happen(next.node, *next.happening);
            if let Some(promise) = self.broken.take() {
                return Err(promise);
            }
        }
        self.time = end;
        Ok(())
    }

    fn happen(&mut self, at: usize, happening: Happening) {
        match happening {
            Happening::Event { boot, event } => {
                if boot == self.nodes[at].boot {
                    self.turn(at, event);
                }
            }
            Happening::Wake => self.wake(at),
            Happening::Up { peer, link, dialled } => self.up(at, peer, link, dialled),
            Happening::Down { peer, link } => self.down(at, peer, link),
            Happening::DialArrives { from, boot } => self.dial_arrives(from, at, boot),
            Happening::Request { from, link, ticket, request } => self.request_arrives(at, from, link, ticket, request),
            Happening::Answer { from, link, ticket, sent } => self.answer_arrives(at, from, link, ticket, sent),
            Happening::TimedOut { boot, ticket } => {
                if boot == self.nodes[at].boot && self.nodes[at].asks.remove(&ticket).is_some() {
                    self.note(at, "timed out", at, ticket.0);
                    self.ledger.met("requests without an answer");
                    self.turn(at, Event::Answered { ticket, result: Err(AskFault::TimedOut) });
                }
            }
            Happening::Gossip { from, link, message, again } => self.gossip_arrives(at, from, link, message, again),
            Happening::Flush { boot } => {
                if boot == self.nodes[at].boot {
                    self.flush(at);
                }
            }
            Happening::Load { boot, ticket, load } => {
                if boot == self.nodes[at].boot {
                    let entries = self.nodes[at].disk.load(&load);
                    self.note(at, "loaded", at, entries.len() as u64);
                    self.turn(at, Event::Loaded { ticket, result: Ok(Loaded::Entries(entries)) });
                }
            }
            Happening::Act(act) => self.act(act),
        }
    }

    /// One event for the replica of a node, and everything that it asks for then.
    pub(super) fn turn(&mut self, at: usize, event: Event) {
        let node = &mut self.nodes[at];
        let now = node.now(self.time);
        let Some(replica) = node.replica.as_mut() else { return };
        let mut out = Outbox::default();
        replica.handle(now, event, &mut out);
        self.effects(at, out);
    }

    fn wake(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.wake != Some(self.time) {
            return;
        }
        node.wake = None;
        let now = node.now(self.time);
        let Some(replica) = node.replica.as_mut() else { return };
        let why = replica.wake_at().map_or("none", |(_, why)| why);
        let second = self.time / 1_000;
        node.wakes = if node.wakes.0 == second { (second, node.wakes.1 + 1) } else { (second, 1) };
        let too_often = node.wakes.1 > WAKES_PER_SECOND;
        let mut out = Outbox::default();
        replica.wake(now, &mut out);
        self.note(at, "wake", at, 0);
        if too_often {
            self.break_promise(format!("node {at} is woken all the time, for: {why}"));
        }
        self.effects(at, out);
    }

    fn effects(&mut self, at: usize, mut out: Outbox) {
        for effect in out.drain() {
            self.effect(at, effect);
        }
        self.plan_wake(at);
    }

    fn plan_wake(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some((mono, _)) = node.replica.as_ref().and_then(Replica::wake_at) else { return };
        let time = mono.saturating_add(node.born).max(self.time + 1);
        if node.wake.is_none_or(|planned| time < planned) {
            node.wake = Some(time);
            self.schedule(time, at, Happening::Wake);
        }
    }

    /// Starts a node over what its disk holds.
    pub(super) fn start(&mut self, at: usize) {
        if self.nodes[at].replica.is_some() || !self.nodes[at].has_come {
            return;
        }
        let mut known: Vec<usize> = vec![0, self.random.index(self.people.len()), self.random.index(self.people.len())];
        known.retain(|peer| *peer != at && self.nodes[*peer].has_come);
        known.dedup();
        let known_peers = known.iter().map(|peer| KnownPeer { peer: self.key(*peer), addresses: vec![address(*peer)] });
        let settings = Settings {
            network: self.alliance.network,
            org: self.people[at].org,
            key: self.key(at),
            known_peers: known_peers.collect(),
            resume: self.nodes[at].disk.own_log(),
            entropy: self.random.bytes(),
            version: "simulated".to_owned(),
            gossip: self.configuration.gossip,
            sync: self.configuration.sync,
        };
        let org = settings.org;
        let node = &mut self.nodes[at];
        node.born = self.time;
        node.boot += 1;
        node.wake = None;
        node.disk_free = self.time;
        let state = node.disk.recover(org);
        let mut out = Outbox::default();
        node.replica = Some(Replica::open(settings, state, node.now(self.time), &mut out));
        self.note(at, "start", at, 0);
        self.effects(at, out);
        self.later(at, 50, Event::Addresses(vec![address(at)]));
    }

    /// Power is lost at a node.
    pub(super) fn crash(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.replica.take().is_none() {
            return;
        }
        node.boot += 1;
        node.asks.clear();
        node.gate.clear();
        node.seen.clear();
        let lost = node.disk.crash() as u64;
        let links = std::mem::take(&mut node.up);
        self.note(at, "crash", at, lost);
        self.ledger.met("crashes");
        if lost > 0 {
            self.ledger.met("crashes that lost unsynced writes");
        }
        for (peer, link) in links {
            if self.network.close(at, peer, link) {
                self.schedule(self.time + 500, peer, Happening::Down { peer: at, link });
            }
        }
        // Connections that were only half made.
        let half: Vec<_> = self.network.links().filter(|(a, b, _)| *a == at || *b == at).collect();
        for (a, b, link) in half {
            self.network.close(a, b, link);
            let peer = if a == at { b } else { a };
            self.schedule(self.time + 500, peer, Happening::Down { peer: at, link });
        }
        self.calls.retain(|(node, _), _| *node != at);
        self.offers.retain(|(node, _), _| *node != at);
    }

    /// Where an entry stands at a node, if it is held there.
    pub(super) fn held_at(&self, at: usize, log: LogId, seq: u64) -> Option<EntryId> {
        self.nodes[at].replica.as_ref()?.state().id_at(log, seq)
    }
}

/// The address of a node.
pub(super) fn address(at: usize) -> String {
    format!("/sim/{at}")
}
