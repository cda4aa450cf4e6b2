//! What becomes of a gossip message (PROTOCOL 4.3): pass it on, let it end, or hold the sender to it.
//!
//! Bytes, payload hash and signatures were checked before; here it is looked at in the light of what is held.

use crate::document::certificate::Roles;
use crate::entry::VerifiedEntry;
use crate::frontier::{FrontierItem, NO_FORK};
use crate::key::PublicKey;
use crate::replica::Replica;
use crate::replica::effect::{Change, Effect, Load, Outbox, Verdict};
use crate::replica::event::{Heard, Now, OfferId};
use crate::replica::search::Found;
use crate::replica::tickets::{Loaded, Origin, Stored};
use crate::state::Appended;
use crate::sync::check::SignedHeader;

impl Replica {
    pub(super) fn gossiped(&mut self, now: Now, offer: OfferId, peer: PublicKey, heard: Heard, out: &mut Outbox) {
        let verdict = match heard {
            _ if !self.settings.gossip => Verdict::Ignore,
            Heard::Entry(entry) => self.heard_entry(now, peer, &entry, out),
            Heard::Documents(batch) => {
                if self.take_documents(now, batch, out) {
                    Verdict::Accept
                } else {
                    Verdict::Ignore
                }
            }
            Heard::DocumentId(id) => {
                // What it names cannot be judged by its id: it spreads by comparison.
                if !self.state.documents().contains(id) {
                    self.docs_due(&peer);
                }
                Verdict::Ignore
            }
            Heard::Proof(proof) => {
                if self.took_proof_in_quota(now, proof, out) {
                    Verdict::Accept
                } else {
                    Verdict::Ignore
                }
            }
            Heard::Bad(cause) => {
                self.strike(peer, &cause, out);
                Verdict::Reject
            }
            Heard::Unknown => Verdict::Ignore,
        };
        out.push(Effect::Verdict { offer, verdict });
    }

    fn docs_due(&mut self, peer: &PublicKey) {
        if let Some(session) = self.sessions.get_mut(peer) {
            session.docs_due = true;
        }
    }

    fn heard_entry(&mut self, now: Now, peer: PublicKey, entry: &VerifiedEntry, out: &mut Outbox) -> Verdict {
        if entry.header().key == *self.settings.key.as_bytes() {
            return self.heard_own(peer, entry, out);
        }
        if self.is_over_quota(now, entry) {
            return Verdict::Ignore;
        }
        let charged = self.state.log_of(entry).and_then(|log| self.charged(log, Some(entry)));
        match self.state.append(entry) {
            Appended::Yes => {
                if let Some(log) = self.state.log_of(entry) {
                    self.charge(now, charged, log, entry);
                    self.store(Stored::Rest, vec![Change::Entry { log, entry: entry.clone() }], out);
                    out.push(Effect::Notice(super::Notice::Entries { log }));
                }
                self.erase_now(out);
                Verdict::Accept
            }
            Appended::Gap => self.heard_ahead(peer, entry),
            Appended::Held | Appended::Replaced(_) | Appended::LowerSuite => Verdict::Ignore,
            Appended::Twin => {
                self.examine_twin(peer, entry, out);
                Verdict::Ignore
            }
            Appended::OtherChain => {
                if let Some(log) = self.state.log_of(entry) {
                    self.search(peer, log, entry.header().seq.saturating_add(1), out);
                }
                Verdict::Ignore
            }
            Appended::Unwanted => {
                // Its organisation may have a seat that has not been heard of here.
                if !self.is_listed(&entry.header().key) {
                    self.docs_due(&peer);
                }
                Verdict::Ignore
            }
        }
    }

    /// An entry of the own key: an echo, or somebody else uses the key.
    fn heard_own(&mut self, peer: PublicKey, entry: &VerifiedEntry, out: &mut Outbox) -> Verdict {
        if self.state.place(&entry.id()).is_some() || self.author.waiting() > 0 {
            return Verdict::Ignore;
        }
        if let Some(log) = self.state.log_of(entry) {
            if self.author.log() == Some(log) && self.author.is_checked() {
                self.alarms.key_in_use_twice.insert(log);
                out.push(Effect::Notice(super::Notice::KeyInUseTwice { id: entry.id() }));
            }
            if self.state.record(log).is_some_and(|record| entry.header().seq < record.log().len()) {
                self.examine_twin(peer, entry, out);
            }
        }
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.frontier_due = true;
        }
        Verdict::Ignore
    }

    /// Entries before it are missing: they are pulled from whoever passed it on.
    fn heard_ahead(&mut self, peer: PublicKey, entry: &VerifiedEntry) -> Verdict {
        let header = entry.header();
        if !self.is_listed(&header.key) {
            self.docs_due(&peer);
            return Verdict::Ignore;
        }
        let logs: Vec<_> =
            self.state.logs_of(&header.key, header.incarnation).map(|record| record.log().opening().log).collect();
        match logs.as_slice() {
            [log] => {
                let good_len = header.seq.saturating_add(1);
                let item = FrontierItem { log: *log, good_len, head: entry.id(), fork: NO_FORK };
                if !self.is_ahead(&item) {
                    return Verdict::Ignore;
                }
                self.fetch.want(peer, item);
            }
            // Which log it is of is known only when its first entry is here.
            _ => {
                if let Some(session) = self.sessions.get_mut(&peer) {
                    session.frontier_due = true;
                }
            }
        }
        Verdict::Accept
    }

    /// Whether the effective certificate of a seated organisation lists a key as one that writes.
    fn is_listed(&self, key: &[u8; 32]) -> bool {
        let writes = |roles: Roles| roles.may_write();
        let mut members = self.state.governance().members().filter_map(|(_, org)| org.effective());
        members.any(|version| version.listed(key).is_some_and(|listed| writes(listed.roles)))
    }

    /// Another entry at a place that is taken: with the own one it proves a fork.
    fn examine_twin(&mut self, peer: PublicKey, entry: &VerifiedEntry, out: &mut Outbox) {
        let (Some(log), seq) = (self.state.log_of(entry), entry.header().seq) else { return };
        let known = self.state.record(log).and_then(|record| record.log().fork());
        if known.is_some_and(|fork| fork <= seq) || self.state.id_at(log, seq) == Some(entry.id()) {
            return;
        }
        let found = Found { log, peer, theirs: SignedHeader::of(entry) };
        let ticket = self.tickets.open(Origin::Load(Loaded::Twin { found }));
        out.push(Effect::Load { ticket, load: Load::Some { places: vec![(log, seq)] } });
    }
}
