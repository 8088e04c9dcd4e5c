//! Poplar as a device: IPUs, and Poplar's own emulator of them.
//!
//! Poplar's interface is C++. A shim in C++ (`shim/`) puts it behind a table of C functions, which is either linked into this program (feature
//! `poplar`) or opened from a shared library. Codelets are compiled by `popc` when they are first needed.
//!
//! **None of this has met an SDK yet.** Its tests compile the shim against headers that stand in for Poplar's ([`crate::stand_in`]).

mod functions;
mod popc;
mod shim;

pub use popc::{POPC, Popc, PopcError};
pub use shim::{Connection, PoplarExecutable, PoplarGraph, PoplarHandle, Shim, ShimError};

use std::ffi::CString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::codelets::Codelets;
use crate::device::{Device, Engine};
use crate::graph::{Edge, Fault, Graph, Program, StreamId, VariableId, check};
use crate::target::Target;

/// Why there is no device.
#[derive(Debug, thiserror::Error)]
pub enum PoplarError {
    /// Poplar, or the shim before it, refuses.
    #[error(transparent)]
    Shim(#[from] ShimError),
    /// The device is not what was asked for.
    #[error("there are IPUs of the architecture {found}, not {wanted} as the target {name} has it")]
    Architecture {
        /// The target's name.
        name: &'static str,
        /// Its architecture.
        wanted: &'static str,
        /// The device's.
        found: &'static str,
    },
    /// There is no place for codelets.
    #[error("compiled codelets cannot be kept in a temporary folder: {0}")]
    Folder(#[from] std::io::Error),
}

impl From<ShimError> for Fault {
    fn from(error: ShimError) -> Self {
        Self::Device(error.to_string())
    }
}

/// IPUs, or Poplar's emulator of them.
pub struct PoplarDevice {
    name: String,
    target: Target,
    shared: Arc<Mutex<Shared>>,
    popc: Popc,
    codelets: Mutex<Compiled>,
}

/// What engines share with their device.
struct Shared {
    handle: PoplarHandle,
    /// Which of its engines is loaded; 0: none.
    current: u64,
}

/// Codelets that were compiled, and the files.
struct Compiled {
    folder: tempfile::TempDir,
    files: Vec<(Arc<Codelets>, PathBuf)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PoplarDevice {
    /// The first free device of as many IPUs as the target has.
    ///
    /// # Errors
    /// If there is none, or it has another architecture.
    pub fn ipu(shim: &Arc<Shim>, target: &Target, popc: Popc) -> Result<Self, PoplarError> {
        let device = Self::of(PoplarHandle::ipu(shim, target.ipus)?, shim, "IPUs", target, popc)?;
        if device.target.architecture != target.architecture {
            return Err(PoplarError::Architecture {
                name: target.name,
                wanted: target.architecture,
                found: device.target.architecture,
            });
        }
        Ok(device)
    }

    /// Poplar's emulator of a target.
    ///
    /// # Errors
    /// If it has none.
    pub fn ipu_model(shim: &Arc<Shim>, target: &Target, popc: Popc) -> Result<Self, PoplarError> {
        Self::of(PoplarHandle::ipu_model(shim, target)?, shim, "IPU Model", target, popc)
    }

    fn of(
        handle: PoplarHandle,
        shim: &Shim,
        kind: &str,
        wanted: &Target,
        popc: Popc,
    ) -> Result<Self, PoplarError> {
        let target = handle.target(wanted)?;
        let folder = tempfile::Builder::new().prefix("random-bases-popc-").tempdir()?;
        Ok(Self {
            name: format!("{}: {kind}, {} tiles of {}", shim.what(), target.tiles(), target.architecture),
            target,
            shared: Arc::new(Mutex::new(Shared { handle, current: 0 })),
            popc,
            codelets: Mutex::new(Compiled { folder, files: Vec::new() }),
        })
    }

    /// Codelets, compiled; the same ones once.
    fn codelets(&self, codelets: &Arc<Codelets>) -> Result<PathBuf, Fault> {
        let Compiled { folder, files } = &mut *lock(&self.codelets);
        if let Some((_, file)) = files.iter().find(|(there, _)| Arc::ptr_eq(there, codelets)) {
            return Ok(file.clone());
        }
        let folder = folder.path().join(files.len().to_string());
        std::fs::create_dir(&folder)
            .map_err(|error| Fault::Device(format!("{}: {error}", folder.display())))?;
        let file = self.popc.compile(codelets, &folder).map_err(|error| Fault::Device(error.to_string()))?;
        files.push((Arc::clone(codelets), file.clone()));
        Ok(file)
    }

    /// As [`Device::load`], without our own look at the graph first: what is wrong with it, Poplar finds.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn load_unchecked(&self, graph: Graph, programs: &[Program]) -> Result<PoplarEngine, Fault> {
        let file = self.codelets(graph.codelets())?;
        let made = lock(&self.shared).handle.graph()?;
        let executable = translate(&graph, programs, &file, made)?;
        /// Engines so far.
        static ENGINES: AtomicU64 = AtomicU64::new(1);
        let number = ENGINES.fetch_add(1, Relaxed);
        let known = vec![None; graph.variables().len()];
        Ok(PoplarEngine { graph, executable, shared: Arc::clone(&self.shared), number, loaded: false, known })
    }
}

impl Device for PoplarDevice {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn target(&self) -> &Target {
        &self.target
    }

    fn load(&self, graph: Graph, programs: Vec<Program>) -> Result<Box<dyn Engine>, Fault> {
        // Poplar promises no message for vertices that disturb each other.
        check(&graph, &programs, self.target.tiles())?;
        Ok(Box::new(self.load_unchecked(graph, &programs)?))
    }
}

/// Says a graph again, to Poplar, and compiles it.
fn translate(
    graph: &Graph,
    programs: &[Program],
    codelets: &Path,
    mut to: PoplarGraph,
) -> Result<PoplarExecutable, ShimError> {
    to.add_codelets(codelets)?;
    for (number, variable) in graph.variables().iter().enumerate() {
        to.add_variable(variable.kind, variable.len, variable.constant.as_deref(), &variable.name)?;
        for (elements, tile) in &variable.mapping {
            to.map(number as u32, elements.clone(), *tile)?;
        }
        // There is nothing to write to an empty one.
        if variable.exposed && variable.len > 0 {
            to.expose(number as u32)?;
        }
    }
    for stream in graph.streams() {
        to.add_stream(stream.kind, stream.len, stream.direction)?;
    }
    let text = |name: &str| CString::new(name).expect("names in C++ have no zeros");
    for (number, set) in graph.sets().iter().enumerate() {
        to.add_compute_set(&set.name)?;
        for vertex in &set.vertices {
            let codelet = graph.codelets().get(vertex.codelet);
            let place = to.add_vertex(number as u32, &text(vertex.codelet), vertex.tile, vertex.cycles)?;
            for (field, edge) in &vertex.edges {
                let scalar = codelet.is_some_and(|codelet| codelet.is_scalar(field));
                let connection = match edge {
                    Edge::View(view) if scalar => Connection::Scalar(view),
                    Edge::View(view) => Connection::Vector(view),
                    Edge::List(views) => Connection::List(views),
                    Edge::Word(word) => Connection::Word(*word),
                };
                to.connect(place, &text(field), connection)?;
            }
        }
    }
    let programs = programs.iter().map(|program| translate_program(program, &mut to));
    let programs = programs.collect::<Result<Vec<_>, _>>()?;
    to.compile(&programs)
}

fn translate_program(program: &Program, to: &mut PoplarGraph) -> Result<u32, ShimError> {
    match program {
        Program::Sequence(programs) => {
            let programs = programs.iter().map(|program| translate_program(program, to));
            let programs = programs.collect::<Result<Vec<_>, _>>()?;
            to.sequence(&programs)
        }
        Program::Execute(set) => to.execute(set.0 as u32),
        Program::Copy { from, to: target } => to.copy(from, target),
        Program::FromHost { stream, to: view } | Program::ToHost { from: view, stream } => {
            to.copy_record(stream.0 as u32, view)
        }
        Program::Repeat(times, program) => {
            let program = translate_program(program, to)?;
            to.repeat(*times, program)
        }
    }
}

/// A graph that Poplar compiled.
///
/// A device holds one at a time. One that is written to goes there first, instead of another, whose variables are lost.
pub struct PoplarEngine {
    graph: Graph,
    executable: PoplarExecutable,
    shared: Arc<Mutex<Shared>>,
    /// Among all engines, from 1.
    number: u64,
    /// Whether it was ever on the device.
    loaded: bool,
    /// What variables hold, as far as it was read since the last run: Poplar reads whole ones only.
    known: Vec<Option<Vec<u32>>>,
}

impl PoplarEngine {
    /// Goes to the device, if another is there.
    fn take_device(&mut self) -> Result<(), Fault> {
        let Shared { handle, current } = &mut *lock(&self.shared);
        if *current != self.number {
            self.known.fill(None);
            // If that fails, nobody knows what is there.
            *current = 0;
            self.executable.load(handle)?;
            (*current, self.loaded) = (self.number, true);
        }
        Ok(())
    }
}

impl Engine for PoplarEngine {
    fn write(&mut self, variable: VariableId, bits: &[u32]) -> Result<(), Fault> {
        self.graph.expect_exposed(variable)?;
        if self.graph.get(variable).len == 0 && bits.is_empty() {
            return Ok(());
        }
        self.take_device()?;
        self.known[variable.0] = None;
        // Held while Poplar works: another engine must not take the device meanwhile.
        let shared = lock(&self.shared);
        expect_current(shared.current, self.number)?;
        Ok(self.executable.write(variable.0 as u32, bits)?)
    }

    fn run(&mut self, program: usize) -> Result<(), Fault> {
        self.known.fill(None);
        if !self.loaded {
            self.take_device()?;
        }
        let shared = lock(&self.shared);
        expect_current(shared.current, self.number)?;
        Ok(self.executable.run(program as u32)?)
    }

    fn read(&mut self, variable: VariableId, elements: Range<usize>) -> Result<Vec<u32>, Fault> {
        self.graph.expect_exposed(variable)?;
        let known = &mut self.known[variable.0];
        let len = self.graph.get(variable).len;
        let all = match known {
            Some(all) => all,
            None => {
                let mut all = vec![0; len];
                if len > 0 {
                    let shared = lock(&self.shared);
                    expect_current(shared.current, self.number)?;
                    self.executable.read(variable.0 as u32, &mut all)?;
                }
                known.insert(all)
            }
        };
        Ok(all[elements].to_vec())
    }

    fn connect(&mut self, stream: StreamId, records: Vec<u32>) -> Result<(), Fault> {
        Ok(self.executable.connect(stream.0 as u32, records)?)
    }

    fn records(&self, stream: StreamId) -> Result<&[u32], Fault> {
        self.executable.records(stream.0 as u32).ok_or_else(|| self.graph.not_connected(stream))
    }

    fn graph(&self) -> &Graph {
        &self.graph
    }
}

/// What another engine took the place of can neither run nor be read.
fn expect_current(current: u64, number: u64) -> Result<(), Fault> {
    let lost = || Fault::Device("another graph is on the device; what this one held there is lost".into());
    if current == number { Ok(()) } else { Err(lost()) }
}
