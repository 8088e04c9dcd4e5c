"""Sums over weights: NUMERICS.md, section 4.

Rows are [vector][direction][tile][lane] with zeros after their end. A chain starts at +0 and so never becomes -0; adding
the product of such a zero leaves it as it is. For the same reason the +0 of a term that does not exist need not be added.
"""

import numpy as np

BLOCK = 16
CACHED = 16384

f32 = np.float32


def chain(terms):
    """s = +0; s = s + term; and so on, over the first axis."""
    terms = iter(terms)
    s = f32(0) + next(terms)
    for term in terms:
        s += term
    return s


def pairs(terms):
    """x_0 + x_1, x_2 + x_3, and so on, a last one alone as it is. The terms are arrays of their own, and are written to."""
    terms = iter(terms)
    for x in terms:
        y = next(terms, None)
        if y is not None:
            x += y
        yield x


def chain_of_fours(terms):
    return chain(pairs(pairs(terms)))


def parts(vectors):
    """Slices of the first axis, so small that what is computed of one part stays in a fast memory."""
    step = max(1, CACHED * len(vectors) // max(1, vectors.size))
    return [slice(start, start + step) for start in range(0, len(vectors), step)]


def row_sums(terms):
    """The sum over each row of `terms`, one array [direction][tile][lane] per vector."""
    s = chain_of_fours(terms)
    for width in (8, 4, 2, 1):
        s = s[..., :width] + s[..., width : 2 * width]
    tile_sums = s[..., 0]
    return chain(tile_sums[:, t] for t in range(tile_sums.shape[1]))


def inner_products(phi, g):
    """<phi_i, g> of every row; g is [vector][tile][lane]."""
    return row_sums(p * x for p, x in zip(phi, g))


def squared_norms(phi):
    return row_sums(p * p for p in phi)


def weighted_sum(a, blocks):
    """The weighted sum of rows, which come in blocks of BLOCK directions (the last may be shorter)."""
    return chain(weighted_block(a[i * BLOCK : (i + 1) * BLOCK], phi) for i, phi in enumerate(blocks))


def weighted_block(a, phi):
    """The chain of the fours of a_i * phi_i over one block of directions, for each element on its own."""
    assert len(a) == phi.shape[1] <= BLOCK
    return np.concatenate([chain_of_fours(a[i] * phi[part, i] for i in range(len(a))) for part in parts(phi[:, 0])])
