//! Owns the replica: events in, effects out. The only caller of [`Replica::handle`].
//!
//! One turn is short and waits for nothing: what is slow (signatures, disk, network) happens in [`hands`] and comes
//! back as an event. Callers speak to it through a [`Handle`].

mod hands;
mod links;

use std::collections::BTreeMap;
use std::sync::Arc;

use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::Draft;
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::replica::{CallId, Event, Notice, Now, OfferId, Outbox, Outcome, Replica, Settings, Ticket};
use lyceum_protocol::state::State;
use lyceum_protocol::sync::message::{Answer, RefusalCode, Request};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::network::identity::peer_id_of;
use crate::network::{NetEvent, Network};
use crate::store::{Store, Writer};
use crate::verify::Verifier;
use hands::Hands;
pub use links::Links;

/// Calls that wait for the driver; more wait at the door.
const CALLS: usize = 256;
/// Notices that a slow reader may miss.
const NOTICES: usize = 1024;

/// The driver has stopped: the node is shutting down, or its store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is stopping")]
pub struct DriverStopped;

type Reading = Box<dyn FnOnce(&Replica, &Links, Now) + Send>;

enum Call {
    Publish(Vec<Draft>, oneshot::Sender<Outcome>),
    Govern(DocumentBatch, oneshot::Sender<Outcome>),
    Read(Reading),
}

/// How everyone else speaks to the replica.
#[derive(Clone)]
pub struct Handle {
    calls: mpsc::Sender<Call>,
    notices: broadcast::Sender<Notice>,
    clock: Clock,
}

impl Handle {
    /// This moment, by the clocks that the replica is told.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Writes drafts as consecutive entries of the own log; returns when they are durable.
    ///
    /// # Errors
    /// [`DriverStopped`].
    pub async fn publish(&self, drafts: Vec<Draft>) -> Result<Outcome, DriverStopped> {
        let (answer, outcome) = oneshot::channel();
        self.calls.send(Call::Publish(drafts, answer)).await.map_err(|_| DriverStopped)?;
        outcome.await.map_err(|_| DriverStopped)
    }

    /// Takes documents, motions and signatures that a tool of this node made; returns when they are durable.
    ///
    /// # Errors
    /// [`DriverStopped`].
    pub async fn govern(&self, batch: DocumentBatch) -> Result<Outcome, DriverStopped> {
        let (answer, outcome) = oneshot::channel();
        self.calls.send(Call::Govern(batch, answer)).await.map_err(|_| DriverStopped)?;
        outcome.await.map_err(|_| DriverStopped)
    }

    /// Reads between two turns. Has to be short: the node waits.
    ///
    /// # Errors
    /// [`DriverStopped`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Replica) -> T + Send + 'static,
    ) -> Result<T, DriverStopped> {
        self.observe(move |replica, _, _| read(replica)).await
    }

    /// The same with what is known of the connections and the moment by the driver's clock, whose steady time began
    /// when the driver started.
    ///
    /// # Errors
    /// [`DriverStopped`].
    pub async fn observe<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Replica, &Links, Now) -> T + Send + 'static,
    ) -> Result<T, DriverStopped> {
        let (answer, result) = oneshot::channel();
        let reading: Reading = Box::new(move |replica, links, now| {
            // Whoever asked may have gone away meanwhile.
            let _gone = answer.send(read(replica, links, now));
        });
        self.calls.send(Call::Read(reading)).await.map_err(|_| DriverStopped)?;
        result.await.map_err(|_| DriverStopped)
    }

    /// Hears that something is worth another look. A slow listener misses some.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }
}

/// What the driver works with.
pub struct Parts {
    /// What the replica is told at its start.
    pub settings: Settings,
    /// What was recovered.
    pub state: State,
    /// The node key.
    pub secret: Arc<SecretKey>,
    /// The store, for reading.
    pub store: Arc<Store>,
    /// The store, for writing.
    pub writer: Writer,
    /// The network.
    pub network: Network,
    /// What it says.
    pub events: mpsc::Receiver<NetEvent>,
    /// When to stop.
    pub stop: CancellationToken,
}

/// Starts the driver on its own task.
pub fn start(parts: Parts) -> (Handle, tokio::task::JoinHandle<()>) {
    let (calls, call_queue) = mpsc::channel(CALLS);
    let (notices, _) = broadcast::channel(NOTICES);
    // Bounded by the effects that are open: each is answered once.
    let (answers, answer_queue) = mpsc::unbounded_channel();
    let clock = Clock::start();
    let verifier = Verifier::new(parts.settings.network);
    let network_id = parts.settings.network;
    let mut out = Outbox::default();
    let replica = Replica::open(parts.settings, parts.state, clock.now(), &mut out);
    let hands = Hands {
        network: parts.network,
        network_id,
        secret: parts.secret,
        store: parts.store,
        writer: parts.writer,
        verifier,
        answers,
        notices: notices.clone(),
    };
    let driver = Driver {
        replica,
        out,
        clock,
        hands,
        calls: call_queue,
        answers: answer_queue,
        events: parts.events,
        stop: parts.stop,
        links: Links::default(),
        waiting: BTreeMap::new(),
        next_call: 0,
    };
    (Handle { calls, notices, clock }, tokio::spawn(driver.run()))
}

struct Driver {
    replica: Replica,
    out: Outbox,
    clock: Clock,
    hands: Hands,
    calls: mpsc::Receiver<Call>,
    answers: mpsc::UnboundedReceiver<Event>,
    events: mpsc::Receiver<NetEvent>,
    stop: CancellationToken,
    links: Links,
    /// Callers on this node that wait. Calls of peers are numbered by the network, with the highest bit set here.
    waiting: BTreeMap<CallId, oneshot::Sender<Outcome>>,
    next_call: u64,
}

/// Marks calls of peers, so that they never meet those of this node.
const PEER_CALL: u64 = 1 << 63;

enum Turn {
    Stop,
    Event(Event),
    Net(NetEvent),
    Call(Call),
    Wake,
}

impl Driver {
    async fn run(mut self) {
        self.start_effects();
        loop {
            let wake_at = self.replica.wake_at().map(|(at, _)| tokio::time::Instant::from_std(self.clock.instant(at)));
            let turn = tokio::select! {
                biased;
                () = self.stop.cancelled() => Turn::Stop,
                Some(event) = self.answers.recv() => Turn::Event(event),
                event = self.events.recv() => event.map_or(Turn::Stop, Turn::Net),
                Some(call) = self.calls.recv() => Turn::Call(call),
                () = sleep_until(wake_at) => Turn::Wake,
            };
            let now = self.clock.now();
            match turn {
                Turn::Stop => break,
                Turn::Event(event) => self.replica.handle(now, event, &mut self.out),
                Turn::Net(event) => self.net(event),
                Turn::Call(call) => self.call(call),
                Turn::Wake => self.replica.wake(now, &mut self.out),
            }
            self.start_effects();
        }
    }

    fn start_effects(&mut self) {
        for effect in self.out.drain() {
            if let Some((call, outcome)) = self.hands.start(effect)
                && let Some(caller) = self.waiting.remove(&call)
            {
                let _gone = caller.send(outcome);
            }
        }
    }

    fn handle(&mut self, event: Event) {
        self.replica.handle(self.clock.now(), event, &mut self.out);
    }

    fn call(&mut self, call: Call) {
        let id = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1) & !PEER_CALL;
        match call {
            Call::Publish(drafts, answer) => {
                self.waiting.insert(id, answer);
                self.handle(Event::Publish { call: id, drafts });
            }
            Call::Govern(batch, answer) => {
                self.waiting.insert(id, answer);
                self.handle(Event::Govern { call: id, batch });
            }
            Call::Read(read) => read(&self.replica, &self.links, self.clock.now()),
        }
    }

    fn net(&mut self, event: NetEvent) {
        match event {
            NetEvent::PeerUp { peer, address } => {
                tracing::info!(peer = %peer_id_of(&peer), %address, "peer up");
                self.links.went_up(peer, self.clock.now().mono);
                self.handle(Event::PeerUp { peer });
            }
            NetEvent::PeerDown { peer, cause } => {
                tracing::info!(peer = %peer_id_of(&peer), cause, "peer down");
                let last_sync = self.replica.sessions().get(&peer).and_then(|session| session.last_sync);
                self.links.went_down(peer, last_sync);
                self.handle(Event::PeerDown { peer });
            }
            NetEvent::DialFailed { peer, cause } => {
                tracing::debug!(peer = %peer_id_of(&peer), cause, "dial failed");
                self.handle(Event::DialFailed { peer, cause });
            }
            NetEvent::External(addresses) => {
                self.handle(Event::Addresses(addresses.iter().map(ToString::to_string).collect()));
            }
            NetEvent::GossipUp { .. } | NetEvent::Listening(_) => {}
            NetEvent::Asked { call, peer, bytes } => match Request::read(&bytes) {
                Ok(request) => self.handle(Event::Asked { call: CallId(call | PEER_CALL), peer, request }),
                Err(fault) => {
                    tracing::debug!(peer = %peer_id_of(&peer), %fault, "a request that cannot be read");
                    let answer = Answer::refused(RefusalCode::BadRequest, &fault.to_string());
                    self.hands.answer(call, answer);
                }
            },
            NetEvent::Answered { ask, result } => {
                self.handle(Event::Arrived { ticket: Ticket(ask) });
                self.hands.check_answer(Ticket(ask), result);
            }
            NetEvent::Gossip { offer, peer, bytes, .. } => self.hands.check_gossip(OfferId(offer), peer, bytes),
        }
    }
}

async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
