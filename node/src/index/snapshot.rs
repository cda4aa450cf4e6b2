//! The index as it stood at one commit: what is read for every search, and counted once for all of them.

mod hiding;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lyceum_protocol::hash::{EntryId, LogId, OrgId};
use lyceum_protocol::publication::Rel;
use tantivy::columnar::Column;
use tantivy::directory::{CompositeFile, FileSlice};
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentComponent;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet as _, InvertedIndexReader, Searcher, SegmentReader, TERMINATED, Term};

use super::IndexFault;
use super::rank::Lengths;
use super::schema::{Fields, STEM, id_numbers, id_of_numbers, key_of};
use super::tokens::Tongue;
use crate::views::{Hidden, Linked};
use hiding::hide;

/// The three fields that words are looked for in.
pub const SCORED: usize = 3;

/// Relations of one entry to another.
const TO_ENTRIES: [Rel; 10] = [
    Rel::Supersedes,
    Rel::Retracts,
    Rel::Replicates,
    Rel::Disputes,
    Rel::Endorses,
    Rel::Mitigates,
    Rel::Cites,
    Rel::Replies,
    Rel::Translates,
    Rel::Responds,
];

/// What is counted of a segment; it holds until something is deleted there.
#[derive(Debug, Default)]
pub struct Counts {
    live: u64,
    words: [u64; SCORED],
    newest: Option<u64>,
    tongues: BTreeSet<Tongue>,
    /// Links that take something out of lists: the target and who says so.
    hiding: Vec<(EntryId, Linked)>,
    /// Beginnings of the ids of all entries that something here links to, in order: most entries are not among them.
    targets: Vec<u64>,
}

/// What every search reads of a segment, by document; it holds as long as the segment is there.
#[derive(Debug, Default)]
struct Plain {
    /// Claims of time.
    times: Vec<u64>,
    /// Numbers of organisations.
    orgs: Vec<u32>,
}

/// Positions of all terms of the text; none in a segment without text.
fn positions(reader: &SegmentReader, text: Field) -> Result<Option<FileSlice>, IndexFault> {
    let file = reader.open_read(SegmentComponent::Positions).map_err(|fault| IndexFault::Broken(fault.to_string()))?;
    Ok(CompositeFile::open(&file)?.open_read(text))
}

/// One segment, opened for reading.
pub struct Segment {
    /// The segment.
    pub reader: SegmentReader,
    /// Text, title, names.
    pub scored: [Arc<InvertedIndexReader>; SCORED],
    /// Lengths of these.
    pub lengths: [FieldNormReader; SCORED],
    /// Positions of the terms of the text.
    pub positions: Option<FileSlice>,
    /// Facets.
    pub facet: Arc<InvertedIndexReader>,
    links: Arc<InvertedIndexReader>,
    key: Arc<InvertedIndexReader>,
    ids: Arc<InvertedIndexReader>,
    plain: Arc<Plain>,
    seq: Column<u64>,
    id: [Column<u64>; 4],
    /// Organisations by their numbers in this segment.
    pub orgs: Vec<OrgId>,
    log: Column<u64>,
    logs: Vec<LogId>,
    counts: Arc<Counts>,
    /// What lists leave out, by document.
    pub hidden: Vec<(DocId, Hidden)>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Segment({:?}, {} live)", self.reader.segment_id(), self.counts.live)
    }
}

fn beginning(id: &EntryId) -> u64 {
    id_numbers(id)[0]
}

fn first(column: &Column<u64>, doc: DocId) -> u64 {
    column.first(doc).unwrap_or(0)
}

/// The column and all the values of a field of 32 bytes.
fn column_of(reader: &SegmentReader, name: &str) -> Result<(Column<u64>, Vec<[u8; 32]>), IndexFault> {
    let missing = || IndexFault::Broken(format!("the column {name} is missing"));
    let column = reader.fast_fields().bytes(name)?.ok_or_else(missing)?;
    let (mut values, mut bytes) = (Vec::new(), Vec::new());
    for ord in 0..u64::try_from(column.num_terms()).unwrap_or(0) {
        bytes.clear();
        column.ord_to_bytes(ord, &mut bytes)?;
        values.push(bytes.as_slice().try_into().map_err(|_| missing())?);
    }
    Ok((column.ords().clone(), values))
}

impl Plain {
    fn read(reader: &SegmentReader, times: &Column<u64>, orgs: &Column<u64>) -> Self {
        let docs = 0..reader.max_doc();
        Self {
            times: docs.clone().map(|doc| first(times, doc)).collect(),
            orgs: docs.map(|doc| u32::try_from(first(orgs, doc)).unwrap_or(u32::MAX)).collect(),
        }
    }
}

impl Segment {
    /// Opens one; `before` is the same segment as it was at an earlier commit.
    fn open(reader: &SegmentReader, fields: &Fields, before: Option<&Self>) -> Result<Self, IndexFault> {
        let inverted = |field| reader.inverted_index(field);
        let numbers = |name: &str| reader.fast_fields().u64(name);
        let (org, orgs) = column_of(reader, "org")?;
        let (log, logs) = column_of(reader, "log")?;
        let plain = match before {
            Some(before) => before.plain.clone(),
            None => Arc::new(Plain::read(reader, &numbers("time")?, &org)),
        };
        let mut segment = Self {
            reader: reader.clone(),
            scored: [inverted(fields.text)?, inverted(fields.title)?, inverted(fields.names)?],
            lengths: [
                reader.get_fieldnorms_reader(fields.text)?,
                reader.get_fieldnorms_reader(fields.title)?,
                reader.get_fieldnorms_reader(fields.names)?,
            ],
            positions: match before {
                Some(before) => before.positions.clone(),
                None => positions(reader, fields.text)?,
            },
            facet: inverted(fields.facet)?,
            links: inverted(fields.links)?,
            key: inverted(fields.key)?,
            ids: inverted(fields.id[0])?,
            plain,
            seq: numbers("seq")?,
            id: [numbers("id0")?, numbers("id1")?, numbers("id2")?, numbers("id3")?],
            orgs: orgs.into_iter().map(OrgId).collect(),
            log,
            logs: logs.into_iter().map(LogId).collect(),
            counts: Arc::default(),
            hidden: Vec::new(),
        };
        let same = |before: &&Self| before.reader.num_deleted_docs() == reader.num_deleted_docs();
        segment.counts = match before.filter(same) {
            Some(before) => before.counts.clone(),
            None => Arc::new(segment.count(fields)?),
        };
        Ok(segment)
    }

    /// Documents that were not removed.
    pub fn docs(&self) -> impl Iterator<Item = DocId> + '_ {
        (0..self.reader.max_doc()).filter(|doc| self.is_live(*doc))
    }

    /// Whether a document was not removed.
    pub fn is_live(&self, doc: DocId) -> bool {
        self.reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc))
    }

    /// The author's claim.
    pub fn time(&self, doc: DocId) -> u64 {
        usize::try_from(doc).ok().and_then(|doc| self.plain.times.get(doc)).copied().unwrap_or(0)
    }

    /// The number of the organisation in `orgs`.
    pub fn org_number(&self, doc: DocId) -> usize {
        let number = usize::try_from(doc).ok().and_then(|doc| self.plain.orgs.get(doc));
        number.and_then(|number| usize::try_from(*number).ok()).unwrap_or(usize::MAX)
    }

    /// The organisation.
    pub fn org(&self, doc: DocId) -> OrgId {
        self.orgs.get(self.org_number(doc)).copied().unwrap_or(OrgId::ZERO)
    }

    /// The id.
    pub fn id(&self, doc: DocId) -> EntryId {
        id_of_numbers(self.id.each_ref().map(|column| first(column, doc)))
    }

    /// Log and number.
    pub fn place(&self, doc: DocId) -> (LogId, u64) {
        let log = usize::try_from(first(&self.log, doc)).ok().and_then(|number| self.logs.get(number));
        (log.copied().unwrap_or(LogId([0; 32])), first(&self.seq, doc))
    }

    fn count(&self, fields: &Fields) -> Result<Counts, IndexFault> {
        let (mut live, mut words, mut newest) = (0_u64, [0_u64; SCORED], None);
        for doc in self.docs() {
            live = live.saturating_add(1);
            newest = newest.max(Some(self.time(doc)));
            for (sum, lengths) in words.iter_mut().zip(&self.lengths) {
                *sum = sum.saturating_add(lengths.fieldnorm(doc).into());
            }
        }
        let mut tongues = BTreeSet::new();
        let end = Term::from_field_text(fields.facet, &format!("{STEM}\u{10ffff}"));
        let begin = Term::from_field_text(fields.facet, STEM);
        let dictionary = self.facet.terms();
        let range = dictionary.range().ge(begin.serialized_value_bytes()).lt(end.serialized_value_bytes());
        let mut stream = range.into_stream()?;
        while let Some((term, info)) = stream.next() {
            let name = std::str::from_utf8(term).ok().and_then(|term| term.strip_prefix(STEM));
            let Some(tongue) = name.and_then(Tongue::named) else { continue };
            // A language of which only removed documents are left is none: the query would be read differently.
            let mut postings = self.facet.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            if self.has_live(&mut postings) {
                tongues.insert(tongue);
            }
        }
        let mut hiding = Vec::new();
        for rel in [Rel::Supersedes, Rel::Retracts] {
            hiding.extend(self.links_by(&rel)?);
        }
        Ok(Counts { live, words, newest, tongues, hiding, targets: self.targets()? })
    }

    fn targets(&self) -> Result<Vec<u64>, IndexFault> {
        let mut targets = Vec::new();
        let mut stream = self.links.terms().stream()?;
        while let Some((term, _)) = stream.next() {
            let target = std::str::from_utf8(term).ok().and_then(|term| term.rsplit_once(':')?.1.parse().ok());
            targets.extend(target.map(|id: EntryId| beginning(&id)));
        }
        targets.sort_unstable();
        targets.dedup();
        targets.shrink_to_fit();
        Ok(targets)
    }

    /// All links of one relation to entries.
    fn links_by(&self, rel: &Rel) -> Result<Vec<(EntryId, Linked)>, IndexFault> {
        let prefix = format!("{}:", rel.name());
        let end = format!("{};", rel.name());
        let mut links = Vec::new();
        let mut stream = self.links.terms().range().ge(prefix.as_bytes()).lt(end.as_bytes()).into_stream()?;
        while let Some((term, info)) = stream.next() {
            let target = std::str::from_utf8(term).ok().and_then(|term| term.strip_prefix(&prefix)?.parse().ok());
            let Some(target) = target else { continue };
            let mut postings = self.links.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            self.each_live(&mut postings, |doc| links.push((target, self.linked(rel.clone(), doc))));
        }
        Ok(links)
    }

    pub(super) fn each_live(&self, postings: &mut tantivy::postings::SegmentPostings, mut take: impl FnMut(DocId)) {
        let mut doc = postings.doc();
        while doc != TERMINATED {
            if self.is_live(doc) {
                take(doc);
            }
            doc = postings.advance();
        }
    }

    fn has_live(&self, postings: &mut tantivy::postings::SegmentPostings) -> bool {
        let mut doc = postings.doc();
        while doc != TERMINATED && !self.is_live(doc) {
            doc = postings.advance();
        }
        doc != TERMINATED
    }

    fn linked(&self, rel: Rel, doc: DocId) -> Linked {
        Linked { rel, id: self.id(doc), org: self.org(doc), time: self.time(doc) }
    }
}

/// The index at one commit.
pub struct Snapshot {
    /// Its segments.
    pub segments: Vec<Segment>,
    /// The fields.
    pub fields: Fields,
    /// Publications in it.
    pub live: u64,
    /// What length takes away, in each of the scored fields.
    pub lengths: [Lengths; SCORED],
    /// By whose rules something in it was stemmed.
    pub tongues: BTreeSet<Tongue>,
    /// The newest claim of time in it.
    pub newest: u64,
    /// What lists leave out.
    pub hidden: BTreeMap<EntryId, Hidden>,
    /// Kept so that the files of its segments are.
    searcher: Searcher,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot of {} publications in {} segments", self.live, self.segments.len())
    }
}

impl Snapshot {
    /// Opens what a searcher sees. What was counted for an earlier snapshot is taken over where nothing changed.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub fn open(searcher: Searcher, fields: Fields, before: Option<&Self>) -> Result<Self, IndexFault> {
        let known = |reader: &SegmentReader| {
            let same = |segment: &&Segment| segment.reader.segment_id() == reader.segment_id();
            before.and_then(|before| before.segments.iter().find(same))
        };
        let segments = searcher.segment_readers().iter().map(|reader| Segment::open(reader, &fields, known(reader)));
        let mut segments: Vec<Segment> = segments.collect::<Result<_, _>>()?;
        let counts: Vec<Arc<Counts>> = segments.iter().map(|segment| segment.counts.clone()).collect();
        let live = counts.iter().map(|counts| counts.live).sum();
        let words = |n: usize| counts.iter().filter_map(|counts| counts.words.get(n)).sum();
        let lengths = [0, 1, 2].map(|n| Lengths::new(live, words(n), FieldNormReader::id_to_fieldnorm));
        let hidden = hide(&mut segments, &counts);
        Ok(Self {
            segments,
            fields,
            live,
            lengths,
            tongues: counts.iter().flat_map(|counts| counts.tongues.iter().copied()).collect(),
            newest: counts.iter().filter_map(|counts| counts.newest).max().unwrap_or(0),
            hidden,
            searcher,
        })
    }

    /// Bytes of all its files.
    pub fn disk_bytes(&self) -> u64 {
        self.searcher.space_usage().map_or(0, |usage| usage.total().get_bytes())
    }

    /// Everything in it that links to an entry.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub fn links_to(&self, id: &EntryId) -> Result<Vec<Linked>, IndexFault> {
        let mut links = Vec::new();
        let named = |segment: &&Segment| segment.counts.targets.binary_search(&beginning(id)).is_ok();
        let segments: Vec<&Segment> = self.segments.iter().filter(named).collect();
        for rel in TO_ENTRIES.into_iter().filter(|_| !segments.is_empty()) {
            let term = Term::from_field_text(self.fields.links, &format!("{}:{id}", rel.name()));
            for segment in &segments {
                if let Some(mut postings) = segment.links.read_postings(&term, IndexRecordOption::Basic)? {
                    segment.each_live(&mut postings, |doc| links.push(segment.linked(rel.clone(), doc)));
                }
            }
        }
        links.sort();
        Ok(links)
    }

    /// Where a publication stands, if it is here.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub(super) fn spot(&self, id: &EntryId) -> Result<Option<(usize, DocId)>, IndexFault> {
        let term = Term::from_field_u64(self.fields.id[0], beginning(id));
        for (number, segment) in self.segments.iter().enumerate() {
            let Some(mut postings) = segment.ids.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            let mut found = None;
            segment.each_live(&mut postings, |doc| found = found.or_else(|| (segment.id(doc) == *id).then_some(doc)));
            if let Some(doc) = found {
                return Ok(Some((number, doc)));
            }
        }
        Ok(None)
    }

    /// The organisation, the claim of time and the id of what stands at a place.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub fn at(&self, log: LogId, seq: u64) -> Result<Option<(EntryId, OrgId, u64)>, IndexFault> {
        let term = Term::from_field_bytes(self.fields.key, &key_of(log, seq));
        for segment in &self.segments {
            let Some(mut postings) = segment.key.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            let mut found = None;
            segment.each_live(&mut postings, |doc| found = Some(doc));
            if let Some(doc) = found {
                return Ok(Some((segment.id(doc), segment.org(doc), segment.time(doc))));
            }
        }
        Ok(None)
    }
}
