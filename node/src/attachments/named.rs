//! The files that a publication names: its attachments, and the files of a release.

use lyceum_protocol::hash::FileHash;
use lyceum_protocol::publication::{Content, Publication};

/// A file that a publication names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Its name; of a file of a release a path within it.
    pub name: String,
    /// What it is, if that is said.
    pub media_type: Option<String>,
    /// Bytes.
    pub size: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
    /// BLAKE3 root; none for a file that is to be had elsewhere alone.
    pub blake3: Option<FileHash>,
    /// Where else it is to be had.
    pub address: Option<String>,
}

/// All of them, attachments first, in the order of the publication.
pub fn files_of(publication: &Publication) -> Vec<NamedFile> {
    let attached = publication.attachments.iter().map(|attachment| NamedFile {
        name: attachment.name.clone(),
        media_type: Some(attachment.media_type.clone()),
        size: attachment.size,
        sha256: attachment.sha256,
        blake3: Some(FileHash(attachment.blake3)),
        address: None,
    });
    let released = match &publication.content {
        Content::Release(release) => release.files.as_slice(),
        _ => &[],
    };
    let released = released.iter().map(|file| NamedFile {
        name: file.name.clone(),
        media_type: None,
        size: file.size,
        sha256: file.sha256,
        blake3: file.blake3.map(FileHash),
        address: file.address.clone(),
    });
    attached.chain(released).collect()
}
