//! Random bases descent (paper, section 3): a new basis at every step.

use super::{Descent, Memory};
use crate::nn::{Batch, Network};
use crate::numerics::Math;
use crate::random::{Domain, Key};
use crate::step::Executor;
use crate::subspace::{self, Basis, Coordinates, Rule};

/// The basis of the next step.
fn basis(descent: &Descent) -> Basis {
    descent.subspace.draw(Key::new(Domain::Basis, descent.seed, descent.steps, 0, 0))
}

/// ```text
/// c     <- Phi g
/// theta <- theta - rate * Phi^T c        with Phi drawn anew
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
}

/// The second line of [`step`].
pub(super) fn replay<E: Executor>(descent: &Descent, executor: &mut E, rate: f32, memory: &mut Memory<'_>) {
    let basis = basis(descent);
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
