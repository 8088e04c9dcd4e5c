"""The rotation of tiles: NUMERICS.md, section 3, hadamard-normal. The first axis is the 256 vectors; all others are lanes."""

import numpy as np

from bits import constant

DISTANCES = [1 << stage for stage in range(8)]
SCALE = constant(0x2FE26937)

f32 = np.float32


def rotate(x):
    """The rotated tiles, as an array of its own."""
    turned, spare = np.empty(x.shape, f32), np.empty(x.shape, f32)
    for distance in DISTANCES:
        before, after = (vectors.reshape((-1, 2, distance) + x.shape[1:]) for vectors in (x, turned))
        np.add(before[:, 0], before[:, 1], out=after[:, 0])
        np.subtract(before[:, 0], before[:, 1], out=after[:, 1])
        x, turned, spare = turned, spare, turned
    return np.multiply(x, SCALE, out=x)
