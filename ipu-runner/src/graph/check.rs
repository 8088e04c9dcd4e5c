//! What every graph must fulfil, on any machine.

use std::collections::HashSet;
use std::fmt;

use super::{Direction, Edge, Graph, Kind, Program, StreamId, View};
use crate::codelets::Access;

/// What is wrong with a graph, or happened while it was executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Elements that lie on no tile.
    #[error("variable {variable}: element {element} lies on no tile")]
    Unmapped {
        /// Which.
        variable: String,
        /// The first of them.
        element: usize,
    },
    /// Elements that lie on two tiles.
    #[error("variable {variable}: element {element} lies on two tiles, {first} and {second}")]
    MappedTwice {
        /// Which.
        variable: String,
        /// The first of them.
        element: usize,
        /// One tile.
        first: u32,
        /// Another.
        second: u32,
    },
    /// There is no such tile.
    #[error("{what} lies on tile {tile}; there are {tiles}")]
    NoSuchTile {
        /// A variable or a vertex.
        what: String,
        /// Where it should lie.
        tile: u32,
        /// How many there are.
        tiles: u32,
    },
    /// There is no such codelet.
    #[error("{vertex}: there is no such codelet")]
    NoSuchCodelet {
        /// The vertex.
        vertex: Place,
    },
    /// Fields and edges do not fit.
    #[error("{vertex}: field {field}: {reason}")]
    Field {
        /// The vertex.
        vertex: Place,
        /// The field.
        field: String,
        /// What does not fit.
        reason: String,
    },
    /// An element that a vertex writes and another reads or writes at the same time.
    #[error(
        "variable {variable}: element {element} is written by {writer} and {also} by {other} in the same compute set"
    )]
    Overlap {
        /// Which.
        variable: String,
        /// The first of them.
        element: usize,
        /// Who writes.
        writer: Box<Place>,
        /// What the other does: "read" or "written".
        also: &'static str,
        /// The other.
        other: Box<Place>,
    },
    /// A constant is written.
    #[error("{writer} writes the constant {variable}")]
    Constant {
        /// Which.
        variable: String,
        /// A vertex or a copy.
        writer: String,
    },
    /// A copy between views that do not fit.
    #[error("copy from {from} to {to}: {reason}")]
    Copy {
        /// The variable that is read.
        from: String,
        /// The variable that is written.
        to: String,
        /// What does not fit.
        reason: String,
    },
    /// A tile with too little memory.
    #[error(
        "out of memory on tile {tile}: {used} bytes used, {available} available; the largest part, {largest} bytes, is {what}"
    )]
    Memory {
        /// Which.
        tile: u32,
        /// All that lies there.
        used: u64,
        /// What there is room for.
        available: u64,
        /// What takes most.
        what: String,
        /// How much.
        largest: u64,
    },
    /// An element was read before anybody wrote it.
    #[error("{reader} reads element {element} of variable {variable}, which nobody has written")]
    Uninitialised {
        /// Which.
        variable: String,
        /// The first of them.
        element: usize,
        /// A vertex, a copy or the host.
        reader: String,
    },
    /// A vertex left some of its output as it was.
    #[error("{vertex} did not write all of its output {field}")]
    Unwritten {
        /// Which.
        vertex: Place,
        /// The field.
        field: String,
    },
    /// A vertex used an index beyond the end of a field.
    #[error("{vertex} went beyond the end of a field")]
    Beyond {
        /// Which.
        vertex: Place,
    },
    /// The host reads or writes what it was not let.
    #[error("the host accesses {variable}, which is not exposed to it")]
    NotExposed {
        /// Which.
        variable: String,
    },
    /// A stream that cannot be used as it is.
    #[error("stream {stream}: {reason}")]
    Stream {
        /// Which.
        stream: String,
        /// What is wrong.
        reason: String,
    },
    /// What a device, or its driver, said.
    #[error("{0}")]
    Device(String),
    /// A vertex said that it failed.
    #[error("{vertex} returned false")]
    Failed {
        /// Which.
        vertex: Place,
    },
}

/// A vertex, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The compute set's name.
    pub set: String,
    /// Which of its vertices.
    pub index: usize,
    /// What it computes.
    pub codelet: &'static str,
    /// Where.
    pub tile: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vertex {} ({}) of \"{}\" on tile {}", self.index, self.codelet, self.set, self.tile)
    }
}

impl Graph {
    /// A vertex, for messages.
    #[must_use]
    pub fn place(&self, set: usize, index: usize) -> Place {
        let (set, vertex) = (&self.sets[set], &self.sets[set].vertices[index]);
        Place { set: set.name.clone(), index, codelet: vertex.codelet, tile: vertex.tile }
    }
}

/// Checks a graph and its programs for a machine of so many tiles: everything lies somewhere, every field is connected to what it can take, nobody
/// writes what another vertex of the same set touches, and copies fit.
///
/// # Errors
/// The first fault.
pub fn check(graph: &Graph, programs: &[Program], tiles: u32) -> Result<(), Fault> {
    programs.iter().try_for_each(|program| copies(graph, program))?;
    graph.variables.iter().try_for_each(|variable| mapping(variable, tiles))?;
    for set in 0..graph.sets.len() {
        for index in 0..graph.sets[set].vertices.len() {
            fields(graph, set, index, tiles)?;
        }
        overlaps(graph, set)?;
    }
    Ok(())
}

fn mapping(variable: &super::Variable, tiles: u32) -> Result<(), Fault> {
    let mut mapping = variable.mapping.clone();
    mapping.sort_by_key(|(range, _)| range.start);
    let name = || variable.name.clone();
    let (mut at, mut before) = (0, 0);
    for (range, tile) in mapping {
        if tile >= tiles {
            return Err(Fault::NoSuchTile { what: format!("variable {}", variable.name), tile, tiles });
        }
        if range.start < at {
            return Err(Fault::MappedTwice {
                variable: name(),
                element: range.start,
                first: before,
                second: tile,
            });
        }
        if range.start > at {
            break;
        }
        (at, before) = (range.end, tile);
    }
    if at < variable.len { Err(Fault::Unmapped { variable: name(), element: at }) } else { Ok(()) }
}

fn fields(graph: &Graph, set: usize, index: usize, tiles: u32) -> Result<(), Fault> {
    let vertex = &graph.sets[set].vertices[index];
    if vertex.tile >= tiles {
        let what = graph.place(set, index).to_string();
        return Err(Fault::NoSuchTile { what, tile: vertex.tile, tiles });
    }
    let Some(codelet) = graph.codelets.get(vertex.codelet) else {
        return Err(Fault::NoSuchCodelet { vertex: graph.place(set, index) });
    };
    let fault = |field: &str, reason: String| {
        Err(Fault::Field { vertex: graph.place(set, index), field: field.to_string(), reason })
    };
    for (name, _) in &vertex.edges {
        if !codelet.fields.iter().any(|field| field.name == *name) {
            return fault(name, "the codelet has no such field".into());
        }
    }
    for field in &codelet.fields {
        let mut edges = vertex.edges.iter().filter(|(name, _)| *name == field.name);
        let Some((_, edge)) = edges.next() else {
            return fault(&field.name, "not connected".into());
        };
        if edges.next().is_some() {
            return fault(&field.name, "connected twice".into());
        }
        match (edge, field.access) {
            (Edge::Word(_), Access::Word) | (Edge::List(_), Access::List) => {}
            (Edge::View(_), Access::Input | Access::Output | Access::InOut) => {}
            _ => return fault(&field.name, "connected to something of another form".into()),
        }
        for view in views(edge) {
            let variable = graph.get(view.variable());
            if variable.kind != field.kind {
                let kind = |kind| if kind == Kind::Float { "floats" } else { "words" };
                let reason = format!(
                    "{} has {}, the field takes {}",
                    variable.name,
                    kind(variable.kind),
                    kind(field.kind)
                );
                return fault(&field.name, reason);
            }
            if view.runs().any(|run| run.end > variable.len) {
                return fault(&field.name, format!("{} has {} elements", variable.name, variable.len));
            }
            if field.access.writes() && variable.constant.is_some() {
                let writer = graph.place(set, index).to_string();
                return Err(Fault::Constant { variable: variable.name.clone(), writer });
            }
        }
    }
    Ok(())
}

/// The views of an edge.
pub(crate) fn views(edge: &Edge) -> &[View] {
    match edge {
        Edge::View(view) => std::slice::from_ref(view),
        Edge::List(views) => views,
        Edge::Word(_) => &[],
    }
}

fn overlaps(graph: &Graph, set: usize) -> Result<(), Fault> {
    // Per variable that is written: who writes each element, counted from 1.
    let mut writers: Vec<Vec<u32>> = vec![Vec::new(); graph.variables.len()];
    let vertices = &graph.sets[set].vertices;
    let overlap = |view: &View, element: usize, writer: u32, other: usize, also| {
        let variable = graph.get(view.variable()).name.clone();
        let (writer, other) = (graph.place(set, writer as usize - 1).into(), graph.place(set, other).into());
        Err(Fault::Overlap { variable, element, writer, also, other })
    };
    for (index, vertex) in vertices.iter().enumerate() {
        for (_, edge) in vertex.edges.iter().filter(|(name, _)| graph.access(vertex, name).writes()) {
            for view in views(edge) {
                let writers = &mut writers[view.variable().0];
                writers.resize(graph.get(view.variable()).len, 0);
                for element in view.runs().flatten() {
                    if writers[element] != 0 {
                        return overlap(view, element, writers[element], index, "written");
                    }
                    writers[element] = index as u32 + 1;
                }
            }
        }
    }
    for (index, vertex) in vertices.iter().enumerate() {
        for (_, edge) in vertex.edges.iter().filter(|(name, _)| !graph.access(vertex, name).writes()) {
            for view in views(edge) {
                let writers = &writers[view.variable().0];
                if writers.is_empty() {
                    continue;
                }
                for element in view.runs().flatten() {
                    // Its own output, too: what it would read there is not specified.
                    if writers[element] != 0 {
                        return overlap(view, element, writers[element], index, "read");
                    }
                }
            }
        }
    }
    Ok(())
}

fn copies(graph: &Graph, program: &Program) -> Result<(), Fault> {
    match program {
        Program::Sequence(programs) => programs.iter().try_for_each(|program| copies(graph, program)),
        Program::Repeat(_, program) => copies(graph, program),
        Program::Execute(_) => Ok(()),
        Program::Copy { from, to } => copy(&End::of(graph, from), &End::of(graph, to)),
        Program::FromHost { stream, to } => {
            copy(&End::stream(graph, *stream, Direction::FromHost)?, &End::of(graph, to))
        }
        Program::ToHost { from, stream } => {
            copy(&End::of(graph, from), &End::stream(graph, *stream, Direction::ToHost)?)
        }
    }
}

/// One end of a copy.
struct End<'g> {
    name: &'g str,
    kind: Kind,
    len: usize,
    /// Of a variable: the view, how many elements there are, whether it is a constant.
    view: Option<(&'g View, usize, bool)>,
}

impl<'g> End<'g> {
    fn of(graph: &'g Graph, view: &'g View) -> Self {
        let variable = graph.get(view.variable());
        let constant = variable.constant.is_some();
        let view = (view, variable.len, constant);
        Self { name: &variable.name, kind: variable.kind, len: view.0.len(), view: Some(view) }
    }

    fn stream(graph: &'g Graph, stream: StreamId, direction: Direction) -> Result<Self, Fault> {
        let stream = &graph.streams[stream.0];
        if stream.direction != direction {
            return Err(Fault::Stream {
                stream: stream.name.clone(),
                reason: "it goes the other way".into(),
            });
        }
        Ok(Self { name: &stream.name, kind: stream.kind, len: stream.len, view: None })
    }

    fn is_beyond(&self) -> bool {
        self.view.is_some_and(|(view, len, _)| view.runs().any(|run| run.end > len))
    }
}

fn copy(from: &End<'_>, to: &End<'_>) -> Result<(), Fault> {
    let fault = |reason: String| Err(Fault::Copy { from: from.name.into(), to: to.name.into(), reason });
    if let Some((.., true)) = to.view {
        let writer = format!("a copy from {}", from.name);
        return Err(Fault::Constant { variable: to.name.into(), writer });
    }
    if from.kind != to.kind {
        return fault("floats and words".into());
    }
    if from.len != to.len {
        return fault(format!("{} elements to {}", from.len, to.len));
    }
    if from.is_beyond() || to.is_beyond() {
        return fault("elements that do not exist".into());
    }
    let mut seen = HashSet::new();
    let elements = to.view.iter().flat_map(|(view, ..)| view.runs().flatten());
    let twice = elements.into_iter().find(|element| !seen.insert(*element));
    twice.map_or(Ok(()), |element| fault(format!("element {element} is written twice")))
}
