//! Finding what a peer has and this node lacks: bucket hashes, then items, documents before logs (PROTOCOL 4.1).

use crate::bounded::BoundedVec;
use crate::buckets::{Item, bits_for};
use crate::documents::DocumentBatch;
use crate::frontier::{DocsItem, FrontierItem};
use crate::hash::ObjectId;
use crate::key::PublicKey;
use crate::limits;
use crate::replica::Replica;
use crate::replica::effect::Outbox;
use crate::replica::event::{AskFault, Checked, Now};
use crate::replica::publish::document_changes;
use crate::replica::session::{self, Phase, Standing};
use crate::replica::tickets::{Asked, Stored};
use crate::sync::message::{BUCKETS_MAX, Request, Set};

/// How soon a peer is compared with again when a question to it came to nothing.
#[derive(Debug, Clone, Copy)]
enum Retry {
    /// The network failed.
    Soon,
    /// The peer refused, or talks nonsense: later each time.
    Later,
}

impl Replica {
    /// Begins the comparisons that are due.
    pub(super) fn compare(&mut self, out: &mut Outbox) {
        if !self.settings.sync {
            return;
        }
        let due = |session: &session::Session| session.docs_due || session.frontier_due;
        let peers: Vec<PublicKey> =
            self.sessions.iter().filter(|(_, session)| due(session)).map(|(peer, _)| *peer).collect();
        for peer in peers {
            let (docs_items, logs) = (self.state.docs().len(), self.state.frontier().len());
            let Some(session) = self.sessions.get_mut(&peer) else { continue };
            if !session.docs.is_idle() || !session.frontier.is_idle() {
                continue;
            }
            let may_ask = session.is_mutual() || session.standing == Standing::Guest;
            if session.docs_due && may_ask {
                session.docs_due = false;
                session.docs = Phase::Asking;
                // What a guest shows is little: all of it at once.
                let bits = if session.standing == Standing::Guest { 0 } else { bits_for(docs_items) };
                self.begin(peer, Set::Docs, bits, out);
            } else if session.frontier_due && session.is_mutual() {
                session.frontier_due = false;
                session.frontier = Phase::Asking;
                self.begin(peer, Set::Frontier, bits_for(logs), out);
            }
        }
    }

    fn begin(&mut self, peer: PublicKey, set: Set, bits: u8, out: &mut Outbox) {
        if bits == 0 {
            self.ask_items(peer, set, 0, vec![0], None, out);
        } else {
            self.ask(peer, Asked::Digest { set, bits }, Request::Digest { set, bits }, out);
        }
    }

    fn ask_items(
        &mut self,
        peer: PublicKey,
        set: Set,
        bits: u8,
        buckets: Vec<u32>,
        after: Option<[u8; 32]>,
        out: &mut Outbox,
    ) {
        let Ok(bounded) = BoundedVec::<u32, BUCKETS_MAX>::new(buckets.clone()) else { return };
        let request = Request::Items { set, bits, buckets: bounded, after };
        self.ask(peer, Asked::Items { set, bits, buckets }, request, out);
    }

    fn phase_mut(&mut self, peer: &PublicKey, set: Set) -> Option<&mut Phase> {
        let session = self.sessions.get_mut(peer)?;
        Some(match set {
            Set::Docs => &mut session.docs,
            Set::Frontier => &mut session.frontier,
        })
    }

    fn set_idle(&mut self, peer: &PublicKey, set: Set) {
        if let Some(phase) = self.phase_mut(peer, set) {
            *phase = Phase::Idle;
        }
    }

    /// An answer to something that was asked of a peer.
    pub(super) fn took_answer(&mut self, now: Now, peer: PublicKey, asked: Asked, checked: Checked, out: &mut Outbox) {
        match (asked, checked) {
            (Asked::Hello, checked) => self.greeted(now, peer, checked, out),
            (Asked::Digest { set, bits }, Checked::Digest(hashes)) => {
                self.took_digest(now, peer, set, bits, hashes, out)
            }
            (Asked::Items { set: Set::Docs, bits, buckets }, Checked::DocsItems(items, more)) => {
                self.took_docs_items(now, peer, (bits, buckets), &items, more, out);
            }
            (Asked::Items { set: Set::Frontier, bits, buckets }, Checked::FrontierItems(items, more)) => {
                self.took_frontier_items(now, peer, (bits, buckets), &items, more, out);
            }
            (Asked::Docs { ids }, Checked::Docs(batch, more)) => self.took_docs(now, peer, &ids, batch, more, out),
            (Asked::Page { log, from, arrived }, Checked::Entries(entries)) => {
                self.page_over(&peer, arrived);
                self.took_page(now, peer, log, from, entries, out);
            }
            (Asked::Headers { log }, Checked::Headers(headers)) => self.took_headers(peer, log, headers, out),
            (Asked::Proofs, Checked::Proofs(proofs)) => {
                for proof in proofs {
                    self.took_proof_in_quota(now, proof, out);
                }
            }
            (Asked::Payloads { ids }, Checked::Payloads(payloads)) => self.took_payloads(peer, ids, payloads, out),
            (Asked::Changed, Checked::Changed) => {}
            (asked, Checked::Refused { .. }) => self.gave_up(now, peer, asked, Retry::Later),
            (asked, _) => {
                self.gave_up(now, peer, asked, Retry::Later);
                self.strike(peer, "an answer of another kind", out);
            }
        }
    }

    /// There is no answer, or none that can be used.
    pub(super) fn no_answer(&mut self, now: Now, peer: PublicKey, asked: Asked, fault: AskFault, out: &mut Outbox) {
        let is_bad = matches!(fault, AskFault::Bad(_));
        let words = fault.to_string();
        if let Asked::Hello = asked
            && let Some(session) = self.sessions.get_mut(&peer)
        {
            session.hello_at = Some(now.mono.saturating_add(session::RETRY_AFTER));
        }
        self.gave_up(now, peer, asked, if is_bad { Retry::Later } else { Retry::Soon });
        if is_bad {
            self.strike(peer, &words, out);
        }
    }

    /// Frees what was under way, so that the next Hello begins anew.
    fn gave_up(&mut self, now: Now, peer: PublicKey, asked: Asked, retry: Retry) {
        match asked {
            Asked::Digest { set, .. } | Asked::Items { set, .. } => self.set_idle(&peer, set),
            Asked::Docs { .. } => self.set_idle(&peer, Set::Docs),
            Asked::Page { log, arrived, .. } => {
                self.page_over(&peer, arrived);
                self.fetch.page_done(log);
                self.fetch.not_from(&peer, log);
            }
            Asked::Headers { log } => self.searches.end(log, peer),
            // Others are asked in their turn: no reason to compare again at once.
            Asked::Payloads { .. } => return self.gaps_over(&peer),
            Asked::Hello | Asked::Proofs | Asked::Changed => {}
        }
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        let pause = match retry {
            Retry::Soon => session::RETRY_AFTER,
            Retry::Later => session.give_way(),
        };
        let again = now.mono.saturating_add(pause);
        if session.hello_at.is_some_and(|at| at > again) {
            session.hello_at = Some(again);
        }
    }

    fn took_digest(&mut self, now: Now, peer: PublicKey, set: Set, bits: u8, hashes: Vec<[u8; 32]>, out: &mut Outbox) {
        let own = match set {
            Set::Docs => self.state.docs().digest(bits),
            Set::Frontier => self.state.frontier().digest(bits),
        };
        if own.len() != hashes.len() {
            self.set_idle(&peer, set);
            self.strike(peer, "a digest of another length", out);
            return;
        }
        let differ = (0_u32..).zip(own.iter().zip(&hashes)).filter(|(_, (own, theirs))| own != theirs);
        let buckets: Vec<u32> = differ.map(|(bucket, _)| bucket).collect();
        if buckets.is_empty() {
            self.set_idle(&peer, set);
            if set == Set::Frontier {
                self.compared(now, peer);
            }
            return;
        }
        self.ask_items(peer, set, bits, buckets, None, out);
    }

    fn took_docs_items(
        &mut self,
        now: Now,
        peer: PublicKey,
        (bits, buckets): (u8, Vec<u32>),
        items: &[DocsItem],
        more: bool,
        out: &mut Outbox,
    ) {
        let Some(session) = self.sessions.get(&peer) else { return };
        let differs = |item: &&DocsItem| {
            self.state.docs().get(&item.id.0) != Some(*item)
                && session.docs_seen.get(&item.id) != Some(&item.signatures)
        };
        let wanted: Vec<DocsItem> = items.iter().filter(differs).copied().collect();
        let last = items.last().map(Item::id);
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        if !matches!(session.docs, Phase::Pulling { .. }) {
            session.docs = Phase::Pulling { items: Vec::new(), batch: DocumentBatch::default(), bytes: 0 };
        }
        if let Phase::Pulling { items, .. } = &mut session.docs {
            items.extend(wanted);
            // Whoever sends pages that go back is asked in order all the same.
            items.sort_unstable_by_key(|item| item.id);
            items.dedup_by_key(|item| item.id);
        }
        if more && last.is_some() {
            self.ask_items(peer, Set::Docs, bits, buckets, last, out);
        } else {
            self.pull_docs(now, peer, out);
        }
    }

    /// Asks for the next documents, or takes all that came as one.
    fn pull_docs(&mut self, now: Now, peer: PublicKey, out: &mut Outbox) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        let Phase::Pulling { items, batch, bytes } = &mut session.docs else { return };
        let bound = match session.standing {
            Standing::Guest => session::GUEST_BYTES_MAX,
            Standing::Member => session::DOCS_BYTES_MAX,
        };
        let next: Vec<ObjectId> = items.iter().take(limits::DOCS_IDS_MAX).map(|item| item.id).collect();
        if next.is_empty() || *bytes > bound {
            let batch = std::mem::take(batch);
            session.docs = Phase::Idle;
            self.take_documents(now, batch, out);
            return;
        }
        if let Ok(bounded) = BoundedVec::new(next.clone()) {
            self.ask(peer, Asked::Docs { ids: next }, Request::Docs { ids: bounded }, out);
        }
    }

    fn took_docs(
        &mut self,
        now: Now,
        peer: PublicKey,
        asked: &[ObjectId],
        came: DocumentBatch,
        more: bool,
        out: &mut Outbox,
    ) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        let Phase::Pulling { items, batch, bytes } = &mut session.docs else { return };
        let last = came.objects.last().map(crate::documents::DocumentObject::id);
        let answered = match (more, last) {
            // A page that ends before the ids do is gone on with behind its last document.
            (true, Some(last)) => {
                asked.iter().position(|id| *id == last).map_or(asked.len(), |at| at.saturating_add(1))
            }
            (true, None) | (false, _) => asked.len(),
        };
        // Only what was answered counts as seen: a request that was lost is made again.
        let answered = items.drain(..answered.min(items.len()));
        session.docs_seen.extend(answered.map(|item| (item.id, item.signatures)));
        *bytes = bytes.saturating_add(came.objects.iter().map(object_size).sum::<usize>());
        *bytes = bytes.saturating_add(came.signatures.len().saturating_mul(limits::TRAVELLING_SIGNATURE));
        batch.objects.extend(came.objects);
        batch.signatures.extend(came.signatures);
        self.pull_docs(now, peer, out);
    }

    /// Takes documents of peers: the bounds on the whole, then everything that follows.
    pub(super) fn take_documents(&mut self, now: Now, batch: DocumentBatch, out: &mut Outbox) -> bool {
        if batch.objects.is_empty() && batch.signatures.is_empty() {
            return false;
        }
        let change = self.state.add_documents(batch);
        if change.is_empty() {
            return false;
        }
        let changes = document_changes(&change);
        if !changes.is_empty() {
            self.store(Stored::Rest, changes, out);
        }
        let is_new = !change.objects.is_empty() || !change.signatures.is_empty();
        self.documents_changed(now, &change, out);
        is_new
    }

    /// Logs that were refused may be wanted now: every peer is compared with again.
    pub(super) fn frontier_again(&mut self) {
        for session in self.sessions.values_mut().filter(|session| session.hello.is_some()) {
            session.frontier_due = true;
        }
    }

    fn took_frontier_items(
        &mut self,
        now: Now,
        peer: PublicKey,
        (bits, buckets): (u8, Vec<u32>),
        items: &[FrontierItem],
        more: bool,
        out: &mut Outbox,
    ) {
        self.consider_all(peer, items, out);
        match items.last().filter(|_| more) {
            Some(last) => self.ask_items(peer, Set::Frontier, bits, buckets, Some(last.log.0), out),
            None => {
                self.set_idle(&peer, Set::Frontier);
                self.compared(now, peer);
            }
        }
    }
}

fn object_size(object: &crate::documents::DocumentObject) -> usize {
    use crate::documents::DocumentObject;
    match object {
        DocumentObject::Certificate(object) => object.bytes().len(),
        DocumentObject::Charter(object) => object.bytes().len().saturating_add(object.lists_bytes().len()),
        DocumentObject::Motion(object) => object.bytes().len(),
    }
}
