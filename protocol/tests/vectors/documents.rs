//! Certificates, charters, motions, signature objects, and what follows from a few of them.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::{Certificate, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, Lists, MemberRow, SealedRow, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, SignatureType, UntrustedSignature};
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, MotionId, NetworkId, ObjectId, OrgId};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::limits;
use serde_json::{Value, json};

use crate::case::{Cases, Verdict, hex};
use crate::facts::show_set;
use crate::fixtures::{
    Org, Signed, approved, bytes32, certificate_zero, founding, list, motion, network, next_charter, sealed_row,
    secret, signed_charter, sorted_keys, text,
};

use Verdict::{Invalid, Valid};

fn pins(count: usize) -> Vec<Pin> {
    let mut pins: Vec<Pin> = (0..count)
        .map(|n| Pin { log: LogId(bytes32(&format!("log {n}"))), len: 1, head: EntryId(bytes32("head")) })
        .collect();
    pins.sort_unstable();
    pins
}

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

struct PlainCharter {
    charter: Charter,
    lists: Lists,
    heads: bool,
}

fn voters(count: usize) -> Vec<Voter> {
    let mut voters: Vec<Voter> = (0..count)
        .map(|n| {
            let org = OrgId(bytes32(&format!("org {n}")));
            Voter { org, key: secret(&format!("voting {n}")).public() }
        })
        .collect();
    voters.sort_by_key(|voter| voter.org);
    voters
}

fn rows(count: usize) -> Vec<MemberRow> {
    let mut rows: Vec<MemberRow> = (0..count)
        .map(|n| MemberRow { org: OrgId(bytes32(&format!("org {n}"))), certificate: CertificateId(bytes32("version")) })
        .collect();
    rows.sort_by_key(|row| row.org);
    rows
}

fn sealed(count: usize) -> Vec<SealedRow> {
    let mut rows: Vec<SealedRow> = (0..count)
        .map(|n| sealed_row(OrgId(bytes32(&format!("org {n}"))), 0, MotionId(bytes32(&format!("motion {n}")))))
        .collect();
    rows.sort_unstable();
    rows
}

pub(crate) fn charters() -> Cases {
    let mut cases = Cases::default();
    let founder = Org::new("Founder", 1);
    let mut case = |rule, verdict, name: &str, change: &dyn Fn(&mut PlainCharter)| {
        let (charter, lists) = founding(&founder);
        let mut plain = PlainCharter { charter, lists, heads: true };
        change(&mut plain);
        if plain.heads {
            plain.charter.members_len = u32::try_from(plain.lists.members.len()).unwrap();
            plain.charter.sealed_len = u32::try_from(plain.lists.sealed.len()).unwrap();
            plain.charter.members_head = plain.lists.members_head();
            plain.charter.sealed_head = plain.lists.sealed_head();
        }
        let given = json!({ "charter": hex(codec::encode(&plain.charter)), "lists": hex(codec::encode(&plain.lists)) });
        cases.add(rule, "charter", verdict, name, given);
    };
    let later = |plain: &mut PlainCharter| {
        plain.charter.epoch = 1;
        plain.charter.voters = list(voters(3));
        plain.charter.k = 2;
        plain.lists = Lists { members: list(rows(5)), sealed: list(sealed(4)) };
    };
    case("D7", Valid, "charter 0", &|_| {});
    case("D7", Invalid, "charter 0 with two voters", &|plain| {
        let mut both = vec![founder.voter(), voters(1)[0]];
        both.sort_by_key(|voter| voter.org);
        (plain.charter.voters, plain.charter.k) = (list(both), 2);
    });
    case("D7", Invalid, "charter 0 with two members", &|plain| {
        let mut both = vec![founder.row(), rows(1)[0]];
        both.sort_by_key(|row| row.org);
        plain.lists.members = list(both);
    });
    case("D7", Invalid, "charter 0 without a member", &|plain| plain.lists.members = BoundedVec::empty());
    case("D7", Invalid, "charter 0 whose member is another", &|plain| plain.lists.members = list(rows(1)));
    case("D7", Invalid, "charter 0 that seals", &|plain| plain.lists.sealed = list(sealed(1)));
    case("D4", Valid, "a later charter", &later);
    case("D4", Valid, "rules that are not known", &|plain| {
        later(plain);
        plain.charter.rules = 2;
    });
    case("D4", Valid, "the largest text and the most voters", &|plain| {
        later(plain);
        plain.charter.name = text(&"n".repeat(80));
        plain.charter.purpose = text(&"p".repeat(4_096));
        (plain.charter.voters, plain.charter.k) = (list(voters(255)), 255);
    });
    for (n, k, verdict) in [
        (1, 0, Invalid),
        (1, 1, Valid),
        (2, 1, Invalid),
        (2, 2, Valid),
        (3, 1, Invalid),
        (3, 2, Valid),
        (3, 3, Valid),
        (3, 4, Invalid),
        (4, 2, Invalid),
        (4, 3, Valid),
        (255, 127, Invalid),
        (255, 128, Valid),
    ] {
        case("D5", verdict, &format!("{k} of {n}"), &|plain| {
            later(plain);
            (plain.charter.voters, plain.charter.k) = (list(voters(n)), k);
        });
    }
    case("D5", Invalid, "no voter", &|plain| {
        later(plain);
        (plain.charter.voters, plain.charter.k) = (BoundedVec::empty(), 0);
    });
    case("D5", Invalid, "voters descending", &|plain| {
        later(plain);
        plain.charter.voters = list(voters(3).into_iter().rev().collect());
    });
    case("D5", Invalid, "two voters with one key", &|plain| {
        later(plain);
        let mut voters = voters(3);
        voters[1].key = voters[0].key;
        plain.charter.voters = list(voters);
    });
    case("D5", Invalid, "members descending", &|plain| {
        later(plain);
        plain.lists.members = list(rows(5).into_iter().rev().collect());
    });
    case("D5", Invalid, "a member twice", &|plain| {
        later(plain);
        let mut rows = vec![rows(1)[0]; 2];
        rows[1].certificate = CertificateId([0xff; 32]);
        plain.lists.members = list(rows);
    });
    case("D5", Invalid, "sealed rows descending", &|plain| {
        later(plain);
        plain.lists.sealed = list(sealed(4).into_iter().rev().collect());
    });
    case("D5", Invalid, "a sealed row twice", &|plain| {
        later(plain);
        plain.lists.sealed = list(vec![sealed(1)[0]; 2]);
    });
    case("D5", Valid, "two sealed rows of one organisation", &|plain| {
        later(plain);
        let row = sealed(1)[0];
        let mut rows = vec![row, SealedRow { op: 3, ..row }, SealedRow { op: 0, motion: MotionId([0xff; 32]), ..row }];
        rows.sort_unstable();
        plain.lists.sealed = list(rows);
    });
    case("D6", Invalid, "another head of the members", &|plain| {
        (plain.heads, plain.charter.members_len) = (false, 1);
        plain.charter.sealed_head = plain.lists.sealed_head();
    });
    case("D6", Invalid, "another head of the sealed rows", &|plain| {
        (plain.heads, plain.charter.members_len) = (false, 1);
        plain.charter.members_head = plain.lists.members_head();
    });
    for (members, sealed) in [(0, 0), (2, 0), (1, 1)] {
        case("D6", Invalid, &format!("says {members} members and {sealed} sealed rows"), &|plain| {
            (plain.heads, plain.charter.members_len, plain.charter.sealed_len) = (false, members, sealed);
            plain.charter.members_head = plain.lists.members_head();
            plain.charter.sealed_head = plain.lists.sealed_head();
        });
    }
    broken_charters(&mut cases, &founder);
    cases
}

fn broken_charters(cases: &mut Cases, founder: &Org) {
    let (charter, lists) = founding(founder);
    let object = charter.into_object(&lists).unwrap();
    let (charter, lists) = (object.bytes(), object.lists_bytes());
    let mut case = |rule, name: &str, charter: &[u8], lists: &[u8]| {
        cases.invalid(rule, "charter", name, json!({ "charter": hex(charter), "lists": hex(lists) }));
    };
    case("W5", "a byte too many", &[charter, &[0]].concat(), lists);
    case("W5", "a byte too few", &charter[..charter.len() - 1], lists);
    case("W5", "a byte too many in the lists", charter, &[lists, &[0]].concat());
    case("D4", "no lists", charter, &[]);
    let lists_of = |members: u64, sealed: u64| [members.to_le_bytes(), sealed.to_le_bytes()].concat();
    case("W6", "lists that announce 13,312 members and have none", charter, &lists_of(13_312, 0));
    case("W6", "lists that announce 13,313 members", charter, &lists_of(13_313, 0));
    case("W6", "lists that announce 2^64 - 1 sealed rows", charter, &lists_of(0, u64::MAX));
    for (name, bytes) in charters_above_a_bound() {
        case("D4", name, &bytes, &codec::encode(&Lists::default()));
    }
    case("D4", "above 32,768 bytes", &[charter, &[0; 32_768]].concat(), lists);
}

/// Charters 1 over no lists, with one field above its bound.
fn charters_above_a_bound() -> Vec<(&'static str, Vec<u8>)> {
    let write = |name: usize, purpose: usize, count: usize| {
        let voters: Vec<_> = voters(count).iter().map(|voter| (voter.org, voter.key)).collect();
        let empty = Lists::default();
        let start = (1_u16, 1_u32, [1_u8; 32], 0_u64, "n".repeat(name), "p".repeat(purpose));
        let heads = (0_u32, empty.members_head(), 0_u32, empty.sealed_head());
        let end = (voters, 255_u8, heads, (0_u32, 0_u64, 0_u64));
        [codec::encode(&start), codec::encode(&end)].concat()
    };
    assert!(Charter::read(&write(80, 4_096, 255), &codec::encode(&Lists::default())).is_ok());
    vec![
        ("a name of 81 bytes", write(81, 4_096, 255)),
        ("a purpose of 4,097 bytes", write(80, 4_097, 255)),
        ("256 voters", write(80, 4_096, 256)),
    ]
}

pub(crate) fn motions() -> Cases {
    let mut cases = Cases::default();
    let org = OrgId(bytes32("org"));
    let certificate = CertificateId(bytes32("version"));
    let motion = |op: Operation| Motion {
        epoch: CharterId(bytes32("charter")),
        proposer: OrgId(bytes32("proposer")),
        time: 1_750_000_000_000,
        reason: text("as agreed"),
        op,
    };
    let ids = |count: usize| {
        let mut ids: Vec<EntryId> = (0..count).map(|n| EntryId(bytes32(&format!("target {n}")))).collect();
        ids.sort_unstable();
        ids
    };
    let mut case = |rule, verdict, name: &str, bytes: Vec<u8>| {
        cases.add(rule, "motion", verdict, name, json!({ "motion": hex(bytes) }));
    };
    let operations = [
        ("admit", Operation::Admit { org, certificate }),
        ("invite", Operation::Invite { key: secret("invite").public() }),
        ("remove", Operation::Remove { org, certificate, pins: list(pins(2)) }),
        ("remove with the most pins", Operation::Remove { org, certificate, pins: list(pins(512)) }),
        ("remove without a pin", Operation::Remove { org, certificate, pins: BoundedVec::empty() }),
        ("settle", Operation::Settle { org, certificate, round: 0 }),
        ("settle in the last round", Operation::Settle { org, certificate, round: u32::MAX }),
        ("erase", Operation::Erase { targets: list(ids(1)) }),
        ("erase the most targets", Operation::Erase { targets: list(ids(256)) }),
    ];
    for (name, op) in operations {
        case("M2", Valid, name, codec::encode(&motion(op)));
    }
    let admit = codec::encode(&motion(Operation::Admit { org, certificate }));
    case("M1", Valid, "the longest reason", {
        codec::encode(&Motion { reason: text(&"r".repeat(4_096)), ..motion(Operation::Admit { org, certificate }) })
    });
    case("M1", Valid, "no reason", {
        codec::encode(&Motion { reason: text(""), ..motion(Operation::Admit { org, certificate }) })
    });
    case("M3", Invalid, "erase nothing", codec::encode(&motion(Operation::Erase { targets: BoundedVec::empty() })));
    let erase = |targets: Vec<EntryId>| codec::encode(&motion(Operation::Erase { targets: list(targets) }));
    case("M3", Invalid, "targets descending", erase(ids(3).into_iter().rev().collect()));
    case("M3", Invalid, "a target twice", erase(vec![ids(1)[0]; 2]));
    case("M3", Invalid, "pins descending", {
        let pins = pins(2).into_iter().rev().collect();
        codec::encode(&motion(Operation::Remove { org, certificate, pins: list(pins) }))
    });
    case("M3", Invalid, "a pin of something without a head", {
        let pins = vec![Pin { log: LogId([1; 32]), len: 1, head: EntryId::ZERO }];
        codec::encode(&motion(Operation::Remove { org, certificate, pins: list(pins) }))
    });
    // The tag of the operation lies after 32 + 32 + 8 + 8 + 9 bytes.
    for tag in [5_u32, 256, u32::MAX] {
        let mut changed = admit.clone();
        changed[89..93].copy_from_slice(&tag.to_le_bytes());
        case("W4", Invalid, &format!("operation {tag}"), changed);
    }
    let above = |tag: u32, rest: Vec<u8>| [&admit[..89], &tag.to_le_bytes(), &rest].concat();
    case("M2", Invalid, "513 pins", above(2, codec::encode(&(org, certificate, pins(513)))));
    case("M2", Invalid, "257 targets", above(4, codec::encode(&ids(257))));
    let mut weak = codec::encode(&motion(Operation::Invite { key: secret("invite").public() }));
    weak[93..].fill(0);
    case("W8", Invalid, "an invite key of small order", weak);
    case("W5", Invalid, "a byte too many", [admit.as_slice(), &[0]].concat());
    case("W5", Invalid, "a byte too few", admit[..admit.len() - 1].to_vec());
    case("M1", Invalid, "a reason of 4,097 bytes", {
        let reason = [&4_097_u64.to_le_bytes()[..], &[b'r'; 4_097]].concat();
        [&admit[..72], &reason, &admit[89..]].concat()
    });
    cases
}

pub(crate) fn signature_objects() -> Cases {
    use SignatureType::{Approval, Charter as OnCharter, Invite, Key};
    let mut cases = Cases::default();
    let signer = secret("signer");
    let target = ObjectId(bytes32("target"));
    let other = NetworkId(bytes32("another network"));
    for kind in [SignatureType::Certificate, Key, OnCharter, Approval, Invite] {
        let place = SignaturePlace { kind, target, key: signer.public(), round: 0 };
        let verified = place.sign(network(), &signer).unwrap();
        let bytes = codec::encode(&verified.to_untrusted());
        let mut case = |rule, verdict, what: &str, net: NetworkId, bytes: &[u8]| {
            let name = format!("{}: {what}", kind.domain().name());
            cases.add(
                rule,
                "signature_object",
                verdict,
                name,
                json!({ "network": hex(net.0), "signature": hex(bytes) }),
            );
        };
        case("D8", Valid, "signed", network(), &bytes);
        let crosses = if kind.domain().in_network() { Invalid } else { Valid };
        case("W11", crosses, "in another network", other, &bytes);
        for (name, at) in [("target", 4), ("signature", 70), ("last byte", 133)] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            case("D9", Invalid, &format!("{name} changed"), network(), &changed);
        }
        let mut round = bytes.clone();
        round[68] = 1;
        case("D9", Invalid, "round 1 with the signature of round 0", network(), &round);
        // Signed for that round as a charter is: only charters are.
        let in_round = SignaturePlace { kind: OnCharter, round: 1, ..place }.sign(network(), &signer).unwrap();
        let in_round = UntrustedSignature { place: SignaturePlace { round: 1, ..place }, sig: *in_round.sig() };
        let verdict = if kind == OnCharter { Valid } else { Invalid };
        case("D9", verdict, "signed for round 1", network(), &codec::encode(&in_round));
        for tag in 0..6_u8 {
            if u32::from(tag) != kind as u32 {
                let mut changed = bytes.clone();
                changed[0] = tag;
                let rule = if tag == 5 { "W4" } else { "W11" };
                case(rule, Invalid, &format!("as type {tag}"), network(), &changed);
            }
        }
        case("W5", Invalid, "a byte too many", network(), &[bytes.as_slice(), &[0]].concat());
        case("W5", Invalid, "a byte too few", network(), &bytes[..133]);
    }
    cases
}

pub(crate) fn facts() -> Cases {
    let mut cases = Cases::default();
    certificate_facts(&mut cases);
    charter_facts(&mut cases);
    motion_facts(&mut cases);
    cases
}

fn add(cases: &mut Cases, rule: &'static str, name: &str, network: NetworkId, set: &[Signed]) {
    let given: Value = json!({ "network": hex(network.0), "documents": show_set(set) });
    cases.valid(rule, "facts", name, given);
}

fn certificate_facts(cases: &mut Cases) {
    let org = Org::new("Example Lab", 2);
    let net = network();
    let bare = |version: &lyceum_protocol::document::certificate::CertificateObject| {
        Signed::new(DocumentObject::Certificate(version.clone()), vec![])
    };
    add(cases, "D12", "number 0 with all possession signatures", net, &org.opening());
    add(cases, "D10", "number 0 without a signature", net, &[bare(&org.zero)]);
    let one = org.version(&org.zero, |next| next.name = text("Renamed Lab"));
    let two = org.version(&one, |_| {});
    add(cases, "D11", "three linked versions", net, &{
        let mut set = org.opening();
        set.extend([org.signed(&one), org.signed(&two)]);
        set
    });
    add(cases, "D13", "number 1 is missing", net, &{
        let mut set = org.opening();
        set.push(org.signed(&two));
        set
    });
    add(cases, "D11", "number 1 is not signed", net, &{
        let mut set = org.opening();
        set.extend([bare(&one), org.signed(&two)]);
        set
    });
    let new_root = secret("new root");
    let other_root = org.version(&org.zero, |next| next.root_keys = list(vec![new_root.public()]));
    let by_new = SignaturePlace::certificate(other_root.id(), new_root.public()).sign(net, &new_root).unwrap();
    for (name, signatures) in [
        ("a new root key, signed by the old one", vec![org.signs(&other_root)]),
        ("a new root key, signed by itself", vec![by_new]),
        ("a new root key, signed by both", vec![org.signs(&other_root), by_new]),
    ] {
        let mut set = org.opening();
        set.push(Signed::new(DocumentObject::Certificate(other_root.clone()), signatures));
        add(cases, "D11", name, net, &set);
    }
    let more_roles = org.version(&org.zero, |next| {
        let mut keys = next.keys.to_vec();
        keys.iter_mut().for_each(|listed| listed.roles = Roles(Roles::READER));
        next.keys = list(keys);
    });
    add(cases, "D11", "other roles than before", net, &{
        let mut set = org.opening();
        set.push(org.signed(&more_roles));
        set
    });
    let dropped = org.version(&org.zero, |next| next.keys = BoundedVec::empty());
    let back = org.version(&dropped, |next| next.keys = more_roles.keys.clone());
    add(cases, "D11", "other roles than in a version further below", net, &{
        let mut set = org.opening();
        set.extend([org.signed(&dropped), org.signed(&back)]);
        set
    });
    add(cases, "D11", "1,024 keys over a chain, one more, and a chain that goes on", net, &many_keys("Many keys"));
    let skipped = org.version(&org.zero, |next| next.number = 2);
    add(cases, "D11", "a number is left out", net, &{
        let mut set = org.opening();
        set.push(org.signed(&skipped));
        set
    });
    two_of_three(cases, &org);
}

/// Versions 0 to 31 list 32 keys each, version 32 lists those of 31 again, version 33 one that is new, 34 lists none.
pub(crate) fn many_keys(name: &'static str) -> Vec<Signed> {
    let mut org = Org::new(name, 0);
    let keys = |version: u32| {
        let names = (0..limits::KEYS_MAX).map(|n| format!("{name} node {version} {n}"));
        let listed = |key| ListedKey { key, roles: Roles(Roles::NODE), label: text("") };
        list(sorted_keys(names).into_iter().map(listed).collect())
    };
    let mut zero: Certificate = (*org.zero).clone();
    zero.keys = keys(0);
    org.zero = zero.into_object().unwrap();
    let mut chain = vec![org.zero.clone()];
    for number in 1..35 {
        let next = org.version(&chain[chain.len() - 1], |next| {
            next.keys = match number {
                32 => keys(31),
                33 => list(keys(33).iter().take(1).cloned().collect()),
                34 => BoundedVec::empty(),
                _ => keys(number),
            };
        });
        chain.push(next);
    }
    chain.iter().map(|version| org.signed(version)).collect()
}

/// Two of three root keys have to sign.
fn two_of_three(cases: &mut Cases, org: &Org) {
    let roots: Vec<SecretKey> = (0..3).map(|n| secret(&format!("root {n}"))).collect();
    let certificate = Certificate {
        root_keys: list(sorted_keys((0..3).map(|n| format!("root {n}")))),
        root_k: 2,
        ..(*org.zero).clone()
    };
    let object = certificate.into_object().unwrap();
    for signers in 1..=2 {
        let sign =
            |root: &SecretKey| SignaturePlace::certificate(object.id(), root.public()).sign(network(), root).unwrap();
        let mut signatures: Vec<_> = roots.iter().take(signers).map(sign).collect();
        // A key that the version does not list adds nothing.
        signatures.push(sign(&org.root));
        let set = [Signed::new(DocumentObject::Certificate(object.clone()), signatures)];
        add(cases, "D10", &format!("{signers} of three root keys signed, and a stranger"), network(), &set);
    }
}

fn charter_facts(cases: &mut Cases) {
    let (a, b, c) = (Org::new("A", 1), Org::new("B", 1), Org::new("C", 1));
    let (charter, lists) = founding(&a);
    let zero = charter.into_object(&lists).unwrap();
    let net = NetworkId::from(zero.id());
    let admitted = |org: &Org| sealed_row(org.id(), 0, MotionId(bytes32(org.name)));
    let first = || signed_charter(&zero, 0, &[&a]);
    let one = next_charter(&zero, &[&a, &b], 2, vec![a.row(), b.row()], vec![admitted(&b)]);
    add(cases, "D15", "certified in round 0", net, &[first(), signed_charter(&one, 0, &[&a, &b])]);
    add(cases, "D15", "signed by the old voter only", net, &[first(), signed_charter(&one, 0, &[&a])]);
    add(cases, "D15", "signed by the new voter only", net, &[first(), signed_charter(&one, 0, &[&b])]);
    let both_rounds = |first_round: &[&Org], second: &[&Org]| {
        let mut signed = signed_charter(&one, 3, first_round);
        signed.signatures.extend(signed_charter(&one, 7, second).signatures);
        signed
    };
    add(cases, "D15", "halves in two rounds", net, &[first(), both_rounds(&[&a], &[&b])]);
    add(cases, "D15", "certified in two rounds", net, &[first(), both_rounds(&[&a, &b], &[&a, &b])]);
    add(cases, "D15", "signed by a stranger", net, &[first(), signed_charter(&one, 0, &[&a, &b, &c])]);
    add(cases, "D14", "the predecessor is missing", net, &[signed_charter(&one, 0, &[&a, &b])]);
    let mut case = |name: &str, next: lyceum_protocol::document::charter::CharterObject| {
        add(cases, "D14", name, net, &[first(), signed_charter(&next, 0, &[&a, &b, &c])]);
    };
    case("one to three voters at once", next_charter(&zero, &[&a, &b, &c], 3, vec![a.row()], vec![]));
    case("too little overlap", next_charter(&zero, &[&b], 1, vec![a.row()], vec![]));
    case("k too small for the overlap", next_charter(&zero, &[&a, &b, &c], 2, vec![a.row()], vec![]));
    case("a member without an Admit", next_charter(&zero, &[&a], 1, vec![a.row(), b.row()], vec![]));
    case("an Admit without a member", next_charter(&zero, &[&a], 1, vec![a.row()], vec![admitted(&b)]));
    let removed = |org: &Org| sealed_row(org.id(), 2, MotionId(bytes32("remove")));
    case("admitted and removed", next_charter(&zero, &[&a], 1, vec![a.row()], vec![admitted(&b), removed(&b)]));
    case("the founder removed", next_charter(&zero, &[&a], 1, vec![], vec![removed(&a)]));
    case("the founder removed and listed", next_charter(&zero, &[&a], 1, vec![a.row()], vec![removed(&a)]));
    let row = |org, op| vec![sealed_row(org, op, MotionId(bytes32("motion")))];
    case("an Invite sealed as such", next_charter(&zero, &[&a], 1, vec![a.row()], row(b.id(), 1)));
    case("a sealed Settle", next_charter(&zero, &[&a], 1, vec![a.row()], row(a.id(), 3)));
    case("a sealed Erase", next_charter(&zero, &[&a], 1, vec![a.row()], row(OrgId::ZERO, 4)));
    case("a sealed Erase about somebody", next_charter(&zero, &[&a], 1, vec![a.row()], row(a.id(), 4)));
    case("a sealed Settle about nobody", next_charter(&zero, &[&a], 1, vec![a.row()], row(OrgId::ZERO, 3)));
    case("an unknown operation", next_charter(&zero, &[&a], 1, vec![a.row()], row(a.id(), 5)));
    let mut skipped: Charter = one.charter.clone();
    skipped.epoch = 2;
    case("an epoch is left out", skipped.into_object(&one.lists).unwrap());
}

fn motion_facts(cases: &mut Cases) {
    let (a, b, c, d) = (Org::new("A", 1), Org::new("B", 1), Org::new("C", 1), Org::new("D", 1));
    let (charter, lists) = founding(&a);
    let zero = charter.into_object(&lists).unwrap();
    let net = NetworkId::from(zero.id());
    // Not certified, so not adopted: passing asks for the voters and k of the epoch alone.
    let epoch = next_charter(&zero, &[&a, &b, &c], 2, vec![a.row()], vec![]);
    let admit = motion(epoch.id(), &a, Operation::Admit { org: d.id(), certificate: d.zero.id() });
    for (name, voters) in [
        ("no approval", vec![]),
        ("one approval of two", vec![&a]),
        ("two approvals", vec![&a, &c]),
        ("an approval by a stranger", vec![&a, &d]),
        ("all approvals", vec![&a, &b, &c]),
    ] {
        let set = [signed_charter(&zero, 0, &[&a]), signed_charter(&epoch, 0, &[]), approved(net, &admit, &voters)];
        add(cases, "M4", name, net, &set);
    }
    add(cases, "M4", "the charter of its epoch is missing", net, &[approved(net, &admit, &[&a, &b, &c])]);
}
