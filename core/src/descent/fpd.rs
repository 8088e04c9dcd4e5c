//! Fixed projection descent (Li et al. 2018): one basis, and only the position z in it is trained.
//!
//! The weights are made anew from their initial values at every step, so a position of d numbers is the whole state of
//! a run. (The original leaves its last coordinate gradient in the weights of the next forward pass; the method of the
//! paper has no such term, nor has this.)

use super::{Descent, Memory};
use crate::nn::{Batch, Network, initial_weights};
use crate::numerics::Math;
use crate::random::{Domain, Key};
use crate::step::Executor;
use crate::subspace::{self, Basis, Coordinates, Rule};

/// The basis of the run.
fn basis(descent: &Descent) -> Basis {
    descent.subspace.draw(Key::new(Domain::Basis, descent.seed, 0, 0, 0))
}

/// ```text
/// c     <- Phi g
/// z     <- z - rate * c
/// theta <- theta_0 + Phi^T z
/// ```
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    rate: f32,
    batch: Batch<'_>,
    memory: &mut Memory<'_>,
) {
    let basis = basis(descent);
    memory.gradient::<N, M, E>(executor, batch);
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
}

/// The last two lines of [`step`].
pub(super) fn replay<N: Network, E: Executor>(
    descent: &Descent,
    executor: &mut E,
    rate: f32,
    memory: &mut Memory<'_>,
) {
    let basis = basis(descent);
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
