//! Whatever is stored in whatever order comes back as it was, also after a restart.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_node::store::{HeldEntry, LogStore as _, PayloadHeld, Recovered, Store};
use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::charter::{Charter, Lists, MemberRow, Params, RULES, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::{Kind, Payload, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, CharterId, LogId, MotionId, ObjectId, OrgId, SignatureId, TreeHead};
use lyceum_protocol::key::{PublicKey, SecretKey};
use lyceum_protocol::replica::{Batch, Change};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::fixture::{Author, NETWORK, check_histories, open, payload, without_payload};

/// One thing that a replica may ask for, in numbers that are made to fit what is held.
#[derive(Debug, Clone)]
enum Step {
    Append { author: u8, own: bool, len: usize, absent: u8 },
    Replace { author: u8, back: usize, with: Vec<usize> },
    Fill { author: u8, at: usize },
    Erase { author: u8, at: usize },
    Document(u8),
    ForgetDocument(u8),
    Sign(u8),
    ForgetSignature(u8),
    Fork { author: u8 },
    Checkpoint(u8),
    Commit,
    Reopen,
}

fn len() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 16..1_500_usize, 2 => 3_000..4_500_usize, 1 => 4_000..12_000_usize]
}

fn step() -> impl Strategy<Value = Step> {
    let author = 0..4_u8;
    prop_oneof![
        24 => (author.clone(), any::<bool>(), len(), 0..12_u8)
            .prop_map(|(author, own, len, absent)| Step::Append { author, own, len, absent }),
        2 => (author.clone(), 0..90_usize, vec(len(), 0..5))
            .prop_map(|(author, back, with)| Step::Replace { author, back, with }),
        2 => (author.clone(), any::<usize>()).prop_map(|(author, at)| Step::Fill { author, at }),
        2 => (author.clone(), any::<usize>()).prop_map(|(author, at)| Step::Erase { author, at }),
        1 => (0..5_u8).prop_map(Step::Document),
        1 => (0..5_u8).prop_map(Step::ForgetDocument),
        1 => (0..5_u8).prop_map(Step::Sign),
        1 => (0..5_u8).prop_map(Step::ForgetSignature),
        1 => author.prop_map(|author| Step::Fork { author }),
        1 => any::<u8>().prop_map(Step::Checkpoint),
        6 => Just(Step::Commit),
        1 => Just(Step::Reopen),
    ]
}

/// A document of this number. Number 0 is a charter whose lists take many rows.
fn document(number: u8) -> DocumentObject {
    if number > 0 {
        let op = Operation::Admit { org: OrgId([number; 32]), certificate: CertificateId([number; 32]) };
        let reason = BoundedText::new("because ".repeat(usize::from(number) * 100)).unwrap();
        let motion = Motion { epoch: CharterId(NETWORK.0), proposer: OrgId([1; 32]), time: 1, reason, op };
        return DocumentObject::Motion(motion.into_object().unwrap());
    }
    let row = |number: u8| MemberRow { org: OrgId([number; 32]), certificate: CertificateId([number; 32]) };
    let lists = Lists { members: BoundedVec::new((0..=255).map(row).collect()).unwrap(), ..Lists::default() };
    let voter = Voter { org: OrgId([1; 32]), key: SecretKey::from_seed(&[1; 32]).public() };
    let charter = Charter {
        rules: RULES,
        epoch: 1,
        prev: CharterId([1; 32]),
        time: 1,
        name: BoundedText::new("Lyceum").unwrap(),
        purpose: BoundedText::new("to test").unwrap(),
        voters: BoundedVec::new(vec![voter]).unwrap(),
        k: 1,
        members_len: 0,
        members_head: TreeHead::ZERO,
        sealed_len: 0,
        sealed_head: TreeHead::ZERO,
        params: Params::default(),
    };
    DocumentObject::Charter(charter.into_object(&lists).unwrap())
}

fn signature(number: u8) -> VerifiedSignature {
    let secret = SecretKey::from_seed(&[number + 1; 32]);
    SignaturePlace::approval(MotionId([number / 2; 32]), secret.public()).sign(NETWORK, &secret).unwrap()
}

/// A log as it should be.
#[derive(Default)]
struct ModelLog {
    /// As signed, and as held.
    entries: Vec<(VerifiedEntry, VerifiedEntry)>,
}

/// What the store should hold, and the batch that is being gathered.
#[derive(Default)]
struct Model {
    logs: BTreeMap<u8, ModelLog>,
    opened: Vec<u8>,
    documents: BTreeMap<ObjectId, DocumentObject>,
    signatures: BTreeMap<(ObjectId, SignatureId), VerifiedSignature>,
    proofs: BTreeMap<LogId, VerifiedForkProof>,
    checkpoint: Option<CharterId>,
    batch: Batch,
    written: u64,
    reached: BTreeSet<&'static str>,
}

impl Model {
    fn change(&mut self, name: &'static str, change: Change) {
        self.reached.insert(name);
        self.batch.changes.push(change);
    }

    fn write(&mut self, number: u8, len: usize, absent: u8) -> VerifiedEntry {
        let log = self.logs.entry(number).or_default();
        let ids: Vec<_> = log.entries.iter().map(|(entry, _)| entry.id()).collect();
        self.written += 1;
        let mut author = Author::behind(number, &ids);
        let kind = if absent == 2 { Kind::NODE_RECORD } else { Kind(u32::from(absent)) };
        let entry = author.write_as(kind, payload(self.written, len.min(if absent == 2 { 20_000 } else { len })));
        let held = match absent {
            0 => without_payload(&entry, Payload::Erased),
            1 => without_payload(&entry, Payload::NotHeld),
            _ => entry.clone(),
        };
        log.entries.push((entry, held.clone()));
        if !self.opened.contains(&number) {
            self.opened.push(number);
        }
        held
    }

    /// Takes a step other than `Commit` and `Reopen`.
    fn step(&mut self, step: Step) {
        match step {
            Step::Append { author, own, len, absent } => {
                let log = Author::new(author).log();
                let entry = self.write(author, len, absent);
                // Only whole entries are own ones.
                if own && author == 0 && absent > 1 {
                    self.change("own", Change::OwnEntry { log, entry });
                } else {
                    self.change("entry", Change::Entry { log, entry });
                }
            }
            // An own log is never replaced.
            Step::Replace { author: 0, .. } => {}
            Step::Replace { author, back, with } => {
                let log = Author::new(author).log();
                let Some(held) = self.logs.get_mut(&author) else { return };
                let seq = held.entries.len().saturating_sub(back);
                held.entries.truncate(seq);
                self.change("replace", Change::ReplaceFrom { log, seq: seq as u64 });
                for len in with {
                    let entry = self.write(author, len, 9);
                    self.change("branch", Change::Entry { log, entry });
                }
            }
            Step::Fill { author, at } => {
                let Some((seq, entry)) = self.pick(author, at, |payload| !matches!(payload, Payload::Present(_)))
                else {
                    return;
                };
                let Payload::Present(bytes) = entry.payload().clone() else { return };
                self.hold(author, seq, entry);
                let log = Author::new(author).log();
                self.change("fill", Change::Payload { log, seq: seq as u64, bytes });
            }
            Step::Erase { author, at } => {
                let Some((seq, entry)) = self.pick(author, at, |_| true) else { return };
                if entry.header().kind.is_protocol() {
                    return;
                }
                self.hold(author, seq, without_payload(&entry, Payload::Erased));
                let log = Author::new(author).log();
                self.change("erase", Change::Erase { log, seq: seq as u64 });
            }
            Step::Document(number) => {
                let object = document(number);
                self.documents.insert(object.id(), object.clone());
                self.change("document", Change::Document(object));
            }
            Step::ForgetDocument(number) => {
                let id = document(number).id();
                if self.documents.remove(&id).is_some() {
                    self.reached.insert("forget what was held");
                }
                self.change("forget document", Change::ForgetDocument(id));
            }
            Step::Sign(number) => {
                let signature = signature(number);
                self.signatures.insert((signature.place().target, signature.id()), signature);
                self.change("signature", Change::Signature(signature));
            }
            Step::ForgetSignature(number) => {
                let (target, id) = (signature(number).place().target, signature(number).id());
                self.signatures.remove(&(target, id));
                self.change("forget signature", Change::ForgetSignature { target, id });
            }
            Step::Fork { author } => {
                self.written += 1;
                let [a, b] = [0, 1].map(|twin| Author::new(author).write(payload(self.written * 2 + twin, 50)));
                let key = PublicKey::admit(&a.header().key).unwrap();
                let proof = VerifiedForkProof::of(&a, &b, &key).unwrap();
                let log = Author::new(author).log();
                self.proofs.insert(log, proof.clone());
                self.change("fork", Change::Fork { log, proof });
            }
            Step::Checkpoint(number) => {
                self.checkpoint = Some(CharterId([number; 32]));
                self.change("checkpoint", Change::Checkpoint(CharterId([number; 32])));
            }
            Step::Commit | Step::Reopen => {}
        }
    }

    /// An entry as it was signed, out of those whose payload is held in a certain way.
    fn pick(&self, author: u8, at: usize, which: impl Fn(&Payload) -> bool) -> Option<(usize, VerifiedEntry)> {
        let log = self.logs.get(&author)?;
        let fits: Vec<_> = log.entries.iter().enumerate().filter(|(_, (_, held))| which(held.payload())).collect();
        let (seq, (signed, _)) = fits.get(at.checked_rem(fits.len())?)?;
        Some((*seq, signed.clone()))
    }

    fn hold(&mut self, author: u8, seq: usize, held: VerifiedEntry) {
        self.logs.get_mut(&author).unwrap().entries[seq].1 = held;
    }

    fn check(&self, store: &Store) {
        let found = store.recover().unwrap();
        let Recovered { documents, signatures, proofs, checkpoint, logs } = &found;
        assert!(documents.iter().eq(self.documents.values()));
        assert!(signatures.iter().eq(self.signatures.values()));
        assert!(proofs.iter().map(|(log, proof)| (log, proof)).eq(&self.proofs));
        assert_eq!(*checkpoint, self.checkpoint);
        assert_eq!(logs.len(), self.opened.len());
        for (log, number) in logs.iter().zip(&self.opened) {
            let author = Author::new(*number);
            let expected = &self.logs[number].entries;
            assert_eq!(log.opening, author.opening);
            assert_eq!(log.suite, u8::from(!expected.is_empty()));
            let held: Vec<HeldEntry> = expected.iter().map(|(_, held)| held_of(held)).collect();
            assert_eq!(log.entries, held);
            let entries: Vec<_> = expected.iter().map(|(_, held)| held.clone()).collect();
            assert_eq!(store.entries(author.log(), 0, u64::MAX, usize::MAX).unwrap(), entries);
            let some = entries.len() / 2;
            assert_eq!(store.entry(author.log(), some as u64).unwrap().as_ref(), entries.get(some));
        }
        check_histories(store, &found);
    }
}

fn held_of(entry: &VerifiedEntry) -> HeldEntry {
    let header = entry.header();
    let payload = match entry.payload() {
        Payload::Present(_) => PayloadHeld::Present,
        Payload::Erased => PayloadHeld::Erased,
        Payload::NotHeld => PayloadHeld::NotHeld,
    };
    let (time, kind, marking, payload_len) = (header.time, header.kind, header.marking, header.payload_len);
    HeldEntry { id: entry.id(), time, kind, marking, payload_len, payload }
}

fn run(steps: Vec<Step>) -> BTreeSet<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).store;
    let mut model = Model::default();
    for step in steps.into_iter().chain([Step::Commit, Step::Reopen]) {
        match step {
            Step::Commit => store.commit(std::mem::take(&mut model.batch)).unwrap(),
            Step::Reopen => {
                store.commit(std::mem::take(&mut model.batch)).unwrap();
                model.check(&store);
                let before = store.status();
                drop(store);
                store = open(folder.path()).store;
                model.check(&store);
                assert_eq!(store.status().live_bytes, before.live_bytes);
                assert!(store.status().live_bytes <= store.status().disk_bytes);
            }
            other => model.step(other),
        }
    }
    model.reached
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_batches_comes_back_as_it_was(steps in vec(step(), 1..120)) {
        run(steps);
    }
}

/// The sequences above are worth nothing if they miss a kind of change.
#[test]
fn a_long_sequence_reaches_every_kind_of_change() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = vec(step(), 800).new_tree(&mut runner).unwrap().current();
    assert_eq!(run(steps).len(), 13);
}
