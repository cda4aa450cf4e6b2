//! The published invitation vectors: texts that are read, and texts that are refused with which words.

use zeroize::Zeroizing;

use super::{Invitation, InviteSecret};
use crate::hash::{CharterId, NetworkId};
use crate::publication::Json;

const PUBLISHED: &str = include_str!("../../vectors/invitation.json");
const ADDRESS: &str =
    "/dns4/node.institut.example/udp/4001/quic-v1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

fn good(name: &str, addresses: &[&str], seed: Option<[u8; 32]>) -> (Json, String) {
    let secret = seed.map(|seed| InviteSecret::from_seed(Zeroizing::new(seed)));
    let owned = addresses.iter().map(|address| (*address).to_owned()).collect();
    let invitation = Invitation::new(NetworkId([0x11; 32]), CharterId([0x22; 32]), owned, secret).unwrap();
    let text = invitation.to_text().to_string();
    assert_eq!(Invitation::from_text(&text).unwrap(), invitation);
    let seed = seed.map_or(Json::Null, |seed| data_encoding::HEXLOWER.encode(&seed).into());
    let vector = Json::from([
        ("name", name.into()),
        ("valid", Json::Bool(true)),
        ("network", invitation.network().to_string().into()),
        ("checkpoint", invitation.checkpoint().to_string().into()),
        ("addresses", Json::List(addresses.iter().map(|address| Json::from(*address)).collect())),
        ("secret", seed),
        ("text", text.as_str().into()),
    ]);
    (vector, text)
}

fn bad(name: &str, text: &str) -> Json {
    let reason = Invitation::from_text(text).unwrap_err().to_string();
    let valid = Json::Bool(false);
    Json::from([("name", name.into()), ("valid", valid), ("text", text.into()), ("reason", reason.into())])
}

fn build() -> String {
    let (bare, _) = good("no address, no secret", &[], None);
    let (full, text) = good("one address and a secret", &[ADDRESS], Some([0x33; 32]));
    let (many, _) = good("eight addresses", &[ADDRESS; 8], Some([0x33; 32]));
    let typo = text.replacen("lyceum1c", "lyceum1d", 1);
    let vectors = [
        bare,
        full,
        many,
        bad("a typo", &typo),
        bad("cut off", &text[..text.len() - 9]),
        bad("another prefix", &text.replacen("lyceum1", "lyceum2", 1)),
        bad("a letter that does not occur", &format!("{text}0")),
        bad("something else", "https://www.example.org/"),
    ];
    let lines: Vec<String> = vectors.iter().map(|vector| String::from_utf8(vector.to_bytes()).unwrap()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// F1: `invitation.json`.
#[test]
fn what_is_built_today_is_what_was_published() {
    assert!(build() == PUBLISHED, "the format of invitations, or what is said of them, has changed");
}

#[test]
#[ignore = "rewrites the vectors"]
fn write_the_vectors() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/invitation.json"), build()).unwrap();
}
