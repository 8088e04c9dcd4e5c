"""XXH64, the digest of weights and data: NUMERICS.md, section 10; FNV-1a, the checksum of section 8.

The page names XXH64 and does not spell it out; this is the published algorithm, with seed 0.
"""

import struct

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotl(x, by):
    return ((x << by) | (x >> (64 - by))) & MASK


def one_round(accumulator, word):
    return rotl((accumulator + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    end = len(data) // 32 * 32
    if end:
        a, b, c, d = (P1 + P2) & MASK, P2, 0, -P1 & MASK
        words = struct.unpack(f"<{end // 8}Q", data[:end])
        for i in range(0, len(words), 4):
            a = one_round(a, words[i])
            b = one_round(b, words[i + 1])
            c = one_round(c, words[i + 2])
            d = one_round(d, words[i + 3])
        h = (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) & MASK
        for accumulator in (a, b, c, d):
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
