//! Which addresses are dialled, and which are told to others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use lyceum_protocol::limits;

/// Most addresses that one dial tries.
pub const DIALLED_MAX: usize = limits::ADDRESSES_MAX;

/// The IP address that an address opens with; none of a name.
pub fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4)),
        _ => None,
    }
}

/// Whether the address is of one machine or one local network only: loopback, private, link-local, shared (carrier)
/// or unspecified. A name is not, whatever it resolves to; the transport checks that again after resolving.
pub fn is_private(address: &Multiaddr) -> bool {
    match ip_of(address) {
        Some(IpAddr::V4(ip)) => is_private_v4(ip),
        Some(IpAddr::V6(ip)) => is_private_v6(ip),
        None => false,
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_broadcast() || first == 0 || shared
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
}

/// Whether the address names one host: not `0.0.0.0` and not `::`.
pub fn is_concrete(address: &Multiaddr) -> bool {
    ip_of(address).is_none_or(|ip| !ip.is_unspecified())
}

/// The address without a peer id at its end.
pub(super) fn bare(mut address: Multiaddr) -> Multiaddr {
    if matches!(address.iter().last(), Some(Protocol::P2p(_))) {
        address.pop();
    }
    address
}

/// Those of `addresses` that may be dialled, without peer ids, each once.
pub(super) fn dialable(addresses: Vec<Multiaddr>, lan: bool) -> Vec<Multiaddr> {
    let mut kept = Vec::new();
    for address in addresses.into_iter().map(bare) {
        let allowed = is_concrete(&address) && (lan || !is_private(&address)) && address.len() <= limits::ADDRESS_MAX;
        if allowed && !kept.contains(&address) && kept.len() < DIALLED_MAX {
            kept.push(address);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for text in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.0"] {
            assert!(is_private(&address(&format!("/ip4/{text}/tcp/1"))), "{text}");
        }
        for text in ["::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1"] {
            assert!(is_private(&address(&format!("/ip6/{text}/tcp/1"))), "{text}");
        }
        for text in ["/ip4/8.8.8.8/tcp/1", "/ip4/100.128.0.1/tcp/1", "/ip6/2001:4860::1/tcp/1", "/dns4/a.example/tcp/1"]
        {
            assert!(!is_private(&address(text)), "{text}");
        }
    }

    #[test]
    fn only_what_may_be_dialled_is_dialled() {
        let all = vec![
            address("/ip4/8.8.8.8/tcp/1"),
            address("/ip4/8.8.8.8/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"),
            address("/ip4/127.0.0.1/tcp/1"),
            address("/ip4/0.0.0.0/tcp/1"),
        ];
        assert_eq!(dialable(all.clone(), false), vec![address("/ip4/8.8.8.8/tcp/1")]);
        assert_eq!(dialable(all, true), vec![address("/ip4/8.8.8.8/tcp/1"), address("/ip4/127.0.0.1/tcp/1")]);
    }
}
