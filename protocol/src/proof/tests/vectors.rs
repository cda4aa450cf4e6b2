//! The published bundle vectors: what is built today is what was published, and reads as was published.

use super::*;
use crate::publication::Json;

const PUBLISHED: &str = include_str!("../../../vectors/bundle.json");

fn vector(name: &str, file: &[u8], trust: Option<&Trust>) -> Json {
    let verdict = verify(file, trust);
    let named = trust.map_or(Json::Null, |trust| trust.alliance.to_string().into());
    let text = |text: Option<String>| text.map_or(Json::Null, Json::from);
    Json::from([
        ("name", name.into()),
        ("file", data_encoding::HEXLOWER.encode(file).into()),
        ("alliance_named", named),
        ("valid", Json::Bool(verdict.valid)),
        ("rests_on", text(verdict.rests_on.map(|word| word.to_string()))),
        ("part", text(verdict.part.map(|part| part.to_string()))),
        ("reason", verdict.reason.into()),
        ("alliance", text(verdict.alliance.map(|id| id.to_string()))),
        ("id", text(verdict.id.map(|id| id.to_string()))),
        ("org", text(verdict.org.map(|id| id.to_string()))),
    ])
}

/// A file with one byte of a part changed and its closing hash computed anew.
fn changed_in(file: &[u8], part: PartType) -> Vec<u8> {
    let range = ranges(file).into_iter().find(|(found, _)| *found == part).unwrap().1;
    let body = file.len() - 32;
    let mut changed = file.to_vec();
    changed[range.end - 1] ^= 1;
    let closing = sha256(&[&changed[..body]]);
    changed[body..].copy_from_slice(&closing);
    changed
}

fn build() -> String {
    let mut world = World::new();
    let trust = world.trust();
    let signed = world.prove(&world.listed, 0, &[], None);
    let founder = world.prove(&world.founder, 1, &world.charters[..1], None);
    let alone = world.prove(&world.listed, 5, &world.charters[1..], None);
    let chain = world.prove(&world.listed, 5, &world.charters, None);
    let invite = secret(99);
    let op = Operation::Invite { key: invite.public() };
    let motion = world.motion(world.charters[0].id(), op, &[FOUNDER_VOTES]);
    let place = SignaturePlace::redemption(world.newcomer.id(), invite.public());
    world.signatures.push(place.sign(world.network, &invite).unwrap());
    let invited = world.prove(&world.newcomer, 2, &world.charters[..1], Some(&motion));
    let card = Card::new(&world.listed.chain, &world.listed.signatures).unwrap().to_bytes().unwrap();
    let other = Trust { alliance: NetworkId([8; 32]), charters: BTreeSet::new() };
    let mut damaged = founder.clone();
    damaged[100] ^= 1;
    let mut vectors = vec![
        vector("first entry of a log, no charter", &signed, None),
        vector("founder, charter 0", &founder, None),
        vector("founder, charter 0, alliance named", &founder, Some(&trust)),
        vector("founder, another alliance named", &founder, Some(&other)),
        vector("member of charter 1, that charter alone", &alone, Some(&trust)),
        vector("member of charter 1, the whole chain", &chain, Some(&trust)),
        vector("seated by invitation", &invited, Some(&trust)),
        vector("a card is not a proof", &card, None),
        vector("a changed byte", &damaged, None),
    ];
    let by_chain = [PartType::Entry, PartType::Payload, PartType::Opening, PartType::History, PartType::Certificate];
    for part in by_chain.into_iter().chain([PartType::Charter, PartType::Member, PartType::Signature]) {
        vectors.push(vector(&format!("changed on purpose: {part}"), &changed_in(&chain, part), None));
    }
    vectors.push(vector("changed on purpose: motion", &changed_in(&invited, PartType::Motion), None));
    let lines: Vec<String> = vectors.iter().map(|vector| String::from_utf8(vector.to_bytes()).unwrap()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// F2, F3: `bundle.json`.
#[test]
fn what_is_built_today_is_what_was_published() {
    assert!(build() == PUBLISHED, "the format of bundles, or what is said of them, has changed");
}

#[test]
#[ignore = "rewrites the vectors"]
fn write_the_vectors() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/bundle.json"), build()).unwrap();
}
