//! Rows: projected and measured. How they are lifted: `lift.rs`.

use std::ops::Range;

use random_bases_core::numerics::TILE;
use random_bases_core::random::LANES;

use super::{Builder, Rows, among, costs, shares, view};
use crate::graph::{Edge, Kind, Program, View};

/// Vectors of a tile.
pub(super) const VECTORS: usize = TILE / LANES;

/// Tiles of `params` elements: where each begins and ends.
pub(super) fn tiles(params: usize) -> Vec<Range<usize>> {
    (0..params).step_by(TILE).map(|start| start..params.min(start + TILE)).collect()
}

impl Rows {
    /// How many directions share a row.
    const fn per_row(self) -> usize {
        if self.antithetic { 2 } else { 1 }
    }

    /// The rows of some directions.
    const fn of(self, directions: &Range<usize>) -> Range<usize> {
        directions.start / self.per_row()..directions.end.div_ceil(self.per_row())
    }

    pub(super) const fn key_stride(self) -> Edge {
        Edge::Word(if self.own_keys { 4 } else { 0 })
    }
}

/// Edges of a vertex, by the names of fields.
type Edges = Vec<(&'static str, Edge)>;

/// Of some directions, sums over lanes of something that a worker computes lane by lane; then over the lanes; into `[tiles][directions]`.
///
/// `edges`: of a vertex for a tile, besides what is the same for all.
fn lane_sums(
    builder: &mut Builder<'_>,
    name: &str,
    class: &str,
    rows: Rows,
    directions: Range<usize>,
    params: usize,
    keys: View,
    edges: &dyn Fn(usize, &Range<usize>) -> Edges,
    out: View,
) {
    let (tiles, of_rows) = (tiles(params), rows.of(&directions));
    let units = of_rows.len() * LANES;
    let sums = builder.graph.variable(format!("{name}: lanes"), Kind::Float, tiles.len() * units);
    let set = builder.set(name);
    let costs: Vec<_> = tiles.iter().map(Range::len).collect();
    let shares = shares(&costs, builder.target.tiles());
    for (tile, (elements, share)) in tiles.iter().zip(&shares).enumerate() {
        let vectors = elements.len().div_ceil(LANES) as u64;
        for (part, at) in among(units, share) {
            let place = tile * units + part.start..tile * units + part.end;
            builder.graph.map(sums, place.clone(), at);
            let cycles = costs::VERTEX
                + part.len() as u64
                    * (costs::SEED + vectors / 2 * (rows.law.pair_cycles + 2 * costs::MULTIPLY_ADD));
            let mut all = edges(tile, elements);
            all.extend([
                ("keys", view(keys)),
                ("sums", view(View::of(sums, place))),
                ("tile", Edge::Word(tile as u32)),
                ("first", Edge::Word((of_rows.start * LANES + part.start) as u32)),
                ("keyStride", rows.key_stride()),
                ("threshold", Edge::Word(rows.law.threshold)),
            ]);
            builder.vertex(set, at, rows.law.codelet(class), all, cycles);
        }
    }
    // A direction's sixteen lanes lie side by side.
    let set = builder.set(format!("{name}: tile sums"));
    let sums = builder.graph.whole(sums);
    for (piece, at) in builder.pieces(out.len()) {
        // A piece may reach from one tile into the next.
        for tile in piece.start / directions.len()..piece.end.div_ceil(directions.len()) {
            let begin = piece.start.max(tile * directions.len()) - tile * directions.len();
            let end = piece.end.min((tile + 1) * directions.len()) - tile * directions.len();
            let here = directions.start + begin..directions.start + end;
            let their_rows = rows.of(&here);
            let first = tile * units + (their_rows.start - of_rows.start) * LANES;
            let lanes = sums.slice(first..first + their_rows.len() * LANES);
            let place = tile * directions.len() + begin..tile * directions.len() + end;
            let edges = vec![
                ("lanes", view(lanes)),
                ("sums", view(out.slice(place))),
                ("first", Edge::Word(here.start as u32)),
                ("halve", Edge::Word(u32::from(rows.antithetic))),
            ];
            let cycles = costs::VERTEX + (here.len() * LANES) as u64 * costs::ADD;
            builder.vertex(set, at, "TileSums", edges, cycles);
        }
    }
}

pub(super) fn project(
    builder: &mut Builder<'_>,
    name: &str,
    rows: Rows,
    directions: Range<usize>,
    params: usize,
    operands: &[View],
    out: View,
) {
    let (keys, gradient) = (operands[0], operands[1]);
    let gradient = if rows.law.rotated { rotated(builder, name, gradient) } else { gradient };
    let edges = |tile: usize, elements: &Range<usize>| {
        let len = if rows.law.rotated { TILE } else { elements.len() };
        vec![("gradient", view(gradient.slice(tile * TILE..tile * TILE + len)))]
    };
    lane_sums(builder, name, "Project", rows, directions, params, keys, &edges, out);
}

pub(super) fn squared_norms(
    builder: &mut Builder<'_>,
    name: &str,
    rows: Rows,
    directions: Range<usize>,
    params: usize,
    operands: &[View],
    out: View,
) {
    let edges = |_: usize, elements: &Range<usize>| vec![("elements", Edge::Word(elements.len() as u32))];
    // The square of a mirrored row is that of the row.
    let plain = Rows { antithetic: false, ..rows };
    if !rows.antithetic {
        lane_sums(builder, name, "SquaredNorms", rows, directions, params, operands[0], &edges, out);
        return;
    }
    let of_rows = rows.of(&directions);
    let count = tiles(params).len();
    let halves = builder.spread(format!("{name}: rows"), Kind::Float, count * of_rows.len());
    let halves = builder.graph.whole(halves);
    lane_sums(builder, name, "SquaredNorms", plain, of_rows.clone(), params, operands[0], &edges, halves);
    // Every direction gets its row's.
    for tile in 0..count {
        for parity in 0..2 {
            let first = directions.start + (directions.start + parity) % 2;
            let number = (first..directions.end).step_by(2).len();
            if number == 0 {
                continue;
            }
            let from = halves.slice(tile * of_rows.len()..(tile + 1) * of_rows.len());
            let begin = first / 2 - of_rows.start;
            let from = from.slice(begin..begin + number);
            let place = out.slice(tile * directions.len()..(tile + 1) * directions.len());
            let start = place.range().expect("neighbours").start + first - directions.start;
            let to = View::every(out.variable(), start, 2, number);
            builder.program.push(Program::Copy { from, to });
        }
    }
}

/// A copy of the gradient, tile by tile complete with zeros and rotated.
fn rotated(builder: &mut Builder<'_>, name: &str, gradient: View) -> View {
    let len = gradient.len().next_multiple_of(TILE);
    let copy = builder.spread(format!("{name}: rotated"), Kind::Float, len);
    let zeros = builder.graph.constant(format!("{name}: zeros"), Kind::Float, vec![0; 1], 0);
    let copy = builder.graph.whole(copy);
    builder.program.push(Program::Copy { from: gradient, to: copy.slice(0..gradient.len()) });
    if len > gradient.len() {
        let zero = builder.graph.whole(zeros);
        super::numbers::fill(builder, &format!("{name}: zeros"), &[zero], copy.slice(gradient.len()..len));
    }
    let variable = copy.variable();
    let lane = |lane| View::every(variable, lane / LANES * TILE + lane % LANES, LANES, VECTORS);
    rotate(builder, name, (0..len / TILE * LANES).map(lane));
    copy
}

/// Rotates lanes of whole tiles, in place.
pub(super) fn rotate(builder: &mut Builder<'_>, name: &str, lanes: impl Iterator<Item = View>) {
    let (set, tiles) = (builder.set(format!("{name}: rotate")), builder.target.tiles());
    for (number, lane) in lanes.enumerate() {
        let cycles = costs::VERTEX + (9 * VECTORS) as u64 * costs::ADD;
        builder.vertex(set, number as u32 % tiles, "Rotate", vec![("lane", view(lane))], cycles);
    }
}

pub(super) fn combine(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    let tiles = operands[0].len() / out.len();
    for (piece, at) in builder.pieces(out.len()) {
        let cycles = costs::VERTEX + (tiles * piece.len()) as u64 * costs::ADD;
        let partials = operands[0].rows(piece.start, tiles, out.len(), piece.len());
        let edges = vec![("partials", view(partials)), ("sums", view(out.slice(piece)))];
        builder.vertex(set, at, "Combine", edges, cycles);
    }
}

pub(super) fn initial_weights(builder: &mut Builder<'_>, name: &str, operands: &[View], out: View) {
    let set = builder.set(name);
    let start = out.range().expect("neighbours").start;
    let machine = builder.target.tiles();
    let mut at = 0;
    for (tile, elements) in tiles(out.len()).iter().enumerate() {
        for lane in 0..LANES.min(elements.len()) {
            let count = (elements.len() - lane).div_ceil(LANES);
            let weights = View::every(out.variable(), start + elements.start + lane, LANES, count);
            let edges = vec![
                ("key", view(operands[0])),
                ("ends", view(operands[1])),
                ("limits", view(operands[2])),
                ("weights", view(weights)),
                ("tile", Edge::Word(tile as u32)),
                ("lane", Edge::Word(lane as u32)),
            ];
            let cycles = costs::VERTEX + costs::SEED + count as u64 * 12;
            builder.vertex(set, at % machine, "InitialWeights", edges, cycles);
            at += 1;
        }
    }
}
