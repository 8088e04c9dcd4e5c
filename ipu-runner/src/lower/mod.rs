//! From supersteps to graphs.
//!
//! A superstep's tiles become vertices. Where the core's tiles are too few to fill a machine (a projection has one per 4096 weights), the pieces that
//! `NUMERICS.md` makes independent are taken: lanes of rows, fours of directions, columns of outputs. The order in which it combines them
//! becomes another set of vertices.

mod costs;
mod images;
mod lift;
mod network;
mod numbers;
mod operation;
mod split;
mod subspace;

pub use operation::{Law, Operand, Operation, Rows, Unsupported, operation};

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::codelets::Codelets;
use crate::graph::{ComputeSetId, Edge, Graph, Kind, Program, VariableId, Vertex, View};
use crate::target::{Target, WORKERS};

/// A graph that grows by what operations need.
#[derive(Debug)]
pub struct Builder<'t> {
    /// So far.
    pub graph: Graph,
    /// What is executed, in order.
    pub program: Vec<Program>,
    target: &'t Target,
    /// Of the superstep: the set that its parts share, if one of them has begun it.
    shared: Option<ComputeSetId>,
}

impl<'t> Builder<'t> {
    /// An empty graph for a machine.
    #[must_use]
    pub fn new(target: &'t Target) -> Self {
        Self { graph: Graph::new(Codelets::built_in()), program: Vec::new(), target, shared: None }
    }

    /// The program so far, and the graph.
    #[must_use]
    pub fn finish(self) -> (Graph, Program) {
        (self.graph, Program::Sequence(self.program))
    }

    /// A superstep begins. What is added from now on are its parts, which are independent of one another.
    pub fn superstep(&mut self) {
        self.shared = None;
    }

    /// Adds an operation that reads `operands` and writes `out`, which are ranges of neighbours.
    pub fn add(&mut self, name: &str, operation: &Operation, operands: &[View], out: View) {
        match *operation {
            Operation::Fill => numbers::fill(self, name, operands, out),
            Operation::Roots => numbers::roots(self, name, out),
            Operation::DivideByNorms => numbers::divide(self, name, operands, out),
            Operation::Coefficients { integrated, mean } => {
                numbers::coefficients(self, name, integrated, mean, operands, out);
            }
            Operation::Integrate => numbers::integrate(self, name, operands, out),
            Operation::Apply => numbers::apply(self, name, operands, out),
            Operation::InitialWeights(_) => subspace::initial_weights(self, name, operands, out),
            Operation::Project { rows, first, count, params } => {
                subspace::project(self, name, rows, first..first + count, params, operands, out);
            }
            Operation::SquaredNorms { rows, first, count, params } => {
                subspace::squared_norms(self, name, rows, first..first + count, params, operands, out);
            }
            Operation::Combine => subspace::combine(self, name, operands, out),
            Operation::Lift(rows) => lift::lift(self, name, rows, operands, out),
            Operation::DenseForward(shape) => network::dense_forward(self, name, shape, operands, out),
            Operation::DenseBackward(shape) => network::dense_backward(self, name, shape, operands, out),
            Operation::DenseGradient(shape) => network::dense_gradient(self, name, shape, operands, out),
            Operation::ConvForward(shape) => images::conv_forward(self, name, shape, operands, out),
            Operation::ConvBackward(shape) => images::conv_backward(self, name, shape, operands, out),
            Operation::ConvGradient(shape) => images::conv_gradient(self, name, shape, operands, out),
            Operation::Pad(shape) => images::pad(self, name, shape, operands, out),
            Operation::Crop(shape) => images::crop(self, shape, operands, out),
            Operation::MaxPoolForward(shape) => images::pool_forward(self, name, shape, operands, out),
            Operation::MaxPoolBackward(shape) => images::pool_backward(self, name, shape, operands, out),
            Operation::Rectify => network::rectify(self, name, operands, out),
            Operation::LossDeltas(classes) => network::loss_deltas(self, name, classes, operands, out),
            Operation::Metrics(classes) => network::metrics(self, name, classes, operands, out),
        }
    }

    /// A variable whose elements are spread evenly over all tiles.
    pub fn spread(&mut self, name: impl Into<String>, kind: Kind, len: usize) -> VariableId {
        let variable = self.graph.variable(name, kind, len);
        self.spread_out(variable, 0..len);
        variable
    }

    /// Spreads some elements of a variable evenly over all tiles.
    fn spread_out(&mut self, variable: VariableId, elements: Range<usize>) {
        let grain = self.of_tile(elements.len());
        let end = elements.end;
        for (tile, start) in elements.step_by(grain).enumerate() {
            self.graph.map(variable, start..end.min(start + grain), tile as u32);
        }
    }

    /// The same of a variable that the host reads or writes.
    pub fn exposed(&mut self, name: impl Into<String>, kind: Kind, len: usize) -> VariableId {
        self.exposed_parts(name, kind, len, &[])
    }

    /// The same, with each of the parts between `borders` spread over all tiles, so that parts that are used together lie together.
    pub fn exposed_parts(
        &mut self,
        name: impl Into<String>,
        kind: Kind,
        len: usize,
        borders: &[usize],
    ) -> VariableId {
        let variable = self.graph.variable(name, kind, len);
        let mut borders: Vec<_> = borders.iter().copied().chain([0, len]).collect();
        borders.sort_unstable();
        borders.dedup();
        borders.windows(2).for_each(|part| self.spread_out(variable, part[0]..part[1]));
        self.graph.expose(variable);
        variable
    }

    /// A set that is executed next.
    fn set(&mut self, name: impl Into<String>) -> ComputeSetId {
        let set = self.graph.compute_set(name);
        self.program.push(Program::Execute(set));
        set
    }

    /// The set of a part that is one set, which it shares with the other parts of its superstep.
    fn part(&mut self, name: &str) -> ComputeSetId {
        let set = self.shared.unwrap_or_else(|| self.set(name));
        self.shared = Some(set);
        set
    }

    fn vertex(
        &mut self,
        set: ComputeSetId,
        tile: u32,
        codelet: &'static str,
        edges: Vec<(&'static str, Edge)>,
        cycles: u64,
    ) {
        self.graph.vertex(set, Vertex { codelet, tile, edges, cycles });
    }

    /// How many of `len` elements each tile gets that has some.
    fn of_tile(&self, len: usize) -> usize {
        even(len, self.target.tiles() as usize).max(LEAST)
    }

    /// Cuts `len` elements into pieces for all workers: each piece and its tile, which is where it lies if these elements are spread out.
    fn pieces(&self, len: usize) -> Vec<(Range<usize>, u32)> {
        let of_tile = self.of_tile(len);
        let grain = even(of_tile, WORKERS as usize);
        let tiles = (0..len).step_by(of_tile).map(|start| start..len.min(start + of_tile));
        let cut = |(tile, all): (usize, Range<usize>)| {
            let end = all.end;
            all.step_by(grain).map(move |start| (start..end.min(start + grain), tile as u32))
        };
        tiles.enumerate().flat_map(cut).collect()
    }
}

/// The fewest elements of a variable that are put on a tile, if there are so many: where fewer were, every reader of a short vector would have to
/// hear from many tiles.
const LEAST: usize = 24;

/// How many of `len` elements each of `parts` gets: an even number, which is 64 bits.
fn even(len: usize, parts: usize) -> usize {
    len.div_ceil(parts).next_multiple_of(2).max(2)
}

/// A view as an edge.
const fn view(view: View) -> Edge {
    Edge::View(view)
}

/// Divides the tiles among groups of work so that the slowest is as fast as it can be: `turns(group, tiles)` is what a group takes on so many. Where groups
/// are more than tiles, several get the same one.
fn shares(count: usize, tiles: u32, turns: impl Fn(usize, usize) -> u64) -> Vec<Range<u32>> {
    if count >= tiles as usize {
        return (0..count).map(|i| (i as u32 % tiles)..(i as u32 % tiles) + 1).collect();
    }
    // One each; the rest goes, tile by tile, to whoever takes longest.
    let mut sizes = vec![1_usize; count];
    let mut slowest: BinaryHeap<_> = (0..count).map(|group| (turns(group, 1), Reverse(group))).collect();
    for _ in count..tiles as usize {
        let Some((_, Reverse(group))) = slowest.pop() else { break };
        sizes[group] += 1;
        slowest.push((turns(group, sizes[group]), Reverse(group)));
    }
    let mut at = 0;
    sizes
        .into_iter()
        .map(|size| {
            at += size as u32;
            at - size as u32..at
        })
        .collect()
}

/// Units of the busiest worker, if so many are divided among the workers of some tiles.
const fn busiest(units: usize, tiles: usize) -> u64 {
    units.div_ceil(tiles * WORKERS as usize) as u64
}

/// Divides `units` of work among the workers of some tiles: what each does, and its tile. The parts differ by one unit at most.
fn among(units: usize, tiles: &Range<u32>) -> Vec<(Range<usize>, u32)> {
    let workers = tiles.len() * WORKERS as usize;
    let part = |w: usize| (w * units / workers)..((w + 1) * units / workers);
    let parts = (0..workers).map(|w| (part(w), tiles.start + w as u32 / WORKERS));
    parts.filter(|(units, _)| !units.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_shared_in_proportion() {
        let of = |costs: [u64; 3], tiles| shares(3, tiles, |group, size| 100 * costs[group] / size as u64);
        assert_eq!(of([10, 20, 30], 12), [0..2, 2..6, 6..12]);
        assert_eq!(of([1, 1, 1], 2), [0..1, 1..2, 0..1]);
        // Ten units for six workers are two turns; a second tile makes it one. The other group has the longer units, but nothing to gain.
        let turns = |group, size| if group == 0 { busiest(10, size) * 10 } else { 15 };
        assert_eq!(shares(2, 3, turns), [0..2, 2..3]);
    }

    #[test]
    fn pieces_lie_where_their_elements_do() {
        let target = Target { tiles_per_ipu: 4, ..Target::GC200 };
        let mut builder = Builder::new(&target);
        for len in [1, 2, 7, 8, 50, 1_000] {
            let variable = builder.spread("x", Kind::Float, len);
            let mapping = &builder.graph.get(variable).mapping;
            let pieces = builder.pieces(len);
            for (piece, tile) in &pieces {
                let home = mapping.iter().find(|(range, _)| range.contains(&piece.start)).expect("mapped");
                assert!(home.1 == *tile && piece.end <= home.0.end, "{len}: {piece:?} on {tile}, {home:?}");
            }
            assert_eq!(pieces.iter().map(|(piece, _)| piece.len()).sum::<usize>(), len);
            let most = (0..4).map(|tile| pieces.iter().filter(|(_, at)| *at == tile).count()).max();
            assert!(most <= Some(WORKERS as usize), "{len}: {most:?}");
        }
    }

    #[test]
    fn work_is_shared_evenly() {
        let parts = among(25, &(3..5));
        assert_eq!(parts.len(), 12);
        assert_eq!(parts.iter().map(|(units, _)| units.len()).sum::<usize>(), 25);
        assert!(parts.iter().all(|(units, _)| (2..=3).contains(&units.len())));
        assert_eq!(among(2, &(0..1)).len(), 2);
    }
}
