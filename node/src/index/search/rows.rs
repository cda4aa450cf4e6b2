//! Phrases of words that all stand in many documents of a segment: positions are read from the beginning to the end of
//! a list, instead of for each document. What is found is the same.

use tantivy::DocId;
use tantivy::positions::PositionReader;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;

use super::find::{Finder, Within};
use super::lists::{Marks, Scored, alike};
use super::plan::Piece;
use crate::index::IndexFault;

/// Where a row may begin: the document, and the place in its text.
type Start = u64;

const PLACE_BITS: u32 = 32;

fn docs_of(rows: &[Start]) -> impl Iterator<Item = DocId> {
    rows.iter().filter_map(|start| DocId::try_from(start >> PLACE_BITS).ok())
}

impl Finder<'_> {
    /// The documents in which terms stand in a row, of all or of those within which it is looked, without scores. `None`
    /// where that cannot be read in this way.
    pub(super) fn common_row(&self, pieces: &[Piece], within: Within<'_>) -> Result<Option<Scored>, IndexFault> {
        let infos: Option<Vec<(&Piece, &TermInfo)>> = pieces.iter().map(|piece| self.only_list(piece)).collect();
        let Some(mut infos) = infos.filter(|_| self.segment.positions.is_some()) else { return Ok(None) };
        // The rarest first: what it leaves out is not looked at in the lists of the others.
        infos.sort_by_key(|(_, info)| info.doc_freq);
        let mut together = within.map(|within| self.marks_of(within.iter().map(|(doc, _)| *doc)));
        for (_, info) in &infos {
            let marks = self.marks(info)?;
            match &mut together {
                Some(together) => together.narrow(&marks),
                None => together = Some(marks),
            }
        }
        let Some(mut together) = together else { return Ok(None) };
        let mut rows: Option<Vec<Start>> = None;
        for (piece, info) in infos {
            let Some(starts) = self.starts(piece, info, &together)? else { return Ok(None) };
            rows = Some(match rows {
                Some(rows) => {
                    let rows = alike(&rows, &starts);
                    together = self.marks_of(docs_of(&rows));
                    rows
                }
                None => starts,
            });
        }
        let mut found: Scored = docs_of(&rows.unwrap_or_default()).map(|doc| (doc, 0)).collect();
        found.dedup();
        Ok(Some(found))
    }

    fn marks_of(&self, docs: impl Iterator<Item = DocId>) -> Marks {
        let mut marks = Marks::new(self.segment.reader.max_doc());
        docs.for_each(|doc| marks.set(doc));
        marks
    }

    fn only_list<'a>(&self, piece: &'a Piece) -> Option<(&'a Piece, &'a TermInfo)> {
        match piece.lists.get(self.number)?.first()?.as_slice() {
            [info] => Some((piece, info)),
            _ => None,
        }
    }

    fn marks(&self, info: &TermInfo) -> Result<Marks, IndexFault> {
        let [reader, ..] = &self.segment.scored;
        let mut marks = Marks::new(self.segment.reader.max_doc());
        let mut blocks = reader.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
        while blocks.block_len() > 0 {
            blocks.docs().iter().for_each(|doc| marks.set(*doc));
            blocks.advance();
        }
        Ok(marks)
    }

    /// Where rows would begin that have this term at its place, in some documents; in order. `None` where the positions
    /// are not as many as the term occurs.
    fn starts(&self, piece: &Piece, info: &TermInfo, within: &Marks) -> Result<Option<Vec<Start>>, IndexFault> {
        let Some(all) = &self.segment.positions else { return Ok(None) };
        let mut positions = PositionReader::open(all.slice(info.positions_range.clone()).read_bytes()?)?;
        let [reader, ..] = &self.segment.scored;
        let mut blocks = reader.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        let (mut starts, mut steps, mut at) = (Vec::new(), Vec::new(), 0_u64);
        while blocks.block_len() > 0 {
            let occurs: u64 = blocks.freqs().iter().map(|times| u64::from(*times)).sum();
            let Ok(count) = usize::try_from(occurs) else { return Ok(None) };
            if !blocks.docs().iter().any(|doc| within.holds(*doc)) {
                at = at.saturating_add(occurs);
                blocks.advance();
                continue;
            }
            steps.resize(count, 0);
            positions.read(at, &mut steps);
            at = at.saturating_add(occurs);
            let mut rest = steps.as_slice();
            for (doc, times) in blocks.docs().iter().zip(blocks.freqs()) {
                let Some((own, later)) = usize::try_from(*times).ok().and_then(|times| rest.split_at_checked(times))
                else {
                    return Ok(None);
                };
                rest = later;
                if !within.holds(*doc) {
                    continue;
                }
                let mut place = 0_u32;
                for step in own {
                    place = place.saturating_add(*step);
                    if let Some(start) = place.checked_sub(piece.offset) {
                        starts.push(u64::from(*doc) << PLACE_BITS | u64::from(start));
                    }
                }
            }
            blocks.advance();
        }
        Ok(Some(starts))
    }
}
