"""exp and ln of `libm`: NUMERICS.md, section 7. Both take and give arrays of f32."""

import numpy as np

from bits import constant

f32 = np.float32

INV_LN2 = constant(0x3FB8AA3B)
EXP_LN2_HI, EXP_LN2_LO = constant(0x3F317200), constant(0x35BFBE8E)
P1, P2 = constant(0x3E2AAA8F), constant(0xBB355215)

LN_LN2_HI, LN_LN2_LO = constant(0x3F317180), constant(0x3717F7D1)
LG1, LG2, LG3, LG4 = (constant(b) for b in (0x3F2AAAAA, 0x3ECCCE13, 0x3E91E9EE, 0x3E789E26))

ONE, TWO, HALF = f32(1), f32(2), f32(0.5)


@np.errstate(all="ignore")  # every case is computed everywhere, and the one that applies is chosen
def exp(x):
    h = np.abs(x).view(np.uint32)
    sign = np.copysign(ONE, x)
    k = np.where(h <= 0x3F851592, sign, np.trunc(INV_LN2 * x + np.copysign(HALF, x)))
    large = h > 0x3EB17218
    hi = np.where(large, x - k * EXP_LN2_HI, x)
    lo = np.where(large, k * EXP_LN2_LO, f32(0))
    k = np.where(large, k, f32(0))
    reduced = np.where(large, hi - lo, x)
    xx = reduced * reduced
    c = reduced - xx * (P1 + xx * P2)
    y = ONE + (((reduced * c) / (TWO - c) - lo) + hi)
    power = np.clip(k, f32(-200), f32(200)).astype(np.int32)
    result = np.where(h > 0x39000000, np.ldexp(y, power), ONE + x)
    result = np.where((h >= 0x42B17218) & (x > 0), f32(np.inf), result)
    result = np.where((h >= 0x42CFF1B5) & (x < 0), f32(0), result)
    return np.where(np.isnan(x), x, result)


def ln(x):
    """For positive, finite, normal x."""
    w = x.view(np.uint32) + np.uint32(0x3F800000 - 0x3F3504F3)
    k = ((w >> 23).view(np.int32) - 127).astype(f32)
    f = ((w & np.uint32(0x007FFFFF)) + np.uint32(0x3F3504F3)).view(f32) - ONE
    s = f / (TWO + f)
    z = s * s
    w = z * z
    t1 = w * (LG2 + w * LG4)
    t2 = z * (LG1 + w * LG3)
    r = t2 + t1
    h = (HALF * f) * f
    result = ((((s * (h + r)) + k * LN_LN2_LO) - h) + f) + k * LN_LN2_HI
    return np.where(x == ONE, f32(0), result)
