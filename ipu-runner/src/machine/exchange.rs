//! What has to move from tile to tile, and the turns of the clock that it takes, estimated.
//!
//! Every edge of a vertex lies on the vertex's tile while it runs, side by side. What lies elsewhere, or apart, is brought there before (and what is
//! written, taken away after): over the exchange if it is on another tile, over links if that is on another chip; and what does not lie side by
//! side is arranged.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::codelets::Access;
use crate::graph::{ComputeSet, Graph, Variable, View, views};
use crate::target::Target;
use crate::timing::{arranging, exchanging, linking};

/// Where elements lie.
pub(super) struct Home(Vec<Vec<(Range<usize>, u32)>>);

impl Home {
    pub fn of(graph: &Graph) -> Self {
        let sorted = |variable: &Variable| {
            let mut mapping = variable.mapping.clone();
            mapping.sort_unstable_by_key(|(range, _)| range.start);
            mapping
        };
        Self(graph.variables().iter().map(sorted).collect())
    }

    /// The tiles of some neighbouring elements of a variable, in order: how many on which.
    fn of_run(&self, view: &View, run: Range<usize>) -> impl Iterator<Item = (u32, usize)> + '_ {
        let mapping = &self.0[view.variable().0];
        let first = mapping.partition_point(|(range, _)| range.end <= run.start);
        let within = mapping[first..].iter().take_while({
            let end = run.end;
            move |(range, _)| range.start < end
        });
        within.map(move |(range, tile)| (*tile, range.end.min(run.end) - range.start.max(run.start)))
    }

    /// The tiles of a view's elements, in order: how many on which. Elements that it names twice are there twice.
    pub fn pieces<'s>(&'s self, view: &'s View) -> impl Iterator<Item = (u32, usize)> + 's {
        view.runs().flat_map(move |run| self.of_run(view, run))
    }

    /// Whether all of a view lies on a tile.
    pub fn is_on(&self, view: &View, tile: u32) -> bool {
        self.pieces(view).all(|(at, _)| at == tile)
    }

    /// How many elements of a view lie on each tile. Each is counted once: it travels once.
    fn distinct(&self, view: &View) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        let mut count = |run| {
            for (tile, elements) in self.of_run(view, run) {
                *counts.entry(tile).or_default() += elements;
            }
        };
        if !view.may_repeat() {
            view.runs().for_each(count);
            return counts;
        }
        let mut runs: Vec<_> = view.runs().collect();
        runs.sort_unstable_by_key(|run| run.start);
        let mut end = 0;
        for run in runs {
            let start = run.start.max(end);
            if start < run.end {
                (count)(start..run.end);
                end = run.end;
            }
        }
        counts
    }
}

/// A piece of a variable that cannot be used where it lies.
pub(super) struct Transfer {
    /// Where it is used.
    pub tile: u32,
    /// What.
    pub view: View,
    /// Whether it must be there before.
    pub reads: bool,
    /// Whether it must be taken home after.
    pub writes: bool,
}

/// What must be brought to the tiles of a set's vertices, and from there. What several vertices of a tile read is brought once.
pub(super) fn transfers(graph: &Graph, home: &Home, set: &ComputeSet) -> Vec<Transfer> {
    let (mut seen, mut transfers) = (HashSet::new(), Vec::new());
    for vertex in &set.vertices {
        for (name, edge) in &vertex.edges {
            let access = graph.access(vertex, name);
            let (reads, writes) = (access != Access::Output, access.writes());
            for view in views(edge) {
                let shared = !writes && !seen.insert((vertex.tile, *view));
                if !shared && (view.range().is_none() || !home.is_on(view, vertex.tile)) {
                    transfers.push(Transfer { tile: vertex.tile, view: *view, reads, writes });
                }
            }
        }
    }
    transfers
}

/// One exchange: what all tiles send and receive between two synchronisations.
pub(super) struct Traffic<'t> {
    target: &'t Target,
    tiles: Vec<OfTile>,
    /// Bytes to and from other chips, by chip.
    links: Vec<[u64; 2]>,
    /// What has been sent already, to a tile or (with its number) to a chip: others listen.
    sent: HashSet<(View, u32, Option<u32>)>,
}

/// What a tile sends, receives and arranges.
#[derive(Clone, Copy, Default)]
struct OfTile {
    received: u64,
    sent: u64,
    messages: u64,
    even: u64,
    odd: u64,
}

/// What an exchange takes, in turns, and moves, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    /// Turns of sending and receiving.
    pub turns: u64,
    /// Turns of arranging.
    pub arranging: u64,
    /// Bytes that tiles receive from others.
    pub bytes: u64,
    /// Bytes of them that come from other chips, counted once for each chip.
    pub linked: u64,
}

impl<'t> Traffic<'t> {
    pub fn new(target: &'t Target) -> Self {
        let tiles = vec![OfTile::default(); target.tiles() as usize];
        Self { target, tiles, links: vec![[0; 2]; target.ipus as usize], sent: HashSet::new() }
    }

    /// Brings what a view names to a tile.
    pub fn bring(&mut self, home: &Home, view: &View, tile: u32) {
        for (from, elements) in home.distinct(view) {
            let first = from != tile && self.sent.insert((*view, from, None));
            let chip = self.target.chip(tile);
            let first_there = self.target.chip(from) != chip && self.sent.insert((*view, from, Some(chip)));
            self.send(from, tile, 4 * elements as u64, first, first_there);
        }
        self.arrange(view, tile);
    }

    /// Takes what a tile has written home.
    pub fn take(&mut self, home: &Home, view: &View, tile: u32) {
        for (to, elements) in home.distinct(view) {
            self.send(tile, to, 4 * elements as u64, true, self.target.chip(to) != self.target.chip(tile));
        }
        self.arrange(view, tile);
    }

    /// Copies a view to another, element by element.
    pub fn copy(&mut self, home: &Home, from: &View, to: &View) {
        let mut bytes: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let (mut sources, mut targets) = (home.pieces(from), home.pieces(to));
        let (mut source, mut target) = (sources.next(), targets.next());
        while let (Some((a, left)), Some((b, room))) = (source, target) {
            let count = left.min(room);
            *bytes.entry((a, b)).or_default() += 4 * count as u64;
            source = if left > count { Some((a, left - count)) } else { sources.next() };
            target = if room > count { Some((b, room - count)) } else { targets.next() };
        }
        for ((a, b), bytes) in bytes {
            self.send(a, b, bytes, true, self.target.chip(a) != self.target.chip(b));
            // Each end has its pieces to pick or to place, and what stays on a tile is copied there.
            if from.range().is_none() || a == b {
                self.arranged(from, a, bytes);
            }
            if to.range().is_none() && a != b {
                self.arranged(to, b, bytes);
            }
        }
    }

    /// `sends`: whether it is sent for the first time. `crosses`: whether it goes to a chip where it is not yet.
    fn send(&mut self, from: u32, to: u32, bytes: u64, sends: bool, crosses: bool) {
        if from == to {
            return;
        }
        self.tiles[to as usize].received += bytes;
        self.tiles[to as usize].messages += 1;
        if sends {
            self.tiles[from as usize].sent += bytes;
            self.tiles[from as usize].messages += 1;
        }
        if crosses {
            self.links[self.target.chip(from) as usize][0] += bytes;
            self.links[self.target.chip(to) as usize][1] += bytes;
        }
    }

    /// All of a view that is arranged on a tile, if it does not lie side by side.
    fn arrange(&mut self, view: &View, tile: u32) {
        if view.range().is_none() {
            self.arranged(view, tile, 4 * view.len() as u64);
        }
    }

    fn arranged(&mut self, view: &View, tile: u32, bytes: u64) {
        let tile = &mut self.tiles[tile as usize];
        if view.runs().all(|run| run.start % 2 == 0 && run.len() % 2 == 0) {
            tile.even += bytes;
        } else {
            tile.odd += bytes;
        }
    }

    /// What all of it takes: of tiles, those that have most to do; tiles arrange at the same time, and links move while tiles do.
    pub fn exchange(&self) -> Exchange {
        let turns = |tile: &OfTile| exchanging(tile.received.max(tile.sent), tile.messages);
        let arranging = |tile: &OfTile| arranging(tile.even, tile.odd);
        let most = |of: &dyn Fn(&OfTile) -> u64| self.tiles.iter().map(of).max().unwrap_or(0);
        let linked = self.links.iter().flatten().copied().max().unwrap_or(0);
        Exchange {
            turns: most(&turns).max(linking(self.target, linked)),
            arranging: most(&arranging),
            bytes: self.tiles.iter().map(|tile| tile.received).sum(),
            linked: self.links.iter().map(|[_, received]| received).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codelets::Codelets;
    use crate::graph::{Kind, VariableId};
    use crate::timing::MESSAGE;

    /// Two chips of two tiles, whose clock makes a byte over links ten turns, and a hop fifteen.
    const TARGET: Target = Target { tiles_per_ipu: 2, ipus: 2, clock: 1.6e12, ..Target::GC200 };

    /// Eight elements, two on each tile.
    fn graph() -> (Graph, VariableId) {
        let mut graph = Graph::new(Codelets::built_in());
        let x = graph.variable("x", Kind::Float, 8);
        (0..4).for_each(|tile| graph.map(x, 2 * tile..2 * tile + 2, tile as u32));
        (graph, x)
    }

    fn exchange(work: impl FnOnce(&mut Traffic<'_>, &Home, VariableId)) -> Exchange {
        let (graph, x) = graph();
        let mut traffic = Traffic::new(&TARGET);
        work(&mut traffic, &Home::of(&graph), x);
        traffic.exchange()
    }

    #[test]
    fn what_is_at_home_does_not_move() {
        let nothing = exchange(|traffic, home, x| traffic.bring(home, &View::of(x, 2..4), 1));
        assert_eq!(nothing, Exchange::default());
    }

    #[test]
    fn neighbours_on_one_chip() {
        // Tile 1 gets two elements of tile 0: 8 bytes, a message; its own stay.
        let got = exchange(|traffic, home, x| traffic.bring(home, &View::of(x, 0..4), 1));
        assert_eq!(got, Exchange { turns: 8 / 4 + MESSAGE, arranging: 0, bytes: 8, linked: 0 });
    }

    #[test]
    fn what_several_read_is_sent_once_wherever_the_first_reader_is() {
        let all = |tiles: &'static [u32]| {
            exchange(move |traffic, home, x| {
                tiles.iter().for_each(|tile| traffic.bring(home, &View::of(x, 0..1), *tile));
            })
        };
        // A reader at home sends nothing.
        assert_eq!(all(&[0, 1]), all(&[1]));
        assert_eq!(all(&[1]), Exchange { turns: 1 + MESSAGE, arranging: 0, bytes: 4, linked: 0 });
        // Two tiles of another chip: it crosses once.
        let far = all(&[2, 3]);
        assert_eq!(far, Exchange { turns: 40, arranging: 0, bytes: 8, linked: 4 });
        assert!(far.turns > 1 + MESSAGE, "links are what is waited for");
    }

    #[test]
    fn elements_that_lie_apart_are_arranged() {
        // Elements 0 and 2 on tile 1: one comes from tile 0; both are arranged.
        let odd = exchange(|traffic, home, x| traffic.bring(home, &View::every(x, 0, 2, 2), 1));
        // 587 + 3.1 * 8 = 611.8
        assert_eq!(odd, Exchange { turns: 1 + MESSAGE, arranging: 612, bytes: 4, linked: 0 });
        let even = exchange(|traffic, home, x| traffic.bring(home, &View::matrix(x, 0, 2, 4, 2), 0));
        // 587 + 0.44 * 16 = 594.04; two elements come from tile 2, on the other chip: 8 bytes, 80 turns.
        assert_eq!(even, Exchange { turns: 80, arranging: 595, bytes: 8, linked: 8 });
    }

    #[test]
    fn elements_that_are_named_twice_travel_once() {
        // Windows of two of the first three elements: four bytes each are arranged, twelve travel.
        let windows = View::nested(VariableId(0), 0, [(2, 1), (1, 0), (2, 1)]);
        let got = exchange(|traffic, home, _| traffic.bring(home, &windows, 3));
        // From tile 0 two elements, from tile 1 one; 587 + 3.1 * 16 = 636.6.
        assert_eq!(got, Exchange { turns: 120, arranging: 637, bytes: 12, linked: 12 });
    }

    #[test]
    fn a_copy_has_senders_and_does_not_count_what_stays() {
        // 0..4 to 2..6: elements 0 and 1 go from tile 0 to 1, 2 and 3 from 1 to 2.
        let got = exchange(|traffic, home, x| traffic.copy(home, &View::of(x, 0..4), &View::of(x, 2..6)));
        // Tile 1 sends and receives 8 bytes, with a message each way; 8 bytes cross the chips: 80 turns.
        assert_eq!(got, Exchange { turns: 80, arranging: 0, bytes: 16, linked: 8 });
        // 0..2 to itself: arranged where it is.
        let stays = exchange(|traffic, home, x| traffic.copy(home, &View::of(x, 0..2), &View::of(x, 0..2)));
        assert_eq!(stays, Exchange { turns: 0, arranging: 591, bytes: 0, linked: 0 });
    }

    #[test]
    fn what_is_written_elsewhere_is_sent_there() {
        let got = exchange(|traffic, home, x| traffic.take(home, &View::of(x, 0..2), 1));
        assert_eq!(got, Exchange { turns: 2 + MESSAGE, arranging: 0, bytes: 8, linked: 0 });
    }
}
