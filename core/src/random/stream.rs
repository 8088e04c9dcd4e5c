//! Sixteen generators side by side.

use super::{LANES, TileSeed};
use crate::numerics::Lanes;

/// `V::WIDTH` neighbouring lanes of a tile's sixteen xorshift128 generators (Marsaglia 2003, shifts 11, 8, 19), in
/// lock-step.
///
/// A vector type narrower than sixteen lanes runs the tile once per group of lanes; no lane ever looks at another, so
/// the width cannot show in the bits.
#[derive(Clone, Copy)]
pub struct Stream<V: Lanes> {
    x: V::U,
    y: V::U,
    z: V::U,
    w: V::U,
}

impl<V: Lanes> Stream<V> {
    /// The lanes `lane .. lane + V::WIDTH` of a tile.
    ///
    /// # Panics
    /// If the lanes do not all exist.
    #[inline(always)]
    #[must_use]
    pub fn new(seed: TileSeed, lane: usize) -> Self {
        debug_assert!(lane + V::WIDTH <= LANES);
        let offset = V::load_u(&TileSeed::LANE_OFFSET[lane..]);
        let [x, y, z, w] = seed.words();
        Self {
            x: V::or(Self::seed_word(x, offset), V::splat_u(1)),
            y: Self::seed_word(y, offset),
            z: Self::seed_word(z, offset),
            w: Self::seed_word(w, offset),
        }
    }

    /// `fmix32(word + offset)` in each lane.
    #[inline(always)]
    fn seed_word(word: u32, offset: V::U) -> V::U {
        let h = V::add_u(V::splat_u(word), offset);
        let h = V::mul_u(V::xor(h, V::shr::<16>(h)), V::splat_u(0x85eb_ca6b));
        let h = V::mul_u(V::xor(h, V::shr::<13>(h)), V::splat_u(0xc2b2_ae35));
        V::xor(h, V::shr::<16>(h))
    }

    /// The next word of each lane.
    #[inline(always)]
    pub fn words(&mut self) -> V::U {
        let t = V::xor(self.x, V::shl::<11>(self.x));
        let t = V::xor(t, V::shr::<8>(t));
        self.x = self.y;
        self.y = self.z;
        self.z = self.w;
        self.w = V::xor(V::xor(self.w, V::shr::<19>(self.w)), t);
        self.w
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;
    use crate::numerics::Array;
    use crate::random::{Domain, Key};

    fn check<const W: usize>() {
        let seed = Key::new(Domain::Basis, 9, 8, 7, 6).tile(5, 4);
        for group in (0..LANES).step_by(W) {
            let mut stream = Stream::<Array<W>>::new(seed, group);
            let mut lanes: [_; W] = core::array::from_fn(|i| seed.lane(group + i));
            for step in 0..100 {
                let words = stream.words();
                for (lane, generator) in lanes.iter_mut().enumerate() {
                    assert_eq!(words[lane], generator.next_u32(), "width {W}, lane {lane}, step {step}");
                }
            }
        }
    }

    #[test]
    fn equals_rand_xorshift_at_every_width() {
        check::<1>();
        check::<2>();
        check::<4>();
        check::<8>();
        check::<16>();
    }
}
