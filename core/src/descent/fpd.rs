//! Fixed projection descent (Li et al. 2018): one basis, and only the position z in it is trained.
//!
//! The weights are made anew from their initial values at every step, so a position of d numbers is the whole state of
//! a run. (The original leaves its last coordinate gradient in the weights of the next forward pass; the method of the
//! paper has no such term, nor has this.)

use super::{Batches, Descent, Memory, Outcome};
use crate::nn::{Network, initial_weights};
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::{self, Coordinates, Rule};

/// ```text
/// c     <- Phi g
/// z     <- z - rate * c
/// theta <- theta_0 + Phi^T z
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
    initial_weights::<N, E>(executor, descent.seed, memory.weights);
    let rule = Rule::Integrated { previous: memory.position, rate };
    let mut coordinates =
        Coordinates { values: memory.coordinates, norms: memory.norms, scratch: memory.scratch };
    subspace::update(
        executor,
        descent.strategy,
        &basis,
        memory.gradient,
        rule,
        1.0,
        memory.weights,
        &mut coordinates,
    );
    advance(rate, memory);
    outcome
}

/// The last two lines of [`step`].
pub(super) fn replay<N: Network, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    rate: f32,
    memory: &mut Memory<'_>,
) {
    let basis = descent.basis();
    advance(rate, memory);
    initial_weights::<N, E>(executor, descent.seed, memory.weights);
    subspace::replay(executor, &basis, memory.position, 1.0, memory.weights, memory.norms, memory.scratch);
}

/// `z <- z - rate * c`
fn advance(rate: f32, memory: &mut Memory<'_>) {
    for i in 0..memory.position.len() {
        let rule = Rule::Integrated { previous: memory.position, rate };
        memory.position[i] = rule.apply(i, memory.coordinates[i]);
    }
}
