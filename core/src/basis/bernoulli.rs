//! The Bernoulli distribution of mean zero: 2 (b - p), where b is 1 with probability p, else 0.
//!
//! So an element is 2 (1 - p) or -2 p. (The original's formula, 2 b - 1 - p, has mean p - 1: a slip.) p is a multiple of
//! 2^-16, which makes both values and the mean exact. With p = 1/2 the two values
//! are those of [`Rademacher`](super::Rademacher), which needs a sixteenth of the words and draws other bits.

use super::{Law, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// 2^-15.
pub(crate) const TWO_POW_MINUS_15: f32 = f32::from_bits(0x3800_0000);

/// A probability: a number of 65,536ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Probability(pub u16);

impl Probability {
    /// The nearest multiple of 2^-16 between 2^-16 and 1 - 2^-16; `None` if `p` is not between 0 and 1.
    #[must_use]
    pub fn nearest(p: f32) -> Option<Self> {
        if !(p > 0.0 && p < 1.0) {
            return None;
        }
        let parts = (p * 65_536.0 + 0.5) as u32;
        Some(Self(parts.clamp(1, 65_535) as u16))
    }

    /// As a number; exact.
    #[must_use]
    pub fn value(self) -> f32 {
        f32::from(self.0) / 65_536.0
    }
}

impl Law for Probability {
    type Sampler<V: Lanes> = BernoulliSampler<V>;
}

/// 2 (b - p); `NUMERICS.md`, section 3.
#[derive(Clone, Copy)]
pub struct BernoulliSampler<V: Lanes> {
    stream: Stream<V>,
    /// b is 1 where sixteen random bits are below this.
    below: V::U,
    /// The value for b = 0.
    low: V::U,
    /// The bits in which the two values differ.
    difference: V::U,
}

impl<V: Lanes> Sampler<V> for BernoulliSampler<V> {
    type Law = Probability;

    #[inline(always)]
    fn new(stream: Stream<V>, Probability(parts): Probability) -> Self {
        let low = (0.0 - f32::from(parts)) * TWO_POW_MINUS_15;
        let high = (65_536.0 - f32::from(parts)) * TWO_POW_MINUS_15;
        Self {
            stream,
            below: V::splat_u(u32::from(parts)),
            low: V::splat_u(low.to_bits()),
            difference: V::splat_u(low.to_bits() ^ high.to_bits()),
        }
    }

    const PAIRS: bool = true;

    /// Word p makes vectors 2p (from its high half) and 2p + 1 (from its low half).
    #[inline(always)]
    fn pair(&mut self) -> [V::F; 2] {
        let word = self.stream.words();
        [self.element(V::shr::<16>(word)), self.element(V::and(word, V::splat_u(0xffff)))]
    }
}

impl<V: Lanes> BernoulliSampler<V> {
    /// The difference of two numbers of sixteen bits is negative where its highest bit is set.
    #[inline(always)]
    fn element(&self, bits: V::U) -> V::F {
        let one = V::sar::<31>(V::sub_u(bits, self.below));
        V::from_bits(V::xor(self.low, V::and(one, self.difference)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_rounded_and_kept_inside() {
        assert_eq!(Probability::nearest(0.5), Some(Probability(32_768)));
        assert_eq!(Probability::nearest(1e-9), Some(Probability(1)));
        assert_eq!(Probability::nearest(0.999_999_9), Some(Probability(65_535)));
        assert_eq!([0.0, 1.0, -0.5, f32::NAN].map(Probability::nearest), [None; 4]);
        assert_eq!(Probability(16_384).value(), 0.25);
    }
}
