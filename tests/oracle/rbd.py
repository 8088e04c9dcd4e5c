"""Random bases descent, with all its options: NUMERICS.md, section 9.3. FPD is RBD with other options.

There is a basis for each compartment of each update, update after update; lists of bases, and of coordinates, have this order.
"""

import numpy as np

import words
from basis import Basis
from compartments import compartments, in_space, tensors
from coordinates import coordinates
from correlations import Correlations
from descent import Descent, Outcome, Share
from momentum import Momentum
from options import NEVER, NO
from selection import drawn_anew, select
from sums import chain
from workers import Workers

f32 = np.float32


class Bases:
    """Those of the present step; one that stays the same is not computed again."""

    def __init__(self, run, compartments, workers):
        self.run, self.compartments = run, compartments
        self.places = [(workers.key_worker(u), k) for u in range(workers.updates) for k in range(len(compartments))]
        self.redraws = [np.zeros(compartments[k].dimensions, np.int64) for _, k in self.places]
        self.drawn = {}

    def draw(self, t):
        names = [place + (self.redraw(t, redraws),) for place, redraws in zip(self.places, self.redraws)]
        self.drawn = {name: self.drawn.get(name) or self.basis(*name) for name in dict.fromkeys(names)}
        return [self.drawn[name] for name in names]

    def redraw(self, t, redraws):
        """The redraw index of a basis, or that of each of its directions."""
        options = self.run.options
        if options.keep != NO:
            return tuple(redraws.tolist())
        return 0 if options.redraw == NEVER else t // options.redraw

    def basis(self, worker, k, redraw):
        def key(redraw):
            return words.key(words.BASES, self.run.seed, redraw, worker, k)

        keys = [key(own) for own in redraw] if isinstance(redraw, tuple) else key(redraw)
        return Basis(keys, self.run, self.compartments[k].dimensions, len(self.compartments[k].place))

    def keep_others(self, t, c):
        """The redraw indices after a step with the coordinates c."""
        for redraws, c_k in zip(self.redraws, c):
            redraws[drawn_anew(c_k, self.run.options)] = t + 1


class Rbd(Descent):
    def __init__(self, run, model, batches):
        super().__init__(run, model, batches)
        self.options = run.options
        self.tensors = tensors(model)
        self.space = [tensor for tensor in self.tensors if in_space(tensor, self.options)]
        self.compartments = compartments(self.space, run.dimensions, self.options)
        self.workers = Workers(self.options)
        self.bases = Bases(run, self.compartments, self.workers)
        self.coordinates = coordinates(self.options)
        self.momentum = Momentum(self.options, model.elements)

    def step(self, t, rate, rate_sgd=None, scheduled=False):
        seen = self.see_all(t)
        loss = chain(one.loss for one in seen) * (f32(1) / f32(self.workers.count))
        right = sum(one.right for one in seen)
        if self.workers.same_images:
            loss, right = seen[0].loss, seen[0].right
        outcome = Outcome(loss, right, np.zeros(0, f32), seen[0].tensors)
        if scheduled:
            self.sgd_step(rate_sgd, seen[0].gradient, outcome)
            return outcome

        bases = self.bases.draw(t)  # 1
        shares = [self.share(w, one.gradient, bases) for w, one in enumerate(seen)]  # 2
        if self.workers.count > 1:
            outcome.shares = [Share(one.loss, one.right, np.concatenate(share)) for one, share in zip(seen, shares)]
        else:
            outcome.coordinates = np.concatenate(shares[0])
        c = self.workers.coordinates(shares)
        f = [select(c_k, self.options) for c_k in c]  # 3
        self.update(t, rate, rate_sgd, seen[0].gradient, bases, f, outcome)
        if self.options.keep != NO:
            self.bases.keep_others(t, c)  # 8
        return outcome

    def see_all(self, t):
        """What each worker sees."""
        numbers = self.workers.mini_batches(t)
        seen = {number: self.see(number) for number in dict.fromkeys(numbers)}
        return [seen[number] for number in numbers]

    def share(self, worker, gradient, bases):
        """The coordinates that a worker sends, of each compartment."""
        first = self.workers.update_of(worker) * len(self.compartments)
        return [
            basis.coordinates(gradient[compartment.place])[self.workers.part(worker, compartment.dimensions)]
            for compartment, basis in zip(self.compartments, bases[first:])
        ]

    def update(self, t, rate, rate_sgd, gradient, bases, f, outcome):
        """Moves the weights; `gradient` is that of the only worker, where one is needed."""
        through_s = self.options.momentum != 0 or self.options.correlations
        onto = np.zeros(self.model.elements, f32) if through_s else self.theta
        r = rate / f32(self.workers.averaged)
        onto = self.coordinates.move(t, r, f, onto, lambda onto, z, scale: self.lift(bases, onto, z, scale))  # 4
        if self.options.correlations:  # 5
            correlations = Correlations(onto, gradient, [tensor.place for tensor in self.space])
            if self.options.sgd_below is not None and min(correlations.each) < self.options.sgd_below:
                self.sgd_step(rate_sgd, gradient, outcome)
                return
            if self.options.multiplier or self.options.surgeon is not None:
                factors = iter(correlations.factors(self.options.surgeon, self.options.multiplier))
                outcome.factors = np.array([next(factors) if tensor in self.space else 1 for tensor in self.tensors], f32)
                onto = onto * np.repeat(outcome.factors, [tensor.elements for tensor in self.tensors])
        onto = self.follow_gradient(onto, rate_sgd, gradient)  # 6
        self.theta = self.momentum.move(self.theta, onto) if through_s else onto  # 7

    def lift(self, bases, onto, z, scale):
        """Each basis lifts its coordinates, one after the other."""
        onto = onto.copy()
        for i, basis in enumerate(bases):
            place = self.compartments[i % len(self.compartments)].place
            onto[place] = basis.lift(onto[place], z[i], scale)
        return onto

    def follow_gradient(self, onto, rate_sgd, gradient):
        """SGD layers: the tensors outside of the space."""
        outside = [tensor.place for tensor in self.tensors if tensor not in self.space]
        onto = onto.copy() if outside else onto
        for place in outside:
            onto[place] = onto[place] + (-rate_sgd) * gradient[place]
        return onto

    def sgd_step(self, rate_sgd, gradient, outcome):
        self.theta = self.momentum.descend(self.theta, rate_sgd, gradient)
        outcome.sgd_step = True
