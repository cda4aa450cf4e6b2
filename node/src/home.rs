//! The home folder of a node: where everything lies, what state it is in, who works in it.

pub mod alliance;
pub mod lock;
pub mod socket;
mod turn;

use std::io;
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigFault};
use crate::keys::KeyName;

pub use alliance::Alliance;
pub use lock::{HomeLock, LockFault};
pub use turn::PublishTurn;

/// The home folder of a node. Knows paths, holds nothing open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

/// How far a home is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HomeState {
    /// There is nothing of ours.
    Absent,
    /// An `init` was interrupted: keys may be there, the card is not. Nothing was ever certified with them.
    HalfMade,
    /// It is made.
    Made,
}

impl Home {
    /// A home in this folder, made absolute.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self(std::path::absolute(&folder).unwrap_or(folder))
    }

    /// The folder that is used when none is named: `lyceum` in the platform's data folder. None without a user's home.
    pub fn default_folder() -> Option<PathBuf> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let data = if cfg!(target_os = "macos") {
            variable("HOME").map(|home| home.join("Library/Application Support"))
        } else {
            let absolute = variable("XDG_DATA_HOME").filter(|folder| folder.is_absolute());
            absolute.or_else(|| variable("HOME").map(|home| home.join(".local/share")))
        };
        data.map(|data| data.join("lyceum"))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The settings.
    pub fn config_file(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// The folder of the keys.
    pub fn keys_folder(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// One key.
    pub fn key_file(&self, name: KeyName) -> PathBuf {
        self.keys_folder().join(name.file_name())
    }

    /// The organisation's own certificate chain, as it was last signed here. Written last by `init`.
    pub fn card_file(&self) -> PathBuf {
        self.0.join("card")
    }

    /// The folder of texts that were begun and not published.
    pub fn drafts_folder(&self) -> PathBuf {
        self.0.join("drafts")
    }

    /// Which alliance the node belongs to.
    pub fn alliance_file(&self) -> PathBuf {
        self.0.join("alliance.toml")
    }

    /// The folder of the store.
    pub fn store_folder(&self) -> PathBuf {
        self.0.join("store")
    }

    /// The folder of the search index: made anew where it is missing.
    pub fn index_folder(&self) -> PathBuf {
        self.0.join("index")
    }

    /// The folder of attached files.
    pub fn attachments_folder(&self) -> PathBuf {
        self.0.join("attachments")
    }

    /// What commands that publish lock, so that they do it one after the other.
    pub fn publish_lock_file(&self) -> PathBuf {
        self.0.join("publish.lock")
    }

    /// Held by the one process that works in this home.
    pub fn lock_file(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// The socket, where its path is short enough for one.
    pub fn socket_file(&self) -> PathBuf {
        self.0.join("socket")
    }

    /// How far it is made.
    pub fn state(&self) -> HomeState {
        if self.card_file().is_file() {
            HomeState::Made
        } else if self.keys_folder().exists() || self.config_file().exists() {
            HomeState::HalfMade
        } else {
            HomeState::Absent
        }
    }

    /// The settings.
    ///
    /// # Errors
    /// [`ConfigFault`].
    pub fn config(&self) -> Result<Config, ConfigFault> {
        Config::read(&self.config_file())
    }

    /// Makes room for a new `init` where an earlier one was interrupted: its keys are set aside, not destroyed.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn set_interrupted_keys_aside(&self) -> io::Result<Option<PathBuf>> {
        if !self.keys_folder().exists() {
            return Ok(None);
        }
        let mut number = 1_u32;
        let aside = loop {
            let candidate = self.0.join(format!("keys.interrupted-{number}"));
            if !candidate.exists() {
                break candidate;
            }
            number = number.saturating_add(1);
        };
        std::fs::rename(self.keys_folder(), &aside)?;
        Ok(Some(aside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_init_is_recognised_and_its_keys_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        assert_eq!(home.state(), HomeState::Absent);
        crate::durable::private_folder(&home.keys_folder()).unwrap();
        std::fs::write(home.key_file(KeyName::Root), "half").unwrap();
        assert_eq!(home.state(), HomeState::HalfMade);
        let aside = home.set_interrupted_keys_aside().unwrap().unwrap();
        assert_eq!(std::fs::read(aside.join("root")).unwrap(), b"half");
        assert_eq!(home.state(), HomeState::Absent);
        std::fs::write(home.card_file(), "card").unwrap();
        assert_eq!(home.state(), HomeState::Made);
    }
}
