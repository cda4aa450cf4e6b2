//! Payloads that are missing though their entries are good: asked for in groups, again and again, from one organisation
//! after the other (S15).
//!
//! At most one group of each peer is under way. What a peer says is erased or not held stays missing until another has it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::bounded::BoundedVec;
use crate::entry::{Payload, VerifiedEntry};
use crate::hash::{EntryId, LogId, OrgId, PayloadHash};
use crate::key::PublicKey;
use crate::limits;
use crate::replica::Replica;
use crate::replica::effect::{Change, Effect, Load, Outbox};
use crate::replica::event::{Loaded as LoadedEntries, PayloadAbsent, StoreFault};
use crate::replica::tickets::{Asked, Loaded, Origin, Stored};
use crate::state::State;
use crate::sync::message::Request;

/// A missing payload: its log and number.
type Gap = (LogId, u64);

/// Missing payloads of which it is remembered who was asked last. Beyond it all of that is forgotten: some are then
/// asked of one organisation twice in a row.
const REMEMBERED_MAX: usize = 65_536;

/// Whose turn it is to be asked for what.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// The last that each organisation was asked for: the next group begins behind it.
    last: BTreeMap<OrgId, Gap>,
    /// The organisation that was asked for it last.
    asked: BTreeMap<Gap, OrgId>,
}

impl Gaps {
    /// The next group to ask an organisation for. `others` tells whether another one could be asked: then what this one
    /// was asked for last is left to it.
    fn next_for(&mut self, org: OrgId, others: bool, state: &State) -> Vec<Gap> {
        // Some that nobody can fill must not keep the others waiting: one goes on behind the last that was asked for.
        let last = self.last.get(&org).copied().unwrap_or((LogId::ZERO, 0));
        let behind = state.gaps(Bound::Excluded(last), Bound::Unbounded);
        let missing = behind.chain(state.gaps(Bound::Unbounded, Bound::Included(last)));
        let free = |gap: &Gap| !others || self.asked.get(gap) != Some(&org);
        let group: Vec<Gap> = missing.filter(free).take(limits::ASK_MAX).collect();
        if self.asked.len() > REMEMBERED_MAX {
            self.asked.clear();
        }
        for gap in &group {
            self.asked.insert(*gap, org);
        }
        if let Some(last) = group.last() {
            self.last.insert(org, *last);
        }
        group
    }

    fn filled(&mut self, gap: &Gap) {
        self.asked.remove(gap);
    }
}

impl Replica {
    /// Asks a peer for some of the payloads that are missing here.
    pub(super) fn ask_gaps(&mut self, peer: PublicKey, out: &mut Outbox) {
        let Some(session) = self.sessions.get(&peer).filter(|session| !session.gaps_asked) else { return };
        let org = session.org.unwrap_or(OrgId::ZERO);
        let others = self.sessions.values().any(|other| other.is_mutual() && other.org.unwrap_or(OrgId::ZERO) != org);
        let group = self.gaps.next_for(org, others, &self.state);
        let ids: Vec<EntryId> = group.iter().filter_map(|(log, seq)| self.state.id_at(*log, *seq)).collect();
        self.ask_payloads(peer, ids, out);
    }

    fn ask_payloads(&mut self, peer: PublicKey, mut ids: Vec<EntryId>, out: &mut Outbox) {
        ids.sort_unstable();
        ids.dedup();
        let (Some(session), false) = (self.sessions.get_mut(&peer), ids.is_empty()) else { return };
        session.gaps_asked = true;
        if let Ok(bounded) = BoundedVec::new(ids.clone()) {
            self.ask(peer, Asked::Payloads { ids }, Request::Payloads { ids: bounded }, out);
        }
    }

    /// Payloads in the order in which they were asked for, cut where the page was full. What they are worth shows when
    /// the headers of their entries are here.
    pub(super) fn took_payloads(
        &mut self,
        peer: PublicKey,
        mut ids: Vec<EntryId>,
        payloads: Vec<Result<Arc<[u8]>, PayloadAbsent>>,
        out: &mut Outbox,
    ) {
        if payloads.len() > ids.len() {
            self.gaps_over(&peer);
            self.strike(peer, "more payloads than were asked for", out);
            return;
        }
        let mut rest = ids.split_off(payloads.len());
        if ids.is_empty() {
            // A page always holds one: what comes without any is no page to go on behind.
            rest.clear();
        }
        let came: BTreeMap<EntryId, Arc<[u8]>> =
            ids.into_iter().zip(payloads).filter_map(|(id, payload)| Some((id, payload.ok()?))).collect();
        let places: Vec<Gap> = came.keys().filter_map(|id| self.state.place(id)).collect();
        if places.is_empty() {
            self.go_on_with_gaps(peer, rest, false, out);
            return;
        }
        let ticket = self.tickets.open(Origin::Load(Loaded::Gaps { peer, came, rest }));
        out.push(Effect::Load { ticket, load: Load::Some { places } });
    }

    /// The entries of payloads that came: with their headers it shows which payloads are theirs.
    pub(super) fn gaps_loaded(
        &mut self,
        peer: PublicKey,
        mut came: BTreeMap<EntryId, Arc<[u8]>>,
        rest: Vec<EntryId>,
        result: Result<LoadedEntries, StoreFault>,
        out: &mut Outbox,
    ) {
        let Ok(LoadedEntries::Entries(entries)) = result else { return self.gaps_over(&peer) };
        let (mut filled, mut foreign) = (Vec::new(), false);
        for entry in &entries {
            let Some(bytes) = came.remove(&entry.id()) else { continue };
            if !is_payload_of(entry, &bytes) {
                foreign = true;
            } else if let Some((log, seq)) = self.state.close_gap(entry) {
                self.gaps.filled(&(log, seq));
                filled.push(Change::Payload { log, seq, bytes });
            }
        }
        let any = !filled.is_empty();
        if any {
            self.store(Stored::Rest, filled, out);
        }
        if foreign {
            self.gaps_over(&peer);
            self.strike(peer, "a payload that is not the entry's", out);
            return;
        }
        self.go_on_with_gaps(peer, rest, any, out);
    }

    /// The rest of a group whose page was full; or the next group, if it had something of this one.
    fn go_on_with_gaps(&mut self, peer: PublicKey, rest: Vec<EntryId>, had_some: bool, out: &mut Outbox) {
        self.gaps_over(&peer);
        if !rest.is_empty() {
            self.ask_payloads(peer, rest, out);
        } else if had_some {
            self.ask_gaps(peer, out);
        }
    }

    /// A group is over, with an answer or without.
    pub(super) fn gaps_over(&mut self, peer: &PublicKey) {
        if let Some(session) = self.sessions.get_mut(peer) {
            session.gaps_asked = false;
        }
    }
}

fn is_payload_of(entry: &VerifiedEntry, bytes: &[u8]) -> bool {
    let header = entry.header();
    // What is held, or erased meanwhile, is nothing to hold against whoever was asked for it.
    !matches!(entry.payload(), Payload::NotHeld)
        || (u32::try_from(bytes.len()) == Ok(header.payload_len) && PayloadHash::of(bytes) == header.payload_hash)
}
