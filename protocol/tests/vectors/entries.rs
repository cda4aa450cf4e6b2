//! Headers, entries, receipts, contents of protocol kinds.

use lyceum_protocol::bounded::BoundedBytes;
use lyceum_protocol::codec;
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::entry::protocol_kinds::{Disclose, Erase, Grant, NodeRecord};
use lyceum_protocol::hash::{CertificateId, EntryId, LogId, NetworkId, PayloadHash, sha256};
use lyceum_protocol::key::Domain;
use lyceum_protocol::receipt::Receipt;
use serde_json::{Value, json};

use crate::case::{Cases, Verdict, big, hex};
use crate::fixtures::{RawHeader, Writer, bytes32, header_bytes, list, network, payload, secret, text};

pub(crate) fn headers() -> Cases {
    let mut cases = Cases::default();
    let mut case = |rule, verdict, name: &str, change: &dyn Fn(&mut RawHeader)| {
        let header = header_bytes(|header| change(header));
        cases.add(rule, "header", verdict, name, json!({ "header": hex(header) }));
    };
    use Verdict::{Invalid, Unknown, Valid};
    case("E1", Valid, "plain", &|_| {});
    for envelope in [0, 2, 255] {
        case("E2", Unknown, &format!("envelope {envelope}"), &|header| header.envelope = envelope);
    }
    case("E3", Invalid, "suite 0", &|header| header.suite = 0);
    for suite in [2, 255] {
        case("E3", Unknown, &format!("suite {suite}"), &|header| header.suite = suite);
    }
    case("E2", Unknown, "another envelope and suite 0", &|header| (header.envelope, header.suite) = (2, 0));
    for (len, verdict) in
        [(0, Invalid), (15, Invalid), (16, Valid), (262_144, Valid), (262_145, Invalid), (u32::MAX, Invalid)]
    {
        case("E4", verdict, &format!("payload of {len} bytes"), &|header| header.payload_len = len);
    }
    for marking in 0..=5_u8 {
        let sealed = if marking <= 3 { Valid } else { Invalid };
        let clear = if marking <= 1 { Valid } else { Invalid };
        case("E5", sealed, &format!("marking {marking}, sealed"), &|header| {
            (header.marking, header.flags) = (marking, 1)
        });
        case("E6", clear, &format!("marking {marking}, not sealed"), &|header| header.marking = marking);
    }
    case("E5", Invalid, "marking 255", &|header| (header.marking, header.flags) = (255, 1));
    case("E6", Invalid, "AMBER with every flag but sealed", &|header| (header.marking, header.flags) = (2, 0xfffe));
    case("E13", Valid, "all unknown flags", &|header| header.flags = 0xfffe);
    case("E13", Valid, "all flags", &|header| header.flags = 0xffff);
    for kind in [1, 999, 1000, 1999, 2000, 1 << 31, u32::MAX] {
        case("E13", Valid, &format!("kind {kind}"), &|header| header.kind = kind);
    }
    for (kind, verdict) in [(999, Valid), (1000, Invalid), (1001, Invalid), (1999, Invalid), (2000, Valid)] {
        case("E7", verdict, &format!("kind {kind}, sealed"), &|header| (header.kind, header.flags) = (kind, 1));
        case("E7", verdict, &format!("kind {kind}, payload of 20,481 bytes"), &|header| {
            (header.kind, header.payload_len) = (kind, 20_481);
        });
        case("E7", Valid, &format!("kind {kind}, payload of 20,480 bytes"), &|header| {
            (header.kind, header.payload_len) = (kind, 20_480);
        });
    }
    for (len, verdict) in [(1, Valid), (512, Valid), (513, Invalid)] {
        case("E8", verdict, &format!("ext of {len} bytes"), &|header| header.ext = vec![7; len]);
    }
    for (name, number) in [("0", 0), ("the largest", u64::MAX)] {
        case("E1", Valid, &format!("seq {name}"), &|header| header.seq = number);
        case("E1", Valid, &format!("incarnation {name}"), &|header| header.incarnation = number);
        case("E1", Valid, &format!("time {name}"), &|header| header.time = number);
    }
    broken_headers(&mut cases);
    cases
}

fn broken_headers(cases: &mut Cases) {
    let plain = header_bytes(|_| {});
    let mut case = |rule, name: String, bytes: &[u8]| {
        cases.invalid(rule, "header", name, json!({ "header": hex(bytes) }));
    };
    case("W5", "no bytes".into(), &[]);
    for len in [1, 2, 8, 40, 133, 140] {
        case("W5", format!("cut to {len} bytes"), &plain[..len]);
    }
    case("W5", "one byte after the end".into(), &[plain.as_slice(), &[0]].concat());
    let long = header_bytes(|header| header.ext = vec![0; 512]);
    case("W5", "513 bytes of ext in the place of 512".into(), &[long.as_slice(), &[0]].concat());
    for len in [1_u64, 512, 513, 1 << 32, u64::MAX] {
        let mut lie = plain.clone();
        lie[133..141].copy_from_slice(&len.to_le_bytes());
        case("W6", format!("ext announces {len} bytes and has none"), &lie);
    }
}

fn show(network: NetworkId, entry: &VerifiedEntry) -> Value {
    let payload = entry.payload().content().map_or(Value::Null, |_| match entry.payload() {
        lyceum_protocol::entry::Payload::Present(bytes) => hex(bytes),
        _ => Value::Null,
    });
    json!({
        "network": hex(network.0), "header": hex(entry.header_bytes()), "sig": hex(entry.signature().0), "payload": payload,
    })
}

/// An entry in the form of a list of them.
pub(crate) fn in_list(entry: &VerifiedEntry) -> Value {
    let mut shown = show(network(), entry);
    shown.as_object_mut().unwrap().remove("network");
    shown
}

/// Signs any header and payload, whatever the rules say.
fn raw_entry(network: NetworkId, payload: &[u8], change: impl FnOnce(&mut RawHeader)) -> Value {
    let signer = secret("author");
    let header = header_bytes(|header| {
        header.key = signer.public().to_bytes();
        header.payload_len = u32::try_from(payload.len()).unwrap();
        header.payload_hash = PayloadHash::of(payload).0;
        change(header);
    });
    let sig = signer.sign(Domain::Entry, network, &sha256(&[&header]));
    json!({ "network": hex(network.0), "header": hex(header), "sig": hex(sig.0), "payload": hex(payload) })
}

fn with(mut given: Value, name: &str, value: Value) -> Value {
    given.as_object_mut().unwrap().insert(name.to_owned(), value);
    given
}

pub(crate) fn entries() -> Cases {
    let mut cases = Cases::default();
    let author = secret("author");
    let log = Writer::new(network(), &author, 1, CertificateId(bytes32("certificate"))).with(3);
    for entry in &log.entries {
        let name = format!("entry {} of a log", entry.header().seq);
        cases.valid("E10", "entry", name, show(network(), entry));
    }
    let body = payload("salt", b"{\"title\":\"a note\"}");
    let plain = || raw_entry(network(), &body, |_| {});
    cases.valid("E9", "entry", "signed", plain());
    cases.invalid("E9", "entry", "in another network", with(plain(), "network", hex(bytes32("another network"))));
    cases.invalid("E9", "entry", "signature of zeros", with(plain(), "sig", hex([0; 64])));
    let other = raw_entry(network(), &body, |header| header.time += 1);
    cases.invalid("E9", "entry", "signature of another header", with(plain(), "sig", other["sig"].clone()));
    cases.invalid("E9", "entry", "by a key of small order", {
        let header = header_bytes(|header| {
            header.key = [0; 32];
            header.key[0] = 1;
            header.payload_len = 16;
        });
        let mut sig = [0; 64];
        sig[0] = 1;
        json!({ "network": hex(network().0), "header": hex(header), "sig": hex(sig), "payload": null })
    });
    let mut longer = body.clone();
    longer.push(b' ');
    cases.invalid("E11", "entry", "payload one byte longer", with(plain(), "payload", hex(&longer)));
    cases.invalid("E11", "entry", "payload one byte shorter", with(plain(), "payload", hex(&body[..body.len() - 1])));
    let mut changed = body.clone();
    changed[3] ^= 1;
    cases.invalid("E11", "entry", "salt changed", with(plain(), "payload", hex(&changed)));
    let mut changed = body.clone();
    changed[20] ^= 1;
    cases.invalid("E11", "entry", "content changed", with(plain(), "payload", hex(&changed)));
    cases.valid("E11", "entry", "the smallest payload", raw_entry(network(), &body[..16], |_| {}));
    cases.valid("E12", "entry", "held without its payload", with(plain(), "payload", Value::Null));
    for (kind, verdict) in
        [(999, Verdict::Valid), (1000, Verdict::Invalid), (1999, Verdict::Invalid), (2000, Verdict::Valid)]
    {
        let given = raw_entry(network(), &body, |header| header.kind = kind);
        cases.valid("E12", "entry", format!("kind {kind} with its payload"), given.clone());
        let name = format!("kind {kind} without its payload");
        cases.add("E12", "entry", verdict, name, with(given, "payload", Value::Null));
    }
    cases.valid("E18", "entry", "a protocol kind with content that nobody can read", {
        raw_entry(network(), &payload("salt", b"?"), |header| header.kind = 1001)
    });
    cases.valid("E13", "entry", "flags, kind and ext of a later version", {
        raw_entry(network(), &body, |header| {
            (header.flags, header.kind, header.ext) = (0xfff0, u32::MAX, b"later".to_vec());
        })
    });
    cases.add("E3", "entry", Verdict::Unknown, "suite of a later version", {
        raw_entry(network(), &body, |header| header.suite = 2)
    });
    let (key, certificate) = (author.public().to_bytes(), bytes32("certificate"));
    for (name, incarnation) in [("0", 0), ("the largest", u64::MAX)] {
        let given = json!({ "key": hex(key), "incarnation": big(incarnation), "certificate": hex(certificate) });
        cases.valid("L1", "log_id", format!("log of incarnation {name}"), given);
    }
    cases
}

pub(crate) fn receipts() -> Cases {
    let mut cases = Cases::default();
    let signer = secret("holder");
    let receipt = Receipt {
        log: LogId(bytes32("log")),
        len: 12,
        head: EntryId(bytes32("head")),
        payload_gaps: 2,
        time: 1_750_000_000_000,
        store: u64::MAX - 1,
        signer: signer.public().to_bytes(),
    };
    let signed = receipt.clone().sign(network(), &signer);
    let bytes = codec::encode(&signed);
    let mut case = |rule, verdict, name: String, net: NetworkId, bytes: &[u8]| {
        cases.add(rule, "receipt", verdict, name, json!({ "network": hex(net.0), "receipt": hex(bytes) }));
    };
    case("R1", Verdict::Valid, "signed".into(), network(), &bytes);
    case("R2", Verdict::Invalid, "in another network".into(), NetworkId(bytes32("other")), &bytes);
    for at in [0, 32, 40, 72, 76, 84, 92, 124, 187] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        case("R2", Verdict::Invalid, format!("byte {at} changed"), network(), &changed);
    }
    case("R1", Verdict::Invalid, "a byte too many".into(), network(), &[bytes.as_slice(), &[0]].concat());
    case("R1", Verdict::Invalid, "a byte too few".into(), network(), &bytes[..187]);
    let other = receipt.clone().sign(network(), &secret("another holder"));
    case("R2", Verdict::Invalid, "signed by another key".into(), network(), &codec::encode(&other));
    let mut weak = receipt;
    weak.signer = [0; 32];
    weak.signer[0] = 1;
    let weak = weak.sign(network(), &signer);
    case("R2", Verdict::Invalid, "signer is the identity".into(), network(), &codec::encode(&weak));
    cases
}

pub(crate) fn protocol_kinds() -> Cases {
    let mut cases = Cases::default();
    let ids = |count: usize| (0..count).map(|n| EntryId(bytes32(&format!("target {n}")))).collect::<Vec<_>>();
    let mut case = |rule, verdict, name: &str, kind: u32, content: Vec<u8>| {
        cases.add(rule, "protocol_kind", verdict, name, json!({ "kind": kind, "content": hex(content) }));
    };
    use Verdict::{Invalid, Valid};
    let erase = |targets: usize, still: usize, reason: usize| Erase {
        targets: list(ids(targets)),
        still_superseded: list(ids(still)),
        reason: text(&"r".repeat(reason)),
    };
    case("E14", Valid, "erase nothing", 1001, codec::encode(&erase(0, 0, 0)));
    case("E14", Valid, "erase at its largest", 1001, codec::encode(&erase(256, 256, 200)));
    case("E14", Invalid, "erase 257 targets", 1001, codec::encode(&(ids(257), ids(0), String::new())));
    case("E14", Invalid, "257 still superseded", 1001, codec::encode(&(ids(0), ids(257), String::new())));
    case("E14", Invalid, "erase for 201 bytes of reason", 1001, codec::encode(&(ids(1), ids(0), "r".repeat(201))));
    case("W3", Invalid, "a reason that is no UTF-8", 1001, codec::encode(&(ids(1), ids(0), vec![0xff_u8])));
    case("W3", Invalid, "a reason with a surrogate", 1001, codec::encode(&(ids(1), ids(0), vec![0xed_u8, 0xa0, 0x80])));
    case("W3", Invalid, "a reason in overlong UTF-8", 1001, codec::encode(&(ids(1), ids(0), vec![0xc0_u8, 0x80])));
    case("W5", Invalid, "erase and a byte", 1001, [codec::encode(&erase(1, 0, 3)), vec![0]].concat());
    let target = EntryId(bytes32("target"));
    let grant = |len: usize| Grant { target, age: BoundedBytes::new(vec![7; len]).unwrap() };
    case("E15", Valid, "grant", 1002, codec::encode(&grant(20)));
    case("E15", Valid, "grant at its largest", 1002, codec::encode(&grant(16_384)));
    case("E15", Invalid, "grant of 16,385 bytes", 1002, codec::encode(&(target, vec![7_u8; 16_385])));
    for marking in [0, 1, 2, 255] {
        let disclose = Disclose { target, secret: bytes32("content"), marking };
        case("E16", Valid, &format!("disclose as {marking}"), 1003, codec::encode(&disclose));
    }
    case("E16", Invalid, "disclose without a marking", 1003, codec::encode(&(target, bytes32("content"))));
    let record = |addresses: Vec<usize>, version: usize| NodeRecord {
        addresses: list(addresses.into_iter().map(|len| text(&"a".repeat(len))).collect()),
        version: text(&"v".repeat(version)),
    };
    case("E17", Valid, "node record", 1004, {
        codec::encode(&NodeRecord {
            addresses: list(vec![text("/ip4/192.0.2.7/tcp/4701"), text("/dns4/node.example.org/udp/4701/quic-v1")]),
            version: text("lyceum 0.1.0"),
        })
    });
    case("E17", Valid, "node record of nothing", 1004, codec::encode(&record(vec![], 0)));
    case("E17", Valid, "node record at its largest", 1004, codec::encode(&record(vec![256; 8], 64)));
    let raw = |addresses: Vec<usize>, version: usize| {
        let addresses: Vec<String> = addresses.into_iter().map(|len| "a".repeat(len)).collect();
        codec::encode(&(addresses, "v".repeat(version)))
    };
    case("E17", Invalid, "nine addresses", 1004, raw(vec![1; 9], 1));
    case("E17", Invalid, "an address of 257 bytes", 1004, raw(vec![257], 1));
    case("E17", Invalid, "a version of 65 bytes", 1004, raw(vec![1], 65));
    case("W6", Invalid, "a list that announces 2^64 - 1 items", 1004, u64::MAX.to_le_bytes().to_vec());
    case("W6", Invalid, "a list that announces 8 items and has none", 1004, 8_u64.to_le_bytes().to_vec());
    cases
}
