//! What the alliance knows about a model: its names, the numbers of everyone, risks and what is done about them,
//! releases, reviews and calls.
//!
//! A pure fold over what the index gathered: the same publications give the same answer, byte for byte, on every node.
//! `card` is what is kept of a publication, `known` what was gathered, `names` joins names, `evaluations` and `lists`
//! make the tables of `shapes`.

pub mod card;
pub mod known;
pub mod shapes;

mod evaluations;
mod lists;
mod names;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lyceum_protocol::hash::{EntryId, OrgId};
use lyceum_protocol::publication::Rel;

use super::outcome::Said;
use super::{Hidden, Outcome, fold};
use crate::time::rfc3339;
use card::Named;
use known::{Item, Known};
use names::Names;
use shapes::{About, Head, LeftOut, NotCounted, Party, Vendor, Who};

/// Most rows of one list.
pub const ROWS_MAX: usize = 1_000;

/// Names that mean the model that was asked for, among what is known: that name, and those that notices join with it.
pub fn names_to_gather(asked: &str, known: &Known) -> Vec<Named> {
    let nobody = |_: &Item| (String::new(), String::new());
    Names::of(asked, known, nobody, false).joined().to_vec()
}

/// Folds what is known of a model. `org_names` is what organisations call themselves; with `all`, what is superseded or
/// retracted is here as well, marked.
pub fn about(asked: &str, known: &Known, org_names: &BTreeMap<OrgId, String>, all: bool) -> About {
    let org_name = |item: &Item| (item.at.org.to_string(), org_names.get(&item.at.org).cloned().unwrap_or_default());
    let mut names = Names::of(asked, known, org_name, all);
    let of_model: BTreeSet<EntryId> =
        known.items.iter().filter(|(_, item)| names.mean(&item.card)).map(|(id, _)| *id).collect();
    let releases = |item: &&Item| item.card.release.is_some() && item.at.hidden.is_none();
    let vendors = of_model.iter().filter_map(|id| known.items.get(id)).filter(releases).map(|item| item.at.org);
    let vendors: BTreeSet<OrgId> = vendors.collect();
    let another = |id: &&EntryId| known.items.get(id).is_some_and(|item| names.measures_another(&item.card));
    let of_another = of_model.iter().filter(another).copied().collect();
    let (copies, outcomes) = (HashMap::new(), HashMap::new());
    let mut page = Page { known, org_names, vendors, of_model, of_another, copies, outcomes };
    page.copies = page.find_copies();
    page.fold(page.of_model.clone());
    let belonging = page.belonging();
    page.fold(belonging.clone());
    let mut hidden = LeftOut::default();
    let mut items: Vec<&Item> = Vec::with_capacity(belonging.len());
    for item in belonging.iter().filter_map(|id| known.items.get(id)) {
        match item.at.hidden {
            Some(how) if !all => match how {
                Hidden::Superseded => hidden.superseded = hidden.superseded.saturating_add(1),
                Hidden::Retracted => hidden.retracted = hidden.retracted.saturating_add(1),
            },
            _ => {
                names.count(&item.card);
                items.push(item);
            }
        }
    }
    let mut more = BTreeMap::new();
    for (list, count) in [("publications", known.more), ("names", known.more_names)] {
        if count > 0 {
            more.insert(list.to_owned(), count);
        }
    }
    let evaluations = evaluations::rows(&page, &items, &mut more);
    let unscored = evaluations::unscored(&page, &items, &mut more);
    let lists = lists::Lists::of(&page, &items, &mut more);
    About {
        model: asked.trim().to_owned(),
        names: names.into_shown(),
        vendor: page.vendors.iter().map(|org| page.vendor(*org)).collect(),
        evaluations,
        unscored,
        risks: lists.risks,
        incidents: lists.incidents,
        mitigations: lists.mitigations,
        capabilities: lists.capabilities,
        releases: lists.releases,
        reviews: lists.reviews,
        calls: lists.calls,
        hidden,
        more,
        behind_entries: 0,
    }
}

/// The first rows of a list; how many more there are is noted under its name.
fn first<T>(mut rows: Vec<T>, name: &str, more: &mut BTreeMap<String, u64>) -> Vec<T> {
    let over = rows.len().saturating_sub(ROWS_MAX);
    if over > 0 {
        more.insert(name.to_owned(), u64::try_from(over).unwrap_or(u64::MAX));
        rows.truncate(ROWS_MAX);
    }
    rows
}

/// What the tables are made with.
struct Page<'a> {
    known: &'a Known,
    org_names: &'a BTreeMap<OrgId, String>,
    vendors: BTreeSet<OrgId>,
    /// Publications that name the model.
    of_model: BTreeSet<EntryId>,
    /// Those of them that hold numbers of another model.
    of_another: BTreeSet<EntryId>,
    /// Copies, each with what it is a copy of.
    copies: HashMap<EntryId, EntryId>,
    outcomes: HashMap<EntryId, Outcome>,
}

impl Page<'_> {
    /// Folds what is said of these.
    fn fold(&mut self, ids: BTreeSet<EntryId>) {
        for id in ids {
            if !self.known.is_lone(&id) {
                self.outcomes.entry(id).or_insert_with(|| fold(self.known, &id));
            }
        }
    }

    /// Whether the numbers of a publication are of this model: a review that belongs here may have measured another, and
    /// a publication about several models measures one of them.
    fn measures(&self, item: &Item) -> bool {
        item.card.models.is_empty() || self.of_model.contains(&item.at.id) && !self.of_another.contains(&item.at.id)
    }

    /// Why a replication with numbers of its own replicates nothing of an evaluation, if so.
    fn unfit(&self, item: &Item, by: &EntryId) -> Option<&'static str> {
        let other = self.known.items.get(by)?;
        let (own, others) = (item.card.scores.as_ref()?, other.card.scores.as_ref()?);
        if !self.measures(other) {
            return Some("other_model");
        }
        let shared = own.results.iter().any(|one| others.results.iter().any(|other| one.task == other.task));
        (!shared).then_some("other_task")
    }

    fn is_of_kind(&self, id: &EntryId, kind: &str) -> bool {
        self.known.items.get(id).is_some_and(|item| item.card.kind == kind)
    }

    /// Whether this is the id of something that names the model.
    fn is_of_model(&self, id: &str) -> bool {
        id.parse().is_ok_and(|id: EntryId| self.of_model.contains(&id))
    }

    /// What belongs on the page: what names the model, reviews of that, what mitigates its risks, and calls about it.
    fn belonging(&self) -> BTreeSet<EntryId> {
        let mut belonging = self.of_model.clone();
        for (id, item) in &self.known.items {
            let card = &item.card;
            let mitigates = card.nature.as_deref() == Some("mitigation")
                && card.mitigates.iter().any(|target| self.is_of_model(target));
            let reviews = card.target.as_ref().is_some_and(|target| self.is_of_model(target));
            if mitigates || reviews {
                belonging.insert(*id);
            }
        }
        for target in &self.of_model {
            // Also what is said of earlier versions that named another model.
            let outcome = self.outcomes.get(target);
            let said = outcome.into_iter().flat_map(|outcome| outcome.others.values().flat_map(BTreeMap::values));
            let said = said.flatten().map(|said| said.by);
            belonging.extend(said.filter(|id| self.is_of_kind(id, "review")));
            let links = self.known.links.get(target).map_or(&[][..], Vec::as_slice);
            let calls = links.iter().filter(|link| matches!(link.rel, Rel::Replies | Rel::Cites));
            belonging.extend(calls.map(|link| link.id).filter(|id| self.is_of_kind(id, "call")));
        }
        belonging
    }

    /// What another organisation published before with the same content. Who was first is told by their claims, then by
    /// the smaller id.
    fn find_copies(&self) -> HashMap<EntryId, EntryId> {
        let mut same: BTreeMap<&str, Vec<(u64, EntryId, OrgId)>> = BTreeMap::new();
        for (id, item) in &self.known.items {
            let place = (item.at.time, *id, item.at.org);
            // The hash of an import leaves out when it was fetched; that of a record does not.
            let hashes = [item.card.content.as_deref(), item.card.scores.as_ref().map(|scores| scores.hash.as_str())];
            for hash in hashes.into_iter().flatten().filter(|hash| !hash.is_empty()) {
                same.entry(hash).or_default().push(place);
            }
        }
        let mut copies = HashMap::new();
        for places in same.values_mut() {
            places.sort_unstable();
            let Some((_, first, org)) = places.first().copied() else { continue };
            for (_, id, _) in places.iter().filter(|(_, _, by)| *by != org) {
                copies.entry(*id).or_insert(first);
            }
        }
        copies
    }

    fn org_name(&self, org: OrgId) -> String {
        self.org_names.get(&org).cloned().unwrap_or_default()
    }

    fn vendor(&self, org: OrgId) -> Vendor {
        Vendor { org: org.to_string(), org_name: self.org_name(org) }
    }

    fn party(&self, org: OrgId) -> Party {
        match (self.vendors.is_empty(), self.vendors.contains(&org)) {
            (true, _) => Party::VendorUnknown,
            (false, true) => Party::First,
            (false, false) => Party::Third,
        }
    }

    fn who(&self, org: OrgId, said: &Said) -> Who {
        Who { org: org.to_string(), org_name: self.org_name(org), id: said.by.to_string(), of_version: said.of_version }
    }

    /// Organisations other than its own that say something of an entry, each once.
    fn said(&self, id: &EntryId, rel: &Rel) -> Vec<Who> {
        let said = self.outcomes.get(id).and_then(|outcome| outcome.others.get(rel));
        said.into_iter().flatten().filter_map(|(org, said)| Some(self.who(*org, said.last()?))).collect()
    }

    /// Organisations that replicated an entry, and replications that do not count.
    fn replications(&self, item: &Item) -> (Vec<Who>, Vec<NotCounted>) {
        let (mut counted, mut others) = (Vec::new(), Vec::new());
        let Some(outcome) = self.outcomes.get(&item.at.id) else { return (counted, others) };
        for said in outcome.own.get(&Rel::Replicates).into_iter().flatten() {
            others.push(NotCounted { who: self.who(item.at.org, said), reason: "own".to_owned() });
        }
        for (org, said) in outcome.others.get(&Rel::Replicates).into_iter().flatten() {
            let counts = |said: &&Said| !self.copies.contains_key(&said.by) && self.unfit(item, &said.by).is_none();
            match (said.iter().rev().find(counts), said.last()) {
                (_, Some(said)) if self.vendors.contains(org) => {
                    others.push(NotCounted { who: self.who(*org, said), reason: "vendor".to_owned() });
                }
                (Some(said), _) => counted.push(self.who(*org, said)),
                (None, Some(said)) => {
                    let reason = self.unfit(item, &said.by).unwrap_or("copy").to_owned();
                    others.push(NotCounted { who: self.who(*org, said), reason });
                }
                (None, None) => {}
            }
        }
        (counted, others)
    }

    fn head(&self, item: &Item) -> Head {
        Head {
            id: item.at.id.to_string(),
            org: item.at.org.to_string(),
            org_name: self.org_name(item.at.org),
            title: item.card.title.clone(),
            time: rfc3339(item.at.time),
            disputed_by: self.said(&item.at.id, &Rel::Disputes),
            hidden: item.at.hidden,
        }
    }
}

#[cfg(test)]
mod tests;
