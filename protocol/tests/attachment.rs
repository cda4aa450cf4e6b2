//! What nodes ask each other of attachments: what is written is read, and nothing else.

#![expect(clippy::unwrap_used, reason = "values within their bounds")]

use std::collections::BTreeSet;

use lyceum_protocol::attachment::message::{Answer, Held, Range, Request};
use lyceum_protocol::attachment::{ANSWER_MAX, ATTACHMENT_MAX, HASHES_MAX, PIECE, PROOF_MAX, RANGES_MAX, REQUEST_MAX};
use lyceum_protocol::bounded::{BoundedBytes, BoundedVec};
use lyceum_protocol::codec::CodecError;
use lyceum_protocol::hash::FileHash;
use lyceum_protocol::sync::message::RefusalCode;
use proptest::prelude::*;

fn hash(n: u8) -> FileHash {
    FileHash([n; 32])
}

fn has(hashes: &[u8]) -> Request {
    Request::Has { hashes: BoundedVec::new(hashes.iter().copied().map(hash).collect()).unwrap() }
}

fn held(n: u8, size: u64, ranges: &[(u32, u32)]) -> Held {
    let ranges = ranges.iter().map(|(first, count)| Range { first: *first, count: *count }).collect();
    Held { blake3: hash(n), size, ranges: BoundedVec::new(ranges).unwrap() }
}

fn says(files: Vec<Held>) -> Result<Answer, CodecError> {
    Answer::read(&Answer::Has(BoundedVec::new(files).unwrap()).to_bytes())
}

proptest! {
    /// A4: what is asked is read, and any other bytes are refused.
    #[test]
    fn a_request_is_read_as_it_was_written(
        hashes in prop::collection::btree_set(any::<[u8; 32]>(), 1..=HASHES_MAX),
        index in any::<u32>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let blake3 = FileHash(*hashes.first().unwrap());
        let hashes: Vec<FileHash> = hashes.into_iter().map(FileHash).collect();
        for request in [Request::Has { hashes: BoundedVec::new(hashes).unwrap() }, Request::Piece { blake3, index }] {
            prop_assert_eq!(Request::read(&request.to_bytes()).unwrap(), request);
        }
        if let Ok(request) = Request::read(&bytes) {
            prop_assert_eq!(request.to_bytes(), bytes);
        }
    }

    /// A5: so is what is answered.
    #[test]
    fn an_answer_is_read_as_it_was_written(
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..=PROOF_MAX),
        piece in prop::collection::vec(any::<u8>(), 0..3_000),
        cuts in prop::collection::btree_set(0_u32..1_000, 2..60),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let cuts: Vec<u32> = cuts.into_iter().collect();
        // Between two cuts a range, after it a gap: none touches the next.
        let ranges: Vec<(u32, u32)> =
            cuts.chunks_exact(2).map(|pair| (pair[0] * 2, (pair[1] - pair[0]) * 2 - 1)).collect();
        let size = 2_000 * u64::from(PIECE);
        let answers = [
            Answer::Piece { proof: BoundedVec::new(proof).unwrap(), bytes: BoundedBytes::new(piece).unwrap() },
            Answer::Has(BoundedVec::new(vec![held(1, size, &ranges)]).unwrap()),
            Answer::refused(RefusalCode::NotHeld, "not here"),
        ];
        for answer in answers {
            prop_assert_eq!(Answer::read(&answer.to_bytes()).unwrap(), answer);
        }
        if let Ok(answer) = Answer::read(&bytes) {
            prop_assert_eq!(answer.to_bytes(), bytes);
        }
    }
}

/// A4: at least one hash, strictly ascending.
#[test]
fn hashes_are_asked_for_in_order_and_once() {
    let read = |hashes: &[u8]| Request::read(&has(hashes).to_bytes());
    assert!(read(&[1, 2, 9]).is_ok());
    assert!(matches!(read(&[]), Err(CodecError::Malformed(_))));
    assert_eq!(read(&[2, 1]), Err(CodecError::Unordered("hashes")));
    assert_eq!(read(&[1, 1]), Err(CodecError::Unordered("hashes")));
}

/// A1, A5: ranges are within the file, ascending, and do not touch.
#[test]
fn what_is_held_is_told_in_one_way() {
    let size = 10 * u64::from(PIECE) - 1;
    let one = |ranges: &[(u32, u32)]| says(vec![held(1, size, ranges)]);
    assert!(one(&[(0, 10)]).is_ok() && one(&[(0, 1), (2, 8)]).is_ok());
    for wrong in [
        &[][..],
        &[(0, 0)],
        &[(0, 11)],
        &[(10, 1)],
        &[(u32::MAX, 2)],
        &[(0, 1), (1, 1)],
        &[(2, 1), (0, 1)],
        &[(0, 3), (2, 2)],
    ] {
        assert!(one(wrong).is_err(), "{wrong:?}");
    }
    assert!(says(vec![held(1, 0, &[(0, 1)])]).is_ok(), "an empty file is one piece");
    assert!(says(vec![held(1, ATTACHMENT_MAX, &[(0, 262_144)])]).is_ok());
    assert!(says(vec![held(1, ATTACHMENT_MAX + 1, &[(0, 1)])]).is_err());
    assert_eq!(says(vec![held(2, 1, &[(0, 1)]), held(1, 1, &[(0, 1)])]), Err(CodecError::Unordered("files")));
}

/// A5: an answer is about what was asked for.
#[test]
fn an_answer_fits_its_question() {
    let some = Answer::Has(BoundedVec::new(vec![held(1, 1, &[(0, 1)])]).unwrap());
    let piece = Answer::Piece { proof: BoundedVec::empty(), bytes: BoundedBytes::default() };
    let asks_piece = Request::Piece { blake3: hash(1), index: 0 };
    assert!(some.answers(&has(&[1, 2])) && !some.answers(&has(&[2])) && !some.answers(&asks_piece));
    assert!(piece.answers(&asks_piece) && !piece.answers(&has(&[1])));
    let refused = Answer::refused(RefusalCode::Busy, "later");
    assert!(refused.answers(&asks_piece) && refused.answers(&has(&[1])));
}

/// A4, A5: the largest of each fits its frame.
#[test]
fn the_largest_fit() {
    let hashes: BTreeSet<[u8; 32]> = (0..HASHES_MAX).map(|n| [u8::try_from(n).unwrap(); 32]).collect();
    let request = Request::Has { hashes: BoundedVec::new(hashes.iter().copied().map(FileHash).collect()).unwrap() };
    assert!(request.to_bytes().len() <= REQUEST_MAX);
    let piece = Answer::Piece {
        proof: BoundedVec::new(vec![[7; 32]; PROOF_MAX]).unwrap(),
        bytes: BoundedBytes::new(vec![7; PIECE as usize]).unwrap(),
    };
    assert!(piece.to_bytes().len() <= ANSWER_MAX && Answer::read(&piece.to_bytes()).is_ok());
    let ranges: Vec<(u32, u32)> = (0..u32::try_from(RANGES_MAX).unwrap()).map(|n| (n * 2, 1)).collect();
    let files =
        hashes.iter().map(|hash| Held { blake3: FileHash(*hash), ..held(0, ATTACHMENT_MAX, &ranges) }).collect();
    let all = Answer::Has(BoundedVec::new(files).unwrap());
    assert!(all.to_bytes().len() <= ANSWER_MAX && Answer::read(&all.to_bytes()).is_ok());
}
