//! Short vectors.

use super::{Builder, costs, view};
use crate::graph::{Edge, View};

pub(super) fn fill(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64;
        let edges = vec![("values", view(out.slice(piece))), ("number", view(operands[0]))];
        builder.vertex(set, tile, "Fill", edges, cycles);
    }
}

pub(super) fn roots(builder: &mut Builder<'_>, name: &str, out: View) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * costs::DIVIDE;
        builder.vertex(set, tile, "Roots", vec![("values", view(out.slice(piece)))], cycles);
    }
}

pub(super) fn divide(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * costs::DIVIDE;
        let norms = view(operands[0].slice(piece.clone()));
        let edges = vec![("values", view(out.slice(piece))), ("norms", norms)];
        builder.vertex(set, tile, "DivideByNorms", edges, cycles);
    }
}

pub(super) fn coefficients(
    builder: &mut Builder<'_>,
    name: &str,
    integrated: bool,
    mean: usize,
    operands: &[View],
    out: View,
) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * (costs::DIVIDE + costs::MULTIPLY_ADD);
        let of = |operand: usize| view(operands[operand].slice(piece.clone()));
        let edges = vec![
            ("coordinates", of(0)),
            ("norms", of(1)),
            ("rate", view(operands[2])),
            // Without a position before, the coordinates stand for it; nobody looks at them.
            ("previous", of(if integrated { 3 } else { 0 })),
            ("coefficients", view(out.slice(piece.clone()))),
            ("integrated", Edge::Word(u32::from(integrated))),
            ("mean", Edge::Word(mean as u32)),
        ];
        builder.vertex(set, tile, "Coefficients", edges, cycles);
    }
}

pub(super) fn integrate(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * costs::MULTIPLY_ADD;
        let edges = vec![
            ("values", view(out.slice(piece.clone()))),
            ("coordinates", view(operands[1].slice(piece))),
            ("rate", view(operands[0])),
        ];
        builder.vertex(set, tile, "Integrate", edges, cycles);
    }
}

pub(super) fn apply(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * costs::MULTIPLY_ADD;
        let edges = vec![
            ("values", view(out.slice(piece.clone()))),
            ("total", view(operands[0].slice(piece))),
            ("scale", view(operands[1])),
        ];
        builder.vertex(set, tile, "Apply", edges, cycles);
    }
}
