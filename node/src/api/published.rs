//! What this organisation has published, so that a file published again is recognised, without reading the log for it.
//!
//! The index is filled on first use and by every publication after it. It holds hashes and ids, no text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use lyceum_protocol::entry::{Kind, Payload, VerifiedEntry};
use lyceum_protocol::hash::{EntryId, LogId};
use lyceum_protocol::publication::{Publication, Rel};
use lyceum_protocol::standing::Standing;
use lyceum_protocol::state::State;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::listing::publication_of;
use super::shapes::{PublishedAnswer, PublishedMatch, PublishedQuery, Source};
use super::{Node, NodeFault, Problem};
use crate::failure::Failure;

/// Publications that are remembered, some 300 bytes each. Of more, those beyond are read each time.
const REMEMBERED: usize = 100_000;
/// Entries that are read at once.
const READ_AT_ONCE: usize = 256;

/// The beginning of a SHA-256: enough to tell an organisation's own texts apart.
type Short = [u8; 16];

fn short(hash: &[u8]) -> Short {
    let mut short = [0; 16];
    short.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    short
}

/// What a publication is recognised by although its text changed: type, language, title.
fn source_of(kind: &str, language: Option<&str>, title: &str) -> Short {
    let mut hash = Sha256::new();
    for part in [kind, language.unwrap_or_default(), title] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    short(&hash.finalize())
}

/// The content hash of the file that a publication was made of: without the link by which it replaced an earlier
/// version, which publishing adds. None if it has no such link.
fn content_before_superseding(publication: &Publication) -> Option<[u8; 32]> {
    publication.links.iter().find(|link| link.rel == Rel::Supersedes)?;
    let mut json: Value = serde_json::from_slice(&publication.to_bytes()).ok()?;
    let fields = json.as_object_mut()?;
    let links = fields.get_mut("links")?.as_array_mut()?;
    // It is added at the end.
    let last =
        links.iter().rposition(|link| link.get("rel").and_then(Value::as_str) == Some(Rel::Supersedes.name()))?;
    links.remove(last);
    if links.is_empty() {
        fields.remove("links");
    }
    Some(Publication::read(&serde_json::to_vec(&json).ok()?).ok()?.content_hash())
}

/// The hash by which a finding that was imported is recognised: over what was found, whenever it was read.
fn imported_content(publication: &Publication) -> Option<[u8; 32]> {
    publication.import.as_ref().map(|import| import.content)
}

/// Own publications by what they are recognised by.
#[derive(Debug, Default)]
struct Rows {
    /// Entries that need not be read again.
    known: BTreeSet<EntryId>,
    by_content: BTreeMap<Short, Vec<EntryId>>,
    by_source: BTreeMap<Short, Vec<EntryId>>,
    /// By which entries one was superseded or retracted.
    replaced_by: BTreeMap<EntryId, Vec<EntryId>>,
}

impl Rows {
    fn take(&mut self, entry: &VerifiedEntry) {
        // A text that may still come is looked for again.
        if matches!(entry.payload(), Payload::NotHeld) || !self.known.insert(entry.id()) {
            return;
        }
        let Ok(publication) = publication_of(entry) else { return };
        let id = entry.id();
        let contents = [
            Some(publication.content_hash()),
            content_before_superseding(&publication),
            imported_content(&publication),
        ];
        for content in contents.into_iter().flatten() {
            self.by_content.entry(short(&content)).or_default().push(id);
        }
        let language = publication.language.as_ref().map(|tag| tag.as_str());
        let source = source_of(publication.kind.name(), language, &publication.title);
        self.by_source.entry(source).or_default().push(id);
        for link in publication.links.iter().filter(|link| matches!(link.rel, Rel::Supersedes | Rel::Retracts)) {
            if let Some(replaced) = link.entry() {
                self.replaced_by.entry(replaced).or_default().push(id);
            }
        }
    }
}

/// The index; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct PublishedIndex(Arc<Mutex<Index>>);

#[derive(Debug, Default)]
struct Index {
    rows: Rows,
    read: u64,
}

impl PublishedIndex {
    fn lock(&self) -> MutexGuard<'_, Index> {
        // Each row is taken whole or, after a panic, read again: it is marked as known first, so at worst one text is
        // not recognised.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes entries that were just published.
    pub fn add(&self, entries: &[VerifiedEntry]) {
        let mut index = self.lock();
        for entry in entries {
            if index.rows.known.len() < REMEMBERED {
                index.rows.take(entry);
            }
        }
    }

    /// How many entries were read from the log for it so far.
    pub fn entries_read(&self) -> u64 {
        self.lock().read
    }
}

/// Looks up sources; one answer for each, in order.
///
/// # Errors
/// [`NodeFault`] if the node does not answer.
pub async fn find<N: Node>(node: &N, sources: Vec<Source>) -> Result<Vec<PublishedMatch>, NodeFault> {
    let (own, index) = (node.key(), node.published().clone());
    let looked = index.clone();
    let missing = node.look(move |state| missing(state, own, &looked.lock().rows)).await?;
    // What does not fit the index, for this one time.
    let mut rest = Rows::default();
    for places in missing.chunks(READ_AT_ONCE) {
        let entries = node.entries(places.to_vec()).await?;
        let mut index = index.lock();
        index.read = index.read.saturating_add(u64::try_from(places.len()).unwrap_or(u64::MAX));
        for entry in entries.iter().flatten() {
            if index.rows.known.len() < REMEMBERED {
                index.rows.take(entry);
            } else {
                rest.take(entry);
            }
        }
    }
    node.look(move |state| {
        let index = index.lock();
        let rows = [&index.rows, &rest];
        sources.iter().map(|source| matching(state, &rows, source)).collect()
    })
    .await
}

/// Places of own publications that are not known.
fn missing(state: &State, own: [u8; 32], rows: &Rows) -> Vec<(LogId, u64)> {
    let org = state.own();
    let of_org = state.records().filter(|record| {
        let opening = record.log().opening();
        opening.key == own || (org.is_some() && state.org_of_log(opening.log) == org)
    });
    let mut missing = Vec::new();
    for record in of_org {
        let entries = (0_u64..).zip(record.facts()).zip(record.log().ids());
        let unknown = entries.filter(|((_, fact), id)| fact.kind == Kind::PUBLICATION && !rows.known.contains(id));
        missing.extend(unknown.map(|((seq, _), _)| (record.log().opening().log, seq)));
    }
    missing
}

/// The newest publication that still stands and has the same content, and the newest of the same source.
fn matching(state: &State, rows: &[&Rows; 2], source: &Source) -> PublishedMatch {
    let content = data_encoding::HEXLOWER_PERMISSIVE.decode(source.content.as_bytes()).unwrap_or_default();
    let (content, by) = (short(&content), source_of(&source.kind, source.language.as_deref(), &source.title));
    let newest = |of: &dyn Fn(&Rows) -> Option<Vec<EntryId>>| {
        let candidates = rows.iter().filter_map(|rows| of(rows)).flatten();
        let standing = candidates.filter_map(|id| claim_of(state, &id).map(|claim| (claim, id)));
        let kept = standing.filter(|(_, id)| !is_replaced(state, rows, id));
        kept.max().map(|(_, id)| id.to_string())
    };
    PublishedMatch {
        unchanged: newest(&|rows| rows.by_content.get(&content).cloned()),
        earlier: newest(&|rows| rows.by_source.get(&by).cloned()),
    }
}

/// What orders own entries, of those that are neither void nor erased: the claim of time, then the number.
fn claim_of(state: &State, id: &EntryId) -> Option<(u64, u64)> {
    let (log, seq) = state.place(id).filter(|_| !state.erased().contains(id))?;
    let record = state.record(log).filter(|record| record.judged().standing(seq) != Standing::Void)?;
    let fact = record.facts().get(usize::try_from(seq).ok()?)?;
    Some((fact.time, seq))
}

fn is_replaced(state: &State, rows: &[&Rows; 2], id: &EntryId) -> bool {
    let by = rows.iter().filter_map(|rows| rows.replaced_by.get(id)).flatten();
    by.into_iter().any(|by| claim_of(state, by).is_some())
}

pub(super) async fn published<N: Node>(
    Shared(node): Shared<N>,
    query: Result<Json<PublishedQuery>, JsonRejection>,
) -> Result<Json<PublishedAnswer>, Problem> {
    let Json(query) = query.map_err(|fault| {
        let failure = Failure::usage("the request cannot be read").cause(fault.body_text());
        Problem::new(fault.status(), &failure.next("send JSON: {\"sources\": [{\"content\": …}]}"))
    })?;
    Ok(Json(PublishedAnswer { matches: find(&node, query.sources).await? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_do_not_run_into_each_other() {
        let all = [source_of("note", None, "a"), source_of("not", None, "ea"), source_of("note", Some("a"), "")];
        assert_eq!(BTreeSet::from(all).len(), 3);
    }

    #[test]
    fn what_was_imported_is_recognised_by_its_own_hash() {
        let read = |json: &str| Publication::read(json.as_bytes()).unwrap();
        let hash = "ab".repeat(32);
        let imported = read(&format!(
            r#"{{"type":"note","title":"t","import":{{"format":"x","file_sha256":"{hash}","content":"{hash}"}}}}"#
        ));
        assert_eq!(imported_content(&imported), Some([0xab; 32]));
        assert_eq!(imported_content(&read(r#"{"type":"note","title":"t"}"#)), None);
    }

    #[test]
    fn the_link_that_publishing_added_is_no_change_of_the_file() {
        let read = |json: &str| Publication::read(json.as_bytes()).unwrap();
        let target = "ab".repeat(32);
        let link = |rel: &str| format!(r#"{{"rel":"{rel}","target":"{target}"}}"#);
        let plain = read(r#"{"type":"note","title":"t","body":"b"}"#);
        let with = |links: &str| read(&format!(r#"{{"type":"note","title":"t","body":"b","links":[{links}]}}"#));
        assert_eq!(content_before_superseding(&plain), None);
        assert_eq!(content_before_superseding(&with(&link("supersedes"))), Some(plain.content_hash()));
        let both = with(&format!("{},{}", link("extends"), link("supersedes")));
        assert_eq!(content_before_superseding(&both), Some(with(&link("extends")).content_hash()));
    }
}
