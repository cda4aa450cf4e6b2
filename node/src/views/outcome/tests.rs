use super::*;
use proptest::prelude::*;

/// Entries in memory.
#[derive(Debug, Clone, Default)]
struct World {
    entries: BTreeMap<EntryId, OutcomeFacts>,
    links: BTreeMap<EntryId, Vec<Linked>>,
}

fn id(n: u8) -> EntryId {
    EntryId([n; 32])
}

fn org(n: u8) -> OrgId {
    OrgId([n; 32])
}

impl World {
    /// An entry with its links; claims are the numbers times ten.
    fn add(&mut self, n: u8, by: u8, links: &[(Rel, u8)]) -> &mut Self {
        self.add_at(n, by, u64::from(n) * 10, links)
    }

    fn add_at(&mut self, n: u8, by: u8, time: u64, links: &[(Rel, u8)]) -> &mut Self {
        let supersedes = links.iter().filter(|(rel, _)| *rel == Rel::Supersedes).map(|(_, to)| id(*to)).collect();
        self.entries.insert(id(n), OutcomeFacts { org: org(by), time, supersedes, evaluation: None, reason: None });
        for (rel, to) in links {
            let link = Linked { rel: rel.clone(), id: id(n), org: org(by), time };
            self.links.entry(id(*to)).or_default().push(link);
        }
        self
    }

    fn evaluates(&mut self, n: u8, value: u8) -> &mut Self {
        self.entries.get_mut(&id(n)).unwrap().evaluation = Some([value; 32]);
        self
    }

    fn fold(&self, n: u8) -> Outcome {
        fold(self, &id(n))
    }
}

impl Graph for World {
    fn org(&self, id: &EntryId) -> Option<OrgId> {
        self.entries.get(id).map(|facts| facts.org)
    }

    fn links_to(&self, id: &EntryId) -> Vec<Linked> {
        self.links.get(id).cloned().unwrap_or_default()
    }

    fn facts(&self, id: &EntryId) -> Option<OutcomeFacts> {
        self.entries.get(id).cloned()
    }
}

#[test]
fn only_the_authors_organisation_supersedes_and_retracts() {
    let mut world = World::default();
    world.add(1, 1, &[]).add(2, 2, &[(Rel::Supersedes, 1)]).add(3, 2, &[(Rel::Retracts, 1)]);
    assert_eq!((world.fold(1).hidden(), hidden(&world, &id(1))), (None, None));
    world.add(4, 1, &[(Rel::Supersedes, 1)]);
    assert_eq!((world.fold(1).newest, world.fold(1).hidden()), (Some(id(4)), Some(Hidden::Superseded)));
    world.add(5, 1, &[(Rel::Retracts, 1)]);
    world.entries.get_mut(&id(5)).unwrap().reason = Some("the split was wrong".to_owned());
    let retracted = world.fold(1).retracted.unwrap();
    assert_eq!((retracted.by, retracted.reason.as_deref()), (id(5), Some("the split was wrong")));
    assert_eq!(hidden(&world, &id(1)), Some(Hidden::Retracted));
    assert_eq!(world.fold(4).hidden(), None, "a newer version is not taken back with an older one");
}

#[test]
fn of_two_successors_the_later_claim_and_then_the_smaller_id_is_newest() {
    let mut world = World::default();
    world.add(1, 1, &[]).add_at(3, 1, 50, &[(Rel::Supersedes, 1)]).add_at(2, 1, 50, &[(Rel::Supersedes, 1)]);
    assert_eq!((world.fold(1).newest, world.fold(1).superseded_by), (Some(id(2)), vec![id(2), id(3)]));
    world.add_at(4, 1, 60, &[(Rel::Supersedes, 1)]);
    assert_eq!((world.fold(1).newest, world.fold(1).superseded_by.len()), (Some(id(4)), 3));
    world.add(5, 1, &[(Rel::Supersedes, 4)]);
    assert_eq!((world.fold(1).newest, world.fold(5).version), (Some(id(5)), 3));
}

#[test]
fn each_of_two_successors_names_the_other_and_one_that_was_taken_back_is_not_the_newest() {
    let mut world = World::default();
    world.add(1, 1, &[]).add(2, 1, &[(Rel::Supersedes, 1)]).add(3, 1, &[(Rel::Supersedes, 1)]);
    let (first, second, third) = (world.fold(1), world.fold(2), world.fold(3));
    assert_eq!((first.newest, first.beside), (Some(id(3)), vec![id(2)]));
    assert_eq!((second.newest, second.hidden(), second.beside), (Some(id(3)), None, vec![]));
    assert_eq!((third.newest, third.hidden(), third.beside), (None, None, vec![id(2)]));
    world.add(4, 1, &[(Rel::Retracts, 3)]);
    let (first, second, third) = (world.fold(1), world.fold(2), world.fold(3));
    assert_eq!((first.newest, first.beside, first.newest_retracted), (Some(id(2)), vec![], None));
    assert_eq!((second.newest, second.beside), (None, vec![]));
    assert_eq!((third.newest, third.hidden()), (Some(id(2)), Some(Hidden::Retracted)));
    world.add(5, 1, &[(Rel::Supersedes, 2), (Rel::Supersedes, 3)]);
    assert_eq!((world.fold(3).newest, world.fold(5).newest, world.fold(5).beside), (Some(id(5)), None, vec![]));
}

#[test]
fn what_was_said_of_any_version_stands_on_the_newest() {
    let mut world = World::default();
    world.add(1, 1, &[]).evaluates(1, 7).add(2, 1, &[(Rel::Supersedes, 1)]).evaluates(2, 7);
    world.add(10, 2, &[(Rel::Replicates, 1)]).add(11, 3, &[(Rel::Disputes, 2)]).add(12, 2, &[(Rel::Replicates, 2)]);
    let outcome = world.fold(2);
    assert_eq!((outcome.organisations(&Rel::Replicates), outcome.organisations(&Rel::Disputes)), (1, 1));
    assert_eq!(outcome.others[&Rel::Replicates][&org(2)].len(), 2);
    let first = |outcome: &Outcome| outcome.others[&Rel::Replicates][&org(2)][0].of_version;
    assert_eq!(first(&outcome), None, "the evaluation is the same");
    world.evaluates(2, 8);
    assert_eq!(first(&world.fold(2)), Some(1), "it has changed since");
    assert_eq!(world.fold(1).others, world.fold(2).others, "all versions show the same");
}

#[test]
fn own_words_stand_apart_and_a_review_that_was_taken_back_does_not_count() {
    let mut world = World::default();
    world.add(1, 1, &[]).add(2, 1, &[(Rel::Replicates, 1)]).add(3, 2, &[(Rel::Disputes, 1)]);
    assert_eq!(world.fold(1).organisations(&Rel::Replicates), 0);
    assert_eq!(world.fold(1).own[&Rel::Replicates].len(), 1);
    world.add(4, 1, &[(Rel::Retracts, 3)]);
    assert_eq!(world.fold(1).organisations(&Rel::Disputes), 1, "only the reviewer takes a review back");
    world.add(5, 2, &[(Rel::Retracts, 3)]);
    assert_eq!(world.fold(1).organisations(&Rel::Disputes), 0);
    world.add(6, 2, &[(Rel::Retracts, 5)]);
    assert_eq!(world.fold(1).organisations(&Rel::Disputes), 1, "the retraction was taken back");
    world.add(7, 2, &[(Rel::Supersedes, 3), (Rel::Endorses, 1)]);
    assert_eq!((world.fold(1).organisations(&Rel::Disputes), world.fold(1).organisations(&Rel::Endorses)), (0, 1));
}

#[test]
fn what_is_made_up_in_a_circle_ends() {
    let mut world = World::default();
    world.add(1, 1, &[(Rel::Supersedes, 2), (Rel::Retracts, 2)]).add(2, 1, &[(Rel::Supersedes, 1), (Rel::Retracts, 1)]);
    let outcome = world.fold(1);
    assert!(outcome.newest.is_some());
}

/// Organisation, claim of time, and links by relation and target.
type Row = (u8, u64, Vec<(u8, u8)>);

fn any_world() -> impl Strategy<Value = Vec<Row>> {
    let links = prop::collection::vec((0_u8..4, 0_u8..12), 0..3);
    prop::collection::vec((1_u8..4, 0_u64..6, links), 1..12)
}

fn build(rows: &[Row], order: &[usize]) -> World {
    let mut world = World::default();
    for at in order {
        let (by, time, links) = &rows[*at];
        let rel = |n: u8| [Rel::Supersedes, Rel::Retracts, Rel::Disputes, Rel::Endorses][usize::from(n)].clone();
        // Links go to what was written before, as hashes do.
        let links: Vec<(Rel, u8)> =
            links.iter().filter(|(_, to)| usize::from(*to) < *at).map(|(n, to)| (rel(*n), *to)).collect();
        world.add_at(u8::try_from(*at).unwrap(), *by, *time, &links);
    }
    world
}

proptest! {
    #[test]
    fn the_order_in_which_entries_came_changes_nothing(rows in any_world(), seed: u64) {
        let forward: Vec<usize> = (0..rows.len()).collect();
        let mut other = forward.clone();
        other.sort_by_key(|at| (seed >> (at % 60)) & 0xff ^ (*at as u64).wrapping_mul(seed | 1));
        let (first, second) = (build(&rows, &forward), build(&rows, &other));
        for at in 0..rows.len() {
            let n = u8::try_from(at).unwrap();
            prop_assert_eq!(first.fold(n), second.fold(n));
        }
    }

    #[test]
    fn all_versions_agree_on_what_is_said_and_lists_agree_with_pages(rows in any_world()) {
        let world = build(&rows, &(0..rows.len()).collect::<Vec<_>>());
        for at in 0..rows.len() {
            let n = u8::try_from(at).unwrap();
            let outcome = world.fold(n);
            prop_assert_eq!(outcome.hidden(), hidden(&world, &id(n)));
            let own = world.entries[&id(n)].org;
            prop_assert!(outcome.others.values().all(|orgs| !orgs.contains_key(&own)));
            // Of one thing all versions know one newest, which stands if any end of them does.
            let newest = outcome.newest.unwrap_or(id(n));
            prop_assert_eq!(world.fold(newest.0[0]).newest, None);
            prop_assert!(hidden(&world, &newest) != Some(Hidden::Superseded));
            prop_assert!(outcome.beside.iter().all(|end| hidden(&world, end).is_none()));
            prop_assert!(outcome.beside.is_empty() || hidden(&world, &newest).is_none());
            for by in outcome.superseded_by.iter().chain(&outcome.newest) {
                prop_assert_eq!(world.entries[by].org, own);
            }
        }
    }
}
