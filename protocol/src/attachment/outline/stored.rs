//! The bytes of an outline, for the disk: hash and size of the file, then the tree from the root down. Each node says
//! in one byte whether the two below it are known; they follow it, left one first, and after both what is below them.
//! Pieces say nothing, and neither do nodes that move up alone.

use super::{Node, Outline, Value};
use crate::attachment::shape::TooLarge;
use crate::hash::FileHash;

/// Why stored bytes are no outline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutlineFault {
    /// They end early.
    #[error("the outline is cut off")]
    CutOff,
    /// They go on after the end.
    #[error("{0} bytes after the end of the outline")]
    Trailing(usize),
    /// The byte of a node is neither 0 nor 1.
    #[error("not an outline")]
    Malformed,
    /// Two nodes do not lead to the one above.
    #[error("the outline is not of that file")]
    Hash,
    /// It is of a file that is too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl Outline {
    /// Its bytes: at most 40, and 65 for each piece after the first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.root.0[..], &self.shape.size().to_le_bytes()].concat();
        self.write_below(self.top(), &mut bytes);
        bytes
    }

    /// Reads an outline. Every node is checked against the one above, so that it says the truth about the file whose
    /// hash it names, wherever the bytes come from.
    ///
    /// # Errors
    /// [`OutlineFault`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OutlineFault> {
        let mut rest = bytes;
        let root = FileHash(take(&mut rest)?);
        let mut outline = Self::new(root, u64::from_le_bytes(take(&mut rest)?))?;
        outline.read_below(outline.top(), root.0, &mut rest)?;
        if rest.is_empty() { Ok(outline) } else { Err(OutlineFault::Trailing(rest.len())) }
    }

    const fn top(&self) -> Node {
        Node { level: self.levels.len(), index: 0 }
    }

    /// The children of a node that has two, however far below; `None` for a piece.
    fn children(&self, mut node: Node) -> Option<(Node, Node)> {
        loop {
            let level = node.level.checked_sub(1)?;
            let left = Node { level, index: node.index.saturating_mul(2) };
            let right = Node { level, index: left.index.saturating_add(1) };
            if right.index < self.shape.width(level) {
                return Some((left, right));
            }
            node = left;
        }
    }

    /// As deep as the tree is high.
    fn write_below(&self, node: Node, bytes: &mut Vec<u8>) {
        let Some((left, right)) = self.children(node) else { return };
        match self.value(left).zip(self.value(right)) {
            None => bytes.push(0),
            Some((of_left, of_right)) => {
                bytes.push(1);
                bytes.extend_from_slice(&of_left);
                bytes.extend_from_slice(&of_right);
                self.write_below(left, bytes);
                self.write_below(right, bytes);
            }
        }
    }

    /// As deep as the tree is high.
    fn read_below(&mut self, node: Node, value: Value, rest: &mut &[u8]) -> Result<(), OutlineFault> {
        let Some((left, right)) = self.children(node) else { return Ok(()) };
        match take::<1>(rest)? {
            [0] => return Ok(()),
            [1] => {}
            _ => return Err(OutlineFault::Malformed),
        }
        let (of_left, of_right): (Value, Value) = (take(rest)?, take(rest)?);
        if self.merged(left.parent(), (&of_left, &of_right)) != value {
            return Err(OutlineFault::Hash);
        }
        for (child, value) in [(left, of_left), (right, of_right)] {
            self.know(child, value);
            self.read_below(child, value, rest)?;
        }
        Ok(())
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], OutlineFault> {
    let (taken, left) = rest.split_first_chunk().ok_or(OutlineFault::CutOff)?;
    *rest = left;
    Ok(*taken)
}
