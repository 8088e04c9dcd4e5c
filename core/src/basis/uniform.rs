//! The uniform distribution on [-1, 1).
//!
//! Sixteen bits per element, two elements per word: multiples of 2^-15 from -1 to 1 - 2^-15, each equally likely, every
//! one exact in f32. The mean is -2^-16.

use super::{OCTET, Sampler};
use crate::numerics::Lanes;
use crate::random::Stream;

/// 2^-15.
const TWO_POW_MINUS_15: f32 = f32::from_bits(0x3800_0000);

/// Multiples of 2^-15 on [-1, 1); `NUMERICS.md`, section 3.
#[derive(Clone, Copy)]
pub struct Uniform<V: Lanes>(Stream<V>);

impl<V: Lanes> Sampler<V> for Uniform<V> {
    type Law = ();

    #[inline(always)]
    fn new(stream: Stream<V>, (): ()) -> Self {
        Self(stream)
    }

    /// Word p makes vectors 2p (its high half, as i16) and 2p + 1 (its low half).
    #[inline(always)]
    fn octet(&mut self) -> [V::F; OCTET] {
        let scale = V::splat(TWO_POW_MINUS_15);
        let mut out = [scale; OCTET];
        for p in 0..OCTET / 2 {
            let word = self.0.words();
            out[2 * p] = V::from_i32(V::sar::<16>(word)) * scale;
            out[2 * p + 1] = V::from_i32(V::sar::<16>(V::shl::<16>(word))) * scale;
        }
        out
    }
}
