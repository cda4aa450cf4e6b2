//! Whole sets of documents and logs: which charter is adopted, how each log stands, the digests and the state root.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::{CertificateObject, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, CharterObject, MemberRow};
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::Kind;
use lyceum_protocol::entry::protocol_kinds::Erase;
use lyceum_protocol::hash::{CharterId, EntryId, NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;
use serde_json::{Value, json};

use crate::case::{Cases, hex};
use crate::documents;
use crate::entries::in_list;
use crate::facts::show_set;
use crate::fixtures::{
    Org, Signed, Writer, approved, bytes32, founding, list, motion, next_charter, sealed_row, secret, signed_charter,
    text,
};

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
    certificate_forks(&mut cases);
    above_anchors(&mut cases);
    many_keys(&mut cases);
    anchors(&mut cases);
    removals(&mut cases);
    erasures(&mut cases);
    epochs(&mut cases);
    contests(&mut cases);
    sealed_rows(&mut cases);
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

fn certificate_forks(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Parted", 3);
    world.admit(&org);
    let left = org.version(&org.zero, |next| next.name = text("Left"));
    let right = org.version(&org.zero, |next| next.name = text("Right"));
    world.set.extend([org.signed(&left), org.signed(&right)]);
    let versions = [(&org.zero, 0), (&left, 1), (&right, 2)];
    for (version, node) in versions {
        let log = world.writer(&org.nodes[node], 1, version).with(2);
        world.log(&[&log]);
    }
    world.case(cases, "T5 T12", "two linked versions with one predecessor");
    let settle = |world: &World, version: &CertificateObject, round| {
        motion(world.zero.id(), &world.founder, Operation::Settle { org: org.id(), certificate: version.id(), round })
    };
    let first = settle(&world, &left, 1);
    let approve = |world: &World, motion| approved(world.net(), motion, &[&world.founder]);
    world.set.push(approve(&world, &first));
    world.case(cases, "T2 T11", "settled for one of two");
    let second = settle(&world, &right, 2);
    world.set.push(approve(&world, &second));
    world.case(cases, "M9", "settled for the other in a higher round");
    let same = settle(&world, &left, 2);
    world.set.push(approve(&world, &same));
    world.case(cases, "M9", "two Settles in one round");
    world.set.truncate(world.set.len() - 3);
    let none = Signed::new(DocumentObject::Motion(first.clone()), vec![]);
    world.set.push(none);
    world.case(cases, "M5", "a Settle that has not passed");
    world.set.pop();
    // An anchor vouches for a version that is not linked.
    let new_root = secret("Parted new root");
    let lost = org.version(&org.zero, |next| next.root_keys = list(vec![new_root.public()]));
    let by_new = SignaturePlace::certificate(lost.id(), new_root.public()).sign(world.net(), &new_root).unwrap();
    world.set.push(Signed::new(DocumentObject::Certificate(lost.clone()), vec![by_new]));
    let log = world.writer(&org.nodes[0], 9, &lost).with(1);
    world.log(&[&log]);
    world.case(cases, "T4", "a version that is not linked takes no place");
    let settled = settle(&world, &lost, 1);
    world.set.push(approve(&world, &settled));
    world.case(cases, "T4", "a Settle installs a version that is not linked");
    let foreign = Org::new("Foreign", 1);
    world.admit(&foreign);
    let nonsense = Operation::Settle { org: foreign.id(), certificate: lost.id(), round: 9 };
    world.pass(nonsense);
    world.case(cases, "T2", "a Settle that names a version of another organisation");
    let missing = Operation::Settle { org: org.id(), certificate: bytes32_certificate(), round: 9 };
    world.pass(missing);
    world.case(cases, "T7", "a Settle that names a version that is missing");
}

/// What lies above a version that only an anchor vouches for.
fn above_anchors(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Lost root", 3);
    world.admit(&org);
    let new_root = secret("Lost root, new root");
    let by_new = |version: &CertificateObject| {
        let place = SignaturePlace::certificate(version.id(), new_root.public());
        Signed::new(DocumentObject::Certificate(version.clone()), vec![place.sign(NetworkId::ZERO, &new_root).unwrap()])
    };
    let lost = org.version(&org.zero, |next| next.root_keys = list(vec![new_root.public()]));
    let two = org.version(&lost, |_| {});
    world.set.extend([by_new(&lost), by_new(&two)]);
    for (n, version) in [&org.zero, &lost, &two].into_iter().enumerate() {
        let log = world.writer(&org.nodes[n], 1, version).with(1);
        world.log(&[&log]);
    }
    world.case(cases, "T4", "linked above a version that is not linked");
    let length = world.set.len();
    // Signed by the old root key alone: linked, not well-formed.
    world.set.push(Signed::new(DocumentObject::Certificate(lost.clone()), vec![org.signs(&lost)]));
    world.case(cases, "T3", "linked and well-formed after all");
    world.set.retain(|signed| signed.object.id() != lost.id().into());
    world.set.push(Signed::new(DocumentObject::Certificate(lost.clone()), vec![org.signs(&lost)]));
    world.case(cases, "T4", "well-formed and linked above a version that is not well-formed");
    world.pass(Operation::Settle { org: org.id(), certificate: two.id(), round: 1 });
    world.case(cases, "T7", "a version below an anchor is not well-formed");
    world.set.truncate(length - 2);
    world.set.extend([by_new(&lost), by_new(&two)]);
    let rival = org.version(&lost, |next| next.name = text("Rival"));
    world.set.push(by_new(&rival));
    world.pass(Operation::Settle { org: org.id(), certificate: lost.id(), round: 1 });
    let log = world.writer(&org.nodes[2], 2, &rival).with(1);
    world.log(&[&log]);
    world.case(cases, "T4 T12", "contested above a version that an anchor vouches for");
}

/// A chain that lists more keys than one may: no version above the bound counts, and no anchor lifts it.
fn many_keys(cases: &mut Cases) {
    let mut world = World::new();
    let chain = documents::many_keys("Many keys");
    let version = |number: usize| match &chain[number].object {
        DocumentObject::Certificate(object) => object.clone(),
        other => panic!("no certificate: {other:?}"),
    };
    let org = OrgId::from(version(0).id());
    world.pass(Operation::Admit { org, certificate: version(0).id() });
    let node = |number: u32| secret(&format!("Many keys node {number} 0"));
    let (first, last, above) = (node(0), node(31), node(33));
    let shown = [&first, &last, &above].map(|key| {
        let place = SignaturePlace::possession(org, key.public());
        place.sign(world.net(), key).unwrap()
    });
    let logs = [
        world.writer(&first, 1, &version(0)).with(1),
        world.writer(&last, 1, &version(32)).with(1),
        world.writer(&above, 1, &version(33)).with(1),
    ];
    let settled = version(34).id();
    world.set.extend(chain);
    world.set.push(Signed::new(DocumentObject::Certificate(version_zero(&world, org)), shown.to_vec()));
    for log in &logs {
        world.log(&[log]);
    }
    world.case(cases, "D11 T3", "a chain that lists 1,024 keys, and one more above it");
    world.pass(Operation::Settle { org, certificate: settled, round: 1 });
    world.case(cases, "T2", "a Settle that names a version whose chain lists 1,025 keys");
}

fn version_zero(world: &World, org: OrgId) -> CertificateObject {
    let zero = world.set.iter().find_map(|signed| match &signed.object {
        DocumentObject::Certificate(object) if OrgId::from(object.id()) == org => Some(object.clone()),
        _ => None,
    });
    zero.unwrap()
}

/// Several anchors of one organisation.
fn anchors(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Anchored", 4);
    world.set.extend(org.opening());
    let left = org.version(&org.zero, |next| next.name = text("Left"));
    let right = org.version(&org.zero, |next| next.name = text("Right"));
    let above = org.version(&right, |_| {});
    world.set.extend([org.signed(&left), org.signed(&right), org.signed(&above)]);
    for (n, version) in [&org.zero, &left, &right, &above].into_iter().enumerate() {
        let log = world.writer(&org.nodes[n], 1, version).with(1);
        world.log(&[&log]);
    }
    let admit = |version: &CertificateObject| Operation::Admit { org: org.id(), certificate: version.id() };
    world.pass(admit(&left));
    world.case(cases, "T2", "admitted from a later version");
    world.pass(admit(&right));
    world.case(cases, "T2", "two Admits: the smaller motion id");
    world.set.truncate(world.set.len() - 2);
    world.pass(admit(&above));
    world.pass(Operation::Settle { org: org.id(), certificate: left.id(), round: 0 });
    world.case(cases, "T2", "a Settle outweighs an Admit on another branch");
    world.pass(Operation::Settle { org: org.id(), certificate: right.id(), round: 1 });
    world.case(cases, "T2", "a Settle below an Admit: the higher one is the tip");
    for version in [&left, &right, &above] {
        world.pass(Operation::Remove { org: org.id(), certificate: version.id(), pins: BoundedVec::empty() });
    }
    world.case(cases, "M8 T3", "three Removes that name three versions");
}

fn bytes32_certificate() -> lyceum_protocol::hash::CertificateId {
    lyceum_protocol::hash::CertificateId(bytes32("a version that is missing"))
}

fn removals(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Removed", 4);
    world.admit(&org);
    let closed = world.writer(&org.nodes[3], 1, &org.zero).with(3);
    let one = drop_node(&org, &org.zero, 3, &[closed.pin(2)]);
    let two = org.version(&one, |next| next.name = text("After the removal"));
    world.set.extend([org.signed(&one), org.signed(&two)]);
    let pinned = world.writer(&org.nodes[0], 1, &org.zero).with(3);
    let void = world.writer(&org.nodes[1], 1, &org.zero).with(3);
    let later = world.writer(&org.nodes[2], 1, &two).with(2);
    for log in [&closed, &pinned, &void, &later] {
        world.log(&[log]);
    }
    let mut pins = vec![pinned.pin(2), later.pin(1)];
    pins.sort_unstable();
    let remove = |pins: Vec<Pin>| Operation::Remove { org: org.id(), certificate: one.id(), pins: list(pins) };
    world.pass(remove(pins));
    world.case(cases, "T8", "removed with a pin");
    // Lower and higher, and one more log: whichever id is smaller pins what both name.
    world.pass(remove({
        let mut pins = vec![pinned.pin(1), void.pin(3)];
        pins.sort_unstable();
        pins
    }));
    world.case(cases, "M8", "removed twice with different pins");
    let foreign = Org::new("Foreign", 1);
    world.admit(&foreign);
    let log = world.writer(&foreign.nodes[0], 1, &foreign.zero).with(2);
    world.log(&[&log]);
    world.pass(Operation::Remove { org: foreign.id(), certificate: one.id(), pins: list(vec![log.pin(1)]) });
    world.case(cases, "T3", "removed with a version of another organisation");
}

fn erase(targets: Vec<EntryId>) -> Vec<u8> {
    codec::encode(&Erase {
        targets: list(targets),
        still_superseded: BoundedVec::empty(),
        reason: text("personal data"),
    })
}

fn erasures(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Member", 3);
    let other = Org::new("Other", 1);
    world.admit(&org);
    world.admit(&other);
    let mut admin = world.writer(&org.nodes[0], 1, &org.zero).with(2);
    let mut plain = world.writer(&org.nodes[1], 1, &org.zero).with(5);
    let target = |n: usize| plain.entries[n].id();
    let (own, by_admin, by_nobody, by_stranger, by_motion) = (target(0), target(1), target(2), target(3), target(4));
    let admins = admin.entries[0].id();
    // Its own, what an admin wrote (no right), an entry that does not exist.
    plain.write(Kind::ERASE, &erase(vec![own, admins, EntryId(bytes32("nothing"))]));
    let protocol_entry = plain.entries[5].id();
    admin.write(Kind::ERASE, &erase(vec![by_admin, protocol_entry]));
    admin.write(Kind::ERASE, b"nobody can read this");
    let mut stranger = world.writer(&other.nodes[0], 1, &other.zero);
    stranger.write(Kind::ERASE, &erase(vec![by_stranger]));
    let mut forked = world.writer(&org.nodes[2], 1, &org.zero).with(1);
    let mut twin = forked.parted_at(1);
    twin.write(Kind::PUBLICATION, b"{}");
    let forked_target = forked.entries[0].id();
    forked.write(Kind::ERASE, &erase(vec![forked_target]));
    world.log(&[&admin]);
    world.log(&[&plain]);
    world.log(&[&stranger]);
    world.log(&[&forked, &twin]);
    world.case(cases, "T18", "who may erase");
    let mut targets = vec![by_motion, protocol_entry, twin.entries[1].id(), EntryId(bytes32("nothing"))];
    targets.sort_unstable();
    world.pass(Operation::Erase { targets: list(targets) });
    world.pass(Operation::Erase { targets: list(vec![by_nobody]) });
    world.case(cases, "M10", "erased by motions");
}

/// Founder and second voter, with everything of epoch 0 sealed.
struct Second {
    world: World,
    voter: Org,
    guest: Org,
    one: CharterObject,
}

fn second() -> Second {
    let mut world = World::new();
    let (voter, guest, dropped) = (Org::new("Second voter", 1), Org::new("Guest", 1), Org::new("Left out", 1));
    let admit = world.admit(&voter);
    let invite = world.invite("invite", &[&guest]);
    world.admit(&dropped);
    for org in [&voter, &guest, &dropped] {
        let log = world.writer(&org.nodes[0], 1, &org.zero).with(2);
        world.log(&[&log]);
    }
    let members = vec![world.founder.row(), voter.row(), guest.row()];
    let sealed = vec![sealed_row(voter.id(), 0, admit.id()), sealed_row(guest.id(), 0, invite.id())];
    let one = next_charter(&world.zero, &[&world.founder, &voter], 2, members, sealed);
    Second { world, voter, guest, one }
}

fn epochs(cases: &mut Cases) {
    let Second { mut world, voter, guest, one } = second();
    world.set.push(signed_charter(&one, 0, &[&world.founder]));
    world.case(cases, "D16", "a draft that the new voter has not signed");
    world.set.pop();
    let signed = signed_charter(&one, 0, &[&world.founder, &voter]);
    world.set.push(signed);
    world.case(cases, "M6", "epoch 1: what is sealed holds, what is left out is gone");
    world.case_from(cases, "D19", "the checkpoint moved up", one.id());
    let old =
        motion(world.zero.id(), &world.founder, Operation::Admit { org: guest.id(), certificate: guest.zero.id() });
    world.set.push(approved(world.net(), &old, &[&world.founder]));
    world.case(cases, "M5", "a motion of a past epoch passes too late");
    let newcomer = Org::new("Newcomer", 1);
    world.set.extend(newcomer.opening());
    let admit =
        motion(one.id(), &world.founder, Operation::Admit { org: newcomer.id(), certificate: newcomer.zero.id() });
    world.set.push(approved(world.net(), &admit, &[&world.founder]));
    world.case(cases, "M5", "one of two voters approved");
    world.set.pop();
    world.set.push(approved(world.net(), &admit, &[&world.founder, &voter]));
    let log = world.writer(&newcomer.nodes[0], 1, &newcomer.zero).with(1);
    world.log(&[&log]);
    world.case(cases, "M5", "both voters approved");
    let members = one.lists.members.to_vec();
    let mut later: Charter = next_charter(&one, &[&world.founder, &voter], 2, members.clone(), vec![]).charter.clone();
    later.rules = 2;
    let later = later.into_object(&next_charter(&one, &[&world.founder, &voter], 2, members, vec![]).lists).unwrap();
    world.set.push(signed_charter(&later, 0, &[&world.founder, &voter]));
    world.case(cases, "D18", "the next charter has rules that are not known");
    world.case_from(cases, "D16 D18", "the checkpoint has rules that are not known", later.id());
}

fn contests(cases: &mut Cases) {
    let Second { mut world, voter, guest, one } = second();
    // Leaves the guest out: its seat is gone where this one is adopted.
    let members: Vec<MemberRow> = vec![world.founder.row(), voter.row()];
    let sealed = one.lists.sealed.iter().filter(|row| row.org != guest.id()).copied().collect();
    let rival = next_charter(&world.zero, &[&world.founder, &voter], 2, members.clone(), sealed);
    let sign =
        |world: &World, charter: &CharterObject, round| signed_charter(charter, round, &[&world.founder, &voter]);
    world.set.push(sign(&world, &one, 0));
    world.set.push(sign(&world, &rival, 0));
    world.case(cases, "D17", "two charters certified in one round");
    let length = world.set.len();
    world.set.push(sign(&world, &rival, 1));
    world.case(cases, "D17", "a higher round ends the contest");
    let above = next_charter(&one, &[&world.founder, &voter], 2, one.lists.members.to_vec(), vec![]);
    world.set.push(sign(&world, &above, 0));
    world.case(cases, "D16", "a certified successor outweighs a higher round");
    let above_rival = next_charter(&rival, &[&world.founder, &voter], 2, members, vec![]);
    world.set.push(sign(&world, &above_rival, 0));
    world.case(cases, "D16", "certified successors on both sides: the higher round");
    world.set.truncate(length);
    world.case_from(cases, "D16", "the checkpoint decides a contest", rival.id());
}

fn sealed_rows(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Member", 2);
    let gone = Org::new("Gone", 1);
    world.admit(&org);
    world.admit(&gone);
    let log = world.writer(&gone.nodes[0], 1, &gone.zero).with(3);
    let member = world.writer(&org.nodes[0], 1, &org.zero).with(3);
    let admit = |org: &Org| Operation::Admit { org: org.id(), certificate: org.zero.id() };
    let admits =
        [motion(world.zero.id(), &world.founder, admit(&org)), motion(world.zero.id(), &world.founder, admit(&gone))];
    let remove =
        world.pass(Operation::Remove { org: gone.id(), certificate: gone.zero.id(), pins: list(vec![log.pin(2)]) });
    let erase = world.pass(Operation::Erase { targets: list(vec![member.entries[1].id()]) });
    let founder = world.founder.id();
    let founders = world.founder.version(&world.founder.zero, |next| next.root_keys = org.zero.root_keys.clone());
    let theirs = Signed::new(DocumentObject::Certificate(founders.clone()), vec![org.signs(&founders)]);
    world.set.push(theirs);
    let unsaid = world.pass(Operation::Remove { org: org.id(), certificate: org.zero.id(), pins: BoundedVec::empty() });
    let elsewhere = world.pass(Operation::Settle { org: founder, certificate: founders.id(), round: 7 });
    world.log(&[&log]);
    world.log(&[&member]);
    let rows = vec![
        sealed_row(org.id(), 0, admits[0].id()),
        sealed_row(gone.id(), 0, admits[1].id()),
        sealed_row(gone.id(), 2, remove.id()),
        sealed_row(OrgId::ZERO, 4, erase.id()),
        // The motions say something else than their rows: no effect.
        sealed_row(org.id(), 3, unsaid.id()),
        sealed_row(org.id(), 3, elsewhere.id()),
        sealed_row(org.id(), 3, admits[0].id()),
    ];
    let one = next_charter(&world.zero, &[&world.founder], 1, vec![world.founder.row(), org.row()], rows);
    world.set.push(signed_charter(&one, 0, &[&world.founder]));
    world.case(cases, "M6", "Admit, Remove and Erase sealed");
    let without = |world: &mut World, id: lyceum_protocol::hash::MotionId| {
        world.set.retain(|signed| signed.object.id() != id.into());
    };
    without(&mut world, erase.id());
    world.case(cases, "M6", "the sealed Erase is missing");
    without(&mut world, admits[0].id());
    world.case(cases, "M6", "the sealed Admit is missing: its organisation waits");
    without(&mut world, remove.id());
    world.case(cases, "M6", "the sealed Remove is missing: removed, and waiting");
}
