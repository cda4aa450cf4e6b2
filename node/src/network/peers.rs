//! The connections, and which of two of one peer stays.
//!
//! Of two that were dialled from both ends at once, both ends keep the one dialled by the smaller node key. Of two
//! dialled from the same end the newer one stays: its peer has begun anew.

use std::collections::HashMap;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use lyceum_protocol::key::PublicKey;
use tokio::time::Instant;

/// Who dialled a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialler {
    Us,
    Them,
}

/// One connection.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) dialler: Dialler,
    /// Whether the gate let it pass as a member's.
    pub(super) member: bool,
    /// When it has to end, for a guest's.
    pub(super) until: Option<Instant>,
    /// Bytes of requests that came over it.
    pub(super) heard: usize,
    /// Why it is being closed.
    pub(super) closing: Option<String>,
}

struct Peer {
    key: PublicKey,
    connections: Vec<Connection>,
}

/// What follows from a new connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// To be closed now.
    pub(super) close: Vec<ConnectionId>,
    /// What the outside is told.
    pub(super) tell: Tell,
}

/// What the outside is told of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// The peer is up.
    Up,
    /// The peer was up, and begins anew.
    Again,
    /// Nothing: the peer is up as before.
    Nothing,
}

/// All connections.
pub(super) struct Peers {
    own: PublicKey,
    peers: HashMap<PeerId, Peer>,
}

impl Peers {
    /// None yet.
    pub(super) fn new(own: PublicKey) -> Self {
        Self { own, peers: HashMap::new() }
    }

    /// Notes a new connection and decides between it and the one that was there.
    pub(super) fn opened(&mut self, peer: PeerId, key: PublicKey, mut new: Connection) -> Opened {
        let kept_dialler = if self.own < key { Dialler::Us } else { Dialler::Them };
        let entry = self.peers.entry(peer).or_insert_with(|| Peer { key, connections: Vec::new() });
        let mut close = Vec::new();
        let known = !entry.connections.is_empty();
        let tell = match entry.connections.iter_mut().find(|old| old.closing.is_none()) {
            None => {
                // What is being closed has nothing left to say to whoever is connected anew.
                close.extend(entry.connections.iter().map(|old| old.id));
                if known { Tell::Again } else { Tell::Up }
            }
            Some(old) if old.dialler == new.dialler => {
                old.closing = Some("the peer connected anew".to_owned());
                close.push(old.id);
                Tell::Again
            }
            Some(old) => {
                let loser = if new.dialler == kept_dialler { old } else { &mut new };
                loser.closing = Some("one connection is enough".to_owned());
                close.push(loser.id);
                Tell::Nothing
            }
        };
        entry.connections.push(new);
        Opened { close, tell }
    }

    /// Forgets a connection. If it was the peer's last one, the peer's key.
    pub(super) fn closed(&mut self, peer: &PeerId, id: ConnectionId) -> Closed {
        let Some(entry) = self.peers.get_mut(peer) else { return Closed::default() };
        let at = entry.connections.iter().position(|connection| connection.id == id);
        let connection = at.map(|at| entry.connections.remove(at));
        let down = entry.connections.is_empty().then_some(entry.key);
        if down.is_some() {
            self.peers.remove(peer);
        }
        Closed { connection, down }
    }

    /// Marks connections of a peer as being closed; gives those that were not yet.
    pub(super) fn close(&mut self, peer: &PeerId, why: &str, which: impl Fn(&Connection) -> bool) -> Vec<ConnectionId> {
        let Some(entry) = self.peers.get_mut(peer) else { return Vec::new() };
        let open = entry.connections.iter_mut().filter(|connection| connection.closing.is_none() && which(connection));
        open.map(|connection| {
            connection.closing = Some(why.to_owned());
            connection.id
        })
        .collect()
    }

    /// Counts bytes of a request; the new total of its connection and whether that is a member's.
    pub(super) fn heard(&mut self, peer: &PeerId, id: ConnectionId, bytes: usize) -> Option<(usize, bool)> {
        let connection = self.peers.get_mut(peer)?.connections.iter_mut().find(|connection| connection.id == id)?;
        connection.heard = connection.heard.saturating_add(bytes);
        Some((connection.heard, connection.member))
    }

    /// The node key of a connected peer.
    pub(super) fn key(&self, peer: &PeerId) -> Option<PublicKey> {
        self.peers.get(peer).map(|entry| entry.key)
    }

    /// Whether a connection to the peer is there that stays.
    pub(super) fn is_up(&self, peer: &PeerId) -> bool {
        self.peers.get(peer).is_some_and(|entry| entry.connections.iter().any(|it| it.closing.is_none()))
    }

    /// All connections with their peers.
    pub(super) fn all(&self) -> impl Iterator<Item = (PeerId, PublicKey, &Connection)> {
        self.peers.iter().flat_map(|(peer, entry)| entry.connections.iter().map(|it| (*peer, entry.key, it)))
    }
}

/// What a closed connection was.
#[derive(Debug, Default)]
pub(super) struct Closed {
    pub(super) connection: Option<Connection>,
    /// The key of the peer, if it is down now.
    pub(super) down: Option<PublicKey>,
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::key::SecretKey;

    use super::super::identity::peer_id_of;
    use super::*;

    fn keys() -> (PublicKey, PublicKey) {
        let mut keys = [1, 2].map(|seed| SecretKey::from_seed(&[seed; 32]).public());
        keys.sort();
        (keys[0], keys[1])
    }

    fn connection(id: usize, dialler: Dialler) -> Connection {
        let id = ConnectionId::new_unchecked(id);
        Connection { id, dialler, member: true, until: None, heard: 0, closing: None }
    }

    fn stays(own: PublicKey, peer: PublicKey, arrivals: [(usize, Dialler); 2]) -> (Vec<usize>, Tell) {
        let mut peers = Peers::new(own);
        let id = peer_id_of(&peer);
        let [first, second] = arrivals;
        assert_eq!(peers.opened(id, peer, connection(first.0, first.1)), Opened { close: vec![], tell: Tell::Up });
        let opened = peers.opened(id, peer, connection(second.0, second.1));
        for gone in &opened.close {
            assert_eq!(peers.closed(&id, *gone).down, None);
        }
        assert!(peers.is_up(&id));
        let left = peers.all().map(|(_, _, it)| it.id).collect::<Vec<_>>();
        let left =
            arrivals.iter().map(|it| it.0).filter(|it| left.contains(&ConnectionId::new_unchecked(*it))).collect();
        (left, opened.tell)
    }

    #[test]
    fn both_ends_keep_the_connection_dialled_by_the_smaller_key_in_any_order() {
        let (small, large) = keys();
        // 1 is dialled by the smaller key, 2 by the larger one.
        for order in [[1, 2], [2, 1]] {
            let at_small = order.map(|id| (id, if id == 1 { Dialler::Us } else { Dialler::Them }));
            let at_large = order.map(|id| (id, if id == 1 { Dialler::Them } else { Dialler::Us }));
            assert_eq!(stays(small, large, at_small), (vec![1], Tell::Nothing));
            assert_eq!(stays(large, small, at_large), (vec![1], Tell::Nothing));
        }
    }

    #[test]
    fn a_newer_connection_from_the_same_end_replaces_the_older_one() {
        let (small, large) = keys();
        for dialler in [Dialler::Us, Dialler::Them] {
            assert_eq!(stays(small, large, [(1, dialler), (2, dialler)]), (vec![2], Tell::Again));
        }
    }

    #[test]
    fn whoever_connects_anew_while_being_disconnected_is_up_again() {
        let (small, large) = keys();
        let mut peers = Peers::new(small);
        let id = peer_id_of(&large);
        peers.opened(id, large, connection(1, Dialler::Them));
        assert_eq!(peers.close(&id, "test", |_| true).len(), 1);
        assert!(!peers.is_up(&id));
        let opened = peers.opened(id, large, connection(2, Dialler::Them));
        assert_eq!(opened, Opened { close: vec![ConnectionId::new_unchecked(1)], tell: Tell::Again });
    }
}
