//! Gossipsub as this network uses it: anonymous, validated, three topics, ids made of the content.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::gossipsub::{
    self, ConfigBuilder, IdentTopic, IdentityTransform, MaxCountSubscriptionFilter, MessageAuthenticity, MessageId,
    PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
};
use lyceum_protocol::hash::{NetworkId, sha256};
use lyceum_protocol::limits;
use tokio::time::Instant;

use super::NetworkFault;

/// The router with this network's filter.
pub(super) type Router =
    gossipsub::Behaviour<IdentityTransform, MaxCountSubscriptionFilter<WhitelistSubscriptionFilter>>;

/// Messages that wait for a verdict.
pub(super) const OFFERS: usize = 1024;
/// How long a verdict counts: the router keeps a message for twelve heartbeats of a second.
const VERDICT_WITHIN: Duration = Duration::from_secs(10);
const HISTORY: usize = 12;
/// Largest frame. Must be 8 KiB above the largest message, envelope included, or pipelined frames end the stream.
const TRANSMIT_MAX: usize = 256 * 1024;
const _: () = assert!(limits::GOSSIP_MAX + 16 * 1024 <= TRANSMIT_MAX, "a gossip message fits a frame");

/// What a gossip message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Entries.
    Entry,
    /// Documents, motions and their signatures.
    Doc,
    /// Fork proofs.
    Proof,
}

impl Topic {
    /// All topics.
    pub const ALL: [Self; 3] = [Self::Entry, Self::Doc, Self::Proof];

    fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Doc => "doc",
            Self::Proof => "proof",
        }
    }

    /// Its name in a network: `lyceum/1/<network, hex>/<topic>`.
    pub(super) fn full_name(self, network: NetworkId) -> String {
        format!("lyceum/1/{network}/{}", self.name())
    }
}

/// The first 20 bytes of `SHA-256("lyceum/1/gossip-id\0" || topic length as u32 LE || topic || data)`.
fn message_id(topic: &str, data: &[u8]) -> [u8; 20] {
    let length = u32::try_from(topic.len()).unwrap_or(u32::MAX).to_le_bytes();
    let hash = sha256(&[b"lyceum/1/gossip-id\0", &length, topic.as_bytes(), data]);
    let mut id = [0; 20];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}

/// Sets up the router and joins the topics of `network`.
pub(super) fn router(network: NetworkId) -> Result<Router, NetworkFault> {
    let setup = |fault: &dyn std::fmt::Display| NetworkFault::Setup(format!("gossipsub: {fault}"));
    let config = ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(|message| MessageId::from(&message_id(message.topic.as_str(), &message.data)[..]))
        .allow_self_origin(true)
        .max_transmit_size(TRANSMIT_MAX)
        // An offer of many ids must fit what a receiver takes as control bytes.
        .max_control_message_size(64 * 1024)
        .max_control_messages_sent(500)
        .flood_publish(true)
        .idontwant_on_publish(true)
        .heartbeat_interval(Duration::from_secs(1))
        .history_length(HISTORY)
        .history_gossip(5)
        .duplicate_cache_time(Duration::from_secs(600))
        .build()
        .map_err(|fault| setup(&fault))?;
    let topics = Topic::ALL.map(|topic| IdentTopic::new(topic.full_name(network)));
    let filter = MaxCountSubscriptionFilter {
        filter: WhitelistSubscriptionFilter(topics.iter().map(IdentTopic::hash).collect::<HashSet<_>>()),
        max_subscribed_topics: Topic::ALL.len(),
        // Repeats and strange topics are filtered, up to this many in one message.
        max_subscriptions_per_request: 16,
    };
    let mut router = Router::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, filter)
        .map_err(|fault| setup(&fault))?;
    let scores = PeerScoreParams {
        topics: topics.iter().map(|topic| (topic.hash(), topic_score())).collect(),
        // Organisations behind one address, and all nodes of a test, share an IP.
        ip_colocation_factor_weight: 0.0,
        ..PeerScoreParams::default()
    };
    router.with_peer_score(scores, PeerScoreThresholds::default()).map_err(|fault| setup(&fault))?;
    for topic in &topics {
        router.subscribe(topic).map_err(|fault| setup(&fault))?;
    }
    Ok(router)
}

/// A quiet topic is no fault of a peer: deliveries that did not come weigh nothing. What it answers for does.
fn topic_score() -> TopicScoreParams {
    TopicScoreParams {
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -1.0,
        invalid_message_deliveries_decay: 0.9,
        ..TopicScoreParams::default()
    }
}

/// Names of the topics of one network.
pub(super) struct Topics(HashMap<TopicHash, Topic>);

impl Topics {
    /// Of a network.
    pub(super) fn of(network: NetworkId) -> Self {
        Self(Topic::ALL.into_iter().map(|topic| (IdentTopic::new(topic.full_name(network)).hash(), topic)).collect())
    }

    /// Which one it is.
    pub(super) fn find(&self, hash: &TopicHash) -> Option<Topic> {
        self.0.get(hash).copied()
    }
}

/// A message that waits for its verdict.
pub(super) struct Offer {
    pub(super) message: MessageId,
    pub(super) from: PeerId,
    since: Instant,
}

impl Offer {
    /// Whether the router has forgotten the message, so that it cannot be passed on any more.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        now.duration_since(self.since) > VERDICT_WITHIN
    }
}

/// The messages that wait for a verdict, oldest first.
#[derive(Default)]
pub(super) struct Offers {
    next: u64,
    waiting: HashMap<u64, Offer>,
    order: VecDeque<u64>,
}

impl Offers {
    /// Takes a message. Returns its number, and the oldest one if there is no room for both.
    pub(super) fn add(&mut self, message: MessageId, from: PeerId, now: Instant) -> (u64, Option<Offer>) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.waiting.insert(number, Offer { message, from, since: now });
        self.order.push_back(number);
        let mut dropped = None;
        // Numbers whose verdict came stay in the order until they are the oldest.
        while self.order.len() > OFFERS {
            dropped = self.order.pop_front().and_then(|oldest| self.waiting.remove(&oldest)).or(dropped);
        }
        (number, dropped)
    }

    /// Takes the message out that a verdict is about.
    pub(super) fn take(&mut self, number: u64) -> Option<Offer> {
        self.waiting.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_message_depends_on_topic_and_content_and_on_where_one_ends() {
        let ids = [message_id("ab", b"c"), message_id("a", b"bc"), message_id("ab", b"d")];
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        let network = NetworkId([0xab; 32]);
        let name = Topic::Entry.full_name(network);
        assert_eq!(name, format!("lyceum/1/{}/entry", "ab".repeat(32)));
        let hex = data_encoding::HEXLOWER.encode(&message_id(&name, b"vector"));
        assert_eq!(hex, "327b6d43024909b9debaaabcdfa87f0432ac7544");
    }

    #[test]
    fn the_oldest_message_without_a_verdict_gives_way() {
        let mut offers = Offers::default();
        let now = Instant::now();
        let from = PeerId::random();
        let (first, none) = offers.add(MessageId::from(&b"first"[..]), from, now);
        assert!(none.is_none());
        for _ in 1..OFFERS {
            assert!(offers.add(MessageId::from(&b"more"[..]), from, now).1.is_none());
        }
        let dropped = offers.add(MessageId::from(&b"last"[..]), from, now).1;
        assert_eq!(dropped.map(|offer| offer.message), Some(MessageId::from(&b"first"[..])));
        assert!(offers.take(first).is_none());
    }
}
