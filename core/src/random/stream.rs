//! Sixteen generators side by side.

use super::{FMIX, Key, LANES, TileSeed};
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
        Self::seeded([V::splat_u(x), V::splat_u(y), V::splat_u(z), V::splat_u(w)], offset)
    }

    /// From the words of tile seeds and the offsets of lanes.
    #[inline(always)]
    fn seeded([x, y, z, w]: [V::U; 4], offset: V::U) -> Self {
        Self {
            x: V::or(mix::<V>(V::add_u(x, offset)), V::splat_u(1)),
            y: mix::<V>(V::add_u(y, offset)),
            z: mix::<V>(V::add_u(z, offset)),
            w: mix::<V>(V::add_u(w, offset)),
        }
    }

    /// The next word of each lane.
    #[inline(always)]
    pub fn words(&mut self) -> V::U {
        let t = V::xor(self.x, V::shl::<11>(self.x));
        let t = V::xor(t, V::shr::<8>(t));
        self.x = self.y;
        self.y = self.z;
        self.z = self.w;
        // The shift and the first sum take no turns: this chain is what a lone stream waits for.
        self.w = V::xor(V::xor(self.w, t), V::shr::<19>(self.w));
        self.w
    }
}

/// `fmix32` in each lane.
#[inline(always)]
fn mix<V: Lanes>(h: V::U) -> V::U {
    let h = V::mul_u(V::xor(h, V::shr::<16>(h)), V::splat_u(FMIX[0]));
    let h = V::mul_u(V::xor(h, V::shr::<13>(h)), V::splat_u(FMIX[1]));
    V::xor(h, V::shr::<16>(h))
}

/// The seeds of one tile of `V::WIDTH` neighbouring rows: streams with a row, not a lane, in each place of a vector.
///
/// Where a step is the same for all rows but different for each lane, this is the way to go.
#[derive(Clone, Copy)]
pub(crate) struct RowSeeds<V: Lanes>([V::U; 4]);

impl<V: Lanes> RowSeeds<V> {
    /// Rows `first .. first + V::WIDTH` of the basis with this key.
    #[inline(always)]
    pub fn new(key: Key, first: u32, tile: u32) -> Self {
        const PLACES: [u32; LANES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let row = V::add_u(V::splat_u(first), V::load_u(&PLACES));
        let [a, b, c, d] = key.words();
        Self([
            Self::word(a, row, tile),
            Self::word(b, row, tile),
            Self::word(c, row, tile),
            Self::word(d, row, tile),
        ])
    }

    /// A word of [`Key::tile`], for each row.
    #[inline(always)]
    fn word(word: u32, row: V::U, tile: u32) -> V::U {
        mix::<V>(V::xor(mix::<V>(V::xor(V::splat_u(word), row)), V::splat_u(tile)))
    }

    /// One lane of all these rows.
    #[inline(always)]
    pub fn lane(self, lane: usize) -> Stream<V> {
        Stream::seeded(self.0, V::splat_u(TileSeed::LANE_OFFSET[lane]))
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;
    use crate::numerics::Array;
    use crate::random::Domain;

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
    fn rows_side_by_side_are_the_rows() {
        let key = Key::new(Domain::Basis, 9, 8, 7, 6);
        let seeds = RowSeeds::<Array<8>>::new(key, 40, 3);
        for lane in 0..LANES {
            let mut stream = seeds.lane(lane);
            let mut rows: [_; 8] = core::array::from_fn(|i| key.tile(40 + i as u32, 3).lane(lane));
            for _ in 0..20 {
                let words = stream.words();
                assert_eq!(words, rows.each_mut().map(|row| row.next_u32()));
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
