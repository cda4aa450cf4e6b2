"""Attachments (SPEC A1 to A5): files and their pieces, requests and answers."""

import blake3
from wire import ID, U32, U64, Refused, ascending, bytes_, decode, enum, list_, plain_enum, struct, text

PIECE = 1_048_576
LARGEST = 274_877_906_944

# A4, A5
RANGE = struct(first=U32, count=U32)
HELD = struct(blake3=ID, size=U64, ranges=list_(RANGE, 64))
REQUEST = enum(struct(hashes=ascending(list_(ID, 64))), struct(blake3=ID, index=U32))
ANSWER = enum(
    ascending(list_(HELD, 64), lambda held: held["blake3"]),
    struct(proof=list_(ID, 18), bytes=bytes_(PIECE)),
    struct(code=plain_enum(9), detail=text(256)),
)
REQUEST_MAX, ANSWER_MAX = 4_096, 1_049_600


def need(holds, what):
    if not holds:
        raise Refused(what)


def count_of(size):
    """A1."""
    need(size <= LARGEST, "the size")
    return max(-(-size // PIECE), 1)


def value_of(data, index):
    """A2: the value of a piece of a file of several."""
    return blake3.subtree(data, index * (PIECE // 1_024), False)


def hash_of(data):
    """A2: pieces, merged in pairs from the left."""
    count = count_of(len(data))
    if count == 1:
        return blake3.raw(blake3.subtree(data, 0, True))
    values = [value_of(data[n * PIECE : (n + 1) * PIECE], n) for n in range(count)]
    while len(values) > 1:
        root = len(values) == 2
        pairs = [values[n : n + 2] for n in range(0, len(values), 2)]
        values = [blake3.merge(*pair, root) if len(pair) == 2 else pair[0] for pair in pairs]
    return blake3.raw(values[0])


def check_piece(root, size, index, proof, data):
    """A3."""
    count = count_of(size)
    need(index < count, "the number of the piece")
    need(len(data) == min(PIECE, size - index * PIECE), "the length of the piece")
    if count == 1:
        need(not proof, "a proof without need")
        need(hash_of(data) == root, "the hash")
        return
    value, left, width, place = value_of(data, index), list(proof), count, index
    while width > 1:
        if place ^ 1 < width:
            need(left, "the proof is too short")
            other = blake3.words(left.pop(0))
            pair = (value, other) if place % 2 == 0 else (other, value)
            value = blake3.merge(*pair, width == 2)
        width, place = -(-width // 2), place // 2
    need(not left, "the proof is too long")
    need(blake3.raw(value) == root, "the hash")


def read_request(data):
    """A4."""
    tag, content = decode(REQUEST, data, REQUEST_MAX)
    need(tag != 0 or content["hashes"], "no hash")
    return tag, content


def read_answer(data):
    """A5."""
    tag, content = decode(ANSWER, data, ANSWER_MAX)
    for held in content if tag == 0 else []:
        count, free = count_of(held["size"]), 0
        need(held["ranges"], "no range")
        for found in held["ranges"]:
            need(found["count"] > 0 and found["first"] >= free, "a range")
            end = found["first"] + found["count"]
            need(end <= count, "a range over the end")
            free = end + 1
    return tag, content


def answers(request, answer):
    """A5: whether an answer is one to that request."""
    (asked, what), (tag, content) = request, answer
    if tag == 0 and asked == 0:
        return all(held["blake3"] in what["hashes"] for held in content)
    return tag == 2 or tag == asked
