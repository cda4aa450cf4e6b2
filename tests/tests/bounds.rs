//! The bounds on keys and Invites that no generated universe reaches: the engine and the naive evaluator agree on them.

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Roles};
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::hash::{CertificateId, CharterId, NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::limits;
use lyceum_protocol::state::State;
use lyceum_tests::fixtures::Org;
use lyceum_tests::naive::{self, ObjectSet, Seated};

/// What both say of a set: the effective version of an organisation with its seat.
fn agreed(checkpoint: CharterId, batch: &DocumentBatch, org: OrgId) -> Option<(Seated, CertificateId)> {
    let mut state = State::new(checkpoint.into(), checkpoint, None);
    state.add_documents(batch.clone());
    let mut set = ObjectSet { signatures: batch.signatures.clone(), ..ObjectSet::default() };
    for object in &batch.objects {
        match object {
            DocumentObject::Certificate(object) => set.certificates.push(object.clone()),
            DocumentObject::Charter(object) => set.charters.push(object.clone()),
            DocumentObject::Motion(object) => set.motions.push(object.clone()),
        }
    }
    let outcome = naive::evaluate(checkpoint, &set);
    assert_eq!(outcome.state_root, state.state_root());
    outcome.rows.get(&org).copied()
}

fn take(batch: &mut DocumentBatch, more: DocumentBatch) {
    batch.objects.extend(more.objects);
    batch.signatures.extend(more.signatures);
}

/// D11, T2: the chain counts up to its 1,024th key, and no Settle lifts what lies above.
#[test]
fn a_chain_ends_below_its_first_key_too_many() {
    let founder = Org::new("founder", 1);
    let (charter, mut batch) = founder.found();
    let org = Org::new("many", 2);
    take(&mut batch, founder.admits(charter.id(), &org));
    // Number 0 lists one key; 31 versions list 32 new ones each, then one lists 31: 1,024 in all; then one more.
    let mut chain: Vec<CertificateObject> = vec![org.certificate.clone()];
    for (number, new) in (1..).zip([[32; 31].as_slice(), &[31, 0, 1, 0]].concat()) {
        let mut keys: Vec<ListedKey> = (0..new)
            .map(|n: u8| {
                let mut seed = [n; 32];
                seed[0] = u8::try_from(number).unwrap();
                let key = SecretKey::from_seed(&seed).public();
                ListedKey { key, roles: Roles(Roles::NODE), label: BoundedText::default() }
            })
            .collect();
        keys.sort_by_key(|listed| listed.key);
        let next = Certificate {
            number,
            prev: chain.last().unwrap().id(),
            keys: BoundedVec::new(keys).unwrap(),
            ..(*org.certificate).clone()
        };
        let next = next.into_object().unwrap();
        let place = SignaturePlace::certificate(next.id(), org.root.public());
        batch.signatures.push(place.sign(NetworkId::ZERO, &org.root).unwrap());
        batch.objects.push(DocumentObject::Certificate(next.clone()));
        chain.push(next);
    }
    let effective = agreed(charter.id(), &batch, org.id());
    assert_eq!(effective, Some((Seated::Firm, chain[33].id())), "the last with 1,024 keys");
    let op = Operation::Settle { org: org.id(), certificate: chain[35].id(), round: 1 };
    take(&mut batch, founder.passed(charter.id(), op));
    assert_eq!(agreed(charter.id(), &batch, org.id()), effective);
    let op = Operation::Remove { org: org.id(), certificate: chain[35].id(), pins: BoundedVec::empty() };
    take(&mut batch, founder.passed(charter.id(), op));
    assert_eq!(agreed(charter.id(), &batch, org.id()), Some((Seated::Removed, CertificateId::ZERO)));
}

/// M7: of too many Invites those with the smallest ids seat whoever redeemed them.
#[test]
fn the_invites_with_the_smallest_ids_are_in_force() {
    let founder = Org::new("founder", 1);
    let (charter, mut batch) = founder.found();
    let mut invites = Vec::new();
    for n in 0..=u16::try_from(limits::INVITES_IN_FORCE).unwrap() {
        let mut seed = [9; 32];
        seed[..2].copy_from_slice(&n.to_le_bytes());
        let key = SecretKey::from_seed(&seed);
        let passed = founder.passed(charter.id(), Operation::Invite { key: key.public() });
        invites.push((passed.objects[0].id(), key));
        take(&mut batch, passed);
    }
    invites.sort_by_key(|(id, _)| *id);
    let mut redeem = |name: &str, number: u64, at: usize| {
        let org = Org::new(name, number);
        take(&mut batch, org.card());
        let place = SignaturePlace::redemption(org.id(), invites[at].1.public());
        batch.signatures.push(place.sign(charter.id().into(), &invites[at].1).unwrap());
        org.id()
    };
    let (seated, late) = (redeem("seated", 2, invites.len() - 2), redeem("late", 3, invites.len() - 1));
    assert!(matches!(agreed(charter.id(), &batch, seated), Some((Seated::Provisional, _))));
    assert_eq!(agreed(charter.id(), &batch, late), None);
}
