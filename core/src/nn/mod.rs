//! Networks: types with const shapes.
//!
//! A [`Layer`] declares its input, output, parameter and activation lengths as consts; a [`Chain`] composes two, and
//! shapes that do not fit do not compile. A [`Network`] names a composition. Every buffer comes from the caller, in
//! lengths that are consts times the number of images.
//!
//! **A new layer** is one file like `dense.rs`: shapes, supersteps for forward and backward, [`Layer::gradient_tile`]
//! for its parameters. Every element of every product is one chain over the summed index, in order, so that blocking,
//! batch split and vector width cannot show in the bits.
//!
//! The backward pass has two halves. First the deltas (loss gradients of every layer's output) go down the network,
//! superstep by superstep; then [`ParameterGradient`], one superstep over tiles of all D parameters, computes each tile
//! from activations and deltas alone.

mod chain;
mod conv;
mod dense;
mod initial;
mod loss;
mod matmul;
mod networks;
mod pad;
mod places;
mod pool;
mod relu;
mod transposed;

pub use chain::Chain;
pub use conv::Conv;
pub use dense::Dense;
pub use initial::{Tensor, Tensors, initial_weights, tensors};
pub use loss::{Metrics, deltas_of_loss, mean_loss, metrics};
pub use networks::{Cnn28, Cnn32, Fc28, Fc32, LargeConv28, LargeConv32, Network, Small8};
pub use pad::Pad;
pub use pool::MaxPool;
pub use relu::Relu;

use core::ops::Range;

use crate::numerics::{Lanes, Math};
use crate::step::{Executor, Parts, Superstep, Work};

/// A differentiable function with const shapes. All lengths are per image.
///
/// `input`, `activations` and `deltas` hold `images` images; `activations` and `deltas` are laid out alike, layer after
/// layer, each `[images][length]`, the layer's output last.
pub trait Layer: Sync + 'static {
    /// Floats in.
    const INPUT: usize;
    /// Floats out.
    const OUTPUT: usize;
    /// Parameters.
    const PARAMS: usize;
    /// Floats kept for the backward pass, the output included.
    const ACTIVATIONS: usize;

    /// Writes `activations`.
    fn forward<E: Executor>(
        executor: &mut E,
        images: usize,
        params: &[f32],
        input: &[f32],
        activations: &mut [f32],
    );

    /// Given the deltas of the output, writes those of everything inside and, if asked for, those of the input.
    fn backward<E: Executor>(
        executor: &mut E,
        images: usize,
        params: &[f32],
        input: &[f32],
        activations: &[f32],
        deltas: &mut [f32],
        input_deltas: Option<&mut [f32]>,
    );

    /// Writes the gradient of the parameters `start .. start + out.len()`, summed over the images in index order.
    fn gradient_tile<V: Lanes>(
        images: usize,
        input: &[f32],
        activations: &[f32],
        deltas: &[f32],
        start: usize,
        out: &mut [f32],
    );

    /// Says what [`Layer::gradient_tile`] computes, of all parameters: `place` is where they lie in the output.
    fn gradient_work<'s>(
        _images: usize,
        _input: &'s [f32],
        _activations: &'s [f32],
        _deltas: &'s [f32],
        place: Range<usize>,
        part: &mut Parts<'_, 's>,
    ) {
        if !place.is_empty() {
            part(place, Work::Undescribed);
        }
    }

    /// Appends the layer's parameter tensors, in the order of the parameters.
    fn tensors(to: &mut Tensors);

    /// The output's part of `activations` or `deltas`.
    #[inline(always)]
    fn output(activations: &[f32], images: usize) -> &[f32] {
        &activations[(Self::ACTIVATIONS - Self::OUTPUT) * images..]
    }

    /// [`Layer::output`], to write.
    #[inline(always)]
    fn output_mut(activations: &mut [f32], images: usize) -> &mut [f32] {
        &mut activations[(Self::ACTIVATIONS - Self::OUTPUT) * images..]
    }
}

/// Images and their labels.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// `[images][Layer::INPUT]`
    pub input: &'a [f32],
    /// One class per image.
    pub labels: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The images `first .. first + count` of it.
    ///
    /// # Panics
    /// If there are not so many.
    #[must_use]
    pub fn slice(&self, first: usize, count: usize) -> Batch<'a> {
        let len = self.input.len() / self.labels.len();
        Batch {
            input: &self.input[first * len..(first + count) * len],
            labels: &self.labels[first..first + count],
        }
    }
}

/// Superstep: a tile of the gradient of all parameters, from activations and deltas.
pub struct ParameterGradient<'a, L> {
    images: usize,
    input: &'a [f32],
    activations: &'a [f32],
    deltas: &'a [f32],
    layers: core::marker::PhantomData<L>,
}

impl<'a, L: Layer> ParameterGradient<'a, L> {
    /// For what [`Layer::forward`] and [`Layer::backward`] of `images` images left.
    #[must_use]
    pub const fn new(images: usize, input: &'a [f32], activations: &'a [f32], deltas: &'a [f32]) -> Self {
        Self { images, input, activations, deltas, layers: core::marker::PhantomData }
    }

    /// Names all that it is made from, for [`Superstep::reads`].
    pub(crate) fn reads_all<'s>(&'s self, read: &mut dyn FnMut(&'s [f32])) {
        read(self.input);
        read(self.activations);
        read(self.deltas);
    }

    /// Writes the gradient of the parameters from `start` on.
    #[inline(always)]
    pub(crate) fn write<V: Lanes>(&self, start: usize, out: &mut [f32]) {
        L::gradient_tile::<V>(self.images, self.input, self.activations, self.deltas, start, out);
    }
}

/// Floats of gradient per tile. Small enough that a tile of a wide layer is a few rows; no bit depends on it.
const GRADIENT_CHUNK: usize = 1024;

impl<L: Layer> Superstep for ParameterGradient<'_, L> {
    const NAME: &'static str = "parameter gradient";

    fn chunk(&self) -> usize {
        GRADIENT_CHUNK
    }

    fn reads<'s>(&'s self, _: usize, read: &mut dyn FnMut(&'s [f32])) {
        self.reads_all(read);
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        L::gradient_work(self.images, self.input, self.activations, self.deltas, 0..len, part);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        self.write::<V>(index * GRADIENT_CHUNK, out);
    }
}

/// The gradient of the mean cross-entropy over `batch` with respect to all parameters: forward, loss, backward.
///
/// `activations` and `deltas` hold `N::Layers::ACTIVATIONS` floats per image, `gradient` D floats; all are written.
/// [`metrics`] of the batch can be taken from `activations` afterwards.
///
/// # Panics
/// If a buffer's length does not match the batch.
pub fn gradient<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    weights: &[f32],
    batch: Batch<'_>,
    activations: &mut [f32],
    deltas: &mut [f32],
    gradient: &mut [f32],
) {
    assert_eq!(gradient.len(), N::PARAMS, "one gradient per parameter");
    self::deltas::<N, M, E>(executor, weights, batch, activations, deltas);
    let images = batch.labels.len();
    let superstep = ParameterGradient::<N::Layers>::new(images, batch.input, activations, deltas);
    executor.run(&superstep, gradient);
}

/// What [`gradient`] follows from, and [`ParameterGradient`] makes it of: the activations and deltas of `batch`.
///
/// # Panics
/// If a buffer's length does not match the batch.
pub fn deltas<N: Network, M: Math, E: Executor>(
    executor: &mut E,
    weights: &[f32],
    batch: Batch<'_>,
    activations: &mut [f32],
    deltas: &mut [f32],
) {
    let images = batch.labels.len();
    forward::<N, E>(executor, weights, batch.input, images, activations);
    let logits = N::Layers::output(activations, images);
    let output_deltas = N::Layers::output_mut(deltas, images);
    deltas_of_loss::<M, E>(executor, N::Layers::OUTPUT, logits, batch.labels, output_deltas);
    N::Layers::backward(executor, images, weights, batch.input, activations, deltas, None);
}

/// Writes the activations of `images` images; the last `N::Layers::OUTPUT * images` are the logits.
///
/// # Panics
/// If a buffer's length does not match the number of images.
#[inline(always)]
pub fn forward<N: Network, E: Executor>(
    executor: &mut E,
    weights: &[f32],
    input: &[f32],
    images: usize,
    activations: &mut [f32],
) {
    assert_eq!(weights.len(), N::PARAMS, "{} has {} parameters", N::NAME, N::PARAMS);
    assert_eq!(input.len(), images * N::Layers::INPUT, "the input is not {images} images");
    assert_eq!(activations.len(), images * N::Layers::ACTIVATIONS, "activations for {images} images");
    N::Layers::forward(executor, images, weights, input, activations);
}
