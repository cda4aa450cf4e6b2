//! What may belong on the page of a model, gathered with its cards and links.

use std::collections::BTreeSet;

use lyceum_protocol::hash::EntryId;
use lyceum_protocol::publication::Rel;
use rayon::prelude::*;
use tantivy::TantivyDocument;
use tantivy::schema::Value as _;

use super::IndexFault;
use super::faceted::Spot;
use super::query::Key;
use super::schema::{facet, name_facet};
use super::snapshot::Snapshot;
use crate::views::about::card::Card;
use crate::views::about::known::{Item, Known};
use crate::views::about::names_to_gather;

/// Most notices that are looked at for the names of one model: the newest.
const NOTICES_MAX: usize = 1_000;
/// Most names of one model, and most publications under one of them: the newest.
const NAMES_MAX: usize = 1_000;
const PUBLICATIONS_MAX: usize = 20_000;
/// Most publications beside them that say something of them.
const LINKED_MAX: usize = 20_000;

/// Relations by which others say something of an entry that shows on the page.
const SAID: [Rel; 8] = [
    Rel::Supersedes,
    Rel::Retracts,
    Rel::Replicates,
    Rel::Disputes,
    Rel::Endorses,
    Rel::Mitigates,
    Rel::Replies,
    Rel::Responds,
];

impl Snapshot {
    /// Gathers what may belong on the page of a model.
    ///
    /// # Errors
    /// [`IndexFault`] if the index cannot be read.
    pub fn about(&self, model: &str) -> Result<Known, IndexFault> {
        let mut known = Known::default();
        let (notices, _) = self.spots(&name_facet(model), NOTICES_MAX)?;
        let notices = self.load(&mut known, notices)?;
        self.follow(&mut known, notices)?;
        // The name that was asked for comes first.
        let named = names_to_gather(model, &known);
        known.more_names = u64::try_from(named.len().saturating_sub(NAMES_MAX)).unwrap_or(u64::MAX);
        let facets = named.iter().take(NAMES_MAX).map(|named| facet(Key::Model, &named.name));
        let mut spots = BTreeSet::new();
        for facet in facets.collect::<BTreeSet<String>>() {
            let (found, total) = self.spots(&facet, PUBLICATIONS_MAX)?;
            let over = usize::try_from(total).unwrap_or(usize::MAX).saturating_sub(found.len());
            known.more = known.more.saturating_add(u64::try_from(over).unwrap_or(u64::MAX));
            spots.extend(found);
        }
        let named = self.load(&mut known, spots.into_iter().collect())?;
        self.follow(&mut known, named)?;
        Ok(known)
    }

    /// Reads cards of documents, and returns the ids of those that are new.
    fn load(&self, known: &mut Known, mut spots: Vec<Spot>) -> Result<Vec<EntryId>, IndexFault> {
        spots.sort_unstable();
        let chunks: Vec<&[Spot]> =
            spots.chunk_by(|(one, _), (other, _)| one == other).flat_map(|of| of.chunks(256)).collect();
        let items: Result<Vec<Vec<Item>>, IndexFault> = chunks.par_iter().map(|chunk| self.cards(chunk)).collect();
        let mut new = Vec::new();
        for item in items?.into_iter().flatten() {
            let id = item.at.id;
            if known.items.insert(id, item).is_none() {
                new.push(id);
            }
        }
        Ok(new)
    }

    /// The cards of documents of one segment.
    fn cards(&self, spots: &[Spot]) -> Result<Vec<Item>, IndexFault> {
        let segment = spots.first().and_then(|(number, _)| self.segments.get(*number));
        let Some(segment) = segment else { return Ok(Vec::new()) };
        let store = segment.reader.get_store_reader(1)?;
        let mut items = Vec::with_capacity(spots.len());
        for spot in spots {
            let document: TantivyDocument = store.get(spot.1)?;
            let card = document.get_first(self.fields.card).and_then(|value| Card::read(value.as_bytes()?));
            let card = card.ok_or_else(|| IndexFault::Broken("a publication has no card".to_owned()))?;
            items.extend(self.faceted(*spot).map(|at| Item { at, card }));
        }
        Ok(items)
    }

    /// Adds what is said of these, their earlier versions, and what takes any of that back.
    fn follow(&self, known: &mut Known, new: Vec<EntryId>) -> Result<(), IndexFault> {
        let mut ahead: Vec<(EntryId, bool)> = new.into_iter().map(|id| (id, true)).collect();
        let most = known.items.len().saturating_add(LINKED_MAX);
        while !ahead.is_empty() {
            let mut wanted: BTreeSet<(EntryId, bool)> = BTreeSet::new();
            for (id, whole) in std::mem::take(&mut ahead) {
                let mut links = self.links_to(&id)?;
                links.retain(|link| match link.rel {
                    Rel::Supersedes | Rel::Retracts => true,
                    // A call may refer to what it is about.
                    ref rel => whole && (SAID.contains(rel) || *rel == Rel::Cites),
                });
                let version = |rel: &Rel| *rel == Rel::Supersedes;
                wanted.extend(links.iter().map(|link| (link.id, whole && version(&link.rel))));
                if !links.is_empty() {
                    known.links.insert(id, links);
                }
                let earlier = known.items.get(&id).filter(|_| whole).into_iter().flat_map(|item| item.card.earlier());
                wanted.extend(earlier.map(|id| (id, true)));
            }
            let mut spots = Vec::new();
            for (id, whole) in wanted {
                // What was met before was followed, or is about to be.
                if known.items.contains_key(&id) || known.items.len().saturating_add(spots.len()) >= most {
                    continue;
                }
                if let Some(spot) = self.spot(&id)? {
                    spots.push(spot);
                    ahead.push((id, whole));
                }
            }
            self.load(known, spots)?;
        }
        Ok(())
    }
}
