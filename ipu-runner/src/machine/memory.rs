//! Memory of tiles.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::exchange::{Home, transfers};
use crate::codelets::Access;
use crate::graph::{Edge, Fault, Graph, Program, Variable, views};
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

/// What lies on each tile when it is fullest: variables, the state of vertices, code and stacks; and copies of what lies on other tiles, or apart,
/// while the compute set that needs them is executed. Of what the host does not see, memory is shared by variables that are not needed at
/// the same time, as compilers of graphs do it.
#[must_use]
pub fn usage(graph: &Graph, programs: &[Program]) -> Usage {
    let mut usage = Usage::default();
    let lives = Lives::of(graph, programs);
    // By tile: when, how much and what.
    let mut passing: BTreeMap<u32, Vec<(Range<usize>, u64, String)>> = BTreeMap::new();
    for (variable, life) in graph.variables().iter().zip(&lives.variables) {
        let name = format!("variable {}", variable.name);
        for (range, tile) in &variable.mapping {
            let bytes = 4 * range.len() as u64;
            match life {
                Life::Always => usage.add(*tile, &name, bytes),
                Life::Never => {}
                Life::Steps(steps) => {
                    passing.entry(*tile).or_default().push((steps.clone(), bytes, name.clone()));
                }
            }
        }
    }
    let home = Home::of(graph);
    let mut code = HashSet::new();
    for (number, set) in graph.sets.iter().enumerate() {
        for vertex in &set.vertices {
            let state = vertex.edges.iter().map(|(_, edge)| match edge {
                Edge::View(_) => 8,
                Edge::Word(_) => 4,
                Edge::List(views) => 8 + 8 * views.len() as u64,
            });
            usage.add(vertex.tile, "state of vertices", state.sum::<u64>() + PER_VERTEX);
            if code.insert((vertex.tile, vertex.codelet)) {
                usage.add(vertex.tile, "code", CODE);
            }
        }
        let mut copies: BTreeMap<u32, u64> = BTreeMap::new();
        for transfer in transfers(graph, &home, set) {
            *copies.entry(transfer.tile).or_default() += 4 * transfer.view.len() as u64;
        }
        for (tile, bytes) in copies {
            let of_tile = passing.entry(tile).or_default();
            let name = format!("copies for \"{}\"", set.name);
            of_tile.extend(lives.steps(number).map(|step| (step..step + 1, bytes, name.clone())));
        }
    }
    for (tile, passing) in passing {
        let at = |step| passing.iter().filter(move |(steps, ..)| steps.contains(&step));
        // Most is there when something has just come.
        let begins = passing.iter().map(|(steps, ..)| steps.start);
        let fullest =
            begins.max_by_key(|step| (at(*step).map(|(_, bytes, _)| bytes).sum::<u64>(), Reverse(*step)));
        for (_, bytes, what) in fullest.into_iter().flat_map(at) {
            usage.add(tile, what, *bytes);
        }
    }
    let tiles: Vec<_> = usage.tiles.keys().copied().collect();
    tiles.into_iter().for_each(|tile| usage.add(tile, "stacks", STACK * u64::from(WORKERS + 1)));
    usage
}

/// When a variable is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Life {
    /// Nobody touches it.
    Never,
    /// From its first to its last step.
    Steps(Range<usize>),
    /// It keeps something from program to program, or for the host.
    Always,
}

/// When variables are needed, with the steps of all programs counted through.
struct Lives {
    variables: Vec<Life>,
    /// Of each step: the set that it executes, or none if it is a copy.
    steps: Vec<Option<usize>>,
}

impl Lives {
    fn of(graph: &Graph, programs: &[Program]) -> Self {
        let always = |variable: &Variable| variable.exposed || variable.constant.is_some();
        let life = |variable| if always(variable) { Life::Always } else { Life::Never };
        let mut lives = Self { variables: graph.variables().iter().map(life).collect(), steps: Vec::new() };
        for program in programs {
            let begin = lives.steps.len();
            lives.walk(graph, program, begin);
        }
        lives
    }

    /// The steps that execute a set.
    fn steps(&self, set: usize) -> impl Iterator<Item = usize> + '_ {
        self.steps.iter().enumerate().filter(move |(_, step)| **step == Some(set)).map(|(step, _)| step)
    }

    /// `begin`: where the program that it is part of begins.
    fn walk(&mut self, graph: &Graph, program: &Program, begin: usize) {
        match program {
            Program::Sequence(programs) => {
                programs.iter().for_each(|program| self.walk(graph, program, begin));
            }
            Program::Repeat(_, program) => {
                let first = self.steps.len();
                self.walk(graph, program, begin);
                let all = first..self.steps.len();
                // What the loop touches may be needed when it begins again.
                for life in &mut self.variables {
                    if let Life::Steps(steps) = life
                        && steps.end > first
                    {
                        *steps = steps.start.min(all.start)..all.end;
                    }
                }
            }
            Program::Execute(set) => {
                let edges = graph.sets[set.0].vertices.iter().flat_map(|vertex| {
                    let access = |name| graph.access(vertex, name);
                    vertex.edges.iter().map(move |(name, edge)| (access(name), edge))
                });
                let mut touched = BTreeMap::new();
                for (access, edge) in edges {
                    for view in views(edge) {
                        *touched.entry(view.variable().0).or_default() |= access != Access::Output;
                    }
                }
                touched.into_iter().for_each(|(variable, read)| self.touch(variable, read, begin));
                self.steps.push(Some(set.0));
            }
            Program::Copy { from, to } => {
                self.touch(from.variable().0, true, begin);
                self.touch(to.variable().0, from.variable() == to.variable(), begin);
                self.steps.push(None);
            }
            Program::FromHost { to, .. } => {
                self.touch(to.variable().0, false, begin);
                self.steps.push(None);
            }
            Program::ToHost { from, .. } => {
                self.touch(from.variable().0, true, begin);
                self.steps.push(None);
            }
        }
    }

    /// The next step reads a variable, or only writes it.
    fn touch(&mut self, variable: usize, read: bool, begin: usize) {
        let step = self.steps.len();
        let life = &mut self.variables[variable];
        *life = match life {
            Life::Always => Life::Always,
            // It holds what an earlier program, or an earlier run, has left.
            Life::Never if read => Life::Always,
            Life::Steps(steps) if steps.start < begin => Life::Always,
            Life::Never => Life::Steps(step..step + 1),
            Life::Steps(steps) => Life::Steps(steps.start..step + 1),
        };
    }
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
    let (what, largest) =
        usage.tiles[&tile].iter().max_by_key(|(_, bytes)| **bytes).expect("it uses something");
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
        let [values, more] =
            [("values", 10), ("more", 900)].map(|(name, len)| graph.variable(name, Kind::Float, len));
        graph.map(values, 0..10, 0);
        graph.map(more, 0..900, 1);
        let number = graph.constant("number", Kind::Float, vec![0], 1);
        let set = graph.compute_set("fill");
        let view = |variable, len| Edge::View(View::of(variable, 0..len));
        let edges = vec![("number", view(number, 1)), ("values", view(values, 10))];
        graph.vertex(set, Vertex { codelet: "Fill", tile: 0, edges, cycles: 1 });
        graph.expose(more);
        let usage = usage(&graph, &[Program::Execute(set)]);
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
        assert!(available < used);
    }

    /// `a` is written in step 0 and read in step 1, `b` is written in step 1 and read in step 3, `c` in a loop of steps 2 and 3; `d` is read before it is
    /// written.
    #[test]
    fn variables_that_are_not_needed_at_the_same_time_share_memory() {
        let mut graph = Graph::new(Codelets::built_in());
        let names = ["a", "b", "c", "d"];
        let [a, b, c, d] = names.map(|name| {
            let variable = graph.variable(name, Kind::Float, 10);
            graph.map(variable, 0..10, 0);
            variable
        });
        let never = graph.variable("never", Kind::Float, 1_000);
        graph.map(never, 0..1_000, 0);
        let copy = |from, to| Program::Copy { from: View::of(from, 0..10), to: View::of(to, 0..10) };
        let programs = [Program::Sequence(vec![
            copy(d, a),
            copy(a, b),
            Program::Repeat(2, Box::new(Program::Sequence(vec![copy(d, c), copy(b, c)]))),
        ])];
        let lives = Lives::of(&graph, &programs);
        let steps = |range| Life::Steps(range);
        assert_eq!(lives.variables, [steps(0..2), steps(1..4), steps(2..4), Life::Always, Life::Never]);
        // `d` always, and two of the others at a time.
        let stacks = STACK * u64::from(WORKERS + 1);
        assert_eq!(usage(&graph, &programs).of(0), 3 * 40 + stacks);
        // A second program that needs `a`: it keeps something.
        let programs = [programs[0].clone(), copy(a, c)];
        assert_eq!(Lives::of(&graph, &programs).variables[0], Life::Always);
    }
}
