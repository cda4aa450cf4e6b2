//! Lists and texts that carry their maximum in the type, and refuse by count before they allocate.

use std::ops::Deref;

use bincode::de::{BorrowDecoder, Decoder, read::Reader};
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Decode, Encode};

/// More than the type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} is more than the {max} that are allowed here")]
pub struct TooMany {
    /// How many there are.
    pub len: usize,
    /// How many are allowed.
    pub max: usize,
}

/// A list of at most `N` items; encoded as a `u64` count and the items.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoundedVec<T, const N: usize>(Vec<T>);

impl<T, const N: usize> BoundedVec<T, N> {
    /// Takes a list.
    ///
    /// # Errors
    /// [`TooMany`] above `N` items.
    pub fn new(items: Vec<T>) -> Result<Self, TooMany> {
        if items.len() > N {
            return Err(TooMany { len: items.len(), max: N });
        }
        Ok(Self(items))
    }

    /// The empty list.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The list itself.
    pub fn into_inner(self) -> Vec<T> {
        self.0
    }
}

impl<T, const N: usize> Default for BoundedVec<T, N> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T, const N: usize> Deref for BoundedVec<T, N> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> TryFrom<Vec<T>> for BoundedVec<T, N> {
    type Error = TooMany;
    fn try_from(items: Vec<T>) -> Result<Self, TooMany> {
        Self::new(items)
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a BoundedVec<T, N> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Encode, const N: usize> Encode for BoundedVec<T, N> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.as_slice().encode(encoder)
    }
}

/// Reads the `u64` count and refuses it above `max`, before anything is allocated.
fn bounded_len<D: Decoder>(decoder: &mut D, max: usize) -> Result<usize, DecodeError> {
    let len = u64::decode(decoder)?;
    match usize::try_from(len) {
        Ok(len) if len <= max => Ok(len),
        Ok(_) | Err(_) => Err(DecodeError::OtherString(format!("{len} is more than the {max} allowed"))),
    }
}

impl<Context, T: Decode<Context>, const N: usize> Decode<Context> for BoundedVec<T, N> {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let len = bounded_len(decoder, N)?;
        decoder.claim_container_read::<T>(len)?;
        // Grows with what really arrives: a count is a promise of the sender and no more.
        let mut items = Vec::new();
        for _ in 0..len {
            decoder.unclaim_bytes_read(size_of::<T>());
            items.push(T::decode(decoder)?);
        }
        Ok(Self(items))
    }
}

impl<'de, Context, T: Decode<Context>, const N: usize> BorrowDecode<'de, Context> for BoundedVec<T, N> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }
}

/// At most `N` bytes; encoded as [`BoundedVec`], read in one piece.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BoundedBytes<const N: usize>(Vec<u8>);

impl<const N: usize> BoundedBytes<N> {
    /// Takes bytes.
    ///
    /// # Errors
    /// [`TooMany`] above `N` bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, TooMany> {
        if bytes.len() > N {
            return Err(TooMany { len: bytes.len(), max: N });
        }
        Ok(Self(bytes))
    }

    /// The bytes themselves.
    pub fn into_inner(self) -> Vec<u8> {
        self.0
    }
}

impl<const N: usize> std::fmt::Debug for BoundedBytes<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<const N: usize> Deref for BoundedBytes<N> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> Encode for BoundedBytes<N> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.as_slice().encode(encoder)
    }
}

impl<Context, const N: usize> Decode<Context> for BoundedBytes<N> {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let len = bounded_len(decoder, N)?;
        decoder.claim_container_read::<u8>(len)?;
        // At most 4 KiB ahead of what has arrived: a length is a promise of the sender and no more.
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let from = bytes.len();
            bytes.resize(len.min(from.saturating_add(4096)), 0);
            decoder.reader().read(bytes.get_mut(from..).unwrap_or_default())?;
        }
        Ok(Self(bytes))
    }
}

impl<'de, Context, const N: usize> BorrowDecode<'de, Context> for BoundedBytes<N> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }
}

/// UTF-8 text of at most `N` bytes; encoded as [`BoundedBytes`]. Untrusted: whoever shows it makes it safe to show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BoundedText<const N: usize>(String);

impl<const N: usize> BoundedText<N> {
    /// Takes a text.
    ///
    /// # Errors
    /// [`TooMany`] above `N` bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, TooMany> {
        let text = text.into();
        if text.len() > N {
            return Err(TooMany { len: text.len(), max: N });
        }
        Ok(Self(text))
    }

    /// As much of a text as fits, in whole characters.
    pub fn cut(text: &str) -> Self {
        let mut end = text.len().min(N);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        Self(text.get(..end).unwrap_or_default().to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> std::fmt::Debug for BoundedText<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<const N: usize> Deref for BoundedText<N> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Encode for BoundedText<N> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.as_bytes().encode(encoder)
    }
}

impl<Context, const N: usize> Decode<Context> for BoundedText<N> {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let bytes = BoundedBytes::<N>::decode(decoder)?.into_inner();
        String::from_utf8(bytes).map(Self).map_err(|fault| DecodeError::Utf8 { inner: fault.utf8_error() })
    }
}

impl<'de, Context, const N: usize> BorrowDecode<'de, Context> for BoundedText<N> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }
}
