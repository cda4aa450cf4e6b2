//! The RFC 9162 Merkle tree over the entry ids of one log: heads, inclusion proofs, consistency proofs.
//!
//! A leaf is `SHA-256(0x00 || entry id)`, a node `SHA-256(0x01 || left || right)`, the empty tree `SHA-256("")`.
//! Section numbers are those of RFC 9162.

use crate::hash::{EntryId, TreeHead, sha256};

/// Longest proof: one hash a level of a tree of 2^64 leaves, and one more for a consistency proof.
pub const PROOF_MAX: usize = 65;

/// Hash of a leaf over arbitrary leaf data (2.1.1).
pub fn leaf_hash(data: &[u8]) -> TreeHead {
    TreeHead(sha256(&[&[0], data]))
}

fn node_hash(left: &TreeHead, right: &TreeHead) -> TreeHead {
    TreeHead(sha256(&[&[1], &left.0, &right.0]))
}

/// The head of the empty tree (2.1.1).
pub fn empty_head() -> TreeHead {
    TreeHead(sha256(&[]))
}

/// A growing tree, kept as the heads of its perfect subtrees: at most 64 hashes, largest subtree first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    len: u64,
    /// One head for each bit that is set in `len`, from the highest.
    peaks: Vec<TreeHead>,
}

impl Tree {
    /// The empty tree.
    pub const fn new() -> Self {
        Self { len: 0, peaks: Vec::new() }
    }

    /// The tree over these leaves' data.
    pub fn of<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            tree.push_leaf(leaf);
        }
        tree
    }

    /// How many leaves it has.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no leaf.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the next entry id.
    pub fn push(&mut self, id: &EntryId) {
        self.push_leaf(id.as_bytes());
    }

    /// Appends a leaf over arbitrary data.
    pub fn push_leaf(&mut self, data: &[u8]) {
        let mut head = leaf_hash(data);
        // Each trailing one bit of the old length is a perfect subtree of the size just reached.
        let mut bits = self.len;
        while bits & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            head = node_hash(&left, &head);
            bits >>= 1;
        }
        self.peaks.push(head);
        self.len = self.len.saturating_add(1);
    }

    /// The tree head over all leaves so far (2.1.1).
    pub fn head(&self) -> TreeHead {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_head() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The tree head over `leaves`' data, from scratch.
pub fn head_over(leaves: &[EntryId]) -> TreeHead {
    Tree::of(leaves.iter().map(|id| id.0.as_slice())).head()
}

/// Largest power of two below `len`; `len` is at least 2.
fn split(len: usize) -> usize {
    (len.next_power_of_two()) >> 1
}

/// The path from leaf `index` to the head over `leaves` (2.1.3.1); none if there is no such leaf.
pub fn inclusion_proof(leaves: &[TreeHead], index: usize) -> Option<Vec<TreeHead>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut part, mut at) = (leaves, index);
    while part.len() > 1 {
        let (left, right) = part.split_at(split(part.len()));
        if at < left.len() {
            path.push(subtree(right));
            part = left;
        } else {
            at = at.saturating_sub(left.len());
            path.push(subtree(left));
            part = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The head over leaf hashes.
fn subtree(leaves: &[TreeHead]) -> TreeHead {
    match leaves {
        [] => empty_head(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&subtree(left), &subtree(right))
        }
    }
}

/// Whether `path` leads from `leaf` (its hash) at `index` to `head` over `len` leaves (2.1.3.2).
pub fn verify_inclusion(leaf: &TreeHead, index: u64, len: u64, path: &[TreeHead], head: &TreeHead) -> bool {
    if index >= len || path.len() > PROOF_MAX {
        return false;
    }
    let (mut fn_, mut sn) = (index, len.saturating_sub(1));
    let mut hash = *leaf;
    for step in path {
        if sn == 0 {
            return false;
        }
        if fn_ & 1 == 1 || fn_ == sn {
            hash = node_hash(step, &hash);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    sn == 0 && hash == *head
}

/// The proof that the tree over the first `old_len` of `leaves` is a prefix of the tree over all (2.1.4.1);
/// none unless `0 < old_len <= leaves.len()`. Empty where both are the same.
pub fn consistency_proof(leaves: &[TreeHead], old_len: usize) -> Option<Vec<TreeHead>> {
    if old_len == 0 || old_len > leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut part, mut old, mut whole) = (leaves, old_len, true);
    while old != part.len() {
        let (left, right) = part.split_at(split(part.len()));
        if old <= left.len() {
            path.push(subtree(right));
            part = left;
        } else {
            path.push(subtree(left));
            old = old.saturating_sub(left.len());
            part = right;
            whole = false;
        }
    }
    if !whole {
        path.push(subtree(part));
    }
    path.reverse();
    Some(path)
}

/// Whether `path` shows that the tree with `old` over `old_len` leaves is a prefix of the tree with `new` over `new_len` (2.1.4.2).
pub fn verify_consistency(old: &TreeHead, old_len: u64, new: &TreeHead, new_len: u64, path: &[TreeHead]) -> bool {
    if old_len == 0 || old_len > new_len || path.len() > PROOF_MAX {
        return false;
    }
    if old_len == new_len {
        return path.is_empty() && old == new;
    }
    let mut steps = path.iter();
    let (mut fn_, mut sn) = (old_len.saturating_sub(1), new_len.saturating_sub(1));
    while fn_ & 1 == 1 {
        fn_ >>= 1;
        sn >>= 1;
    }
    // A power of two is its own first hash: the proof leaves it out.
    let first = if old_len.is_power_of_two() { Some(old) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut from_old, mut from_new) = (*first, *first);
    for step in steps {
        if sn == 0 {
            return false;
        }
        if fn_ & 1 == 1 || fn_ == sn {
            from_old = node_hash(step, &from_old);
            from_new = node_hash(step, &from_new);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, step);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    sn == 0 && from_old == *old && from_new == *new
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(len: usize) -> Vec<TreeHead> {
        (0..len).map(|n| leaf_hash(&n.to_le_bytes())).collect()
    }

    /// The definition of 2.1.1, word for word.
    fn by_definition(leaves: &[TreeHead]) -> TreeHead {
        match leaves {
            [] => empty_head(),
            [one] => *one,
            many => {
                let mut k = 1;
                while k * 2 < many.len() {
                    k *= 2;
                }
                node_hash(&by_definition(&many[..k]), &by_definition(&many[k..]))
            }
        }
    }

    #[test]
    fn growing_gives_the_head_of_the_definition() {
        let mut tree = Tree::new();
        for len in 0..130_usize {
            assert_eq!(tree.head(), by_definition(&leaves(len)), "{len} leaves");
            tree.push_leaf(&len.to_le_bytes());
        }
    }

    #[test]
    fn every_inclusion_proof_holds_and_only_for_its_place() {
        for len in 1..40_usize {
            let all = leaves(len);
            let head = subtree(&all);
            for index in 0..len {
                let path = inclusion_proof(&all, index).unwrap();
                for claimed in 0..len {
                    let holds = verify_inclusion(&all[index], claimed as u64, len as u64, &path, &head);
                    assert_eq!(holds, claimed == index, "leaf {index} as {claimed} of {len}");
                }
            }
        }
    }

    #[test]
    fn every_consistency_proof_holds_and_a_changed_one_does_not() {
        for new in 1..40_usize {
            let all = leaves(new);
            for old in 1..=new {
                let path = consistency_proof(&all, old).unwrap();
                let (a, b) = (subtree(&all[..old]), subtree(&all));
                assert!(verify_consistency(&a, old as u64, &b, new as u64, &path), "{old} in {new}");
                for n in 0..path.len() {
                    let mut changed = path.clone();
                    changed[n].0[0] ^= 1;
                    assert!(!verify_consistency(&a, old as u64, &b, new as u64, &changed));
                }
                let mut longer = path.clone();
                longer.push(empty_head());
                assert!(!verify_consistency(&a, old as u64, &b, new as u64, &longer));
            }
        }
    }

    proptest! {
        #[test]
        fn garbage_never_verifies_and_never_panics(
            index: u64, len: u64, old_len: u64, path in prop::collection::vec(any::<[u8; 32]>(), 0..70)
        ) {
            let path: Vec<_> = path.into_iter().map(TreeHead).collect();
            let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
            prop_assert!(!verify_inclusion(&a, index, len, &path, &b));
            prop_assert!(!verify_consistency(&a, old_len, &b, len, &path));
        }
    }
}
