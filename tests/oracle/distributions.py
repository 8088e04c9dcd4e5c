"""Elements of rows from words: NUMERICS.md, section 3.

Each distribution takes the state of the lanes and gives at least `vectors` vectors, [vector][direction][tile][lane]. Those of
hadamard-normal are not rotated yet.
"""

from typing import NamedTuple

import numpy as np

import words
from bits import constant, int_to_float, polynomial
from sums import parts

NORMAL, UNIFORM, RADEMACHER, BERNOULLI, LOGNORMAL, ZEROS, HADAMARD_NORMAL = range(7)

f32 = np.float32


class Distribution(NamedTuple):
    kind: int
    threshold: int = 0  # the T of bernoulli

    @property
    def rotated(self):
        return self.kind == HADAMARD_NORMAL


L = [constant(b) for b in (0xBFFFFFFF, 0x3F80003D, 0xBF2AACEE, 0x3EFFB11E, 0xBECBC717, 0x3EB0A604, 0xBEA61E87, 0x3E4EFD40)]
Q = [constant(b) for b in (0x40490FAE, 0xC0A5593C, 0x4022AE79, 0xBF0DFCA3)]
C = constant(0x3FB17218)
ROOT_HALF = np.uint32(0x3F3504F3)
SIGN = np.uint32(0x80000000)

PER_LN_2, ROUND = constant(0x3FB8AA3B), constant(0x4B400000)
LN_2_HIGH, LN_2_LOW = constant(0x3F317200), constant(0x35BFBE8E)
E = [f32(1), f32(1)] + [constant(b) for b in (0x3EFFFFFE, 0x3E2AAA49, 0x3D2AAC79, 0x3C091D10, 0x3AB511E7)]
M = constant(0x3FD3094C)


def draw_for(state, vectors, per_word):
    """As many words as `vectors` vectors need, `per_word` vectors taking one word."""
    return words.draw(state, -(-vectors // per_word))


def vectors_of(pairs):
    """[pair][2][direction][tile][lane] as vectors."""
    return pairs.reshape((-1,) + pairs.shape[2:])


def rademacher(state, vectors):
    drawn = draw_for(state, vectors, per_word=32)
    shifts = np.arange(32, dtype=np.uint32)[:, None, None, None]
    bits = (drawn[:, None] >> shifts) & np.uint32(1)
    return vectors_of(np.where(bits == 0, f32(1), f32(-1)))


def signed_halves(drawn):
    """The upper and the lower half of each word, [pair][2][direction][tile][lane]."""
    return np.stack([drawn.view(np.int32), (drawn << 16).view(np.int32)], axis=1) >> 16


def uniform(state, vectors):
    drawn = draw_for(state, vectors, per_word=2)
    return vectors_of(signed_halves(drawn).astype(f32) * f32(2.0**-15))


def bernoulli(state, vectors, threshold):
    drawn = draw_for(state, vectors, per_word=2)
    h = np.stack([drawn >> 16, drawn & np.uint32(0xFFFF)], axis=1)
    p = f32(threshold) / f32(65536)
    return vectors_of(np.where(h < threshold, f32(2) * (f32(1) - p), f32(-2) * p))


def sine(x):
    """S(x), about sin(pi x)."""
    return x * polynomial(Q, x * x)


def box_muller(word_a, word_b, first, second):
    """Vectors 2p and 2p + 1, written to `first` and `second`."""
    n = (word_a >> 1) | np.uint32(1)
    u = int_to_float(n).view(np.uint32) - ROOT_HALF
    e = (31 - (u.view(np.int32) >> 23)).astype(f32)
    f = ((u & np.uint32(0x007FFFFF)) + ROOT_HALF).view(f32) - f32(1)
    r = np.sqrt(f * polynomial(L, f) + C * e)
    a = int_to_float(word_b) * f32(2.0**-31)
    c = f32(0.5) - np.abs(a)
    s = f32(0.5) - np.abs(c)
    signed_sine = (sine(s).view(np.uint32) ^ (a.view(np.uint32) & SIGN)).view(f32)
    np.multiply(r, sine(c), out=first)
    np.multiply(r, signed_sine, out=second)


def normal(state, vectors):
    drawn = draw_for(state, vectors + vectors % 2, per_word=1)
    out = np.empty(drawn.shape, f32)
    for part in parts(drawn[0::2]):
        box_muller(drawn[0::2][part], drawn[1::2][part], out[0::2][part], out[1::2][part])
    return out


def lognormal(state, vectors):
    out = normal(state, vectors)
    for part in parts(out):
        n = out[part]
        t = n * PER_LN_2 + ROUND
        k = t - ROUND
        f = (n - k * LN_2_HIGH) - k * LN_2_LOW
        power = polynomial(E, f).view(np.uint32) + (t.view(np.uint32) << 23)
        out[part] = power.view(f32) - M
    return out


def zeros(state, vectors):
    return np.zeros((vectors,) + state[0].shape, f32)


def hadamard_normal(state, vectors):
    drawn = draw_for(state, vectors, per_word=2)
    out = np.empty((len(drawn), 2) + drawn.shape[1:], f32)
    for part in parts(drawn):
        u = signed_halves(drawn[part]) | 1
        p = (((u * u) >> 16) * 32762 >> 16) + 2816
        x = ((u * p) >> 16) | 1
        out[part] = x * 65536
    return vectors_of(out)


PLAIN = {
    NORMAL: normal,
    UNIFORM: uniform,
    RADEMACHER: rademacher,
    LOGNORMAL: lognormal,
    ZEROS: zeros,
    HADAMARD_NORMAL: hadamard_normal,
}


def elements(distribution, state, vectors):
    if distribution.kind == BERNOULLI:
        return bernoulli(state, vectors, distribution.threshold)
    return PLAIN[distribution.kind](state, vectors)
