//! Removals, erasures, epochs, contests, sealed rows.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::Pin;
use lyceum_protocol::document::charter::{Charter, CharterObject, MemberRow};
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::Kind;
use lyceum_protocol::entry::protocol_kinds::Erase;
use lyceum_protocol::hash::{EntryId, OrgId};

use crate::case::Cases;
use crate::fixtures::{Org, Signed, approved, bytes32, list, motion, next_charter, sealed_row, signed_charter, text};

use super::{World, drop_node};

pub(super) fn removals(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Removed", 4);
    world.admit(&org);
    let closed = world.writer(&org.nodes[3], 1, &org.zero).with(3);
    let one = drop_node(&org, &org.zero, 3, &[closed.pin(2)]);
    let two = org.version(&one, |next| next.name = text("After the removal"));
    world.set.extend([org.signed(&one), org.signed(&two)]);
    let pinned = world.writer(&org.nodes[0], 1, &org.zero).with(3);
    let void = world.writer(&org.nodes[1], 1, &org.zero).with(3);
    let later = world.writer(&org.nodes[2], 1, &two).with(2);
    for log in [&closed, &pinned, &void, &later] {
        world.log(&[log]);
    }
    let mut pins = vec![pinned.pin(2), later.pin(1)];
    pins.sort_unstable();
    let remove = |pins: Vec<Pin>| Operation::Remove { org: org.id(), certificate: one.id(), pins: list(pins) };
    world.pass(remove(pins));
    world.case(cases, "T8", "removed with a pin");
    // Lower and higher, and one more log: whichever id is smaller pins what both name.
    world.pass(remove({
        let mut pins = vec![pinned.pin(1), void.pin(3)];
        pins.sort_unstable();
        pins
    }));
    world.case(cases, "M8", "removed twice with different pins");
    let foreign = Org::new("Foreign", 1);
    world.admit(&foreign);
    let log = world.writer(&foreign.nodes[0], 1, &foreign.zero).with(2);
    world.log(&[&log]);
    world.pass(Operation::Remove { org: foreign.id(), certificate: one.id(), pins: list(vec![log.pin(1)]) });
    world.case(cases, "T3", "removed with a version of another organisation");
}

fn erase(targets: Vec<EntryId>) -> Vec<u8> {
    codec::encode(&Erase {
        targets: list(targets),
        still_superseded: BoundedVec::empty(),
        reason: text("personal data"),
    })
}

pub(super) fn erasures(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Member", 3);
    let other = Org::new("Other", 1);
    world.admit(&org);
    world.admit(&other);
    let mut admin = world.writer(&org.nodes[0], 1, &org.zero).with(2);
    let mut plain = world.writer(&org.nodes[1], 1, &org.zero).with(5);
    let target = |n: usize| plain.entries[n].id();
    let (own, by_admin, by_nobody, by_stranger, by_motion) = (target(0), target(1), target(2), target(3), target(4));
    let admins = admin.entries[0].id();
    // Its own, what an admin wrote (no right), an entry that does not exist.
    plain.write(Kind::ERASE, &erase(vec![own, admins, EntryId(bytes32("nothing"))]));
    let protocol_entry = plain.entries[5].id();
    admin.write(Kind::ERASE, &erase(vec![by_admin, protocol_entry]));
    admin.write(Kind::ERASE, b"nobody can read this");
    let mut stranger = world.writer(&other.nodes[0], 1, &other.zero);
    stranger.write(Kind::ERASE, &erase(vec![by_stranger]));
    let mut forked = world.writer(&org.nodes[2], 1, &org.zero).with(1);
    let mut twin = forked.parted_at(1);
    twin.write(Kind::PUBLICATION, b"{}");
    let forked_target = forked.entries[0].id();
    forked.write(Kind::ERASE, &erase(vec![forked_target]));
    world.log(&[&admin]);
    world.log(&[&plain]);
    world.log(&[&stranger]);
    world.log(&[&forked, &twin]);
    world.case(cases, "T18", "who may erase");
    let mut targets = vec![by_motion, protocol_entry, twin.entries[1].id(), EntryId(bytes32("nothing"))];
    targets.sort_unstable();
    world.pass(Operation::Erase { targets: list(targets) });
    world.pass(Operation::Erase { targets: list(vec![by_nobody]) });
    world.case(cases, "M10", "erased by motions");
}

/// Founder and second voter, with everything of epoch 0 sealed.
struct Second {
    world: World,
    voter: Org,
    guest: Org,
    one: CharterObject,
}

fn second() -> Second {
    let mut world = World::new();
    let (voter, guest, dropped) = (Org::new("Second voter", 1), Org::new("Guest", 1), Org::new("Left out", 1));
    let admit = world.admit(&voter);
    let invite = world.invite("invite", &[&guest]);
    world.admit(&dropped);
    for org in [&voter, &guest, &dropped] {
        let log = world.writer(&org.nodes[0], 1, &org.zero).with(2);
        world.log(&[&log]);
    }
    let members = vec![world.founder.row(), voter.row(), guest.row()];
    let sealed = vec![sealed_row(voter.id(), 0, admit.id()), sealed_row(guest.id(), 0, invite.id())];
    let one = next_charter(&world.zero, &[&world.founder, &voter], 2, members, sealed);
    Second { world, voter, guest, one }
}

pub(super) fn epochs(cases: &mut Cases) {
    let Second { mut world, voter, guest, one } = second();
    world.set.push(signed_charter(&one, 0, &[&world.founder]));
    world.case(cases, "D16", "a draft that the new voter has not signed");
    world.set.pop();
    let signed = signed_charter(&one, 0, &[&world.founder, &voter]);
    world.set.push(signed);
    world.case(cases, "M6", "epoch 1: what is sealed holds, what is left out is gone");
    world.case_from(cases, "D19", "the checkpoint moved up", one.id());
    let old =
        motion(world.zero.id(), &world.founder, Operation::Admit { org: guest.id(), certificate: guest.zero.id() });
    world.set.push(approved(world.net(), &old, &[&world.founder]));
    world.case(cases, "M5", "a motion of a past epoch passes too late");
    let newcomer = Org::new("Newcomer", 1);
    world.set.extend(newcomer.opening());
    let admit =
        motion(one.id(), &world.founder, Operation::Admit { org: newcomer.id(), certificate: newcomer.zero.id() });
    world.set.push(approved(world.net(), &admit, &[&world.founder]));
    world.case(cases, "M5", "one of two voters approved");
    world.set.pop();
    world.set.push(approved(world.net(), &admit, &[&world.founder, &voter]));
    let log = world.writer(&newcomer.nodes[0], 1, &newcomer.zero).with(1);
    world.log(&[&log]);
    world.case(cases, "M5", "both voters approved");
    let members = one.lists.members.to_vec();
    let mut later: Charter = next_charter(&one, &[&world.founder, &voter], 2, members.clone(), vec![]).charter.clone();
    later.rules = 2;
    let later = later.into_object(&next_charter(&one, &[&world.founder, &voter], 2, members, vec![]).lists).unwrap();
    world.set.push(signed_charter(&later, 0, &[&world.founder, &voter]));
    world.case(cases, "D18", "the next charter has rules that are not known");
    world.case_from(cases, "D16 D18", "the checkpoint has rules that are not known", later.id());
}

pub(super) fn contests(cases: &mut Cases) {
    let Second { mut world, voter, guest, one } = second();
    // Leaves the guest out: its seat is gone where this one is adopted.
    let members: Vec<MemberRow> = vec![world.founder.row(), voter.row()];
    let sealed = one.lists.sealed.iter().filter(|row| row.org != guest.id()).copied().collect();
    let rival = next_charter(&world.zero, &[&world.founder, &voter], 2, members.clone(), sealed);
    let sign =
        |world: &World, charter: &CharterObject, round| signed_charter(charter, round, &[&world.founder, &voter]);
    world.set.push(sign(&world, &one, 0));
    world.set.push(sign(&world, &rival, 0));
    world.case(cases, "D17", "two charters certified in one round");
    let length = world.set.len();
    world.set.push(sign(&world, &rival, 1));
    world.case(cases, "D17", "a higher round ends the contest");
    let above = next_charter(&one, &[&world.founder, &voter], 2, one.lists.members.to_vec(), vec![]);
    world.set.push(sign(&world, &above, 0));
    world.case(cases, "D16", "a certified successor outweighs a higher round");
    let above_rival = next_charter(&rival, &[&world.founder, &voter], 2, members, vec![]);
    world.set.push(sign(&world, &above_rival, 0));
    world.case(cases, "D16", "certified successors on both sides: the higher round");
    world.set.truncate(length);
    world.case_from(cases, "D16", "the checkpoint decides a contest", rival.id());
}

pub(super) fn sealed_rows(cases: &mut Cases) {
    let mut world = World::new();
    let org = Org::new("Member", 2);
    let gone = Org::new("Gone", 1);
    world.admit(&org);
    world.admit(&gone);
    let log = world.writer(&gone.nodes[0], 1, &gone.zero).with(3);
    let member = world.writer(&org.nodes[0], 1, &org.zero).with(3);
    let admit = |org: &Org| Operation::Admit { org: org.id(), certificate: org.zero.id() };
    let admits =
        [motion(world.zero.id(), &world.founder, admit(&org)), motion(world.zero.id(), &world.founder, admit(&gone))];
    let remove =
        world.pass(Operation::Remove { org: gone.id(), certificate: gone.zero.id(), pins: list(vec![log.pin(2)]) });
    let erase = world.pass(Operation::Erase { targets: list(vec![member.entries[1].id()]) });
    let founder = world.founder.id();
    let founders = world.founder.version(&world.founder.zero, |next| next.root_keys = org.zero.root_keys.clone());
    let theirs = Signed::new(DocumentObject::Certificate(founders.clone()), vec![org.signs(&founders)]);
    world.set.push(theirs);
    let unsaid = world.pass(Operation::Remove { org: org.id(), certificate: org.zero.id(), pins: BoundedVec::empty() });
    let elsewhere = world.pass(Operation::Settle { org: founder, certificate: founders.id(), round: 7 });
    world.log(&[&log]);
    world.log(&[&member]);
    let rows = vec![
        sealed_row(org.id(), 0, admits[0].id()),
        sealed_row(gone.id(), 0, admits[1].id()),
        sealed_row(gone.id(), 2, remove.id()),
        sealed_row(OrgId::ZERO, 4, erase.id()),
        // The motions say something else than their rows: no effect.
        sealed_row(org.id(), 3, unsaid.id()),
        sealed_row(org.id(), 3, elsewhere.id()),
        sealed_row(org.id(), 3, admits[0].id()),
    ];
    let one = next_charter(&world.zero, &[&world.founder], 1, vec![world.founder.row(), org.row()], rows);
    world.set.push(signed_charter(&one, 0, &[&world.founder]));
    world.case(cases, "M6", "Admit, Remove and Erase sealed");
    let without = |world: &mut World, id: lyceum_protocol::hash::MotionId| {
        world.set.retain(|signed| signed.object.id() != id.into());
    };
    without(&mut world, erase.id());
    world.case(cases, "M6", "the sealed Erase is missing");
    without(&mut world, admits[0].id());
    world.case(cases, "M6", "the sealed Admit is missing: its organisation waits");
    without(&mut world, remove.id());
    world.case(cases, "M6", "the sealed Remove is missing: removed, and waiting");
}
