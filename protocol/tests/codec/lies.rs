//! W6: a length is a promise of the sender. Nothing is reserved for it that has not arrived.

use bincode::Decode;
use bincode::config::legacy;
use bincode::de::DecoderImpl;
use bincode::de::read::{Reader, SliceReader};
use bincode::error::DecodeError;
use lyceum_protocol::bounded::{BoundedBytes, BoundedText, BoundedVec};
use lyceum_protocol::codec;
use lyceum_protocol::limits::FRAME_MAX;
use lyceum_protocol::sync::message::{Answer, Gossip, Request};

/// More bytes than any machine can reserve: whoever reserves by the count does not come back.
const HUGE: usize = 1 << 60;

/// Reads, and remembers how much memory was shown to it at most in one piece.
struct Watched<'a> {
    inner: SliceReader<'a>,
    widest: &'a mut usize,
}

impl Reader for Watched<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        *self.widest = bytes.len().max(*self.widest);
        self.inner.read(bytes)
    }
}

fn decode_watched<T: Decode<()>>(bytes: &[u8]) -> (Result<T, DecodeError>, usize) {
    let mut widest = 0;
    let reader = Watched { inner: SliceReader::new(bytes), widest: &mut widest };
    let result = T::decode(&mut DecoderImpl::new(reader, legacy(), ()));
    (result, widest)
}

fn lie(arrived: usize) -> Vec<u8> {
    let mut bytes = u64::try_from(HUGE).unwrap().to_le_bytes().to_vec();
    bytes.resize(8 + arrived, 0);
    bytes
}

#[test]
fn a_huge_count_of_items_reserves_nothing() {
    for arrived in [0, 31, 32, 100_000] {
        assert!(decode_watched::<BoundedVec<[u8; 32], HUGE>>(&lie(arrived)).0.is_err());
        assert!(decode_watched::<BoundedVec<u64, HUGE>>(&lie(arrived)).0.is_err());
        assert!(decode_watched::<BoundedVec<BoundedText<HUGE>, HUGE>>(&lie(arrived)).0.is_err());
    }
}

#[test]
fn a_huge_count_of_bytes_is_read_in_small_steps() {
    for arrived in [0, 1, 4_096, 100_000] {
        let (result, widest) = decode_watched::<BoundedBytes<HUGE>>(&lie(arrived));
        assert!(result.is_err() && widest <= 4_096, "{widest} bytes in one piece");
        let (result, widest) = decode_watched::<BoundedText<HUGE>>(&lie(arrived));
        assert!(result.is_err() && widest <= 4_096, "{widest} bytes in one piece");
    }
}

#[test]
fn a_count_above_its_bound_is_refused_before_anything_is_read() {
    let bytes = [&6_u64.to_le_bytes()[..], &[0; 600]].concat();
    for widest in [
        decode_watched::<BoundedVec<[u8; 32], 5>>(&bytes).1,
        decode_watched::<BoundedBytes<5>>(&bytes).1,
        decode_watched::<BoundedText<5>>(&bytes).1,
    ] {
        assert_eq!(widest, 8, "the count alone");
    }
    assert!(decode_watched::<BoundedVec<[u8; 32], 6>>(&bytes).0.is_ok());
}

#[test]
fn what_is_read_keeps_little_more_memory_than_it_fills() {
    let items: Vec<[u8; 32]> = vec![[7; 32]; 3_000];
    let read: BoundedVec<[u8; 32], 4_096> = codec::decode(&codec::encode(&items), FRAME_MAX).unwrap();
    assert!(read.into_inner().capacity() <= 2 * items.len());
    let bytes = vec![7_u8; 100_000];
    let read: BoundedBytes<262_144> = codec::decode(&codec::encode(&bytes), FRAME_MAX).unwrap();
    assert!(read.into_inner().capacity() <= 2 * bytes.len() + 4_096);
}

#[test]
fn a_frame_of_lies_is_refused_wherever_they_stand() {
    // Each answer and request announces its most and brings nothing.
    for tag in 0..11_u32 {
        for count in [1, 64, 256, 4_096, 13_000, u64::MAX] {
            let answer = codec::encode(&(0_u32, tag, count));
            assert!(tag == 10 || Answer::read(&answer).is_err());
            assert!(Request::read(&codec::encode(&(tag, count))).is_err());
            assert!(Gossip::read(&codec::encode(&(tag, count))).is_err());
        }
    }
    // A list within a list: as many headers as there may be, each with the longest length and no bytes.
    let inner = [&653_u64.to_le_bytes()[..], &[0; 64]].concat();
    let lies = [codec::encode(&(0_u32, 6_u32, 64_u64)), inner.repeat(64)].concat();
    assert!(Answer::read(&lies).is_err());
}
