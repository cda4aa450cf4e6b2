//! `lyceum verify` in a home: it trusts what the home's store has adopted since the alliance was joined.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::path::Path;
use std::process::Command;

use lyceum_node::home::{Alliance, Home};
use lyceum_node::store::{LogStore as _, Store, StoreOptions};
use lyceum_protocol::document::charter::CharterObject;
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::header::{Kind, MARKING_GREEN};
use lyceum_protocol::entry::{Draft, Place};
use lyceum_protocol::hash::{NetworkId, TreeHead};
use lyceum_protocol::proof::{ProofOf, SeatOf};
use lyceum_protocol::replica::{Batch, Change};
use lyceum_tests::fixtures::Org;

/// What `verify` prints of a file in a home, and its exit code.
fn verify(home: &Path, file: &Path, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lyceum"));
    let output = command.arg("--home").arg(home).arg("verify").arg(file).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn keep(home: &Home, network: NetworkId, batch: DocumentBatch) {
    let store = Store::open(&home.store_folder(), &StoreOptions::new(network)).unwrap().store;
    let objects = batch.objects.into_iter().map(Change::Document);
    let changes = objects.chain(batch.signatures.into_iter().map(Change::Signature)).collect();
    store.commit(Batch { changes }).unwrap();
}

/// The first entry of an organisation, with its row in a charter.
fn prove(org: &Org, network: NetworkId, charter: &CharterObject, signed: &DocumentBatch, file: &Path) {
    let payload = [[7_u8; 16].as_slice(), br#"{"type":"note","title":"t"}"#].concat();
    let draft =
        Draft { kind: Kind::PUBLICATION, marking: MARKING_GREEN, flags: 0, time: 1_000, payload: payload.into() };
    let place = Place { incarnation: 1, seq: 0, history: TreeHead(org.certificate.id().0) };
    let entry = draft.sign(network, &org.key(), place).unwrap();
    let signatures = [org.card().signatures, signed.signatures.clone()].concat();
    let proof = ProofOf {
        network,
        entry: &entry,
        opening: None,
        before: &[],
        certificates: std::slice::from_ref(&org.certificate),
        signatures: &signatures,
        seat: Some(SeatOf { charters: std::slice::from_ref(charter), motion: None }),
    };
    std::fs::write(file, proof.bundle().unwrap().to_bytes()).unwrap();
}

#[test]
fn a_home_trusts_the_charters_that_it_has_adopted_since_it_joined() {
    let folder = tempfile::tempdir().unwrap();
    let (founder, member) = (Org::new("Founder", 1), Org::new("Member", 2));
    let (zero, founding) = founder.found();
    let network = NetworkId::from(zero.id());
    let (one, to_one) = founder.succeeds(&zero, &[&founder, &member]);
    let (two, to_two) = founder.succeeds(&one, &[&founder, &member]);
    let file = folder.path().join("entry");
    prove(&member, network, &one, &to_one, &file);
    let nowhere = folder.path().join("nowhere");
    let (code, said) = verify(&nowhere, &file, &[]);
    assert!(code == 0 && said.contains("rests on: member"), "{said}");
    assert!(said.contains("As of epoch 1, time 1970-01-01T00:00:00.002Z; later retractions are not visible here."));
    assert!(!nowhere.exists(), "to look makes nothing");

    // A home that joined at epoch 0 and has seen nothing since.
    let home = Home::at(folder.path().join("home"));
    std::fs::create_dir(home.folder()).unwrap();
    Alliance { network, checkpoint: zero.id(), addresses: Vec::new() }.write(&home).unwrap();
    let (code, said) = verify(home.folder(), &file, &[]);
    assert!(code == 0 && said.contains("rests on: member"), "{said}");
    assert!(!home.store_folder().exists(), "to look makes nothing");
    keep(&home, network, founding);
    let (code, said) = verify(home.folder(), &file, &[]);
    assert!(code == 0 && said.contains("rests on: member"), "{said}");

    // It hears of the charter that seats the author, and later of another one.
    keep(&home, network, member.card());
    keep(&home, network, to_one);
    for batch in [None, Some(to_two)] {
        if let Some(batch) = batch {
            keep(&home, network, batch);
        }
        let (code, said) = verify(home.folder(), &file, &[]);
        assert!(code == 0 && said.contains("rests on: trusted"), "{said}");
        assert!(said.contains("As of epoch 1, time"), "{said}");
        let (code, said) = verify(home.folder(), &file, &["--alliance", &network.to_string()]);
        assert!(code == 0 && said.contains("rests on: trusted"), "{said}");
    }
    let (code, said) = verify(home.folder(), &file, &["--alliance", &"0".repeat(64)]);
    assert!(code == 5 && said.contains("belongs to alliance"), "{said}");
    assert_eq!(two.epoch, 2);

    // A home of another alliance vouches for nothing.
    let other = Home::at(folder.path().join("other"));
    std::fs::create_dir(other.folder()).unwrap();
    let elsewhere = NetworkId([8; 32]);
    Alliance { network: elsewhere, checkpoint: two.id(), addresses: Vec::new() }.write(&other).unwrap();
    let (code, said) = verify(other.folder(), &file, &[]);
    assert!(code == 0 && said.contains("rests on: member"), "{said}");
}
