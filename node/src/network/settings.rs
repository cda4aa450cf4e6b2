//! What the network room is told when it starts.

use std::time::Duration;

use libp2p::Multiaddr;
use lyceum_protocol::attachment::ANSWER_MAX;
use lyceum_protocol::hash::NetworkId;
use lyceum_protocol::limits::FRAME_MAX;

/// Longest time that a request may take, answer included.
pub const ASK_MAX_FOR: Duration = Duration::from_secs(120);
/// How long an answer that has been written may take to be read by the peer before its connection is closed.
/// Closing right after the write was seen to lose more than half of the answers.
pub(super) const LINGER: Duration = Duration::from_millis(700);
/// Longest wait for answers in flight before a connection is closed.
pub(super) const CLOSE_WITHIN: Duration = Duration::from_millis(1_500);
/// How long connections without any stream stay. Mesh members come and go, so it is long; guests have their own limit.
pub(super) const IDLE: Duration = Duration::from_secs(6 * 3600);

/// Settings of the network room.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen. Empty: only dials.
    pub listen: Vec<Multiaddr>,
    /// What to tell others. Empty: the concrete addresses that are listened on.
    pub announce: Vec<Multiaddr>,
    /// Whether private, link-local and loopback addresses are dialled, by number or behind a name.
    pub lan: bool,
    /// The alliance: names the gossip topics.
    pub network: NetworkId,
    /// Bounds.
    pub limits: Limits,
}

impl Settings {
    /// Settings of an alliance that listen nowhere.
    pub fn of(network: NetworkId) -> Self {
        Self { listen: Vec::new(), announce: Vec::new(), lan: false, network, limits: Limits::default() }
    }
}

/// Bounds of one protocol of requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests of one peer that are being answered.
    pub calls_per_peer: usize,
    /// Bytes of answers that are being written, to all peers.
    pub answer_bytes: usize,
    /// Bytes of answers that are being written, to one peer.
    pub answer_bytes_per_peer: usize,
    /// Own requests to one peer that wait for their answer.
    pub asks_per_peer: usize,
}

/// Bounds on what others can make this node do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Inbound connections of one IPv4 address or IPv6 /64 that have not finished their handshake.
    pub pending_per_ip: usize,
    /// Connections that have not finished their handshake, each way.
    pub pending: u32,
    /// Connections, both ways.
    pub connections: u32,
    /// Inbound connections of guests.
    pub guests: usize,
    /// How long a guest may stay.
    pub guest_for: Duration,
    /// Bytes of requests that a guest may send over one connection.
    pub guest_bytes: usize,
    /// Requests of one peer that are being answered.
    pub calls_per_peer: usize,
    /// Bytes of answers that are being written, to all peers.
    pub answer_bytes: usize,
    /// Bytes of answers that are being written, to one peer.
    pub answer_bytes_per_peer: usize,
    /// Own requests to one peer that wait for their answer.
    pub asks_per_peer: usize,
    /// The same four for pieces of attachments: fewer, so that sync goes on beside them.
    pub attachments: Budget,
    /// Time for a request to arrive whole once its stream is open.
    pub request_within: Duration,
    /// Time for an answer to be taken by the peer.
    pub answer_within: Duration,
    /// Time for a dial, handshake and name resolution included.
    pub dial_within: Duration,
}

impl Limits {
    /// The bounds of sync.
    pub(super) const fn sync(&self) -> Budget {
        Budget {
            calls_per_peer: self.calls_per_peer,
            answer_bytes: self.answer_bytes,
            answer_bytes_per_peer: self.answer_bytes_per_peer,
            asks_per_peer: self.asks_per_peer,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_per_ip: 16,
            pending: 64,
            connections: 512,
            guests: 8,
            guest_for: Duration::from_secs(60),
            guest_bytes: 4 * 1024 * 1024,
            calls_per_peer: 16,
            answer_bytes: 64 * 1024 * 1024,
            answer_bytes_per_peer: 8 * 1024 * 1024,
            asks_per_peer: 32,
            attachments: Budget {
                calls_per_peer: 8,
                answer_bytes: 32 * 1024 * 1024,
                answer_bytes_per_peer: 8 * ANSWER_MAX,
                asks_per_peer: 8,
            },
            request_within: Duration::from_secs(15),
            answer_within: Duration::from_secs(60),
            dial_within: Duration::from_secs(10),
        }
    }
}

const _: () = assert!(4 * FRAME_MAX <= 8 * 1024 * 1024, "four pages in flight fit the share of one peer");
