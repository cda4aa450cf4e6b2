"""The encoding (SPEC W1 to W6), and the layout of everything that travels.

A type is a pair of functions: `read(data, at)` gives (value, next place) or raises Refused, `write(value)` gives bytes.
"""

import hashlib
from collections import namedtuple

import ed25519

Type = namedtuple("Type", "read write")


class Refused(Exception):
    """The bytes are no value of the type."""


def take(data, at, count):
    if at + count > len(data):
        raise Refused("the bytes end too early")
    return data[at : at + count], at + count


def number(width):
    def read(data, at):
        found, at = take(data, at, width)
        return int.from_bytes(found, "little"), at

    return Type(read, lambda value: value.to_bytes(width, "little"))


def fixed(count):
    return Type(lambda data, at: take(data, at, count), bytes)


def read_key(data, at):
    found, at = take(data, at, 32)
    if ed25519.key(found) is None:
        raise Refused("the key does not count")
    return found, at


U8, U16, U32, U64 = number(1), number(2), number(4), number(8)
ID, SIG = fixed(32), fixed(64)
KEY = Type(read_key, bytes)


def read_bool(data, at):
    found, at = U8.read(data, at)
    if found > 1:
        raise Refused("a bool is 0 or 1")
    return bool(found), at


BOOL = Type(read_bool, lambda value: U8.write(int(value)))


def option(inner):
    def read(data, at):
        present, at = BOOL.read(data, at)
        return inner.read(data, at) if present else (None, at)

    return Type(read, lambda value: b"\0" if value is None else b"\1" + inner.write(value))


def count_of(data, at, most):
    count, at = U64.read(data, at)
    if count > most:
        raise Refused(f"{count} where {most} are allowed")
    return count, at


def bytes_(most):
    def read(data, at):
        count, at = count_of(data, at, most)
        return take(data, at, count)

    return Type(read, lambda value: U64.write(len(value)) + value)


def text(most):
    inner = bytes_(most)

    def read(data, at):
        found, at = inner.read(data, at)
        try:
            return found.decode("utf-8"), at
        except UnicodeDecodeError as fault:
            raise Refused("no UTF-8") from fault

    return Type(read, lambda value: inner.write(value.encode("utf-8")))


def list_(inner, most):
    def read(data, at):
        count, at = count_of(data, at, most)
        items = []
        for _ in range(count):
            item, at = inner.read(data, at)
            items.append(item)
        return items, at

    return Type(read, lambda value: U64.write(len(value)) + b"".join(map(inner.write, value)))


def ascending(inner, key=lambda item: item):
    """S2, S3: a list that is strictly ascending by `key`; items without one are left out of account."""

    def read(data, at):
        items, at = inner.read(data, at)
        keys = [found for found in map(key, items) if found is not None]
        if any(a >= b for a, b in zip(keys, keys[1:])):
            raise Refused("not ascending")
        return items, at

    return Type(read, inner.write)


def struct(**fields):
    def read(data, at):
        value = {}
        for name, inner in fields.items():
            value[name], at = inner.read(data, at)
        return value, at

    return Type(read, lambda value: b"".join(inner.write(value[name]) for name, inner in fields.items()))


def enum(*variants):
    """Values are (tag, content)."""

    def read(data, at):
        tag, at = U32.read(data, at)
        if tag >= len(variants):
            raise Refused("an unknown tag")
        content, at = variants[tag].read(data, at)
        return (tag, content), at

    return Type(read, lambda value: U32.write(value[0]) + variants[value[0]].write(value[1]))


def plain_enum(count):
    return enum(*[struct()] * count)


def decode(inner, data, most):
    """W5."""
    if len(data) > most:
        raise Refused("too long")
    value, at = inner.read(data, 0)
    if at != len(data):
        raise Refused("bytes are left over")
    if inner.write(value) != data:
        raise Refused("not canonical")
    return value


# E1
HEADER = struct(
    envelope=U8, suite=U8, flags=U16, kind=U32, key=ID, incarnation=U64, seq=U64, history=ID, time=U64,
    payload_len=U32, payload_hash=ID, marking=U8, ext=bytes_(512),
)
HEADER_MAX = 653
# E14 to E17
PROTOCOL_KINDS = {
    1001: struct(targets=list_(ID, 256), still_superseded=list_(ID, 256), reason=text(200)),
    1002: struct(target=ID, age=bytes_(16_384)),
    1003: struct(target=ID, secret=ID, marking=U8),
    1004: struct(addresses=list_(text(256), 8), version=text(64)),
}
# L8
FORK_PROOF = struct(header_a=bytes_(HEADER_MAX), sig_a=SIG, header_b=bytes_(HEADER_MAX), sig_b=SIG)
# D1 to D4
PIN = struct(log=ID, len=U64, head=ID)
CERTIFICATE = struct(
    number=U32, prev=ID, time=U64, name=text(80), domain=text(253), contact=text(200), root_keys=list_(KEY, 5),
    root_k=U8, keys=list_(struct(key=KEY, roles=U8, label=text(40)), 32), voting_key=KEY, enc_keys=list_(ID, 4),
    closed=list_(PIN, 512),
)
CHARTER = struct(
    rules=U16, epoch=U32, prev=ID, time=U64, name=text(80), purpose=text(4_096),
    voters=list_(struct(org=ID, key=KEY), 255), k=U8, members_len=U32, members_head=ID, sealed_len=U32,
    sealed_head=ID, entries_per_day=U32, bytes_per_day=U64, attachment_bytes=U64,
)
MEMBER = struct(org=ID, certificate=ID)
SEALED = struct(org=ID, op=U8, motion=ID)
LISTS = struct(members=list_(MEMBER, 13_312), sealed=list_(SEALED, 13_312))
# D8
PLACE = struct(type=plain_enum(5), target=ID, key=KEY, round=U16)
SIGNATURE = struct(place=PLACE, sig=SIG)
# M1, M2
ADMIT, INVITE, REMOVE, SETTLE, ERASE = range(5)
OPERATION = enum(
    struct(org=ID, certificate=ID),
    struct(key=KEY),
    struct(org=ID, certificate=ID, pins=list_(PIN, 512)),
    struct(org=ID, certificate=ID, round=U32),
    struct(targets=list_(ID, 256)),
)
MOTION = struct(epoch=ID, proposer=ID, time=U64, reason=text(4_096), op=OPERATION)
# R1
RECEIPT = struct(log=ID, len=U64, head=ID, payload_gaps=U32, time=U64, store=U64, signer=ID)
SIGNED_RECEIPT = struct(receipt=RECEIPT, sig=SIG)
# S2 to S18
FRONTIER_ITEM = struct(log=ID, good_len=U64, head=ID, fork=U64)
DOCS_ITEM = struct(id=ID, signatures=ID)
HELLO = struct(
    versions=ascending(list_(U16, 8)), network=ID, org=ID, certificate=ID, checkpoint=ID, checkpoint_epoch=U32, adopted=ID,
    docs_root=ID, digest=ID, state_root=ID, boot=U64,
)
SET = plain_enum(2)
REQUESTS = ["hello", "digest", "items", "docs", "entries", "headers", "payloads", "receipt", "proofs", "changed"]
REQUEST = enum(
    HELLO,
    struct(set=SET, bits=U8),
    struct(set=SET, bits=U8, buckets=ascending(list_(U32, 4_096)), after=option(ID)),
    struct(ids=ascending(list_(ID, 256))),
    struct(log=ID, len=U64, head=ID, start=U64, max_bytes=U32),
    struct(log=ID, seqs=ascending(list_(U64, 64))),
    struct(ids=ascending(list_(ID, 64))),
    struct(log=ID),
    struct(logs=ascending(list_(ID, 64))),
    struct(items=ascending(list_(FRONTIER_ITEM, 512), lambda item: item["log"]), docs_root=ID),
)
BODY = enum(
    bytes_(65_536), struct(charter=bytes_(32_768), lists=bytes_(851_968)), bytes_(65_536)
)
TRAVELLING_SIGNATURE = struct(type=plain_enum(5), key=ID, round=U16, sig=SIG)
TRAVELLING_DOCUMENT = struct(
    body=BODY,
    signatures=ascending(
        list_(TRAVELLING_SIGNATURE, 2_550), lambda found: (found["type"][0], found["key"], found["round"], found["sig"])
    ),
)


def document_id(document):
    """W7."""
    tag, body = document["body"]
    name, data = [("cert", body), ("charter", body["charter"] if tag == 1 else b""), ("motion", body)][tag]
    return hashlib.sha256(b"lyceum/1/" + name.encode() + b"-id\0" + data).digest()


def header_seq(travelling):
    """The number of a header that keeps E1 to E8."""
    try:
        header = decode(HEADER, travelling["header"], HEADER_MAX)
    except Refused:
        return None
    sealed, protocol = header["flags"] & 1, 1000 <= header["kind"] <= 1999
    keeps = header["envelope"] == header["suite"] == 1 and 16 <= header["payload_len"] <= 262_144
    keeps = keeps and header["marking"] <= 3 and (header["marking"] < 2 or sealed)
    keeps = keeps and not (protocol and (sealed or header["payload_len"] > 20_480))
    return header["seq"] if keeps else None


TRAVELLING_PAYLOAD = enum(bytes_(262_144), struct(), struct())
TRAVELLING_HEADER = struct(header=bytes_(HEADER_MAX), sig=SIG)
TRAVELLING_ENTRY = struct(header=bytes_(HEADER_MAX), sig=SIG, payload=TRAVELLING_PAYLOAD)
REPLIES = [
    "hello", "digest", "docs items", "frontier items", "docs", "entries", "headers", "payloads", "receipt", "proofs",
    "changed",
]
REPLY = enum(
    struct(hello=HELLO, you=plain_enum(3)),
    struct(hashes=list_(ID, 4_096)),
    struct(items=ascending(list_(DOCS_ITEM, 13_000), lambda item: item["id"]), more=BOOL),
    struct(items=ascending(list_(FRONTIER_ITEM, 13_000), lambda item: item["log"]), more=BOOL),
    struct(documents=ascending(list_(TRAVELLING_DOCUMENT, 256), document_id), more=BOOL),
    struct(entries=list_(TRAVELLING_ENTRY, 4_096)),
    struct(headers=ascending(list_(TRAVELLING_HEADER, 64), header_seq)),
    struct(payloads=list_(TRAVELLING_PAYLOAD, 64)),
    struct(receipt=SIGNED_RECEIPT),
    struct(proofs=list_(FORK_PROOF, 64)),
    struct(),
)
ANSWER = enum(REPLY, struct(code=plain_enum(9), detail=text(256)))
# S21
GOSSIP_NAMES = [("entry", "entry"), ("documents", "doc"), ("document id", "doc"), ("proof", "proof")]
GOSSIP = enum(TRAVELLING_ENTRY, ascending(list_(TRAVELLING_DOCUMENT, 8), document_id), ID, FORK_PROOF)
