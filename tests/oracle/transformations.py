"""Transformations of losses or coordinates: NUMERICS.md, section 5."""

import numpy as np

f32 = np.float32


def none(x):
    return x


def ranks(x):
    if len(x) == 1:
        return np.zeros(1, f32)
    place = np.arange(len(x))
    below = x[None, :] < x[:, None]
    tied_before = (x[None, :] == x[:, None]) & (place[None, :] < place[:, None])
    r = np.count_nonzero(below | tied_before, axis=1)
    return r.astype(f32) / f32(len(x) - 1) - f32(0.5)


def norm(x):
    least, greatest = x.min(), x.max()
    width = greatest - least
    if not width > 0:
        return np.zeros(len(x), f32)
    return (x - least) / width - f32(0.5)


TRANSFORMATIONS = (none, ranks, norm)
