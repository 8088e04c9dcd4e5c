//! Landscape: the loss is looked at in several places along each direction, and the step goes along the central difference.
//!
//! RBD without a gradient: `(l(+h) - l(-h)) / 2h` along a row as drawn is about its product with the gradient. The profiles
//! stay in [`Memory::stored`] until the next step, for whoever wants to draw them.

use super::{Batches, Descent, Landscape, Memory, Outcome, offspring};
use crate::nn::Network;
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::{self, Basis, divide_by_norm};

/// The losses along the directions of `basis`, at `bins` places `distance` apart with the weights in the middle:
/// `profile[bin][direction]`.
///
/// What comes back is the outcome in the middle.
///
/// # Panics
/// If `profile` is not `bins` times d long, `bins` is even, or `scratch` has no room for one offspring.
pub fn profile<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    basis: &Basis<'_>,
    landscape: Landscape,
    weights: &[f32],
    batches: &mut impl Batches,
    images: usize,
    profile: &mut [f32],
    scratch: &mut [f32],
) -> Outcome {
    let bins = landscape.bins as usize;
    assert!(bins % 2 == 1, "there is a bin in the middle");
    assert_eq!(profile.len(), bins * basis.dimensions, "a loss for each bin and direction");
    let mut outcome = Outcome::NOTHING;
    for (bin, losses) in profile.chunks_exact_mut(basis.dimensions.max(1)).enumerate() {
        let x = (bin as i32 - (bins / 2) as i32) as f32 * landscape.distance;
        let mut look = |basis: &Basis<'_>, losses: &mut [f32]| {
            offspring::losses::<N, M, E>(executor, basis, x, weights, true, batches, images, losses, scratch)
        };
        if bin == bins / 2 {
            let mut middle = [0.0];
            outcome = look(&Basis { dimensions: 1, ..*basis }, &mut middle);
            losses.fill(middle[0]);
        } else {
            look(basis, losses);
        }
    }
    outcome
}

/// ```text
/// l     <- losses along each direction
/// c_i   <- (l_i(+h) - l_i(-h)) / 2h / n_i
/// theta <- theta - rate * Phi^T c
/// ```
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &Descent,
    landscape: Landscape,
    executor: &mut E,
    rate: f32,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let basis = descent.basis();
    let d = basis.dimensions;
    let profile = &mut memory.stored[..];
    let outcome = self::profile::<N, M, E>(
        executor,
        &basis,
        landscape,
        memory.weights,
        batches,
        memory.images,
        profile,
        memory.scratch,
    );
    let middle = landscape.bins as usize / 2;
    let at = |bin: usize, i: usize| profile[bin * d + i];
    subspace::norms(executor, &basis, 0, memory.weights.len(), memory.norms, memory.scratch);
    for (i, c) in memory.coordinates.iter_mut().enumerate() {
        let difference = at(middle + 1, i) - at(middle - 1, i);
        *c = divide_by_norm(difference / (2.0 * landscape.distance), memory.norms[i]);
    }
    if landscape.curvature {
        let bend = |i: usize| {
            let (before, here, after) = (at(middle - 1, i), at(middle, i), at(middle + 1, i));
            ((after - here) + (before - here)).abs()
        };
        let sum = (0..d).fold(0.0, |sum, i| sum + bend(i));
        let mean = sum * (1.0 / d as f32);
        for (i, c) in memory.coordinates.iter_mut().enumerate() {
            if mean > 0.0 && bend(i) > mean {
                *c /= bend(i) / mean;
            }
        }
    }
    super::replay_lift(descent, executor, -rate, memory);
    outcome
}

/// The curvature along each direction, of a profile of three places: `(l(+h) - 2 l(0) + l(-h)) / h^2`.
pub fn curvatures(profile: &[f32], distance: f32, out: &mut [f32]) {
    let d = out.len();
    for (i, out) in out.iter_mut().enumerate() {
        let (before, here, after) = (profile[i], profile[d + i], profile[2 * d + i]);
        *out = ((after - here) + (before - here)) / (distance * distance);
    }
}
