use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::ProgressBar;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::KnownPeer;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::found::unlock;
use super::progress::Beside;
use super::{Context, progress};
use crate::api::{self, Servers};
use crate::attachments::Attachments;
use crate::attachments::access::Access;
use crate::attachments::service::Service;
use crate::daemon::{Daemon, DaemonFault, Options};
use crate::failure::Failure;
use crate::govern::desk::{alliance_of, own_card};
use crate::home::{Alliance, Home, HomeLock, LockFault};
use crate::index;
use crate::keys::KeyName;
use crate::network::NetworkFault;
use crate::network::identity::{key_of, peer_id_of};
use crate::running::RunningNode;

/// How long requests in flight may take when the node stops.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// What is logged unless LYCEUM_LOG says otherwise: the network library says at `info` what the ready line says.
const LOG_FILTER: &str = "info,libp2p_swarm=warn";

/// Start the node and serve until it is told to stop (Ctrl-C or SIGTERM).
///
/// Prints one line that begins with `ready` when it serves. What happens goes to standard error; LYCEUM_LOG sets how
/// much (error, warn, info, debug). While the node fetches what it lacks it says how far it is: as a bar on a terminal,
/// in a line every ten seconds elsewhere. Only the node key is unlocked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  lyceum run
  LYCEUM_PASSPHRASE_FILE=/run/secrets/lyceum lyceum run")]
pub(super) struct Args {}

pub(super) async fn run(_args: Args, context: &mut Context) -> Result<(), Failure> {
    let home = context.home()?;
    let own = own_card(&home)?;
    let alliance = alliance_of(&home)?;
    let config = home.config().map_err(|fault| {
        Failure::usage("the settings cannot be used")
            .because(&fault)
            .next(format!("correct {}", home.config_file().display()))
    })?;
    let _lock = HomeLock::take(&home).map_err(|fault| locked(&fault))?;
    let secret = unlock(&home, KeyName::Node)?;
    let key = secret.public();
    let bar = progress::bar("catching up: {msg} [{wide_bar}]");
    log_to_stderr(bar.clone());
    let http = api::bind_http(config.http).await.map_err(|fault| {
        Failure::new("the node did not start")
            .because(&fault)
            .next("free the port, or set another one: `http` in config.toml (port 0 picks a free one)")
    })?;
    let served_at = http.as_ref().and_then(|listener| listener.local_addr().ok()).map(|address| address.to_string());
    let options = Options {
        store: home.store_folder(),
        network: alliance.network,
        checkpoint: alliance.checkpoint,
        org: own.org(),
        secret,
        known_peers: known_peers(&alliance)?,
        lan: config.dials_private(),
        listen: config.listen,
        announce: config.announce,
        gossip: true,
    };
    let files = Attachments::open(home.attachments_folder(), config.attachments).map_err(|fault| {
        let failure =
            Failure::new("the node did not start: its folder of attached files cannot be used").because(&fault);
        failure.next(format!("see that {} is yours and the disk is well", home.attachments_folder().display()))
    })?;
    let mut daemon = Daemon::start(options).await.map_err(|fault| not_started(&fault))?;
    let parts = index::Parts {
        folder: home.index_folder(),
        network: alliance.network,
        handle: daemon.handle(),
        store: daemon.store(),
    };
    let (search, following) =
        index::start(parts).map_err(|fault| Failure::new("the node did not start").because(&fault))?;
    let access = Access::new(daemon.handle(), daemon.store(), search.clone());
    let service = daemon.take_attachments().map(|outside| Service::start(&files, &access, outside));
    let node = RunningNode::of(&daemon, key, served_at).with_index(search).with_attachments(files, access);
    let stop = CancellationToken::new();
    let servers = match api::serve(&home, node, http, stop.clone()).await {
        Ok(servers) => servers,
        Err(fault) => {
            if let Some(service) = service {
                service.finish().await;
            }
            following.finish().await;
            daemon.shutdown().await;
            return Err(Failure::new("the node did not start").because(&fault).next("stop what uses that socket"));
        }
    };
    let ready = ready_line(&home, key, &daemon, &servers);
    let shown = tokio::spawn(progress::show_catch_up(daemon.catching_up(), bar.clone()));
    let said = context.out.line(&ready).and_then(|()| context.out.flush());
    let ended = match said {
        Ok(()) => until_stopped(&daemon).await,
        Err(failure) => Err(failure),
    };
    shown.abort();
    bar.finish_and_clear();
    tracing::info!("stopping");
    stop.cancel();
    if tokio::time::timeout(FINISH_WITHIN, servers.finish()).await.is_err() {
        tracing::warn!("requests in flight were cut off");
    }
    if let Some(service) = service {
        service.finish().await;
    }
    if tokio::time::timeout(FINISH_WITHIN, following.finish()).await.is_err() {
        tracing::warn!("the search index was cut off: it goes on from its last commit");
    }
    daemon.shutdown().await;
    ended
}

fn ready_line(home: &Home, key: PublicKey, daemon: &Daemon, servers: &Servers) -> String {
    let listening = daemon.network().addresses().listening;
    let listening: Vec<String> = listening.iter().map(ToString::to_string).collect();
    let http = servers.http.map(|address| format!(" http={address}")).unwrap_or_default();
    format!("ready node={} listen={}{http} home={}", peer_id_of(&key), listening.join(","), home.folder().display())
}

async fn until_stopped(daemon: &Daemon) -> Result<(), Failure> {
    let no_signals = |fault: std::io::Error| Failure::new("cannot listen for signals").because(&fault);
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        reason = daemon.failed() => Err(Failure::new("the node cannot go on")
            .cause(reason)
            .next("mend what is named, then start it again: what was acknowledged is safe")),
    }
}

fn locked(fault: &LockFault) -> Failure {
    let failure = Failure::new("the node did not start").because(fault);
    match fault {
        LockFault::Taken { .. } => {
            failure.next("a node works in this home already: `lyceum status` shows it; one home, one daemon")
        }
        LockFault::Io { .. } => failure.next("see that the folder is yours and the disk is well"),
    }
}

fn not_started(fault: &DaemonFault) -> Failure {
    let failure = Failure::new("the node did not start").because(fault);
    match fault {
        DaemonFault::Network(NetworkFault::PortInUse { .. }) => failure
            .next("stop the other program, or set another port: `listen` in config.toml (port 0 picks a free one)"),
        DaemonFault::Network(_) => failure.next("correct `listen` in config.toml"),
        DaemonFault::Open(_) | DaemonFault::Store(_) => failure
            .next("if the disk is well, move the folder `store` aside and start again: it is filled from the others"),
        DaemonFault::Entropy(_) => failure,
    }
}

/// The peers of an alliance file, each with its addresses.
fn known_peers(alliance: &Alliance) -> Result<Vec<KnownPeer>, Failure> {
    let malformed = |text: &str| {
        Failure::new(format!("alliance.toml names {text:?}, which is no address of a node"))
            .next("correct it: a multiaddr that ends in /p2p/ and the PeerId")
    };
    let mut peers: BTreeMap<PublicKey, Vec<String>> = BTreeMap::new();
    for text in &alliance.addresses {
        let mut address: Multiaddr = text.parse().map_err(|_| malformed(text))?;
        let Some(Protocol::P2p(peer)) = address.pop() else { return Err(malformed(text)) };
        let key = key_of(&peer).map_err(|_| malformed(text))?;
        peers.entry(key).or_default().push(address.to_string());
    }
    Ok(peers.into_iter().map(|(peer, addresses)| KnownPeer { peer, addresses }).collect())
}

/// What happens goes to standard error, above the bar where one is drawn.
fn log_to_stderr(bar: ProgressBar) {
    let filter = std::env::var("LYCEUM_LOG").unwrap_or_else(|_| LOG_FILTER.to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| LOG_FILTER.into());
    // Another subscriber, as in a test, stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Beside(bar.clone()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}
