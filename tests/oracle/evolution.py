"""Methods that compare the losses of offspring, or along lines: NUMERICS.md, section 9."""

import numpy as np

from basis import FALSE, divide
from descent import Method, Outcome, Seen
from sums import chain
from transformations import TRANSFORMATIONS

f32 = np.float32


class Evolution(Method):
    def step(self, t, rate, rate_sgd=None, scheduled=False):
        basis = self.basis(t)
        offspring = (self.theta + self.run.sigma * phi for phi in basis.directions())
        seen = [self.model.loss(theta, *batch) for theta, batch in zip(offspring, self.mini_batches(t))]
        losses = np.array([loss for loss, _ in seen], f32)
        f = TRANSFORMATIONS[self.run.transformation](losses)
        self.theta = basis.lift(self.theta, f, self.scale(rate))
        return Outcome(chain(losses) * (f32(1) / f32(self.run.dimensions)), sum(right for _, right in seen), f)


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


class Landscape(Method):
    """Of the points along a line only the middle and its neighbours move the weights, so that only they are computed."""

    def step(self, t, rate, rate_sgd=None, scheduled=False):
        basis, batch, h = self.basis(t), self.batches.batch(t), self.run.binsize
        above, below = [], []
        for i, phi in enumerate(basis.directions()):
            if i == 0:
                middle = Seen(self.model, self.theta + f32(0) * phi, *batch)
            above.append(self.model.loss(self.theta + h * phi, *batch)[0])
            below.append(self.model.loss(self.theta + (-h) * phi, *batch)[0])
        above, below = np.array(above, f32), np.array(below, f32)
        c = divide((above - below) / (f32(2) * h), basis.norms)
        if self.run.curvature:
            q = np.abs((above - middle.loss) + (below - middle.loss))
            mean = chain(q) * (f32(1) / f32(self.run.dimensions))
            if mean > 0:
                bent = q > mean
                c = np.where(bent, c / np.where(bent, q / mean, f32(1)), c)
        self.theta = basis.lift(self.theta, c, -rate)
        return Outcome(middle.loss, middle.right, c, middle.tensors)
