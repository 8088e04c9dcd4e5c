//! Convolutions, borders and pooling.
//!
//! A convolution is a dense layer whose rows are windows: the exchange brings a window's elements to a tile side by side, so forward and
//! gradient need no codelet of their own.

use super::network::{columns, gradient};
use super::{Builder, costs, view};
use crate::graph::{Edge, Kind, Program, View};

/// Height and width of a convolution's output.
const fn output([height, width, _, _, size]: [usize; 5]) -> [usize; 2] {
    [height - size + 1, width - size + 1]
}

pub(super) fn conv_forward(
    builder: &mut Builder<'_>,
    name: &str,
    shape: [usize; 5],
    operands: &[View],
    out: View,
) {
    let ([height, width, inputs, outputs, size], [params, input]) = (shape, [operands[0], operands[1]]);
    let [rows, places] = output(shape);
    let images = out.len() / (rows * places * outputs);
    let set = builder.set(name);
    let grain = columns(builder, images * rows, outputs);
    let (tiles, window, mut at) = (builder.target.tiles(), size * size * inputs, 0);
    for from in (0..outputs).step_by(grain) {
        let count = grain.min(outputs - from);
        let kernel = params.rows(from, window, outputs, count);
        let bias = params.slice(window * outputs + from..window * outputs + from + count);
        for row in 0..images * rows {
            let (image, y) = (row / rows, row % rows);
            let start = (image * height + y) * width * inputs;
            // Place by place, the rows of its window.
            let windows = input.within(start, [(places, inputs), (size, width * inputs), (size * inputs, 1)]);
            let to = out.rows(row * places * outputs + from, places, outputs, count);
            let edges = vec![
                ("input", view(windows)),
                ("kernel", view(kernel)),
                ("bias", view(bias)),
                ("output", view(to)),
            ];
            let cycles = costs::VERTEX + (places * window * count) as u64 * costs::MULTIPLY_ADD;
            builder.vertex(set, at % tiles, "DenseForward", edges, cycles);
            at += 1;
        }
    }
}

pub(super) fn conv_backward(
    builder: &mut Builder<'_>,
    name: &str,
    shape: [usize; 5],
    operands: &[View],
    out: View,
) {
    let ([height, width, inputs, outputs, size], [params, deltas]) = (shape, [operands[0], operands[1]]);
    let [rows, places] = output(shape);
    let images = out.len() / (height * width * inputs);
    let set = builder.set(name);
    let grain = columns(builder, images * height, inputs);
    let (tiles, mut at) = (builder.target.tiles(), 0);
    for from in (0..inputs).step_by(grain) {
        let count = grain.min(inputs - from);
        let kernel = params.rows(from * outputs, size * size, inputs * outputs, count * outputs);
        for row in 0..images * height {
            let (image, y) = (row / height, row % height);
            // Output rows that saw this input row.
            let (first, end) = ((y + 1).saturating_sub(size), rows.min(y + 1));
            let seen = (image * rows + first) * places * outputs..(image * rows + end) * places * outputs;
            let to = out.rows(row * width * inputs + from, width, inputs, count);
            let edges = vec![
                ("deltas", view(deltas.slice(seen))),
                ("kernel", view(kernel)),
                ("output", view(to)),
                ("size", Edge::Word(size as u32)),
                ("places", Edge::Word(places as u32)),
                ("outputs", Edge::Word(outputs as u32)),
                ("channels", Edge::Word(count as u32)),
                ("first", Edge::Word(first as u32)),
                ("row", Edge::Word(y as u32)),
            ];
            let products = width * count * (end - first) * size * outputs;
            let cycles = costs::VERTEX + products as u64 * costs::MULTIPLY_ADD;
            builder.vertex(set, at % tiles, "ConvBackward", edges, cycles);
            at += 1;
        }
    }
}

pub(super) fn conv_gradient(
    builder: &mut Builder<'_>,
    name: &str,
    shape: [usize; 5],
    operands: &[View],
    out: View,
) {
    let ([height, width, inputs, outputs, size], [input, deltas]) = (shape, [operands[0], operands[1]]);
    let [rows, places] = output(shape);
    let images = input.len() / (height * width * inputs);
    let dims = [(images, height * width * inputs), (rows, width * inputs), (places, inputs)];
    // What an element of the kernel saw: place by place, row by row, image by image.
    let column = |element: usize| {
        let (ky, kx, i) = (element / (size * inputs), element / inputs % size, element % inputs);
        input.within((ky * width + kx) * inputs + i, dims)
    };
    let sizes = [size * size * inputs, images * rows * places, outputs];
    gradient(builder, name, sizes, &column, deltas, out);
}

pub(super) fn pad(
    builder: &mut Builder<'_>,
    name: &str,
    [height, width, channels, border]: [usize; 4],
    operands: &[View],
    out: View,
) {
    let zero = builder.graph.constant(format!("{name}: zero"), Kind::Float, vec![0], 0);
    let zero = builder.graph.whole(zero);
    super::numbers::fill(builder, &format!("{name}: zeros"), &[zero], out);
    let images = operands[0].len() / (height * width * channels);
    let to = inside(out, images, [height, width, channels, border]);
    builder.program.push(Program::Copy { from: operands[0], to });
}

pub(super) fn crop(builder: &mut Builder<'_>, shape: [usize; 4], operands: &[View], out: View) {
    let images = out.len() / (shape[0] * shape[1] * shape[2]);
    let from = inside(operands[0], images, shape);
    builder.program.push(Program::Copy { from, to: out });
}

/// Padded images without their border.
fn inside(padded: View, images: usize, [height, width, channels, border]: [usize; 4]) -> View {
    let row = (width + 2 * border) * channels;
    let dims = [(images, (height + 2 * border) * row), (height, row), (width * channels, 1)];
    padded.within(border * row + border * channels, dims)
}

pub(super) fn pool_forward(
    builder: &mut Builder<'_>,
    name: &str,
    [height, width, channels]: [usize; 3],
    operands: &[View],
    out: View,
) {
    let row = width / 2 * channels;
    let (set, tiles) = (builder.set(name), builder.target.tiles());
    for at in 0..out.len() / row {
        let (image, y) = (at / (height / 2), at % (height / 2));
        let start = (image * height + 2 * y) * width * channels;
        let edges = vec![
            ("input", view(operands[0].slice(start..start + 2 * width * channels))),
            ("output", view(out.slice(at * row..(at + 1) * row))),
            ("channels", Edge::Word(channels as u32)),
        ];
        let cycles = costs::VERTEX + 4 * row as u64 * costs::ADD;
        builder.vertex(set, at as u32 % tiles, "MaxPoolForward", edges, cycles);
    }
}

pub(super) fn pool_backward(
    builder: &mut Builder<'_>,
    name: &str,
    [height, width, channels]: [usize; 3],
    operands: &[View],
    out: View,
) {
    let (half, row) = (width / 2 * channels, width * channels);
    let (set, tiles) = (builder.set(name), builder.target.tiles());
    let images = out.len() / (height * row);
    for at in 0..images * (height / 2) {
        let (image, y) = (at / (height / 2), at % (height / 2));
        // The last pair of an odd number of rows takes the row that is left out with it.
        let rows = if y + 1 == height / 2 { height - 2 * y } else { 2 };
        let start = (image * height + 2 * y) * row;
        let edges = vec![
            ("input", view(operands[0].slice(start..start + 2 * row))),
            ("deltas", view(operands[1].slice(at * half..(at + 1) * half))),
            ("output", view(out.slice(start..start + rows * row))),
            ("channels", Edge::Word(channels as u32)),
        ];
        let cycles = costs::VERTEX + 4 * (rows * row) as u64 * costs::ADD;
        builder.vertex(set, at as u32 % tiles, "MaxPoolBackward", edges, cycles);
    }
}
