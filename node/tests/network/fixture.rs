//! Nodes of a test: a handle, its events, and what was seen so far.

use std::collections::BTreeSet;
use std::time::Duration;

use lyceum_node::network::attachments::{Asker, Call, Outside};
use lyceum_node::network::{AskFault, Limits, Multiaddr, NetEvent, Network, Settings, Started, Topic, start};
use lyceum_protocol::hash::NetworkId;
use lyceum_protocol::key::{PublicKey, SecretKey};
use tokio::sync::mpsc;

/// Ends a test that waits for what does not come.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("what the test waits for comes in time")
}

pub(crate) fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub(crate) fn settings() -> Settings {
    let listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    Settings { listen, lan: true, ..Settings::of(NetworkId([7; 32])) }
}

pub(crate) struct Node {
    pub(crate) net: Network,
    pub(crate) events: mpsc::Receiver<NetEvent>,
    pub(crate) asker: Asker,
    pub(crate) calls: mpsc::Receiver<Call>,
    pub(crate) key: PublicKey,
    /// Every event that was looked at, in order.
    pub(crate) seen: Vec<NetEvent>,
}

impl Node {
    pub(crate) async fn with_settings(seed: u8, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let secret = secret(seed);
        let Started { network: net, events, attachments: Outside { asker, calls } } =
            start(settings, &secret).await.unwrap();
        Self { net, events, asker, calls, key: secret.public(), seen: Vec::new() }
    }

    pub(crate) async fn with(seed: u8, change: impl FnOnce(&mut Limits)) -> Self {
        Self::with_settings(seed, |settings| change(&mut settings.limits)).await
    }

    pub(crate) async fn tcp(seed: u8) -> Self {
        Self::with_settings(seed, |_| {}).await
    }

    pub(crate) async fn quic(seed: u8) -> Self {
        let listen = |settings: &mut Settings| settings.listen = vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()];
        Self::with_settings(seed, listen).await
    }

    pub(crate) fn address(&self) -> Multiaddr {
        self.net.addresses().listening.first().unwrap().clone()
    }

    pub(crate) fn dial(&self, other: &Self) {
        self.net.dial(other.key, vec![other.address()]).unwrap();
    }

    /// Connects and waits until both know.
    pub(crate) async fn connect(&mut self, other: &mut Self) {
        self.dial(other);
        self.up(other.key).await;
        other.up(self.key).await;
    }

    pub(crate) async fn next(&mut self) -> NetEvent {
        let event = within(self.events.recv()).await.expect("the network runs");
        self.seen.push(event.clone());
        event
    }

    /// The first event from now on that `pick` takes.
    pub(crate) async fn find<T>(&mut self, pick: impl Fn(&NetEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(&self.next().await) {
                return found;
            }
        }
    }

    pub(crate) async fn up(&mut self, key: PublicKey) {
        self.find(|event| matches!(event, NetEvent::PeerUp { peer, .. } if *peer == key).then_some(())).await;
    }

    /// Waits until the peer listens to gossip, which may be known already.
    pub(crate) async fn gossip_up(&mut self, key: PublicKey) {
        let up = |event: &NetEvent| matches!(event, NetEvent::GossipUp { peer } if *peer == key);
        if !self.seen.iter().any(up) {
            self.find(|event| up(event).then_some(())).await;
        }
    }

    pub(crate) async fn down(&mut self, key: PublicKey) -> String {
        let pick = |event: &NetEvent| match event {
            NetEvent::PeerDown { peer, cause } if *peer == key => Some(cause.clone()),
            _ => None,
        };
        self.find(pick).await
    }

    pub(crate) async fn dial_failed(&mut self, key: PublicKey) -> String {
        let pick = |event: &NetEvent| match event {
            NetEvent::DialFailed { peer, cause } if *peer == key => Some(cause.clone()),
            _ => None,
        };
        self.find(pick).await
    }

    pub(crate) async fn asked(&mut self) -> (u64, Vec<u8>) {
        let pick = |event: &NetEvent| match event {
            NetEvent::Asked { call, bytes, .. } => Some((*call, bytes.clone())),
            _ => None,
        };
        self.find(pick).await
    }

    pub(crate) async fn any_answer(&mut self) -> (u64, Result<Vec<u8>, AskFault>) {
        let pick = |event: &NetEvent| match event {
            NetEvent::Answered { ask, result } => Some((*ask, result.clone())),
            _ => None,
        };
        self.find(pick).await
    }

    pub(crate) async fn answered(&mut self, number: u64) -> Result<Vec<u8>, AskFault> {
        let (ask, result) = self.any_answer().await;
        assert_eq!(ask, number);
        result
    }

    pub(crate) async fn offered(&mut self) -> (u64, Vec<u8>) {
        let pick = |event: &NetEvent| match event {
            NetEvent::Gossip { offer, bytes, .. } => Some((*offer, bytes.clone())),
            _ => None,
        };
        self.find(pick).await
    }

    pub(crate) async fn heard(&mut self) -> (Topic, Vec<u8>) {
        let pick = |event: &NetEvent| match event {
            NetEvent::Gossip { topic, bytes, .. } => Some((*topic, bytes.clone())),
            _ => None,
        };
        self.find(pick).await
    }
}

/// Makes each a member to all.
pub(crate) fn introduce(nodes: &mut [&mut Node]) {
    let members: BTreeSet<PublicKey> = nodes.iter().map(|node| node.key).collect();
    nodes.iter().for_each(|node| node.net.set_members(members.clone()));
}

/// Publishes until something of it arrives: what is sent while a connection is replaced may be lost.
pub(crate) async fn gossip_until_heard(from: &Node, to: &mut Node) {
    let mut again = tokio::time::interval(Duration::from_millis(100));
    for number in 0_u32.. {
        tokio::select! {
            _ = again.tick() => from.net.gossip(Topic::Entry, [from.key.as_bytes(), &number.to_le_bytes()[..]].concat()).unwrap(),
            (_, bytes) = to.heard() => {
                assert!(bytes.starts_with(from.key.as_bytes()));
                return;
            }
        }
    }
}
