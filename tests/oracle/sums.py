"""Sums over weights: NUMERICS.md, section 4.

Rows are [vector][direction][tile][lane] with +0 after their end. A chain starts at +0 and so never becomes -0; adding the
product of such a +0 leaves it as it is.
"""

import numpy as np

BLOCK = 16

f32 = np.float32


def chain(terms):
    """s = +0; s = s + term; and so on, over the first axis."""
    terms = iter(terms)
    s = f32(0) + next(terms)
    for term in terms:
        s = s + term
    return s


def row_sums(terms, shape):
    """The sum over each row of `terms`, one array [direction][tile][lane] per vector."""
    parity = [np.zeros(shape, f32), np.zeros(shape, f32)]
    for v, term in enumerate(terms):
        parity[v % 2] += term
    s = parity[0] + parity[1]
    for width in (8, 4, 2, 1):
        s = s[..., :width] + s[..., width : 2 * width]
    tile_sums = s[..., 0]
    return chain(tile_sums[:, t] for t in range(tile_sums.shape[1]))


def inner_products(phi, g):
    """<phi_i, g> of every row; g is [vector][tile][lane]."""
    return row_sums((p * x for p, x in zip(phi, g)), phi.shape[1:])


def squared_norms(phi):
    return row_sums((p * p for p in phi), phi.shape[1:])


def weighted_block(a, phi):
    """The chain of a_i * phi_i over one block of directions, for each element on its own."""
    assert len(a) <= BLOCK
    return chain(a[i] * phi[:, i] for i in range(len(a)))
