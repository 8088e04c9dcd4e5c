//! The tile machine passes the core's suite, bit for bit, in any order of vertices.

use std::sync::Arc;

use ipu_runner::codelets::Codelets;
use ipu_runner::executor::TileExecutor;
use ipu_runner::machine::{Library, TileMachine};
use ipu_runner::target::Target;
use random_bases::executor::Threads;
use random_bases_core::conformance::{MEMORY, Part};

/// `on_host`: supersteps that have no codelets yet, and that the host computes.
fn passes(part: Part, least: usize, target: Target, seed: u64, on_host: &[&str]) {
    let library = Library::new(&Codelets::built_in()).expect("a C++ compiler");
    let device = Arc::new(TileMachine::new(target, library, seed));
    let mut executor = TileExecutor::new(device, Arc::new(Threads::new(1, None).expect("a thread")));
    let report = part.run(&mut executor, &mut vec![0.0; MEMORY]);
    executor.report().check().unwrap_or_else(|fault| panic!("{fault}"));
    let report = report.unwrap_or_else(|mismatch| panic!("{mismatch}"));
    assert!(report.comparisons >= least, "only {} comparisons", report.comparisons);
    assert_eq!(executor.report().on_host().keys().copied().collect::<Vec<_>>(), on_host);
}

#[test]
fn subspaces() {
    passes(
        Part::Subspaces,
        10_000,
        Target::GC200,
        1,
        &["add shares", "apply rotated", "fused blocks", "rotate", "squares", "write row"],
    );
}

#[test]
fn networks() {
    passes(Part::Networks, 500, Target::GC200, 2, &[]);
}

#[test]
fn methods() {
    passes(
        Part::Methods,
        1_000,
        Target::GC2,
        3,
        &[
            "add shares",
            "fused blocks",
            "offspring",
            "quotient",
            "ranks",
            "stored dots",
            "sum of stored rows",
        ],
    );
}
