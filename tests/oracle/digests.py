"""XXH64, the digest of weights and data: NUMERICS.md, section 10; FNV-1a, the checksum of section 8.

The page names XXH64 and does not spell it out; this is the published algorithm, with seed 0.
"""

import numpy as np

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotl(x, by):
    return ((x << by) | (x >> (64 - by))) & MASK


def one_round(accumulator, word):
    return rotl((accumulator + word * P2) & MASK, 31) * P1 & MASK


def lane(accumulator, products):
    """`one_round` for each word of a lane; the words are already multiplied by P2."""
    for product in products:
        accumulator = (accumulator + product) & MASK
        accumulator = ((accumulator << 31) | (accumulator >> 33)) * P1 & MASK
    return accumulator


def xxh64(data):
    end = len(data) // 32 * 32
    if end:
        # The products with P2 are modulo 2^64, as they are for arrays of NumPy.
        products = np.frombuffer(data[:end], "<u8") * np.uint64(P2)
        starts = (P1 + P2) & MASK, P2, 0, -P1 & MASK
        accumulators = [lane(start, products[j::4].tolist()) for j, start in enumerate(starts)]
        h = sum(rotl(accumulator, by) for accumulator, by in zip(accumulators, (1, 7, 12, 18))) & MASK
        for accumulator in accumulators:
            h = ((h ^ one_round(0, accumulator)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + len(data)) & MASK
    while end + 8 <= len(data):
        h ^= one_round(0, int.from_bytes(data[end : end + 8], "little"))
        h = (rotl(h, 27) * P1 + P4) & MASK
        end += 8
    if end + 4 <= len(data):
        h ^= int.from_bytes(data[end : end + 4], "little") * P1 & MASK
        h = (rotl(h, 23) * P2 + P3) & MASK
        end += 4
    for byte in data[end:]:
        h = rotl(h ^ (byte * P5 & MASK), 11) * P1 & MASK
    h = (h ^ (h >> 33)) * P2 & MASK
    h = (h ^ (h >> 29)) * P3 & MASK
    return h ^ (h >> 32)


def fnv1a(data):
    h = 0x811C9DC5
    for byte in data:
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h
