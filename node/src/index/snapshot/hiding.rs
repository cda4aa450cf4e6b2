//! What lists leave out: folded from the links that supersede or retract, over all segments.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lyceum_protocol::hash::{EntryId, OrgId};
use tantivy::DocId;

use super::{Counts, Segment};
use crate::views::{Graph, Hidden, Linked, OutcomeFacts, hidden};

/// What hides what, without the rest of what is known.
struct Hiding<'a> {
    links: &'a HashMap<EntryId, Vec<Linked>>,
    orgs: HashMap<EntryId, OrgId>,
}

impl Graph for Hiding<'_> {
    fn org(&self, id: &EntryId) -> Option<OrgId> {
        self.orgs.get(id).copied()
    }

    fn links_to(&self, id: &EntryId) -> Vec<Linked> {
        self.links.get(id).cloned().unwrap_or_default()
    }

    fn facts(&self, _: &EntryId) -> Option<OutcomeFacts> {
        None
    }
}

/// Works out what lists leave out, in each segment and over all.
pub(super) fn hide(segments: &mut [Segment], counts: &[Arc<Counts>]) -> BTreeMap<EntryId, Hidden> {
    let mut links: HashMap<EntryId, Vec<Linked>> = HashMap::new();
    for (target, link) in counts.iter().flat_map(|counts| &counts.hiding) {
        links.entry(*target).or_default().push(link.clone());
    }
    if links.is_empty() {
        return BTreeMap::new();
    }
    let mut orgs = HashMap::new();
    let mut targets: Vec<Vec<(DocId, EntryId)>> = Vec::new();
    for segment in segments.iter() {
        let found = segment.docs().map(|doc| (doc, segment.id(doc))).filter(|(_, id)| links.contains_key(id));
        let found: Vec<(DocId, EntryId)> = found.collect();
        orgs.extend(found.iter().map(|(doc, id)| (*id, segment.org(*doc))));
        targets.push(found);
    }
    let hiding = Hiding { links: &links, orgs };
    let mut all = BTreeMap::new();
    for (segment, targets) in segments.iter_mut().zip(targets) {
        segment.hidden = targets.iter().filter_map(|(doc, id)| Some((*doc, hidden(&hiding, id)?))).collect();
        all.extend(targets.into_iter().filter_map(|(_, id)| Some((id, hidden(&hiding, &id)?))));
    }
    all
}
