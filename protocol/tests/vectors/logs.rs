//! Histories, joins of logs, fork proofs.

use lyceum_protocol::bounded::BoundedBytes;
use lyceum_protocol::codec;
use lyceum_protocol::entry::{Kind, VerifiedEntry};
use lyceum_protocol::fork::{ForkProof, VerifiedForkProof};
use lyceum_protocol::hash::{CertificateId, NetworkId};
use lyceum_protocol::history::{Tree, consistency_proof, inclusion_proof, leaf_hash};
use serde_json::{Value, json};

use crate::case::{Cases, Verdict, big, hex};
use crate::entries::in_list;
use crate::fixtures::{Writer, bytes32, network, secret};

pub(crate) fn histories() -> Cases {
    let mut cases = Cases::default();
    let ids: Vec<[u8; 32]> = (0..70).map(|n| bytes32(&format!("leaf {n}"))).collect();
    let leaves: Vec<_> = ids.iter().map(|id| leaf_hash(id)).collect();
    let head = |len: usize| Tree::of(ids[..len].iter().map(<[u8; 32]>::as_slice)).head();
    for len in [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 70] {
        let given: Vec<Value> = ids[..len].iter().map(hex).collect();
        cases.valid("L3", "tree_head", format!("{len} leaves"), json!({ "leaves": given }));
    }
    let wide: Vec<Value> = vec![hex([]), hex([1; 64]), hex([2; 65])];
    cases.valid("L3", "tree_head", "leaves of any length", json!({ "leaves": wide }));
    let path_of = |path: &[lyceum_protocol::hash::TreeHead]| path.iter().map(|hash| hex(hash.0)).collect::<Vec<_>>();
    for (len, index) in [(1, 0), (2, 0), (2, 1), (3, 2), (7, 6), (8, 3), (70, 0), (70, 37), (70, 64), (70, 69)] {
        let path = inclusion_proof(&leaves[..len], index).unwrap();
        let given = |index: usize, len: usize, path: Vec<Value>| json!({ "leaf": hex(ids[index.min(69)]), "index": index, "len": len, "path": path, "head": hex(head(len.min(70)).0) });
        let name = |what: &str| format!("leaf {index} of {len}{what}");
        cases.valid("L4", "inclusion", name(""), given(index, len, path_of(&path)));
        let mut longer = path.clone();
        longer.push(leaves[0]);
        cases.invalid("L4", "inclusion", name(", one hash too many"), given(index, len, path_of(&longer)));
        let mut elsewhere = given(index, len, path_of(&path));
        elsewhere["index"] = json!(len);
        cases.invalid("L4", "inclusion", name(", as a leaf beyond the end"), elsewhere);
        if let Some((_, shorter)) = path.split_first() {
            cases.invalid("L4", "inclusion", name(", first hash left out"), given(index, len, path_of(shorter)));
            let mut other = given(index, len, path_of(&path));
            other["leaf"] = hex(ids[(index + 1) % len]);
            cases.invalid("L4", "inclusion", name(", of another leaf"), other);
        }
    }
    cases.invalid("L4", "inclusion", "66 hashes", {
        let path = vec![hex([0; 32]); 66];
        json!({ "leaf": hex(ids[0]), "index": 0, "len": big(u64::MAX), "path": path, "head": hex(ids[1]) })
    });
    for (old, new) in [(1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 8), (8, 70), (64, 70), (69, 70), (70, 70)] {
        let path = consistency_proof(&leaves[..new], old).unwrap();
        let given = |path: Vec<Value>| {
            json!({
                "old_head": hex(head(old).0), "old_len": old, "new_head": hex(head(new).0), "new_len": new, "path": path,
            })
        };
        let name = |what: &str| format!("{old} in {new}{what}");
        cases.valid("L5", "consistency", name(""), given(path_of(&path)));
        let mut longer = path.clone();
        longer.push(leaves[0]);
        cases.invalid("L5", "consistency", name(", one hash too many"), given(path_of(&longer)));
        let mut other = given(path_of(&path));
        other["old_head"] = hex(leaves[69].0);
        cases.invalid("L5", "consistency", name(", another old head"), other);
        if let Some((_, shorter)) = path.split_last() {
            cases.invalid("L5", "consistency", name(", last hash left out"), given(path_of(shorter)));
        }
    }
    for (old, new) in [(3, 7), (4, 7), (6, 8)] {
        cases.invalid("L5", "consistency", format!("{old} in {new}, no hash at all"), {
            json!({ "old_head": hex(head(old).0), "old_len": old, "new_head": hex(head(new).0), "new_len": new, "path": [] })
        });
    }
    for (old, new) in [(0, 5), (6, 5)] {
        cases.invalid("L5", "consistency", format!("{old} in {new}"), {
            json!({ "old_head": hex(head(old).0), "old_len": old, "new_head": hex(head(new).0), "new_len": new, "path": [] })
        });
    }
    cases
}

pub(crate) fn logs() -> Cases {
    let mut cases = Cases::default();
    let author = secret("author");
    let one = Writer::new(network(), &author, 5, CertificateId(bytes32("certificate"))).with(5);
    let other_at = |seq| {
        let mut other = one.parted_at(seq);
        other.write(Kind::PUBLICATION, b"{\"title\":\"another note\"}");
        other.with(2)
    };
    let mut case = |rule, name: &str, entries: Vec<&VerifiedEntry>| {
        let entries: Vec<Value> = entries.into_iter().map(in_list).collect();
        cases.valid(rule, "log_join", name, json!({ "network": hex(network().0), "entries": entries }));
    };
    case("L2", "in order", one.entries.iter().collect());
    case("L11", "in reverse order, twice", one.entries.iter().rev().chain(one.entries.iter().rev()).collect());
    case("L11", "with a gap", one.entries.iter().filter(|entry| entry.header().seq != 2).collect());
    for seq in [0, 1, 3, 4] {
        let other = other_at(seq);
        case("L11", &format!("parts at {seq}"), one.entries.iter().chain(&other.entries).collect());
        case(
            "L11",
            &format!("parts at {seq}, the other first"),
            other.entries.iter().chain(&one.entries).rev().collect(),
        );
    }
    let (low, high) = (other_at(1), other_at(3));
    case("L11", "parts twice", high.entries.iter().chain(&one.entries).chain(&low.entries).collect());
    let stray = other_at(2);
    let strays = stray.entries.iter().filter(|entry| entry.header().seq == 4);
    case("L2", "an entry whose history is that of nothing held", one.entries[..4].iter().chain(strays).collect());
    cases
}

pub(crate) fn fork_proofs() -> Cases {
    let mut cases = Cases::default();
    let author = secret("author");
    let key = author.public();
    let certificate = CertificateId(bytes32("certificate"));
    let one = Writer::new(network(), &author, 5, certificate).with(3);
    let part = |seq: usize| {
        let mut other = one.parted_at(seq);
        other.write(Kind::PUBLICATION, b"{\"title\":\"another note\"}");
        other
    };
    let mut case = |rule, verdict, name: &str, net: NetworkId, bytes: Vec<u8>| {
        cases.add(rule, "fork_proof", verdict, name, json!({ "network": hex(net.0), "proof": hex(bytes) }));
    };
    for seq in [0, 2] {
        let proof = VerifiedForkProof::of(&one.entries[seq], &part(seq).entries[seq], &key).unwrap();
        let bytes = codec::encode(proof.proof());
        case("L9", Verdict::Valid, &format!("at {seq}"), network(), bytes.clone());
        case("L9", Verdict::Invalid, &format!("at {seq}, another network"), NetworkId(bytes32("other")), bytes.clone());
        let raw = proof.proof().clone();
        let swapped = ForkProof {
            header_a: raw.header_b.clone(),
            sig_a: raw.sig_b,
            header_b: raw.header_a.clone(),
            sig_b: raw.sig_a,
        };
        case("L9", Verdict::Invalid, &format!("at {seq}, greater id first"), network(), codec::encode(&swapped));
        let twice = ForkProof { header_b: raw.header_a.clone(), sig_b: raw.sig_a, ..raw.clone() };
        case("L9", Verdict::Invalid, &format!("at {seq}, one entry twice"), network(), codec::encode(&twice));
        let crossed = ForkProof { sig_a: raw.sig_b, sig_b: raw.sig_a, ..raw };
        case("L9", Verdict::Invalid, &format!("at {seq}, signatures exchanged"), network(), codec::encode(&crossed));
        case(
            "L8",
            Verdict::Invalid,
            &format!("at {seq}, a byte too many"),
            network(),
            [bytes.as_slice(), &[0]].concat(),
        );
        case(
            "L8",
            Verdict::Invalid,
            &format!("at {seq}, a byte too few"),
            network(),
            bytes[..bytes.len() - 1].to_vec(),
        );
    }
    let other_incarnation = Writer::new(network(), &author, 6, certificate).with(3);
    let other_log = Writer::new(network(), &author, 5, CertificateId(bytes32("another certificate"))).with(3);
    let lower = part(0);
    let second = lower.entries[0].clone();
    let pairs = [
        ("two places", &one.entries[1], &one.entries[2]),
        ("two incarnations", &one.entries[0], &other_incarnation.entries[0]),
        ("two histories", &one.entries[2], &other_log.entries[2]),
        ("two certificates at 0", &second, &other_log.entries[0]),
    ];
    for (name, one, other) in pairs {
        let (a, b) = if one.id() < other.id() { (one, other) } else { (other, one) };
        let bytes = |entry: &VerifiedEntry| BoundedBytes::new(entry.header_bytes().to_vec()).unwrap();
        let proof = ForkProof { header_a: bytes(a), sig_a: *a.signature(), header_b: bytes(b), sig_b: *b.signature() };
        case("L9", Verdict::Invalid, name, network(), codec::encode(&proof));
    }
    cases
}
