use proptest::prelude::*;

use super::super::builder::OutlineBuilder;
use super::super::{ATTACHMENT_MAX, PIECES_MAX};
use super::*;

const PIECE_LEN: usize = PIECE as usize;

/// Bytes that differ from piece to piece.
fn file(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&size.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn outline_of(bytes: &[u8], step: usize) -> Outline {
    let mut builder = OutlineBuilder::new();
    bytes.chunks(step).for_each(|part| builder.update(part).unwrap());
    builder.finish().unwrap()
}

fn piece(bytes: &[u8], index: u32) -> Vec<u8> {
    bytes.chunks(PIECE_LEN).nth(index as usize).unwrap_or_default().to_vec()
}

/// Sizes around the borders of pieces, and how many pieces they have.
const SIZES: [(usize, u32); 12] = [
    (0, 1),
    (1, 1),
    (1_025, 1),
    (PIECE_LEN - 1, 1),
    (PIECE_LEN, 1),
    (PIECE_LEN + 1, 2),
    (2 * PIECE_LEN, 2),
    (3 * PIECE_LEN - 7, 3),
    (4 * PIECE_LEN + 1, 5),
    (5 * PIECE_LEN + 1_024, 6),
    (7 * PIECE_LEN, 7),
    (8 * PIECE_LEN + 3, 9),
];

/// A1, A2: the hash is that of the whole file, however it is read.
#[test]
fn the_root_is_the_hash_of_the_file() {
    for (size, pieces) in SIZES {
        let bytes = file(size);
        let expected = FileHash(*blake3::hash(&bytes).as_bytes());
        for step in [PIECE_LEN, 100_000, 3 * PIECE_LEN + 5] {
            let outline = outline_of(&bytes, step);
            assert_eq!((outline.root(), outline.shape().pieces()), (expected, pieces), "{size} bytes by {step}");
            assert!(outline.is_complete());
        }
    }
}

/// A3: every piece comes out of its bytes and proof, in any order, and its taker can prove it to others.
#[test]
fn pieces_are_taken_in_any_order_and_proven_again() {
    for (size, pieces) in SIZES {
        let bytes = file(size);
        let whole = outline_of(&bytes, PIECE_LEN);
        for backwards in [false, true] {
            let mut part = Outline::new(whole.root(), whole.shape().size()).unwrap();
            let mut order: Vec<u32> = (0..pieces).collect();
            if backwards {
                order.reverse();
            }
            for index in order {
                let proof = whole.proof(index).unwrap();
                assert_eq!(Some(proof.len()), whole.shape().proof_len(index));
                let taken = part.accept(index, piece(&bytes, index), &proof).unwrap();
                assert_eq!(taken.bytes(), piece(&bytes, index));
                assert_eq!(part.proof(index), Some(proof), "piece {index} of {size} bytes");
                assert_eq!(part.check(index, taken.bytes()), Ok(()));
                assert_eq!(Outline::from_bytes(&part.to_bytes()), Ok(part.clone()));
            }
            assert_eq!(part, whole);
        }
    }
}

/// A3: what is not that piece of that file is refused, and nothing is remembered of it.
#[test]
fn what_is_not_the_piece_is_refused() {
    let bytes = file(4 * PIECE_LEN + 1);
    let whole = outline_of(&bytes, PIECE_LEN);
    let empty = Outline::new(whole.root(), whole.shape().size()).unwrap();
    let mut part = empty.clone();
    let proof = whole.proof(1).unwrap().into_inner();
    let good = piece(&bytes, 1);
    let mut flipped = good.clone();
    flipped[PIECE_LEN - 1] ^= 1;
    assert_eq!(part.accept(1, flipped, &proof), Err(PieceFault::Hash));
    assert_eq!(part.accept(0, good.clone(), &proof), Err(PieceFault::Hash), "another place");
    assert_eq!(part.accept(3, good.clone(), &proof), Err(PieceFault::Hash), "another place");
    for at in 0..proof.len() {
        let mut wrong = proof.clone();
        wrong[at][31] ^= 1;
        assert_eq!(part.accept(1, good.clone(), &wrong), Err(PieceFault::Hash), "node {at}");
        let shorter = [&proof[..at], &proof[at + 1..]].concat();
        assert_eq!(part.accept(1, good.clone(), &shorter), Err(PieceFault::ProofLength { len: 2, expected: 3 }));
    }
    let longer = [proof.as_slice(), &[[0; 32]]].concat();
    assert_eq!(part.accept(1, good.clone(), &longer), Err(PieceFault::ProofLength { len: 4, expected: 3 }));
    let short = good[1..].to_vec();
    assert_eq!(part.accept(1, short, &proof), Err(PieceFault::Length { len: PIECE_LEN - 1, expected: PIECE }));
    assert_eq!(part.accept(5, good.clone(), &proof), Err(PieceFault::NoSuchPiece { index: 5, pieces: 5 }));
    assert_eq!(part.check(1, &good), Err(PieceFault::NotKnown));
    assert_eq!(part, empty);
    part.accept(1, good.clone(), &proof).unwrap();
    assert_eq!(part.check(1, &good), Ok(()));
    assert_eq!(part.check(0, &good), Err(PieceFault::Hash), "its sibling is known");
    assert!(part.knows(0) && part.proof(2).is_none() && !part.is_complete());
}

/// A2: a wrong size is found out by the last piece.
#[test]
fn a_file_is_not_longer_or_shorter_than_its_hash() {
    let bytes = file(3 * PIECE_LEN - 7);
    let whole = outline_of(&bytes, PIECE_LEN);
    for size in [2 * PIECE_LEN, 3 * PIECE_LEN - 8, 3 * PIECE_LEN, 4 * PIECE_LEN] {
        let mut lie = Outline::new(whole.root(), size as u64).unwrap();
        let last = lie.shape().pieces() - 1;
        let mut padded = bytes.clone();
        padded.resize(size, 0);
        let nodes = lie.shape().proof_len(last).unwrap();
        let mut proof = whole.proof(last.min(2)).unwrap().into_inner();
        proof.resize(nodes, [0; 32]);
        assert_eq!(lie.accept(last, piece(&padded, last), &proof), Err(PieceFault::Hash), "{size} bytes");
    }
}

#[test]
fn the_largest_file_has_the_longest_proof() {
    let shape = Shape::of(ATTACHMENT_MAX).unwrap();
    assert_eq!((shape.pieces(), shape.proof_len(0)), (PIECES_MAX, Some(PROOF_MAX)));
    assert_eq!(shape.proof_len(PIECES_MAX - 1), Some(PROOF_MAX));
    assert_eq!(Shape::of(ATTACHMENT_MAX + 1), Err(TooLarge { size: ATTACHMENT_MAX + 1 }));
    assert!(Outline::new(FileHash::ZERO, u64::MAX).is_err());
    let shape = Shape::of(ATTACHMENT_MAX - u64::from(PIECE)).unwrap();
    assert_eq!(shape.proof_len(shape.pieces() - 1), Some(17), "the last but one pairs with nothing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any harm to a stored outline is found, and any bytes are an outline or a fault.
    #[test]
    fn a_stored_outline_is_true_or_refused(
        taken in prop::collection::vec(0..6_u32, 0..4),
        at in any::<prop::sample::Index>(),
        harm in 1..=u8::MAX,
        cut in any::<bool>(),
    ) {
        let bytes = file(5 * PIECE_LEN + 1_024);
        let whole = outline_of(&bytes, PIECE_LEN);
        let mut part = Outline::new(whole.root(), whole.shape().size()).unwrap();
        for index in taken {
            part.accept(index, piece(&bytes, index), &whole.proof(index).unwrap()).unwrap();
        }
        let mut stored = part.to_bytes();
        prop_assert_eq!(Outline::from_bytes(&stored), Ok(part.clone()));
        let at = at.index(stored.len());
        if cut {
            stored.truncate(at);
            prop_assert_eq!(Outline::from_bytes(&stored), Err(OutlineFault::CutOff));
        } else {
            stored[at] ^= harm;
            // Another hash or size over no nodes at all is the outline of another file.
            if let Ok(other) = Outline::from_bytes(&stored) {
                prop_assert!(other.root() != part.root() || other.shape() != part.shape());
                prop_assert!(!part.knows(0) || other.root() == part.root());
            }
        }
    }
}
