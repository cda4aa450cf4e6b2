//! Ids whose payloads must go (PROTOCOL 3.5, *Erased ids*).

use std::collections::BTreeSet;

use crate::entry::VerifiedEntry;
use crate::entry::header::Kind;
use crate::hash::{EntryId, LogId};
use crate::state::{Record, State};

/// The erased ids, and all that somebody wants erased.
#[derive(Debug, Clone, Default)]
pub struct Erased {
    ids: BTreeSet<EntryId>,
    /// Targets of every motion in force and every good erasing entry, whether they count or not.
    wanted: BTreeSet<EntryId>,
    /// Erased ids of which the store has been told.
    told: BTreeSet<EntryId>,
}

impl Erased {
    /// The erased ids.
    pub const fn ids(&self) -> &BTreeSet<EntryId> {
        &self.ids
    }

    /// Erased ids that were not taken before.
    pub(super) fn take_new(&mut self) -> Vec<EntryId> {
        let new: Vec<EntryId> = self.ids.difference(&self.told).copied().collect();
        self.told.extend(new.iter().copied());
        new
    }

    /// Whether an entry that has just been appended may change the set.
    pub(super) fn concerns(&self, entry: &VerifiedEntry) -> bool {
        entry.header().kind == Kind::ERASE || self.wanted.contains(&entry.id())
    }

    pub(super) fn refresh(&mut self, state: &State) {
        self.wanted.clone_from(state.governance().erased_by_motion());
        self.ids = state.governance().erased_by_motion().iter().filter(|id| may_go(state, id)).copied().collect();
        for record in state.records().filter(|record| record.erases_anything()) {
            for target in record.good_erases() {
                self.wanted.insert(*target);
                if may_erase(state, record, target) {
                    self.ids.insert(*target);
                }
            }
        }
    }
}

/// Only good entries other than protocol entries are erased.
fn may_go(state: &State, target: &EntryId) -> bool {
    good_place(state, target).is_some()
}

fn good_place(state: &State, target: &EntryId) -> Option<LogId> {
    let (log, seq) = state.place(target)?;
    let record = state.record(log)?;
    let is_protocol = record.fact(seq)?.kind.is_protocol();
    (seq < record.judged().good_len && !is_protocol).then_some(log)
}

/// By the key that wrote the target, or by an admin of its organisation.
fn may_erase(state: &State, eraser: &Record, target: &EntryId) -> bool {
    let Some(log) = good_place(state, target) else { return false };
    let key = eraser.log().opening().key;
    let wrote = state.record(log).is_some_and(|record| record.log().opening().key == key);
    wrote || {
        let org = state.org_of_log(log).and_then(|org| state.governance().organisation(org));
        org.is_some_and(|org| {
            let listed = org.effective_chain.iter().filter_map(|version| version.listed(&key));
            listed.into_iter().any(|listed| listed.roles.is_admin())
        })
    }
}
