//! Everything at its largest fits what it travels in.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

#[path = "vectors/fixtures.rs"]
#[expect(dead_code, reason = "shared with the vectors")]
mod fixtures;

use bincode::Encode;
use fixtures::{Writer, bytes32, list, network, secret, sorted_keys, text};
use lyceum_protocol::bounded::{BoundedBytes, BoundedVec, SharedBytes};
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::{Certificate, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, Lists, MemberRow, Params, SealedRow, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::SignatureType;
use lyceum_protocol::entry::header::Header;
use lyceum_protocol::entry::protocol_kinds::{Disclose, Erase, Grant, NodeRecord};
use lyceum_protocol::fork::{FORK_PROOF_MAX, ForkProof};
use lyceum_protocol::frontier::{DocsItem, FrontierItem};
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, MotionId, NetworkId, ObjectId, OrgId, TreeHead};
use lyceum_protocol::key::SignatureBytes;
use lyceum_protocol::limits;
use lyceum_protocol::receipt::{Receipt, SignedReceipt};
use lyceum_protocol::sync::message::{
    Answer, BUCKETS_MAX, Gossip, Hello, ITEMS_MAX, RefusalCode, Reply, Request, Set, TravellingBody,
    TravellingDocument, TravellingEntry, TravellingHeader, TravellingPayload, TravellingSignature, You,
};
use lyceum_protocol::sync::serve;

const SIG: SignatureBytes = SignatureBytes([7; 64]);

fn len(value: &impl Encode) -> usize {
    codec::encode(value).len()
}

fn payload_len(content: &impl Encode) -> usize {
    limits::SALT_LEN + len(content)
}

fn header_max() -> BoundedBytes<{ limits::HEADER_MAX }> {
    BoundedBytes::new(vec![7; limits::HEADER_MAX]).unwrap()
}

fn ids<T: Ord>(count: usize, make: impl Fn([u8; 32]) -> T) -> Vec<T> {
    let mut ids: Vec<T> = (0..count).map(|n| make(bytes32(&n.to_string()))).collect();
    ids.sort_unstable();
    ids
}

fn pins() -> Vec<Pin> {
    ids(limits::PINS_MAX, LogId).into_iter().map(|log| Pin { log, len: u64::MAX, head: EntryId([1; 32]) }).collect()
}

fn entry(payload: usize) -> TravellingEntry {
    let payload = TravellingPayload::Present(SharedBytes::new(vec![7; payload]).unwrap());
    TravellingEntry { header: header_max(), sig: SIG, payload }
}

fn fork_proof() -> ForkProof {
    ForkProof { header_a: header_max(), sig_a: SIG, header_b: header_max(), sig_b: SIG }
}

fn receipt() -> SignedReceipt {
    let receipt = Receipt {
        log: LogId([1; 32]),
        len: u64::MAX,
        head: EntryId([1; 32]),
        payload_gaps: u32::MAX,
        time: u64::MAX,
        store: u64::MAX,
        signer: [1; 32],
    };
    SignedReceipt { receipt, sig: SIG }
}

/// E1, E8: the header's own maximum is that of its fields.
#[test]
fn a_header_is_141_bytes_and_ext() {
    let header = |ext: usize| {
        let log = Writer::new(network(), &SECRET, 1, CertificateId([1; 32])).with(1);
        Header { ext: BoundedBytes::new(vec![7; ext]).unwrap(), ..log.entries[0].header().clone() }
    };
    static SECRET: std::sync::LazyLock<lyceum_protocol::key::SecretKey> = std::sync::LazyLock::new(|| secret("author"));
    assert_eq!(len(&header(0)), limits::HEADER_MIN);
    assert_eq!(len(&header(limits::EXT_MAX)), limits::HEADER_MAX);
    assert!(Header::read(&codec::encode(&header(limits::EXT_MAX))).is_ok());
}

/// E7, E14 to E17: contents of the protocol kinds fit a payload of 20 KiB.
#[test]
fn contents_of_protocol_kinds_fit_their_payload() {
    let max = usize::try_from(limits::PROTOCOL_PAYLOAD_MAX).unwrap();
    let targets = ids(limits::ERASE_TARGETS_MAX, EntryId);
    let erase = Erase {
        targets: list(targets.clone()),
        still_superseded: list(targets),
        reason: text(&"r".repeat(limits::ERASE_REASON_MAX)),
    };
    let grant = Grant { target: EntryId([1; 32]), age: BoundedBytes::new(vec![7; limits::GRANT_MAX]).unwrap() };
    let disclose = Disclose { target: EntryId([1; 32]), secret: [1; 32], marking: 1 };
    let record = NodeRecord {
        addresses: list(vec![text(&"a".repeat(limits::ADDRESS_MAX)); limits::ADDRESSES_MAX]),
        version: text(&"v".repeat(limits::VERSION_MAX)),
    };
    for found in [payload_len(&erase), payload_len(&grant), payload_len(&disclose), payload_len(&record)] {
        assert!(found <= max, "{found} bytes");
    }
}

fn certificate_max() -> Certificate {
    let label = text(&"l".repeat(limits::LABEL_MAX));
    let keys = sorted_keys((0..limits::KEYS_MAX).map(|n| format!("node {n}")));
    let listed = |key| ListedKey { key, roles: Roles(7), label: label.clone() };
    Certificate {
        number: u32::MAX,
        prev: CertificateId([1; 32]),
        time: u64::MAX,
        name: text(&"n".repeat(limits::NAME_MAX)),
        domain: text(&"d".repeat(limits::DOMAIN_MAX)),
        contact: text(&"c".repeat(limits::CONTACT_MAX)),
        root_keys: list(sorted_keys((0..limits::ROOT_KEYS_MAX).map(|n| format!("root {n}")))),
        root_k: 5,
        keys: list(keys.into_iter().map(listed).collect()),
        voting_key: secret("voting").public(),
        enc_keys: list(vec![[1; 32]; limits::ENC_KEYS_MAX]),
        closed: list(pins()),
    }
}

/// D1: a certificate with everything in it is one.
#[test]
fn the_largest_certificate_is_read() {
    let certificate = certificate_max();
    assert!(len(&certificate) <= limits::CERTIFICATE_MAX);
    certificate.into_object().unwrap();
}

/// Voters and rows of members are the same organisations; so many rows that both lists together fill their bound.
fn charter_max() -> (Charter, Lists) {
    let orgs = ids(10_000, OrgId);
    let voters: Vec<Voter> = (0..)
        .zip(&orgs)
        .take(limits::VOTERS_MAX)
        .map(|(n, org)| Voter { org: *org, key: secret(&format!("voting {n}")).public() })
        .collect();
    let members: Vec<MemberRow> =
        orgs.iter().map(|org| MemberRow { org: *org, certificate: CertificateId([1; 32]) }).collect();
    let room = limits::LISTS_MAX - 16 - 64 * members.len();
    let sealed: Vec<SealedRow> = ids(room / 65, |id| SealedRow { org: OrgId(id), op: 0, motion: MotionId([1; 32]) });
    let charter = Charter {
        rules: 1,
        epoch: u32::MAX,
        prev: CharterId([1; 32]),
        time: u64::MAX,
        name: text(&"n".repeat(limits::NAME_MAX)),
        purpose: text(&"p".repeat(limits::PURPOSE_MAX)),
        voters: list(voters),
        k: 255,
        members_len: 0,
        members_head: TreeHead::ZERO,
        sealed_len: 0,
        sealed_head: TreeHead::ZERO,
        params: Params { entries_per_day: u32::MAX, bytes_per_day: u64::MAX, attachment_bytes: u64::MAX },
    };
    (charter, Lists { members: list(members), sealed: list(sealed) })
}

fn signatures(count: usize) -> BoundedVec<TravellingSignature, { limits::DOCUMENT_SIGNATURES_MAX }> {
    let signature = |round| TravellingSignature { kind: SignatureType::Charter, key: [1; 32], round, sig: SIG };
    list((0..count).map(|round| signature(u16::try_from(round).unwrap())).collect())
}

/// D4, S1, S12: a charter of 10,000 members with all the signatures there can be is one, and travels.
#[test]
fn the_largest_charter_travels_with_all_its_signatures() {
    let (charter, lists) = charter_max();
    assert!(len(&lists) > limits::LISTS_MAX - 65, "the lists are full");
    let object = charter.into_object(&lists).unwrap();
    let document = TravellingDocument {
        body: TravellingBody::Charter {
            charter: BoundedBytes::new(object.bytes().to_vec()).unwrap(),
            lists: BoundedBytes::new(object.lists_bytes().to_vec()).unwrap(),
        },
        signatures: signatures(limits::DOCUMENT_SIGNATURES_MAX),
    };
    assert!(document.size() >= len(&document), "a page is filled by what documents say of their size");
    let bytes = Answer::Ok(Reply::Docs { documents: list(vec![document]), more: true }).to_bytes();
    assert!(bytes.len() <= limits::FRAME_MAX, "{} bytes", bytes.len());
    assert!(Answer::read(&bytes).is_ok());
    // And so does whatever the bounds of the parts allow.
    let document = TravellingDocument {
        body: TravellingBody::Charter {
            charter: BoundedBytes::new(vec![0; limits::CHARTER_MAX]).unwrap(),
            lists: BoundedBytes::new(vec![0; limits::LISTS_MAX]).unwrap(),
        },
        signatures: signatures(limits::DOCUMENT_SIGNATURES_MAX),
    };
    let bytes = Answer::Ok(Reply::Docs { documents: list(vec![document]), more: true }).to_bytes();
    assert!(bytes.len() <= limits::FRAME_MAX && Answer::read(&bytes).is_ok());
}

/// M11, S12: the most signatures that rules keep on one document of each kind, and that they travel with it.
#[test]
fn no_document_outgrows_its_page_by_its_signatures() {
    // Root keys of the version itself, of its predecessor too where it has one.
    let later_certificate = 2 * limits::ROOT_KEYS_MAX;
    // Possession of what the effective chain lists and of some others, some more of keys that only this node needs,
    // redemptions of Invites in force, of sealed ones, and of ones that are not known.
    let certificate_0 = limits::ROOT_KEYS_MAX
        + limits::POSSESSIONS_KEPT
        + limits::POSSESSIONS_KEPT_ASIDE
        + limits::INVITES_IN_FORCE
        + limits::SEALED_REDEMPTIONS_KEPT
        + limits::OWN_REDEMPTIONS_KEPT;
    // Of every voter of the charter and of its predecessor the highest rounds, and the round that certifies it.
    let charter = 2 * limits::VOTERS_MAX * limits::CHARTER_SIGNATURES_PER_VOTER + 2 * limits::VOTERS_MAX;
    // One approval of every voter of its epoch.
    let motion = limits::VOTERS_MAX;
    const { assert!(limits::POSSESSIONS_KEPT > limits::CHAIN_KEYS_MAX, "an effective chain can show all its keys") };
    let page = limits::PAGE_MAX - 64;
    for (body, signatures, page) in [
        (limits::CERTIFICATE_MAX, later_certificate, page),
        (limits::CERTIFICATE_MAX, certificate_0, page),
        (limits::MOTION_MAX, motion, page),
        (limits::CHARTER_MAX + limits::LISTS_MAX, charter, limits::FRAME_MAX - 64),
    ] {
        assert!(signatures <= limits::DOCUMENT_SIGNATURES_MAX, "{signatures} signatures");
        let size = body + 64 + signatures * limits::TRAVELLING_SIGNATURE;
        assert!(size <= page, "{size} bytes");
    }
}

/// M1, M2: every kind of motion at its largest is one.
#[test]
fn the_largest_motions_are_read() {
    let (org, certificate) = (OrgId([1; 32]), CertificateId([1; 32]));
    let operations = [
        Operation::Admit { org, certificate },
        Operation::Invite { key: secret("invite").public() },
        Operation::Remove { org, certificate, pins: list(pins()) },
        Operation::Settle { org, certificate, round: u32::MAX },
        Operation::Erase { targets: list(ids(limits::ERASE_TARGETS_MAX, EntryId)) },
    ];
    for op in operations {
        let motion = Motion {
            epoch: CharterId([1; 32]),
            proposer: OrgId([1; 32]),
            time: u64::MAX,
            reason: text(&"r".repeat(limits::PURPOSE_MAX)),
            op,
        };
        assert!(len(&motion) <= limits::MOTION_MAX);
        motion.into_object().unwrap();
    }
}

/// L8, R1: fork proofs and receipts have the sizes that are stated.
#[test]
fn fork_proofs_and_receipts_have_their_sizes() {
    assert_eq!(len(&fork_proof()), FORK_PROOF_MAX);
    assert_eq!(FORK_PROOF_MAX, 1_450);
    assert_eq!((len(&receipt().receipt), len(&receipt())), (124, 188));
}

fn hello() -> Hello {
    Hello {
        versions: list((0..8).collect()),
        network: NetworkId([1; 32]),
        org: OrgId([1; 32]),
        certificate: CertificateId([1; 32]),
        checkpoint: CharterId([1; 32]),
        checkpoint_epoch: u32::MAX,
        adopted: CharterId([1; 32]),
        docs_root: [1; 32],
        digest: [1; 32],
        state_root: [1; 32],
        boot: u64::MAX,
    }
}

fn items(count: usize) -> Vec<FrontierItem> {
    let item = |log| FrontierItem { log, good_len: u64::MAX, head: EntryId([1; 32]), fork: u64::MAX };
    ids(count, LogId).into_iter().map(item).collect()
}

/// S1, S2: every request at its largest fits its frame.
#[test]
fn the_largest_requests_fit_their_frame() {
    let log = LogId([1; 32]);
    let head = EntryId([1; 32]);
    let requests = [
        Request::Hello(hello()),
        Request::Digest { set: Set::Frontier, bits: 12 },
        Request::Items { set: Set::Frontier, bits: 12, buckets: list((0..4_096).collect()), after: Some([1; 32]) },
        Request::Docs { ids: list(ids(limits::DOCS_IDS_MAX, ObjectId)) },
        Request::Entries { log, len: u64::MAX, head, from: u64::MAX, max_bytes: u32::MAX },
        Request::Headers { log, seqs: list((0..64).collect()) },
        Request::Payloads { ids: list(ids(limits::ASK_MAX, EntryId)) },
        Request::Receipt { log },
        Request::Proofs { logs: list(ids(limits::ASK_MAX, LogId)) },
        Request::Changed { items: list(items(limits::CHANGED_MAX)), docs_root: [1; 32] },
    ];
    for request in requests {
        let bytes = request.to_bytes();
        assert!(bytes.len() <= limits::REQUEST_MAX, "{}: {} bytes", request.name(), bytes.len());
        assert_eq!(Request::read(&bytes), Ok(request));
    }
}

/// S1, S3: every answer that is not filled up to a page fits one at its largest.
#[test]
fn the_largest_answers_fit_a_page() {
    let docs_item = |id| DocsItem { id, signatures: [1; 32] };
    let docs_items = ids(ITEMS_MAX, ObjectId).into_iter().map(docs_item).collect();
    let header = TravellingHeader { header: header_max(), sig: SIG };
    let payload = entry(limits::PAYLOAD_MAX as usize).payload;
    let certificate = TravellingDocument {
        body: TravellingBody::Certificate(BoundedBytes::new(vec![0; limits::CERTIFICATE_MAX]).unwrap()),
        signatures: signatures(limits::DOCUMENT_SIGNATURES_MAX),
    };
    let motion = TravellingDocument {
        body: TravellingBody::Motion(BoundedBytes::new(vec![0; limits::MOTION_MAX]).unwrap()),
        signatures: signatures(limits::DOCUMENT_SIGNATURES_MAX),
    };
    let mut documents = vec![certificate, motion];
    documents.sort_by_key(TravellingDocument::id);
    let replies = [
        Reply::Hello { hello: hello(), you: You::Seated },
        Reply::Digest { hashes: list(vec![[1; 32]; BUCKETS_MAX]) },
        Reply::DocsItems { items: list(docs_items), more: true },
        Reply::FrontierItems { items: list(items(ITEMS_MAX)), more: true },
        Reply::Docs { documents: list(documents), more: true },
        Reply::Entries { entries: list(vec![entry(limits::PAYLOAD_MAX as usize); 3]) },
        Reply::Headers { headers: list(vec![header; limits::ASK_MAX]) },
        Reply::Payloads { payloads: list(vec![payload; 3]) },
        Reply::Receipt { receipt: receipt() },
        Reply::Proofs { proofs: list(vec![fork_proof(); limits::ASK_MAX]) },
        Reply::Changed,
    ];
    for reply in replies {
        let answer = Answer::Ok(reply);
        let bytes = answer.to_bytes();
        assert!(bytes.len() <= limits::PAGE_MAX, "{} bytes", bytes.len());
        assert_eq!(Answer::read(&bytes), Ok(answer));
    }
    let refusal = Answer::refused(RefusalCode::Unavailable, &"ä".repeat(limits::DETAIL_MAX));
    assert_eq!(Answer::read(&refusal.to_bytes()), Ok(refusal));
}

/// S13: a page is cut by its number of entries too: many small ones are served, not refused.
#[test]
fn a_page_of_many_small_entries_is_cut() {
    let header = BoundedBytes::new(vec![7; limits::HEADER_MIN]).unwrap();
    let small = TravellingEntry { header, sig: SIG, payload: TravellingPayload::Erased };
    let page = serve::page(std::iter::repeat_n(small, 10_000));
    assert_eq!(page.len(), 4_096);
}

/// S1, S13: a page of entries of any size stays within 1,048,576 bytes, tags and counts included.
#[test]
fn a_page_of_entries_is_never_above_its_bound() {
    for payload in [16, 1_000, 100_000, 261_397, 261_398, 261_399, limits::PAYLOAD_MAX as usize] {
        let entries = serve::page(std::iter::repeat_n(entry(payload), 5_000));
        assert!(entries.len() >= 3, "{payload}");
        let bytes = Answer::Ok(Reply::Entries { entries }).to_bytes();
        assert!(bytes.len() <= limits::PAGE_MAX, "{} bytes", bytes.len());
    }
}

/// S21: what may ride in gossip fits its message.
#[test]
fn the_largest_gossip_fits_a_message() {
    let proof = Gossip::Proof(fork_proof());
    let id = Gossip::DocumentId(ObjectId([1; 32]));
    for message in [Gossip::Entry(entry(limits::GOSSIP_PAYLOAD_MAX)), proof, id] {
        let bytes = message.to_bytes();
        assert!(bytes.len() <= limits::GOSSIP_MAX, "{} bytes", bytes.len());
        assert_eq!(Gossip::read(&bytes), Ok(message));
    }
    let motion = TravellingDocument {
        body: TravellingBody::Motion(BoundedBytes::new(vec![0; limits::GOSSIP_DOCUMENT_MAX]).unwrap()),
        signatures: signatures(limits::VOTERS_MAX),
    };
    let bytes = Gossip::Documents(list(vec![motion])).to_bytes();
    assert!(bytes.len() <= limits::GOSSIP_MAX, "a document of 32 KiB with a signature of every voter");
}
