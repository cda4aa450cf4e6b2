//! What the interface says of attached files, field by field.

use serde::{Deserialize, Serialize};

/// Where a file is, as seen from this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilePlace {
    /// Here, and whole.
    Here,
    /// Wanted, and not whole yet.
    Wanted,
    /// Not here; it can be fetched from members.
    Absent,
    /// Not to be had from members: only at its address.
    Elsewhere,
    /// The entry names a file that is not what it says.
    Wrong,
}

/// One file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileShape {
    /// Its name, as the entry says.
    pub name: String,
    /// What it is, such as `text/plain`.
    pub media_type: Option<String>,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// BLAKE3, hex; none for a file that is only to be had at its address.
    pub blake3: Option<String>,
    /// Where else it is to be had.
    pub address: Option<String>,
    /// Where it is.
    pub place: FilePlace,
    /// Bytes of it that are here.
    pub held_bytes: u64,
    /// What it waits for, while it does.
    pub waiting: Option<String>,
}

/// The files of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesPage {
    /// The entry, hex.
    pub id: String,
    /// Its files, in order.
    pub files: Vec<FileShape>,
}

/// Which files of an entry are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchRequest {
    /// Their names; all where none is given.
    #[serde(default)]
    pub names: Vec<String>,
}

/// Files that are to be attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentPlan {
    /// Bytes of each.
    pub sizes: Vec<u64>,
}

/// A file that was put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutShape {
    /// Bytes.
    pub size: u64,
    /// BLAKE3, hex.
    pub blake3: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// A file that is wanted and not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// BLAKE3, hex.
    pub blake3: String,
    /// An entry that names it, hex.
    pub entry: String,
    /// Bytes.
    pub size: u64,
    /// Bytes of it that are here.
    pub held_bytes: u64,
    /// What it waits for, while it does.
    pub waiting: Option<String>,
}

/// Something that went wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentFault {
    /// BLAKE3, hex.
    pub blake3: String,
    /// What.
    pub cause: String,
}

/// Attached files of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentStatus {
    /// Whole files that are here.
    pub files: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// The most that is kept, in bytes.
    pub keep_bytes: u64,
    /// Files that are wanted, the first of them.
    pub wanted: Vec<Wanted>,
    /// How many are wanted.
    pub wanted_files: u64,
    /// Their bytes.
    pub wanted_bytes: u64,
    /// What went wrong and was not mended yet.
    pub faults: Vec<AttachmentFault>,
}
