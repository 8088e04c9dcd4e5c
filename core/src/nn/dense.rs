//! The fully connected layer.

use core::ops::Range;

use super::matmul::{Ends, Left, MIDDLE, Right, accumulate, accumulate_rows, steps_at_once};
use super::places::Rows;
use super::transposed::Transposed;
use super::{Layer, Tensor, Tensors};
use crate::numerics::Lanes;
use crate::step::{Executor, Parts, Superstep, Work, piece};

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
        read(piece(self.input, index, IMAGES * IN));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::DenseForward { shape: [IN, OUT], params: self.params, input: self.input });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let (kernel, bias) = self.params.split_at(IN * OUT);
        let data = piece(self.input, index, IMAGES * IN);
        let shape = [out.len() / OUT, OUT];
        for (index, kernel) in kernel.chunks(steps_at_once(OUT) * OUT).enumerate() {
            let (first, steps) = (index * steps_at_once(OUT), kernel.len() / OUT);
            let complete = first + steps == IN;
            let ends = Ends { begin: index == 0, bias: complete.then_some(bias) };
            let left = Left::rows(&data[first..], IN, steps);
            accumulate::<V>(left, Right { data: kernel, stride: OUT }, ends, shape, out, Rows::apart(OUT));
        }
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
        read(piece(self.deltas, index, IMAGES * OUT));
    }

    fn work<'s>(&'s self, len: usize, part: &mut Parts<'_, 's>) {
        part(0..len, Work::DenseBackward { shape: [IN, OUT], params: self.params, deltas: self.deltas });
    }

    #[inline(always)]
    fn tile<V: Lanes>(&self, index: usize, out: &mut [f32]) {
        let data = piece(self.deltas, index, IMAGES * OUT);
        if const { V::WIDTH == 1 } {
            backward_plainly::<OUT>(self.params, data, out, IN);
            return;
        }
        out.fill(0.0);
        let mut panel = Transposed::new();
        for input in (0..IN).step_by(Transposed::COLUMNS) {
            let columns = Transposed::COLUMNS.min(IN - input);
            for output in (0..OUT).step_by(Transposed::STEPS) {
                let steps = Transposed::STEPS.min(OUT - output);
                let right = panel.load::<V>(&self.params[input * OUT + output..], OUT, [columns, steps]);
                let left = Left::rows(&data[output..], OUT, steps);
                let shape = [data.len() / OUT, columns];
                accumulate::<V>(left, right, MIDDLE, shape, &mut out[input..], Rows::apart(IN));
            }
        }
    }
}

/// [`Backward`] for vectors of one lane: no panel to turn round, so the stack of a small machine need not hold one.
#[inline(always)]
fn backward_plainly<const OUT: usize>(kernel: &[f32], deltas: &[f32], out: &mut [f32], inputs: usize) {
    for (deltas, out) in deltas.chunks_exact(OUT).zip(out.chunks_exact_mut(inputs)) {
        for (x, row) in out.iter_mut().zip(kernel.chunks_exact(OUT)) {
            let mut sum = 0.0;
            for (delta, weight) in deltas.iter().zip(row) {
                sum += delta * weight;
            }
            *x = sum;
        }
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

    #[inline(always)]
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
            // Left row r, summed index i: input row + r of image i.
            let left = Left::columns(&input[row..], IN, images);
            let ends = Ends { begin: true, bias: None };
            let shape = [rows.len() / OUT, OUT];
            accumulate::<V>(left, Right { data: deltas, stride: OUT }, ends, shape, rows, Rows::apart(OUT));
        }
        sums_of_row(input, IN, row + rows.len() / OUT, deltas, OUT, 0, tail);
        let column = start.saturating_sub(IN * OUT);
        bias.fill(0.0);
        accumulate_rows::<V>(deltas, OUT, column, bias);
    }

    fn gradient_work<'s>(
        images: usize,
        input: &'s [f32],
        _: &'s [f32],
        deltas: &'s [f32],
        place: Range<usize>,
        part: &mut Parts<'_, 's>,
    ) {
        let deltas = &deltas[..images * OUT];
        part(place, Work::DenseGradient { shape: [IN, OUT], input, deltas });
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
