//! The one binary encoding: bincode 2.0.1 `legacy` (fixed-width little-endian), read canonically.
//!
//! A value is accepted only if its bytes are exactly those that encoding it again gives. Whoever hashes or
//! verifies uses the bytes as received. Types in here have no maps, floats, `usize`, `char`, zero-sized or recursive parts.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

/// Most memory that one decoded value may claim. Wire sizes are bounded apart, by the caller's `max`.
const MEMORY_MAX: usize = 16 * 1024 * 1024;

type Dialect = Configuration<LittleEndian, Fixint, Limit<MEMORY_MAX>>;

const fn dialect() -> Dialect {
    bincode::config::legacy().with_limit::<MEMORY_MAX>()
}

/// Why bytes are not a value of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Longer than the type may be on the wire.
    #[error("{len} bytes where at most {max} are allowed")]
    TooLong {
        /// Length found.
        len: usize,
        /// Length allowed.
        max: usize,
    },
    /// Not an encoding of the type, with what the decoder said.
    #[error("not decodable: {0}")]
    Malformed(String),
    /// A value, followed by this many further bytes.
    #[error("{0} bytes after the end")]
    Trailing(usize),
    /// A value, but not in its one encoding.
    #[error("not in canonical form")]
    NotCanonical,
    /// A value whose list is not strictly ascending; what it lists.
    #[error("the {0} are not strictly ascending")]
    Unordered(&'static str),
}

/// The bytes of a value. Total: the types of this crate have no value that bincode cannot write.
pub fn encode<T: Encode>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "writing to memory fails for no type of this crate: no limit applies to it")]
    bincode::encode_to_vec(value, bincode::config::legacy()).expect("encoding into memory is total")
}

/// Reads exactly one value in canonical form out of at most `max` bytes.
///
/// # Errors
/// [`CodecError`], cheapest check first.
pub fn decode<T: Decode<()> + Encode>(bytes: &[u8], max: usize) -> Result<T, CodecError> {
    if bytes.len() > max {
        return Err(CodecError::TooLong { len: bytes.len(), max });
    }
    let (value, used) = bincode::decode_from_slice::<T, Dialect>(bytes, dialect())
        .map_err(|fault| CodecError::Malformed(words(fault)))?;
    if used != bytes.len() {
        return Err(CodecError::Trailing(bytes.len().saturating_sub(used)));
    }
    let mut rest = Compare(bytes);
    let same = bincode::encode_into_writer(&value, &mut rest, bincode::config::legacy()).is_ok();
    if !same || !rest.0.is_empty() {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

/// What the decoder found, without the names of its own types where people meet it often.
fn words(fault: DecodeError) -> String {
    match fault {
        DecodeError::OtherString(words) => words,
        DecodeError::UnexpectedEnd { .. } => "cut off".to_owned(),
        other => other.to_string(),
    }
}

/// Accepts only the bytes that it was given, in order.
struct Compare<'a>(&'a [u8]);

impl Writer for Compare<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        match self.0.strip_prefix(bytes) {
            Some(rest) => {
                self.0 = rest;
                Ok(())
            }
            None => Err(EncodeError::Other("differs")),
        }
    }
}
