//! Max pooling.

use super::{Layer, Tensors, rows};
use crate::numerics::Lanes;
use crate::step::{Executor, Superstep};

/// The largest of each 2x2 window, windows side by side; an odd last row or column is left out. Images are
/// `[H][W][C]`.
///
/// Among equal elements the first counts (upper row first, then left to right), also for the gradient.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool<const H: usize, const W: usize, const C: usize>;

/// Superstep: the pooled image of one image.
struct Forward<'a, const H: usize, const W: usize, const C: usize> {
    input: &'a [f32],
}

/// Superstep: the deltas of one input image: each window's delta at its largest element, +0 elsewhere.
struct Backward<'a, const H: usize, const W: usize, const C: usize> {
    input: &'a [f32],
    deltas: &'a [f32],
}

/// Where the largest element of a window lies, given its upper left element's place.
#[inline(always)]
fn largest<const W: usize, const C: usize>(image: &[f32], first: usize) -> usize {
    let mut at = first;
    for other in [first + C, first + W * C, first + W * C + C] {
        if image[other] > image[at] {
            at = other;
        }
    }
    at
}

/// Calls `visit` with each output's place and its window's upper left place.
#[inline(always)]
fn windows<const H: usize, const W: usize, const C: usize>(mut visit: impl FnMut(usize, usize)) {
    for y in 0..H / 2 {
        for x in 0..W / 2 {
            for c in 0..C {
                visit((y * (W / 2) + x) * C + c, (2 * y * W + 2 * x) * C + c);
            }
        }
    }
}

impl<const H: usize, const W: usize, const C: usize> Superstep for Forward<'_, H, W, C> {
    const NAME: &'static str = "max pool forward";

    fn chunk(&self) -> usize {
        (H / 2) * (W / 2) * C
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(rows(self.input, index, H * W * C));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let image = rows(self.input, index, H * W * C);
        windows::<H, W, C>(|to, first| out[to] = image[largest::<W, C>(image, first)]);
    }
}

impl<const H: usize, const W: usize, const C: usize> Superstep for Backward<'_, H, W, C> {
    const NAME: &'static str = "max pool backward";

    fn chunk(&self) -> usize {
        H * W * C
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(rows(self.input, index, H * W * C));
        read(rows(self.deltas, index, (H / 2) * (W / 2) * C));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let image = rows(self.input, index, H * W * C);
        let deltas = rows(self.deltas, index, (H / 2) * (W / 2) * C);
        out.fill(0.0);
        windows::<H, W, C>(|from, first| out[largest::<W, C>(image, first)] = deltas[from]);
    }
}

impl<const H: usize, const W: usize, const C: usize> Layer for MaxPool<H, W, C> {
    const INPUT: usize = {
        assert!(H >= 2 && W >= 2 && C > 0, "a 2x2 window needs an image of at least 2x2");
        H * W * C
    };
    const OUTPUT: usize = (H / 2) * (W / 2) * C;
    const PARAMS: usize = 0;
    const ACTIVATIONS: usize = Self::OUTPUT;

    fn forward<E: Executor>(executor: &mut E, _: usize, _: &[f32], input: &[f32], activations: &mut [f32]) {
        executor.run(&Forward::<H, W, C> { input }, activations);
    }

    fn backward<E: Executor>(
        executor: &mut E,
        _: usize,
        _: &[f32],
        input: &[f32],
        _: &[f32],
        deltas: &mut [f32],
        input_deltas: Option<&mut [f32]>,
    ) {
        if let Some(input_deltas) = input_deltas {
            executor.run(&Backward::<H, W, C> { input, deltas }, input_deltas);
        }
    }

    #[inline(always)]
    fn gradient_tile<V: Lanes>(_: usize, _: &[f32], _: &[f32], _: &[f32], _: usize, _: &mut [f32]) {}

    fn tensors(_: &mut Tensors) {}
}
