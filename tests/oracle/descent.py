"""What methods have in common, SGD and gradient bases: NUMERICS.md, section 9. RBD and FPD are in `rbd.py`, methods that
compare losses in `evolution.py`.

The `step` of a method moves its weights `theta`, and gives what a record holds of it. The rate of SGD layers and SGD steps,
and whether a schedule asks for an SGD step, concern RBD alone.
"""

from dataclasses import dataclass, field

import numpy as np

import words
from basis import Basis, StoredRows
from momentum import Momentum

f32 = np.float32


@dataclass
class Share:
    loss: np.float32
    right: int
    coordinates: np.ndarray


@dataclass
class Outcome:
    loss: np.float32
    right: int
    coordinates: np.ndarray
    tensors: dict = field(default_factory=dict)
    shares: list = field(default_factory=list)  # of several workers
    factors: np.ndarray = field(default_factory=lambda: np.zeros(0, f32))
    sgd_step: bool = False


class Method:
    def __init__(self, run, model, batches):
        self.run, self.model, self.batches = run, model, batches
        self.theta = model.initial_weights(run.seed)

    def basis(self, redraw):
        return Basis(words.key(words.BASES, self.run.seed, redraw), self.run, self.run.dimensions, self.model.elements)


class Seen:
    """What a mini-batch shows at the weights theta."""

    def __init__(self, model, theta, x, labels):
        self.loss, self.right, self.gradient, logits = model.loss_and_gradient(theta, x, labels)
        self.tensors = {"input": x.reshape(-1), "logits": logits.reshape(-1), "gradient": self.gradient}


class Descent(Method):
    def see(self, number):
        """The mini-batch of this number."""
        return Seen(self.model, self.theta, *self.batches.batch(number))

    def step(self, t, rate, rate_sgd=None, scheduled=False):
        seen = self.see(t)
        return Outcome(seen.loss, seen.right, self.move(t, rate, seen.gradient), seen.tensors)


class Sgd(Descent):
    def __init__(self, run, model, batches):
        super().__init__(run, model, batches)
        self.momentum = Momentum(run.options, model.elements)

    def move(self, t, rate, gradient):
        self.theta = self.momentum.descend(self.theta, rate, gradient)
        return np.zeros(0, f32)


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
