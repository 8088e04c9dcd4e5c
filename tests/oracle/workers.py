"""What several workers send each other, and the updates that follow: NUMERICS.md, section 9.2.

Coordinates are lists of arrays: a share has one for each compartment, all updates together have one for each compartment of
each update, update after update.
"""

import numpy as np

from options import AVERAGED, OWN, SHARED, SPLIT
from sums import chain

f32 = np.float32


class Workers:
    def __init__(self, options):
        self.count, self.rows, self.same_images = options.workers, options.rows, options.same_images
        self.updates = self.count if self.rows in (OWN, SHARED) else 1
        self.averaged = 1 if self.rows == SPLIT else self.count  # M

    def mini_batches(self, t):
        """The number of each worker's mini-batch."""
        return [t if self.same_images else t * self.count + w for w in range(self.count)]

    def key_worker(self, update):
        return update if self.rows == OWN else 0

    def update_of(self, worker):
        """The update in whose bases a worker projects."""
        return worker if self.updates == self.count else 0

    def part(self, worker, d_k):
        """The directions of a compartment that a worker has a share in."""
        if self.rows != SPLIT:
            return slice(0, d_k)
        return slice(worker * d_k // self.count, (worker + 1) * d_k // self.count)

    def coordinates(self, shares):
        """Of all updates."""
        if self.rows == AVERAGED:
            return [chain(of_workers) for of_workers in zip(*shares)]
        if self.rows == SPLIT:
            return [np.concatenate(of_workers) for of_workers in zip(*shares)]
        return [c for share in shares for c in share]
