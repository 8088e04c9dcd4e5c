//! Stochastic gradient descent.

use super::momentum::follow_gradient;
use super::{Batches, Descent, Memory, Outcome};
use crate::nn::Network;
use crate::numerics::Math;
use crate::step::Executor;

/// `theta <- theta - rate * g`, with momentum if there is some.
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    rate: f32,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let outcome = memory.gradient_of::<N, M, E>(executor, batches, 0);
    follow_gradient(&descent.options.update, executor, rate, memory);
    outcome
}
