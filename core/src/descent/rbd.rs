//! Random bases descent (paper, section 3): a new basis at every step.

use super::{Batches, Descent, Memory, Outcome};
use crate::nn::Network;
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::{self, Coordinates, Rule};

/// ```text
/// c     <- Phi g
/// theta <- theta - rate * Phi^T c        with Phi drawn anew
/// ```
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    rate: f32,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let basis = descent.basis();
    let outcome = memory.gradient_of::<N, M, E>(executor, batches);
    let mut coordinates =
        Coordinates { values: memory.coordinates, norms: memory.norms, scratch: memory.scratch };
    subspace::update(
        executor,
        descent.strategy,
        &basis,
        memory.gradient,
        Rule::Current,
        -rate,
        memory.weights,
        &mut coordinates,
    );
    outcome
}

/// The second line of [`step`].
pub(super) fn replay<E: Executor>(descent: &Descent, executor: &mut E, rate: f32, memory: &mut Memory<'_>) {
    let basis = descent.basis();
    subspace::replay(
        executor,
        &basis,
        memory.coordinates,
        -rate,
        memory.weights,
        memory.norms,
        memory.scratch,
    );
}
