//! The gate around gossipsub: to it, connections of guests do not exist.
//!
//! Whether a connection is a member's is decided once, when it is established, and holds for its whole life: whoever
//! changes sides is disconnected. Declared last, because gossipsub records a peer in its hook and hears of no refusal.

use std::collections::HashMap;
use std::task::{Context, Poll};

use either::Either;
use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::swarm::behaviour::ConnectionEstablished;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use super::door::Members;

/// A behaviour that knows of members' connections only.
pub(super) struct MembersOnly<B> {
    /// What is behind the gate.
    pub(super) inner: B,
    members: Members,
    /// Connections that the inner behaviour knows, with where they lead once they are established. Never an empty list.
    admitted: HashMap<PeerId, Vec<(ConnectionId, Option<ConnectedPoint>)>>,
}

impl<B> MembersOnly<B> {
    /// A gate that nobody passes yet.
    pub(super) fn new(inner: B) -> Self {
        Self { inner, members: Members::default(), admitted: HashMap::new() }
    }

    /// Who passes from now on. Live connections stay what they were.
    pub(super) fn set_members(&mut self, members: Members) {
        self.members = members;
    }

    /// Whether this connection is a member's.
    pub(super) fn is_admitted(&self, peer: &PeerId, id: ConnectionId) -> bool {
        self.admitted.get(peer).is_some_and(|all| all.iter().any(|(other, _)| *other == id))
    }

    fn count(&self, peer: &PeerId) -> usize {
        self.admitted.get(peer).map_or(0, Vec::len)
    }

    fn admit(&mut self, peer: PeerId, id: ConnectionId) {
        self.admitted.entry(peer).or_default().push((id, None));
    }

    fn forget(&mut self, peer: &PeerId, id: ConnectionId) -> bool {
        let Some(all) = self.admitted.get_mut(peer) else { return false };
        let before = all.len();
        all.retain(|(other, _)| *other != id);
        let was = all.len() < before;
        if all.is_empty() {
            self.admitted.remove(peer);
        }
        was
    }

    fn note_endpoint(&mut self, peer: &PeerId, id: ConnectionId, endpoint: &ConnectedPoint) {
        if let Some((_, place)) = self.admitted.get_mut(peer).and_then(|all| all.iter_mut().find(|(it, _)| *it == id)) {
            *place = Some(endpoint.clone());
        }
    }
}

impl<B: NetworkBehaviour> MembersOnly<B> {
    /// gossipsub tells its topics once, over the first connection. Of two that were opened at the same time that may be
    /// the one that is closed, unread. Presenting the one that stays as the first makes it tell them again; nothing
    /// else in its handling of that event is more than idempotent.
    fn greet_again(&mut self, peer: PeerId) {
        let Some((id, Some(endpoint))) = self.admitted.get(&peer).and_then(|all| all.first()).cloned() else { return };
        self.inner.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
            peer_id: peer,
            connection_id: id,
            endpoint: &endpoint,
            failed_addresses: &[],
            other_established: 0,
        }));
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for MembersOnly<B> {
    type ConnectionHandler = Either<B::ConnectionHandler, dummy::ConnectionHandler>;
    type ToSwarm = B::ToSwarm;

    // The peer of a pending inbound connection is not known yet, so the inner behaviour is not asked.

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        match peer {
            Some(known) if self.members.contains(&known) => {
                self.inner.handle_pending_outbound_connection(id, peer, addresses, role)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        let handler = self.inner.handle_established_inbound_connection(id, peer, local, remote)?;
        self.admit(peer, id);
        Ok(Either::Left(handler))
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        let handler = self.inner.handle_established_outbound_connection(id, peer, address, role, port)?;
        self.admit(peer, id);
        Ok(Either::Left(handler))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            // The swarm counts every connection of the peer; the inner behaviour knows the admitted ones.
            FromSwarm::ConnectionEstablished(mut established) => {
                let (peer, id) = (established.peer_id, established.connection_id);
                if self.is_admitted(&peer, id) {
                    self.note_endpoint(&peer, id, established.endpoint);
                    established.other_established = self.count(&peer).saturating_sub(1);
                    self.inner.on_swarm_event(FromSwarm::ConnectionEstablished(established));
                }
            }
            FromSwarm::ConnectionClosed(mut closed) => {
                let peer = closed.peer_id;
                if self.forget(&peer, closed.connection_id) {
                    closed.remaining_established = self.count(&peer);
                    self.inner.on_swarm_event(FromSwarm::ConnectionClosed(closed));
                    self.greet_again(peer);
                }
            }
            FromSwarm::AddressChange(change) => {
                if self.is_admitted(&change.peer_id, change.connection_id) {
                    self.note_endpoint(&change.peer_id, change.connection_id, change.new);
                    self.inner.on_swarm_event(event);
                }
            }
            // A behaviour declared later could still refuse after our hook: then one of these two comes alone.
            FromSwarm::DialFailure(failed) => {
                if failed
                    .peer_id
                    .is_some_and(|peer| self.forget(&peer, failed.connection_id) || self.members.contains(&peer))
                {
                    self.inner.on_swarm_event(event);
                }
            }
            FromSwarm::ListenFailure(failed) => {
                if failed
                    .peer_id
                    .is_some_and(|peer| self.forget(&peer, failed.connection_id) || self.members.contains(&peer))
                {
                    self.inner.on_swarm_event(event);
                }
            }
            FromSwarm::NewExternalAddrOfPeer(of) => {
                if self.members.contains(&of.peer_id) {
                    self.inner.on_swarm_event(event);
                }
            }
            // Our own listeners and addresses. A new variant that names a peer would leak: look here at every update.
            other => self.inner.on_swarm_event(other),
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {
            Either::Left(event) => self.inner.on_connection_handler_event(peer, id, event),
            Either::Right(never) => match never {},
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            let Poll::Ready(mut action) = self.inner.poll(context) else { return Poll::Pending };
            // `Any` could mean a guest connection of the same peer, whose handler has no use for it.
            if let ToSwarm::NotifyHandler { peer_id, handler: handler @ NotifyHandler::Any, .. } = &mut action {
                let Some((id, _)) = self.admitted.get(peer_id).and_then(|all| all.first()) else { continue };
                *handler = NotifyHandler::One(*id);
            }
            return Poll::Ready(action.map_in(Either::Left));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use libp2p::swarm::ConnectionClosed;

    use super::*;

    /// Notes what it hears of connections, with the count that comes with it.
    #[derive(Default)]
    struct Recorder(Vec<(&'static str, ConnectionId, usize)>);

    impl NetworkBehaviour for Recorder {
        type ConnectionHandler = dummy::ConnectionHandler;
        type ToSwarm = std::convert::Infallible;

        fn handle_established_inbound_connection(
            &mut self,
            _: ConnectionId,
            _: PeerId,
            _: &Multiaddr,
            _: &Multiaddr,
        ) -> Result<THandler<Self>, ConnectionDenied> {
            Ok(dummy::ConnectionHandler)
        }

        fn handle_established_outbound_connection(
            &mut self,
            _: ConnectionId,
            _: PeerId,
            _: &Multiaddr,
            _: Endpoint,
            _: PortUse,
        ) -> Result<THandler<Self>, ConnectionDenied> {
            Ok(dummy::ConnectionHandler)
        }

        fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
            match event {
                FromSwarm::ConnectionEstablished(it) => self.0.push(("up", it.connection_id, it.other_established)),
                FromSwarm::ConnectionClosed(it) => self.0.push(("down", it.connection_id, it.remaining_established)),
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

    struct Fixture {
        gate: MembersOnly<Recorder>,
        peer: PeerId,
        endpoint: ConnectedPoint,
        /// All connections of the peer, as the swarm counts them.
        open: usize,
    }

    fn id(number: usize) -> ConnectionId {
        ConnectionId::new_unchecked(number)
    }

    impl Fixture {
        fn new() -> Self {
            let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
            let endpoint = ConnectedPoint::Listener { local_addr: address.clone(), send_back_addr: address };
            Self { gate: MembersOnly::new(Recorder::default()), peer: PeerId::random(), endpoint, open: 0 }
        }

        fn admit_peer(&mut self) {
            self.gate.set_members(Arc::new([self.peer].into()));
        }

        fn open(&mut self, number: usize) {
            let address = self.endpoint.get_remote_address();
            self.gate.handle_established_inbound_connection(id(number), self.peer, address, address).unwrap();
            self.gate.on_swarm_event(FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id: self.peer,
                connection_id: id(number),
                endpoint: &self.endpoint,
                failed_addresses: &[],
                other_established: self.open,
            }));
            self.open += 1;
        }

        fn close(&mut self, number: usize) {
            self.open -= 1;
            self.gate.on_swarm_event(FromSwarm::ConnectionClosed(ConnectionClosed {
                peer_id: self.peer,
                connection_id: id(number),
                endpoint: &self.endpoint,
                cause: None,
                remaining_established: self.open,
            }));
        }
    }

    #[test]
    fn what_was_a_guest_connection_stays_one_and_is_never_counted() {
        let mut it = Fixture::new();
        it.open(1);
        it.admit_peer();
        it.open(2);
        it.close(1);
        it.open(3);
        it.gate.set_members(Members::default());
        it.close(2);
        it.close(3);
        let expected = [("up", id(2), 0), ("up", id(3), 1), ("down", id(2), 1), ("up", id(3), 0), ("down", id(3), 0)];
        assert_eq!(it.gate.inner.0, expected);
        assert!(it.gate.admitted.is_empty());
    }

    #[test]
    fn the_connection_that_stays_of_two_is_presented_as_the_first_so_that_topics_are_told_again() {
        let mut it = Fixture::new();
        it.admit_peer();
        it.open(1);
        it.open(2);
        it.close(1);
        let expected = [("up", id(1), 0), ("up", id(2), 1), ("down", id(1), 1), ("up", id(2), 0)];
        assert_eq!(it.gate.inner.0, expected);
    }
}
