#!/usr/bin/env python3
"""The algorithm of the paper's own implementation, on a current TensorFlow.

    python3 tf_original.py --once update normal
    python3 tf_original.py --check

Written anew, following the original's `noise_product`. Weights are theta + sum_i c_i phi_i, with coordinates c that are
zero before each step, and TensorFlow differentiates by them. So a step draws every row three times: for the forward pass
(whose result is zero), for the gradient by c, and for the update. Each time, rows are drawn one by one in a `while_loop`
into a `TensorArray`, divided by their norm, stacked in chunks of 50, transposed and multiplied. In a network, each tensor
has rows of its own.

What it leaves out of the original, all of which costs time: correlations of update and gradient, statistics, queues.
What differs in the numbers: seeds of different steps never meet, and the Bernoulli distribution with p = 1/2 has mean
zero, hence is `rademacher`.
"""

import os

import protocol

protocol.use_two_cores()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from importlib.metadata import version

import numpy as np
import tensorflow as tf

import workload as work

tf.config.threading.set_intra_op_parallelism_threads(protocol.CORES)
tf.config.threading.set_inter_op_parallelism_threads(protocol.CORES)

CHUNK = 50
NORM = float(np.sqrt(work.PARAMS))


def draw_row(distribution, size, seed):
    if distribution == "normal":
        return tf.random.stateless_normal([size], seed)
    if distribution == "uniform":
        return tf.random.stateless_uniform([size], seed, -1.0, 1.0)
    return tf.cast(tf.random.stateless_uniform([size], seed) > 0.5, tf.float32) * 2 - 1


def draw_chunk(distribution, size, seeds, chunk):
    """Fifty rows of this size, divided by the norm."""

    def row(i, rows):
        return i + 1, rows.write(i, draw_row(distribution, size, seeds[chunk * CHUNK + i]) / NORM)

    rows = tf.TensorArray(tf.float32, CHUNK, element_shape=[size])
    _, rows = tf.while_loop(lambda i, _: i < CHUNK, row, (0, rows), parallel_iterations=1, maximum_iterations=CHUNK)
    return rows.stack()


def project(distribution, gradient, seeds):
    """Coordinates of a gradient."""
    flat = tf.reshape(gradient, [1, -1])
    size = flat.shape[1]

    def chunk(i, all_c):
        rows = tf.transpose(draw_chunk(distribution, size, seeds, i))
        return i + 1, all_c.write(i, tf.reshape(tf.matmul(flat, rows), [CHUNK]))

    chunks = work.DIRECTIONS // CHUNK
    all_c = tf.TensorArray(tf.float32, chunks, element_shape=[CHUNK])
    _, all_c = tf.while_loop(lambda i, _: i < chunks, chunk, (0, all_c), parallel_iterations=1)
    return all_c.concat()


def lift(distribution, c, seeds, shape):
    """The sum of rows times coordinates."""
    size = int(np.prod(shape))

    def chunk(i, total):
        rows = tf.transpose(draw_chunk(distribution, size, seeds, i))
        coefficients = tf.expand_dims(c[i * CHUNK : (i + 1) * CHUNK], -1)
        return i + 1, total + tf.reshape(tf.matmul(rows, coefficients), shape)

    chunks = work.DIRECTIONS // CHUNK
    _, total = tf.while_loop(lambda i, _: i < chunks, chunk, (0, tf.zeros(shape)), parallel_iterations=1)
    return total


def noise_product(distribution, c, seeds, shape):
    """`lift`, with `project` as its gradient by c: rows are drawn again instead of being kept."""

    @tf.custom_gradient
    def product(c):
        return lift(distribution, c, seeds, shape), lambda upstream: project(distribution, upstream, seeds)

    return product(c)


def seeds_of(tensor, step):
    """A seed per direction: two words, which no other tensor or step has."""
    directions = tf.range(work.DIRECTIONS)
    first = tf.fill([work.DIRECTIONS], tf.cast(tensor + 1, tf.int32))
    return tf.stack([first, directions + step * work.DIRECTIONS], axis=1)


def moved(distribution, tensors, c, step, rate, loss_of):
    """One step of all tensors along the gradient of `loss_of(tensors)` by the coordinates c, which are zero."""
    shapes = [tensor.shape.as_list() for tensor in tensors]
    seeds = [seeds_of(index, step) for index in range(len(tensors))]
    with tf.GradientTape() as tape:
        noise = [noise_product(distribution, c, s, shape) for s, shape in zip(seeds, shapes)]
        perturbed = [tensor + n for tensor, n in zip(tensors, noise)]
        loss = loss_of(perturbed)
    c = tape.gradient(loss, c)
    # From the perturbed weights, as in the original: so the forward pass is needed even where the loss is linear.
    updates = [noise_product(distribution, c, s, shape) for s, shape in zip(seeds, shapes)]
    return [tensor - rate * update for tensor, update in zip(perturbed, updates)], c, loss


def loss_of_network(tensors, images, labels):
    w1, b1, w2, b2 = tensors
    logits = tf.matmul(tf.nn.relu(tf.matmul(images, w1) + b1), w2) + b2
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def coordinates():
    """A variable, as in the original: the graph must not know that it stays zero, or it would leave out the forward pass."""
    return tf.Variable(tf.zeros(work.DIRECTIONS))


class Original:
    name = "TF, the original's algorithm"
    versions = {package: version(package) for package in ("tensorflow-cpu", "numpy")}
    distributions = ["normal", "uniform", "rademacher"]
    gradient = staticmethod(tf.constant)

    @staticmethod
    def begin(weights):
        return [tf.constant(tensor) for tensor in work.tensors(weights)]

    @staticmethod
    def flat(tensors):
        return np.concatenate([tensor.numpy().ravel() for tensor in tensors])

    @staticmethod
    def batch(images, labels):
        return tf.constant(images), tf.constant(labels)

    @staticmethod
    def wait(results):
        """Values are there only once they can be read; reading does not copy them."""
        for tensor in tf.nest.flatten(results):
            tensor.numpy()

    def updater(self, distribution):
        """The gradient is one tensor of D here: fewer loops than for a network, which is in the peer's favour."""
        zeros = coordinates()

        @tf.function
        def update(weights, gradient, step, rate):
            flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in weights], 0)
            # The loss whose gradient is the given one.
            tensors, c, _ = moved(distribution, [flat], zeros, step, rate, lambda w: tf.tensordot(w[0], gradient, 1))
            return tensors, c

        return with_numbers(update)

    def trainer(self, distribution):
        zeros = coordinates()

        @tf.function
        def train(weights, batch, step, rate):
            tensors, _, loss = moved(distribution, weights, zeros, step, rate, lambda w: loss_of_network(w, *batch))
            return tensors, loss

        return with_numbers(train)

    def rows(self, kind, distribution, step):
        sizes = [work.PARAMS] if kind == "update" else [int(np.prod(shape)) for shape in work.SHAPES]

        @tf.function
        def rows_of(step):
            chunks = range(work.DIRECTIONS // CHUNK)
            seeds = [seeds_of(index, step) for index in range(len(sizes))]
            return tf.concat(
                [
                    tf.concat([draw_chunk(distribution, size, s, i) for size, s in zip(sizes, seeds)], axis=1)
                    for i in chunks
                ],
                axis=0,
            )

        return rows_of(tf.constant(step)).numpy() * np.float32(NORM)


def with_numbers(function):
    """Steps and rates as tensors: a Python number would be compiled in."""
    return lambda state, data, step, rate: function(state, data, tf.constant(step), tf.constant(rate, tf.float32))


if __name__ == "__main__":
    protocol.main(Original(), protocol.arguments(__doc__))
