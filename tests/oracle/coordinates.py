"""How long coordinates last: NUMERICS.md, section 9.3, "Lift".

The coordinates of a step are a list of arrays, one for each basis. `move` gives the array `onto` (the weights, or s) after the
step; `lift(onto, z, scale)` lifts the coordinates of each basis, one after the other.
"""

import numpy as np

from options import NEVER

f32 = np.float32


class Fresh:
    def move(self, t, r, f, onto, lift):
        return lift(onto, f, -r)


class Lasting:
    def restart(self, f):
        self.z = [np.zeros(len(f_k), f32) for f_k in f]

    def descend(self, r, f):
        self.z = [z - r * f_k for z, f_k in zip(self.z, f)]


class Kept(Lasting):
    def __init__(self, reset):
        self.reset = reset

    def move(self, t, r, f, theta, lift):
        if t == 0 or (self.reset != NEVER and t % self.reset == 0):
            self.restart(f)
            self.anchor = theta
        self.descend(r, f)
        return lift(self.anchor, self.z, f32(1))


class Accumulated(Lasting):
    def __init__(self, steps):
        self.steps = steps

    def move(self, t, r, f, theta, lift):
        if t % self.steps == 0:
            self.restart(f)
        self.descend(r, f)
        return lift(theta, self.z, f32(1)) if (t + 1) % self.steps == 0 else theta


def coordinates(options):
    if options.kept_coordinates:
        return Kept(options.reset)
    return Accumulated(options.accumulate) if options.accumulate > 1 else Fresh()
