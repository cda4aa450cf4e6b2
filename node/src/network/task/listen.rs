//! Where the node listens, and what it tells others about that.

use std::time::Duration;

use futures::StreamExt;
use libp2p::Multiaddr;
use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;

use super::super::{Addresses, NetEvent, NetworkFault, address, fault};
use super::Task;

/// How long a listener may take to say where it listens.
const LISTEN_WITHIN: Duration = Duration::from_secs(5);

impl Task {
    /// Binds every address, or none.
    pub(in super::super) async fn listen(&mut self) -> Result<(), NetworkFault> {
        for address in &self.settings.listen {
            probe(address)?;
        }
        for address in self.settings.listen.clone() {
            let id = self.swarm.listen_on(address.clone()).map_err(|fault| match fault::is_port_in_use(&fault) {
                true => NetworkFault::PortInUse { address: address.clone() },
                false => NetworkFault::Listen { address: address.clone(), cause: fault::transport_words(&fault) },
            })?;
            self.listeners.insert(id, (address, Vec::new()));
        }
        let bound = tokio::time::timeout(LISTEN_WITHIN, self.await_listeners()).await;
        bound.unwrap_or_else(|_| {
            let silent = self.listeners.values().find(|(_, bound)| bound.is_empty());
            silent.map_or(Ok(()), |(address, _)| {
                Err(NetworkFault::Listen { address: address.clone(), cause: "nothing was bound in time".to_owned() })
            })
        })?;
        self.tell_external();
        Ok(())
    }

    async fn await_listeners(&mut self) -> Result<(), NetworkFault> {
        while self.listeners.values().any(|(_, bound)| bound.is_empty()) {
            match self.swarm.select_next_some().await {
                SwarmEvent::ListenerClosed { listener_id, reason: Err(cause), .. } => {
                    let address = self.listeners.remove(&listener_id).map_or_else(Multiaddr::empty, |(asked, _)| asked);
                    return Err(NetworkFault::Listen { address, cause: cause.to_string() });
                }
                event => self.handle(event),
            }
        }
        Ok(())
    }

    pub(super) fn listens(&mut self, id: ListenerId, address: Multiaddr) {
        if let Some((_, bound)) = self.listeners.get_mut(&id)
            && !bound.contains(&address)
        {
            bound.push(address.clone());
            self.outlet.push(NetEvent::Listening(address));
            self.tell_external();
        }
    }

    pub(super) fn listens_no_more(&mut self, id: ListenerId, address: &Multiaddr) {
        if let Some((_, bound)) = self.listeners.get_mut(&id) {
            bound.retain(|other| other != address);
            self.tell_external();
        }
    }

    /// Tells what others may dial, if that changed: what is announced, or else what is listened on under an address
    /// that was given as that of one host. What peers claim to see of us is never told: it is often wrong.
    pub(super) fn tell_external(&mut self) {
        let listening: Vec<Multiaddr> = self.listeners.values().flat_map(|(_, bound)| bound).cloned().collect();
        let mut external: Vec<Multiaddr> = self.settings.announce.iter().cloned().map(address::bare).collect();
        if external.is_empty() {
            let concrete = self.listeners.values().filter(|(asked, _)| address::is_concrete(asked));
            external = concrete.flat_map(|(_, bound)| bound).cloned().map(address::bare).collect();
        }
        external.sort();
        external.dedup();
        let before = self.addresses.borrow().external.clone();
        if before != external {
            before.iter().filter(|it| !external.contains(it)).for_each(|it| self.swarm.remove_external_address(it));
            let new = external.iter().filter(|it| !before.contains(it)).cloned();
            new.for_each(|it| self.swarm.add_external_address(it));
            self.outlet.push(NetEvent::External(external.clone()));
        }
        self.addresses.send_replace(Addresses { listening, external });
    }
}

/// libp2p listens on TCP with `SO_REUSEPORT`, so that a second node of the same user would share the port in silence and
/// take half of the connections; and QUIC does not say which fault it met. A plain bind beforehand finds both out.
fn probe(address: &Multiaddr) -> Result<(), NetworkFault> {
    let Some(ip) = address::ip_of(address) else { return Ok(()) };
    let bound = match address.iter().nth(1) {
        Some(Protocol::Tcp(port)) => std::net::TcpListener::bind((ip, port)).map(drop),
        Some(Protocol::Udp(port)) => std::net::UdpSocket::bind((ip, port)).map(drop),
        _ => return Ok(()),
    };
    match bound {
        Err(fault) if fault.kind() == std::io::ErrorKind::AddrInUse => {
            Err(NetworkFault::PortInUse { address: address.clone() })
        }
        // Every other fault is told by the listener itself.
        _ => Ok(()),
    }
}
