"""Rows of a basis: NUMERICS.md, section 3.

Rows are held as arrays [vector][direction][tile][lane], the layout in which the generators draw them and the sums of
section 4 take them. Elements after the end of a row are +0.
"""

import numpy as np

import distributions
import words

TILE = 4096
LANES = words.LANES

f32 = np.float32


def tiles(key, directions, tiles, distribution, vectors=TILE // LANES):
    """The first `vectors` vectors of these tiles, [vector][direction][tile][lane]."""
    state = words.lane_seeds(key, directions, tiles)
    return distributions.elements(distribution, state, vectors)[:vectors]


def shape_of(elements):
    """Vectors per tile and tiles of a row. The vectors of a row of one tile end where the row ends."""
    count = -(-elements // TILE)
    return (TILE // LANES if count > 1 else -(-elements // LANES)), count


def rows(key, directions, elements, distribution):
    """Whole rows, [vector][direction][tile][lane]."""
    vectors, count = shape_of(elements)
    block = tiles(key, directions, range(count), distribution, vectors)
    place = (count - 1) * TILE + np.arange(vectors * LANES).reshape(vectors, 1, LANES)
    block[:, :, -1] = np.where(place < elements, block[:, :, -1], f32(0))
    return block


def split(x):
    """An array of one element per weight as [vector][tile][lane], with +0 after its end."""
    vectors, count = shape_of(len(x))
    padded = np.zeros(count * vectors * LANES, f32)
    padded[: len(x)] = x
    return np.ascontiguousarray(padded.reshape(count, vectors, LANES).transpose(1, 0, 2))


def join(x, elements):
    """The reverse of `split`."""
    return x.transpose(1, 0, 2).reshape(-1)[:elements]
