//! The zip that Inspect AI writes its logs into: the one entry that says what a run was, read without unpacking the rest.
//!
//! Entries are stored, deflated or compressed with Zstandard. Names are compared and never used as paths. What an entry
//! claims about its size is not believed: what is unpacked of it is bounded, and compared with its checksum.

use std::fs::File;
use std::io::{BufReader, Read};

use rawzip::{CompressionMethod, ErrorKind, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

use super::json::Values;
use super::open::Counted;
use super::tree::Tree;
use super::{Refusal, aside};

/// Most entries that are looked at.
const ENTRIES_MAX: u64 = 4_000_000;
/// Longest header that is unpacked, in bytes.
const HEADER_MAX: u64 = 256 * 1024 * 1024;

/// A log in a zip.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// `header.json`, or what stands in its place.
    pub header: Tree,
    /// Entries with samples.
    pub samples: u64,
}

/// Where the header lies, and how it is packed.
struct Packed {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    encrypted: bool,
    size: u64,
}

impl From<rawzip::Error> for Refusal {
    fn from(fault: rawzip::Error) -> Self {
        let fault = match fault.into_kind() {
            ErrorKind::IO(fault) => return fault.into(),
            ErrorKind::MissingEndOfCentralDirectory => return broken("it is cut off, its directory is missing"),
            ErrorKind::Eof => return broken("it is cut off"),
            other => other,
        };
        broken(&fault.to_string())
    }
}

fn broken(why: &str) -> Refusal {
    Refusal::new(format!("is a zip that cannot be read: {why}"))
}

/// Reads the header of a log; `progress` is told how many of the bytes that it is packed into are read.
///
/// # Errors
/// [`Refusal`]: the zip is broken, is no log, or its run was never finished.
pub fn open_log(file: &File, progress: &dyn Fn(u64)) -> Result<Log, Refusal> {
    let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let archive = ZipArchive::from_file(file.try_clone()?, &mut buffer)?;
    if archive.entries_hint() > ENTRIES_MAX {
        return Err(broken("its directory is too large"));
    }
    let (mut header, mut started, mut samples) = (None, false, 0_u64);
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry()? {
        match entry.file_path().as_ref() {
            b"header.json" => {
                header = Some(Packed {
                    place: entry.wayfinder(),
                    method: entry.compression_method(),
                    encrypted: entry.flags().is_encrypted(),
                    size: entry.uncompressed_size_hint(),
                });
            }
            b"_journal/start.json" => started = true,
            name if name.starts_with(b"samples/") && name.ends_with(b".json") => samples = samples.saturating_add(1),
            _ => {}
        }
    }
    let Some(header) = header else {
        return Err(Refusal::new(if started {
            "is the log of a run that has not finished: it has no header.json"
        } else {
            "is a zip, and no log: it has neither header.json nor _journal/start.json"
        }));
    };
    if header.encrypted {
        return Err(broken("its header is encrypted"));
    }
    if header.size > HEADER_MAX {
        return Err(broken("its header is too large"));
    }
    let entry = archive.get_entry(header.place)?;
    let packed = BufReader::new(Counted::new(entry.reader(), progress));
    let header = match header.method {
        CompressionMethod::STORE => read(entry.verifying_reader(packed)),
        CompressionMethod::DEFLATE => read(entry.verifying_reader(flate2::bufread::DeflateDecoder::new(packed))),
        CompressionMethod::ZSTD => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(packed);
            read(entry.verifying_reader(decoder.map_err(|fault| broken(&fault.to_string()))?))
        }
        other => {
            let method = other.as_u16();
            Err(broken(&format!("its header is compressed in a way that is not known here (method {method})")))
        }
    }?;
    Ok(Log { header, samples })
}

/// Parses what comes out of an entry; the reader compares its length and checksum with what the directory says.
fn read(unpacked: impl Read) -> Result<Tree, Refusal> {
    let mut values = Values::new(unpacked);
    let tree = values.next_value(aside).map_err(|fault| Refusal::new(format!("has a header that {fault}")))?;
    // Reads the rest, which the checksum is over.
    values.finish().map_err(|fault| Refusal::new(format!("has a header that {fault}")))?;
    tree.ok_or_else(|| broken("its header is empty"))
}
