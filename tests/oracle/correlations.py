"""How an update agrees with the gradient: NUMERICS.md, section 9.3, "Correlations"."""

import numpy as np

import rows
import sums

f32 = np.float32


def inner_product(x, y):
    return sums.inner_products(rows.split(x)[:, None], rows.split(y))[0]


def cosine(a, b, q):
    divisor = np.sqrt(b) * np.sqrt(q)
    return (f32(0) - a) / divisor if divisor > 0 else f32(0)


class Correlations:
    """Of the tensors of the space, which lie at `places`."""

    def __init__(self, s, g, places):
        pairs = [(s[place], g[place]) for place in places]
        a = [inner_product(s_t, g_t) for s_t, g_t in pairs]
        b = [inner_product(s_t, s_t) for s_t, _ in pairs]
        q = [inner_product(g_t, g_t) for _, g_t in pairs]
        self.each = [cosine(*of_tensor) for of_tensor in zip(a, b, q)]
        self.all = cosine(sums.chain(a), sums.chain(b), sums.chain(q))

    def factors(self, surgeon, multiplier):
        """Of each tensor; `surgeon` is a threshold or None."""
        common = f32(1)
        if multiplier:
            common = self.all if self.all > 0 else f32(0)
        return [f32(0 if surgeon is not None and cos < surgeon else 1) * common for cos in self.each]
