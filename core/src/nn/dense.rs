//! The fully connected layer.

use super::matmul::{Left, accumulate_transposed, add_bias, product};
use super::{Layer, Tensor, Tensors, rows};
use crate::numerics::Lanes;
use crate::step::{Executor, Superstep};

/// `y = x W + b`. Parameters: the kernel `W` as `[IN][OUT]`, then the bias `b`.
#[derive(Clone, Copy, Debug)]
pub struct Dense<const IN: usize, const OUT: usize>;

/// Images per tile, forward and backward.
const IMAGES: usize = 8;

/// Superstep: the outputs of some images, `[images][OUT]`.
struct Forward<'a, const IN: usize, const OUT: usize> {
    params: &'a [f32],
    input: &'a [f32],
}

impl<const IN: usize, const OUT: usize> Superstep for Forward<'_, IN, OUT> {
    const NAME: &'static str = "dense forward";

    fn chunk(&self) -> usize {
        IMAGES * OUT
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(self.params);
        read(rows(self.input, index, IMAGES * IN));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let (kernel, bias) = self.params.split_at(IN * OUT);
        let data = rows(self.input, index, IMAGES * IN);
        product::<V>(Left::plain(data, IN, 1), kernel, OUT, out);
        add_bias(out, bias);
    }
}

/// Superstep: the deltas of the inputs of some images, `[images][IN]`: `dx = dy W^T`, summed over the outputs in order.
struct Backward<'a, const IN: usize, const OUT: usize> {
    params: &'a [f32],
    deltas: &'a [f32],
}

impl<const IN: usize, const OUT: usize> Superstep for Backward<'_, IN, OUT> {
    const NAME: &'static str = "dense backward";

    fn chunk(&self) -> usize {
        IMAGES * IN
    }

    fn reads<'s>(&'s self, index: usize, read: &mut dyn FnMut(&'s [f32])) {
        read(&self.params[..IN * OUT]);
        read(rows(self.deltas, index, IMAGES * OUT));
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let data = rows(self.deltas, index, IMAGES * OUT);
        out.fill(0.0);
        accumulate_transposed::<V>(Left::plain(data, OUT, 1), &self.params[..IN * OUT], IN, out);
    }
}

impl<const IN: usize, const OUT: usize> Layer for Dense<IN, OUT> {
    const INPUT: usize = {
        assert!(IN > 0 && OUT > 0, "a dense layer has at least one input and one output");
        IN
    };
    const OUTPUT: usize = OUT;
    const PARAMS: usize = IN * OUT + OUT;
    const ACTIVATIONS: usize = OUT;

    fn forward<E: Executor>(
        executor: &mut E,
        _: usize,
        params: &[f32],
        input: &[f32],
        activations: &mut [f32],
    ) {
        executor.run(&Forward::<IN, OUT> { params, input }, activations);
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
            executor.run(&Backward::<IN, OUT> { params, deltas }, input_deltas);
        }
    }

    /// `dW = x^T dy` and `db = sum dy`: a range of it, which may begin and end inside a row of the kernel.
    #[inline(always)]
    fn gradient_tile<V: Lanes>(
        images: usize,
        input: &[f32],
        _: &[f32],
        deltas: &[f32],
        start: usize,
        out: &mut [f32],
    ) {
        let deltas = &deltas[..images * OUT];
        let (kernel, bias) = out.split_at_mut(out.len().min((IN * OUT).saturating_sub(start)));
        let (head, rest) = kernel.split_at_mut(kernel.len().min((OUT - start % OUT) % OUT));
        let (rows, tail) = rest.split_at_mut(rest.len() / OUT * OUT);
        sums_of_row(input, IN, start / OUT, deltas, OUT, start % OUT, head);
        let row = start.div_ceil(OUT);
        if !rows.is_empty() {
            // Left row r, summed index i: pixel row + r of image i.
            let left = Left::plain(&input[row..], 1, IN);
            product::<V>(left, deltas, OUT, rows);
        }
        sums_of_row(input, IN, row + rows.len() / OUT, deltas, OUT, 0, tail);
        let column = start.saturating_sub(IN * OUT);
        for (c, sum) in bias.iter_mut().enumerate() {
            *sum = 0.0;
            for deltas in deltas.chunks_exact(OUT) {
                *sum += deltas[column + c];
            }
        }
    }

    fn tensors(to: &mut Tensors) {
        Tensor::push(to, "kernel", &[IN, OUT], IN + OUT);
        Tensor::push(to, "bias", &[OUT], 0);
    }
}

/// Part of one row of a kernel's gradient: `out[c] = sum_i input[i][row] * deltas[i][column + c]`.
fn sums_of_row(
    input: &[f32],
    inputs: usize,
    row: usize,
    deltas: &[f32],
    outputs: usize,
    column: usize,
    out: &mut [f32],
) {
    out.fill(0.0);
    if out.is_empty() {
        return;
    }
    for (input, deltas) in input.chunks_exact(inputs).zip(deltas.chunks_exact(outputs)) {
        for (sum, delta) in out.iter_mut().zip(&deltas[column..]) {
            *sum += input[row] * delta;
        }
    }
}
