//! Which directions count: those with the largest, or smallest, coordinates. (`use_top_directions`, `base_learning`)

use crate::numerics::Lanes;
use crate::step::{Executor, Superstep};

/// Which coordinates of a compartment are lifted; the others become +0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Top {
    /// All.
    All,
    /// So many of the greatest magnitude; positive.
    Count(u32),
    /// This fraction: of the greatest magnitude if it is positive, of the least if it is negative. At least one.
    Fraction(f32),
}

impl Top {
    /// Whether its number makes sense.
    #[must_use]
    pub fn is_in_range(self) -> bool {
        match self {
            Self::All => true,
            Self::Count(count) => count > 0,
            Self::Fraction(x) => x != 0.0 && (-1.0..=1.0).contains(&x),
        }
    }

    /// The places by magnitude, 0 the greatest, that are kept among `dimensions`.
    fn kept(self, dimensions: usize) -> core::ops::Range<usize> {
        match self {
            Self::All => 0..dimensions,
            Self::Count(count) => 0..count as usize,
            Self::Fraction(x) if x > 0.0 => 0..part(x, dimensions).max(1),
            Self::Fraction(x) => dimensions - part(-x, dimensions).max(1)..dimensions,
        }
    }

    /// Sets to +0 what is not kept of `values`, by the magnitudes of `coordinates`. `scratch`: as long.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn apply<E: Executor>(
        self,
        executor: &mut E,
        coordinates: &[f32],
        values: &mut [f32],
        scratch: &mut [f32],
    ) {
        if self == Self::All {
            return;
        }
        let kept = self.kept(coordinates.len());
        let places = places(executor, coordinates, scratch);
        for (value, &place) in values.iter_mut().zip(places) {
            if !kept.contains(&(place as usize)) {
                *value = 0.0;
            }
        }
    }
}

/// `floor(fraction * dimensions)`
#[must_use]
pub fn part(fraction: f32, dimensions: usize) -> usize {
    (fraction * dimensions as f32) as usize
}

/// Writes each coordinate's place by magnitude to the start of `out`: 0 for the greatest; of equal ones the first comes
/// first.
pub fn places<'o, E: Executor>(executor: &mut E, coordinates: &[f32], out: &'o mut [f32]) -> &'o [f32] {
    let out = &mut out[..coordinates.len()];
    executor.run(&Places { coordinates }, out);
    out
}

/// Numbers per tile.
const CHUNK: usize = 64;

/// Superstep: places by magnitude. A place is a count, so no number is ever moved.
struct Places<'a> {
    coordinates: &'a [f32],
}

impl Superstep for Places<'_> {
    const NAME: &'static str = "places by magnitude";

    fn chunk(&self) -> usize {
        CHUNK
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.coordinates);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        for (i, out) in out.iter_mut().enumerate() {
            let (before, from) = self.coordinates.split_at(index * CHUNK + i);
            let x = from[0].abs();
            let greater = before.iter().map(|y| u32::from(y.abs() >= x)).sum::<u32>()
                + from.iter().map(|y| u32::from(y.abs() > x)).sum::<u32>();
            *out = greater as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Serial;

    fn kept(top: Top, coordinates: [f32; 5]) -> [f32; 5] {
        let mut values = coordinates;
        let mut executor: Serial = Serial::new();
        top.apply(&mut executor, &coordinates, &mut values, &mut [f32::NAN; 5]);
        values
    }

    #[test]
    fn the_greatest_and_the_least_stay() {
        let c = [1.0, -3.0, 2.0, -2.0, 0.5];
        assert_eq!(kept(Top::All, c), c);
        assert_eq!(kept(Top::Count(1), c), [0.0, -3.0, 0.0, 0.0, 0.0]);
        // Of two equal magnitudes the first.
        assert_eq!(kept(Top::Count(2), c), [0.0, -3.0, 2.0, 0.0, 0.0]);
        assert_eq!(kept(Top::Count(9), c), c);
        assert_eq!(kept(Top::Fraction(0.6), c), [0.0, -3.0, 2.0, -2.0, 0.0]);
        assert_eq!(kept(Top::Fraction(-0.4), c), [1.0, 0.0, 0.0, 0.0, 0.5]);
        assert_eq!(kept(Top::Fraction(0.01), c), [0.0, -3.0, 0.0, 0.0, 0.0]);
        assert_eq!(kept(Top::Fraction(-0.01), c), [0.0, 0.0, 0.0, 0.0, 0.5]);
        assert_eq!(kept(Top::Fraction(-1.0), c), c);
    }

    #[test]
    fn places_are_a_permutation() {
        let c: [f32; 200] = core::array::from_fn(|i| ((i * 77 % 100) as f32) - 50.0);
        let mut out = [0.0; 200];
        let mut executor: Serial = Serial::new();
        let places = places(&mut executor, &c, &mut out);
        let mut seen = [false; 200];
        places.iter().for_each(|&p| seen[p as usize] = true);
        assert!(seen.iter().all(|&seen| seen));
    }
}
