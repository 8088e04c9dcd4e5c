//! Evolution strategies: no gradient. Offspring with the weights theta + sigma phi_i are judged by their losses, and the
//! weights move against those directions that made it worse.
//!
//! NES (Salimans et al. 2017, arXiv 1703.03864) judges each offspring on a mini-batch of its own and divides the sum by
//! sigma d. The hybrid with RBD judges all of them on the same mini-batch and divides by nothing. Offspring are moved along rows
//! as drawn; the update goes along rows divided by their norms, as in RBD. (The original divides by d twice where rows
//! are not normalised, and climbs instead of descending where losses are not transformed.)

use super::{Batches, Descent, Evolution, Memory, Method, Outcome, offspring};
use crate::nn::Network;
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::Normalisation;

/// Whether all offspring see the same mini-batch, as in the hybrid.
const fn is_shared(descent: &Descent) -> bool {
    matches!(descent.method, Method::Hybrid(_))
}

/// What sum_i f_i phi_i is multiplied with.
fn scale(descent: &Descent, evolution: Evolution, rate: f32) -> f32 {
    let d = descent.subspace.dimensions as f32;
    match descent.subspace.normalisation {
        _ if is_shared(descent) => -rate,
        // Without norms, the lift divides by d already.
        Normalisation::Mean => -(rate / evolution.noise),
        _ => -(rate / (evolution.noise * d)),
    }
}

/// ```text
/// l_i   <- loss of theta + sigma phi_i, for each direction i
/// f     <- transformation of l
/// theta <- theta - rate / (sigma d) * Phi^T f          the hybrid: theta - rate * Phi^T f
/// ```
pub(super) fn step<N: Network, M: Math, E: Executor>(
    descent: &Descent,
    evolution: Evolution,
    executor: &mut E,
    rate: f32,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Outcome {
    let basis = descent.basis();
    let outcome = offspring::losses::<N, M, E>(
        executor,
        &basis,
        evolution.noise,
        memory.weights,
        is_shared(descent),
        batches,
        memory.images,
        memory.coordinates,
        memory.scratch,
    );
    evolution.transformation.apply(executor, memory.coordinates, memory.norms);
    replay(descent, evolution, executor, rate, memory);
    outcome
}

/// The last line of [`step`].
pub(super) fn replay<E: Executor>(
    descent: &Descent,
    evolution: Evolution,
    executor: &mut E,
    rate: f32,
    memory: &mut Memory<'_>,
) {
    super::replay_lift(descent, executor, scale(descent, evolution, rate), memory);
}
