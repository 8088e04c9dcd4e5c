//! A border of zeros.

use super::{Layer, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Parts, Superstep, Work};

/// Images `[H][W][C]` with `P` rows and columns of zeros on every side. Before a [`Conv`](super::Conv) with a kernel of
/// 2 P + 1 it makes a "same" convolution.
#[derive(Clone, Copy, Debug)]
pub struct Pad<const H: usize, const W: usize, const C: usize, const P: usize>;

/// Superstep: one row of one padded image, `[W + 2 P][C]`.
struct Forward<'a, const H: usize, const W: usize, const C: usize, const P: usize> {
    input: &'a [f32],
}

/// Superstep: the deltas of one row of one input image: the padded ones without the border.
struct Backward<'a, const H: usize, const W: usize, const C: usize, const P: usize> {
    deltas: &'a [f32],
}

impl<const H: usize, const W: usize, const C: usize, const P: usize> Forward<'_, H, W, C, P> {
    /// The row of the input that lies in padded row `index`, if it is not all border.
    #[inline(always)]
    fn row(&self, index: usize) -> Option<&[f32]> {
        let (image, y) = (index / (H + 2 * P), index % (H + 2 * P));
        (P..P + H).contains(&y).then(|| &self.input[(image * H + y - P) * W * C..][..W * C])
    }
}

impl<const H: usize, const W: usize, const C: usize, const P: usize> Backward<'_, H, W, C, P> {
    /// The deltas of input row `index`.
    #[inline(always)]
    fn row(&self, index: usize) -> &[f32] {
        let (image, y) = (index / H, index % H);
        let row = (image * (H + 2 * P) + y + P) * (W + 2 * P) + P;
        &self.deltas[row * C..][..W * C]
    }
}

impl<const H: usize, const W: usize, const C: usize, const P: usize> Superstep for Forward<'_, H, W, C, P> {
    const NAME: &'static str = "pad";

    fn chunk(&self) -> usize {
        (W + 2 * P) * C
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        if let Some(row) = self.row(index) {
            read(row);
        }
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Pad { shape: [H, W, C, P], input: self.input });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        out.fill(0.0);
        if let Some(row) = self.row(index) {
            out[P * C..][..W * C].copy_from_slice(row);
        }
    }
}

impl<const H: usize, const W: usize, const C: usize, const P: usize> Superstep for Backward<'_, H, W, C, P> {
    const NAME: &'static str = "crop";

    fn chunk(&self) -> usize {
        W * C
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.row(index));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::Crop { shape: [H, W, C, P], deltas: self.deltas });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        out.copy_from_slice(self.row(index));
    }
}

impl<const H: usize, const W: usize, const C: usize, const P: usize> Layer for Pad<H, W, C, P> {
    const INPUT: usize = {
        assert!(H > 0 && W > 0 && C > 0, "an image has at least one pixel");
        H * W * C
    };
    const OUTPUT: usize = (H + 2 * P) * (W + 2 * P) * C;
    const PARAMS: usize = 0;
    const ACTIVATIONS: usize = Self::OUTPUT;

    #[inline(always)]
    fn forward<E: Executor>(executor: &mut E, _: usize, _: &[f32], input: &[f32], activations: &mut [f32]) {
        executor.run(&Forward::<H, W, C, P> { input }, activations);
    }

    fn backward<E: Executor>(
        executor: &mut E,
        _: usize,
        _: &[f32],
        _: &[f32],
        _: &[f32],
        deltas: &mut [f32],
        input_deltas: Option<&mut [f32]>,
    ) {
        if let Some(input_deltas) = input_deltas {
            executor.run(&Backward::<H, W, C, P> { deltas }, input_deltas);
        }
    }

    #[inline(always)]
    fn gradient_tile<V: Lanes>(_: usize, _: &[f32], _: &[f32], _: &[f32], _: usize, _: &mut [f32]) {}

    fn tensors(_: &mut Tensors) {}
}
