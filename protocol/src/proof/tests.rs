//! What a proof rests on, and that no byte of one can be changed.

use super::*;
use crate::bundle::{Card, Part};
use crate::document::certificate::Pin;
use crate::document::motion::Operation;
use crate::document::signature::SignaturePlace;
use crate::hash::sha256;

mod vectors;
mod world;

use world::{Org, World, charter, secret};

const FOUNDER_VOTES: u8 = 11;
const LISTED_VOTES: u8 = 21;

fn rests_on(file: &[u8], trust: Option<&Trust>) -> RestsOn {
    let verdict = verify(file, trust);
    assert!(verdict.valid, "{}", verdict.reason);
    verdict.rests_on.unwrap()
}

#[test]
fn without_a_charter_it_rests_on_signatures() {
    let world = World::new();
    for seq in [0, 1, 2, 5, 8] {
        let verdict = verify(&world.prove(&world.listed, seq, &[], None), Some(&world.trust()));
        assert_eq!((verdict.valid, verdict.rests_on, verdict.epoch), (true, Some(RestsOn::Signed), None));
        assert_eq!((verdict.org, verdict.alliance), (Some(world.listed.id()), Some(world.network)));
        assert_eq!(verdict.time, Some(1_000 + seq as u64));
        assert!(verdict.reason.contains("no charter is in the file"), "{}", verdict.reason);
    }
}

#[test]
fn the_founder_is_a_member_by_charter_zero_and_trusted_where_the_alliance_is_named() {
    let world = World::new();
    let file = world.prove(&world.founder, 3, &world.charters[..1], None);
    assert_eq!(rests_on(&file, None), RestsOn::Member);
    assert_eq!(rests_on(&file, Some(&world.trust())), RestsOn::Trusted);
    let other = Trust { alliance: NetworkId([8; 32]), charters: BTreeSet::new() };
    let verdict = verify(&file, Some(&other));
    assert!(!verdict.valid && verdict.reason.contains("belongs to alliance"), "{}", verdict.reason);
}

#[test]
fn a_later_charter_makes_a_member_and_its_chain_or_the_readers_own_makes_it_trusted() {
    let world = World::new();
    let alone = world.prove(&world.listed, 3, &world.charters[1..], None);
    let verdict = verify(&alone, Some(&world.trust()));
    assert_eq!((verdict.rests_on, verdict.epoch), (Some(RestsOn::Member), Some(1)));
    assert!(verdict.reason.contains("not shown whole"), "{}", verdict.reason);
    let chain = world.prove(&world.listed, 3, &world.charters, None);
    assert_eq!(rests_on(&chain, None), RestsOn::Member);
    assert_eq!(rests_on(&chain, Some(&world.trust())), RestsOn::Trusted);
    let home = Trust { charters: [world.charters[1].id()].into(), ..world.trust() };
    assert_eq!(rests_on(&alone, Some(&home)), RestsOn::Trusted);
}

#[test]
fn an_admit_seats_once_enough_voters_approved_it() {
    let mut world = World::new();
    let epoch = world.charters[1].id();
    let admit = Operation::Admit { org: world.newcomer.id(), certificate: world.newcomer.chain[0].id() };
    let motion = world.motion(epoch, admit.clone(), &[FOUNDER_VOTES]);
    let verdict = verify(&world.prove(&world.newcomer, 2, &world.charters, Some(&motion)), Some(&world.trust()));
    assert_eq!(verdict.rests_on, Some(RestsOn::Signed));
    assert!(verdict.reason.contains("1 of 2 approvals"), "{}", verdict.reason);
    let motion = world.motion(epoch, admit, &[FOUNDER_VOTES, LISTED_VOTES]);
    let file = world.prove(&world.newcomer, 2, &world.charters, Some(&motion));
    assert_eq!(rests_on(&file, Some(&world.trust())), RestsOn::Trusted);
    // Nobody else sits on this motion.
    let stolen = World::new().prove(&world.founder, 1, &world.charters[..1], Some(&motion));
    assert_eq!(rests_on(&stolen, None), RestsOn::Member, "a motion of another charter is left out");
}

#[test]
fn an_invitation_seats_whoever_redeemed_it() {
    let mut world = World::new();
    let invite = secret(99);
    let epoch = world.charters[0].id();
    let motion = world.motion(epoch, Operation::Invite { key: invite.public() }, &[FOUNDER_VOTES]);
    let unredeemed = world.prove(&world.newcomer, 2, &world.charters[..1], Some(&motion));
    assert_eq!(rests_on(&unredeemed, Some(&world.trust())), RestsOn::Signed);
    let place = SignaturePlace::redemption(world.newcomer.id(), invite.public());
    world.signatures.push(place.sign(world.network, &invite).unwrap());
    let redeemed = world.prove(&world.newcomer, 2, &world.charters[..1], Some(&motion));
    assert_eq!(rests_on(&redeemed, Some(&world.trust())), RestsOn::Trusted);
}

#[test]
fn an_organisation_that_the_charter_does_not_list_has_no_seat_by_it() {
    let world = World::new();
    let verdict = verify(&world.prove(&world.newcomer, 2, &world.charters, None), Some(&world.trust()));
    assert_eq!(verdict.rests_on, Some(RestsOn::Signed));
    assert!(verdict.reason.contains("shows no seat"), "{}", verdict.reason);
}

#[test]
fn a_charter_that_its_voters_did_not_sign_is_left_out() {
    let mut world = World::new();
    let one = world.charters[1].id().into();
    world.signatures.retain(|signature| signature.place().target != one);
    assert_eq!(rests_on(&world.prove(&world.listed, 2, &world.charters, None), None), RestsOn::Signed);
}

#[test]
fn a_charter_that_only_its_own_voters_signed_is_not_trusted_for_its_chain() {
    let mut world = World::new();
    // Somebody invents voters on top of the true charter 0.
    let usurper = Org::new(50);
    let fake = charter(1, world.charters[0].id(), &[&usurper], &[&usurper], Vec::new());
    let place = SignaturePlace::charter(fake.id(), usurper.voting.public(), 0);
    world.signatures.push(place.sign(NetworkId::ZERO, &usurper.voting).unwrap());
    let file = world.prove(&usurper, 2, &[world.charters[0].clone(), fake], None);
    assert_eq!(rests_on(&file, Some(&world.trust())), RestsOn::Member);
}

#[test]
fn a_pin_in_the_chain_disowns_and_a_dropped_key_weakens() {
    let mut world = World::new();
    let log = world.founder.log(world.network, 4);
    let opened_under = world.founder.chain[0].id();
    let id = LogId::of(&log[0].header().key, 5, opened_under);
    let mut founder = Org::new(10);
    founder.next(Vec::new(), Vec::new());
    let verdict = verify(&world.prove(&founder, 3, &world.charters[..1], None), None);
    assert_eq!(verdict.rests_on, Some(RestsOn::Signed));
    assert!(verdict.reason.contains("dropped the node key"), "{}", verdict.reason);

    let mut founder = Org::new(10);
    founder.next(Vec::new(), vec![Pin { log: id, len: 3, head: log[2].id() }]);
    world.signatures.extend(founder.signatures.clone());
    assert_eq!(rests_on(&world.prove(&founder, 2, &world.charters[..1], None), None), RestsOn::Member);
    let verdict = verify(&world.prove(&founder, 3, &world.charters[..1], None), None);
    assert!(!verdict.valid && verdict.reason.contains("disowns the entry"), "{}", verdict.reason);
}

#[test]
fn a_part_that_the_author_depends_on_may_not_be_missing() {
    let world = World::new();
    let bundle = Bundle::read(&world.prove(&world.listed, 3, &world.charters, None)).unwrap();
    for gone in [PartType::Entry, PartType::Opening, PartType::History, PartType::Certificate] {
        let rest = bundle.parts().iter().filter(|part| part.part_type() != gone).cloned().collect();
        let fault = check(&Bundle::new(world.network, rest).unwrap(), None).unwrap_err();
        assert_eq!(fault.part(), Some(gone), "{fault}");
    }
    let card = Card::new(&world.listed.chain, &world.listed.signatures).unwrap().to_bytes().unwrap();
    assert!(verify(&card, None).reason.contains("not the proof of an entry"));
}

#[test]
fn the_payload_may_be_missing_when_it_was_erased() {
    let world = World::new();
    let bundle = Bundle::read(&world.prove(&world.founder, 1, &world.charters[..1], None)).unwrap();
    let rest = bundle.parts().iter().filter(|part| part.part_type() != PartType::Payload).cloned().collect();
    let proof = check(&Bundle::new(world.network, rest).unwrap(), None).unwrap();
    assert_eq!((proof.rests_on, proof.payload), (RestsOn::Member, None));
}

/// F3: a part that belongs to nothing.
#[test]
fn a_stray_signature_is_refused() {
    let world = World::new();
    let bundle = Bundle::read(&world.prove(&world.founder, 1, &world.charters[..1], None)).unwrap();
    let stray = Part::Signature(world.newcomer.signatures[0].to_untrusted());
    let parts = bundle.parts().iter().cloned().chain([stray]).collect();
    let fault = check(&Bundle::new(world.network, parts).unwrap(), None).unwrap_err();
    assert_eq!(fault.part(), Some(PartType::Signature));
}

/// Start and end of the bytes of every part in a file.
fn ranges(file: &[u8]) -> Vec<(PartType, std::ops::Range<usize>)> {
    let mut at = 14 + 2 + 32 + 4;
    let mut ranges = Vec::new();
    while at < file.len() - 32 {
        let part = PartType::of(u16::from_le_bytes([file[at], file[at + 1]])).unwrap();
        let len = u32::from_le_bytes(file[at + 2..at + 6].try_into().unwrap()) as usize;
        ranges.push((part, at + 6..at + 6 + len));
        at += 6 + len;
    }
    ranges
}

/// With the closing hash computed anew, a change of any byte is refused, and the reason names the part.
fn every_byte_is_held(file: &[u8], expected: &[PartType]) {
    assert!(verify(file, None).valid);
    let ranges = ranges(file);
    let mut parts: Vec<PartType> = ranges.iter().map(|(part, _)| *part).collect();
    parts.dedup();
    assert_eq!(parts, expected);
    let body = file.len() - 32;
    for at in 0..body {
        for flip in [0x01, 0x80] {
            let mut changed = file.to_vec();
            changed[at] ^= flip;
            let closing = sha256(&[&changed[..body]]);
            changed[body..].copy_from_slice(&closing);
            let verdict = verify(&changed, None);
            assert!(!verdict.valid, "byte {at} was changed and the file accepted");
            if let Some((part, _)) = ranges.iter().find(|(_, range)| range.contains(&at)) {
                assert_eq!(verdict.part, Some(*part), "byte {at}: {}", verdict.reason);
                assert!(verdict.reason.starts_with(part.name()), "byte {at}: {}", verdict.reason);
            }
        }
    }
}

/// F3: each part is held to its own rules.
#[test]
fn no_byte_of_a_proof_by_charters_can_be_changed() {
    use PartType::{Certificate, Charter, Entry, History, Member, Opening, Payload, Signature};
    let world = World::new();
    let file = world.prove(&world.listed, 5, &world.charters, None);
    every_byte_is_held(&file, &[Entry, Payload, Opening, History, Certificate, Charter, Member, Signature]);
}

#[test]
fn no_byte_of_a_proof_by_motion_can_be_changed() {
    use PartType::{Certificate, Charter, Entry, History, Motion, Opening, Payload, Signature};
    let mut world = World::new();
    let invite = secret(99);
    let epoch = world.charters[0].id();
    let motion = world.motion(epoch, Operation::Invite { key: invite.public() }, &[FOUNDER_VOTES]);
    let place = SignaturePlace::redemption(world.newcomer.id(), invite.public());
    world.signatures.push(place.sign(world.network, &invite).unwrap());
    let file = world.prove(&world.newcomer, 2, &world.charters[..1], Some(&motion));
    every_byte_is_held(&file, &[Entry, Payload, Opening, History, Certificate, Charter, Motion, Signature]);
}

/// F3: a card.
#[test]
fn no_byte_of_a_card_can_be_changed() {
    let mut org = Org::new(60);
    org.next(vec![org.chain[0].keys[0].clone()], Vec::new());
    let card = Card::new(&org.chain, &org.signatures).unwrap();
    let file = card.to_bytes().unwrap();
    assert_eq!(Card::read(&file).unwrap(), card);
    assert_eq!((card.org(), card.tip().unwrap().number), (org.id(), 1));
    let body = file.len() - 32;
    for at in 0..body {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let closing = sha256(&[&changed[..body]]);
        changed[body..].copy_from_slice(&closing);
        assert!(Card::read(&changed).is_err(), "byte {at}");
    }
    assert!(Card::new(&org.chain[1..], &org.signatures).is_err(), "a chain begins with number 0");
    assert!(Card::new(&org.chain, &org.signatures[..1]).is_err(), "signatures are missing");
    assert!(Card::new(&[], &[]).is_err());
}
