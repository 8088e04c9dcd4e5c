//! The tile machine: executes graphs in this process, under the rules of the hardware.
//!
//! The same C++ codelets that Poplar would compile are compiled by the system's compiler, and run vertex by vertex. Much of what the hardware
//! guarantees or demands is checked: see [`Fault`]. (Not checked: subnormal numbers, neighbours in the same 64 bits, the code of the exchange.) What it leaves open, above all the order of vertices, is drawn from a
//! seed.
//!
//! **Idea**: a variable is one array. While a set of vertices is executed, nobody touches what another vertex of it writes (`graph::check`
//! proves that), so vertices work in place, side by side, and still see only what was there before the set began. Elements that lie apart are
//! gathered before and scattered afterwards.

mod library;
mod memory;
mod profile;

pub use library::{Library, LibraryError, VERTEX_HPP};
pub use memory::{Usage, check_memory, usage};
pub use profile::{Cost, cost};

use std::sync::Arc;

use rayon::prelude::*;

use crate::codelets::{self, Access};
use crate::graph::{ComputeSetId, Edge, Fault, Graph, Program, VariableId, View, check};
use crate::target::Target;
use library::{Binding, DONE, FAILED, Run};

/// What memory holds before it is written: not a number.
const POISON: u32 = 0x7fde_adde;

/// A graph, loaded.
pub struct Machine {
    graph: Graph,
    programs: Vec<Program>,
    /// Keeps the codelets loaded.
    _library: Arc<Library>,
    /// The bits of each variable.
    memory: Vec<Vec<u32>>,
    /// Whether each element has been written.
    written: Vec<Vec<bool>>,
    sets: Vec<Loaded>,
    /// Of the order of vertices.
    seed: u64,
}

/// A set of vertices, ready to run.
struct Loaded {
    vertices: Vec<Ready>,
    /// Whether it ran before: then whatever it reads has been written, and it writes whatever it should.
    checked: bool,
}

struct Ready {
    run: Run,
    bindings: Vec<Binding>,
    /// What the bindings of lists point to.
    _lists: Vec<Box<[Binding]>>,
    /// Elements that lie apart: which binding, and whether they are read, written.
    apart: Vec<Apart>,
}

struct Apart {
    field: usize,
    /// Of a list: which piece.
    piece: Option<usize>,
    view: View,
    access: Access,
}

// SAFETY: the pointers are into `memory`, whose vectors never grow, and into boxes that the vertices own. Vertices of one set write to
// disjoint elements, which `check` has proved before a machine exists.
unsafe impl Send for Ready {}
// SAFETY: as above.
unsafe impl Sync for Ready {}

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
        check(&graph, target.tiles())?;
        check_memory(&graph, target)?;
        programs.iter().try_for_each(|program| check_copies(&graph, program))?;
        let mut memory: Vec<_> =
            graph.variables().iter().map(|v| v.constant.clone().unwrap_or(vec![POISON; v.len])).collect();
        let written = graph.variables().iter().map(|v| vec![v.constant.is_some(); v.len]).collect();
        let sets = (0..graph.sets.len())
            .map(|set| {
                let vertices = graph.sets[set].vertices.iter();
                let vertices = vertices.map(|vertex| ready(vertex, &library, &mut memory)).collect();
                Loaded { vertices, checked: false }
            })
            .collect();
        // xorshift has no state 0.
        let seed = seed | 1 << 63;
        Ok(Self { graph, programs, _library: library, memory, written, sets, seed })
    }

    /// Writes a variable from its start on.
    ///
    /// # Panics
    /// If it has not so many elements.
    pub fn write(&mut self, variable: VariableId, bits: impl ExactSizeIterator<Item = u32>) {
        let len = bits.len();
        for (to, bits) in self.memory[variable.0][..len].iter_mut().zip(bits) {
            *to = bits;
        }
        self.written[variable.0][..len].fill(true);
    }

    /// Reads a variable.
    ///
    /// # Errors
    /// If some of it was never written.
    pub fn read(&self, variable: VariableId) -> Result<&[u32], Fault> {
        self.expect_written(&self.graph.whole(variable), &|| "the host".into())?;
        Ok(&self.memory[variable.0])
    }

    /// Reads a piece of a variable.
    ///
    /// # Errors
    /// If some of it was never written.
    pub fn read_view(&self, view: &View) -> Result<Vec<u32>, Fault> {
        self.expect_written(view, &|| "the host".into())?;
        Ok(view.runs().flatten().map(|element| self.memory[view.variable().0][element]).collect())
    }

    /// A variable's elements, as far as they were written.
    pub fn peek(&self, variable: VariableId) -> impl Iterator<Item = Option<u32>> + '_ {
        let written = self.written[variable.0].iter();
        self.memory[variable.0].iter().zip(written).map(|(bits, written)| written.then_some(*bits))
    }

    /// Runs a program, by its place in the list that was loaded.
    ///
    /// # Errors
    /// If a rule is broken meanwhile.
    ///
    /// # Panics
    /// If there are not so many programs.
    pub fn run(&mut self, program: usize) -> Result<(), Fault> {
        let programs = std::mem::take(&mut self.programs);
        let result = self.execute(&programs[program]);
        self.programs = programs;
        result
    }

    /// The graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
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
        }
    }

    fn copy(&mut self, from: &View, to: &View) -> Result<(), Fault> {
        self.expect_written(from, &|| format!("a copy to {}", self.graph.get(to.variable()).name))?;
        let bits: Vec<_> =
            from.runs().flatten().map(|element| self.memory[from.variable().0][element]).collect();
        for (element, bits) in to.runs().flatten().zip(bits) {
            self.memory[to.variable().0][element] = bits;
            self.written[to.variable().0][element] = true;
        }
        Ok(())
    }

    fn compute(&mut self, set: ComputeSetId) -> Result<(), Fault> {
        let checked = self.sets[set.0].checked;
        if !checked {
            self.before(set)?;
        }
        let order = self.order(self.sets[set.0].vertices.len());
        let vertices = &self.sets[set.0].vertices;
        let memory = Shared(self.memory.as_mut_ptr());
        let failed = order.par_chunks(64).find_map_any(|some| {
            some.iter().find_map(|&index| {
                // SAFETY: see `Ready`.
                let outcome = unsafe { vertices[index as usize].run(&memory) };
                (outcome != DONE).then_some((index as usize, outcome))
            })
        });
        if let Some((index, outcome)) = failed {
            let vertex = self.graph.place(set.0, index);
            return Err(if outcome == FAILED { Fault::Failed { vertex } } else { Fault::Beyond { vertex } });
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
                    view.runs()
                        .flatten()
                        .for_each(|element| self.memory[view.variable().0][element] = POISON);
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
                if access != Access::Output && access != Access::InOut {
                    continue;
                }
                for element in view.runs().flatten() {
                    if self.memory[view.variable().0][element] == POISON {
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
                let access = crate::graph::access(vertex.codelet, name);
                crate::graph::views(edge).iter().map(move |view| (*name, access, *view))
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

/// The arrays of all variables, for vertices that write to disjoint elements of them.
struct Shared(*mut Vec<u32>);

// SAFETY: see `Ready`.
unsafe impl Sync for Shared {}

impl Shared {
    /// An element.
    ///
    /// # Safety
    /// The caller may touch this element.
    unsafe fn at(&self, variable: VariableId, element: usize) -> *mut u32 {
        // SAFETY: variables and elements were checked when the graph was.
        unsafe { (*self.0.add(variable.0)).as_mut_ptr().add(element) }
    }
}

impl Ready {
    /// Runs the vertex.
    ///
    /// # Safety
    /// No other vertex that runs at the same time may write what this one touches.
    unsafe fn run(&self, memory: &Shared) -> u32 {
        if self.apart.is_empty() {
            // SAFETY: the bindings are what the codelet's declaration says.
            return unsafe { (self.run)(self.bindings.as_ptr()) };
        }
        let mut bindings = self.bindings.clone();
        let mut lists: Vec<Vec<Binding>> = Vec::new();
        let mut buffers: Vec<Vec<u32>> = Vec::with_capacity(self.apart.len());
        for apart in &self.apart {
            let read = apart.access != Access::Output;
            let elements = apart.view.runs().flatten();
            let variable = apart.view.variable();
            // SAFETY: the vertex may read its fields.
            let gathered =
                elements.map(|element| if read { unsafe { *memory.at(variable, element) } } else { POISON });
            buffers.push(gathered.collect());
        }
        for (apart, buffer) in self.apart.iter().zip(&mut buffers) {
            let piece = Binding { data: buffer.as_mut_ptr(), count: buffer.len(), list: std::ptr::null() };
            let Some(index) = apart.piece else {
                bindings[apart.field] = piece;
                continue;
            };
            if bindings[apart.field].list == self.bindings[apart.field].list {
                let binding = self.bindings[apart.field];
                // SAFETY: the list that belongs to the binding.
                lists.push(unsafe { std::slice::from_raw_parts(binding.list, binding.count) }.to_vec());
                bindings[apart.field].list = lists.last().expect("just pushed").as_ptr();
            }
            // SAFETY: the copy just made, or made for an earlier piece of it.
            unsafe { *bindings[apart.field].list.cast_mut().add(index) = piece };
        }
        // SAFETY: the bindings are what the codelet's declaration says.
        let outcome = unsafe { (self.run)(bindings.as_ptr()) };
        for (apart, buffer) in self.apart.iter().zip(&buffers) {
            if apart.access == Access::Output || apart.access == Access::InOut {
                for (element, bits) in apart.view.runs().flatten().zip(buffer) {
                    // SAFETY: the vertex may write its outputs.
                    unsafe { *memory.at(apart.view.variable(), element) = *bits };
                }
            }
        }
        outcome
    }
}

/// Binds a vertex's fields to memory.
fn ready(vertex: &crate::graph::Vertex, library: &Library, memory: &mut [Vec<u32>]) -> Ready {
    let (mut lists, mut apart) = (Vec::new(), Vec::new());
    let mut bind = |view: &View, field, piece, access| {
        let Some(range) = view.range() else {
            apart.push(Apart { field, piece, view: *view, access });
            return Binding { data: std::ptr::null_mut(), count: view.len(), list: std::ptr::null() };
        };
        let data = memory[view.variable().0][range.clone()].as_mut_ptr();
        Binding { data, count: range.len(), list: std::ptr::null() }
    };
    let fields = codelets::all()[vertex.codelet].fields.iter().enumerate();
    let bindings = fields
        .map(|(index, field)| {
            let (_, edge) = vertex.edges.iter().find(|(name, _)| *name == field.name).expect("checked");
            match edge {
                Edge::View(view) => bind(view, index, None, field.access),
                Edge::Word(word) => {
                    Binding { data: std::ptr::null_mut(), count: *word as usize, list: std::ptr::null() }
                }
                Edge::List(views) => {
                    let pieces = views.iter().enumerate();
                    let pieces: Box<[_]> =
                        pieces.map(|(piece, view)| bind(view, index, Some(piece), field.access)).collect();
                    let binding =
                        Binding { data: std::ptr::null_mut(), count: pieces.len(), list: pieces.as_ptr() };
                    lists.push(pieces);
                    binding
                }
            }
        })
        .collect();
    let run = library.get(vertex.codelet).expect("checked");
    Ready { run, bindings, _lists: lists, apart }
}

fn check_copies(graph: &Graph, program: &Program) -> Result<(), Fault> {
    match program {
        Program::Sequence(programs) => programs.iter().try_for_each(|program| check_copies(graph, program)),
        Program::Repeat(_, program) => check_copies(graph, program),
        Program::Execute(_) => Ok(()),
        Program::Copy { from, to } => {
            let (source, target) = (graph.get(from.variable()), graph.get(to.variable()));
            let fault = |reason: String| {
                Err(Fault::Copy { from: source.name.clone(), to: target.name.clone(), reason })
            };
            if target.constant.is_some() {
                let writer = format!("a copy from {}", source.name);
                return Err(Fault::Constant { variable: target.name.clone(), writer });
            }
            let beyond = |view: &View, len| view.runs().any(|run| run.end > len);
            if source.kind != target.kind {
                fault("floats and words".into())
            } else if from.len() != to.len() {
                fault(format!("{} elements to {}", from.len(), to.len()))
            } else if beyond(from, source.len) || beyond(to, target.len) {
                fault("elements that do not exist".into())
            } else {
                Ok(())
            }
        }
    }
}
