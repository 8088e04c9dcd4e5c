"""Networks, their loss and gradient, and initial weights: NUMERICS.md, section 6."""

import math

import numpy as np

import functions
import rows
import words
from sums import chain

f32 = np.float32

SIZES = {
    "fc-28x28x1": (784, 128, 10),
    "fc-32x32x3": (3072, 128, 10),
    "small-8x8x1": (64, 32, 10),
}


class Network:
    """Dense, ReLU, dense."""

    def __init__(self, name):
        inputs, hidden, classes = SIZES[name]
        self.shapes = [(inputs, hidden), (hidden, classes)]
        self.inputs = inputs
        self.elements = sum(i * o + o for i, o in self.shapes)

    def layers(self, theta):
        """Kernel [in][out] and bias of each layer, as views of one array."""
        start = 0
        for i, o in self.shapes:
            yield theta[start : start + i * o].reshape(i, o), theta[start + i * o : start + i * o + o]
            start += i * o + o

    def initial_weights(self, seed):
        key = words.key(words.INITIAL_WEIGHTS, seed)
        theta = rows.join(rows.rows(key, [0], self.elements, rows.UNIFORM)[:, 0], self.elements)
        for (i, o), (kernel, bias) in zip(self.shapes, self.layers(theta)):
            kernel *= np.sqrt(f32(6) / f32(i + o))
            bias[:] = f32(0)
        return theta

    def loss_and_gradient(self, theta, x, labels):
        """The mean loss of the batch x [image][input], its gradient, and the logits."""
        (kernel_0, bias_0), (kernel_1, bias_1) = self.layers(theta)
        y = dense(x, kernel_0, bias_0)
        y = np.where(y > 0, y, f32(0))
        logits = dense(y, kernel_1, bias_1)
        loss, delta = softmax_cross_entropy(logits, labels)

        gradient = np.empty(self.elements, f32)
        (d_kernel_0, d_bias_0), (d_kernel_1, d_bias_1) = self.layers(gradient)
        d_kernel_1[:], d_bias_1[:] = dense_gradient(y, delta)
        dy = chain(delta[:, o, None] * kernel_1[None, :, o] for o in range(kernel_1.shape[1]))
        dy = np.where(y > 0, dy, f32(0))
        d_kernel_0[:], d_bias_0[:] = dense_gradient(x, dy)
        return loss, gradient, logits


def dense(x, kernel, bias):
    return chain(x[:, k, None] * kernel[k] for k in range(len(kernel))) + bias


def dense_gradient(x, dy):
    """Of kernel and bias: chains over the images."""
    return chain(x[b, :, None] * dy[b] for b in range(len(x))), chain(dy)


def softmax_cross_entropy(z, labels):
    """The mean loss, and delta."""
    batch, classes = z.shape
    share = f32(1) / f32(batch)
    everyone = np.arange(batch)
    m = z[:, 0]
    for j in range(1, classes):
        m = np.where(z[:, j] > m, z[:, j], m)
    shifted = z - m[:, None]
    e = functions.exp(shifted)
    s = chain(e[:, j] for j in range(classes))
    losses = functions.ln(s) - shifted[everyone, labels]
    y = np.zeros(z.shape, f32)
    y[everyone, labels] = f32(1)
    delta = (e / s[:, None] - y) * share
    return chain(losses) * share, delta
