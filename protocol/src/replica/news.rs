//! What peers tell each other between two comparisons, and fork proofs, which are always news.

use std::collections::BTreeSet;

use crate::bounded::BoundedVec;
use crate::fork::VerifiedForkProof;
use crate::frontier::FrontierItem;
use crate::hash::LogId;
use crate::key::PublicKey;
use crate::limits;
use crate::replica::Replica;
use crate::replica::effect::{Change, Effect, Outbox};
use crate::replica::event::Now;
use crate::replica::session;
use crate::replica::tickets::{Asked, Stored};
use crate::sync::message::{Gossip, Request};

impl Replica {
    /// Tells the news that are due.
    pub(super) fn tell(&mut self, now: Now, out: &mut Outbox) {
        let due = |session: &session::Session| session.tell_at.is_some_and(|at| at <= now.mono) && session.is_mutual();
        let peers: Vec<PublicKey> =
            self.sessions.iter().filter(|(_, session)| due(session)).map(|(peer, _)| *peer).collect();
        for peer in peers {
            let docs_root = self.state.docs_root();
            let Some(session) = self.sessions.get_mut(&peer) else { continue };
            session.tell_at = None;
            session.docs_untold = false;
            let untold: Vec<LogId> = std::mem::take(&mut session.untold).into_iter().collect();
            let items: Vec<FrontierItem> =
                untold.iter().filter_map(|log| self.state.frontier().get(&log.0)).copied().collect();
            for items in chunks(&items) {
                if let Ok(items) = BoundedVec::new(items.to_vec()) {
                    self.ask(peer, Asked::Changed, Request::Changed { items, docs_root }, out);
                }
            }
        }
    }

    /// A peer tells news.
    pub(super) fn heard_news(
        &mut self,
        peer: PublicKey,
        items: &[FrontierItem],
        docs_root: [u8; 32],
        out: &mut Outbox,
    ) {
        let docs_differ = self.state.docs_root() != docs_root;
        if let Some(session) = self.sessions.get_mut(&peer) {
            session.docs_due |= docs_differ;
            if !session.is_mutual() {
                return;
            }
        }
        self.consider_all(peer, items, out);
    }

    /// Takes a proof that a log forks; whether it was news.
    pub(super) fn took_proof(&mut self, proof: VerifiedForkProof, out: &mut Outbox) -> bool {
        let is_own = proof.key() == &self.settings.key;
        let before: BTreeSet<LogId> = self.state.forked_logs();
        if !self.state.add_proof(proof.clone()) {
            return false;
        }
        let Some(log) = self.state.log_of_proof(&proof) else { return false };
        self.store(Stored::Rest, vec![Change::Fork { log, proof: proof.clone() }], out);
        if is_own {
            self.alarms.key_in_use_twice.insert(log);
            if self.author.log() == Some(log) {
                self.author.abandon();
            }
        }
        if self.settings.gossip && !before.contains(&log) {
            // Only the first proof of a log is gossiped: a lower one travels by anti-entropy.
            out.push(Effect::Gossip(Gossip::Proof(proof.proof().clone())));
        }
        true
    }
}

/// At least one chunk: documents may be the only news.
fn chunks(items: &[FrontierItem]) -> Vec<&[FrontierItem]> {
    if items.is_empty() { vec![items] } else { items.chunks(limits::CHANGED_MAX).collect() }
}
