//! What people do and what goes wrong, drawn when the world is made.

use std::collections::BTreeSet;
use std::sync::Arc;

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Pin;
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::protocol_kinds::Erase;
use lyceum_protocol::entry::{Draft, Kind, Payload};
use lyceum_protocol::hash::EntryId;
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::replica::{CallId, Event};
use lyceum_protocol::state::Record;

use super::disk::Disk;
use super::faults::Character;
use super::world::{Happening, World};

/// One act.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Start(usize),
    Crash {
        node: usize,
        off: u64,
    },
    BackUp(usize),
    Restore {
        node: usize,
        off: u64,
    },
    Publish {
        node: usize,
        count: u64,
    },
    /// The founder invites a newcomer, which starts with what the invitation tells it.
    Invite(usize),
    /// A newcomer is there, and the founder will admit it by its card.
    Admit(usize),
    /// The same, for a newcomer that is there already.
    AdmitKnown(usize),
    Remove(usize),
    /// An organisation whose log forked names the branch that holds.
    Pin(usize),
    Part {
        lasts: u64,
    },
    Silence {
        node: usize,
        hears: bool,
        lasts: u64,
    },
    Heal,
    ClockJump {
        node: usize,
        by: i64,
    },
    /// Connections over which nothing came for long enough end.
    Cut,
}

const TEN_YEARS: u64 = 10 * 365 * 86_400_000;

impl World {
    /// Draws everything that will happen while things go wrong.
    pub(super) fn plan(&mut self) {
        let configuration = self.configuration.clone();
        let (peers, end) = (configuration.peers, configuration.trouble);
        let newcomers = (configuration.invited + configuration.by_card).min(peers.saturating_sub(2));
        let first_newcomer = peers - newcomers;
        // All but the newcomers were admitted before the simulation begins.
        let mut founding = self.alliance.founding(&self.people[0]);
        for at in 1..first_newcomer {
            let admitted = self.alliance.admit(&self.people[0], &self.people[at]);
            founding.objects.extend(admitted.objects);
            founding.signatures.extend(admitted.signatures);
        }
        for at in 0..first_newcomer {
            self.give(at, founding.clone());
            let when = if at == 0 { 0 } else { self.random.below(2_000) };
            self.do_at(when, Act::Start(at));
        }
        for (n, at) in (first_newcomer..peers).enumerate() {
            let when = self.random.between(end / 20, end / 2);
            let act = if n < configuration.invited { Act::Invite(at) } else { Act::Admit(at) };
            self.do_at(when, act);
        }
        for _ in 0..configuration.crashes {
            let (node, off) = (self.random.index(peers), self.random.between(200, 8_000));
            let when = self.random.between(end / 10, end);
            self.do_at(when, Act::Crash { node, off });
        }
        for _ in 0..configuration.restores {
            // Not the founder's: what its tools made last may be nowhere else.
            let (node, off) = (1 + self.random.index(peers - 1), self.random.between(200, 8_000));
            let when = self.random.between(end / 10, end / 2);
            self.do_at(when, Act::BackUp(node));
            let when = self.random.between(when, end);
            self.do_at(when, Act::Restore { node, off });
        }
        for _ in 0..configuration.partitions {
            let lasts = self.random.between(end / 10, end / 2);
            let when = self.random.between(end / 10, end);
            self.do_at(when, Act::Part { lasts });
        }
        for _ in 0..configuration.one_way {
            let (node, hears) = (self.random.index(peers), self.random.chance(50));
            let lasts = self.random.between(end / 10, end / 2);
            let when = self.random.between(end / 10, end);
            self.do_at(when, Act::Silence { node, hears, lasts });
        }
        for _ in 0..configuration.clock_jumps {
            let by =
                i64::try_from(self.random.below(2 * TEN_YEARS)).unwrap_or(0) - i64::try_from(TEN_YEARS).unwrap_or(0);
            let node = self.random.index(peers);
            let when = self.random.between(end / 10, end);
            self.do_at(when, Act::ClockJump { node, by });
        }
        for _ in 0..configuration.slow {
            let node = self.random.index(peers);
            self.nodes[node].slowness = self.random.between(200, 900);
            self.ledger.met("slow peers");
        }
        let mut left = configuration.entries;
        while left > 0 {
            let count = self.random.between(1, 8).min(left);
            left -= count;
            let node = self.random.index(first_newcomer);
            let when = self.random.between(0, end);
            self.do_at(when, Act::Publish { node, count });
        }
        if configuration.pins {
            let equivocates = |at: &usize| self.nodes[*at].character == Character::Equivocates;
            for node in (1..first_newcomer).filter(equivocates).collect::<Vec<_>>() {
                let when = self.random.between(end / 2, end);
                self.do_at(when, Act::Pin(node));
            }
        }
        if configuration.removal {
            let honest = |at: &usize| self.nodes[*at].character == Character::Honest;
            if let Some(node) = (1..first_newcomer).rfind(honest) {
                self.do_at(end * 3 / 4, Act::Remove(node));
            }
        }
    }

    pub(super) fn do_at(&mut self, time: u64, act: Act) {
        self.schedule(time, 0, Happening::Act(act));
    }

    /// A node's disk, as its tools left it.
    fn give(&mut self, at: usize, batch: DocumentBatch) {
        let network = self.alliance.network;
        self.nodes[at].disk = Disk::new(network, network.into(), batch);
        self.nodes[at].has_come = true;
    }

    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Start(at) => self.start(at),
            Act::Crash { node, off } => {
                self.crash(node);
                self.do_at(self.time + off, Act::Start(node));
            }
            Act::BackUp(at) => {
                let node = &mut self.nodes[at];
                node.backup = node.has_come.then(|| node.disk.backup());
            }
            Act::Restore { node, off } => self.restore(node, off),
            Act::Publish { node, count } => self.publish(node, count),
            Act::Invite(at) => self.invite(at),
            Act::Admit(at) => self.admit(at),
            Act::AdmitKnown(at) => self.admit_known(at),
            Act::Remove(at) => self.remove(at),
            Act::Pin(at) => self.pin(at),
            Act::Part { lasts } => {
                let island: BTreeSet<usize> = (1..self.nodes.len()).filter(|_| self.random.chance(40)).collect();
                self.note(0, "part", 0, island.len() as u64);
                self.ledger.met("partitions");
                self.network.part(island);
                self.cut_for(lasts);
            }
            Act::Silence { node, hears, lasts } => {
                let all = 0..self.nodes.len();
                let ways = all.filter(|peer| *peer != node).map(|peer| if hears { (node, peer) } else { (peer, node) });
                self.network.silence(ways);
                self.note(node, "silence", node, u64::from(hears));
                self.ledger.met("one-way partitions");
                self.cut_for(lasts);
            }
            Act::Heal => {
                self.note(0, "heal", 0, 0);
                self.network.heal();
            }
            Act::ClockJump { node, by } => {
                self.nodes[node].wall_ahead = by;
                self.ledger.met("clock jumps");
            }
            Act::Cut => {
                let links: Vec<_> = self.network.links().collect();
                for (a, b, link) in links {
                    if (self.network.is_cut(a, b) || self.network.is_cut(b, a)) && self.network.close(a, b, link) {
                        self.schedule(self.time, a, Happening::Down { peer: b, link });
                        self.schedule(self.time, b, Happening::Down { peer: a, link });
                    }
                }
            }
        }
    }

    fn cut_for(&mut self, lasts: u64) {
        let after = self.random.between(3_000, 15_000);
        self.do_at(self.time + after, Act::Cut);
        self.do_at(self.time + lasts, Act::Heal);
    }

    /// A node's disk goes back in time. Entries that nobody else has are lost, and that is nobody's fault.
    fn restore(&mut self, at: usize, off: u64) {
        let Some(backup) = self.nodes[at].backup.take() else { return };
        self.crash(at);
        self.nodes[at].disk.restore(backup);
        let honest = self.nodes.iter().filter(|node| node.is_honest() && !node.is_removed);
        let disks: Vec<&Disk> = honest.map(|node| &node.disk).collect();
        // An entry whose payload nobody has is lost as well, though its header stays.
        let has = |disk: &&Disk, log, seq, id| {
            disk.holds(log, seq, id) && !matches!(disk.payload(log, seq), Some(Payload::NotHeld))
        };
        self.ledger.lose(|log, seq, id| !disks.iter().any(|disk| has(disk, log, seq, id)));
        self.ledger.met("backups restored");
        self.note(at, "restore", at, 0);
        self.do_at(self.time + off, Act::Start(at));
    }

    fn publish(&mut self, at: usize, count: u64) {
        if self.nodes[at].is_removed {
            return;
        }
        if self.nodes[at].replica.is_none() {
            // The machine is off: its people wait.
            return self.do_at(self.time + 500, Act::Publish { node: at, count });
        }
        let floods = self.nodes[at].character == Character::Floods;
        let time = if floods { 0 } else { self.nodes[at].now(self.time).wall };
        let mut drafts = Vec::new();
        for _ in 0..count {
            let len = if self.random.below(400) == 0 { 70_000 } else { self.random.between(40, 300) };
            let mut payload = self.random.bytes().to_vec();
            payload.resize(usize::try_from(len).unwrap_or(40), b'.');
            drafts.push(Draft { kind: Kind::PUBLICATION, marking: 1, flags: 0, time, payload: Arc::from(payload) });
        }
        if self.random.chance(3)
            && let Some(target) = self.ledger.own_publication(at, &mut self.random)
        {
            self.ledger.met("publications erased by their authors");
            drafts.push(self.erasing(target, time));
        }
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.note(at, "publish", at, count);
        self.ledger.published += count;
        self.turn(at, Event::Publish { call, drafts });
    }

    /// An entry that erases the payload of another one.
    fn erasing(&mut self, target: EntryId, time: u64) -> Draft {
        let erase = Erase {
            targets: BoundedVec::new(vec![target]).expect("one"),
            still_superseded: BoundedVec::empty(),
            reason: BoundedText::new("").expect("short"),
        };
        let payload = [&self.random.bytes()[..16], &codec::encode(&erase)].concat();
        Draft { kind: Kind::ERASE, marking: 1, flags: 0, time, payload: Arc::from(payload) }
    }

    /// The founder's tool makes documents.
    fn govern(&mut self, batch: DocumentBatch) {
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.note(0, "govern", 0, batch.objects.len() as u64);
        self.turn(0, Event::Govern { call, batch });
    }

    fn invite(&mut self, at: usize) {
        if self.nodes[0].replica.is_none() {
            return self.do_at(self.time + 500, Act::Invite(at));
        }
        let secret = SecretKey::from_seed(&self.random.bytes());
        let motion = self.alliance.invite(&self.people[0], &secret);
        let own = self.alliance.redeem(&secret, &self.people[at]);
        self.give(at, own);
        self.govern(motion);
        self.ledger.met("newcomers by invitation");
        self.do_at(self.time + 200, Act::Start(at));
        self.do_at(self.time + 400, Act::Publish { node: at, count: 5 });
    }

    fn admit(&mut self, at: usize) {
        let own = self.people[at].card();
        self.give(at, own);
        // Sometimes the newcomer is there before its admission is.
        let before = if self.random.chance(50) { 3_000 } else { 0 };
        self.do_at(self.time, Act::Start(at));
        self.do_at(self.time, Act::Publish { node: at, count: 5 });
        self.do_at(self.time + before, Act::AdmitKnown(at));
        self.ledger.met("newcomers by card");
    }

    fn admit_known(&mut self, at: usize) {
        if self.nodes[0].replica.is_none() {
            return self.do_at(self.time + 500, Act::AdmitKnown(at));
        }
        let batch = self.alliance.admit(&self.people[0], &self.people[at]);
        self.govern(batch);
    }

    /// Removes an organisation, its logs pinned as the founder holds them.
    fn remove(&mut self, at: usize) {
        let Some(replica) = self.nodes[0].replica.as_ref() else {
            return self.do_at(self.time + 500, Act::Remove(at));
        };
        let (state, gone) = (replica.state(), self.people[at].org);
        let of_gone = state.records().filter(|record| state.org_of_log(record.log().opening().log) == Some(gone));
        let items = of_gone.filter_map(|record| record.judged().item);
        let pins = items.map(|item| Pin { log: item.log, len: item.good_len, head: item.head }).collect();
        let batch = self.alliance.remove(&self.people[0], &self.people[at], pins);
        self.nodes[at].is_removed = true;
        self.ledger.met("removals");
        self.govern(batch);
    }

    /// The organisation of an equivocator pins one branch, as an honest node holds it, in its next certificate.
    fn pin(&mut self, at: usize) {
        if self.nodes[at].replica.is_none() {
            return self.do_at(self.time + 500, Act::Pin(at));
        }
        let key = self.key(at).to_bytes();
        let mut pins: Vec<Pin> = Vec::new();
        for node in self.nodes.iter().filter(|node| node.counts()) {
            let Some(replica) = &node.replica else { continue };
            let forked = replica.state().records().map(Record::log).filter(|log| log.opening().key == key);
            for log in forked.filter(|log| log.fork().is_some()) {
                let (id, len) = (log.opening().log, log.len());
                if let Some(head) = log.head().filter(|_| pins.iter().all(|pin| pin.log != id)) {
                    pins.push(Pin { log: id, len, head });
                }
            }
        }
        if pins.is_empty() {
            return;
        }
        pins.sort();
        self.ledger.pinned.extend(pins.iter().map(|pin| pin.log));
        self.ledger.met("forked logs pinned");
        let batch = self.people[at].pin(pins);
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.turn(at, Event::Govern { call, batch });
    }

    /// Faults stop: everything heals, everybody who was off is started.
    pub(super) fn calm_down(&mut self) {
        self.quiet = true;
        self.network.heal();
        for at in 0..self.nodes.len() {
            self.start(at);
        }
        self.note(0, "quiet", 0, 0);
    }
}
