//! How well an update agrees with the gradient, tensor by tensor, and what follows from it (`NUMERICS.md`, 9.3, step 5).

use core::ops::Range;

use super::{SgdLayers, UpdatePolicy};
use crate::nn::{Network, tensors};
use crate::step::Executor;
use crate::subspace::stored;

/// The inner products of two arrays, and of each with itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Products {
    /// `<x, y>`
    pub both: f32,
    /// `<x, x>`
    pub first: f32,
    /// `<y, y>`
    pub second: f32,
}

impl Products {
    /// Of two arrays of one length. `scratch`: [`scratch`].
    ///
    /// # Panics
    /// If the lengths differ or `scratch` is too short.
    pub fn of<E: Executor>(executor: &mut E, x: &[f32], y: &[f32], scratch: &mut [f32]) -> Self {
        let mut dot = |x: &[f32], y: &[f32]| {
            let mut out = [0.0];
            stored::dots(executor, x, y, &mut out, scratch);
            out[0]
        };
        Self { both: dot(x, y), first: dot(x, x), second: dot(y, y) }
    }

    /// The sums so far, and these.
    pub fn add(&mut self, other: Self) {
        self.both += other.both;
        self.first += other.first;
        self.second += other.second;
    }

    /// The cosine; +0 if one of the arrays is zero.
    #[must_use]
    pub fn cosine(&self) -> f32 {
        let divisor = libm::sqrtf(self.first) * libm::sqrtf(self.second);
        if divisor > 0.0 { self.both / divisor } else { 0.0 }
    }

    /// The cosine with the second array's sign flipped: of a step that goes down to a gradient that points up.
    #[must_use]
    pub fn cosine_down(&self) -> f32 {
        Self { both: 0.0 - self.both, ..*self }.cosine()
    }
}

/// Floats of scratch for [`Products::of`] arrays of `params` elements.
#[must_use]
pub const fn scratch(params: usize) -> usize {
    stored::scratch(params, 1)
}

/// Calls `report` with each tensor of the space that a step moves along random directions: its number among the network's
/// tensors, where it lies, and the products of step and gradient. Returns their chains over the tensors.
pub fn by_tensor<N: Network, E: Executor>(
    executor: &mut E,
    layers: SgdLayers,
    step: &[f32],
    gradient: &[f32],
    scratch: &mut [f32],
    mut report: impl FnMut(usize, Range<usize>, Products),
) -> Products {
    let mut all = Products::default();
    for (number, tensor) in tensors::<N>().iter().enumerate() {
        if layers.contains(tensor.layer) {
            continue;
        }
        let range = tensor.start..tensor.start + tensor.len;
        let products = Products::of(executor, &step[range.clone()], &gradient[range.clone()], scratch);
        all.add(products);
        report(number, range, products);
    }
    all
}

/// Writes what each tensor's step is multiplied with to `factors`, if there are factors; returns whether the step is to
/// follow the gradient instead.
pub(super) fn judge<N: Network, E: Executor>(
    policy: &UpdatePolicy,
    executor: &mut E,
    step: &[f32],
    gradient: &[f32],
    factors: &mut [f32],
    scratch: &mut [f32],
) -> bool {
    factors.fill(1.0);
    let mut least = f32::INFINITY;
    let all =
        by_tensor::<N, E>(executor, policy.sgd_layers, step, gradient, scratch, |number, _, products| {
            let cosine = products.cosine_down();
            least = if cosine < least { cosine } else { least };
            if policy.surgeon.is_some_and(|threshold| cosine < threshold) {
                factors[number] = 0.0;
            }
        });
    if policy.sgd_below.is_some_and(|threshold| least < threshold) {
        return true;
    }
    if policy.multiplier {
        let cosine = all.cosine_down();
        let multiplier = if cosine > 0.0 { cosine } else { 0.0 };
        for (factor, tensor) in factors.iter_mut().zip(&tensors::<N>()) {
            if !policy.sgd_layers.contains(tensor.layer) {
                *factor *= multiplier;
            }
        }
    }
    false
}
