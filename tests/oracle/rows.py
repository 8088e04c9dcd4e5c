"""Rows of a basis: NUMERICS.md, section 3.

Rows are held as arrays [vector][direction][tile][lane], the layout in which the generators draw them and the sums of
section 4 take them. Elements after the end of a row are +0. Rows that are rotated are held as they are drawn, before the
rotation: whole tiles, which have no end.
"""

import numpy as np

import distributions
import words
from rotation import rotate

TILE = 4096
LANES = words.LANES
VECTORS = TILE // LANES

f32 = np.float32


def drawn(key, directions, tiles, distribution, vectors=VECTORS):
    """The first `vectors` vectors of these tiles, [vector][direction][tile][lane], before a rotation."""
    state = words.lane_seeds(key, directions, tiles)
    return distributions.elements(distribution, state, vectors)[:vectors]


def tiles(key, directions, tiles, distribution):
    """The elements of whole tiles, [vector][direction][tile][lane]."""
    vectors = drawn(key, directions, tiles, distribution)
    return rotate(vectors) if distribution.rotated else vectors


def shape_of(elements, whole=False):
    """Vectors per tile and tiles of a row. The vectors of a row of one tile end where the row ends, unless tiles are `whole`."""
    count = -(-elements // TILE)
    return (VECTORS if whole or count > 1 else -(-elements // LANES)), count


def cut(block, elements):
    """Writes +0 after the end of the rows of a block."""
    vectors, _, count, _ = block.shape
    place = (count - 1) * TILE + np.arange(vectors * LANES).reshape(vectors, 1, LANES)
    block[:, :, -1] = np.where(place < elements, block[:, :, -1], f32(0))
    return block


def rows(key, directions, elements, distribution):
    """Whole rows, [vector][direction][tile][lane]."""
    vectors, count = shape_of(elements, distribution.rotated)
    block = drawn(key, directions, range(count), distribution, vectors)
    return block if distribution.rotated else cut(block, elements)


def split(x, whole=False):
    """An array of one element per weight as [vector][tile][lane], with +0 after its end."""
    vectors, count = shape_of(len(x), whole)
    padded = np.zeros(count * vectors * LANES, f32)
    padded[: len(x)] = x
    return np.ascontiguousarray(padded.reshape(count, vectors, LANES).transpose(1, 0, 2))


def join(x, elements):
    """The reverse of `split`."""
    return x.transpose(1, 0, 2).reshape(-1)[:elements]
