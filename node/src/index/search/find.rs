//! Candidates of one segment: the documents in which everything holds that has to, each with its text score.
//!
//! Lists of documents are always in ascending order. The rarest clause comes first; the others only look where it
//! found something.

use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet as _, InvertedIndexReader, TERMINATED};

use super::dense::{self, Dense};
use super::lists::{Marks, Scored, both, either, skip, without};
use super::plan::{Clause, Needle, Piece, Plan};
use crate::index::IndexFault;
use crate::index::snapshot::{SCORED, Segment, Snapshot};

/// How many documents of a list are looked at before it jumps.
const STEPS_BEFORE_JUMP: usize = 4;

/// Where to look: everywhere, or only in these documents.
pub(super) type Within<'a> = Option<&'a [(DocId, u32)]>;

/// Documents in which a query holds. Those that were removed are among them.
pub(super) fn candidates(
    snapshot: &Snapshot,
    segment: &Segment,
    number: usize,
    plan: &Plan,
) -> Result<Scored, IndexFault> {
    candidates_as(snapshot, segment, number, plan, dense::from(segment))
}

/// The same; what stands in at least so many documents is looked for in the dense way.
pub(super) fn candidates_as(
    snapshot: &Snapshot,
    segment: &Segment,
    number: usize,
    plan: &Plan,
    dense_from: u64,
) -> Result<Scored, IndexFault> {
    let finder = Finder { snapshot, segment, number, dense_from };
    let mut required: Vec<&Clause> = plan.required.iter().collect();
    required.sort_by_key(|clause| clause.count(number));
    let mut found: Option<Scored> = None;
    if required.first().is_some_and(|rarest| rarest.count(number) >= dense_from) {
        let mut dense: Option<Dense> = None;
        for needle in required.iter().filter_map(|clause| Finder::single_words(clause)) {
            let scores = finder.dense(needle)?;
            match &mut dense {
                Some(before) => before.narrow(&scores),
                None => dense = Some(scores),
            }
        }
        if let Some(dense) = dense {
            found = Some(dense.into_list());
            required.retain(|clause| Finder::single_words(clause).is_none());
        }
    }
    for clause in required {
        found = Some(match found {
            Some(mut before) => {
                match finder.marked(clause, before.len())? {
                    Some(marks) => before.retain(|(doc, _)| marks.holds(*doc)),
                    None => {
                        let holds = finder.clause(clause, Some(&before), true)?;
                        before = both(&before, &holds);
                    }
                }
                before
            }
            None => finder.clause(clause, None, true)?,
        });
        if found.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
    }
    let mut found = match found {
        Some(found) => found,
        None => (0..segment.reader.max_doc()).map(|doc| (doc, 0)).collect(),
    };
    for clause in &plan.excluded {
        match finder.marked(clause, found.len())? {
            Some(marks) => found.retain(|(doc, _)| !marks.holds(*doc)),
            None => {
                let holds = finder.clause(clause, Some(&found), false)?;
                found = without(&found, &holds);
            }
        }
    }
    Ok(found)
}

/// Looks in one segment.
pub(super) struct Finder<'a> {
    snapshot: &'a Snapshot,
    pub(super) segment: &'a Segment,
    pub(super) number: usize,
    /// What stands in at least so many documents is looked for in the dense way.
    dense_from: u64,
}

/// A walk over the documents of a term: one posting list, or several put together.
pub(super) enum Walk {
    One(SegmentPostings),
    Many { docs: Vec<(DocId, Vec<u32>)>, at: usize },
}

impl Walk {
    pub(super) fn doc(&self) -> DocId {
        match self {
            Self::One(postings) => postings.doc(),
            Self::Many { docs, at } => docs.get(*at).map_or(TERMINATED, |(doc, _)| *doc),
        }
    }

    pub(super) fn advance(&mut self) -> DocId {
        match self {
            Self::One(postings) => postings.advance(),
            Self::Many { at, .. } => {
                *at = at.saturating_add(1);
                self.doc()
            }
        }
    }

    /// Goes to the first document that is not below `target`.
    fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Self::One(postings) => {
                // Among dense lists it is one of the next: to look at a few costs less than to jump.
                for _ in 0..STEPS_BEFORE_JUMP {
                    if postings.doc() >= target {
                        return postings.doc();
                    }
                    postings.advance();
                }
                if postings.doc() < target { postings.seek(target) } else { postings.doc() }
            }
            Self::Many { docs, at } => {
                let rest = docs.get(*at..).unwrap_or_default();
                *at = at.saturating_add(rest.partition_point(|(doc, _)| *doc < target));
                self.doc()
            }
        }
    }

    pub(super) fn times(&self) -> u32 {
        match self {
            Self::One(postings) => postings.term_freq(),
            Self::Many { docs, at } => {
                docs.get(*at).map_or(0, |(_, positions)| u32::try_from(positions.len()).unwrap_or(u32::MAX))
            }
        }
    }

    fn positions(&mut self, positions: &mut Vec<u32>) {
        match self {
            Self::One(postings) => postings.positions(positions),
            Self::Many { docs, at } => {
                positions.clear();
                positions.extend(docs.get(*at).into_iter().flat_map(|(_, positions)| positions));
            }
        }
    }
}

impl Finder<'_> {
    /// All documents with one of some facets, where they are so many against `among` others that to go through them
    /// once is quicker than to look for each.
    fn marked(&self, clause: &Clause, among: usize) -> Result<Option<Marks>, IndexFault> {
        let Clause::Facets(lists) = clause else { return Ok(None) };
        let (count, among) = (clause.count(self.number), u64::try_from(among).unwrap_or(u64::MAX));
        if count < among / 8 || count / 8 > among {
            return Ok(None);
        }
        let mut marks = Marks::new(self.segment.reader.max_doc());
        for info in lists.get(self.number).into_iter().flatten() {
            let mut blocks = self.segment.facet.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            let mut left = usize::try_from(info.doc_freq).unwrap_or(0);
            while left > 0 && blocks.block_len() > 0 {
                blocks.docs().iter().for_each(|doc| marks.set(*doc));
                left = left.saturating_sub(blocks.block_len());
                blocks.advance();
            }
        }
        Ok(Some(marks))
    }

    fn clause(&self, clause: &Clause, within: Within<'_>, scored: bool) -> Result<Scored, IndexFault> {
        match clause {
            Clause::Words(needle) => self.needle(needle, within, scored),
            Clause::Facets(lists) => {
                let mut found = Vec::new();
                for info in lists.get(self.number).into_iter().flatten() {
                    let postings = self.segment.facet.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                    let mut docs = Vec::new();
                    each(&mut Walk::One(postings), within, |walk| docs.push((walk.doc(), 0)));
                    found = either(found, docs);
                }
                Ok(found)
            }
        }
    }

    fn needle(&self, needle: &Needle, within: Within<'_>, scored: bool) -> Result<Scored, IndexFault> {
        let mut found = Vec::new();
        for pieces in &needle.variants {
            let mut holds = match pieces.as_slice() {
                [piece] => self.single(piece, within, scored)?,
                pieces => self.row(pieces, within, scored)?,
            };
            if scored && !holds.is_empty() {
                for piece in pieces {
                    for field in 1..SCORED {
                        self.add(piece, field, &mut holds)?;
                    }
                }
            }
            found = either(found, holds);
        }
        Ok(found)
    }

    /// The documents of a term in a field; none if there are none.
    pub(super) fn walk(
        &self,
        piece: &Piece,
        field: usize,
        option: IndexRecordOption,
    ) -> Result<Option<Walk>, IndexFault> {
        let infos = piece.lists.get(self.number).and_then(|lists| lists.get(field)).map_or(&[][..], Vec::as_slice);
        let Some(reader) = self.segment.scored.get(field) else { return Ok(None) };
        match infos {
            [] => Ok(None),
            [info] => Ok(Some(Walk::One(reader.read_postings_from_terminfo(info, option)?))),
            infos => Ok(Some(many(reader, infos)?)),
        }
    }

    fn single(&self, piece: &Piece, within: Within<'_>, scored: bool) -> Result<Scored, IndexFault> {
        let Some(mut walk) = self.walk(piece, 0, IndexRecordOption::WithFreqs)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        each(&mut walk, within, |walk| {
            let doc = walk.doc();
            found.push((doc, if scored { self.score(piece, 0, doc, walk.times()) } else { 0 }));
        });
        Ok(found)
    }

    /// Documents in which all pieces stand in a row.
    fn row(&self, pieces: &[Piece], within: Within<'_>, scored: bool) -> Result<Scored, IndexFault> {
        let many = |docs: u64| docs >= self.dense_from;
        let all_of_them = within.is_none_or(|within| many(u64::try_from(within.len()).unwrap_or(u64::MAX)));
        if all_of_them
            && pieces.iter().all(|piece| many(piece.count(self.number)))
            && let Some(mut found) = self.common_row(pieces, within)?
        {
            for piece in pieces.iter().filter(|_| scored) {
                self.add(piece, 0, &mut found)?;
            }
            return Ok(found);
        }
        let mut walks = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match self.walk(piece, 0, IndexRecordOption::WithFreqsAndPositions)? {
                Some(walk) => walks.push((piece, walk)),
                None => return Ok(Vec::new()),
            }
        }
        walks.sort_by_key(|(piece, _)| piece.count(self.number));
        let Some(((first, lead), others)) = walks.split_first_mut() else { return Ok(Vec::new()) };
        let (mut found, mut starts, mut positions) = (Vec::new(), Vec::new(), Vec::new());
        each(lead, within, |lead| {
            let doc = lead.doc();
            if !others.iter_mut().all(|(_, walk)| walk.seek(doc) == doc) {
                return;
            }
            lead.positions(&mut positions);
            starts.clear();
            starts.extend(positions.iter().filter_map(|at| at.checked_sub(first.offset)));
            for (piece, walk) in others.iter_mut() {
                walk.positions(&mut positions);
                starts.retain(|start| positions.binary_search(&start.saturating_add(piece.offset)).is_ok());
                if starts.is_empty() {
                    return;
                }
            }
            let mut score = 0_u32;
            if scored {
                score = self.score(first, 0, doc, lead.times());
                for (piece, walk) in others.iter() {
                    score = score.saturating_add(self.score(piece, 0, doc, walk.times()));
                }
            }
            found.push((doc, score));
        });
        Ok(found)
    }

    /// Adds what a term in another field counts to documents that were found.
    fn add(&self, piece: &Piece, field: usize, found: &mut Scored) -> Result<(), IndexFault> {
        let Some(mut walk) = self.walk(piece, field, IndexRecordOption::WithFreqs)? else { return Ok(()) };
        let mut at = 0_usize;
        let mut doc = walk.doc();
        while doc != TERMINATED {
            at = at.saturating_add(skip(found.get(at..).unwrap_or_default(), doc));
            let Some((next, score)) = found.get_mut(at) else { break };
            if *next == doc {
                *score = score.saturating_add(self.score(piece, field, doc, walk.times()));
                doc = walk.advance();
            } else {
                doc = walk.seek(*next);
            }
        }
        Ok(())
    }

    pub(super) fn score(&self, piece: &Piece, field: usize, doc: DocId, times: u32) -> u32 {
        let (Some(weight), Some(lengths)) = (piece.weights.get(field), self.snapshot.lengths.get(field)) else {
            return 0;
        };
        let step = self.segment.lengths.get(field).map_or(0, |lengths| lengths.fieldnorm_id(doc));
        let known = piece.scores.as_ref().filter(|_| field == 0).and_then(|scores| scores.get(times, step));
        if let Some(score) = known {
            return score;
        }
        lengths.score(*weight, times, step)
    }
}

/// Several posting lists as one.
fn many(reader: &InvertedIndexReader, infos: &[tantivy::postings::TermInfo]) -> Result<Walk, IndexFault> {
    let mut docs: Vec<(DocId, Vec<u32>)> = Vec::new();
    for info in infos {
        let option = IndexRecordOption::WithFreqsAndPositions;
        let mut postings = reader.read_postings_from_terminfo(info, option)?;
        while postings.doc() != TERMINATED {
            let mut positions = Vec::new();
            postings.positions(&mut positions);
            // A field without positions: as many as it occurs.
            positions.resize(positions.len().max(usize::try_from(postings.term_freq()).unwrap_or(1)), 0);
            docs.push((postings.doc(), positions));
            postings.advance();
        }
    }
    docs.sort_by_key(|(doc, _)| *doc);
    docs.dedup_by(|(doc, more), (kept, positions)| {
        let same = doc == kept;
        if same {
            positions.append(more);
            positions.sort_unstable();
        }
        same
    });
    Ok(Walk::Many { docs, at: 0 })
}

/// Stops at each document of a walk that lies within.
fn each(walk: &mut Walk, within: Within<'_>, mut stop: impl FnMut(&mut Walk)) {
    let mut doc = walk.doc();
    let Some(mut rest) = within else {
        while doc != TERMINATED {
            stop(walk);
            doc = walk.advance();
        }
        return;
    };
    while doc != TERMINATED {
        rest = rest.get(skip(rest, doc)..).unwrap_or_default();
        let Some((next, _)) = rest.first() else { return };
        if *next == doc {
            stop(walk);
            doc = walk.advance();
        } else {
            doc = walk.seek(*next);
        }
    }
}
