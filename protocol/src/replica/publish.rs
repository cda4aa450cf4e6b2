//! From drafts to durable entries, and what tools of this node make.

use crate::bounded::BoundedVec;
use crate::documents::{DocumentBatch, DocumentObject};
use crate::entry::{Draft, Payload, VerifiedEntry};
use crate::hash::ObjectId;
use crate::limits;
use crate::quota::Cost;
use crate::replica::effect::{Change, Effect, Notice, Outbox, Outcome};
use crate::replica::event::{CallId, Now, StoreFault, Ticket};
use crate::replica::tickets::{Origin, Stored};
use crate::replica::{Replica, session};
use crate::state;
use crate::sync::message::{Gossip, TravellingDocument};

impl Replica {
    pub(super) fn publish(&mut self, now: Now, call: CallId, drafts: Vec<Draft>, out: &mut Outbox) {
        if drafts.is_empty() {
            out.push(Effect::Reply { call, outcome: Outcome::Published(Vec::new()) });
            return;
        }
        let queued = self
            .may_publish(now, &drafts)
            .and_then(|cost| self.author.queue(Some(call), drafts, cost).map_err(|reason| (reason.to_owned(), 0)));
        if let Err((reason, until)) = queued {
            out.push(Effect::Reply { call, outcome: Outcome::Refused { reason, until } });
        }
    }

    /// Signs the next run, if it is time.
    pub(super) fn write(&mut self, now: Now, out: &mut Outbox) {
        self.author.look(&self.state, &self.settings, now);
        self.refresh_own_bucket(now);
        if self.author.is_checked()
            && self.dial.may_have_news(&self.sessions)
            && self.may_say(now)
            && let Some(draft) = self.dial.node_record(&self.settings, &self.state, &self.sessions, now)
        {
            // A full queue means that it is said at the next turn.
            let _later = self.author.queue(None, vec![draft], Cost::default());
        }
        match self.author.next_run(&self.state, &self.settings) {
            Ok(Some(run)) => {
                let ticket = self.tickets.open(Origin::Sign);
                out.push(Effect::Sign {
                    ticket,
                    incarnation: run.incarnation,
                    tree: run.tree,
                    certificate: run.certificate,
                    drafts: run.drafts,
                });
            }
            Ok(None) => {}
            Err(calls) => {
                let reason = "no certificate of this organisation lists this node's key as one that may write";
                for call in calls {
                    out.push(Effect::Reply { call, outcome: Outcome::Refused { reason: reason.to_owned(), until: 0 } });
                }
            }
        }
    }

    pub(super) fn signed(&mut self, ticket: Ticket, result: Result<Vec<VerifiedEntry>, String>, out: &mut Outbox) {
        let Some(Origin::Sign) = self.tickets.take(ticket) else { return };
        match result {
            Ok(entries) => {
                let own = |entry: &VerifiedEntry| {
                    let log = self.author.log()?;
                    Some(Change::OwnEntry { log, entry: entry.clone() })
                };
                let changes = entries.iter().filter_map(own).collect();
                self.store(Stored::Own { entries }, changes, out);
            }
            Err(cause) => self.not_written(&cause, out),
        }
    }

    fn not_written(&mut self, cause: &str, out: &mut Outbox) {
        for part in self.author.written() {
            if let Some(call) = part.call {
                out.push(Effect::Reply { call, outcome: Outcome::Failed(cause.to_owned()) });
            }
        }
        // What the store holds of the failed run is not known: the next entry opens a new log.
        self.author.abandon();
    }

    /// A run is durable: only now it is shown, gossiped and answered.
    pub(super) fn written(
        &mut self,
        now: Now,
        entries: Vec<VerifiedEntry>,
        result: Result<(), StoreFault>,
        out: &mut Outbox,
    ) {
        if let Err(fault) = result {
            self.not_written(&fault.0, out);
            return;
        }
        let log = self.author.log();
        let mut all_appended = true;
        for entry in &entries {
            all_appended &= self.state.append(entry) == state::Appended::Yes;
        }
        self.charge_own(now, &entries);
        let mut rest = entries.as_slice();
        for part in self.author.written() {
            let (own, others) = rest.split_at_checked(part.count).unwrap_or((rest, &[]));
            rest = others;
            if let Some(call) = part.call {
                out.push(Effect::Reply { call, outcome: Outcome::Published(own.to_vec()) });
            }
        }
        for entry in entries.iter().filter(|_| self.settings.gossip) {
            let small = match entry.payload() {
                Payload::Present(bytes) => bytes.len() <= limits::GOSSIP_PAYLOAD_MAX,
                Payload::Erased | Payload::NotHeld => false,
            };
            if small {
                out.push(Effect::Gossip(Gossip::Entry(entry.into())));
            }
        }
        if let Some(log) = log {
            out.push(Effect::Notice(Notice::Entries { log }));
            if !all_appended {
                // An entry of another writer took the place while this one was being stored.
                self.alarms.key_in_use_twice.insert(log);
                self.author.abandon();
            }
        }
        self.erase_now(out);
        self.membership_changed(out);
    }

    /// Takes what a tool of this node made, makes it durable and tells the others.
    pub(super) fn govern(&mut self, now: Now, call: CallId, batch: DocumentBatch, out: &mut Outbox) {
        let change = self.state.add_documents(batch);
        let gossip = self.settings.gossip.then(|| self.documents_to_gossip(&change)).flatten();
        let changes = document_changes(&change);
        self.documents_changed(now, &change, out);
        self.store(Stored::Govern { call }, changes, out);
        if let Some(gossip) = gossip {
            out.push(Effect::Gossip(gossip));
        }
    }

    /// The objects that changed, with all signatures on them, as far as they fit one message.
    fn documents_to_gossip(&self, change: &state::Change) -> Option<Gossip> {
        let mut ids: Vec<ObjectId> = change.objects.iter().map(DocumentObject::id).collect();
        ids.extend(change.signatures.iter().map(|signature| signature.place().target));
        ids.sort_unstable();
        ids.dedup();
        let mut bytes = 0_usize;
        let mut documents = Vec::new();
        for id in ids {
            let Some(document) = TravellingDocument::of(self.state.documents(), id) else { continue };
            bytes = bytes.saturating_add(document.size());
            if document.size() > limits::GOSSIP_DOCUMENT_MAX || bytes > 2 * limits::GOSSIP_DOCUMENT_MAX {
                return Some(Gossip::DocumentId(id));
            }
            documents.push(document);
        }
        if documents.is_empty() {
            return None;
        }
        BoundedVec::new(documents).ok().map(Gossip::Documents)
    }

    /// What follows when the documents changed.
    pub(super) fn documents_changed(&mut self, now: Now, change: &state::Change, out: &mut Outbox) {
        if change.is_empty() {
            return;
        }
        for session in self.sessions.values_mut() {
            session.docs_seen.clear();
            if session.standing == session::Standing::Member {
                session.docs_untold = true;
                session.tell_at.get_or_insert(now.mono.saturating_add(session::TELL_AFTER));
            }
        }
        if change.governance {
            self.membership_changed(out);
            self.quotas_changed(now);
            self.frontier_again();
            out.push(Effect::Notice(Notice::Standing));
        }
        self.erase_now(out);
    }

    /// Destroys the payloads that must go and are still held.
    pub(super) fn erase_now(&mut self, out: &mut Outbox) {
        let due = self.state.take_newly_erased();
        let changes: Vec<Change> = due.into_iter().map(|(log, seq)| Change::Erase { log, seq }).collect();
        if !changes.is_empty() {
            self.store(Stored::Rest, changes, out);
        }
    }
}

/// What has to be stored of a change.
pub(super) fn document_changes(change: &state::Change) -> Vec<Change> {
    let mut changes: Vec<Change> = change.objects.iter().cloned().map(Change::Document).collect();
    changes.extend(change.signatures.iter().copied().map(Change::Signature));
    changes.extend(
        change.dropped.signatures.iter().map(|(target, id)| Change::ForgetSignature { target: *target, id: *id }),
    );
    changes.extend(change.dropped.objects.iter().copied().map(Change::ForgetDocument));
    changes.extend(change.checkpoint.map(Change::Checkpoint));
    changes
}
