//! What the code says of a case: a verdict, and what follows from valid bytes.

use lyceum_protocol::buckets::{Buckets, Item, bits_for};
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Certificate;
use lyceum_protocol::document::charter::Charter;
use lyceum_protocol::document::motion::Motion;
use lyceum_protocol::document::signature::UntrustedSignature;
use lyceum_protocol::entry::header::HeaderFault;
use lyceum_protocol::entry::protocol_kinds::{Disclose, Erase, Grant, NodeRecord};
use lyceum_protocol::entry::{EntryFault, Header, Payload, UntrustedEntry, VerifiedEntry};
use lyceum_protocol::fork::ForkProof;
use lyceum_protocol::hash::{CertificateId, LogId, NetworkId, TreeHead, sha256};
use lyceum_protocol::history::{Tree, leaf_hash, verify_consistency, verify_inclusion};
use lyceum_protocol::key::{Domain, PublicKey, SignatureBytes, signed_message};
use lyceum_protocol::limits;
use lyceum_protocol::log::{Fit, Log, Opening};
use lyceum_protocol::publication::Publication;
use lyceum_protocol::receipt::SignedReceipt;
use lyceum_protocol::sync::message::{Answer, Gossip, Reply, Request};
use serde_json::{Value, json};

use crate::case::{Given, Verdict, big, hex, unhex};
use crate::{attachments, facts};

pub(crate) type Judgement = (Verdict, Value);

pub(crate) fn invalid() -> Judgement {
    (Verdict::Invalid, json!({}))
}

pub(crate) fn holds(valid: bool) -> Judgement {
    if valid { (Verdict::Valid, json!({})) } else { invalid() }
}

pub(crate) fn gives<T, E>(result: Result<T, E>, show: impl FnOnce(T) -> Value) -> Judgement {
    result.map_or_else(|_| invalid(), |value| (Verdict::Valid, show(value)))
}

/// Judges one case.
pub(crate) fn judge(check: &str, given: &Value) -> Judgement {
    let given = &Given(given.as_object().unwrap());
    match check {
        "key" => holds(PublicKey::admit(&given.array("key")).is_ok()),
        "signature" => signature(given),
        "header" => header(given),
        "entry" => entry(given),
        "log_id" => {
            let certificate = CertificateId(given.array("certificate"));
            let log = LogId::of(&given.array("key"), given.number("incarnation"), certificate);
            (Verdict::Valid, json!({ "log": hex(log.0) }))
        }
        "tree_head" => {
            let leaves: Vec<Vec<u8>> = given.list("leaves").iter().map(unhex).collect();
            let tree = Tree::of(leaves.iter().map(Vec::as_slice));
            (Verdict::Valid, json!({ "head": hex(tree.head().0) }))
        }
        "inclusion" => {
            let leaf = leaf_hash(&given.bytes("leaf"));
            let (index, len) = (given.number("index"), given.number("len"));
            holds(verify_inclusion(&leaf, index, len, &heads(given, "path"), &TreeHead(given.array("head"))))
        }
        "consistency" => {
            let (old, new) = (TreeHead(given.array("old_head")), TreeHead(given.array("new_head")));
            let (old_len, new_len) = (given.number("old_len"), given.number("new_len"));
            holds(verify_consistency(&old, old_len, &new, new_len, &heads(given, "path")))
        }
        "log_join" => log_join(given),
        "fork_proof" => fork_proof(given),
        "certificate" => gives(Certificate::read(&given.bytes("certificate")), |object| certificate(&object)),
        "charter" => gives(Charter::read(&given.bytes("charter"), &given.bytes("lists")), |object| charter(&object)),
        "motion" => gives(Motion::read(&given.bytes("motion")), |object| motion(&object)),
        "signature_object" => {
            let read = codec::decode::<UntrustedSignature>(&given.bytes("signature"), 134).ok();
            let verified = read.and_then(|untrusted| untrusted.verify(NetworkId(given.array("network"))).ok());
            gives(verified.ok_or(()), |verified| json!({ "id": hex(verified.id().0) }))
        }
        "receipt" => receipt(given),
        "protocol_kind" => protocol_kind(given),
        "publication" => publication(given.text("content")),
        "request" => gives(
            framed(given.get("frame"), limits::REQUEST_MAX).and_then(|body| Request::read(&body).map_err(drop)),
            |request| json!({ "name": request.name() }),
        ),
        "answer" => gives(
            framed(given.get("frame"), limits::FRAME_MAX).and_then(|body| Answer::read(&body).map_err(drop)),
            |answer| json!({ "name": answer_name(&answer) }),
        ),
        "gossip" => gossip(given),
        "gossip_id" => (Verdict::Valid, json!({ "id": hex(gossip_id(given.text("topic"), &given.bytes("data"))) })),
        "buckets" => buckets(given),
        "bits_for" => {
            let items = usize::try_from(given.number("items")).unwrap();
            (Verdict::Valid, json!({ "bits": bits_for(items) }))
        }
        "file" => attachments::file(given),
        "piece" => attachments::piece(given),
        "attachment_request" => attachments::request(given),
        "attachment_answer" => attachments::answer(given),
        "attachment_exchange" => attachments::exchange(given),
        "facts" => facts::facts(given),
        "world" => facts::world(given),
        other => panic!("there is no check {other}"),
    }
}

/// A fault names its field: the reason is in words of the reader's own.
fn publication(content: &str) -> Judgement {
    match Publication::read(content.as_bytes()) {
        Err(fault) => (Verdict::Invalid, json!({ "field": fault.field })),
        Ok(publication) => {
            let models: Vec<&str> = publication.models().iter().map(|model| model.name.as_str()).collect();
            let scores = publication
                .evaluation()
                .map(|evaluation| evaluation.record.results.iter().map(|result| result.score).collect::<Vec<_>>());
            let gives = json!({ "type": publication.kind.name(), "models": models, "scores": scores });
            (Verdict::Valid, gives)
        }
    }
}

fn heads(given: &Given<'_>, name: &str) -> Vec<TreeHead> {
    given.list(name).iter().map(|head| TreeHead(unhex(head).try_into().unwrap())).collect()
}

fn domain(name: &str) -> Domain {
    use Domain::{Approval, Certificate, Charter, Entry, Invite, Key, Receipt};
    let all = [Entry, Receipt, Certificate, Key, Charter, Approval, Invite];
    all.into_iter().find(|domain| domain.name() == name).unwrap()
}

fn signature(given: &Given<'_>) -> Judgement {
    let (domain, network, d) = (domain(given.text("type")), NetworkId(given.array("network")), given.array("d"));
    let sig = SignatureBytes(given.array("sig"));
    let key = PublicKey::admit(&given.array("key"));
    if key.is_ok_and(|key| key.verifies(domain, network, &d, &sig)) {
        (Verdict::Valid, json!({ "message": hex(signed_message(domain, network, &d)) }))
    } else {
        invalid()
    }
}

fn header(given: &Given<'_>) -> Judgement {
    let bytes = given.bytes("header");
    match Header::read(&bytes) {
        Ok(header) => (Verdict::Valid, show_header(&bytes, &header)),
        Err(HeaderFault::UnknownEnvelope(_) | HeaderFault::UnknownSuite(_)) => (Verdict::Unknown, json!({})),
        Err(HeaderFault::Codec(_) | HeaderFault::Field(_)) => invalid(),
    }
}

fn show_header(bytes: &[u8], header: &Header) -> Value {
    json!({
        "hash": hex(sha256(&[bytes])),
        "flags": header.flags,
        "kind": header.kind.0,
        "key": hex(header.key),
        "incarnation": big(header.incarnation),
        "seq": big(header.seq),
        "history": hex(header.history.0),
        "time": big(header.time),
        "payload_len": header.payload_len,
        "payload_hash": hex(header.payload_hash.0),
        "marking": header.marking,
        "ext": hex(&*header.ext),
    })
}

/// An entry out of a case; the payload is hex, or null where it is absent.
pub(crate) fn read_entry(network: NetworkId, given: &Given<'_>) -> Result<VerifiedEntry, EntryFault> {
    let payload = match given.get("payload") {
        Value::Null => Payload::NotHeld,
        bytes => Payload::Present(unhex(bytes).into()),
    };
    let untrusted =
        UntrustedEntry { header: given.bytes("header"), signature: SignatureBytes(given.array("sig")), payload };
    let header = untrusted.read_header()?;
    let key = PublicKey::admit(&header.key).map_err(|_| EntryFault::BadSignature)?;
    untrusted.verify(network, &key)
}

fn entry(given: &Given<'_>) -> Judgement {
    match read_entry(NetworkId(given.array("network")), given) {
        Ok(entry) => {
            let log = Opening::of(&entry).map_or(Value::Null, |opening| hex(opening.log.0));
            (Verdict::Valid, json!({ "id": hex(entry.id().0), "log": log }))
        }
        Err(EntryFault::Header(HeaderFault::UnknownEnvelope(_) | HeaderFault::UnknownSuite(_))) => {
            (Verdict::Unknown, json!({}))
        }
        Err(_) => invalid(),
    }
}

fn log_join(given: &Given<'_>) -> Judgement {
    let network = NetworkId(given.array("network"));
    let entries: Vec<VerifiedEntry> = given
        .list("entries")
        .iter()
        .map(|entry| read_entry(network, &Given(entry.as_object().unwrap())).unwrap())
        .collect();
    let opening = entries.iter().find_map(Opening::of).unwrap();
    let mut log = Log::new(opening);
    join(&mut log, &entries);
    let good = log.fork().unwrap_or_else(|| log.len());
    let ids: Vec<Value> = log.ids().iter().take(usize::try_from(good).unwrap()).map(|id| hex(id.0)).collect();
    (Verdict::Valid, json!({ "fork": log.fork().map_or(Value::Null, big), "good": ids }))
}

/// Offers entries, again and again, until nothing changes.
pub(crate) fn join(log: &mut Log, entries: &[VerifiedEntry]) {
    loop {
        let before = log.clone();
        for entry in entries {
            if log.fork().is_some_and(|fork| fork <= entry.header().seq) {
                continue;
            }
            if log.append(entry) == Fit::Twin {
                log.forked_at(entry.header().seq);
            }
        }
        if *log == before {
            return;
        }
    }
}

fn fork_proof(given: &Given<'_>) -> Judgement {
    let network = NetworkId(given.array("network"));
    let Ok(proof) = ForkProof::read(&given.bytes("proof")) else { return invalid() };
    let key = proof.key().ok().and_then(|key| PublicKey::admit(&key).ok());
    let Some(verified) = key.and_then(|key| proof.verify(network, &key).ok()) else { return invalid() };
    let (a, b) = verified.ids();
    (Verdict::Valid, json!({ "id_a": hex(a.0), "id_b": hex(b.0), "seq": big(verified.seq()) }))
}

fn certificate(object: &lyceum_protocol::document::certificate::CertificateObject) -> Value {
    let keys: Vec<Value> = object
        .keys
        .iter()
        .map(|listed| json!({ "key": hex(listed.key.to_bytes()), "roles": listed.roles.0, "label": listed.label.as_str() }))
        .collect();
    json!({
        "id": hex(object.id().0), "number": object.number, "prev": hex(object.prev.0), "time": big(object.time),
        "name": object.name.as_str(), "root_k": object.root_k, "keys": keys, "pins": object.closed.len(),
        "voting_key": hex(object.voting_key.to_bytes()),
    })
}

fn charter(object: &lyceum_protocol::document::charter::CharterObject) -> Value {
    json!({
        "id": hex(object.id().0), "epoch": object.epoch, "prev": hex(object.prev.0), "rules": object.rules,
        "name": object.name.as_str(), "voters": object.voters.len(), "k": object.k,
        "members_head": hex(object.lists.members_head().0), "sealed_head": hex(object.lists.sealed_head().0),
        "bytes_per_day": big(object.params.bytes_per_day),
    })
}

fn motion(object: &lyceum_protocol::document::motion::MotionObject) -> Value {
    json!({
        "id": hex(object.id().0), "epoch": hex(object.epoch.0), "proposer": hex(object.proposer.0),
        "op": object.op.code(), "reason": object.reason.as_str(),
    })
}

fn receipt(given: &Given<'_>) -> Judgement {
    let Ok(signed) = codec::decode::<SignedReceipt>(&given.bytes("receipt"), 188) else { return invalid() };
    gives(
        signed.verify(NetworkId(given.array("network"))),
        |receipt| json!({ "log": hex(receipt.log.0), "len": big(receipt.len), "store": big(receipt.store), "gaps": receipt.payload_gaps }),
    )
}

fn protocol_kind(given: &Given<'_>) -> Judgement {
    let content = given.bytes("content");
    let max = usize::try_from(limits::PROTOCOL_PAYLOAD_MAX).unwrap() - limits::SALT_LEN;
    holds(match given.number("kind") {
        1001 => codec::decode::<Erase>(&content, max).is_ok(),
        1002 => codec::decode::<Grant>(&content, max).is_ok(),
        1003 => codec::decode::<Disclose>(&content, max).is_ok(),
        1004 => codec::decode::<NodeRecord>(&content, max).is_ok(),
        other => panic!("kind {other} has no content of its own"),
    })
}

/// The body of a frame: a big-endian length, not above `max`, and exactly so many bytes.
pub(crate) fn framed(frame: &Value, max: usize) -> Result<Vec<u8>, ()> {
    let frame = unhex(frame);
    let (len, body) = frame.split_first_chunk::<4>().ok_or(())?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(drop)?;
    (len <= max && len == body.len()).then(|| body.to_vec()).ok_or(())
}

fn answer_name(answer: &Answer) -> String {
    let reply = match answer {
        Answer::Refused { code, .. } => return format!("refused {}", *code as u32),
        Answer::Ok(reply) => reply,
    };
    let name = match reply {
        Reply::Hello { .. } => "hello",
        Reply::Digest { .. } => "digest",
        Reply::DocsItems { .. } => "docs items",
        Reply::FrontierItems { .. } => "frontier items",
        Reply::Docs { .. } => "docs",
        Reply::Entries { .. } => "entries",
        Reply::Headers { .. } => "headers",
        Reply::Payloads { .. } => "payloads",
        Reply::Receipt { .. } => "receipt",
        Reply::Proofs { .. } => "proofs",
        Reply::Changed => "changed",
    };
    name.to_owned()
}

fn gossip(given: &Given<'_>) -> Judgement {
    gives(Gossip::read(&given.bytes("data")), |message| {
        let (name, topic) = match message {
            Gossip::Entry(_) => ("entry", "entry"),
            Gossip::Documents(_) => ("documents", "doc"),
            Gossip::DocumentId(_) => ("document id", "doc"),
            Gossip::Proof(_) => ("proof", "proof"),
        };
        let topic = format!("lyceum/1/{}/{topic}", given.text("network"));
        json!({ "name": name, "topic": topic, "id": hex(gossip_id(&topic, &given.bytes("data"))) })
    })
}

/// S22.
fn gossip_id(topic: &str, data: &[u8]) -> [u8; 20] {
    let len = u32::try_from(topic.len()).unwrap().to_le_bytes();
    let hash = sha256(&[b"lyceum/1/gossip-id\0", &len, topic.as_bytes(), data]);
    *hash.first_chunk().unwrap()
}

/// An item whose size only the test knows.
#[derive(Clone, Copy, PartialEq, Eq)]
struct AnyItem([u8; 80]);

impl Item for AnyItem {
    fn id(&self) -> [u8; 32] {
        *self.0.first_chunk().unwrap()
    }
    fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

fn buckets(given: &Given<'_>) -> Judgement {
    let mut set = Buckets::default();
    for item in given.list("items") {
        set.put(AnyItem(unhex(item).try_into().unwrap()));
    }
    let bits = u8::try_from(given.number("bits")).unwrap();
    let hashes = set.digest(bits).concat();
    (
        Verdict::Valid,
        json!({ "hashes_hash": hex(sha256(&[&hashes])), "first": hex(hashes.get(..32).unwrap()), "root": hex(set.root()) }),
    )
}
