//! Chains of certificates that part, that an anchor lifts, that list too many keys.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::certificate::CertificateObject;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::hash::{NetworkId, OrgId};

use crate::case::Cases;
use crate::fixtures::{Org, Signed, approved, bytes32, list, many_keys_of, motion, secret, text};

use super::World;

pub(super) fn certificate_forks(cases: &mut Cases) {
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
pub(super) fn above_anchors(cases: &mut Cases) {
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
pub(super) fn many_keys(cases: &mut Cases) {
    let mut world = World::new();
    let chain = many_keys_of("Many keys");
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
pub(super) fn anchors(cases: &mut Cases) {
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
