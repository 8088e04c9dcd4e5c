//! The functions behind the stand-in for Poplar's host API: what `stand-in/stand_in.hpp` declares.
//!
//! C++ that is written for Poplar is compiled against the headers in `stand-in/poplar`, linked with this crate as a shared library, and then runs on
//! the tile machine. So everything up to Poplar itself can be tested without an SDK. Each function returns a status; the reason for any
//! but 0 is in [`stand_in_message`].

mod building;
mod package;

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::graph::{Direction, Kind, View};
use building::{Building, Compiled, Form, Records, Refusal};

const DONE: u32 = 0;
const POPLAR: u32 = 1;
const MEMORY: u32 = 2;
const LINK: u32 = 3;

/// A graph that grows.
pub struct StandInGraph(Building);

/// A compiled graph.
pub struct StandInEngine(Compiled);

/// How large a machine is.
#[repr(C)]
pub struct StandInTarget {
    ipus: u32,
    tiles_per_ipu: u32,
    bytes_per_tile: u64,
    clock: f64,
}

/// Neighbouring elements.
#[repr(C)]
pub struct StandInRange {
    begin: usize,
    end: usize,
}

/// Elements of a variable: ranges, side by side.
#[repr(C)]
pub struct StandInView {
    variable: u32,
    ranges: *const StandInRange,
    count: usize,
}

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::default();
}

/// Does something; a refusal, or a mistake in this crate, becomes a status and a message.
fn call(body: impl FnOnce() -> Result<(), Refusal>) -> u32 {
    let result = catch_unwind(AssertUnwindSafe(body));
    let result = result.unwrap_or_else(|_| Err(Refusal::Poplar("the stand-in for Poplar panicked".into())));
    let (status, message) = match result {
        Ok(()) => return DONE,
        Err(Refusal::Poplar(message)) => (POPLAR, message),
        Err(Refusal::Memory(message)) => (MEMORY, message),
        Err(Refusal::Link(message)) => (LINK, message),
    };
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    MESSAGE.with_borrow_mut(|last| *last = message);
    status
}

/// # Safety
/// Text that ends with 0 and outlives its use.
unsafe fn text<'t>(text: *const c_char) -> Result<&'t str, Refusal> {
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Refusal::Poplar("text that is not UTF-8".into()))
}

/// # Safety
/// `count` elements that outlive their use; of none, any pointer.
unsafe fn list<'l, T>(first: *const T, count: usize) -> &'l [T] {
    // SAFETY: the caller's.
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(first, count) } }
}

fn kind(kind: u32) -> Kind {
    if kind == 0 { Kind::Float } else { Kind::Word }
}

impl StandInView {
    /// # Safety
    /// Its ranges must be there.
    unsafe fn view(&self, graph: &Building) -> Result<View, Refusal> {
        // SAFETY: the caller's.
        let ranges = unsafe { list(self.ranges, self.count) };
        let ranges: Vec<Range<usize>> = ranges.iter().map(|range| range.begin..range.end).collect();
        graph.view(self.variable, &ranges)
    }
}

/// Defines functions of a graph or an engine, all of the same form: `$this` is one that was made here and not yet dropped, pointers to results can
/// be written, and other pointers are to text that ends with 0, or to as many elements as the number beside them says.
macro_rules! functions {
    ($( $(#[doc = $doc:literal])+ $name:ident($this:ident: $of:ident $(, $argument:ident: $type:ty)*) $body:block )+) => {
        $(
            $(#[doc = $doc])+
            ///
            /// # Safety
            /// The pointers must be what `stand_in.hpp` says.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($this: *mut $of $(, $argument: $type)*) -> u32 {
                call(|| {
                    // SAFETY: it was made here, and the caller uses it on one thread at a time.
                    let $this = unsafe { &mut (*$this).0 };
                    $body
                })
            }
        )+
    };
}

/// What went wrong last on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn stand_in_message() -> *const c_char {
    MESSAGE.with_borrow(|last| last.as_ptr())
}

/// How large a machine is.
///
/// # Safety
/// The pointers must be what `stand_in.hpp` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn stand_in_target(
    architecture: *const c_char,
    ipus: u32,
    tiles_per_ipu: u32,
    target: *mut StandInTarget,
) -> u32 {
    call(|| {
        // SAFETY: the caller's.
        let size = building::target(unsafe { text(architecture)? }, ipus, tiles_per_ipu)?;
        let size = StandInTarget {
            ipus: size.ipus,
            tiles_per_ipu: size.tiles_per_ipu,
            bytes_per_tile: size.bytes_per_tile,
            clock: size.clock,
        };
        // SAFETY: the caller's.
        unsafe { target.write(size) };
        Ok(())
    })
}

/// An empty graph.
///
/// # Safety
/// The pointers must be what `stand_in.hpp` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn stand_in_make_graph(
    architecture: *const c_char,
    ipus: u32,
    tiles_per_ipu: u32,
    graph: *mut *mut StandInGraph,
) -> u32 {
    call(|| {
        // SAFETY: the caller's.
        let target = building::target(unsafe { text(architecture)? }, ipus, tiles_per_ipu)?;
        let made = Box::into_raw(Box::new(StandInGraph(Building::new(target))));
        // SAFETY: the caller's.
        unsafe { graph.write(made) };
        Ok(())
    })
}

/// Drops a graph.
///
/// # Safety
/// It must be one, and is none afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn stand_in_drop_graph(graph: *mut StandInGraph) {
    call(|| {
        // SAFETY: the caller's; it was made by `stand_in_make_graph`.
        drop(unsafe { Box::from_raw(graph) });
        Ok(())
    });
}

/// Drops an engine.
///
/// # Safety
/// It must be one, and is none afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn stand_in_drop_engine(engine: *mut StandInEngine) {
    call(|| {
        // SAFETY: the caller's; it was made by `stand_in_compile`.
        drop(unsafe { Box::from_raw(engine) });
        Ok(())
    });
}

/// Whether there is a codelet of this name: 1 or 0.
///
/// # Safety
/// The pointers must be what `stand_in.hpp` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn stand_in_has_codelet(graph: *const StandInGraph, name: *const c_char) -> u32 {
    // SAFETY: the caller's.
    let (graph, name) = unsafe { (&(*graph).0, text(name)) };
    u32::from(name.is_ok_and(|name| graph.has_codelet(name)))
}

// SAFETY of all blocks below: the caller's, as `stand_in.hpp` says.
functions! {
    /// Adds the codelets of a file.
    stand_in_add_codelets(graph: StandInGraph, path: *const c_char, flags: *const c_char) {
        // SAFETY: above.
        let (path, flags) = unsafe { (text(path)?, text(flags)?) };
        graph.add_codelets(Path::new(path), flags)
    }
    /// Adds a variable.
    stand_in_add_variable(graph: StandInGraph, of: u32, len: usize, name: *const c_char, variable: *mut u32) {
        // SAFETY: above.
        unsafe { variable.write(graph.add_variable(kind(of), len, text(name)?)) };
        Ok(())
    }
    /// Adds a constant.
    stand_in_add_constant(
        graph: StandInGraph, of: u32, bits: *const u32, len: usize, name: *const c_char, variable: *mut u32
    ) {
        // SAFETY: above.
        unsafe { variable.write(graph.add_constant(kind(of), list(bits, len).to_vec(), text(name)?)) };
        Ok(())
    }
    /// Puts elements on a tile.
    stand_in_map(graph: StandInGraph, variable: u32, begin: usize, end: usize, tile: u32) {
        graph.map(variable, begin..end, tile)
    }
    /// Lets the host read and write a variable.
    stand_in_expose(graph: StandInGraph, variable: u32) {
        graph.expose(variable)
    }
    /// Adds a stream.
    stand_in_add_stream(
        graph: StandInGraph, name: *const c_char, of: u32, len: usize, to_host: u32, stream: *mut u32
    ) {
        let direction = if to_host == 0 { Direction::FromHost } else { Direction::ToHost };
        // SAFETY: above.
        unsafe { stream.write(graph.add_stream(text(name)?, kind(of), len, direction)) };
        Ok(())
    }
    /// Adds a compute set.
    stand_in_add_compute_set(graph: StandInGraph, name: *const c_char, set: *mut u32) {
        // SAFETY: above.
        unsafe { set.write(graph.add_compute_set(text(name)?)) };
        Ok(())
    }
    /// Adds a vertex.
    stand_in_add_vertex(graph: StandInGraph, set: u32, codelet: *const c_char, vertex: *mut u32) {
        // SAFETY: above.
        unsafe { vertex.write(graph.add_vertex(set, text(codelet)?)?) };
        Ok(())
    }
    /// Puts a vertex on a tile.
    stand_in_place(graph: StandInGraph, set: u32, vertex: u32, tile: u32) {
        graph.place(set, vertex, tile)
    }
    /// Says what a vertex takes.
    stand_in_estimate(graph: StandInGraph, set: u32, vertex: u32, cycles: u64) {
        graph.estimate(set, vertex, cycles)
    }
    /// Connects a field.
    stand_in_connect(
        graph: StandInGraph, set: u32, vertex: u32, field: *const c_char, form: u32, views: *const StandInView, count: usize
    ) {
        let form = match form {
            0 => Form::Scalar,
            1 => Form::Vector,
            _ => Form::List,
        };
        // SAFETY: above.
        let (field, views) = unsafe { (text(field)?, list(views, count)) };
        // SAFETY: above.
        let views = views.iter().map(|view| unsafe { view.view(graph) }).collect::<Result<_, _>>()?;
        graph.connect((set, vertex), field, form, views)
    }
    /// Gives a field its number.
    stand_in_set_word(graph: StandInGraph, set: u32, vertex: u32, field: *const c_char, value: u32) {
        // SAFETY: above.
        graph.set_word(set, vertex, unsafe { text(field)? }, value)
    }
    /// Adds the execution of a set to the list of programs.
    stand_in_execute(graph: StandInGraph, set: u32) {
        graph.execute(set)
    }
    /// Adds a copy to the list of programs.
    stand_in_copy(graph: StandInGraph, from: *const StandInView, to: *const StandInView) {
        // SAFETY: above.
        let (from, to) = unsafe { ((*from).view(graph)?, (*to).view(graph)?) };
        graph.copy(from, to);
        Ok(())
    }
    /// Adds a copy of a record from the host to the list of programs.
    stand_in_from_host(graph: StandInGraph, stream: u32, to: *const StandInView) {
        // SAFETY: above.
        let to = unsafe { (*to).view(graph)? };
        graph.receive(stream, to)
    }
    /// Adds a copy of a record to the host to the list of programs.
    stand_in_to_host(graph: StandInGraph, from: *const StandInView, stream: u32) {
        // SAFETY: above.
        let from = unsafe { (*from).view(graph)? };
        graph.send(from, stream)
    }
    /// Makes one of the last programs on the list.
    stand_in_sequence(graph: StandInGraph, count: usize) {
        graph.sequence(count)
    }
    /// Repeats the last program on the list.
    stand_in_repeat(graph: StandInGraph, times: u32) {
        graph.repeat(times)
    }
    /// Compiles a graph with all programs on the list.
    stand_in_compile(graph: StandInGraph, engine: *mut *mut StandInEngine) {
        let made = Box::into_raw(Box::new(StandInEngine(graph.compile()?)));
        // SAFETY: above.
        unsafe { engine.write(made) };
        Ok(())
    }
    /// Puts an engine's graph on the tiles.
    stand_in_load(engine: StandInEngine) {
        engine.load()
    }
    /// Runs a program.
    stand_in_run(engine: StandInEngine, program: u32) {
        engine.run(program)
    }
    /// Gives a stream its records.
    stand_in_connect_stream(engine: StandInEngine, stream: u32, records: *mut c_void, bytes: usize) {
        // SAFETY: above.
        engine.connect(stream, unsafe { Records::new(records.cast(), bytes) })
    }
    /// Writes a variable.
    stand_in_write(engine: StandInEngine, variable: u32, from: *const c_void, bytes: usize) {
        // SAFETY: above. Whatever lies there is read as bytes: it may not be aligned.
        let bytes = unsafe { list(from.cast::<u8>(), bytes) };
        let (words, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(Refusal::Poplar(format!("writing {} bytes: elements have 4", bytes.len())));
        }
        let bits: Vec<_> = words.iter().map(|word| u32::from_ne_bytes(*word)).collect();
        engine.write(variable, &bits)
    }
    /// Reads a variable.
    stand_in_read(engine: StandInEngine, variable: u32, to: *mut c_void, bytes: usize) {
        if !bytes.is_multiple_of(4) {
            return Err(Refusal::Poplar(format!("reading {bytes} bytes: elements have 4")));
        }
        let mut bits = vec![0; bytes / 4];
        engine.read(variable, &mut bits)?;
        // SAFETY: above; so many bytes.
        unsafe { std::ptr::copy_nonoverlapping(bits.as_ptr().cast::<u8>(), to.cast::<u8>(), bytes) };
        Ok(())
    }
}
