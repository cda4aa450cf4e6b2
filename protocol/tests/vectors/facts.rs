//! What follows from several objects together: facts, standing, digests and the state root.

use std::collections::{BTreeMap, BTreeSet};

use lyceum_protocol::buckets::Buckets;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Certificate;
use lyceum_protocol::document::charter::Charter;
use lyceum_protocol::document::motion::Motion;
use lyceum_protocol::document::signature::UntrustedSignature;
use lyceum_protocol::documents::{DocumentObject, Documents};
use lyceum_protocol::entry::protocol_kinds::Erase;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::frontier::{self, DocsItem, FrontierItem, StateRow};
use lyceum_protocol::governance::{self, Governance, Seat, Stop};
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, NetworkId, OrgId, sha256};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;
use lyceum_protocol::log::{Log, Opening};
use lyceum_protocol::standing::{self, Judged, Line};
use serde_json::{Value, json};

use crate::case::{Given, Verdict, big, hex};
use crate::fixtures::Signed;
use crate::judge::{Judgement, join, read_entry};

/// The set as a case gives it.
pub(crate) fn show_set(set: &[Signed]) -> Value {
    let show = |signed: &Signed| {
        let signatures: Vec<Value> =
            signed.signatures.iter().map(|signature| hex(codec::encode(&signature.to_untrusted()))).collect();
        match &signed.object {
            DocumentObject::Certificate(object) => {
                json!({ "type": "certificate", "bytes": hex(object.bytes()), "signatures": signatures })
            }
            DocumentObject::Charter(object) => json!({
                "type": "charter", "bytes": hex(object.bytes()), "lists": hex(object.lists_bytes()),
                "signatures": signatures,
            }),
            DocumentObject::Motion(object) => {
                json!({ "type": "motion", "bytes": hex(object.bytes()), "signatures": signatures })
            }
        }
    };
    set.iter().map(show).collect()
}

fn read_set(given: &Given<'_>, network: NetworkId) -> Documents {
    let mut documents = Documents::default();
    for document in given.list("documents") {
        let document = Given(document.as_object().unwrap());
        let bytes = document.bytes("bytes");
        let object = match document.text("type") {
            "certificate" => DocumentObject::Certificate(Certificate::read(&bytes).unwrap()),
            "charter" => DocumentObject::Charter(Charter::read(&bytes, &document.bytes("lists")).unwrap()),
            _ => DocumentObject::Motion(Motion::read(&bytes).unwrap()),
        };
        documents.insert_object(object);
        for signature in document.list("signatures") {
            let bytes = crate::case::unhex(signature);
            let untrusted: UntrustedSignature = codec::decode(&bytes, 134).unwrap();
            documents.insert_signature(untrusted.verify(network).unwrap());
        }
    }
    documents
}

/// What can be said of each object of a set by itself and its neighbours.
pub(crate) fn facts(given: &Given<'_>) -> Judgement {
    let documents = read_set(given, NetworkId(given.array("network")));
    let certificates: Vec<Value> = documents
        .certificates()
        .map(|object| {
            let org = documents.org_of(object.id());
            let possessed = org.map_or_else(Vec::new, |org| {
                let shown = object.keys.iter().filter(|listed| documents.is_possessed(org, &listed.key));
                shown.map(|listed| hex(listed.key.to_bytes())).collect()
            });
            json!({
                "id": hex(object.id().0), "well_formed": documents.is_well_formed(object),
                "linked": documents.is_linked(object), "org": org.map_or(Value::Null, |org| hex(org.0)),
                "possessed": possessed,
            })
        })
        .collect();
    let charters: Vec<Value> = documents
        .charters()
        .map(|object| {
            json!({
                "id": hex(object.id().0), "well_formed": documents.is_charter_well_formed(object),
                "round": documents.certified_round(object),
            })
        })
        .collect();
    let motions: Vec<Value> = documents
        .motions()
        .map(|object| json!({ "id": hex(object.id().0), "passed": documents.is_passed(object) }))
        .collect();
    (Verdict::Valid, json!({ "certificates": certificates, "charters": charters, "motions": motions }))
}

const fn seat_name(seat: Seat) -> &'static str {
    match seat {
        Seat::Firm => "firm",
        Seat::Provisional => "provisional",
        Seat::Removed => "removed",
        Seat::Suspended => "suspended",
        Seat::None => "none",
    }
}

const fn line_name(line: &Line) -> &'static str {
    match line {
        Line::Waiting(_) => "waiting",
        Line::RemovedPinned(..) => "removed, pinned",
        Line::RemovedVoid => "removed, void",
        Line::Suspended => "suspended",
        Line::NoSeat => "no seat",
        Line::LosingBranch => "losing",
        Line::Contested => "contested",
        Line::Closed(..) => "closed",
        Line::Unpinned => "unpinned",
        Line::Forked(_) => "forked",
        Line::Good => "good",
    }
}

const fn stop_name(stop: &Stop) -> &'static str {
    match stop {
        Stop::Newest => "newest",
        Stop::ChainIncomplete => "chain incomplete",
        Stop::Contested(_) => "contested",
        Stop::UnknownRules { .. } => "unknown rules",
    }
}

struct HeldLog {
    log: Log,
    entries: Vec<VerifiedEntry>,
    judged: Judged,
}

/// Everything that a node says of a set of documents and logs.
pub(crate) fn world(given: &Given<'_>) -> Judgement {
    let network = NetworkId(given.array("network"));
    let documents = read_set(given, network);
    let governance = governance::evaluate(network, CharterId(given.array("checkpoint")), &documents);
    let logs: Vec<HeldLog> = given
        .list("logs")
        .iter()
        .map(|entries| {
            let entries = entries.as_array().unwrap().iter();
            let read = |entry: &Value| read_entry(network, &Given(entry.as_object().unwrap())).unwrap();
            let entries: Vec<VerifiedEntry> = entries.map(read).collect();
            let opening = entries.iter().find_map(Opening::of).unwrap();
            let mut log = Log::new(opening);
            join(&mut log, &entries);
            let line = standing::line(&opening, log.fork(), &governance, &documents);
            let judged = Judged::of(line, &log);
            HeldLog { log, entries, judged }
        })
        .collect();
    let erased = erased(&logs, &governance, &documents);
    let mut frontier: Buckets<FrontierItem> = Buckets::default();
    for item in logs.iter().filter_map(|held| held.judged.item) {
        frontier.put(item);
    }
    let digest = frontier.root();
    let rows: Vec<StateRow> = governance
        .organisations()
        .iter()
        .map(|(org, picture)| {
            let certificate = picture.effective().map_or(CertificateId::ZERO, |version| version.id());
            StateRow { org: *org, seat: picture.seat, certificate }
        })
        .collect();
    let adopted = governance.adoption().adopted().unwrap_or(CharterId::ZERO);
    let root = frontier::state_root(adopted, &rows, &digest, erased.iter().copied());
    let orgs: Vec<Value> = rows
        .iter()
        .map(|row| json!({ "org": hex(row.org.0), "seat": seat_name(row.seat), "effective": hex(row.certificate.0) }))
        .collect();
    let gives = json!({
        "adopted": hex(adopted.0),
        "stop": stop_name(governance.adoption().stop()),
        "orgs": orgs,
        "logs": logs.iter().map(show_log).collect::<Vec<_>>(),
        "erased": erased.iter().map(|id| hex(id.0)).collect::<Vec<_>>(),
        "digest": hex(digest),
        "docs_root": hex(docs_root(&documents)),
        "state_root": hex(root),
    });
    (Verdict::Valid, gives)
}

fn show_log(held: &HeldLog) -> Value {
    let item = held.judged.item.map_or(Value::Null, |item| hex(codec::encode(&item)));
    // Above the fork place it depends on the node which branch is held.
    let len = held.log.fork().map_or_else(|| held.log.len(), |fork| fork + 1);
    let standings: Vec<String> =
        (0..len).map(|seq| format!("{:?}", held.judged.standing(seq)).to_lowercase()).collect();
    json!({
        "log": hex(held.log.opening().log.0), "line": line_name(&held.judged.line),
        "good_len": big(held.judged.good_len), "item": item, "standings": standings,
    })
}

fn docs_root(documents: &Documents) -> [u8; 32] {
    let mut docs: Buckets<DocsItem> = Buckets::default();
    for id in documents.ids() {
        let mut ids: Vec<[u8; 32]> = documents.signatures_on(id).map(|signature| signature.id().0).collect();
        ids.sort_unstable();
        docs.put(DocsItem { id, signatures: sha256(&[&ids.concat()]) });
    }
    docs.root()
}

/// T18, from scratch.
fn erased(logs: &[HeldLog], governance: &Governance, documents: &Documents) -> BTreeSet<EntryId> {
    let good = |held: &HeldLog| usize::try_from(held.judged.good_len).unwrap();
    let mut targets: BTreeMap<EntryId, &HeldLog> = BTreeMap::new();
    for held in logs {
        for id in held.log.ids().iter().take(good(held)) {
            let entry = held.entries.iter().find(|entry| entry.id() == *id).unwrap();
            if !entry.header().kind.is_protocol() {
                targets.insert(*id, held);
            }
        }
    }
    let mut erased: BTreeSet<EntryId> =
        governance.erased_by_motion().iter().copied().filter(|id| targets.contains_key(id)).collect();
    for held in logs {
        for id in held.log.ids().iter().take(good(held)) {
            let entry = held.entries.iter().find(|entry| entry.id() == *id).unwrap();
            let content = entry.payload().content().filter(|_| entry.header().kind == Kind::ERASE);
            let max = usize::try_from(limits::PROTOCOL_PAYLOAD_MAX).unwrap();
            let Some(erase) = content.and_then(|content| codec::decode::<Erase>(content, max).ok()) else { continue };
            let key = PublicKey::admit(&entry.header().key).unwrap();
            for target in &erase.targets {
                let Some(log) = targets.get(target) else { continue };
                let opening = log.log.opening();
                let org: Option<OrgId> = documents.org_of(opening.certificate);
                let is_admin = org.and_then(|org| governance.organisation(org)).is_some_and(|org| {
                    let listed = org.effective_chain.iter().filter_map(|version| version.listed(key.as_bytes()));
                    listed.into_iter().any(|listed| listed.roles.is_admin())
                });
                if opening.key == *key.as_bytes() || is_admin {
                    erased.insert(*target);
                }
            }
        }
    }
    erased
}
