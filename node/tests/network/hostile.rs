//! Peers that keep no rule: they speak libp2p, and put what they like into its streams.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::core::ConnectedPoint;
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Message, OutboundFailure, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, gossipsub, noise, tcp, yamux};
use lyceum_node::network::identity::{key_of, peer_id_of};
use lyceum_node::network::{AskFault, NetEvent, Topic};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::limits;

use super::fixture::{Node, within};

/// Puts bytes on a stream as they are. As the answerer it never ends a stream.
#[derive(Clone, Default)]
struct Raw;

impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        // The other end may refuse before all is written: that is what the tests are about.
        let _ = io.write_all(&bytes).await;
        Ok(())
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await?;
        io.flush().await?;
        std::future::pending().await
    }
}

#[derive(NetworkBehaviour)]
struct RawProtocols {
    sync: request_response::Behaviour<Raw>,
    gossip: gossipsub::Behaviour,
}

struct Peer {
    swarm: Swarm<RawProtocols>,
    key: PublicKey,
}

fn topic() -> gossipsub::IdentTopic {
    gossipsub::IdentTopic::new(format!("lyceum/1/{}/entry", "07".repeat(32)))
}

impl Peer {
    async fn new(seed: u8) -> Self {
        let keypair = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
        let key = key_of(&keypair.public().to_peer_id()).unwrap();
        let config = gossipsub::ConfigBuilder::default()
            .validation_mode(gossipsub::ValidationMode::Anonymous)
            .message_id_fn(|message| gossipsub::MessageId::from(&lyceum_protocol::hash::sha256(&[&message.data])[..20]))
            .max_transmit_size(256 * 1024)
            .build()
            .unwrap();
        let mut gossip = gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config).unwrap();
        gossip.subscribe(&topic()).unwrap();
        let protocol = (StreamProtocol::new("/lyceum/sync/1"), ProtocolSupport::Full);
        let sync = request_response::Behaviour::with_codec(Raw, [protocol], request_response::Config::default());
        let mut swarm = SwarmBuilder::with_existing_identity(keypair)
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| RawProtocols { sync, gossip })
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(600)))
            .build();
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let mut peer = Self { swarm, key };
        peer.find(|event| matches!(event, SwarmEvent::NewListenAddr { .. }).then_some(())).await;
        peer
    }

    async fn find<T>(&mut self, mut pick: impl FnMut(SwarmEvent<RawProtocolsEvent>) -> Option<T>) -> T {
        let search = async {
            loop {
                if let Some(found) = pick(self.swarm.select_next_some().await) {
                    return found;
                }
            }
        };
        within(search).await
    }

    async fn connect(&mut self, node: &Node) {
        self.swarm.dial(node.address()).unwrap();
        self.find(|event| matches!(event, SwarmEvent::ConnectionEstablished { .. }).then_some(())).await;
    }

    /// Sends bytes as a request; what came back until the end of the stream, or why nothing did.
    async fn send(&mut self, to: PublicKey, bytes: Vec<u8>) -> Result<Vec<u8>, OutboundFailure> {
        self.swarm.behaviour_mut().sync.send_request(&peer_id_of(&to), bytes);
        self.find(|event| match event {
            SwarmEvent::Behaviour(RawProtocolsEvent::Sync(request_response::Event::Message {
                message: Message::Response { response, .. },
                ..
            })) => Some(Ok(response)),
            SwarmEvent::Behaviour(RawProtocolsEvent::Sync(request_response::Event::OutboundFailure {
                error, ..
            })) => Some(Err(error)),
            SwarmEvent::ConnectionClosed { .. } => panic!("the connection lives"),
            _ => None,
        })
        .await
    }
}

fn framed(length: u32, body: &[u8]) -> Vec<u8> {
    [&length.to_be_bytes()[..], body].concat()
}

#[tokio::test]
async fn bad_frames_are_refused_one_by_one_and_the_connection_lives() {
    let mut a = Node::with(200, |limits| limits.request_within = Duration::from_millis(300)).await;
    let mut peer = Peer::new(201).await;
    peer.connect(&a).await;
    a.up(peer.key).await;
    let over = u32::try_from(limits::REQUEST_MAX + 1).unwrap();
    let refused = [
        framed(over, &vec![0; limits::REQUEST_MAX + 1]),
        framed(u32::MAX, b"a length that lies"),
        framed(100, b"a body that ends early"),
        b"\xff".to_vec(),
        Vec::new(),
    ];
    for bytes in refused {
        let answer = peer.send(a.key, bytes).await;
        assert!(answer.as_ref().is_ok_and(Vec::is_empty) || answer.is_err(), "{answer:?}");
    }
    let key = a.key;
    let good = async {
        let (call, bytes) = a.asked().await;
        assert_eq!(bytes, b"good", "nothing else was shown");
        a.net.answer(call, b"yes".to_vec()).unwrap();
    };
    let (answer, ()) = tokio::join!(peer.send(key, framed(4, b"good")), good);
    assert_eq!(answer.unwrap(), framed(3, b"yes"));
}

#[tokio::test]
async fn a_withheld_or_lying_answer_ends_the_request_alone() {
    let mut a = Node::tcp(202).await;
    let mut peer = Peer::new(203).await;
    a.net.set_members(BTreeSet::from([peer.key]));
    peer.connect(&a).await;
    a.up(peer.key).await;
    let over = u32::try_from(limits::FRAME_MAX + 1).unwrap();
    for (number, lie) in [framed(1000, b"and then nothing"), framed(over, b"")].into_iter().enumerate() {
        let ask = u64::try_from(number).unwrap();
        a.net.ask(ask, peer.key, b"?".to_vec(), Duration::from_millis(500)).unwrap();
        let channel = peer.find(|event| match event {
            SwarmEvent::Behaviour(RawProtocolsEvent::Sync(request_response::Event::Message {
                message: Message::Request { request, channel, .. },
                ..
            })) => Some((request, channel)),
            _ => None,
        });
        let (request, channel) = channel.await;
        assert_eq!(request, framed(1, b"?"));
        peer.swarm.behaviour_mut().sync.send_response(channel, lie).unwrap();
        let result = tokio::select! {
            result = a.answered(ask) => result,
            () = peer.find(|_| None::<()>) => unreachable!(),
        };
        match number {
            0 => assert_eq!(result, Err(AskFault::TimedOut)),
            _ => assert!(matches!(result, Err(AskFault::Bad(_))), "{result:?}"),
        }
    }
    assert!(a.seen.iter().all(|event| !matches!(event, NetEvent::PeerDown { .. })));
}

#[tokio::test]
async fn gossip_over_the_limit_is_not_shown() {
    let mut a = Node::tcp(204).await;
    let mut peer = Peer::new(205).await;
    a.net.set_members(BTreeSet::from([peer.key]));
    peer.connect(&a).await;
    peer.find(|event| {
        matches!(event, SwarmEvent::Behaviour(RawProtocolsEvent::Gossip(gossipsub::Event::Subscribed { .. })))
            .then_some(())
    })
    .await;
    for size in [limits::GOSSIP_MAX + 1, 200 * 1024, 10] {
        peer.swarm.behaviour_mut().gossip.publish(topic(), vec![1; size]).unwrap();
    }
    let heard = tokio::select! {
        heard = a.heard() => heard,
        () = peer.find(|_| None::<()>) => unreachable!(),
    };
    assert_eq!(heard, (Topic::Entry, vec![1; 10]));
}

#[tokio::test]
async fn of_two_connections_the_one_dialled_by_the_smaller_key_stays() {
    for seed in [206, 207, 208, 209] {
        let mut a = Node::tcp(seed).await;
        let mut peer = Peer::new(seed + 20).await;
        let address = peer.swarm.listeners().next().unwrap().clone();
        // The peer's swarm does nothing until it is polled, so both dials are under way together.
        a.net.dial(peer.key, vec![address]).unwrap();
        peer.swarm.dial(a.address()).unwrap();
        let mut established = 0;
        let kept_by_peer = peer.find(|event| {
            established += usize::from(matches!(event, SwarmEvent::ConnectionEstablished { .. }));
            match event {
                SwarmEvent::ConnectionClosed { num_established: 1, endpoint, .. } => {
                    Some(matches!(endpoint, ConnectedPoint::Listener { .. }))
                }
                _ => None,
            }
        });
        let kept_by_peer = kept_by_peer.await;
        assert_eq!(established, 2);
        assert_eq!(kept_by_peer, peer.key < a.key, "the connection that the smaller key dialled is kept");
        a.up(peer.key).await;
    }
}
