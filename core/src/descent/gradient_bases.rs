//! Gradient bases: the last d gradients, each divided by its squared norm, are the basis.
//!
//! The one method whose basis is data: d D floats. So its updates cannot be replayed from coordinates, and d is small.
//! (The original's `grad` model. It makes no step until the basis is full, at the start of every epoch again, and computes
//! the update that `use_update_as_base` asks for without ever storing it; here a step uses whatever the basis holds.)

use super::{Batches, Descent, GradientBases, Memory, Outcome};
use crate::nn::Network;
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::{add_to_weights, stored};

/// Floats of scratch: an update, and the partial sums of the coordinates.
#[must_use]
pub const fn scratch(params: usize, dimensions: usize) -> usize {
    params + stored::scratch(params, dimensions)
}

/// With the place k = t mod d of the basis:
///
/// ```text
/// b_k   <- g / <g, g>                          not with offset
/// c_i   <- <b_i, g>
/// delta <- sum_i c_i b_i
/// theta <- theta - rate * delta
/// b_k   <- g / <g, g>                          with offset
/// b_k   <- delta / <delta, delta>              with use_update_as_base (and offset: once the basis is full)
/// ```
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &Descent,
    options: GradientBases,
    executor: &mut E,
    rate: f32,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let outcome = memory.gradient_of::<N, M, E>(executor, batches, 0);
    let (dimensions, params) = (descent.subspace.dimensions, memory.weights.len());
    let place = (descent.steps % dimensions as u64) as usize;
    let full = descent.steps >= dimensions as u64;
    let Memory { weights, gradient, coordinates, stored: rows, scratch, .. } = memory;
    let (delta, scratch) = scratch.split_at_mut(params);
    let slot = place * params..(place + 1) * params;
    if !options.offset {
        stored::store(executor, gradient, &mut rows[slot.clone()], scratch);
    }
    stored::dots(executor, rows, gradient, coordinates, scratch);
    stored::sum(executor, rows, coordinates, delta);
    add_to_weights(executor, delta, -rate, weights);
    if options.use_update_as_base && (full || !options.offset) {
        stored::store(executor, delta, &mut rows[slot], scratch);
    } else if options.offset {
        stored::store(executor, gradient, &mut rows[slot], scratch);
    }
    outcome
}
