//! A branch that is replaced takes with it what was known of its own forks.

use lyceum_node::store::LogStore as _;
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{Batch, Change};

use crate::fixture::{Author, append, batch, open, payload};

fn proof(one: &VerifiedEntry, other: &VerifiedEntry) -> VerifiedForkProof {
    VerifiedForkProof::of(one, other, &PublicKey::admit(&one.header().key).unwrap()).unwrap()
}

/// Whether a proof of a fork at `fork` is still there after the branch was replaced from number 1 and a new start.
fn survives(fork: u64) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store;
    let mut author = Author::new(1);
    store.commit(append(&author.write(payload(0, 50)))).unwrap();
    let mut pinned = author.clone();
    let replacement = pinned.write(payload(9, 50));
    let mut twins = None;
    for seq in 1..=fork {
        let mut twin = author.clone();
        let entry = author.write(payload(seq, 50));
        store.commit(append(&entry)).unwrap();
        twins = Some((entry, twin.write(payload(100 + seq, 50))));
    }
    let (entry, twin) = twins.unwrap();
    let log = author.log();
    store.commit(batch(Change::Fork { log, proof: proof(&entry, &twin) })).unwrap();
    let changes = vec![Change::ReplaceFrom { log, seq: 1 }, Change::Entry { log, entry: replacement }];
    store.commit(Batch { changes }).unwrap();
    drop(store);
    !open(folder.path()).store.recover().unwrap().proofs.is_empty()
}

#[test]
fn a_fork_of_a_replaced_branch_goes_with_it_and_the_one_at_the_cut_stays() {
    assert!(!survives(2));
    assert!(survives(1));
}
