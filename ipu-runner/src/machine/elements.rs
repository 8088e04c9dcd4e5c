//! The elements of a view in memory, which may lie apart: run by run of neighbours.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::graph::View;

/// Reads them, in order.
pub(super) fn gather(memory: &[Vec<AtomicU32>], from: &View) -> Vec<u32> {
    let variable = &memory[from.variable().0];
    let mut bits = Vec::with_capacity(from.len());
    for run in from.runs() {
        bits.extend(variable[run].iter().map(|element| element.load(Relaxed)));
    }
    bits
}

/// Writes them, in order.
pub(super) fn scatter(memory: &[Vec<AtomicU32>], to: &View, bits: &[u32]) {
    let (variable, mut rest) = (&memory[to.variable().0], bits);
    for run in to.runs() {
        let (these, others) = rest.split_at(run.len());
        copy(&variable[run], these);
        rest = others;
    }
}

/// Writes neighbours.
pub(super) fn copy(to: &[AtomicU32], bits: &[u32]) {
    to.iter().zip(bits).for_each(|(to, bits)| to.store(*bits, Relaxed));
}
