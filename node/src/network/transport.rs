//! TCP with Noise and Yamux, QUIC, and names in front of both.

use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::dummy::DummyTransport;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{Boxed, global_only};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport as _, dns, noise, quic, tcp, yamux};

use super::NetworkFault;

/// Streams that a peer may have open on one connection.
const STREAMS: usize = 128;

/// The transport of a node. Without `lan`, addresses that are not global are not dialled, also when a name gives them.
pub(super) fn transport(
    keypair: &Keypair,
    lan: bool,
    within: Duration,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetworkFault> {
    let noise = noise::Config::new(keypair).map_err(|fault| NetworkFault::Setup(format!("noise: {fault}")))?;
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(STREAMS);
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(muxer)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let mut settings = quic::Config::new(keypair);
    settings.max_concurrent_stream_limit = u32::try_from(STREAMS).unwrap_or(u32::MAX);
    let quic = quic::tokio::Transport::new(settings).map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let by_number = quic.or_transport(tcp).map(|either, _| either.into_inner());
    let by_number = if lan { by_number.boxed() } else { global_only::Transport::new(by_number).boxed() };
    // The resolver's settings are read twice, because a failure would take the transport with it.
    if let Err(fault) = dns::tokio::Transport::system(DummyTransport::<()>::new()) {
        tracing::warn!(%fault, "names cannot be resolved: only addresses by number are dialled");
        return Ok(TransportTimeout::new(by_number, within).boxed());
    }
    let by_name = dns::tokio::Transport::system(by_number)
        .map_err(|fault| NetworkFault::Setup(format!("name resolution: {fault}")))?;
    Ok(TransportTimeout::new(by_name, within).boxed())
}
