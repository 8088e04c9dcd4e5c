//! An executor of the core that runs every superstep on a device.
//!
//! A superstep at a time: its operands go to the device, and its output comes back. So every method and option runs, whatever the host does
//! between supersteps; [`crate::program`] has whole steps as one program. Graphs are made once for each shape.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use random_bases::executor::{Hosted, Threads};
use random_bases_core::step::{Executor, Serial, Superstep};

use crate::device::{Device, Engine};
use crate::graph::{Fault, Kind, VariableId};
use crate::lower::{Builder, Operand, Operation, Unsupported, operation};

/// Runs supersteps on the tiles of a device.
pub struct TileExecutor {
    device: Arc<dyn Device>,
    engines: HashMap<Shape, Loaded>,
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
}

impl Report {
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
    /// For a device. `host`: threads for what is not a superstep, and for supersteps without codelets.
    #[must_use]
    pub fn new(device: Arc<dyn Device>, host: Arc<Threads>) -> Self {
        Self { device, engines: HashMap::new(), host, report: Report::default() }
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
    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        if out.is_empty() || self.report.check().is_err() {
            return;
        }
        let mut parts = Vec::new();
        superstep.work(out.len(), &mut |range, work| parts.push((range, operation(&work))));
        if let Some(reason) = parts.iter().find_map(|(_, part)| part.as_ref().err()) {
            self.report.happened().on_host.insert(S::NAME, *reason);
            Serial::<random_bases_core::numerics::Array<4>>::new().run(superstep, out);
            return;
        }
        for (range, part) in parts {
            let (operation, operands) = part.expect("looked at above");
            if let Err(fault) = self.part(S::NAME, operation, &operands, S::IN_PLACE, &mut out[range]) {
                self.report.happened().fault = Some(fault);
                return;
            }
        }
    }
}

impl Hosted for TileExecutor {
    fn host(&self) -> &Threads {
        &self.host
    }
}
