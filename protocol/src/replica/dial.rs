//! Whom to connect to, where, and when to try again; and where this node can be reached.

use std::collections::{BTreeMap, BTreeSet};

use crate::bounded::{BoundedText, BoundedVec};
use crate::codec;
use crate::entry::header::{Kind, MARKING_GREEN};
use crate::entry::protocol_kinds::NodeRecord;
use crate::entry::{Draft, VerifiedEntry};
use crate::hash::{EntryId, LogId};
use crate::key::PublicKey;
use crate::limits;
use crate::replica::effect::{Effect, Outbox};
use crate::replica::event::Now;
use crate::replica::session::Session;
use crate::replica::settings::Settings;
use crate::state::{Record, State};
use crate::sync::message::RefusalCode;

/// First pause after a dial in vain, in milliseconds; it doubles each time.
const PAUSE: u64 = 1_000;
/// Longest pause, in milliseconds.
const PAUSE_MAX: u64 = 5 * 60_000;
/// Pause after a refusal that time alone does not mend, in milliseconds.
const PAUSE_REFUSED: u64 = 60_000;
/// Of two nodes that know each other the one with the smaller key dials first, the other so much later.
const YIELD: u64 = 2_000;
/// Up to so many members everyone is connected to everyone; above, to at least so many, redrawn now and then.
const CONNECT_ALL: usize = 64;
/// Links that are kept above that.
const LINKS: usize = 16;

/// One peer that is dialled.
#[derive(Debug, Default)]
struct Target {
    addresses: Vec<String>,
    /// When it is tried next; none while a dial is under way or a connection up.
    at: Option<u64>,
    attempts: u32,
    /// Since when it cannot be reached, and why.
    failing: Option<(u64, String)>,
    connected: bool,
    known: bool,
    /// Whether a connection is wanted now: of what is not, nothing is due.
    wanted: bool,
}

/// The schedule of dials.
#[derive(Debug)]
pub(crate) struct Dial {
    targets: BTreeMap<PublicKey, Target>,
    /// The node record of each key that was looked at last.
    learned: BTreeMap<[u8; 32], EntryId>,
    own_addresses: Vec<String>,
    /// The addresses that were last said in a node record.
    said: Option<Vec<String>>,
}

impl Dial {
    pub(crate) fn new(settings: &Settings) -> Self {
        let targets = settings.known_peers.iter().filter(|known| known.peer != settings.key).map(|known| {
            let target = Target { addresses: known.addresses.clone(), at: Some(0), known: true, ..Target::default() };
            (known.peer, target)
        });
        Self { targets: targets.collect(), learned: BTreeMap::new(), own_addresses: Vec::new(), said: None }
    }

    pub(crate) fn set_own_addresses(&mut self, mut addresses: Vec<String>) {
        addresses.retain(|address| address.len() <= limits::ADDRESS_MAX);
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(limits::ADDRESSES_MAX);
        self.own_addresses = addresses;
    }

    pub(crate) fn connected(&mut self, peer: &PublicKey) {
        let target = self.targets.entry(*peer).or_default();
        target.connected = true;
        target.at = None;
        target.failing = None;
    }

    pub(crate) fn disconnected(
        &mut self,
        settings: &Settings,
        now: Now,
        peer: PublicKey,
        refused: Option<(RefusalCode, String)>,
    ) {
        let target = self.targets.entry(peer).or_default();
        target.connected = false;
        if target.at.is_some() {
            return;
        }
        let pause = match &refused {
            // It cannot answer now: that passes.
            None | Some((RefusalCode::Unavailable, _)) => backoff(target.attempts),
            Some(_) => PAUSE_REFUSED,
        };
        target.attempts = target.attempts.saturating_add(1);
        if let Some((_, detail)) = refused {
            target.failing.get_or_insert((now.mono, format!("refused: {detail}")));
        }
        let jitter = settings.jitter(pause, &peer, u64::from(target.attempts));
        target.at = Some(now.mono.saturating_add(pause).saturating_add(jitter));
    }

    pub(crate) fn failed(&mut self, settings: &Settings, now: Now, peer: PublicKey, cause: String) {
        let Some(target) = self.targets.get_mut(&peer) else { return };
        if target.connected {
            return;
        }
        let since = target.failing.as_ref().map_or(now.mono, |(since, _)| *since);
        target.failing = Some((since, cause));
        let pause = backoff(target.attempts);
        target.attempts = target.attempts.saturating_add(1);
        let jitter = settings.jitter(pause, &peer, u64::from(target.attempts));
        target.at = Some(now.mono.saturating_add(pause).saturating_add(jitter));
    }

    /// The connection is about to end, on purpose: a new one is made at once.
    pub(crate) fn again_at_once(&mut self, peer: &PublicKey) {
        let target = self.targets.entry(*peer).or_default();
        target.attempts = 0;
        target.at = Some(0);
    }

    /// Dials what is due.
    pub(crate) fn settle(
        &mut self,
        members: &BTreeSet<PublicKey>,
        sessions: &BTreeMap<PublicKey, Session>,
        now: Now,
        out: &mut Outbox,
    ) {
        for (peer, target) in self.targets.iter_mut().filter(|(_, target)| target.connected && target.attempts > 0) {
            if sessions.get(peer).is_some_and(Session::is_mutual) {
                target.attempts = 0;
            }
        }
        let enough = members.len() > CONNECT_ALL && sessions.len() >= LINKS;
        for (peer, target) in &mut self.targets {
            if target.connected || target.addresses.is_empty() {
                continue;
            }
            target.wanted = !enough && (target.known || members.contains(peer));
            if target.wanted && target.at.is_some_and(|at| at <= now.mono) {
                target.at = None;
                out.push(Effect::Dial { peer: *peer, addresses: target.addresses.clone() });
            }
        }
    }

    /// Learns where members can be reached, from the newest node record in the logs of each key.
    pub(crate) fn learn(&mut self, settings: &Settings, state: &State, logs: &BTreeSet<LogId>, now: Now) {
        let keys: BTreeSet<[u8; 32]> = logs
            .iter()
            .filter_map(|log| state.record(*log))
            .filter(|record| record.node_record().is_some())
            .map(|record| record.log().opening().key)
            .collect();
        for key in keys {
            let Some(entry) = newest_record(state, &key) else { continue };
            // Most changes of a log are no new node record, and to admit a key costs as much as a signature.
            if self.learned.insert(key, entry.id()) == Some(entry.id()) {
                continue;
            }
            let Ok(key) = PublicKey::admit(&key) else { continue };
            if key == settings.key {
                continue;
            }
            let content = entry.payload().content().unwrap_or_default();
            let Ok(said) = codec::decode::<NodeRecord>(content, limits::PROTOCOL_PAYLOAD_MAX as usize) else {
                continue;
            };
            let addresses: Vec<String> = said.addresses.iter().map(|address| address.as_str().to_owned()).collect();
            let target = self.targets.entry(key).or_default();
            if target.addresses == addresses {
                continue;
            }
            target.addresses = addresses;
            if !target.connected {
                let later = if settings.key < key { 0 } else { YIELD };
                target.at = Some(now.mono.saturating_add(later));
            }
        }
    }

    /// When the next dial is due: of what is wanted and has somewhere to go.
    pub(crate) fn wake_at(&self) -> Option<u64> {
        let can_be = |target: &Target| target.wanted && !target.connected && !target.addresses.is_empty();
        let due = |target: &Target| target.at.filter(|_| can_be(target));
        self.targets.values().filter_map(due).min()
    }

    /// Whether what was last said may no longer be true, and somebody is there to hear it.
    pub(crate) fn may_have_news(&self, sessions: &BTreeMap<PublicKey, Session>) -> bool {
        self.said.as_ref() != Some(&self.own_addresses) && sessions.values().any(Session::is_mutual)
    }

    /// The node record to write, if what was last said is no longer true and a peer has answered.
    pub(crate) fn node_record(
        &mut self,
        settings: &Settings,
        state: &State,
        sessions: &BTreeMap<PublicKey, Session>,
        now: Now,
    ) -> Option<Draft> {
        if !self.may_have_news(sessions) {
            return None;
        }
        let first_look = self.said.is_none();
        self.said = Some(self.own_addresses.clone());
        let record = NodeRecord {
            addresses: BoundedVec::new(
                self.own_addresses.iter().filter_map(|address| BoundedText::new(address.as_str()).ok()).collect(),
            )
            .ok()?,
            version: BoundedText::new(settings.version.as_str()).ok()?,
        };
        let content = codec::encode(&record);
        if first_look && says_the_same(settings, state, &content) {
            return None;
        }
        // No secret is in it: a salt that is not random does no harm.
        let salt = settings.draw("node-record", now.mono).to_le_bytes();
        let payload = [salt.as_slice(), &salt, &content].concat();
        Some(Draft {
            kind: Kind::NODE_RECORD,
            marking: MARKING_GREEN,
            flags: 0,
            time: now.wall,
            payload: payload.into(),
        })
    }

    /// Peers that are dialled in vain: the key, the last cause, since when.
    pub(crate) fn unreachable(&self) -> impl Iterator<Item = (&PublicKey, &str, u64)> {
        let failing = |target: &'_ Target| !target.connected;
        self.targets.iter().filter(move |(_, target)| failing(target)).filter_map(|(peer, target)| {
            let (since, cause) = target.failing.as_ref()?;
            Some((peer, cause.as_str(), *since))
        })
    }
}

fn backoff(attempts: u32) -> u64 {
    PAUSE.saturating_mul(1_u64.checked_shl(attempts.min(16)).unwrap_or(u64::MAX)).min(PAUSE_MAX)
}

/// The newest node record of a key (E17): of each log the last, of several logs the one with the greatest time.
fn newest_record<'a>(state: &'a State, key: &[u8; 32]) -> Option<&'a VerifiedEntry> {
    let records = state.logs_of_key(key).filter_map(Record::node_record);
    records.max_by_key(|entry| (entry.header().time, entry.id()))
}

/// Whether the newest node record in the own logs says this already.
fn says_the_same(settings: &Settings, state: &State, content: &[u8]) -> bool {
    let newest = newest_record(state, settings.key.as_bytes());
    newest.is_some_and(|entry| entry.payload().content() == Some(content))
}
