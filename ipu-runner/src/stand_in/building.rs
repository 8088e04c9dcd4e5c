//! A graph that grows call by call, and the engine that it becomes.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::package::{self, Files};
use crate::codelets::{Access, Codelets, intern};
use crate::device::Engine as _;
use crate::graph::{
    ComputeSetId, Direction, Edge, Fault, Graph, Kind, Program, StreamId, VariableId, Vertex, View,
};
use crate::machine::{Library, Machine};
use crate::pattern::pattern;
use crate::target::Target;

/// Why something was not done; each becomes an exception of its own.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A rule was broken.
    Poplar(String),
    /// A tile has too little memory.
    Memory(String),
    /// Codelets do not compile.
    Link(String),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let message = fault.to_string();
        if matches!(fault, Fault::Memory { .. }) { Self::Memory(message) } else { Self::Poplar(message) }
    }
}

fn refused<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Poplar(message.into()))
}

/// What a field is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One element.
    Scalar,
    /// Elements.
    Vector,
    /// Several vectors.
    List,
}

/// A machine of an architecture. `tiles_per_ipu`: 0 for all that it has.
///
/// # Errors
/// If there is no such architecture, or it has not so many tiles.
pub fn target(architecture: &str, ipus: u32, tiles_per_ipu: u32) -> Result<Target, Refusal> {
    let Some(one) = Target::ALL.into_iter().find(|target| target.architecture == architecture) else {
        return refused(format!("there is no architecture {architecture}"));
    };
    if ipus == 0 || tiles_per_ipu > one.tiles_per_ipu {
        return refused(format!(
            "{ipus} IPUs of {tiles_per_ipu} tiles: an {architecture} has {}",
            one.tiles_per_ipu
        ));
    }
    let tiles_per_ipu = if tiles_per_ipu == 0 { one.tiles_per_ipu } else { tiles_per_ipu };
    Ok(Target { ipus, tiles_per_ipu, ..one })
}

/// A graph that grows.
pub struct Building {
    target: Target,
    /// Without codelets: they come with the files.
    graph: Graph,
    files: Files,
    codelets: Codelets,
    /// Whether each vertex of each set has been given a tile.
    placed: Vec<Vec<bool>>,
    programs: Vec<Program>,
}

impl Building {
    /// Nothing yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        let none = || Codelets::of(Vec::new());
        Self {
            target,
            graph: Graph::new(Arc::new(none())),
            files: Vec::new(),
            codelets: none(),
            placed: Vec::new(),
            programs: Vec::new(),
        }
    }

    /// Adds the codelets of a file.
    pub fn add_codelets(&mut self, path: &Path, flags: &str) -> Result<(), Refusal> {
        for (name, text) in package::read(path, flags).map_err(Refusal::Link)? {
            match self.files.iter().find(|(there, _)| *there == name) {
                Some((_, there)) if *there == text => {}
                Some(_) => return refused(format!("{}: there is another {name} already", path.display())),
                None => self.files.push((name, text)),
            }
        }
        self.codelets = Codelets::of(self.files.clone());
        Ok(())
    }

    /// Whether there is a codelet of this name.
    #[must_use]
    pub fn has_codelet(&self, name: &str) -> bool {
        self.codelets.get(name).is_some()
    }

    /// Adds a variable.
    pub fn add_variable(&mut self, kind: Kind, len: usize, name: &str) -> u32 {
        self.graph.variable(name, kind, len).0 as u32
    }

    /// Adds a constant.
    pub fn add_constant(&mut self, kind: Kind, bits: Vec<u32>, name: &str) -> u32 {
        let variable = self.graph.variable(name, kind, bits.len());
        self.graph.variables[variable.0].constant = Some(bits);
        variable.0 as u32
    }

    fn variable(&self, number: u32) -> Result<VariableId, Refusal> {
        let there = (number as usize) < self.graph.variables.len();
        if there {
            Ok(VariableId(number as usize))
        } else {
            refused(format!("there is no variable {number}"))
        }
    }

    /// Puts elements on a tile.
    pub fn map(&mut self, variable: u32, elements: Range<usize>, tile: u32) -> Result<(), Refusal> {
        let variable = self.variable(variable)?;
        let len = self.graph.get(variable).len;
        if elements.end > len {
            return refused(format!("elements {elements:?} of {len}"));
        }
        self.graph.map(variable, elements, tile);
        Ok(())
    }

    /// Lets the host read and write a variable.
    pub fn expose(&mut self, variable: u32) -> Result<(), Refusal> {
        let variable = self.variable(variable)?;
        self.graph.expose(variable);
        Ok(())
    }

    /// Adds a stream.
    pub fn add_stream(&mut self, name: &str, kind: Kind, len: usize, direction: Direction) -> u32 {
        self.graph.stream(name, kind, len, direction).0 as u32
    }

    fn stream(&self, number: u32) -> Result<StreamId, Refusal> {
        let there = (number as usize) < self.graph.streams().len();
        if there { Ok(StreamId(number as usize)) } else { refused(format!("there is no stream {number}")) }
    }

    /// Adds a compute set.
    pub fn add_compute_set(&mut self, name: &str) -> u32 {
        self.placed.push(Vec::new());
        self.graph.compute_set(name).0 as u32
    }

    /// Adds a vertex without edges.
    pub fn add_vertex(&mut self, set: u32, codelet: &str) -> Result<u32, Refusal> {
        if !self.has_codelet(codelet) {
            return refused(format!("there is no codelet {codelet}"));
        }
        let Some(placed) = self.placed.get_mut(set as usize) else {
            return refused(format!("there is no compute set {set}"));
        };
        placed.push(false);
        let vertex = Vertex { codelet: intern(codelet), tile: 0, edges: Vec::new(), cycles: 0 };
        self.graph.vertex(ComputeSetId(set as usize), vertex);
        Ok(placed.len() as u32 - 1)
    }

    fn vertex(&mut self, set: u32, vertex: u32) -> Result<&mut Vertex, Refusal> {
        let there =
            self.graph.sets.get_mut(set as usize).and_then(|set| set.vertices.get_mut(vertex as usize));
        there.ok_or_else(|| Refusal::Poplar(format!("there is no vertex {vertex} in compute set {set}")))
    }

    /// Puts a vertex on a tile.
    pub fn place(&mut self, set: u32, vertex: u32, tile: u32) -> Result<(), Refusal> {
        self.vertex(set, vertex)?.tile = tile;
        self.placed[set as usize][vertex as usize] = true;
        Ok(())
    }

    /// Says what a vertex takes.
    pub fn estimate(&mut self, set: u32, vertex: u32, cycles: u64) -> Result<(), Refusal> {
        self.vertex(set, vertex)?.cycles = cycles;
        Ok(())
    }

    /// Connects a field.
    pub fn connect(
        &mut self,
        (set, vertex): (u32, u32),
        field: &str,
        form: Form,
        mut views: Vec<View>,
    ) -> Result<(), Refusal> {
        let codelet = self.vertex(set, vertex)?.codelet;
        let fields = &self.codelets.get(codelet).expect("a vertex has a codelet").fields;
        let Some(there) = fields.iter().find(|there| there.name == field) else {
            return refused(format!("{codelet} has no field {field}"));
        };
        let wanted = match there.access {
            Access::Word => return refused(format!("{codelet}: {field} takes an initial value, no tensor")),
            Access::List => Form::List,
            _ if there.scalar => Form::Scalar,
            _ => Form::Vector,
        };
        if form != wanted {
            return refused(format!("{codelet}: {field} is a {wanted:?}, the tensor a {form:?}"));
        }
        let edge = if form == Form::List { Edge::List(views) } else { Edge::View(views.remove(0)) };
        self.vertex(set, vertex)?.edges.push((intern(field), edge));
        Ok(())
    }

    /// Gives a field its number.
    pub fn set_word(&mut self, set: u32, vertex: u32, field: &str, value: u32) -> Result<(), Refusal> {
        let codelet = self.vertex(set, vertex)?.codelet;
        if self.codelets.get(codelet).and_then(|codelet| codelet.access(field)) != Some(Access::Word) {
            return refused(format!("{codelet} has no number {field}"));
        }
        self.vertex(set, vertex)?.edges.push((intern(field), Edge::Word(value)));
        Ok(())
    }

    /// A view of a variable's elements.
    pub fn view(&self, variable: u32, ranges: &[Range<usize>]) -> Result<View, Refusal> {
        let variable = self.variable(variable)?;
        let Some((start, dims)) = pattern(ranges) else {
            let name = &self.graph.get(variable).name;
            return refused(format!("{name}: the tile machine has no view of such elements"));
        };
        Ok(View::nested(variable, start, dims))
    }

    /// Adds the execution of a set to the list of programs.
    pub fn execute(&mut self, set: u32) -> Result<(), Refusal> {
        if set as usize >= self.graph.sets.len() {
            return refused(format!("there is no compute set {set}"));
        }
        self.programs.push(Program::Execute(ComputeSetId(set as usize)));
        Ok(())
    }

    /// Adds a copy to the list of programs.
    pub fn copy(&mut self, from: View, to: View) {
        self.programs.push(Program::Copy { from, to });
    }

    /// Adds a copy of a record from the host to the list of programs.
    pub fn receive(&mut self, stream: u32, to: View) -> Result<(), Refusal> {
        let stream = self.stream(stream)?;
        self.programs.push(Program::FromHost { stream, to });
        Ok(())
    }

    /// Adds a copy of a record to the host to the list of programs.
    pub fn send(&mut self, from: View, stream: u32) -> Result<(), Refusal> {
        let stream = self.stream(stream)?;
        self.programs.push(Program::ToHost { from, stream });
        Ok(())
    }

    /// Makes one of the last programs on the list.
    pub fn sequence(&mut self, count: usize) -> Result<(), Refusal> {
        let Some(first) = self.programs.len().checked_sub(count) else {
            return refused(format!("a sequence of {count} programs"));
        };
        let programs = self.programs.split_off(first);
        self.programs.push(Program::Sequence(programs));
        Ok(())
    }

    /// Repeats the last program on the list.
    pub fn repeat(&mut self, times: u32) -> Result<(), Refusal> {
        let Some(body) = self.programs.pop() else { return refused("a repetition of nothing") };
        self.programs.push(Program::Repeat(times, Box::new(body)));
        Ok(())
    }

    /// Makes an engine for all programs on the list.
    pub fn compile(&mut self) -> Result<Compiled, Refusal> {
        let programs = std::mem::take(&mut self.programs);
        let mut graph = Graph::new(Arc::new(self.codelets.clone()));
        graph.variables.clone_from(&self.graph.variables);
        graph.sets.clone_from(&self.graph.sets);
        graph.streams.clone_from(&self.graph.streams);
        for (set, placed) in self.placed.iter().enumerate() {
            if let Some(vertex) = placed.iter().position(|placed| !placed) {
                return refused(format!("{}: it was not put there", graph.place(set, vertex)));
            }
        }
        let library = library(graph.codelets())?;
        let machine = machine(&graph, &programs, &self.target, &library)?;
        let (fresh, loaded, connected) = (Some(machine), None, Vec::new());
        Ok(Compiled { graph, programs, target: self.target, library, fresh, loaded, connected })
    }
}

/// A graph that was compiled.
pub struct Compiled {
    graph: Graph,
    programs: Vec<Program>,
    target: Target,
    library: Arc<Library>,
    /// From compilation, for the first time that it is loaded.
    fresh: Option<Machine>,
    loaded: Option<Machine>,
    connected: Vec<(StreamId, Records)>,
}

/// Records that belong to the host.
#[derive(Clone, Copy)]
pub struct Records {
    first: *mut u8,
    bytes: usize,
}

impl Records {
    /// # Safety
    /// So many bytes, which stay there while an engine is connected with them, and which nobody touches while one of its functions runs.
    pub const unsafe fn new(first: *mut u8, bytes: usize) -> Self {
        Self { first, bytes }
    }

    fn read(self) -> Vec<u32> {
        // SAFETY: as `new` demands. The bytes may not be aligned.
        let bytes = unsafe { std::slice::from_raw_parts(self.first, self.bytes) };
        bytes.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word)).collect()
    }

    fn write(self, bits: &[u32]) {
        assert_eq!(4 * bits.len(), self.bytes, "as many as were connected");
        // SAFETY: as `new` demands; so many bytes.
        unsafe { std::ptr::copy_nonoverlapping(bits.as_ptr().cast::<u8>(), self.first, self.bytes) };
    }
}

impl Compiled {
    /// Puts it on its tiles. What variables held before is lost.
    pub fn load(&mut self) -> Result<(), Refusal> {
        let again = || machine(&self.graph, &self.programs, &self.target, &self.library);
        let mut machine = self.fresh.take().map_or_else(again, Ok)?;
        for (stream, records) in &self.connected {
            machine.connect(*stream, records.read())?;
        }
        self.loaded = Some(machine);
        Ok(())
    }

    fn loaded(&mut self) -> Result<&mut Machine, Refusal> {
        self.loaded.as_mut().ok_or_else(|| Refusal::Poplar("the engine was not loaded".into()))
    }

    fn len(&self, variable: u32, bytes: usize, what: &str) -> Result<VariableId, Refusal> {
        let Some(there) = self.graph.variables.get(variable as usize) else {
            return refused(format!("there is no variable {variable}"));
        };
        if 4 * there.len != bytes {
            return refused(format!("{what} {bytes} bytes: {} has {}", there.name, 4 * there.len));
        }
        Ok(VariableId(variable as usize))
    }

    /// Runs a program.
    pub fn run(&mut self, program: u32) -> Result<(), Refusal> {
        let count = self.programs.len();
        let machine = self.loaded()?;
        if program as usize >= count {
            return refused(format!("program {program} of {count}"));
        }
        machine.run(program as usize)?;
        for (stream, records) in &self.connected {
            if self.graph.streams()[stream.0].direction == Direction::ToHost
                && let Some(machine) = &self.loaded
            {
                records.write(machine.records(*stream)?);
            }
        }
        Ok(())
    }

    /// Gives a stream its records.
    pub fn connect(&mut self, stream: u32, records: Records) -> Result<(), Refusal> {
        let Some(there) = self.graph.streams().get(stream as usize) else {
            return refused(format!("there is no stream {stream}"));
        };
        if records.bytes == 0 || !records.bytes.is_multiple_of(4 * there.len) {
            let (name, bytes, len) = (&there.name, records.bytes, 4 * there.len);
            return refused(format!("stream {name}: {bytes} bytes are no whole records of {len}"));
        }
        let stream = StreamId(stream as usize);
        self.connected.retain(|(other, _)| *other != stream);
        self.connected.push((stream, records));
        if let Some(machine) = &mut self.loaded {
            machine.connect(stream, records.read())?;
        }
        Ok(())
    }

    /// Writes a variable.
    pub fn write(&mut self, variable: u32, bits: &[u32]) -> Result<(), Refusal> {
        let variable = self.len(variable, 4 * bits.len(), "writing")?;
        Ok(self.loaded()?.write(variable, bits)?)
    }

    /// Reads a variable. What nobody has written is not a number: the host may read it, as it reads whole variables.
    pub fn read(&mut self, variable: u32, bits: &mut [u32]) -> Result<(), Refusal> {
        let variable = self.len(variable, 4 * bits.len(), "reading")?;
        let machine = self.loaded()?;
        let mut at = 0;
        while at < bits.len() {
            let end = match machine.read(variable, at..bits.len()) {
                Ok(read) => {
                    bits[at..].copy_from_slice(&read);
                    break;
                }
                Err(Fault::Uninitialised { element, .. }) => element,
                Err(fault) => return Err(fault.into()),
            };
            bits[at..end].copy_from_slice(&machine.read(variable, at..end)?);
            bits[end] = f32::NAN.to_bits();
            at = end + 1;
        }
        Ok(())
    }
}

fn machine(
    graph: &Graph,
    programs: &[Program],
    target: &Target,
    library: &Arc<Library>,
) -> Result<Machine, Refusal> {
    /// Engines so far: each runs its vertices in another order.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let seed = SEED.fetch_add(1, Relaxed);
    Ok(Machine::load(graph.clone(), programs.to_vec(), target, Arc::clone(library), seed)?)
}

/// Compiled codelets; the same ones are compiled once.
fn library(codelets: &Codelets) -> Result<Arc<Library>, Refusal> {
    static KNOWN: Mutex<Vec<(Files, Arc<Library>)>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, library)) = known.iter().find(|(files, _)| files == codelets.sources()) {
        return Ok(Arc::clone(library));
    }
    let library = Library::new(codelets).map_err(|error| Refusal::Link(error.to_string()))?;
    known.push((codelets.sources().to_vec(), Arc::clone(&library)));
    Ok(library)
}
