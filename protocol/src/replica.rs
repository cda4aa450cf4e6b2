//! The whole decision logic of a node as one state machine: events and a time in, effects out.
//!
//! Same state, same time, same event: same new state and same effects, in the same order. No rule lives in this
//! file: the machines below own them, the replica routes between them.
//!
//! [`publish`] writes the own log · [`hello`] greets peers and knows what they are · [`compare`] finds what one has
//! and the other lacks · `items` says what a peer's items mean here · `news` tells what changed · [`pages`] pulls
//! entries · `gaps` asks for missing payloads · [`asked`] answers peers · [`gossip`] judges what is heard ·
//! [`quotas`] and [`own_quota`] say what comes later · [`dial`] keeps connections.

pub mod asked;
pub mod author;
mod brakes;
pub mod compare;
pub mod dial;
pub mod effect;
pub mod event;
pub mod fetch;
mod gaps;
pub mod gossip;
pub mod hello;
mod items;
mod news;
pub mod own_quota;
pub mod pages;
pub mod publish;
pub mod quotas;
pub mod search;
pub mod session;
pub mod settings;
mod tickets;

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::LogId;
use crate::key::PublicKey;
use crate::state::State;

pub use effect::{Batch, Change, Effect, Load, Notice, Outbox, Outcome, Verdict};
pub use event::{AskFault, CallId, Checked, Event, Heard, Loaded, Now, OfferId, PayloadAbsent, StoreFault, Ticket};
pub use own_quota::OwnQuota;
pub use quotas::OverQuota;
pub use session::Session;
pub use settings::{KnownPeer, Settings};

use author::Author;
use dial::Dial;
use fetch::Fetch;
use gaps::Gaps;
use quotas::Quotas;
use search::Searches;
use tickets::{Origin, Tickets};

/// A node's decisions.
#[derive(Debug)]
pub struct Replica {
    settings: Settings,
    state: State,
    author: Author,
    sessions: BTreeMap<PublicKey, Session>,
    fetch: Fetch,
    gaps: Gaps,
    quotas: Quotas,
    searches: Searches,
    dial: Dial,
    tickets: Tickets,
    /// Who passes the gate as a member, as last told.
    members: BTreeSet<PublicKey>,
    alarms: Alarms,
}

/// What an operator has to know and no peer can mend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarms {
    /// Logs of the own key that somebody else wrote, or wrote too.
    pub key_in_use_twice: BTreeSet<LogId>,
    /// What the store last failed with.
    pub store: Option<String>,
}

impl Replica {
    /// Starts a replica over what was recovered. The effects of the start are pushed into `out`.
    pub fn open(settings: Settings, mut state: State, now: Now, out: &mut Outbox) -> Self {
        state.set_own_key(settings.key.to_bytes());
        let author = Author::new(settings.resume, &state, now);
        let dial = Dial::new(&settings);
        let mut replica = Self {
            settings,
            quotas: Quotas::new(&state),
            state,
            author,
            sessions: BTreeMap::new(),
            fetch: Fetch::default(),
            gaps: Gaps::default(),
            searches: Searches::default(),
            dial,
            tickets: Tickets::default(),
            members: BTreeSet::new(),
            alarms: Alarms::default(),
        };
        let all = replica.state.records().map(|record| record.log().opening().log).collect();
        replica.dial.learn(&replica.settings, &replica.state, &all, now);
        replica.membership_changed(out);
        replica.settle(now, out);
        replica
    }

    /// One thing happened. Total: every event is legal in every state.
    pub fn handle(&mut self, now: Now, event: Event, out: &mut Outbox) {
        match event {
            Event::Publish { call, drafts } => self.publish(now, call, drafts, out),
            Event::Govern { call, batch } => self.govern(now, call, batch, out),
            Event::PeerUp { peer } => self.peer_up(now, peer),
            Event::PeerDown { peer } => self.peer_down(now, peer),
            Event::DialFailed { peer, cause } => self.dial.failed(&self.settings, now, peer, cause),
            Event::Addresses(addresses) => self.dial.set_own_addresses(addresses),
            Event::Asked { call, peer, request } => self.asked(call, peer, request, out),
            Event::Arrived { ticket } => self.arrived(ticket),
            Event::Answered { ticket, result } => self.answered(now, ticket, result, out),
            Event::Gossiped { offer, peer, heard } => self.gossiped(now, offer, peer, heard, out),
            Event::Stored { ticket, result } => self.stored(now, ticket, result, out),
            Event::Loaded { ticket, result } => self.loaded(ticket, result, out),
            Event::Signed { ticket, result } => self.signed(ticket, result, out),
        }
        self.settle(now, out);
    }

    /// The time given by [`Replica::wake_at`] has come.
    pub fn wake(&mut self, now: Now, out: &mut Outbox) {
        self.settle(now, out);
    }

    /// When to be woken, in milliseconds of [`Now::mono`], and why. Asked again after every turn.
    pub fn wake_at(&self) -> Option<(u64, &'static str)> {
        let sessions = self.sessions.values().filter_map(Session::wake_at).min().map(|at| (at, "session"));
        let author = self.author.wake_at().map(|at| (at, "start-up check"));
        let dial = self.dial.wake_at().map(|at| (at, "dial"));
        let quota = self.fetch.brakes.wake_at().map(|at| (at, "quota"));
        [sessions, author, dial, quota].into_iter().flatten().min()
    }

    /// Everything that follows from what has just changed and from the time.
    fn settle(&mut self, now: Now, out: &mut Outbox) {
        self.note_changes(now);
        self.greet(now, out);
        self.compare(out);
        self.ask_pages(now, out);
        self.tell(now, out);
        self.dial.settle(&self.members, &self.sessions, now, out);
        self.write(now, out);
    }

    /// Notes which items changed, for those peers that are told news.
    fn note_changes(&mut self, now: Now) {
        let changed = self.state.take_changed();
        self.state.refresh();
        if changed.is_empty() {
            return;
        }
        self.dial.learn(&self.settings, &self.state, &changed, now);
        // From the first moment: a peer may have compared before the change and this node only after it.
        for session in self.sessions.values_mut().filter(|session| session.standing == session::Standing::Member) {
            session.untold.extend(changed.iter().copied());
            session.tell_at.get_or_insert(now.mono.saturating_add(session::TELL_AFTER));
        }
    }

    fn answered(&mut self, now: Now, ticket: Ticket, result: Result<Checked, AskFault>, out: &mut Outbox) {
        let Some(Origin::Ask { peer, asked }) = self.tickets.take(ticket) else { return };
        match result {
            Ok(checked) => self.took_answer(now, peer, asked, checked, out),
            Err(fault) => self.no_answer(now, peer, asked, fault, out),
        }
    }

    fn stored(&mut self, now: Now, ticket: Ticket, result: Result<(), StoreFault>, out: &mut Outbox) {
        let Some(Origin::Store(stored)) = self.tickets.take(ticket) else { return };
        if let Err(fault) = &result {
            self.alarms.store = Some(fault.0.clone());
        }
        match stored {
            tickets::Stored::Own { entries } => self.written(now, entries, result, out),
            tickets::Stored::Page { log } => {
                self.fetch.page_done(log);
                out.push(Effect::Notice(Notice::Entries { log }));
            }
            tickets::Stored::Govern { call } => {
                let outcome = result.map_or_else(|fault| Outcome::Failed(fault.0), |()| Outcome::Taken);
                out.push(Effect::Reply { call, outcome });
            }
            tickets::Stored::Rest => {}
        }
    }

    fn loaded(&mut self, ticket: Ticket, result: Result<Loaded, StoreFault>, out: &mut Outbox) {
        let Some(Origin::Load(loaded)) = self.tickets.take(ticket) else { return };
        match loaded {
            tickets::Loaded::Page { call } => out.push(Effect::Answer { call, answer: self.page(result) }),
            tickets::Loaded::Headers { call } => out.push(Effect::Answer { call, answer: asked::headers(result) }),
            tickets::Loaded::Payloads { call, ids } => {
                out.push(Effect::Answer { call, answer: self.payloads(&ids, result) });
            }
            tickets::Loaded::Gaps { peer, came, rest } => self.gaps_loaded(peer, came, rest, result, out),
            tickets::Loaded::Twin { found } => self.twin_loaded(found, result, out),
        }
    }

    fn ask(
        &mut self,
        peer: PublicKey,
        asked: tickets::Asked,
        request: crate::sync::message::Request,
        out: &mut Outbox,
    ) {
        let ticket = self.tickets.open(Origin::Ask { peer, asked });
        out.push(Effect::Ask { ticket, peer, request });
    }

    fn store(&mut self, stored: tickets::Stored, changes: Vec<Change>, out: &mut Outbox) {
        let ticket = self.tickets.open(Origin::Store(stored));
        out.push(Effect::Store { ticket, batch: Batch { changes } });
    }

    /// What it was told at the start.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is held and what follows from it.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The connected peers.
    pub const fn sessions(&self) -> &BTreeMap<PublicKey, Session> {
        &self.sessions
    }

    /// Who passes the gate as a member.
    pub const fn members(&self) -> &BTreeSet<PublicKey> {
        &self.members
    }

    /// The own log and what waits to be written into it: log, whether the start-up check is over, drafts waiting.
    pub fn writing(&self) -> (Option<LogId>, bool, usize) {
        (self.author.log(), self.author.is_checked(), self.author.waiting())
    }

    /// Peers that are dialled in vain: the key, the last cause, since when (mono milliseconds).
    pub fn unreachable(&self) -> impl Iterator<Item = (&PublicKey, &str, u64)> {
        self.dial.unreachable()
    }

    /// What an operator has to know.
    pub const fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// Effects that wait for their answer.
    pub fn open_tickets(&self) -> usize {
        self.tickets.len()
    }
}
