//! The shape of a file of known size: its pieces, and the tree over them.
//!
//! The tree of BLAKE3 puts the largest power of two of chunks to the left. Over whole pieces that is the same tree as
//! pairing nodes from the left, level by level, where a node without a partner moves up as it is.

use super::{ATTACHMENT_MAX, PIECE};

/// A file is larger than [`ATTACHMENT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file of {size} bytes where at most {ATTACHMENT_MAX} are allowed")]
pub struct TooLarge {
    /// Its bytes, as far as they were counted.
    pub size: u64,
}

/// A node of the tree: how many levels it is above the pieces, and the how manieth of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) level: usize,
    pub(super) index: u32,
}

impl Node {
    /// The other child of the same parent, which has to be there.
    const fn sibling(self) -> Self {
        Self { level: self.level, index: self.index ^ 1 }
    }

    /// The node above.
    pub(super) const fn parent(self) -> Self {
        Self { level: self.level.saturating_add(1), index: self.index / 2 }
    }

    /// Whether it is a left child.
    pub(super) const fn is_left(self) -> bool {
        self.index.is_multiple_of(2)
    }
}

/// Where the pieces of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    size: u64,
    pieces: u32,
}

impl Shape {
    /// The shape of a file of `size` bytes.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn of(size: u64) -> Result<Self, TooLarge> {
        if size > ATTACHMENT_MAX {
            return Err(TooLarge { size });
        }
        let pieces = u32::try_from(size.div_ceil(u64::from(PIECE))).unwrap_or(u32::MAX).max(1);
        Ok(Self { size, pieces })
    }

    /// Bytes of the file.
    pub const fn size(self) -> u64 {
        self.size
    }

    /// Number of its pieces, at least one.
    pub const fn pieces(self) -> u32 {
        self.pieces
    }

    /// Where a piece begins, in bytes; `None` for one that is not there.
    pub fn start(self, index: u32) -> Option<u64> {
        (index < self.pieces).then(|| u64::from(index).saturating_mul(u64::from(PIECE)))
    }

    /// Bytes of a piece; `None` for one that is not there.
    pub fn len(self, index: u32) -> Option<u32> {
        let left = self.size.saturating_sub(self.start(index)?);
        Some(u32::try_from(left).unwrap_or(u32::MAX).min(PIECE))
    }

    /// Number of nodes in the proof of a piece; `None` for one that is not there.
    pub fn proof_len(self, index: u32) -> Option<usize> {
        (index < self.pieces).then(|| self.climb(index).filter(|(_, sibling)| sibling.is_some()).count())
    }

    /// Levels below the root.
    pub(super) fn levels(self) -> usize {
        usize::try_from(self.pieces.next_power_of_two().trailing_zeros()).unwrap_or_default()
    }

    /// Number of nodes of a level.
    pub(super) fn width(self, level: usize) -> u32 {
        let level = u32::try_from(level).unwrap_or(u32::MAX);
        1_u32.checked_shl(level).map_or(1, |pieces| self.pieces.div_ceil(pieces))
    }

    /// Whether a node is the root.
    pub(super) fn is_root(self, node: Node) -> bool {
        node.level >= self.levels()
    }

    /// The nodes from a piece up to below the root, each with its sibling unless it moves up alone.
    pub(super) fn climb(self, index: u32) -> impl Iterator<Item = (Node, Option<Node>)> {
        let levels = self.levels();
        let nodes = std::iter::successors(Some(Node { level: 0, index }), |node| Some(node.parent()));
        nodes.take(levels).map(move |node| {
            let sibling = node.sibling();
            (node, (sibling.index < self.width(sibling.level)).then_some(sibling))
        })
    }
}
