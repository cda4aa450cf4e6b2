//! What is kept stays within what travels, whatever a member or a voter makes of it (M11).

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

#[path = "vectors/fixtures.rs"]
#[expect(dead_code, reason = "shared with the vectors")]
mod fixtures;

use std::collections::BTreeSet;

use fixtures::{Org, Signed, approved, founding, list, motion, secret, signed_charter, sorted_keys, text};
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Roles};
use lyceum_protocol::document::charter::CharterObject;
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, SignatureType};
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::governance::Seat;
use lyceum_protocol::hash::{NetworkId, ObjectId, OrgId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use lyceum_protocol::state::State;
use lyceum_protocol::sync::message::TravellingDocument;

struct Alliance {
    founder: Org,
    zero: CharterObject,
    set: Vec<Signed>,
}

impl Alliance {
    fn new() -> Self {
        let founder = Org::new("Founder", 1);
        let (charter, lists) = founding(&founder);
        let zero = charter.into_object(&lists).unwrap();
        let mut set = founder.opening();
        set.push(signed_charter(&zero, 0, &[&founder]));
        Self { founder, zero, set }
    }

    fn net(&self) -> NetworkId {
        self.zero.id().into()
    }

    fn pass(&mut self, op: Operation) -> MotionObject {
        let motion = motion(self.zero.id(), &self.founder, op);
        self.set.push(approved(self.net(), &motion, &[&self.founder]));
        motion
    }

    /// A node of the founder that is given everything in this order, so many documents at a time.
    fn node(&self, at_once: usize, backwards: bool) -> State {
        let mut state = State::new(self.net(), self.zero.id(), Some(self.founder.id()));
        let mut set: Vec<&Signed> = self.set.iter().collect();
        if backwards {
            set.reverse();
        }
        for part in set.chunks(at_once) {
            let objects = part.iter().map(|signed| signed.object.clone()).collect();
            let signatures = part.iter().flat_map(|signed| signed.signatures.iter().copied()).collect();
            state.add_documents(DocumentBatch { objects, signatures });
        }
        state
    }
}

fn of_kind(state: &State, target: ObjectId, kind: SignatureType) -> BTreeSet<PublicKey> {
    let on_it = state.documents().signatures_on(target).map(|signature| signature.place());
    on_it.filter(|place| place.kind == kind).map(|place| place.key).collect()
}

fn travels(state: &State, target: ObjectId) -> usize {
    TravellingDocument::of(state.documents(), target).unwrap().size()
}

/// D11, M11: an organisation lists new keys in version after version, and in rivals beside them; each key shows that it
/// is held. Of all that certificate 0 carries what travels, and always what its logs rest on.
#[test]
fn possession_signatures_never_outgrow_certificate_0() {
    let mut alliance = Alliance::new();
    let mut org = Org::new("Many", 0);
    let mut seeds: Vec<String> = Vec::new();
    let mut keys = |what: &str| {
        let names: Vec<String> = (0..limits::KEYS_MAX).map(|n| format!("{what} {n}")).collect();
        seeds.extend(names.iter().cloned());
        let listed = |key| ListedKey { key, roles: Roles(Roles::NODE), label: text("") };
        list(sorted_keys(names).into_iter().map(listed).collect())
    };
    let mut zero: Certificate = (*org.zero).clone();
    zero.keys = keys("chain 0");
    org.zero = zero.into_object().unwrap();
    let mut chain: Vec<CertificateObject> = vec![org.zero.clone()];
    for number in 1..32 {
        let new = keys(&format!("chain {number}"));
        let next = org.version(&chain[chain.len() - 1], |next| next.keys = new);
        chain.push(next);
    }
    // Rivals at number 1 that a voter's motions name: kept, and each lists 32 keys of its own.
    let rivals: Vec<CertificateObject> = (0..12)
        .map(|n| {
            let new = keys(&format!("rival {n}"));
            org.version(&chain[0], |next| next.keys = new)
        })
        .collect();
    for version in chain.iter().skip(1).chain(&rivals) {
        alliance.set.push(org.signed(version));
    }
    let shown = seeds.iter().map(|name| org.possession(&secret(name))).collect();
    alliance.set.push(Signed::new(DocumentObject::Certificate(org.zero.clone()), shown));
    alliance.set.push(org.signed(&org.zero));
    alliance.pass(Operation::Admit { org: org.id(), certificate: org.zero.id() });
    for rival in &rivals {
        alliance.pass(Operation::Admit { org: org.id(), certificate: rival.id() });
    }
    alliance.pass(Operation::Settle { org: org.id(), certificate: chain[31].id(), round: 1 });
    let all = alliance.node(1_000, false);
    let effective = &all.governance().organisation(org.id()).unwrap().effective_chain;
    assert_eq!(effective.len(), 32, "the chain that was settled");
    let zero = ObjectId::from(org.zero.id());
    let possessed = of_kind(&all, zero, SignatureType::Key);
    assert_eq!(possessed.len(), limits::POSSESSIONS_KEPT);
    let listed = effective.iter().flat_map(|version| &version.keys);
    assert!(listed.into_iter().all(|listed| possessed.contains(&listed.key)), "what the logs rest on");
    assert!(travels(&all, zero) < limits::PAGE_MAX / 2);
    let again = alliance.node(1_000, true);
    assert_eq!(again.docs_root(), all.docs_root(), "the same set in another order");
    assert_eq!(again.state_root(), all.state_root());
}

/// M11: the founder signs charter 0 for one round after the other; it travels with the four highest.
#[test]
fn charter_0_travels_however_often_its_voter_signs_it() {
    let mut alliance = Alliance::new();
    for round in 0..3_000 {
        alliance.set.push(signed_charter(&alliance.zero, round, &[&alliance.founder]));
    }
    let (all, parts) = (alliance.node(10_000, false), alliance.node(1_000, true));
    let target = ObjectId::from(alliance.zero.id());
    travels(&all, target);
    let rounds: BTreeSet<u16> =
        all.documents().signatures_on(target).map(|signature| signature.place().round).collect();
    assert_eq!(rounds, BTreeSet::from([2_996, 2_997, 2_998, 2_999]));
    assert_eq!(parts.docs_root(), all.docs_root(), "one after the other, the highest first");
}

/// M7, M11: more Invites than are in force at once, all redeemed by one organisation.
#[test]
fn redemptions_never_outgrow_certificate_0() {
    let mut alliance = Alliance::new();
    let greedy = Org::new("Greedy", 1);
    let mut signatures = greedy.opening().remove(0).signatures;
    let mut invites: Vec<(MotionObject, String)> = (0..limits::INVITES_IN_FORCE + 8)
        .map(|n| {
            let name = format!("invite {n}");
            (alliance.pass(Operation::Invite { key: secret(&name).public() }), name)
        })
        .collect();
    let redeem = |org: OrgId, net: NetworkId, name: &str| {
        let key = secret(name);
        SignaturePlace::redemption(org, key.public()).sign(net, &key).unwrap()
    };
    signatures.extend(invites.iter().map(|(_, name)| redeem(greedy.id(), alliance.net(), name)));
    alliance.set.push(Signed::new(DocumentObject::Certificate(greedy.zero.clone()), signatures));
    // One that redeemed the Invite with the greatest id alone: it is not among those in force.
    invites.sort_by_key(|(motion, _)| motion.id());
    let late = Org::new("Late", 1);
    let mut opening = late.opening().remove(0);
    opening.signatures.push(redeem(late.id(), alliance.net(), &invites[invites.len() - 1].1));
    alliance.set.push(opening);
    let all = alliance.node(10_000, false);
    let zero = ObjectId::from(greedy.zero.id());
    assert_eq!(of_kind(&all, zero, SignatureType::Invite).len(), limits::INVITES_IN_FORCE);
    travels(&all, zero);
    let seat = |org: &Org| all.governance().organisation(org.id()).map(|found| found.seat);
    assert_eq!(seat(&greedy), Some(Seat::Provisional));
    assert_eq!(seat(&late).unwrap_or(Seat::None), Seat::None);
    assert_eq!(alliance.node(10_000, true).docs_root(), all.docs_root());
}

/// M11: signatures by keys that anybody can make do not crowd certificate 0 of the node's own organisation.
#[test]
fn made_up_redemptions_do_not_pile_up() {
    let mut alliance = Alliance::new();
    let founder = alliance.founder.id();
    let made_up = (0..200).map(|n| {
        let key = secret(&format!("made up {n}"));
        SignaturePlace::redemption(founder, key.public()).sign(alliance.net(), &key).unwrap()
    });
    let made_up = made_up.collect();
    alliance.set.push(Signed::new(DocumentObject::Certificate(alliance.founder.zero.clone()), made_up));
    let state = alliance.node(100, false);
    let kept = of_kind(&state, ObjectId(founder.0), SignatureType::Invite);
    assert_eq!(kept.len(), limits::OWN_REDEMPTIONS_KEPT);
}
