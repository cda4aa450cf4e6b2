//! One file from the node's store to its place, checked on the way by both hashes.

use std::io::{self, Read as _};

use super::place::{Lies, Target};
use crate::api::shapes::FileShape;
use crate::attachments::put::Hashing;
use crate::client::Client;
use crate::failure::Failure;

/// Bytes that are compared at once.
const BLOCK: usize = 1 << 20;

/// How a file came to its place.
pub(super) enum Brought {
    /// It was written.
    Written,
    /// It was there, and is the same.
    Same,
}

/// Why a file has no place.
pub(super) enum Fault {
    /// The node broke off: it is tried again.
    BrokeOff(Failure),
    /// It gets none, in words.
    Refused(String),
    /// Something else lies there, in words.
    Taken(String),
    /// The folder cannot be written.
    Folder(Failure),
}

/// Whether the hashes of what was read are those that the entry says; if not, in words.
fn differs(hashing: Hashing, file: &FileShape) -> io::Result<Option<&'static str>> {
    let (digests, _) = hashing.finish()?;
    let blake3 = file.blake3.as_ref().is_none_or(|blake3| *blake3 == digests.blake3.to_string());
    let sha256 = data_encoding::HEXLOWER.encode(&digests.sha256) == file.sha256;
    Ok(match (digests.size == file.size && blake3, sha256) {
        (true, true) => None,
        (true, false) => Some("does not have the SHA-256 that the entry says: it was not written; the entry is wrong"),
        (false, _) => Some("is not the file that the entry names"),
    })
}

/// Compares what lies at the place of a file.
pub(super) fn is_there(file: &FileShape, target: &Target) -> Result<Option<Brought>, String> {
    let lies = target.lies(&file.name).map_err(|fault| format!("has no place there: {fault}"))?;
    match lies {
        Lies::Nothing => Ok(None),
        Lies::Other => Err("is something else there, a folder or a link: it is not replaced".to_owned()),
        Lies::AFile(size) if size != file.size => Err("is another file there: it is not replaced".to_owned()),
        Lies::AFile(_) => {
            let same = target.read(&file.name).and_then(|mut there| {
                let (mut hashing, mut block) = (Hashing::default(), vec![0; BLOCK]);
                loop {
                    match there.read(&mut block)? {
                        0 => return differs(hashing, file),
                        read => hashing.update(block.get(..read).unwrap_or_default())?,
                    }
                }
            });
            match same {
                Ok(None) => Ok(Some(Brought::Same)),
                Ok(Some(_)) => Err("is another file there: it is not replaced".to_owned()),
                Err(fault) => Err(format!("is a file there that cannot be read: {fault}")),
            }
        }
    }
}

/// Writes a file that the node holds beside its place, checks it, and gives it its name.
pub(super) async fn bring(client: &Client, file: &FileShape, target: &Target) -> Result<Brought, Fault> {
    let Some(blake3) = &file.blake3 else { return Err(Fault::Refused("has no hash".to_owned())) };
    let folder = |fault: io::Error| match fault.kind() {
        io::ErrorKind::AlreadyExists => Fault::Taken("is there meanwhile: it is not replaced".to_owned()),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => Fault::Folder(
            Failure::new(format!("cannot write {}", target.shown(&file.name).display())).because(&fault).next(
                "make room there, or name another folder with --to, and run it again: nothing half was left behind",
            ),
        ),
        _ => Fault::Refused(format!("cannot be written: {fault}")),
    };
    let mut download = client.download(blake3).await.map_err(Fault::BrokeOff)?;
    let mut placing = tokio::task::block_in_place(|| target.begin(&file.name)).map_err(folder)?;
    let (mut hashing, mut got) = (Hashing::default(), 0_u64);
    while let Some(bytes) = download.next().await.map_err(Fault::BrokeOff)? {
        got = got.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if got > file.size {
            return Err(Fault::Refused("is longer than the entry says".to_owned()));
        }
        tokio::task::block_in_place(|| hashing.update(&bytes).and_then(|()| placing.write(&bytes))).map_err(folder)?;
    }
    tokio::task::block_in_place(|| match differs(hashing, file) {
        Ok(None) => match placing.finish() {
            // Somebody else put it there: another command that fetches the same, perhaps.
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => match is_there(file, target) {
                Ok(Some(same)) => Ok(same),
                Ok(None) => Err(folder(fault)),
                Err(words) => Err(Fault::Taken(words)),
            },
            placed => placed.map(|()| Brought::Written).map_err(folder),
        },
        Ok(Some(words)) => Err(Fault::Refused(words.to_owned())),
        Err(fault) => Err(folder(fault)),
    })
}
