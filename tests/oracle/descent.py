"""Methods that follow the gradient: NUMERICS.md, section 9. Those that compare offspring are in `evolution.py`.

The `step` of a method moves its weights `theta`, and gives the loss, the coordinates and the tensors that a record holds.
"""

import numpy as np

import words
from basis import Basis, StoredRows

f32 = np.float32


class Method:
    def __init__(self, run, model, batches):
        self.run, self.model, self.batches = run, model, batches
        self.theta = model.initial_weights(run.seed)

    def basis(self, redraw):
        return Basis(words.key(words.BASES, self.run.seed, redraw), self.run, self.model.elements)


class Descent(Method):
    def step(self, t, rate):
        x, labels = self.batches.batch(t)
        loss, gradient, logits = self.model.loss_and_gradient(self.theta, x, labels)
        coordinates = self.move(t, rate, gradient)
        return loss, coordinates, {"input": x.reshape(-1), "logits": logits.reshape(-1), "gradient": gradient}


class Sgd(Descent):
    def move(self, t, rate, gradient):
        self.theta = self.theta + (-rate) * gradient
        return np.zeros(0, f32)


class Rbd(Descent):
    def move(self, t, rate, gradient):
        basis = self.basis(t)
        c = basis.coordinates(gradient)
        self.theta = basis.lift(self.theta, c, -rate)
        return c


class Fpd(Descent):
    def __init__(self, run, model, batches):
        super().__init__(run, model, batches)
        self.initial = self.theta
        self.fixed = self.basis(0)
        self.z = np.zeros(run.dimensions, f32)

    def move(self, t, rate, gradient):
        c = self.fixed.coordinates(gradient)
        self.z = self.z - rate * c
        self.theta = self.fixed.lift(self.initial, self.z, f32(1))
        return c


class GradientBases(Descent):
    def __init__(self, run, model, batches):
        super().__init__(run, model, batches)
        self.rows = StoredRows(run.dimensions, model.elements)

    def move(self, t, rate, gradient):
        d, k = self.run.dimensions, t % self.run.dimensions
        if not self.run.offset:
            self.rows.store(k, gradient)
        c = self.rows.coordinates(gradient)
        delta = self.rows.combine(c)
        self.theta = self.theta + (-rate) * delta
        if self.run.use_update_as_base and (t >= d or not self.run.offset):
            self.rows.store(k, delta)
        elif self.run.offset:
            self.rows.store(k, gradient)
        return c
