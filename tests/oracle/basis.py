"""Projection and lift, and stored rows: NUMERICS.md, section 5.

Rows are held in blocks of 16 directions, each [vector][direction][tile][lane], rotated ones before their rotation.
"""

import numpy as np

import rows
import sums
from rotation import rotate

f32 = np.float32

FALSE, TRUE, NUMBER, AUTO = range(4)


def divide(x, norm):
    """x / norm, and +0 where the norm is not positive."""
    positive = norm > 0
    return np.where(positive, x / np.where(positive, norm, f32(1)), f32(0))


def blocks(dimensions):
    """The directions of each block."""
    return [range(start, min(start + sums.BLOCK, dimensions)) for start in range(0, dimensions, sums.BLOCK)]


def inner_products(rows_of_blocks, g):
    """<phi_i, g> of every row; g is [vector][tile][lane]."""
    return np.concatenate([sums.inner_products(phi, g) for phi in rows_of_blocks])


def mirrored(phi, count):
    """`count` directions from half as many rows: every row, and the row with all signs flipped."""
    both = np.repeat(phi, 2, axis=1)[:, :count]
    np.negative(both[:, 1::2], out=both[:, 1::2])
    return both


class Basis:
    """`dimensions` directions of `elements` elements, all from one key, or each from its own (without antithetic sampling)."""

    def __init__(self, key, run, dimensions, elements):
        self.elements = elements
        self.rotated = run.distribution.rotated
        key = np.asarray(key, np.uint32)
        self.blocks = [self.draw(key, run, directions) for directions in blocks(dimensions)]
        if run.normalisation == TRUE:
            self.norms = np.sqrt(np.concatenate([self.squared_norms(phi) for phi in self.blocks]))
        else:
            norm = {FALSE: f32(1), NUMBER: f32(run.number), AUTO: np.sqrt(f32(elements))}[run.normalisation]
            self.norms = np.full(dimensions, norm, f32)
        self.divisors = np.full(dimensions, f32(dimensions)) if run.normalisation == FALSE else self.norms

    def draw(self, key, run, directions):
        if not run.antithetic:
            of_directions = key if key.ndim == 1 else key[directions.start : directions.stop]
            return rows.rows(of_directions, directions, self.elements, run.distribution)
        of_rows = range(directions.start // 2, (directions.stop + 1) // 2)
        return mirrored(rows.rows(key, of_rows, self.elements, run.distribution), len(directions))

    def rotate(self, tiles):
        """What the rotation makes of tiles, if rows are rotated."""
        return rotate(tiles) if self.rotated else tiles

    def squared_norms(self, phi):
        """Of the elements of a block."""
        if not self.rotated:
            return sums.squared_norms(phi)
        elements = np.empty(phi.shape, f32)
        for i in range(phi.shape[1]):
            elements[:, i] = rotate(phi[:, i])
        return sums.squared_norms(rows.cut(elements, self.elements))

    def directions(self):
        """The elements of every direction, as drawn."""
        for phi in self.blocks:
            for i in range(phi.shape[1]):
                yield rows.join(self.rotate(phi[:, i]), self.elements)

    def coordinates(self, gradient):
        g = self.rotate(rows.split(gradient, whole=self.rotated))
        return divide(inner_products(self.blocks, g), self.norms)

    def lift(self, theta, z, scale):
        total = self.rotate(sums.weighted_sum(divide(z, self.divisors), self.blocks))
        return theta + scale * rows.join(total, self.elements)


class StoredRows:
    """d rows that are kept, zeros at first."""

    def __init__(self, dimensions, elements):
        self.elements = elements
        vectors, tiles = rows.shape_of(elements)
        self.blocks = [np.zeros((vectors, len(b), tiles, rows.LANES), f32) for b in blocks(dimensions)]

    def store(self, k, x):
        split = rows.split(x)
        square = sums.squared_norms(split[:, None])
        self.blocks[k // sums.BLOCK][:, k % sums.BLOCK] = divide(split, square)

    def coordinates(self, gradient):
        return inner_products(self.blocks, rows.split(gradient))

    def combine(self, a):
        """The weighted sum of the rows."""
        return rows.join(sums.weighted_sum(a, self.blocks), self.elements)
