//! A few real replicas at one table: whatever one asks of the world is done at once, in order, without loss or delay.
//!
//! For tests that look at single questions and answers; what may go wrong on the way is for [`crate::sim`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::hash::{CharterId, EntryId, LogId, NetworkId, TreeHead};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use lyceum_protocol::log::Opening;
use lyceum_protocol::replica::event::Ticket;
use lyceum_protocol::replica::{
    AskFault, Batch, CallId, Change, Effect, Event, Load, Loaded, Now, Outbox, Replica, Settings,
};
use lyceum_protocol::sync::message::{Answer, Reply, Request, TravellingEntry, TravellingPayload};

use crate::fixtures::Org;
use crate::sim::checking::Checker;
use crate::sim::disk::Disk;

/// Payloads that a node asked a peer for, and what came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asked.
    pub by: usize,
    /// Whom.
    pub of: PublicKey,
    /// For what.
    pub ids: Vec<EntryId>,
    /// What came.
    pub answered: Vec<TravellingPayload>,
}

/// One node.
#[derive(Debug)]
pub struct Node {
    /// Its organisation.
    pub org: Org,
    /// What it has stored.
    pub disk: Disk,
    /// What it decides.
    pub replica: Replica,
}

/// Some nodes that do at once what they are asked to.
#[derive(Debug)]
pub struct Table {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The time.
    pub now: Now,
    /// Questions for payloads so far.
    pub asked: Vec<Asked>,
    /// Bends a payload on its way.
    pub bend: fn(TravellingPayload) -> TravellingPayload,
    /// The most bytes that one read of single entries came to.
    pub most_loaded: usize,
    checker: Checker,
    calls: BTreeMap<(usize, CallId), (usize, Ticket, Request)>,
    next_call: u64,
}

/// An alliance of so many organisations with one node each, and a writer that has no node.
#[derive(Debug)]
pub struct Alliance {
    /// Its id.
    pub network: NetworkId,
    /// Charter 0.
    pub charter: CharterId,
    /// All documents, which every node holds.
    pub batch: DocumentBatch,
    /// The organisations; the first is the founder.
    pub orgs: Vec<Org>,
    /// The one that has no node.
    pub writer: Org,
}

impl Alliance {
    /// An alliance of so many nodes.
    pub fn new(members: u64) -> Self {
        let orgs: Vec<Org> = (0..members).map(|n| Org::new("member", n)).collect();
        let writer = Org::new("writer", 99);
        let (charter, mut batch) = orgs[0].found();
        for org in orgs.iter().skip(1).chain([&writer]) {
            let admitted = orgs[0].admits(charter.id(), org);
            batch.objects.extend(admitted.objects);
            batch.signatures.extend(admitted.signatures);
        }
        Self { network: charter.id().into(), charter: charter.id(), batch, orgs, writer }
    }

    /// What the node of an organisation is told when it starts: no gossip, nobody to dial.
    pub fn settings(&self, at: usize) -> Settings {
        let org = &self.orgs[at];
        Settings {
            network: self.network,
            org: org.id(),
            key: org.key().public(),
            known_peers: Vec::new(),
            resume: None,
            entropy: org.node_seed,
            version: "test".to_owned(),
            gossip: false,
            sync: true,
        }
    }

    /// A node that holds the documents and nothing else.
    pub fn open(&self, settings: Settings, now: Now) -> Replica {
        let disk = Disk::new(self.network, self.charter, self.batch.clone());
        let state = disk.recover(settings.org);
        Replica::open(settings, state, now, &mut Outbox::default())
    }

    /// `count` entries of the writer on top of `below`, with payloads of so many bytes, all filled with `mark`.
    pub fn written(&self, below: &[VerifiedEntry], count: u64, payload: usize, mark: u8) -> Vec<VerifiedEntry> {
        let mut chain = below.to_vec();
        let mut tree =
            Tree::of(chain.iter().map(|entry| entry.id().0).collect::<Vec<_>>().iter().map(|id| id.as_slice()));
        for _ in 0..count {
            let seq = tree.len();
            let history = if seq == 0 { TreeHead(self.writer.certificate.id().0) } else { tree.head() };
            let payload = Arc::from(vec![mark; payload]);
            let draft = Draft { kind: Kind::PUBLICATION, marking: 1, flags: 0, time: seq, payload };
            let place = Place { incarnation: 1, seq, history };
            let entry = draft.sign(self.network, &self.writer.key(), place).expect("an entry by the rules");
            tree.push(&entry.id());
            chain.push(entry);
        }
        chain
    }

    /// Entries without their payloads.
    pub fn bare(&self, entries: &[VerifiedEntry]) -> Vec<VerifiedEntry> {
        let mut checker = Checker::new(self.network);
        let without = |entry: &VerifiedEntry| {
            let travelling = TravellingEntry { payload: TravellingPayload::NotHeld, ..TravellingEntry::from(entry) };
            checker.entry(&travelling).expect("still an entry")
        };
        entries.iter().map(without).collect()
    }
}

/// The log of consecutive entries from 0.
pub fn log_of(entries: &[VerifiedEntry]) -> LogId {
    entries.first().and_then(Opening::of).expect("entry 0").log
}

impl Table {
    /// Nodes that hold these entries, unconnected.
    pub fn lay(alliance: Alliance, held: &[Vec<VerifiedEntry>]) -> Self {
        let now = Now { mono: 1_000, wall: 1_000 };
        let all: Vec<Settings> = (0..alliance.orgs.len()).map(|at| alliance.settings(at)).collect();
        let (network, charter, batch) = (alliance.network, alliance.charter, alliance.batch);
        let nodes = alliance.orgs.into_iter().zip(all).zip(held).map(|((org, settings), entries)| {
            let mut disk = Disk::new(network, charter, batch.clone());
            let log = log_of(entries);
            let changes = entries.iter().map(|entry| Change::Entry { log, entry: entry.clone() }).collect();
            disk.write(Ticket(0), Batch { changes });
            disk.flush().expect("a batch").1.expect("a batch that makes sense");
            let replica = Replica::open(settings, disk.recover(org.id()), now, &mut Outbox::default());
            Node { org, disk, replica }
        });
        Self {
            nodes: nodes.collect(),
            now,
            asked: Vec::new(),
            bend: |payload| payload,
            most_loaded: 0,
            checker: Checker::new(network),
            calls: BTreeMap::new(),
            next_call: 0,
        }
    }

    /// The key of a node.
    pub fn key(&self, at: usize) -> PublicKey {
        self.nodes[at].org.key().public()
    }

    fn at(&self, peer: &PublicKey) -> usize {
        (0..self.nodes.len()).find(|at| self.key(*at) == *peer).expect("a node at the table")
    }

    /// Connects two nodes, and lets everything follow.
    pub fn connect(&mut self, a: usize, b: usize) {
        let (key_a, key_b) = (self.key(a), self.key(b));
        self.run(vec![(a, Event::PeerUp { peer: key_b }), (b, Event::PeerUp { peer: key_a })]);
    }

    /// Lets these things happen, and everything that follows.
    pub fn run(&mut self, events: Vec<(usize, Event)>) {
        let mut events: VecDeque<(usize, Event)> = events.into();
        while let Some((at, event)) = events.pop_front() {
            let mut out = Outbox::default();
            self.nodes[at].replica.handle(self.now, event, &mut out);
            for effect in out.drain() {
                self.effect(at, effect, &mut events);
            }
        }
    }

    /// The next round of Hellos.
    pub fn round(&mut self) {
        self.now.mono += 80_000;
        let mut events = VecDeque::new();
        for at in 0..self.nodes.len() {
            let mut out = Outbox::default();
            self.nodes[at].replica.wake(self.now, &mut out);
            for effect in out.drain() {
                self.effect(at, effect, &mut events);
            }
        }
        self.run(events.into());
    }

    fn effect(&mut self, at: usize, effect: Effect, events: &mut VecDeque<(usize, Event)>) {
        match effect {
            Effect::Store { ticket, batch } => {
                self.nodes[at].disk.write(ticket, batch);
                self.nodes[at].disk.flush().expect("a batch").1.expect("a batch that makes sense");
                events.push_back((at, Event::Stored { ticket, result: Ok(()) }));
            }
            Effect::Load { ticket, load } => {
                let entries = self.nodes[at].disk.load(&load);
                if matches!(load, Load::Some { .. }) {
                    let bytes = entries.iter().map(VerifiedEntry::size).sum();
                    self.most_loaded = self.most_loaded.max(bytes);
                }
                events.push_back((at, Event::Loaded { ticket, result: Ok(Loaded::Entries(entries)) }));
            }
            Effect::Ask { ticket, peer, request } => {
                let request = Request::read(&request.to_bytes()).expect("a request that can be read");
                let to = self.at(&peer);
                self.next_call += 1;
                let call = CallId(self.next_call);
                self.calls.insert((to, call), (at, ticket, request.clone()));
                events.push_back((to, Event::Asked { call, peer: self.key(at), request }));
            }
            Effect::Answer { call, answer } => {
                let (from, ticket, request) = self.calls.remove(&(at, call)).expect("a call");
                let mut answer = answer;
                if let (Request::Payloads { ids }, Answer::Ok(Reply::Payloads { payloads })) = (&request, &mut answer) {
                    let bent: Vec<_> = payloads.iter().cloned().map(self.bend).collect();
                    *payloads = BoundedVec::new(bent.clone()).expect("as many as before");
                    self.asked.push(Asked { by: from, of: self.key(at), ids: ids.to_vec(), answered: bent });
                }
                let bytes = answer.to_bytes();
                assert!(bytes.len() <= limits::PAGE_MAX, "{} bytes", bytes.len());
                let result: Result<_, AskFault> =
                    self.checker.answer(Answer::read(&bytes).expect("an answer that can be read"));
                events.push_back((from, Event::Answered { ticket, result }));
            }
            Effect::Disconnect { peer, .. } => {
                let to = self.at(&peer);
                let own = self.key(at);
                events.extend([(at, Event::PeerDown { peer }), (to, Event::PeerDown { peer: own })]);
            }
            Effect::Sign { .. }
            | Effect::Verdict { .. }
            | Effect::Reply { .. }
            | Effect::Gossip(_)
            | Effect::Dial { .. }
            | Effect::Members(_)
            | Effect::Notice(_) => {}
        }
    }

    /// Payloads that a node is missing.
    pub fn gaps(&self, at: usize) -> usize {
        self.nodes[at].replica.state().records().map(|record| record.gaps().len()).sum()
    }
}
