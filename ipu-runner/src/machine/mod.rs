//! The tile machine: executes graphs in this process, under the rules of the hardware.
//!
//! The same C++ codelets that Poplar would compile are compiled by the system's compiler, and run vertex by vertex. Much of what the hardware
//! guarantees or demands is checked: see [`Fault`]. (Elements have 32 bits, as much as the hardware stores without
//! touching a neighbour, and codelets read and write one at a time, so there is no alignment to check. The code of the exchange is not made. Which
//! of its six workers runs a vertex shows in what [`cost`] counts, and nowhere else.) What it leaves open, above all the order of vertices, is drawn from a
//! seed.
//!
//! **Idea**: a variable is one array. While a set of vertices is executed, nobody touches what another vertex of it writes (`graph::check`
//! proves that), so vertices work in place, side by side, and still see only what was there before the set began. Elements that lie apart are
//! gathered before and scattered afterwards; those that several vertices read, once for all of them.

mod bound;
mod elements;
mod exchange;
mod library;
mod memory;
mod profile;

pub use library::{Library, LibraryError};
pub use memory::{Usage, check_memory, usage};
pub use profile::{Cost, cost};

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use crate::codelets::Access;
use crate::device::{Device, Engine};
use crate::graph::{
    ComputeSetId, Fault, Graph, Program, Stream, StreamId, Variable, VariableId, View, check, views,
};
use crate::target::Target;
use bound::Bound;
use elements::{gather, scatter};
use library::{BEYOND, FAILED, SUBNORMAL};

/// What memory holds before it is written: not a number.
const POISON: u32 = 0x7fde_adde;

/// A device of emulated tiles.
pub struct TileMachine {
    target: Target,
    library: Arc<Library>,
    /// Of the order of vertices; moves on with every graph.
    seed: AtomicU64,
}

impl TileMachine {
    /// With these codelets; `seed` decides in which order vertices run.
    #[must_use]
    pub const fn new(target: Target, library: Arc<Library>, seed: u64) -> Self {
        Self { target, library, seed: AtomicU64::new(seed) }
    }
}

impl Device for TileMachine {
    fn name(&self) -> String {
        format!("{} emulated tiles of {}", self.target.tiles(), self.target.name)
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn load(&self, graph: Graph, programs: Vec<Program>) -> Result<Box<dyn Engine>, Fault> {
        // The steps of a linear generator: neighbouring seeds have nothing in common after one.
        let next =
            |seed: u64| seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let seed = self.seed.fetch_update(Relaxed, Relaxed, |seed| Some(next(seed))).expect("always some");
        Ok(Box::new(Machine::load(graph, programs, &self.target, Arc::clone(&self.library), next(seed))?))
    }
}

/// A graph, loaded.
pub struct Machine {
    graph: Graph,
    programs: Vec<Program>,
    /// Keeps the codelets loaded.
    _library: Arc<Library>,
    /// The bits of each variable. Atomic not for ordering, but since vertices write through pointers while references to it exist.
    memory: Vec<Vec<AtomicU32>>,
    /// Whether each element has been written.
    written: Vec<Vec<bool>>,
    sets: Vec<Loaded>,
    /// The host's ends of streams.
    streams: Vec<Buffer>,
    /// Of the order of vertices.
    seed: u64,
    /// By compute set: how many vertices met subnormal numbers.
    subnormals: BTreeMap<String, u64>,
}

/// Records of a stream, which are gone through in turns.
#[derive(Default)]
struct Buffer {
    bits: Vec<u32>,
    at: usize,
}

impl Buffer {
    /// The next record.
    fn next(&mut self, graph: &Graph, stream: StreamId) -> Result<&mut [u32], Fault> {
        if self.bits.is_empty() {
            return Err(graph.not_connected(stream));
        }
        let (start, len) = (self.at, graph.streams()[stream.0].len);
        self.at = (self.at + len) % self.bits.len();
        Ok(&mut self.bits[start..start + len])
    }
}

/// A set of vertices, ready to run.
struct Loaded {
    vertices: Bound,
    /// Whether it ran before: then whatever it reads has been written, and it writes whatever it should.
    checked: bool,
}

impl Machine {
    /// Loads a graph.
    ///
    /// # Errors
    /// If it breaks a rule, or does not fit.
    pub fn load(
        graph: Graph,
        programs: Vec<Program>,
        target: &Target,
        library: Arc<Library>,
        seed: u64,
    ) -> Result<Self, Fault> {
        check(&graph, &programs, target.tiles())?;
        check_memory(&usage(&graph, &programs), target)?;
        let bits = |v: &Variable| v.constant.clone().unwrap_or_else(|| vec![POISON; v.len]);
        let atomics = |v| bits(v).into_iter().map(AtomicU32::new).collect();
        let memory: Vec<Vec<_>> = graph.variables().iter().map(atomics).collect();
        let written = graph.variables().iter().map(|v| vec![v.constant.is_some(); v.len]).collect();
        let sets = (0..graph.sets.len())
            .map(|set| {
                let vertices = Bound::new(&graph, &graph.sets[set].vertices, &library, &memory)?;
                Ok(Loaded { vertices, checked: false })
            })
            .collect::<Result<_, Fault>>()?;
        let streams = graph.streams().iter().map(|_| Buffer::default()).collect();
        // xorshift has no state 0.
        let seed = seed | 1 << 63;
        Ok(Self {
            graph,
            programs,
            _library: library,
            memory,
            written,
            sets,
            seed,
            streams,
            subnormals: BTreeMap::new(),
        })
    }

    /// The programs.
    #[must_use]
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    fn execute(&mut self, program: &Program) -> Result<(), Fault> {
        match program {
            Program::Sequence(programs) => programs.iter().try_for_each(|program| self.execute(program)),
            Program::Repeat(count, program) => (0..*count).try_for_each(|_| self.execute(program)),
            Program::Execute(set) => self.compute(*set),
            Program::Copy { from, to } => self.copy(from, to),
            Program::FromHost { stream, to } => {
                let bits = self.streams[stream.0].next(&self.graph, *stream)?.to_vec();
                self.store(to, &bits);
                Ok(())
            }
            Program::ToHost { from, stream } => {
                let name = &self.graph.streams()[stream.0].name;
                self.expect_written(from, &|| format!("stream {name}"))?;
                let bits = gather(&self.memory, from);
                self.streams[stream.0].next(&self.graph, *stream)?.copy_from_slice(&bits);
                Ok(())
            }
        }
    }

    fn copy(&mut self, from: &View, to: &View) -> Result<(), Fault> {
        self.expect_written(from, &|| format!("a copy to {}", self.graph.get(to.variable()).name))?;
        let bits = gather(&self.memory, from);
        self.store(to, &bits);
        Ok(())
    }

    fn store(&mut self, to: &View, bits: &[u32]) {
        scatter(&self.memory, to, bits);
        let written = &mut self.written[to.variable().0];
        to.runs().for_each(|run| written[run].fill(true));
    }

    fn compute(&mut self, set: ComputeSetId) -> Result<(), Fault> {
        let checked = self.sets[set.0].checked;
        if !checked {
            self.before(set)?;
        }
        let order = self.order(self.sets[set.0].vertices.len());
        let (vertices, memory) = (&self.sets[set.0].vertices, &self.memory);
        vertices.gather(memory);
        let subnormal = AtomicU64::new(0);
        let failed = order.par_chunks(64).find_map_any(|some| {
            some.iter().find_map(|&index| {
                // SAFETY: each vertex runs once, of one set at a time.
                let outcome = unsafe { vertices.run(index as usize, memory) };
                if outcome & SUBNORMAL != 0 {
                    subnormal.fetch_add(1, Relaxed);
                }
                (outcome & (FAILED | BEYOND) != 0).then_some((index as usize, outcome))
            })
        });
        if let Some((index, outcome)) = failed {
            let vertex = self.graph.place(set.0, index);
            return Err(if outcome & BEYOND != 0 {
                Fault::Beyond { vertex }
            } else {
                Fault::Failed { vertex }
            });
        }
        let subnormal = subnormal.into_inner();
        if subnormal > 0 {
            let name = &self.graph.set(set).name;
            *self.subnormals.entry(name.clone()).or_default() += subnormal;
        }
        if !checked {
            self.after(set)?;
            self.sets[set.0].checked = true;
        }
        Ok(())
    }

    /// Before a set's first run: whatever it reads is there; what it must write is poisoned.
    fn before(&mut self, set: ComputeSetId) -> Result<(), Fault> {
        for index in 0..self.graph.sets[set.0].vertices.len() {
            for (_, access, view) in self.accesses(set, index) {
                if access == Access::Output {
                    let memory = &self.memory[view.variable().0];
                    view.runs().flatten().for_each(|element| memory[element].store(POISON, Relaxed));
                } else {
                    self.expect_written(&view, &|| self.graph.place(set.0, index).to_string())?;
                }
            }
        }
        Ok(())
    }

    /// After it: everything was written.
    fn after(&mut self, set: ComputeSetId) -> Result<(), Fault> {
        for index in 0..self.graph.sets[set.0].vertices.len() {
            for (field, access, view) in self.accesses(set, index) {
                if !access.writes() {
                    continue;
                }
                for element in view.runs().flatten() {
                    if self.memory[view.variable().0][element].load(Relaxed) == POISON {
                        let (vertex, field) = (self.graph.place(set.0, index), field.to_string());
                        return Err(Fault::Unwritten { vertex, field });
                    }
                    self.written[view.variable().0][element] = true;
                }
            }
        }
        Ok(())
    }

    /// What a vertex reads and writes: field, how, elements.
    fn accesses(&self, set: ComputeSetId, index: usize) -> Vec<(&'static str, Access, View)> {
        let vertex = &self.graph.sets[set.0].vertices[index];
        let edges = vertex.edges.iter();
        edges
            .flat_map(|(name, edge)| {
                let access = self.graph.access(vertex, name);
                views(edge).iter().map(move |view| (*name, access, *view))
            })
            .collect()
    }

    fn expect_written(&self, view: &View, reader: &dyn Fn() -> String) -> Result<(), Fault> {
        let written = &self.written[view.variable().0];
        let missing = view.runs().flatten().find(|&element| !written[element]);
        missing.map_or(Ok(()), |element| {
            let variable = self.graph.get(view.variable()).name.clone();
            Err(Fault::Uninitialised { variable, element, reader: reader() })
        })
    }

    /// An order of vertices, drawn anew each time.
    fn order(&mut self, count: usize) -> Vec<u32> {
        let mut order: Vec<_> = (0..count as u32).collect();
        for i in (1..count).rev() {
            // xorshift64.
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            order.swap(i, (self.seed % (i as u64 + 1)) as usize);
        }
        order
    }
}

impl Engine for Machine {
    fn write(&mut self, variable: VariableId, bits: &[u32]) -> Result<(), Fault> {
        self.graph.expect_exposed(variable)?;
        for (to, bits) in self.memory[variable.0][..bits.len()].iter().zip(bits) {
            to.store(*bits, Relaxed);
        }
        self.written[variable.0][..bits.len()].fill(true);
        Ok(())
    }

    fn run(&mut self, program: usize) -> Result<(), Fault> {
        let programs = std::mem::take(&mut self.programs);
        let result = self.execute(&programs[program]);
        self.programs = programs;
        result
    }

    fn read(&mut self, variable: VariableId, elements: Range<usize>) -> Result<Vec<u32>, Fault> {
        self.graph.expect_exposed(variable)?;
        self.expect_written(&View::of(variable, elements.clone()), &|| "the host".into())?;
        Ok(self.memory[variable.0][elements].iter().map(|bits| bits.load(Relaxed)).collect())
    }

    fn connect(&mut self, stream: StreamId, records: Vec<u32>) -> Result<(), Fault> {
        let Stream { name, len, .. } = &self.graph.streams()[stream.0];
        if records.is_empty() || !records.len().is_multiple_of(*len) {
            let reason = format!("{} elements are no whole records of {len}", records.len());
            return Err(Fault::Stream { stream: name.clone(), reason });
        }
        self.streams[stream.0] = Buffer { bits: records, at: 0 };
        Ok(())
    }

    fn records(&self, stream: StreamId) -> Result<&[u32], Fault> {
        let bits = &self.streams[stream.0].bits;
        if bits.is_empty() { Err(self.graph.not_connected(stream)) } else { Ok(bits) }
    }

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn take_subnormals(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.subnormals)
    }
}
