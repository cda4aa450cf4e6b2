use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::entry::header::MARKING_GREEN;
use lyceum_protocol::entry::{Draft, Payload, Place, VerifiedEntry};
use lyceum_protocol::hash::{CharterId, TreeHead};
use lyceum_protocol::history::Tree;
use lyceum_tests::fixtures::Org;
use proptest::prelude::*;

use super::*;

/// An alliance of two, as one node holds it, and what its index holds after the steps so far.
struct World {
    orgs: [Org; 2],
    charter: CharterId,
    state: State,
    trees: [Tree; 2],
    entries: Vec<VerifiedEntry>,
    cursor: Cursor,
    index: BTreeSet<(LogId, u64)>,
}

impl World {
    fn new() -> Self {
        let orgs = [Org::new("One", 1), Org::new("Two", 2)];
        let (charter, batch) = orgs[0].found();
        let network = NetworkId(charter.id().0);
        let mut state = State::new(network, charter.id(), Some(orgs[0].id()));
        state.add_documents(batch);
        state.add_documents(orgs[0].admits(charter.id(), &orgs[1]));
        Self {
            charter: charter.id(),
            orgs,
            state,
            trees: [Tree::new(), Tree::new()],
            entries: Vec::new(),
            cursor: Cursor::default(),
            index: BTreeSet::new(),
        }
    }

    fn network(&self) -> NetworkId {
        NetworkId(self.charter.0)
    }

    /// The next entry of an organisation, with its payload or without.
    fn write(&mut self, by: usize, kind: Kind, held: bool) -> VerifiedEntry {
        let (org, tree) = (&self.orgs[by], &mut self.trees[by]);
        let payload: Vec<u8> = [[3; 16].as_slice(), b"{}", &tree.len().to_le_bytes()].concat();
        let draft = Draft { kind, marking: MARKING_GREEN, flags: 0, time: 5, payload: payload.into() };
        let seq = tree.len();
        let history = if seq == 0 { TreeHead(org.certificate.id().0) } else { tree.head() };
        let entry = draft.sign(NetworkId(self.charter.0), &org.key(), Place { incarnation: 1, seq, history }).unwrap();
        tree.push(&entry.id());
        let given = if held {
            entry.clone()
        } else {
            let mut bytes = entry.to_untrusted();
            bytes.payload = Payload::NotHeld;
            bytes.verify(self.network(), &org.key().public()).unwrap()
        };
        self.state.append(&given);
        self.entries.push(entry.clone());
        entry
    }

    fn pass(&mut self, op: Operation) {
        let batch = self.orgs[0].passed(self.charter, op);
        self.state.add_documents(batch);
    }

    fn erase(&mut self, id: EntryId) {
        self.pass(Operation::Erase { targets: BoundedVec::new(vec![id]).unwrap() });
    }

    fn remove_two(&mut self) {
        let (org, certificate) = (self.orgs[1].id(), self.orgs[1].certificate.id());
        self.pass(Operation::Remove { org, certificate, pins: BoundedVec::empty() });
    }

    /// One step, done.
    fn step(&mut self, limit: u64) -> Step {
        let step = next(&self.state, &self.cursor, &BTreeSet::new(), limit);
        for (log, seqs) in &step.remove {
            self.index.retain(|(of, seq)| of != log || !seqs.contains(seq));
        }
        for one in &step.read {
            assert_eq!(self.state.id_at(one.log, one.seq), Some(one.id));
            assert!(self.index.insert((one.log, one.seq)), "nothing is written twice");
        }
        self.cursor = step.cursor.clone();
        step
    }

    fn settle(&mut self, limit: u64) {
        for _ in 0..200 {
            let before = self.cursor.clone();
            if self.step(limit).is_nothing(&before) {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// What belongs into the index.
    fn expected(&self) -> BTreeSet<(LogId, u64)> {
        let mut expected = BTreeSet::new();
        for record in self.state.records() {
            for seq in 0..record.judged().good_len {
                let id = record.log().id_at(seq).unwrap();
                let publication = record.fact(seq).unwrap().kind == Kind::PUBLICATION;
                if publication && !record.gaps().contains(&seq) && !self.state.erased().contains(&id) {
                    expected.insert((record.log().opening().log, seq));
                }
            }
        }
        expected
    }
}

#[test]
fn it_goes_on_in_bounded_steps_and_says_how_much_is_left() {
    let mut world = World::new();
    (0..25).for_each(|n| drop(world.write(n % 2, Kind::PUBLICATION, true)));
    let step = world.step(10);
    assert_eq!((step.read.len(), step.behind), (10, 15));
    world.settle(10);
    assert_eq!(world.index.len(), 25);
    assert!(world.step(10).read.is_empty());
}

#[test]
fn what_is_erased_or_removed_leaves_and_what_comes_is_read() {
    let mut world = World::new();
    let entries: Vec<VerifiedEntry> = (0..4).map(|n| world.write(1, Kind::PUBLICATION, n != 2)).collect();
    world.settle(100);
    assert_eq!(world.index.len(), 3, "one text is not here");
    world.state.close_gap(&entries[2]);
    world.settle(100);
    assert_eq!(world.index.len(), 4);
    world.erase(entries[1].id());
    let step = world.step(100);
    assert_eq!(step.remove.len(), 1);
    assert_eq!(world.index.len(), 3);
    let before = world.cursor.clone();
    assert!(world.step(100).is_nothing(&before), "it is removed once");
    world.remove_two();
    world.settle(100);
    assert!(world.index.is_empty());
}

#[test]
fn a_cursor_is_read_back_and_one_of_another_alliance_is_not() {
    let mut world = World::new();
    (0..3).for_each(|n| drop(world.write(0, Kind::PUBLICATION, n != 1)));
    world.settle(100);
    let text = world.cursor.write(world.network());
    assert_eq!(Cursor::read(&text, world.network()), Ok(world.cursor.clone()));
    assert!(Cursor::read(&text, NetworkId([1; 32])).is_err());
    assert!(Cursor::read("{}", world.network()).is_err());
}

/// What happens: an entry of one of the two, with or without its text, an erasure, a text that comes, the removal of
/// the second, a step of the index, a restart.
#[derive(Debug, Clone)]
enum Happens {
    Entry(usize, bool, bool),
    Erase(usize),
    Text(usize),
    Remove,
    Step(u64),
    Restart,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0_usize..2, prop::bool::weighted(0.8), prop::bool::weighted(0.8))
            .prop_map(|(by, publication, held)| Happens::Entry(by, publication, held)),
        1 => any::<usize>().prop_map(Happens::Erase),
        2 => any::<usize>().prop_map(Happens::Text),
        1 => prop::bool::weighted(0.1).prop_map(|removed| if removed { Happens::Remove } else { Happens::Restart }),
        4 => (1_u64..5).prop_map(Happens::Step),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_index_ends_with_what_stands_whatever_happens(all in prop::collection::vec(happens(), 1..40)) {
        let mut world = World::new();
        for one in all {
            match one {
                Happens::Entry(by, publication, held) => {
                    let kind = if publication { Kind::PUBLICATION } else { Kind(77) };
                    world.write(by, kind, held);
                }
                Happens::Erase(_) | Happens::Text(_) if world.entries.is_empty() => {}
                Happens::Erase(n) => {
                    let id = world.entries[n % world.entries.len()].id();
                    world.erase(id);
                }
                Happens::Text(n) => {
                    let entry = world.entries[n % world.entries.len()].clone();
                    world.state.close_gap(&entry);
                }
                Happens::Remove => world.remove_two(),
                Happens::Step(limit) => drop(world.step(limit)),
                Happens::Restart => {
                    let text = world.cursor.write(world.network());
                    world.cursor = Cursor::read(&text, world.network()).unwrap();
                }
            }
        }
        world.settle(7);
        prop_assert_eq!(&world.index, &world.expected());
    }
}
