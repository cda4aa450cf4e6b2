use proptest::prelude::*;

use super::super::PIECE;
use super::super::builder::OutlineBuilder;
use super::super::message::Range;
use super::*;
use crate::bounded::BoundedVec;
use crate::key::SecretKey;

pub(super) fn key(number: u8) -> PublicKey {
    SecretKey::from_seed(&[number; 32]).public()
}

/// A file of some pieces, with its outline.
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) outline: Outline,
}

impl File {
    pub(super) fn new(pieces: u32) -> Self {
        let size = (pieces - 1) * PIECE + 9;
        let bytes: Vec<u8> = (0..size).map(|at| (at ^ (at >> 9) ^ (at >> 20)).to_le_bytes()[0]).collect();
        let mut builder = OutlineBuilder::new();
        builder.update(&bytes).unwrap();
        Self { bytes, outline: builder.finish().unwrap() }
    }

    pub(super) fn piece(&self, index: u32) -> (Proof, Vec<u8>) {
        let bytes = self.bytes.chunks(PIECE as usize).nth(index as usize).unwrap();
        (self.outline.proof(index).unwrap(), bytes.to_vec())
    }

    pub(super) fn fetch(&self, likely: &[PublicKey]) -> Fetch {
        let shape = self.outline.shape();
        let outline = Outline::new(self.outline.root(), shape.size()).unwrap();
        Fetch::new(outline, Pieces::none(shape), likely.iter().copied())
    }

    pub(super) fn held(&self, indices: impl IntoIterator<Item = u32>) -> Option<Held> {
        let mut pieces = Pieces::none(self.outline.shape());
        pieces.extend(indices);
        Held::of(self.outline.root(), &pieces)
    }

    fn all(&self) -> Option<Held> {
        self.held(0..self.outline.shape().pieces())
    }
}

/// A fetch with what it wants of whom.
struct Talk {
    file: File,
    fetch: Fetch,
    now: u64,
}

impl Talk {
    fn new(pieces: u32) -> Self {
        let file = File::new(pieces);
        Self { fetch: file.fetch(&[]), file, now: 1_000 }
    }

    fn say(&mut self, event: Event) -> Vec<Effect> {
        self.fetch.handle(event, self.now)
    }

    /// A peer comes up that holds some pieces.
    fn holder(&mut self, peer: PublicKey, held: Option<Held>) -> Vec<Effect> {
        assert_eq!(self.say(Event::PeerUp { peer })[0], Effect::AskHas { peer });
        self.say(Event::Holds { peer, held })
    }

    fn send(&mut self, ask: AskId, index: u32) -> Vec<Effect> {
        let (proof, bytes) = self.file.piece(index);
        self.say(Event::Piece { ask, proof, bytes })
    }

    fn tick(&mut self, later: u64) -> Vec<Effect> {
        self.now += later;
        self.say(Event::Tick)
    }
}

fn asks(effects: &[Effect]) -> Vec<(AskId, PublicKey, u32)> {
    let ask = |effect: &Effect| match effect {
        Effect::AskPiece { ask, peer, index } => Some((*ask, *peer, *index)),
        _ => None,
    };
    effects.iter().filter_map(ask).collect()
}

fn why(effects: &[Effect]) -> Option<Why> {
    effects.iter().find_map(|effect| match effect {
        Effect::Waiting(waiting) => Some(waiting.why),
        _ => None,
    })
}

#[test]
fn a_file_comes_from_one_holder() {
    let mut talk = Talk::new(3);
    let peer = key(1);
    let all = talk.file.all();
    let first = asks(&talk.holder(peer, all));
    assert_eq!(first.len(), 2, "of whom nothing is known not all is asked at once");
    let mut open = first;
    let mut done = false;
    while let Some((ask, _, index)) = open.pop() {
        let effects = talk.send(ask, index);
        assert!(matches!(&effects[0], Effect::Write(piece) if piece.index() == index));
        open.extend(asks(&effects));
        done = talk.say(Event::Written { index }).contains(&Effect::Done);
    }
    assert!(done && talk.fetch.is_done());
    assert_eq!(talk.tick(1), []);
}

#[test]
fn an_empty_file_is_fetched_and_a_whole_one_is_done_at_once() {
    let outline = OutlineBuilder::new().finish().unwrap();
    let mut fetch = Fetch::new(outline.clone(), Pieces::none(outline.shape()), []);
    let peer = key(1);
    fetch.handle(Event::PeerUp { peer }, 0);
    let held = Held::of(outline.root(), &Pieces::all(outline.shape()));
    let open = asks(&fetch.handle(Event::Holds { peer, held }, 0));
    let piece = Event::Piece { ask: open[0].0, proof: Proof::empty(), bytes: Vec::new() };
    assert!(matches!(fetch.handle(piece, 0)[..], [Effect::Write(_)]));
    assert_eq!(fetch.handle(Event::Written { index: 0 }, 0), [Effect::Done]);
    let mut whole = Fetch::new(outline.clone(), Pieces::all(outline.shape()), []);
    assert_eq!(whole.handle(Event::Tick, 0), [Effect::Done]);
    assert_eq!(whole.handle(Event::Tick, 1), []);
}

/// A7: four pieces of one holder and 16 in all.
#[test]
fn several_holders_share_the_work_within_the_bounds() {
    let mut talk = Talk::new(40);
    let mut open = Vec::new();
    for number in 1..=6 {
        let all = talk.file.all();
        open.extend(asks(&talk.holder(key(number), all)));
    }
    for _ in 0..16 {
        let (ask, _, index) = open.remove(0);
        open.extend(asks(&talk.send(ask, index)));
        open.extend(asks(&talk.say(Event::Written { index })));
        assert!(open.len() <= IN_ALL);
        for number in 1..=6 {
            assert!(open.iter().filter(|(_, peer, _)| *peer == key(number)).count() <= PER_HOLDER);
        }
    }
    assert_eq!(open.len(), IN_ALL);
    let mut indices: Vec<u32> = open.iter().map(|(_, _, index)| *index).collect();
    indices.sort_unstable();
    indices.dedup();
    assert_eq!(indices.len(), IN_ALL, "nothing is asked for twice");
}

#[test]
fn what_waits_to_be_written_counts() {
    let mut talk = Talk::new(40);
    let mut open = Vec::new();
    for number in 1..=8 {
        let all = talk.file.all();
        open.extend(asks(&talk.holder(key(number), all)));
    }
    while let Some((ask, _, index)) = open.pop() {
        open.extend(asks(&talk.send(ask, index)));
    }
    assert_eq!(talk.fetch.taken.count(), 16, "a slow disk holds up the network, and not the memory");
    let index = talk.fetch.taken.iter().next().unwrap();
    assert_eq!(asks(&talk.say(Event::Written { index })).len(), 1);
}

/// A7: for this file.
#[test]
fn who_lies_is_not_asked_again() {
    let mut talk = Talk::new(4);
    let (liar, honest) = (key(1), key(2));
    let all = talk.file.all();
    let open = asks(&talk.holder(liar, all.clone()));
    let (proof, _) = talk.file.piece(open[0].2);
    let effects = talk.say(Event::Piece { ask: open[0].0, proof, bytes: vec![0; PIECE as usize] });
    assert!(matches!(&effects[0], Effect::Lied { peer, .. } if *peer == liar), "{effects:?}");
    assert_eq!(why(&effects), Some(Why::Lied));
    talk.say(Event::PeerDown { peer: liar });
    assert_eq!(talk.say(Event::PeerUp { peer: liar }), [Effect::Waiting(Waiting { why: Why::Lied, away: vec![] })]);
    assert_eq!(asks(&talk.holder(honest, all)).iter().map(|ask| ask.2).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(talk.send(open[1].0, open[1].2), [], "what it still sends is not looked at");
}

#[test]
fn answers_that_are_none_are_lies_too() {
    let mut talk = Talk::new(2);
    let peer = key(1);
    let all = talk.file.all();
    let open = asks(&talk.holder(peer, all));
    let effects = talk.say(Event::Missed { ask: open[0].0, why: Missed::Bad("garbage".to_owned()) });
    assert_eq!(effects[0], Effect::Lied { peer, why: "garbage".to_owned() });
    let other = key(2);
    talk.say(Event::PeerUp { peer: other });
    let held = Held { blake3: crate::hash::FileHash::ZERO, ..talk.file.all().unwrap() };
    let effects = talk.say(Event::Holds { peer: other, held: Some(held) });
    assert!(matches!(&effects[0], Effect::Lied { peer, .. } if *peer == other));
}

#[test]
fn a_busy_holder_is_asked_again_later_and_later() {
    let mut talk = Talk::new(2);
    let all = talk.file.all();
    let mut open = asks(&talk.holder(key(1), all));
    open.truncate(2);
    let mut pauses = Vec::new();
    for (ask, _, _) in std::mem::take(&mut open) {
        open.extend(asks(&talk.say(Event::Missed { ask, why: Missed::Busy })));
    }
    assert!(open.is_empty());
    assert_eq!(talk.fetch.waiting().unwrap().why, Why::Busy);
    for _ in 0..10 {
        let began = talk.now;
        let next = loop {
            let wake = talk.fetch.wake_at(talk.now).unwrap();
            let next = asks(&talk.tick(wake - talk.now));
            if !next.is_empty() {
                break next;
            }
        };
        pauses.push(talk.now - began);
        assert_eq!(next.len(), 1, "one piece, to see");
        talk.say(Event::Missed { ask: next[0].0, why: Missed::Busy });
    }
    assert!(pauses.is_sorted() && pauses[0] >= 500 && *pauses.last().unwrap() == 60_000, "{pauses:?}");
}

#[test]
fn the_last_pieces_of_a_slow_holder_are_asked_of_another() {
    let mut talk = Talk::new(4);
    let (slow, fast) = (key(1), key(2));
    let all = talk.file.all();
    let kept = asks(&talk.holder(slow, all.clone()));
    let mut open = asks(&talk.holder(fast, all));
    assert_eq!((kept.len(), open.len()), (2, 2));
    while let Some((ask, _, index)) = open.pop() {
        talk.now += 100;
        open.extend(asks(&talk.send(ask, index)));
        talk.say(Event::Written { index });
    }
    let wake = talk.fetch.wake_at(talk.now).unwrap();
    let again = asks(&talk.tick(wake - talk.now));
    assert_eq!(again.iter().map(|ask| (ask.1, ask.2)).collect::<Vec<_>>(), [(fast, 0), (fast, 1)]);
    for (ask, _, index) in again {
        talk.send(ask, index);
        talk.say(Event::Written { index });
    }
    assert!(talk.fetch.is_done());
    assert_eq!(talk.send(kept[0].0, 0), [], "what comes late changes nothing");
}

#[test]
fn who_goes_is_named_and_its_pieces_are_free() {
    let mut talk = Talk::new(3);
    let (gone, stays) = (key(1), key(2));
    let all = talk.file.all();
    let open = asks(&talk.holder(gone, all.clone()));
    talk.holder(stays, None);
    let effects = talk.say(Event::PeerDown { peer: gone });
    assert_eq!(effects, [Effect::Waiting(Waiting { why: Why::NobodyHolds, away: vec![gone] })]);
    assert_eq!(talk.say(Event::Missed { ask: open[0].0, why: Missed::Lost }), []);
    let back = talk.say(Event::PeerUp { peer: gone });
    assert_eq!(asks(&back).len(), 2, "what it holds is remembered");
}

#[test]
fn likely_holders_are_named_and_asked_first() {
    let file = File::new(2);
    let (likely, other) = (key(9), key(1));
    let mut fetch = file.fetch(&[likely]);
    let waiting = Waiting { why: Why::NobodyConnected, away: vec![likely] };
    assert_eq!(fetch.handle(Event::Tick, 0), [Effect::Waiting(waiting)]);
    fetch.handle(Event::PeerUp { peer: other }, 0);
    fetch.handle(Event::Holds { peer: other, held: None }, 0);
    fetch.handle(Event::PeerUp { peer: likely }, 0);
    let effects = fetch.handle(Event::Holds { peer: likely, held: None }, 0);
    assert_eq!(effects, [Effect::Waiting(Waiting { why: Why::NobodyHolds, away: vec![] })]);
}

#[test]
fn holders_of_parts_make_a_whole_and_are_asked_again_for_more() {
    let mut talk = Talk::new(4);
    let (a, b) = (key(1), key(2));
    let (of_a, of_b) = (talk.file.held([0, 1]), talk.file.held([1, 3]));
    let mut open = asks(&talk.holder(a, of_a));
    open.extend(asks(&talk.holder(b, of_b)));
    let mut seen = Vec::new();
    while let Some((ask, peer, index)) = open.pop() {
        seen.push((index, peer));
        open.extend(asks(&talk.send(ask, index)));
        open.extend(asks(&talk.say(Event::Written { index })));
    }
    seen.sort_unstable();
    assert_eq!(seen, [(0, a), (1, a), (3, b)]);
    assert_eq!(talk.fetch.waiting().unwrap().why, Why::Incomplete);
    let wake = talk.fetch.wake_at(talk.now).unwrap();
    assert_eq!(wake - talk.now, 60_000);
    let effects = talk.tick(wake - talk.now);
    assert!(effects.contains(&Effect::AskHas { peer: a }) && effects.contains(&Effect::AskHas { peer: b }));
}

#[test]
fn a_file_of_another_size_is_told_and_not_fetched() {
    let mut talk = Talk::new(3);
    let held = Held {
        size: 5,
        ranges: BoundedVec::new(vec![Range { first: 0, count: 1 }]).unwrap(),
        ..talk.file.all().unwrap()
    };
    let effects = talk.holder(key(1), Some(held));
    assert_eq!(why(&effects), Some(Why::OtherSize));
    assert_eq!(asks(&effects), []);
}

#[test]
fn who_promises_and_never_sends_hides_no_other_holder() {
    let mut talk = Talk::new(2);
    let (empty, late) = (key(1), key(2));
    talk.holder(empty, None);
    let all = talk.file.all();
    let mut open = asks(&talk.holder(late, all.clone()));
    let mut asked_again = false;
    for _ in 0..10 {
        for (ask, _, _) in std::mem::take(&mut open) {
            let effects = talk.say(Event::Missed { ask, why: Missed::Lost });
            asked_again |= effects.contains(&Effect::AskHas { peer: empty });
            open.extend(asks(&effects));
        }
        let wake = talk.fetch.wake_at(talk.now).unwrap();
        let effects = talk.tick(wake - talk.now);
        asked_again |= effects.contains(&Effect::AskHas { peer: empty });
        open.extend(asks(&effects));
    }
    assert!(asked_again);
}

#[test]
fn peers_are_remembered_within_bounds() {
    let mut talk = Talk::new(1);
    let keys: Vec<PublicKey> = (0..PEERS_MAX + 2)
        .map(|number| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&number.to_le_bytes());
            SecretKey::from_seed(&seed).public()
        })
        .collect();
    for peer in &keys[..=PEERS_MAX] {
        talk.say(Event::PeerUp { peer: *peer });
    }
    assert_eq!(talk.fetch.peers.values().filter(|holder| holder.is_asked).count(), 8, "not all at once");
    assert_eq!(talk.fetch.peers.len(), PEERS_MAX);
    assert!(!talk.fetch.peers.contains_key(&keys[PEERS_MAX]));
    // Who is gone makes room, unless it lied.
    for peer in &keys[..2] {
        talk.say(Event::HasFailed { peer: *peer, why: Missed::Bad("a lie".to_owned()) });
        talk.say(Event::PeerDown { peer: *peer });
    }
    let newcomer = keys[PEERS_MAX + 1];
    talk.say(Event::PeerUp { peer: newcomer });
    assert!(!talk.fetch.peers.contains_key(&newcomer));
    talk.say(Event::PeerDown { peer: keys[2] });
    talk.say(Event::PeerUp { peer: newcomer });
    assert!(talk.fetch.peers.contains_key(&newcomer) && !talk.fetch.peers.contains_key(&keys[2]));
    assert_eq!(talk.fetch.peers.len(), PEERS_MAX);
}

#[derive(Debug, Clone)]
enum Step {
    Up(u8),
    Down(u8),
    Holds(u8, Vec<u32>),
    HasFailed(u8, u8),
    Good(u64, bool),
    Missed(u64, u8),
    Written(u32),
    Later(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..5_u8).prop_map(Step::Up),
        1 => (1..5_u8).prop_map(Step::Down),
        3 => (1..5_u8, prop::collection::vec(0..3_u32, 0..4)).prop_map(|(peer, held)| Step::Holds(peer, held)),
        1 => (1..5_u8, 0..4_u8).prop_map(|(peer, why)| Step::HasFailed(peer, why)),
        4 => (0..30_u64, prop::bool::weighted(0.1)).prop_map(|(ask, lie)| Step::Good(ask, lie)),
        2 => (0..30_u64, 0..4_u8).prop_map(|(ask, why)| Step::Missed(ask, why)),
        2 => (0..4_u32).prop_map(Step::Written),
        1 => (0..100_000_u64).prop_map(Step::Later),
    ]
}

fn missed(number: u8) -> Missed {
    match number {
        0 => Missed::Busy,
        1 => Missed::NotHeld,
        2 => Missed::Lost,
        _ => Missed::Bad("bad".to_owned()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever happens in whatever order, the bounds hold, no piece is written twice, and no liar is asked.
    #[test]
    fn any_course_of_events_keeps_the_bounds(steps in prop::collection::vec(step(), 0..60)) {
        let mut talk = Talk::new(3);
        let mut written = std::collections::BTreeSet::new();
        let mut liars = std::collections::BTreeSet::new();
        for step in steps {
            let event = match step {
                Step::Up(peer) => Event::PeerUp { peer: key(peer) },
                Step::Down(peer) => Event::PeerDown { peer: key(peer) },
                Step::Holds(peer, held) => Event::Holds { peer: key(peer), held: talk.file.held(held) },
                Step::HasFailed(peer, why) => Event::HasFailed { peer: key(peer), why: missed(why) },
                Step::Good(ask, lie) => {
                    let ask = AskId(ask);
                    let index = talk.fetch.asks.get(&ask).map_or(0, |ask| ask.index);
                    let (proof, mut bytes) = talk.file.piece(index);
                    bytes[0] ^= u8::from(lie);
                    Event::Piece { ask, proof, bytes }
                }
                Step::Missed(ask, why) => Event::Missed { ask: AskId(ask), why: missed(why) },
                Step::Written(index) => Event::Written { index },
                Step::Later(time) => {
                    talk.now += time;
                    Event::Tick
                }
            };
            for effect in talk.say(event) {
                match effect {
                    Effect::Write(piece) => {
                        prop_assert_eq!(piece.bytes(), talk.file.piece(piece.index()).1);
                        prop_assert!(written.insert(piece.index()));
                    }
                    Effect::Lied { peer, .. } => prop_assert!(liars.insert(peer)),
                    Effect::AskHas { peer } | Effect::AskPiece { peer, .. } => prop_assert!(!liars.contains(&peer)),
                    Effect::Waiting(_) | Effect::Done => {}
                }
            }
            let fetch = &talk.fetch;
            prop_assert!(fetch.asks.len() <= IN_ALL);
            for (peer, holder) in &fetch.peers {
                let open = fetch.asks.values().filter(|ask| ask.peer == *peer).count();
                prop_assert_eq!(open, holder.open);
                prop_assert!(open <= PER_HOLDER && (open == 0 || holder.is_usable()));
            }
            for index in 0..3 {
                let asked = fetch.asks.values().filter(|ask| ask.index == index).count();
                prop_assert!(asked <= 3);
                let states = [fetch.taken.contains(index), fetch.free.contains(index)];
                prop_assert!(states != [true, true] && (states != [false, false] || asked > 0));
            }
            prop_assert!(fetch.wake_at(talk.now).is_none_or(|wake| wake > talk.now));
            prop_assert_eq!(fetch.is_done(), fetch.have.count() == 3);
        }
    }
}
