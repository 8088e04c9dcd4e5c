//! What a program costs, estimated.

use std::collections::{BTreeMap, HashSet};

use super::memory::Home;
use crate::graph::{Graph, Program, views};
use crate::target::WORKERS;

/// Bytes that a tile receives, or sends, in a turn of the clock.
const EXCHANGE: u64 = 4;

/// Turns of synchronising all tiles, twice a step: before the exchange and after. An assumption.
pub const SYNC: u64 = 2 * 150;

/// Turns of launching the workers of a tile.
pub const LAUNCH: u64 = 40;

/// What a step of a program costs, in turns of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The compute set, or the copy.
    pub name: String,
    /// Vertices.
    pub vertices: usize,
    /// Tiles with at least one.
    pub tiles: usize,
    /// Turns of the busiest tile.
    pub compute: u64,
    /// Turns of all tiles.
    pub total: u64,
    /// Turns of the tile that receives, or sends, most.
    pub exchange: u64,
    /// Bytes that tiles receive from others.
    pub bytes: u64,
    /// Synchronisation.
    pub sync: u64,
}

impl Cost {
    /// All of it.
    #[must_use]
    pub const fn turns(&self) -> u64 {
        self.compute + self.exchange + self.sync
    }
}

/// The cost of each step of a program, in order.
#[must_use]
pub fn cost(graph: &Graph, program: &Program) -> Vec<Cost> {
    let (home, mut costs) = (Home::of(graph), Vec::new());
    walk(graph, &home, program, &mut costs);
    costs
}

fn walk(graph: &Graph, home: &Home, program: &Program, costs: &mut Vec<Cost>) {
    match program {
        Program::Sequence(programs) => programs.iter().for_each(|program| walk(graph, home, program, costs)),
        Program::Repeat(count, program) => (0..*count).for_each(|_| walk(graph, home, program, costs)),
        Program::Execute(set) => costs.push(of_set(graph, home, set.0)),
        // How fast the host is, nobody here knows.
        Program::FromHost { .. } | Program::ToHost { .. } => {}
        Program::Copy { from, to } => {
            let mut traffic = Traffic::default();
            let receivers = home.pieces(to);
            // Tile by tile what is received; who sends what is not told apart.
            for (tile, count) in receivers {
                *traffic.received.entry(tile).or_default() += 4 * count as u64;
            }
            let name =
                format!("copy {} to {}", graph.get(from.variable()).name, graph.get(to.variable()).name);
            let (exchange, bytes) = traffic.turns();
            costs.push(Cost {
                name,
                vertices: 0,
                tiles: 0,
                compute: 0,
                total: 0,
                exchange,
                bytes,
                sync: SYNC,
            });
        }
    }
}

/// Bytes that go from tile to tile.
#[derive(Default)]
struct Traffic {
    received: BTreeMap<u32, u64>,
    sent: BTreeMap<u32, u64>,
}

impl Traffic {
    /// Turns of the busiest tile, and bytes of all.
    fn turns(&self) -> (u64, u64) {
        let most = |bytes: &BTreeMap<u32, u64>| bytes.values().copied().max().unwrap_or(0);
        (most(&self.received).max(most(&self.sent)).div_ceil(EXCHANGE), self.received.values().sum())
    }
}

fn of_set(graph: &Graph, home: &Home, set: usize) -> Cost {
    let set = &graph.sets[set];
    let mut traffic = Traffic::default();
    let mut workers: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    let (mut received, mut sent) = (HashSet::new(), HashSet::new());
    for vertex in &set.vertices {
        workers.entry(vertex.tile).or_default().push(vertex.cycles);
        for (name, edge) in &vertex.edges {
            let writes = graph.access(vertex, name).writes();
            for view in views(edge) {
                // What several vertices of a tile read is sent there once; what several tiles read is sent once, too.
                if !writes && !received.insert((vertex.tile, *view)) {
                    continue;
                }
                let first = writes || sent.insert(*view);
                for (tile, count) in home.pieces(view) {
                    if tile == vertex.tile {
                        continue;
                    }
                    let bytes = 4 * count as u64;
                    let (from, to) = if writes { (vertex.tile, tile) } else { (tile, vertex.tile) };
                    *traffic.received.entry(to).or_default() += bytes;
                    if first {
                        *traffic.sent.entry(from).or_default() += bytes;
                    }
                }
            }
        }
    }
    // Each worker gets a turn in six; a vertex goes to the worker that has least to do.
    let tiles: Vec<_> =
        workers.into_values().map(|vertices| u64::from(WORKERS) * longest(vertices) + LAUNCH).collect();
    let (exchange, bytes) = traffic.turns();
    Cost {
        name: set.name.clone(),
        vertices: set.vertices.len(),
        tiles: tiles.len(),
        compute: tiles.iter().copied().max().unwrap_or(0),
        total: tiles.iter().sum(),
        exchange,
        bytes,
        sync: SYNC,
    }
}

/// What the busiest of a tile's workers has to do.
fn longest(mut vertices: Vec<u64>) -> u64 {
    vertices.sort_unstable_by(|a, b| b.cmp(a));
    let mut workers = [0; WORKERS as usize];
    for cycles in vertices {
        *workers.iter_mut().min().expect("there are six") += cycles;
    }
    workers.into_iter().max().unwrap_or(0)
}
