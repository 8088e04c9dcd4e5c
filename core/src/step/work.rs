//! What a superstep computes, as data.

use core::ops::Range;

use crate::nn::Tensors;
use crate::numerics::MathId;
use crate::random::Key;
use crate::subspace::{Basis, Rule};

/// The arithmetic behind a part of a superstep's output: what [`Superstep::tile`](super::Superstep::tile) does, named instead of done.
///
/// For executors whose tiles run elsewhere, in another language: they translate it. What an operation means, down to the
/// order of every sum, is in `NUMERICS.md`, section by section; [`Superstep::tile`](super::Superstep::tile) is the definition
/// in code. Slices are the buffers that are read; a part that is written in place is not among them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Work<'s> {
    /// Not described: it can only be run.
    Undescribed,
    /// This number everywhere.
    Fill(f32),
    /// Initial weights (section 6): a row of this key, times the tensors' limits.
    InitialWeights {
        /// Of the row.
        key: Key,
        /// All of the network.
        tensors: &'s Tensors,
    },

    /// Inner products of some directions with tiles of a gradient, `[tiles][directions]` (section 4).
    Project {
        /// Where rows come from.
        basis: &'s Basis<'s>,
        /// The first direction.
        first: usize,
        /// How many.
        count: usize,
        /// All of it.
        gradient: &'s [f32],
    },
    /// Squared norms of tiles of rows, `[tiles][directions]`.
    SquaredNorms {
        /// Where rows come from.
        basis: &'s Basis<'s>,
        /// The first direction.
        first: usize,
        /// How many.
        count: usize,
        /// Elements of a row.
        params: usize,
    },
    /// Sums over tiles, in their order, of `[tiles][output]`.
    Combine {
        /// Of all tiles.
        partials: &'s [f32],
    },
    /// In place: square roots.
    Roots,
    /// In place: each number divided by its norm, 0 where that is not positive.
    DivideByNorms {
        /// One per number.
        norms: &'s [f32],
    },
    /// Coefficients of the lift (section 5).
    Coefficients {
        /// For the normalisation.
        basis: &'s Basis<'s>,
        /// c.
        coordinates: &'s [f32],
        /// From c to z.
        rule: Rule<'s>,
        /// Of the rows.
        norms: &'s [f32],
    },
    /// In place: `x - rate * c`.
    Integrate {
        /// The learning rate.
        rate: f32,
        /// c.
        coordinates: &'s [f32],
    },
    /// In place: `theta + scale * sum_i a_i phi_i` (section 4).
    Lift {
        /// Where rows come from.
        basis: &'s Basis<'s>,
        /// a.
        coefficients: &'s [f32],
        /// What the sum is multiplied with.
        scale: f32,
    },
    /// In place: `theta + scale * total`.
    Apply {
        /// As long as the output.
        total: &'s [f32],
        /// What it is multiplied with.
        scale: f32,
    },

    /// Outputs of a dense layer (section 6).
    DenseForward {
        /// Floats in, floats out, of an image.
        shape: [usize; 2],
        /// The layer's.
        params: &'s [f32],
        /// `[images][in]`
        input: &'s [f32],
    },
    /// Deltas of a dense layer's input.
    DenseBackward {
        /// Floats in, floats out, of an image.
        shape: [usize; 2],
        /// The layer's.
        params: &'s [f32],
        /// `[images][out]`
        deltas: &'s [f32],
    },
    /// The gradient of a dense layer's parameters.
    DenseGradient {
        /// Floats in, floats out, of an image.
        shape: [usize; 2],
        /// `[images][in]`
        input: &'s [f32],
        /// `[images][out]`
        deltas: &'s [f32],
    },
    /// Outputs of a convolution.
    ConvForward {
        /// Height, width and channels of an image, channels out, size of the kernel.
        shape: [usize; 5],
        /// The layer's.
        params: &'s [f32],
        /// `[images][height][width][in]`
        input: &'s [f32],
    },
    /// Deltas of a convolution's input.
    ConvBackward {
        /// Height, width and channels of an image, channels out, size of the kernel.
        shape: [usize; 5],
        /// The layer's.
        params: &'s [f32],
        /// Of the outputs.
        deltas: &'s [f32],
    },
    /// The gradient of a convolution's parameters.
    ConvGradient {
        /// Height, width and channels of an image, channels out, size of the kernel.
        shape: [usize; 5],
        /// `[images][height][width][in]`
        input: &'s [f32],
        /// Of the outputs.
        deltas: &'s [f32],
    },
    /// Images with a border of zeros.
    Pad {
        /// Height, width and channels of an image, width of the border.
        shape: [usize; 4],
        /// `[images][height][width][channels]`
        input: &'s [f32],
    },
    /// Deltas of images without the border.
    Crop {
        /// Height, width and channels of an image, width of the border.
        shape: [usize; 4],
        /// Of the padded images.
        deltas: &'s [f32],
    },
    /// Maxima of 2x2 windows.
    MaxPoolForward {
        /// Height, width and channels of an image.
        shape: [usize; 3],
        /// `[images][height][width][channels]`
        input: &'s [f32],
    },
    /// Deltas of the input of that.
    MaxPoolBackward {
        /// Height, width and channels of an image.
        shape: [usize; 3],
        /// `[images][height][width][channels]`
        input: &'s [f32],
        /// Of the maxima.
        deltas: &'s [f32],
    },
    /// `from` where `sign` is positive, else +0.
    Rectify {
        /// Decides.
        sign: &'s [f32],
        /// Taken.
        from: &'s [f32],
    },
    /// Deltas of the logits, for the mean cross-entropy of softmax.
    LossDeltas {
        /// Logits per image.
        classes: usize,
        /// `[images][classes]`
        logits: &'s [f32],
        /// One per image.
        labels: &'s [u8],
        /// exp.
        math: MathId,
    },
    /// Loss and rank of each image.
    Metrics {
        /// Logits per image.
        classes: usize,
        /// `[images][classes]`
        logits: &'s [f32],
        /// One per image.
        labels: &'s [u8],
        /// exp and ln.
        math: MathId,
    },
}

/// Takes parts of an output, in order, with what each is computed from.
pub type Parts<'p, 's> = dyn FnMut(Range<usize>, Work<'s>) + 'p;
