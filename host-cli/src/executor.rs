//! The executor of the CPU runner: threads, and vectors chosen at run time.

use std::fmt;
use std::sync::Arc;

use random_bases_core::step::{Executor, Superstep};
use rayon::prelude::*;

use crate::vector::Level;

/// Runs tiles over a pool of threads. Neither their number nor the vector level can be seen in a bit.
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
pub trait Hosted: Executor + Send {
    /// These threads.
    fn host(&self) -> &Threads;
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
