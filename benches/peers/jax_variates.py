"""Random numbers for the JAX expert: a hash of 32 bits, and variates from its words."""

import jax.numpy as jnp
import numpy as np
from jax import lax


def mix(x):
    """A bijection of 32-bit words in which every bit of x moves about half of the bits: two multiplications between
    three shifts, with constants found by others' search for low bias."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x21F0AAAD)
    x = (x ^ (x >> 15)) * jnp.uint32(0xD35A2D97)
    return x ^ (x >> 15)


def spread(columns):
    """Column numbers, far apart, so that no sum with a row's word meets that of a neighbour."""
    return columns * jnp.uint32(0x9E3779B9)


def as_float(words):
    """Words, read as i32, as f32."""
    return lax.bitcast_convert_type(words, jnp.int32).astype(jnp.float32)


def bits(x):
    return lax.bitcast_convert_type(x, jnp.uint32)


def from_bits(words):
    return lax.bitcast_convert_type(words, jnp.float32)


def horner(coefficients, x):
    """A polynomial, lowest power first."""
    y = jnp.float32(coefficients[-1])
    for c in coefficients[-2::-1]:
        y = y * x + jnp.float32(c)
    return y


def sign_bits(words):
    return words & jnp.uint32(0x80000000)


def signed(x, sign):
    """x, with its sign flipped where the bit is set."""
    return from_bits(bits(x) ^ sign)


def uniform(words):
    """Uniform on [-1, 1]."""
    return as_float(words) * jnp.float32(2.0**-31)


def cubic(words):
    """A cubic of a uniform u whose variance is 1 and whose fourth moment is a normal's."""
    u = uniform(words)
    return u * (jnp.float32(0.607846106645) + jnp.float32(1.76856922211) * u * u)


LOG = [
    -1.9999998807907104,
    1.0000072717666626,
    -0.66670119762420654,
    0.49939817190170288,
    -0.39800330996513367,
    0.34501659870147705,
    -0.32445165514945984,
    0.20213794708251953,
]
SINE = [3.1415820121765137, -5.167142868041992, 2.5418989658355713, -0.5546361804008484]
SQRT_HALF = 0x3F3504F3  # its bits


def pair_of_normals(radius_words, angle_words):
    """Box-Muller: radius times cosine, radius times sine. The polynomials are those of the project's own `normal`."""
    integer = (radius_words >> 1) | jnp.uint32(1)
    t = lax.bitcast_convert_type(bits(as_float(integer)) - jnp.uint32(SQRT_HALF), jnp.int32)
    f = from_bits(bits_of_i32((t & 0x7FFFFF) + SQRT_HALF)) - 1
    exponent = (31 - (t >> 23)).astype(jnp.float32)
    radius = jnp.sqrt(f * horner(LOG, f) + jnp.float32(2 * np.log(2)) * exponent)
    a = as_float(angle_words) * jnp.float32(2.0**-31)
    c = 0.5 - jnp.abs(a)
    s = 0.5 - jnp.abs(c)
    sine = signed(s * horner(SINE, s * s), sign_bits(bits(a)))
    return radius * (c * horner(SINE, c * c)), radius * sine


def bits_of_i32(x):
    return lax.bitcast_convert_type(x, jnp.uint32)


def hadamard(x):
    """The orthogonal 256-point Walsh-Hadamard transformation across the 16-element vectors of each tile of 4096, as two
    products with the 16-point one."""
    h2 = np.array([[1, 1], [1, -1]], np.float32)
    h4 = np.kron(h2, h2)
    h16 = np.kron(h4, h4) / 4
    tiles = x.reshape(*x.shape[:-1], -1, 16, 16, 16)
    # At full precision: elsewhere than on CPUs, JAX would take shorter numbers.
    return jnp.einsum("...abl,ac,bd->...cdl", tiles, h16, h16, precision=lax.Precision.HIGHEST).reshape(x.shape)
