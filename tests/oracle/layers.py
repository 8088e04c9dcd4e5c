"""Dense layers and ReLU: NUMERICS.md, section 6. The layers over images are in `images.py`.

A layer knows the shape that comes in and its `shape` that goes out, both without the batch, and its number of `elements`
(kernel, then bias). `forward` takes these elements and x; `backward` takes also y and dy, and gives the elements'
gradient (None if there are none) and dx (None if `first`, for the first layer needs none).
"""

import math

import numpy as np

from sums import chain

f32 = np.float32


class Weighted:
    """A layer with a kernel, whose last axis is the output, and a bias."""

    def __init__(self, kernel, fan):
        self.kernel = kernel
        self.size = math.prod(kernel)
        self.elements = self.size + kernel[-1]
        self.limit = np.sqrt(f32(6) / f32(fan))

    def parts(self, theta):
        """Kernel and bias."""
        return theta[: self.size].reshape(self.kernel), theta[self.size :]

    def initial(self, u):
        return np.concatenate([u[: self.size] * self.limit, np.zeros(self.kernel[-1], f32)])


class Dense(Weighted):
    """Of any input, taken as it lies."""

    def __init__(self, shape, outputs):
        inputs = math.prod(shape)
        super().__init__((inputs, outputs), inputs + outputs)
        self.shape = (outputs,)

    def forward(self, theta, x):
        kernel, bias = self.parts(theta)
        x = x.reshape(len(x), -1)
        return chain(x[:, k, None] * row for k, row in enumerate(kernel)) + bias

    def backward(self, theta, x, y, dy, first):
        kernel, _ = self.parts(theta)
        flat = x.reshape(len(x), -1)
        d_kernel = chain(one[:, None] * delta for one, delta in zip(flat, dy))
        gradient = np.concatenate([d_kernel.reshape(-1), chain(dy)])
        if first:
            return gradient, None
        columns = np.ascontiguousarray(kernel.T)
        dx = chain(dy[:, o, None] * column for o, column in enumerate(columns))
        return gradient, dx.reshape(x.shape)


class Relu:
    elements = 0

    def __init__(self, shape):
        self.shape = shape

    def forward(self, _, x):
        return np.where(x > 0, x, f32(0))

    def backward(self, _, x, y, dy, first):
        return None, np.where(y > 0, dy, f32(0))
