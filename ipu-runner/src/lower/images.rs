//! Convolutions, borders and pooling: a vertex has a row of an image, or what one element of a kernel saw.

use std::ops::Range;

use super::network::{bias_gradient, groups, paired};
use super::split::{Bytes, Load, columns, cost, place};
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
    let window = size * size * inputs;
    let cycles = |count: usize| costs::VERTEX + (places * window * count) as u64 * costs::MULTIPLY_ADD;
    let grain = columns(builder, images * rows, outputs, |count| Load {
        cycles: cycles(count),
        own: Bytes::together(size * width * inputs),
        shared: Bytes::apart(window * count, count),
    });
    let (vertices, mut at) = (images * rows * outputs.div_ceil(grain), 0);
    for from in (0..outputs).step_by(grain) {
        let count = grain.min(outputs - from);
        let kernel = params.rows(from, window, outputs, count);
        let bias = params.slice(window * outputs + from..window * outputs + from + count);
        for row in 0..images * rows {
            let (image, y) = (row / rows, row % rows);
            let start = (image * height + y) * width * inputs;
            let seen = input.slice(start..start + size * width * inputs);
            let to = out.rows(row * places * outputs + from, places, outputs, count);
            let edges = vec![
                ("input", view(seen)),
                ("kernel", view(kernel)),
                ("bias", view(bias)),
                ("output", view(to)),
                ("size", Edge::Word(size as u32)),
                ("channels", Edge::Word(inputs as u32)),
            ];
            let tile = place(builder.target, at, vertices);
            builder.vertex(set, tile, "ConvForward", edges, cycles(count));
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
    let cycles = |count: usize, seen: usize| {
        costs::VERTEX + (width * count * seen * size * outputs) as u64 * costs::MULTIPLY_ADD
    };
    let grain = columns(builder, images * height, inputs, |count| Load {
        cycles: cycles(count, size.min(rows)),
        own: Bytes::together(size.min(rows) * places * outputs),
        shared: Bytes::apart(size * size * count * outputs, count * outputs),
    });
    let (vertices, mut at) = (images * height * inputs.div_ceil(grain), 0);
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
            let tile = place(builder.target, at, vertices);
            builder.vertex(set, tile, "ConvBackward", edges, cycles(count, end - first));
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
    let seen = input.len() / inputs;
    let steps = deltas.len() / outputs;
    let set = builder.part(name);
    let cycles = |count: usize| costs::VERTEX + (steps * count) as u64 * costs::MULTIPLY_ADD;
    // Channels whose input comes to a tile together: all of them, which lie side by side, or few.
    let load = |channels: usize| {
        move |count: usize| {
            let elements = seen * channels;
            let input =
                if channels == inputs { Bytes::together(elements) } else { Bytes::apart(elements, channels) };
            let group = paired(count, outputs);
            Load {
                cycles: cycles(count),
                own: Bytes::default(),
                shared: input + Bytes::apart(steps * group, group),
            }
        }
    };
    let of_kernel = size * size * inputs;
    let channels = [inputs, 1, 2, 4].into_iter().filter(|channels| *channels <= inputs);
    let (channels, grain) = channels
        .map(|channels| (channels, columns(builder, of_kernel, outputs, load(channels))))
        .min_by_key(|(channels, grain)| cost(builder, of_kernel, outputs, *grain, load(*channels)))
        .expect("all channels are a candidate");
    let (vertices, mut at) = (of_kernel * outputs.div_ceil(grain) + outputs, 0);
    for from in (0..inputs).step_by(channels) {
        let count = channels.min(inputs - from);
        let image = input.rows(from, seen, inputs, count);
        for (group, parts) in groups(outputs, grain) {
            let deltas = deltas.rows(group.start, steps, outputs, group.len());
            for element in 0..size * size * count {
                let (ky, kx, i) = (element / (size * count), element / count % size, element % count);
                let row = ((ky * size + kx) * inputs + from + i) * outputs;
                for part in &parts {
                    let edges = vec![
                        ("input", view(image)),
                        ("deltas", view(deltas)),
                        ("kernel", view(out.slice(row + part.start..row + part.end))),
                        ("width", Edge::Word(width as u32)),
                        ("channels", Edge::Word(count as u32)),
                        ("offset", Edge::Word(((ky * width + kx) * count + i) as u32)),
                        ("rows", Edge::Word(rows as u32)),
                        ("places", Edge::Word(places as u32)),
                        ("outputs", Edge::Word(group.len() as u32)),
                        ("first", Edge::Word((part.start - group.start) as u32)),
                    ];
                    let tile = place(builder.target, at, vertices);
                    builder.vertex(set, tile, "ConvGradient", edges, cycles(part.len()));
                    at += 1;
                }
            }
        }
    }
    debug_assert_eq!(seen % (height * width), 0, "whole images");
    bias_gradient(builder, set, [of_kernel * outputs, outputs], [at, vertices], deltas, out);
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

/// Rows of some channels, side by side: `[rows][channels]`.
fn channels(of: View, start: usize, rows: usize, all: usize, channels: &Range<usize>) -> View {
    of.rows(start + channels.start, rows, all, channels.len())
}

pub(super) fn pool_forward(
    builder: &mut Builder<'_>,
    name: &str,
    [height, width, all]: [usize; 3],
    operands: &[View],
    out: View,
) {
    let half = width / 2;
    let lines = out.len() / (half * all);
    let cycles = |count: usize| costs::VERTEX + (4 * half * count) as u64 * costs::ADD;
    let grain = columns(builder, lines, all, |count| Load {
        cycles: cycles(count),
        own: Bytes::apart((2 * width + half) * count, count),
        shared: Bytes::default(),
    });
    let (set, vertices, mut at) = (builder.set(name), lines * all.div_ceil(grain), 0);
    for from in (0..all).step_by(grain) {
        let some = from..all.min(from + grain);
        for line in 0..lines {
            let (image, y) = (line / (height / 2), line % (height / 2));
            let start = (image * height + 2 * y) * width * all;
            let edges = vec![
                ("input", view(channels(operands[0], start, 2 * width, all, &some))),
                ("output", view(channels(out, line * half * all, half, all, &some))),
                ("channels", Edge::Word(some.len() as u32)),
            ];
            let tile = place(builder.target, at, vertices);
            builder.vertex(set, tile, "MaxPoolForward", edges, cycles(some.len()));
            at += 1;
        }
    }
}

pub(super) fn pool_backward(
    builder: &mut Builder<'_>,
    name: &str,
    [height, width, all]: [usize; 3],
    operands: &[View],
    out: View,
) {
    let half = width / 2;
    let lines = out.len() / (height * width * all) * (height / 2);
    let cycles = |count: usize, rows: usize| costs::VERTEX + (4 * rows * width * count) as u64 * costs::ADD;
    let grain = columns(builder, lines, all, |count| Load {
        cycles: cycles(count, 2),
        own: Bytes::apart((4 * width + half) * count, count),
        shared: Bytes::default(),
    });
    let (set, vertices, mut at) = (builder.set(name), lines * all.div_ceil(grain), 0);
    for from in (0..all).step_by(grain) {
        let some = from..all.min(from + grain);
        for line in 0..lines {
            let (image, y) = (line / (height / 2), line % (height / 2));
            // The last pair of an odd number of rows takes the row that is left out with it.
            let rows = if y + 1 == height / 2 { height - 2 * y } else { 2 };
            let start = (image * height + 2 * y) * width * all;
            let edges = vec![
                ("input", view(channels(operands[0], start, 2 * width, all, &some))),
                ("deltas", view(channels(operands[1], line * half * all, half, all, &some))),
                ("output", view(channels(out, start, rows * width, all, &some))),
                ("channels", Edge::Word(some.len() as u32)),
            ];
            let tile = place(builder.target, at, vertices);
            builder.vertex(set, tile, "MaxPoolBackward", edges, cycles(some.len(), rows));
            at += 1;
        }
    }
}
