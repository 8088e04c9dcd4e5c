//! Learning-rate schedules: what the rate of a step is multiplied with (`NUMERICS.md`, section 9).
//!
//! The original's warm-up falls where it means to rise; this one rises.

use crate::basis::sin_pi;
use crate::numerics::{Libm, Math};

/// Boundaries that [`Shape::Piecewise`] can have.
pub const PIECES: usize = 8;

/// How the rate changes over a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The shape.
    pub shape: Shape,
    /// Steps over which the rate rises at the start; 0 for none.
    pub warmup_steps: u64,
    /// How it rises.
    pub warmup: Warmup,
}

/// The shape of a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// 1 throughout.
    Constant,
    /// Multipliers, one more than there are boundaries, which are fractions of the run in rising order.
    Piecewise {
        /// `count` of them.
        boundaries: [f32; PIECES],
        /// `count + 1` of them.
        multipliers: [f32; PIECES + 1],
        /// How many boundaries there are.
        count: usize,
    },
    /// From 1 to `alpha` along half a wave.
    Cosine {
        /// What is left at the end. (`decay_alpha`)
        alpha: f32,
    },
    /// From 1 to `rate`, each step the same factor below the last.
    Exponential {
        /// What is left at the end; positive.
        rate: f32,
    },
}

/// How the rate rises at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warmup {
    /// By the same amount at each step.
    Linear,
    /// By the same factor at each step, from about a hundredth.
    Exponential,
}

impl Schedule {
    /// 1 throughout.
    pub const CONSTANT: Self = Self { shape: Shape::Constant, warmup_steps: 0, warmup: Warmup::Linear };

    /// The factor of step `step` of `steps` planned ones; what comes after them has the last one's end.
    #[must_use]
    pub fn factor(&self, step: u64, steps: u64) -> f32 {
        let progress = step.min(steps) as f32 / steps as f32;
        let factor = match self.shape {
            Shape::Constant => 1.0,
            Shape::Piecewise { boundaries, multipliers, count } => {
                let passed = boundaries[..count].iter().filter(|boundary| **boundary <= progress).count();
                multipliers[passed]
            }
            Shape::Cosine { alpha } => alpha + (1.0 - alpha) * (0.5 * (1.0 + sin_pi(0.5 - progress))),
            Shape::Exponential { rate } => Libm::exp(progress * Libm::ln(rate)),
        };
        if step >= self.warmup_steps {
            return factor;
        }
        let risen = (step + 1) as f32 / self.warmup_steps as f32;
        factor
            * match self.warmup {
                Warmup::Linear => risen,
                Warmup::Exponential => Libm::exp((1.0 - risen) * Libm::ln(0.01)),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(shape: Shape, steps: [u64; 5]) -> [f32; 5] {
        let schedule = Schedule { shape, ..Schedule::CONSTANT };
        steps.map(|step| schedule.factor(step, 100))
    }

    /// Bits of today: a change here is a change of every run with a schedule.
    #[test]
    fn factors_are_pinned() {
        let bits = |shape| factors(shape, [0, 1, 50, 75, 99]).map(f32::to_bits);
        assert_eq!(bits(Shape::Constant), [1.0f32.to_bits(); 5]);
        let mut boundaries = [0.0; PIECES];
        boundaries[..2].copy_from_slice(&[0.5, 0.75]);
        let mut multipliers = [0.0; PIECES + 1];
        multipliers[..3].copy_from_slice(&[1.0, 0.1, 0.01]);
        let piecewise = Shape::Piecewise { boundaries, multipliers, count: 2 };
        assert_eq!(factors(piecewise, [0, 49, 50, 74, 75]), [1.0, 1.0, 0.1, 0.1, 0.01]);
        let cosine = factors(Shape::Cosine { alpha: 0.01 }, [0, 25, 50, 75, 99]);
        assert_eq!(cosine.map(f32::to_bits), COSINE);
        let exponential = factors(Shape::Exponential { rate: 0.25 }, [0, 25, 50, 75, 99]);
        assert_eq!(exponential.map(f32::to_bits), EXPONENTIAL);
    }

    const COSINE: [u32; 5] = [1065353211, 1062920824, 1057048494, 1042199441, 1009243985];
    const EXPONENTIAL: [u32; 5] = [1065353216, 1060439283, 1056964608, 1052050675, 1048693101];

    /// Near what the formulas mean, which pinned bits cannot show.
    #[test]
    fn schedules_have_their_shapes() {
        let near = |x: f32, y: f32| (x - y).abs() < 2e-6;
        let cosine = factors(Shape::Cosine { alpha: 0.01 }, [0, 25, 50, 75, 100]);
        let want = [1.0, 0.01 + 0.99 * 0.853_553_4, 0.505, 0.01 + 0.99 * 0.146_446_6, 0.01];
        assert!(cosine.iter().zip(want).all(|(x, y)| near(*x, y)), "{cosine:?}");
        let exponential = factors(Shape::Exponential { rate: 0.25 }, [0, 25, 50, 75, 100]);
        let want = [1.0, core::f32::consts::FRAC_1_SQRT_2, 0.5, 0.353_553_4, 0.25];
        assert!(exponential.iter().zip(want).all(|(x, y)| near(*x, y)), "{exponential:?}");
    }

    #[test]
    fn warming_up_rises_to_one() {
        for warmup in [Warmup::Linear, Warmup::Exponential] {
            let schedule = Schedule { warmup_steps: 10, warmup, ..Schedule::CONSTANT };
            let factors: [f32; 12] = core::array::from_fn(|step| schedule.factor(step as u64, 100));
            assert!(factors[..10].windows(2).all(|pair| pair[0] < pair[1]), "{factors:?}");
            assert!(factors[0] > 0.0 && factors[0] < 0.2);
            assert_eq!(factors[9..], [1.0; 3]);
        }
        // And it joins the shape.
        let shape = Shape::Cosine { alpha: 0.0 };
        let schedule = Schedule { shape, warmup_steps: 4, warmup: Warmup::Linear };
        let plain = Schedule { shape, ..Schedule::CONSTANT };
        assert_eq!(schedule.factor(1, 8), plain.factor(1, 8) * 0.5);
        assert_eq!(plain.factor(800, 8), plain.factor(8, 8));
    }
}
