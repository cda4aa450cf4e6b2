//! The names of one model: the one that was asked for, and those that notices join with it.
//!
//! Names are joined one step and never in silence: every name that is joined says who said so, and one whose notices are
//! all disputed stands apart.

use std::collections::BTreeMap;

use lyceum_protocol::publication::Rel;

use super::card::{Card, Named, Released};
use super::known::{Item, Known};
use super::shapes::{Joining, Name, Who};
use crate::index::schema::folded_name;
use crate::time::rfc3339;
use crate::views::fold;

fn is(text: Option<&String>, wanted: &str) -> bool {
    text.is_some_and(|text| folded_name(text) == wanted)
}

impl Named {
    /// Whether this name, with all that it says beside the name, means a model: the name is that of the model, its
    /// revision or its digest.
    fn means(&self, model: &Self) -> bool {
        let name = folded_name(&self.name);
        let known =
            is(Some(&model.name), &name) || is(model.revision.as_ref(), &name) || is(model.digest.as_ref(), &name);
        let narrowed =
            [(&self.revision, &model.revision), (&self.digest, &model.digest), (&self.provider, &model.provider)];
        known
            && narrowed
                .into_iter()
                .all(|(own, other)| own.as_ref().is_none_or(|own| is(other.as_ref(), &folded_name(own))))
    }

    fn releases(&self, release: &Released) -> bool {
        let as_model = Self { name: release.name.clone(), revision: release.version.clone(), ..Self::default() };
        folded_name(&self.name) == folded_name(&release.name) && self.means(&as_model)
    }

    /// Names that differ in nothing but how they are written are one.
    fn key(&self) -> [Option<String>; 4] {
        let folded = |text: &Option<String>| text.as_deref().map(folded_name);
        [Some(folded_name(&self.name)), folded(&self.revision), folded(&self.digest), folded(&self.provider)]
    }
}

/// The names of a model.
#[derive(Debug)]
pub(super) struct Names {
    shown: Vec<Name>,
    joined: Vec<Named>,
}

impl Names {
    /// Names that mean the model that was asked for.
    pub(super) fn of(asked: &str, known: &Known, org_name: impl Fn(&Item) -> (String, String), all: bool) -> Self {
        let asked = Named { name: asked.trim().to_owned(), ..Named::default() };
        let wanted = folded_name(&asked.name);
        let mut others: BTreeMap<[Option<String>; 4], (Named, Vec<Joining>)> = BTreeMap::new();
        for notice in known.notices() {
            let is_asked = |named: &&Named| folded_name(&named.name) == wanted || is(named.digest.as_ref(), &wanted);
            if !notice.card.joined.iter().any(|named| is_asked(&named)) || (notice.at.hidden.is_some() && !all) {
                continue;
            }
            let joining = joining(notice, known, &org_name);
            for named in notice.card.joined.iter().filter(|named| !is_asked(named)) {
                let (_, said) = others.entry(named.key()).or_insert_with(|| (named.clone(), Vec::new()));
                if said.last().is_none_or(|last| last.id != joining.id) {
                    said.push(joining.clone());
                }
            }
        }
        let name = |named: &Named, joined: bool, said: Vec<Joining>| Name {
            name: named.name.clone(),
            revision: named.revision.clone(),
            digest: named.digest.clone(),
            provider: named.provider.clone(),
            joined,
            said,
            publications: 0,
            written: Vec::new(),
        };
        let mut names = Self { shown: vec![name(&asked, true, Vec::new())], joined: vec![asked] };
        // Who is disputed does not get out of it by saying it once more.
        let stands = |one: &&Joining| one.hidden.is_none();
        let is_disputed = |said: &[Joining], org: &str| {
            said.iter().filter(stands).any(|one| one.org == org && !one.disputed_by.is_empty())
        };
        let holds = |said: &[Joining]| said.iter().filter(stands).any(|one| !is_disputed(said, &one.org));
        let (joined, apart): (Vec<_>, Vec<_>) = others.into_values().partition(|(_, said)| holds(said));
        for (named, said) in joined {
            names.shown.push(name(&named, true, said));
            names.joined.push(named);
        }
        names.shown.extend(apart.into_iter().map(|(named, said)| name(&named, false, said)));
        names
    }

    /// Names that are looked for.
    pub(super) fn joined(&self) -> &[Named] {
        &self.joined
    }

    /// Whether a publication is about the model, or releases it.
    pub(super) fn mean(&self, card: &Card) -> bool {
        !self.which(card).is_empty()
    }

    /// Whether a publication that means the model holds numbers of another one that it is about too.
    pub(super) fn measures_another(&self, card: &Card) -> bool {
        let of = card.scores.as_ref().map_or(&[][..], |scores| scores.of.as_slice());
        !of.is_empty() && !of.iter().any(|model| self.joined.iter().any(|named| named.means(model)))
    }

    fn which(&self, card: &Card) -> Vec<usize> {
        let means = |named: &Named| {
            card.models.iter().any(|model| named.means(model))
                || card.release.as_ref().is_some_and(|release| named.releases(release))
        };
        self.joined.iter().enumerate().filter(|(_, named)| means(named)).map(|(n, _)| n).collect()
    }

    /// Counts a publication under each name that it uses, and notes how it writes it.
    pub(super) fn count(&mut self, card: &Card) {
        for n in self.which(card) {
            let (Some(shown), Some(named)) = (self.shown.get_mut(n), self.joined.get(n)) else { continue };
            shown.publications = shown.publications.saturating_add(1);
            let released =
                card.release.as_ref().map(|release| Named { name: release.name.clone(), ..Named::default() });
            for written in card.models.iter().filter(|model| named.means(model)).chain(&released) {
                if let Err(at) = shown.written.binary_search(written) {
                    shown.written.insert(at, written.clone());
                }
            }
        }
    }

    pub(super) fn into_shown(self) -> Vec<Name> {
        self.shown
    }
}

fn joining(notice: &Item, known: &Known, org_name: &impl Fn(&Item) -> (String, String)) -> Joining {
    let (org, name) = org_name(notice);
    let mut disputed_by = Vec::new();
    for said in fold(known, &notice.at.id).others.remove(&Rel::Disputes).unwrap_or_default().into_values() {
        let Some(dispute) = said.last().and_then(|said| known.items.get(&said.by)) else { continue };
        let (org, org_name) = org_name(dispute);
        disputed_by.push(Who { org, org_name, id: dispute.at.id.to_string(), of_version: None });
    }
    Joining {
        id: notice.at.id.to_string(),
        org,
        org_name: name,
        time: rfc3339(notice.at.time),
        disputed_by,
        hidden: notice.at.hidden,
    }
}
