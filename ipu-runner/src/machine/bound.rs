//! The vertices of a set, their fields bound to memory.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;

use rayon::prelude::*;

use super::POISON;
use super::elements::{copy, gather, scatter};
use super::library::{Binding, Library, Run};
use crate::codelets::Access;
use crate::graph::{Edge, Fault, Graph, Vertex, View, views};

/// The vertices of a set, ready to run.
pub(super) struct Bound {
    vertices: Vec<Ready>,
    gathered: Vec<Gathered>,
}

impl Bound {
    /// Binds `vertices`, all of a set.
    pub(super) fn new(
        graph: &Graph,
        vertices: &[Vertex],
        library: &Library,
        memory: &[Vec<AtomicU32>],
    ) -> Result<Self, Fault> {
        let gathered = Gathered::all(graph, vertices);
        let places = gathered.iter().map(|some| (some.view, &some.bits[..])).collect();
        let vertices = vertices.iter().map(|vertex| ready(graph, vertex, library, memory, &places));
        Ok(Self { vertices: vertices.collect::<Result<_, _>>()?, gathered })
    }

    pub(super) const fn len(&self) -> usize {
        self.vertices.len()
    }

    /// Before any of them runs: what several read.
    pub(super) fn gather(&self, memory: &[Vec<AtomicU32>]) {
        self.gathered.par_iter().for_each(|some| some.gather(memory));
    }

    /// Runs one, which returns the codelet's flags.
    ///
    /// # Safety
    /// Nothing that runs at the same time may write what this vertex touches, or run it, too.
    pub(super) unsafe fn run(&self, index: usize, memory: &[Vec<AtomicU32>]) -> u32 {
        // SAFETY: the caller's.
        unsafe { self.vertices[index].run(memory) }
    }
}

/// Elements that lie apart and that several vertices of a set read, side by side.
struct Gathered {
    view: View,
    bits: Vec<AtomicU32>,
}

struct Ready {
    run: Run,
    bindings: Vec<Binding>,
    /// What the bindings of lists point to.
    _lists: Vec<Vec<Binding>>,
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

// SAFETY: the pointers are into the atomics of `memory` and of `gathered`, whose vectors never grow, and into vectors that the vertices own and
// never change. Vertices of one set write to disjoint elements, which `check` has proved before a machine exists, and none writes to what was
// gathered for several.
unsafe impl Send for Ready {}
// SAFETY: as above.
unsafe impl Sync for Ready {}

impl Gathered {
    /// What several vertices read.
    fn all(graph: &Graph, vertices: &[Vertex]) -> Vec<Self> {
        let mut readers: HashMap<View, usize> = HashMap::new();
        for vertex in vertices {
            for (field, edge) in &vertex.edges {
                if !graph.access(vertex, field).writes() {
                    let apart = views(edge).iter().filter(|view| view.range().is_none());
                    apart.for_each(|view| *readers.entry(*view).or_default() += 1);
                }
            }
        }
        let several = readers.into_iter().filter(|(_, readers)| *readers > 1);
        let place = |(view, _): (View, _)| Self {
            view,
            bits: std::iter::repeat_with(AtomicU32::default).take(view.len()).collect(),
        };
        several.map(place).collect()
    }

    fn gather(&self, memory: &[Vec<AtomicU32>]) {
        copy(&self.bits, &gather(memory, &self.view));
    }
}

impl Ready {
    /// Runs the vertex.
    ///
    /// # Safety
    /// No other vertex that runs at the same time may write what this one touches.
    unsafe fn run(&self, memory: &[Vec<AtomicU32>]) -> u32 {
        if self.apart.is_empty() {
            // SAFETY: the bindings are what the codelet's declaration says.
            return unsafe { (self.run)(self.bindings.as_ptr()) };
        }
        let mut bindings = self.bindings.clone();
        let mut lists: Vec<Vec<Binding>> = Vec::new();
        let buffer = |apart: &Apart| match apart.access {
            Access::Output => vec![POISON; apart.view.len()],
            _ => gather(memory, &apart.view),
        };
        let mut buffers: Vec<Vec<u32>> = self.apart.iter().map(buffer).collect();
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
                bindings[apart.field].list = lists.last_mut().expect("just pushed").as_mut_ptr();
            }
            // SAFETY: the copy just made, or made for an earlier piece of it.
            unsafe { *bindings[apart.field].list.cast_mut().add(index) = piece };
        }
        // SAFETY: the bindings are what the codelet's declaration says.
        let outcome = unsafe { (self.run)(bindings.as_ptr()) };
        for (apart, buffer) in self.apart.iter().zip(&buffers) {
            if apart.access.writes() {
                scatter(memory, &apart.view, buffer);
            }
        }
        outcome
    }
}

/// Binds a vertex's fields to memory, or to what is gathered for several.
fn ready(
    graph: &Graph,
    vertex: &Vertex,
    library: &Library,
    memory: &[Vec<AtomicU32>],
    gathered: &HashMap<View, &[AtomicU32]>,
) -> Result<Ready, Fault> {
    let (mut lists, mut apart) = (Vec::new(), Vec::new());
    let mut bind = |view: &View, field, piece, access: Access| {
        let elements = match view.range() {
            Some(range) => Some(&memory[view.variable().0][range]),
            None if access.writes() => None,
            None => gathered.get(view).copied(),
        };
        if elements.is_none() {
            apart.push(Apart { field, piece, view: *view, access });
        }
        // Atomics may be written through a pointer that was made of a shared reference.
        let data = elements.map_or(std::ptr::null_mut(), |e| e.as_ptr().cast_mut().cast::<u32>());
        Binding { data, count: view.len(), list: std::ptr::null() }
    };
    let fields = graph.codelets().get(vertex.codelet).expect("checked").fields.iter().enumerate();
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
                    let pieces: Vec<_> =
                        pieces.map(|(piece, view)| bind(view, index, Some(piece), field.access)).collect();
                    let binding =
                        Binding { data: std::ptr::null_mut(), count: pieces.len(), list: pieces.as_ptr() };
                    lists.push(pieces);
                    binding
                }
            }
        })
        .collect();
    let missing = || Fault::Device(format!("{} was not compiled", vertex.codelet));
    let run = library.get(vertex.codelet).ok_or_else(missing)?;
    Ok(Ready { run, bindings, _lists: lists, apart })
}
