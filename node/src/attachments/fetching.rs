//! Fetches what is wanted: several files at once, what people ask for first. Of one file it runs the protocol's
//! `Fetch`; a file that nobody can send now makes way for the next, and has its turn again later.

mod one;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lyceum_protocol::hash::FileHash;
use lyceum_protocol::key::PublicKey;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Attachments;
use super::access::Access;
use super::table::{Reason, Want};
use crate::network::attachments::{Asker, Connected};
use one::Ended;

/// Files that are fetched at once.
const AT_ONCE: usize = 4;
/// How often it looks without being told.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// First pause of a file that nobody could send; each further one doubles it.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Requests to one peer at once, over all files: fewer than the network lets through.
const ASKS_PER_PEER: usize = 6;
/// How often a file has its turn that only the settings want.
const TRIED: u32 = 6;
/// Files of which it is remembered who lied.
const LIED_ABOUT: usize = 1_024;

/// What all fetches share.
pub(super) struct Common {
    pub(super) attachments: Attachments,
    pub(super) access: Access,
    pub(super) asker: Asker,
    pub(super) clock: Instant,
    room: Mutex<BTreeMap<PublicKey, Arc<Semaphore>>>,
    liars: Mutex<BTreeMap<FileHash, BTreeSet<PublicKey>>>,
}

impl Common {
    /// What bounds the requests to a peer.
    fn room(&self, peer: PublicKey) -> Arc<Semaphore> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.entry(peer).or_insert_with(|| Arc::new(Semaphore::new(ASKS_PER_PEER))).clone()
    }

    /// Milliseconds of a clock that never goes back.
    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lied(&self, hash: FileHash, peer: PublicKey) {
        let mut liars = self.liars.lock().unwrap_or_else(PoisonError::into_inner);
        if liars.len() >= LIED_ABOUT && !liars.contains_key(&hash) {
            liars.pop_first();
        }
        liars.entry(hash).or_default().insert(peer);
    }

    fn liars(&self, hash: FileHash) -> BTreeSet<PublicKey> {
        self.liars.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned().unwrap_or_default()
    }
}

/// When a file has its turn again.
struct Pause {
    until: Instant,
    times: u32,
    /// For whom it was fetched, and with which size.
    of: (Reason, u64),
}

impl Pause {
    /// Whether a file waits. One that somebody asks for in the meantime, or with another size, does not.
    fn holds(&self, want: &Want, now: Instant) -> bool {
        self.of == (want.reason, want.size) && self.until > now
    }
}

/// Fetches until told to stop.
pub(super) async fn run(attachments: Attachments, access: Access, asker: Asker, stop: CancellationToken) {
    let mut changed = attachments.changed();
    let mut connected = asker.connected();
    let common = Arc::new(Common {
        attachments,
        access,
        asker,
        clock: Instant::now(),
        room: Mutex::default(),
        liars: Mutex::default(),
    });
    let mut active: BTreeSet<FileHash> = BTreeSet::new();
    let mut pauses: BTreeMap<FileHash, Pause> = BTreeMap::new();
    let mut known = Connected::default();
    let mut tasks: JoinSet<(FileHash, (Reason, u64), Ended)> = JoinSet::new();
    loop {
        let now = Instant::now();
        let wanted = common.attachments.all_wanted();
        pauses.retain(|hash, _| wanted.iter().any(|(other, _)| other == hash));
        let mut due: Vec<&(FileHash, Want)> = wanted
            .iter()
            .filter(|(hash, want)| !active.contains(hash) && !pauses.get(hash).is_some_and(|it| it.holds(want, now)))
            .collect();
        // What waited longest comes first among equals: what never had a turn before what had.
        due.sort_by_key(|(hash, want)| {
            (want.reason == Reason::Policy, pauses.get(hash).map(|pause| pause.times), *hash)
        });
        for (hash, want) in due.into_iter().take(AT_ONCE.saturating_sub(active.len())) {
            active.insert(*hash);
            let (hash, want, common, stop) = (*hash, want.clone(), common.clone(), stop.clone());
            let of = (want.reason, want.size);
            tasks.spawn(async move { (hash, of, Box::pin(one::fetch(&common, hash, &want, &stop)).await) });
        }
        let pause = pauses.values().map(|pause| pause.until.saturating_duration_since(now)).filter(|it| !it.is_zero());
        let wake = pause.min().unwrap_or(LOOK_EVERY).clamp(Duration::from_millis(20), LOOK_EVERY);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wake) => {}
            told = changed.changed() => if told.is_err() { break },
            told = connected.changed() => {
                if told.is_err() {
                    break;
                }
                let after = connected.borrow_and_update().clone();
                if after.iter().any(|peer| !known.contains(peer)) {
                    // Somebody came who may hold what nobody did.
                    pauses.clear();
                }
                known = after;
            }
            Some(ended) = tasks.join_next() => {
                let Ok((hash, of, ended)) = ended else { continue };
                active.remove(&hash);
                let times = pauses.get(&hash).map_or(0, |pause| pause.times);
                match ended {
                    Ended::Done | Ended::NotWanted => drop(pauses.remove(&hash)),
                    Ended::Waits | Ended::Broken if times >= TRIED && common.attachments.is_by_policy(hash) => {
                        // Nobody asked for it: it makes way for others.
                        common.attachments.pass(hash);
                        pauses.remove(&hash);
                        let attachments = common.attachments.clone();
                        drop(tokio::task::spawn_blocking(move || attachments.unwant(hash)).await);
                    }
                    Ended::Waits | Ended::Broken => {
                        let pause = PAUSE.saturating_mul(1 << times.min(5)).min(PAUSE_MAX);
                        pauses.insert(hash, Pause { until: Instant::now() + pause, times: times.saturating_add(1), of });
                    }
                }
            }
        }
    }
    // Each of them hears that it is to stop, and saves how far it is.
    while tasks.join_next().await.is_some() {}
}
