//! Words that stand in many documents of a segment: their scores go into one number a document, in the order of the
//! documents, instead of into lists that are put together. The scores are the same.

use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, TERMINATED};

use super::find::Finder;
use super::lists::Scored;
use super::plan::{Clause, Needle, Piece};
use crate::index::IndexFault;
use crate::index::snapshot::{SCORED, Segment};

/// A word is dense that stands in one of so many documents, or more.
const ONE_OF: u64 = 16;

/// By document: its score, which is never 0, or 0 where the words do not stand.
pub(super) struct Dense(Vec<u32>);

impl Dense {
    /// What is in both, with the sum of the scores.
    pub(super) fn narrow(&mut self, other: &Self) {
        for (score, more) in self.0.iter_mut().zip(&other.0) {
            *score = if *score == 0 || *more == 0 { 0 } else { score.saturating_add(*more) };
        }
    }

    fn widen(&mut self, other: &Self) {
        for (score, other) in self.0.iter_mut().zip(&other.0) {
            *score = (*score).max(*other);
        }
    }

    fn at(&mut self, doc: DocId) -> Option<&mut u32> {
        usize::try_from(doc).ok().and_then(|doc| self.0.get_mut(doc))
    }

    /// As a list.
    pub(super) fn into_list(self) -> Scored {
        let mut list = Vec::with_capacity(self.0.iter().filter(|score| **score != 0).count());
        list.extend((0..).zip(self.0).filter(|(_, score)| *score != 0));
        list
    }
}

/// From how many documents of a segment on a word is dense.
pub(super) fn from(segment: &Segment) -> u64 {
    u64::from(segment.reader.max_doc()) / ONE_OF
}

impl Finder<'_> {
    /// The needle of a clause of single words, if it is one.
    pub(super) fn single_words(clause: &Clause) -> Option<&Needle> {
        match clause {
            Clause::Words(needle) => Some(needle).filter(|it| it.variants.iter().all(|pieces| pieces.len() == 1)),
            Clause::Facets(_) => None,
        }
    }

    /// Scores of all documents with a word.
    pub(super) fn dense(&self, needle: &Needle) -> Result<Dense, IndexFault> {
        let docs = usize::try_from(self.segment.reader.max_doc()).unwrap_or(0);
        let pieces = needle.variants.iter().flatten().filter(|piece| piece.count(self.number) > 0);
        let mut best: Option<Dense> = None;
        let mut one = Dense(vec![0; docs]);
        for piece in pieces {
            one.0.resize(docs, 0);
            for field in 0..SCORED {
                self.add_all(piece, field, &mut one)?;
            }
            match &mut best {
                Some(best) => {
                    best.widen(&one);
                    one.0.clear();
                }
                None => best = Some(std::mem::replace(&mut one, Dense(Vec::new()))),
            }
        }
        Ok(best.unwrap_or_else(|| Dense(vec![0; docs])))
    }

    /// Adds the scores of a term in a field: in the text to all documents, in others to those that have one already.
    fn add_all(&self, piece: &Piece, field: usize, scores: &mut Dense) -> Result<(), IndexFault> {
        let mut add = |doc: DocId, times: u32| {
            if let Some(score) = scores.at(doc).filter(|score| field == 0 || **score != 0) {
                *score = score.saturating_add(self.score(piece, field, doc, times));
            }
        };
        let infos = piece.lists.get(self.number).and_then(|lists| lists.get(field)).map_or(&[][..], Vec::as_slice);
        let (Some(reader), [info]) = (self.segment.scored.get(field), infos) else {
            let Some(mut walk) = self.walk(piece, field, IndexRecordOption::WithFreqs)? else { return Ok(()) };
            while walk.doc() != TERMINATED {
                add(walk.doc(), walk.times());
                walk.advance();
            }
            return Ok(());
        };
        // Block by block: nothing is asked of each document but its number.
        let mut blocks = reader.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        let mut left = usize::try_from(info.doc_freq).unwrap_or(0);
        while left > 0 && blocks.block_len() > 0 {
            blocks.docs().iter().zip(blocks.freqs()).for_each(|(doc, times)| add(*doc, *times));
            left = left.saturating_sub(blocks.block_len());
            blocks.advance();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::entry::header::MARKING_GREEN;
    use lyceum_protocol::hash::{EntryId, LogId, NetworkId, OrgId};
    use lyceum_protocol::publication::Publication;

    use super::super::find::{candidates, candidates_as};
    use super::super::plan::Plan;
    use crate::index::cursor::Cursor;
    use crate::index::engine::Engine;
    use crate::index::query::Query;
    use crate::index::schema::Indexed;

    #[test]
    fn dense_words_have_the_scores_of_rare_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (mut engine, _, _) = Engine::open(folder.path(), NetworkId([7; 32])).unwrap();
        let words = ["model", "models", "drift", "évaluation", "evaluations", "bias", "long", "context"];
        for n in 0..1_000_u64 {
            let pick = |step: u64, of: u64| words[usize::try_from((n / step) % of).unwrap()];
            // A row that stands in few of the blocks in which its words do.
            let row = if (600..603).contains(&n) {
                "alpha beta gamma"
            } else {
                ["gamma alpha", "beta"][usize::from(n % 2 == 0)]
            };
            let body = format!("{} {} {} {} {row}", pick(1, 8), pick(3, 7), pick(5, 3), pick(11, 8));
            let json = serde_json::json!({
                "type": if n % 3 == 0 { "note" } else { "other" }, "title": pick(2, 8), "body": body,
                "language": if n % 4 == 0 { "fr" } else { "en" }, "tags": [pick(7, 8)],
            });
            let publication = Publication::read(json.to_string().as_bytes()).unwrap();
            let mut id = EntryId([1; 32]);
            id.0[..8].copy_from_slice(&n.to_be_bytes());
            let org = OrgId([1; 32]);
            let indexed =
                Indexed { id, log: LogId([1; 32]), seq: n, org, time: n, marking: MARKING_GREEN, publication };
            engine.add(&indexed).unwrap();
        }
        engine.commit(&Cursor::default()).unwrap();
        let snapshot = engine.snapshot(None).unwrap();
        let mut found = 0;
        for text in [
            "model",
            "evaluation drift",
            "model type:note",
            "mod* bias",
            "\"drift bias\" model",
            "\"model long\"",
            "\"bias bias model\"",
            "model -\"long context\"",
            "\"model model\" \"bias model\"",
            "model -type:note -bias",
            "context long bias",
            "type:note",
            "\"alpha beta gamma\"",
            "\"alpha beta\" \"beta gamma\" model",
            "\"beta gamma\" \"gamma alpha\"",
        ] {
            let plan = Plan::make(&snapshot, &Query::read(text, 0).unwrap()).unwrap();
            for (n, segment) in snapshot.segments.iter().enumerate() {
                let dense = candidates_as(&snapshot, segment, n, &plan, 0).unwrap();
                let listed = candidates_as(&snapshot, segment, n, &plan, u64::MAX).unwrap();
                assert_eq!(dense, listed, "{text}");
                assert_eq!(candidates(&snapshot, segment, n, &plan).unwrap(), listed, "{text}");
                found += listed.len();
            }
        }
        assert!(found > 100, "{found}");
    }
}
