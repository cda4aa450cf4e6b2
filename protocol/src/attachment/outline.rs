//! The tree of chaining values over the pieces of one file, whole or in part, and the check of a piece against it.
//!
//! Every value that an outline holds was proven against the hash of the file: with a node it holds its sibling and all
//! nodes above. The size of a file is proven by its last piece and not before; a file all of whose pieces were taken has
//! the hash and the size that its outline names.

mod stored;
#[cfg(test)]
mod tests;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

use super::shape::{Node, Shape, TooLarge};
use super::{PIECE, PROOF_MAX};
use crate::bounded::BoundedVec;
use crate::hash::FileHash;

pub use stored::OutlineFault;

/// A chaining value: what BLAKE3 makes of a subtree that is not a whole file.
pub type Value = [u8; 32];

/// The siblings of the nodes from a piece up to the root, the piece's own first. Empty for a file of one piece.
pub type Proof = BoundedVec<Value, PROOF_MAX>;

/// Why bytes are not that piece of that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PieceFault {
    /// The file has fewer pieces.
    #[error("piece {index} of a file of {pieces} pieces")]
    NoSuchPiece {
        /// The number of the piece.
        index: u32,
        /// How many there are.
        pieces: u32,
    },
    /// Not as long as that piece.
    #[error("a piece of {len} bytes where it has {expected}")]
    Length {
        /// Bytes found.
        len: usize,
        /// Bytes of the piece.
        expected: u32,
    },
    /// Not as many nodes as the proof of that piece has.
    #[error("a proof of {len} nodes where it has {expected}")]
    ProofLength {
        /// Nodes found.
        len: usize,
        /// Nodes of the proof.
        expected: usize,
    },
    /// The bytes or the proof do not lead to the hash of the file.
    #[error("the piece is not of that file")]
    Hash,
    /// The outline does not reach that piece yet: nothing is said about the bytes.
    #[error("nothing is known of that piece yet")]
    NotKnown,
}

/// A piece whose bytes were checked against the hash of its file.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedPiece {
    root: FileHash,
    index: u32,
    bytes: Vec<u8>,
}

impl VerifiedPiece {
    /// Hash of the file.
    pub const fn root(&self) -> FileHash {
        self.root
    }

    /// Number of the piece.
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// Where it begins in the file, in bytes.
    pub fn start(&self) -> u64 {
        u64::from(self.index).saturating_mul(u64::from(PIECE))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its bytes alone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl std::fmt::Debug for VerifiedPiece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "piece {} of {:?}, {} bytes", self.index, self.root, self.bytes.len())
    }
}

/// The tree over the pieces of one file. At most 33 bytes a node, two nodes a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    root: FileHash,
    shape: Shape,
    /// From the pieces up to below the root; each level no longer than the last node that is known.
    levels: Vec<Vec<Option<Value>>>,
}

impl Outline {
    /// The outline of a file of which only hash and size are known.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn new(root: FileHash, size: u64) -> Result<Self, TooLarge> {
        let shape = Shape::of(size)?;
        Ok(Self { root, shape, levels: vec![Vec::new(); shape.levels()] })
    }

    pub(super) fn of_one_piece(root: blake3::Hash, shape: Shape) -> Self {
        Self { root: FileHash(*root.as_bytes()), shape, levels: Vec::new() }
    }

    /// The outline over all pieces of a file of at least two.
    pub(super) fn of_values(pieces: Vec<Value>, shape: Shape) -> Self {
        let mut levels = vec![pieces];
        while let Some(below) = levels.last().filter(|_| levels.len() < shape.levels()) {
            let above = below.chunks(2).map(|pair| match pair {
                [left, right] => merge_subtrees_non_root(left, right, Mode::Hash),
                alone => alone.first().copied().unwrap_or_default(),
            });
            levels.push(above.collect());
        }
        let root = match levels.last().map(Vec::as_slice) {
            Some([left, right]) => *merge_subtrees_root(left, right, Mode::Hash).as_bytes(),
            _ => [0; 32],
        };
        let levels = levels.into_iter().map(|level| level.into_iter().map(Some).collect()).collect();
        Self { root: FileHash(root), shape, levels }
    }

    /// Hash of the file.
    pub const fn root(&self) -> FileHash {
        self.root
    }

    /// Size and pieces of the file.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether every piece can be checked without a proof. Says nothing of whether any is held.
    pub fn is_complete(&self) -> bool {
        self.levels.first().is_none_or(|pieces| {
            pieces.len() == usize::try_from(self.shape.pieces()).unwrap_or(usize::MAX)
                && pieces.iter().all(Option::is_some)
        })
    }

    /// Checks a piece that came with its proof, and remembers the nodes that prove it.
    ///
    /// # Errors
    /// [`PieceFault`] but [`PieceFault::NotKnown`]; no honest peer sends such a piece, and nothing is remembered of it.
    pub fn accept(&mut self, index: u32, bytes: Vec<u8>, proof: &[Value]) -> Result<VerifiedPiece, PieceFault> {
        self.has_length(index, &bytes)?;
        let expected = self.shape.proof_len(index).unwrap_or_default();
        if proof.len() != expected {
            return Err(PieceFault::ProofLength { len: proof.len(), expected });
        }
        if self.levels.is_empty() {
            // The piece is the file.
            let holds = *blake3::hash(&bytes).as_bytes() == self.root.0;
            return if holds { Ok(self.verified(index, bytes)) } else { Err(PieceFault::Hash) };
        }
        let mut value = self.value_of(index, &bytes);
        let mut proven = Vec::with_capacity(self.shape.levels().saturating_mul(2));
        let mut others = proof.iter().copied();
        for (node, sibling) in self.shape.climb(index) {
            proven.push((node, value));
            // A node without a sibling moves up as it is.
            let Some((place, other)) = sibling.and_then(|place| Some((place, others.next()?))) else { continue };
            proven.push((place, other));
            value = self.merged(node.parent(), if node.is_left() { (&value, &other) } else { (&other, &value) });
        }
        if value != self.root.0 {
            return Err(PieceFault::Hash);
        }
        proven.into_iter().for_each(|(node, value)| self.know(node, value));
        Ok(self.verified(index, bytes))
    }

    /// Checks bytes that are held already against what is known of their piece: before they are served, and when a
    /// file is looked at again.
    ///
    /// # Errors
    /// [`PieceFault`].
    pub fn check(&self, index: u32, bytes: &[u8]) -> Result<(), PieceFault> {
        self.has_length(index, bytes)?;
        let (expected, value) = if self.levels.is_empty() {
            (self.root.0, *blake3::hash(bytes).as_bytes())
        } else {
            let expected = self.value(Node { level: 0, index }).ok_or(PieceFault::NotKnown)?;
            (expected, self.value_of(index, bytes))
        };
        if value == expected { Ok(()) } else { Err(PieceFault::Hash) }
    }

    /// The proof of a piece, as far as its nodes are known. Says nothing of whether the piece is held.
    pub fn proof(&self, index: u32) -> Option<Proof> {
        self.shape.start(index)?;
        let siblings = self.shape.climb(index).filter_map(|(_, sibling)| sibling);
        let values: Option<Vec<Value>> = siblings.map(|node| self.value(node)).collect();
        Proof::new(values?).ok()
    }

    /// Whether [`Self::check`] can tell whether bytes are that piece.
    pub fn knows(&self, index: u32) -> bool {
        index < self.shape.pieces() && (self.levels.is_empty() || self.value(Node { level: 0, index }).is_some())
    }

    fn has_length(&self, index: u32, bytes: &[u8]) -> Result<(), PieceFault> {
        let pieces = self.shape.pieces();
        let expected = self.shape.len(index).ok_or(PieceFault::NoSuchPiece { index, pieces })?;
        if u32::try_from(bytes.len()) == Ok(expected) {
            Ok(())
        } else {
            Err(PieceFault::Length { len: bytes.len(), expected })
        }
    }

    /// The chaining value of bytes as a piece of a file of several.
    fn value_of(&self, index: u32, bytes: &[u8]) -> Value {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(self.shape.start(index).unwrap_or_default());
        hasher.update(bytes).finalize_non_root()
    }

    /// The value of a node from those of its children.
    fn merged(&self, node: Node, (left, right): (&Value, &Value)) -> Value {
        if self.shape.is_root(node) {
            *merge_subtrees_root(left, right, Mode::Hash).as_bytes()
        } else {
            merge_subtrees_non_root(left, right, Mode::Hash)
        }
    }

    fn value(&self, node: Node) -> Option<Value> {
        let at = usize::try_from(node.index).ok()?;
        *self.levels.get(node.level)?.get(at)?
    }

    fn know_one(&mut self, node: Node, value: Value) {
        let Some((level, at)) = self.levels.get_mut(node.level).zip(usize::try_from(node.index).ok()) else { return };
        if level.len() <= at {
            level.resize(at.saturating_add(1), None);
        }
        if let Some(place) = level.get_mut(at) {
            *place = Some(value);
        }
    }

    /// Notes a value for a node, and for those that move up to it alone.
    fn know(&mut self, mut node: Node, value: Value) {
        loop {
            self.know_one(node, value);
            let Some(level) = node.level.checked_sub(1) else { return };
            let left = Node { level, index: node.index.saturating_mul(2) };
            if left.index.saturating_add(1) < self.shape.width(level) {
                return;
            }
            node = left;
        }
    }

    const fn verified(&self, index: u32, bytes: Vec<u8>) -> VerifiedPiece {
        VerifiedPiece { root: self.root, index, bytes }
    }
}
