//! What a program costs, estimated.

use std::collections::BTreeMap;

use super::exchange::{Exchange, Home, Traffic, transfers};
use crate::codelets::Codelet;
use crate::graph::{Graph, Program, Vertex};
use crate::target::{Target, WORKERS};
use crate::timing::{LAUNCH, synchronising};

/// What a step of a program costs each time, in turns of the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The compute set, or the copy.
    pub name: String,
    /// How often it is executed.
    pub times: u64,
    /// Vertices.
    pub vertices: usize,
    /// Tiles with at least one.
    pub tiles: usize,
    /// Turns of the busiest tile.
    pub compute: u64,
    /// Those of them in codelets that make rows.
    pub rows: u64,
    /// Turns of all tiles.
    pub total: u64,
    /// Turns of the exchange: of the tile that has most to send or receive.
    pub exchange: u64,
    /// Turns of arranging what does not lie side by side, of the tile that has most of it.
    pub arranging: u64,
    /// Bytes that tiles receive from others.
    pub bytes: u64,
    /// Bytes of them from other chips.
    pub linked: u64,
    /// Synchronisation.
    pub sync: u64,
}

impl Cost {
    /// All turns of one time.
    #[must_use]
    pub const fn turns(&self) -> u64 {
        self.compute + self.exchange + self.arranging + self.sync
    }

    /// Adds what an exchange takes, and the synchronisation before it.
    fn add(&mut self, target: &Target, exchange: Exchange) {
        self.exchange += exchange.turns;
        self.arranging += exchange.arranging;
        self.bytes += exchange.bytes;
        self.linked += exchange.linked;
        self.sync += synchronising(target, if exchange.linked > 0 { target.ipus } else { 1 });
    }
}

/// The cost of each step of a program, in order.
#[must_use]
pub fn cost(graph: &Graph, program: &Program, target: &Target) -> Vec<Cost> {
    let (home, mut costs) = (Home::of(graph), Vec::new());
    walk(graph, &home, program, 1, target, &mut costs);
    costs
}

fn walk(graph: &Graph, home: &Home, program: &Program, times: u64, target: &Target, costs: &mut Vec<Cost>) {
    match program {
        Program::Sequence(programs) => {
            programs.iter().for_each(|program| walk(graph, home, program, times, target, costs));
        }
        Program::Repeat(count, program) => {
            walk(graph, home, program, times * u64::from(*count), target, costs);
        }
        Program::Execute(set) => costs.push(Cost { times, ..of_set(graph, home, set.0, target) }),
        // How fast the host is, nobody here knows.
        Program::FromHost { .. } | Program::ToHost { .. } => {}
        Program::Copy { from, to } => {
            let mut traffic = Traffic::new(target);
            traffic.copy(home, from, to);
            let name =
                format!("copy {} to {}", graph.get(from.variable()).name, graph.get(to.variable()).name);
            let mut cost = Cost { name, times, ..Cost::default() };
            cost.add(target, traffic.exchange());
            costs.push(cost);
        }
    }
}

fn of_set(graph: &Graph, home: &Home, set: usize, target: &Target) -> Cost {
    let set = &graph.sets[set];
    let (mut before, mut after) = (Traffic::new(target), Traffic::new(target));
    for transfer in transfers(graph, home, set) {
        if transfer.reads {
            before.bring(home, &transfer.view, transfer.tile);
        }
        if transfer.writes {
            after.take(home, &transfer.view, transfer.tile);
        }
    }
    let mut workers: BTreeMap<u32, Vec<&Vertex>> = BTreeMap::new();
    set.vertices.iter().for_each(|vertex| workers.entry(vertex.tile).or_default().push(vertex));
    let tiles: Vec<_> = workers.values().map(|vertices| of_tile(graph, vertices)).collect();
    let (compute, rows) = tiles.iter().copied().max().unwrap_or((0, 0));
    let mut cost = Cost {
        name: set.name.clone(),
        vertices: set.vertices.len(),
        tiles: tiles.len(),
        compute,
        rows,
        total: tiles.iter().map(|(turns, _)| turns).sum(),
        ..Cost::default()
    };
    cost.add(target, before.exchange());
    cost.add(target, after.exchange());
    cost
}

/// Turns of a tile's vertices, and those of them in codelets that make rows: as much of all as of the vertices' cycles.
fn of_tile(graph: &Graph, vertices: &[&Vertex]) -> (u64, u64) {
    let makes_rows = |vertex: &Vertex| graph.codelets().get(vertex.codelet).and_then(Codelet::law).is_some();
    let all: u64 = vertices.iter().map(|vertex| vertex.cycles).sum();
    let rows: u64 = vertices.iter().filter(|vertex| makes_rows(vertex)).map(|vertex| vertex.cycles).sum();
    // Each worker gets a turn in six.
    let turns = u64::from(WORKERS) * longest(vertices.iter().map(|vertex| vertex.cycles).collect());
    (turns + LAUNCH, (turns * rows).checked_div(all).unwrap_or(0))
}

/// What the busiest of a tile's workers has to do. A vertex goes to the worker that has least.
fn longest(mut vertices: Vec<u64>) -> u64 {
    vertices.sort_unstable_by(|a, b| b.cmp(a));
    let mut workers = [0; WORKERS as usize];
    for cycles in vertices {
        *workers.iter_mut().min().expect("there are six") += cycles;
    }
    workers.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codelets::Codelets;
    use crate::graph::{ComputeSetId, Edge, Kind, View};
    use crate::timing::{MESSAGE, SYNC};

    const TARGET: Target = Target { tiles_per_ipu: 4, ..Target::GC200 };

    /// A set of seven vertices on tile 0 and one on tile 1, of these cycles, which write an element of `x` each, of tile 2, and read the number of
    /// tile 3.
    fn graph(cycles: [u64; 8]) -> (Graph, ComputeSetId) {
        let mut graph = Graph::new(Codelets::built_in());
        let x = graph.variable("x", Kind::Float, 8);
        graph.map(x, 0..8, 2);
        let number = graph.constant("number", Kind::Float, vec![0], 3);
        let set = graph.compute_set("fill");
        for (i, cycles) in cycles.into_iter().enumerate() {
            let edges = vec![
                ("number", Edge::View(View::of(number, 0..1))),
                ("values", Edge::View(View::of(x, i..i + 1))),
            ];
            graph.vertex(set, Vertex { codelet: "Fill", tile: (i / 7) as u32, edges, cycles });
        }
        (graph, set)
    }

    #[test]
    fn workers_take_turns() {
        assert_eq!(longest(vec![5; 6]), 5);
        assert_eq!(longest(vec![5; 7]), 10);
        assert_eq!(longest(vec![9, 1, 1, 1, 1, 1, 1, 1]), 9);
        assert_eq!(longest(vec![]), 0);
    }

    #[test]
    fn a_set_counted_by_hand() {
        let (graph, set) = graph([10, 10, 10, 10, 10, 10, 20, 7]);
        let program = Program::Repeat(3, Box::new(Program::Execute(set)));
        let costs = cost(&graph, &program, &TARGET);
        let want = Cost {
            name: "fill".into(),
            times: 3,
            vertices: 8,
            tiles: 2,
            // Six workers: one has 20, five 10 each, one of these 10 more.
            compute: 6 * 20 + LAUNCH,
            rows: 0,
            total: 6 * 20 + LAUNCH + 6 * 7 + LAUNCH,
            // Before: the number, to tiles 0 and 1, sent once. After: tile 2 gets eight elements, seven of them from tile 0, in eight messages.
            exchange: (1 + MESSAGE) + (8 + 8 * MESSAGE),
            arranging: 0,
            bytes: 2 * 4 + 8 * 4,
            linked: 0,
            sync: 2 * SYNC,
        };
        assert_eq!(costs, [want.clone()]);
        assert_eq!(want.turns(), want.compute + want.exchange + 2 * SYNC);
    }

    #[test]
    fn rows_are_made_by_codelets_of_a_law() {
        let (mut graph, _) = graph([1; 8]);
        let vertex = |codelet, cycles| Vertex { codelet, tile: 0, edges: Vec::new(), cycles };
        let set = graph.compute_set("mixed");
        graph.vertex(set, vertex("Project<Normal>", 30));
        graph.vertex(set, vertex("Fill", 10));
        let cost = &cost(&graph, &Program::Execute(set), &TARGET)[0];
        assert_eq!((cost.compute, cost.rows), (6 * 30 + LAUNCH, 6 * 30 * 30 / 40));
    }

    #[test]
    fn a_copy_is_a_step_with_one_synchronisation() {
        let (mut graph, _) = graph([1; 8]);
        let y = graph.variable("y", Kind::Float, 8);
        graph.map(y, 0..8, 1);
        let (from, to) = (graph.whole(graph.find("x").expect("it is there")), graph.whole(y));
        let cost = &cost(&graph, &Program::Copy { from, to }, &TARGET)[0];
        assert_eq!(cost.name, "copy x to y");
        assert_eq!((cost.exchange, cost.bytes, cost.sync), (8 + MESSAGE, 32, SYNC));
        assert_eq!((cost.compute, cost.vertices, cost.tiles), (0, 0, 0));
    }
}
