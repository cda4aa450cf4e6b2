//! The fetch of one file: carries out what the state machine says, and tells it what came of it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lyceum_protocol::attachment::fetch::{AskId, Effect, Event, Fetch, HAS_WITHIN, Missed, PIECE_WITHIN, Waiting, Why};
use lyceum_protocol::attachment::message::{Answer, Request};
use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::hash::{FileHash, OrgId};
use lyceum_protocol::key::PublicKey;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::part::Part;
use super::super::table::Want;
use super::Common;
use super::writes::Writes;
use crate::api::name_of;
use crate::network::attachments::Connected;
use crate::network::identity::peer_id_of;

/// Between two times at which others are shown what has come.
const SHOW_EVERY: Duration = Duration::from_secs(1);
/// How long a fetch in which nothing happens keeps its turn.
const TURN: Duration = Duration::from_secs(10);
/// Likely holders that are named.
const LIKELY: usize = 16;

/// How a fetch ended.
pub(super) enum Ended {
    /// The file is here.
    Done,
    /// It has its turn again later.
    Waits,
    /// So has it, and what is here of it has to be read again: the disk failed.
    Broken,
    /// Nobody wants it any more.
    NotWanted,
}

/// Fetches a file until it is here, or until nobody can send it for now.
pub(super) async fn fetch(common: &Arc<Common>, hash: FileHash, want: &Want, stop: &CancellationToken) -> Ended {
    let (attachments, size) = (common.attachments.clone(), want.size);
    let opened = tokio::task::spawn_blocking(move || attachments.open_part(hash, size)).await;
    let part = match opened {
        Ok(Ok(part)) => part,
        Ok(Err(fault)) => return disk(common, hash, &fault),
        Err(_) => return Ended::Waits,
    };
    let likely = likely(common, want).await;
    let fetch = Fetch::new(part.outline(), part.held(), likely.iter().map(|(key, _)| *key));
    let (came, writes) = (JoinSet::new(), Writes::new(part.clone()));
    let one = One { common, hash, part, fetch, came, writes, up: Connected::default(), stood: None, told: 0 };
    let (ended, part) = one.run(stop).await;
    drop(part);
    match ended {
        Ended::Done => {}
        Ended::Waits => common.attachments.rest_part(hash),
        Ended::Broken | Ended::NotWanted => common.attachments.close_part(hash),
    }
    ended
}

/// The disk does not take it: that is told, and tried again later.
fn disk(common: &Common, hash: FileHash, fault: &io::Error) -> Ended {
    tracing::warn!(%hash, %fault, "an attached file cannot be written");
    common.attachments.waits(hash, &format!("the disk of this node does not take it: {fault}"));
    Ended::Broken
}

/// The nodes of the organisation that named it: who else should hold it.
async fn likely(common: &Common, want: &Want) -> Vec<(PublicKey, OrgId)> {
    let org = if want.org == OrgId::ZERO { common.access.org_of(want.entry).await } else { Some(want.org) };
    let Some(org) = org else { return Vec::new() };
    let look = move |replica: &lyceum_protocol::replica::Replica| {
        let own = replica.settings().key;
        let of_org = replica.members().iter().filter(|key| **key != own && replica.org_of_key(key) == Some(org));
        of_org.take(LIKELY).map(|key| (*key, org)).collect()
    };
    common.access.handle().read(look).await.unwrap_or_default()
}

struct One<'a> {
    common: &'a Arc<Common>,
    hash: FileHash,
    part: Arc<Part>,
    fetch: Fetch,
    /// Answers of peers.
    came: JoinSet<Event>,
    /// Pieces that are being written.
    writes: Writes,
    up: Connected,
    /// Since when nothing can be asked for.
    stood: Option<Instant>,
    /// Pieces of which others were told.
    told: u32,
}

impl One<'_> {
    async fn run(mut self, stop: &CancellationToken) -> (Ended, Arc<Part>) {
        let ended = self.until_ended(stop).await;
        // What is on its way is given up; what is being written is waited for, so that it counts.
        self.came.abort_all();
        while let Some(written) = self.writes.next().await {
            if let Ok(index) = written {
                self.fetch.handle(Event::Written { index }, self.common.now());
            }
        }
        if !matches!(ended, Ended::Done | Ended::NotWanted) {
            self.show().await;
        }
        (ended, self.part)
    }

    async fn until_ended(&mut self, stop: &CancellationToken) -> Ended {
        let liars = self.common.liars(self.hash);
        let mut connected = self.common.asker.connected();
        let mut changed = self.common.attachments.changed();
        let mut shown = Instant::now();
        let mut next = Some(Event::Tick);
        connected.mark_changed();
        loop {
            if let Some(event) = next.take()
                && let Some(ended) = self.tell(event).await
            {
                return ended;
            }
            if shown.elapsed() >= SHOW_EVERY && self.fetch.have().count() > self.told {
                shown = Instant::now();
                self.show().await;
            }
            if self.stood.is_some_and(|since| since.elapsed() >= TURN) {
                return Ended::Waits;
            }
            let now = self.common.now();
            let wake = self.fetch.wake_at(now).map_or(1_000, |at| at.saturating_sub(now)).clamp(1, 1_000);
            tokio::select! {
                () = stop.cancelled() => return Ended::Waits,
                Some(came) = self.came.join_next() => match came {
                    Ok(event) => next = Some(event),
                    // It panicked, or was cut off with the runtime.
                    Err(_) => return Ended::Waits,
                },
                Some(written) = self.writes.next() => match written {
                    Ok(index) => next = Some(Event::Written { index }),
                    Err(fault) => return disk(self.common, self.hash, &fault),
                },
                told = connected.changed() => {
                    if told.is_err() {
                        return Ended::Waits;
                    }
                    let after = connected.borrow_and_update().clone();
                    let before = std::mem::replace(&mut self.up, after.clone());
                    for peer in before.difference(&after) {
                        if let Some(ended) = self.tell(Event::PeerDown { peer: *peer }).await {
                            return ended;
                        }
                    }
                    for peer in after.difference(&before).filter(|peer| !liars.contains(peer)) {
                        if let Some(ended) = self.tell(Event::PeerUp { peer: *peer }).await {
                            return ended;
                        }
                    }
                }
                told = changed.changed() => {
                    if told.is_err() || !self.common.attachments.is_wanted(self.hash) {
                        return Ended::NotWanted;
                    }
                }
                () = tokio::time::sleep(Duration::from_millis(wake)) => next = Some(Event::Tick),
            }
        }
    }

    /// Shows others what has come.
    async fn show(&mut self) {
        self.told = self.fetch.have().count();
        let (part, outline, held) = (self.part.clone(), self.fetch.outline().clone(), self.fetch.have().clone());
        if let Ok(Err(fault)) = tokio::task::spawn_blocking(move || part.show(outline, held)).await {
            tracing::warn!(hash = %self.hash, %fault, "not saved how far an attachment is");
        }
    }

    async fn tell(&mut self, event: Event) -> Option<Ended> {
        for effect in self.fetch.handle(event, self.common.now()) {
            match effect {
                Effect::AskHas { peer } => self.ask_has(peer),
                Effect::AskPiece { ask, peer, index } => self.ask_piece(ask, peer, index),
                Effect::Write(piece) => self.writes.begin(piece),
                Effect::Lied { peer, why } => {
                    tracing::warn!(hash = %self.hash, peer = %peer_id_of(&peer), why, "sent what is not that file");
                    self.common.lied(self.hash, peer);
                }
                Effect::Waiting(waiting) => {
                    let words = words(self.common, &waiting).await;
                    self.common.attachments.waits(self.hash, &words);
                    match waiting.why {
                        // It may still be asked or come in a moment.
                        Why::Asking | Why::Busy | Why::Incomplete => {
                            self.stood.get_or_insert_with(Instant::now);
                        }
                        Why::NobodyConnected if self.up.is_empty() && self.stood.is_none() => {
                            // The first look at who is connected comes after the first tick.
                            self.stood = Some(Instant::now());
                        }
                        Why::NobodyConnected | Why::NobodyHolds | Why::OtherSize | Why::Lied => {
                            return Some(Ended::Waits);
                        }
                    }
                }
                Effect::Done => return Some(self.finish().await),
            }
        }
        if self.fetch.waiting().is_none() && self.stood.take().is_some() {
            self.common.attachments.waits(self.hash, "");
        }
        None
    }

    async fn finish(&mut self) -> Ended {
        if let Err(fault) = self.writes.settle().await {
            return disk(self.common, self.hash, &fault);
        }
        let (attachments, hash, outline) = (self.common.attachments.clone(), self.hash, self.fetch.outline().clone());
        match tokio::task::spawn_blocking(move || attachments.finish_part(hash, &outline)).await {
            Ok(Ok(())) => Ended::Done,
            Ok(Err(fault)) => disk(self.common, self.hash, &fault),
            Err(_) => Ended::Waits,
        }
    }

    fn ask_has(&mut self, peer: PublicKey) {
        let (common, hash) = (self.common.clone(), self.hash);
        self.came.spawn(async move {
            let Ok(hashes) = BoundedVec::new(vec![hash]) else {
                return Event::HasFailed { peer, why: Missed::Lost };
            };
            let answer = ask(&common, peer, &Request::Has { hashes }, Duration::from_millis(HAS_WITHIN)).await;
            match answer {
                Ok(Answer::Has(held)) => Event::Holds { peer, held: held.into_inner().pop() },
                Ok(Answer::Refused { code, .. }) => Event::HasFailed { peer, why: code.into() },
                Ok(Answer::Piece { .. }) => {
                    Event::HasFailed { peer, why: Missed::Bad("an answer to something else".to_owned()) }
                }
                Err(why) => Event::HasFailed { peer, why },
            }
        });
    }

    fn ask_piece(&mut self, id: AskId, peer: PublicKey, index: u32) {
        let (common, blake3) = (self.common.clone(), self.hash);
        self.came.spawn(async move {
            let request = Request::Piece { blake3, index };
            let answer = ask(&common, peer, &request, Duration::from_millis(PIECE_WITHIN)).await;
            match answer {
                Ok(Answer::Piece { proof, bytes }) => Event::Piece { ask: id, proof, bytes: bytes.into_inner() },
                Ok(Answer::Refused { code, .. }) => Event::Missed { ask: id, why: code.into() },
                Ok(Answer::Has(_)) => {
                    Event::Missed { ask: id, why: Missed::Bad("an answer to something else".to_owned()) }
                }
                Err(why) => Event::Missed { ask: id, why },
            }
        });
    }
}

async fn ask(common: &Common, peer: PublicKey, request: &Request, within: Duration) -> Result<Answer, Missed> {
    let room = common.room(peer);
    let Ok(_permit) = room.acquire().await else { return Err(Missed::Lost) };
    common.asker.ask(peer, request, within).await.map_err(Missed::from)
}

/// What a file waits for, for people: names of organisations and nodes are looked up.
async fn words(common: &Common, waiting: &Waiting) -> String {
    let why = match waiting.why {
        Why::NobodyConnected => "no member is connected",
        Why::Asking => "members are asked whether they hold it",
        Why::Busy => "those who hold it are busy or do not answer",
        Why::Incomplete => "those who are connected hold it in part, and not what is missing here",
        Why::OtherSize => "members hold a file of that hash with another size: the entry says a wrong one",
        Why::Lied => "who says to hold it sends something else",
        Why::NobodyHolds => "no connected member holds it",
    };
    if waiting.away.is_empty() {
        return why.to_owned();
    }
    let away = waiting.away.clone();
    let look = move |replica: &lyceum_protocol::replica::Replica| {
        let mut orgs: BTreeMap<OrgId, (String, PublicKey)> = BTreeMap::new();
        for key in away {
            let org = replica.org_of_key(&key).unwrap_or(OrgId::ZERO);
            orgs.entry(org).or_insert_with(|| (name_of(replica.state(), org), key));
        }
        orgs.into_values().map(|(name, key)| format!("{name} (node {})", peer_id_of(&key))).collect::<Vec<_>>()
    };
    let names = common.access.handle().read(look).await.unwrap_or_default();
    format!("{why}; not connected, and should hold it: {}", names.join(", "))
}
