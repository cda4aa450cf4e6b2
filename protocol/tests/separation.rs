//! Ids cover every byte of what they name, and nothing signed as one thing counts as another.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

#[path = "vectors/fixtures.rs"]
#[expect(dead_code, reason = "shared with the vectors")]
mod fixtures;

use std::collections::BTreeSet;

use fixtures::{Org, Signed, Writer, approved, bytes32, founding, list, motion, network, secret, signed_charter};
use lyceum_protocol::codec;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::document::signature::{SignaturePlace, SignatureType, UntrustedSignature, VerifiedSignature};
use lyceum_protocol::entry::{Payload, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, MotionId, NetworkId, ObjectId, sha256};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::{Domain, SignatureBytes};
use lyceum_protocol::receipt::Receipt;
use lyceum_protocol::sync::check;
use lyceum_protocol::sync::message::TravellingDocument;

/// Every change of one bit, and the bytes with one more or one less.
fn changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let flipped = (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    });
    flipped.chain([bytes[..bytes.len() - 1].to_vec(), [bytes, &[0]].concat()])
}

fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// Holds an id of fixed-width parts to changing with every bit of them.
fn covers(name: &str, bytes: &[u8], id: impl Fn(&[u8]) -> Option<[u8; 32]>) {
    let original = id(bytes).unwrap();
    let mut seen = BTreeSet::from([original]);
    for changed in changed(bytes) {
        if let Some(id) = id(&changed) {
            assert!(seen.insert(id), "{name}: two different inputs have one id");
        }
    }
    assert!(seen.len() > bytes.len() * 8, "{name}: not every bit was tried");
}

/// W7, L1, E10: an id changes with every bit of what it covers.
#[test]
fn ids_change_with_every_bit() {
    covers("entry id", &[7; 128], |bytes| {
        let (network, header, sig) = (array(bytes.get(..32)?)?, array(bytes.get(32..64)?)?, array(bytes.get(64..)?)?);
        Some(EntryId::of(NetworkId(network), &header, &sig).0)
    });
    covers("log id", &[7; 72], |bytes| {
        let incarnation = u64::from_le_bytes(array(bytes.get(32..40)?)?);
        let certificate = CertificateId(array(bytes.get(40..)?)?);
        Some(LogId::of(&array(bytes.get(..32)?)?, incarnation, certificate).0)
    });
    let org = Org::new("Lab", 2);
    covers("certificate id", org.zero.bytes(), |bytes| Some(CertificateId::of(bytes).0));
    covers("charter id", org.zero.bytes(), |bytes| Some(CharterId::of(bytes).0));
    covers("motion id", org.zero.bytes(), |bytes| Some(MotionId::of(bytes).0));
    let zero = org.zero.bytes();
    let one_input = [CertificateId::of(zero).0, CharterId::of(zero).0, MotionId::of(zero).0, sha256(&[zero])];
    assert_eq!(BTreeSet::from(one_input).len(), 4, "the type is part of an id");
}

/// W7, D8: the id of a signature covers its place and not its bytes.
#[test]
fn signature_ids_cover_the_place() {
    let keys = ["a", "b"].map(|name| secret(name).public());
    let mut ids = BTreeSet::new();
    let mut places = 0;
    for kind in [SignatureType::Certificate, SignatureType::Charter, SignatureType::Approval] {
        for target in [1, 2] {
            for key in keys {
                for round in [0, 1, 256] {
                    let place = SignaturePlace { kind, target: ObjectId([target; 32]), key, round };
                    ids.insert(place.id());
                    places += 1;
                }
            }
        }
    }
    assert_eq!(ids.len(), places);
}

/// L2, L3: the tree head changes with every bit of every entry below, their order and their number.
#[test]
fn history_covers_every_entry() {
    let ids: Vec<u8> = (0..5).flat_map(|n| bytes32(&format!("entry {n}"))).collect();
    covers("history", &ids, |bytes| {
        let (leaves, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| Tree::of(leaves.iter().map(<[u8; 32]>::as_slice)).head().0)
    });
    let head = |order: &[usize]| Tree::of(order.iter().map(|n| &ids[n * 32..(n + 1) * 32])).head();
    let heads =
        BTreeSet::from([head(&[0, 1, 2]), head(&[1, 0, 2]), head(&[0, 1]), head(&[0, 1, 2, 3]), head(&[0, 2, 1])]);
    assert_eq!(heads.len(), 5);
}

const DOMAINS: [Domain; 7] = [
    Domain::Entry,
    Domain::Receipt,
    Domain::Certificate,
    Domain::Key,
    Domain::Charter,
    Domain::Approval,
    Domain::Invite,
];

/// W9, W11: of all types, networks, targets and keys a signature holds for its own alone; for documents the network is
/// no part of it.
#[test]
fn a_signature_holds_for_one_type_network_target_and_key() {
    let keys = ["a", "b"].map(secret);
    let networks = [network(), NetworkId(bytes32("another network")), NetworkId::ZERO];
    let targets = [bytes32("target"), bytes32("another target")];
    for (signed_as, signed_in) in DOMAINS.into_iter().flat_map(|domain| networks.map(|network| (domain, network))) {
        let sig = keys[0].sign(signed_as, signed_in, &targets[0]);
        for domain in DOMAINS {
            for network in networks {
                for target in targets {
                    for key in &keys {
                        let same_network = network == signed_in || !domain.in_network();
                        let same = domain == signed_as && same_network && target == targets[0];
                        let expected = same && key.public() == keys[0].public();
                        let holds = key.public().verifies(domain, network, &target, &sig);
                        assert_eq!(holds, expected, "{signed_as:?} in {signed_in:?} as {domain:?} in {network:?}");
                    }
                }
            }
        }
    }
}

struct Corpus {
    network: NetworkId,
    entries: Vec<VerifiedEntry>,
    proof: ForkProof,
    receipt: lyceum_protocol::receipt::SignedReceipt,
    /// Approvals and redemptions.
    bound: Vec<UntrustedSignature>,
    /// Signatures on documents.
    free: Vec<UntrustedSignature>,
    motion: TravellingDocument,
}

/// One organisation with one set of keys, in the alliance that it founded with this name.
fn corpus(alliance: &str) -> Corpus {
    let org = Org::new("In two alliances", 1);
    let (mut charter, lists) = founding(&org);
    charter.prev = CharterId(bytes32(alliance));
    let charter = charter.into_object(&lists).unwrap();
    let network = NetworkId::from(charter.id());
    let node = &org.nodes[0];
    let log = Writer::new(network, node, 1, org.zero.id()).with(3);
    let mut twin = log.parted_at(1);
    twin.write(lyceum_protocol::entry::Kind::PUBLICATION, b"{}");
    let proof = VerifiedForkProof::of(&log.entries[1], &twin.entries[1], &node.public()).unwrap().proof().clone();
    let receipt = Receipt {
        log: log.log(),
        len: 3,
        head: log.entries[2].id(),
        payload_gaps: 0,
        time: 1,
        store: 1,
        signer: node.public().to_bytes(),
    };
    let erase = motion(charter.id(), &org, Operation::Erase { targets: list(vec![log.entries[0].id()]) });
    let approval: Signed = approved(network, &erase, &[&org]);
    let invite = secret("invite");
    let redemption = SignaturePlace::redemption(org.id(), invite.public()).sign(network, &invite).unwrap();
    let mut documents = org.opening();
    documents.push(signed_charter(&charter, 0, &[&org]));
    let free = documents.iter().flat_map(|document| &document.signatures);
    let free = free.map(VerifiedSignature::to_untrusted).collect();
    Corpus {
        network,
        entries: log.entries.clone(),
        proof,
        receipt: receipt.sign(network, node),
        bound: vec![approval.signatures[0].to_untrusted(), redemption.to_untrusted()],
        free,
        motion: TravellingDocument::with(&approval.object, approval.signatures.iter()).unwrap(),
    }
}

/// W11: of what an organisation made in one alliance, nothing but the signatures on documents holds in another that it
/// founded with the same keys.
#[test]
fn cross_network_corpus_all_refused() {
    let corpora = ["one alliance", "another alliance"].map(corpus);
    let key = Org::new("In two alliances", 1).nodes[0].public();
    for (at, other) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
        let (made, asked) = (&corpora[at], corpora[other].network);
        let home = at == other;
        for entry in &made.entries {
            assert_eq!(entry.to_untrusted().verify(asked, &key).is_ok(), home);
        }
        assert_eq!(made.proof.clone().verify(asked, &key).is_ok(), home);
        assert_eq!(made.receipt.verify(asked).is_ok(), home);
        for signature in &made.bound {
            assert_eq!(signature.verify(asked).is_ok(), home, "{:?}", signature.place.kind);
        }
        for signature in &made.free {
            assert!(signature.verify(asked).is_ok(), "{:?}", signature.place.kind);
        }
        assert_eq!(check::documents(asked, [&made.motion]).is_ok(), home);
    }
}

/// E9 to E11: no bit of an entry can be changed by whoever relays it.
#[test]
fn no_bit_of_an_entry_can_be_changed() {
    let author = secret("author");
    let entry = Writer::new(network(), &author, 1, CertificateId([1; 32])).with(1).entries.remove(0);
    let Payload::Present(payload) = entry.payload().clone() else { panic!("it was written with its payload") };
    let verify = |header: Vec<u8>, signature: SignatureBytes, payload: Vec<u8>| {
        let entry = UntrustedEntry { header, signature, payload: Payload::Present(payload.into()) };
        entry.verify(network(), &author.public()).is_ok()
    };
    let (header, sig) = (entry.header_bytes().to_vec(), *entry.signature());
    assert!(verify(header.clone(), sig, payload.to_vec()));
    for header in changed(&header) {
        assert!(!verify(header, sig, payload.to_vec()));
    }
    for sig in changed(&sig.0).filter_map(|sig| array(&sig)) {
        assert!(!verify(header.clone(), SignatureBytes(sig), payload.to_vec()));
    }
    for payload in changed(&payload) {
        assert!(!verify(header.clone(), sig, payload));
    }
}

/// D9, R2: no bit of a signature object or of a receipt can be changed.
#[test]
fn no_bit_of_a_signature_object_or_receipt_can_be_changed() {
    let corpus = corpus("one alliance");
    for signature in corpus.bound.iter().chain(&corpus.free) {
        for bytes in changed(&codec::encode(signature)) {
            let read = codec::decode::<UntrustedSignature>(&bytes, 134);
            assert!(read.is_err() || read.unwrap().verify(corpus.network).is_err());
        }
    }
    for bytes in changed(&codec::encode(&corpus.receipt)) {
        let read = codec::decode::<lyceum_protocol::receipt::SignedReceipt>(&bytes, 188);
        assert!(read.is_err() || read.unwrap().verify(corpus.network).is_err());
    }
}
