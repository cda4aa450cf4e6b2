//! Who is connected, what it is to this node, and what each says of itself.

use std::collections::BTreeSet;

use crate::bounded::BoundedVec;
use crate::governance::Seat;
use crate::hash::{CertificateId, CharterId, MotionId, OrgId};
use crate::key::PublicKey;
use crate::replica::Replica;
use crate::replica::effect::{Effect, Outbox};
use crate::replica::event::{Checked, Now};
use crate::replica::session::{self, Session, Standing};
use crate::replica::tickets::Asked;
use crate::sync::message::{Answer, Hello, RefusalCode, Reply, Request, VERSION, You};

impl Replica {
    pub(super) fn peer_up(&mut self, now: Now, peer: PublicKey) {
        self.dial.connected(&peer);
        let standing = self.standing_of(&peer);
        let session = Session::new(standing, self.org_of_key(&peer), now.mono);
        self.sessions.insert(peer, session);
    }

    pub(super) fn peer_down(&mut self, now: Now, peer: PublicKey) {
        let session = self.sessions.remove(&peer);
        for asked in self.tickets.forget(&peer) {
            if let Asked::Page { log, .. } = asked {
                self.fetch.page_done(log);
            }
        }
        self.fetch.peer_gone(&peer);
        self.searches.peer_gone(&peer);
        let refused = session.and_then(|session| session.refusal);
        self.dial.disconnected(&self.settings, now, peer, refused);
    }

    fn standing_of(&self, peer: &PublicKey) -> Standing {
        if self.members.contains(peer) { Standing::Member } else { Standing::Guest }
    }

    /// The organisation whose effective certificate lists a key.
    pub fn org_of_key(&self, key: &PublicKey) -> Option<OrgId> {
        let lists = |org: &crate::governance::Organisation| {
            org.effective().is_some_and(|version| version.listed(key.as_bytes()).is_some())
        };
        self.state.governance().members().find(|(_, org)| lists(org)).map(|(id, _)| id)
    }

    /// Tells the gate who is a member, if that changed; a peer that no longer is one is disconnected.
    pub(super) fn membership_changed(&mut self, out: &mut Outbox) {
        let governance = self.state.governance();
        let mut members: BTreeSet<PublicKey> = governance
            .members()
            .filter_map(|(_, org)| org.effective())
            .flat_map(|version| version.keys.iter().map(|listed| listed.key))
            .collect();
        if governance.adoption().adopted().is_none() {
            // Until the chain of charters is verified, the peers that the invitation names are taken for members.
            members.extend(self.settings.known_peers.iter().map(|known| known.peer));
        }
        members.remove(&self.settings.key);
        if members == self.members {
            return;
        }
        let gone: Vec<PublicKey> = self.members.difference(&members).copied().collect();
        self.members = members;
        out.push(Effect::Members(self.members.clone()));
        for peer in gone.into_iter().filter(|peer| self.sessions.contains_key(peer)) {
            out.push(Effect::Disconnect { peer, reason: "no longer a member".to_owned() });
        }
        let orgs: Vec<(PublicKey, Option<OrgId>)> =
            self.sessions.keys().map(|peer| (*peer, self.org_of_key(peer))).collect();
        for (peer, org) in orgs {
            if let Some(session) = self.sessions.get_mut(&peer) {
                session.org = org;
            }
        }
    }

    /// What this node says of itself. A guest learns nothing about what is held.
    pub(super) fn own_hello(&mut self, to: Standing) -> Hello {
        let (docs_root, digest, state_root) = match to {
            Standing::Member => (self.state.docs_root(), self.state.digest(), self.state.state_root()),
            Standing::Guest => ([0; 32], [0; 32], [0; 32]),
        };
        let documents = self.state.documents();
        let own = |version: &&crate::document::certificate::CertificateObject| {
            documents.org_of(version.id()) == Some(self.settings.org)
        };
        let certificate = documents.certificates().filter(own).max_by_key(|version| version.number);
        let adopted = self.state.governance().adoption().adopted();
        let checkpoint = self.state.checkpoint();
        Hello {
            versions: BoundedVec::new(vec![VERSION]).unwrap_or_default(),
            network: self.settings.network,
            org: self.settings.org,
            certificate: certificate.map_or(CertificateId::ZERO, |version| version.id()),
            checkpoint,
            checkpoint_epoch: documents.charter(checkpoint).map_or(0, |charter| charter.epoch),
            adopted: adopted.unwrap_or(CharterId::ZERO),
            docs_root,
            digest,
            state_root,
            boot: self.settings.draw("boot", 0),
        }
    }

    /// Sends the Hellos that are due.
    pub(super) fn greet(&mut self, now: Now, out: &mut Outbox) {
        let due = |session: &Session| session.hello_at.is_some_and(|at| at <= now.mono);
        let peers: Vec<PublicKey> =
            self.sessions.iter().filter(|(_, session)| due(session)).map(|(peer, _)| *peer).collect();
        for peer in peers {
            let Some(session) = self.sessions.get_mut(&peer) else { continue };
            session.hello_at = None;
            let standing = session.standing;
            let hello = self.own_hello(standing);
            self.ask(peer, Asked::Hello, Request::Hello(hello), out);
        }
    }

    /// The answer to a Hello.
    pub(super) fn greeted(&mut self, now: Now, peer: PublicKey, checked: Checked, out: &mut Outbox) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        session.round = session.round.saturating_add(1);
        if !std::mem::take(&mut session.gave_way) {
            session.refusals = 0;
        }
        let next = |every: u64, round: u64| {
            let jitter = self.settings.jitter(every, &peer, round);
            Some(now.mono.saturating_add(every).saturating_add(jitter))
        };
        match checked {
            Checked::Hello { hello, you } => {
                session.refusal = None;
                session.unavailable = 0;
                session.you = Some(you);
                session.hello_at = match you {
                    You::Member => next(session::COMPARE_EVERY, session.round),
                    You::Guest | You::Seated => next(session::GUEST_ASKS_EVERY, session.round),
                };
                if you == You::Seated {
                    // A connection that began as a guest's stays one: a new one is a member's.
                    self.dial.again_at_once(&peer);
                    out.push(Effect::Disconnect { peer, reason: "seated: dialling again as a member".to_owned() });
                }
                self.heard_hello(now, peer, hello);
                if you == You::Member {
                    self.ask_gaps(peer, out);
                }
            }
            Checked::Refused { code, detail } => {
                let pause = match code {
                    RefusalCode::Unavailable => session.wait_for_it(),
                    _ => session::COMPARE_EVERY,
                };
                session.hello_at = next(pause, session.round);
                session.refusal = Some((code, detail));
                if matches!(code, RefusalCode::OtherNetwork | RefusalCode::NoCommonVersion | RefusalCode::Removed) {
                    out.push(Effect::Disconnect { peer, reason: "refused".to_owned() });
                }
            }
            _ => self.strike(peer, "an answer of another kind", out),
        }
    }

    /// Compares the roots of a peer with the own ones.
    fn heard_hello(&mut self, now: Now, peer: PublicKey, hello: Hello) {
        let docs_differ = self.state.docs_root() != hello.docs_root;
        let digest_differs = self.state.digest() != hello.digest;
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        let is_guest = session.standing == Standing::Guest;
        session.hello = Some(hello);
        if is_guest {
            // A guest shows no roots: it is pulled from once for each of its Hellos.
            session.docs_due = true;
        } else if session.you == Some(You::Member) {
            session.docs_due |= docs_differ;
            session.frontier_due |= digest_differs;
            if !docs_differ && !digest_differs && !session.is_busy() {
                self.compared(now, peer);
            }
        }
    }

    /// A peer says Hello.
    pub(super) fn asked_hello(&mut self, peer: PublicKey, hello: Hello) -> Answer {
        if hello.network != self.settings.network {
            let detail = format!("this node is of alliance {}, not {}", self.settings.network, hello.network);
            return Answer::refused(RefusalCode::OtherNetwork, &detail);
        }
        if !hello.versions.contains(&VERSION) {
            return Answer::refused(RefusalCode::NoCommonVersion, "this node speaks version 1 of the messages alone");
        }
        let organisation = self.state.governance().organisation(hello.org);
        if let Some(motion) = organisation.filter(|org| org.seat == Seat::Removed).and_then(|org| org.removed_by) {
            return Answer::refused(RefusalCode::Removed, &motion.to_string());
        }
        let is_member = self.members.contains(&peer);
        let Some(session) = self.sessions.get_mut(&peer) else {
            return Answer::refused(RefusalCode::Unavailable, "the connection is ending");
        };
        let you = match (session.standing, is_member) {
            (Standing::Member, _) => You::Member,
            (Standing::Guest, true) => You::Seated,
            (Standing::Guest, false) => You::Guest,
        };
        let standing = session.standing;
        if standing == Standing::Guest && !is_member && session.docs.is_idle() {
            session.docs_due = true;
        }
        Answer::Ok(Reply::Hello { hello: self.own_hello(standing), you })
    }

    /// The Remove that a removed organisation may ask for.
    pub(super) fn removal_of(&self, org: OrgId) -> Option<MotionId> {
        self.state.governance().organisation(org).and_then(|org| org.removed_by)
    }

    /// A bad answer. Too many, and the peer is disconnected.
    pub(super) fn strike(&mut self, peer: PublicKey, what: &str, out: &mut Outbox) {
        let Some(session) = self.sessions.get_mut(&peer) else { return };
        session.strikes = session.strikes.saturating_add(1);
        if session.strikes >= session::STRIKES_MAX {
            // It is dialled again as late as one that refuses: a new connection alone does not mend it.
            session.refusal = Some((RefusalCode::BadRequest, format!("disconnected: it sends {what}")));
            out.push(Effect::Disconnect { peer, reason: format!("sends what no honest peer sends: {what}") });
        }
    }
}
