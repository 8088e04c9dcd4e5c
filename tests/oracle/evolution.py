"""Methods that compare the losses of offspring: NUMERICS.md, section 9."""

import numpy as np

from basis import FALSE
from descent import Method
from sums import chain
from transformations import TRANSFORMATIONS

f32 = np.float32


class Evolution(Method):
    def step(self, t, rate):
        basis = self.basis(t)
        offspring = (self.theta + self.run.sigma * phi for phi in basis.directions())
        losses = np.array([self.model.loss(theta, *batch) for theta, batch in zip(offspring, self.mini_batches(t))], f32)
        f = TRANSFORMATIONS[self.run.transformation](losses)
        self.theta = basis.lift(self.theta, f, self.scale(rate))
        return chain(losses) * (f32(1) / f32(self.run.dimensions)), f, {}


class Nes(Evolution):
    def mini_batches(self, t):
        d = self.run.dimensions
        return (self.batches.batch(t * d + i) for i in range(d))

    def scale(self, rate):
        if self.run.normalisation == FALSE:
            return -(rate / self.run.sigma)
        return -(rate / (self.run.sigma * f32(self.run.dimensions)))


class Hybrid(Evolution):
    def mini_batches(self, t):
        return [self.batches.batch(t)] * self.run.dimensions

    def scale(self, rate):
        return -rate
