//! A whole training step as one program.
//!
//! The core's own step is run with an executor that writes down what it is asked to do, instead of doing it: which operation, on which buffers.
//! That list becomes a graph, once. What changes from step to step (images, labels, keys, rates) is written to the machine before the
//! program runs; everything else stays on the tiles.

use std::ops::Range;
use std::sync::Arc;

use random_bases_core::descent::{Batches, Descent, Memory, Method, Options, Outcome, Rates};
use random_bases_core::nn::Network;
use random_bases_core::numerics::Math;
use random_bases_core::step::{Executor, Superstep};

use crate::graph::{Fault, Graph, Kind, Program, VariableId, View};
use crate::lower::{Builder, Operand, Operation, Unsupported, operation};
use crate::machine::{Library, Machine};
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

/// Of [`buffers`]: loss and rank of each image.
const METRICS: usize = 4;

/// Of [`buffers`]: c.
const COORDINATES: usize = 5;

/// The buffers of a training, by name.
fn buffers<'m>(memory: &'m Memory<'_>) -> [(&'static str, &'m [f32]); 9] {
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
        let (kind, bits, address) = match operand {
            Operand::Floats(slice) => {
                if let Some((buffer, range)) = self.buffer(slice) {
                    return Slot::Buffer(buffer, range);
                }
                (Kind::Float, slice.iter().map(|x| x.to_bits()).collect(), Some(addresses(slice).start))
            }
            Operand::Numbers(numbers) => (Kind::Float, numbers.iter().map(|x| x.to_bits()).collect(), None),
            Operand::Words(words) => (Kind::Word, words, None),
        };
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
        for (range, part) in parts {
            match part {
                Ok((operation, operands)) => {
                    let operands = operands.into_iter().map(|operand| self.slot(operand)).collect();
                    let out = (buffer, place.start + range.start..place.start + range.end);
                    self.events.push(Event { name: S::NAME, operation, operands, out });
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
    let buffers: Vec<_> = buffers(memory)
        .iter()
        .map(|(name, buffer)| builder.spread(*name, Kind::Float, buffer.len()))
        .collect();
    let inputs: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| builder.spread(format!("input {index}"), input.kind, input.bits.len()))
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
        builder.add(event.name, &event.operation, &operands, out);
    }
    let (graph, program) = builder.finish();
    Compiled { graph, program, buffers, inputs }
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

fn record<N: Network, M: Math>(
    descent: &mut Descent,
    rates: Rates,
    batches: &mut impl Batches,
    memory: &mut Memory<'_>,
) -> Result<Recorder, ProgramError> {
    let mut recorder = Recorder::new(memory);
    descent.step::<N, M, _>(&mut recorder, rates, batches, memory);
    recorder.error.take().map_or(Ok(recorder), Err)
}

/// A training whose weights stay on the tiles.
pub struct TileTraining {
    target: Target,
    library: Arc<Library>,
    seed: u64,
    /// The program of the last step.
    loaded: Option<Loaded>,
}

struct Loaded {
    events: Vec<Event>,
    machine: Machine,
    buffers: Vec<VariableId>,
    inputs: Vec<VariableId>,
}

impl TileTraining {
    /// For a machine; `seed` decides in which order vertices run.
    #[must_use]
    pub const fn new(target: Target, library: Arc<Library>, seed: u64) -> Self {
        Self { target, library, seed, loaded: None }
    }

    /// One training step. `memory` holds the weights before the first step; afterwards it has this step's coordinates; and everything
    /// else after [`TileTraining::fetch`].
    ///
    /// # Errors
    /// If the step is not one program, or breaks a rule.
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
            self.fetch(memory)?;
            self.load(memory, &recorder)?;
        }
        let loaded = self.loaded.as_mut().expect("just loaded");
        for (place, input) in loaded.inputs.iter().zip(&recorder.inputs) {
            loaded.machine.write(*place, input.bits.iter().copied());
        }
        loaded.machine.run(0)?;
        let mut images = recorder.events.iter().filter_map(|event| match event.operation {
            Operation::Metrics(_) => Some(event.out.1.clone()),
            _ => None,
        });
        let metrics = images.next_back();
        let read = |buffer: usize, range: Range<usize>, to: &mut [f32]| {
            let from = loaded.machine.read_view(&View::of(loaded.buffers[buffer], range))?;
            to.iter_mut().zip(from).for_each(|(to, bits)| *to = f32::from_bits(bits));
            Ok::<(), Fault>(())
        };
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

    /// Brings everything that has been written on the tiles to `memory`.
    ///
    /// # Errors
    /// Never, as long as nothing but steps wrote there.
    pub fn fetch(&self, memory: &mut Memory<'_>) -> Result<(), Fault> {
        let Some(Loaded { machine, buffers, .. }) = &self.loaded else { return Ok(()) };
        let targets: [&mut [f32]; 9] = [
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
        for (variable, to) in buffers.iter().zip(targets) {
            for (to, bits) in to.iter_mut().zip(machine.peek(*variable)) {
                if let Some(bits) = bits {
                    *to = f32::from_bits(bits);
                }
            }
        }
        Ok(())
    }

    fn load(&mut self, memory: &Memory<'_>, recorder: &Recorder) -> Result<(), Fault> {
        let Compiled { graph, program, buffers: places, inputs } =
            compile(&self.target, memory, &recorder.events, &recorder.inputs);
        let seed = self.seed.wrapping_mul(2).wrapping_add(1);
        let mut machine = Machine::load(graph, vec![program], &self.target, Arc::clone(&self.library), seed)?;
        // Weights, and a position that stays: the rest is made by the step.
        for (name, buffer) in [("weights", &*memory.weights), ("position", &*memory.position)] {
            let index = buffers(memory).iter().position(|(of, _)| *of == name).expect("a name of the list");
            machine.write(places[index], buffer.iter().map(|x| x.to_bits()));
        }
        self.loaded = Some(Loaded { events: recorder.events.clone(), machine, buffers: places, inputs });
        Ok(())
    }

    /// The graph of the last step.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        self.loaded.as_ref().map(|loaded| loaded.machine.graph())
    }
}
