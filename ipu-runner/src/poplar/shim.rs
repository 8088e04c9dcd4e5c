//! The shim, safely: devices, graphs and engines of Poplar.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use super::functions::{
    FLOAT, FROM_HOST, Functions, MEMORY, PoplarShim, RawDevice, RawEngine, RawGraph, RawRange, RawTarget,
    RawView, TO_HOST, UNSIGNED,
};
use crate::codelets::intern;
use crate::graph::{Direction, Kind, View};
use crate::target::Target;

/// What Poplar, or the shim before it, says when something does not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShimError {
    /// This program was built without Poplar.
    #[error(
        "this program was built without Poplar; build it where an SDK is enabled: cargo build --release -p random-bases-ipu --features poplar"
    )]
    NotBuilt,
    /// A shared library that is no shim, or another version's.
    #[error("{0} is not this version's shim for Poplar: {1}")]
    Library(String, String),
    /// A tile has too little memory.
    #[error("{what}: {message}")]
    Memory {
        /// Who says so: Poplar, or what stands in for it.
        what: &'static str,
        /// In its words.
        message: String,
    },
    /// Anything else.
    #[error("{what}: {message}")]
    Failed {
        /// Who says so: Poplar, or what stands in for it.
        what: &'static str,
        /// In its words.
        message: String,
    },
}

/// The functions of Poplar.
pub struct Shim {
    functions: &'static Functions,
    what: &'static str,
    /// Keeps the functions where they are.
    _library: Option<libloading::Library>,
}

// SAFETY: the table and its texts are constants; what its functions touch belongs to devices, graphs and engines, or to a thread.
unsafe impl Send for Shim {}
// SAFETY: as above.
unsafe impl Sync for Shim {}

impl Shim {
    /// That which was linked into this program.
    ///
    /// # Errors
    /// [`ShimError::NotBuilt`], without the feature `poplar`.
    pub fn linked() -> Result<Arc<Self>, ShimError> {
        #[cfg(feature = "poplar")]
        // SAFETY: the build script compiles the header that `Functions` is a copy of.
        return unsafe { Self::of(super::functions::poplar_shim(), None) }
            .map_err(|reason| ShimError::Library("what was linked".into(), reason));
        #[cfg(not(feature = "poplar"))]
        Err(ShimError::NotBuilt)
    }

    /// One in a shared library.
    ///
    /// # Errors
    /// If it cannot be loaded, or has another table.
    pub fn open(path: &Path) -> Result<Arc<Self>, ShimError> {
        let error = |reason: String| ShimError::Library(path.display().to_string(), reason);
        // SAFETY: a shim has no initialisers but those of C++'s library and Poplar's.
        let library = unsafe { libloading::Library::new(path) }.map_err(|e| error(e.to_string()))?;
        // SAFETY: a function of this name has this type; whose table it returns, its size says.
        let table = unsafe {
            let shim = library.get::<PoplarShim>(b"poplar_shim\0").map_err(|e| error(e.to_string()))?;
            shim()
        };
        // SAFETY: the library stays as long as the table.
        unsafe { Self::of(table, Some(library)) }.map_err(error)
    }

    /// # Safety
    /// A table that begins with its size, and stays as long as the library.
    unsafe fn of(table: *const Functions, library: Option<libloading::Library>) -> Result<Arc<Self>, String> {
        if table.is_null() {
            return Err("no table".into());
        }
        // SAFETY: the caller's; only the size is looked at.
        let size = unsafe { (*table).size };
        if size != size_of::<Functions>() {
            return Err(format!("a table of {size} bytes instead of {}", size_of::<Functions>()));
        }
        // SAFETY: a table of that size is this one. It stays, and so do its texts.
        let (functions, what) = unsafe { (&*table, CStr::from_ptr((*table).what)) };
        Ok(Arc::new(Self { functions, what: intern(&what.to_string_lossy()), _library: library }))
    }

    /// "Poplar", or what stands in for it.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.what
    }

    fn check(&self, status: u32) -> Result<(), ShimError> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: text of this thread that stays until the next failure.
        let message = unsafe { CStr::from_ptr((self.functions.message)()) };
        let (what, message) = (self.what, message.to_string_lossy().into_owned());
        Err(if status == MEMORY {
            ShimError::Memory { what, message }
        } else {
            ShimError::Failed { what, message }
        })
    }

    fn made<T>(&self, status: u32, made: *mut T) -> Result<NonNull<T>, ShimError> {
        self.check(status)?;
        let nothing = || ShimError::Failed { what: self.what, message: "nothing was made".into() };
        NonNull::new(made).ok_or_else(nothing)
    }
}

const fn of_kind(kind: Kind) -> u32 {
    match kind {
        Kind::Float => FLOAT,
        Kind::Word => UNSIGNED,
    }
}

/// Text for C++.
fn text(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).expect("no zeros are left")
}

/// An open device.
pub struct PoplarHandle {
    shim: Arc<Shim>,
    raw: NonNull<RawDevice>,
}

// SAFETY: Poplar's objects belong to no thread; each is used by one at a time, since all that changes one needs `&mut` or a lock.
unsafe impl Send for PoplarHandle {}

impl PoplarHandle {
    /// Attaches to so many IPUs.
    ///
    /// # Errors
    /// If there are none, or none free.
    pub fn ipu(shim: &Arc<Shim>, ipus: u32) -> Result<Self, ShimError> {
        let mut raw = null_mut();
        // SAFETY: as the header says.
        let status = unsafe { (shim.functions.open_ipu)(ipus, &raw mut raw) };
        Ok(Self { raw: shim.made(status, raw)?, shim: Arc::clone(shim) })
    }

    /// Opens Poplar's emulator.
    ///
    /// # Errors
    /// If it does not know such machines.
    pub fn ipu_model(shim: &Arc<Shim>, target: &Target) -> Result<Self, ShimError> {
        let (mut raw, architecture) = (null_mut(), text(target.architecture));
        // SAFETY: as the header says.
        let status = unsafe {
            (shim.functions.open_ipu_model)(
                architecture.as_ptr(),
                target.ipus,
                target.tiles_per_ipu,
                &raw mut raw,
            )
        };
        Ok(Self { raw: shim.made(status, raw)?, shim: Arc::clone(shim) })
    }

    /// How large it is, as far as it says; else it is what was asked for.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn target(&self, wanted: &Target) -> Result<Target, ShimError> {
        let mut raw = RawTarget::default();
        // SAFETY: as the header says.
        self.shim.check(unsafe { (self.shim.functions.target)(self.raw.as_ptr(), &raw mut raw) })?;
        let architecture: Vec<u8> =
            raw.architecture.iter().map(|c| *c as u8).take_while(|c| *c != 0).collect();
        let architecture = match &*String::from_utf8_lossy(&architecture) {
            "" => wanted.architecture,
            architecture => intern(architecture),
        };
        Ok(Target {
            name: wanted.name,
            architecture,
            tiles_per_ipu: raw.tiles_per_ipu,
            ipus: raw.ipus,
            bytes_per_tile: raw.bytes_per_tile,
            clock: raw.clock,
        })
    }

    /// An empty graph for it.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn graph(&self) -> Result<PoplarGraph, ShimError> {
        let mut raw = null_mut();
        // SAFETY: as the header says.
        let status = unsafe { (self.shim.functions.make_graph)(self.raw.as_ptr(), &raw mut raw) };
        Ok(PoplarGraph {
            raw: self.shim.made(status, raw)?,
            shim: Arc::clone(&self.shim),
            programs: 0,
            vertices: 0,
        })
    }
}

impl Drop for PoplarHandle {
    fn drop(&mut self) {
        // SAFETY: it is used no more.
        unsafe { (self.shim.functions.close)(self.raw.as_ptr()) }
    }
}

/// A graph that grows. Variables, compute sets, vertices and programs are known by how many there were before.
pub struct PoplarGraph {
    shim: Arc<Shim>,
    raw: NonNull<RawGraph>,
    vertices: u32,
    programs: u32,
}

/// Ranges of a view, as long as C++ looks at them.
struct Ranges {
    variable: u32,
    ranges: Vec<RawRange>,
}

impl Ranges {
    fn of(view: &View) -> Self {
        let ranges = view.runs().map(|run| RawRange { begin: run.start, end: run.end }).collect();
        Self { variable: view.variable().0 as u32, ranges }
    }

    fn raw(&self) -> RawView {
        RawView { variable: self.variable, ranges: self.ranges.as_ptr(), count: self.ranges.len() }
    }
}

/// What a vertex's field is connected to.
#[derive(Clone, Copy, Debug)]
pub enum Connection<'v> {
    /// One element.
    Scalar(&'v View),
    /// Elements.
    Vector(&'v View),
    /// Several vectors.
    List(&'v [View]),
    /// A number.
    Word(u32),
}

// What follows hands on to the shim what it is given; numbers that it does not know, it refuses.
impl PoplarGraph {
    fn call(&mut self, call: impl FnOnce(&Functions, *mut RawGraph) -> u32) -> Result<(), ShimError> {
        let status = call(self.shim.functions, self.raw.as_ptr());
        self.shim.check(status)
    }

    /// Adds the codelets of a file that popc made.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn add_codelets(&mut self, path: &Path) -> Result<(), ShimError> {
        let path = text(&path.to_string_lossy());
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe { (shim.add_codelets)(graph, path.as_ptr()) })
    }

    /// Adds a variable; with bits, a constant.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn add_variable(
        &mut self,
        kind: Kind,
        len: usize,
        bits: Option<&[u32]>,
        name: &str,
    ) -> Result<(), ShimError> {
        let (name, kind) = (text(name), of_kind(kind));
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe {
            match bits {
                Some(bits) => (shim.add_constant)(graph, kind, bits.as_ptr(), bits.len(), name.as_ptr()),
                None => (shim.add_variable)(graph, kind, len, name.as_ptr()),
            }
        })
    }

    /// Puts elements on a tile.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn map(
        &mut self,
        variable: u32,
        elements: std::ops::Range<usize>,
        tile: u32,
    ) -> Result<(), ShimError> {
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe { (shim.map)(graph, variable, elements.start, elements.end, tile) })
    }

    /// Lets the host read and write a variable.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn expose(&mut self, variable: u32) -> Result<(), ShimError> {
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe { (shim.expose)(graph, variable) })
    }

    /// Adds a stream. `len`: elements of a record.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn add_stream(&mut self, kind: Kind, len: usize, direction: Direction) -> Result<(), ShimError> {
        let direction = if direction == Direction::FromHost { FROM_HOST } else { TO_HOST };
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe { (shim.add_stream)(graph, of_kind(kind), len, direction) })
    }

    /// Adds a compute set.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn add_compute_set(&mut self, name: &str) -> Result<(), ShimError> {
        let name = text(name);
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe { (shim.add_compute_set)(graph, name.as_ptr()) })
    }

    /// Adds a vertex, and returns its number.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn add_vertex(&mut self, set: u32, codelet: &CStr, tile: u32, cycles: u64) -> Result<u32, ShimError> {
        // SAFETY: as the header says.
        self.call(|shim, graph| unsafe { (shim.add_vertex)(graph, set, codelet.as_ptr(), tile, cycles) })?;
        self.vertices += 1;
        Ok(self.vertices - 1)
    }

    /// Connects a vertex's field.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn connect(&mut self, vertex: u32, field: &CStr, to: Connection<'_>) -> Result<(), ShimError> {
        let field: *const c_char = field.as_ptr();
        match to {
            Connection::Scalar(view) => {
                let ranges = Ranges::of(view);
                // SAFETY: as the header says.
                self.call(|shim, graph| unsafe { (shim.connect_scalar)(graph, vertex, field, &ranges.raw()) })
            }
            Connection::Vector(view) => {
                let ranges = Ranges::of(view);
                // SAFETY: as the header says.
                self.call(|shim, graph| unsafe { (shim.connect)(graph, vertex, field, &ranges.raw()) })
            }
            Connection::List(views) => {
                let ranges: Vec<_> = views.iter().map(Ranges::of).collect();
                let raw: Vec<_> = ranges.iter().map(Ranges::raw).collect();
                // SAFETY: as the header says.
                self.call(|shim, graph| unsafe {
                    (shim.connect_list)(graph, vertex, field, raw.as_ptr(), raw.len())
                })
            }
            // SAFETY: as the header says.
            Connection::Word(word) => {
                self.call(|shim, graph| unsafe { (shim.set_word)(graph, vertex, field, word) })
            }
        }
    }

    fn program(&mut self, call: impl FnOnce(&Functions, *mut RawGraph) -> u32) -> Result<u32, ShimError> {
        self.call(call)?;
        self.programs += 1;
        Ok(self.programs - 1)
    }

    /// A program that executes a set: its number.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn execute(&mut self, set: u32) -> Result<u32, ShimError> {
        // SAFETY: as the header says.
        self.program(|shim, graph| unsafe { (shim.execute)(graph, set) })
    }

    /// A program that copies elements: its number.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn copy(&mut self, from: &View, to: &View) -> Result<u32, ShimError> {
        let (from, to) = (Ranges::of(from), Ranges::of(to));
        let (from, to) = (from.raw(), to.raw());
        // SAFETY: as the header says; the ranges are dropped at the end.
        self.program(|shim, graph| unsafe { (shim.copy)(graph, &raw const from, &raw const to) })
    }

    /// A program that copies a record of a stream to a view, or from one, as the stream goes: its number.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn copy_record(&mut self, stream: u32, view: &View) -> Result<u32, ShimError> {
        let ranges = Ranges::of(view);
        // SAFETY: as the header says.
        self.program(|shim, graph| unsafe { (shim.copy_record)(graph, stream, &ranges.raw()) })
    }

    /// Programs one after the other: its number.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn sequence(&mut self, programs: &[u32]) -> Result<u32, ShimError> {
        // SAFETY: as the header says.
        self.program(|shim, graph| unsafe { (shim.sequence)(graph, programs.as_ptr(), programs.len()) })
    }

    /// A program again and again: its number.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn repeat(&mut self, times: u32, program: u32) -> Result<u32, ShimError> {
        // SAFETY: as the header says.
        self.program(|shim, graph| unsafe { (shim.repeat)(graph, times, program) })
    }

    /// Compiles it.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn compile(self, programs: &[u32]) -> Result<PoplarExecutable, ShimError> {
        let mut raw = null_mut();
        // SAFETY: as the header says.
        let status = unsafe {
            (self.shim.functions.compile)(self.raw.as_ptr(), programs.as_ptr(), programs.len(), &raw mut raw)
        };
        let (shim, streams) = (Arc::clone(&self.shim), BTreeMap::new());
        Ok(PoplarExecutable { raw: self.shim.made(status, raw)?, shim, streams })
    }
}

impl Drop for PoplarGraph {
    fn drop(&mut self) {
        // SAFETY: it is used no more.
        unsafe { (self.shim.functions.drop_graph)(self.raw.as_ptr()) }
    }
}

/// A compiled graph.
pub struct PoplarExecutable {
    shim: Arc<Shim>,
    raw: NonNull<RawEngine>,
    /// What its streams are connected with.
    streams: BTreeMap<u32, Records>,
}

/// Records of a stream: the host's, but while programs run Poplar's.
struct Records(NonNull<[u32]>);

impl Records {
    fn new(bits: Vec<u32>) -> Self {
        Self(NonNull::from(Box::leak(bits.into_boxed_slice())))
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // SAFETY: it was made of a box; the engine is connected with others now, or gone.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

// SAFETY: as of `PoplarHandle`.
unsafe impl Send for PoplarExecutable {}

impl PoplarExecutable {
    /// Puts it on a device, instead of what was there.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn load(&mut self, device: &mut PoplarHandle) -> Result<(), ShimError> {
        // SAFETY: as the header says.
        self.shim.check(unsafe { (self.shim.functions.load)(self.raw.as_ptr(), device.raw.as_ptr()) })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn run(&mut self, program: u32) -> Result<(), ShimError> {
        // SAFETY: as the header says.
        self.shim.check(unsafe { (self.shim.functions.run)(self.raw.as_ptr(), program) })
    }

    /// Writes all of a variable.
    ///
    /// # Errors
    /// What Poplar says; above all if it has another size.
    pub fn write(&mut self, variable: u32, bits: &[u32]) -> Result<(), ShimError> {
        // SAFETY: as the header says.
        let write =
            || unsafe { (self.shim.functions.write)(self.raw.as_ptr(), variable, bits.as_ptr(), bits.len()) };
        self.shim.check(write())
    }

    /// Reads all of a variable.
    ///
    /// # Errors
    /// What Poplar says; above all if it has another size.
    pub fn read(&mut self, variable: u32, bits: &mut [u32]) -> Result<(), ShimError> {
        // SAFETY: as the header says.
        let status =
            unsafe { (self.shim.functions.read)(self.raw.as_ptr(), variable, bits.as_mut_ptr(), bits.len()) };
        self.shim.check(status)
    }
}

impl PoplarExecutable {
    /// Gives a stream its records.
    ///
    /// # Errors
    /// What Poplar says.
    pub fn connect(&mut self, stream: u32, records: Vec<u32>) -> Result<(), ShimError> {
        let records = Records::new(records);
        let (first, len) = (records.0.cast::<u32>().as_ptr(), records.0.len());
        // SAFETY: as the header says; they stay where they are until others take their place, or the engine is gone.
        let status = unsafe { (self.shim.functions.connect_stream)(self.raw.as_ptr(), stream, first, len) };
        self.shim.check(status)?;
        self.streams.insert(stream, records);
        Ok(())
    }

    /// The records that a stream is connected with, if it is.
    #[must_use]
    pub fn records(&self, stream: u32) -> Option<&[u32]> {
        // SAFETY: Poplar writes them while a program runs, for which `self` is borrowed otherwise.
        self.streams.get(&stream).map(|records| unsafe { records.0.as_ref() })
    }
}

impl Drop for PoplarExecutable {
    fn drop(&mut self) {
        // SAFETY: it is used no more.
        unsafe { (self.shim.functions.drop_engine)(self.raw.as_ptr()) }
    }
}
