//! What a node knows of a log does not depend on the branch that it held before a pin.

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use std::sync::Arc;

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, RULES, Voter};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, NetworkId, OrgId, TreeHead};
use lyceum_protocol::history;
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::state::{Appended, State};
use lyceum_tests::table::{Alliance, Table, log_of};

/// One organisation that is an alliance of its own, with one node key and one log.
struct Solo {
    root: SecretKey,
    voting: SecretKey,
    node: SecretKey,
    zero: CertificateObject,
    charter: CharterObject,
}

const INCARNATION: u64 = 7;

impl Solo {
    fn new() -> Self {
        let key = |seed: u8| SecretKey::from_seed(&[seed; 32]);
        let (root, voting, node) = (key(1), key(2), key(3));
        let zero = certificate(&root, &voting, &node, 0, CertificateId::ZERO, 0, Vec::new());
        let org = OrgId::from(zero.id());
        let members = vec![MemberRow { org, certificate: zero.id() }];
        let lists = Lists { members: BoundedVec::new(members).unwrap(), sealed: BoundedVec::empty() };
        let charter = Charter {
            rules: RULES,
            epoch: 0,
            prev: CharterId([9; 32]),
            time: 0,
            name: BoundedText::new("alliance").unwrap(),
            purpose: BoundedText::new("").unwrap(),
            voters: BoundedVec::new(vec![Voter { org, key: voting.public() }]).unwrap(),
            k: 1,
            members_len: 0,
            members_head: TreeHead::ZERO,
            sealed_len: 0,
            sealed_head: TreeHead::ZERO,
            params: Params::default(),
        };
        let charter = charter.into_object(&lists).unwrap();
        Self { root, voting, node, zero, charter }
    }

    fn network(&self) -> NetworkId {
        NetworkId::from(self.charter.id())
    }

    fn log(&self) -> LogId {
        LogId::of(&self.node.public().to_bytes(), INCARNATION, self.zero.id())
    }

    /// Version 1, one of several that differ in `time`.
    fn next(&self, time: u64, pins: Vec<Pin>) -> CertificateObject {
        certificate(&self.root, &self.voting, &self.node, 1, self.zero.id(), time, pins)
    }

    fn signed(&self, certificate: &CertificateObject) -> DocumentBatch {
        let signature =
            SignaturePlace::certificate(certificate.id(), self.root.public()).sign(self.network(), &self.root).unwrap();
        DocumentBatch { objects: vec![DocumentObject::Certificate(certificate.clone())], signatures: vec![signature] }
    }

    fn founded(&self) -> State {
        let mut state = State::new(self.network(), self.charter.id(), None);
        let mut batch = self.signed(&self.zero);
        batch.objects.push(DocumentObject::Charter(self.charter.clone()));
        batch.signatures.push(self.possession());
        state.add_documents(batch);
        state
    }

    fn possession(&self) -> VerifiedSignature {
        let place = SignaturePlace::possession(OrgId::from(self.zero.id()), self.node.public());
        place.sign(self.network(), &self.node).unwrap()
    }

    /// `count` entries on top of `below`, marked so that two branches differ.
    fn chain(&self, below: &[VerifiedEntry], mark: u8, count: usize) -> Vec<VerifiedEntry> {
        let mut chain = below.to_vec();
        for _ in 0..count {
            let ids: Vec<EntryId> = chain.iter().map(VerifiedEntry::id).collect();
            let history = if ids.is_empty() { TreeHead(self.zero.id().0) } else { history::head_over(&ids) };
            let payload = Arc::from([mark; 16].as_slice());
            let draft = Draft { kind: Kind::PUBLICATION, marking: 1, flags: 0, time: 0, payload };
            let place = Place { incarnation: INCARNATION, seq: ids.len() as u64, history };
            chain.push(draft.sign(self.network(), &self.node, place).unwrap());
        }
        chain
    }
}

fn certificate(
    root: &SecretKey,
    voting: &SecretKey,
    node: &SecretKey,
    number: u32,
    prev: CertificateId,
    time: u64,
    pins: Vec<Pin>,
) -> CertificateObject {
    let listed = ListedKey { key: node.public(), roles: Roles(Roles::NODE), label: BoundedText::new("node").unwrap() };
    Certificate {
        number,
        prev,
        time,
        name: BoundedText::new("organisation").unwrap(),
        domain: BoundedText::new("").unwrap(),
        contact: BoundedText::new("").unwrap(),
        root_keys: BoundedVec::new(vec![root.public()]).unwrap(),
        root_k: 1,
        keys: BoundedVec::new(vec![listed]).unwrap(),
        voting_key: voting.public(),
        enc_keys: BoundedVec::empty(),
        closed: BoundedVec::new(pins).unwrap(),
    }
    .into_object()
    .unwrap()
}

/// A fork of the branch that a pin replaced says nothing of the branch that is held now, also when the pin is gone.
#[test]
fn a_fork_goes_with_the_branch_that_it_was_on() {
    let solo = Solo::new();
    let left = solo.chain(&[], 1, 3);
    let left_twin = solo.chain(&left[..2], 3, 1);
    let right = solo.chain(&left[..1], 2, 3);
    let pin = Pin { log: solo.log(), len: 4, head: right[3].id() };
    let (pinning, rival) = (solo.next(1, vec![pin]), solo.next(2, Vec::new()));

    let mut held_left = solo.founded();
    for entry in &left {
        assert_eq!(held_left.append(entry), Appended::Yes);
    }
    let proof = VerifiedForkProof::of(&left[2], &left_twin[2], &solo.node.public()).unwrap();
    assert!(held_left.add_proof(proof));
    held_left.add_documents(solo.signed(&pinning));
    assert_eq!(held_left.append_pinned(&right[0]), Appended::Held);
    assert_eq!(held_left.append_pinned(&right[1]), Appended::Replaced(1));
    assert_eq!(held_left.append_pinned(&right[2]), Appended::Yes);
    assert_eq!(held_left.append_pinned(&right[3]), Appended::Yes);

    let mut held_right = solo.founded();
    for entry in &right {
        assert_eq!(held_right.append(entry), Appended::Yes);
    }
    held_right.add_documents(solo.signed(&pinning));
    assert_eq!(held_left.state_root(), held_right.state_root());

    // That the log parts at 1 is known to whoever saw both branches: made before the one went, the proof is good on both.
    let parted = VerifiedForkProof::of(&left[1], &right[1], &solo.node.public()).unwrap();
    for state in [&mut held_left, &mut held_right] {
        assert!(state.add_proof(parted.clone()), "a pinned log of a key that is listed");
        assert_eq!(state.record(solo.log()).unwrap().judged().good_len, 4, "the pin decides");
    }
    assert_eq!(held_left.state_root(), held_right.state_root());

    // A second version 1 takes the force of the first, and with it that of the pin.
    held_left.add_documents(solo.signed(&rival));
    held_right.add_documents(solo.signed(&rival));
    assert_eq!(held_left.digest(), held_right.digest());
    assert_eq!(held_left.state_root(), held_right.state_root());
}

/// L12: a node that holds the other branch proves where they part before it takes the pinned one.
#[test]
fn the_branch_that_goes_leaves_a_proof() {
    let mut alliance = Alliance::new(2);
    let left = alliance.written(&[], 3, 100, 1);
    let right = alliance.written(&left[..1], 3, 100, 2);
    let log = log_of(&left);
    let pinning = Certificate {
        number: 1,
        prev: alliance.writer.certificate.id(),
        closed: BoundedVec::new(vec![Pin { log, len: 4, head: right[3].id() }]).unwrap(),
        ..(*alliance.writer.certificate).clone()
    };
    let pinning = pinning.into_object().unwrap();
    let root = &alliance.writer.root;
    let signed = SignaturePlace::certificate(pinning.id(), root.public()).sign(NetworkId::ZERO, root).unwrap();
    alliance.batch.objects.push(DocumentObject::Certificate(pinning));
    alliance.batch.signatures.push(signed);
    let mut table = Table::lay(alliance, &[left, right.clone()]);
    table.connect(0, 1);
    for _ in 0..3 {
        table.round();
    }
    let record = table.nodes[0].replica.state().record(log).unwrap();
    let ids: Vec<EntryId> = right.iter().map(VerifiedEntry::id).collect();
    assert_eq!(record.log().ids(), ids, "the pinned chain");
    assert_eq!(record.proof().map(VerifiedForkProof::seq), Some(1));
    let stored = table.nodes[0].disk.recover(table.nodes[0].org.id());
    assert_eq!(stored.record(log).and_then(|record| record.log().fork()), Some(1), "on the disk too");
}
