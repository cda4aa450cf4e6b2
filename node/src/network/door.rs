//! Who may connect at all: a brake by IP before any cryptography, node keys that count, and few guests at once.
//!
//! Declared before every behaviour that keeps state of peers, so that nothing remembers whom the door refused.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::address::ip_of;
use super::identity::{NotANodeKey, key_of};

/// The members, by peer id; replaced as a whole.
pub(super) type Members = Arc<HashSet<PeerId>>;

/// Why the door stays shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Shut {
    #[error("too many connections from one place are in their handshake")]
    TooManyPending,
    #[error("too many guests are here already")]
    TooManyGuests,
    #[error(transparent)]
    Key(#[from] NotANodeKey),
}

/// The behaviour that refuses connections.
pub(super) struct Door {
    members: Members,
    pending_per_place: usize,
    guests_max: usize,
    /// Inbound connections in their handshake, with where they come from.
    pending: HashMap<ConnectionId, IpAddr>,
    /// Inbound connections of guests.
    guests: HashSet<ConnectionId>,
}

impl Door {
    /// A door that nobody passes as a member yet.
    pub(super) fn new(pending_per_place: usize, guests_max: usize) -> Self {
        let members = Members::default();
        Self { members, pending_per_place, guests_max, pending: HashMap::new(), guests: HashSet::new() }
    }

    /// Who is no guest from now on. Live connections stay what they were.
    pub(super) fn set_members(&mut self, members: Members) {
        self.members = members;
    }

    fn forget(&mut self, id: ConnectionId) {
        self.pending.remove(&id);
        self.guests.remove(&id);
    }
}

/// One place is one IPv4 address or one IPv6 /64, which is what one customer commonly holds.
fn place_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(place) = ip_of(remote).map(place_of) else { return Ok(()) };
        if self.pending.values().filter(|other| **other == place).count() >= self.pending_per_place {
            return Err(ConnectionDenied::new(Shut::TooManyPending));
        }
        self.pending.insert(id, place);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&id);
        key_of(&peer).map_err(|fault| ConnectionDenied::new(Shut::Key(fault)))?;
        if !self.members.contains(&peer) {
            if self.guests.len() >= self.guests_max {
                return Err(ConnectionDenied::new(Shut::TooManyGuests));
            }
            self.guests.insert(id);
        }
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        key_of(&peer).map_err(|fault| ConnectionDenied::new(Shut::Key(fault)))?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.forget(closed.connection_id),
            FromSwarm::ListenFailure(failed) => self.forget(failed.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_cannot_fill_all_handshakes() {
        let mut door = Door::new(2, 8);
        let here = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        let mut knock = |id, from: &str| {
            let id = ConnectionId::new_unchecked(id);
            door.handle_pending_inbound_connection(id, &here, &from.parse().unwrap()).is_ok()
        };
        assert!(knock(1, "/ip6/2001:db8::1/tcp/1"));
        assert!(knock(2, "/ip6/2001:db8::ffff/tcp/1"));
        assert!(!knock(3, "/ip6/2001:db8::2/tcp/9"));
        assert!(knock(4, "/ip6/2001:db8:0:1::1/tcp/1"));
        door.forget(ConnectionId::new_unchecked(1));
        let id = ConnectionId::new_unchecked(5);
        assert!(door.handle_pending_inbound_connection(id, &here, &"/ip6/2001:db8::3/tcp/1".parse().unwrap()).is_ok());
    }
}
