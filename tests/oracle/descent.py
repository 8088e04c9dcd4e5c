"""Projection, lift and the three methods: NUMERICS.md, sections 5 and 9."""

import numpy as np

import rows
import sums
import words

f32 = np.float32

SGD, RBD, FPD = 0, 1, 2
FALSE, TRUE, NUMBER, AUTO = 0, 1, 2, 3


def divide(x, norm):
    """x / norm, and +0 where the norm is not positive."""
    positive = norm > 0
    return np.where(positive, x / np.where(positive, norm, f32(1)), f32(0))


class Basis:
    """d rows of `elements` elements, in blocks of 16 directions."""

    def __init__(self, key, dimensions, elements, distribution, normalisation, number):
        self.elements = elements
        self.blocks = [
            rows.rows(key, range(start, min(start + sums.BLOCK, dimensions)), elements, distribution)
            for start in range(0, dimensions, sums.BLOCK)
        ]
        if normalisation == TRUE:
            self.norms = np.sqrt(np.concatenate([sums.squared_norms(phi) for phi in self.blocks]))
        else:
            norm = {FALSE: f32(1), NUMBER: f32(number), AUTO: np.sqrt(f32(elements))}[normalisation]
            self.norms = np.full(dimensions, norm, f32)
        self.divisors = np.full(dimensions, f32(dimensions)) if normalisation == FALSE else self.norms

    def coordinates(self, gradient):
        g = rows.split(gradient)
        return divide(np.concatenate([sums.inner_products(phi, g) for phi in self.blocks]), self.norms)

    def lift(self, theta, z, scale):
        a = divide(z, self.divisors)
        starts = range(0, len(a), sums.BLOCK)
        total = sums.chain(
            sums.weighted_block(a[start : start + sums.BLOCK], phi) for start, phi in zip(starts, self.blocks)
        )
        return theta + scale * rows.join(total, self.elements)


class Descent:
    """The weights of a run, moved step by step."""

    def __init__(self, run, initial):
        self.run = run
        self.initial = initial
        self.theta = initial
        self.z = np.zeros(run.dimensions, f32)
        self.fixed = None

    def basis(self, redraw):
        run = self.run
        key = words.key(words.BASES, run.seed, redraw)
        return Basis(key, run.dimensions, len(self.initial), run.distribution, run.normalisation, run.number)

    def step(self, t, rate, gradient):
        """Moves the weights and gives the coordinates of the step."""
        if self.run.method == SGD:
            self.theta = self.theta + (-rate) * gradient
            return np.zeros(0, f32)
        if self.run.method == RBD:
            basis = self.basis(t)
            c = basis.coordinates(gradient)
            self.theta = basis.lift(self.theta, c, -rate)
            return c
        if self.fixed is None:
            self.fixed = self.basis(0)
        c = self.fixed.coordinates(gradient)
        self.z = self.z - rate * c
        self.theta = self.fixed.lift(self.initial, self.z, f32(1))
        return c
