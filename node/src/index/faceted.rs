//! Publications that have a facet: what commands ask that look for one thing exactly, and not for words.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lyceum_protocol::hash::{EntryId, LogId, OrgId};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Term};

use super::IndexFault;
use super::schema::blake3_facet;
use super::snapshot::Snapshot;
use crate::views::Hidden;

/// Publications that are told of one file.
pub const NAMING: usize = 16;

/// How facets of files begin.
const BLAKE3: &str = "blake3:";

/// A publication that has a facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faceted {
    /// The entry.
    pub id: EntryId,
    /// Its log.
    pub log: LogId,
    /// Its number.
    pub seq: u64,
    /// The organisation of its author.
    pub org: OrgId,
    /// The author's claim, Unix milliseconds.
    pub time: u64,
    /// Whether it is superseded or retracted.
    pub hidden: Option<Hidden>,
}

/// A file by its BLAKE3 hash, and publications that name it.
pub type NamedFile = ([u8; 32], Vec<Faceted>);

/// Publications that have a facet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithFacet {
    /// The newest claims first, then the smaller ids; as many as were asked for.
    pub found: Vec<Faceted>,
    /// How many there are.
    pub total: u64,
}

/// A document of a segment, by its place in the list of segments.
pub(super) type Spot = (usize, DocId);

impl Snapshot {
    /// The first `limit` publications that have a facet, whatever became of them.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub fn with_facet(&self, facet: &str, limit: usize) -> Result<WithFacet, IndexFault> {
        let (spots, total) = self.spots(facet, limit)?;
        let found = spots.into_iter().filter_map(|spot| self.faceted(spot)).collect();
        Ok(WithFacet { found, total })
    }

    /// What stands at a spot.
    pub(super) fn faceted(&self, (number, doc): Spot) -> Option<Faceted> {
        let segment = self.segments.get(number)?;
        let ((log, seq), id) = (segment.place(doc), segment.id(doc));
        let hidden = segment.hidden.binary_search_by_key(&doc, |(other, _)| *other).ok();
        let hidden = hidden.and_then(|at| segment.hidden.get(at)).map(|(_, how)| *how);
        Some(Faceted { id, log, seq, org: segment.org(doc), time: segment.time(doc), hidden })
    }

    /// The first `limit` documents that have a facet, the newest claims first, and how many there are.
    pub(super) fn spots(&self, facet: &str, limit: usize) -> Result<(Vec<Spot>, u64), IndexFault> {
        let term = Term::from_field_text(self.fields.facet, facet);
        let (mut best, mut total) = (BTreeMap::new(), 0_u64);
        for (number, segment) in self.segments.iter().enumerate() {
            let Some(mut postings) = segment.facet.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            segment.each_live(&mut postings, |doc| {
                total = total.saturating_add(1);
                best.insert((Reverse(segment.time(doc)), segment.id(doc)), (number, doc));
                if best.len() > limit {
                    best.pop_last();
                }
            });
        }
        Ok((best.into_values().collect(), total))
    }

    /// Files that publications name, by their BLAKE3 hash, from the first after `after` on, at most `limit`; each with
    /// at most [`NAMING`] of the publications that name it, if `org` is given of that organisation alone.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub fn files(
        &self,
        after: Option<&[u8; 32]>,
        limit: usize,
        org: Option<OrgId>,
    ) -> Result<Vec<NamedFile>, IndexFault> {
        let mut files: BTreeMap<[u8; 32], Vec<Faceted>> = BTreeMap::new();
        let (begin, end) = (after.map_or_else(|| BLAKE3.to_owned(), blake3_facet), format!("{BLAKE3}g"));
        for (number, segment) in self.segments.iter().enumerate() {
            let range = segment.facet.terms().range().gt(begin.as_bytes()).lt(end.as_bytes());
            let mut stream = range.into_stream()?;
            let mut met = 0_usize;
            while let Some((term, info)) = stream.next() {
                let hex = term.strip_prefix(BLAKE3.as_bytes()).unwrap_or_default();
                let hash = data_encoding::HEXLOWER.decode(hex).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                let Some(hash) = hash else { continue };
                let mut docs = Vec::new();
                let mut postings = segment.facet.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                segment.each_live(&mut postings, |doc| {
                    if docs.len() < NAMING && org.is_none_or(|org| segment.org(doc) == org) {
                        docs.push(doc);
                    }
                });
                if docs.is_empty() {
                    continue;
                }
                let named = docs.into_iter().filter_map(|doc| self.faceted((number, doc)));
                let naming = files.entry(hash).or_default();
                naming.extend(named);
                naming.truncate(NAMING);
                met = met.saturating_add(1);
                if met >= limit {
                    break;
                }
            }
        }
        while files.len() > limit {
            files.pop_last();
        }
        Ok(files.into_iter().collect())
    }
}
