//! How a node is, in words: what is missing, because of whom, why, and what to do.
//!
//! One [`Facts`] in, one [`Status`] out, the same for the command, the interface and whoever measures.

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
use crate::network::Addresses;
use crate::network::identity::peer_id_of;
use crate::store::StoreStatus;
use crate::time;
use quota::QuotaFacts;

/// When this program was built, Unix milliseconds: no true clock stands before it.
const BUILT: u64 = build_time();
/// How far behind one's own newest entry a clock may stand without being told, in milliseconds.
const CLOCK_BEHIND: u64 = 10 * 60 * 1_000;
/// How long a node may look for its peers before that is a problem, in milliseconds.
const GRACE: u64 = 20_000;
/// Bytes that stay free on the disk.
const DISK_RESERVE: u64 = 64 * 1024 * 1024;

const fn build_time() -> u64 {
    let mut seconds = 0_u64;
    let mut digits = env!("LYCEUM_BUILD_SECONDS").as_bytes();
    while let [digit, rest @ ..] = digits {
        seconds = seconds.wrapping_mul(10).wrapping_add((*digit).wrapping_sub(b'0') as u64);
        digits = rest;
    }
    seconds.wrapping_mul(1_000)
}

/// A peer of another organisation, connected or wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerFacts {
    /// Its node key.
    pub key: PublicKey,
    /// Its organisation.
    pub org: OrgId,
    /// What that calls itself.
    pub org_name: String,
    /// Whether a connection is up.
    pub connected: bool,
    /// Whether it takes this node for a member; none before it answered.
    pub takes_us_for_member: Option<bool>,
    /// Entries that it holds and this node does not.
    pub behind: u64,
    /// When both were last compared with nothing missing here, Unix milliseconds.
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
    other_members: usize,
    digest: [u8; 32],
    state_root: [u8; 32],
    gaps: u64,
    forked: usize,
    newest_own: Option<u64>,
    checked: bool,
    waiting: usize,
    key_in_use_twice: BTreeSet<LogId>,
    store_alarm: Option<String>,
    quota: QuotaFacts,
    peers: Vec<PeerFacts>,
}

/// What is known from outside the replica.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The wall clock, Unix milliseconds.
    pub now: u64,
    /// Since when the process runs, Unix milliseconds.
    pub since: u64,
    /// The steady clock of the replica, milliseconds.
    pub mono: u64,
    /// Where it listens and is reached.
    pub addresses: Addresses,
    /// Where HTTP is served.
    pub http: Option<String>,
    /// The disk.
    pub store: StoreStatus,
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl Facts {
    /// Looks them up; quick but for one pass over what is remembered of every entry.
    pub fn gather(replica: &Replica, now: Now) -> Self {
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
        let others = state.governance().members().filter(|(org, _)| *org != settings.org).count();
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
            other_members: others,
            digest: state.digest(),
            state_root: state.state_root(),
            gaps,
            forked: state.forked_logs().len(),
            newest_own,
            checked,
            waiting,
            key_in_use_twice: replica.alarms().key_in_use_twice.clone(),
            store_alarm: replica.alarms().store.clone(),
            quota: QuotaFacts::gather(replica, now),
            peers: peers(replica, state, now.mono),
        }
    }
}

fn peers(replica: &Replica, state: &State, mono: u64) -> Vec<PeerFacts> {
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
            connected: session.is_some(),
            takes_us_for_member: session
                .and_then(|session| session.you)
                .map(|you| you == lyceum_protocol::sync::message::You::Member),
            behind: session.map_or(0, |session| session.behind(held)),
            last_sync: session.and_then(|session| session.last_sync),
            refusal: session.and_then(|session| session.refusal.clone()),
            unreachable: failing.map(|(_, cause, since)| (cause.to_owned(), mono.saturating_sub(since))),
        }
    };
    keys.into_iter().map(facts).filter(|peer| peer.org != own || peer.connected).collect()
}

/// Says how a node is.
pub fn explain(facts: &Facts, around: &Surroundings) -> Status {
    let mut problems = Vec::new();
    own_problems(facts, around, &mut problems);
    let young = around.now.saturating_sub(around.since) < GRACE;
    for peer in &facts.peers {
        problems.extend(peer_problem(facts, peer, young));
    }
    lonely(facts, young, &mut problems);
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
        digest: data_encoding::HEXLOWER.encode(&facts.digest),
        state_root: data_encoding::HEXLOWER.encode(&facts.state_root),
        healthy: problems.is_empty(),
        problems,
        quota: facts.quota.explain(),
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
        connected: peer.connected,
        behind_entries: peer.behind,
        last_sync: peer.last_sync.map(time::rfc3339),
        trouble: refused.or_else(|| peer.unreachable.as_ref().map(|(cause, _)| cause.clone())),
    }
}

fn trouble(cause: impl Into<String>, advice: impl Into<String>) -> Trouble {
    Trouble { peer: None, cause: cause.into(), behind_entries: None, advice: advice.into() }
}

fn own_problems(facts: &Facts, around: &Surroundings, problems: &mut Vec<Trouble>) {
    if !facts.key_in_use_twice.is_empty() {
        problems.push(trouble(
            "the key of this node is in use twice: entries signed with it came from elsewhere",
            "find the other machine or copy of this home and stop it; if the key was stolen, this organisation has to drop it",
        ));
    }
    if let Some(fault) = around.store.stopped.as_ref().map(|fault| &fault.0).or(facts.store_alarm.as_ref()) {
        problems.push(trouble(
            format!("the store takes nothing more: {fault}"),
            "mend the disk, then start the node again: what was acknowledged is safe",
        ));
    }
    if let Some(free) = around.store.free_bytes.filter(|free| *free < DISK_RESERVE) {
        problems.push(trouble(
            format!("only {} MiB are free on the disk: own publications are refused", free / (1024 * 1024)),
            "make room on the disk of the home folder",
        ));
    }
    clock(facts, around, problems);
    seat(facts, problems);
    if facts.gaps > 0 {
        problems.push(Trouble {
            behind_entries: Some(facts.gaps),
            ..trouble(
                format!("the text of {} entries is missing, although their headers are here", facts.gaps),
                "nothing to do: it is asked for again with every comparison; it comes when somebody who holds it is connected",
            )
        });
    }
    if facts.forked > 0 {
        problems.push(trouble(
            format!("{} logs have two different entries at one place: what comes after is not shown", facts.forked),
            "the organisation that owns the log has to say which branch holds; ask it",
        ));
    }
}

fn clock(facts: &Facts, around: &Surroundings, problems: &mut Vec<Trouble>) {
    if around.now < BUILT {
        problems.push(trouble(
            format!(
                "the clock of this machine says {}, which is before this program was built",
                time::short(around.now)
            ),
            "set the clock (time synchronisation): entries carry its time",
        ));
    } else if let Some(newest) = facts.newest_own.filter(|newest| newest.saturating_sub(around.now) > CLOCK_BEHIND) {
        let behind = time::ago(newest.saturating_sub(around.now));
        problems.push(trouble(
            format!(
                "the clock of this machine is {behind} behind this node's own newest entry ({})",
                time::short(newest)
            ),
            "set the clock (time synchronisation): now, or when that entry was written, it was wrong",
        ));
    }
}

fn seat(facts: &Facts, problems: &mut Vec<Trouble>) {
    match &facts.stop {
        Stop::ChainIncomplete => problems.push(trouble(
            "the charter of the alliance is not here yet",
            "wait until a member is reached; if none is, ask for a new invitation: its addresses may have changed",
        )),
        Stop::Contested(contest) => problems.push(trouble(
            format!("the next charter is contested: {} voters signed twice", contest.double_signers.len()),
            "publishing goes on; the voters have to sign one of them in a later round",
        )),
        Stop::UnknownRules { rules, .. } => problems.push(trouble(
            format!("the alliance has gone over to rules (number {rules}) that this version does not know"),
            "install a newer version of this program",
        )),
        Stop::Newest => {}
    }
    match facts.seat {
        Seat::Firm | Seat::Provisional => {}
        Seat::None => problems.push(trouble(
            "this organisation has no seat yet: what it publishes is kept here and stands when it has one",
            "with an invitation this happens by itself when a member is reached; else a voter runs `lyceum admit CARD` \
             with the card that `lyceum card` writes here",
        )),
        Seat::Suspended => problems.push(trouble(
            "two organisations redeemed one invitation: neither has the seat until the voters decide",
            "ask a voter to run `lyceum admit CARD` with your card, and tell where the invitation may have leaked",
        )),
        Seat::Removed => problems.push(trouble(
            "this organisation was removed from the alliance",
            "this is final for its id; whoever comes back makes a new home with `lyceum init` and is admitted as such",
        )),
    }
}

fn peer_problem(facts: &Facts, peer: &PeerFacts, young: bool) -> Option<Trouble> {
    let name = if peer.org_name.is_empty() { "a peer".to_owned() } else { peer.org_name.clone() };
    let at = |cause: String, advice: &str| {
        let behind_entries = (peer.behind > 0).then_some(peer.behind);
        let node = Some(peer_id_of(&peer.key).to_string());
        Some(Trouble { peer: node, cause, behind_entries, advice: advice.to_owned() })
    };
    if let Some((code, detail)) = &peer.refusal {
        return match code {
            RefusalCode::OtherNetwork => at(
                format!("{name} belongs to another alliance"),
                "nothing is exchanged with it; check where the invitation came from",
            ),
            _ => at(
                format!("{name} refuses to speak with this node: {detail}"),
                "ask its people what they see in `lyceum status`",
            ),
        };
    }
    if let Some((cause, since)) = peer.unreachable.as_ref().filter(|_| !peer.connected && !young) {
        return at(
            format!("{name} cannot be reached since {}: {cause}", time::ago(*since)),
            "it may be off; if it should be up, ask its people for its address, and see whether a firewall stands between",
        );
    }
    if peer.connected && peer.takes_us_for_member == Some(false) && facts.seat != Seat::None {
        return at(
            format!("{name} does not take this node for a member yet"),
            "wait a moment; if it stays so, that peer has not received what gives this organisation its seat",
        );
    }
    if peer.behind > 0 {
        return at(
            format!("{name} holds {} entries that are not here yet", peer.behind),
            "nothing: they are being fetched",
        );
    }
    None
}

fn lonely(facts: &Facts, young: bool, problems: &mut Vec<Trouble>) {
    let connected = facts.peers.iter().any(|peer| peer.connected);
    let expected = facts.other_members > 0 || !facts.peers.is_empty();
    if !connected && expected && !young {
        problems.push(trouble(
            "no other node is connected: nothing comes in and nothing goes out",
            "see the peers above; if this machine has no public address, check that outgoing connections are allowed",
        ));
    }
    if !facts.checked && facts.waiting > 0 && !young {
        problems.push(trouble(
            format!("{} publications wait: too few nodes have said what they hold of this node's log", facts.waiting),
            "they are written as soon as enough members are reached",
        ));
    }
}
