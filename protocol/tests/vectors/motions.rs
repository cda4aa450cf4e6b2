//! Motions alone.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Pin;
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::hash::{CertificateId, CharterId, EntryId, LogId, OrgId};
use serde_json::json;

use crate::case::{Cases, Verdict, hex};
use crate::fixtures::{bytes32, list, pins, secret, text};

use Verdict::{Invalid, Valid};

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
