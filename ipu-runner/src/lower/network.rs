//! Layers and loss.

use super::{Builder, costs, view};
use crate::graph::{Edge, View};

/// How many outputs of an image one worker computes, so that all workers have some; an even number where there are enough.
pub(super) fn columns(builder: &Builder<'_>, images: usize, outputs: usize) -> usize {
    let all = (images * outputs).div_ceil(builder.workers());
    all.clamp(1, outputs).next_multiple_of(2).min(outputs)
}

pub(super) fn dense_forward(
    builder: &mut Builder<'_>,
    name: &str,
    [inputs, outputs]: [usize; 2],
    operands: &[View],
    out: View,
) {
    let (params, input) = (operands[0], operands[1]);
    let images = out.len() / outputs;
    let set = builder.set(name);
    let (grain, tiles, mut at) = (columns(builder, images, outputs), builder.target.tiles(), 0);
    // Columns outermost: neighbours on a tile share a part of the kernel.
    for from in (0..outputs).step_by(grain) {
        let count = grain.min(outputs - from);
        let kernel = params.rows(from, inputs, outputs, count);
        let bias = params.slice(inputs * outputs + from..inputs * outputs + from + count);
        for image in 0..images {
            let edges = vec![
                ("input", view(input.slice(image * inputs..(image + 1) * inputs))),
                ("kernel", view(kernel)),
                ("bias", view(bias)),
                ("output", view(out.slice(image * outputs + from..image * outputs + from + count))),
            ];
            let cycles = costs::VERTEX + (inputs * count) as u64 * costs::MULTIPLY_ADD;
            builder.vertex(set, at % tiles, "DenseForward", edges, cycles);
            at += 1;
        }
    }
}

pub(super) fn dense_backward(
    builder: &mut Builder<'_>,
    name: &str,
    [inputs, outputs]: [usize; 2],
    operands: &[View],
    out: View,
) {
    let (params, deltas) = (operands[0], operands[1]);
    let images = out.len() / inputs;
    let set = builder.set(name);
    let (grain, tiles, mut at) = (columns(builder, images, inputs), builder.target.tiles(), 0);
    for from in (0..inputs).step_by(grain) {
        let count = grain.min(inputs - from);
        let kernel = params.slice(from * outputs..(from + count) * outputs);
        for image in 0..images {
            let edges = vec![
                ("deltas", view(deltas.slice(image * outputs..(image + 1) * outputs))),
                ("kernel", view(kernel)),
                ("output", view(out.slice(image * inputs + from..image * inputs + from + count))),
                ("outputs", Edge::Word(outputs as u32)),
            ];
            let cycles = costs::VERTEX + (outputs * count) as u64 * costs::MULTIPLY_ADD;
            builder.vertex(set, at % tiles, "DenseBackward", edges, cycles);
            at += 1;
        }
    }
}

pub(super) fn dense_gradient(
    builder: &mut Builder<'_>,
    name: &str,
    [inputs, outputs]: [usize; 2],
    operands: &[View],
    out: View,
) {
    let (input, deltas) = (operands[0], operands[1]);
    let images = deltas.len() / outputs;
    let column = |row| input.rows(row, images, inputs, 1);
    gradient(builder, name, [inputs, images, outputs], &column, deltas, out);
}

/// Of a layer's parameters, kernel and bias: `column(row)` are the inputs that row `row` of the kernel saw, one for each of `steps` rows of deltas.
pub(super) fn gradient(
    builder: &mut Builder<'_>,
    name: &str,
    [rows, steps, outputs]: [usize; 3],
    column: &dyn Fn(usize) -> View,
    deltas: View,
    out: View,
) {
    let set = builder.set(name);
    let (tiles, mut at) = (builder.target.tiles(), 0);
    // A row's share of the outputs. Columns outermost: neighbours on a tile share deltas.
    let grain = columns(builder, rows, outputs);
    for from in (0..outputs).step_by(grain) {
        let count = grain.min(outputs - from);
        for row in 0..rows {
            let place = row * outputs + from..row * outputs + from + count;
            let edges = vec![
                ("input", view(column(row))),
                ("deltas", view(deltas.rows(from, steps, outputs, count))),
                ("kernel", view(out.slice(place))),
                ("outputs", Edge::Word(count as u32)),
            ];
            let cycles = costs::VERTEX + (steps * count) as u64 * costs::MULTIPLY_ADD;
            builder.vertex(set, at % tiles, "DenseGradient", edges, cycles);
            at += 1;
        }
    }
    bias_gradient(builder, set, [rows * outputs, outputs], deltas, out);
}

/// Of a layer whose bias begins at `start`: sums over all rows of deltas.
fn bias_gradient(
    builder: &mut Builder<'_>,
    set: crate::graph::ComputeSetId,
    [start, outputs]: [usize; 2],
    deltas: View,
    out: View,
) {
    let images = deltas.len() / outputs;
    let tiles = builder.target.tiles();
    for (at, from) in (0..outputs).step_by(2).enumerate() {
        let count = 2.min(outputs - from);
        let bias = out.slice(start + from..start + from + count);
        let edges = vec![("deltas", view(deltas.rows(from, images, outputs, count))), ("bias", view(bias))];
        let cycles = costs::VERTEX + (images * count) as u64 * costs::ADD;
        builder.vertex(set, tiles - 1 - at as u32 % tiles, "BiasGradient", edges, cycles);
    }
}

pub(super) fn rectify(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * costs::ADD;
        let edges = vec![
            ("sign", view(operands[0].slice(piece.clone()))),
            ("from", view(operands[1].slice(piece.clone()))),
            ("output", view(out.slice(piece))),
        ];
        builder.vertex(set, tile, "Rectify", edges, cycles);
    }
}

pub(super) fn loss_deltas(
    builder: &mut Builder<'_>,
    name: &str,
    classes: usize,
    operands: &[View],
    out: View,
) {
    let (logits, labels) = (operands[0], operands[1]);
    let (set, tiles) = (builder.set(name), builder.target.tiles());
    for image in 0..labels.len() {
        let place = image * classes..(image + 1) * classes;
        let edges = vec![
            ("logits", view(logits.slice(place.clone()))),
            ("labels", view(labels.slice(image..image + 1))),
            ("deltas", view(out.slice(place))),
            ("images", Edge::Word(labels.len() as u32)),
        ];
        let cycles = costs::VERTEX + classes as u64 * (2 * costs::FUNCTION + costs::DIVIDE);
        builder.vertex(set, image as u32 % tiles, "LossDeltas", edges, cycles);
    }
}

pub(super) fn metrics(builder: &mut Builder<'_>, name: &str, classes: usize, operands: &[View], out: View) {
    let (logits, labels) = (operands[0], operands[1]);
    let (set, tiles) = (builder.set(name), builder.target.tiles());
    for image in 0..labels.len() {
        let edges = vec![
            ("logits", view(logits.slice(image * classes..(image + 1) * classes))),
            ("labels", view(labels.slice(image..image + 1))),
            ("metrics", view(out.slice(2 * image..2 * image + 2))),
        ];
        let cycles = costs::VERTEX + (classes as u64 + 1) * costs::FUNCTION;
        builder.vertex(set, image as u32 % tiles, "Metrics", edges, cycles);
    }
}
