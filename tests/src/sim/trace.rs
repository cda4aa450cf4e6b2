//! What happened, one line an event: the last lines for people, a hash over all of them to compare two runs.

use std::collections::VecDeque;
use std::fmt;

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Simulated milliseconds.
    pub time: u64,
    /// Where.
    pub node: usize,
    /// What.
    pub what: &'static str,
    /// With whom; the node itself where there is nobody else.
    pub peer: usize,
    /// A number that says more: a ticket, a length.
    pub number: u64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9} {:>3} {:<16} {:>3} {:>8}", self.time, self.node, self.what, self.peer, self.number)
    }
}

/// How many lines are kept.
const KEPT: usize = 100;

/// The trace of a run.
#[derive(Debug)]
pub struct Trace {
    last: VecDeque<Line>,
    hash: u64,
    lines: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self { last: VecDeque::new(), hash: 0xcbf2_9ce4_8422_2325, lines: 0 }
    }
}

impl Trace {
    /// Notes an event.
    pub fn note(&mut self, line: Line) {
        self.lines += 1;
        for number in [line.time, line.node as u64, line.peer as u64, line.number] {
            self.mix(number);
        }
        for byte in line.what.bytes() {
            self.mix(u64::from(byte));
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// Mixes a number into the hash: FNV-1a over words.
    pub const fn mix(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(23);
    }

    /// The hash over everything so far.
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    pub const fn lines(&self) -> u64 {
        self.lines
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "     time node what            peer   number")?;
        for line in &self.last {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
