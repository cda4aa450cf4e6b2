//! What follows from a few documents with their signatures.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::certificate::{Certificate, Roles};
use lyceum_protocol::document::charter::Charter;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::hash::{MotionId, NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;
use serde_json::{Value, json};

use crate::case::{Cases, hex};
use crate::facts::show_set;
use crate::fixtures::{
    Org, Signed, approved, bytes32, founding, list, many_keys_of, motion, network, next_charter, sealed_row, secret,
    signed_charter, sorted_keys, text,
};

pub(crate) fn facts() -> Cases {
    let mut cases = Cases::default();
    certificate_facts(&mut cases);
    charter_facts(&mut cases);
    motion_facts(&mut cases);
    cases
}

fn add(cases: &mut Cases, rule: &'static str, name: &str, network: NetworkId, set: &[Signed]) {
    let given: Value = json!({ "network": hex(network.0), "documents": show_set(set) });
    cases.valid(rule, "facts", name, given);
}

fn certificate_facts(cases: &mut Cases) {
    let org = Org::new("Example Lab", 2);
    let net = network();
    let bare = |version: &lyceum_protocol::document::certificate::CertificateObject| {
        Signed::new(DocumentObject::Certificate(version.clone()), vec![])
    };
    add(cases, "D12", "number 0 with all possession signatures", net, &org.opening());
    add(cases, "D10", "number 0 without a signature", net, &[bare(&org.zero)]);
    let one = org.version(&org.zero, |next| next.name = text("Renamed Lab"));
    let two = org.version(&one, |_| {});
    add(cases, "D11", "three linked versions", net, &{
        let mut set = org.opening();
        set.extend([org.signed(&one), org.signed(&two)]);
        set
    });
    add(cases, "D13", "number 1 is missing", net, &{
        let mut set = org.opening();
        set.push(org.signed(&two));
        set
    });
    add(cases, "D11", "number 1 is not signed", net, &{
        let mut set = org.opening();
        set.extend([bare(&one), org.signed(&two)]);
        set
    });
    let new_root = secret("new root");
    let other_root = org.version(&org.zero, |next| next.root_keys = list(vec![new_root.public()]));
    let by_new = SignaturePlace::certificate(other_root.id(), new_root.public()).sign(net, &new_root).unwrap();
    for (name, signatures) in [
        ("a new root key, signed by the old one", vec![org.signs(&other_root)]),
        ("a new root key, signed by itself", vec![by_new]),
        ("a new root key, signed by both", vec![org.signs(&other_root), by_new]),
    ] {
        let mut set = org.opening();
        set.push(Signed::new(DocumentObject::Certificate(other_root.clone()), signatures));
        add(cases, "D11", name, net, &set);
    }
    let more_roles = org.version(&org.zero, |next| {
        let mut keys = next.keys.to_vec();
        keys.iter_mut().for_each(|listed| listed.roles = Roles(Roles::READER));
        next.keys = list(keys);
    });
    add(cases, "D11", "other roles than before", net, &{
        let mut set = org.opening();
        set.push(org.signed(&more_roles));
        set
    });
    let dropped = org.version(&org.zero, |next| next.keys = BoundedVec::empty());
    let back = org.version(&dropped, |next| next.keys = more_roles.keys.clone());
    add(cases, "D11", "other roles than in a version further below", net, &{
        let mut set = org.opening();
        set.extend([org.signed(&dropped), org.signed(&back)]);
        set
    });
    add(cases, "D11", "1,024 keys over a chain, one more, and a chain that goes on", net, &many_keys_of("Many keys"));
    let skipped = org.version(&org.zero, |next| next.number = 2);
    add(cases, "D11", "a number is left out", net, &{
        let mut set = org.opening();
        set.push(org.signed(&skipped));
        set
    });
    two_of_three(cases, &org);
}

/// Two of three root keys have to sign.
fn two_of_three(cases: &mut Cases, org: &Org) {
    let roots: Vec<SecretKey> = (0..3).map(|n| secret(&format!("root {n}"))).collect();
    let certificate = Certificate {
        root_keys: list(sorted_keys((0..3).map(|n| format!("root {n}")))),
        root_k: 2,
        ..(*org.zero).clone()
    };
    let object = certificate.into_object().unwrap();
    for signers in 1..=2 {
        let sign =
            |root: &SecretKey| SignaturePlace::certificate(object.id(), root.public()).sign(network(), root).unwrap();
        let mut signatures: Vec<_> = roots.iter().take(signers).map(sign).collect();
        // A key that the version does not list adds nothing.
        signatures.push(sign(&org.root));
        let set = [Signed::new(DocumentObject::Certificate(object.clone()), signatures)];
        add(cases, "D10", &format!("{signers} of three root keys signed, and a stranger"), network(), &set);
    }
}

fn charter_facts(cases: &mut Cases) {
    let (a, b, c) = (Org::new("A", 1), Org::new("B", 1), Org::new("C", 1));
    let (charter, lists) = founding(&a);
    let zero = charter.into_object(&lists).unwrap();
    let net = NetworkId::from(zero.id());
    let admitted = |org: &Org| sealed_row(org.id(), 0, MotionId(bytes32(org.name)));
    let first = || signed_charter(&zero, 0, &[&a]);
    let one = next_charter(&zero, &[&a, &b], 2, vec![a.row(), b.row()], vec![admitted(&b)]);
    add(cases, "D15", "certified in round 0", net, &[first(), signed_charter(&one, 0, &[&a, &b])]);
    add(cases, "D15", "signed by the old voter only", net, &[first(), signed_charter(&one, 0, &[&a])]);
    add(cases, "D15", "signed by the new voter only", net, &[first(), signed_charter(&one, 0, &[&b])]);
    let both_rounds = |first_round: &[&Org], second: &[&Org]| {
        let mut signed = signed_charter(&one, 3, first_round);
        signed.signatures.extend(signed_charter(&one, 7, second).signatures);
        signed
    };
    add(cases, "D15", "halves in two rounds", net, &[first(), both_rounds(&[&a], &[&b])]);
    add(cases, "D15", "certified in two rounds", net, &[first(), both_rounds(&[&a, &b], &[&a, &b])]);
    add(cases, "D15", "signed by a stranger", net, &[first(), signed_charter(&one, 0, &[&a, &b, &c])]);
    add(cases, "D14", "the predecessor is missing", net, &[signed_charter(&one, 0, &[&a, &b])]);
    let mut case = |name: &str, next: lyceum_protocol::document::charter::CharterObject| {
        add(cases, "D14", name, net, &[first(), signed_charter(&next, 0, &[&a, &b, &c])]);
    };
    case("one to three voters at once", next_charter(&zero, &[&a, &b, &c], 3, vec![a.row()], vec![]));
    case("too little overlap", next_charter(&zero, &[&b], 1, vec![a.row()], vec![]));
    case("k too small for the overlap", next_charter(&zero, &[&a, &b, &c], 2, vec![a.row()], vec![]));
    case("a member without an Admit", next_charter(&zero, &[&a], 1, vec![a.row(), b.row()], vec![]));
    case("an Admit without a member", next_charter(&zero, &[&a], 1, vec![a.row()], vec![admitted(&b)]));
    let removed = |org: &Org| sealed_row(org.id(), 2, MotionId(bytes32("remove")));
    case("admitted and removed", next_charter(&zero, &[&a], 1, vec![a.row()], vec![admitted(&b), removed(&b)]));
    case("the founder removed", next_charter(&zero, &[&a], 1, vec![], vec![removed(&a)]));
    case("the founder removed and listed", next_charter(&zero, &[&a], 1, vec![a.row()], vec![removed(&a)]));
    let row = |org, op| vec![sealed_row(org, op, MotionId(bytes32("motion")))];
    case("an Invite sealed as such", next_charter(&zero, &[&a], 1, vec![a.row()], row(b.id(), 1)));
    case("a sealed Settle", next_charter(&zero, &[&a], 1, vec![a.row()], row(a.id(), 3)));
    case("a sealed Erase", next_charter(&zero, &[&a], 1, vec![a.row()], row(OrgId::ZERO, 4)));
    case("a sealed Erase about somebody", next_charter(&zero, &[&a], 1, vec![a.row()], row(a.id(), 4)));
    case("a sealed Settle about nobody", next_charter(&zero, &[&a], 1, vec![a.row()], row(OrgId::ZERO, 3)));
    case("an unknown operation", next_charter(&zero, &[&a], 1, vec![a.row()], row(a.id(), 5)));
    let mut skipped: Charter = one.charter.clone();
    skipped.epoch = 2;
    case("an epoch is left out", skipped.into_object(&one.lists).unwrap());
}

fn motion_facts(cases: &mut Cases) {
    let (a, b, c, d) = (Org::new("A", 1), Org::new("B", 1), Org::new("C", 1), Org::new("D", 1));
    let (charter, lists) = founding(&a);
    let zero = charter.into_object(&lists).unwrap();
    let net = NetworkId::from(zero.id());
    // Not certified, so not adopted: passing asks for the voters and k of the epoch alone.
    let epoch = next_charter(&zero, &[&a, &b, &c], 2, vec![a.row()], vec![]);
    let admit = motion(epoch.id(), &a, Operation::Admit { org: d.id(), certificate: d.zero.id() });
    for (name, voters) in [
        ("no approval", vec![]),
        ("one approval of two", vec![&a]),
        ("two approvals", vec![&a, &c]),
        ("an approval by a stranger", vec![&a, &d]),
        ("all approvals", vec![&a, &b, &c]),
    ] {
        let set = [signed_charter(&zero, 0, &[&a]), signed_charter(&epoch, 0, &[]), approved(net, &admit, &voters)];
        add(cases, "M4", name, net, &set);
    }
    add(cases, "M4", "the charter of its epoch is missing", net, &[approved(net, &admit, &[&a, &b, &c])]);
}
