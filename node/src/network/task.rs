//! The task that owns the swarm. It waits for nobody: what others have to do arrives as a command, what they have to
//! know leaves as an event.

mod attachment;
mod command;
mod event;
mod listen;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::StreamExt;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm};
use lyceum_protocol::key::{PublicKey, SecretKey};
use lyceum_protocol::replica::event::AskFault;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::asks::Asks;
use super::attachments::Inside;
use super::behaviour::{Protocols, ProtocolsEvent, swarm};
use super::calls::Calls;
use super::gossip::{Offers, Topics};
use super::identity::{keypair_of, peer_id_of};
use super::outlet::Outlet;
use super::peers::Peers;
use super::settings::{CLOSE_WITHIN, LINGER, Settings};
use super::{Addresses, Command, NetEvent, NetworkFault};

/// What has to be looked at when its time has come. Looks again itself at whether it still applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A guest's time is over.
    Guest(PeerId, ConnectionId),
    /// A connection is to be closed once its answers are out, at the latest at this moment.
    Close(PeerId, ConnectionId, Instant),
    /// The same for all connections and the task.
    Stop(Instant),
}

/// What a turn of the task is about.
enum Turn {
    Advanced,
    Due,
    Members,
    Command(Command),
    Attachment(attachment::Turn),
    Swarm(Box<SwarmEvent<ProtocolsEvent>>),
    Over,
}

/// The network room at work.
pub(super) struct Task {
    settings: Settings,
    swarm: Swarm<Protocols>,
    commands: mpsc::Receiver<Command>,
    members: watch::Receiver<Arc<BTreeSet<PublicKey>>>,
    outlet: Outlet,
    addresses: watch::Sender<Addresses>,
    peers: Peers,
    dials: HashMap<PeerId, PublicKey>,
    calls: Calls,
    asks: Asks,
    attachments: attachment::Attachments,
    offers: Offers,
    topics: Topics,
    due: BTreeSet<(Instant, Due)>,
    /// The listeners, with what was asked for and where each listens.
    listeners: HashMap<ListenerId, (Multiaddr, Vec<Multiaddr>)>,
    stopping: bool,
    stopped: bool,
}

impl Task {
    /// A task that does not listen yet.
    pub(super) fn new(
        settings: Settings,
        secret: &SecretKey,
        commands: mpsc::Receiver<Command>,
        members: watch::Receiver<Arc<BTreeSet<PublicKey>>>,
        events: mpsc::Sender<NetEvent>,
        addresses: watch::Sender<Addresses>,
        attachments: Inside,
    ) -> Result<Self, NetworkFault> {
        let keypair = keypair_of(secret).ok_or_else(|| NetworkFault::Setup("the node key is refused".to_owned()))?;
        Ok(Self {
            swarm: swarm(&settings, &keypair)?,
            commands,
            members,
            outlet: Outlet::new(events),
            addresses,
            peers: Peers::new(secret.public()),
            dials: HashMap::new(),
            calls: Calls::new(settings.limits.sync()),
            asks: Asks::default(),
            attachments: attachment::Attachments::new(attachments, settings.limits.attachments),
            offers: Offers::default(),
            topics: Topics::of(settings.network),
            due: BTreeSet::new(),
            listeners: HashMap::new(),
            stopping: false,
            stopped: false,
            settings,
        })
    }

    /// Works until it is shut down or nobody holds a handle or reads events any more.
    pub(super) async fn run(mut self) {
        while !self.stopped {
            match self.next_turn().await {
                Turn::Advanced => {}
                Turn::Due => self.look_at_due(),
                Turn::Members => self.apply_members(),
                Turn::Command(command) => self.obey(command),
                Turn::Attachment(turn) => self.turn_to_attachment(turn),
                Turn::Swarm(event) => self.handle(*event),
                Turn::Over => self.begin_to_stop(),
            }
        }
        self.end().await;
    }

    async fn next_turn(&mut self) -> Turn {
        let behind = self.outlet.is_behind();
        let congested = self.outlet.is_congested();
        let due = self.due.first().map(|(when, _)| *when);
        let stopping = self.stopping;
        // While it stops, a queue that nobody can fill any more is no news.
        let gone = stopping && self.commands.is_closed() && self.commands.is_empty();
        if behind {
            return tokio::select! {
                () = self.outlet.advance() => Turn::Advanced,
                () = until(due) => Turn::Due,
                Ok(()) = self.members.changed() => Turn::Members,
                Some(command) = self.commands.recv(), if !congested => Turn::Command(command),
                turn = self.attachments.next_turn() => Turn::Attachment(turn),
                event = self.swarm.select_next_some(), if !congested => Turn::Swarm(Box::new(event)),
            };
        }
        tokio::select! {
            () = self.outlet.closed(), if !stopping => Turn::Over,
            () = until(due) => Turn::Due,
            Ok(()) = self.members.changed() => Turn::Members,
            command = self.commands.recv(), if !gone => command.map_or(Turn::Over, Turn::Command),
            turn = self.attachments.next_turn() => Turn::Attachment(turn),
            event = self.swarm.select_next_some() => Turn::Swarm(Box::new(event)),
        }
    }

    fn look_at_due(&mut self) {
        let now = Instant::now();
        while let Some((when, due)) = self.due.first().copied().filter(|(when, _)| *when <= now) {
            self.due.remove(&(when, due));
            match due {
                Due::Guest(peer, id) => self.close(peer, "guests stay a minute", |it| it.id == id),
                Due::Close(peer, id, latest) => self.close_when_quiet(peer, id, latest),
                Due::Stop(latest) if now >= latest || self.are_all_quiet(now) => self.stopped = true,
                Due::Stop(latest) => {
                    self.due.insert((soon(now, latest), due));
                }
            }
        }
    }

    /// Closes some connections of a peer, after the answers in flight.
    fn close(&mut self, peer: PeerId, why: &str, which: impl Fn(&super::peers::Connection) -> bool) {
        let latest = Instant::now() + CLOSE_WITHIN;
        for id in self.peers.close(&peer, why, which) {
            self.close_when_quiet(peer, id, latest);
        }
        self.tell_connected();
    }

    fn close_when_quiet(&mut self, peer: PeerId, id: ConnectionId, latest: Instant) {
        let now = Instant::now();
        if now >= latest || self.are_quiet(&peer, now) {
            self.swarm.close_connection(id);
        } else {
            self.due.insert((soon(now, latest), Due::Close(peer, id, latest)));
        }
    }

    /// Takes the latest set of members, and closes every connection whose peer changed sides: what it was admitted as
    /// holds for its life.
    fn apply_members(&mut self) {
        let members = Arc::clone(&self.members.borrow_and_update());
        let ids = members.iter().map(peer_id_of).collect();
        self.swarm.behaviour_mut().set_members(Arc::new(ids));
        let mut removed = Vec::new();
        let mut admitted = Vec::new();
        for (peer, key, connection) in self.peers.all() {
            match (connection.member, members.contains(&key)) {
                (true, false) => removed.push((peer, connection.id)),
                (false, true) => admitted.push((peer, connection.id)),
                _ => {}
            }
        }
        // At once: gossip would go on meanwhile.
        for (peer, id) in removed {
            self.peers.close(&peer, "it is no member any more", |it| it.id == id);
            self.swarm.close_connection(id);
        }
        for (peer, id) in admitted {
            self.close(peer, "it is a member now and connects again as one", |it| it.id == id);
        }
    }

    /// Whether closing the connections of a peer loses no answer.
    fn are_quiet(&self, peer: &PeerId, now: Instant) -> bool {
        self.calls.are_quiet(peer, now) && self.attachments.calls.are_quiet(peer, now)
    }

    /// Whether closing all connections loses no answer.
    fn are_all_quiet(&self, now: Instant) -> bool {
        self.calls.are_all_quiet(now) && self.attachments.calls.are_all_quiet(now)
    }

    fn begin_to_stop(&mut self) {
        if !self.stopping {
            self.stopping = true;
            let now = Instant::now();
            self.due.insert((now, Due::Stop(now + CLOSE_WITHIN)));
        }
    }

    /// Answers what is open and closes all connections, so that the others see an end and no silence.
    async fn end(mut self) {
        for ask in self.asks.take_all() {
            let result = Err(AskFault::Lost("this node is shutting down".to_owned()));
            self.outlet.push(NetEvent::Answered { ask, result });
        }
        self.attachments.lose_all("this node is shutting down");
        let ids: Vec<ConnectionId> = self.peers.all().map(|(_, _, it)| it.id).collect();
        for id in ids {
            self.swarm.close_connection(id);
        }
        let latest = Instant::now() + LINGER;
        while self.peers.all().next().is_some() {
            match tokio::time::timeout_at(latest, self.swarm.select_next_some()).await {
                Ok(event) => self.handle(event),
                Err(_) => break,
            }
        }
        // Events that still wait here are told as long as somebody reads, within the same bound.
        while self.outlet.is_behind() {
            if tokio::time::timeout_at(latest, self.outlet.advance()).await.is_err() {
                break;
            }
        }
    }
}

/// When to look again at something that has to end by `latest`.
fn soon(now: Instant, latest: Instant) -> Instant {
    latest.min(now + LINGER / 8)
}

async fn until(due: Option<Instant>) {
    match due {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}
