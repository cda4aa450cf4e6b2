//! Charters with their lists, alone.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::codec;
use lyceum_protocol::document::charter::{Charter, Lists, MemberRow, SealedRow, Voter};
use lyceum_protocol::hash::{CertificateId, MotionId, OrgId};
use serde_json::json;

use crate::case::{Cases, Verdict, hex};
use crate::fixtures::{Org, bytes32, founding, list, sealed_row, secret, text};

use Verdict::{Invalid, Valid};

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
