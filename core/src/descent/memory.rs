//! The buffers of a training, cut from one piece of memory that the caller owns.

use crate::nn::{self, Batch, Layer, Network};
use crate::numerics::Math;
use crate::step::Executor;
use crate::subspace::Strategy;

/// What decides how much memory a training needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// D.
    pub params: usize,
    /// Activations per image.
    pub activations: usize,
    /// Images per batch.
    pub images: usize,
    /// d; 0 for SGD.
    pub dimensions: usize,
    /// Scratch for projection and lift; at least [`Strategy::scratch`], 0 for SGD.
    pub scratch: usize,
}

impl Sizes {
    /// The least memory with which `N` can be trained in batches of `images`.
    #[must_use]
    pub const fn of<N: Network>(images: usize, dimensions: usize, strategy: Strategy) -> Self {
        Self {
            params: N::PARAMS,
            activations: N::Layers::ACTIVATIONS,
            images,
            dimensions,
            scratch: if dimensions == 0 { 0 } else { strategy.scratch(N::PARAMS, dimensions) },
        }
    }

    /// The least memory in which a journal of `N` can be replayed: no gradient, no activations.
    #[must_use]
    pub const fn of_replay<N: Network>(dimensions: usize) -> Self {
        let sizes = Self::of::<N>(0, dimensions, Strategy::TwoPass);
        Self { activations: 0, ..sizes }
    }

    /// Floats in all. A static array can be sized with it.
    ///
    /// ```
    /// use random_bases_core::descent::{Memory, Sizes};
    /// use random_bases_core::nn::Small8;
    /// use random_bases_core::subspace::Strategy;
    ///
    /// const SIZES: Sizes = Sizes::of::<Small8>(16, 32, Strategy::TwoPass);
    /// let mut floats = [0.0; SIZES.floats()];
    /// let memory = Memory::carve(SIZES, &mut floats);
    /// assert_eq!(memory.weights.len(), 2_410);
    /// ```
    #[must_use]
    pub const fn floats(&self) -> usize {
        let layers = self.activations * self.images;
        let gradient = if self.images > 0 { self.params } else { 0 };
        self.params + gradient + 2 * layers + 3 * self.dimensions + self.scratch
    }
}

/// The buffers of a training. Nothing of size d times D is among them.
#[derive(Debug)]
pub struct Memory<'a> {
    /// theta: D floats.
    pub weights: &'a mut [f32],
    /// g: D floats.
    pub gradient: &'a mut [f32],
    /// What the forward pass leaves, for a full batch.
    pub activations: &'a mut [f32],
    /// What the backward pass leaves, laid out alike.
    pub deltas: &'a mut [f32],
    /// c of the last step: d floats.
    pub coordinates: &'a mut [f32],
    /// The rows' norms: d floats.
    pub norms: &'a mut [f32],
    /// z: d floats. Used by methods whose coordinates stay from step to step.
    pub position: &'a mut [f32],
    /// For projection and lift.
    pub scratch: &'a mut [f32],
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
        let layers = sizes.activations * sizes.images;
        Self {
            weights: cut(sizes.params),
            gradient: cut(if sizes.images > 0 { sizes.params } else { 0 }),
            activations: cut(layers),
            deltas: cut(layers),
            coordinates: cut(sizes.dimensions),
            norms: cut(sizes.dimensions),
            position: cut(sizes.dimensions),
            scratch: cut(sizes.scratch),
        }
    }

    /// The gradient of the mean loss over `batch`, which may be smaller than the buffers' batch.
    ///
    /// # Panics
    /// If the batch is larger.
    pub fn gradient<N: Network, M: Math, E: Executor>(&mut self, executor: &mut E, batch: Batch<'_>) {
        let len = N::Layers::ACTIVATIONS * batch.labels.len();
        let (activations, deltas) = (&mut self.activations[..len], &mut self.deltas[..len]);
        nn::gradient::<N, M, E>(executor, self.weights, batch, activations, deltas, self.gradient);
    }

    /// The logits that the last [`Memory::gradient`] of so many images left.
    #[must_use]
    pub fn logits<N: Network>(&self, images: usize) -> &[f32] {
        N::Layers::output(&self.activations[..N::Layers::ACTIVATIONS * images], images)
    }
}
