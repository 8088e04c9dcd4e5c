//! Convolution.

use core::ops::Range;

use super::matmul::{Ends, Left, MIDDLE, Right, accumulate, accumulate_rows, steps_at_once};
use super::places::{Lines, Rows};
use super::transposed::Transposed;
use super::{Layer, Tensor, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Parts, Superstep, Work, piece};

/// A `K` by `K` convolution of images `[H][W][IN]` to `[H - K + 1][W - K + 1][OUT]` ("valid"; put a [`Pad`](super::Pad)
/// before it for "same").
///
/// Parameters: the kernel as `[K][K][IN][OUT]`, then the bias. Every window is read where it lies: an output row is a
/// matrix product whose left matrix has one segment per kernel row.
#[derive(Clone, Copy, Debug)]
pub struct Conv<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize>;

impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize>
    Conv<H, W, IN, OUT, K>
{
    const H_OUT: usize = {
        assert!(K > 0 && H >= K && W >= K, "the kernel is larger than the image");
        assert!(IN > 0 && OUT > 0, "a convolution has at least one channel in and out");
        H - K + 1
    };
    const W_OUT: usize = W - K + 1;
    const KERNEL: usize = K * K * IN * OUT;
    /// Images per tile: several small ones share a part of the kernel while it is at hand.
    const IMAGES: usize = if Self::H_OUT * Self::W_OUT < 256 { 4 } else { 1 };
    /// Output rows whose deltas a block of the kernel's gradient takes in one go.
    const LINES: usize = steps_at_once(OUT).div_ceil(Self::W_OUT);

    /// Where the windows of all outputs begin, in images of `channels` channels.
    const fn places(channels: usize) -> Rows {
        let lines = Lines {
            first: 0,
            per_image: Self::H_OUT,
            image_stride: H * W * channels,
            line_stride: W * channels,
        };
        Rows { stride: channels, per_line: Self::W_OUT, lines }
    }
}

/// Superstep: the output of some images, `[images][H_OUT][W_OUT][OUT]`.
struct Forward<'a, const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> {
    params: &'a [f32],
    input: &'a [f32],
}

impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize>
    Forward<'_, H, W, IN, OUT, K>
{
    /// The chains of all output elements over `steps` steps of `segments` kernel rows: kernel row, column and channel
    /// from `start` on.
    #[inline(always)]
    fn part<V: Lanes>(
        &self,
        images: &[f32],
        start: usize,
        [segments, steps]: [usize; 2],
        ends: Ends<'_>,
        out: &mut [f32],
    ) {
        let (ky, rest) = (start / (K * IN), start % (K * IN));
        // Row: a place of the output, in lines of the input's images. Summed index: kernel row (a segment), then kernel column
        // and channel, which lie side by side in the image.
        let left = Left {
            data: &images[ky * W * IN + rest..],
            rows: Conv::<H, W, IN, OUT, K>::places(IN),
            k_stride: 1,
            steps,
            segments,
            lines: Lines::of_one_image(W * IN),
        };
        let right = Right { data: &self.params[start * OUT..][..segments * steps * OUT], stride: OUT };
        accumulate::<V>(left, right, ends, [out.len() / OUT, OUT], out, Rows::apart(OUT));
    }
}

impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> Superstep
    for Forward<'_, H, W, IN, OUT, K>
{
    const NAME: &'static str = "convolution forward";

    fn chunk(&self) -> usize {
        Conv::<H, W, IN, OUT, K>::IMAGES * Conv::<H, W, IN, OUT, K>::OUTPUT
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.params);
        read(piece(self.input, index, Conv::<H, W, IN, OUT, K>::IMAGES * H * W * IN));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let (params, input) = (self.params, self.input);
        part(0..len, Work::ConvForward { shape: [H, W, IN, OUT, K], params, input });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let images = piece(self.input, index, Conv::<H, W, IN, OUT, K>::IMAGES * H * W * IN);
        let bias = &self.params[Conv::<H, W, IN, OUT, K>::KERNEL..];
        if const { K * K * IN <= steps_at_once(OUT) } {
            // A first layer: few steps, not worth a pause.
            let ends = Ends { begin: true, bias: Some(bias) };
            self.part::<V>(images, 0, [K, K * IN], ends, out);
            return;
        }
        let mut start = 0;
        while start < K * K * IN {
            // To the end of the kernel row, or a part of that.
            let steps = (K * IN - start % (K * IN)).min(steps_at_once(OUT));
            let complete = start + steps == K * K * IN;
            let ends = Ends { begin: start == 0, bias: complete.then_some(bias) };
            self.part::<V>(images, start, [1, steps], ends, out);
            start += steps;
        }
    }
}

/// Superstep: the deltas of some input images, `[images][H][W][IN]`: the chain over kernel row, kernel column and output
/// channel, in this order, of those deltas that exist.
struct Backward<'a, const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> {
    params: &'a [f32],
    deltas: &'a [f32],
}

impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> Superstep
    for Backward<'_, H, W, IN, OUT, K>
{
    const NAME: &'static str = "convolution backward";

    fn chunk(&self) -> usize {
        Conv::<H, W, IN, OUT, K>::IMAGES * H * W * IN
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        let len = Conv::<H, W, IN, OUT, K>::IMAGES * Conv::<H, W, IN, OUT, K>::OUTPUT;
        read(&self.params[..Conv::<H, W, IN, OUT, K>::KERNEL]);
        read(piece(self.deltas, index, len));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        let (params, deltas) = (self.params, self.deltas);
        part(0..len, Work::ConvBackward { shape: [H, W, IN, OUT, K], params, deltas });
    }

    /// Element of the kernel by element, as far as a panel reaches; each adds to all the places that it saw.
    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let len = Conv::<H, W, IN, OUT, K>::OUTPUT;
        let deltas = piece(self.deltas, index, Conv::<H, W, IN, OUT, K>::IMAGES * len);
        out.fill(0.0);
        let mut panel = Transposed::new();
        for element in 0..K * K {
            let (ky, kx) = (element / K, element % K);
            let kernel = &self.params[element * IN * OUT..][..IN * OUT];
            for input in (0..IN).step_by(Transposed::COLUMNS) {
                let channels = Transposed::COLUMNS.min(IN - input);
                for output in (0..OUT).step_by(Transposed::STEPS) {
                    let steps = Transposed::STEPS.min(OUT - output);
                    let right = panel.load::<V>(&kernel[input * OUT + output..], OUT, [channels, steps]);
                    // Output (y, x) of an image saw its input (y + ky, x + kx).
                    let left = Left::rows(&deltas[output..], OUT, steps);
                    let out = &mut out[(ky * W + kx) * IN + input..];
                    let places = Conv::<H, W, IN, OUT, K>::places(IN);
                    accumulate::<V>(left, right, MIDDLE, [deltas.len() / OUT, channels], out, places);
                }
            }
        }
    }
}

impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> Layer
    for Conv<H, W, IN, OUT, K>
{
    const INPUT: usize = H * W * IN;
    const OUTPUT: usize = Self::H_OUT * Self::W_OUT * OUT;
    const PARAMS: usize = Self::KERNEL + OUT;
    const ACTIVATIONS: usize = Self::OUTPUT;

    #[inline(always)]
    fn forward<E: Executor>(
        executor: &mut E,
        _: usize,
        params: &[f32],
        input: &[f32],
        activations: &mut [f32],
    ) {
        executor.run(&Forward::<H, W, IN, OUT, K> { params, input }, activations);
    }

    fn backward<E: Executor>(
        executor: &mut E,
        _: usize,
        params: &[f32],
        _: &[f32],
        _: &[f32],
        deltas: &mut [f32],
        input_deltas: Option<&mut [f32]>,
    ) {
        if let Some(input_deltas) = input_deltas {
            executor.run(&Backward::<H, W, IN, OUT, K> { params, deltas }, input_deltas);
        }
    }

    /// Kernel element `[ky][kx][i][o]`: the chain over images, then output rows, then output columns. A range of
    /// parameters may begin and end inside a row of `OUT` elements.
    #[inline(always)]
    fn gradient_tile<V: Lanes>(
        images: usize,
        input: &[f32],
        _: &[f32],
        deltas: &[f32],
        start: usize,
        out: &mut [f32],
    ) {
        out.fill(0.0);
        let (kernel, bias) = out.split_at_mut(out.len().min(Self::KERNEL.saturating_sub(start)));
        let input = &input[..images * Self::INPUT];
        let deltas = &deltas[..images * Self::OUTPUT];
        for (index, deltas) in deltas.chunks(Self::LINES * Self::W_OUT * OUT).enumerate() {
            let first = index * Self::LINES;
            let mut at = 0;
            while at < kernel.len() {
                // A run of whole rows of one kernel row, or part of one row.
                let (row, column) = ((start + at) / OUT, (start + at) % OUT);
                let (ky, rest) = (row / (K * IN), row % (K * IN));
                let left = Left {
                    data: &input[ky * W * IN + rest..],
                    rows: Rows::apart(1),
                    k_stride: IN,
                    steps: Self::W_OUT,
                    segments: deltas.len() / (Self::W_OUT * OUT),
                    // Line by line of the output, image by image.
                    lines: Lines {
                        first,
                        per_image: Self::H_OUT,
                        image_stride: Self::INPUT,
                        line_stride: W * IN,
                    },
                };
                let right = Right { data: deltas, stride: OUT };
                let room = kernel.len() - at;
                if column == 0 && room >= OUT {
                    let rows = (room / OUT).min(K * IN - rest);
                    let out = &mut kernel[at..at + rows * OUT];
                    accumulate::<V>(left, right, MIDDLE, [rows, OUT], out, Rows::apart(OUT));
                    at += rows * OUT;
                } else {
                    let columns = room.min(OUT - column);
                    part_of_row(left, right, column, &mut kernel[at..at + columns]);
                    at += columns;
                }
            }
            accumulate_rows::<V>(deltas, OUT, start.saturating_sub(Self::KERNEL), bias);
        }
    }

    fn gradient_work<'s>(
        images: usize,
        input: &'s [f32],
        _: &'s [f32],
        deltas: &'s [f32],
        place: Range<usize>,
        part: &mut Parts<'_, 's>,
    ) {
        let (input, deltas) = (&input[..images * Self::INPUT], &deltas[..images * Self::OUTPUT]);
        part(place, Work::ConvGradient { shape: [H, W, IN, OUT, K], input, deltas });
    }

    /// Glorot's fans of a convolution count the window: `K K IN` in, `K K OUT` out.
    fn tensors(to: &mut Tensors) {
        Tensor::push(to, "kernel", &[K, K, IN, OUT], K * K * (IN + OUT));
        Tensor::push(to, "bias", &[OUT], 0);
    }
}

/// Part of one row of a kernel's gradient: `out[c] += sum_k left[0][k] * right[k][column + c]`.
fn part_of_row(left: Left<'_>, right: Right<'_>, column: usize, out: &mut [f32]) {
    let mut lines = left.lines.places();
    for segment in right.data.chunks_exact(left.steps * right.stride) {
        let line = &left.data[lines.next()..];
        for (k, right) in segment.chunks_exact(right.stride).enumerate() {
            for (sum, delta) in out.iter_mut().zip(&right[column..]) {
                *sum += line[k * left.k_stride] * delta;
            }
        }
    }
}
