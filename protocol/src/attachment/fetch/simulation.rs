//! Whole fetches under a virtual clock, with holders of every kind. The same seed is the same run.

use std::collections::{BTreeMap, BTreeSet};

use super::super::outline::Proof;
use super::tests::{File, key};
use super::*;

/// Numbers that follow from a seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn pick(&mut self, kinds: &[Kind]) -> Kind {
        let at = self.below(u64::try_from(kinds.len()).unwrap());
        kinds[usize::try_from(at).unwrap()]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Sends everything, soon.
    Good,
    /// Holds only some pieces.
    Part,
    /// Takes 20 s for a piece.
    Slow,
    /// Two of three answers are lost.
    Losing,
    /// Goes and comes.
    Vanishing,
    /// Says *busy* to two of three.
    Busy,
    /// Sends other bytes, another proof or garbage.
    Lying,
    /// Says that it holds all, and answers nothing until the time is over.
    Silent,
}

const KINDS: [Kind; 8] =
    [Kind::Good, Kind::Part, Kind::Slow, Kind::Losing, Kind::Vanishing, Kind::Busy, Kind::Lying, Kind::Silent];

const PIECES: u32 = 24;

/// What happens later, in the order in which it was arranged.
struct Run<'a> {
    file: &'a File,
    fetch: Fetch,
    kinds: BTreeMap<PublicKey, Kind>,
    up: BTreeSet<PublicKey>,
    later: BTreeMap<(u64, u64), Event>,
    number: u64,
    now: u64,
    chance: Chance,
    open: BTreeMap<AskId, PublicKey>,
    written: BTreeSet<u32>,
    liars: BTreeSet<PublicKey>,
    sent: u64,
    done: bool,
}

impl Run<'_> {
    fn arrange(&mut self, after: u64, event: Event) {
        self.number += 1;
        self.later.insert((self.now + after, self.number), event);
    }

    fn happen(&mut self, event: Event) {
        match &event {
            Event::PeerUp { peer } => drop(self.up.insert(*peer)),
            Event::PeerDown { peer } => {
                self.up.remove(peer);
                self.open.retain(|_, other| other != peer);
            }
            Event::Piece { ask, .. } | Event::Missed { ask, .. } => drop(self.open.remove(ask)),
            _ => {}
        }
        for effect in self.fetch.handle(event, self.now) {
            self.obey(effect);
        }
        assert!(self.open.len() <= IN_ALL);
        for peer in self.kinds.keys() {
            assert!(self.open.values().filter(|other| *other == peer).count() <= PER_HOLDER);
        }
    }

    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::AskHas { peer } => {
                assert!(self.up.contains(&peer) && !self.liars.contains(&peer));
                let held = match self.kinds[&peer] {
                    Kind::Part => self.file.held((0..PIECES).filter(|index| index % 3 != 1)),
                    _ => self.file.held(0..PIECES),
                };
                let after = 5 + self.chance.below(50);
                self.arrange(after, Event::Holds { peer, held });
            }
            Effect::AskPiece { ask, peer, index } => {
                assert!(self.up.contains(&peer) && !self.liars.contains(&peer));
                self.open.insert(ask, peer);
                self.answer(ask, peer, index);
            }
            Effect::Write(piece) => {
                assert_eq!(piece.bytes(), self.file.piece(piece.index()).1);
                assert!(self.written.insert(piece.index()), "written once");
                let after = self.chance.below(20);
                self.arrange(after, Event::Written { index: piece.index() });
            }
            Effect::Lied { peer, .. } => {
                assert_eq!(self.kinds[&peer], Kind::Lying, "nobody else is blamed");
                self.liars.insert(peer);
            }
            Effect::Waiting(_) => {}
            Effect::Done => self.done = true,
        }
    }

    fn answer(&mut self, ask: AskId, peer: PublicKey, index: u32) {
        self.sent += 1;
        let (proof, bytes) = self.file.piece(index);
        let after = 20 + self.chance.below(80);
        let one_of_three = self.chance.below(3) == 0;
        match self.kinds[&peer] {
            Kind::Slow => self.arrange(20_000, Event::Piece { ask, proof, bytes }),
            Kind::Losing if !one_of_three => self.arrange(10_000, Event::Missed { ask, why: Missed::Lost }),
            Kind::Busy if !one_of_three => self.arrange(after, Event::Missed { ask, why: Missed::Busy }),
            Kind::Silent => self.arrange(PIECE_WITHIN, Event::Missed { ask, why: Missed::Lost }),
            Kind::Vanishing if one_of_three => {
                self.arrange(after, Event::PeerDown { peer });
                self.arrange(after + 1, Event::Missed { ask, why: Missed::Lost });
                self.arrange(after + 3_000, Event::PeerUp { peer });
            }
            Kind::Lying => {
                let lie = match self.chance.below(3) {
                    0 => Event::Piece { ask, proof, bytes: vec![0; bytes.len()] },
                    1 => Event::Piece { ask, proof: Proof::empty(), bytes },
                    _ => Event::Missed { ask, why: Missed::Bad("garbage".to_owned()) },
                };
                self.arrange(after, lie);
            }
            _ => self.arrange(after, Event::Piece { ask, proof, bytes }),
        }
    }

    /// Until the file is there; how long it took, in milliseconds.
    fn run(&mut self) -> u64 {
        while !self.done {
            let wake = self.fetch.wake_at(self.now);
            let next = self.later.first_key_value().map(|((when, _), _)| *when);
            let when = next.into_iter().chain(wake).min().expect("something is always to come before the end");
            assert!(when < 3_600_000, "not within an hour: {:?}", self.fetch.waiting());
            self.now = when;
            match self.later.first_key_value().filter(|((at, _), _)| *at <= when).map(|(place, _)| *place) {
                Some(place) => {
                    let event = self.later.remove(&place).unwrap();
                    self.happen(event);
                }
                None => self.happen(Event::Tick),
            }
        }
        self.now
    }
}

fn run(file: &File, seed: u64, kinds: &[Kind]) -> (u64, u64) {
    let kinds: BTreeMap<PublicKey, Kind> =
        kinds.iter().enumerate().map(|(at, kind)| (key(u8::try_from(at + 1).unwrap()), *kind)).collect();
    let mut run = Run {
        file,
        fetch: file.fetch(&[]),
        kinds,
        up: BTreeSet::new(),
        later: BTreeMap::new(),
        number: 0,
        now: 0,
        chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        open: BTreeMap::new(),
        written: BTreeSet::new(),
        liars: BTreeSet::new(),
        sent: 0,
        done: false,
    };
    let peers: Vec<PublicKey> = run.kinds.keys().copied().collect();
    for peer in peers {
        let after = run.chance.below(2_000);
        run.arrange(after, Event::PeerUp { peer });
    }
    (run.run(), run.sent)
}

#[test]
fn a_file_comes_whole_from_any_mixture_of_holders() {
    let file = File::new(PIECES);
    for seed in 0..40 {
        let mut chance = Chance(seed + 77);
        chance.below(2);
        let mut kinds: Vec<Kind> = (0..chance.below(7)).map(|_| chance.pick(&KINDS)).collect();
        // At least one that has everything and gives it in the end.
        kinds.push(chance.pick(&[Kind::Good, Kind::Slow, Kind::Losing, Kind::Vanishing, Kind::Busy]));
        let (time, sent) = run(&file, seed, &kinds);
        let (again, sent_again) = run(&file, seed, &kinds);
        assert_eq!((time, sent), (again, sent_again), "the same seed is the same run");
    }
}

#[test]
fn one_good_holder_is_held_up_by_no_bad_ones() {
    let file = File::new(PIECES);
    let alone = run(&file, 1, &[Kind::Good]).0;
    for bad in [Kind::Slow, Kind::Losing, Kind::Lying, Kind::Busy, Kind::Silent] {
        let (time, sent) = run(&file, 1, &[bad, bad, bad, Kind::Good]);
        assert!(time < alone + 6_000, "with {bad:?}: {time} ms, alone {alone} ms");
        assert!(sent < 3 * u64::from(PIECES), "{bad:?}: {sent} pieces were sent");
    }
}
