//! What loopback gives without a node: bytes over TCP with Noise, and over one libp2p stream (TCP, Noise, Yamux).

use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use futures::future::poll_fn;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use libp2p::core::Endpoint;
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt as _};
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, PortUse, Transport as _, TransportEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade as _, OutboundConnectionUpgrade as _, Version};
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise, tcp, yamux};
use tokio::net::{TcpListener, TcpStream};

use super::{MIB, block};

fn noise() -> noise::Config {
    noise::Config::new(&Keypair::generate_ed25519()).unwrap()
}

async fn send(mut stream: impl AsyncRead + AsyncWrite + Unpin, mib: u64) {
    let block = block(0);
    for _ in 0..mib {
        stream.write_all(&block).await.unwrap();
    }
    stream.close().await.unwrap();
    // Until the other side has it all and leaves, what was written last may still be here.
    let _ = stream.read(&mut [0]).await;
}

/// Takes all bytes; says how many microseconds that took.
async fn take(mut stream: impl AsyncRead + Unpin, mib: u64) {
    let began = Instant::now();
    let (mut block, mut left) = (vec![0; usize::try_from(MIB).unwrap()], mib * MIB);
    while left > 0 {
        let read = stream.read(&mut block).await.unwrap();
        assert!(read > 0, "{left} bytes are missing");
        left -= u64::try_from(read).unwrap();
    }
    println!("{} 0 0", began.elapsed().as_micros());
}

/// Sends to the first who comes, over TCP with Noise.
pub(super) async fn noise_source(mib: u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (_, stream) = noise().upgrade_inbound(tcp::tokio::TcpStream(stream), "/noise").await.unwrap();
    send(stream, mib).await;
}

pub(super) async fn noise_sink(mib: u64, address: &str) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (_, stream) = noise().upgrade_outbound(tcp::tokio::TcpStream(stream), "/noise").await.unwrap();
    take(stream, mib).await;
}

fn transport() -> Boxed<(PeerId, StreamMuxerBox)> {
    tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise())
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed()
}

/// Does what the connection has to do beside its streams.
async fn beside(mut muxer: StreamMuxerBox, work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        while let Poll::Ready(Ok(_)) = muxer.poll_unpin(context) {}
        Poll::Pending
    })
    .await;
}

/// Sends to the first who opens a stream.
pub(super) async fn stream_source(mib: u64) {
    let mut transport = transport();
    transport.listen_on(ListenerId::next(), "/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    loop {
        match transport.select_next_some().await {
            TransportEvent::NewAddress { listen_addr, .. } => println!("{listen_addr}"),
            TransportEvent::Incoming { upgrade, .. } => {
                let (_, mut muxer) = upgrade.await.unwrap();
                let mut stream = poll_fn(|context| muxer.poll_inbound_unpin(context)).await.unwrap();
                // Nothing is opened before its first byte.
                stream.read_exact(&mut [0]).await.unwrap();
                return beside(muxer, send(stream, mib)).await;
            }
            _ => {}
        }
    }
}

pub(super) async fn stream_sink(mib: u64, address: &str) {
    let dial = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    let (_, mut muxer) = transport().dial(address.parse().unwrap(), dial).unwrap().await.unwrap();
    let mut stream = poll_fn(|context| muxer.poll_outbound_unpin(context)).await.unwrap();
    let work = async move {
        stream.write_all(&[0]).await.unwrap();
        stream.flush().await.unwrap();
        take(stream, mib).await;
    };
    beside(muxer, work).await;
}
