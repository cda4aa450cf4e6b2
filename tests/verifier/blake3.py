"""BLAKE3 without key (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2021), as far as attachments need it (SPEC A1 to A3).

Chaining values are tuples of eight words.
"""

import functools
import struct

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
CHUNK, BLOCK = 1_024, 64
# Columns, then diagonals.
LANES = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def schedule():
    """Which words of the message each round takes."""
    rounds, order = [], tuple(range(16))
    for _ in range(7):
        rounds.append(order)
        order = tuple(order[place] for place in PERMUTATION)
    return rounds


def steps():
    """Per mixing: four places of the state, two of the message."""
    return [
        (*lane, order[2 * n], order[2 * n + 1]) for order in schedule() for n, lane in enumerate(LANES)
    ]


STEPS = steps()


def compress(value, block, counter, length, flags):
    """The first half of the output: a chaining value, or the hash."""
    state = [*value, *IV[:4], counter & 0xFFFFFFFF, counter >> 32, length, flags]
    words = struct.unpack("<16I", block)
    for a, b, c, d, x, y in STEPS:
        sa, sb, sc, sd = state[a], state[b], state[c], state[d]
        sa = (sa + sb + words[x]) & 0xFFFFFFFF
        sd ^= sa
        sd = (sd >> 16 | sd << 16) & 0xFFFFFFFF
        sc = (sc + sd) & 0xFFFFFFFF
        sb ^= sc
        sb = (sb >> 12 | sb << 20) & 0xFFFFFFFF
        sa = (sa + sb + words[y]) & 0xFFFFFFFF
        sd ^= sa
        sd = (sd >> 8 | sd << 24) & 0xFFFFFFFF
        sc = (sc + sd) & 0xFFFFFFFF
        sb ^= sc
        state[a], state[b], state[c], state[d] = sa, (sb >> 7 | sb << 25) & 0xFFFFFFFF, sc, sd
    return tuple(state[n] ^ state[n + 8] for n in range(8))


def chunk(data, counter, flags):
    value = IV
    blocks = range(0, max(len(data), 1), BLOCK)
    for at in blocks:
        block = data[at : at + BLOCK]
        start = CHUNK_START if at == 0 else 0
        end = CHUNK_END | flags if at == blocks[-1] else 0
        value = compress(value, block.ljust(BLOCK, b"\0"), counter, len(block), start | end)
    return value


def merge(left, right, root=False):
    """The value of a parent."""
    return compress(IV, struct.pack("<16I", *left, *right), 0, BLOCK, PARENT | (ROOT if root else 0))


@functools.lru_cache(maxsize=16)
def subtree(data, first_chunk, root):
    """The value over bytes whose first chunk has that number."""
    if len(data) <= CHUNK:
        return chunk(data, first_chunk, ROOT if root else 0)
    chunks = -(-len(data) // CHUNK)
    left = 1 << ((chunks - 1).bit_length() - 1)
    cut = left * CHUNK
    return merge(subtree(data[:cut], first_chunk, False), subtree(data[cut:], first_chunk + left, False), root)


def words(data):
    return struct.unpack("<8I", data)


def raw(value):
    return struct.pack("<8I", *value)
