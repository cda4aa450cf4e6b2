//! What may go wrong in a run: a random subset of everything, drawn from the seed and printed with it.

use crate::random::Random;

/// How a node behaves towards others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Character {
    /// As the protocol says.
    Honest,
    /// Signs two entries at one place and shows each to one half of its peers.
    Equivocates,
    /// Says what it has and does not give it.
    Withholds,
    /// Answers as it did long ago.
    AnswersOld,
    /// Sends bytes that mean nothing, and entries with broken signatures.
    SendsGarbage,
    /// Makes up digests, items and forks.
    Lies,
    /// Publishes more than the charter grants: it claims old times and starts anew, so that its own node allows it.
    Floods,
}

/// What may go wrong in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Decides everything that follows.
    pub seed: u64,
    /// Organisations with one node each.
    pub peers: usize,
    /// Entries published in all.
    pub entries: u64,
    /// What the charter grants each organisation.
    pub entries_per_day: u32,
    /// Whether nodes compare and pull.
    pub sync: bool,
    /// Whether nodes gossip.
    pub gossip: bool,
    /// Milliseconds in which things are published and go wrong.
    pub trouble: u64,
    /// Messages lost, in percent.
    pub loss: u64,
    /// Messages that arrive twice, in percent.
    pub duplicates: u64,
    /// Longest additional delay of a message, in milliseconds: longer than the gaps between messages, so it reorders.
    pub jitter: u64,
    /// Longest time until a write is durable, in milliseconds.
    pub disk: u64,
    /// Nodes at the end of a slow line.
    pub slow: usize,
    /// Times that the network falls into two parts.
    pub partitions: u64,
    /// Times that a node is heard by nobody, or hears nobody.
    pub one_way: u64,
    /// Times that a node loses power.
    pub crashes: u64,
    /// Times that a disk is replaced by a backup of it.
    pub restores: u64,
    /// Times that a wall clock jumps by up to ten years.
    pub clock_jumps: u64,
    /// Nodes that are not honest, by character.
    pub hostile: Vec<(Character, usize)>,
    /// Organisations that come later, by invitation.
    pub invited: usize,
    /// Organisations that come later, admitted by card.
    pub by_card: usize,
    /// Whether one organisation is removed.
    pub removal: bool,
    /// Whether organisations whose logs forked pin a branch.
    pub pins: bool,
}

impl Configuration {
    /// Nothing goes wrong.
    pub fn calm(seed: u64, peers: usize, entries: u64) -> Self {
        Self {
            seed,
            peers,
            entries,
            entries_per_day: 2_000,
            sync: true,
            gossip: true,
            trouble: 20_000,
            loss: 0,
            duplicates: 0,
            jitter: 0,
            disk: 12,
            slow: 0,
            partitions: 0,
            one_way: 0,
            crashes: 0,
            restores: 0,
            clock_jumps: 0,
            hostile: Vec::new(),
            invited: 0,
            by_card: 0,
            removal: false,
            pins: false,
        }
    }

    /// What goes wrong with a seed.
    pub fn of(seed: u64, peers: usize, entries: u64) -> Self {
        let mut random = Random::new(seed);
        let few = (peers / 12).max(1) as u64;
        let mut some = |percent: u64, most: u64| if random.chance(percent) { random.between(1, most) } else { 0 };
        let (loss, duplicates, jitter) = (some(75, 20), some(75, 20), some(75, 2_000));
        let (partitions, one_way, crashes, clock_jumps) = (some(60, 2), some(60, 3), some(70, 12), some(50, 4));
        let mut count = |percent: u64, most: u64| usize::try_from(some(percent, most)).unwrap_or(0);
        let slow = count(50, few);
        let characters = [
            Character::Equivocates,
            Character::Withholds,
            Character::AnswersOld,
            Character::SendsGarbage,
            Character::Lies,
        ];
        let hostile = characters.map(|character| (character, count(60, few))).to_vec();
        let (invited, by_card) = (count(70, 3), count(70, 3));
        Self {
            trouble: 60_000,
            loss,
            duplicates,
            jitter,
            slow,
            partitions,
            one_way,
            crashes,
            clock_jumps,
            hostile,
            invited,
            by_card,
            gossip: random.chance(85),
            removal: random.chance(50),
            disk: if random.chance(40) { random.between(12, 500) } else { 12 },
            pins: random.chance(60),
            restores: if random.chance(50) { random.between(1, 4) } else { 0 },
            ..Self::calm(seed, peers, entries)
        }
    }
}
