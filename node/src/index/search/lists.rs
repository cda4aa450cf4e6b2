//! Lists of documents in ascending order, each with its score, and how they are put together.

use tantivy::DocId;

/// Documents with their text scores.
pub(super) type Scored = Vec<(DocId, u32)>;

/// Documents of both lists, with the sum of their scores.
pub(super) fn both(a: &[(DocId, u32)], b: &[(DocId, u32)]) -> Scored {
    let mut found = Vec::with_capacity(a.len().min(b.len()));
    let (mut at, mut other) = (0_usize, 0_usize);
    // Without branches on which of them is ahead: that cannot be foretold.
    while let (Some((first, score)), Some((second, more))) = (a.get(at), b.get(other)) {
        if first == second {
            found.push((*first, score.saturating_add(*more)));
        }
        at = at.saturating_add(usize::from(first <= second));
        other = other.saturating_add(usize::from(second <= first));
    }
    found
}

/// Numbers of both lists, which are in order.
pub(super) fn alike(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut found = Vec::new();
    let (mut at, mut other) = (0_usize, 0_usize);
    while let (Some(first), Some(second)) = (a.get(at), b.get(other)) {
        if first == second {
            found.push(*first);
        }
        at = at.saturating_add(usize::from(first <= second));
        other = other.saturating_add(usize::from(second <= first));
    }
    found
}

/// Documents of the first list that are not in the second.
pub(super) fn without(a: &[(DocId, u32)], b: &[(DocId, u32)]) -> Scored {
    let mut b = b.iter().peekable();
    let stays = |(doc, _): &&(DocId, u32)| {
        while b.next_if(|(other, _)| other < doc).is_some() {}
        b.peek().is_none_or(|(other, _)| other != doc)
    };
    a.iter().filter(stays).copied().collect()
}

/// Documents of either list, with the higher of their scores.
pub(super) fn either(a: Scored, b: Scored) -> Scored {
    if a.is_empty() {
        return b;
    }
    if b.is_empty() {
        return a;
    }
    let (a, b) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut found = Vec::with_capacity(a.len().saturating_add(b.len()));
    let (mut at, mut other) = (0_usize, 0_usize);
    while let (Some((first, score)), Some((second, more))) = (a.get(at), b.get(other)) {
        if b.len() < a.len() / 16 && first < second {
            // All up to the next of the shorter list at once.
            let rest = a.get(at..).unwrap_or_default();
            let before = skip(rest, *second);
            found.extend_from_slice(rest.get(..before).unwrap_or_default());
            at = at.saturating_add(before);
            continue;
        }
        let (ahead, behind) = (first <= second, second <= first);
        let score = if ahead { *score } else { 0 }.max(if behind { *more } else { 0 });
        found.push((*first.min(second), score));
        at = at.saturating_add(usize::from(ahead));
        other = other.saturating_add(usize::from(behind));
    }
    found.extend(a.get(at..).unwrap_or_default());
    found.extend(b.get(other..).unwrap_or_default());
    found
}

/// Documents of a segment, one bit each.
pub(super) struct Marks(Vec<u64>);

impl Marks {
    /// No document yet, of so many.
    pub(super) fn new(docs: DocId) -> Self {
        Self(vec![0; usize::try_from(docs / 64).unwrap_or(0).saturating_add(1)])
    }

    pub(super) fn holds(&self, doc: DocId) -> bool {
        let word = usize::try_from(doc / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word >> (doc % 64) & 1 == 1)
    }

    /// Keeps what is in both, of the same segment.
    pub(super) fn narrow(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn set(&mut self, doc: DocId) {
        if let Some(word) = usize::try_from(doc / 64).ok().and_then(|word| self.0.get_mut(word)) {
            *word |= 1 << (doc % 64);
        }
    }
}

/// How many documents at the beginning of a list are below `target`: quick if they are few.
pub(super) fn skip(list: &[(DocId, u32)], target: DocId) -> usize {
    let mut reach = 1_usize;
    while list.get(reach - 1).is_some_and(|(doc, _)| *doc < target) {
        reach = reach.saturating_mul(2);
    }
    let from = reach / 2;
    let rest = list.get(from..reach.min(list.len())).unwrap_or_default();
    from.saturating_add(rest.partition_point(|(doc, _)| *doc < target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn list() -> impl Strategy<Value = BTreeMap<DocId, u32>> {
        prop::collection::btree_map(0_u32..60, 0_u32..9, 0..40)
    }

    proptest! {
        #[test]
        fn lists_are_combined_as_sets(a in list(), b in list(), target in 0_u32..70) {
            let (first, second): (Scored, Scored) = (a.clone().into_iter().collect(), b.clone().into_iter().collect());
            let sum: Scored = a.iter().filter_map(|(doc, score)| Some((*doc, score + b.get(doc)?))).collect();
            prop_assert_eq!(both(&first, &second), sum);
            let rest: Scored = first.iter().filter(|(doc, _)| !b.contains_key(doc)).copied().collect();
            prop_assert_eq!(without(&first, &second), rest);
            let mut all = a.clone();
            b.iter().for_each(|(doc, score)| {
                let kept = all.entry(*doc).or_default();
                *kept = (*kept).max(*score);
            });
            prop_assert_eq!(either(first.clone(), second), all.into_iter().collect::<Scored>());
            let numbers = |list: &BTreeMap<DocId, u32>| list.keys().copied().map(u64::from).collect::<Vec<_>>();
            let same: Vec<u64> = a.keys().filter(|doc| b.contains_key(doc)).copied().map(u64::from).collect();
            prop_assert_eq!(alike(&numbers(&a), &numbers(&b)), same);
            prop_assert_eq!(skip(&first, target), first.iter().filter(|(doc, _)| *doc < target).count());
        }
    }
}
