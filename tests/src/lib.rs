//! What the cross-crate tests share.
//!
//! The tests themselves are in `tests/tests/`: `conformance` and `conformance_arrays` (every executor against the contract), `broken` (the suite
//! finds broken executors), `reads` (tiles read what they say), `gradients` (backward passes are derivatives), `parity`
//! (threads, levels, strategies, replay), `options` (pairs of RBD's options, workers, the page of options), `executor` (threads and levels are really used), `fixtures`, `statistics`, `cli`
//! (the real binary), `memory` (peaks of the real binary), `allocation` (none in a step), `reported` (the numbers that a run reports), `data` (real MNIST),
//! `oracle` (the Python implementation), `no_std` (a binary without std).
//!
//! `tests/benches/` measures: `layers` matrix products, `quality` the laws of `normal` and `hadamard-normal`, `contestant` is this
//! project's part in `benches/peers/`. For instance `cargo bench -p random-bases-tests --bench layers`.
//!
//! A test that cannot run on a machine is listed as *ignored*, with the reason in its name; it does not pass.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use random_bases::executor::Threads;
use random_bases::vector::Level;
use random_bases_core::conformance::{MEMORY, Part};
use random_bases_core::step::Executor;

/// The folder with data files for tests, with a subfolder `mnist`. Any user can set it.
pub const DATA_VARIABLE: &str = "RANDOM_BASES_TEST_DATA";

/// The Python with NumPy that runs the oracle; `python3` if it is not set.
pub const PYTHON_VARIABLE: &str = "RANDOM_BASES_PYTHON";

/// Numbers of threads under test: one, as many as a small machine has, and some that divide nothing.
pub const THREADS: [usize; 4] = [1, 2, 3, 7];

/// The root of the repository.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository")
}

/// The recorded fixtures.
#[must_use]
pub fn fixtures() -> PathBuf {
    root().join("fixtures")
}

/// A test that runs if `able` is fine, and else is ignored for the reason given.
pub fn trial(
    name: &str,
    able: Result<(), String>,
    run: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    match able {
        Ok(()) => Trial::test(name, run),
        Err(why) => Trial::test(format!("{name} (skipped: {why})"), run).with_ignored_flag(true),
    }
}

/// Whether the processor has a level.
///
/// # Errors
/// If not, the reason.
pub fn able(level: Level) -> Result<(), String> {
    if level.available() { Ok(()) } else { Err(format!("this processor has no {level}")) }
}

/// Whether an executor passes a part of the core's suite.
///
/// # Errors
/// If a bit differs, or if the part has become empty.
pub fn passes(part: Part, executor: &mut impl Executor) -> Result<(), Failed> {
    let report = part.run(executor, &mut vec![0.0; MEMORY])?;
    let least = match part {
        Part::Subspaces => 10_000,
        Part::Networks => 500,
        Part::Images => 50,
        Part::Methods => 1_000,
        Part::Options => 2_000,
    };
    if report.comparisons < least {
        return Err(format!("only {} comparisons", report.comparisons).into());
    }
    Ok(())
}

/// An executor with so many threads and this level.
///
/// # Panics
/// If the processor lacks the level.
#[must_use]
pub fn threads(threads: usize, level: Level) -> Threads {
    Threads::new(threads, Some(level)).expect("levels are asked for before")
}

/// Runs the tests and ends the program.
pub fn conclude(trials: Vec<Trial>) -> ! {
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}
