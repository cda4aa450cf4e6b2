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
    let mut page = Page::of(known, &names, org_names);
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

/// What the page of a model knows of an entry on it beyond what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Organisations whose replication of it does not count, each with the reason: `own`, `vendor`, `copy`,
    /// `other_model` or `other_task`.
    pub not_counted: BTreeMap<OrgId, &'static str>,
    /// The earliest entry of another organisation with the same content: this is a copy of it.
    pub copy_of: Option<EntryId>,
}

/// The same rule for pages of single entries; `asked` is a name of the model, and an entry that is not about it has no
/// place here.
pub fn counted<'i>(
    asked: &str,
    known: &Known,
    ids: impl IntoIterator<Item = &'i EntryId>,
) -> BTreeMap<EntryId, Counted> {
    let nobody = |_: &Item| (String::new(), String::new());
    let org_names = BTreeMap::new();
    let page = Page::of(known, &Names::of(asked, known, nobody, false), &org_names);
    let items = ids.into_iter().filter(|id| page.of_model.contains(id)).filter_map(|id| known.items.get(id));
    let of = |item: &Item| Counted {
        not_counted: page.replications(item).into_iter().filter_map(|(org, _, why)| Some((org, why?))).collect(),
        copy_of: page.copies.get(&item.at.id).copied(),
    };
    items.map(|item| (item.at.id, of(item))).collect()
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

/// An organisation that says in an entry that it replicated another, with the reason where that does not count.
type Replication<'p> = (OrgId, &'p Said, Option<&'static str>);

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

impl<'a> Page<'a> {
    /// What is known of the model of these names, and what became of it.
    fn of(known: &'a Known, names: &Names, org_names: &'a BTreeMap<OrgId, String>) -> Self {
        let of_model: BTreeSet<EntryId> =
            known.items.iter().filter(|(_, item)| names.mean(&item.card)).map(|(id, _)| *id).collect();
        let releases = |item: &&Item| item.card.release.is_some() && item.at.hidden.is_none();
        let vendors = of_model.iter().filter_map(|id| known.items.get(id)).filter(releases).map(|item| item.at.org);
        let vendors: BTreeSet<OrgId> = vendors.collect();
        let another = |id: &&EntryId| known.items.get(id).is_some_and(|item| names.measures_another(&item.card));
        let of_another = of_model.iter().filter(another).copied().collect();
        let (copies, outcomes) = (HashMap::new(), HashMap::new());
        let mut page = Self { known, org_names, vendors, of_model, of_another, copies, outcomes };
        page.copies = page.find_copies();
        page.fold(page.of_model.clone());
        page
    }
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

    /// Organisations that say that they replicated an entry, each with the reason where that does not count.
    fn replications(&self, item: &Item) -> Vec<Replication<'_>> {
        let Some(outcome) = self.outcomes.get(&item.at.id) else { return Vec::new() };
        let own = outcome.own.get(&Rel::Replicates).into_iter().flatten().map(|said| (item.at.org, said, Some("own")));
        let others = outcome.others.get(&Rel::Replicates).into_iter().flatten().filter_map(|(org, said)| {
            let counts = |said: &&Said| !self.copies.contains_key(&said.by) && self.unfit(item, &said.by).is_none();
            let last = said.last()?;
            Some(match said.iter().rev().find(counts) {
                _ if self.vendors.contains(org) => (*org, last, Some("vendor")),
                Some(said) => (*org, said, None),
                None => (*org, last, Some(self.unfit(item, &last.by).unwrap_or("copy"))),
            })
        });
        own.chain(others).collect()
    }

    /// The same, as it is shown: those that count, and those that do not.
    fn replicated(&self, item: &Item) -> (Vec<Who>, Vec<NotCounted>) {
        let (mut counted, mut others) = (Vec::new(), Vec::new());
        for (org, said, why_not) in self.replications(item) {
            let who = self.who(org, said);
            match why_not {
                Some(reason) => others.push(NotCounted { who, reason: reason.to_owned() }),
                None => counted.push(who),
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
