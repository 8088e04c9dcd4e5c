//! The log-normal distribution less its mean: exp(n) - exp(1/2), where n is N(0, 1).
//!
//! Skewed, with a long tail to the right: elements lie between -1.65 and 702. (The original puts the sign of an
//! antithetic row on the exponential alone, which moves the mean of every mirrored row; here the whole row is mirrored.)

use super::normal::{Normal, NormalSampler};
use super::{Law, OCTET, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// 1 / ln 2.
pub(crate) const PER_LN_2: f32 = f32::from_bits(0x3fb8_aa3b);

/// ln 2 in two parts; the first has so few digits that its product with a whole number up to 512 is exact.
pub(crate) const LN_2_HIGH: f32 = f32::from_bits(0x3f31_7200);
pub(crate) const LN_2_LOW: f32 = f32::from_bits(0x35bf_be8e);

/// 1.5 * 2^23: a small float added to it is rounded to a whole number, which its lowest bits then hold.
pub(crate) const ROUND: f32 = f32::from_bits(0x4b40_0000);

/// `(exp(f) - 1 - f) / f^2` on [-ln 2 / 2, ln 2 / 2], lowest power first; 3e-9 relative to the exponential.
pub(crate) const EXP: [f32; 5] = [
    f32::from_bits(0x3eff_fffe),
    f32::from_bits(0x3e2a_aa49),
    f32::from_bits(0x3d2a_ac79),
    f32::from_bits(0x3c09_1d10),
    f32::from_bits(0x3ab5_11e7),
];

/// exp(1/2).
pub(crate) const MEAN: f32 = f32::from_bits(0x3fd3_094c);

/// exp(n) - exp(1/2); `NUMERICS.md`, section 3.
#[derive(Clone, Copy, Debug)]
pub struct LogNormal;

impl Law for LogNormal {
    type Sampler<V: Lanes> = LogNormalSampler<V>;
}

/// Its sampler.
#[derive(Clone, Copy)]
pub struct LogNormalSampler<V: Lanes>(NormalSampler<V>);

impl<V: Lanes> Sampler<V> for LogNormalSampler<V> {
    type Law = LogNormal;

    #[inline(always)]
    fn new(stream: Stream<V>, _: LogNormal) -> Self {
        Self(NormalSampler::new(stream, Normal))
    }

    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        let mut out = self.0.octet();
        for k in 0..OCTET {
            out[k] = exp::<V>(out[k]) - V::splat(MEAN);
        }
        out
    }
}

/// e to the power of x, for |x| up to 80: 1.0e-7 relative.
///
/// x = k ln 2 + f with a whole k, so exp(x) = 2^k exp(f), and 2^k is added to the exponent's bits.
#[inline(always)]
fn exp<V: Lanes>(x: V::F) -> V::F {
    let rounded = x * V::splat(PER_LN_2) + V::splat(ROUND);
    let k = rounded - V::splat(ROUND);
    let f = (x - k * V::splat(LN_2_HIGH)) - k * V::splat(LN_2_LOW);
    let mut y = V::splat(EXP[4]);
    for c in [EXP[3], EXP[2], EXP[1], EXP[0], 1.0, 1.0] {
        y = y * f + V::splat(c);
    }
    V::from_bits(V::add_u(V::bits(y), V::shl::<23>(V::bits(rounded))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::Array;

    #[test]
    fn exp_is_accurate() {
        for i in -6600..=6600 {
            let x = i as f32 * 0.001;
            let y = f64::from(exp::<Array<1>>(Array::<1>::splat(x)).0[0]);
            let exact = libm::exp(f64::from(x));
            assert!((y / exact - 1.0).abs() < 1.2e-7, "{x}: {y}, {exact}");
        }
    }
}
