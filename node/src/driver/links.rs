//! What is known of the peers beyond their connections: since when each is up, and when it was last compared with.
//!
//! A session forgets both when the connection ends; whoever asks how far this node can be relied on must not.

use std::collections::BTreeMap;

use lyceum_protocol::key::PublicKey;

/// Peers whose last comparison is remembered; of more, those compared with longest ago are forgotten.
const REMEMBERED: usize = 4096;

/// The connections and comparisons of a running node.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Connected peers: since when, milliseconds of the steady clock.
    up: BTreeMap<PublicKey, u64>,
    /// Peers whose connection ended: their last comparison, Unix milliseconds.
    compared: BTreeMap<PublicKey, u64>,
}

impl Links {
    /// A connection is up since `mono`, milliseconds of the steady clock. A second one of the same peer changes nothing.
    pub fn went_up(&mut self, peer: PublicKey, mono: u64) {
        self.up.entry(peer).or_insert(mono);
    }

    /// A connection ended; `last_sync` is its last comparison with nothing missing here, Unix milliseconds.
    pub fn went_down(&mut self, peer: PublicKey, last_sync: Option<u64>) {
        self.up.remove(&peer);
        let Some(last_sync) = last_sync else { return };
        self.compared.insert(peer, last_sync);
        if self.compared.len() > REMEMBERED
            && let Some(oldest) = self.compared.iter().min_by_key(|(_, at)| **at).map(|(peer, _)| *peer)
        {
            self.compared.remove(&oldest);
        }
    }

    /// Since when a peer is connected, milliseconds of the steady clock.
    pub fn up_since(&self, peer: &PublicKey) -> Option<u64> {
        self.up.get(peer).copied()
    }

    /// When an earlier connection to a peer was last compared over, Unix milliseconds.
    pub fn compared_before(&self, peer: &PublicKey) -> Option<u64> {
        self.compared.get(peer).copied()
    }
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::key::SecretKey;

    use super::*;

    fn peer(number: u16) -> PublicKey {
        let mut seed = [7; 32];
        seed[..2].copy_from_slice(&number.to_le_bytes());
        SecretKey::from_seed(&seed).public()
    }

    #[test]
    fn a_comparison_outlives_its_connection() {
        let mut links = Links::default();
        links.went_up(peer(1), 10);
        links.went_up(peer(1), 20);
        assert_eq!((links.up_since(&peer(1)), links.compared_before(&peer(1))), (Some(10), None));
        links.went_down(peer(1), Some(1_000));
        assert_eq!((links.up_since(&peer(1)), links.compared_before(&peer(1))), (None, Some(1_000)));
        links.went_up(peer(1), 30);
        links.went_down(peer(1), None);
        assert_eq!(links.compared_before(&peer(1)), Some(1_000), "a connection without a comparison forgets nothing");
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut links = Links::default();
        for number in 0..=u16::try_from(REMEMBERED).unwrap() {
            links.went_down(peer(number), Some(5_000 + u64::from(number)));
        }
        assert_eq!(links.compared.len(), REMEMBERED);
        assert_eq!(links.compared_before(&peer(0)), None);
        assert!(links.compared_before(&peer(1)).is_some());
    }
}
