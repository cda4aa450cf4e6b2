//! The fields of the index, and from a publication to what stands in them.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::entry::header::{Kind, MARKING_CLEAR, MARKING_GREEN};
use lyceum_protocol::hash::{EntryId, LogId, OrgId};
use lyceum_protocol::publication::{Content, Json, Model, Publication, Rel, Release};
use tantivy::TantivyDocument;
use tantivy::schema::{BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{PreTokenizedString, Token as IndexToken};

use super::query::Key;
use super::tokens::{Tokeniser, Tongue, folded};
use crate::views::about::card::Card;

/// Raised whenever other terms or fields would be written: an index of another version is built anew.
pub const VERSION: u32 = 3;
/// Positions between two parts of a text, so that no phrase spans them.
const PART_GAP: u32 = 16;
/// Longest value of a filter, in characters: of a longer one the beginning counts.
const FACET_CHARS_MAX: usize = 500;

/// The fields, by what they are for.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// Everything that is read: title, summary, body, tags, taxonomies, models; with positions.
    pub text: Field,
    /// The title again.
    pub title: Field,
    /// Tags, taxonomies and models again.
    pub names: Field,
    /// What filters look for: `key:value`.
    pub facet: Field,
    /// Relations: `rel:target`.
    pub links: Field,
    /// Log and number: by what one is removed.
    pub key: Field,
    /// The author's organisation.
    pub org: Field,
    /// The log.
    pub log: Field,
    /// The number in it.
    pub seq: Field,
    /// The author's claim, Unix milliseconds.
    pub time: Field,
    /// The id, eight bytes each; the first of them can be looked for.
    pub id: [Field; 4],
    /// What the page of a model needs of it.
    pub card: Field,
}

/// The schema and its fields.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let text = |record: IndexRecordOption, lengths: bool| {
        let indexing = TextFieldIndexing::default().set_tokenizer("raw").set_index_option(record);
        TextOptions::default().set_indexing_options(indexing.set_fieldnorms(lengths))
    };
    let number = || NumericOptions::default().set_fast();
    let fields = Fields {
        text: builder.add_text_field("text", text(IndexRecordOption::WithFreqsAndPositions, true)),
        title: builder.add_text_field("title", text(IndexRecordOption::WithFreqs, true)),
        names: builder.add_text_field("names", text(IndexRecordOption::WithFreqs, true)),
        facet: builder.add_text_field("facet", text(IndexRecordOption::Basic, false)),
        links: builder.add_text_field("links", text(IndexRecordOption::Basic, false)),
        key: builder.add_bytes_field("key", BytesOptions::default().set_indexed()),
        org: builder.add_bytes_field("org", BytesOptions::default().set_fast()),
        log: builder.add_bytes_field("log", BytesOptions::default().set_fast()),
        seq: builder.add_u64_field("seq", number()),
        time: builder.add_u64_field("time", number()),
        id: ["id0", "id1", "id2", "id3"].map(|name| {
            let number = if name == "id0" { number().set_indexed() } else { number() };
            builder.add_u64_field(name, number)
        }),
        card: builder.add_bytes_field("card", BytesOptions::default().set_stored()),
    };
    (builder.build(), fields)
}

/// By what an entry is removed: its log, then its number.
pub fn key_of(log: LogId, seq: u64) -> Vec<u8> {
    [log.0.as_slice(), &seq.to_be_bytes()].concat()
}

/// An id in four numbers that sort as it does.
pub fn id_numbers(id: &EntryId) -> [u64; 4] {
    let (eights, _) = id.0.as_chunks::<8>();
    let mut numbers = [0; 4];
    numbers.iter_mut().zip(eights).for_each(|(number, bytes)| *number = u64::from_be_bytes(*bytes));
    numbers
}

/// And back.
pub fn id_of_numbers(numbers: [u64; 4]) -> EntryId {
    let mut id = [0; 32];
    let (eights, _) = id.as_chunks_mut::<8>();
    eights.iter_mut().zip(numbers).for_each(|(bytes, number)| *bytes = number.to_be_bytes());
    EntryId(id)
}

/// What a filter of this kind and value looks for.
pub fn facet(key: Key, value: &str) -> String {
    facet_of(key.name(), value)
}

fn facet_of(name: &str, value: &str) -> String {
    format!("{name}:{}", folded_name(value))
}

/// A name in the form in which names are compared: without spaces around it, in lower case, without accents.
pub fn folded_name(name: &str) -> String {
    let name: String = name.trim().chars().take(FACET_CHARS_MAX).flat_map(char::to_lowercase).collect();
    folded(&name)
}

/// Under which notices are listed that say that this and other names mean one model.
pub fn name_facet(name: &str) -> String {
    facet_of("name", name)
}

/// Under which publications are listed that name a file of these bytes, attached or released.
pub fn blake3_facet(root: &[u8; 32]) -> String {
    facet_of("blake3", &HEXLOWER.encode(root))
}

/// Whether a publication names a model that a facet looks for: it is about it, or releases it.
pub fn is_about(publication: &Publication, model: &str) -> bool {
    let named = models(publication.json()).any(|named| {
        ["name", "revision", "digest"]
            .iter()
            .filter_map(|name| text(named, name))
            .any(|it| facet(Key::Model, it) == model)
    });
    let measured = measured(publication).iter().any(|it| facet(Key::Model, it) == model);
    named || measured || release(publication).is_some_and(|release| facet(Key::Model, &release.name) == model)
}

/// What the record of an evaluation calls its model: its id, and the revision.
fn measured(publication: &Publication) -> Vec<String> {
    let of = if publication.evaluation().is_some() { publication.measured_models() } else { Vec::new() };
    of.into_iter().flat_map(|model| [Some(model.name), model.revision]).flatten().collect()
}

fn release(publication: &Publication) -> Option<&Release> {
    match &publication.content {
        Content::Release(release) => Some(release),
        _ => None,
    }
}

/// The names of one model that a notice joins: those under `same_as`, and targets of links `same-as` that are no
/// entries. A single name joins nothing.
pub fn joined(publication: &Publication) -> Vec<Model> {
    let Content::Notice(notice) = &publication.content else { return Vec::new() };
    let links = publication.links.iter().filter(|link| link.rel == Rel::SameAs && link.entry().is_none());
    let mut joined = notice.same_as.clone();
    joined.extend(links.map(|link| Model::named(&link.target)));
    if joined.len() < 2 {
        joined.clear();
    }
    joined
}

/// The facet under which languages are listed by whose rules something was stemmed.
pub const STEM: &str = "stem:";

/// A publication that stands.
#[derive(Debug, Clone)]
pub struct Indexed {
    /// Its id.
    pub id: EntryId,
    /// Its log.
    pub log: LogId,
    /// Its number.
    pub seq: u64,
    /// Who wrote it.
    pub org: OrgId,
    /// The author's claim, Unix milliseconds.
    pub time: u64,
    /// Who may read it.
    pub marking: u8,
    /// The publication.
    pub publication: Publication,
}

impl Indexed {
    /// What is indexed of an entry; none if it is no publication that can be read here.
    pub fn of(log: LogId, org: OrgId, entry: &VerifiedEntry) -> Option<Self> {
        let header = entry.header();
        if header.kind != Kind::PUBLICATION || header.is_sealed() {
            return None;
        }
        let publication = Publication::read(entry.payload().content()?).ok()?;
        let (seq, time, marking) = (header.seq, header.time, header.marking);
        Some(Self { id: entry.id(), log, seq, org, time, marking, publication })
    }

    fn facets(&self, tongue: Tongue) -> Vec<String> {
        let publication = &self.publication;
        let marking = match self.marking {
            MARKING_CLEAR => "CLEAR",
            MARKING_GREEN => "GREEN",
            _ => "other",
        };
        let mut facets = vec![
            facet(Key::Org, &self.org.to_string()),
            facet(Key::Type, publication.kind.name()),
            facet(Key::Marking, marking),
            format!("{STEM}{}", tongue.name()),
        ];
        facets.extend(publication.tags.iter().map(|tag| facet(Key::Tag, tag)));
        // With its region, and without.
        let tag = publication.language.as_ref().map_or("", |tag| tag.as_str());
        let ends = tag.match_indices('-').map(|(at, _)| at).chain([tag.len()]);
        facets.extend(ends.filter(|end| *end > 0).filter_map(|end| Some(facet(Key::Language, tag.get(..end)?))));
        let json = publication.json();
        facets.extend(text(json, "nature").map(|nature| facet(Key::Nature, nature)));
        let severities = [Some(json), field(json, "risk"), field(json, "incident")];
        let severities = severities.into_iter().flatten().filter_map(|at| text(at, "severity"));
        facets.extend(severities.map(|severity| facet(Key::Severity, severity)));
        for model in models(json) {
            let named = ["name", "revision", "digest"].into_iter().filter_map(|name| text(model, name));
            facets.extend(named.map(|name| facet(Key::Model, name)));
            facets.extend(text(model, "provider").map(|provider| facet_of("provider", provider)));
        }
        facets.extend(measured(publication).iter().map(|name| facet(Key::Model, name)));
        for model in joined(publication) {
            facets.push(name_facet(&model.name));
            facets.extend(model.digest.as_deref().map(name_facet));
        }
        facets.extend(publication.attachments.iter().map(|attachment| blake3_facet(&attachment.blake3)));
        if let Some(release) = release(publication) {
            facets.push(facet(Key::Model, &release.name));
            facets.extend(release.files.iter().filter_map(|file| file.blake3.as_ref()).map(blake3_facet));
        }
        facets.sort_unstable();
        facets.dedup();
        facets
    }

    /// What names it: tags, terms and models. `measured` is what its record calls the model.
    fn names<'a>(&'a self, measured: &'a [String]) -> Vec<&'a str> {
        let publication = &self.publication;
        let mut names: Vec<&str> = publication.tags.iter().chain(&publication.taxonomies).map(String::as_str).collect();
        for model in models(publication.json()) {
            names.extend(["name", "revision", "digest", "provider"].iter().filter_map(|name| text(model, name)));
        }
        let more: Vec<&str> = measured.iter().map(String::as_str).filter(|name| !names.contains(name)).collect();
        names.extend(more);
        names.extend(release(publication).map(|release| release.name.as_str()));
        if let Content::Notice(notice) = &publication.content {
            names.extend(notice.same_as.iter().map(|model| model.name.as_str()));
        }
        names
    }
}

fn field<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
    match json {
        Json::Object(fields) => fields.get(name),
        _ => None,
    }
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    match field(json, name)? {
        Json::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

fn models(json: &Json) -> impl Iterator<Item = &Json> {
    let models = match field(json, "models") {
        Some(Json::List(models)) => models.as_slice(),
        _ => &[],
    };
    models.iter()
}

/// Makes documents; keeps a tokeniser for each language that it met.
#[derive(Debug, Default)]
pub struct Documents(BTreeMap<Tongue, Tokeniser>);

impl Documents {
    /// What is written into the index for a publication.
    pub fn document(&mut self, fields: &Fields, indexed: &Indexed) -> TantivyDocument {
        let publication = &indexed.publication;
        let tongue = Tongue::of(publication.language.as_ref().map(|tag| tag.as_str()));
        let tokeniser = self.0.entry(tongue).or_insert_with(|| Tokeniser::new(tongue));
        let mut document = TantivyDocument::new();
        let measured = measured(publication);
        let names = indexed.names(&measured);
        let prose = [Some(publication.title.as_str()), publication.summary.as_deref(), publication.body.as_deref()];
        let all: Vec<&str> = prose.into_iter().flatten().chain(names.iter().copied()).collect();
        document.add_pre_tokenized_text(fields.text, tokenised(tokeniser, &all));
        document.add_pre_tokenized_text(fields.title, tokenised(tokeniser, &[&publication.title]));
        document.add_pre_tokenized_text(fields.names, tokenised(tokeniser, &names));
        for facet in indexed.facets(tongue) {
            document.add_text(fields.facet, facet);
        }
        for link in &publication.links {
            document.add_text(fields.links, format!("{}:{}", link.rel.name(), link.target));
        }
        document.add_bytes(fields.key, &key_of(indexed.log, indexed.seq));
        document.add_bytes(fields.org, &indexed.org.0);
        document.add_bytes(fields.log, &indexed.log.0);
        document.add_u64(fields.seq, indexed.seq);
        document.add_u64(fields.time, indexed.time);
        for (field, number) in fields.id.into_iter().zip(id_numbers(&indexed.id)) {
            document.add_u64(field, number);
        }
        document.add_bytes(fields.card, &Card::of(publication, &joined(publication)).to_bytes());
        document
    }
}

fn tokenised(tokeniser: &mut Tokeniser, texts: &[&str]) -> PreTokenizedString {
    let (mut position, mut tokens) = (0, Vec::new());
    for text in texts {
        let (found, end) = tokeniser.tokens(text, position);
        tokens.extend(found.into_iter().map(|token| IndexToken {
            offset_from: token.range.start,
            offset_to: token.range.end,
            position: usize::try_from(token.position).unwrap_or(usize::MAX),
            text: token.term,
            position_length: 1,
        }));
        position = end.saturating_add(PART_GAP);
    }
    PreTokenizedString { text: String::new(), tokens }
}
