//! Layers and loss.

use std::ops::Range;

use super::split::{Bytes, Load, columns, place};
use super::{Builder, costs, view};
use crate::graph::{ComputeSetId, Edge, View};

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
    let cycles = |count: usize| costs::VERTEX + (inputs * count) as u64 * costs::MULTIPLY_ADD;
    let grain = columns(builder, images, outputs, |count| Load {
        cycles: cycles(count),
        own: Bytes::together(inputs),
        shared: Bytes::apart(inputs * count, count),
    });
    let (vertices, mut at) = (images * outputs.div_ceil(grain), 0);
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
            let tile = place(builder.target, at, vertices);
            builder.vertex(set, tile, "DenseForward", edges, cycles(count));
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
    let cycles = |count: usize| costs::VERTEX + (outputs * count) as u64 * costs::MULTIPLY_ADD;
    let grain = columns(builder, images, inputs, |count| Load {
        cycles: cycles(count),
        own: Bytes::together(outputs),
        shared: Bytes::together(outputs * count),
    });
    let (vertices, mut at) = (images * inputs.div_ceil(grain), 0);
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
            let tile = place(builder.target, at, vertices);
            builder.vertex(set, tile, "DenseBackward", edges, cycles(count));
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
    let set = builder.part(name);
    let cycles = |count: usize| costs::VERTEX + (images * count) as u64 * costs::MULTIPLY_ADD;
    let grain = columns(builder, inputs, outputs, |count| Load {
        cycles: cycles(count),
        own: Bytes::apart(images, 1),
        shared: Bytes::apart(images * paired(count, outputs), paired(count, outputs)),
    });
    let (vertices, mut at) = (inputs * outputs.div_ceil(grain) + outputs, 0);
    // Outputs outermost: neighbours on a tile share deltas.
    for (group, parts) in groups(outputs, grain) {
        let here = deltas.rows(group.start, images, outputs, group.len());
        for row in 0..inputs {
            let column = input.rows(row, images, inputs, 1);
            for part in &parts {
                let edges = vec![
                    ("input", view(column)),
                    ("deltas", view(here)),
                    ("kernel", view(out.slice(row * outputs + part.start..row * outputs + part.end))),
                    ("outputs", Edge::Word(group.len() as u32)),
                    ("first", Edge::Word((part.start - group.start) as u32)),
                ];
                let tile = place(builder.target, at, vertices);
                builder.vertex(set, tile, "DenseGradient", edges, cycles(part.len()));
                at += 1;
            }
        }
    }
    bias_gradient(builder, set, [inputs * outputs, outputs], [at, vertices], deltas, out);
}

/// How many outputs' deltas come to a tile together where a vertex takes `count`: an even number, if there are so many.
pub(super) const fn paired(count: usize, outputs: usize) -> usize {
    if count.is_multiple_of(2) || 2 * count > outputs { count } else { 2 * count }
}

/// Outputs in groups whose deltas come to a tile together, and each vertex's part of them.
pub(super) fn groups(
    outputs: usize,
    count: usize,
) -> impl Iterator<Item = (Range<usize>, Vec<Range<usize>>)> {
    let cut = |all: Range<usize>, len: usize| {
        let end = all.end;
        all.step_by(len).map(move |from| from..end.min(from + len))
    };
    cut(0..outputs, paired(count, outputs)).map(move |group| (group.clone(), cut(group, count).collect()))
}

/// Of a layer whose bias begins at `start`: sums over all rows of deltas. These are the vertices from `at` on of `vertices`.
pub(super) fn bias_gradient(
    builder: &mut Builder<'_>,
    set: ComputeSetId,
    [start, outputs]: [usize; 2],
    [mut at, vertices]: [usize; 2],
    deltas: View,
    out: View,
) {
    let steps = deltas.len() / outputs;
    for (group, parts) in groups(outputs, 1) {
        let here = deltas.rows(group.start, steps, outputs, group.len());
        for part in parts {
            let edges = vec![
                ("deltas", view(here)),
                ("bias", view(out.slice(start + part.start..start + part.end))),
                ("outputs", Edge::Word(group.len() as u32)),
                ("first", Edge::Word((part.start - group.start) as u32)),
            ];
            let cycles = costs::VERTEX + steps as u64 * costs::ADD;
            builder.vertex(set, place(builder.target, at, vertices), "BiasGradient", edges, cycles);
            at += 1;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_come_in_pairs() {
        // Each group's end, and how many outputs its vertices take.
        let of = |outputs, count| -> Vec<(usize, Vec<usize>)> {
            let lens = |parts: Vec<Range<usize>>| parts.into_iter().map(|part| part.len()).collect();
            groups(outputs, count).map(|(group, parts)| (group.end, lens(parts))).collect()
        };
        assert_eq!(of(5, 1), [(2, vec![1, 1]), (4, vec![1, 1]), (5, vec![1])]);
        assert_eq!(of(12, 3), [(6, vec![3, 3]), (12, vec![3, 3])]);
        assert_eq!(of(12, 4), [(4, vec![4]), (8, vec![4]), (12, vec![4])]);
        // Three of five have no second three.
        assert_eq!(of(5, 3), [(3, vec![3]), (5, vec![2])]);
    }
}
