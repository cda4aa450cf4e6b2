//! The protocols of a node, in the order in which each is asked about a new connection: who may refuse comes first,
//! who keeps state of peers later, gossip last.

use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{StreamProtocol, Swarm, connection_limits, identify, ping, request_response, swarm};

use super::codec::{self, FrameCodec, Frames};
use super::door::{Door, Members};
use super::gate::MembersOnly;
use super::gossip::{self, Router};
use super::settings::{ASK_MAX_FOR, Budget, IDLE, Limits, Settings};
use super::transport::transport;
use super::{NetworkFault, address};

/// Connections of one peer that may be open while all but one of them are being closed.
const CONNECTIONS_PER_PEER: u32 = 4;
/// What a connection's liveness is probed with. Others end connections after two minutes of silence.
const PING_EVERY: Duration = Duration::from_secs(15);
/// Streams of a connection whose protocol is not agreed on yet.
const NEGOTIATING: usize = 64;

/// All protocols of a node.
#[derive(NetworkBehaviour)]
pub(super) struct Protocols {
    limits: connection_limits::Behaviour,
    pub(super) door: Door,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(super) sync: request_response::Behaviour<FrameCodec>,
    pub(super) attachment: request_response::Behaviour<FrameCodec>,
    pub(super) gossip: MembersOnly<Router>,
}

impl Protocols {
    fn new(settings: &Settings, keypair: &Keypair) -> Result<Self, NetworkFault> {
        let limits = &settings.limits;
        let identify = identify::Config::new("/lyceum/1".to_owned(), keypair.public())
            .with_agent_version("lyceum".to_owned())
            .with_hide_listen_addrs(true)
            .with_cache_size(0);
        Ok(Self {
            limits: connection_limits::Behaviour::new(connection_limits(limits)),
            door: Door::new(limits.pending_per_ip, limits.guests),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_EVERY)),
            sync: questions(codec::SYNC, limits, &limits.sync()),
            attachment: questions(codec::ATTACHMENT, limits, &limits.attachments),
            gossip: MembersOnly::new(gossip::router(settings.network)?),
        })
    }

    /// Who is no guest from now on. Live connections stay what they were.
    pub(super) fn set_members(&mut self, members: Members) {
        self.door.set_members(Arc::clone(&members));
        self.gossip.set_members(members);
    }
}

/// A protocol of requests and answers.
fn questions(frames: Frames, limits: &Limits, budget: &Budget) -> request_response::Behaviour<FrameCodec> {
    request_response::Behaviour::with_codec(
        FrameCodec::new(frames, limits.request_within, limits.answer_within),
        [(StreamProtocol::new(frames.name), request_response::ProtocolSupport::Full)],
        request_response::Config::default()
            // The codec has the shorter limits; this one bounds how long an answer may be thought about.
            .with_request_timeout(ASK_MAX_FOR)
            // Both directions, and as many again that are told that we are busy.
            .with_max_concurrent_streams(2 * budget.calls_per_peer + budget.asks_per_peer),
    )
}

fn connection_limits(limits: &Limits) -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.pending))
        .with_max_pending_outgoing(Some(limits.pending))
        .with_max_established(Some(limits.connections))
        // Half of all, so that strangers cannot keep us from dialling.
        .with_max_established_incoming(Some(limits.connections.div_ceil(2)))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER))
}

/// A swarm that neither listens nor dials yet.
pub(super) fn swarm(settings: &Settings, keypair: &Keypair) -> Result<Swarm<Protocols>, NetworkFault> {
    let transport = transport(keypair, settings.lan, settings.limits.dial_within)?;
    let at_once = u8::try_from(address::DIALLED_MAX).ok().and_then(NonZeroU8::new).unwrap_or(NonZeroU8::MIN);
    let config = swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE)
        .with_dial_concurrency_factor(at_once)
        .with_max_negotiating_inbound_streams(NEGOTIATING);
    Ok(Swarm::new(transport, Protocols::new(settings, keypair)?, keypair.public().to_peer_id(), config))
}
