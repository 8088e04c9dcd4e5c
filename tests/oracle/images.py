"""Layers over images [height][width][channels]: NUMERICS.md, section 6. What layers have in common is in `layers.py`.

Each loop goes over the index of a chain; everything else is one element each of an array.
"""

import itertools

import numpy as np

from layers import Weighted
from sums import chain

f32 = np.float32


def surround(x, margin):
    """Images with rows and columns of zeros on every side."""
    return np.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)))


class Convolution(Weighted):
    """"valid", with a kernel [side][side][in][out]."""

    def __init__(self, shape, side, outputs):
        height, width, inputs = shape
        super().__init__((side, side, inputs, outputs), side * side * (inputs + outputs))
        self.side = side
        self.shape = (height - side + 1, width - side + 1, outputs)

    def places(self):
        """The places of the kernel."""
        return itertools.product(range(self.side), repeat=2)

    def forward(self, theta, x):
        kernel, bias = self.parts(theta)
        rows, columns, _ = self.shape
        return bias + chain(
            x[:, ky : ky + rows, kx : kx + columns, i, None] * to_outputs
            for ky, kx in self.places()
            for i, to_outputs in enumerate(kernel[ky, kx])
        )

    def backward(self, theta, x, y, dy, first):
        kernel, _ = self.parts(theta)
        rows, columns, outputs = self.shape
        side = self.side
        d_kernel = chain(
            image[r : r + side, c : c + side, :, None] * delta[r, c]
            for image, delta in zip(x, dy)
            for r in range(rows)
            for c in range(columns)
        )
        d_bias = chain(dy.reshape(-1, outputs))
        gradient = np.concatenate([d_kernel.reshape(-1), d_bias])
        if first:
            return gradient, None
        # A delta that does not exist is taken as +0: its products are zeros and leave the chain as it is.
        _, height, width, _ = x.shape
        around = surround(dy, side - 1)
        dx = chain(
            around[:, side - 1 - ky :, side - 1 - kx :][:, :height, :width, o, None] * to_inputs
            for ky, kx in self.places()
            for o, to_inputs in enumerate(np.ascontiguousarray(kernel[ky, kx].T))
        )
        return gradient, dx


class Padding:
    elements = 0

    def __init__(self, shape, margin):
        height, width, channels = shape
        self.margin = margin
        self.shape = (height + 2 * margin, width + 2 * margin, channels)

    def forward(self, _, x):
        return surround(x, self.margin)

    def backward(self, _, x, y, dy, first):
        return None, dy[:, self.margin : -self.margin, self.margin : -self.margin]


class Pooling:
    """The greatest of 2x2, the first of equal ones."""

    elements = 0
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))

    def __init__(self, shape):
        height, width, channels = shape
        self.shape = (height // 2, width // 2, channels)

    def corner(self, x, down, right):
        """One element of each 2x2, as a view."""
        rows, columns, _ = self.shape
        return x[:, down : 2 * rows : 2, right : 2 * columns : 2]

    def taken(self, x):
        """The elements taken, and the number of their corner."""
        y = self.corner(x, 0, 0)
        number = np.zeros(y.shape, np.int8)
        for n, corner in enumerate(self.corners[1:], 1):
            candidate = self.corner(x, *corner)
            greater = candidate > y
            y, number = np.where(greater, candidate, y), np.where(greater, np.int8(n), number)
        return y, number

    def forward(self, _, x):
        return self.taken(x)[0]

    def backward(self, _, x, y, dy, first):
        _, number = self.taken(x)
        dx = np.zeros(x.shape, f32)
        for n, corner in enumerate(self.corners):
            self.corner(dx, *corner)[:] = np.where(number == n, dy, f32(0))
        return None, dx
