//! What can execute graphs: the tile machine, and Poplar.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::graph::{Fault, Graph, Program, StreamId, VariableId};
use crate::target::Target;

/// A machine, or something that behaves like one.
pub trait Device: Send + Sync {
    /// For messages.
    fn name(&self) -> String;

    /// How large it is.
    fn target(&self) -> &Target;

    /// Makes a graph and its programs ready to run.
    ///
    /// # Errors
    /// If the graph breaks a rule, or does not fit.
    fn load(&self, graph: Graph, programs: Vec<Program>) -> Result<Box<dyn Engine>, Fault>;
}

/// A graph on a device, with the contents of its variables. Bits are those of `float` or `unsigned`.
pub trait Engine: Send {
    /// Writes an exposed variable, from its start on.
    ///
    /// # Errors
    /// If it is not exposed, or not written by the device's driver.
    ///
    /// # Panics
    /// If it has not so many elements.
    fn write(&mut self, variable: VariableId, bits: &[u32]) -> Result<(), Fault>;

    /// Runs a program, by its place in the list that was loaded.
    ///
    /// # Errors
    /// If a rule is broken meanwhile, or the device fails.
    ///
    /// # Panics
    /// If there are not so many programs.
    fn run(&mut self, program: usize) -> Result<(), Fault>;

    /// Reads some elements of an exposed variable.
    ///
    /// # Errors
    /// If it is not exposed, or if they were never written, as far as the device knows.
    ///
    /// # Panics
    /// If there are not so many elements.
    fn read(&mut self, variable: VariableId, elements: Range<usize>) -> Result<Vec<u32>, Fault>;

    /// Gives the host's end of a stream its records. Of a stream from the host these are what programs get, one after the other and then
    /// again from the start; of a stream to the host, what the buffer holds until programs have written as many.
    ///
    /// # Errors
    /// If they are no whole records, or none.
    fn connect(&mut self, stream: StreamId, records: Vec<u32>) -> Result<(), Fault>;

    /// The records of a stream's buffer.
    ///
    /// # Errors
    /// If none is connected.
    fn records(&self, stream: StreamId) -> Result<&[u32], Fault>;

    /// The graph.
    fn graph(&self) -> &Graph;

    /// By compute set, how many vertices have met subnormal numbers since this was last asked, where the device can tell: nobody knows yet
    /// whether the hardware keeps them.
    fn take_subnormals(&mut self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}
