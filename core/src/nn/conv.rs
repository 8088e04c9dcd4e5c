//! Convolution.

use super::matmul::{Left, accumulate, accumulate_transposed, add_bias, product};
use super::{Layer, Tensor, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Superstep};

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
}

/// Superstep: one row of the output of one image, `[W_OUT][OUT]`.
struct Forward<'a, const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> {
    params: &'a [f32],
    input: &'a [f32],
}

impl<const H: usize, const W: usize, const IN: usize, const OUT: usize, const K: usize> Superstep
    for Forward<'_, H, W, IN, OUT, K>
{
    const NAME: &'static str = "convolution forward";

    fn chunk(&self) -> usize {
        Conv::<H, W, IN, OUT, K>::W_OUT * OUT
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        let rows = Conv::<H, W, IN, OUT, K>::H_OUT;
        let first = (index / rows * H + index % rows) * W * IN;
        read(self.params);
        read(&self.input[first..first + K * W * IN]);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let rows = Conv::<H, W, IN, OUT, K>::H_OUT;
        let (image, y) = (index / rows, index % rows);
        let (kernel, bias) = self.params.split_at(Conv::<H, W, IN, OUT, K>::KERNEL);
        // Row: the place x. Summed index: kernel row (a segment), then kernel column and channel, which lie side by
        // side in the image.
        let left = Left {
            data: &self.input[(image * H + y) * W * IN..],
            row_stride: IN,
            k_stride: 1,
            segment_len: K * IN,
            segment_stride: W * IN,
        };
        product::<V>(left, kernel, OUT, out);
        add_bias(out, bias);
    }
}

/// Superstep: the deltas of one row of one input image, `[W][IN]`: the chain over kernel row, kernel column and output
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
        W * IN
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        let rows = Conv::<H, W, IN, OUT, K>::H_OUT;
        let columns = Conv::<H, W, IN, OUT, K>::W_OUT;
        let (image, y) = (index / H, index % H);
        // Output rows y - K + 1 to y, as far as they exist.
        let (first, end) = ((y + 1).saturating_sub(K), (y + 1).min(rows));
        read(&self.params[..Conv::<H, W, IN, OUT, K>::KERNEL]);
        read(&self.deltas[(image * rows + first) * columns * OUT..(image * rows + end) * columns * OUT]);
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let (rows, columns) = (Conv::<H, W, IN, OUT, K>::H_OUT, Conv::<H, W, IN, OUT, K>::W_OUT);
        let (image, y) = (index / H, index % H);
        out.fill(0.0);
        for ky in 0..K {
            // Output row y - ky saw this row under its kernel row ky.
            if y < ky || y - ky >= rows {
                continue;
            }
            let deltas = &self.deltas[(image * rows + y - ky) * columns * OUT..][..columns * OUT];
            for kx in 0..K {
                let kernel = &self.params[(ky * K + kx) * IN * OUT..][..IN * OUT];
                let out = &mut out[kx * IN..(kx + columns) * IN];
                accumulate_transposed::<V>(Left::plain(deltas, OUT, 1), kernel, IN, out);
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
        for image in 0..images {
            let input = &input[image * Self::INPUT..][..Self::INPUT];
            let deltas = &deltas[image * Self::OUTPUT..][..Self::OUTPUT];
            let mut at = 0;
            while at < kernel.len() {
                // A run of whole rows of one kernel row, or part of one row.
                let (row, column) = ((start + at) / OUT, (start + at) % OUT);
                let (ky, rest) = (row / (K * IN), row % (K * IN));
                let left = Left {
                    data: &input[ky * W * IN + rest..],
                    row_stride: 1,
                    k_stride: IN,
                    segment_len: Self::W_OUT,
                    segment_stride: W * IN,
                };
                let room = kernel.len() - at;
                if column == 0 && room >= OUT {
                    let rows = (room / OUT).min(K * IN - rest);
                    accumulate::<V>(left, deltas, OUT, OUT, &mut kernel[at..at + rows * OUT], OUT);
                    at += rows * OUT;
                } else {
                    let columns = room.min(OUT - column);
                    let part = &mut kernel[at..at + columns];
                    accumulate::<V>(left, &deltas[column..], OUT, columns, part, columns);
                    at += columns;
                }
            }
            let first = start.saturating_sub(Self::KERNEL);
            for deltas in deltas.chunks_exact(OUT) {
                for (sum, delta) in bias.iter_mut().zip(&deltas[first..]) {
                    *sum += delta;
                }
            }
        }
    }

    /// Glorot's fans of a convolution count the window: `K K IN` in, `K K OUT` out.
    fn tensors(to: &mut Tensors) {
        Tensor::push(to, "kernel", &[K, K, IN, OUT], K * K * (IN + OUT));
        Tensor::push(to, "bias", &[OUT], 0);
    }
}
