//! A whole training step as one program.
//!
//! The core's own step is run with an executor that writes down what it is asked to do, instead of doing it: which operation, on which buffers.
//! That list becomes a graph, once. What changes from step to step (images, labels, keys, rates) is written to the machine before the
//! program runs; everything else stays on the tiles.

use std::ops::Range;
use std::sync::Arc;

use random_bases::executor::Wanted;
use random_bases_core::descent::{
    Batches, Descent, Memory, Method, Options, Outcome, Rates, WorkerRows, Workers,
};
use random_bases_core::nn::Network;
use random_bases_core::numerics::Math;
use random_bases_core::step::{Executor, Superstep};

use crate::device::{Device, Engine};
use crate::graph::{Fault, Graph, Kind, Program, VariableId, View};
use crate::lower::{Builder, Operand, Operation, Unsupported, operation};
use crate::target::Target;

/// Why steps cannot be one program.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProgramError {
    /// The host would have to compute between supersteps.
    #[error("{0} does not run as one program; superstep by superstep it does")]
    Host(String),
    /// A superstep without codelets.
    #[error("the superstep \"{0}\": {1}")]
    Unsupported(&'static str, Unsupported),
    /// A rule was broken.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Where an operand lies.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    /// In a buffer of the training.
    Buffer(usize, Range<usize>),
    /// Among what the host writes.
    Input(usize),
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    name: &'static str,
    /// Whether it is the first part of its superstep.
    first: bool,
    operation: Operation,
    operands: Vec<Slot>,
    out: (usize, Range<usize>),
}

/// Something that the host writes before a step.
struct Input {
    kind: Kind,
    bits: Vec<u32>,
    /// If it was a slice: where.
    address: Option<usize>,
}

/// Writes down a step.
struct Recorder {
    /// Where the training's buffers lie.
    buffers: Vec<Range<usize>>,
    events: Vec<Event>,
    inputs: Vec<Input>,
    error: Option<ProgramError>,
}

/// Of [`buffers`]: those that a step finds as the last one left them, weights and position.
const STANDING: [usize; 2] = [0, 7];

/// Of [`buffers`]: loss and rank of each image.
const METRICS: usize = 4;

/// Of [`buffers`]: c.
const COORDINATES: usize = 5;

/// How many [`buffers`] there are.
const BUFFERS: usize = 9;

/// The buffers of a training, by name.
fn buffers<'m>(memory: &'m Memory<'_>) -> [(&'static str, &'m [f32]); BUFFERS] {
    [
        ("weights", memory.weights),
        ("gradient", memory.gradient),
        ("activations", memory.activations),
        ("deltas", memory.deltas),
        ("metrics", memory.losses),
        ("coordinates", memory.coordinates),
        ("norms", memory.norms),
        ("position", memory.position),
        ("scratch", memory.scratch),
    ]
}

fn addresses(slice: &[f32]) -> Range<usize> {
    let range = slice.as_ptr_range();
    range.start as usize..range.end as usize
}

impl Recorder {
    fn new(memory: &Memory<'_>) -> Self {
        let buffers = buffers(memory).iter().map(|(_, buffer)| addresses(buffer)).collect();
        Self { buffers, events: Vec::new(), inputs: Vec::new(), error: None }
    }

    /// Where a slice lies, if it is of a buffer.
    fn buffer(&self, slice: &[f32]) -> Option<(usize, Range<usize>)> {
        let range = addresses(slice);
        let within = |buffer: &Range<usize>| buffer.start <= range.start && range.end <= buffer.end;
        let index = self.buffers.iter().position(|buffer| !slice.is_empty() && within(buffer))?;
        let start = (range.start - self.buffers[index].start) / size_of::<f32>();
        Some((index, start..start + slice.len()))
    }

    fn slot(&mut self, operand: Operand<'_>) -> Slot {
        let address = match operand {
            Operand::Floats(slice) => match self.buffer(slice) {
                Some((buffer, range)) => return Slot::Buffer(buffer, range),
                None => Some(addresses(slice).start),
            },
            Operand::Numbers(_) | Operand::Words(_) => None,
        };
        let (kind, bits) = (operand.kind(), operand.bits());
        // The same images, and the same keys, are written once. (Not equal numbers: they may differ at the next step.)
        let same = |input: &Input| match kind {
            Kind::Word => input.kind == kind && input.bits == bits,
            Kind::Float => address.is_some() && input.address == address && input.bits == bits,
        };
        let there = self.inputs.iter().position(same);
        Slot::Input(there.unwrap_or_else(|| {
            self.inputs.push(Input { kind, bits, address });
            self.inputs.len() - 1
        }))
    }
}

impl Executor for Recorder {
    const STREAMS: bool = false;

    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        if out.is_empty() || self.error.is_some() {
            return;
        }
        let Some((buffer, place)) = self.buffer(out) else {
            self.error = Some(ProgramError::Host(format!(
                "a step that writes \"{}\" to a buffer of its own",
                S::NAME
            )));
            return;
        };
        let mut parts = Vec::new();
        superstep.work(out.len(), &mut |range, work| parts.push((range, operation(&work))));
        for (index, (range, part)) in parts.into_iter().enumerate() {
            match part {
                Ok((operation, operands)) => {
                    let first = index == 0;
                    let operands = operands.into_iter().map(|operand| self.slot(operand)).collect();
                    let out = (buffer, place.start + range.start..place.start + range.end);
                    self.events.push(Event { name: S::NAME, first, operation, operands, out });
                }
                Err(reason) => self.error = Some(ProgramError::Unsupported(S::NAME, reason)),
            }
        }
    }
}

/// A list of events as a graph.
struct Compiled {
    graph: Graph,
    program: Program,
    buffers: Vec<VariableId>,
    inputs: Vec<VariableId>,
}

fn compile(target: &Target, memory: &Memory<'_>, events: &[Event], inputs: &[Input]) -> Compiled {
    let mut builder = Builder::new(target);
    // What a superstep writes is one piece of a buffer.
    let borders = |buffer: usize| -> Vec<_> {
        let written = events.iter().map(|event| &event.out).filter(|(of, _)| *of == buffer);
        written.flat_map(|(_, range)| [range.start, range.end]).collect()
    };
    let buffers: Vec<_> = buffers(memory)
        .iter()
        .enumerate()
        .map(|(index, (name, buffer))| {
            builder.exposed_parts(*name, Kind::Float, buffer.len(), &borders(index))
        })
        .collect();
    let inputs: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| builder.exposed(format!("input {index}"), input.kind, input.bits.len()))
        .collect();
    for event in events {
        let operands: Vec<_> = event
            .operands
            .iter()
            .map(|slot| match slot {
                Slot::Buffer(buffer, range) => View::of(buffers[*buffer], range.clone()),
                Slot::Input(input) => builder.graph.whole(inputs[*input]),
            })
            .collect();
        let out = View::of(buffers[event.out.0], event.out.1.clone());
        if event.first {
            builder.superstep();
        }
        builder.add(event.name, &event.operation, &operands, out);
    }
    let (graph, program) = builder.finish();
    Compiled { graph, program, buffers, inputs }
}

/// Whether a step is one program. Nothing is executed, and what the buffers hold does not matter.
///
/// # Errors
/// Why not.
pub fn is_whole<N: Network, M: Math>(
    descent: &Descent,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Result<(), ProgramError> {
    check(descent)?;
    record::<N, M>(&mut { *descent }, Rates::from(0.0), batches, memory).map(|_| ())
}

/// A step as a graph, for plans: nothing is executed.
///
/// # Errors
/// If a step is not one program.
pub fn plan<N: Network, M: Math>(
    target: &Target,
    descent: &mut Descent,
    rates: Rates,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Result<(Graph, Program), ProgramError> {
    check(descent)?;
    let recorder = record::<N, M>(descent, rates, batches, memory)?;
    let compiled = compile(target, memory, &recorder.events, &recorder.inputs);
    Ok((compiled.graph, compiled.program))
}

/// What one of several workers does in a step, for plans: its share, and the step from all shares. In between, coordinates travel; that is no part
/// of the program.
///
/// # Errors
/// If it is not one program.
pub fn plan_worker<N: Network, M: Math>(
    target: &Target,
    descent: &mut Descent,
    rates: Rates,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Result<(Graph, Program), ProgramError> {
    let workers = descent.options.workers;
    if workers.rows == WorkerRows::Averaged {
        return Err(ProgramError::Host("a step that adds up the coordinates of several workers".into()));
    }
    check(&descent.with(Options { workers: Workers::ONE, ..descent.options }))?;
    let mut recorder = Recorder::new(memory);
    descent.share::<N, M, _>(&mut recorder, 0, batches, memory);
    descent.join::<N, _>(&mut recorder, rates, memory);
    if let Some(error) = recorder.error {
        return Err(error);
    }
    let compiled = compile(target, memory, &recorder.events, &recorder.inputs);
    Ok((compiled.graph, compiled.program))
}

fn check(descent: &Descent) -> Result<(), ProgramError> {
    if !matches!(descent.method, Method::Rbd | Method::Fpd | Method::Sgd) {
        return Err(ProgramError::Host(format!("the method {}", descent.method.name())));
    }
    if descent.options != Options::NONE {
        return Err(ProgramError::Host("a training with options of RBD".into()));
    }
    if descent.is_fused() {
        return Err(ProgramError::Host("the fused strategy".into()));
    }
    Ok(())
}

/// Writes down a step. If it fails, no step was made.
fn record<N: Network, M: Math>(
    descent: &mut Descent,
    rates: Rates,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Result<Recorder, ProgramError> {
    let (mut recorder, before) = (Recorder::new(memory), *descent);
    descent.step::<N, M, _>(&mut recorder, rates, batches, memory);
    let Some(error) = recorder.error.take() else { return Ok(recorder) };
    *descent = before;
    Err(error)
}

/// Which elements of the metrics the step's last mini-batch has.
fn metrics(events: &[Event]) -> Option<Range<usize>> {
    let mut images = events.iter().filter_map(|event| match event.operation {
        Operation::Metrics(_) => Some(event.out.1.clone()),
        _ => None,
    });
    images.next_back()
}

/// Steps that were written down, not executed: for somebody else to execute.
pub struct Recording {
    target: Target,
    programs: Vec<(Vec<Event>, RecordedProgram)>,
    steps: Vec<RecordedStep>,
}

/// What some of the steps execute.
pub struct RecordedProgram {
    /// The graph.
    pub graph: Graph,
    /// What is executed.
    pub program: Program,
    /// What a step finds as the last one left it, also if that was another program: weights, and what else a method keeps.
    pub standing: Vec<VariableId>,
    /// What the host writes before a step.
    pub inputs: Vec<VariableId>,
    /// Loss and rank of each image of the mini-batch, in turn.
    pub metrics: Option<View>,
}

/// One step.
pub struct RecordedStep {
    /// Which of the programs.
    pub program: usize,
    /// The bits of its inputs.
    pub inputs: Vec<Vec<u32>>,
}

impl Recording {
    /// Of no steps yet, for a machine.
    #[must_use]
    pub const fn new(target: Target) -> Self {
        Self { target, programs: Vec::new(), steps: Vec::new() }
    }

    /// Writes down one step. Of `memory` only the sizes matter.
    ///
    /// # Errors
    /// If the step is not one program.
    pub fn step<N: Network, M: Math>(
        &mut self,
        descent: &mut Descent,
        rates: Rates,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Result<(), ProgramError> {
        check(descent)?;
        let Recorder { events, inputs, .. } = record::<N, M>(descent, rates, batches, memory)?;
        let known = self.programs.iter().position(|(there, _)| *there == events);
        let program = known.unwrap_or_else(|| {
            let compiled = compile(&self.target, memory, &events, &inputs);
            let here = buffers(memory);
            let standing = STANDING.into_iter().filter(|buffer| !here[*buffer].1.is_empty());
            let standing = standing.map(|buffer| compiled.buffers[buffer]).collect();
            let metrics = metrics(&events).map(|range| View::of(compiled.buffers[METRICS], range));
            let Compiled { graph, program, inputs, .. } = compiled;
            self.programs.push((events, RecordedProgram { graph, program, standing, inputs, metrics }));
            self.programs.len() - 1
        });
        let inputs = inputs.into_iter().map(|input| input.bits).collect();
        self.steps.push(RecordedStep { program, inputs });
        Ok(())
    }

    /// The programs.
    pub fn programs(&self) -> impl ExactSizeIterator<Item = &RecordedProgram> {
        self.programs.iter().map(|(_, program)| program)
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[RecordedStep] {
        &self.steps
    }
}

/// A training whose weights stay on the tiles of a device.
pub struct TileTraining {
    device: Arc<dyn Device>,
    /// The program of the last step.
    loaded: Option<Loaded>,
}

struct Loaded {
    events: Vec<Event>,
    engine: Box<dyn Engine>,
    buffers: Vec<VariableId>,
    inputs: Vec<VariableId>,
    /// What the host has of the last step.
    fetched: Option<Wanted>,
    /// Whether the host has what the next step finds, and may have changed it.
    released: bool,
}

impl TileTraining {
    /// On a device.
    #[must_use]
    pub const fn new(device: Arc<dyn Device>) -> Self {
        Self { device, loaded: None }
    }

    /// One training step. `memory` holds the weights before the first step; afterwards it has this step's coordinates; and everything
    /// else after [`TileTraining::fetch`].
    ///
    /// # Errors
    /// If the step is not one program, and then no step was made; or if it breaks a rule.
    pub fn step<N: Network, M: Math>(
        &mut self,
        descent: &mut Descent,
        rates: Rates,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Result<Outcome, ProgramError> {
        check(descent)?;
        let recorder = record::<N, M>(descent, rates, batches, memory)?;
        if self.loaded.as_ref().is_none_or(|loaded| loaded.events != recorder.events) {
            // Another program, such as that of the first step of FPD. It goes on with what the last one left.
            self.fetch(Wanted::State, memory)?;
            self.load(memory, &recorder)?;
        }
        let loaded = self.loaded.as_mut().expect("just loaded");
        loaded.take_back(memory)?;
        for (place, input) in loaded.inputs.iter().zip(&recorder.inputs) {
            loaded.engine.write(*place, &input.bits)?;
        }
        loaded.fetched = None;
        loaded.engine.run(0)?;
        let metrics = metrics(&recorder.events);
        let mut read = |buffer: usize, range, to: &mut [f32]| loaded.read(buffer, range, to);
        let mut outcome = Outcome::NOTHING;
        if let Some(range) = metrics {
            read(METRICS, range.clone(), &mut memory.losses[range.clone()])?;
            outcome = Outcome::of_metrics(&memory.losses[range]);
        }
        // SGD has none.
        if recorder.events.iter().any(|event| event.out.0 == COORDINATES) {
            read(COORDINATES, 0..memory.coordinates.len(), memory.coordinates)?;
        }
        Ok(outcome)
    }

    /// Brings what the last step left on the tiles to `memory`.
    ///
    /// # Errors
    /// If the device fails.
    pub fn fetch(&mut self, wanted: Wanted, memory: &mut Memory<'_>) -> Result<(), Fault> {
        let Some(loaded) = &mut self.loaded else { return Ok(()) };
        if loaded.fetched >= Some(wanted) {
            return Ok(());
        }
        let targets: [&mut [f32]; BUFFERS] = [
            memory.weights,
            memory.gradient,
            memory.activations,
            memory.deltas,
            memory.losses,
            memory.coordinates,
            memory.norms,
            memory.position,
            memory.scratch,
        ];
        match wanted {
            Wanted::State => {
                for buffer in STANDING {
                    let all = 0..targets[buffer].len();
                    loaded.read(buffer, all, targets[buffer])?;
                }
            }
            Wanted::All => {
                let written: Vec<_> = loaded.events.iter().map(|event| event.out.clone()).collect();
                for (buffer, range) in written {
                    loaded.read(buffer, range.clone(), &mut targets[buffer][range])?;
                }
            }
        }
        loaded.fetched = Some(wanted);
        Ok(())
    }

    /// [`TileTraining::fetch`] of the state; and the next step takes it from its memory, so that the host may change it.
    ///
    /// # Errors
    /// If the device fails.
    pub fn release(&mut self, memory: &mut Memory<'_>) -> Result<(), Fault> {
        self.fetch(Wanted::State, memory)?;
        if let Some(loaded) = &mut self.loaded {
            loaded.released = true;
        }
        Ok(())
    }

    fn load(&mut self, memory: &Memory<'_>, recorder: &Recorder) -> Result<(), Fault> {
        let Compiled { graph, program, buffers: places, inputs } =
            compile(self.device.target(), memory, &recorder.events, &recorder.inputs);
        let engine = self.device.load(graph, vec![program])?;
        let events = recorder.events.clone();
        // The host has all there is.
        let (fetched, released) = (Some(Wanted::All), true);
        self.loaded = Some(Loaded { events, engine, buffers: places, inputs, fetched, released });
        Ok(())
    }

    /// Where the last step ran.
    pub(crate) fn engine(&mut self) -> Option<&mut dyn Engine> {
        self.loaded.as_mut().map(|loaded| &mut *loaded.engine as &mut dyn Engine)
    }

    /// The graph of the last step.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        self.loaded.as_ref().map(|loaded| loaded.engine.graph())
    }
}

impl Loaded {
    /// Writes what a step finds, if the host has it. The rest is made by the step.
    fn take_back(&mut self, memory: &Memory<'_>) -> Result<(), Fault> {
        if std::mem::take(&mut self.released) {
            let buffers = buffers(memory);
            for buffer in STANDING {
                self.engine.write(self.buffers[buffer], &Operand::Floats(buffers[buffer].1).bits())?;
            }
        }
        Ok(())
    }

    /// Reads a piece of a buffer.
    fn read(&mut self, buffer: usize, range: Range<usize>, to: &mut [f32]) -> Result<(), Fault> {
        let bits = self.engine.read(self.buffers[buffer], range)?;
        to.iter_mut().zip(bits).for_each(|(to, bits)| *to = f32::from_bits(bits));
        Ok(())
    }
}
