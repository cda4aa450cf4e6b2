//! JSON as tools write it, read as a stream: bare `NaN` and `Infinity` are taken, numbers keep their text, and parts that
//! no importer needs are read over and hashed, so that a log of any length needs little memory.

mod scalars;

use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::tree::{Aside, Tree};
pub use scalars::is_number;

/// Deepest nesting, in levels.
const DEPTH_MAX: usize = 200;
/// What is held of one value at most: bytes of text, and [`NODE_COST`] for each value.
const HELD_MAX: usize = 24 * 1024 * 1024;
/// What a value costs besides its text, in bytes.
const NODE_COST: usize = 64;
/// Bytes that are read at once.
const READ_AT_ONCE: usize = 64 * 1024;

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
pub enum JsonFault {
    /// The disk says no.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It ends where something is missing.
    #[error("is cut off: it ends at byte {0}, in the middle of a value")]
    CutOff(u64),
    /// It is not JSON.
    #[error("is not JSON at byte {at}: {reason}")]
    Broken {
        /// Where, in bytes from the beginning.
        at: u64,
        /// What is wrong there.
        reason: &'static str,
    },
    /// It would need too much memory.
    #[error("is too large: more than {} MiB of it would have to be held at once", HELD_MAX / (1024 * 1024))]
    TooLarge,
}

/// Which parts are read over: given the keys that lead to a value, list items being `*`.
pub type AsideRule = fn(&[String]) -> bool;

/// A stream of JSON values, one after the other: one file, or JSON lines.
pub struct Values<'a> {
    input: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    at: usize,
    consumed: u64,
    ended: bool,
    file_hash: Sha256,
    aside_hash: Option<Sha256>,
    held: usize,
    path: Vec<String>,
}

impl std::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Values").field("consumed", &self.consumed).finish_non_exhaustive()
    }
}

impl<'a> Values<'a> {
    /// Reads from here.
    pub fn new(input: impl Read + 'a) -> Self {
        Self {
            input: Box::new(input),
            buffer: Vec::new(),
            at: 0,
            consumed: 0,
            ended: false,
            file_hash: Sha256::new(),
            aside_hash: None,
            held: 0,
            path: Vec::new(),
        }
    }

    /// The next value, or none at the end.
    ///
    /// # Errors
    /// [`JsonFault`].
    pub fn next_value(&mut self, aside: AsideRule) -> Result<Option<Tree>, JsonFault> {
        self.held = 0;
        self.path.clear();
        if self.consumed == 0 && self.peek()? == Some(0xef) {
            for expected in [0xef, 0xbb, 0xbf] {
                if self.bump()? != expected {
                    return self.broken("a byte that begins no value");
                }
            }
        }
        if self.skip_space()?.is_none() {
            return Ok(None);
        }
        self.value(aside, 0).map(Some)
    }

    /// Whether another value follows.
    ///
    /// # Errors
    /// [`JsonFault`] if the disk says no.
    pub fn more(&mut self) -> Result<bool, JsonFault> {
        Ok(self.skip_space()?.is_some())
    }

    /// SHA-256 of the whole file, hex; what is left of it is read.
    ///
    /// # Errors
    /// [`JsonFault`] if the disk says no.
    pub fn finish(mut self) -> Result<String, JsonFault> {
        while !self.ended {
            self.at = self.buffer.len();
            self.fill()?;
        }
        Ok(data_encoding::HEXLOWER.encode(&self.file_hash.finalize()))
    }

    fn fill(&mut self) -> Result<(), JsonFault> {
        if self.ended || self.at < self.buffer.len() {
            return Ok(());
        }
        self.buffer.resize(READ_AT_ONCE, 0);
        let read = loop {
            match self.input.read(&mut self.buffer) {
                Ok(read) => break read,
                Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault.into()),
            }
        };
        self.buffer.truncate(read);
        self.file_hash.update(&self.buffer);
        self.at = 0;
        self.ended = read == 0;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, JsonFault> {
        self.fill()?;
        Ok(self.buffer.get(self.at).copied())
    }

    /// Takes the next `count` bytes, which are in the buffer.
    fn take(&mut self, count: usize) {
        let end = self.at.saturating_add(count).min(self.buffer.len());
        if let Some(hash) = &mut self.aside_hash {
            hash.update(self.buffer.get(self.at..end).unwrap_or_default());
        }
        self.consumed = self.consumed.saturating_add(u64::try_from(end.saturating_sub(self.at)).unwrap_or(0));
        self.at = end;
    }

    fn bump(&mut self) -> Result<u8, JsonFault> {
        let byte = self.peek()?.ok_or(JsonFault::CutOff(self.consumed))?;
        self.take(1);
        Ok(byte)
    }

    fn broken<T>(&self, reason: &'static str) -> Result<T, JsonFault> {
        Err(JsonFault::Broken { at: self.consumed, reason })
    }

    fn skip_space(&mut self) -> Result<Option<u8>, JsonFault> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.take(1),
                other => return Ok(other),
            }
        }
    }

    /// The next byte that is no space; there must be one.
    fn expect_more(&mut self) -> Result<u8, JsonFault> {
        self.skip_space()?.ok_or(JsonFault::CutOff(self.consumed))
    }

    fn hold(&mut self, bytes: usize) -> Result<(), JsonFault> {
        self.held = self.held.saturating_add(bytes);
        if self.held > HELD_MAX { Err(JsonFault::TooLarge) } else { Ok(()) }
    }

    fn value(&mut self, aside: AsideRule, depth: usize) -> Result<Tree, JsonFault> {
        if depth > DEPTH_MAX {
            return self.broken("nested too deeply");
        }
        self.hold(NODE_COST)?;
        let first = self.expect_more()?;
        if !self.path.is_empty() && matches!(first, b'[' | b'{') && aside(&self.path) {
            self.aside_hash = Some(Sha256::new());
            let count = self.skip(depth)?;
            let hash = self.aside_hash.take().unwrap_or_default();
            return Ok(Tree::Aside(Aside { count, sha256: data_encoding::HEXLOWER.encode(&hash.finalize()) }));
        }
        match first {
            b'{' => self.map(aside, depth),
            b'[' => self.list(aside, depth),
            b'"' => self.string().map(Tree::Text),
            _ => self.word(),
        }
    }

    fn map(&mut self, aside: AsideRule, depth: usize) -> Result<Tree, JsonFault> {
        self.take(1);
        let mut entries = Vec::new();
        if self.expect_more()? == b'}' {
            self.take(1);
            return Ok(Tree::Map(entries));
        }
        loop {
            if self.expect_more()? != b'"' {
                return self.broken("a key in quotes is expected");
            }
            let key = self.string()?;
            if self.expect_more()? != b':' {
                return self.broken("a colon is expected");
            }
            self.take(1);
            self.path.push(key);
            let value = self.value(aside, depth.saturating_add(1))?;
            let key = self.path.pop().unwrap_or_default();
            entries.push((key, value));
            match self.expect_more()? {
                b',' => self.take(1),
                b'}' => {
                    self.take(1);
                    return Ok(Tree::map(entries));
                }
                _ => return self.broken("a comma or } is expected"),
            }
        }
    }

    fn list(&mut self, aside: AsideRule, depth: usize) -> Result<Tree, JsonFault> {
        self.take(1);
        let mut items = Vec::new();
        if self.expect_more()? == b']' {
            self.take(1);
            return Ok(Tree::List(items));
        }
        self.path.push("*".to_owned());
        loop {
            items.push(self.value(aside, depth.saturating_add(1))?);
            match self.expect_more()? {
                b',' => self.take(1),
                b']' => {
                    self.take(1);
                    self.path.pop();
                    return Ok(Tree::List(items));
                }
                _ => return self.broken("a comma or ] is expected"),
            }
        }
    }

    /// Reads over a value and says how many values it holds directly.
    fn skip(&mut self, depth: usize) -> Result<u64, JsonFault> {
        if depth > DEPTH_MAX {
            return self.broken("nested too deeply");
        }
        let first = self.expect_more()?;
        let close = match first {
            b'{' => b'}',
            b'[' => b']',
            b'"' => return self.skip_string().map(|()| 1),
            _ => return self.word().map(|_| 1),
        };
        self.take(1);
        if self.expect_more()? == close {
            self.take(1);
            return Ok(0);
        }
        let mut count = 0_u64;
        loop {
            if first == b'{' {
                if self.expect_more()? != b'"' {
                    return self.broken("a key in quotes is expected");
                }
                self.skip_string()?;
                if self.expect_more()? != b':' {
                    return self.broken("a colon is expected");
                }
                self.take(1);
            }
            self.skip(depth.saturating_add(1))?;
            count = count.saturating_add(1);
            match self.expect_more()? {
                b',' => self.take(1),
                byte if byte == close => {
                    self.take(1);
                    return Ok(count);
                }
                _ => return self.broken("a comma or a closing bracket is expected"),
            }
        }
    }
}

/// Nothing is read over.
pub fn hold_all(_: &[String]) -> bool {
    false
}

#[cfg(test)]
mod tests;
