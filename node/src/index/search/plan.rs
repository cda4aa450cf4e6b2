//! A query against one snapshot: the terms that its words become in each language, and what each of them counts.

use std::collections::BTreeMap;

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet as _, InvertedIndexReader, TERMINATED, Term};

use crate::index::IndexFault;
use crate::index::query::{Key, Query};
use crate::index::rank::{self, Scores};
use crate::index::schema::facet;
use crate::index::snapshot::{SCORED, Segment, Snapshot};
use crate::index::tokens::{Sought, Tokeniser};

/// What a word in the text, in the title, and among the names counts.
const WEIGHTS: [f64; SCORED] = [1.0, 2.0, 1.0];

/// From so many texts with a word on, its scores are worked out before.
const SCORES_FROM: u64 = 4_096;

/// A word or phrase in one language: terms that have to stand in a row.
pub type Sequence = Vec<Sought>;

/// Where one term stands in one segment, in each of the fields: nowhere, in one posting list, or, if it stands for all
/// that begin so, in several.
pub(super) type Lists = [Vec<TermInfo>; SCORED];

/// A term with what it counts.
pub(super) struct Piece {
    pub(super) offset: u32,
    /// Weight times rarity, in each of the fields.
    pub(super) weights: [f64; SCORED],
    /// Scores in the text, where so many will be needed that it is worth while to work them out before.
    pub(super) scores: Option<Scores>,
    /// By segment.
    pub(super) lists: Vec<Lists>,
}

impl Piece {
    /// In how many documents of a segment it stands, at most.
    pub(super) fn count(&self, segment: usize) -> u64 {
        let text = self.lists.get(segment).and_then(|lists| lists.first());
        text.map_or(0, |infos| infos.iter().map(|info| u64::from(info.doc_freq)).sum())
    }
}

/// A word or phrase: any of its sequences will do.
pub(super) struct Needle {
    pub(super) variants: Vec<Vec<Piece>>,
}

/// What has to hold, or must not.
pub(super) enum Clause {
    /// Words.
    Words(Needle),
    /// Any of these facets; posting lists by segment.
    Facets(Vec<Vec<TermInfo>>),
}

impl Clause {
    /// In how many documents of a segment it holds, at most.
    pub(super) fn count(&self, segment: usize) -> u64 {
        match self {
            Self::Words(needle) => {
                let rarest = |pieces: &Vec<Piece>| pieces.iter().map(|piece| piece.count(segment)).min().unwrap_or(0);
                needle.variants.iter().map(rarest).sum()
            }
            Self::Facets(lists) => {
                lists.get(segment).map_or(0, |infos| infos.iter().map(|info| u64::from(info.doc_freq)).sum())
            }
        }
    }
}

/// A query, ready to be answered.
pub(super) struct Plan {
    pub(super) required: Vec<Clause>,
    pub(super) excluded: Vec<Clause>,
    scored: bool,
    /// Whether anything was asked for beyond a time.
    asked: bool,
    sought: Vec<Sequence>,
}

impl Plan {
    /// Looks up everything that a query names.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub(super) fn make(snapshot: &Snapshot, query: &Query) -> Result<Self, IndexFault> {
        let mut plan = Self { required: vec![], excluded: vec![], scored: false, asked: false, sought: vec![] };
        let mut tokenisers: Vec<Tokeniser> = snapshot.tongues.iter().map(|tongue| Tokeniser::new(*tongue)).collect();
        if tokenisers.is_empty() {
            tokenisers.push(Tokeniser::new(crate::index::tokens::Tongue::ENGLISH));
        }
        for words in &query.words {
            let mut sequences: Vec<Sequence> = tokenisers.iter_mut().map(|it| it.sought(&words.text)).collect();
            sequences.retain(|sequence| !sequence.is_empty());
            sequences.sort();
            sequences.dedup();
            if sequences.is_empty() {
                continue;
            }
            let variants = sequences.iter().map(|sequence| pieces(snapshot, sequence)).collect::<Result<_, _>>()?;
            let clause = Clause::Words(Needle { variants });
            if words.not {
                plan.excluded.push(clause);
            } else {
                plan.required.push(clause);
                plan.scored = true;
                plan.sought.extend(sequences);
            }
        }
        let mut facets: BTreeMap<(Key, bool), Vec<String>> = BTreeMap::new();
        for filter in &query.filters {
            facets.entry((filter.key, filter.not)).or_default().push(facet(filter.key, &filter.value));
        }
        for ((_, not), values) in facets {
            let mut lists = Vec::new();
            for segment in &snapshot.segments {
                let found = values.iter().map(|value| {
                    let term = Term::from_field_text(snapshot.fields.facet, value);
                    segment.facet.get_term_info(&term)
                });
                lists.push(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect());
            }
            let to = if not { &mut plan.excluded } else { &mut plan.required };
            to.push(Clause::Facets(lists));
        }
        plan.asked = !plan.required.is_empty() || query.since.is_some() || query.until.is_some();
        Ok(plan)
    }

    /// Whether words decide the order, and not time alone.
    pub(super) const fn is_scored(&self) -> bool {
        self.scored
    }

    /// Whether nothing is left that could be looked for.
    pub(super) const fn is_empty(&self) -> bool {
        !self.asked
    }

    pub(super) fn into_sought(self) -> Vec<Sequence> {
        self.sought
    }
}

fn pieces(snapshot: &Snapshot, sequence: &Sequence) -> Result<Vec<Piece>, IndexFault> {
    let piece = |sought: &Sought| {
        let mut weights = WEIGHTS;
        let mut lists: Vec<Lists> = snapshot.segments.iter().map(|_| Lists::default()).collect();
        let fields = [snapshot.fields.text, snapshot.fields.title, snapshot.fields.names];
        for (n, (weight, field)) in weights.iter_mut().zip(fields).enumerate() {
            let term = Term::from_field_text(field, &sought.term);
            let mut found = 0_u64;
            for (segment, lists) in snapshot.segments.iter().zip(&mut lists) {
                let (Some(reader), Some(list)) = (segment.scored.get(n), lists.get_mut(n)) else { continue };
                *list = infos(reader, &term, sought.begins)?;
                for info in list.iter() {
                    found = found.saturating_add(live(segment, reader, info)?);
                }
            }
            *weight *= rank::idf(snapshot.live, found);
        }
        let text = lists.iter().filter_map(|lists| lists.first()).flatten();
        let occurs: u64 = text.map(|info| u64::from(info.doc_freq)).sum();
        let [length, ..] = &snapshot.lengths;
        let scores = (occurs > SCORES_FROM).then(|| Scores::new(length, weights[0]));
        Ok(Piece { offset: sought.offset, weights, scores, lists })
    };
    sequence.iter().map(piece).collect()
}

fn infos(reader: &InvertedIndexReader, term: &Term, begins: bool) -> Result<Vec<TermInfo>, IndexFault> {
    if !begins {
        return Ok(reader.get_term_info(term)?.into_iter().collect());
    }
    let begin = term.serialized_value_bytes();
    let end = [begin, &[0xff]].concat();
    let mut stream = reader.terms().range().ge(begin).lt(&end).into_stream()?;
    let mut infos = Vec::new();
    while let Some((_, info)) = stream.next() {
        infos.push(info.clone());
    }
    Ok(infos)
}

/// In how many publications that stand a term occurs. Where some were removed and are not cleaned up yet, they are
/// counted one by one.
fn live(segment: &Segment, reader: &InvertedIndexReader, info: &TermInfo) -> Result<u64, IndexFault> {
    if segment.reader.alive_bitset().is_none() {
        return Ok(info.doc_freq.into());
    }
    let mut postings = reader.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    let (mut doc, mut count) = (postings.doc(), 0_u64);
    while doc != TERMINATED {
        count = count.saturating_add(segment.is_live(doc).into());
        doc = postings.advance();
    }
    Ok(count)
}
