//! The zip that Inspect AI writes its logs into: the one entry that says what a run was, read without unpacking the rest.
//!
//! Entries are stored, deflated or compressed with Zstandard. Names are compared and never used as paths. What an entry
//! claims about its size is not believed: what is unpacked of it is bounded, and compared with its checksum.

use std::io::{Read, Seek, SeekFrom};

use super::json::Values;
use super::tree::Tree;
use super::{Refusal, aside};

/// Longest end of a zip: the record and its comment.
const END_MAX: u64 = 22 + 65_535;
/// Largest directory that is read, in bytes.
const DIRECTORY_MAX: u64 = 128 * 1024 * 1024;
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

/// One entry of the directory.
#[derive(Debug, Clone, Copy)]
struct Entry {
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u64,
    size: u64,
    offset: u64,
}

/// Reads the header of a log.
///
/// # Errors
/// [`Refusal`]: the zip is broken, is no log, or its run was never finished.
pub fn open_log<F: Read + Seek>(file: &mut F) -> Result<Log, Refusal> {
    let (count, size, offset) = end_of(file)?;
    if size > DIRECTORY_MAX {
        return Err(broken("its directory is too large"));
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut directory = std::io::BufReader::new(file.by_ref().take(size));
    let (mut header, mut start, mut samples) = (None, None, 0_u64);
    for _ in 0..count {
        let (name, entry) = directory_entry(&mut directory)?;
        match name.as_slice() {
            b"header.json" => header = Some(entry),
            b"_journal/start.json" => start = Some(entry),
            name if name.starts_with(b"samples/") && name.ends_with(b".json") => samples = samples.saturating_add(1),
            _ => {}
        }
    }
    drop(directory);
    let Some(entry) = header else {
        return Err(Refusal::new(match start {
            Some(_) => "is the log of a run that has not finished: it has no header.json",
            None => "is a zip, and no log: it has neither header.json nor _journal/start.json",
        }));
    };
    Ok(Log { header: unpack(file, entry)?, samples })
}

fn broken(why: &str) -> Refusal {
    Refusal::new(format!("is a zip that cannot be read: {why}"))
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<u64, Refusal> {
    let end = at.saturating_add(N);
    let field = bytes.get(at..end).ok_or_else(|| broken("it is cut off"))?;
    Ok(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn short(bytes: &[u8], at: usize) -> Result<u16, Refusal> {
    Ok(u16::try_from(number::<2>(bytes, at)?).unwrap_or(u16::MAX))
}

/// Entries, size and place of the directory.
fn end_of<F: Read + Seek>(file: &mut F) -> Result<(u64, u64, u64), Refusal> {
    let length = file.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(END_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.by_ref().take(END_MAX).read_to_end(&mut tail)?;
    let at = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let at = at.ok_or_else(|| broken("it is cut off, its directory is missing"))?;
    let end = tail.get(at..).unwrap_or_default();
    if u64::try_from(end.len()).unwrap_or(0) < number::<2>(end, 20)?.saturating_add(22) {
        return Err(broken("it is cut off"));
    }
    let (count, size, offset) = (number::<2>(end, 10)?, number::<4>(end, 12)?, number::<4>(end, 16)?);
    if count != 0xffff && size != 0xffff_ffff && offset != 0xffff_ffff {
        return Ok((count, size, offset));
    }
    let Some(locator) = at.checked_sub(20).and_then(|at| tail.get(at..)).filter(|tail| tail.starts_with(b"PK\x06\x07"))
    else {
        return Ok((count, size, offset));
    };
    file.seek(SeekFrom::Start(number::<8>(locator, 8)?))?;
    let mut record = [0_u8; 56];
    file.read_exact(&mut record).map_err(|_| broken("it is cut off"))?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(broken("its directory is not where it says"));
    }
    Ok((number::<8>(&record, 32)?, number::<8>(&record, 40)?, number::<8>(&record, 48)?))
}

fn directory_entry(directory: &mut impl Read) -> Result<(Vec<u8>, Entry), Refusal> {
    let mut fixed = [0_u8; 46];
    directory.read_exact(&mut fixed).map_err(|_| broken("its directory is cut off"))?;
    if !fixed.starts_with(b"PK\x01\x02") {
        return Err(broken("its directory is damaged"));
    }
    let mut field = |length: u16| -> Result<Vec<u8>, Refusal> {
        let mut bytes = vec![0; usize::from(length)];
        directory.read_exact(&mut bytes).map_err(|_| broken("its directory is cut off"))?;
        Ok(bytes)
    };
    let name = field(short(&fixed, 28)?)?;
    let extra = field(short(&fixed, 30)?)?;
    field(short(&fixed, 32)?)?;
    let mut entry = Entry {
        flags: short(&fixed, 8)?,
        method: short(&fixed, 10)?,
        crc: u32::try_from(number::<4>(&fixed, 16)?).unwrap_or(0),
        compressed: number::<4>(&fixed, 20)?,
        size: number::<4>(&fixed, 24)?,
        offset: number::<4>(&fixed, 42)?,
    };
    long_sizes(&extra, &mut entry)?;
    Ok((name, entry))
}

/// Takes the sizes that do not fit 32 bits from the extra field with id 1.
fn long_sizes(mut extra: &[u8], entry: &mut Entry) -> Result<(), Refusal> {
    while extra.len() >= 4 {
        let (id, length) = (short(extra, 0)?, usize::from(short(extra, 2)?));
        let Some(body) = extra.get(4..length.saturating_add(4)) else { return Ok(()) };
        if id == 1 {
            let mut at = 0;
            for field in [&mut entry.size, &mut entry.compressed, &mut entry.offset] {
                if *field == 0xffff_ffff {
                    *field = number::<8>(body, at)?;
                    at = at.saturating_add(8);
                }
            }
        }
        extra = extra.get(length.saturating_add(4)..).unwrap_or_default();
    }
    Ok(())
}

fn unpack<F: Read + Seek>(file: &mut F, entry: Entry) -> Result<Tree, Refusal> {
    if entry.flags & 1 != 0 {
        return Err(broken("its header is encrypted"));
    }
    if entry.size > HEADER_MAX {
        return Err(broken("its header is too large"));
    }
    file.seek(SeekFrom::Start(entry.offset))?;
    let mut local = [0_u8; 30];
    file.read_exact(&mut local).map_err(|_| broken("it is cut off"))?;
    if !local.starts_with(b"PK\x03\x04") {
        return Err(broken("an entry is not where it says"));
    }
    let skip = u64::from(short(&local, 26)?).saturating_add(u64::from(short(&local, 28)?));
    let data = entry.offset.saturating_add(30).saturating_add(skip);
    file.seek(SeekFrom::Start(data))?;
    let packed = std::io::BufReader::new(file.by_ref().take(entry.compressed));
    match entry.method {
        0 => header(packed, entry),
        8 => header(flate2::bufread::DeflateDecoder::new(packed), entry),
        93 => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(packed);
            header(decoder.map_err(|fault| broken(&fault.to_string()))?, entry)
        }
        other => Err(broken(&format!("its header is compressed in a way that is not known here (method {other})"))),
    }
}

/// Parses what comes out of an entry, and compares its length and checksum with what the directory says.
fn header(unpacked: impl Read, entry: Entry) -> Result<Tree, Refusal> {
    let mut checked = Checked { input: unpacked, left: entry.size.saturating_add(1), crc: crc32fast::Hasher::new() };
    let tree = {
        let mut values = Values::new(&mut checked);
        let tree = values.next_value(aside).map_err(|fault| Refusal::new(format!("has a header that {fault}")))?;
        // Reads the rest, which the checksum is over.
        values.finish().map_err(|fault| Refusal::new(format!("has a header that {fault}")))?;
        tree
    };
    if checked.left != 1 || checked.crc.finalize() != entry.crc {
        return Err(broken("its header is damaged"));
    }
    tree.ok_or_else(|| broken("its header is empty"))
}

/// At most so many bytes, with their checksum.
struct Checked<R> {
    input: R,
    left: u64,
    crc: crc32fast::Hasher,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.input.read(buffer.get_mut(..room).unwrap_or_default())?;
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(0));
        self.crc.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
