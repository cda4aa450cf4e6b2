//! Signature objects.

use lyceum_protocol::codec;
use lyceum_protocol::document::signature::{SignaturePlace, SignatureType, UntrustedSignature};
use lyceum_protocol::hash::{NetworkId, ObjectId};
use serde_json::json;

use crate::case::{Cases, Verdict, hex};
use crate::fixtures::{bytes32, network, secret};

use Verdict::{Invalid, Valid};

pub(crate) fn signature_objects() -> Cases {
    use SignatureType::{Approval, Charter as OnCharter, Invite, Key};
    let mut cases = Cases::default();
    let signer = secret("signer");
    let target = ObjectId(bytes32("target"));
    let other = NetworkId(bytes32("another network"));
    for kind in [SignatureType::Certificate, Key, OnCharter, Approval, Invite] {
        let place = SignaturePlace { kind, target, key: signer.public(), round: 0 };
        let verified = place.sign(network(), &signer).unwrap();
        let bytes = codec::encode(&verified.to_untrusted());
        let mut case = |rule, verdict, what: &str, net: NetworkId, bytes: &[u8]| {
            let name = format!("{}: {what}", kind.domain().name());
            cases.add(
                rule,
                "signature_object",
                verdict,
                name,
                json!({ "network": hex(net.0), "signature": hex(bytes) }),
            );
        };
        case("D8", Valid, "signed", network(), &bytes);
        let crosses = if kind.domain().in_network() { Invalid } else { Valid };
        case("W11", crosses, "in another network", other, &bytes);
        for (name, at) in [("target", 4), ("signature", 70), ("last byte", 133)] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            case("D9", Invalid, &format!("{name} changed"), network(), &changed);
        }
        let mut round = bytes.clone();
        round[68] = 1;
        case("D9", Invalid, "round 1 with the signature of round 0", network(), &round);
        // Signed for that round as a charter is: only charters are.
        let in_round = SignaturePlace { kind: OnCharter, round: 1, ..place }.sign(network(), &signer).unwrap();
        let in_round = UntrustedSignature { place: SignaturePlace { round: 1, ..place }, sig: *in_round.sig() };
        let verdict = if kind == OnCharter { Valid } else { Invalid };
        case("D9", verdict, "signed for round 1", network(), &codec::encode(&in_round));
        for tag in 0..6_u8 {
            if u32::from(tag) != kind as u32 {
                let mut changed = bytes.clone();
                changed[0] = tag;
                let rule = if tag == 5 { "W4" } else { "W11" };
                case(rule, Invalid, &format!("as type {tag}"), network(), &changed);
            }
        }
        case("W5", Invalid, "a byte too many", network(), &[bytes.as_slice(), &[0]].concat());
        case("W5", Invalid, "a byte too few", network(), &bytes[..133]);
    }
    cases
}
