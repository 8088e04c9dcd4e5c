#!/usr/bin/env python3
"""JAX as an expert could write it: no `jax.random`, but random words that are a hash of direction and column, and
polynomials; arranged in the way that XLA compiles best for CPUs.

    python3 jax_expert.py --once update normal [--form blocks]
    python3 jax_expert.py --check

`tuned` (default): each distribution is done in the way that was fastest of several (blocks of 2 to 50; drawn once or
twice; one device or two) on a processor with AVX2: see the comments. On one with AVX-512 another might be. `blocks`: all
are done in the way that one would try first, ten rows at a time, drawn once and multiplied twice; `normal` is done so in
both.
"""

import os

import protocol

protocol.use_two_cores()

# XLA uses half of a 512-bit machine unless it is told.
if os.path.exists("/proc/cpuinfo") and "avx512f" in open("/proc/cpuinfo").read():
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_prefer_vector_width=512"

import jax.numpy as jnp
from jax import lax

import workload as work
from jax_network import JaxPeer
from jax_variates import cubic, hadamard, mix, pair_of_normals, sign_bits, signed, spread, uniform

D, DIRECTIONS = work.PARAMS, work.DIRECTIONS
BLOCK = 10
TILE = 4096  # elements that a Hadamard transformation mixes: 256 x 16


def row_words(step, salt=0):
    """A random word per direction."""
    key = mix(step + jnp.uint32(0x2545F491 + salt))
    return mix(mix(jnp.arange(DIRECTIONS, dtype=jnp.uint32) + key * jnp.uint32(0x9E3779B9)) + key)


def of_block(array, block, size=BLOCK):
    return lax.dynamic_slice_in_dim(array, block * size, size)


class Expert(JaxPeer):
    name = "JAX expert"
    distributions = ["normal", "uniform", "rademacher", "hadamard-normal"]

    def delta(self, distribution, gradient, step):
        delta, c = self.methods()[distribution](gradient / jnp.sqrt(D), step)
        return delta / jnp.sqrt(D), c

    def methods(self):
        return METHODS

    def rows_of(self, distribution, step):
        """Row i, as what coordinates of 1 in direction i and 0 elsewhere would be lifted to."""
        return ROWS[distribution](step)


# normal: Box-Muller is so many operations that rows are made once and kept for both products, ten at a time. Both
# halves of a pair come out of one loop, each to its own array.


def normal_block(words, block):
    radius, angle = (of_block(w, block)[:, None] for w in words)
    columns = spread(jnp.arange(D // 2, dtype=jnp.uint32))
    # Without the barrier XLA would compute the pairs again for each product.
    return lax.optimization_barrier(pair_of_normals(mix(radius + columns), mix(angle + columns)))


def normal(gradient, step):
    words = row_words(step), row_words(step, salt=1)
    g0, g1 = jnp.split(gradient, 2)

    def block(i, carry):
        x, y = normal_block(words, i)
        c = x @ g0 + y @ g1
        delta0, delta1, all_c = carry
        return delta0 + c @ x, delta1 + c @ y, lax.dynamic_update_slice_in_dim(all_c, c, i * BLOCK, 0)

    zeros = jnp.zeros(D // 2)
    delta0, delta1, c = lax.fori_loop(0, DIRECTIONS // BLOCK, block, (zeros, zeros, jnp.zeros(DIRECTIONS)))
    return jnp.concatenate([delta0, delta1]), c


def normal_rows(step):
    words = row_words(step), row_words(step, salt=1)
    blocks = lax.map(lambda i: jnp.concatenate(normal_block(words, i), axis=1), jnp.arange(DIRECTIONS // BLOCK))
    return blocks.reshape(DIRECTIONS, D)


# uniform, hadamard-normal: an element is so few operations that it is made twice, and never leaves the registers. The
# projection adds up 512 columns of each direction side by side, since XLA does not vectorise sums along an axis.

LANES, UNROLLED = 512, 4


def project(variate, gradient, step):
    words = row_words(step)[:, None]
    tiles = -(-len(gradient) // (LANES * UNROLLED)) * UNROLLED
    gradient = jnp.pad(gradient, (0, tiles * LANES - len(gradient))).reshape(tiles, LANES)

    def some_tiles(i, sums):
        for k in range(UNROLLED):
            tile = i * UNROLLED + k
            columns = jnp.arange(LANES, dtype=jnp.uint32) + tile.astype(jnp.uint32) * jnp.uint32(LANES)
            sums += variate(mix(words + spread(columns))) * lax.dynamic_index_in_dim(gradient, tile, 0)
        return sums

    return lax.fori_loop(0, tiles // UNROLLED, some_tiles, jnp.zeros((DIRECTIONS, LANES))).sum(1)


def lift(variate, c, step, length):
    words, columns = row_words(step), spread(jnp.arange(length, dtype=jnp.uint32))

    def some_directions(i, delta):
        for k in range(BLOCK):
            direction = i * BLOCK + k
            delta += c[direction] * variate(mix(words[direction] + columns))
        return delta

    return lax.fori_loop(0, DIRECTIONS // BLOCK, some_directions, jnp.zeros(length))


def drawn_rows(variate, step, length=D):
    return variate(mix(row_words(step)[:, None] + spread(jnp.arange(length, dtype=jnp.uint32))))


def uniform_update(gradient, step):
    c = project(uniform, gradient, step)
    return lift(uniform, c, step, D), c


# hadamard-normal: Phi = X H, with X cubic variates and H orthogonal and symmetric. So c = X (H g) and delta = H (X^T c),
# with H applied twice a step, not once a row.

PADDED = -(-D // TILE) * TILE


def hadamard_normal_update(gradient, step):
    c = project(cubic, hadamard(jnp.pad(gradient, (0, PADDED - D))), step)
    return hadamard(lift(cubic, c, step, PADDED))[:D], c


def hadamard_normal_rows(step):
    return hadamard(drawn_rows(cubic, step, PADDED))[:, :D]


# rademacher: 32 elements a word, so the words (3.2 MB) are made once. Element b * WORDS + k is bit b, from the highest,
# of word k. A number gets its sign by xor. Blocks of 16 bits and of 25 directions: with 8 bits or 10 directions in one
# loop, XLA's code took five times as long or more.

WORDS = 3200
BITS, SIGNS_BLOCK = 16, 25


def rademacher_words(step):
    words = mix(row_words(step)[:, None] + spread(jnp.arange(WORDS, dtype=jnp.uint32)))
    return lax.optimization_barrier(words)


def rademacher_update(gradient, step):
    words = rademacher_words(step)
    gradient = jnp.pad(gradient, (0, 32 * WORDS - D)).reshape(32 // BITS, BITS, WORDS)

    def some_bits(i, sums):
        shifted, columns = words << (i * BITS).astype(jnp.uint32), lax.dynamic_index_in_dim(gradient, i, 0, False)
        for k in range(BITS):
            sums += signed(columns[k], sign_bits(shifted << jnp.uint32(k)))
        return sums

    c = lax.fori_loop(0, 32 // BITS, some_bits, jnp.zeros((DIRECTIONS, WORDS))).sum(1)
    bits = jnp.arange(32, dtype=jnp.uint32)[:, None]

    def some_directions(i, delta):
        block, coefficients = of_block(words, i, SIGNS_BLOCK), of_block(c, i, SIGNS_BLOCK)
        for k in range(SIGNS_BLOCK):
            delta += signed(coefficients[k], sign_bits(block[k] << bits))
        return delta

    delta = lax.fori_loop(0, DIRECTIONS // SIGNS_BLOCK, some_directions, jnp.zeros((32, WORDS)))
    return delta.ravel()[:D], c


def rademacher_rows(step):
    bits = jnp.arange(32, dtype=jnp.uint32)[:, None]
    return signed(jnp.float32(1), sign_bits(rademacher_words(step)[:, None] << bits)).reshape(DIRECTIONS, -1)[:, :D]


# The form `blocks`: a word per element, whatever the distribution.


def blocks(variate, gradient, step, length):
    words, columns = row_words(step)[:, None], spread(jnp.arange(length, dtype=jnp.uint32))

    def block(i, carry):
        delta, all_c = carry
        rows = lax.optimization_barrier(variate(mix(of_block(words, i) + columns)))
        c = rows @ gradient
        return delta + c @ rows, lax.dynamic_update_slice_in_dim(all_c, c, i * BLOCK, 0)

    return lax.fori_loop(0, DIRECTIONS // BLOCK, block, (jnp.zeros(length), jnp.zeros(DIRECTIONS)))


def hadamard_normal_blocks(gradient, step):
    delta, c = blocks(cubic, hadamard(jnp.pad(gradient, (0, PADDED - D))), step, PADDED)
    return hadamard(delta)[:D], c


def sign(words):
    return signed(jnp.float32(1), sign_bits(words))


class Blocks(Expert):
    name = "JAX expert, blocks"

    def methods(self):
        return BLOCKS

    def rows_of(self, distribution, step):
        return drawn_rows(sign, step) if distribution == "rademacher" else ROWS[distribution](step)


BLOCKS = {
    "normal": normal,
    "uniform": lambda gradient, step: blocks(uniform, gradient, step, D),
    "rademacher": lambda gradient, step: blocks(sign, gradient, step, D),
    "hadamard-normal": hadamard_normal_blocks,
}
METHODS = {
    "normal": normal,
    "uniform": uniform_update,
    "rademacher": rademacher_update,
    "hadamard-normal": hadamard_normal_update,
}
ROWS = {
    "normal": normal_rows,
    "uniform": lambda step: drawn_rows(uniform, step),
    "rademacher": rademacher_rows,
    "hadamard-normal": hadamard_normal_rows,
}

if __name__ == "__main__":
    arguments = protocol.arguments(__doc__, form=["tuned", "blocks"])
    protocol.main(Blocks() if arguments.form == "blocks" else Expert(), arguments)
