"""Objects one by one: ids, signatures and the rules that each can be held to alone (SPEC W7 to D9, M3, R2)."""

from hashlib import sha256

import ed25519
import wire
from wire import Refused, decode

ZERO = bytes(32)
SIGNATURE_NAMES = ["cert", "key", "charter", "approval", "invite"]
IN_NETWORK = {"entry", "receipt", "approval", "invite"}
# D2
WHITE = {0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, *range(0x9, 0xE), *range(0x2000, 0x200B)}


class Unknown(Exception):
    """Made for a later version: neither valid nor invalid."""


def H(*parts):
    return sha256(b"".join(parts)).digest()


def need(holds, why):
    if not holds:
        raise Refused(why)


def object_id(name, data):
    return H(b"lyceum/1/", name, b"-id\0", data)


def message(name, network, d):
    """W9."""
    return b"lyceum/1/" + name.encode() + b"\0" + (network if name in IN_NETWORK else ZERO) + d


def signed(name, network, d, key, sig):
    return ed25519.verify(key, message(name, network, d), sig)


def ascending(items):
    return all(a < b for a, b in zip(items, items[1:]))


# ---- entries ----


def read_header(data):
    """E1 to E8."""
    if len(data) > 0 and data[0] != 1:
        raise Unknown("envelope")
    if len(data) > 1 and data[1] != 1:
        if data[1] == 0:
            raise Refused("suite 0")
        raise Unknown("suite")
    header = decode(wire.HEADER, data, wire.HEADER_MAX)
    sealed = header["flags"] & 1
    need(16 <= header["payload_len"] <= 262_144, "E4")
    need(header["marking"] <= 3, "E5")
    need(sealed or header["marking"] < 2, "E6")
    if is_protocol(header):
        need(not sealed and header["payload_len"] <= 20_480, "E7")
    return header


def is_protocol(header):
    return 1000 <= header["kind"] <= 1999


def entry_id(network, header_bytes, sig):
    return H(b"lyceum/1/entry-id\0", network, H(header_bytes), sig)


def log_id(key, incarnation, certificate):
    return H(b"lyceum/1/log-id\0", key, incarnation.to_bytes(8, "little"), certificate)


def read_entry(network, header_bytes, sig, payload):
    """E9 to E12. `payload` is None where it is absent."""
    header = read_header(header_bytes)
    if payload is None:
        need(not is_protocol(header), "E12")
    else:
        need(len(payload) == header["payload_len"] and H(payload) == header["payload_hash"], "E11")
    need(signed("entry", network, H(header_bytes), header["key"], sig), "E9")
    return {**header, "id": entry_id(network, header_bytes, sig), "payload": payload}


def read_fork_proof(network, data):
    """L8, L9."""
    proof = decode(wire.FORK_PROOF, data, 1_450)
    try:
        a, b = read_header(proof["header_a"]), read_header(proof["header_b"])
    except Unknown as fault:
        raise Refused("a header of a later version") from fault
    need(all(a[name] == b[name] for name in ("key", "incarnation", "seq", "history")), "another place")
    id_a = entry_id(network, proof["header_a"], proof["sig_a"])
    id_b = entry_id(network, proof["header_b"], proof["sig_b"])
    need(id_a < id_b, "the order of the ids")
    for half in "ab":
        holds = signed("entry", network, H(proof["header_" + half]), a["key"], proof["sig_" + half])
        need(holds, "a signature")
    return id_a, id_b, a["seq"]


def read_receipt(network, data):
    """R1, R2."""
    found = decode(wire.SIGNED_RECEIPT, data, 188)
    receipt = found["receipt"]
    need(signed("receipt", network, H(wire.RECEIPT.write(receipt)), receipt["signer"], found["sig"]), "R2")
    return receipt


# ---- histories ----


def leaf(data):
    return H(b"\0", data)


def node(left, right):
    return H(b"\1", left, right)


def head_of(hashes):
    """L3, over hashes of leaves."""
    if not hashes:
        return H()
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return node(head_of(hashes[:half]), head_of(hashes[half:]))


def tree_head(leaves):
    return head_of([leaf(data) for data in leaves])


def inclusion(hash_, index, length, path, head):
    """L4, RFC 9162 2.1.3.2."""
    if index >= length or len(path) > 65:
        return False
    first, last = index, length - 1
    for step in path:
        if last == 0:
            return False
        if first & 1 or first == last:
            hash_ = node(step, hash_)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            hash_ = node(hash_, step)
        first, last = first >> 1, last >> 1
    return last == 0 and hash_ == head


def consistency(old, old_len, new, new_len, path):
    """L5, RFC 9162 2.1.4.2."""
    if not 0 < old_len <= new_len or len(path) > 65:
        return False
    if old_len == new_len:
        return not path and old == new
    if old_len & (old_len - 1) == 0:
        path = [old, *path]
    if not path:
        return False
    first, last = old_len - 1, new_len - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    a = b = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            a, b = node(step, a), node(step, b)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            b = node(b, step)
        first, last = first >> 1, last >> 1
    return last == 0 and a == old and b == new


# ---- documents, motions, signatures ----


def check_pins(pins):
    """D3."""
    need(ascending([pin["log"] for pin in pins]), "the order of pins")
    need(all((pin["len"] == 0) == (pin["head"] == ZERO) for pin in pins), "the head of a pin")


def read_certificate(data):
    """D1, D2."""
    value = decode(wire.CERTIFICATE, data, 65_536)
    keys = [listed["key"] for listed in value["keys"]]
    need((value["number"] == 0) == (value["prev"] == ZERO), "prev")
    need(any(ord(letter) not in WHITE for letter in value["name"]), "name")
    need(1 <= value["root_k"] <= len(value["root_keys"]), "root_k")
    need(ascending(value["root_keys"]) and ascending(keys), "the order of keys")
    need(all(listed["roles"] for listed in value["keys"]), "roles")
    every = value["root_keys"] + keys + [value["voting_key"]]
    need(len(set(every)) == len(every), "a key twice")
    check_pins(value["closed"])
    return {**value, "id": object_id(b"cert", data)}


def read_charter(data, lists_data):
    """D4 to D7."""
    value = decode(wire.CHARTER, data, 32_768)
    lists = decode(wire.LISTS, lists_data, 851_968)
    members, sealed, voters = lists["members"], lists["sealed"], value["voters"]
    need(ascending([voter["org"] for voter in voters]), "the order of voters")
    need(len({voter["key"] for voter in voters}) == len(voters), "a voter's key twice")
    need(2 * value["k"] > len(voters) >= value["k"], "k")
    need(value["members_len"] == len(members) and value["sealed_len"] == len(sealed), "numbers of rows")
    need(value["members_head"] == tree_head(map(wire.MEMBER.write, members)), "members_head")
    need(value["sealed_head"] == tree_head(map(wire.SEALED.write, sealed)), "sealed_head")
    need(ascending([row["org"] for row in members]), "the order of members")
    need(ascending([(row["org"], row["op"], row["motion"]) for row in sealed]), "the order of sealed rows")
    if value["epoch"] == 0:
        founder = [voter["org"] for voter in voters]
        need(len(founder) == 1 and founder == [row["org"] for row in members] and not sealed, "D7")
    return {**value, "id": object_id(b"charter", data), "members": members, "sealed": sealed}


def read_motion(data):
    """M1 to M3."""
    value = decode(wire.MOTION, data, 65_536)
    tag, op = value["op"]
    if tag == wire.REMOVE:
        check_pins(op["pins"])
    if tag == wire.ERASE:
        need(op["targets"] and ascending(op["targets"]), "targets")
    return {**value, "id": object_id(b"motion", data)}


def read_signature(network, data):
    """D8, D9."""
    value = decode(wire.SIGNATURE, data, 134)
    place = value["place"]
    kind, round_ = place["type"][0], place["round"]
    need(kind == 2 or round_ == 0, "round")
    d = H(place["target"], round_.to_bytes(2, "little")) if kind == 2 else place["target"]
    need(signed(SIGNATURE_NAMES[kind], network, d, place["key"], value["sig"]), "the signature")
    return {**place, "type": kind, "id": object_id(b"signature", wire.PLACE.write(place))}
