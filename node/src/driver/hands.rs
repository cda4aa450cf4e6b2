//! Starts each effect where it belongs. Waits for nothing: results come back to the driver as events.

use std::sync::Arc;
use std::time::Duration;

use lyceum_protocol::entry::{Draft, Place, VerifiedEntry};
use lyceum_protocol::hash::{CertificateId, NetworkId, TreeHead};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::{PublicKey, SecretKey};
use lyceum_protocol::replica::{
    AskFault, CallId, Effect, Event, Heard, Load, Loaded, Notice, OfferId, Outcome, StoreFault, Ticket,
};
use lyceum_protocol::sync::message::{Answer, Gossip, Request};
use tokio::sync::{broadcast, mpsc};

use super::PEER_CALL;
use crate::network::identity::peer_id_of;
use crate::network::{Multiaddr, Network, Topic};
use crate::store::{LogStore, Store, Writer};
use crate::verify::Verifier;

/// How long an answer that fits one packet may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long a page may take.
const PAGE_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Hands {
    pub(super) network: Network,
    pub(super) network_id: NetworkId,
    pub(super) secret: Arc<SecretKey>,
    pub(super) store: Arc<Store>,
    pub(super) writer: Writer,
    pub(super) verifier: Verifier,
    pub(super) answers: mpsc::UnboundedSender<Event>,
    pub(super) notices: broadcast::Sender<Notice>,
}

impl Hands {
    /// Starts an effect; a reply to a caller on this node is handed back.
    pub(super) fn start(&self, effect: Effect) -> Option<(CallId, Outcome)> {
        match effect {
            Effect::Reply { call, outcome } => return Some((call, outcome)),
            Effect::Store { ticket, batch } => {
                let answers = self.answers.clone();
                self.writer.submit(batch, move |result| tell(&answers, Event::Stored { ticket, result }));
            }
            Effect::Load { ticket, load } => self.load(ticket, load),
            Effect::Sign { ticket, incarnation, tree, certificate, drafts } => {
                self.sign(ticket, incarnation, tree, certificate, drafts);
            }
            Effect::Ask { ticket, peer, request } => self.ask(ticket, peer, &request),
            Effect::Answer { call, answer } => self.answer(call.0 & !PEER_CALL, answer),
            Effect::Verdict { offer, verdict } => self.hint(self.network.verdict(offer.0, verdict)),
            Effect::Gossip(message) => {
                let topic = match &message {
                    Gossip::Entry(_) => Topic::Entry,
                    Gossip::Documents(_) | Gossip::DocumentId(_) => Topic::Doc,
                    Gossip::Proof(_) => Topic::Proof,
                };
                self.hint(self.network.gossip(topic, message.to_bytes()));
            }
            Effect::Dial { peer, addresses } => {
                let parsed: Vec<Multiaddr> = addresses.iter().filter_map(|address| address.parse().ok()).collect();
                if parsed.is_empty() || self.network.dial(peer, parsed).is_err() {
                    let cause = "none of its addresses can be dialled".to_owned();
                    tell(&self.answers, Event::DialFailed { peer, cause });
                }
            }
            Effect::Disconnect { peer, reason } => {
                tracing::info!(peer = %peer_id_of(&peer), reason, "disconnecting");
                self.hint(self.network.disconnect(peer, reason));
            }
            Effect::Members(members) => self.network.set_members(members),
            // Nobody may be listening.
            Effect::Notice(notice) => drop(self.notices.send(notice)),
        }
        None
    }

    /// Something that may be lost: anti-entropy repairs it.
    fn hint(&self, result: Result<(), crate::network::Refused>) {
        if let Err(cause) = result {
            tracing::debug!(%cause, "not handed to the network");
        }
    }

    fn load(&self, ticket: Ticket, load: Load) {
        let (store, answers) = (self.store.clone(), self.answers.clone());
        tokio::task::spawn_blocking(move || {
            let result = read(&*store, load).map(Loaded::Entries);
            tell(&answers, Event::Loaded { ticket, result });
        });
    }

    fn sign(&self, ticket: Ticket, incarnation: u64, tree: Tree, certificate: CertificateId, drafts: Vec<Draft>) {
        let (secret, network, answers) = (self.secret.clone(), self.network_id, self.answers.clone());
        tokio::task::spawn_blocking(move || {
            let result = sign_run(network, &secret, incarnation, tree, certificate, &drafts);
            tell(&answers, Event::Signed { ticket, result });
        });
    }

    fn ask(&self, ticket: Ticket, peer: PublicKey, request: &Request) {
        let within = match request {
            Request::Entries { .. } | Request::Docs { .. } | Request::Payloads { .. } => PAGE_WITHIN,
            _ => ANSWER_WITHIN,
        };
        if let Err(cause) = self.network.ask(ticket.0, peer, request.to_bytes(), within) {
            tell(&self.answers, Event::Answered { ticket, result: Err(AskFault::Lost(cause.to_string())) });
        }
    }

    /// Sends an answer; a page is a megabyte to encode, so that is done elsewhere.
    pub(super) fn answer(&self, call: u64, answer: Answer) {
        let network = self.network.clone();
        rayon::spawn(move || {
            if let Err(cause) = network.answer(call, answer.to_bytes()) {
                tracing::debug!(%cause, "an answer was not handed to the network");
            }
        });
    }

    pub(super) fn check_answer(&self, ticket: Ticket, result: Result<Vec<u8>, AskFault>) {
        let (verifier, answers) = (self.verifier.clone(), self.answers.clone());
        rayon::spawn(move || {
            let result = result.and_then(|bytes| verifier.answer(&bytes));
            tell(&answers, Event::Answered { ticket, result });
        });
    }

    pub(super) fn check_gossip(&self, offer: OfferId, peer: PublicKey, bytes: Vec<u8>) {
        let (verifier, answers) = (self.verifier.clone(), self.answers.clone());
        rayon::spawn(move || {
            let heard = verifier.gossip(&bytes);
            if let Heard::Bad(cause) = &heard {
                tracing::warn!(peer = %peer_id_of(&peer), cause, "bad gossip");
            }
            tell(&answers, Event::Gossiped { offer, peer, heard });
        });
    }
}

fn tell(answers: &mpsc::UnboundedSender<Event>, event: Event) {
    // A driver that has stopped needs no answers.
    let _stopped = answers.send(event);
}

fn read(store: &impl LogStore, load: Load) -> Result<Vec<VerifiedEntry>, StoreFault> {
    match load {
        Load::Entries { log, from, until, max_bytes } => {
            store.entries(log, from, until, usize::try_from(max_bytes).unwrap_or(usize::MAX))
        }
        Load::Some { places } => {
            let entries = places.into_iter().map(|(log, seq)| store.entry(log, seq));
            Ok(entries.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        }
    }
}

/// Signs drafts for consecutive places.
fn sign_run(
    network: NetworkId,
    secret: &SecretKey,
    incarnation: u64,
    mut tree: Tree,
    certificate: CertificateId,
    drafts: &[Draft],
) -> Result<Vec<VerifiedEntry>, String> {
    let mut entries = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let history = if tree.is_empty() { TreeHead(certificate.0) } else { tree.head() };
        let place = Place { incarnation, seq: tree.len(), history };
        let entry = draft.sign(network, secret, place).map_err(|fault| fault.to_string())?;
        tree.push(&entry.id());
        entries.push(entry);
    }
    Ok(entries)
}
