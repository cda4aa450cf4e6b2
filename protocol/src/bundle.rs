//! A bundle: objects in one file, so that they can be carried and checked without a node (PROTOCOL 1.7).
//!
//! ```text
//! "lyceum bundle\n"   14 bytes
//! version             u16 LE, 1
//! network             32 bytes, zero where the objects belong to none (a card)
//! count               u32 LE, number of parts
//! part                type u16 LE, length u32 LE, bytes; ascending by type
//! closing             SHA-256 over everything before
//! ```
//! The closing hash finds accidents. That nobody changed the file on purpose follows from the objects alone.

pub mod card;
pub mod part;

use crate::hash::{NetworkId, sha256};
use crate::limits;

pub use card::Card;
pub use part::{MemberProof, Part, PartType, SignedHeader, TreePath};

/// What every bundle begins with.
pub const MAGIC: &[u8; 14] = b"lyceum bundle\n";
/// The version that is written and read.
pub const VERSION: u16 = 1;
/// Most parts of one bundle.
pub const PARTS_MAX: usize = 8_192;
/// Length of the closing hash.
const CLOSING_LEN: usize = 32;

/// Why bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// Not made by this program.
    #[error("this is not a lyceum bundle")]
    NotABundle,
    /// Longer than any bundle may be.
    #[error("{0} bytes are too long for a bundle")]
    TooLong(usize),
    /// A byte was changed, lost or added.
    #[error("the file is damaged: its closing hash does not match")]
    Damaged,
    /// Made by a later version.
    #[error("bundle version {0} is not known here: upgrade needed")]
    Version(u16),
    /// The parts do not fit the file.
    #[error("bundle: {0}")]
    Frame(&'static str),
    /// A kind of part that only a later version knows.
    #[error("part type {0} is not known here: upgrade needed")]
    UnknownPart(u16),
    /// A part is not what it says that it is.
    #[error("{part}: {reason}")]
    Part {
        /// Which part.
        part: PartType,
        /// What is wrong with it.
        reason: String,
    },
}

/// A network and the parts, in the order of the file. Each part was read, none was checked against another.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    network: NetworkId,
    parts: Vec<Part>,
}

impl Bundle {
    /// Puts parts together, ascending by type; parts of one type stay in the order given.
    ///
    /// # Errors
    /// [`BundleFault`] if they are too many or too long for one file.
    pub fn new(network: NetworkId, mut parts: Vec<Part>) -> Result<Self, BundleFault> {
        if parts.len() > PARTS_MAX {
            return Err(BundleFault::Frame("too many parts"));
        }
        parts.sort_by_key(Part::part_type);
        let bundle = Self { network, parts };
        match bundle.to_bytes().len() {
            len if len > limits::BUNDLE_MAX => Err(BundleFault::TooLong(len)),
            _ => Ok(bundle),
        }
    }

    /// The network that the objects belong to.
    pub const fn network(&self) -> NetworkId {
        self.network
    }

    /// The parts, in the order of the file.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        let mut out = [&MAGIC[..], &VERSION.to_le_bytes(), &self.network.0, &count.to_le_bytes()].concat();
        for part in &self.parts {
            let bytes = part.to_bytes();
            out.extend_from_slice(&part.part_type().code().to_le_bytes());
            out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(&bytes);
        }
        let closing = sha256(&[&out]);
        out.extend_from_slice(&closing);
        out
    }

    /// Reads a file: its closing hash first, then its parts.
    ///
    /// # Errors
    /// [`BundleFault`].
    pub fn read(bytes: &[u8]) -> Result<Self, BundleFault> {
        if bytes.len() > limits::BUNDLE_MAX {
            return Err(BundleFault::TooLong(bytes.len()));
        }
        if !bytes.starts_with(MAGIC) {
            return Err(BundleFault::NotABundle);
        }
        let Some((body, closing)) = bytes.split_last_chunk::<CLOSING_LEN>() else { return Err(BundleFault::Damaged) };
        if sha256(&[body]) != *closing {
            return Err(BundleFault::Damaged);
        }
        let mut rest = Rest(body.get(MAGIC.len()..).unwrap_or_default());
        let version = u16::from_le_bytes(rest.array()?);
        if version != VERSION {
            return Err(BundleFault::Version(version));
        }
        let network = NetworkId(rest.array()?);
        let count = u32::from_le_bytes(rest.array()?);
        if usize::try_from(count).map_or(true, |count| count > PARTS_MAX) {
            return Err(BundleFault::Frame("too many parts"));
        }
        let mut parts: Vec<Part> = Vec::new();
        for _ in 0..count {
            let part = rest.part()?;
            let part_type = part.part_type();
            match parts.last().map(Part::part_type) {
                Some(before) if before > part_type => return Err(BundleFault::Frame("parts are not in order")),
                Some(before) if before == part_type && !part_type.repeats() => {
                    let reason = "stands twice".to_owned();
                    return Err(BundleFault::Part { part: part_type, reason });
                }
                Some(_) | None => parts.push(part),
            }
        }
        if !rest.0.is_empty() {
            return Err(BundleFault::Frame("bytes after the last part"));
        }
        Ok(Self { network, parts })
    }
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], BundleFault> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(BundleFault::Frame("cut off"))?;
        self.0 = rest;
        Ok(*array)
    }

    fn part(&mut self) -> Result<Part, BundleFault> {
        let code = u16::from_le_bytes(self.array()?);
        let part_type = PartType::of(code).ok_or(BundleFault::UnknownPart(code))?;
        let len = u32::from_le_bytes(self.array()?);
        let len = usize::try_from(len).map_err(|_| BundleFault::Frame("cut off"))?;
        let (bytes, rest): (&'a [u8], _) = self.0.split_at_checked(len).ok_or(BundleFault::Frame("cut off"))?;
        self.0 = rest;
        Part::read(part_type, bytes).map_err(|reason| BundleFault::Part { part: part_type, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::TreeHead;
    use proptest::prelude::*;

    fn bundle() -> Bundle {
        let path = TreePath::new(vec![TreeHead([3; 32]); 2]).unwrap();
        Bundle::new(NetworkId([9; 32]), vec![Part::History(path), Part::Payload(vec![1, 2, 3])]).unwrap()
    }

    fn closed_anew(mut body: Vec<u8>) -> Vec<u8> {
        let closing = sha256(&[&body]);
        body.extend_from_slice(&closing);
        body
    }

    #[test]
    fn a_bundle_is_read_back_with_its_parts_in_order() {
        let read = Bundle::read(&bundle().to_bytes()).unwrap();
        assert_eq!(read, bundle());
        assert_eq!(read.parts()[0].part_type(), PartType::Payload);
        assert_eq!(read.network(), NetworkId([9; 32]));
    }

    /// F2: the closing hash, and nothing between or after.
    #[test]
    fn any_changed_missing_or_extra_byte_is_refused() {
        let bytes = bundle().to_bytes();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let expected = if at < MAGIC.len() { BundleFault::NotABundle } else { BundleFault::Damaged };
            assert_eq!(Bundle::read(&changed), Err(expected), "byte {at}");
            assert!(Bundle::read(&bytes[..at]).is_err(), "cut off at {at}");
        }
        for at in MAGIC.len()..=bytes.len() {
            let mut longer = bytes.clone();
            longer.insert(at, 0);
            assert_eq!(Bundle::read(&longer), Err(BundleFault::Damaged), "one byte more at {at}");
        }
    }

    /// F2: types ascend, lengths are in bounds.
    #[test]
    fn a_file_with_a_right_closing_hash_is_still_held_to_its_frame() {
        let body = bundle().to_bytes();
        let body = body[..body.len() - CLOSING_LEN].to_vec();
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut body = body.clone();
            change(&mut body);
            Bundle::read(&closed_anew(body)).unwrap_err()
        };
        assert_eq!(with(&|body| body[14] = 2), BundleFault::Version(2));
        assert_eq!(with(&|body| body[48] = 1), BundleFault::Frame("bytes after the last part"));
        assert_eq!(with(&|body| body[48] = 3), BundleFault::Frame("cut off"));
        assert_eq!(with(&|body| body[49] = 0x20), BundleFault::Frame("too many parts"));
        assert_eq!(with(&|body| body[52] = 99), BundleFault::UnknownPart(99));
        assert_eq!(
            with(&|body| body[52] = 9),
            BundleFault::Part { part: PartType::Signature, reason: "not decodable: cut off".into() }
        );
        assert_eq!(with(&|body| body.push(0)), BundleFault::Frame("bytes after the last part"));
        let twice = [Part::Payload(vec![1]), Part::Payload(vec![2])].to_vec();
        let twice = Bundle::new(NetworkId::ZERO, twice).unwrap().to_bytes();
        assert!(matches!(Bundle::read(&twice), Err(BundleFault::Part { part: PartType::Payload, .. })));
    }

    #[test]
    fn what_does_not_fit_one_file_is_not_written() {
        let many = vec![Part::Payload(vec![0; 262_144]); 17];
        assert!(matches!(Bundle::new(NetworkId::ZERO, many), Err(BundleFault::TooLong(_))));
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(tail in prop::collection::vec(any::<u8>(), 0..300), count in 0_u32..4) {
            let head = [&MAGIC[..], &VERSION.to_le_bytes(), &[0; 32], &count.to_le_bytes()].concat();
            let _ = Bundle::read(&closed_anew([head, tail].concat()));
        }
    }
}
