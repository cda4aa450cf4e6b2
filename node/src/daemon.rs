//! Wires the parts of a node, in order, and stops them in reverse. The only file that knows all rooms.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lyceum_protocol::hash::{CharterId, NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::replica::{KnownPeer, Settings, StoreFault};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::catch_up::{self, CatchUp};
use crate::driver::{self, Handle, Parts};
use crate::network::attachments::Outside;
use crate::network::{self, Multiaddr, Network, NetworkFault};
use crate::recover;
use crate::store::{HeadCheck, LogStore, OpenFault, OpenedAs, Store, StoreOptions};

/// How long the parts may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// What a node is started with.
pub struct Options {
    /// The folder of the store.
    pub store: PathBuf,
    /// The alliance.
    pub network: NetworkId,
    /// From where to count epochs, if nothing is stored yet.
    pub checkpoint: CharterId,
    /// The organisation of this node.
    pub org: OrgId,
    /// The node key.
    pub secret: SecretKey,
    /// Peers to begin with.
    pub known_peers: Vec<KnownPeer>,
    /// Where to listen.
    pub listen: Vec<Multiaddr>,
    /// What to announce, if not the concrete addresses that are listened on.
    pub announce: Vec<Multiaddr>,
    /// Whether private addresses are dialled.
    pub lan: bool,
    /// Whether gossip is passed on. Without it everything still converges, only later.
    pub gossip: bool,
}

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonFault {
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// What it holds could not be read.
    #[error("the store cannot be read: {0}")]
    Store(#[from] StoreFault),
    /// The network could not be started.
    #[error(transparent)]
    Network(#[from] NetworkFault),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Entropy(getrandom::Error),
}

/// A running node.
pub struct Daemon {
    handle: Handle,
    network: Network,
    store: Arc<Store>,
    driver: JoinHandle<()>,
    catching_up: watch::Receiver<Option<CatchUp>>,
    attachments: Option<Outside>,
    stop: CancellationToken,
}

impl Daemon {
    /// Opens the store, recovers the state, binds the network and starts the driver.
    ///
    /// # Errors
    /// [`DaemonFault`]; nothing is left running then.
    pub async fn start(options: Options) -> Result<Self, DaemonFault> {
        let opened = Store::open(&options.store, &StoreOptions::new(options.network))?;
        let store = Arc::new(opened.store);
        let (state, change) = recover::state_of(&*store, options.network, options.checkpoint, Some(options.org))?;
        if !change.dropped.is_empty() {
            tracing::info!(dropped = change.dropped.objects.len(), "documents that no rule keeps any more");
        }
        // A log is gone on with only where head file and store agree on it and the folder is no copy.
        let resume = match (opened.opened_as, opened.head) {
            (OpenedAs::Same, HeadCheck::Equal(head) | HeadCheck::Extended(head)) => Some(head.log),
            (OpenedAs::New | OpenedAs::Same | OpenedAs::Copied, _) => None,
        };
        if opened.opened_as == OpenedAs::Copied {
            tracing::warn!("the folder was copied or restored: the next publication opens a new log");
        }
        let lan = options.lan || options.announce.iter().any(network::address::is_private);
        let settings = network::Settings {
            listen: options.listen,
            announce: options.announce,
            lan,
            ..network::Settings::of(options.network)
        };
        let network::Started { network, events, attachments } = network::start(settings, &options.secret).await?;
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).map_err(DaemonFault::Entropy)?;
        let stop = CancellationToken::new();
        let (handle, driver) = driver::start(Parts {
            settings: Settings {
                network: options.network,
                org: options.org,
                key: options.secret.public(),
                known_peers: options.known_peers,
                resume,
                entropy,
                version: concat!("lyceum/", env!("CARGO_PKG_VERSION")).to_owned(),
                gossip: options.gossip,
                sync: true,
            },
            state,
            secret: Arc::new(options.secret),
            writer: store.writer(),
            store: store.clone(),
            network: network.clone(),
            events,
            stop: stop.clone(),
        });
        let catching_up = catch_up::watch(handle.clone(), stop.clone());
        Ok(Self { handle, network, store, driver, catching_up, attachments: Some(attachments), stop })
    }

    /// Speaks to the replica.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The network.
    pub fn network(&self) -> Network {
        self.network.clone()
    }

    /// The way of attachments, for the one who serves them; none the second time.
    pub const fn take_attachments(&mut self) -> Option<Outside> {
        self.attachments.take()
    }

    /// How far it is with what it lacks; none while it lacks nothing that it knows of.
    pub fn catching_up(&self) -> watch::Receiver<Option<CatchUp>> {
        self.catching_up.clone()
    }

    /// The store, for reading.
    pub fn store(&self) -> Arc<Store> {
        self.store.clone()
    }

    /// Ends when the node cannot go on by itself: its store takes no more writes, or its driver ended.
    pub async fn failed(&self) -> String {
        loop {
            if self.driver.is_finished() {
                return "the driver ended".to_owned();
            }
            if let Some(fault) = self.store.status().stopped {
                return fault.0;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Stops in order: no more turns, then the network, then the store with its last batches. Bounded.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_WITHIN, self.driver).await.is_err() {
            tracing::error!("the driver did not stop in time");
        }
        self.network.shutdown().await;
        let store = self.store;
        let closed = tokio::task::spawn_blocking(move || drop(store));
        if tokio::time::timeout(STOP_WITHIN, closed).await.is_err() {
            tracing::error!("the store did not close in time");
        }
    }
}
