//! Requests and answers of `/lyceum/attachment/1`, framed as those of sync.

use bincode::{Decode, Encode};

use super::outline::Proof;
use super::pieces::Pieces;
use super::shape::Shape;
use super::{ANSWER_MAX, HASHES_MAX, PIECE, RANGES_MAX, REQUEST_MAX};
use crate::bounded::{BoundedBytes, BoundedText, BoundedVec};
use crate::codec::{self, CodecError};
use crate::document::ascending;
use crate::hash::FileHash;
use crate::limits::DETAIL_MAX;
use crate::sync::message::RefusalCode;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// Which of these files are held, and how much of them?
    Has {
        /// Their hashes, ascending, at least one.
        hashes: BoundedVec<FileHash, HASHES_MAX>,
    },
    /// One piece with its proof.
    Piece {
        /// Hash of the file.
        blake3: FileHash,
        /// Number of the piece.
        index: u32,
    },
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let request = codec::decode(bytes, REQUEST_MAX)?;
        match &request {
            Self::Has { hashes } if hashes.is_empty() => Err(CodecError::Malformed("no hash is asked for".to_owned())),
            Self::Has { hashes } if !ascending(hashes, |hash| *hash) => Err(CodecError::Unordered("hashes")),
            Self::Has { .. } | Self::Piece { .. } => Ok(request),
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

/// Consecutive pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Range {
    /// Number of the first.
    pub first: u32,
    /// How many, at least one.
    pub count: u32,
}

impl Range {
    /// The number after the last.
    const fn end(self) -> Option<u32> {
        self.first.checked_add(self.count)
    }
}

/// What a node holds of one file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Held {
    /// Hash of the file.
    pub blake3: FileHash,
    /// Bytes of the file, at most [`super::ATTACHMENT_MAX`].
    pub size: u64,
    /// The pieces, at least one, ascending, none of them next to another.
    pub ranges: BoundedVec<Range, RANGES_MAX>,
}

impl Held {
    /// What is told of the pieces that are held: where they form too many ranges, the longest of them. `None` where no
    /// piece is held.
    pub fn of(blake3: FileHash, pieces: &Pieces) -> Option<Self> {
        let mut ranges: Vec<Range> = pieces.ranges().map(|(first, count)| Range { first, count }).collect();
        if ranges.len() > RANGES_MAX {
            ranges.sort_by_key(|range| std::cmp::Reverse(range.count));
            ranges.truncate(RANGES_MAX);
            ranges.sort_by_key(|range| range.first);
        }
        let ranges = BoundedVec::new(ranges).ok().filter(|ranges| !ranges.is_empty())?;
        Some(Self { blake3, size: pieces.shape().size(), ranges })
    }

    fn check(&self) -> Result<(), CodecError> {
        let malformed = |words: String| Err(CodecError::Malformed(words));
        let shape = match Shape::of(self.size) {
            Ok(shape) => shape,
            Err(fault) => return malformed(fault.to_string()),
        };
        if self.ranges.is_empty() {
            return malformed("a file of which nothing is held".to_owned());
        }
        let mut free_from = Some(0);
        for range in &self.ranges {
            let end = range.end().filter(|end| range.count > 0 && *end <= shape.pieces());
            let Some(end) = end else { return malformed("a range that is not within the file".to_owned()) };
            if free_from.is_none_or(|free| range.first < free) {
                return Err(CodecError::Unordered("ranges"));
            }
            // Ranges that touch are one range.
            free_from = end.checked_add(1);
        }
        Ok(())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// To `Has`: of the files that were asked for, those that are held at least in part, ascending.
    Has(BoundedVec<Held, HASHES_MAX>),
    /// To `Piece`.
    Piece {
        /// The siblings on the way to the root, the piece's own first.
        proof: Proof,
        /// The bytes.
        bytes: BoundedBytes<{ PIECE as usize }>,
    },
    /// Why there is no answer. What is not held and what the asker may not read look the same: *not held*.
    Refused {
        /// For programs.
        code: RefusalCode,
        /// For people.
        detail: BoundedText<DETAIL_MAX>,
    },
}

impl Answer {
    /// A refusal; a detail that is too long is cut.
    pub fn refused(code: RefusalCode, detail: &str) -> Self {
        Self::Refused { code, detail: BoundedText::cut(detail) }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let answer = codec::decode(bytes, ANSWER_MAX)?;
        if let Self::Has(files) = &answer {
            if !ascending(files, |held: &Held| held.blake3) {
                return Err(CodecError::Unordered("files"));
            }
            files.iter().try_for_each(Held::check)?;
        }
        Ok(answer)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Whether it answers that request: of its kind, and about nothing that was not asked for. A refusal answers all.
    pub fn answers(&self, request: &Request) -> bool {
        match (self, request) {
            (Self::Refused { .. }, _) | (Self::Piece { .. }, Request::Piece { .. }) => true,
            (Self::Has(files), Request::Has { hashes }) => {
                files.iter().all(|held| hashes.binary_search(&held.blake3).is_ok())
            }
            (Self::Has(_), Request::Piece { .. }) | (Self::Piece { .. }, Request::Has { .. }) => false,
        }
    }
}
