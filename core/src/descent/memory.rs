//! The buffers of a training, cut from one piece of memory that the caller owns.

use super::{Batches, Method, Outcome, gradient_bases, offspring};
use crate::nn::{self, Layer, Network};
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::Strategy;

/// How much memory a training needs. All lengths are in floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// theta: D.
    pub params: usize,
    /// g: D, or 0 for a method without a gradient.
    pub gradient: usize,
    /// Activations of a mini-batch; deltas take as much again. 0 for a method without a gradient.
    pub layers: usize,
    /// Losses of a mini-batch.
    pub losses: usize,
    /// Images per mini-batch.
    pub images: usize,
    /// d; 0 for SGD.
    pub dimensions: usize,
    /// Rows that are kept: d D for gradient bases, else 0.
    pub stored: usize,
    /// For projection, lift and offspring.
    pub scratch: usize,
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

impl Sizes {
    /// The least memory with which `N` can be trained by `method` in mini-batches of `images`, along `dimensions`
    /// directions (0 for SGD).
    #[must_use]
    pub const fn of<N: Network>(
        method: Method,
        images: usize,
        dimensions: usize,
        strategy: Strategy,
    ) -> Self {
        Self::with_wave::<N>(method, images, dimensions, strategy, 1)
    }

    /// Memory for `wave` blocks of directions, or offspring, at a time, as far as there are so many: what an executor
    /// of several threads wants.
    #[must_use]
    pub const fn with_wave<N: Network>(
        method: Method,
        images: usize,
        dimensions: usize,
        strategy: Strategy,
        wave: usize,
    ) -> Self {
        let gradient = method.has_gradient();
        let scratch = match method {
            Method::Sgd => 0,
            Method::Rbd | Method::Fpd => strategy.scratch_for(N::PARAMS, dimensions, wave),
            Method::Nes(_) | Method::Hybrid(_) => {
                let wave = if wave < dimensions { wave } else { dimensions };
                max(wave * offspring::len::<N>(images), Strategy::TwoPass.scratch(N::PARAMS, dimensions))
            }
            Method::GradientBases(_) => gradient_bases::scratch(N::PARAMS, dimensions),
        };
        Self {
            params: N::PARAMS,
            gradient: if gradient { N::PARAMS } else { 0 },
            layers: if gradient { images * N::Layers::ACTIVATIONS } else { 0 },
            losses: if gradient { 2 * images } else { 0 },
            images,
            dimensions,
            stored: if let Method::GradientBases(_) = method { dimensions * N::PARAMS } else { 0 },
            scratch,
        }
    }

    /// The least memory in which a journal of `N` can be replayed: no gradient, no activations.
    #[must_use]
    pub const fn of_replay<N: Network>(dimensions: usize) -> Self {
        let scratch = Strategy::TwoPass.scratch(N::PARAMS, dimensions);
        Self {
            params: N::PARAMS,
            gradient: 0,
            layers: 0,
            losses: 0,
            images: 0,
            dimensions,
            stored: 0,
            scratch,
        }
    }

    /// Floats in all. A static array can be sized with it.
    ///
    /// ```
    /// use random_bases_core::descent::{Memory, Method, Sizes};
    /// use random_bases_core::nn::Small8;
    /// use random_bases_core::subspace::Strategy;
    ///
    /// const SIZES: Sizes = Sizes::of::<Small8>(Method::Rbd, 16, 32, Strategy::TwoPass);
    /// let mut floats = [0.0; SIZES.floats()];
    /// let memory = Memory::carve(SIZES, &mut floats);
    /// assert_eq!(memory.weights.len(), 2_410);
    /// ```
    #[must_use]
    pub const fn floats(&self) -> usize {
        self.params
            + self.gradient
            + 2 * self.layers
            + self.losses
            + 3 * self.dimensions
            + self.stored
            + self.scratch
    }
}

/// The buffers of a training. Nothing of size d times D is among them, but for the rows that gradient bases keep.
#[derive(Debug)]
pub struct Memory<'a> {
    /// theta: D floats.
    pub weights: &'a mut [f32],
    /// g: D floats; none for a method without a gradient.
    pub gradient: &'a mut [f32],
    /// What the forward pass leaves, for a full mini-batch.
    pub activations: &'a mut [f32],
    /// What the backward pass leaves, laid out alike.
    pub deltas: &'a mut [f32],
    /// Loss and rank of each image of a mini-batch.
    pub losses: &'a mut [f32],
    /// What the last step lifted, or projected the gradient to: d floats.
    pub coordinates: &'a mut [f32],
    /// The rows' norms: d floats.
    pub norms: &'a mut [f32],
    /// z: d floats. Used by methods whose coordinates stay from step to step.
    pub position: &'a mut [f32],
    /// Rows that are kept.
    pub stored: &'a mut [f32],
    /// For projection, lift and offspring.
    pub scratch: &'a mut [f32],
    /// Images per mini-batch.
    pub images: usize,
}

impl<'a> Memory<'a> {
    /// Cuts `floats`, which may hold anything, into buffers.
    ///
    /// # Panics
    /// If `floats` is shorter than [`Sizes::floats`].
    pub fn carve(sizes: Sizes, floats: &'a mut [f32]) -> Self {
        let needed = sizes.floats();
        assert!(floats.len() >= needed, "a training needs {needed} floats, there are {}", floats.len());
        let mut rest = floats;
        let mut cut = |len: usize| {
            let (part, others) = core::mem::take(&mut rest).split_at_mut(len);
            rest = others;
            part
        };
        Self {
            weights: cut(sizes.params),
            gradient: cut(sizes.gradient),
            activations: cut(sizes.layers),
            deltas: cut(sizes.layers),
            losses: cut(sizes.losses),
            coordinates: cut(sizes.dimensions),
            norms: cut(sizes.dimensions),
            position: cut(sizes.dimensions),
            stored: cut(sizes.stored),
            scratch: cut(sizes.scratch),
            images: sizes.images,
        }
    }

    /// Takes one mini-batch, which may be smaller than the buffers', and writes the gradient of its mean loss.
    ///
    /// # Panics
    /// If the batch is larger.
    pub fn gradient_of<N: Network, M: Math, E: Executor>(
        &mut self,
        executor: &mut E,
        batches: &mut impl Batches,
    ) -> Outcome {
        let batch = batches.take(0, 1, self.images);
        let count = batch.labels.len();
        let len = N::Layers::ACTIVATIONS * count;
        let (activations, deltas) = (&mut self.activations[..len], &mut self.deltas[..len]);
        nn::gradient::<N, M, E>(executor, self.weights, batch, activations, deltas, self.gradient);
        let logits = N::Layers::output(activations, count);
        Outcome::of::<N, M, E>(executor, logits, batch.labels, self.losses)
    }
}
