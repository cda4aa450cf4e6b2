//! Why something did not work, in words for people.

use std::error::Error;
use std::io;

use libp2p::core::transport::TransportError;
use libp2p::request_response::OutboundFailure;
use libp2p::swarm::DialError;
use lyceum_protocol::replica::event::AskFault;

/// The innermost cause: what lies around it names layers, not reasons.
fn innermost(fault: &(dyn Error + 'static)) -> String {
    let mut fault = fault;
    while let Some(inner) = fault.source() {
        fault = inner;
    }
    fault.to_string()
}

/// Whether a port in use is the cause.
pub(super) fn is_port_in_use(fault: &(dyn Error + 'static)) -> bool {
    let mut next = Some(fault);
    while let Some(fault) = next {
        if fault.downcast_ref::<io::Error>().is_some_and(|fault| fault.kind() == io::ErrorKind::AddrInUse) {
            return true;
        }
        next = fault.source();
    }
    false
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
            let causes: Vec<String> =
                all.iter().take(4).map(|(address, fault)| format!("{address}: {}", transport_words(fault))).collect();
            causes.join("; ")
        }
        DialError::Denied { cause } => innermost(cause),
        DialError::NoAddresses => "no address is known".to_owned(),
        DialError::Aborted | DialError::DialPeerConditionFalse(_) => "the dial was abandoned".to_owned(),
    }
}

/// What a failed request means to the asker.
pub(super) fn ask_fault(fault: &OutboundFailure) -> AskFault {
    match fault {
        OutboundFailure::Timeout => AskFault::TimedOut,
        OutboundFailure::ConnectionClosed | OutboundFailure::DialFailure => {
            AskFault::Lost("the connection ended".to_owned())
        }
        OutboundFailure::UnsupportedProtocols => AskFault::Bad("the peer does not speak /lyceum/sync/1".to_owned()),
        OutboundFailure::Io(fault) => match fault.kind() {
            io::ErrorKind::TimedOut => AskFault::TimedOut,
            io::ErrorKind::InvalidData => AskFault::Bad(fault.to_string()),
            io::ErrorKind::UnexpectedEof => AskFault::Lost("the peer ended the answer early".to_owned()),
            _ => AskFault::Lost(innermost(fault)),
        },
    }
}
