//! Why something did not work, in words for people.

use std::error::Error;
use std::io;

use libp2p::Multiaddr;
use libp2p::core::transport::TransportError;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::OutboundFailure;
use libp2p::swarm::DialError;
use lyceum_protocol::replica::event::AskFault;

/// A fault and what lies behind it, outermost first. An I/O fault that wraps another one does not name it as its
/// source, so it is opened.
fn causes<'a>(fault: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(fault), |fault| {
        let fault: &'a (dyn Error + 'static) = *fault;
        match fault.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => fault.source(),
        }
    })
}

/// The innermost cause: what lies around it names layers, not reasons.
fn innermost(fault: &(dyn Error + 'static)) -> String {
    causes(fault).last().map(ToString::to_string).unwrap_or_default()
}

/// Whether a port in use is the cause.
pub(super) fn is_port_in_use(fault: &(dyn Error + 'static)) -> bool {
    let mut kinds = causes(fault).filter_map(|fault| fault.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.any(|kind| kind == io::ErrorKind::AddrInUse)
}

/// Why an address cannot be used.
pub(super) fn transport_words(fault: &TransportError<io::Error>) -> String {
    match fault {
        TransportError::MultiaddrNotSupported(_) => {
            "not an address that can be used here: TCP or QUIC, and not a private one unless that is allowed".to_owned()
        }
        TransportError::Other(fault) => innermost(fault),
    }
}

/// Why a dial failed.
pub(super) fn dial_words(fault: &DialError) -> String {
    match fault {
        DialError::WrongPeerId { obtained, address } => {
            format!("at {address} answers a node with another key, {obtained}")
        }
        DialError::LocalPeerId { address } => format!("at {address} answers this node itself"),
        DialError::Transport(all) => {
            // Whose address it is is known to whoever hears of it.
            let words = |(address, fault): &(Multiaddr, TransportError<io::Error>)| {
                let host = address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect::<Multiaddr>();
                format!("{host}: {}", transport_words(fault))
            };
            all.iter().take(4).map(words).collect::<Vec<_>>().join("; ")
        }
        DialError::Denied { cause } => innermost(cause),
        DialError::NoAddresses => "no address is known".to_owned(),
        DialError::Aborted | DialError::DialPeerConditionFalse(_) => "the dial was abandoned".to_owned(),
    }
}

/// What a failed request means to the asker.
pub(super) fn ask_fault(fault: &OutboundFailure, protocol: &str) -> AskFault {
    match fault {
        OutboundFailure::Timeout => AskFault::TimedOut,
        OutboundFailure::ConnectionClosed | OutboundFailure::DialFailure => {
            AskFault::Lost("the connection ended".to_owned())
        }
        OutboundFailure::UnsupportedProtocols => AskFault::Bad(format!("the peer does not speak {protocol}")),
        OutboundFailure::Io(fault) => match fault.kind() {
            io::ErrorKind::TimedOut => AskFault::TimedOut,
            io::ErrorKind::InvalidData => AskFault::Bad(fault.to_string()),
            io::ErrorKind::UnexpectedEof => AskFault::Lost("the peer ended the answer early".to_owned()),
            _ => AskFault::Lost(innermost(fault)),
        },
    }
}
