"""`bits`, `float` and `int_to_float`: NUMERICS.md, section 1. Also Horner's rule, in which section 3 writes polynomials."""

import numpy as np

f32 = np.float32


def constant(bits):
    """The f32 with these bits."""
    return np.uint32(bits).view(f32)


def int_to_float(word):
    return word.view(np.int32).astype(f32)


def polynomial(coefficients, x):
    """Horner's rule, innermost first: p = p * x + coefficient."""
    p = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        p = p * x + coefficient
    return p
