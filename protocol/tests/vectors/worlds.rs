//! Whole sets of documents and logs: which charter is adopted, how each log stands, the digests and the state root.

mod certificates;
mod governing;

use lyceum_protocol::document::certificate::{CertificateObject, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::CharterObject;
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::Kind;
use lyceum_protocol::hash::{CharterId, EntryId, NetworkId};
use lyceum_protocol::key::SecretKey;
use serde_json::{Value, json};

use crate::case::{Cases, hex};
use crate::entries::in_list;
use crate::facts::show_set;
use crate::fixtures::{Org, Signed, Writer, approved, bytes32, founding, list, motion, secret, signed_charter, text};

/// An alliance in epoch 0, whose founder decides alone.
struct World {
    founder: Org,
    zero: CharterObject,
    set: Vec<Signed>,
    logs: Vec<Value>,
}

impl World {
    fn new() -> Self {
        let founder = Org::new("Founder", 2);
        let (charter, lists) = founding(&founder);
        let zero = charter.into_object(&lists).unwrap();
        let mut set = founder.opening();
        set.push(signed_charter(&zero, 0, &[&founder]));
        Self { founder, zero, set, logs: Vec::new() }
    }

    fn net(&self) -> NetworkId {
        self.zero.id().into()
    }

    fn pass(&mut self, op: Operation) -> MotionObject {
        let motion = motion(self.zero.id(), &self.founder, op);
        self.set.push(approved(self.net(), &motion, &[&self.founder]));
        motion
    }

    fn admit(&mut self, org: &Org) -> MotionObject {
        self.set.extend(org.opening());
        self.pass(Operation::Admit { org: org.id(), certificate: org.zero.id() })
    }

    fn invite(&mut self, name: &str, redeemers: &[&Org]) -> MotionObject {
        let key = secret(name);
        let motion = self.pass(Operation::Invite { key: key.public() });
        for org in redeemers {
            let place = SignaturePlace::redemption(org.id(), key.public());
            let redemption = place.sign(self.net(), &key).unwrap();
            let mut opening = org.opening();
            opening[0].signatures.push(redemption);
            self.set.extend(opening);
        }
        motion
    }

    fn writer<'a>(&self, node: &'a SecretKey, incarnation: u64, under: &CertificateObject) -> Writer<'a> {
        Writer::new(self.net(), node, incarnation, under.id())
    }

    fn log(&mut self, writers: &[&Writer<'_>]) {
        let mut seen = Vec::new();
        for entry in writers.iter().flat_map(|writer| &writer.entries) {
            if !seen.contains(entry) {
                seen.push(entry.clone());
            }
        }
        self.logs.push(seen.iter().map(in_list).collect());
    }

    fn case(&self, cases: &mut Cases, rule: &'static str, name: &str) {
        self.case_from(cases, rule, name, self.zero.id());
    }

    fn case_from(&self, cases: &mut Cases, rule: &'static str, name: &str, checkpoint: CharterId) {
        let given = json!({
            "network": hex(self.net().0), "checkpoint": hex(checkpoint.0), "documents": show_set(&self.set),
            "logs": self.logs,
        });
        cases.valid(rule, "world", name, given);
    }
}

pub(crate) fn worlds() -> Cases {
    let mut cases = Cases::default();
    seats(&mut cases);
    logs_of_members(&mut cases);
    pins_and_drops(&mut cases);
    certificates::certificate_forks(&mut cases);
    certificates::above_anchors(&mut cases);
    certificates::many_keys(&mut cases);
    certificates::anchors(&mut cases);
    governing::removals(&mut cases);
    governing::erasures(&mut cases);
    governing::epochs(&mut cases);
    governing::contests(&mut cases);
    governing::sealed_rows(&mut cases);
    cases
}

fn seats(cases: &mut Cases) {
    let mut world = World::new();
    world.case(cases, "S8 S9", "a founder alone");
    world.case_from(cases, "D16", "a checkpoint that is not held", CharterId(bytes32("checkpoint")));
    let founder = Org::new("Founder", 2);
    let log = world.writer(&founder.nodes[0], 1, &founder.zero).with(3);
    world.log(&[&log]);
    world.case(cases, "T16", "a founder with a log");
    world.case_from(cases, "T7", "a log before any charter is adopted", CharterId(bytes32("checkpoint")));
    let orgs = ["Admitted", "Sole", "Rival one", "Rival two", "Lapsed", "Bare"].map(|name| Org::new(name, 1));
    let [admitted, sole, rival, other_rival, lapsed, bare] = &orgs;
    world.admit(admitted);
    world.invite("first invite", &[sole]);
    world.invite("second invite", &[rival, other_rival]);
    // Signed by a key that no Invite in force names.
    let (key, mut opening) = (secret("no invite"), lapsed.opening());
    let redemption = SignaturePlace::redemption(lapsed.id(), key.public()).sign(world.net(), &key).unwrap();
    opening[0].signatures.push(redemption);
    world.set.extend(opening);
    // A redemption of an organisation whose number 0 nobody signed counts for nothing.
    let redemption = SignaturePlace::redemption(bare.id(), secret("first invite").public())
        .sign(world.net(), &secret("first invite"));
    world.set.push(Signed::new(DocumentObject::Certificate(bare.zero.clone()), vec![redemption.unwrap()]));
    for org in &orgs {
        let log = world.writer(&org.nodes[0], 2, &org.zero).with(2);
        world.log(&[&log]);
    }
    world.case(cases, "T1 T9 T10", "every seat");
    world.invite("third invite", &[rival]);
    world.case(cases, "M7", "a second Invite seats one of the rivals");
    world.admit(other_rival);
    world.case(cases, "M7", "an Admit ends a rivalry for one");
}

fn logs_of_members(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Member", 3);
    world.admit(&org);
    let good = world.writer(&org.nodes[0], 1, &org.zero).with(4);
    world.log(&[&good]);
    for seq in [0, 2] {
        let one = world.writer(&org.nodes[1], 10 + seq as u64, &org.zero).with(4);
        let mut other = one.parted_at(seq);
        other.write(Kind::PUBLICATION, b"{\"title\":\"another\"}");
        world.log(&[&one, &other]);
    }
    world.case(cases, "S7 T15", "forks at 0 and at 2");
    // The opening certificate is a later one, which drops nothing.
    let next = org.version(&org.zero, |next| next.name = text("Renamed"));
    let log = world.writer(&org.nodes[2], 1, &next).with(1);
    world.log(&[&log]);
    world.case(cases, "T7", "opened under a version that is missing");
    world.set.push(Signed::new(DocumentObject::Certificate(next.clone()), vec![]));
    world.case(cases, "T4", "opened under a version that nobody signed");
    world.set.pop();
    world.set.push(org.signed(&next));
    world.case(cases, "T3", "opened under a version that counts");

    let mut world = World::new();
    let org = Org::new("Quiet", 2);
    let mut opening = org.opening();
    opening[0].signatures.truncate(2);
    world.set.extend(opening);
    world.pass(Operation::Admit { org: org.id(), certificate: org.zero.id() });
    for node in &org.nodes {
        let log = world.writer(node, 1, &org.zero).with(1);
        world.log(&[&log]);
    }
    let stranger = secret("stranger");
    let log = world.writer(&stranger, 1, &org.zero).with(1);
    world.log(&[&log]);
    world.case(cases, "L6 T7", "possession shown by one of two keys, and a key that is not listed");
    let shown = SignaturePlace::possession(org.id(), stranger.public()).sign(world.net(), &stranger).unwrap();
    world.set.push(Signed::new(DocumentObject::Certificate(org.zero.clone()), vec![shown]));
    world.case(cases, "L6 T7", "possession shown by a key that is not listed");

    let mut world = World::new();
    let org = Org::new("Reader", 1);
    let reader = secret("Reader reads");
    let with_reader = org.version(&org.zero, |next| {
        let mut keys = next.keys.to_vec();
        keys.push(ListedKey { key: reader.public(), roles: Roles(Roles::READER), label: text("reader") });
        keys.sort_by_key(|listed| listed.key);
        next.keys = list(keys);
    });
    world.admit(&org);
    world.set.push(org.signed(&with_reader));
    let shown = SignaturePlace::possession(org.id(), reader.public()).sign(world.net(), &reader).unwrap();
    world.set.push(Signed::new(DocumentObject::Certificate(org.zero.clone()), vec![shown]));
    let log = world.writer(&reader, 1, &with_reader).with(1);
    world.log(&[&log]);
    world.case(cases, "L6 T7", "a reader writes no log");
}

fn drop_node(org: &Org, after: &CertificateObject, node: usize, pins: &[Pin]) -> CertificateObject {
    let key = org.nodes[node].public();
    org.version(after, |next| {
        next.keys = list(next.keys.iter().filter(|listed| listed.key != key).cloned().collect());
        let mut pins = pins.to_vec();
        pins.sort_unstable();
        next.closed = list(pins);
    })
}

fn pins_and_drops(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Member", 4);
    world.admit(&org);
    let kept = world.writer(&org.nodes[0], 1, &org.zero).with(2);
    let unpinned = world.writer(&org.nodes[1], 1, &org.zero).with(2);
    let pinned = world.writer(&org.nodes[1], 2, &org.zero).with(4);
    let forked = world.writer(&org.nodes[1], 3, &org.zero).with(4);
    let mut twin = forked.parted_at(1);
    twin.write(Kind::PUBLICATION, b"{\"title\":\"another\"}");
    let none = world.writer(&org.nodes[1], 4, &org.zero).with(2);
    let partly = world.writer(&org.nodes[1], 5, &org.zero).with(2);
    let beyond = Pin { log: partly.log(), len: 5, head: EntryId(bytes32("a head that nobody has")) };
    let pins = [pinned.pin(3), forked.pin(3), none.pin(0), beyond];
    let one = drop_node(&org, &org.zero, 1, &pins);
    world.set.push(org.signed(&one));
    world.log(&[&kept]);
    world.log(&[&unpinned]);
    world.log(&[&pinned]);
    world.log(&[&forked, &twin]);
    world.log(&[&none]);
    world.log(&[&partly]);
    world.case(
        cases,
        "L12 T13 T14 T17",
        "a key dropped: logs pinned, not pinned, and a pinned chain that is not held whole",
    );
    // Nobody re-pins: the first pin of a log holds.
    let two = drop_node(&org, &one, 2, &[pinned.pin(1), unpinned.pin(1)]);
    world.set.push(org.signed(&two));
    world.case(cases, "T6", "a later version pins lower");
    // A pin counts only for the logs of who pins.
    let other = Org::new("Other", 1);
    world.admit(&other);
    let log = world.writer(&other.nodes[0], 1, &other.zero).with(2);
    let three = drop_node(&org, &two, 3, &[log.pin(1)]);
    world.set.push(org.signed(&three));
    world.log(&[&log]);
    world.case(cases, "T6", "a pin of the log of another organisation");
}
