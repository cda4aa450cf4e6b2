//! Files, their pieces with proofs, and the frames of attachments.
//!
//! Hashes are made here as BLAKE3 defines its tree, the largest power of two to the left, and not as the rules say it:
//! that both come to the same is what the vectors show. Siblings are made up: for what a proof proves, any do.

mod verdict;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use lyceum_protocol::attachment::message::{Answer, Held, Range, Request};
use lyceum_protocol::attachment::{ATTACHMENT_MAX, HASHES_MAX, PIECE, PROOF_MAX, RANGES_MAX, REQUEST_MAX};
use lyceum_protocol::bounded::{BoundedBytes, BoundedVec};
use lyceum_protocol::hash::FileHash;
use lyceum_protocol::sync::message::RefusalCode;
use serde_json::{Value, json};

use crate::case::{Cases, hex};
use crate::fixtures::{bytes32, list};
use crate::frames::frame;

pub(crate) use verdict::{answer, exchange, file, piece, request};

const MIB: u64 = PIECE as u64;

type Hash = [u8; 32];

/// Bytes of which each is its number modulo 251.
pub(crate) fn counted(len: u64) -> Vec<u8> {
    (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

/// The value of bytes as a piece of a file of several.
fn value_of(index: u32, bytes: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(u64::from(index) * MIB);
    hasher.update(bytes).finalize_non_root()
}

/// The value over some of the pieces of a file, and the siblings on the way to `wanted`, the nearest first.
fn subtree(values: &[Hash], wanted: usize, is_root: bool) -> (Hash, Vec<Hash>) {
    if let [alone] = values {
        return (*alone, Vec::new());
    }
    let (left, right) = values.split_at(values.len().next_power_of_two() / 2);
    let (left_value, left_proof) = subtree(left, wanted, false);
    let (right_value, right_proof) = subtree(right, wanted.wrapping_sub(left.len()), false);
    let mut proof = if wanted < left.len() { left_proof } else { right_proof };
    proof.push(if wanted < left.len() { right_value } else { left_value });
    let value = if is_root {
        *merge_subtrees_root(&left_value, &right_value, Mode::Hash).as_bytes()
    } else {
        merge_subtrees_non_root(&left_value, &right_value, Mode::Hash)
    };
    (value, proof)
}

/// A piece that is claimed to be of a file.
#[derive(Clone)]
struct Claim {
    blake3: Hash,
    size: u64,
    index: u32,
    proof: Vec<Hash>,
    bytes: Value,
}

impl Claim {
    /// A piece of a file of several, the others made up.
    fn of(size: u64, index: u32, bytes: Value) -> Self {
        let mut values: Vec<Hash> = (0..size.div_ceil(MIB)).map(|n| bytes32(&format!("value of piece {n}"))).collect();
        let wanted = usize::try_from(index).unwrap();
        values[wanted] = value_of(index, &verdict::content(&bytes));
        let (blake3, proof) = subtree(&values, wanted, true);
        Self { blake3, size, index, proof, bytes }
    }

    fn given(&self) -> Value {
        let proof: Vec<Value> = self.proof.iter().map(hex).collect();
        json!({
            "blake3": hex(self.blake3), "size": self.size.to_string(), "index": self.index, "proof": proof,
            "bytes": self.bytes,
        })
    }
}

fn short(text: &str) -> Value {
    json!({ "hex": hex(text) })
}

pub(crate) fn pieces() -> Cases {
    let mut cases = Cases::default();
    for size in [0, 1, 64, 65, 1024, 1025, 3 * 1024, MIB - 1, MIB, MIB + 1, 2 * MIB + 5] {
        cases.valid("A1 and A2", "file", format!("a file of {size} bytes"), json!({ "counted": size }));
    }
    of_one_piece(&mut cases);
    of_several(&mut cases);
    full_pieces(&mut cases);
    the_largest(&mut cases);
    cases
}

fn of_one_piece(cases: &mut Cases) {
    let whole = |bytes: &str| Claim {
        blake3: *blake3::hash(bytes.as_bytes()).as_bytes(),
        size: u64::try_from(bytes.len()).unwrap(),
        index: 0,
        proof: Vec::new(),
        bytes: short(bytes),
    };
    let some = whole("some bytes");
    cases.valid("A1", "piece", "an empty file is one empty piece", whole("").given());
    cases.valid("A3", "piece", "a file of one piece", some.given());
    let wrong = [
        ("a file of one piece: other bytes", Claim { bytes: short("same bytes"), ..some.clone() }),
        ("a file of one piece: another size", Claim { size: some.size + 1, ..some.clone() }),
        ("a file of one piece: a second piece", Claim { index: 1, ..some.clone() }),
        ("a file of one piece: a value too many", Claim { proof: vec![bytes32("value")], ..some.clone() }),
        ("a file of one piece: its value as a subtree", Claim { blake3: value_of(0, b"some bytes"), ..some }),
    ];
    for (name, claim) in wrong {
        cases.invalid("A3", "piece", name, claim.given());
    }
}

fn of_several(cases: &mut Cases) {
    for before in 1..=8_u32 {
        let claim = Claim::of(u64::from(before) * MIB + 5, before, short("short"));
        let name = |what: &str| format!("the last of {} pieces{what}", before + 1);
        cases.valid("A3", "piece", name(""), claim.given());
        let mut fewer = claim.clone();
        fewer.proof.pop();
        let mut more = claim.clone();
        more.proof.push(bytes32("value"));
        let mut changed = claim.clone();
        changed.proof[0][31] ^= 1;
        let wrong = [
            (": a value is missing", fewer),
            (": a value too many", more),
            (": a value is another", changed),
            (": other bytes", Claim { bytes: short("shirt"), ..claim.clone() }),
            (": a byte is missing", Claim { bytes: short("shor"), ..claim.clone() }),
            (": as the one before", Claim { index: before - 1, ..claim.clone() }),
            (": of a file of a byte more", Claim { size: claim.size + 1, ..claim.clone() }),
            (": of a file of a piece more", Claim { size: claim.size + MIB, ..claim.clone() }),
        ];
        for (what, claim) in wrong {
            cases.invalid("A3", "piece", name(what), claim.given());
        }
        if claim.proof.len() > 1 {
            let mut turned = claim.clone();
            turned.proof.reverse();
            cases.invalid("A3", "piece", name(": the root's child first"), turned.given());
        }
    }
}

fn full_pieces(cases: &mut Cases) {
    let full = json!({ "counted": MIB });
    let claim = Claim::of(4 * MIB + 5, 1, full.clone());
    cases.valid("A3", "piece", "piece 1 of 5, a full one", claim.given());
    let moved = Claim { index: 2, ..Claim::of(4 * MIB + 5, 2, full.clone()) };
    // The same bytes elsewhere have another value: the counter of the chunks goes into it.
    let mut elsewhere = moved.clone();
    elsewhere.blake3 = {
        let mut values: Vec<Hash> = (0..5).map(|n| bytes32(&format!("value of piece {n}"))).collect();
        values[2] = value_of(1, &counted(MIB));
        subtree(&values, 2, true).0
    };
    cases.valid("A3", "piece", "piece 2 of 5, a full one", moved.given());
    cases.invalid("A2", "piece", "piece 2 of 5, hashed with the counter of piece 1", elsewhere.given());
}

fn the_largest(cases: &mut Cases) {
    let index = u32::try_from(ATTACHMENT_MAX / MIB - 1).unwrap();
    let proof: Vec<Hash> = (0..PROOF_MAX).map(|n| bytes32(&format!("sibling {n}"))).collect();
    let (top, below) = proof.split_last().unwrap();
    let value = below
        .iter()
        .fold(value_of(index, b"end"), |value, sibling| merge_subtrees_non_root(sibling, &value, Mode::Hash));
    let blake3 = *merge_subtrees_root(top, &value, Mode::Hash).as_bytes();
    let size = ATTACHMENT_MAX - MIB + 3;
    let claim = Claim { blake3, size, index, proof, bytes: short("end") };
    cases.valid("A3", "piece", "the last of 262,144 pieces", claim.given());
    let mut longer = Claim { size: size + MIB, index: index + 1, ..claim };
    longer.proof.push(bytes32("sibling 18"));
    cases.invalid("A1", "piece", "the last of 262,145 pieces", longer.given());
}

fn hashes(count: usize) -> Vec<FileHash> {
    let mut hashes: Vec<FileHash> = (0..count).map(|n| FileHash(bytes32(&format!("file {n}")))).collect();
    hashes.sort_unstable();
    hashes
}

/// A list of any length, bounds or not.
fn unbounded(items: &[Vec<u8>]) -> Vec<u8> {
    [&u64::try_from(items.len()).unwrap().to_le_bytes()[..], &items.concat()].concat()
}

/// A Has that asks for these, whatever rules say.
fn asks(hashes: &[FileHash]) -> Vec<u8> {
    let items: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.0.to_vec()).collect();
    [&[0; 4][..], &unbounded(&items)].concat()
}

fn held(blake3: FileHash, size: u64, ranges: &[(u32, u32)]) -> Held {
    let ranges = ranges.iter().map(|(first, count)| Range { first: *first, count: *count }).collect();
    Held { blake3, size, ranges: list(ranges) }
}

fn has(files: Vec<Held>) -> Vec<u8> {
    Answer::Has(list(files)).to_bytes()
}

pub(crate) fn frames() -> Cases {
    let mut cases = Cases::default();
    let blake3 = FileHash(bytes32("file"));
    let piece = Request::Piece { blake3, index: u32::MAX }.to_bytes();
    let mut valid = |name: &str, body: &[u8]| cases.valid("A4", "attachment_request", name, frame(body));
    valid("who has one file", &asks(&hashes(1)));
    valid("who has as many files as may be asked for", &Request::Has { hashes: list(hashes(HASHES_MAX)) }.to_bytes());
    valid("a piece", &piece);
    let two = hashes(2);
    let wrong = [
        ("who has no file", asks(&[])),
        ("who has a file too many", asks(&hashes(HASHES_MAX + 1))),
        ("who has: descending", asks(&[two[1], two[0]])),
        ("who has: twice the same", asks(&[two[0], two[0]])),
        ("a piece: a byte too many", [&piece[..], &[0]].concat()),
        ("a piece: a byte is missing", piece[..piece.len() - 1].to_vec()),
        ("an unknown request", [&[2, 0, 0, 0][..], &piece[4..]].concat()),
        ("a frame of a byte too many", vec![0; REQUEST_MAX + 1]),
    ];
    for (name, body) in wrong {
        cases.invalid("A4", "attachment_request", name, frame(&body));
    }
    holdings(&mut cases);
    answers(&mut cases);
    exchanges(&mut cases);
    cases
}

fn holdings(cases: &mut Cases) {
    let (blake3, size) = (FileHash(bytes32("file")), 10 * MIB - 1);
    let one = |size: u64, ranges: &[(u32, u32)]| has(vec![held(blake3, size, ranges)]);
    let most: Vec<(u32, u32)> = (0..u32::try_from(RANGES_MAX).unwrap()).map(|n| (n * 2, 1)).collect();
    let all = hashes(HASHES_MAX).into_iter().map(|hash| held(hash, ATTACHMENT_MAX, &[(0, 262_144)])).collect();
    let valid = [
        ("nothing is held", has(Vec::new())),
        ("a whole file", one(size, &[(0, 10)])),
        ("parts of a file", one(size, &[(0, 1), (2, 3), (9, 1)])),
        ("an empty file", one(0, &[(0, 1)])),
        ("as many ranges as are told", one(ATTACHMENT_MAX, &most)),
        ("as many files as may be asked for, the largest", has(all)),
    ];
    for (name, body) in valid {
        cases.valid("A5", "attachment_answer", name, frame(&body));
    }
    let two = hashes(2);
    let whole = |hash: FileHash| held(hash, 1, &[(0, 1)]);
    let wrong = [
        ("a file without ranges", one(size, &[])),
        ("a range without pieces", one(size, &[(3, 0)])),
        ("a range over the end", one(size, &[(9, 2)])),
        ("a range behind the end", one(size, &[(10, 1)])),
        ("a range that ends above all numbers", one(size, &[(u32::MAX, 2)])),
        ("ranges that touch", one(size, &[(0, 2), (2, 1)])),
        ("ranges that overlap", one(size, &[(0, 3), (2, 2)])),
        ("ranges that descend", one(size, &[(4, 1), (0, 1)])),
        ("an empty file of two pieces", one(0, &[(0, 2)])),
        ("a file that is too large", one(ATTACHMENT_MAX + 1, &[(0, 1)])),
        ("files that descend", has(vec![whole(two[1]), whole(two[0])])),
        ("a file twice", has(vec![whole(two[0]), whole(two[0])])),
    ];
    for (name, body) in wrong {
        cases.invalid("A5", "attachment_answer", name, frame(&body));
    }
}

fn a_piece(proof: usize, bytes: &[u8]) -> Vec<u8> {
    let proof = (0..proof).map(|n| bytes32(&format!("sibling {n}"))).collect();
    Answer::Piece { proof: list(proof), bytes: BoundedBytes::new(bytes.to_vec()).unwrap() }.to_bytes()
}

fn answers(cases: &mut Cases) {
    let mut valid = |name: &str, body: &[u8]| cases.valid("A5", "attachment_answer", name, frame(body));
    valid("a piece without proof", &a_piece(0, b"some bytes"));
    valid("an empty piece", &a_piece(0, b""));
    valid("a piece with the longest proof", &a_piece(PROOF_MAX, b"some bytes"));
    for code in [RefusalCode::NotHeld, RefusalCode::Busy, RefusalCode::MembersOnly] {
        valid(&format!("refused with code {}", code as u32), &Answer::refused(code, "in words").to_bytes());
    }
    let values: Vec<Vec<u8>> = (0..=PROOF_MAX).map(|n| bytes32(&format!("sibling {n}")).to_vec()).collect();
    let longer = [&[1, 0, 0, 0][..], &unbounded(&values), &[0; 8]].concat();
    let mut promised = a_piece(0, b"some bytes");
    let len = promised.len();
    promised[len - 18..len - 10].copy_from_slice(&(MIB + 1).to_le_bytes());
    let refused = Answer::refused(RefusalCode::Busy, "later").to_bytes();
    let wrong = [
        ("a piece with a value too many", longer),
        ("a piece of a byte too many", promised),
        ("refused with an unknown code", [&refused[..4], &[9, 0, 0, 0], &refused[8..]].concat()),
        ("an unknown answer", [&[3, 0, 0, 0][..], &refused[4..]].concat()),
        ("a byte is left over", [&refused[..], &[0]].concat()),
    ];
    for (name, body) in wrong {
        cases.invalid("A5", "attachment_answer", name, frame(&body));
    }
}

fn exchanges(cases: &mut Cases) {
    let three = hashes(3);
    let files = |hashes: &[FileHash]| has(hashes.iter().map(|hash| held(*hash, 1, &[(0, 1)])).collect());
    let asked = Request::Has { hashes: BoundedVec::new(three[..2].to_vec()).unwrap() }.to_bytes();
    let piece = Request::Piece { blake3: three[0], index: 0 }.to_bytes();
    let busy = Answer::refused(RefusalCode::Busy, "later").to_bytes();
    let exchange = |request: &[u8], answer: Vec<u8>| json!({ "request": frame(request)["frame"], "answer": frame(&answer)["frame"] });
    for (name, given) in [
        ("all that was asked for", exchange(&asked, files(&three[..2]))),
        ("some of what was asked for", exchange(&asked, files(&three[1..2]))),
        ("none of what was asked for", exchange(&asked, files(&[]))),
        ("a piece was asked for", exchange(&piece, a_piece(0, b"x"))),
        ("refused who has", exchange(&asked, busy.clone())),
        ("refused a piece", exchange(&piece, busy)),
    ] {
        cases.valid("A5", "attachment_exchange", name, given);
    }
    for (name, given) in [
        ("a file that nobody asked for", exchange(&asked, files(&three[1..]))),
        ("files, where a piece was asked for", exchange(&piece, files(&three[..1]))),
        ("a piece, where files were asked for", exchange(&asked, a_piece(0, b"x"))),
    ] {
        cases.invalid("A5", "attachment_exchange", name, given);
    }
}
