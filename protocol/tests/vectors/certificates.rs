//! Certificates alone.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::{Certificate, ListedKey, Pin, Roles};
use lyceum_protocol::hash::{CertificateId, EntryId, LogId};
use lyceum_protocol::key::SecretKey;
use serde_json::json;

use crate::case::{Cases, Verdict, hex};
use crate::fixtures::{bytes32, certificate_zero, list, pins, secret, sorted_keys, text};

use Verdict::{Invalid, Valid};

fn plain_certificate() -> Certificate {
    let nodes: Vec<SecretKey> = (0..3).map(|n| secret(&format!("node {n}"))).collect();
    certificate_zero("Example Lab", &secret("root"), &secret("voting"), &nodes)
}

/// The place of `needle` in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).unwrap()
}

pub(crate) fn certificates() -> Cases {
    let mut cases = Cases::default();
    let mut case = |rule, verdict, name: &str, change: &dyn Fn(&mut Certificate)| {
        let mut certificate = plain_certificate();
        change(&mut certificate);
        cases.add(rule, "certificate", verdict, name, json!({ "certificate": hex(codec::encode(&certificate)) }));
    };
    case("D1", Valid, "number 0", &|_| {});
    case("D1", Valid, "at its largest", &|certificate| {
        certificate.name = text(&"n".repeat(80));
        certificate.domain = text(&"d".repeat(253));
        certificate.contact = text(&"c".repeat(200));
        certificate.root_keys = list(sorted_keys((0..5).map(|n| format!("root {n}"))));
        certificate.root_k = 5;
        let mut listed = certificate.keys[0].clone();
        listed.label = text(&"l".repeat(40));
        let keys = sorted_keys((0..32).map(|n| format!("node {n}")));
        let keys = keys.into_iter().map(|key| ListedKey { key, ..listed.clone() });
        certificate.keys = list(keys.collect());
        certificate.enc_keys = list(vec![[1; 32]; 4]);
        certificate.closed = list(pins(512));
    });
    case("D2", Invalid, "number 0 with a predecessor", &|certificate| {
        certificate.prev = CertificateId(bytes32("prev"))
    });
    case("D2", Invalid, "number 1 without a predecessor", &|certificate| certificate.number = 1);
    case("D2", Valid, "number 1 with a predecessor", &|certificate| {
        (certificate.number, certificate.prev) = (1, CertificateId(bytes32("prev")));
    });
    case("D2", Invalid, "no name", &|certificate| certificate.name = text(""));
    case("D2", Invalid, "a name of white space", &|certificate| {
        certificate.name = text(" \t\u{a0}\u{2003}\u{3000}\u{85}")
    });
    case("D2", Valid, "a name of a separator that is no white space", &|certificate| certificate.name = text("\u{1c}"));
    case("D2", Valid, "a name of a zero-width space", &|certificate| certificate.name = text("\u{200b}"));
    case("D2", Valid, "neither domain nor contact, nodes nor encryption keys", &|certificate| {
        (certificate.domain, certificate.contact) = (text(""), text(""));
        (certificate.keys, certificate.enc_keys) = (BoundedVec::empty(), BoundedVec::empty());
    });
    case("D2", Invalid, "no root key", &|certificate| certificate.root_keys = BoundedVec::empty());
    for (k, verdict) in [(0, Invalid), (1, Valid), (2, Invalid), (255, Invalid)] {
        case("D2", verdict, &format!("{k} of one root key"), &|certificate| certificate.root_k = k);
    }
    case("D2", Invalid, "root keys descending", &|certificate| {
        let mut keys = sorted_keys(["root".into(), "root 1".into()]);
        keys.reverse();
        certificate.root_keys = list(keys);
    });
    case("D2", Invalid, "a root key twice", &|certificate| {
        certificate.root_keys = list(vec![certificate.root_keys[0]; 2])
    });
    case("D2", Invalid, "node keys descending", &|certificate| {
        let mut keys = certificate.keys.to_vec();
        keys.reverse();
        certificate.keys = list(keys);
    });
    case("D2", Invalid, "a node key twice", &|certificate| {
        certificate.keys = list(vec![certificate.keys[0].clone(); 2]);
    });
    case("D2", Invalid, "a key without a role", &|certificate| {
        let mut keys = certificate.keys.to_vec();
        keys[0].roles = Roles(0);
        certificate.keys = list(keys);
    });
    case("D1", Valid, "roles that are not known", &|certificate| {
        let mut keys = certificate.keys.to_vec();
        keys[0].roles = Roles(0xf8);
        certificate.keys = list(keys);
    });
    case("D2", Invalid, "a root key as voting key", &|certificate| certificate.voting_key = certificate.root_keys[0]);
    case("D2", Invalid, "a node key as voting key", &|certificate| certificate.voting_key = certificate.keys[0].key);
    case("D2", Invalid, "a node key as root key", &|certificate| {
        certificate.root_keys = list(vec![certificate.keys[0].key])
    });
    case("D3", Valid, "pins", &|certificate| certificate.closed = list(pins(3)));
    case("D3", Valid, "a pin of nothing", &|certificate| {
        certificate.closed = list(vec![Pin { log: LogId([1; 32]), len: 0, head: EntryId::ZERO }]);
    });
    case("D3", Invalid, "a pin of nothing with a head", &|certificate| {
        certificate.closed = list(vec![Pin { log: LogId([1; 32]), len: 0, head: EntryId([1; 32]) }]);
    });
    case("D3", Invalid, "a pin of something without a head", &|certificate| {
        certificate.closed = list(vec![Pin { log: LogId([1; 32]), len: 1, head: EntryId::ZERO }]);
    });
    case("D3", Invalid, "pins descending", &|certificate| {
        let mut pins = pins(3);
        pins.reverse();
        certificate.closed = list(pins);
    });
    case("D3", Invalid, "two pins of a log", &|certificate| {
        let mut pins = vec![pins(1)[0]; 2];
        pins[1].len = 2;
        certificate.closed = list(pins);
    });
    broken_certificates(&mut cases);
    cases
}

fn broken_certificates(cases: &mut Cases) {
    let certificate = plain_certificate();
    let bytes = codec::encode(&certificate);
    let mut case = |rule, name: &str, bytes: &[u8]| {
        cases.invalid(rule, "certificate", name, json!({ "certificate": hex(bytes) }));
    };
    case("W5", "no bytes", &[]);
    case("W5", "a byte too many", &[bytes.as_slice(), &[0]].concat());
    case("W5", "a byte too few", &bytes[..bytes.len() - 1]);
    // 4 + 32 + 8 bytes lie before the name.
    let with_name = |name: &[u8]| {
        let rest = 44 + 8 + certificate.name.len();
        [&bytes[..44], &(name.len() as u64).to_le_bytes(), name, &bytes[rest..]].concat()
    };
    case("D1", "a name of 81 bytes", &with_name(&[b'n'; 81]));
    for (name, bytes) in certificates_above_a_bound() {
        case("D1", name, &bytes);
    }
    case("W3", "a name that is no UTF-8", &with_name(b"\xc3("));
    case("W3", "a name in UTF-8 above U+10FFFF", &with_name(b"\xf4\x90\x80\x80"));
    let at = find(&bytes, secret("voting").public().as_bytes());
    let mut with_key = |name: &str, key: [u8; 32]| {
        let mut changed = bytes.clone();
        changed[at..at + 32].copy_from_slice(&key);
        case("W8", name, &changed);
    };
    let mut identity = [0; 32];
    identity[0] = 1;
    with_key("the voting key is the identity", identity);
    with_key("the voting key has order 4", [0; 32]);
    let mut unreduced = [0xff; 32];
    (unreduced[0], unreduced[31]) = (0xf0, 0x7f);
    with_key("the voting key is not reduced", unreduced);
    // The number of pins is the last thing.
    let end = bytes.len() - 8;
    let counted = |count: u64| [&bytes[..end], &count.to_le_bytes()].concat();
    case("W6", "announces 512 pins and has none", &counted(512));
    case("W6", "announces 513 pins", &counted(513));
    case("W6", "announces 2^64 - 1 pins", &counted(u64::MAX));
    case("D1", "513 pins", &{
        let mut more = counted(513);
        more.extend(pins(513).iter().flat_map(codec::encode));
        more
    });
    case("D1", "above 65,536 bytes", &[bytes.as_slice(), &[0; 65_536]].concat());
}

/// Certificates with one field above its bound.
fn certificates_above_a_bound() -> Vec<(&'static str, Vec<u8>)> {
    let plain = plain_certificate();
    let write = |texts: (&str, &str), roots: usize, nodes: (usize, usize), enc: usize| {
        let keys: Vec<_> = sorted_keys((0..nodes.0).map(|n| format!("node {n}")))
            .into_iter()
            .map(|key| (key, 1_u8, "l".repeat(nodes.1)))
            .collect();
        let roots = sorted_keys((0..roots).map(|n| format!("root {n}")));
        let start = (0_u32, [0_u8; 32], 0_u64, "n", texts.0, texts.1);
        [codec::encode(&start), codec::encode(&(roots, 1_u8, keys, plain.voting_key, vec![[1_u8; 32]; enc], 0_u64))]
            .concat()
    };
    let (domain, contact) = ("d".repeat(254), "c".repeat(201));
    assert!(Certificate::read(&write(("", ""), 5, (32, 40), 4)).is_ok());
    vec![
        ("a domain of 254 bytes", write((&domain, ""), 5, (32, 40), 4)),
        ("a contact of 201 bytes", write(("", &contact), 5, (32, 40), 4)),
        ("six root keys", write(("", ""), 6, (32, 40), 4)),
        ("33 node keys", write(("", ""), 5, (33, 40), 4)),
        ("a label of 41 bytes", write(("", ""), 5, (1, 41), 4)),
        ("five encryption keys", write(("", ""), 5, (32, 40), 5)),
    ]
}
