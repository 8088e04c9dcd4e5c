#!/usr/bin/env python3
"""JAX as people write it: `jax.random` in a loop under `jit`.

    python3 jax_idiomatic.py --once update normal [--form loop]
    python3 jax_idiomatic.py --check

`blocks` (default): a scan over 25 blocks of ten directions; each block is drawn once and used for both products. Chosen
for `normal`, on a processor with AVX2: blocks of 5 or 50, and drawing every block twice (project, then lift), took 1.6 to
2.8 times as long there; a `fori_loop` instead of the scan was equal within noise. `loop`: one direction at a time, the
plainest form. Which of the two is faster depends on the machine and on what else it does.
"""

import protocol

protocol.use_two_cores()

import jax
import jax.numpy as jnp

import workload as work
from jax_network import JaxPeer

BLOCK = 10
DRAW = {
    "normal": jax.random.normal,
    "uniform": lambda key, shape: jax.random.uniform(key, shape, minval=-1, maxval=1),
    "rademacher": lambda key, shape: jax.random.rademacher(key, shape, dtype=jnp.float32),
}


class Blocks(JaxPeer):
    name = "JAX idiomatic"
    distributions = list(DRAW)
    rows_at_a_time = BLOCK

    def keys(self, step):
        return jax.random.split(jax.random.fold_in(jax.random.key(1), step), work.DIRECTIONS // self.rows_at_a_time)

    def delta(self, distribution, gradient, step):
        def block(delta, key):
            rows = DRAW[distribution](key, (self.rows_at_a_time, work.PARAMS))
            c = rows @ gradient / jnp.sqrt(work.PARAMS)
            return delta + c @ rows, c

        delta, c = jax.lax.scan(block, jnp.zeros(work.PARAMS), self.keys(step))
        return delta / jnp.sqrt(work.PARAMS), c.ravel()

    def rows_of(self, distribution, step):
        rows = jax.lax.map(lambda key: DRAW[distribution](key, (self.rows_at_a_time, work.PARAMS)), self.keys(step))
        return rows.reshape(work.DIRECTIONS, work.PARAMS)


class Loop(Blocks):
    name = "JAX plain loop"
    rows_at_a_time = 1

    def delta(self, distribution, gradient, step):
        def direction(delta, key):
            row = DRAW[distribution](key, (work.PARAMS,))
            c = jnp.dot(row, gradient) / jnp.sqrt(work.PARAMS)
            return delta + c * row, c

        delta, c = jax.lax.scan(direction, jnp.zeros(work.PARAMS), self.keys(step))
        return delta / jnp.sqrt(work.PARAMS), c


if __name__ == "__main__":
    arguments = protocol.arguments(__doc__, form=["blocks", "loop"])
    protocol.main(Loop() if arguments.form == "loop" else Blocks(), arguments)
