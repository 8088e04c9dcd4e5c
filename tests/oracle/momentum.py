"""How an update s, or a gradient, moves the weights: NUMERICS.md, section 9.3, "Momentum" and "SGD step"."""

import numpy as np

f32 = np.float32


class Momentum:
    def __init__(self, options, elements):
        self.m, self.nesterov = options.momentum, options.nesterov
        self.v = np.zeros(elements, f32) if self.m != 0 else None

    def move(self, theta, s):
        if self.m == 0:
            return theta + s
        self.v = self.m * self.v + s
        return theta + (self.m * self.v + s if self.nesterov else self.v)

    def descend(self, theta, rate, gradient):
        """A step of SGD."""
        s = (-rate) * gradient
        return theta + s if self.m == 0 else self.move(theta, f32(0) + s)
