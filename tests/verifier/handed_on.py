"""Invitations and bundles, the files that people hand on (SPEC F1 to F3).

Of a bundle its frame and its parts are read; what the parts prove together is not weighed here. So a bundle that the
vectors call valid has to be read, and one that they refuse for its frame or for a part alone must not be.
"""

import base64
import re

import objects
import wire
from objects import H, WHITE, need
from wire import ID, SIG, Refused, bytes_, decode, list_, option, struct, text

INVITATION = struct(network=ID, checkpoint=ID, addresses=list_(text(256), 8), secret=option(ID))
HEADER = struct(header=bytes_(653), sig=SIG)
PATH = list_(ID, 65)
PART_READERS = {
    1: lambda data: objects.read_header(decode(HEADER, data, 725)["header"]),
    2: lambda data: need(len(data) <= 262_144, "a payload"),
    3: lambda data: objects.read_header(decode(HEADER, data, 725)["header"]),
    4: lambda data: decode(PATH, data, 2_088),
    5: objects.read_certificate,
    6: lambda data: decode(wire.CHARTER, data, 32_768),
    7: lambda data: decode(struct(row=wire.MEMBER, index=wire.U32, path=PATH), data, 2_156),
    8: objects.read_motion,
    9: lambda data: decode(wire.SIGNATURE, data, 134),
}
REPEAT = {5, 6, 9}


def read_invitation(line):
    """F1."""
    need(len(line.encode()) <= 16_384, "the length")
    line = "".join(letter for letter in line if ord(letter) not in WHITE).lower()
    need(re.fullmatch("lyceum1[a-z2-7]*", line), "the letters")
    digits = line[len("lyceum1") :].upper()
    try:
        data = base64.b32decode(digits + "=" * (-len(digits) % 8))
    except ValueError as fault:
        raise Refused("base32") from fault
    need(base64.b32encode(data).decode().rstrip("=") == digits, "unused bits")
    body, checksum = data[:-4], data[-4:]
    need(len(data) >= 4 and H(b"lyceum/1/invitation\0", body)[:4] == checksum, "the checksum")
    value = decode(INVITATION, body, 4_096)
    for address in value["addresses"]:
        need(re.fullmatch("/[!-~]*", address) and re.search("/p2p/[^/]", address), "an address")
    return value


def read_bundle(data):
    """F2, F3: the parts as (type, bytes)."""
    need(len(data) <= 4_194_304 and data[:14] == b"lyceum bundle\n", "the beginning")
    body = data[:-32]
    need(H(body) == data[-32:], "the closing hash")
    head, at = struct(version=wire.U16, network=ID, count=wire.U32).read(body, 14)
    need(head["version"] == 1 and head["count"] <= 8_192, "the head")
    types = []
    for _ in range(head["count"]):
        part, at = struct(type=wire.U16, length=wire.U32).read(body, at)
        found, at = wire.take(body, at, part["length"])
        need(part["type"] in PART_READERS, "the type of a part")
        need(not types or types[-1] < part["type"] or (types[-1] == part["type"] and part["type"] in REPEAT), "the order")
        types.append(part["type"])
        PART_READERS[part["type"]](found)
    need(at == len(body), "bytes after the last part")


def check_invitation(case):
    try:
        value = read_invitation(case["text"])
    except Refused:
        return not case["valid"]
    shown = {name: value[name] and value[name].hex() for name in ("network", "checkpoint", "secret")}
    shown["addresses"] = value["addresses"]
    return case["valid"] and all(case[name] == shown[name] for name in shown)


def check_bundle(case):
    try:
        read_bundle(bytes.fromhex(case["file"]))
    except (Refused, objects.Unknown):
        return not case["valid"]
    return True


CHECKS = {"invitation.json": check_invitation, "bundle.json": check_bundle}
