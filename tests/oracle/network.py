"""The networks, their gradient and initial weights: NUMERICS.md, section 6."""

import numpy as np

import rows
import words
from distributions import UNIFORM, Distribution
from images import Convolution, Padding, Pooling
from layers import Dense, Relu
from loss import right, softmax_cross_entropy

ARCHITECTURES = {
    "fc": ((Dense, 128), (Relu,), (Dense, 10)),
    "small": ((Dense, 32), (Relu,), (Dense, 10)),
    "cnn": (
        (Convolution, 3, 32), (Relu,), (Pooling,),
        (Convolution, 3, 64), (Relu,), (Pooling,),
        (Convolution, 3, 64), (Relu,),
        (Dense, 64), (Relu,),
        (Dense, 10),
    ),
    "conv": (
        (Padding, 2), (Convolution, 5, 32), (Relu,), (Pooling,),
        (Padding, 2), (Convolution, 5, 64), (Relu,), (Pooling,),
        (Dense, 1024), (Relu,),
        (Dense, 10),
    ),
}  # fmt: skip
GREY, COLOURED, SMALL = (28, 28, 1), (32, 32, 3), (8, 8, 1)
NAMES = {
    "fc-28x28x1": ("fc", GREY),
    "fc-32x32x3": ("fc", COLOURED),
    "small-8x8x1": ("small", SMALL),
    "cnn-28x28x1": ("cnn", GREY),
    "cnn-32x32x3": ("cnn", COLOURED),
    "conv-28x28x1": ("conv", GREY),
    "conv-32x32x3": ("conv", COLOURED),
}


class Network:
    """Layer after layer, with all parameters in one array."""

    def __init__(self, name):
        architecture, self.shape = NAMES[name]
        self.layers, self.places = [], []
        shape, start = self.shape, 0
        for layer, *options in ARCHITECTURES[architecture]:
            self.layers.append(layer(shape, *options))
            shape = self.layers[-1].shape
            self.places.append(slice(start, start + self.layers[-1].elements))
            start = self.places[-1].stop
        self.elements = start

    def initial_weights(self, seed):
        key = words.key(words.INITIAL_WEIGHTS, seed)
        u = rows.join(rows.rows(key, [0], self.elements, Distribution(UNIFORM))[:, 0], self.elements)
        weighted = [(layer, place) for layer, place in zip(self.layers, self.places) if layer.elements]
        return np.concatenate([layer.initial(u[place]) for layer, place in weighted])

    def outputs(self, theta, x):
        """What goes into every layer, and the logits."""
        values = [x]
        for layer, place in zip(self.layers, self.places):
            values.append(layer.forward(theta[place], values[-1]))
        return values

    def loss(self, theta, x, labels):
        """The mean loss of the batch x [image][height][width][channels], and how many images are classified right."""
        logits = self.outputs(theta, x)[-1]
        return softmax_cross_entropy(logits, labels)[0], right(logits, labels)

    def loss_and_gradient(self, theta, x, labels):
        """The mean loss of the batch, how many images are classified right, the gradient, and the logits."""
        values = self.outputs(theta, x)
        loss, delta = softmax_cross_entropy(values[-1], labels)
        gradients = []
        for i in reversed(range(len(self.layers))):
            layer, place = self.layers[i], self.places[i]
            gradient, delta = layer.backward(theta[place], values[i], values[i + 1], delta, first=place.start == 0)
            if gradient is not None:
                gradients.append(gradient)
            if delta is None:
                break
        return loss, right(values[-1], labels), np.concatenate(gradients[::-1]), values[-1]
