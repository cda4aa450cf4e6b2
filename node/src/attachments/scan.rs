//! Looks through a text file that is to be attached for what must not leave. A file goes as it is or not at all: nothing
//! can be taken out of it.

mod text;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::import::private::{self, Keep, Kind};
use text::{Encoding, HEAD, unescaped};

/// Bytes that are looked at together; a line that is longer is looked at in parts.
const BLOCK: usize = 1 << 20;
/// Bytes at the end of a part of a long line that are looked at again with the next part.
const OVERLAP: usize = 4 << 10;
/// Places of one file that are told.
const TOLD: usize = 20;

/// Something in a file that must not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line, from 1.
    pub line: u64,
    /// What it is called, such as `GitHub token`.
    pub name: &'static str,
    /// What kind of thing.
    pub kind: Kind,
}

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The first places, in order.
    pub spots: Vec<Spot>,
    /// How many more there are.
    pub more: u64,
    /// Whether one is a secret.
    pub secret: bool,
    /// Whether it is a text; what is none is not looked through.
    pub is_text: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self { spots: Vec::new(), more: 0, secret: false, is_text: true }
    }
}

/// Looks through a file; what is not text is not looked through. `progress` is told how many bytes are behind.
///
/// # Errors
/// Whatever the file system says.
pub fn scan(path: &Path, keep: &Keep, progress: &dyn Fn(u64)) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let mut file = File::open(path)?;
    let (mut block, mut line, mut read) = (Vec::with_capacity(BLOCK), 1_u64, 0_u64);
    let (mut encoding, mut overlapping) = (None, BTreeSet::new());
    loop {
        let room = BLOCK.saturating_sub(block.len()).max(1);
        let took = file.by_ref().take(u64::try_from(room).unwrap_or(u64::MAX)).read_to_end(&mut block)?;
        let encoding = match encoding {
            Some(known) => known,
            None => match Encoding::of(block.get(..HEAD.min(block.len())).unwrap_or_default()) {
                Some(found) => *encoding.insert(found),
                None => return Ok(Scan { is_text: false, ..scan }),
            },
        };
        read = read.saturating_add(u64::try_from(took).unwrap_or(0));
        let last = took == 0;
        // Of UTF-16 a line end is not looked for: parts overlap instead.
        let line_end = if encoding.is_wide() { None } else { block.iter().rposition(|byte| *byte == b'\n') };
        let (end, next) = match line_end {
            _ if last => (block.len(), block.len()),
            Some(at) => (at.saturating_add(1), at.saturating_add(1)),
            None if block.len() < BLOCK => continue,
            None => (block.len(), block.len().saturating_sub(OVERLAP)),
        };
        let bytes = block.get(..end).unwrap_or_default();
        let seen = spots_of(&encoding.text(bytes), line);
        for spot in seen.difference(&overlapping).filter(|spot| !keep.keeps("", spot.kind)) {
            scan.secret |= spot.kind == Kind::Secret;
            if scan.spots.len() < TOLD { scan.spots.push(*spot) } else { scan.more = scan.more.saturating_add(1) }
        }
        line = line.saturating_add(breaks(&encoding.text(block.get(..next).unwrap_or_default())));
        overlapping = if next < end { seen } else { BTreeSet::new() };
        block.drain(..next);
        progress(read);
        if last {
            return Ok(scan);
        }
    }
}

/// What must not leave of a text that begins in a line: as it stands there, and as its escapes mean it.
fn spots_of(text: &str, first: u64) -> BTreeSet<Spot> {
    let mut spots = BTreeSet::new();
    let plain = unescaped(text);
    for text in [Some(text), plain.as_deref()].into_iter().flatten() {
        let (mut at, mut line) = (0, first);
        for hit in private::scan(text) {
            line = line.saturating_add(breaks(text.get(at..hit.start).unwrap_or_default()));
            at = hit.start;
            spots.insert(Spot { line, name: hit.name, kind: hit.kind });
        }
    }
    spots
}

fn breaks(text: &str) -> u64 {
    u64::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        ["gh", "p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"].concat()
    }

    fn scanned(bytes: &[u8], keep: &[&str]) -> Scan {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        std::fs::write(&path, bytes).unwrap();
        scan(&path, &Keep::new(keep.iter().map(|name| (*name).to_owned())), &|_| ()).unwrap()
    }

    #[test]
    fn places_are_told_with_their_line_wherever_they_stand() {
        let filler = "a line of a log that says nothing\n".repeat(70_000);
        let text = format!("first\n{filler}key {}\n{filler}mail kim@lab.test\n", token());
        let found = scanned(text.as_bytes(), &[]);
        let told: Vec<_> = found.spots.iter().map(|spot| (spot.line, spot.name)).collect();
        assert_eq!(told, [(70_002, "GitHub token"), (140_003, "e-mail address")]);
        assert!(found.secret);
        let kept = scanned(text.as_bytes(), &["email", "secret"]);
        assert_eq!(kept.spots.len(), 1, "a secret is never kept");
    }

    #[test]
    fn one_long_line_is_looked_through_once() {
        for at in [BLOCK - 10, BLOCK - OVERLAP - 20, BLOCK - OVERLAP + 5, 2 * BLOCK] {
            let text = format!("{} {} {}", "x ".repeat(at / 2), token(), "y ".repeat(BLOCK));
            let found = scanned(text.as_bytes(), &[]);
            assert_eq!((found.spots.len(), found.more), (1, 0), "at {at}");
        }
    }

    #[test]
    fn neither_utf_16_nor_the_escapes_of_json_hide_anything() {
        let text = format!("first\r\nsecond {}\r\n", token());
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(scanned(&wide, &[]).spots.iter().map(|spot| spot.line).collect::<Vec<_>>(), [2]);
        let json = format!("{{\n\"log\": \"a\\n{}\", \"at\": \"\\/home\\/kim\\/x\"}}\n", token());
        let told: Vec<_> = scanned(json.as_bytes(), &[]).spots.iter().map(|spot| (spot.line, spot.kind)).collect();
        assert_eq!(told, [(2, Kind::Secret), (2, Kind::HomeFolder)]);
    }

    #[test]
    fn what_is_no_text_is_not_looked_through_and_many_places_are_counted() {
        let binary = scanned(format!("\0\0{}", token()).as_bytes(), &[]);
        assert_eq!(binary, Scan { is_text: false, ..Scan::default() });
        let many = scanned(format!("{}\n", token()).repeat(30).as_bytes(), &[]);
        assert_eq!((many.spots.len(), many.more), (20, 10));
        assert_eq!(scanned(b"", &[]), Scan::default());
    }
}
