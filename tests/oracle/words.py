"""Keys, seeds and generators: NUMERICS.md, section 2.

Scalars are Python integers kept below 2^32; many lanes at once are NumPy arrays of uint32, whose arithmetic is modulo 2^32.
"""

import numpy as np

MASK = 0xFFFFFFFF
GOLDEN = 0x9E3779B9
LANES = 16

BASES, INITIAL_WEIGHTS, SHUFFLES, VALIDATION_SPLIT, IMAGES, AUGMENTATION = 1, 2, 3, 4, 5, 6


def rotl(word, by):
    return ((word << by) | (word >> (32 - by))) & MASK


def fmix32(h):
    """The finaliser, of an integer or of an array of words."""
    h = h ^ (h >> 16)
    h = (h * 0x85EBCA6B) & MASK
    h = h ^ (h >> 13)
    h = (h * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def murmur3_x86_128(words, seed):
    """MurmurHash3 x86_128 of a whole number of blocks of four words."""
    c = (0x239B961B, 0xAB0E9789, 0x38B34AE5, 0xA1E38B93)
    steps = ((15, 19, 0x561CCD1B), (16, 17, 0x0BCAA747), (17, 15, 0x96CD1C35), (18, 13, 0x32AC3B17))
    h = [seed] * 4
    for block in range(0, len(words), 4):
        for j, (first, second, constant) in enumerate(steps):
            k = rotl(words[block + j] * c[j] & MASK, first) * c[(j + 1) % 4] & MASK
            h[j] = ((rotl(h[j] ^ k, second) + h[(j + 1) % 4]) * 5 + constant) & MASK

    def mix():
        h[0] = sum(h) & MASK
        for j in (1, 2, 3):
            h[j] = (h[j] + h[0]) & MASK

    h = [word ^ (4 * len(words)) for word in h]
    mix()
    h = [fmix32(word) for word in h]
    mix()
    return h


def key(domain, seed, redraw=0, worker=0, compartment=0):
    message = [seed & MASK, seed >> 32, redraw & MASK, redraw >> 32, worker, compartment, 0, 0]
    return murmur3_x86_128(message, domain)


def lane_seeds(key, directions, tiles):
    """The four words of state of every lane, each as an array [direction][tile][lane]; one key, or one for each direction."""
    key = np.asarray(key, np.uint32)
    directions = np.asarray(directions, np.uint32)
    tiles = np.asarray(tiles, np.uint32)[:, None]
    offsets = np.arange(1, LANES + 1, dtype=np.uint32) * np.uint32(GOLDEN)
    of_directions = [fmix32(key[..., j] ^ directions)[:, None, None] for j in range(4)]
    state = [fmix32(fmix32(of_direction ^ tiles) + offsets) for of_direction in of_directions]
    state[0] = state[0] | np.uint32(1)
    return state


def draw(state, count):
    """The first `count` words of every lane, as an array [word][direction][tile][lane]."""
    x, y, z, w = state
    words = np.empty((count,) + w.shape, np.uint32)
    for q in range(count):
        t = x ^ (x << 11)
        x, y, z = y, z, w
        w = w ^ (w >> 19) ^ t ^ (t >> 8)
        words[q] = w
    return words


class Generator:
    """A single generator: lane 0 of tile 0 of direction `index`."""

    def __init__(self, key, index):
        self.state = [fmix32((fmix32(fmix32(k ^ index) ^ 0) + GOLDEN) & MASK) for k in key]
        self.state[0] |= 1

    def word(self):
        x, y, z, w = self.state
        t = (x ^ (x << 11)) & MASK
        new = w ^ (w >> 19) ^ t ^ (t >> 8)
        self.state = [y, z, w, new]
        return new

    def below(self, n):
        return (self.word() * n) >> 32
