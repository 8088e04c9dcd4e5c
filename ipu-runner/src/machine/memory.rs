//! Memory of tiles.

use std::collections::{BTreeMap, HashSet};

use crate::graph::{Edge, Fault, Graph, views};
use crate::target::{Target, WORKERS};

/// Bytes of a launch table's entry per vertex, besides its state. An assumption.
const PER_VERTEX: u64 = 16;

/// Bytes of a codelet's code on each tile that has one of its vertices. An assumption.
const CODE: u64 = 2_048;

/// Bytes of a worker's stack. An assumption.
const STACK: u64 = 256;

/// What lies on each tile, in bytes, of one kind.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// By tile: what, and how much.
    pub tiles: BTreeMap<u32, BTreeMap<String, u64>>,
}

impl Usage {
    fn add(&mut self, tile: u32, what: &str, bytes: u64) {
        *self.tiles.entry(tile).or_default().entry(what.to_string()).or_default() += bytes;
    }

    /// All that lies on a tile.
    #[must_use]
    pub fn of(&self, tile: u32) -> u64 {
        self.tiles.get(&tile).map_or(0, |parts| parts.values().sum())
    }
}

/// What lies on each tile: variables; the state of vertices; code and stacks; and the largest set of copies that a compute set needs of what lies
/// on other tiles.
#[must_use]
pub fn usage(graph: &Graph) -> Usage {
    let mut usage = Usage::default();
    for variable in graph.variables() {
        for (range, tile) in &variable.mapping {
            usage.add(*tile, &format!("variable {}", variable.name), 4 * range.len() as u64);
        }
    }
    let home = Home::of(graph);
    let mut copies: BTreeMap<u32, (u64, String)> = BTreeMap::new();
    let mut code = HashSet::new();
    for set in &graph.sets {
        let mut here: BTreeMap<u32, u64> = BTreeMap::new();
        let mut seen = HashSet::new();
        for vertex in &set.vertices {
            let tile = vertex.tile;
            let state = vertex.edges.iter().map(|(_, edge)| match edge {
                Edge::View(_) => 8,
                Edge::Word(_) => 4,
                Edge::List(views) => 8 + 8 * views.len() as u64,
            });
            usage.add(tile, "state of vertices", state.sum::<u64>() + PER_VERTEX);
            if code.insert((tile, vertex.codelet)) {
                usage.add(tile, "code", CODE);
            }
            for (name, edge) in &vertex.edges {
                for view in views(edge) {
                    // Two vertices of a tile that read the same share a copy.
                    let shared = !graph.access(vertex, name).writes() && !seen.insert((tile, *view));
                    let apart = view.range().is_none() || !home.is_on(view, tile);
                    if apart && !shared {
                        *here.entry(tile).or_default() += 4 * view.len() as u64;
                    }
                }
            }
        }
        for (tile, bytes) in here {
            let most = copies.entry(tile).or_default();
            if bytes > most.0 {
                *most = (bytes, set.name.clone());
            }
        }
    }
    for (tile, (bytes, set)) in copies {
        usage.add(tile, &format!("copies for \"{set}\""), bytes);
    }
    let tiles: Vec<_> = usage.tiles.keys().copied().collect();
    tiles.into_iter().for_each(|tile| usage.add(tile, "stacks", STACK * u64::from(WORKERS + 1)));
    usage
}

/// Where elements lie.
pub(super) struct Home(Vec<Vec<(usize, usize, u32)>>);

impl Home {
    pub fn of(graph: &Graph) -> Self {
        let sorted = |variable: &crate::graph::Variable| {
            let mut mapping: Vec<_> =
                variable.mapping.iter().map(|(range, tile)| (range.start, range.end, *tile)).collect();
            mapping.sort_unstable();
            mapping
        };
        Self(graph.variables().iter().map(sorted).collect())
    }

    /// Elements of a view that lie on each tile, as pieces.
    pub fn pieces(&self, view: &crate::graph::View) -> Vec<(u32, usize)> {
        let mapping = &self.0[view.variable().0];
        let mut pieces = Vec::new();
        for run in view.runs() {
            let mut at = run.start;
            let mut index = mapping.partition_point(|(_, end, _)| *end <= at);
            while at < run.end && index < mapping.len() {
                let end = mapping[index].1.min(run.end);
                pieces.push((mapping[index].2, end - at));
                (at, index) = (end, index + 1);
            }
        }
        pieces
    }

    /// Whether all of a view lies on a tile.
    pub fn is_on(&self, view: &crate::graph::View, tile: u32) -> bool {
        self.pieces(view).iter().all(|(at, _)| *at == tile)
    }
}

/// Whether everything fits.
///
/// # Errors
/// Which tile has too little, and what takes most of it.
pub fn check_memory(graph: &Graph, target: &Target) -> Result<(), Fault> {
    let usage = usage(graph);
    for (tile, parts) in &usage.tiles {
        let (tile, used) = (*tile, parts.values().sum::<u64>());
        if used > target.bytes_per_tile {
            let (what, largest) = parts.iter().max_by_key(|(_, bytes)| **bytes).expect("it uses something");
            let (what, largest) = (what.clone(), *largest);
            return Err(Fault::Memory { tile, used, available: target.bytes_per_tile, what, largest });
        }
    }
    Ok(())
}
