//! Pulling entries page by page, and what to do when a page does not fit the chain that is held.

use crate::bounded::BoundedVec;
use crate::entry::VerifiedEntry;
use crate::fork::VerifiedForkProof;
use crate::hash::LogId;
use crate::key::PublicKey;
use crate::replica::Replica;
use crate::replica::effect::{Change, Effect, Load, Notice, Outbox};
use crate::replica::event::{Loaded as LoadedEntries, Now, StoreFault, Ticket};
use crate::replica::search::{Found, Step};
use crate::replica::tickets::{Asked, Loaded, Origin, Stored};
use crate::state::Appended;
use crate::sync::check::SignedHeader;
use crate::sync::message::Request;

impl Replica {
    /// Asks every peer for as many pages as it may have in flight.
    pub(super) fn ask_pages(&mut self, now: Now, out: &mut Outbox) {
        if !self.settings.sync {
            return;
        }
        loop {
            let mut peers = self.fetch.free_sources();
            peers.retain(|peer| self.sessions.get(peer).is_some_and(super::Session::is_mutual));
            let mut asked_one = true;
            // Peers take turns, so that the pages spread over all that have something.
            while asked_one {
                asked_one = false;
                for peer in &peers {
                    asked_one |= self.ask_page(now, *peer, out);
                }
            }
            if !self.give_turns(now) {
                return;
            }
        }
    }

    fn ask_page(&mut self, now: Now, peer: PublicKey, out: &mut Outbox) -> bool {
        if self.sessions.get(&peer).is_none_or(|session| !session.has_room_for_page()) {
            return false;
        }
        let (item, from, max_bytes) = loop {
            let Some((item, from)) = self.fetch.next_for(&peer) else { return false };
            let held = self.state.record(item.log).map_or(0, |record| record.log().len());
            let from = from.unwrap_or(held);
            match self.page_bytes(now, &item, from) {
                Some(max_bytes) => break (item, from, max_bytes),
                None => self.fetch.not_now(item.log),
            }
        };
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.pages = session.pages.saturating_add(1);
        }
        let request = Request::Entries { log: item.log, len: item.good_len, head: item.head, from, max_bytes };
        self.ask(peer, Asked::Page { log: item.log, from, arrived: false }, request, out);
        true
    }

    /// The answer to a request is here: if it is a page, the next one may be on its way while this one is checked.
    pub(super) fn arrived(&mut self, ticket: Ticket) {
        if let Some(session) = self.tickets.arrived(ticket).and_then(|peer| self.sessions.get_mut(&peer)) {
            session.pages = session.pages.saturating_sub(1);
            session.pages_here = session.pages_here.saturating_add(1);
        }
    }

    pub(super) fn page_over(&mut self, peer: &PublicKey, arrived: bool) {
        if let Some(session) = self.sessions.get_mut(peer) {
            let count = if arrived { &mut session.pages_here } else { &mut session.pages };
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn took_page(
        &mut self,
        now: Now,
        peer: PublicKey,
        log: LogId,
        from: u64,
        entries: Vec<VerifiedEntry>,
        out: &mut Outbox,
    ) {
        let pinned = self.pinned_from(log).is_some();
        let mut changes: Vec<Change> = Vec::new();
        let charged = self.charged(log, entries.first());
        let mut over = None;
        let mut stopped = if entries.is_empty() { Some(Appended::Unwanted) } else { None };
        let mut expected = from;
        for entry in &entries {
            if entry.header().seq != expected || self.state.log_of(entry).is_some_and(|found| found != log) {
                stopped = Some(Appended::OtherChain);
                break;
            }
            if pinned && self.parts_unproven(log, entry) {
                // First the proof that both entries make together, while both are here: then the page again.
                let theirs = SignedHeader::of(entry);
                self.load_twin(Found { log, peer, theirs }, out);
                stopped = Some(Appended::Unwanted);
                break;
            }
            over = charged.and_then(|charged| Some((charged.org, self.exceeds(now, Some(charged), log, entry)?)));
            if over.is_some() {
                break;
            }
            expected = expected.saturating_add(1);
            let appended = if pinned { self.state.append_pinned(entry) } else { self.state.append(entry) };
            if matches!(appended, Appended::Yes | Appended::Replaced(_)) {
                self.charge(now, charged, log, entry);
            }
            match appended {
                Appended::Yes => changes.push(Change::Entry { log, entry: entry.clone() }),
                Appended::Replaced(seq) => {
                    changes.push(Change::ReplaceFrom { log, seq });
                    changes.push(Change::Entry { log, entry: entry.clone() });
                }
                Appended::Held => {}
                other => {
                    stopped = Some(other);
                    break;
                }
            }
        }
        self.note_own_key(log, &changes);
        if pinned {
            self.fetch.from(log, expected);
        }
        if let Some((org, next)) = over {
            self.fetch.brakes.wait(org, log, next);
        } else if !changes.is_empty() {
            self.fetch.brakes.went_on(log);
        }
        match stopped {
            None => {}
            Some(Appended::Twin | Appended::OtherChain) => {
                self.fetch.not_from(&peer, log);
                let high = expected.max(1);
                self.search(peer, log, high, out);
            }
            // It has no more, or the log takes none as it stands now: the next comparison tells.
            Some(_) => self.fetch.not_from(&peer, log),
        }
        self.drop_satisfied(peer, log, out);
        if changes.is_empty() {
            self.fetch.page_done(log);
        } else {
            self.store(Stored::Page { log }, changes, out);
        }
        self.erase_now(out);
        self.in_step_again(now, peer);
    }

    /// Whether an entry of a pinned chain is about to take the place of another one, with which it proves a fork that a
    /// rule takes and nobody has told of yet.
    fn parts_unproven(&self, log: LogId, entry: &VerifiedEntry) -> bool {
        self.state.replaces(entry) && self.state.takes_proof_at(log, entry.header().seq)
    }

    /// Sources that have no more than is held now are dropped; a head that did not come out is searched for.
    fn drop_satisfied(&mut self, peer: PublicKey, log: LogId, out: &mut Outbox) {
        let item = self.sessions.get(&peer).and_then(|session| session.ahead.get(&log)).copied();
        let still = item.filter(|item| self.is_ahead(item));
        if let (Some(item), None) = (item, still) {
            if let Some(session) = self.sessions.get_mut(&peer) {
                session.ahead.remove(&log);
            }
            self.consider(peer, item, out);
        }
        let mut fetch = std::mem::take(&mut self.fetch);
        fetch.satisfied(log, |item| self.is_ahead(item));
        self.fetch = fetch;
    }

    /// A peer from which nothing is missing any more counts for the start-up check and for `last_sync`.
    fn in_step_again(&mut self, now: Now, peer: PublicKey) {
        let missing = self.fetch.wants_from(&peer);
        let Some(session) = self.sessions.get_mut(&peer).filter(|session| session.compared && !missing) else { return };
        session.in_step = true;
        session.last_sync = Some(now.wall);
        if let Some(org) = session.org {
            self.author.compared_with(org);
        }
    }

    /// An entry of the own key that this node did not write.
    fn note_own_key(&mut self, log: LogId, changes: &[Change]) {
        let own = changes.iter().any(|change| match change {
            Change::Entry { entry, .. } => entry.header().key == *self.settings.key.as_bytes(),
            _ => false,
        });
        if own && self.author.is_checked() && self.author.log() == Some(log) {
            self.alarms.key_in_use_twice.insert(log);
            self.author.abandon();
        }
    }

    // ---- the search for a fork ----

    /// Two chains of a log contradict each other below `high`: where do they part?
    pub(super) fn search(&mut self, peer: PublicKey, log: LogId, high: u64, out: &mut Outbox) {
        if self.state.record(log).is_none() || !self.sessions.get(&peer).is_some_and(super::Session::is_mutual) {
            return;
        }
        if let Some(seqs) = self.searches.begin(log, peer, high) {
            self.ask_headers(peer, log, seqs, out);
        }
    }

    fn ask_headers(&mut self, peer: PublicKey, log: LogId, seqs: Vec<u64>, out: &mut Outbox) {
        if let Ok(seqs) = BoundedVec::new(seqs) {
            self.ask(peer, Asked::Headers { log }, Request::Headers { log, seqs }, out);
        }
    }

    pub(super) fn took_headers(&mut self, peer: PublicKey, log: LogId, headers: Vec<SignedHeader>, out: &mut Outbox) {
        let state = &self.state;
        match self.searches.answered(log, peer, headers, |seq| state.id_at(log, seq)) {
            Step::Ask(seqs) => self.ask_headers(peer, log, seqs, out),
            Step::Found(found) => self.load_twin(*found, out),
            Step::Nothing => {}
        }
    }

    /// The place is known: the own entry there makes the proof whole.
    pub(super) fn load_twin(&mut self, found: Found, out: &mut Outbox) {
        let places = vec![(found.log, found.theirs.header().seq)];
        let ticket = self.tickets.open(Origin::Load(Loaded::Twin { found }));
        out.push(Effect::Load { ticket, load: Load::Some { places } });
    }

    pub(super) fn twin_loaded(&mut self, found: Found, result: Result<LoadedEntries, StoreFault>, out: &mut Outbox) {
        let Ok(LoadedEntries::Entries(entries)) = result else { return };
        let Some(own) = entries.first() else { return };
        let Ok(key) = PublicKey::admit(&own.header().key) else { return };
        if let Some(proof) = VerifiedForkProof::between(own, &found.theirs, &key)
            && self.took_proof(proof, out)
        {
            out.push(Effect::Notice(Notice::Standing));
        }
        // A pinned chain that was waiting for the proof is gone on with.
        let ahead = self.sessions.get(&found.peer).and_then(|session| session.ahead.get(&found.log)).copied();
        if let Some(item) = ahead.filter(|item| self.is_ahead(item)) {
            self.consider(found.peer, item, out);
        }
    }
}
