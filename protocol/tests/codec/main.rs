//! Every type that travels: what is written is read again, and nothing else is read.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod lies;
mod wire;

use std::fmt::Debug;

use bincode::{Decode, Encode};
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Certificate;
use lyceum_protocol::document::charter::{Charter, Lists};
use lyceum_protocol::document::motion::Motion;
use lyceum_protocol::document::signature::UntrustedSignature;
use lyceum_protocol::entry::Header;
use lyceum_protocol::entry::protocol_kinds::{Disclose, Erase, Grant, NodeRecord};
use lyceum_protocol::fork::ForkProof;
use lyceum_protocol::frontier::{DocsItem, FrontierItem};
use lyceum_protocol::limits::FRAME_MAX;
use lyceum_protocol::receipt::SignedReceipt;
use lyceum_protocol::sync::message::{Answer, Gossip, Request};
use proptest::prelude::*;
use proptest::sample::Index;

/// What is done to valid bytes.
#[derive(Debug, Clone)]
enum Harm {
    Flip(Index, u8),
    Cut(Index),
    Insert(Index, u8),
    Drop(Index),
    /// Eight bytes become a number: where a length lies, a lie.
    Number(Index, u64),
    Swap(Index, Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let numbers = prop_oneof![Just(0), Just(1), Just(u64::MAX), 0..20_000_u64, any::<u64>()];
    prop_oneof![
        4 => (any::<Index>(), 1..=u8::MAX).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        1 => any::<Index>().prop_map(Harm::Cut),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Insert(at, byte)),
        1 => any::<Index>().prop_map(Harm::Drop),
        3 => (any::<Index>(), numbers).prop_map(|(at, number)| Harm::Number(at, number)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Harm::Swap(a, b)),
    ]
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        match harm {
            Harm::Flip(at, bits) => bytes[at.index(len)] ^= bits,
            Harm::Cut(at) => bytes.truncate(at.index(len)),
            Harm::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Harm::Drop(at) => drop(bytes.remove(at.index(len))),
            Harm::Number(at, number) => {
                let at = at.index(len);
                bytes.splice(at..len.min(at + 8), number.to_le_bytes());
            }
            Harm::Swap(a, b) => bytes.swap(a.index(len), b.index(len)),
        }
    }
    bytes
}

/// W5: these bytes are refused, or are the one encoding of what they say.
fn refused_or_canonical<T: Encode + Decode<()>>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = codec::decode::<T>(bytes, FRAME_MAX) {
        prop_assert_eq!(codec::encode(&value), bytes);
    }
    Ok(())
}

/// W1 to W5: a value comes out of its bytes; no other length is taken; harmed bytes are refused or canonical.
fn comes_out<T: Encode + Decode<()> + PartialEq + Debug>(value: &T, harms: &[Harm]) -> Result<(), TestCaseError> {
    let bytes = codec::encode(value);
    let read = codec::decode::<T>(&bytes, bytes.len());
    prop_assert_eq!(read.as_ref(), Ok(value));
    prop_assert!(codec::decode::<T>(&bytes, bytes.len() - 1).is_err());
    prop_assert!(codec::decode::<T>(&bytes[..bytes.len() - 1], FRAME_MAX).is_err());
    prop_assert!(codec::decode::<T>(&[bytes.as_slice(), &[0]].concat(), FRAME_MAX).is_err());
    refused_or_canonical::<T>(&harmed(bytes, harms))
}

macro_rules! every_type {
    ($($name:ident: $type:ty = $strategy:expr;)*) => {
        mod values {
            use super::*;
            proptest! {$(
                #[test]
                fn $name(value in $strategy, harms in prop::collection::vec(harm(), 1..4)) {
                    comes_out::<$type>(&value, &harms)?;
                }
            )*}
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2_000))]
            #[test]
            fn any_bytes_are_refused_or_canonical(
                bytes in prop::collection::vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..400)
            ) {
                $(refused_or_canonical::<$type>(&bytes)?;)*
            }
        }
    };
}

every_type! {
    header: Header = wire::header();
    erase: Erase = wire::erase();
    grant: Grant = wire::grant();
    disclose: Disclose = wire::disclose();
    node_record: NodeRecord = wire::node_record();
    fork_proof: ForkProof = wire::fork_proof();
    receipt: SignedReceipt = wire::receipt();
    certificate: Certificate = wire::certificate();
    charter: Charter = wire::charter();
    lists: Lists = wire::lists();
    motion: Motion = wire::motion();
    signature: UntrustedSignature = wire::signature();
    frontier_item: FrontierItem = wire::frontier_item();
    docs_item: DocsItem = wire::docs_item();
    request: Request = wire::request();
    answer: Answer = wire::answer();
    gossip: Gossip = wire::gossip();
}

proptest! {
    /// E1 to E8: whatever a header says, it is read or refused, and what is read keeps the bounds.
    #[test]
    fn a_header_that_is_read_keeps_its_bounds(mut header in wire::header(), small: bool) {
        (header.envelope, header.suite) = (1, 1);
        if small {
            (header.payload_len, header.marking) = (header.payload_len % 300_000, header.marking % 5);
        }
        let bytes = codec::encode(&header);
        let sealed = header.flags & 1 == 1;
        let protocol = (1000..2000).contains(&header.kind.0);
        let in_bounds = (16..=262_144).contains(&header.payload_len)
            && header.marking <= 3
            && (sealed || header.marking <= 1)
            && !(protocol && (sealed || header.payload_len > 20_480));
        prop_assert_eq!(Header::read(&bytes).is_ok(), in_bounds);
    }

    /// D1 to D7, M1 to M3: objects that break rules of their own are refused without a panic, and an object that is
    /// made has the bytes that it was made of.
    #[test]
    fn documents_are_read_or_refused(
        certificate in wire::certificate(), charter in wire::charter(), lists in wire::lists(), motion in wire::motion()
    ) {
        let bytes = codec::encode(&certificate);
        if let Ok(object) = Certificate::read(&bytes) {
            prop_assert_eq!(object.bytes(), bytes.as_slice());
        }
        let (bytes, lists_bytes) = (codec::encode(&charter), codec::encode(&lists));
        prop_assert!(Charter::read(&bytes, &lists_bytes).is_err(), "its heads are those of other lists");
        if let Ok(object) = charter.into_object(&lists) {
            prop_assert_eq!(object.lists_bytes(), lists_bytes.as_slice());
            prop_assert!(Charter::read(object.bytes(), object.lists_bytes()).is_ok());
        }
        let bytes = codec::encode(&motion);
        if let Ok(object) = Motion::read(&bytes) {
            prop_assert_eq!(object.bytes(), bytes.as_slice());
        }
    }
}
