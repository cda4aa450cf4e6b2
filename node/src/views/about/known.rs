//! What the index holds that may belong on the page of a model: publications with their cards, and links between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lyceum_protocol::hash::{EntryId, OrgId};

use super::card::Card;
use crate::index::faceted::Faceted;
use crate::views::{Graph, Linked, OutcomeFacts, hidden};

/// A publication.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it stands.
    pub at: Faceted,
    /// What it says.
    pub card: Card,
}

/// Everything that was gathered for one model, and more: what belongs on its page is decided when it is folded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// Publications by their ids.
    pub items: BTreeMap<EntryId, Item>,
    /// What links to them.
    pub links: HashMap<EntryId, Vec<Linked>>,
    /// How many more would belong here and were too many.
    pub more: u64,
    /// How many more names mean the model and were too many to look for.
    pub more_names: u64,
}

impl Known {
    /// Notices that join names.
    pub(super) fn notices(&self) -> impl Iterator<Item = &Item> {
        self.items.values().filter(|item| !item.card.joined.is_empty())
    }

    /// Whether nothing is said of an entry by others, and it has no other versions.
    pub(super) fn is_lone(&self, id: &EntryId) -> bool {
        self.links.get(id).is_none_or(Vec::is_empty)
            && self.items.get(id).is_none_or(|item| item.card.supersedes.is_empty())
    }

    /// Takes out what does not stand any more; what it hid is then shown again.
    pub fn remove(&mut self, gone: &BTreeSet<EntryId>) {
        if gone.is_empty() {
            return;
        }
        for id in gone {
            self.items.remove(id);
            self.links.remove(id);
        }
        for links in self.links.values_mut() {
            links.retain(|link| !gone.contains(&link.id));
        }
        let again: Vec<_> = self.items.keys().map(|id| (*id, hidden(self, id))).collect();
        for (id, hidden) in again {
            if let Some(item) = self.items.get_mut(&id) {
                item.at.hidden = hidden;
            }
        }
    }
}

impl Graph for Known {
    fn org(&self, id: &EntryId) -> Option<OrgId> {
        self.items.get(id).map(|item| item.at.org)
    }

    fn links_to(&self, id: &EntryId) -> Vec<Linked> {
        self.links.get(id).cloned().unwrap_or_default()
    }

    fn facts(&self, id: &EntryId) -> Option<OutcomeFacts> {
        let Item { at, card } = self.items.get(id)?;
        let hash = card.scores.as_ref().and_then(|scores| data_encoding::HEXLOWER.decode(scores.hash.as_bytes()).ok());
        Some(OutcomeFacts {
            org: at.org,
            time: at.time,
            supersedes: card.earlier().collect(),
            evaluation: hash.and_then(|hash| hash.try_into().ok()),
            reason: card.reason.clone(),
        })
    }
}
