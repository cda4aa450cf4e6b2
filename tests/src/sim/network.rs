//! Who is connected to whom, and what the lines between them do.

use std::collections::{BTreeMap, BTreeSet};

/// Names one connection: another one of the same two nodes has another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// One connection for each pair, and what is cut.
#[derive(Debug, Default)]
pub struct Network {
    links: BTreeMap<(usize, usize), LinkId>,
    next: u64,
    /// The nodes on the other side while the network is in two parts.
    island: BTreeSet<usize>,
    /// From the first to the second nothing arrives.
    deaf: BTreeSet<(usize, usize)>,
}

const fn pair(a: usize, b: usize) -> (usize, usize) {
    if a < b { (a, b) } else { (b, a) }
}

impl Network {
    /// Makes a connection; none if there is one.
    pub fn connect(&mut self, a: usize, b: usize) -> Option<LinkId> {
        if self.links.contains_key(&pair(a, b)) {
            return None;
        }
        let link = LinkId(self.next);
        self.next += 1;
        self.links.insert(pair(a, b), link);
        Some(link)
    }

    /// Ends a connection, if it is still this one.
    pub fn close(&mut self, a: usize, b: usize, link: LinkId) -> bool {
        let is_this = self.links.get(&pair(a, b)) == Some(&link);
        if is_this {
            self.links.remove(&pair(a, b));
        }
        is_this
    }

    /// The connection of two nodes.
    pub fn link(&self, a: usize, b: usize) -> Option<LinkId> {
        self.links.get(&pair(a, b)).copied()
    }

    /// All connections.
    pub fn links(&self) -> impl Iterator<Item = (usize, usize, LinkId)> {
        self.links.iter().map(|((a, b), link)| (*a, *b, *link))
    }

    /// Whether nothing that the first one sends reaches the second.
    pub fn is_cut(&self, from: usize, to: usize) -> bool {
        self.island.contains(&from) != self.island.contains(&to) || self.deaf.contains(&(from, to))
    }

    /// The network falls into two parts.
    pub fn part(&mut self, island: BTreeSet<usize>) {
        self.island = island;
    }

    /// From one node to some others nothing arrives any more.
    pub fn silence(&mut self, ways: impl Iterator<Item = (usize, usize)>) {
        self.deaf.extend(ways);
    }

    /// All lines work again.
    pub fn heal(&mut self) {
        self.island.clear();
        self.deaf.clear();
    }
}
