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
mod subspace;

pub use operation::{Law, Operand, Operation, Rows, Unsupported, operation};

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
}

impl<'t> Builder<'t> {
    /// An empty graph for a machine.
    #[must_use]
    pub fn new(target: &'t Target) -> Self {
        Self { graph: Graph::new(Codelets::built_in()), program: Vec::new(), target }
    }

    /// The program so far, and the graph.
    #[must_use]
    pub fn finish(self) -> (Graph, Program) {
        (self.graph, Program::Sequence(self.program))
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
        let grain = self.grain(len, self.target.tiles() as usize);
        for (tile, start) in (0..len).step_by(grain).enumerate() {
            self.graph.map(variable, start..len.min(start + grain), tile as u32);
        }
        variable
    }

    /// The same of a variable that the host reads or writes.
    pub fn exposed(&mut self, name: impl Into<String>, kind: Kind, len: usize) -> VariableId {
        let variable = self.spread(name, kind, len);
        self.graph.expose(variable);
        variable
    }

    /// A set that is executed next.
    fn set(&mut self, name: impl Into<String>) -> ComputeSetId {
        let set = self.graph.compute_set(name);
        self.program.push(Program::Execute(set));
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

    /// Workers of all tiles.
    const fn workers(&self) -> usize {
        (self.target.tiles() * WORKERS) as usize
    }

    /// How many of `len` elements each of `parts` gets: an even number, which is 64 bits.
    const fn grain(&self, len: usize, parts: usize) -> usize {
        let even = len.div_ceil(parts).next_multiple_of(2);
        if even < 2 { 2 } else { even }
    }

    /// Cuts `len` elements into pieces for all workers: each piece and its tile. Few pieces go to as many tiles.
    fn pieces(&self, len: usize) -> Vec<(Range<usize>, u32)> {
        let grain = self.grain(len, self.workers());
        let pieces = (0..len).step_by(grain).map(|start| start..len.min(start + grain));
        pieces.enumerate().map(|(i, piece)| (piece, i as u32 % self.target.tiles())).collect()
    }
}

/// A view as an edge.
const fn view(view: View) -> Edge {
    Edge::View(view)
}

/// Divides the tiles among groups of work, in proportion to what they cost. Where groups are more than tiles, several get the same one.
fn shares(costs: &[usize], tiles: u32) -> Vec<Range<u32>> {
    let count = costs.len();
    if count >= tiles as usize {
        return (0..count).map(|i| (i as u32 % tiles)..(i as u32 % tiles) + 1).collect();
    }
    // One each; the rest goes, tile by tile, to whoever has most to do per tile.
    let mut sizes = vec![1_usize; count];
    for _ in count..tiles as usize {
        let busiest =
            (0..count).max_by(|&a, &b| (costs[a] * sizes[b]).cmp(&(costs[b] * sizes[a])).then(b.cmp(&a)));
        sizes[busiest.expect("there are groups")] += 1;
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
        let shares = shares(&[10, 20, 30], 12);
        assert_eq!(shares, [0..2, 2..6, 6..12]);
        assert_eq!(super::shares(&[1, 1, 1], 2), [0..1, 1..2, 0..1]);
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
