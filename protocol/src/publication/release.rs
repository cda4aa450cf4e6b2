//! A release: a model or data set that is made available.

use std::collections::BTreeSet;

use super::PublicationFault;
use super::fields::Fields;

/// Longest name of a file in a release, in bytes.
const FILE_NAME_MAX: usize = 1_024;

/// What only a release says. Its licence is the `license` that every publication may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// What is released, by the name under which others find it.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Where it is to be had, an address.
    pub place: Option<String>,
    /// Its files.
    pub files: Vec<ReleaseFile>,
}

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Path within the release: parts divided by `/`, none of them `.` or `..`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, by which everybody can check it.
    pub sha256: [u8; 32],
    /// BLAKE3 root, by which members fetch it from each other.
    pub blake3: Option<[u8; 32]>,
    /// Where the file is to be had.
    pub address: Option<String>,
}

impl Release {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let mut files = Vec::new();
        let mut names = BTreeSet::new();
        for (path, value) in fields.list("files")? {
            let file = ReleaseFile::read(&Fields::of(&path, value)?)?;
            if !names.insert(file.name.clone()) {
                return Err(PublicationFault::at(format!("{path}.name"), "names a file for the second time"));
            }
            files.push(file);
        }
        Ok(Self {
            name: fields.required("name")?,
            version: fields.text("version")?,
            place: fields.text("where")?,
            files,
        })
    }
}

impl ReleaseFile {
    fn read(fields: &Fields<'_>) -> Result<Self, PublicationFault> {
        let name = fields.required("name")?;
        if !is_path_within(&name) {
            return Err(fields.fault("name", "is no path within the release: parts divided by /, without . and .."));
        }
        Ok(Self {
            name,
            size: fields.count("size")?.ok_or_else(|| fields.fault("size", "is missing"))?,
            sha256: fields.required_hash("sha256")?,
            blake3: fields.hash("blake3")?,
            address: fields.text("address")?,
        })
    }
}

/// Whether a name leads to a place inside a folder, whatever the system.
fn is_path_within(name: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':']);
    name.len() <= FILE_NAME_MAX && !name.chars().any(char::is_control) && name.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_stays_within_the_release() {
        for good in ["model.safetensors", "a/b/c.json", ".gitattributes", "été.txt"] {
            assert!(is_path_within(good), "{good}");
        }
        for bad in ["/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "C:\\x", "c:x", "a\nb", &"x".repeat(1_025)] {
            assert!(!is_path_within(bad), "{bad}");
        }
    }
}
