//! How a node is, in words: what is missing, because of whom, why, and what to do.
//!
//! One [`Facts`] in, one [`Status`] out, the same for the command, the interface and whoever measures. What can be
//! wrong with the node itself stands in [`own`], what between it and the others in [`others`].

mod attachments;
mod others;
mod own;
#[cfg(test)]
mod tests;

mod quota;

use std::collections::BTreeSet;

use lyceum_protocol::governance::{Seat, Stop};
use lyceum_protocol::hash::{LogId, OrgId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{Now, Replica};
use lyceum_protocol::state::State;
use lyceum_protocol::sync::message::RefusalCode;

use crate::api::shapes::{Peer, Status, Trouble};
use crate::api::{name_of, seat_word};
use crate::attachments::Usage;
use crate::catch_up::CatchUp;
use crate::driver::Links;
use crate::index::IndexStatus;
use crate::network::Addresses;
use crate::network::identity::peer_id_of;
use crate::store::StoreStatus;
use crate::time;
use quota::QuotaFacts;

/// A peer of another organisation, connected or wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerFacts {
    /// Its node key.
    pub key: PublicKey,
    /// Its organisation.
    pub org: OrgId,
    /// What that calls itself.
    pub org_name: String,
    /// For how many milliseconds a connection is up; none if there is none.
    pub connected_for: Option<u64>,
    /// Whether it takes this node for a member; none before it answered.
    pub takes_us_for_member: Option<bool>,
    /// Entries that it holds and this node does not.
    pub behind: u64,
    /// When both were last compared with nothing missing here, on this connection or an earlier one, Unix milliseconds.
    pub last_sync: Option<u64>,
    /// Its refusal.
    pub refusal: Option<(RefusalCode, String)>,
    /// Why it cannot be reached, and for how many milliseconds.
    pub unreachable: Option<(String, u64)>,
}

/// What is known of a node from inside the replica.
#[derive(Debug, Clone)]
pub struct Facts {
    alliance: String,
    alliance_name: Option<String>,
    epoch: Option<u32>,
    stop: Stop,
    org: OrgId,
    org_name: String,
    seat: Seat,
    key: PublicKey,
    entries: u64,
    publications: u64,
    members: u64,
    /// Other organisations with a seat, and what they call themselves.
    other_members: Vec<(OrgId, String)>,
    digest: [u8; 32],
    state_root: [u8; 32],
    gaps: u64,
    forked: usize,
    newest_own: Option<u64>,
    checked: bool,
    waiting: usize,
    key_in_use_twice: BTreeSet<LogId>,
    quota: QuotaFacts,
    peers: Vec<PeerFacts>,
}

/// What is known from outside the replica.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// This moment. The steady clock counts since the node started.
    pub now: Now,
    /// Since when the process runs, Unix milliseconds.
    pub since: u64,
    /// Where it listens and is reached.
    pub addresses: Addresses,
    /// Where HTTP is served.
    pub http: Option<String>,
    /// The disk.
    pub store: StoreStatus,
    /// How far it is with what it lacks.
    pub catching_up: Option<CatchUp>,
    /// How far the search index is.
    pub index: IndexStatus,
    /// Attached files; none where none are kept.
    pub attachments: Option<Usage>,
}

impl PeerFacts {
    /// Whether a connection is up.
    pub const fn is_connected(&self) -> bool {
        self.connected_for.is_some()
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl Facts {
    /// Whether an organisation other than one's own has a seat.
    fn is_member(&self, org: OrgId) -> bool {
        self.other_members.iter().any(|(member, _)| *member == org)
    }

    /// Looks them up; quick but for one pass over what is remembered of every entry.
    pub fn gather(replica: &Replica, links: &Links, now: Now) -> Self {
        let state = replica.state();
        let settings = replica.settings();
        let documents = state.documents();
        let adoption = state.governance().adoption();
        let adopted = adoption.adopted().and_then(|id| documents.charter(id));
        let (mut entries, mut publications, mut gaps, mut newest_own) = (0_u64, 0_u64, 0_u64, None);
        for record in state.records() {
            let good = record.judged().good_len;
            entries = entries.saturating_add(good);
            let shown = record.facts().iter().take(usize::try_from(good).unwrap_or(usize::MAX));
            publications = publications.saturating_add(count(shown.filter(|fact| !fact.kind.is_protocol()).count()));
            gaps = gaps.saturating_add(count(record.gaps().len()));
            if record.log().opening().key == *settings.key.as_bytes() {
                newest_own = newest_own.max(record.facts().iter().map(|fact| fact.time).max());
            }
        }
        let (_, checked, waiting) = replica.writing();
        let others = state.governance().members().map(|(org, _)| org).filter(|org| *org != settings.org);
        Self {
            alliance: settings.network.to_string(),
            alliance_name: adopted.map(|charter| charter.name.as_str().to_owned()),
            epoch: adopted.map(|charter| charter.epoch),
            stop: adoption.stop().clone(),
            org: settings.org,
            org_name: name_of(state, settings.org),
            seat: state.governance().organisation(settings.org).map_or(Seat::None, |organisation| organisation.seat),
            key: settings.key,
            entries,
            publications,
            members: count(state.governance().members().count()),
            other_members: others.map(|org| (org, name_of(state, org))).collect(),
            digest: state.digest(),
            state_root: state.state_root(),
            gaps,
            forked: state.forked_logs().len(),
            newest_own,
            checked,
            waiting,
            key_in_use_twice: replica.alarms().key_in_use_twice.clone(),
            quota: QuotaFacts::gather(replica, now),
            peers: peers(replica, state, links, now.mono),
        }
    }
}

fn peers(replica: &Replica, state: &State, links: &Links, mono: u64) -> Vec<PeerFacts> {
    let own = replica.settings().org;
    let mut keys: BTreeSet<PublicKey> = replica.members().iter().copied().collect();
    keys.extend(replica.settings().known_peers.iter().map(|known| known.peer));
    keys.extend(replica.sessions().keys());
    keys.remove(&replica.settings().key);
    // What waits for a quota is told apart from what a peer is awaited for.
    let len = |log| state.record(log).map_or(0, |record| record.log().len());
    let held = |log| if replica.waits_for_quota(log) { u64::MAX } else { len(log) };
    let facts = |key: PublicKey| {
        let session = replica.sessions().get(&key);
        let said = session.and_then(|session| session.hello.as_ref()).map(|hello| hello.org);
        let org = replica.org_of_key(&key).or(said).unwrap_or(OrgId::ZERO);
        let failing = replica.unreachable().find(|(peer, ..)| **peer == key);
        PeerFacts {
            key,
            org,
            org_name: name_of(state, org),
            connected_for: session.map(|_| mono.saturating_sub(links.up_since(&key).unwrap_or(mono))),
            takes_us_for_member: session
                .and_then(|session| session.you)
                .map(|you| you == lyceum_protocol::sync::message::You::Member),
            behind: session.map_or(0, |session| session.behind(held)),
            last_sync: session.and_then(|session| session.last_sync).or_else(|| links.compared_before(&key)),
            refusal: session.and_then(|session| session.refusal.clone()),
            unreachable: failing.map(|(_, cause, since)| (cause.to_owned(), mono.saturating_sub(since))),
        }
    };
    keys.into_iter().map(facts).filter(|peer| peer.org != own || peer.is_connected()).collect()
}

/// Says how a node is.
pub fn explain(facts: &Facts, around: &Surroundings) -> Status {
    let mut problems = Vec::new();
    own::problems(facts, around, &mut problems);
    others::problems(facts, around, &mut problems);
    let text = |addresses: &[crate::network::Multiaddr]| addresses.iter().map(ToString::to_string).collect();
    Status {
        alliance: facts.alliance.clone(),
        alliance_name: facts.alliance_name.clone(),
        epoch: facts.epoch,
        org: facts.org.to_string(),
        org_name: facts.org_name.clone(),
        seat: seat_word(facts.seat).to_owned(),
        node: peer_id_of(&facts.key).to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        entries: facts.entries,
        publications: facts.publications,
        members: facts.members,
        catching_up: around.catching_up.clone(),
        index: around.index.clone(),
        digest: data_encoding::HEXLOWER.encode(&facts.digest),
        state_root: data_encoding::HEXLOWER.encode(&facts.state_root),
        healthy: problems.is_empty(),
        problems,
        quota: facts.quota.explain(),
        attachments: around.attachments.as_ref().map(attachments::shape).unwrap_or_default(),
        peers: facts.peers.iter().map(peer_shape).collect(),
        listening: text(&around.addresses.listening),
        addresses: text(&around.addresses.external),
        http: around.http.clone(),
        running_since: time::rfc3339(around.since),
    }
}

fn peer_shape(peer: &PeerFacts) -> Peer {
    let refused = peer.refusal.as_ref().map(|(_, detail)| detail.clone());
    Peer {
        node: peer_id_of(&peer.key).to_string(),
        org: peer.org.to_string(),
        org_name: peer.org_name.clone(),
        connected: peer.is_connected(),
        behind_entries: peer.behind,
        last_sync: peer.last_sync.map(time::rfc3339),
        trouble: refused.or_else(|| peer.unreachable.as_ref().map(|(cause, _)| cause.clone())),
    }
}

fn trouble(cause: impl Into<String>, advice: impl Into<String>) -> Trouble {
    Trouble { peer: None, cause: cause.into(), behind_entries: None, advice: advice.into() }
}
