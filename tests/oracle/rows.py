"""Rows of a basis: NUMERICS.md, section 3 (and `bits`, `float` and `int_to_float` of section 1).

Rows are held as arrays [vector][direction][tile][lane], the layout in which the generators draw them and the sums of
section 4 take them. Elements after the end of a row are +0.
"""

import numpy as np

import words

TILE = 4096
LANES = words.LANES
NORMAL, UNIFORM, RADEMACHER = 0, 1, 2

f32 = np.float32


def constant(bits):
    """The f32 with these bits."""
    return np.uint32(bits).view(f32)


L = [constant(b) for b in (0xBFFFFFFF, 0x3F80003D, 0xBF2AACEE, 0x3EFFB11E, 0xBECBC717, 0x3EB0A604, 0xBEA61E87, 0x3E4EFD40)]
Q = [constant(b) for b in (0x40490FAE, 0xC0A5593C, 0x4022AE79, 0xBF0DFCA3)]
C = constant(0x3FB17218)
ROOT_HALF = np.uint32(0x3F3504F3)
SIGN = np.uint32(0x80000000)


def int_to_float(word):
    return word.view(np.int32).astype(f32)


def polynomial(coefficients, x):
    """Horner's rule, innermost first: p = p * x + coefficient."""
    p = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        p = p * x + coefficient
    return p


def sine(x):
    """S(x), about sin(pi x)."""
    return x * polynomial(Q, x * x)


def rademacher(state, vectors):
    drawn = draw_for(state, vectors, per_word=32)
    shifts = np.arange(32, dtype=np.uint32)[:, None, None, None]
    bits = (drawn[:, None] >> shifts) & np.uint32(1)
    return np.where(bits == 0, f32(1), f32(-1)).reshape((-1,) + drawn.shape[1:])


def uniform(state, vectors):
    drawn = draw_for(state, vectors, per_word=2)
    signed = drawn.view(np.int32)
    low = (drawn << 16).view(np.int32)
    both = np.stack([signed >> 16, low >> 16], axis=1).astype(f32) * f32(2.0**-15)
    return both.reshape((-1,) + drawn.shape[1:])


def normal(state, vectors):
    drawn = draw_for(state, vectors + vectors % 2, per_word=1)
    word_a, word_b = drawn[0::2], drawn[1::2]
    n = (word_a >> 1) | np.uint32(1)
    u = int_to_float(n).view(np.uint32) - ROOT_HALF
    e = (31 - (u.view(np.int32) >> 23)).astype(f32)
    f = ((u & np.uint32(0x007FFFFF)) + ROOT_HALF).view(f32) - f32(1)
    r = np.sqrt(f * polynomial(L, f) + C * e)
    a = int_to_float(word_b) * f32(2.0**-31)
    c = f32(0.5) - np.abs(a)
    s = f32(0.5) - np.abs(c)
    signed_sine = (sine(s).view(np.uint32) ^ (a.view(np.uint32) & SIGN)).view(f32)
    out = np.empty(drawn.shape, f32)
    np.multiply(r, sine(c), out=out[0::2])
    np.multiply(r, signed_sine, out=out[1::2])
    return out


def draw_for(state, vectors, per_word):
    """As many words as `vectors` vectors need, `per_word` vectors taking one word."""
    return words.draw(state, -(-vectors // per_word))


DISTRIBUTIONS = {NORMAL: normal, UNIFORM: uniform, RADEMACHER: rademacher}


def tiles(key, directions, tiles, distribution, vectors=TILE // LANES):
    """The first `vectors` vectors of these tiles, [vector][direction][tile][lane]."""
    state = words.lane_seeds(key, directions, tiles)
    return DISTRIBUTIONS[distribution](state, vectors)[:vectors]


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
    return padded.reshape(count, vectors, LANES).transpose(1, 0, 2)


def join(x, elements):
    """The reverse of `split`."""
    return x.transpose(1, 0, 2).reshape(-1)[:elements]
