//! What a replica is told once, when it starts.

use crate::hash::{LogId, NetworkId, OrgId, sha256};
use crate::key::PublicKey;

/// A peer that an invitation names, or the administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// Its node key.
    pub peer: PublicKey,
    /// Multiaddrs without the peer id.
    pub addresses: Vec<String>,
}

/// What a replica is told once, when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The alliance.
    pub network: NetworkId,
    /// The organisation of this node.
    pub org: OrgId,
    /// The node key.
    pub key: PublicKey,
    /// Peers to begin with. Until a charter is adopted they count as members.
    pub known_peers: Vec<KnownPeer>,
    /// The own log that may be gone on with: the head file and the store agree on it.
    pub resume: Option<LogId>,
    /// 32 random bytes: incarnations and the boot id come from them, so that equal runs are equal.
    pub entropy: [u8; 32],
    /// The program and its version, for the node record.
    pub version: String,
    /// Whether gossip is passed on. Without it everything still converges, only later.
    pub gossip: bool,
    /// Whether peers are asked for what they have. Without it nothing is repaired: for tests of the tests.
    pub sync: bool,
}

impl Settings {
    /// The `n`th number drawn from the entropy, for one purpose.
    pub(crate) fn draw(&self, purpose: &str, n: u64) -> u64 {
        let hash = sha256(&[&self.entropy, purpose.as_bytes(), &n.to_le_bytes()]);
        let [a, b, c, d, e, f, g, h, ..] = hash;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Up to a quarter of `base`, different for each peer and each turn.
    pub(crate) fn jitter(&self, base: u64, peer: &PublicKey, n: u64) -> u64 {
        let hash = sha256(&[&self.entropy, peer.as_bytes(), &n.to_le_bytes()]);
        u64::from(hash[0]).saturating_mul(base) / 1024
    }
}
