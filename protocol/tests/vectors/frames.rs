//! Frames of sync, gossip messages, buckets.

use lyceum_protocol::bounded::{BoundedBytes, BoundedVec};
use lyceum_protocol::codec;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::frontier::{DocsItem, FrontierItem, NO_FORK};
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, NetworkId, ObjectId, OrgId};
use lyceum_protocol::receipt::Receipt;
use lyceum_protocol::sync::message::{
    Answer, Gossip, Hello, RefusalCode, Reply, Request, Set, TravellingBody, TravellingDocument, TravellingEntry,
    TravellingHeader, TravellingPayload, You,
};
use serde_json::{Value, json};

use crate::case::{Cases, Verdict, hex};
use crate::fixtures::{
    Org, Signed, Writer, approved, bytes32, founding, list, motion, network, secret, signed_charter,
};

pub(crate) fn frame(body: &[u8]) -> Value {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    json!({ "frame": hex([&len, body].concat()) })
}

fn hello() -> Hello {
    Hello {
        versions: list(vec![1]),
        network: network(),
        org: OrgId(bytes32("org")),
        certificate: CertificateId(bytes32("version")),
        checkpoint: CharterId(bytes32("checkpoint")),
        checkpoint_epoch: 3,
        adopted: CharterId(bytes32("adopted")),
        docs_root: bytes32("docs root"),
        digest: bytes32("digest"),
        state_root: bytes32("state root"),
        boot: 0x0102_0304_0506_0708,
    }
}

fn item(n: u64) -> FrontierItem {
    FrontierItem {
        log: LogId(bytes32(&format!("log {n}"))),
        good_len: n,
        head: EntryId(bytes32("head")),
        fork: NO_FORK,
    }
}

fn ids<T: Ord>(count: usize, make: impl Fn([u8; 32]) -> T) -> Vec<T> {
    let mut ids: Vec<T> = (0..count).map(|n| make(bytes32(&format!("id {n}")))).collect();
    ids.sort_unstable();
    ids
}

fn written() -> Writer<'static> {
    let author = Box::leak(Box::new(secret("author")));
    Writer::new(network(), author, 5, CertificateId(bytes32("certificate"))).with(3)
}

pub(crate) fn travelling(signed: &Signed) -> TravellingDocument {
    TravellingDocument::with(&signed.object, signed.signatures.iter()).unwrap()
}

fn travelling_documents() -> Vec<TravellingDocument> {
    let founder = Org::new("Founder", 2);
    let (charter, lists) = founding(&founder);
    let charter = charter.into_object(&lists).unwrap();
    let admit = motion(charter.id(), &founder, Operation::Invite { key: secret("invite").public() });
    let mut documents: Vec<TravellingDocument> = founder.opening().iter().map(travelling).collect();
    documents.push(travelling(&signed_charter(&charter, 0, &[&founder])));
    documents.push(travelling(&approved(NetworkId::from(charter.id()), &admit, &[&founder])));
    documents.sort_by_key(TravellingDocument::id);
    documents
}

/// Frontier items of different logs, ascending.
fn items(count: u64) -> Vec<FrontierItem> {
    let mut items: Vec<FrontierItem> = (0..count).map(item).collect();
    items.sort_by_key(|item| item.log);
    items
}

/// Documents without signatures and as small as can be told apart, ascending.
fn small_documents(count: u16) -> Vec<TravellingDocument> {
    let small = |n: u16| TravellingDocument {
        body: TravellingBody::Motion(BoundedBytes::new(n.to_le_bytes().to_vec()).unwrap()),
        signatures: BoundedVec::empty(),
    };
    let mut documents: Vec<TravellingDocument> = (0..count).map(small).collect();
    documents.sort_by_key(TravellingDocument::id);
    documents
}

/// Two of a list, and the second before the first or twice.
fn disordered<T: Clone>(two: &[T]) -> [(&'static str, Vec<T>); 2] {
    let [one, other] = two else { panic!("two of a list") };
    [("descending", vec![other.clone(), one.clone()]), ("twice", vec![other.clone(), other.clone()])]
}

fn proof() -> lyceum_protocol::fork::ForkProof {
    let one = written();
    let mut other = one.parted_at(1);
    other.write(lyceum_protocol::entry::Kind::PUBLICATION, b"{}");
    let proof = VerifiedForkProof::of(&one.entries[1], &other.entries[1], &secret("author").public()).unwrap();
    proof.proof().clone()
}

pub(crate) fn requests() -> Cases {
    let mut cases = Cases::default();
    let log = LogId(bytes32("log"));
    let in_buckets = |set, bits, buckets: Vec<u32>, after| Request::Items { set, bits, buckets: list(buckets), after };
    let all = [
        ("hello", "S4", Request::Hello(hello())),
        ("digest of the documents", "S10", Request::Digest { set: Set::Docs, bits: 0 }),
        ("digest of the frontier", "S10", Request::Digest { set: Set::Frontier, bits: 12 }),
        ("items", "S11", in_buckets(Set::Frontier, 8, vec![0, 7, 255], None)),
        ("items after one", "S11", in_buckets(Set::Docs, 0, vec![0], Some(bytes32("after")))),
        ("items of all buckets", "S11", in_buckets(Set::Docs, 12, (0..4096).collect(), None)),
        ("docs", "S12", Request::Docs { ids: list(ids(256, ObjectId)) }),
        (
            "entries",
            "S13",
            Request::Entries { log, len: 9, head: EntryId(bytes32("head")), from: 4, max_bytes: 1 << 20 },
        ),
        ("headers", "S14", Request::Headers { log, seqs: list((0..64).collect()) }),
        ("payloads", "S15", Request::Payloads { ids: list(ids(64, EntryId)) }),
        ("receipt", "S16", Request::Receipt { log }),
        ("proofs", "S17", Request::Proofs { logs: list(ids(64, LogId)) }),
        ("changed", "S18", { Request::Changed { items: list(items(512)), docs_root: bytes32("docs root") } }),
    ];
    for (name, rule, request) in &all {
        let body = request.to_bytes();
        cases.valid(rule, "request", *name, frame(&body));
        if body.len() > 1_000 {
            continue;
        }
        cases.invalid("W5", "request", format!("{name} and a byte"), frame(&[body.as_slice(), &[0]].concat()));
        cases.invalid("W5", "request", format!("{name} without its last byte"), frame(&body[..body.len() - 1]));
    }
    let mut raw = |rule, name: &str, body: Vec<u8>| cases.invalid(rule, "request", name, frame(&body));
    raw("W4", "request 10", codec::encode(&10_u32));
    raw("W4", "a set 2", codec::encode(&(1_u32, 2_u32, 8_u8)));
    raw("W2", "an option 2", {
        let mut body = codec::encode(&(2_u32, 0_u32, 8_u8, Vec::<u32>::new(), 2_u8));
        body.extend([0; 32]);
        body
    });
    raw("S2", "257 ids", codec::encode(&(3_u32, ids(257, ObjectId))));
    raw(
        "S2",
        "4,097 buckets",
        codec::encode(&(2_u32, 0_u32, 12_u8, (0..4097).collect::<Vec<u32>>(), None::<[u8; 32]>)),
    );
    raw("S2", "65 numbers", codec::encode(&(5_u32, log, (0..65).collect::<Vec<u64>>())));
    raw("S2", "65 payloads", codec::encode(&(6_u32, ids(65, EntryId))));
    raw("S2", "65 logs", codec::encode(&(8_u32, ids(65, LogId))));
    raw("S2", "513 items", codec::encode(&(9_u32, (0..513).map(item).collect::<Vec<_>>(), [0_u8; 32])));
    raw("S4", "nine versions", {
        let hello = hello();
        let ids = (hello.network, hello.org, hello.certificate, hello.checkpoint, 3_u32, hello.adopted);
        codec::encode(&(0_u32, vec![1_u16; 9], ids, [[1_u8; 32]; 3], 7_u64))
    });
    raw("W6", "announces 2^64 - 1 ids", codec::encode(&(3_u32, u64::MAX)));
    disordered_requests(&mut cases);
    let body = all[0].2.to_bytes();
    let mut framed = |name: &str, frame: Vec<u8>| cases.invalid("S1", "request", name, json!({ "frame": hex(frame) }));
    let len = u32::try_from(body.len()).unwrap();
    framed("a frame without bytes", vec![]);
    framed("a length of three bytes", vec![0, 0, 0]);
    framed("a little-endian length", [&len.to_le_bytes()[..], &body].concat());
    framed("a length one too great", [&(len + 1).to_be_bytes()[..], &body].concat());
    framed("a length one too small", [&(len - 1).to_be_bytes()[..], &body].concat());
    framed("a length above 65,536", [&65_537_u32.to_be_bytes()[..], &[0; 65_537]].concat());
    framed("a length of 2^32 - 1", [&u32::MAX.to_be_bytes()[..], &body].concat());
    cases
}

fn disordered_requests(cases: &mut Cases) {
    let log = LogId(bytes32("log"));
    let mut case = |name: String, request: Request| {
        cases.invalid("S2", "request", name, frame(&request.to_bytes()));
    };
    for (how, versions) in disordered(&[1, 2]) {
        case(format!("versions {how}"), Request::Hello(Hello { versions: list(versions), ..hello() }));
    }
    for (how, buckets) in disordered(&[1, 7]) {
        let request = Request::Items { set: Set::Docs, bits: 8, buckets: list(buckets), after: None };
        case(format!("buckets {how}"), request);
    }
    for (how, ids) in disordered(&ids(2, ObjectId)) {
        case(format!("ids of documents {how}"), Request::Docs { ids: list(ids) });
    }
    for (how, seqs) in disordered(&[3, 1 << 40]) {
        case(format!("numbers {how}"), Request::Headers { log, seqs: list(seqs) });
    }
    for (how, ids) in disordered(&ids(2, EntryId)) {
        case(format!("ids of payloads {how}"), Request::Payloads { ids: list(ids) });
    }
    for (how, logs) in disordered(&ids(2, LogId)) {
        case(format!("logs {how}"), Request::Proofs { logs: list(logs) });
    }
    for (how, items) in disordered(&items(2)) {
        case(format!("items {how}"), Request::Changed { items: list(items), docs_root: bytes32("docs root") });
    }
}

fn disordered_answers(cases: &mut Cases, headers: &[TravellingHeader]) {
    let mut case = |name: String, reply: Reply| {
        cases.invalid("S3", "answer", name, frame(&Answer::Ok(reply).to_bytes()));
    };
    for (how, versions) in disordered(&[1, 2]) {
        let hello = Hello { versions: list(versions), ..hello() };
        case(format!("versions {how}"), Reply::Hello { hello, you: You::Member });
    }
    let docs_items: Vec<DocsItem> =
        ids(2, ObjectId).into_iter().map(|id| DocsItem { id, signatures: bytes32("signatures") }).collect();
    for (how, items) in disordered(&docs_items) {
        case(format!("docs items {how}"), Reply::DocsItems { items: list(items), more: false });
    }
    for (how, items) in disordered(&items(2)) {
        case(format!("frontier items {how}"), Reply::FrontierItems { items: list(items), more: false });
    }
    for (how, documents) in disordered(&small_documents(2)) {
        case(format!("documents {how}"), Reply::Docs { documents: list(documents), more: false });
    }
    for (how, headers) in disordered(&headers[..2]) {
        case(format!("headers {how}"), Reply::Headers { headers: list(headers) });
    }
    let with_signatures = travelling_documents().into_iter().find(|document| document.signatures.len() > 1).unwrap();
    for (how, signatures) in disordered(&with_signatures.signatures[..2]) {
        let document = TravellingDocument { signatures: list(signatures), ..with_signatures.clone() };
        case(format!("signatures on a document {how}"), Reply::Docs { documents: list(vec![document]), more: false });
    }
}

pub(crate) fn answers() -> Cases {
    let mut cases = Cases::default();
    let log = written();
    let signer = secret("holder");
    let receipt = Receipt {
        log: log.log(),
        len: 3,
        head: log.entries[2].id(),
        payload_gaps: 0,
        time: 1_750_000_000_000,
        store: 42,
        signer: signer.public().to_bytes(),
    };
    let entries: Vec<TravellingEntry> = log.entries.iter().map(TravellingEntry::from).collect();
    let mut absent = entries.clone();
    (absent[0].payload, absent[1].payload) = (TravellingPayload::Erased, TravellingPayload::NotHeld);
    let header = |entry: &TravellingEntry| TravellingHeader { header: entry.header.clone(), sig: entry.sig };
    let docs_item = DocsItem { id: ObjectId(bytes32("document")), signatures: bytes32("signatures") };
    let payloads = vec![entries[0].payload.clone(), TravellingPayload::Erased, TravellingPayload::NotHeld];
    let all = [
        ("hello to a member", "S4", Reply::Hello { hello: hello(), you: You::Member }),
        ("hello to a guest", "S4", Reply::Hello { hello: hello(), you: You::Guest }),
        ("hello to one who is seated", "S4", Reply::Hello { hello: hello(), you: You::Seated }),
        ("digest", "S10", Reply::Digest { hashes: list(vec![bytes32("bucket"); 16]) }),
        ("docs items", "S11", Reply::DocsItems { items: list(vec![docs_item]), more: false }),
        ("frontier items", "S11", Reply::FrontierItems { items: list(items(2)), more: true }),
        ("docs", "S12", Reply::Docs { documents: list(travelling_documents()), more: false }),
        ("no docs", "S12", Reply::Docs { documents: BoundedVec::empty(), more: true }),
        ("entries", "S13", Reply::Entries { entries: list(entries.clone()) }),
        ("entries without payloads", "S13", Reply::Entries { entries: list(absent) }),
        ("headers", "S14", Reply::Headers { headers: list(entries.iter().map(header).collect()) }),
        ("payloads", "S15", Reply::Payloads { payloads: list(payloads) }),
        ("receipt", "S16", Reply::Receipt { receipt: receipt.sign(network(), &signer) }),
        ("proofs", "S17", Reply::Proofs { proofs: list(vec![proof()]) }),
        ("changed", "S18", Reply::Changed),
    ];
    for (name, rule, reply) in all {
        let body = Answer::Ok(reply).to_bytes();
        cases.valid(rule, "answer", name, frame(&body));
        cases.invalid("W5", "answer", format!("{name} and a byte"), frame(&[body.as_slice(), &[0]].concat()));
        cases.invalid("W5", "answer", format!("{name} without its last byte"), frame(&body[..body.len() - 1]));
    }
    use RefusalCode::{
        BadRequest, Busy, MembersOnly, NoCommonVersion, NotAMember, NotHeld, OtherNetwork, Removed, Unavailable,
    };
    let codes =
        [OtherNetwork, NoCommonVersion, Removed, NotAMember, MembersOnly, Busy, NotHeld, BadRequest, Unavailable];
    for code in codes {
        let body = Answer::refused(code, "in words").to_bytes();
        cases.valid("S3", "answer", format!("refused with code {}", code as u32), frame(&body));
    }
    cases.valid("S3", "answer", "the longest detail", frame(&Answer::refused(Busy, &"d".repeat(256)).to_bytes()));
    let mut raw = |rule, name: &str, body: Vec<u8>| cases.invalid(rule, "answer", name, frame(&body));
    raw("S3", "a detail of 257 bytes", codec::encode(&(1_u32, 5_u32, "d".repeat(257))));
    raw("W4", "refused with code 9", codec::encode(&(1_u32, 9_u32, String::new())));
    raw("W4", "answer 2", codec::encode(&2_u32));
    raw("W4", "reply 11", codec::encode(&(0_u32, 11_u32)));
    raw("W2", "more is 2", codec::encode(&(0_u32, 2_u32, 0_u64, 2_u8)));
    raw("W6", "announces 13,001 items", codec::encode(&(0_u32, 3_u32, 13_001_u64)));
    raw("W6", "announces 13,000 items and has none", codec::encode(&(0_u32, 3_u32, 13_000_u64)));
    raw(
        "W6",
        "a payload announces 262,144 bytes and has none",
        codec::encode(&(0_u32, 7_u32, 1_u64, 0_u32, 262_144_u64)),
    );
    raw("S15", "a payload of 262,145 bytes", codec::encode(&(0_u32, 7_u32, 1_u64, 0_u32, vec![0_u8; 262_145])));
    let counted = |reply: u32, count: usize, item: &[u8]| {
        let start = codec::encode(&(0_u32, reply, count as u64));
        [start.as_slice(), &item.repeat(count)].concat()
    };
    let documents = |count: u16| codec::encode(&(0_u32, 4_u32, small_documents(count), false));
    raw("S12", "257 documents", documents(257));
    assert!(Answer::read(&documents(256)).is_ok(), "256 documents");
    // Headers, payloads and proofs without bytes.
    for (rule, name, reply, most, item) in [
        ("S14", "headers", 6, 64, &[0; 72][..]),
        ("S15", "payloads", 7, 64, &[1, 0, 0, 0]),
        ("S17", "proofs", 9, 64, &[0; 144]),
    ] {
        raw(rule, &format!("{} {name}", most + 1), counted(reply, most + 1, item));
        assert!(Answer::read(&counted(reply, most, item)).is_ok(), "{most} {name}");
    }
    disordered_answers(&mut cases, &entries.iter().map(header).collect::<Vec<_>>());
    let mut raw = |rule, name: &str, body: Vec<u8>| cases.invalid(rule, "answer", name, frame(&body));
    raw("S4", "what one is taken for is 3", {
        let mut body = Answer::Ok(Reply::Hello { hello: hello(), you: You::Seated }).to_bytes();
        let tag = body.len() - 4;
        body[tag] = 3;
        body
    });
    raw("S12", "a signature of type 5", {
        let signature = (1_u64, 5_u32, [1_u8; 32], 0_u16, [7_u8; 32], [7_u8; 32]);
        codec::encode(&(0_u32, 4_u32, 1_u64, 2_u32, 0_u64, signature, false))
    });
    raw("S12", "a certificate of 65,537 bytes", {
        codec::encode(&(0_u32, 4_u32, 1_u64, 0_u32, vec![0_u8; 65_537], 0_u64, false))
    });
    raw("S13", "a header of 654 bytes", codec::encode(&(0_u32, 5_u32, 1_u64, vec![0_u8; 654], [0_u8; 64], 1_u32)));
    cases.invalid("S1", "answer", "a length above 1,179,648", {
        json!({ "frame": hex([&1_179_649_u32.to_be_bytes()[..], &codec::encode(&(0_u32, 10_u32))].concat()) })
    });
    cases
}

pub(crate) fn gossip() -> Cases {
    let mut cases = Cases::default();
    let log = written();
    let mut case = |rule, verdict, name: &str, data: Vec<u8>| {
        cases.add(rule, "gossip", verdict, name, json!({ "network": hex(network().0), "data": hex(data) }));
    };
    use Verdict::{Invalid, Valid};
    let entry = Gossip::Entry(TravellingEntry::from(&log.entries[0])).to_bytes();
    case("S21", Valid, "entry", entry.clone());
    case("S21", Valid, "documents", Gossip::Documents(list(travelling_documents())).to_bytes());
    case("S21", Valid, "document id", Gossip::DocumentId(ObjectId(bytes32("document"))).to_bytes());
    case("S21", Valid, "proof", Gossip::Proof(proof()).to_bytes());
    case("W5", Invalid, "entry and a byte", [entry.as_slice(), &[0]].concat());
    case("W5", Invalid, "entry without its last byte", entry[..entry.len() - 1].to_vec());
    case("W4", Invalid, "message 4", codec::encode(&(4_u32, [0_u8; 32])));
    case("S21", Valid, "eight documents", codec::encode(&(1_u32, small_documents(8))));
    case("S21", Invalid, "nine documents", codec::encode(&(1_u32, small_documents(9))));
    for (how, documents) in disordered(&small_documents(2)) {
        case("S21", Invalid, &format!("documents {how}"), codec::encode(&(1_u32, documents)));
    }
    let large = |len: usize| {
        let header = log.entries[0].header_bytes().to_vec();
        codec::encode(&(0_u32, header, log.entries[0].signature(), 0_u32, vec![7_u8; len]))
    };
    let around = large(0).len();
    case("S21", Valid, "a message of 98,304 bytes", large(98_304 - around));
    case("S21", Invalid, "a message of 98,305 bytes", large(98_305 - around));
    for (topic, data) in [("", &b""[..]), ("lyceum/1/00/entry", b"x"), ("lyceum/1/00/entr", b"yx")] {
        let given = json!({ "topic": topic, "data": hex(data) });
        cases.valid("S22", "gossip_id", format!("{} bytes on topic '{topic}'", data.len()), given);
    }
    cases
}

pub(crate) fn buckets() -> Cases {
    let mut cases = Cases::default();
    let items: Vec<Value> = (0..100)
        .map(|n| {
            let mut item = [0; 80];
            item[..32].copy_from_slice(&bytes32(&format!("item {n}")));
            item[32..40].copy_from_slice(&u64::to_le_bytes(n));
            hex(item)
        })
        .collect();
    for bits in [0, 1, 4, 8, 11, 12] {
        cases.valid("S5", "buckets", format!("100 items in 2^{bits} buckets"), json!({ "items": items, "bits": bits }));
    }
    cases.valid("S6", "buckets", "no item", json!({ "items": [], "bits": 8 }));
    cases.valid("S6", "buckets", "the first and the last bucket", {
        json!({ "items": [hex([0; 80]), hex([0xff; 80])], "bits": 8 })
    });
    for n in [0, 63, 64, 100, 136, 137, 273, 546, 547, 5_000, 139_810, 139_811, 559_240, 1_000_000, 100_000_000] {
        cases.valid("S11", "bits_for", format!("{n} items"), json!({ "items": n }));
    }
    cases
}
