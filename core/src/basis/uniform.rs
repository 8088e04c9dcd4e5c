//! The uniform distribution on [-1, 1).
//!
//! Sixteen bits per element, two elements per word: multiples of 2^-15 from -1 to 1 - 2^-15, each equally likely, every
//! one exact in f32. The mean is -2^-16.

use super::{Law, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// 2^-31: sixteen bits are read where they lie, or moved to the upper half of a word.
const TWO_POW_MINUS_31: f32 = f32::from_bits(0x3000_0000);

/// Multiples of 2^-15 on [-1, 1); `NUMERICS.md`, section 3.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;

impl Law for Uniform {
    type Sampler<V: Lanes> = UniformSampler<V>;
}

/// Its sampler.
#[derive(Clone, Copy)]
pub struct UniformSampler<V: Lanes>(Stream<V>);

impl<V: Lanes> Sampler<V> for UniformSampler<V> {
    type Law = Uniform;

    #[inline(always)]
    fn new(stream: Stream<V>, _: Uniform) -> Self {
        Self(stream)
    }

    const PAIRS: bool = true;

    /// Word p makes vectors 2p (its high half, as i16) and 2p + 1 (its low half).
    #[inline(always)]
    fn pair(&mut self) -> [V::F; 2] {
        let (word, scale) = (self.0.words(), V::splat(TWO_POW_MINUS_31));
        let high = V::from_i32(V::and(word, V::splat_u(0xffff_0000)));
        let low = V::from_i32(V::shl::<16>(word));
        [high * scale, low * scale]
    }
}
