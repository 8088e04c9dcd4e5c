//! Stochastic gradient descent.

use super::{Batches, Memory, Outcome};
use crate::nn::Network;
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::add_to_weights;

/// `theta <- theta - rate * g`
pub(super) fn step<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    rate: f32,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let outcome = memory.gradient_of::<N, M, E>(executor, batches);
    add_to_weights(executor, memory.gradient, -rate, memory.weights);
    outcome
}
