//! Max pooling.

use super::{Layer, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Parts, Superstep, Work, piece};

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

/// The place of the upper left pixel of the window of output pixel `pixel`, and of that pixel.
#[inline(always)]
const fn places<const W: usize, const C: usize>(pixel: usize) -> (usize, usize) {
    let (y, x) = (pixel / (W / 2), pixel % (W / 2));
    ((2 * y * W + 2 * x) * C, pixel * C)
}

/// Places of a window's elements after its first, in the order in which they are compared.
#[inline(always)]
const fn others<const W: usize, const C: usize>(first: usize) -> [usize; 3] {
    [first + C, first + W * C, first + W * C + C]
}

/// `count` floats at `at`, at most a vector.
#[inline(always)]
fn load<V: Lanes>(from: &[f32], at: usize, count: usize) -> V::F {
    if count == V::WIDTH { V::load(&from[at..]) } else { V::load_partial(&from[at..at + count]) }
}

/// [`load`], to write.
#[inline(always)]
fn store<V: Lanes>(x: V::F, to: &mut [f32], at: usize, count: usize) {
    if count == V::WIDTH { V::store(x, &mut to[at..]) } else { V::store_partial(x, &mut to[at..at + count]) }
}

impl<const H: usize, const W: usize, const C: usize> Superstep for Forward<'_, H, W, C> {
    const NAME: &'static str = "max pool forward";

    fn chunk(&self) -> usize {
        (H / 2) * (W / 2) * C
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.input, index, H * W * C));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::MaxPoolForward { shape: [H, W, C], input: self.input });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let image = piece(self.input, index, H * W * C);
        for pixel in 0..(H / 2) * (W / 2) {
            let (window, to) = places::<W, C>(pixel);
            for channel in (0..C).step_by(V::WIDTH) {
                let (first, channels) = (window + channel, V::WIDTH.min(C - channel));
                let mut largest = load::<V>(image, first, channels);
                for other in others::<W, C>(first) {
                    let other = load::<V>(image, other, channels);
                    largest = V::where_greater(other, largest, other, largest);
                }
                store::<V>(largest, out, to + channel, channels);
            }
        }
    }
}

impl<const H: usize, const W: usize, const C: usize> Superstep for Backward<'_, H, W, C> {
    const NAME: &'static str = "max pool backward";

    fn chunk(&self) -> usize {
        H * W * C
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(piece(self.input, index, H * W * C));
        read(piece(self.deltas, index, (H / 2) * (W / 2) * C));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let Self { input, deltas } = *self;
        part(0..len, Work::MaxPoolBackward { shape: [H, W, C], input, deltas });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let image = piece(self.input, index, H * W * C);
        let deltas = piece(self.deltas, index, (H / 2) * (W / 2) * C);
        out.fill(0.0);
        let zero = V::splat(0.0);
        for pixel in 0..(H / 2) * (W / 2) {
            let (window, from) = places::<W, C>(pixel);
            for channel in (0..C).step_by(V::WIDTH) {
                let (first, channels) = (window + channel, V::WIDTH.min(C - channel));
                let delta = load::<V>(deltas, from + channel, channels);
                let mut largest = load::<V>(image, first, channels);
                // The delta is where the largest element so far is; a larger one takes it from all before.
                let mut taken = [delta, zero, zero, zero];
                for (i, other) in others::<W, C>(first).into_iter().enumerate() {
                    let other = load::<V>(image, other, channels);
                    for j in 0..=i {
                        taken[j] = V::where_greater(other, largest, zero, taken[j]);
                    }
                    taken[i + 1] = V::where_greater(other, largest, delta, zero);
                    largest = V::where_greater(other, largest, other, largest);
                }
                store::<V>(taken[0], out, first, channels);
                for (i, other) in others::<W, C>(first).into_iter().enumerate() {
                    store::<V>(taken[i + 1], out, other, channels);
                }
            }
        }
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

    #[inline(always)]
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
