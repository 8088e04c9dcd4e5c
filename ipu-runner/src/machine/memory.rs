//! Memory of tiles.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::exchange::{Home, transfers};
use crate::graph::{Edge, Fault, Graph};
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
        }
        let mut here: BTreeMap<u32, u64> = BTreeMap::new();
        for transfer in transfers(graph, &home, set) {
            *here.entry(transfer.tile).or_default() += 4 * transfer.view.len() as u64;
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

/// Whether everything fits into what may be filled of each tile ([`Target::usable_bytes`]).
///
/// # Errors
/// Which tile has the most too little, and what takes most of it.
pub fn check_memory(usage: &Usage, target: &Target) -> Result<(), Fault> {
    let available = target.usable_bytes();
    // Of those with equally much the first.
    let fullest = usage.tiles.keys().map(|tile| (usage.of(*tile), Reverse(*tile))).max();
    let Some((used, Reverse(tile))) = fullest.filter(|(used, _)| *used > available) else { return Ok(()) };
    let (what, largest) = usage.tiles[&tile].iter().max_by_key(|(_, bytes)| **bytes).expect("it uses something");
    Err(Fault::Memory { tile, used, available, what: what.clone(), largest: *largest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codelets::Codelets;
    use crate::graph::{Kind, Vertex, View};

    /// Two tiles: `values` and a vertex that writes them on the first, the number that it reads and `more` on the second.
    #[test]
    fn counted_by_hand() {
        let mut graph = Graph::new(Codelets::built_in());
        let [values, more] = [("values", 10), ("more", 900)].map(|(name, len)| graph.variable(name, Kind::Float, len));
        graph.map(values, 0..10, 0);
        graph.map(more, 0..900, 1);
        let number = graph.constant("number", Kind::Float, vec![0], 1);
        let set = graph.compute_set("fill");
        let view = |variable, len| Edge::View(View::of(variable, 0..len));
        let edges = vec![("number", view(number, 1)), ("values", view(values, 10))];
        graph.vertex(set, Vertex { codelet: "Fill", tile: 0, edges, cycles: 1 });
        let usage = usage(&graph);
        // Variable, copy of the number, two edges and the table's entry, code; stacks.
        let stacks = STACK * u64::from(WORKERS + 1);
        assert_eq!(usage.of(0), 40 + 4 + 2 * 8 + PER_VERTEX + CODE + stacks);
        assert_eq!(usage.of(1), 3600 + 4 + stacks);
        assert_eq!(usage.of(2), 0);
        // Four fifths of the memory may be filled.
        let of = |bytes_per_tile| Target { bytes_per_tile, ..Target::GC200 };
        let fullest = usage.of(1);
        assert_eq!(check_memory(&usage, &of((fullest * 100).div_ceil(80))), Ok(()));
        let fault = check_memory(&usage, &of(fullest * 100 / 80 - 1)).expect_err("a byte too little");
        let Fault::Memory { tile, used, available, what, largest } = fault else { panic!("{fault}") };
        assert_eq!((tile, used, &*what, largest), (1, fullest, "variable more", 3600));
        assert!(available < used && available * 5 / 4 < fullest * 5 / 4);
    }
}
