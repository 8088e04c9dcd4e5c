"""Which directions count: NUMERICS.md, section 9.3, "Select" and "Keep directions"."""

import math

import numpy as np

from options import ALL, COUNT, LOW
from transformations import TRANSFORMATIONS

f32 = np.float32


def places(c):
    """m_i: how many directions come before i, the greatest coordinates first."""
    m = np.empty(len(c), np.int64)
    m[np.argsort(-np.abs(c), kind="stable")] = np.arange(len(c))
    return m


def floor_of(fraction, d_k):
    return math.floor(fraction * f32(d_k))


def top(c, options):
    """Whether each direction is kept."""
    if options.top == ALL:
        return np.ones(len(c), bool)
    if options.top == COUNT:
        return places(c) < options.top_size
    x = options.top_size
    q = max(1, floor_of(abs(x), len(c)))
    return places(c) < q if x > 0 else places(c) >= len(c) - q


def select(c, options):
    """f, from the coordinates of a compartment."""
    return np.where(top(c, options), TRANSFORMATIONS[options.transformation](c), f32(0))


def drawn_anew(c, options):
    """Whether each direction is drawn anew after the step, where others are kept."""
    q = floor_of(options.keep_fraction, len(c))
    return places(c) >= len(c) - q if options.keep == LOW else places(c) < q
