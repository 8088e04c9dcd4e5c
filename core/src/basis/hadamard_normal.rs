//! Nearly normal, at half the price: cubic variates, rotated.
//!
//! A word makes two independent variates x = u (a + b u^2) with u uniform on sixteen bits, in whole numbers; a and b are such that
//! their kurtosis is that of a normal distribution (-8e-7, by enumeration). A row is the 256-point Walsh-Hadamard transform of 256
//! vectors of them, so each element is a signed sum of 256 independent variates.
//!
//! **What it is not**: 256 elements of a lane in a tile are a rotation of as many independent variates, not independent normals.
//! Marginals, pairs, norms and inner products pass the tests that `normal` passes at 10^9 samples; all joint cumulants up to
//! order five are those of a normal distribution, that of order six of an element is -3.46/65536. Squared norms have 0.567 times the
//! skewness of chi-square's, whatever D. Elements lie on a grid of 5.4e-5, which a test of 2^33 elements begins to see. So it has a name of its own and
//! never stands in for [`normal`](super::Distribution::Normal).

use super::{Law, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// A rotated cubic variate; `NUMERICS.md`, section 3.
#[derive(Clone, Copy, Debug)]
pub struct HadamardNormal;

impl Law for HadamardNormal {
    type Sampler<V: Lanes> = CubicSampler<V>;
    const ROTATED: bool = true;
}

/// Makes the cubic variates, in units of 2^-16, before the rotation.
#[derive(Clone, Copy)]
pub struct CubicSampler<V: Lanes>(Stream<V>);

impl<V: Lanes> Sampler<V> for CubicSampler<V> {
    type Law = HadamardNormal;

    #[inline(always)]
    fn new(stream: Stream<V>, _: HadamardNormal) -> Self {
        Self(stream)
    }

    const PAIRS: bool = true;

    /// Word p makes vectors 2p (from its high half) and 2p + 1 (from its low half). A half in the upper half of a word is
    /// 2^16 times it: one operation less than reading it as what it is, and exact.
    #[inline(always)]
    fn pair(&mut self) -> [V::F; 2] {
        let x = cubic::<V>(self.0.words());
        [V::from_i32(V::and(x, V::splat_u(0xffff_0000))), V::from_i32(V::shl::<16>(x))]
    }
}

/// The cubic's coefficients, in units of 2^-32 and 2^-16.
pub(crate) const SQUARE: u32 = 32_762;
pub(crate) const CONSTANT: u32 = 2_816;

/// In both halves of each word: x = u (2816 + u^2 32762 / 2^32) / 2^16, each product cut to its upper half. The lowest bit is set
/// in u and x, which makes x exactly symmetric: rounding down would shift its mean.
#[inline(always)]
fn cubic<V: Lanes>(word: V::U) -> V::U {
    const fn both(half: u32) -> u32 {
        half << 16 | half
    }
    let u = V::or(word, V::splat_u(both(1)));
    let square = V::mul_high_halves(u, u);
    let factor =
        V::add_halves(V::mul_high_halves(square, V::splat_u(both(SQUARE))), V::splat_u(both(CONSTANT)));
    V::or(V::mul_high_halves(u, factor), V::splat_u(both(1)))
}
