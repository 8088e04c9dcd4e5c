//! A graph as text: `emitted/README.md` has the format.

use std::fmt::{self, Write as _};

use crate::graph::{Edge, Graph, Kind, Program, VariableId, Vertex, View};
use crate::pattern::pattern;
use crate::program::RecordedProgram;

/// The whole file.
pub(super) fn text(recorded: &RecordedProgram) -> String {
    let mut text = String::from("random-bases-graph 1\n");
    write(recorded, &mut text).expect("a string takes everything");
    text
}

fn write(recorded: &RecordedProgram, text: &mut String) -> fmt::Result {
    let graph = &recorded.graph;
    variables(graph, text)?;
    for (number, set) in graph.sets().iter().enumerate() {
        writeln!(text, "set {}", set.name)?;
        set.vertices.iter().try_for_each(|of| vertex(graph, number, of, text))?;
    }
    let program = program(&recorded.program, &mut 0, text)?;
    writeln!(text, "program {program}")?;
    list("standing", &recorded.standing, text)?;
    list("inputs", &recorded.inputs, text)?;
    if let Some(view) = &recorded.metrics {
        let range = view.range().expect("metrics are neighbours");
        writeln!(text, "metrics {} {} {}", view.variable().0, range.start, range.end)?;
    }
    writeln!(text, "end")
}

fn variables(graph: &Graph, text: &mut String) -> fmt::Result {
    for (number, variable) in graph.variables().iter().enumerate() {
        let kind = if variable.kind == Kind::Float { "float" } else { "unsigned" };
        match &variable.constant {
            None => write!(text, "variable {kind} {}", variable.len)?,
            Some(bits) => {
                write!(text, "constant {kind} {}", variable.len)?;
                bits.iter().try_for_each(|word| write!(text, " {word:08x}"))?;
            }
        }
        writeln!(text, " {}", variable.name)?;
        for (elements, tile) in &variable.mapping {
            writeln!(text, "map {number} {} {} {tile}", elements.start, elements.end)?;
        }
        // There is nothing to write to an empty one.
        if variable.exposed && variable.len > 0 {
            writeln!(text, "expose {number}")?;
        }
    }
    Ok(())
}

fn vertex(graph: &Graph, set: usize, vertex: &Vertex, text: &mut String) -> fmt::Result {
    writeln!(text, "vertex {set} {} {} {}", vertex.tile, vertex.cycles, vertex.codelet)?;
    let codelet = graph.codelets().get(vertex.codelet);
    for (field, edge) in &vertex.edges {
        match edge {
            Edge::View(of) => {
                let scalar = codelet.is_some_and(|codelet| codelet.is_scalar(field));
                write!(text, "{} {field}", if scalar { "scalar" } else { "vector" })?;
                view(of, text)?;
            }
            Edge::List(views) => {
                write!(text, "list {field} {}", views.len())?;
                views.iter().try_for_each(|of| view(of, text))?;
            }
            Edge::Word(word) => write!(text, "word {field} {word}")?,
        }
        text.push('\n');
    }
    Ok(())
}

/// A view, with a space before it.
fn view(view: &View, text: &mut String) -> fmt::Result {
    let runs: Vec<_> = view.runs().collect();
    let (start, dims) = pattern(&runs).expect("every view is nested ranges");
    write!(text, " {} {start}", view.variable().0)?;
    dims.iter().try_for_each(|(count, stride)| write!(text, " {count} {stride}"))
}

/// A program after those that it is made of: its number.
fn program(what: &Program, count: &mut u32, text: &mut String) -> Result<u32, fmt::Error> {
    match what {
        Program::Sequence(programs) => {
            let programs = programs.iter().map(|part| program(part, count, text));
            let programs = programs.collect::<Result<Vec<_>, _>>()?;
            write!(text, "sequence {}", programs.len())?;
            programs.iter().try_for_each(|part| write!(text, " {part}"))?;
        }
        Program::Execute(set) => write!(text, "execute {}", set.0)?,
        Program::Copy { from, to } => {
            text.push_str("copy");
            view(from, text)?;
            view(to, text)?;
        }
        Program::FromHost { .. } | Program::ToHost { .. } => {
            unreachable!("the host writes what a training step needs before it")
        }
        Program::Repeat(times, body) => {
            let body = program(body, count, text)?;
            write!(text, "repeat {times} {body}")?;
        }
    }
    text.push('\n');
    *count += 1;
    Ok(*count - 1)
}

fn list(name: &str, variables: &[VariableId], text: &mut String) -> fmt::Result {
    write!(text, "{name} {}", variables.len())?;
    variables.iter().try_for_each(|variable| write!(text, " {}", variable.0))?;
    text.push('\n');
    Ok(())
}
