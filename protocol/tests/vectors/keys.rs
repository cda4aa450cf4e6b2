//! Keys and signatures: the corners in which verifiers are known to differ.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::IsIdentity as _;
use lyceum_protocol::hash::{NetworkId, sha256};
use lyceum_protocol::key::{Domain, signed_message};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use crate::case::{Cases, hex};
use crate::fixtures::{bytes32, network, secret};

fn compress(point: &EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

/// The number 2^255 - 19 + n, little-endian: a y that is not reduced. `n` is at most 18.
fn unreduced(n: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed + n;
    bytes[31] = 0x7f;
    bytes
}

fn with_sign(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] |= 0x80;
    bytes
}

fn scalar(name: &str) -> Scalar {
    Scalar::from_bytes_mod_order(bytes32(name))
}

pub(crate) fn keys() -> Cases {
    let mut cases = Cases::default();
    for name in ["a", "b", "c"] {
        cases.valid("W8", "key", format!("key {name}"), json!({ "key": hex(secret(name).public().to_bytes()) }));
    }
    for (n, point) in EIGHT_TORSION.iter().enumerate() {
        cases.invalid("W8", "key", format!("point {n} of small order"), json!({ "key": hex(compress(point)) }));
    }
    let honest = ED25519_BASEPOINT_POINT * scalar("mixed");
    cases.valid("W8", "key", "a point of the large subgroup", json!({ "key": hex(compress(&honest)) }));
    for (n, point) in EIGHT_TORSION.iter().enumerate().skip(1) {
        let mixed = compress(&(honest + point));
        cases.invalid("W8", "key", format!("a point with the torsion part {n}"), json!({ "key": hex(mixed) }));
    }
    for n in 0..19 {
        let on_curve = if CompressedEdwardsY(unreduced(n)).decompress().is_some() { "" } else { ", not on the curve" };
        let given = json!({ "key": hex(unreduced(n)) });
        cases.invalid("W8", "key", format!("y = p + {n}, not reduced{on_curve}"), given);
        let given = json!({ "key": hex(with_sign(unreduced(n))) });
        cases.invalid("W8", "key", format!("y = p + {n}, not reduced, sign bit 1"), given);
    }
    let mut one = [0; 32];
    one[0] = 1;
    cases.invalid("W8", "key", "the identity with sign bit 1", json!({ "key": hex(with_sign(one)) }));
    let mut minus_one = unreduced(0);
    minus_one[0] -= 1;
    cases.invalid("W8", "key", "y = -1", json!({ "key": hex(minus_one) }));
    cases.invalid("W8", "key", "y = -1 with sign bit 1", json!({ "key": hex(with_sign(minus_one)) }));
    let mut off = (0_u8..).map(|n| {
        let mut bytes = [0; 32];
        bytes[0] = n;
        bytes
    });
    let off = off.find(|bytes| CompressedEdwardsY(*bytes).decompress().is_none()).unwrap();
    cases.invalid("W8", "key", "not on the curve", json!({ "key": hex(off) }));
    cases
}

/// The number that binds R, key and message.
fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash: [u8; 64] = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize().into();
    Scalar::from_bytes_mod_order_wide(&hash)
}

fn join(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
    let mut sig = [0; 64];
    sig[..32].copy_from_slice(&r);
    sig[32..].copy_from_slice(&s);
    sig
}

/// S + L, little-endian.
fn plus_order(s: &[u8; 32]) -> [u8; 32] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = [0; 32];
    let mut carry = 0_u16;
    for (slot, (a, b)) in sum.iter_mut().zip(s.iter().zip(ORDER)) {
        let total = u16::from(*a) + u16::from(b) + carry;
        *slot = total.to_le_bytes()[0];
        carry = total >> 8;
    }
    sum
}

struct Corner {
    d: [u8; 32],
    message: Vec<u8>,
    secret: Scalar,
    key: EdwardsPoint,
}

impl Corner {
    fn given(&self, key: [u8; 32], sig: [u8; 64]) -> Value {
        json!({ "type": "entry", "network": hex(network().0), "d": hex(self.d), "key": hex(key), "sig": hex(sig) })
    }

    /// S for a chosen R whose logarithm is `r`.
    fn answer(&self, r_bytes: &[u8; 32], key_bytes: &[u8; 32], r: Scalar) -> [u8; 32] {
        (r + challenge(r_bytes, key_bytes, &self.message) * self.secret).to_bytes()
    }
}

pub(crate) fn signatures() -> Cases {
    let mut cases = Cases::default();
    every_domain(&mut cases);
    let d = bytes32("signed");
    let seed_hash: [u8; 64] = Sha512::digest(*secret("corner").to_seed()).into();
    let secret_scalar = Scalar::from_bytes_mod_order(clamp_integer(*seed_hash.first_chunk().unwrap()));
    let key = ED25519_BASEPOINT_POINT * secret_scalar;
    assert_eq!(compress(&key), secret("corner").public().to_bytes());
    let corner = Corner { d, message: signed_message(Domain::Entry, network(), &d), secret: secret_scalar, key };
    corners_of_s(&mut cases, &corner);
    corners_of_r(&mut cases, &corner);
    corners_of_key(&mut cases, &corner);
    cases
}

fn every_domain(cases: &mut Cases) {
    use Domain::{Approval, Certificate, Charter, Entry, Invite, Key, Receipt};
    let (signer, d) = (secret("signer"), bytes32("signed"));
    let other_network = NetworkId(bytes32("another network"));
    let all = [Entry, Receipt, Certificate, Key, Charter, Approval, Invite];
    for domain in all {
        let sig = signer.sign(domain, network(), &d).0;
        let given = |name: &str, net: NetworkId, d: [u8; 32], sig: [u8; 64]| {
            json!({
                "type": name, "network": hex(net.0), "d": hex(d), "key": hex(signer.public().to_bytes()), "sig": hex(sig),
            })
        };
        let name = domain.name();
        cases.valid("W9", "signature", format!("{name}: signed"), given(name, network(), d, sig));
        if domain.in_network() {
            let given = given(name, other_network, d, sig);
            cases.invalid("W11", "signature", format!("{name}: in another network"), given);
        } else {
            let given = given(name, other_network, d, sig);
            cases.valid("W9", "signature", format!("{name}: the network does not matter"), given);
        }
        for other in all.into_iter().filter(|other| *other != domain) {
            let given = given(other.name(), network(), d, sig);
            cases.invalid("W11", "signature", format!("{name}: taken as {}", other.name()), given);
        }
        cases.invalid("W11", "signature", format!("{name}: over something else"), {
            given(name, network(), bytes32("not signed"), sig)
        });
        for at in [0, 31, 32, 63] {
            let mut changed = sig;
            changed[at] ^= 1;
            let given = given(name, network(), d, changed);
            cases.invalid("W10", "signature", format!("{name}: byte {at} changed"), given);
        }
    }
}

fn corners_of_s(cases: &mut Cases, corner: &Corner) {
    let key = compress(&corner.key);
    let r = scalar("r");
    let r_bytes = compress(&(ED25519_BASEPOINT_POINT * r));
    let s = corner.answer(&r_bytes, &key, r);
    cases.valid("W10", "signature", "any r gives a signature", corner.given(key, join(r_bytes, s)));
    cases.invalid("W10", "signature", "S + L", corner.given(key, join(r_bytes, plus_order(&s))));
    cases.invalid("W10", "signature", "S + 2L", corner.given(key, join(r_bytes, plus_order(&plus_order(&s)))));
    let order = plus_order(&[0; 32]);
    cases.invalid("W10", "signature", "S = L", corner.given(key, join(r_bytes, order)));
    cases.invalid("W10", "signature", "S = 2^256 - 1", corner.given(key, join(r_bytes, [0xff; 32])));
    cases.invalid("W10", "signature", "S = 0", corner.given(key, join(r_bytes, [0; 32])));
    cases.invalid("W10", "signature", "all zero", corner.given(key, [0; 64]));
}

fn corners_of_r(cases: &mut Cases, corner: &Corner) {
    let key = compress(&corner.key);
    let zero = Scalar::ZERO;
    // Holds without a cofactor, but R is the identity.
    let identity = compress(&EIGHT_TORSION[0]);
    let s = corner.answer(&identity, &key, zero);
    cases.invalid("W10", "signature", "R is the identity", corner.given(key, join(identity, s)));
    // The same point in other encodings: y = p + 1, and y = 1 with the sign of a zero x.
    for (name, r_bytes) in [("y not reduced", unreduced(1)), ("sign bit 1", with_sign(identity))] {
        let s = corner.answer(&r_bytes, &key, zero);
        let given = corner.given(key, join(r_bytes, s));
        cases.invalid("W10", "signature", format!("R is the identity with {name}"), given);
    }
    let r = scalar("r");
    for (n, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
        // Hold under a check that multiplies by the cofactor, and under no other.
        let small = compress(torsion);
        let given = corner.given(key, join(small, corner.answer(&small, &key, zero)));
        cases.invalid("W10", "signature", format!("R is point {n} of small order"), given);
        let mixed = compress(&(ED25519_BASEPOINT_POINT * r + torsion));
        let given = corner.given(key, join(mixed, corner.answer(&mixed, &key, r)));
        cases.invalid("W10", "signature", format!("R with the torsion part {n}: holds with the cofactor only"), given);
    }
    for n in [0, 2, 3, 4, 18] {
        let given = corner.given(key, join(unreduced(n), corner.answer(&unreduced(n), &key, zero)));
        cases.invalid("W10", "signature", format!("R has y = p + {n}"), given);
    }
}

fn corners_of_key(cases: &mut Cases, corner: &Corner) {
    let r = scalar("r");
    let r_point = ED25519_BASEPOINT_POINT * r;
    let r_bytes = compress(&r_point);
    // A key of small order signs everything: [S]B = R + [k]A with S = r wherever k times A vanishes.
    let identity = compress(&EIGHT_TORSION[0]);
    let given = corner.given(identity, join(r_bytes, r.to_bytes()));
    cases.invalid("W10", "signature", "the key is the identity", given);
    let given = corner.given(identity, join(identity, [0; 32]));
    cases.invalid("W10", "signature", "key and R are the identity, S = 0", given);
    for (n, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
        let small = compress(torsion);
        let given = corner.given(small, join(r_bytes, r.to_bytes()));
        cases.invalid("W10", "signature", format!("the key is point {n} of small order"), given);
        // R takes up what the torsion of the key adds: the equation holds without a cofactor.
        let mixed_key = compress(&(corner.key + torsion));
        let fitting = EIGHT_TORSION.iter().find_map(|taken| {
            let r_bytes = compress(&(r_point + taken));
            let k = challenge(&r_bytes, &mixed_key, &corner.message);
            (taken + torsion * k).is_identity().then(|| join(r_bytes, corner.answer(&r_bytes, &mixed_key, r)))
        });
        let Some(sig) = fitting else { continue };
        let given = corner.given(mixed_key, sig);
        cases.invalid("W10", "signature", format!("the key has the torsion part {n}, and the equation holds"), given);
    }
    let message_key = sha256(&[b"another key"]);
    let given = corner.given(message_key, join(r_bytes, corner.answer(&r_bytes, &message_key, r)));
    cases.invalid("W10", "signature", "another key", given);
}
