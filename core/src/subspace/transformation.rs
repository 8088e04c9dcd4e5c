//! What can take the place of d numbers before they are lifted: their ranks, or their place between the least and the
//! greatest. Evolution strategies shape the fitness of their offspring so (NES, section 2; the original's option
//! `transformation`).

use crate::numerics::Lanes;
use crate::step::{Executor, Superstep};

/// Which numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Transformation {
    /// The numbers as they are.
    None,
    /// Centred ranks: the least number becomes -1/2, the greatest +1/2, the others lie evenly between. Of equal numbers
    /// the first has the lower rank. One number alone becomes 0.
    Ranks,
    /// `(x - least) / (greatest - least) - 1/2`; all 0 if all are equal.
    Norm,
}

impl Transformation {
    /// All of them, in the order of their numbers in records.
    pub const ALL: [Self; 3] = [Self::None, Self::Ranks, Self::Norm];

    /// The name used on command lines and in readable views.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ranks => "ranks",
            Self::Norm => "norm",
        }
    }

    /// Transforms `values`. `scratch` is as long.
    ///
    /// # Panics
    /// If `scratch` is shorter.
    pub fn apply<E: Executor>(self, executor: &mut E, values: &mut [f32], scratch: &mut [f32]) {
        let values_before = &mut scratch[..values.len()];
        values_before.copy_from_slice(values);
        match self {
            Self::None => {}
            Self::Ranks => executor.run(&Ranks { values: values_before }, values),
            Self::Norm => normalise(values),
        }
    }
}

/// Numbers per tile.
const CHUNK: usize = 64;

/// Superstep: the centred ranks of some numbers among all. A rank is a count, so no number is ever moved.
struct Ranks<'a> {
    values: &'a [f32],
}

impl Superstep for Ranks<'_> {
    const NAME: &'static str = "ranks";

    fn chunk(&self) -> usize {
        CHUNK
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.values);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let others = self.values.len() - 1;
        for (i, out) in out.iter_mut().enumerate() {
            let (before, from) = self.values.split_at(index * CHUNK + i);
            let x = from[0];
            let lower = before.iter().map(|y| u32::from(*y <= x)).sum::<u32>()
                + from.iter().map(|y| u32::from(*y < x)).sum::<u32>();
            *out = if others == 0 { 0.0 } else { lower as f32 / others as f32 - 0.5 };
        }
    }
}

fn normalise(values: &mut [f32]) {
    let Some((&first, rest)) = values.split_first() else { return };
    let (mut least, mut greatest) = (first, first);
    for &x in rest {
        least = if x < least { x } else { least };
        greatest = if x > greatest { x } else { greatest };
    }
    let range = greatest - least;
    for x in values {
        *x = if range > 0.0 { (*x - least) / range - 0.5 } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Serial;

    fn apply<const N: usize>(transformation: Transformation, mut values: [f32; N]) -> [f32; N] {
        let mut executor: Serial = Serial::new();
        transformation.apply(&mut executor, &mut values, &mut [f32::NAN; N]);
        values
    }

    #[test]
    fn ranks_are_centred_and_equal_numbers_keep_their_order() {
        assert_eq!(apply(Transformation::Ranks, [3.0, 1.0, 2.0]), [0.5, -0.5, 0.0]);
        assert_eq!(apply(Transformation::Ranks, [1.0, 1.0, 0.0, 1.0, 2.0]), [-0.25, 0.0, -0.5, 0.25, 0.5]);
        assert_eq!(apply(Transformation::Ranks, [7.0]), [0.0]);
        assert!(apply(Transformation::Ranks, []).is_empty());
        let mut many: [f32; 200] = core::array::from_fn(|i| (i * 77 % 200) as f32);
        let mut executor: Serial = Serial::new();
        Transformation::Ranks.apply(&mut executor, &mut many, &mut [0.0; 200]);
        assert!((0..200).all(|i| many[i] == (i * 77 % 200) as f32 / 199.0 - 0.5));
    }

    #[test]
    fn norms_span_one() {
        assert_eq!(apply(Transformation::Norm, [3.0, -1.0, 2.0]), [0.5, -0.5, 0.25]);
        assert_eq!(apply(Transformation::Norm, [4.0, 4.0]), [0.0, 0.0]);
        assert_eq!(apply(Transformation::None, [4.0, -4.0]), [4.0, -4.0]);
    }
}
