#!/usr/bin/env python3
"""Holds the vectors to protocol/SPEC.md: `verify.py FOLDER`. Needs Python 3.9 and nothing else.

Written from SPEC.md, and for BLAKE3 from its paper, alone: it shares no code with the node. Ends with 1 and the name of
the case where it differs.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True

import alliance
import attachment
import ed25519
import handed_on
import objects
import publication
import wire
from objects import H, Unknown
from wire import Refused, decode


def raw(value):
    return bytes.fromhex(value)


def check_key(given):
    objects.need(ed25519.key(raw(given["key"])), "the key does not count")
    return {}


def check_signature(given):
    name, network, d = given["type"], raw(given["network"]), raw(given["d"])
    objects.need(objects.signed(name, network, d, raw(given["key"]), raw(given["sig"])), "the signature")
    return {"message": objects.message(name, network, d).hex()}


def check_header(given):
    data = raw(given["header"])
    header = objects.read_header(data)
    shown = {name: header[name] for name in ("flags", "kind", "payload_len", "marking")}
    shown |= {name: header[name].hex() for name in ("key", "history", "payload_hash", "ext")}
    shown |= {name: str(header[name]) for name in ("incarnation", "seq", "time")}
    return {**shown, "hash": H(data).hex()}


def entry_of(network, given):
    payload = given["payload"]
    return objects.read_entry(network, raw(given["header"]), raw(given["sig"]), None if payload is None else raw(payload))


def check_entry(given):
    entry = entry_of(raw(given["network"]), given)
    log = objects.log_id(entry["key"], entry["incarnation"], entry["history"]).hex() if entry["seq"] == 0 else None
    return {"id": entry["id"].hex(), "log": log}


def check_log_id(given):
    return {"log": objects.log_id(raw(given["key"]), int(given["incarnation"]), raw(given["certificate"])).hex()}


def check_tree_head(given):
    return {"head": objects.tree_head(map(raw, given["leaves"])).hex()}


def check_inclusion(given):
    path = [raw(step) for step in given["path"]]
    hash_ = objects.leaf(raw(given["leaf"]))
    objects.need(objects.inclusion(hash_, given["index"], int(given["len"]), path, raw(given["head"])), "the proof")
    return {}


def check_consistency(given):
    path = [raw(step) for step in given["path"]]
    old, new = raw(given["old_head"]), raw(given["new_head"])
    objects.need(objects.consistency(old, given["old_len"], new, given["new_len"], path), "the proof")
    return {}


def check_log_join(given):
    log = alliance.join([entry_of(raw(given["network"]), entry) for entry in given["entries"]])
    good = log["chain"][: log["fork"]]
    fork = None if log["fork"] is None else str(log["fork"])
    return {"fork": fork, "good": [entry["id"].hex() for entry in good]}


def check_fork_proof(given):
    id_a, id_b, seq = objects.read_fork_proof(raw(given["network"]), raw(given["proof"]))
    return {"id_a": id_a.hex(), "id_b": id_b.hex(), "seq": str(seq)}


def check_certificate(given):
    value = objects.read_certificate(raw(given["certificate"]))
    keys = [{**listed, "key": listed["key"].hex()} for listed in value["keys"]]
    return {
        "id": value["id"].hex(), "number": value["number"], "prev": value["prev"].hex(), "time": str(value["time"]),
        "name": value["name"], "root_k": value["root_k"], "keys": keys, "pins": len(value["closed"]),
        "voting_key": value["voting_key"].hex(),
    }


def check_charter(given):
    value = objects.read_charter(raw(given["charter"]), raw(given["lists"]))
    shown = {name: value[name] for name in ("epoch", "rules", "name", "k")}
    shown |= {name: value[name].hex() for name in ("id", "prev", "members_head", "sealed_head")}
    return {**shown, "voters": len(value["voters"]), "bytes_per_day": str(value["bytes_per_day"])}


def check_motion(given):
    value = objects.read_motion(raw(given["motion"]))
    shown = {name: value[name].hex() for name in ("id", "epoch", "proposer")}
    return {**shown, "op": value["op"][0], "reason": value["reason"]}


def check_signature_object(given):
    return {"id": objects.read_signature(raw(given["network"]), raw(given["signature"]))["id"].hex()}


def check_receipt(given):
    found = objects.read_receipt(raw(given["network"]), raw(given["receipt"]))
    return {"log": found["log"].hex(), "len": str(found["len"]), "store": str(found["store"]), "gaps": found["payload_gaps"]}


def check_protocol_kind(given):
    decode(wire.PROTOCOL_KINDS[given["kind"]], raw(given["content"]), 20_464)
    return {}


def check_publication(given):
    return publication.read(given["content"])


def framed(frame, most):
    """S1."""
    frame = raw(frame)
    objects.need(len(frame) >= 4, "no length")
    length = int.from_bytes(frame[:4], "big")
    objects.need(length <= most and length == len(frame) - 4, "the length")
    return frame[4:]


def check_request(given):
    tag, _ = decode(wire.REQUEST, framed(given["frame"], 65_536), 65_536)
    return {"name": wire.REQUESTS[tag]}


def check_answer(given):
    tag, content = decode(wire.ANSWER, framed(given["frame"], 1_179_648), 1_179_648)
    return {"name": wire.REPLIES[content[0]] if tag == 0 else f"refused {content['code'][0]}"}


def counted(length):
    """Bytes of which each is its number modulo 251."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def check_file(given):
    data = counted(given["counted"])
    return {"blake3": attachment.hash_of(data).hex(), "pieces": attachment.count_of(len(data))}


def check_piece(given):
    data = given["bytes"]
    data = raw(data["hex"]) if "hex" in data else counted(data["counted"])
    proof = [raw(value) for value in given["proof"]]
    attachment.check_piece(raw(given["blake3"]), int(given["size"]), given["index"], proof, data)
    return {}


def check_attachment_request(given):
    tag, content = attachment.read_request(framed(given["frame"], attachment.REQUEST_MAX))
    if tag == 0:
        return {"name": "has", "files": len(content["hashes"])}
    return {"name": "piece", "blake3": content["blake3"].hex(), "index": content["index"]}


def check_attachment_answer(given):
    tag, content = attachment.read_answer(framed(given["frame"], attachment.ANSWER_MAX))
    if tag == 0:
        pieces = sum(found["count"] for held in content for found in held["ranges"])
        return {"name": "has", "files": len(content), "pieces": pieces}
    if tag == 1:
        return {"name": "piece", "values": len(content["proof"]), "bytes": len(content["bytes"])}
    return {"name": f"refused {content['code'][0]}"}


def check_attachment_exchange(given):
    request = attachment.read_request(framed(given["request"], attachment.REQUEST_MAX))
    answer = attachment.read_answer(framed(given["answer"], attachment.ANSWER_MAX))
    objects.need(attachment.answers(request, answer), "no answer to that")
    return {}


def gossip_id(topic, data):
    """S22."""
    return H(b"lyceum/1/gossip-id\0", len(topic).to_bytes(4, "little"), topic, data)[:20].hex()


def check_gossip(given):
    data = raw(given["data"])
    name, topic = wire.GOSSIP_NAMES[decode(wire.GOSSIP, data, 98_304)[0]]
    topic = f"lyceum/1/{given['network']}/{topic}"
    return {"name": name, "topic": topic, "id": gossip_id(topic.encode(), data)}


def check_gossip_id(given):
    return {"id": gossip_id(given["topic"].encode(), raw(given["data"]))}


def check_buckets(given):
    items = [raw(item) for item in given["items"]]
    hashes = alliance.buckets(items, given["bits"])
    return {"first": hashes[0].hex(), "hashes_hash": H(*hashes).hex(), "root": alliance.root(items).hex()}


def check_bits_for(given):
    """S11."""
    items = given["items"]
    if items < 64:
        return {"bits": 0}
    fits = [bits for bits in range(64) if 2 ** (2 * bits - 1) <= 30 * items < 2 ** (2 * bits + 1)]
    return {"bits": min(max(fits[0], 4), 12)}


def documents_of(given):
    documents, network = alliance.Documents(), raw(given["network"])
    for document in given["documents"]:
        data = raw(document["bytes"])
        if document["type"] == "certificate":
            object_ = objects.read_certificate(data)
            documents.certificates[object_["id"]] = object_
        elif document["type"] == "charter":
            object_ = objects.read_charter(data, raw(document["lists"]))
            documents.charters[object_["id"]] = object_
        else:
            object_ = objects.read_motion(data)
            documents.motions[object_["id"]] = object_
        for signature in document["signatures"]:
            documents.sign(objects.read_signature(network, raw(signature)))
    return documents


def check_facts(given):
    documents = documents_of(given)
    certificates = []
    for id_, version in sorted(documents.certificates.items()):
        chain = documents.chain(id_)
        org = chain[0]["id"] if chain else None
        keys = [listed["key"] for listed in version["keys"]] if org else []
        certificates.append({
            "id": id_.hex(), "well_formed": documents.well_formed(version), "linked": documents.linked(version),
            "org": org and org.hex(), "possessed": [key.hex() for key in keys if documents.possessed(org, key)],
        })
    charters = [
        {"id": id_.hex(), "well_formed": documents.charter_well_formed(charter), "round": documents.certified_round(charter)}
        for id_, charter in sorted(documents.charters.items())
    ]
    motions = [
        {"id": id_.hex(), "passed": documents.passed(motion)} for id_, motion in sorted(documents.motions.items())
    ]
    return {"certificates": certificates, "charters": charters, "motions": motions}


def check_world(given):
    documents, network = documents_of(given), raw(given["network"])
    world = alliance.Alliance(documents, network, raw(given["checkpoint"]))
    logs = [alliance.join([entry_of(network, entry) for entry in entries]) for entries in given["logs"]]
    for log in logs:
        log["judged"] = alliance.judge_log(world, log)
    erased = alliance.erased_ids(world, logs)
    digest = alliance.root([log["judged"]["item"] for log in logs if log["judged"]["item"]])
    effective = lambda picture: picture["effective"][-1]["id"] if picture["effective"] else objects.ZERO
    return {
        "adopted": (world.charters[-1]["id"] if world.charters else objects.ZERO).hex(),
        "stop": world.stop,
        "orgs": [
            {"org": org.hex(), "seat": picture["seat"], "effective": effective(picture).hex()}
            for org, picture in world.orgs.items()
        ],
        "logs": [
            {
                "log": log["log"].hex(), "line": judged["line"], "good_len": str(judged["good"]),
                "item": judged["item"] and judged["item"].hex(), "standings": judged["standings"],
            }
            for log, judged in ((log, log["judged"]) for log in logs)
        ],
        "erased": [id_.hex() for id_ in erased],
        "digest": digest.hex(),
        "docs_root": alliance.docs_root(documents).hex(),
        "state_root": alliance.state_root(world, digest, erased).hex(),
    }


CHECKS = {name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")}


def judge(case):
    try:
        return "valid", CHECKS[case["check"]](case["given"])
    except Unknown:
        return "unknown", {}
    except publication.NotReadable as fault:
        return "invalid", {"field": fault.field}
    except Refused:
        return "invalid", {}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: verify.py FOLDER")
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    if not files:
        sys.exit(f"there are no vectors in {sys.argv[1]}")
    for file in files:
        cases = json.loads(file.read_text("utf-8"))
        if file.name in handed_on.CHECKS:
            for case in cases:
                if not handed_on.CHECKS[file.name](case):
                    sys.exit(f"{file.name}: {case['name']}: the verifier differs")
            print(f"{file.name}: {len(cases)} cases")
            continue
        cases = cases["cases"]
        for case in cases:
            verdict, gives = judge(case)
            if (verdict, gives) != (case["verdict"], case["gives"]):
                print(f"{file.name}: {case['name']} ({case['rule']}, {case['check']})", file=sys.stderr)
                print(f"  the vector says {case['verdict']} {json.dumps(case['gives'])}", file=sys.stderr)
                print(f"  the verifier says {verdict} {json.dumps(gives)}", file=sys.stderr)
                sys.exit(1)
        print(f"{file.name}: {len(cases)} cases")


if __name__ == "__main__":
    main()
