//! A device whose work in this process is done by threads that were given to it.
//!
//! Emulated tiles would otherwise take all threads that there are, whatever a training was let have.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::ThreadPool;

use crate::device::{Device, Engine};
use crate::graph::{Fault, Graph, Program, StreamId, VariableId};
use crate::target::Target;

/// A device on threads.
pub struct OnThreads {
    device: Arc<dyn Device>,
    pool: Arc<ThreadPool>,
}

impl OnThreads {
    /// This device on these threads.
    #[must_use]
    pub const fn new(device: Arc<dyn Device>, pool: Arc<ThreadPool>) -> Self {
        Self { device, pool }
    }
}

impl Device for OnThreads {
    fn name(&self) -> String {
        self.device.name()
    }

    fn target(&self) -> &Target {
        self.device.target()
    }

    fn load(&self, graph: Graph, programs: Vec<Program>) -> Result<Box<dyn Engine>, Fault> {
        let engine = self.pool.install(|| self.device.load(graph, programs))?;
        Ok(Box::new(Running { engine, pool: Arc::clone(&self.pool) }))
    }
}

/// A graph on it.
struct Running {
    engine: Box<dyn Engine>,
    pool: Arc<ThreadPool>,
}

impl Engine for Running {
    fn write(&mut self, variable: VariableId, bits: &[u32]) -> Result<(), Fault> {
        self.engine.write(variable, bits)
    }

    fn run(&mut self, program: usize) -> Result<(), Fault> {
        let engine = &mut self.engine;
        self.pool.install(|| engine.run(program))
    }

    fn read(&mut self, variable: VariableId, elements: Range<usize>) -> Result<Vec<u32>, Fault> {
        self.engine.read(variable, elements)
    }

    fn connect(&mut self, stream: StreamId, records: Vec<u32>) -> Result<(), Fault> {
        self.engine.connect(stream, records)
    }

    fn records(&self, stream: StreamId) -> Result<&[u32], Fault> {
        self.engine.records(stream)
    }

    fn graph(&self) -> &Graph {
        self.engine.graph()
    }

    fn take_subnormals(&mut self) -> BTreeMap<String, u64> {
        self.engine.take_subnormals()
    }
}
