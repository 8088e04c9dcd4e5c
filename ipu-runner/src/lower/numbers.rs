//! Short vectors.

use std::ops::Range;

use super::{Builder, costs, view};
use crate::graph::{Edge, View};

/// Edges of a vertex, by the names of fields.
type Edges = Vec<(&'static str, Edge)>;

/// A set whose vertices do the same to pieces of `out`, each of `cost` turns an element; `edges` of a piece, besides its output.
fn elementwise(
    builder: &mut Builder<'_>,
    name: &str,
    codelet: &'static str,
    cost: u64,
    (field, out): (&'static str, View),
    edges: impl Fn(&Range<usize>) -> Edges,
) {
    let set = builder.set(name);
    for (piece, tile) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + piece.len() as u64 * cost;
        let mut edges = edges(&piece);
        edges.push((field, view(out.slice(piece))));
        builder.vertex(set, tile, codelet, edges, cycles);
    }
}

pub(super) fn fill(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    elementwise(builder, name, "Fill", 1, ("values", out), |_| vec![("number", view(operands[0]))]);
}

pub(super) fn roots(builder: &mut Builder<'_>, name: &str, out: View) {
    elementwise(builder, name, "Roots", costs::DIVIDE, ("values", out), |_| Vec::new());
}

pub(super) fn divide(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let edges = |piece: &Range<usize>| vec![("norms", view(operands[0].slice(piece.clone())))];
    elementwise(builder, name, "DivideByNorms", costs::DIVIDE, ("values", out), edges);
}

pub(super) fn coefficients(
    builder: &mut Builder<'_>,
    name: &str,
    integrated: bool,
    mean: usize,
    operands: &[View],
    out: View,
) {
    let edges = |piece: &Range<usize>| {
        let of = |operand: usize| view(operands[operand].slice(piece.clone()));
        vec![
            ("coordinates", of(0)),
            ("norms", of(1)),
            ("rate", view(operands[2])),
            // Without a position before, the coordinates stand for it; nobody looks at them.
            ("previous", of(if integrated { 3 } else { 0 })),
            ("integrated", Edge::Word(u32::from(integrated))),
            ("mean", Edge::Word(mean as u32)),
        ]
    };
    let cost = costs::DIVIDE + costs::MULTIPLY_ADD;
    elementwise(builder, name, "Coefficients", cost, ("coefficients", out), edges);
}

pub(super) fn integrate(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let edges = |piece: &Range<usize>| {
        vec![("coordinates", view(operands[1].slice(piece.clone()))), ("rate", view(operands[0]))]
    };
    elementwise(builder, name, "Integrate", costs::MULTIPLY_ADD, ("values", out), edges);
}

pub(super) fn apply(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let edges = |piece: &Range<usize>| {
        vec![("total", view(operands[0].slice(piece.clone()))), ("scale", view(operands[1]))]
    };
    elementwise(builder, name, "Apply", costs::MULTIPLY_ADD, ("values", out), edges);
}
