//! A set of pieces of one file.

use super::shape::Shape;

/// Which pieces of a file are meant. One bit a piece.
#[derive(Clone, PartialEq, Eq)]
pub struct Pieces {
    shape: Shape,
    words: Vec<u64>,
    count: u32,
}

const BITS: u32 = u64::BITS;

fn place(index: u32) -> (usize, u64) {
    (usize::try_from(index / BITS).unwrap_or(usize::MAX), 1 << (index % BITS))
}

impl Pieces {
    /// No piece of a file.
    pub fn none(shape: Shape) -> Self {
        let words = usize::try_from(shape.pieces().div_ceil(BITS)).unwrap_or_default();
        Self { shape, words: vec![0; words], count: 0 }
    }

    /// Every piece of a file.
    pub fn all(shape: Shape) -> Self {
        let mut all = Self::none(shape);
        all.extend(0..shape.pieces());
        all
    }

    /// The file that they are of.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// How many.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Whether it is every piece.
    pub const fn is_all(&self) -> bool {
        self.count == self.shape.pieces()
    }

    /// How many bytes they have together.
    pub fn bytes(&self) -> u64 {
        let last = self.shape.pieces().saturating_sub(1);
        let short = u64::from(super::PIECE).saturating_sub(self.shape.len(last).map_or(0, u64::from));
        let whole = u64::from(self.count).saturating_mul(u64::from(super::PIECE));
        if self.contains(last) { whole.saturating_sub(short) } else { whole }
    }

    /// Whether a piece is among them.
    pub fn contains(&self, index: u32) -> bool {
        let (word, bit) = place(index);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds a piece; whether it is new. One that the file does not have is not taken.
    pub fn insert(&mut self, index: u32) -> bool {
        let (word, bit) = place(index);
        let Some(word) = self.words.get_mut(word).filter(|word| index < self.shape.pieces() && **word & bit == 0)
        else {
            return false;
        };
        *word |= bit;
        self.count = self.count.saturating_add(1);
        true
    }

    /// Takes a piece out; whether it was there.
    pub fn remove(&mut self, index: u32) -> bool {
        let (word, bit) = place(index);
        let Some(word) = self.words.get_mut(word).filter(|word| **word & bit != 0) else { return false };
        *word &= !bit;
        self.count = self.count.saturating_sub(1);
        true
    }

    /// The first piece at or after `from` and before `end` that is among them.
    pub fn first_within(&self, from: u32, end: u32) -> Option<u32> {
        let end = end.min(self.shape.pieces());
        let mut at = from;
        while at < end {
            let (word, _) = place(at);
            let rest = self.words.get(word)? >> (at % BITS);
            if rest != 0 {
                return at.checked_add(rest.trailing_zeros()).filter(|found| *found < end);
            }
            at = (at / BITS).saturating_add(1).saturating_mul(BITS);
        }
        None
    }

    /// The pieces, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0_u32..).zip(&self.words).filter(|(_, word)| **word != 0);
        words.flat_map(|(at, word)| {
            (0..BITS)
                .filter(move |bit| (word >> bit) & 1 == 1)
                .map(move |bit| at.saturating_mul(BITS).saturating_add(bit))
        })
    }

    /// The pieces of the file that are not among them, ascending.
    pub fn missing(&self) -> impl Iterator<Item = u32> + '_ {
        let words = (0_u32..).zip(&self.words).filter(|(_, word)| **word != u64::MAX);
        let bits = words.flat_map(|(at, word)| {
            (0..BITS)
                .filter(move |bit| (word >> bit) & 1 == 0)
                .map(move |bit| at.saturating_mul(BITS).saturating_add(bit))
        });
        bits.take_while(|index| *index < self.shape.pieces())
    }

    /// The longest ranges that they form, ascending: first piece and number of pieces.
    pub fn ranges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let mut indices = self.iter().peekable();
        std::iter::from_fn(move || {
            let first = indices.next()?;
            let mut count = 1_u32;
            while indices.next_if(|next| *next == first.saturating_add(count)).is_some() {
                count = count.saturating_add(1);
            }
            Some((first, count))
        })
    }
}

impl Extend<u32> for Pieces {
    fn extend<T: IntoIterator<Item = u32>>(&mut self, indices: T) {
        for index in indices {
            self.insert(index);
        }
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} pieces", self.count, self.shape.pieces())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::PIECE;
    use super::*;

    proptest! {
        #[test]
        fn a_set_of_pieces_is_a_set(
            size in 0..300 * u64::from(PIECE),
            steps in prop::collection::vec((0..310_u32, any::<bool>()), 0..200),
        ) {
            let shape = Shape::of(size).unwrap();
            let (mut pieces, mut model) = (Pieces::none(shape), BTreeSet::new());
            for (index, add) in steps {
                if add {
                    prop_assert_eq!(pieces.insert(index), index < shape.pieces() && model.insert(index));
                } else {
                    prop_assert_eq!(pieces.remove(index), model.remove(&index));
                }
            }
            prop_assert_eq!(pieces.iter().collect::<BTreeSet<_>>(), model.clone());
            let missing: BTreeSet<u32> = pieces.missing().collect();
            prop_assert!(missing.is_disjoint(&model));
            prop_assert_eq!(missing.len() + model.len(), usize::try_from(shape.pieces()).unwrap());
            let ranges: Vec<(u32, u32)> = pieces.ranges().collect();
            prop_assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 < pair[1].0));
            prop_assert_eq!(ranges.iter().flat_map(|(first, count)| *first..first + count).collect::<BTreeSet<_>>(), model.clone());
            let bytes: u64 = model.iter().map(|index| u64::from(shape.len(*index).unwrap())).sum();
            prop_assert_eq!(pieces.bytes(), bytes);
            prop_assert_eq!(pieces.is_all(), missing.is_empty());
            for (from, end) in [(0, 310), (3, 64), (64, 128), (100, 101), (200, 130)] {
                let first = model.iter().copied().find(|index| (from..end).contains(index));
                prop_assert_eq!(pieces.first_within(from, end), first);
            }
        }
    }
}
