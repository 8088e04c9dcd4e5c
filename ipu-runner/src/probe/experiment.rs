//! Running a question's codelet.

use std::ops::Range;
use std::sync::Arc;

use random_bases::failure::Failure;

use crate::codelets::{Access, Codelets, intern};
use crate::device::{Device, Engine};
use crate::graph::{Edge, Fault, Graph, Kind, Program, VariableId, Vertex, View};

/// Where questions are asked.
pub struct Laboratory<'a> {
    /// Opens the device for some codelets.
    pub open: &'a dyn Fn(&Arc<Codelets>) -> Result<Arc<dyn Device>, Failure>,
    /// The codelets of all questions: [`super::SOURCE`].
    pub source: &'a str,
}

/// What separates the questions in the source.
const MARK: &str = "// ---- Question ";

/// How a codelet is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One vertex.
    One,
    /// A vertex on every tile, each with its part of every field. All fields have as many elements, an even number.
    Spread,
}

/// A codelet, ready to be run.
pub(super) struct Experiment {
    engine: Box<dyn Engine>,
    inputs: Vec<VariableId>,
    outputs: Vec<(VariableId, usize)>,
    measured: (VariableId, usize),
}

impl Laboratory<'_> {
    /// The codelets of a question, and the device that knows them.
    ///
    /// # Errors
    /// If they do not compile, or there is no device.
    pub(super) fn codelets(&self, number: u32) -> Result<(Arc<Codelets>, Arc<dyn Device>), String> {
        let mut parts = self.source.split(MARK);
        let head = parts.next().unwrap_or_default();
        let this = parts.find(|part| part.split(':').next() == Some(&number.to_string()));
        let this = this.ok_or_else(|| format!("there is no codelet for question {number}"))?;
        let text = format!("{head}{MARK}{this}");
        let codelets = Arc::new(Codelets::of(vec![("probe.cpp".into(), text)]));
        let device = (self.open)(&codelets).map_err(|failure| failure.to_string())?;
        Ok((codelets, device))
    }

    /// Loads a codelet. `inputs` and `outputs`: elements of its fields of each kind, in order of declaration, but for the last output, which says
    /// whether it ran on hardware.
    ///
    /// # Errors
    /// If it does not compile, or is not what was expected.
    pub(super) fn load(
        &self,
        number: u32,
        codelet: &'static str,
        layout: Layout,
        inputs: &[usize],
        outputs: &[usize],
    ) -> Result<Experiment, String> {
        let (codelets, device) = self.codelets(number)?;
        let fields = &codelets.get(codelet).ok_or_else(|| format!("there is no codelet {codelet}"))?.fields;
        let vertices = match layout {
            Layout::One => 1,
            Layout::Spread => inputs[0] / 2,
        };
        let vertices = vertices.min(device.target().tiles() as usize);
        let mut graph = Graph::new(Arc::clone(&codelets));
        let (mut ins, mut outs) = (inputs.iter(), outputs.iter());
        let variables: Vec<_> = fields
            .iter()
            .map(|field| {
                let mut lens = if field.access == Access::Input { &mut ins } else { &mut outs }.copied();
                let len = lens.next();
                let variable = graph.variable(&field.name, field.kind, len.unwrap_or(vertices));
                graph.expose(variable);
                (variable, len)
            })
            .collect();
        let set = graph.compute_set(codelet);
        for index in 0..vertices {
            let tile = index as u32;
            let mut edges = Vec::new();
            for (field, (variable, len)) in fields.iter().zip(&variables) {
                let part = len.map_or(index..index + 1, |len| part(len, index, vertices));
                graph.map(*variable, part.clone(), tile);
                edges.push((intern(&field.name), Edge::View(View::of(*variable, part))));
            }
            graph.vertex(set, Vertex { codelet, tile, edges, cycles: 1 });
        }
        let engine = device.load(graph, vec![Program::Execute(set)]).map_err(|fault| fault.to_string())?;
        let (ins, rest) = variables.split_at(inputs.len());
        let ([outs @ .., (measured, None)], true) = (rest, rest.len() == outputs.len() + 1) else {
            return Err(format!("{codelet} has other fields than were expected"));
        };
        let lens = outputs.iter().copied();
        Ok(Experiment {
            engine,
            inputs: ins.iter().map(|(variable, _)| *variable).collect(),
            outputs: outs.iter().map(|(variable, _)| *variable).zip(lens).collect(),
            measured: (*measured, vertices),
        })
    }
}

/// The part of so many elements that vertex `index` has: whole groups of 64 bits, but for a single vertex.
fn part(len: usize, index: usize, vertices: usize) -> Range<usize> {
    let at = |index: usize| if index == vertices { len } else { len / 2 * index / vertices * 2 };
    at(index)..at(index + 1)
}

impl Experiment {
    /// Runs it on these inputs. What its outputs are, and whether it ran on hardware.
    ///
    /// # Errors
    /// If the device fails.
    pub(super) fn run(&mut self, inputs: &[&[u32]]) -> Result<(Vec<Vec<u32>>, bool), Fault> {
        assert_eq!(inputs.len(), self.inputs.len(), "an input for each field");
        for (variable, bits) in self.inputs.iter().zip(inputs) {
            self.engine.write(*variable, bits)?;
        }
        self.engine.run(0)?;
        let outputs = self.outputs.iter().map(|(variable, len)| self.engine.read(*variable, 0..*len));
        let outputs = outputs.collect::<Result<_, _>>()?;
        let (measured, len) = self.measured;
        let measured = self.engine.read(measured, 0..len)?;
        Ok((outputs, measured.iter().all(|word| *word == 1)))
    }
}

/// The codelets that only tell the time, and those that do nothing.
pub(super) struct Race {
    /// The graph's device.
    pub device: Arc<dyn Device>,
    /// The graph.
    pub graph: Graph,
    /// Looks at the clock, does nothing some times, and looks again.
    pub program: Program,
    /// What the clock said, before and after.
    pub turns: [VariableId; 2],
    /// Whether it was one.
    pub measured: VariableId,
}

impl Laboratory<'_> {
    /// A program that does nothing `times` times on all tiles, between two looks at the clock of the first.
    ///
    /// # Errors
    /// If the codelets do not compile.
    pub(super) fn race(&self, number: u32, times: u32) -> Result<Race, String> {
        let (codelets, device) = self.codelets(number)?;
        let mut graph = Graph::new(codelets);
        let word = |graph: &mut Graph, name: &str| {
            let variable = graph.variable(name, Kind::Word, 1);
            graph.map(variable, 0..1, 0);
            graph.expose(variable);
            variable
        };
        let turns = ["before", "after"].map(|name| word(&mut graph, name));
        let measured = word(&mut graph, "measured");
        let again = word(&mut graph, "measured again");
        let looks = [(turns[0], measured), (turns[1], again)].map(|(turns, measured)| {
            let set = graph.compute_set("clock");
            let view = |variable| Edge::View(View::of(variable, 0..1));
            let edges = vec![("turns", view(turns)), ("measured", view(measured))];
            graph.vertex(set, Vertex { codelet: "Clock", tile: 0, edges, cycles: 1 });
            Program::Execute(set)
        });
        let nothing = graph.compute_set("nothing");
        for tile in 0..device.target().tiles() {
            let edges = vec![("unused", Edge::Word(0))];
            graph.vertex(nothing, Vertex { codelet: "Nothing", tile, edges, cycles: 1 });
        }
        let [before, after] = looks;
        let program = Program::Sequence(vec![
            before,
            Program::Repeat(times, Box::new(Program::Execute(nothing))),
            after,
        ]);
        Ok(Race { device, graph, program, turns, measured })
    }
}
