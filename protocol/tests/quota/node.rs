//! One real replica among peers that answer at once with what they were given.

use std::collections::BTreeMap;

use lyceum_protocol::document::charter::{CharterObject, Params};
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::frontier::{FrontierItem, NO_FORK};
use lyceum_protocol::hash::{CharterId, LogId, NetworkId, TreeHead};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{
    CallId, Checked, Effect, Event, Heard, Now, OfferId, Outbox, Outcome, Replica, Settings, Verdict,
};
use lyceum_protocol::state::State;
use lyceum_protocol::sync::message::{Hello, Request, TravellingEntry, You};

use crate::fixtures::{Org, Signed, approved, founding, motion};

/// Unix milliseconds when a test begins.
pub(crate) const WALL: u64 = 1_767_225_600_000;

/// An alliance; the first of its organisations founded it, and the node under test is the second's first one.
pub(crate) struct Alliance {
    pub(crate) orgs: Vec<Org>,
    pub(crate) charter: CharterObject,
    documents: Vec<Signed>,
}

pub(crate) const NAMES: [&str; 9] = ["Founder", "Own", "C", "D", "E", "F", "G", "H", "I"];

impl Alliance {
    pub(crate) fn new(members: usize, entries_per_day: u32, bytes_per_day: u64) -> Self {
        let orgs: Vec<Org> = NAMES.iter().take(members).map(|name| Org::new(name, 2)).collect();
        let (mut charter, lists) = founding(&orgs[0]);
        charter.params = Params { entries_per_day, bytes_per_day, attachment_bytes: 0 };
        let charter = charter.into_object(&lists).unwrap();
        let mut documents = vec![Signed::new(DocumentObject::Charter(charter.clone()), Vec::new())];
        for org in &orgs {
            documents.extend(org.opening());
        }
        let mut alliance = Self { orgs, charter, documents };
        for n in 1..members {
            let admit = alliance.admit(&alliance.orgs[n]);
            alliance.documents.push(approved(alliance.network(), &admit, &[&alliance.orgs[0]]));
        }
        alliance
    }

    pub(crate) fn network(&self) -> NetworkId {
        self.charter.id().into()
    }

    pub(crate) fn admit(&self, org: &Org) -> MotionObject {
        let admit = Operation::Admit { org: org.id(), certificate: org.zero.id() };
        motion(self.charter.id(), &self.orgs[0], admit)
    }

    pub(crate) fn passed(&self, op: Operation) -> Signed {
        let motion = motion(self.charter.id(), &self.orgs[0], op);
        approved(self.network(), &motion, &[&self.orgs[0]])
    }

    fn batch(&self) -> DocumentBatch {
        batch(&self.documents)
    }

    pub(crate) fn log(&self, org: usize, incarnation: u64) -> crate::fixtures::Writer<'_> {
        let org = &self.orgs[org];
        crate::fixtures::Writer::new(self.network(), &org.nodes[0], incarnation, org.zero.id())
    }
}

pub(crate) fn batch(documents: &[Signed]) -> DocumentBatch {
    DocumentBatch {
        objects: documents.iter().map(|signed| signed.object.clone()).collect(),
        signatures: documents.iter().flat_map(|signed| signed.signatures.clone()).collect(),
    }
}

/// What a peer has: its organisation's number, and logs.
type Held = (usize, BTreeMap<LogId, Vec<VerifiedEntry>>);

pub(crate) struct Node<'a> {
    pub(crate) alliance: &'a Alliance,
    pub(crate) replica: Replica,
    pub(crate) now: Now,
    pub(crate) peers: BTreeMap<PublicKey, Held>,
    /// When a page was asked for, of which log, at most how many bytes.
    pub(crate) pages: Vec<(u64, LogId, u32)>,
    pub(crate) wakes: u64,
    /// Whether peers leave questions for pages without an answer.
    pub(crate) silent: bool,
    pub(crate) replies: Vec<Outcome>,
    pub(crate) verdicts: Vec<Verdict>,
    offers: u64,
}

impl<'a> Node<'a> {
    pub(crate) fn start(alliance: &'a Alliance) -> Self {
        let org = &alliance.orgs[1];
        let mut state = State::new(alliance.network(), alliance.charter.id(), Some(org.id()));
        state.add_documents(alliance.batch());
        Self::over(alliance, state, WALL)
    }

    /// A start over what was held before.
    pub(crate) fn over(alliance: &'a Alliance, state: State, wall: u64) -> Self {
        let org = &alliance.orgs[1];
        let settings = Settings {
            network: alliance.network(),
            org: org.id(),
            key: org.nodes[0].public(),
            known_peers: Vec::new(),
            resume: None,
            entropy: [wall.to_le_bytes()[0]; 32],
            version: "test".to_owned(),
            gossip: true,
            sync: true,
        };
        let now = Now { mono: 0, wall };
        let mut out = Outbox::default();
        let replica = Replica::open(settings, state, now, &mut out);
        let peers = BTreeMap::new();
        let (pages, replies, verdicts) = (Vec::new(), Vec::new(), Vec::new());
        let mut node =
            Self { alliance, replica, now, peers, pages, wakes: 0, silent: false, replies, verdicts, offers: 0 };
        node.effects(out);
        node
    }

    /// A peer of an organisation connects and shows these logs.
    pub(crate) fn meets(&mut self, org: usize, logs: &[Vec<VerifiedEntry>]) {
        let opened = |log: &Vec<VerifiedEntry>| {
            let first = log[0].header();
            let certificate = lyceum_protocol::hash::CertificateId(first.history.0);
            (LogId::of(&first.key, first.incarnation, certificate), log.clone())
        };
        // Of the own organisation the other node.
        let machine = usize::from(org == 1);
        let peer = self.alliance.orgs[org].nodes[machine].public();
        self.peers.insert(peer, (org, logs.iter().map(opened).collect()));
        self.turn(Event::PeerUp { peer });
    }

    pub(crate) fn turn(&mut self, event: Event) {
        let mut out = Outbox::default();
        self.replica.handle(self.now, event, &mut out);
        self.effects(out);
    }

    /// Lets time pass, woken whenever the replica wants it.
    pub(crate) fn wait(&mut self, milliseconds: u64) {
        let end = self.now.mono + milliseconds;
        while let Some((at, _)) = self.replica.wake_at().filter(|(at, _)| *at <= end) {
            self.pass(at.max(self.now.mono + 1));
            self.wakes += 1;
            let mut out = Outbox::default();
            self.replica.wake(self.now, &mut out);
            self.effects(out);
        }
        self.pass(end);
    }

    fn pass(&mut self, mono: u64) {
        self.now.wall += mono.saturating_sub(self.now.mono);
        self.now.mono = mono.max(self.now.mono);
    }

    pub(crate) fn gossip(&mut self, from: usize, heard: Heard) -> Verdict {
        let peer = self.alliance.orgs[from].nodes[0].public();
        self.offers += 1;
        self.turn(Event::Gossiped { offer: OfferId(self.offers), peer, heard });
        *self.verdicts.last().unwrap()
    }

    pub(crate) fn publish(&mut self, drafts: Vec<Draft>) -> Outcome {
        self.turn(Event::Publish { call: CallId(1), drafts });
        self.replies.pop().unwrap()
    }

    /// Entries held of a log.
    pub(crate) fn len(&self, log: LogId) -> u64 {
        self.replica.state().record(log).map_or(0, |record| record.log().len())
    }

    fn effects(&mut self, mut out: Outbox) {
        let effects: Vec<Effect> = out.drain().collect();
        for effect in effects {
            match effect {
                Effect::Store { ticket, .. } => self.turn(Event::Stored { ticket, result: Ok(()) }),
                Effect::Sign { ticket, incarnation, mut tree, certificate, drafts } => {
                    let mut entries = Vec::new();
                    for draft in drafts {
                        let history = if tree.is_empty() { TreeHead(certificate.0) } else { tree.head() };
                        let place = Place { incarnation, seq: tree.len(), history };
                        let secret = &self.alliance.orgs[1].nodes[0];
                        let entry = draft.sign(self.alliance.network(), secret, place).unwrap();
                        tree.push(&entry.id());
                        entries.push(entry);
                    }
                    self.turn(Event::Signed { ticket, result: Ok(entries) });
                }
                Effect::Ask { ticket, peer, request } => {
                    let is_page = matches!(request, Request::Entries { .. });
                    let checked = self.answer(peer, request);
                    if is_page && self.silent {
                        continue;
                    }
                    self.turn(Event::Answered { ticket, result: Ok(checked) });
                }
                Effect::Verdict { verdict, .. } => self.verdicts.push(verdict),
                Effect::Reply { outcome, .. } => self.replies.push(outcome),
                Effect::Load { .. } | Effect::Answer { .. } | Effect::Gossip(_) | Effect::Dial { .. } => {}
                Effect::Disconnect { peer, .. } => self.turn(Event::PeerDown { peer }),
                Effect::Members(_) | Effect::Notice(_) => {}
            }
        }
    }

    fn answer(&mut self, peer: PublicKey, request: Request) -> Checked {
        let (org, held) = &self.peers[&peer];
        match request {
            Request::Hello(hello) => {
                let org = self.alliance.orgs[*org].id();
                Checked::Hello { hello: Hello { org, digest: [7; 32], ..hello }, you: You::Member }
            }
            Request::Items { .. } => Checked::FrontierItems(held.iter().map(item).collect(), false),
            Request::Entries { log, from, max_bytes, .. } => {
                self.pages.push((self.now.mono, log, max_bytes));
                let mut page: Vec<VerifiedEntry> = Vec::new();
                let mut bytes = 0;
                for entry in held[&log].iter().skip(usize::try_from(from).unwrap()).take(4_096) {
                    bytes += TravellingEntry::from(entry).size();
                    if bytes > max_bytes as usize && !page.is_empty() {
                        break;
                    }
                    page.push(entry.clone());
                }
                Checked::Entries(page)
            }
            Request::Changed { .. } => Checked::Changed,
            request => panic!("nobody expects {}", request.name()),
        }
    }
}

fn item((log, entries): (&LogId, &Vec<VerifiedEntry>)) -> FrontierItem {
    let head = entries.last().unwrap().id();
    FrontierItem { log: *log, good_len: entries.len() as u64, head, fork: NO_FORK }
}

/// A draft with a payload of so many bytes.
pub(crate) fn draft(kind: Kind, content: &[u8]) -> Draft {
    Draft { kind, marking: 1, flags: 0, time: WALL, payload: [&[3; 16], content].concat().into() }
}

/// The id that charter 0 gives its alliance is also where epochs begin.
#[test]
fn the_alliance_of_these_tests_has_its_members() {
    let alliance = Alliance::new(4, 10, 0);
    let node = Node::start(&alliance);
    let governance = node.replica.state().governance();
    assert_eq!(governance.members().count(), 4);
    assert_eq!(governance.adoption().adopted(), Some(CharterId(alliance.network().0)));
}
