//! Which attached files a node keeps: the table `[attachments]` of its settings.

use serde::Deserialize;

use super::ConfigFault;
use crate::size;

/// Which files of others a node fetches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchPolicy {
    /// Those that somebody asks for here.
    #[default]
    OnDemand,
    /// All, as far as there is room.
    All,
}

impl FetchPolicy {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::All => "all",
        }
    }
}

/// Which attached files a node keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachmentSettings {
    /// Which files of others it fetches.
    pub fetch: FetchPolicy,
    /// Largest file that it takes, of its own or of others, in bytes.
    pub max_file: u64,
    /// Most that it keeps in all, in bytes.
    pub keep: u64,
}

impl Default for AttachmentSettings {
    fn default() -> Self {
        Self { fetch: FetchPolicy::OnDemand, max_file: 16 << 30, keep: 64 << 30 }
    }
}

/// The table as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachmentsTable {
    #[serde(default)]
    fetch: FetchPolicy,
    max_file: Option<String>,
    keep: Option<String>,
}

impl AttachmentsTable {
    pub(super) fn read(&self) -> Result<AttachmentSettings, ConfigFault> {
        let defaults = AttachmentSettings::default();
        let size = |field, text: &Option<String>, default| match text {
            Some(text) => size::parse(text).map_err(|reason| ConfigFault::Size { field, reason }),
            None => Ok(default),
        };
        Ok(AttachmentSettings {
            fetch: self.fetch,
            max_file: size("attachments.max_file", &self.max_file, defaults.max_file)?,
            keep: size("attachments.keep", &self.keep, defaults.keep)?,
        })
    }
}

impl AttachmentSettings {
    /// The table, with a comment on every field.
    pub(super) fn to_file(self) -> String {
        format!(
            "[attachments]\n\
             # Which attached files of others are fetched: \"on-demand\" (what `lyceum fetch` asks for here) or \"all\".\n\
             fetch = \"{}\"\n\
             # Largest file that is taken, of this node or of others.\n\
             max_file = \"{}\"\n\
             # Most that is kept here in all. The disk keeps 1 GiB free in any case.\n\
             keep = \"{}\"\n",
            self.fetch.name(),
            size::exact(self.max_file),
            size::exact(self.keep),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn sizes_are_read_with_units_and_a_wrong_one_names_its_field() {
        let read = |table: &str| Config::parse(&format!("listen = []\n{table}")).map(|config| config.attachments);
        assert_eq!(read("").unwrap(), AttachmentSettings::default());
        let small = read("[attachments]\nfetch = \"all\"\nkeep = \"2GiB\"\n").unwrap();
        assert_eq!((small.fetch, small.keep, small.max_file), (FetchPolicy::All, 2 << 30, 16 << 30));
        assert!(read("[attachments]\nkeep = \"lots\"\n").unwrap_err().to_string().contains("attachments.keep"));
        let unknown = read("[attachments]\nfetch = \"never\"\n").unwrap_err().to_string();
        assert!(unknown.contains("on-demand"), "{unknown}");
    }
}
