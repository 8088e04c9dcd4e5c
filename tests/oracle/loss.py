"""Softmax and cross-entropy, the mean loss, and the rank of the label: NUMERICS.md, section 6."""

import numpy as np

import functions
from sums import chain

f32 = np.float32


def softmax_cross_entropy(z, labels):
    """The mean loss, and delta."""
    batch, classes = z.shape
    share = f32(1) / f32(batch)
    everyone = np.arange(batch)
    m = z[:, 0]
    for j in range(1, classes):
        m = np.where(z[:, j] > m, z[:, j], m)
    shifted = z - m[:, None]
    e = functions.exp(shifted)
    s = chain(e[:, j] for j in range(classes))
    losses = functions.ln(s) - shifted[everyone, labels]
    y = np.zeros(z.shape, f32)
    y[everyone, labels] = f32(1)
    delta = (e / s[:, None] - y) * share
    return chain(losses) * share, delta


def right(z, labels):
    """How many images have their label at rank 0."""
    of_label = z[np.arange(len(z)), labels][:, None]
    before = np.arange(z.shape[1]) < labels[:, None]
    rank = np.count_nonzero((z > of_label) | ((z == of_label) & before), axis=1)
    return int(np.count_nonzero(rank == 0))
