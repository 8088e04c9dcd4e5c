//! The executor of the CPU runner: threads, and vectors chosen at run time.

use std::fmt;
use std::sync::Arc;

use random_bases_core::descent::{Batches, Descent, Memory, Outcome, Rates};
use random_bases_core::nn::Network;
use random_bases_core::numerics::Math;
use random_bases_core::step::{Executor, Superstep};
use random_bases_core::subspace::Strategy;
use rayon::prelude::*;

use crate::failure::Failure;
use crate::run_spec::RunSpec;
use crate::settings;
use crate::vector::Level;

/// Runs tiles over a pool of threads. Neither their number nor the vector level can be seen in a bit. Copies share the threads.
#[derive(Clone)]
pub struct Threads {
    pool: Arc<rayon::ThreadPool>,
    level: Level,
}

/// Why there is no such executor.
#[derive(Debug, thiserror::Error)]
pub enum ThreadsError {
    /// A forced level that the processor lacks.
    #[error("this processor has no {0}; it has {available}", available = available_levels())]
    Level(Level),
    /// The system gave no threads.
    #[error("cannot start {0} threads: {1}")]
    Pool(usize, rayon::ThreadPoolBuildError),
}

impl Threads {
    /// `threads`: how many, 0 for one per core. `level`: the vector instructions, `None` for the best there are.
    ///
    /// # Errors
    /// If the processor lacks the level, or the system gives no threads.
    pub fn new(threads: usize, level: Option<Level>) -> Result<Self, ThreadsError> {
        let level = level.unwrap_or_else(Level::detect);
        if !level.available() {
            return Err(ThreadsError::Level(level));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| ThreadsError::Pool(threads, error))?;
        Ok(Self { pool: Arc::new(pool), level })
    }

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// The vector instructions in use.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The pool, for work that is not a superstep (making or reading images).
    #[must_use]
    pub const fn pool(&self) -> &Arc<rayon::ThreadPool> {
        &self.pool
    }
}

/// An executor with threads of this machine, for what is not a superstep: making images, above all. Supersteps may run anywhere.
///
/// What is provided is right for an executor that works in the host's memory. One that makes whole steps elsewhere has its own: then
/// `memory` is what the host knows, which is brought up to date by [`Hosted::fetch`].
pub trait Hosted: Executor + Send {
    /// These threads.
    fn host(&self) -> &Threads;

    /// Where and how steps of a run are made, in a few words.
    fn describe(&self, spec: &RunSpec, strategy: Strategy) -> String {
        let _ = (spec, strategy);
        format!("threads {}, {}", self.host().threads(), self.host().level())
    }

    /// The strategy of a run, where the user wants `wanted`.
    fn strategy(&self, spec: &RunSpec, wanted: settings::Strategy) -> Strategy {
        spec.strategy(wanted, self.host().level())
    }

    /// One training step. Afterwards `memory` has its coordinates, and the rest if it is fetched.
    fn step<N: Network, M: Math>(
        &mut self,
        descent: &mut Descent,
        rates: Rates,
        batches: &mut impl Batches,
        memory: &mut Memory<'_>,
    ) -> Outcome
    where
        Self: Sized,
    {
        descent.step::<N, M, Self>(self, rates, batches, memory)
    }

    /// Brings what [`Hosted::step`] left elsewhere to `memory`.
    fn fetch(&mut self, wanted: Wanted, memory: &mut Memory<'_>) {
        let _ = (wanted, memory);
    }

    /// The same for weights and whatever else the next step follows from; and that step takes them from `memory`, so that the host may
    /// change them.
    fn release(&mut self, memory: &mut Memory<'_>) {
        let _ = memory;
    }

    /// Whether all that was computed so far means something.
    ///
    /// # Errors
    /// What went wrong, on a machine that can fail. Nothing that was computed since may be used.
    fn check(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// What the host wants to know after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Weights, and whatever else the next step follows from.
    State,
    /// Every buffer that the step has written.
    All,
}

impl Hosted for Threads {
    fn host(&self) -> &Threads {
        self
    }
}

/// Does `work` on one of the threads, if there are several. Supersteps that it runs then pass tiles on without waking up a thread
/// that sleeps, and without allocating.
pub fn within<R: Send>(pool: &rayon::ThreadPool, work: impl FnOnce() -> R + Send) -> R {
    if pool.current_num_threads() > 1 { pool.install(work) } else { work() }
}

impl Executor for Threads {
    const STREAMS: bool = false;

    fn run<S: Superstep>(&mut self, superstep: &S, out: &mut [f32]) {
        let chunk = superstep.chunk();
        let level = self.level;
        if out.len() <= chunk || self.threads() == 1 {
            for (index, out) in out.chunks_mut(chunk).enumerate() {
                level.run_tile(superstep, index, out);
            }
        } else {
            self.pool.install(|| {
                out.par_chunks_mut(chunk)
                    .enumerate()
                    .for_each(|(index, out)| level.run_tile(superstep, index, out));
            });
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Threads {{ threads: {}, level: {} }}", self.threads(), self.level)
    }
}

fn available_levels() -> String {
    let names = Level::ALL.into_iter().filter(|level| level.available()).map(Level::name);
    names.collect::<Vec<_>>().join(", ")
}
