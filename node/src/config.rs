//! The settings of a node: the file `config.toml` in its home, checked and typed.

pub mod attachments;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use serde::Deserialize;

pub use attachments::{AttachmentSettings, FetchPolicy};

/// Where a node listens unless told otherwise.
pub const DEFAULT_LISTEN: [&str; 4] =
    ["/ip4/0.0.0.0/tcp/4820", "/ip4/0.0.0.0/udp/4820/quic-v1", "/ip6/::/tcp/4820", "/ip6/::/udp/4820/quic-v1"];

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not what it should be; place and reason.
    #[error("{0}")]
    Malformed(String),
    /// A size that cannot be read.
    #[error("`{field}`: {reason}")]
    Size {
        /// Where it stands.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An address that no node can use.
    #[error("{address:?} in `{field}` is not an address of a node: {reason}")]
    Address {
        /// Where it stands.
        field: &'static str,
        /// What stands there.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    listen: Vec<String>,
    #[serde(default)]
    announce: Vec<String>,
    http: Option<SocketAddr>,
    #[serde(default)]
    lan: bool,
    #[serde(default)]
    attachments: attachments::AttachmentsTable,
}

/// The settings of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Addresses to listen on; port 0 picks a free one.
    pub listen: Vec<Multiaddr>,
    /// Addresses that others are told, instead of those listened on.
    pub announce: Vec<Multiaddr>,
    /// Where health, readiness and status are served over TCP, if anywhere.
    pub http: Option<SocketAddr>,
    /// Whether private addresses are dialled, as the file says.
    pub lan: bool,
    /// Which attachments are kept here.
    pub attachments: AttachmentSettings,
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigFault`], with line and column.
    pub fn read(path: &Path) -> Result<Self, ConfigFault> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| ConfigFault::Unreadable { path: path.display().to_string(), cause })?;
        Self::parse(&text)
    }

    /// Checks the text of a file.
    ///
    /// # Errors
    /// [`ConfigFault`], with line and column.
    pub fn parse(text: &str) -> Result<Self, ConfigFault> {
        let file: ConfigFile =
            toml::from_str(text).map_err(|fault| ConfigFault::Malformed(fault.to_string().trim_end().to_owned()))?;
        let all = |field, texts: &[String]| texts.iter().map(|text| address(field, text)).collect::<Result<_, _>>();
        Ok(Self {
            listen: all("listen", &file.listen)?,
            announce: all("announce", &file.announce)?,
            http: file.http,
            lan: file.lan,
            attachments: file.attachments.read()?,
        })
    }

    /// The settings of flags; where none is given, the defaults.
    ///
    /// # Errors
    /// [`ConfigFault`] for an address.
    pub fn of_flags(
        listen: &[String],
        announce: &[String],
        http: Option<SocketAddr>,
        lan: bool,
    ) -> Result<Self, ConfigFault> {
        let defaults = DEFAULT_LISTEN.map(str::to_owned);
        let listen = if listen.is_empty() { &defaults[..] } else { listen };
        Ok(Self {
            listen: listen.iter().map(|text| address("--listen", text)).collect::<Result<_, _>>()?,
            announce: announce.iter().map(|text| address("--announce", text)).collect::<Result<_, _>>()?,
            http,
            lan,
            attachments: AttachmentSettings::default(),
        })
    }

    /// The addresses that others are told: those announced, else every concrete one that is listened on with a port.
    pub fn announced(&self) -> Vec<Multiaddr> {
        if self.announce.is_empty() {
            self.listen.iter().filter(|address| is_concrete(address)).cloned().collect()
        } else {
            self.announce.clone()
        }
    }

    /// Whether private addresses are dialled: said so, or implied by being reachable at one oneself.
    pub fn dials_private(&self) -> bool {
        let told = if self.announce.is_empty() { &self.listen } else { &self.announce };
        self.lan || told.iter().filter_map(ip).any(is_private)
    }

    /// The file, with a comment on every field.
    pub fn to_file(&self) -> String {
        let mut text = String::from("# Settings of this Lyceum node. Read when `lyceum run` starts.\n\n");
        let list = |addresses: &[Multiaddr]| {
            let quoted: Vec<String> = addresses.iter().map(|address| format!("\"{address}\"")).collect();
            format!("[{}]", quoted.join(", "))
        };
        let _ = writeln!(text, "# Addresses to listen on, as multiaddrs. Port 0 picks a free port.");
        let _ = writeln!(text, "listen = {}\n", list(&self.listen));
        let _ =
            writeln!(text, "# Addresses that other members are told, for example \"/dns4/node.example.org/tcp/4820\".");
        let _ = writeln!(text, "# Empty: every address above that is concrete (not 0.0.0.0 or ::) is told.");
        let _ = writeln!(text, "announce = {}\n", list(&self.announce));
        let _ =
            writeln!(text, "# Where /healthz, /readyz and /status are served over HTTP. Nothing else is served there.");
        match self.http {
            Some(http) => {
                let _ = writeln!(text, "http = \"{http}\"\n");
            }
            None => {
                let _ = writeln!(text, "# http = \"127.0.0.1:8420\"\n");
            }
        }
        let _ =
            writeln!(text, "# Whether to dial private addresses (10.*, 192.168.*, 127.* and the like): for trials and");
        let _ = writeln!(
            text,
            "# members inside one network. Implied if this node itself is told to be at such an address."
        );
        let _ = writeln!(text, "lan = {}\n", self.lan);
        text.push_str(&self.attachments.to_file());
        text
    }
}

fn address(field: &'static str, text: &str) -> Result<Multiaddr, ConfigFault> {
    let fault = |reason: String| ConfigFault::Address { field, address: text.to_owned(), reason };
    let address: Multiaddr = text.parse().map_err(|_| {
        fault(
            "write it as a multiaddr, for example /ip4/203.0.113.5/tcp/4820 or /dns4/node.example.org/tcp/4820".into(),
        )
    })?;
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    let host = |part: &Protocol<'_>| {
        matches!(part, Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_))
    };
    match parts.as_slice() {
        [first, Protocol::Tcp(_)] | [first, Protocol::Udp(_), Protocol::QuicV1] if host(first) => Ok(address),
        [.., Protocol::P2p(_)] => Err(fault("leave out the part from /p2p on: the node adds its own".into())),
        [.., Protocol::Udp(_)] => Err(fault("a UDP address ends in /quic-v1".into())),
        _ => Err(fault("an address is a host with /tcp/PORT or /udp/PORT/quic-v1".into())),
    }
}

/// The IP of an address, if it is given as one.
pub fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => Some(ip.into()),
        Some(Protocol::Ip6(ip)) => Some(ip.into()),
        _ => None,
    }
}

/// Whether others can use an address as it stands: no wildcard, no port 0.
pub fn is_concrete(address: &Multiaddr) -> bool {
    let port = address.iter().find_map(|part| match part {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        _ => None,
    });
    !ip(address).is_some_and(|ip| ip.is_unspecified()) && port.is_some_and(|port| port != 0)
}

/// Whether an address means another machine in every network, or this machine.
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(listen: &[&str], announce: &[&str]) -> Config {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Config::of_flags(&owned(listen), &owned(announce), None, false).unwrap()
    }

    #[test]
    fn the_written_file_reads_back_the_same() {
        let plain = flags(&[], &[]);
        assert_eq!(Config::parse(&plain.to_file()).unwrap(), plain);
        let full = Config {
            http: Some("127.0.0.1:0".parse().unwrap()),
            lan: true,
            attachments: AttachmentSettings { fetch: FetchPolicy::All, max_file: 5 << 20, keep: 7_000 },
            ..flags(&["/ip4/127.0.0.1/tcp/0"], &["/dns4/node.example.org/udp/4820/quic-v1"])
        };
        assert_eq!(Config::parse(&full.to_file()).unwrap(), full);
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_place_and_the_known_ones() {
        let fault = Config::parse("listen = []\nanounce = []\n").unwrap_err().to_string();
        assert!(fault.contains("line 2") && fault.contains("anounce") && fault.contains("announce"), "{fault}");
    }

    #[test]
    fn a_concrete_listening_address_is_announced_unless_another_is() {
        let config = flags(&["/ip4/0.0.0.0/tcp/4820", "/ip4/203.0.113.5/tcp/4820", "/ip4/203.0.113.5/tcp/0"], &[]);
        assert_eq!(config.announced(), vec!["/ip4/203.0.113.5/tcp/4820".parse().unwrap()]);
        assert!(!config.dials_private());
        let config = flags(&["/ip4/203.0.113.5/tcp/4820"], &["/dns4/node.example.org/tcp/443"]);
        assert_eq!(config.announced(), vec!["/dns4/node.example.org/tcp/443".parse().unwrap()]);
    }

    #[test]
    fn being_at_a_private_address_implies_dialling_them() {
        assert!(flags(&["/ip4/127.0.0.1/tcp/0"], &[]).dials_private());
        assert!(flags(&[], &["/ip4/10.1.2.3/tcp/4820"]).dials_private());
        assert!(!flags(&["/ip4/127.0.0.1/tcp/1"], &["/ip4/203.0.113.5/tcp/4820"]).dials_private());
        assert!(!flags(&[], &[]).dials_private());
    }

    #[test]
    fn an_address_that_cannot_work_is_refused_in_words() {
        let refused = |text: &str| Config::of_flags(&[text.to_owned()], &[], None, false).unwrap_err().to_string();
        assert!(refused("203.0.113.5:4820").contains("write it as a multiaddr"));
        assert!(refused("/ip4/203.0.113.5/udp/4820").contains("/quic-v1"));
        assert!(refused("/ip4/203.0.113.5").contains("/tcp/PORT"));
        let with_id = "/ip4/203.0.113.5/tcp/1/p2p/12D3KooWHK6kSoPxR2BYR6ta8oLzFEqZqqGGTMQTM5Hj3EYNAvR1";
        assert!(refused(with_id).contains("adds its own") || refused(with_id).contains("multiaddr"));
    }
}
