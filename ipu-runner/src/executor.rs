//! An executor of the core that runs every superstep on a device.
//!
//! A superstep at a time: its operands go to the device, and its output comes back. So every method and option runs, whatever the host does
//! between supersteps. Training steps that are one program are made as such: see [`crate::program`]. Graphs are made once for each shape.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use random_bases::executor::{Hosted, Threads, Wanted};
use random_bases::failure::Failure;
use random_bases::model::ForNetwork;
use random_bases::run_spec::RunSpec;
use random_bases::settings;
use random_bases_core::descent::{Batches, Descent, Memory, Outcome, Rates, Sizes};
use random_bases_core::nn::{Batch, Layer, Network};
use random_bases_core::numerics::{Libm, Math, MathId, Micromath};
use random_bases_core::step::{Executor, Superstep};
use random_bases_core::subspace::Strategy;

use crate::device::{Device, Engine};
use crate::graph::{Fault, Kind, VariableId};
use crate::lower::{Builder, Operand, Operation, Unsupported, operation};
use crate::program::{self, ProgramError, TileTraining};
use crate::threads::OnThreads;

/// Runs supersteps on the tiles of a device.
pub struct TileExecutor {
    device: Arc<dyn Device>,
    engines: HashMap<Shape, Loaded>,
    training: TileTraining,
    host: Arc<Threads>,
    report: Report,
}

/// What happened on the tiles. Copies know the same.
#[derive(Clone, Debug, Default)]
pub struct Report(Arc<Mutex<Happened>>);

#[derive(Debug, Default)]
struct Happened {
    on_host: BTreeMap<&'static str, Unsupported>,
    fault: Option<Fault>,
    subnormals: BTreeMap<String, u64>,
}

impl Report {
    /// What several have to say; of their broken rules the first one's.
    #[must_use]
    pub fn of(reports: &[Self]) -> Self {
        let all = Self::default();
        for report in reports {
            let (happened, mut sum) = (report.happened(), all.happened());
            sum.on_host.extend(happened.on_host.iter());
            sum.fault = sum.fault.take().or_else(|| happened.fault.clone());
            for (set, vertices) in &happened.subnormals {
                *sum.subnormals.entry(set.clone()).or_default() += vertices;
            }
        }
        all
    }

    /// Supersteps that have no codelets, so that the host computed them, and why.
    #[must_use]
    pub fn on_host(&self) -> BTreeMap<&'static str, Unsupported> {
        self.happened().on_host.clone()
    }

    /// The first rule that was broken. What was computed since is meaningless.
    ///
    /// # Errors
    /// That rule.
    pub fn check(&self) -> Result<(), Fault> {
        self.happened().fault.clone().map_or(Ok(()), Err)
    }

    /// Vertices that met subnormal numbers, by the compute sets that they belong to.
    #[must_use]
    pub fn subnormals(&self) -> BTreeMap<String, u64> {
        self.happened().subnormals.clone()
    }

    /// Says which supersteps the host computed, and where subnormal numbers were met.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for (superstep, reason) in self.on_host() {
            writeln!(out, "computed by the host, not on tiles: {superstep} ({reason})")?;
        }
        for (set, vertices) in self.subnormals() {
            let are = if vertices == 1 { "vertex has" } else { "vertices have" };
            writeln!(out, "{set}: {vertices} {are} met subnormal numbers, which hardware may not keep")?;
        }
        out.flush()
    }

    /// Adds up what an engine has met since it was last asked.
    fn add_subnormals(&self, engine: &mut dyn Engine) {
        for (set, vertices) in engine.take_subnormals() {
            *self.happened().subnormals.entry(set).or_default() += vertices;
        }
    }

    /// Takes up a rule that was broken, if none was before.
    fn take(&self, outcome: Result<(), Fault>) {
        if let Err(fault) = outcome {
            self.happened().fault.get_or_insert(fault);
        }
    }

    fn happened(&self) -> MutexGuard<'_, Happened> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a graph depends on.
type Shape = (Operation, Vec<usize>, usize);

struct Loaded {
    engine: Box<dyn Engine>,
    operands: Vec<VariableId>,
    out: VariableId,
}

impl TileExecutor {
    /// For a device. `host`: threads for what is not a superstep, for supersteps without codelets, and for a device that is emulated.
    #[must_use]
    pub fn new(device: Arc<dyn Device>, host: Arc<Threads>) -> Self {
        let device: Arc<dyn Device> = Arc::new(OnThreads::new(device, Arc::clone(host.pool())));
        let training = TileTraining::new(Arc::clone(&device));
        Self { device, engines: HashMap::new(), training, host, report: Report::default() }
    }

    /// The same, adding to what another's report says.
    #[must_use]
    pub fn reporting_to(self, report: &Report) -> Self {
        Self { report: report.clone(), ..self }
    }

    /// What happened.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    fn part(
        &mut self,
        name: &str,
        operation: Operation,
        operands: &[Operand<'_>],
        in_place: bool,
        out: &mut [f32],
    ) -> Result<(), Fault> {
        let shape = (operation, operands.iter().map(Operand::len).collect(), out.len());
        if !self.engines.contains_key(&shape) {
            let loaded = self.load(name, &shape, operands)?;
            self.engines.insert(shape.clone(), loaded);
        }
        let Loaded { engine, operands: places, out: place } =
            self.engines.get_mut(&shape).expect("just added");
        for (place, operand) in places.iter().zip(operands) {
            engine.write(*place, &operand.bits())?;
        }
        if in_place {
            engine.write(*place, &Operand::Floats(out).bits())?;
        }
        engine.run(0)?;
        self.report.add_subnormals(&mut **engine);
        for (to, bits) in out.iter_mut().zip(engine.read(*place, 0..shape.2)?) {
            *to = f32::from_bits(bits);
        }
        Ok(())
    }

    fn load(&self, name: &str, shape: &Shape, operands: &[Operand<'_>]) -> Result<Loaded, Fault> {
        let (operation, _, len) = shape;
        let mut builder = Builder::new(self.device.target());
        let mut places = Vec::new();
        for (index, operand) in operands.iter().enumerate() {
            places.push(builder.exposed(format!("operand {index}"), operand.kind(), operand.len()));
        }
        let out = builder.exposed("output", Kind::Float, *len);
        let views: Vec<_> = places.iter().map(|place| builder.graph.whole(*place)).collect();
        let whole = builder.graph.whole(out);
        builder.add(name, operation, &views, whole);
        let (graph, program) = builder.finish();
        Ok(Loaded { engine: self.device.load(graph, vec![program])?, operands: places, out })
    }
}

impl Executor for TileExecutor {
    const STREAMS: bool = false;

    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        if out.is_empty() || self.report.check().is_err() {
            return;
        }
        let mut parts = Vec::new();
        superstep.work(out.len(), &mut |range, work| parts.push((range, operation(&work))));
        if let Some(reason) = parts.iter().find_map(|(_, part)| part.as_ref().err()) {
            self.report.happened().on_host.insert(S::NAME, *reason);
            Threads::clone(&self.host).run(superstep, out);
            return;
        }
        for (range, part) in parts {
            let (operation, operands) = part.expect("looked at above");
            let done = self.part(S::NAME, operation, &operands, S::IN_PLACE, &mut out[range]);
            let broken = done.is_err();
            self.report.take(done);
            if broken {
                return;
            }
        }
    }
}

impl Hosted for TileExecutor {
    fn host(&self) -> &Threads {
        &self.host
    }

    fn describe(&self, spec: &RunSpec, strategy: Strategy) -> String {
        let how = match spec.network.with(Whole { spec, strategy }) {
            Ok(()) => "each step one program, with weights that stay on the tiles".into(),
            Err(ProgramError::Host(what)) => {
                format!("superstep by superstep, since {what} does not run as one program")
            }
            Err(error) => format!("superstep by superstep, since the host computes a part ({error})"),
        };
        let host = &self.host;
        format!("{}, {how}; host threads {}, {}", self.device.name(), host.threads(), host.level())
    }

    /// Two passes, unless the user insists: no tile has room for rows of the whole network.
    fn strategy(&self, _: &RunSpec, wanted: settings::Strategy) -> Strategy {
        strategy(wanted)
    }

    fn step<N: Network, M: Math>(
        &mut self,
        descent: &mut Descent,
        rates: Rates,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Outcome {
        if self.report.check().is_err() {
            return Outcome::NOTHING;
        }
        match self.training.step::<N, M>(descent, rates, batches, memory) {
            Ok(outcome) => {
                if let Some(engine) = self.training.engine() {
                    self.report.add_subnormals(engine);
                }
                outcome
            }
            Err(ProgramError::Fault(fault)) => {
                self.report.take(Err(fault));
                Outcome::NOTHING
            }
            Err(ProgramError::Host(_) | ProgramError::Unsupported(..)) => {
                self.release(memory);
                descent.step::<N, M, Self>(self, rates, batches, memory)
            }
        }
    }

    fn fetch(&mut self, wanted: Wanted, memory: &mut Memory<'_>) {
        let fetched = self.training.fetch(wanted, memory);
        self.report.take(fetched);
    }

    fn release(&mut self, memory: &mut Memory<'_>) {
        let released = self.training.release(memory);
        self.report.take(released);
    }

    fn check(&self) -> Result<(), Failure> {
        self.report.check().map_err(Failure::from)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Memory { .. } => Self::configuration(format_args!(
                "{fault}. Smaller --base-dimensions, --batch-size or --evaluation-batch-size need less; more --ipus have more"
            )),
            // A device that fails, or is not there, is no error in this program.
            Fault::Device(_) => Self::configuration(fault),
            fault => Self::internal(fault),
        }
    }
}

/// The strategy on tiles: one that was asked for, or two-pass, which codelets are for.
#[must_use]
pub fn strategy(wanted: settings::Strategy) -> Strategy {
    if wanted == settings::Strategy::Fused { Strategy::Fused } else { Strategy::TwoPass }
}

/// Whether steps of a run are programs.
struct Whole<'s> {
    spec: &'s RunSpec,
    strategy: Strategy,
}

impl ForNetwork for Whole<'_> {
    type Output = Result<(), ProgramError>;

    fn run<N: Network>(self) -> Self::Output {
        let images = self.spec.batch as usize;
        let descent = self.spec.descent(self.strategy);
        let sizes = Sizes::of_descent::<N>(&descent, images, 1);
        let mut floats = vec![0.0; sizes.floats()];
        let mut memory = Memory::carve(sizes, &mut floats);
        let (input, labels) = (vec![0.0; images * N::Layers::INPUT], vec![0; images]);
        let mut batch = Batch { input: &input, labels: &labels };
        match self.spec.math {
            MathId::Libm => program::is_whole::<N, Libm>(&descent, &mut batch, &mut memory),
            MathId::Micromath => program::is_whole::<N, Micromath>(&descent, &mut batch, &mut memory),
        }
    }
}
