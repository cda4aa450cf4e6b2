//! The network room: moves bytes and connections, decides no rule.
//!
//! Who is a member arrives as a set, whether a gossip message is passed on arrives as a verdict. Peers are named by
//! their node key everywhere outside. One task owns the swarm and waits for nobody; it is spoken to through
//! [`Network`] and speaks through one channel of [`NetEvent`]s:
//!
//! | queue | capacity | when full |
//! |---|---|---|
//! | commands, in | [`COMMANDS`] | the call fails with [`Refused::QueueFull`]; gossip is then lost, which sync repairs |
//! | members, in | the latest set | a newer set replaces one that was not looked at yet |
//! | events, out | [`EVENTS`] | gossip ends when a quarter is left, requests are answered *busy* when an eighth is left |
//! | events that must not be lost | `outlet::BACKLOG`, and what one turn adds | the task reads neither swarm nor commands |
//! | requests of one peer | [`Limits::calls_per_peer`] | answered *busy* |
//! | answers not yet written | [`Limits::answer_bytes`], of one peer [`Limits::answer_bytes_per_peer`] | *busy* in their place |
//! | own requests to one peer | [`Limits::asks_per_peer`] | answered at once as lost |
//! | requests for attachments, in and out | [`attachments::QUEUE`] each way, and [`Limits::attachments`] | *busy*, or lost at once |
//! | gossip waiting for a verdict | `gossip::OFFERS` | the oldest is ignored |
//!
//! libp2p writes session keys to the file named by `SSLKEYLOGFILE` when that is set, and cannot be told not to.
//! [`start`] warns; the service unit unsets it.

pub mod address;
mod asks;
pub mod attachments;
mod behaviour;
mod calls;
mod codec;
mod door;
mod fault;
mod gate;
mod gossip;
pub mod identity;
mod outlet;
mod peers;
mod settings;
mod task;
mod transport;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub use libp2p::Multiaddr;
use lyceum_protocol::key::{PublicKey, SecretKey};
pub use lyceum_protocol::replica::Verdict;
pub use lyceum_protocol::replica::event::AskFault;
use tokio::sync::{mpsc, watch};

pub use self::gossip::Topic;
pub use self::settings::{ASK_MAX_FOR, Budget, Limits, Settings};
use self::task::Task;

/// Commands that wait for the task.
pub const COMMANDS: usize = 1024;
/// Events that wait for the reader.
pub const EVENTS: usize = 1024;

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkFault {
    /// Another program, perhaps another node, listens there.
    #[error("cannot listen on {address}: the port is in use")]
    PortInUse {
        /// The address that was asked for.
        address: Multiaddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address that was asked for.
        address: Multiaddr,
        /// Why, for people.
        cause: String,
    },
    /// A part of the network stack refused its settings.
    #[error("cannot set up the network: {0}")]
    Setup(String),
}

/// Why a command was not taken. Nothing of it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many commands wait already.
    #[error("the network has too much to do")]
    QueueFull,
    /// The network was shut down.
    #[error("the network is shut down")]
    Stopped,
    /// Larger than the protocol allows.
    #[error("larger than the protocol allows")]
    TooLong,
}

/// What happened on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetEvent {
    /// A connection to a peer is up. Also says that a session with a peer that was up begins anew, after `PeerDown`.
    PeerUp {
        /// Its node key, proven by the handshake.
        peer: PublicKey,
        /// Where it is, as seen from here.
        address: Multiaddr,
    },
    /// The peer listens to the gossip of this network.
    GossipUp {
        /// Its node key.
        peer: PublicKey,
    },
    /// The last connection to a peer ended. All requests to it were answered before.
    PeerDown {
        /// Its node key.
        peer: PublicKey,
        /// Why, for people.
        cause: String,
    },
    /// A dial did not succeed, and the peer did not come up by itself meanwhile.
    DialFailed {
        /// Whom.
        peer: PublicKey,
        /// Why, for people.
        cause: String,
    },
    /// A new address that is listened on.
    Listening(Multiaddr),
    /// The addresses under which this node can be reached changed: those announced in the settings, or else every
    /// concrete address that is listened on.
    External(Vec<Multiaddr>),
    /// A peer asks. To be answered once by [`Network::answer`].
    Asked {
        /// Names the request.
        call: u64,
        /// Who asks. Members and guests do.
        peer: PublicKey,
        /// The request, at most `limits::REQUEST_MAX` bytes.
        bytes: Vec<u8>,
    },
    /// The end of an [`Network::ask`]: exactly one for each.
    Answered {
        /// Which.
        ask: u64,
        /// The answer, at most `limits::FRAME_MAX` bytes, or why there is none.
        result: Result<Vec<u8>, AskFault>,
    },
    /// A gossip message of a member. It goes no further without [`Network::verdict`] within about 10 s.
    Gossip {
        /// Names the message.
        offer: u64,
        /// Who passed it on, not who wrote it.
        peer: PublicKey,
        /// Under which topic.
        topic: Topic,
        /// At most `limits::GOSSIP_MAX` bytes.
        bytes: Vec<u8>,
    },
}

/// Where the node listens and how others reach it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Every bound address, interfaces one by one.
    pub listening: Vec<Multiaddr>,
    /// What others may dial.
    pub external: Vec<Multiaddr>,
}

pub(crate) enum Command {
    Dial { peer: PublicKey, addresses: Vec<Multiaddr> },
    Disconnect { peer: PublicKey, reason: String },
    Ask { ask: u64, peer: PublicKey, bytes: Vec<u8>, timeout: Duration },
    Answer { call: u64, bytes: Vec<u8> },
    Gossip { topic: Topic, bytes: Vec<u8> },
    Verdict { offer: u64, verdict: Verdict },
    Shutdown,
}

/// The handle of the network room. Cheap to clone; no method waits but [`Network::shutdown`].
#[derive(Clone)]
pub struct Network {
    commands: mpsc::Sender<Command>,
    members: watch::Sender<Arc<BTreeSet<PublicKey>>>,
    addresses: watch::Receiver<Addresses>,
}

/// A network at work.
pub struct Started {
    /// Speaks to it.
    pub network: Network,
    /// What it tells.
    pub events: mpsc::Receiver<NetEvent>,
    /// Attachments go by a way of their own, beside sync.
    pub attachments: attachments::Outside,
}

/// Binds all listening addresses and starts the swarm on its own task. Until [`Network::set_members`] everyone is a guest.
///
/// # Errors
/// [`NetworkFault`]; nothing is left running then.
pub async fn start(settings: Settings, secret: &SecretKey) -> Result<Started, NetworkFault> {
    if std::env::var_os("SSLKEYLOGFILE").is_some_and(|path| !path.is_empty()) {
        tracing::warn!("SSLKEYLOGFILE is set: session keys of QUIC connections are written there; unset it");
    }
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (events, event_queue) = mpsc::channel(EVENTS);
    let (members, member_sets) = watch::channel(Arc::default());
    let (address_book, addresses) = watch::channel(Addresses::default());
    let (attachments, inside) = attachments::link();
    let mut task = Task::new(settings, secret, command_queue, member_sets, events, address_book, inside)?;
    task.listen().await?;
    tokio::spawn(task.run());
    Ok(Started { network: Network { commands, members, addresses }, events: event_queue, attachments })
}

impl Network {
    /// Connects to a peer. Ends in `PeerUp` or `DialFailed`; does nothing if the peer is up or being dialled already.
    /// At most [`address::DIALLED_MAX`] addresses are tried, all at once.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn dial(&self, peer: PublicKey, addresses: Vec<Multiaddr>) -> Result<(), Refused> {
        self.send(Command::Dial { peer, addresses })
    }

    /// Ends the connections of a peer, after the answers in flight or a second. Ends in `PeerDown`.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn disconnect(&self, peer: PublicKey, reason: impl Into<String>) -> Result<(), Refused> {
        self.send(Command::Disconnect { peer, reason: reason.into() })
    }

    /// Sends a request. Ends in `Answered` with the same number, within `timeout` or [`ASK_MAX_FOR`].
    ///
    /// # Errors
    /// [`Refused`]; no `Answered` comes then.
    pub fn ask(&self, ask: u64, peer: PublicKey, bytes: Vec<u8>, timeout: Duration) -> Result<(), Refused> {
        if bytes.len() > lyceum_protocol::limits::REQUEST_MAX {
            return Err(Refused::TooLong);
        }
        self.send(Command::Ask { ask, peer, bytes, timeout })
    }

    /// Answers a request. Does nothing if it is answered or gone already.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn answer(&self, call: u64, bytes: Vec<u8>) -> Result<(), Refused> {
        if bytes.len() > lyceum_protocol::limits::FRAME_MAX {
            return Err(Refused::TooLong);
        }
        self.send(Command::Answer { call, bytes })
    }

    /// Tells all. May be lost.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn gossip(&self, topic: Topic, bytes: Vec<u8>) -> Result<(), Refused> {
        if bytes.len() > lyceum_protocol::limits::GOSSIP_MAX {
            return Err(Refused::TooLong);
        }
        self.send(Command::Gossip { topic, bytes })
    }

    /// Says what becomes of a gossip message. Does nothing if it is too late.
    ///
    /// # Errors
    /// [`Refused`]; the message is then ignored.
    pub fn verdict(&self, offer: u64, verdict: Verdict) -> Result<(), Refused> {
        self.send(Command::Verdict { offer, verdict })
    }

    /// Who passes the gate as a member from now on. Connections of whoever changes sides are closed: of a removed
    /// member at once, of an admitted guest after the answers in flight. Whoever dialled dials again.
    pub fn set_members(&self, members: BTreeSet<PublicKey>) {
        self.members.send_replace(Arc::new(members));
    }

    /// Where the node listens and how others reach it, now.
    pub fn addresses(&self) -> Addresses {
        self.addresses.borrow().clone()
    }

    /// Lets answers in flight go out (a second or so), closes all connections and ends the task.
    pub async fn shutdown(&self) {
        // A closed queue means that it is over already.
        if self.commands.send(Command::Shutdown).await.is_ok() {
            self.commands.closed().await;
        }
    }

    fn send(&self, command: Command) -> Result<(), Refused> {
        self.commands.try_send(command).map_err(|fault| match fault {
            mpsc::error::TrySendError::Full(_) => Refused::QueueFull,
            mpsc::error::TrySendError::Closed(_) => Refused::Stopped,
        })
    }
}
