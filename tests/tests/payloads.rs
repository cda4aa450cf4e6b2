//! Missing payloads: asked for in groups, from one organisation after the other, in answers no larger than a page (S15).

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use lyceum_protocol::bounded::{BoundedBytes, BoundedVec};
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::hash::{CharterId, EntryId, NetworkId, TreeHead};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use lyceum_protocol::replica::event::Ticket;
use lyceum_protocol::replica::{
    AskFault, Batch, CallId, Change, Effect, Event, Load, Loaded, Now, Outbox, Replica, Settings,
};
use lyceum_protocol::sync::message::{Answer, Reply, Request, TravellingPayload};
use lyceum_tests::fixtures::Org;
use lyceum_tests::sim::checking::Checker;
use lyceum_tests::sim::disk::Disk;

/// What a node asked a peer for, and what came.
#[derive(Debug, Clone)]
struct Asked {
    by: usize,
    of: PublicKey,
    ids: Vec<EntryId>,
    answered: Vec<TravellingPayload>,
}

struct Node {
    org: Org,
    disk: Disk,
    replica: Replica,
}

/// Some nodes, all connected, that do at once what they are asked to.
struct Table {
    nodes: Vec<Node>,
    checker: Checker,
    now: Now,
    calls: BTreeMap<(usize, CallId), (usize, Ticket, Request)>,
    next_call: u64,
    asked: Vec<Asked>,
    /// Bends a payload on its way.
    bend: fn(TravellingPayload) -> TravellingPayload,
    /// The most bytes of payloads that one load of a node came to.
    most_loaded: usize,
}

/// An alliance of so many organisations with one node each, and a writer that has no node.
struct Alliance {
    network: NetworkId,
    charter: CharterId,
    batch: DocumentBatch,
    orgs: Vec<Org>,
    writer: Org,
}

impl Alliance {
    fn new(members: u64) -> Self {
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

    /// A log of the writer with payloads of so many bytes.
    fn written(&self, count: u64, payload: usize) -> Vec<VerifiedEntry> {
        let mut tree = Tree::new();
        let key = self.writer.key();
        (0..count)
            .map(|seq| {
                let history = if seq == 0 { TreeHead(self.writer.certificate.id().0) } else { tree.head() };
                let mut bytes = vec![7; payload];
                bytes[..8].copy_from_slice(&seq.to_le_bytes());
                let draft =
                    Draft { kind: Kind::PUBLICATION, marking: 1, flags: 0, time: seq, payload: Arc::from(bytes) };
                let entry = draft.sign(self.network, &key, Place { incarnation: 1, seq, history }).unwrap();
                tree.push(&entry.id());
                entry
            })
            .collect()
    }
}

impl Table {
    /// Node 0 holds the entries without payloads, the others as `held` says: with or without.
    fn lay(alliance: Alliance, entries: &[VerifiedEntry], held: &[bool]) -> Self {
        let bare: Vec<VerifiedEntry> = entries.iter().map(|entry| without_payload(alliance.network, entry)).collect();
        let now = Now { mono: 1_000, wall: 1_000 };
        let (network, charter, batch) = (alliance.network, alliance.charter, alliance.batch);
        let nodes = alliance.orgs.into_iter().zip(held);
        let nodes = nodes.map(|(org, has_payloads)| {
            let mut disk = Disk::new(network, charter, batch.clone());
            let entries = if *has_payloads { entries } else { &bare };
            let log = lyceum_protocol::log::Opening::of(&entries[0]).unwrap().log;
            let changes = entries.iter().map(|entry| Change::Entry { log, entry: entry.clone() }).collect();
            disk.write(Ticket(0), Batch { changes });
            disk.flush().unwrap().1.unwrap();
            let settings = Settings {
                network,
                org: org.id(),
                key: org.key().public(),
                known_peers: Vec::new(),
                resume: None,
                entropy: org.node_seed,
                version: "test".to_owned(),
                gossip: false,
                sync: true,
            };
            let mut out = Outbox::default();
            let replica = Replica::open(settings, disk.recover(org.id()), now, &mut out);
            Node { org, disk, replica }
        });
        let (nodes, checker) = (nodes.collect(), Checker::new(network));
        let (calls, asked) = (BTreeMap::new(), Vec::new());
        Self { nodes, checker, now, calls, next_call: 0, asked, bend: |payload| payload, most_loaded: 0 }
    }

    fn key(&self, at: usize) -> PublicKey {
        self.nodes[at].org.key().public()
    }

    fn connect(&mut self, a: usize, b: usize) {
        let (key_a, key_b) = (self.key(a), self.key(b));
        self.run(vec![(a, Event::PeerUp { peer: key_b }), (b, Event::PeerUp { peer: key_a })]);
    }

    fn run(&mut self, events: Vec<(usize, Event)>) {
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
    fn round(&mut self) {
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
                self.nodes[at].disk.flush().unwrap().1.unwrap();
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
                let request = Request::read(&request.to_bytes()).unwrap();
                let to = (0..self.nodes.len()).find(|to| self.key(*to) == peer).unwrap();
                self.next_call += 1;
                let call = CallId(self.next_call);
                self.calls.insert((to, call), (at, ticket, request.clone()));
                events.push_back((to, Event::Asked { call, peer: self.key(at), request }));
            }
            Effect::Answer { call, answer } => {
                let (from, ticket, request) = self.calls.remove(&(at, call)).unwrap();
                let mut answer = answer;
                if let (Request::Payloads { ids }, Answer::Ok(Reply::Payloads { payloads })) = (&request, &mut answer) {
                    let bent: Vec<_> = payloads.iter().cloned().map(self.bend).collect();
                    *payloads = BoundedVec::new(bent.clone()).unwrap();
                    self.asked.push(Asked { by: from, of: self.key(at), ids: ids.to_vec(), answered: bent });
                }
                let bytes = answer.to_bytes();
                assert!(bytes.len() <= limits::PAGE_MAX, "{} bytes", bytes.len());
                let result: Result<_, AskFault> = self.checker.answer(Answer::read(&bytes).unwrap());
                events.push_back((from, Event::Answered { ticket, result }));
            }
            Effect::Disconnect { peer, .. } => {
                let to = (0..self.nodes.len()).find(|to| self.key(*to) == peer).unwrap();
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

    fn gaps(&self, at: usize) -> usize {
        self.nodes[at].replica.state().records().map(|record| record.gaps().len()).sum()
    }
}

fn without_payload(network: NetworkId, entry: &VerifiedEntry) -> VerifiedEntry {
    let mut travelling = lyceum_protocol::sync::message::TravellingEntry::from(entry);
    travelling.payload = TravellingPayload::NotHeld;
    Checker::new(network).entry(&travelling).unwrap()
}

/// S15: a hundred and fifty small payloads take three questions.
#[test]
fn missing_payloads_are_asked_for_in_groups() {
    let alliance = Alliance::new(2);
    let entries = alliance.written(150, 100);
    let mut table = Table::lay(alliance, &entries, &[false, true]);
    assert_eq!(table.gaps(0), 150);
    table.connect(0, 1);
    assert_eq!(table.gaps(0), 0);
    let sizes: Vec<usize> = table.asked.iter().map(|asked| asked.ids.len()).collect();
    assert_eq!(sizes, [64, 64, 22]);
    let stored = table.nodes[0].disk.load(&Load::Some { places: vec![(log_of(&entries), 149)] });
    assert_eq!(stored[0].payload(), entries[149].payload());
}

fn log_of(entries: &[VerifiedEntry]) -> lyceum_protocol::hash::LogId {
    lyceum_protocol::log::Opening::of(&entries[0]).unwrap().log
}

/// S15: large payloads come page by page; no more is read than one page holds, and the asker goes on behind each.
#[test]
fn a_cut_answer_is_gone_on_with() {
    let alliance = Alliance::new(2);
    let entries = alliance.written(10, limits::PAYLOAD_MAX as usize);
    let mut table = Table::lay(alliance, &entries, &[false, true]);
    table.connect(0, 1);
    assert_eq!(table.gaps(0), 0);
    let answered: Vec<(usize, usize)> =
        table.asked.iter().map(|asked| (asked.ids.len(), asked.answered.len())).collect();
    assert_eq!(answered, [(10, 3), (7, 3), (4, 3), (1, 1)]);
    assert!(table.most_loaded <= limits::PAGE_MAX, "{} bytes read for one answer", table.most_loaded);
}

/// S15: what one organisation does not have is asked of another, and not of the same one again before.
#[test]
fn another_organisation_is_asked_next() {
    let alliance = Alliance::new(3);
    let entries = alliance.written(5, 100);
    let mut table = Table::lay(alliance, &entries, &[false, false, false]);
    table.connect(0, 1);
    table.connect(0, 2);
    table.asked.clear();
    for _ in 0..4 {
        table.round();
    }
    let own: Vec<PublicKey> = table.asked.iter().filter(|asked| asked.by == 0).map(|asked| asked.of).collect();
    assert!(own.len() >= 4, "{} questions", own.len());
    assert!(own.windows(2).all(|pair| pair[0] != pair[1]), "one after the other");
    assert!(table.asked.iter().flat_map(|asked| &asked.answered).all(|found| *found == TravellingPayload::NotHeld));
    assert_eq!(table.gaps(0), 5);
}

/// E11, S15: a payload that is not the entry's fills no gap, and ends in a disconnection.
#[test]
fn a_payload_of_another_entry_is_held_against_its_sender() {
    let alliance = Alliance::new(2);
    let entries = alliance.written(3, 100);
    let mut table = Table::lay(alliance, &entries, &[false, true]);
    table.bend = |payload| match payload {
        TravellingPayload::Present(_) => TravellingPayload::Present(BoundedBytes::new(vec![9; 100]).unwrap()),
        other => other,
    };
    table.connect(0, 1);
    let liar = table.key(1);
    assert_eq!((table.gaps(0), table.nodes[0].replica.sessions()[&liar].strikes), (3, 1));
    for _ in 0..10 {
        table.round();
    }
    assert_eq!(table.gaps(0), 3);
    assert!(!table.nodes[0].replica.sessions().contains_key(&liar), "five lies end a connection");
}
