//! Which alliance a node belongs to: written by `found` and `join`, read by everything else.

use std::io;

use lyceum_protocol::hash::{CharterId, NetworkId};
use serde::{Deserialize, Serialize};

use super::Home;
use crate::durable;

/// Why the alliance of a home is not known.
#[derive(Debug, thiserror::Error)]
pub enum AllianceFault {
    /// The file cannot be read or written.
    #[error("cannot read or write {path}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file is not what it should be.
    #[error("{path} is damaged: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// The alliance of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alliance {
    /// Its id.
    pub network: NetworkId,
    /// The charter that was trusted to begin with. The store keeps where it has moved since.
    pub checkpoint: CharterId,
    /// Where members were to be found when this was written: multiaddrs that end in a peer id.
    pub addresses: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllianceFile {
    alliance: String,
    checkpoint: String,
    addresses: Vec<String>,
}

impl Alliance {
    /// Reads it; none if the home belongs to no alliance yet.
    ///
    /// # Errors
    /// [`AllianceFault`].
    pub fn read(home: &Home) -> Result<Option<Self>, AllianceFault> {
        let path = home.alliance_file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(AllianceFault::Io { path: path.display().to_string(), cause }),
        };
        let malformed = |reason: String| AllianceFault::Malformed { path: path.display().to_string(), reason };
        let file: AllianceFile = toml::from_str(&text).map_err(|fault| malformed(fault.to_string()))?;
        Ok(Some(Self {
            network: file.alliance.parse().map_err(|_| malformed("`alliance` is not an id".into()))?,
            checkpoint: file.checkpoint.parse().map_err(|_| malformed("`checkpoint` is not an id".into()))?,
            addresses: file.addresses,
        }))
    }

    /// Writes it, durably.
    ///
    /// # Errors
    /// [`AllianceFault`].
    pub fn write(&self, home: &Home) -> Result<(), AllianceFault> {
        let path = home.alliance_file();
        let file = AllianceFile {
            alliance: self.network.to_string(),
            checkpoint: self.checkpoint.to_string(),
            addresses: self.addresses.clone(),
        };
        let malformed = |fault: toml::ser::Error| AllianceFault::Malformed {
            path: path.display().to_string(),
            reason: fault.to_string(),
        };
        let text = format!(
            "# The alliance of this node, as `lyceum found` or `lyceum join` wrote it. Not to be edited.\n{}",
            toml::to_string(&file).map_err(malformed)?
        );
        durable::write(&path, text.as_bytes(), durable::PRIVATE)
            .map_err(|cause| AllianceFault::Io { path: path.display().to_string(), cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_is_no_alliance() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        assert_eq!(Alliance::read(&home).unwrap(), None);
        let alliance = Alliance {
            network: NetworkId([7; 32]),
            checkpoint: CharterId([7; 32]),
            addresses: vec!["/ip4/127.0.0.1/tcp/1/p2p/x".into()],
        };
        alliance.write(&home).unwrap();
        assert_eq!(Alliance::read(&home).unwrap(), Some(alliance));
        std::fs::write(home.alliance_file(), "alliance = 'x'\n").unwrap();
        assert!(matches!(Alliance::read(&home).unwrap_err(), AllianceFault::Malformed { .. }));
    }
}
