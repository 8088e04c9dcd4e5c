"""What both JAX peers share: the network, the training step around an update, and arrays."""

from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np

import workload as work


def loss(flat, images, labels):
    """Mean cross-entropy of the network with these weights."""
    ends = np.cumsum([int(np.prod(shape)) for shape in work.SHAPES])[:-1]
    w1, b1, w2, b2 = [part.reshape(shape) for part, shape in zip(jnp.split(flat, ends), work.SHAPES)]
    logits = jax.nn.relu(images @ w1 + b1) @ w2 + b2
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()


class JaxPeer:
    """A peer from its `delta(distribution, gradient, step) -> (update, coordinates)` and `rows_of(distribution, step)`."""

    versions = {package: version(package) for package in ("jax", "jaxlib", "numpy")}
    begin = gradient = staticmethod(jnp.array)
    flat = staticmethod(np.asarray)
    wait = staticmethod(jax.block_until_ready)

    @staticmethod
    def batch(images, labels):
        return jnp.array(images), jnp.array(labels)

    def updater(self, distribution):
        def update(weights, gradient, step, rate):
            delta, coordinates = self.delta(distribution, gradient, step)
            return weights - rate * delta, coordinates

        return compiled(update)

    def trainer(self, distribution):
        def train(weights, batch, step, rate):
            value, gradient = jax.value_and_grad(loss)(weights, *batch)
            delta, _ = self.delta(distribution, gradient, step)
            return weights - rate * delta, value

        return compiled(train)

    def rows(self, _kind, distribution, step):
        return np.asarray(jax.jit(lambda step: self.rows_of(distribution, step))(np.uint32(step)))


def compiled(function):
    """The weights' memory is given back to the step: they are replaced. Steps and rates are arguments, so that nothing is
    compiled twice and nothing is computed at compile time."""
    jitted = jax.jit(function, donate_argnums=0)
    return lambda state, data, step, rate: jitted(state, data, np.uint32(step), np.float32(rate))
