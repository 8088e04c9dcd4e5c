//! The shim's table of functions: `shim/poplar_shim.hpp`, in Rust.

use std::ffi::c_char;

pub(super) const MEMORY: u32 = 2;

pub(super) const FLOAT: u32 = 0;
pub(super) const UNSIGNED: u32 = 1;

pub(super) const FROM_HOST: u32 = 0;
pub(super) const TO_HOST: u32 = 1;

/// A device in C++.
#[repr(C)]
pub struct RawDevice {
    _private: [u8; 0],
}

/// A graph in C++.
#[repr(C)]
pub struct RawGraph {
    _private: [u8; 0],
}

/// An engine in C++.
#[repr(C)]
pub struct RawEngine {
    _private: [u8; 0],
}

/// A device's size.
#[repr(C)]
#[derive(Default)]
pub struct RawTarget {
    pub ipus: u32,
    pub tiles_per_ipu: u32,
    pub bytes_per_tile: u64,
    pub clock: f64,
    pub architecture: [c_char; 16],
}

/// Neighbouring elements.
#[repr(C)]
pub struct RawRange {
    pub begin: usize,
    pub end: usize,
}

/// Elements of a variable.
#[repr(C)]
pub struct RawView {
    pub variable: u32,
    pub ranges: *const RawRange,
    pub count: usize,
}

type Text = *const c_char;
type Graph = *mut RawGraph;
type Engine = *mut RawEngine;

/// The table. In the order of the header.
#[repr(C)]
pub struct Functions {
    pub size: usize,
    pub what: Text,
    pub message: unsafe extern "C" fn() -> Text,
    pub open_ipu: unsafe extern "C" fn(u32, *mut *mut RawDevice) -> u32,
    pub open_ipu_model: unsafe extern "C" fn(Text, u32, u32, *mut *mut RawDevice) -> u32,
    pub target: unsafe extern "C" fn(*const RawDevice, *mut RawTarget) -> u32,
    pub close: unsafe extern "C" fn(*mut RawDevice),
    pub make_graph: unsafe extern "C" fn(*const RawDevice, *mut Graph) -> u32,
    pub drop_graph: unsafe extern "C" fn(Graph),
    pub add_codelets: unsafe extern "C" fn(Graph, Text) -> u32,
    pub add_variable: unsafe extern "C" fn(Graph, u32, usize, Text) -> u32,
    pub add_constant: unsafe extern "C" fn(Graph, u32, *const u32, usize, Text) -> u32,
    pub map: unsafe extern "C" fn(Graph, u32, usize, usize, u32) -> u32,
    pub expose: unsafe extern "C" fn(Graph, u32) -> u32,
    pub add_stream: unsafe extern "C" fn(Graph, u32, usize, u32) -> u32,
    pub add_compute_set: unsafe extern "C" fn(Graph, Text) -> u32,
    pub add_vertex: unsafe extern "C" fn(Graph, u32, Text, u32, u64) -> u32,
    pub connect: unsafe extern "C" fn(Graph, u32, Text, *const RawView) -> u32,
    pub connect_scalar: unsafe extern "C" fn(Graph, u32, Text, *const RawView) -> u32,
    pub connect_list: unsafe extern "C" fn(Graph, u32, Text, *const RawView, usize) -> u32,
    pub set_word: unsafe extern "C" fn(Graph, u32, Text, u32) -> u32,
    pub execute: unsafe extern "C" fn(Graph, u32) -> u32,
    pub copy: unsafe extern "C" fn(Graph, *const RawView, *const RawView) -> u32,
    pub copy_record: unsafe extern "C" fn(Graph, u32, *const RawView) -> u32,
    pub sequence: unsafe extern "C" fn(Graph, *const u32, usize) -> u32,
    pub repeat: unsafe extern "C" fn(Graph, u32, u32) -> u32,
    pub compile: unsafe extern "C" fn(Graph, *const u32, usize, *mut Engine) -> u32,
    pub load: unsafe extern "C" fn(Engine, *const RawDevice) -> u32,
    pub run: unsafe extern "C" fn(Engine, u32) -> u32,
    pub write: unsafe extern "C" fn(Engine, u32, *const u32, usize) -> u32,
    pub read: unsafe extern "C" fn(Engine, u32, *mut u32, usize) -> u32,
    pub connect_stream: unsafe extern "C" fn(Engine, u32, *mut u32, usize) -> u32,
    pub drop_engine: unsafe extern "C" fn(Engine),
}

/// What the shim exports.
pub type PoplarShim = unsafe extern "C" fn() -> *const Functions;

#[cfg(feature = "poplar")]
unsafe extern "C" {
    /// The table of the shim that was linked.
    pub(super) fn poplar_shim() -> *const Functions;
}
