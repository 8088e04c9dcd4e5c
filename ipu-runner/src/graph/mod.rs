//! Dataflow graphs as Poplar has them: variables that lie on tiles, vertices that lie on tiles, and programs that execute sets of
//! vertices.
//!
//! Nothing here knows where a graph will be executed, or what its vertices compute.

mod check;
mod view;

pub(crate) use check::views;
pub use check::{Fault, Place, check};
pub use view::View;

use std::ops::Range;
use std::sync::Arc;

use crate::codelets::{Access, Codelets};

/// What the elements of a variable are. All have 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `float`
    Float,
    /// `unsigned int`
    Word,
}

/// A variable of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableId(pub(crate) usize);

/// A set of vertices that are executed at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComputeSetId(pub(crate) usize);

/// A one-dimensional variable, spread over tiles.
#[derive(Clone, Debug)]
pub struct Variable {
    /// For messages and emitted programs.
    pub name: String,
    /// Of its elements.
    pub kind: Kind,
    /// Elements.
    pub len: usize,
    /// Which elements lie on which tile.
    pub mapping: Vec<(Range<usize>, u32)>,
    /// If it is a constant: its bits.
    pub constant: Option<Vec<u32>>,
    /// Whether the host reads or writes it between programs.
    pub exposed: bool,
}

/// What a field of a vertex is connected to.
#[derive(Clone, Debug)]
pub enum Edge {
    /// A piece of a variable, or several elements that lie apart, side by side.
    View(View),
    /// A list of pieces.
    List(Vec<View>),
    /// A number that is part of the vertex.
    Word(u32),
}

/// One vertex.
#[derive(Clone, Debug)]
pub struct Vertex {
    /// The codelet: its class, with template arguments.
    pub codelet: &'static str,
    /// Where it is executed.
    pub tile: u32,
    /// By the names of the codelet's fields.
    pub edges: Vec<(&'static str, Edge)>,
    /// Turns of one worker that it takes, estimated.
    pub cycles: u64,
}

/// Vertices that are executed at the same time.
#[derive(Clone, Debug, Default)]
pub struct ComputeSet {
    /// The superstep, or the part of it.
    pub name: String,
    /// In no order.
    pub vertices: Vec<Vertex>,
}

/// What is done, in order.
#[derive(Clone, Debug)]
pub enum Program {
    /// One after the other.
    Sequence(Vec<Program>),
    /// All vertices of a set.
    Execute(ComputeSetId),
    /// Elements of one variable to another, over the exchange.
    Copy {
        /// Read.
        from: View,
        /// Written.
        to: View,
    },
    /// The next record of a stream, from the host.
    FromHost {
        /// Where it comes from.
        stream: StreamId,
        /// Written.
        to: View,
    },
    /// A record of a stream, to the host.
    ToHost {
        /// Read.
        from: View,
        /// Where it goes to.
        stream: StreamId,
    },
    /// The same again and again.
    Repeat(u32, Box<Program>),
}

/// A stream of a graph: records of equal length, between the host and the device while a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(crate) usize);

/// A stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// For messages and emitted programs.
    pub name: String,
    /// Of its elements.
    pub kind: Kind,
    /// Elements of a record.
    pub len: usize,
    /// Where records go.
    pub direction: Direction,
}

/// Where a stream's records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the device.
    FromHost,
    /// To the host.
    ToHost,
}

/// Variables, sets of vertices, and what is done with them.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(crate) variables: Vec<Variable>,
    pub(crate) sets: Vec<ComputeSet>,
    pub(crate) streams: Vec<Stream>,
    codelets: Arc<Codelets>,
}

impl Graph {
    /// Without anything.
    #[must_use]
    pub const fn new(codelets: Arc<Codelets>) -> Self {
        Self { variables: Vec::new(), sets: Vec::new(), streams: Vec::new(), codelets }
    }

    /// What its vertices can be.
    #[must_use]
    pub const fn codelets(&self) -> &Arc<Codelets> {
        &self.codelets
    }

    /// Adds a variable that lies nowhere yet.
    pub fn variable(&mut self, name: impl Into<String>, kind: Kind, len: usize) -> VariableId {
        let (mapping, constant) = (Vec::new(), None);
        self.variables.push(Variable { name: name.into(), kind, len, mapping, constant, exposed: false });
        VariableId(self.variables.len() - 1)
    }

    /// Adds a constant, which lies on `tile`.
    pub fn constant(&mut self, name: impl Into<String>, kind: Kind, bits: Vec<u32>, tile: u32) -> VariableId {
        let id = self.variable(name, kind, bits.len());
        self.map(id, 0..bits.len(), tile);
        self.variables[id.0].constant = Some(bits);
        id
    }

    /// Puts some of a variable's elements on a tile.
    ///
    /// # Panics
    /// If it has not so many.
    pub fn map(&mut self, variable: VariableId, elements: Range<usize>, tile: u32) {
        let variable = &mut self.variables[variable.0];
        assert!(elements.end <= variable.len, "{} has {} elements", variable.name, variable.len);
        if !elements.is_empty() {
            variable.mapping.push((elements, tile));
        }
    }

    /// Lets the host read and write a variable. Where that is not said, a compiler of graphs may lay its memory over another's.
    pub fn expose(&mut self, variable: VariableId) {
        self.variables[variable.0].exposed = true;
    }

    /// Adds a stream, of records of `len` elements.
    pub fn stream(
        &mut self,
        name: impl Into<String>,
        kind: Kind,
        len: usize,
        direction: Direction,
    ) -> StreamId {
        self.streams.push(Stream { name: name.into(), kind, len, direction });
        StreamId(self.streams.len() - 1)
    }

    /// Whether the host may access a variable.
    pub(crate) fn expect_exposed(&self, variable: VariableId) -> Result<(), Fault> {
        let Variable { name, exposed, .. } = self.get(variable);
        if *exposed { Ok(()) } else { Err(Fault::NotExposed { variable: name.clone() }) }
    }

    /// That the host's end of a stream has no records.
    pub(crate) fn not_connected(&self, stream: StreamId) -> Fault {
        let stream = self.streams[stream.0].name.clone();
        Fault::Stream { stream, reason: "it is not connected".into() }
    }

    /// All streams.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Adds a set without vertices.
    pub fn compute_set(&mut self, name: impl Into<String>) -> ComputeSetId {
        self.sets.push(ComputeSet { name: name.into(), vertices: Vec::new() });
        ComputeSetId(self.sets.len() - 1)
    }

    /// Adds a vertex to a set.
    pub fn vertex(&mut self, set: ComputeSetId, vertex: Vertex) {
        self.sets[set.0].vertices.push(vertex);
    }

    /// How a vertex accesses one of its edges; [`Access::Word`], if it has no such field.
    pub(crate) fn access(&self, vertex: &Vertex, edge: &str) -> Access {
        self.codelets.get(vertex.codelet).and_then(|codelet| codelet.access(edge)).unwrap_or(Access::Word)
    }

    /// The first variable of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<VariableId> {
        self.variables.iter().position(|variable| variable.name == name).map(VariableId)
    }

    /// A variable.
    #[must_use]
    pub fn get(&self, variable: VariableId) -> &Variable {
        &self.variables[variable.0]
    }

    /// All variables.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// A set.
    #[must_use]
    pub fn set(&self, set: ComputeSetId) -> &ComputeSet {
        &self.sets[set.0]
    }

    /// All sets.
    #[must_use]
    pub fn sets(&self) -> &[ComputeSet] {
        &self.sets
    }

    /// All of a variable.
    #[must_use]
    pub fn whole(&self, variable: VariableId) -> View {
        View::of(variable, 0..self.get(variable).len)
    }
}
