//! Stochastic gradient descent.

use super::Memory;
use crate::nn::{Batch, Network};
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::add_to_weights;

/// `theta <- theta - rate * g`
pub(super) fn step<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    rate: f32,
    batch: Batch<'_>,
    memory: &mut Memory<'_>,
) {
    memory.gradient::<N, M, E>(executor, batch);
    add_to_weights(executor, memory.gradient, -rate, memory.weights);
}
