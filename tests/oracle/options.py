"""The options of methods, and which of them go together: NUMERICS.md, section 9; fixtures/README.md, "Format"."""

from dataclasses import dataclass, fields

import numpy as np

WHOLE, WEIGHTS, LAYERS, TYPE, TENSORS_PROPORTIONAL, TENSORS_EXPONENTIAL = range(6)  # compartments
OWN, SHARED, AVERAGED, SPLIT = range(4)  # rows of several workers
NO, LOW, HIGH = range(3)  # directions that are drawn anew, where others are kept
ALL, COUNT, FRACTION = range(3)  # top directions
NONE, ONLY, ALL_BUT = range(3)  # SGD layers
NEVER = 0  # in the place of a period


@dataclass
class Options:
    """What stands first in the format is what a run without any option has."""

    compartments: int = WHOLE
    size: int = 0  # of a compartment, in weights or layers
    split: bool = False  # directions, over compartments
    workers: int = 1
    same_images: bool = False
    rows: int = OWN
    redraw: int = 1  # every so many steps, or NEVER
    keep: int = NO
    keep_fraction: np.float32 = np.float32(0)
    transformation: int = 0  # of coordinates
    top: int = ALL
    top_size: int | np.float32 = 0  # a count or a fraction
    reset: int = 1  # every so many steps, or NEVER
    accumulate: int = 1
    momentum: np.float32 = np.float32(0)
    nesterov: bool = False
    multiplier: bool = False
    surgeon: np.float32 | None = None  # the thresholds
    sgd_below: np.float32 | None = None
    sgd_layers: int = NONE
    layer: int = 0
    sgd_steps: bool = False  # whether a schedule may ask for them

    @property
    def correlations(self):
        """Whether any correlation option is on."""
        return self.multiplier or self.surgeon is not None or self.sgd_below is not None

    @property
    def needs_gradients(self):
        """Whether an update is made of more than coordinates."""
        return self.correlations or self.sgd_layers != NONE or self.sgd_steps

    @property
    def kept_coordinates(self):
        return self.reset != 1

    def others_than(self, *names):
        """The options with other values than those that stand first, without those of these names."""
        first = Options()
        names += ("size", "keep_fraction", "top_size", "layer")
        return [f.name for f in fields(self) if f.name not in names and getattr(self, f.name) != getattr(first, f.name)]


def conflicts(options, antithetic):
    """What does not go together, each as a message."""
    o = options
    accumulated = o.accumulate > 1
    periods = o.redraw == NEVER or o.redraw % max(1, o.accumulate) == 0
    for conflict, message in (
        (o.workers < 1 or o.accumulate < 1, "there are no workers, or coordinates are accumulated over no steps"),
        (o.compartments in (WEIGHTS, LAYERS) and o.size < 1, "compartments have no weights"),
        (o.workers > 1 and o.needs_gradients, "gradients would have to travel between workers"),
        (o.kept_coordinates and o.needs_gradients, "coordinates are kept, and gradients move weights"),
        (o.kept_coordinates and o.momentum != 0, "coordinates are kept, with momentum"),
        (o.kept_coordinates and o.keep != NO, "coordinates are kept, and directions too"),
        (o.kept_coordinates and accumulated, "coordinates are kept and accumulated"),
        (accumulated and o.momentum != 0, "coordinates are accumulated, with momentum"),
        (accumulated and o.correlations, "coordinates are accumulated, with a correlation option"),
        (accumulated and o.sgd_steps, "coordinates are accumulated, with SGD steps"),
        (accumulated and o.keep != NO, "coordinates are accumulated, and directions kept"),
        (accumulated and not periods, "a basis is drawn anew while coordinates are accumulated"),
        (o.keep != NO and o.redraw != 1, "directions are kept, and not drawn anew at each step"),
        (o.keep != NO and antithetic, "directions are kept, with antithetic sampling"),
        (o.keep != NO and o.workers > 1 and o.rows == SHARED, "directions are kept, with shared rows"),
    ):
        if conflict:
            yield message
