//! What replicas ask for, done by a simulated world: connections, messages, disks, signatures.

use std::rc::Rc;

use lyceum_protocol::entry::{Draft, Place, VerifiedEntry};
use lyceum_protocol::hash::{CertificateId, TreeHead, sha256};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::event::Ticket;
use lyceum_protocol::replica::{AskFault, CallId, Effect, Event, OfferId, Outcome, StoreFault, Verdict};
use lyceum_protocol::sync::message::{Answer, Gossip, Request};
use lyceum_protocol::sync::order;

use super::faults::Character;
use super::network::LinkId;
use super::world::{Call, Happening, Message, Offer, Sent, World, address};

/// After so long a request counts as lost.
const ASK_TIMEOUT: u64 = 10_000;
/// To so many peers a node passes a message on.
const FANOUT: usize = 4;

impl World {
    pub(super) fn effect(&mut self, at: usize, effect: Effect) {
        match effect {
            Effect::Store { ticket, batch } => {
                let delay = self.random.between(1, self.configuration.disk);
                let node = &mut self.nodes[at];
                node.disk.write(ticket, batch);
                node.disk_free = node.disk_free.max(self.time) + delay;
                let (time, boot) = (node.disk_free, node.boot);
                self.schedule(time, at, Happening::Flush { boot });
            }
            Effect::Load { ticket, load } => {
                let (time, boot) = (self.time + self.random.between(0, 3), self.nodes[at].boot);
                self.schedule(time, at, Happening::Load { boot, ticket, load });
            }
            Effect::Sign { ticket, incarnation, tree, certificate, drafts } => {
                let result = self.sign(at, incarnation, tree, certificate, &drafts);
                self.later(at, 1, Event::Signed { ticket, result });
            }
            Effect::Ask { ticket, peer, request } => self.ask(at, ticket, peer, request),
            Effect::Answer { call, answer } => self.answer(at, call, answer),
            Effect::Verdict { offer, verdict } => self.verdict(at, offer, verdict),
            Effect::Reply { outcome, .. } => self.replied(at, outcome),
            Effect::Gossip(gossip) => self.gossip(at, gossip),
            Effect::Dial { peer, addresses } => self.dial(at, &peer, &addresses),
            Effect::Disconnect { peer, .. } => {
                if let Some(to) = self.by_key.get(&peer).copied() {
                    self.hang_up(at, to);
                }
            }
            Effect::Members(members) => self.gate(at, members),
            Effect::Notice(_) => {}
        }
    }

    fn sign(
        &mut self,
        at: usize,
        incarnation: u64,
        mut tree: Tree,
        certificate: CertificateId,
        drafts: &[Draft],
    ) -> Result<Vec<VerifiedEntry>, String> {
        let mut entries = Vec::new();
        for draft in drafts {
            let history = if tree.is_empty() { TreeHead(certificate.0) } else { tree.head() };
            let place = Place { incarnation, seq: tree.len(), history };
            let entry = draft.sign(self.alliance.network, &self.people[at].node, place);
            let entry = entry.map_err(|fault| fault.to_string())?;
            tree.push(&entry.id());
            entries.push(entry);
        }
        self.note(at, "sign", at, tree.len());
        Ok(entries)
    }

    pub(super) fn flush(&mut self, at: usize) {
        let Some((ticket, result)) = self.nodes[at].disk.flush() else { return };
        let result = match result {
            Ok(own) => {
                if self.nodes[at].is_honest() {
                    for entry in &own {
                        if let Err(promise) = self.ledger.shown(at, entry) {
                            self.break_promise(promise);
                        }
                    }
                }
                Ok(())
            }
            Err(fault) => {
                self.break_promise(format!("node {at} asks its store for what makes no sense: {fault}"));
                Err(StoreFault(fault))
            }
        };
        self.note(at, "stored", at, ticket.0);
        self.turn(at, Event::Stored { ticket, result });
    }

    fn replied(&mut self, at: usize, outcome: Outcome) {
        match outcome {
            Outcome::Published(entries) => {
                for entry in entries {
                    let node = &self.nodes[at];
                    let place = node.replica.as_ref().and_then(|replica| replica.state().place(&entry.id()));
                    match place.filter(|(log, seq)| node.disk.holds(*log, *seq, entry.id())) {
                        Some((log, seq)) => self.ledger.acknowledged(at, log, seq, entry.id()),
                        None => self.break_promise(format!("node {at} acknowledges an entry that is not durable")),
                    }
                }
                if self.nodes[at].character == Character::Floods {
                    self.flood_on(at, false);
                }
            }
            Outcome::Taken => {}
            Outcome::Refused { .. } if self.nodes[at].character == Character::Floods => self.flood_on(at, true),
            Outcome::Refused { reason, .. } => self.break_promise(format!("node {at} refuses a call: {reason}")),
            Outcome::Failed(reason) => self.break_promise(format!("node {at} fails a call: {reason}")),
        }
    }

    // ---- connections ----

    fn gate(&mut self, at: usize, members: std::collections::BTreeSet<PublicKey>) {
        let before = std::mem::replace(&mut self.nodes[at].gate, members);
        let peers: Vec<usize> = self.nodes[at].up.keys().copied().collect();
        for peer in peers {
            let key = self.key(peer);
            if before.contains(&key) != self.nodes[at].gate.contains(&key) {
                self.hang_up(at, peer);
            }
        }
    }

    /// A node ends its connection with another one.
    fn hang_up(&mut self, at: usize, to: usize) {
        let Some(link) = self.nodes[at].up.get(&to).copied() else { return };
        if self.network.close(at, to, link) {
            self.note(at, "hang up", to, 0);
            self.schedule(self.time, at, Happening::Down { peer: to, link });
            let delay = self.delay(at, to);
            self.schedule(self.time + delay, to, Happening::Down { peer: at, link });
        }
    }

    fn dial(&mut self, at: usize, peer: &PublicKey, addresses: &[String]) {
        let target = self.by_key.get(peer).copied();
        let boot = self.nodes[at].boot;
        match target.filter(|to| addresses.contains(&address(*to))) {
            Some(to) if !self.network.is_cut(at, to) && !self.network.is_cut(to, at) => {
                let delay = self.delay(at, to);
                self.schedule(self.time + delay, to, Happening::DialArrives { from: at, boot });
            }
            _ => self.later(at, 5_000, Event::DialFailed { peer: *peer, cause: "no route".to_owned() }),
        }
        self.note(at, "dial", target.unwrap_or(at), 0);
    }

    pub(super) fn dial_arrives(&mut self, from: usize, at: usize, boot: u64) {
        if self.nodes[from].boot != boot {
            return;
        }
        let peer = self.key(at);
        let link = if self.nodes[at].replica.is_some() { self.network.connect(from, at) } else { None };
        let Some(link) = link else {
            return self.later(from, 20, Event::DialFailed { peer, cause: "refused".to_owned() });
        };
        self.schedule(self.time, at, Happening::Up { peer: from, link, dialled: false });
        let delay = self.delay(at, from);
        self.schedule(self.time + delay, from, Happening::Up { peer: at, link, dialled: true });
    }

    pub(super) fn up(&mut self, at: usize, peer: usize, link: LinkId, dialled: bool) {
        if self.nodes[at].replica.is_none() {
            return;
        }
        let key = self.key(peer);
        if self.network.link(at, peer) == Some(link) {
            self.nodes[at].up.insert(peer, link);
            self.note(at, "up", peer, link.0);
            self.turn(at, Event::PeerUp { peer: key });
        } else if dialled {
            self.turn(at, Event::DialFailed { peer: key, cause: "closed at once".to_owned() });
        }
    }

    pub(super) fn down(&mut self, at: usize, peer: usize, link: LinkId) {
        if self.nodes[at].up.get(&peer) != Some(&link) {
            return;
        }
        self.nodes[at].up.remove(&peer);
        self.note(at, "down", peer, link.0);
        let lost: Vec<Ticket> =
            self.nodes[at].asks.iter().filter(|(_, to)| **to == peer).map(|(ticket, _)| *ticket).collect();
        let says_so = self.random.chance(50);
        for ticket in lost {
            self.nodes[at].asks.remove(&ticket);
            if says_so {
                self.turn(at, Event::Answered { ticket, result: Err(AskFault::Lost("closed".to_owned())) });
            }
        }
        let peer = self.key(peer);
        self.turn(at, Event::PeerDown { peer });
    }

    // ---- messages ----

    /// How long a message takes.
    pub(super) fn delay(&mut self, from: usize, to: usize) -> u64 {
        let base = self.random.between(2, 40);
        let jitter = if self.quiet { 0 } else { self.random.below(self.configuration.jitter + 1) };
        let delay = base + jitter + self.nodes[from].slowness + self.nodes[to].slowness;
        let last = self.arrivals.entry((from, to)).or_default();
        if self.time + delay < *last {
            self.ledger.met("messages that overtook others");
        }
        *last = (*last).max(self.time + delay);
        delay
    }

    /// Whether a message is lost on its way.
    fn is_lost(&mut self, from: usize, to: usize) -> bool {
        let cut = self.network.is_cut(from, to);
        let lost = cut || (!self.quiet && self.random.chance(self.configuration.loss));
        if lost {
            self.ledger.met(if cut { "messages that a partition ended" } else { "messages lost" });
        }
        lost
    }

    /// Whether it arrives twice.
    fn is_doubled(&mut self) -> bool {
        let doubled = !self.quiet && self.random.chance(self.configuration.duplicates);
        if doubled {
            self.ledger.met("messages that arrived twice");
        }
        doubled
    }

    fn ask(&mut self, at: usize, ticket: Ticket, peer: PublicKey, request: Request) {
        let boot = self.nodes[at].boot;
        let linked = self.by_key.get(&peer).and_then(|to| Some((*to, *self.nodes[at].up.get(to)?)));
        let Some((to, link)) = linked else {
            return self.later(
                at,
                1,
                Event::Answered { ticket, result: Err(AskFault::Lost("not connected".to_owned())) },
            );
        };
        if let Err(fault) = order::request(&request) {
            self.break_promise(format!("node {at} asks out of order: {fault}"));
        }
        self.ledger.asked(&request);
        self.note(at, request.name(), to, ticket.0);
        self.nodes[at].asks.insert(ticket, to);
        self.schedule(self.time + ASK_TIMEOUT, at, Happening::TimedOut { boot, ticket });
        if self.is_lost(at, to) {
            return;
        }
        if self.is_doubled() {
            let delay = self.delay(at, to);
            let request = request.clone();
            self.schedule(self.time + delay, to, Happening::Request { from: at, link, ticket, request });
        }
        let delay = self.delay(at, to);
        self.schedule(self.time + delay, to, Happening::Request { from: at, link, ticket, request });
    }

    pub(super) fn request_arrives(&mut self, at: usize, from: usize, link: LinkId, ticket: Ticket, request: Request) {
        if self.nodes[at].up.get(&from) != Some(&link) {
            return;
        }
        self.next_call += 1;
        let call = CallId(self.next_call);
        let kept = (!self.nodes[at].is_honest()).then(|| request.clone());
        self.calls.insert((at, call), Call { from, link, ticket, request: kept });
        let peer = self.key(from);
        self.turn(at, Event::Asked { call, peer, request });
    }

    fn answer(&mut self, at: usize, call: CallId, answer: Answer) {
        let Some(Call { from, link, ticket, request }) = self.calls.remove(&(at, call)) else {
            return self.break_promise(format!("node {at} answers a call twice, or one that nobody made"));
        };
        let sent = match request {
            Some(request) => self.bend_answer(at, from, &request, answer),
            None => {
                if self.random.chance(2) && Answer::read(&answer.to_bytes()) != Ok(answer.clone()) {
                    self.break_promise(format!("node {at} gives an answer that does not survive its encoding"));
                }
                Sent::Answer(answer)
            }
        };
        if self.is_lost(at, from) {
            return;
        }
        if self.is_doubled() {
            let delay = self.delay(at, from);
            self.schedule(self.time + delay, from, Happening::Answer { from: at, link, ticket, sent: sent.clone() });
        }
        let delay = self.delay(at, from);
        self.schedule(self.time + delay, from, Happening::Answer { from: at, link, ticket, sent });
    }

    pub(super) fn answer_arrives(&mut self, at: usize, from: usize, link: LinkId, ticket: Ticket, sent: Sent) {
        if self.nodes[at].up.get(&from) != Some(&link) || self.nodes[at].asks.get(&ticket) != Some(&from) {
            return;
        }
        self.nodes[at].asks.remove(&ticket);
        let result = match sent {
            Sent::Answer(answer) => self.checker.answer(answer),
            Sent::Garbage => Err(AskFault::Bad("bytes that are no answer".to_owned())),
        };
        if let Err(AskFault::Bad(cause)) = &result {
            self.ledger.met("bad answers");
            if self.nodes[from].is_honest() {
                self.break_promise(format!("node {at} finds an answer of the honest node {from} bad: {cause}"));
            }
        }
        self.note(at, "answered", from, ticket.0);
        self.turn(at, Event::Arrived { ticket });
        self.turn(at, Event::Answered { ticket, result });
    }

    // ---- gossip ----

    pub(super) fn message(&mut self, gossip: &Gossip) -> Rc<Message> {
        let [a, b, c, d, e, f, g, h, ..] = sha256(&[&gossip.to_bytes()]);
        let heard = self.checker.heard(gossip);
        Rc::new(Message { id: u64::from_le_bytes([a, b, c, d, e, f, g, h]), heard })
    }

    fn gossip(&mut self, at: usize, gossip: Gossip) {
        if self.nodes[at].character != Character::Honest && self.bend_gossip(at, &gossip) {
            return;
        }
        let message = self.message(&gossip);
        self.nodes[at].seen.insert(message.id);
        self.spread(at, None, &message);
    }

    /// Members that a node may pass messages to.
    pub(super) fn mesh(&self, at: usize) -> Vec<usize> {
        let own = self.key(at);
        let mutual =
            |peer: &usize| self.nodes[at].gate.contains(&self.key(*peer)) && self.nodes[*peer].gate.contains(&own);
        self.nodes[at].up.keys().copied().filter(mutual).collect()
    }

    fn spread(&mut self, at: usize, except: Option<usize>, message: &Rc<Message>) {
        let mut peers = self.mesh(at);
        peers.retain(|peer| Some(*peer) != except);
        self.random.shuffle(&mut peers);
        for peer in peers.into_iter().take(FANOUT) {
            self.pass(at, peer, message);
        }
    }

    /// Sends one message to one peer.
    pub(super) fn pass(&mut self, at: usize, to: usize, message: &Rc<Message>) {
        let Some(link) = self.nodes[at].up.get(&to).copied() else { return };
        if self.is_lost(at, to) {
            return;
        }
        if self.is_doubled() {
            let delay = self.delay(at, to);
            let message = Rc::clone(message);
            self.schedule(self.time + delay, to, Happening::Gossip { from: at, link, message, again: true });
        }
        let delay = self.delay(at, to);
        let message = Rc::clone(message);
        self.schedule(self.time + delay, to, Happening::Gossip { from: at, link, message, again: false });
    }

    pub(super) fn gossip_arrives(&mut self, at: usize, from: usize, link: LinkId, message: Rc<Message>, again: bool) {
        let node = &mut self.nodes[at];
        if node.up.get(&from) != Some(&link) || (!node.seen.insert(message.id) && !again) {
            return;
        }
        if !self.nodes[at].gate.contains(&self.key(from)) {
            return;
        }
        self.next_call += 1;
        let (offer, heard) = (OfferId(self.next_call), message.heard.clone());
        self.note(at, "gossip", from, message.id >> 48);
        self.offers.insert((at, offer.0), Offer { from, message });
        let peer = self.key(from);
        self.turn(at, Event::Gossiped { offer, peer, heard });
    }

    fn verdict(&mut self, at: usize, offer: OfferId, verdict: Verdict) {
        let Some(Offer { from, message }) = self.offers.remove(&(at, offer.0)) else {
            return self.break_promise(format!("node {at} judges an offer twice"));
        };
        match verdict {
            Verdict::Accept => self.spread(at, Some(from), &message),
            Verdict::Ignore => {}
            Verdict::Reject => {
                self.ledger.met("gossip rejected");
                // Nobody passes on what it has not judged: whoever sent it made it.
                if self.nodes[from].is_honest() {
                    self.break_promise(format!("node {at} rejects what the honest node {from} passed on"));
                }
            }
        }
    }
}
