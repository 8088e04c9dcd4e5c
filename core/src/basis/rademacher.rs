//! The Rademacher distribution: -1 or +1.
//!
//! The zero-mean Bernoulli basis with p = 1/2. One bit per element: a word serves 32 vectors.
//!
//! The generator is linear over bits, and here a bit is an element. So elements of a lane within a tile are independent
//! up to products of three, but there are 32 families of four elements whose product is always +1. Means, variances,
//! pairs and norms do not see it; the kurtosis of an inner product with a flat vector rises by 3/D. A test pins it.

use super::{Law, OCTET, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// The bits of 1.0.
pub(crate) const ONE: u32 = 0x3f80_0000;

/// -1 or +1; `NUMERICS.md`, section 3.
#[derive(Clone, Copy, Debug)]
pub struct Rademacher;

impl Law for Rademacher {
    type Sampler<V: Lanes> = RademacherSampler<V>;
}

/// Its sampler.
#[derive(Clone, Copy)]
pub struct RademacherSampler<V: Lanes> {
    stream: Stream<V>,
    /// What is left of the current word, next bit lowest.
    word: V::U,
    octets_left: u8,
}

impl<V: Lanes> Sampler<V> for RademacherSampler<V> {
    type Law = Rademacher;

    #[inline(always)]
    fn new(stream: Stream<V>, _: Rademacher) -> Self {
        Self { stream, word: V::splat_u(0), octets_left: 0 }
    }

    /// Bit b (lowest first) of word q makes vector 32 q + b: 1 stands for -1.
    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        if self.octets_left == 0 {
            self.word = self.stream.words();
            self.octets_left = 4;
        } else {
            self.word = V::shr::<8>(self.word);
        }
        self.octets_left -= 1;
        let sign = |shifted| V::from_bits(V::or(V::and(shifted, V::splat_u(0x8000_0000)), V::splat_u(ONE)));
        let word = self.word;
        [
            sign(V::shl::<31>(word)),
            sign(V::shl::<30>(word)),
            sign(V::shl::<29>(word)),
            sign(V::shl::<28>(word)),
            sign(V::shl::<27>(word)),
            sign(V::shl::<26>(word)),
            sign(V::shl::<25>(word)),
            sign(V::shl::<24>(word)),
        ]
    }
}
